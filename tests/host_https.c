/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP over TLS: the same keys, the same clients as over MLLP. */
#include "plugin/host/http.h"
#include "tests/host_net.h"
#include "tests/suite.h"
#include "tests/tls_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *host_https_suite(void);

static struct pl_http *server;
static struct pl_tls *tls;
static struct an_err err;

static enum an_code who(void *ctx, struct pl_http_request *q,
                        struct pl_http_response *r)
{
    (void)ctx;
    r->content_type = "text/plain";
    r->body = q->identity.n ? q->identity : AN_STR("nobody");
    return AN_OK;
}

static void open_https(enum pl_tls_client client)
{
    static const struct pl_http_route route[] = {{PL_GET, "/who", who, 0},
                                                 {PL_POST, "/who", who, 0}};
    const struct pl_http_calls calls = {.route = route, .n_routes = 2};
    struct pl_tls_options from = {.certificate_file =
                                      tls_file(TLS_SERVER, "pem"),
                                  .key_file = tls_file(TLS_SERVER, "key"),
                                  .ca_file = tls_file(TLS_HOSPITAL, "pem"),
                                  .crl_file = tls_file(TLS_HOSPITAL, "crl"),
                                  .client = client};
    struct pl_http_options options = {.address = {AN_STR("127.0.0.1"), 0},
                                      .max_body_bytes = 1000,
                                      .max_answer_bytes = 1000,
                                      .max_connections = 20,
                                      .n_threads = 2,
                                      .timeout_ms = 2000};

    ck_assert_int_eq(pl_tls_open(&from, &tls, &err), AN_OK);
    options.tls = tls;
    ck_assert_int_eq(pl_http_open(&options, &calls, NULL, &server, &err),
                     AN_OK);
}

static void close_https(void)
{
    pl_http_stop(server, 1000);
    pl_http_close(server);
    pl_tls_close(tls);
}

/* Is that a whole answer? */
static bool is_whole(const char *got)
{
    const char *end = strstr(got, "\r\n\r\n");
    const char *length = strstr(got, "Content-Length: ");

    return end && length && strlen(end + 4) >= strtoul(length + 16, NULL, 10);
}

/* The status of the answer to a request, and its body; 0 without one. */
static int ask(struct tls_client *c, const char *request, char body[200])
{
    char got[2000] = "";
    size_t n = 0;
    ssize_t k = 1;

    body[0] = '\0';
    if (!tls_send(c, an_str_c(request)))
        return 0;
    while (!is_whole(got) && n + 1 < sizeof(got)) {
        k = gnutls_record_recv(c->session, got + n, sizeof(got) - 1 - n);
        if (k <= 0)
            return 0;
        n += (size_t)k;
        got[n] = '\0';
    }
    snprintf(body, 200, "%s", strstr(got, "\r\n\r\n") + 4);
    return (int)strtol(got + sizeof("HTTP/1.1"), NULL, 10);
}

static const char get_who[] = "GET /who HTTP/1.1\r\nHost: x\r\n\r\n";

static const struct {
    enum tls_who as;
    enum pl_tls_client mode;
    int status; /* 0: not even that */
    const char *body;
} visit[] = {
    {TLS_NOBODY, PL_TLS_CLIENT_NONE, 200, "nobody"},
    {TLS_LAB, PL_TLS_CLIENT_REQUIRED, 200, "lab.example"},
    {TLS_NAMED, PL_TLS_CLIENT_REQUIRED, 200, "Ward_7"},
    {TLS_NOBODY, PL_TLS_CLIENT_REQUIRED, 403, ""},
    {TLS_FOREIGN, PL_TLS_CLIENT_REQUIRED, 403, ""},
    {TLS_EXPIRED, PL_TLS_CLIENT_REQUIRED, 403, ""},
    {TLS_REVOKED, PL_TLS_CLIENT_REQUIRED, 403, ""},
    {TLS_SERVES, PL_TLS_CLIENT_REQUIRED, 403, ""},
    {TLS_NOBODY, PL_TLS_CLIENT_OPTIONAL, 200, "nobody"},
    {TLS_LAB, PL_TLS_CLIENT_OPTIONAL, 200, "lab.example"},
    {TLS_FOREIGN, PL_TLS_CLIENT_OPTIONAL, 403, ""},
};
enum { N_VISITS = sizeof(visit) / sizeof(visit[0]) };

START_TEST(answers_whom_the_authority_knows)
{
    struct tls_client c;
    char body[200];

    open_https(visit[_i].mode);
    ck_assert(tls_connect(&c, pl_http_port(server), visit[_i].as, NULL));
    ck_assert_int_eq(ask(&c, get_who, body), visit[_i].status);
    ck_assert_str_eq(body, visit[_i].body);
    tls_close(&c);
    close_https();
}
END_TEST

START_TEST(takes_bodies_and_keeps_the_connection)
{
    struct tls_client c;
    char body[200];

    open_https(PL_TLS_CLIENT_REQUIRED);
    ck_assert(tls_connect(&c, pl_http_port(server), TLS_LAB, NULL));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ask(&c,
                             "POST /who HTTP/1.1\r\nHost: x\r\n"
                             "Content-Length: 3\r\n\r\nabc",
                             body),
                         200);
    ck_assert_str_eq(body, "lab.example");
    tls_close(&c);
    close_https();
}
END_TEST

START_TEST(speaks_neither_old_tls_nor_none)
{
    struct tls_client c;
    char got[300];
    int fd;

    open_https(PL_TLS_CLIENT_NONE);
    ck_assert(!tls_connect(&c, pl_http_port(server), TLS_NOBODY,
                           "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0"));
    tls_close(&c);
    ck_assert(tls_connect(&c, pl_http_port(server), TLS_NOBODY,
                          "NORMAL:-VERS-ALL:+VERS-TLS1.2"));
    tls_close(&c);
    fd = net_connect(pl_http_port(server));
    ck_assert(net_send(fd, an_str_c(get_who)));
    net_receive(fd, got, sizeof(got), NULL);
    ck_assert_ptr_null(strstr(got, "nobody"));
    close(fd);
    close_https();
}
END_TEST

START_TEST(shows_a_new_certificate_after_a_reload)
{
    struct tls_client before, after;
    char body[200];
    time_t first;

    open_https(PL_TLS_CLIENT_NONE);
    ck_assert(tls_connect(&before, pl_http_port(server), TLS_NOBODY, NULL));
    first = gnutls_certificate_expiration_time_peers(before.session);
    tls_replace(TLS_SERVER, TLS_RENEWED);
    ck_assert_int_eq(pl_tls_reload(tls, &err), AN_OK);
    ck_assert(tls_connect(&after, pl_http_port(server), TLS_NOBODY, NULL));
    ck_assert_int_gt(gnutls_certificate_expiration_time_peers(after.session),
                     first);
    ck_assert_int_eq(ask(&before, get_who, body), 200);
    ck_assert_int_eq(ask(&after, get_who, body), 200);
    tls_close(&before);
    tls_close(&after);
    close_https();
}
END_TEST

START_TEST(closes_a_handshake_that_does_not_go_on)
{
    char got[100];
    int fd;

    open_https(PL_TLS_CLIENT_NONE);
    fd = net_connect(pl_http_port(server));
    ck_assert(net_send(fd, AN_STR("\x16\x03\x01")));
    /* An alert at most, after timeout_ms and before our own five seconds. */
    ck_assert_uint_lt(net_receive(fd, got, sizeof(got), NULL), 20);
    ck_assert(net_is_closed(fd));
    close(fd);
    close_https();
}
END_TEST

static void set_up(void)
{
    (void)tls_make();
}

Suite *host_https_suite(void)
{
    const TTest *const test[] = {takes_bodies_and_keeps_the_connection,
                                 speaks_neither_old_tls_nor_none,
                                 shows_a_new_certificate_after_a_reload,
                                 closes_a_handshake_that_does_not_go_on};
    Suite *suite = test_suite_around(
        "host/https", test, sizeof(test) / sizeof(test[0]), set_up, tls_remove);
    TCase *each = tcase_create("visits");

    tcase_add_checked_fixture(each, set_up, tls_remove);
    tcase_add_loop_test(each, answers_whom_the_authority_knows, 0, N_VISITS);
    suite_add_tcase(suite, each);
    return suite;
}
