/* SPDX-License-Identifier: Apache-2.0 */
/* The model at the size of the embedded default (128 channels, 6 layers, 4,096
 * concepts): cold patients and one event alone, beside the sgemm peak of the same
 * run. */
#include "runtime/forward.h"
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

int main(void)
{
    struct an_arena arena;
    struct test_random r = {3};
    struct rt_model m;

    openblas_set_num_threads(1);
    shape = test_shape_embedded();
    an_arena_init(&arena, (size_t)1 << 30);
    test_model(&m, &arena, &shape, &r);
    bench_peak();
    bench_cold("model/cold_1_hazards", &m, &arena, 1, RT_WANT_HAZARDS);
    bench_cold("model/cold_128_hazards", &m, &arena, 128, RT_WANT_HAZARDS);
    bench_cold("model/cold_512_hazards", &m, &arena, 512, RT_WANT_HAZARDS);
    bench_cold("model/cold_512_all", &m, &arena, 512,
               RT_WANT_HAZARDS | RT_WANT_RATES);
    an_arena_free(&arena);
    return 0;
}
