/* SPDX-License-Identifier: Apache-2.0 */
/* The model at the size of the embedded default (128 channels, 6 layers, 4,096
 * concepts): cold patients, one new event of one whose past is kept and of 64
 * such, beside the sgemm peak and how fast the same bytes are read. */
#include "runtime/forward.h"
#include "runtime/product.h"
#include "tests/bench.h"
#include "tests/model_random.h"

#include <cblas.h>
#include <stdlib.h>

static struct rt_shape shape; /* of the embedded default */

enum { ROUNDS = 9 };

static void bench_peak(void)
{
    enum { N = 1024 };
    float *a = calloc(3 * N * N, sizeof(*a));
    double best = 1e9;

    if (a == NULL)
        return;
    for (int i = 0; i < 2 * N * N; i++)
        a[i] = (float)(i % 7) / 7;
    for (int i = 0; i < ROUNDS; i++) {
        const double t0 = bench_now_s();
        double t;

        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, N, N, N, 1, a, N,
                    a + N * N, N, 0, a + 2 * N * N, N);
        t = bench_now_s() - t0;
        best = t < best ? t : best;
    }
    bench_keep(a);
    bench_row("model/sgemm_peak", 2.0 * N * N * N / best / 1e9, "GFLOP/s");
    free(a);
}

static void bench_cold(const char *name, const struct rt_model *m,
                       struct an_arena *arena, size_t n, unsigned want)
{
    struct test_random r = {n};
    struct rt_history h = test_history(arena, &m->shape, n, &r);
    struct rt_query q = {(uint32_t)n - 1, test_wide(arena, &m->shape, &r)};
    struct rt_ask ask = {&h, &q, 1};
    struct rt_workspace ws;
    double best = 1e9;

    if (rt_workspace_init(&ws, arena, &m->shape, n, 1, NULL) != AN_OK)
        return;
    for (int i = 0; i < 20 * ROUNDS; i++) {
        const double t0 = bench_now_s();
        double t;

        if (rt_forward(m, &ws, &ask, 1, want, NULL) != AN_OK)
            return;
        t = bench_now_s() - t0;
        best = t < best ? t : best;
    }
    bench_row(name, best * 1e3, "ms");
}

/* One new event each of `n` patients, whose pasts hold LONG positions. */
static void bench_event(const char *name, const struct rt_model *m, size_t n,
                        double per, const char *unit)
{
    enum { LONG = 511, MOST = 64 };
    struct an_arena arena;
    struct test_random r = {n};
    static struct rt_past past[MOST];
    struct rt_past *own[MOST];
    struct rt_history h[MOST];
    struct rt_query q[MOST];
    struct rt_ask ask[MOST];
    struct rt_workspace ws;
    double best = 1e9;

    an_arena_init(&arena, (size_t)1 << 30);
    if (rt_workspace_init(&ws, &arena, &m->shape, LONG + 1, n, NULL) != AN_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        struct rt_history before = test_history(&arena, &m->shape, LONG, &r);
        struct rt_ask kept = {&before, NULL, 0};

        own[i] = &past[i];
        h[i] = test_history(&arena, &m->shape, 1, &r);
        q[i] = (struct rt_query){0, test_wide(&arena, &m->shape, &r)};
        ask[i] = (struct rt_ask){&h[i], &q[i], 1};
        if (rt_past_init(own[i], &arena, &m->shape, LONG + 1, NULL) != AN_OK ||
            rt_forward_keep(m, &ws, own[i], &kept, 0, NULL) != AN_OK)
            return;
    }
    for (int i = 0; i < 20 * ROUNDS; i++) {
        double t0, t;

        for (size_t k = 0; k < n; k++)
            own[k]->n_positions = LONG;
        t0 = bench_now_s();
        if (rt_forward_extend(m, &ws, own, ask, n, RT_WANT_HAZARDS, NULL) !=
            AN_OK)
            return;
        t = bench_now_s() - t0;
        best = t < best ? t : best;
    }
    bench_row(name, per > 0 ? per / best : best * 1e3, unit);
    an_arena_free(&arena);
}

/* How long it takes to read once what one new event needs: the matrices of the
 * layers, keys and values. */
static void bench_bytes(const struct rt_model *m)
{
    const struct rt_shape *s = &m->shape;
    const size_t c = (size_t)s->channels, l = (size_t)s->layers;
    const size_t n = l * 12 * c * c + 512 * rt_past_bytes(s) / sizeof(float);
    float *x = calloc(n, sizeof(*x));
    double best = 1e9;
    float sum = 0;

    for (int i = 0; i < 20 * ROUNDS && x; i++) {
        const double t0 = bench_now_s();
        double t;

        sum += rt_sum(x, (int)n);
        t = bench_now_s() - t0;
        best = t < best ? t : best;
    }
    bench_keep(&sum);
    free(x);
    bench_row("model/limit_event_bytes", best * 1e3, "ms");
}

int main(void)
{
    struct an_arena arena;
    struct test_random r = {3};
    struct rt_model m;

    openblas_set_num_threads(1);
    shape = test_shape_embedded();
    an_arena_init(&arena, (size_t)1 << 30);
    test_model(&m, &arena, &shape, &r);
    if (rt_model_pack(&m, &arena, NULL) != AN_OK)
        return 1;
    bench_peak();
    bench_bytes(&m);
    bench_event("model/event_cached", &m, 1, 0, "ms");
    bench_event("model/events_64_patients", &m, 64, 64, "events/s");
    bench_cold("model/cold_1_hazards", &m, &arena, 1, RT_WANT_HAZARDS);
    bench_cold("model/cold_128_hazards", &m, &arena, 128, RT_WANT_HAZARDS);
    bench_cold("model/cold_512_hazards", &m, &arena, 512, RT_WANT_HAZARDS);
    bench_cold("model/cold_512_all", &m, &arena, 512,
               RT_WANT_HAZARDS | RT_WANT_RATES);
    an_arena_free(&arena);
    return 0;
}
