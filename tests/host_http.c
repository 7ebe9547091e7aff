/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "plugin/host/http.h"
#include "plugin/host/thread.h"
#include "tests/host_net.h"
#include "tests/suite.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

Suite *host_http_suite(void);

static struct pl_http *server;
static atomic_bool is_held;
static atomic_uint_fast64_t n_started;

static uint64_t started(void)
{
    return atomic_load(&n_started);
}

static enum an_code echo(void *ctx, struct pl_http_request *q,
                         struct pl_http_response *r)
{
    struct an_str header = AN_STR("-"), query = AN_STR("-");
    struct an_buf b;

    (void)ctx;
    (void)pl_http_header(q, "x-test", &header);
    (void)pl_http_query(q, "q", &query);
    an_buf_init(&b, q->arena, 1 << 20);
    for (int i = 0; i < PL_HTTP_PARAMS && q->param[i].p; i++) {
        an_buf_put(&b, q->param[i]);
        an_buf_put_char(&b, ' ');
    }
    an_buf_put(&b, q->content_type);
    an_buf_put_char(&b, ' ');
    an_buf_put(&b, header);
    an_buf_put_char(&b, ' ');
    an_buf_put(&b, query);
    an_buf_put_char(&b, ' ');
    an_buf_put_u64(&b, q->body.n);
    an_buf_put(&b, AN_STR("."));
    r->status = 201;
    r->content_type = "text/plain";
    pl_http_add_header(r, "Location", "/here");
    return an_buf_done(&b, &r->body, NULL);
}

static enum an_code hold(void *ctx, struct pl_http_request *q,
                         struct pl_http_response *r)
{
    (void)ctx;
    (void)q;
    atomic_fetch_add(&n_started, 1);
    while (atomic_load(&is_held))
        net_sleep_ms(1);
    r->body = AN_STR("held");
    return AN_OK;
}

static enum an_code give_up(void *ctx, struct pl_http_request *q,
                            struct pl_http_response *r)
{
    (void)ctx;
    (void)r;
    return an_str_eq(q->param[0], AN_STR("busy")) ? AN_BUSY : AN_INTERNAL;
}

static const struct pl_http_route routes[] = {
    {PL_GET, "/echo/{}", echo, 0},    {PL_POST, "/echo/{}", echo, 0},
    {PL_POST, "/small", echo, 10},    {PL_GET, "/two/{}/{}", echo, 0},
    {PL_GET, "/rest/*", echo, 0},     {PL_GET, "/hold", hold, 0},
    {PL_GET, "/fail/{}", give_up, 0},
};

static void on_refusal(void *ctx, struct pl_http_request *q,
                       struct pl_http_response *r)
{
    (void)ctx;
    (void)q;
    r->content_type = "application/fhir+json";
    r->body = AN_STR("{\"resourceType\":\"OperationOutcome\"}");
}

/* "X-Guard: 401" is answered so. */
static unsigned guard(void *ctx, struct pl_http_request *q)
{
    struct an_str asked = AN_STR("");
    uint64_t status = 0;

    (void)ctx;
    (void)pl_http_header(q, "x-guard", &asked);
    return an_str_u64(asked, &status) ? (unsigned)status : 0;
}

static void on_answer(void *ctx, struct pl_http_request *q,
                      struct pl_http_response *r)
{
    (void)ctx;
    pl_http_add_header(r, "X-Local", pl_http_is_local(q) ? "yes" : "no");
}

static struct pl_http_options http_options(void)
{
    return (struct pl_http_options){
        .address = {AN_STR("127.0.0.1"), 0},
        .max_body_bytes = 100000,
        .max_answer_bytes = 1 << 20,
        .max_connections = 64,
        .n_threads = 4,
        .timeout_ms = 1000,
    };
}

static void open_with(struct pl_http_options options)
{
    const struct pl_http_calls calls = {.route = routes,
                                        .n_routes =
                                            sizeof(routes) / sizeof(routes[0]),
                                        .on_refusal = on_refusal,
                                        .guard = guard,
                                        .on_answer = on_answer};

    atomic_store(&is_held, false);
    atomic_store(&n_started, 0);
    ck_assert_int_eq(pl_http_open(&options, &calls, NULL, &server, NULL),
                     AN_OK);
}

static void open_default(void)
{
    open_with(http_options());
}

static int http_connect(void)
{
    return net_connect(pl_http_port(server));
}

/* One request on its own connection; the whole response. */
static const char *ask(const char *request)
{
    static char got[65536];
    int fd = http_connect();

    ck_assert(net_send(fd, an_str_c(request)));
    shutdown(fd, SHUT_WR);
    net_receive(fd, got, sizeof(got), NULL);
    close(fd);
    return got;
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

#define HOST "Host: x\r\nConnection: close\r\n"

START_TEST(gives_the_handler_what_was_asked)
{
    const char *r;

    open_default();
    r = ask("GET /echo/a%20b?q=x%26y HTTP/1.1\r\n" HOST "X-Test: yes\r\n\r\n");
    ck_assert(has(r, "HTTP/1.1 201 "));
    ck_assert(has(r, "\r\nContent-Type: text/plain\r\n"));
    ck_assert(has(r, "\r\nLocation: /here\r\n"));
    ck_assert(has(r, "\r\nCache-Control: no-store\r\n"));
    ck_assert(has(r, "\r\nX-Content-Type-Options: nosniff\r\n"));
    ck_assert(has(r, "\r\n\r\na b  yes x&y 0."));
    r = ask("POST /echo/p HTTP/1.1\r\n" HOST
            "Content-Type: application/fhir+json; charset=utf-8\r\n"
            "Content-Length: 4\r\n\r\nbody");
    ck_assert(has(r, "\r\n\r\np application/fhir+json - - 4."));
    r = ask("GET /two/1/2 HTTP/1.1\r\n" HOST "\r\n");
    ck_assert(has(r, "\r\n\r\n1 2  - - 0."));
    r = ask("GET /rest/a/b/c.css HTTP/1.1\r\n" HOST "\r\n");
    ck_assert(has(r, "\r\n\r\na/b/c.css  - - 0."));
    pl_http_close(server);
}
END_TEST

START_TEST(refuses_what_no_route_takes)
{
    static const struct {
        const char *line, *want;
    } cases[] = {
        {"GET /nowhere", " 404 "},
        {"GET /echo", " 404 "},
        {"GET /echo/", " 404 "},
        {"GET /echo/a/b", " 404 "},
        {"GET /two/1/", " 404 "},
        {"GET /rest", " 404 "},
        {"GET /", " 404 "},
        {"GET /rest/../hold", " 400 "},
        {"GET /rest/%2e%2e/x", " 400 "},
        {"PUT /echo/a", " 405 "},
        {"BREW /echo/a", " 405 "},
        {"POST /hold", " 405 "},
    };
    char request[200];

    open_default();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *r;

        snprintf(request, sizeof(request), "%s HTTP/1.1\r\n" HOST "\r\n",
                 cases[i].line);
        r = ask(request);
        ck_assert_msg(has(r, cases[i].want) &&
                          has(r, "{\"resourceType\":\"OperationOutcome\"}"),
                      "%s: %s", cases[i].line, r);
    }
    ck_assert(has(ask("PUT /echo/a HTTP/1.1\r\n" HOST "\r\n"),
                  "\r\nAllow: GET, HEAD, POST\r\n"));
    ck_assert(has(ask("GET /echo/a HTTP/1.1\r\n\r\n"), " 400 "));
    ck_assert_uint_eq(pl_http_counts(server).running, 0);
    pl_http_close(server);
}
END_TEST

START_TEST(answers_head_without_a_body)
{
    const char *r;

    open_default();
    r = ask("HEAD /echo/a HTTP/1.1\r\n" HOST "\r\n");
    ck_assert(has(r, " 201 "));
    ck_assert(has(r, "\r\nContent-Length: 9\r\n"));
    ck_assert_str_eq(strstr(r, "\r\n\r\n"), "\r\n\r\n");
    pl_http_close(server);
}
END_TEST

START_TEST(keeps_a_connection_for_many_requests)
{
    char got[4096];
    int fd;

    open_default();
    fd = http_connect();
    for (int i = 0; i < 20; i++) {
        ck_assert(net_send(fd, AN_STR("POST /echo/k HTTP/1.1\r\nHost: x\r\n"
                                      "Content-Length: 2\r\n\r\nab")));
        net_receive(fd, got, sizeof(got), " 2.");
        ck_assert(has(got, " 201 "));
        ck_assert(!has(got, "Connection: close"));
    }
    ck_assert_uint_eq(pl_http_counts(server).requests, 20);
    close(fd);
    pl_http_close(server);
}
END_TEST

START_TEST(refuses_a_body_announced_too_long_before_it_comes)
{
    char got[4096];
    int fd;

    open_default();
    fd = http_connect();
    ck_assert(net_send(fd, AN_STR("POST /echo/a HTTP/1.1\r\nHost: x\r\n"
                                  "Expect: 100-continue\r\n"
                                  "Content-Length: 100001\r\n\r\n")));
    net_receive(fd, got, sizeof(got), "Outcome\"}");
    ck_assert(has(got, " 413 "));
    ck_assert(!has(got, " 100 "));
    close(fd);
    ck_assert(has(ask("POST /small HTTP/1.1\r\n" HOST
                      "Content-Length: 11\r\n\r\n01234567890"),
                  " 413 "));
    ck_assert(has(ask("POST /small HTTP/1.1\r\n" HOST
                      "Content-Length: 10\r\n\r\n0123456789"),
                  " 201 "));
    pl_http_close(server);
}
END_TEST

/* n chunks of 1000 bytes; returns the response. */
static const char *ask_chunked(int n_chunks)
{
    static char got[4096];
    char chunk[1100];
    int fd = http_connect();
    size_t n = (size_t)snprintf(chunk, sizeof(chunk), "3e8\r\n%01000d\r\n", 0);

    ck_assert(net_send(fd, AN_STR("POST /echo/a HTTP/1.1\r\nHost: x\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n")));
    for (int i = 0; i < n_chunks; i++)
        if (!net_send(fd, (struct an_str){chunk, n}))
            break;
    (void)net_send(fd, AN_STR("0\r\n\r\n"));
    net_receive(fd, got, sizeof(got), n_chunks > 100 ? "\"}" : ".");
    close(fd);
    return got;
}

START_TEST(takes_chunked_bodies_up_to_the_limit)
{
    open_default();
    ck_assert(has(ask_chunked(100), "a  - - 100000."));
    ck_assert(has(ask_chunked(101), " 413 "));
    /* One without end is cut off. */
    ck_assert(!has(ask_chunked(10000), " 201 "));
    ck_assert_uint_lt(pl_http_counts(server).bytes_in, 6 << 20);
    pl_http_close(server);
}
END_TEST

START_TEST(tells_the_client_when_a_handler_fails)
{
    const char *r;

    open_default();
    r = ask("GET /fail/hard HTTP/1.1\r\n" HOST "\r\n");
    ck_assert(has(r, " 500 ") && has(r, "OperationOutcome"));
    r = ask("GET /fail/busy HTTP/1.1\r\n" HOST "\r\n");
    ck_assert(has(r, " 503 ") && has(r, "\r\nRetry-After: 1\r\n"));
    ck_assert_uint_eq(pl_http_counts(server).faults, 2);
    pl_http_close(server);
}
END_TEST

struct client {
    pthread_t thread;
    int number;
    bool ok;
};

static void *ask_many(void *arg)
{
    struct client *me = arg;
    char request[200], want[40], got[2048];
    int fd = http_connect();

    snprintf(request, sizeof(request),
             "GET /two/%d/x HTTP/1.1\r\nHost: x\r\n\r\n", me->number);
    snprintf(want, sizeof(want), "\r\n\r\n%d x  - - 0.", me->number);
    me->ok = true;
    for (int i = 0; i < 100 && me->ok; i++) {
        me->ok = net_send(fd, an_str_c(request));
        net_receive(fd, got, sizeof(got), " - - 0.");
        me->ok = me->ok && has(got, want);
    }
    close(fd);
    return NULL;
}

START_TEST(serves_many_clients_at_once)
{
    struct client client[16];

    open_default();
    for (int i = 0; i < 16; i++) {
        client[i].number = i;
        ck_assert_int_eq(
            pl_thread_start(&client[i].thread, ask_many, &client[i], NULL),
            AN_OK);
    }
    for (int i = 0; i < 16; i++) {
        pthread_join(client[i].thread, NULL);
        ck_assert_msg(client[i].ok, "client %d", i);
    }
    ck_assert_uint_eq(pl_http_counts(server).requests, 1600);
    pl_http_close(server);
}
END_TEST

/* All become ready while the one thread is busy. */
START_TEST(looks_at_all_that_are_ready_at_once)
{
    static const char say[] = "GET /two/1/2 HTTP/1.1\r\nHost: x\r\n\r\n";
    enum { READY = 128 };
    struct pl_http_options options = http_options();
    char got[4096];
    int fd[READY], busy;

    options.n_threads = 1;
    options.max_connections = READY + 1;
    options.timeout_ms = 60000;
    open_with(options);
    for (int i = 0; i < READY; i++) { /* so that each has been accepted */
        fd[i] = http_connect();
        ck_assert(net_send(fd[i], an_str_c(say)));
        ck_assert_uint_gt(net_receive(fd[i], got, sizeof(got), " - - 0."), 0);
    }
    busy = http_connect();
    atomic_store(&is_held, true);
    ck_assert(net_send(busy, AN_STR("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")));
    ck_assert(net_wait(started, 1));
    for (int i = 0; i < READY; i++)
        ck_assert(net_send(fd[i], an_str_c(say)));
    atomic_store(&is_held, false);
    for (int i = 0; i < READY; i++) {
        net_receive(fd[i], got, sizeof(got), " - - 0.");
        ck_assert(has(got, " 201 "));
        close(fd[i]);
    }
    close(busy);
    pl_http_close(server);
}
END_TEST

static void *stop_soon(void *arg)
{
    pl_http_stop(arg, 5000);
    return NULL;
}

START_TEST(finishes_running_requests_when_it_stops)
{
    char got[4096];
    pthread_t stopper;
    int fd, idle;

    open_default();
    idle = http_connect();
    ck_assert(
        net_send(idle, AN_STR("GET /two/1/2 HTTP/1.1\r\nHost: x\r\n\r\n")));
    net_receive(idle, got, sizeof(got), " - - 0.");
    atomic_store(&is_held, true);
    fd = http_connect();
    ck_assert(net_send(fd, AN_STR("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")));
    ck_assert(net_wait(started, 1));
    ck_assert_int_eq(pl_thread_start(&stopper, stop_soon, server, NULL), AN_OK);
    net_sleep_ms(50);
    atomic_store(&is_held, false);
    net_receive(fd, got, sizeof(got), "held");
    ck_assert(has(got, " 200 ") && has(got, "\r\nConnection: close\r\n"));
    pthread_join(stopper, NULL);
    ck_assert(net_is_closed(fd));
    ck_assert(net_is_closed(idle));
    close(fd);
    close(idle);
    pl_http_close(server);
}
END_TEST

START_TEST(closes_silent_connections)
{
    int silent, half;

    open_default();
    silent = http_connect();
    half = http_connect();
    ck_assert(net_send(half, AN_STR("POST /echo/a HTTP/1.1\r\nHost: x\r\n"
                                    "Content-Length: 10\r\n\r\nabc")));
    ck_assert(net_is_closed(silent));
    ck_assert(net_is_closed(half));
    ck_assert_uint_eq(pl_http_counts(server).running, 0);
    close(silent);
    close(half);
    pl_http_close(server);
}
END_TEST

START_TEST(names_the_address_that_is_in_use)
{
    struct pl_http_options options = http_options();
    const struct pl_http_calls calls = {.route = routes, .n_routes = 1};
    struct pl_http *second;
    struct an_err err;

    open_default();
    options.address.port = pl_http_port(server);
    ck_assert_int_eq(pl_http_open(&options, &calls, NULL, &second, &err),
                     AN_IO);
    ck_assert_str_eq(err.what, "cannot listen there");
    ck_assert(has(err.where.path, "127.0.0.1:"));
    pl_http_close(NULL);
    pl_http_close(server);
}
END_TEST

static uint64_t refused_address(void)
{
    return pl_http_counts(server).refused_address;
}

START_TEST(lets_in_listed_addresses_and_so_many_of_one)
{
    struct pl_http_options options = http_options();
    struct cfg_network here, elsewhere;
    char got[300];
    int fd[3];

    ck_assert(cfg_value_network(AN_STR("127.0.0.0/8"), &here));
    ck_assert(cfg_value_network(AN_STR("192.0.2.0/24"), &elsewhere));
    options.peers = (struct pl_peers){&elsewhere, 1};
    open_with(options);
    fd[0] = http_connect();
    ck_assert(net_is_closed(fd[0]));
    ck_assert(net_wait(refused_address, 1));
    close(fd[0]);
    pl_http_close(server);
    options.peers = (struct pl_peers){&here, 1};
    options.max_per_peer = 2;
    options.n_threads = 1; /* so that the last is counted last */
    open_with(options);
    for (int i = 0; i < 3; i++)
        fd[i] = http_connect();
    ck_assert(net_is_closed(fd[2]));
    ck_assert(net_send(fd[1], AN_STR("GET /echo/x HTTP/1.1\r\n" HOST "\r\n")));
    ck_assert_uint_gt(net_receive(fd[1], got, sizeof(got), "201"), 0);
    ck_assert(has(got, "HTTP/1.1 201 "));
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    pl_http_close(server);
}
END_TEST

START_TEST(stops_at_once_when_it_is_hurried)
{
    int64_t began = pl_now_ms();
    int fd;

    open_default();
    atomic_store(&is_held, true);
    fd = http_connect();
    ck_assert(net_send(fd, AN_STR("GET /hold HTTP/1.1\r\n" HOST "\r\n")));
    ck_assert(net_wait(started, 1));
    pl_http_hurry(server);
    atomic_store(&is_held, false);
    pl_http_stop(server, 60000);
    ck_assert_int_lt(pl_now_ms() - began, 5000);
    close(fd);
    pl_http_close(server);
}
END_TEST

/* What the guard says comes before route and body, and every answer gets the
 * header. */
START_TEST(asks_its_guard_first)
{
    const char *r;

    open_default();
    r = ask("GET /echo/a HTTP/1.1\r\n" HOST "X-Guard: 401\r\n\r\n");
    ck_assert(has(r, "HTTP/1.1 401 "));
    ck_assert(has(r, "\r\nWWW-Authenticate: Bearer\r\n"));
    ck_assert(has(r, "\r\nX-Local: yes\r\n"));
    ck_assert(has(r, "OperationOutcome"));
    r = ask("GET /nowhere HTTP/1.1\r\n" HOST "X-Guard: 401\r\n\r\n");
    ck_assert(has(r, "HTTP/1.1 401 "));
    r = ask("PUT /small HTTP/1.1\r\n" HOST
            "X-Guard: 401\r\nContent-Length: 4\r\n\r\nbody");
    ck_assert(has(r, "HTTP/1.1 401 "));
    r = ask("POST /echo/a HTTP/1.1\r\n" HOST
            "X-Guard: 429\r\nContent-Length: 4\r\n\r\nbody");
    ck_assert(has(r, "HTTP/1.1 429 "));
    ck_assert(has(r, "\r\nRetry-After: 1\r\n"));
    r = ask("OPTIONS /echo/a HTTP/1.1\r\n" HOST "X-Guard: 204\r\n\r\n");
    ck_assert(has(r, "HTTP/1.1 204 "));
    ck_assert(!has(r, "OperationOutcome"));
    ck_assert_uint_eq(pl_http_counts(server).refused, 4);
    r = ask("GET /../a HTTP/1.1\r\n" HOST "X-Guard: 401\r\n\r\n");
    ck_assert(has(r, "HTTP/1.1 400 "));
    r = ask("GET /nowhere HTTP/1.1\r\n" HOST "\r\n");
    ck_assert(has(r, "HTTP/1.1 404 "));
    ck_assert(has(r, "\r\nX-Local: yes\r\n"));
    r = ask("GET /echo/a HTTP/1.1\r\n" HOST "\r\n");
    ck_assert(has(r, "HTTP/1.1 201 "));
    ck_assert(has(r, "\r\nX-Local: yes\r\n"));
    pl_http_close(server);
}
END_TEST

Suite *host_http_suite(void)
{
    const TTest *const test[] = {
        gives_the_handler_what_was_asked,
        refuses_what_no_route_takes,
        asks_its_guard_first,
        answers_head_without_a_body,
        keeps_a_connection_for_many_requests,
        refuses_a_body_announced_too_long_before_it_comes,
        takes_chunked_bodies_up_to_the_limit,
        tells_the_client_when_a_handler_fails,
        serves_many_clients_at_once,
        looks_at_all_that_are_ready_at_once,
        finishes_running_requests_when_it_stops,
        closes_silent_connections,
        lets_in_listed_addresses_and_so_many_of_one,
        stops_at_once_when_it_is_hurried,
        names_the_address_that_is_in_use};

    return TEST_SUITE("host/http", test);
}
