/* SPDX-License-Identifier: Apache-2.0 */
/* What the smallest pieces cost, since each message pays them many times. */
#include "base/arena.h"
#include "base/decimal.h"
#include "base/time.h"
#include "tests/bench.h"

#include <stdlib.h>

enum { N_ROUNDS = 1000000, N_GETS = 64 };

static void bench_decimal(void)
{
    struct an_str s = AN_STR("137.25");
    double v = 0, t0 = bench_now_s();

    for (int i = 0; i < N_ROUNDS; i++) {
        if (!an_decimal_parse(s, &v))
            abort();
        bench_keep(&v);
    }
    bench_row("base/decimal_parse", (bench_now_s() - t0) * 1e9 / N_ROUNDS,
              "ns");
}

static void bench_time(void)
{
    struct an_str s = AN_STR("20240305081502.123-0500");
    char text[AN_TIME_TEXT_BYTES];
    struct an_time t;
    double t0 = bench_now_s();

    for (int i = 0; i < N_ROUNDS; i++) {
        if (!an_time_hl7(s, NULL, &t))
            abort();
        bench_keep(&t);
    }
    bench_row("base/time_read", (bench_now_s() - t0) * 1e9 / N_ROUNDS, "ns");

    t0 = bench_now_s();
    for (int i = 0; i < N_ROUNDS; i++) {
        (void)an_time_print_fhir(t, text);
        bench_keep(text);
    }
    bench_row("base/time_print", (bench_now_s() - t0) * 1e9 / N_ROUNDS, "ns");
}

/* One message's worth of small gets, then the wiping reset. */
static void bench_arena(void)
{
    struct an_arena arena;
    double t0;

    an_arena_init(&arena, 1 << 20);
    t0 = bench_now_s();
    for (int i = 0; i < N_ROUNDS / N_GETS; i++) {
        for (int k = 0; k < N_GETS; k++) {
            void *p = an_arena_get(&arena, 1, 64);

            if (p == NULL)
                abort();
            bench_keep(p);
        }
        an_arena_reset(&arena);
    }
    bench_row("base/arena_get_64", (bench_now_s() - t0) * 1e9 / N_ROUNDS, "ns");
    an_arena_free(&arena);
}

int main(void)
{
    bench_decimal();
    bench_time();
    bench_arena();
    return EXIT_SUCCESS;
}
