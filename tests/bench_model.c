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

/* Patients whose pasts hold LONG positions, and one new event of each. */
enum { LONG = 511, MOST = 64 };
struct ward {
    struct an_arena arena;
    struct rt_workspace ws;
    struct rt_past past[MOST], *own[MOST];
    struct rt_history later[MOST];
    struct rt_query query[MOST];
    struct rt_ask ask[MOST];
    size_t n;
};

static bool ward_init(struct ward *w, const struct rt_model *m, size_t n)
{
    struct test_random r = {n};

    w->n = n;
    an_arena_init(&w->arena, (size_t)1 << 30);
    if (rt_workspace_init(&w->ws, &w->arena, &m->shape, LONG + 1, n, NULL) !=
        AN_OK)
        return false;
    for (size_t i = 0; i < n; i++) {
        struct rt_history before = test_history(&w->arena, &m->shape, LONG, &r);
        struct rt_ask kept = {&before, NULL, 0};

        w->own[i] = &w->past[i];
        w->later[i] = test_history(&w->arena, &m->shape, 1, &r);
        w->query[i] = (struct rt_query){0, test_wide(&w->arena, &m->shape, &r)};
        w->ask[i] = (struct rt_ask){&w->later[i], &w->query[i], 1};
        if (rt_past_init(w->own[i], &w->arena, &m->shape, LONG + 1, NULL) !=
                AN_OK ||
            rt_forward_keep(m, &w->ws, w->own[i], &kept, 0, NULL) != AN_OK)
            return false;
    }
    return true;
}

/* Seconds for all of them, `at_once` in a pass. */
static double ward_s(struct ward *w, const struct rt_model *m, size_t at_once)
{
    double best = 1e9;

    for (int i = 0; i < 20 * ROUNDS; i++) {
        double t0, t;

        for (size_t k = 0; k < w->n; k++)
            w->own[k]->n_positions = LONG;
        t0 = bench_now_s();
        for (size_t k = 0; k < w->n; k += at_once)
            if (rt_forward_extend(m, &w->ws, w->own + k, w->ask + k, at_once,
                                  RT_WANT_HAZARDS, NULL) != AN_OK)
                return 1e9;
        t = bench_now_s() - t0;
        best = t < best ? t : best;
    }
    return best;
}

static void bench_events(const struct rt_model *m)
{
    static struct ward w;

    if (ward_init(&w, m, 1))
        bench_row("model/event_cached", ward_s(&w, m, 1) * 1e3, "ms");
    an_arena_free(&w.arena);
    if (ward_init(&w, m, MOST)) {
        bench_row("model/events_64_one_by_one", MOST / ward_s(&w, m, 1),
                  "events/s");
        bench_row("model/events_64_patients", MOST / ward_s(&w, m, MOST),
                  "events/s");
    }
    an_arena_free(&w.arena);
}

/* How long OpenBLAS takes to read once what one new event needs, the matrices of
 * the layers, keys and values, as one matrix by a vector. */
static void bench_bytes(const struct rt_model *m)
{
    enum { COLUMNS = 1024 };
    const struct rt_shape *s = &m->shape;
    const size_t c = (size_t)s->channels, l = (size_t)s->layers;
    const size_t n =
        l * 12 * c * c + (LONG + 1) * rt_past_bytes(s) / sizeof(float);
    const int rows = (int)(n / COLUMNS);
    float *a = calloc(n, sizeof(*a)), *x = calloc(COLUMNS, sizeof(*x));
    float *y = calloc((size_t)rows, sizeof(*y));
    double best = 1e9;

    for (int i = 0; i < 20 * ROUNDS && a && x && y; i++) {
        const double t0 = bench_now_s();
        double t;

        cblas_sgemv(CblasRowMajor, CblasNoTrans, rows, COLUMNS, 1, a, COLUMNS,
                    x, 1, 0, y, 1);
        t = bench_now_s() - t0;
        best = t < best ? t : best;
    }
    bench_keep(y);
    free(a);
    free(x);
    free(y);
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
    bench_events(&m);
    bench_cold("model/cold_1_hazards", &m, &arena, 1, RT_WANT_HAZARDS);
    bench_cold("model/cold_128_hazards", &m, &arena, 128, RT_WANT_HAZARDS);
    bench_cold("model/cold_512_hazards", &m, &arena, 512, RT_WANT_HAZARDS);
    bench_cold("model/cold_512_all", &m, &arena, 512,
               RT_WANT_HAZARDS | RT_WANT_RATES);
    an_arena_free(&arena);
    return 0;
}
