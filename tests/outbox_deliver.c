/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox against a server that answers in every way a server can. */
#include "plugin/host/thread.h"
#include "plugin/outbox/outbox.h"
#include "plugin/store/outgoing.h"
#include "tests/outbox_server.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *outbox_deliver_suite(void);

enum { TIMEOUT_MS = 300 };

static struct test_store t;
static struct pl_policy policy;
static char url[64];

static void set_up(void)
{
    test_store_open(&t);
    policy = (struct pl_policy){.environment = CFG_PRODUCTION,
                                .stage = CFG_LIVE,
                                .evaluated = true,
                                .has_target = true};
}

static void tear_down(void)
{
    test_store_close(&t);
}

/* n rows of one patient, numbered from `from`. */
static void fill(const char *patient, int from, int n)
{
    char text[16][32];
    struct pl_delivery d[16];
    struct pl_conclude_receipt r;
    struct pl_conclusion conclusion = {
        .patient = {AN_STR("GENHOSP"), an_str_c(patient), AN_STR("MR")},
        .now_us = TEST_EPOCH_US,
        .delivery = d,
        .n_deliveries = (size_t)n};

    for (int i = 0; i < n; i++) {
        (void)snprintf(text[i], sizeof(text[i]), "{\"%s\":%d}", patient,
                       from + i);
        d[i] = (struct pl_delivery){.payload = an_str_c(text[i]), .of = 0};
    }
    ck_assert_int_eq(pl_store_conclude(t.store, &conclusion, 1, &r, NULL),
                     AN_OK);
}

static struct pl_outbox *start_by(uint16_t port, int64_t (*clock)(void *ctx))
{
    struct pl_outbox_options options = {.token_file = "",
                                        .timeout_ms = TIMEOUT_MS,
                                        .retry_first_ms = 2,
                                        .retry_max_ms = 8,
                                        .store = t.store,
                                        .store_path = t.path,
                                        .policy = &policy,
                                        .clock = clock};
    struct pl_outbox *o;

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/fhir",
                   (unsigned)port);
    options.url = port ? url : "";
    ck_assert_int_eq(pl_outbox_open(&options, &o, NULL), AN_OK);
    return o;
}

static struct pl_outbox *start(uint16_t port)
{
    return start_by(port, pl_clock_us);
}

/* It goes back a day each time that it is read. */
static int64_t set_back_us(void *ctx)
{
    static atomic_int n_days;

    return pl_clock_us(ctx) - atomic_fetch_add(&n_days, 1) * AN_US_PER_DAY;
}

static struct pl_outgoing counts(void)
{
    struct pl_outgoing out;

    ck_assert_int_eq(pl_outgoing(t.reader, &out, NULL), AN_OK);
    return out;
}

static bool wait_until_empty(void)
{
    for (int i = 0; i < 10000; i++) {
        if (counts().n_outbox_waiting == 0)
            return true;
        server_sleep_ms(1);
    }
    return false;
}

START_TEST(delivers_each_patients_rows_in_order)
{
    static const struct server_answer ok[] = {{201, NULL}};
    struct pl_outbox_counts c;
    struct pl_outbox *o;
    uint16_t port = server_start(ok, 1);

    fill("A", 0, 3);
    o = start(port);
    ck_assert(server_wait(3));
    fill("A", 3, 1);
    pl_outbox_wake(o);
    ck_assert(wait_until_empty());
    pl_outbox_counts(o, &c);
    pl_outbox_close(o, 1000);
    server_stop();
    for (size_t i = 0; i < 4; i++) {
        char want[32];

        (void)snprintf(want, sizeof(want), "{\"A\":%zu}", i);
        ck_assert_str_eq(server_body(i), want);
    }
    ck_assert_uint_eq(server_n_requests(), 4);
    ck_assert_uint_eq(c.n_delivered, 4);
    ck_assert_int_eq(counts().n_audit, 4);
}
END_TEST

START_TEST(a_clock_that_is_set_back_puts_nothing_off)
{
    static const struct server_answer busy[] = {
        {503, NULL}, {409, NULL}, {201, NULL}};
    struct pl_attempt ahead = {.state = PL_OUTBOX_WAITING, .error = 503};
    struct pl_outbox_row row;
    struct pl_outbox *o;
    int64_t next_us;
    uint16_t port = server_start(busy, 3);

    fill("A", 0, 1);
    o = start_by(port, set_back_us);
    ck_assert(wait_until_empty());
    pl_outbox_close(o, 1000);
    /* By an earlier process, whose clock was a year ahead. */
    fill("A", 1, 1);
    ck_assert_int_eq(pl_outbox_due(t.reader, &t.arena, pl_clock_us(NULL), &row,
                                   &next_us, NULL),
                     AN_OK);
    ahead.id = row.id;
    ahead.now_us = pl_clock_us(NULL) + 365 * AN_US_PER_DAY;
    ahead.next_us = ahead.now_us + 1000;
    ck_assert_int_eq(pl_store_attempt(t.store, &ahead, NULL), AN_OK);
    o = start(port);
    ck_assert(wait_until_empty());
    pl_outbox_close(o, 1000);
    server_stop();
}
END_TEST

START_TEST(tries_again_after_every_answer_that_is_none)
{
    /* Closed first: on a connection that it has used before, libcurl repeats
     * by itself. */
    static const struct server_answer odd[] = {
        {ANSWER_CLOSE, NULL}, {500, NULL}, {429, NULL},
        {408, NULL},          {409, NULL}, {503, "text/html"},
        {200, "text/html"},   {302, NULL}, {ANSWER_SILENCE, NULL},
        {200, NULL}};
    const size_t n = sizeof(odd) / sizeof(odd[0]);
    struct pl_outbox_counts c;
    uint16_t port = server_start(odd, n);
    struct pl_outbox *o;

    fill("A", 0, 1);
    o = start(port);
    ck_assert(wait_until_empty());
    pl_outbox_counts(o, &c);
    pl_outbox_close(o, 1000);
    server_stop();
    /* libcurl may have repeated one by itself, or a busy machine made one late:
     * what counts is that it went on until it was taken, once, unchanged. */
    ck_assert_uint_ge(server_n_requests(), n);
    for (size_t i = 0; i < n; i++)
        ck_assert_str_eq(server_body(i), "{\"A\":0}");
    ck_assert_uint_ge(c.n_retried, n - 2);
    ck_assert_uint_eq(c.n_delivered, 1);
}
END_TEST

START_TEST(a_refused_row_is_dead_and_stops_nobody)
{
    static const struct server_answer bad[] = {{400, "application/fhir+json"},
                                               {201, NULL}};
    struct pl_outbox_counts c;
    uint16_t port = server_start(bad, 2);
    struct pl_outbox *o;

    fill("A", 0, 2);
    o = start(port);
    ck_assert(wait_until_empty());
    pl_outbox_counts(o, &c);
    pl_outbox_close(o, 1000);
    server_stop();
    ck_assert_uint_eq(c.n_refused, 1);
    ck_assert_uint_eq(c.n_delivered, 1);
    ck_assert_int_eq(counts().n_outbox_dead, 1);
    ck_assert_str_eq(server_body(1), "{\"A\":1}");
}
END_TEST

START_TEST(sends_nothing_in_shadow_and_without_a_url)
{
    static const struct server_answer ok[] = {{201, NULL}};
    uint16_t port = server_start(ok, 1);
    struct pl_outbox *o;

    fill("A", 0, 1);
    policy.stage = CFG_SHADOW;
    o = start(port);
    pl_outbox_wake(o);
    server_sleep_ms(100);
    pl_outbox_close(o, 1000);
    policy.stage = CFG_LIVE;
    o = start(0);
    pl_outbox_wake(o);
    server_sleep_ms(100);
    pl_outbox_close(o, 1000);
    ck_assert_uint_eq(server_n_requests(), 0);
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    server_stop();
}
END_TEST

START_TEST(stops_in_time_while_a_server_is_silent_and_sends_again)
{
    static const struct server_answer silent[] = {{ANSWER_SILENCE, NULL},
                                                  {201, NULL}};
    uint16_t port = server_start(silent, 2);
    struct pl_outbox *o;
    int64_t began_ms;

    fill("A", 0, 1);
    o = start(port);
    ck_assert(server_wait(1));
    began_ms = pl_now_ms();
    pl_outbox_close(o, 50);
    ck_assert_int_lt(pl_now_ms() - began_ms, 250);
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    o = start(port);
    ck_assert(wait_until_empty());
    pl_outbox_close(o, 1000);
    server_stop();
    ck_assert_str_eq(server_body(1), "{\"A\":0}");
}
END_TEST

/* The child's pid, for the server's hook. */
static pid_t victim;

static void kill_the_sender(void)
{
    if (victim) {
        int status;

        (void)kill(victim, SIGKILL);
        (void)waitpid(victim, &status, 0);
        victim = 0;
    }
}

START_TEST(killed_between_sending_and_noting_it_sends_the_same_bytes_again)
{
    static const struct server_answer ok[] = {{201, NULL}};
    struct pl_outbox *o;
    uint16_t port;
    int ends[2];

    fill("A", 7, 1);
    pl_reader_close(t.reader);
    pl_store_close(t.store);
    t.reader = NULL;
    t.store = NULL;
    ck_assert_int_eq(pipe(ends), 0);
    /* The child is made before there are threads, and told the port. */
    victim = fork();
    ck_assert_int_ge(victim, 0);
    if (victim == 0) {
        if (read(ends[0], &port, sizeof(port)) != (ssize_t)sizeof(port))
            _exit(1);
        test_store_reopen(&t);
        (void)start(port);
        for (;;)
            pause();
    }
    port = server_start(ok, 1);
    server_on_request(kill_the_sender);
    ck_assert_int_eq(write(ends[1], &port, sizeof(port)), sizeof(port));
    ck_assert(server_wait(1));
    while (victim)
        server_sleep_ms(1);
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_store_reopen(&t);
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    o = start(port);
    ck_assert(wait_until_empty());
    pl_outbox_close(o, 1000);
    server_stop();
    ck_assert_uint_eq(server_n_requests(), 2);
    ck_assert_str_eq(server_body(0), "{\"A\":7}");
    ck_assert_str_eq(server_body(1), server_body(0));
    test_store_check(&t);
}
END_TEST

START_TEST(bears_the_token_of_the_file_as_it_is_now)
{
    static const struct server_answer ok[] = {{201, NULL}};
    char token[TEST_PATH_BYTES];
    struct pl_outbox_options options = {.timeout_ms = TIMEOUT_MS,
                                        .retry_first_ms = 2,
                                        .retry_max_ms = 8,
                                        .store = t.store,
                                        .store_path = t.path,
                                        .policy = &policy,
                                        .clock = pl_clock_us};
    static const char *const said[] = {"first\n", "second\n"};
    struct pl_outbox *o = NULL;
    uint16_t port = server_start(ok, 1);

    test_folder_file(&t.folder, "token", token);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", (unsigned)port);
    options.url = url;
    options.token_file = token;
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(token, "w");

        ck_assert_ptr_nonnull(f);
        (void)fputs(said[i], f);
        (void)fclose(f);
        if (i == 0)
            ck_assert_int_eq(pl_outbox_open(&options, &o, NULL), AN_OK);
        fill("A", i, 1);
        pl_outbox_wake(o);
        ck_assert(wait_until_empty());
        ck_assert_str_eq(server_authorization(),
                         i ? "Bearer second" : "Bearer first");
    }
    pl_outbox_close(o, 1000);
    server_stop();
}
END_TEST

Suite *outbox_deliver_suite(void)
{
    const TTest *const test[] = {
        delivers_each_patients_rows_in_order,
        a_clock_that_is_set_back_puts_nothing_off,
        tries_again_after_every_answer_that_is_none,
        a_refused_row_is_dead_and_stops_nobody,
        sends_nothing_in_shadow_and_without_a_url,
        stops_in_time_while_a_server_is_silent_and_sends_again,
        killed_between_sending_and_noting_it_sends_the_same_bytes_again,
        bears_the_token_of_the_file_as_it_is_now};

    return test_suite_around("outbox/deliver", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}
