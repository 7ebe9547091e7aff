/* SPDX-License-Identifier: Apache-2.0 */
/* The model at the size of the embedded default (128 channels, 6 layers, 4,096
 * concepts): cold patients, one event alone, and training, beside the sgemm
 * peak of the same run. */
#include "runtime/forward.h"
#include "tests/bench.h"
#include "tests/model_random.h"
#include "trainer/adamw.h"
#include "trainer/pass.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

static const struct rt_shape shape = {.vocab = 4096,
                                      .targets = 4096,
                                      .channels = 128,
                                      .heads = 4,
                                      .layers = 6,
                                      .positions = 512,
                                      .flags = RT_N_FLAGS,
                                      .value_rows = 300,
                                      .value_hidden = 16,
                                      .times = RT_N_TIMES,
                                      .rate_bias = 1,
                                      .outcomes = 8,
                                      .bins = 6,
                                      .rank = 32,
                                      .wide = 64,
                                      .death = 7,
                                      .bin_edge_days = RT_BINS_DEFAULT};

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

/* Steps of 4 histories of 256 positions, every position scored, the rates of
 * all concepts, and AdamW. */
static void bench_training(struct an_arena *arena)
{
    enum {
        SEQS = 4,
        LENGTH = 256,
        ROWS = SEQS * LENGTH,
        PER_PACK = 2,
        PACK = PER_PACK * LENGTH
    };
    struct test_random r = {1};
    static struct tr_score score[PACK];
    static int32_t target[PACK];
    struct tr_params p;
    struct tr_pass pass;
    struct rt_history seq[SEQS];
    struct rt_model unused;
    float *block = test_model(&unused, arena, &shape, &r);
    float *memory;
    const struct tr_adamw adamw = {1e-4, 0.9, 0.98, 1e-8, 0.05, 1, 5, 1e-4};
    const struct tr_terms terms = {
        .rate_weight = 1, .rate_norm = ROWS, .hazard_norm = 1};
    double best = 1e9;

    if (tr_params_init(&p, &shape, NULL) != AN_OK ||
        tr_pass_init(&pass, &shape, PACK, LENGTH, 1, NULL) != AN_OK)
        return;
    memcpy(p.value, block, p.n * sizeof(*block));
    memory = calloc(3 * p.n, sizeof(*memory));
    if (memory == NULL)
        return;
    for (int i = 0; i < SEQS; i++)
        seq[i] = test_history(arena, &shape, LENGTH, &r);
    for (int i = 0; i < PACK; i++) {
        target[i] = test_below(&r, shape.targets);
        score[i] = (struct tr_score){i, 1e-4F, (uint32_t)i, 1};
    }
    for (int i = 0; i < ROUNDS; i++) {
        const double t0 = bench_now_s();
        struct tr_loss loss = {.rate = 0};
        struct tr_grads g;
        double t;

        memset(memory, 0, p.n * sizeof(*memory));
        tr_grads_at(&p, memory, &g);
        for (int s = 0; s < SEQS; s += PER_PACK) {
            const struct tr_pack pack = {.seq = &seq[s],
                                         .n_seqs = PER_PACK,
                                         .n_rows = PACK,
                                         .score = score,
                                         .n_scores = PACK,
                                         .target = target};

            tr_pass_run(&pass, &p.model, &pack, &terms, &g, &loss);
        }
        tr_adamw_step(&p, memory + p.n, memory + 2 * p.n, memory, i + 1,
                      &adamw);
        t = bench_now_s() - t0;
        best = t < best ? t : best;
    }
    bench_row("model/train_d128_L6", ROWS / best, "positions/s");
    free(memory);
    tr_pass_release(&pass);
    tr_params_release(&p);
}

int main(void)
{
    struct an_arena arena;
    struct test_random r = {3};
    struct rt_model m;

    openblas_set_num_threads(1);
    an_arena_init(&arena, (size_t)1 << 30);
    test_model(&m, &arena, &shape, &r);
    bench_peak();
    bench_cold("model/cold_1_hazards", &m, &arena, 1, RT_WANT_HAZARDS);
    bench_cold("model/cold_128_hazards", &m, &arena, 128, RT_WANT_HAZARDS);
    bench_cold("model/cold_512_hazards", &m, &arena, 512, RT_WANT_HAZARDS);
    bench_cold("model/cold_512_all", &m, &arena, 512,
               RT_WANT_HAZARDS | RT_WANT_RATES);
    bench_training(&arena);
    an_arena_free(&arena);
    return 0;
}
