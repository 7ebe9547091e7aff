/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/rate.h"

#include "base/random.h"
#include "plugin/host/http.h"
#include "tests/host_net.h"
#include "tests/suite.h"

#include <string.h>
#include <unistd.h>

enum { MOST = 4096, SECOND_US = 1000000 };

Suite *host_rate_suite(void);

static struct pl_rate *rate;

static void tear_down(void)
{
    pl_rate_close(rate);
    rate = NULL;
}

static void open_with(uint32_t per_s, uint32_t burst, size_t places)
{
    ck_assert_int_eq(pl_rate_open(&(struct pl_rate_options){.per_s = per_s,
                                                            .burst = burst,
                                                            .places = places,
                                                            .key = 7},
                                  &rate, NULL),
                     AN_OK);
}

/* 10.x.y.z as IPv6 has it. */
static const uint8_t *ipv4(uint32_t n)
{
    static uint8_t a[16];

    memset(a, 0, sizeof(a));
    a[10] = a[11] = 0xFF;
    a[12] = 10;
    for (int i = 0; i < 3; i++)
        a[13 + i] = (uint8_t)(n >> (16 - 8 * i));
    return a;
}

static bool may(uint32_t n, int64_t now_us)
{
    return pl_rate_take(rate, ipv4(n), now_us) == 0;
}

START_TEST(a_burst_passes_and_then_so_many_a_second)
{
    int64_t now = 5 * (int64_t)SECOND_US;
    int n = 0;

    open_with(10, 20, 0);
    while (may(1, now) && n < 100)
        n++;
    ck_assert_int_eq(n, 20);
    n = 0;
    for (int ms = 1; ms <= 10000; ms++)
        n += may(1, now + ms * 1000);
    ck_assert_int_eq(n, 100);
    /* What was not used for long is one burst and no more. */
    now += 3600 * (int64_t)SECOND_US;
    for (n = 0; may(1, now) && n < 100;)
        n++;
    ck_assert_int_eq(n, 20);
}
END_TEST

START_TEST(who_waits_as_long_as_was_said_may)
{
    int64_t now = 1;

    open_with(3, 4, 0);
    for (uint64_t i = 0; i < 2000; i++) {
        uint32_t wait_s = pl_rate_take(rate, ipv4(1), now);

        if (wait_s) {
            ck_assert_uint_le(wait_s, 2);
            ck_assert_uint_gt(pl_rate_take(rate, ipv4(1), now), 0);
            now += (int64_t)wait_s * SECOND_US;
            ck_assert(may(1, now));
        }
        now += (int64_t)(an_random(1, i) % 200000);
    }
}
END_TEST

START_TEST(what_one_spends_no_other_lacks)
{
    int64_t now = 1;
    int n = 0;

    open_with(1, 5, 0);
    for (int i = 0; i < 10000; i++)
        n += may(1, now);
    ck_assert_int_eq(n, 5);
    for (uint32_t other = 2; other < 200; other++)
        for (int i = 0; i < 6; i++)
            ck_assert(may(other, now) == (i < 5));
}
END_TEST

START_TEST(of_ipv6_a_network_is_one)
{
    uint8_t a[16] = {0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 1};
    int n = 0;

    open_with(1, 5, 0);
    for (uint8_t i = 0; i < 50; i++) {
        a[15] = i;
        n += pl_rate_take(rate, a, 1) == 0;
    }
    ck_assert_int_eq(n, 5);
    a[7] = 2;
    ck_assert_uint_eq(pl_rate_take(rate, a, 1), 0);
}
END_TEST

/* Of an address that is known: never more than rate and burst in any window, by
 * a list of all that passed. */
START_TEST(no_window_has_more_than_was_said)
{
    static int64_t passed[MOST];
    size_t n = 0;
    int64_t now = 1;

    open_with(7, 9, 0);
    for (uint64_t i = 0; n < MOST && i < 20000; i++) {
        now += (int64_t)(an_random(2, i) % 60000);
        if (may(1, now))
            passed[n++] = now;
    }
    ck_assert_uint_gt(n, 1000);
    for (size_t from = 0; from < n; from++)
        for (size_t to = from; to < n && to < from + 200; to++) {
            double s = (double)(passed[to] - passed[from]) / SECOND_US;

            ck_assert(to - from + 1 <= (size_t)(9 + 7 * s + 1e-9) + 1);
        }
}
END_TEST

/* More addresses than places: the memory stays, and whoever has spent most is
 * not let off by those who come and go. */
START_TEST(a_crowd_does_not_free_who_has_spent_most)
{
    int n = 0;

    open_with(1, 5, 64);
    for (int i = 0; i < 5; i++)
        ck_assert(may(1, 1));
    for (uint32_t other = 2; other < 5000; other++) {
        ck_assert(may(other, 1));
        n += may(1, 1);
    }
    ck_assert_int_eq(n, 0);
}
END_TEST

/* ---- over HTTP ---------------------------------------------------------- */

static enum an_code answer(void *ctx, struct pl_http_request *q,
                           struct pl_http_response *r)
{
    (void)ctx;
    (void)q;
    r->body = AN_STR("here");
    return AN_OK;
}

static struct pl_http *serve(uint32_t per_s, uint32_t burst)
{
    static const struct pl_http_route routes[] = {{PL_GET, "/", answer, 0}};
    const struct pl_http_calls calls = {.route = routes, .n_routes = 1};
    const struct pl_http_options options = {.address = {AN_STR("127.0.0.1"), 0},
                                            .max_body_bytes = 1000,
                                            .max_answer_bytes = 1 << 16,
                                            .max_connections = 64,
                                            .n_threads = 2,
                                            .timeout_ms = 1000,
                                            .rate = per_s,
                                            .burst = burst};
    struct pl_http *server;

    ck_assert_int_eq(pl_http_open(&options, &calls, NULL, &server, NULL),
                     AN_OK);
    return server;
}

/* How many of n requests pass; `last` is the last answer. */
static int n_passing(struct pl_http *server, int n, char last[600])
{
    int passed = 0;

    for (int i = 0; i < n; i++) {
        int fd = net_connect(pl_http_port(server));

        ck_assert(net_send(fd, AN_STR("GET / HTTP/1.1\r\nHost: x\r\n"
                                      "Connection: close\r\n\r\n")));
        ck_assert_uint_gt(net_receive(fd, last, 600, NULL), 0);
        passed += strstr(last, "HTTP/1.1 200 ") != NULL;
        ck_assert(strstr(last, "HTTP/1.1 200 ") ||
                  strstr(last, "HTTP/1.1 429 "));
        close(fd);
    }
    return passed;
}

START_TEST(tells_who_asks_too_often_how_long_to_wait)
{
    struct pl_http *server = serve(1, 5);
    char got[600];

    ck_assert_int_le(n_passing(server, 12, got), 8);
    ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 429 "));
    ck_assert_ptr_nonnull(strstr(got, "Retry-After: 1\r\n"));
    ck_assert_ptr_null(strstr(got, "here"));
    ck_assert_uint_ge(pl_http_counts(server).refused_rate, 4);
    net_sleep_ms(1100);
    ck_assert_int_eq(n_passing(server, 1, got), 1);
    pl_http_close(server);
    server = serve(0, 1);
    ck_assert_int_eq(n_passing(server, 50, got), 50);
    pl_http_close(server);
}
END_TEST

Suite *host_rate_suite(void)
{
    const TTest *const test[] = {a_burst_passes_and_then_so_many_a_second,
                                 who_waits_as_long_as_was_said_may,
                                 what_one_spends_no_other_lacks,
                                 of_ipv6_a_network_is_one,
                                 no_window_has_more_than_was_said,
                                 a_crowd_does_not_free_who_has_spent_most,
                                 tells_who_asks_too_often_how_long_to_wait};

    return test_suite_around("host/rate", test, sizeof(test) / sizeof(test[0]),
                             NULL, tear_down);
}
