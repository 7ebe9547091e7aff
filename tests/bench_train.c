/* SPDX-License-Identifier: Apache-2.0 */
/* Training: one step of AdamW on a batch whose every position is scored, at two
 * settings of Delphi-2M's architecture, by one thread.  tests/peers/torch-train.py
 * does the same with torch, of the same sizes.  And at the size of the embedded
 * default with all its parts, which Delphi has not. */
#include "runtime/kernels.h"
#include "tests/bench.h"
#include "tests/model_random.h"
#include "trainer/adamw.h"
#include "trainer/pass.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

/* A step has `seqs` histories of `length`, some of them in each pass. */
struct job {
    const char *row;
    struct rt_shape shape;
    int seqs, length, per_pack, rounds;
};

enum { MAX_SEQS = 128, MAX_PACK = 512 };

static struct job jobs[] = {
    {"train/delphi",
     {.vocab = 1270,
      .targets = 1270,
      .channels = 120,
      .heads = 12,
      .layers = 12,
      .positions = 48,
      .death = -1},
     128,
     48,
     8,
     5},
    {"train/d128_L6",
     {.vocab = 4096,
      .targets = 4096,
      .channels = 128,
      .heads = 4,
      .layers = 6,
      .positions = 256,
      .death = -1},
     4,
     256,
     2,
     15},
    {"train/d128_L6_all_parts",
     {.vocab = 0}, /* test_shape_embedded */
     4,
     256,
     2,
     15},
};

enum { N_JOBS = sizeof(jobs) / sizeof(jobs[0]) };

struct bench {
    struct tr_params p;
    struct tr_pass pass;
    struct rt_history seq[MAX_SEQS];
    struct tr_score score[MAX_PACK];
    int32_t target[MAX_PACK];
    float *memory; /* gradients, and AdamW's moments */
};

static bool prepare(struct bench *b, const struct job *job,
                    struct an_arena *arena)
{
    struct test_random r = {1};
    struct rt_model unused;
    const float *block = test_model(&unused, arena, &job->shape, &r);
    const int n = job->per_pack * job->length;

    if (tr_params_init(&b->p, &job->shape, NULL) != AN_OK ||
        tr_pass_init(&b->pass, &job->shape, n, job->length, 1, NULL) != AN_OK)
        return false;
    memcpy(b->p.value, block, b->p.n * sizeof(*block));
    b->memory = calloc(3 * b->p.n, sizeof(*b->memory));
    for (int i = 0; i < job->seqs; i++)
        b->seq[i] = test_history(arena, &job->shape, (size_t)job->length, &r);
    for (int i = 0; i < n; i++) {
        b->target[i] = test_below(&r, job->shape.targets);
        b->score[i] = (struct tr_score){i, 1e-4F, (uint32_t)i, 1};
    }
    return b->memory != NULL;
}

static void step(struct bench *b, const struct job *job, int64_t number)
{
    static const struct tr_adamw adamw = {1e-4, 0.9, 0.99, 1e-8, 0.2, 1, 1, 0};
    const int n = job->per_pack * job->length;
    const struct tr_terms terms = {.rate_weight = 1,
                                   .rate_norm = job->seqs * job->length,
                                   .hazard_norm = 1,
                                   .t_min_days = 0.1F,
                                   .dt_min_days = 1};
    struct tr_loss loss = {.rate = 0};
    struct tr_grads g;

    memset(b->memory, 0, b->p.n * sizeof(*b->memory));
    tr_grads_at(&b->p, b->memory, &g);
    for (int s = 0; s < job->seqs; s += job->per_pack) {
        const struct tr_pack pack = {.seq = &b->seq[s],
                                     .n_seqs = (size_t)job->per_pack,
                                     .n_rows = n,
                                     .score = b->score,
                                     .n_scores = (size_t)n,
                                     .target = b->target};

        tr_pass_run(&b->pass, &b->p.model, &pack, &terms, &g, &loss);
    }
    (void)tr_adamw_step(&b->p, b->memory + b->p.n, b->memory + 2 * b->p.n,
                        b->memory, number, &adamw);
}

static void bench(const struct job *job)
{
    static struct bench b;
    struct an_arena arena;
    double best = 1e9;

    an_arena_init(&arena, (size_t)1 << 30);
    if (!prepare(&b, job, &arena))
        exit(EXIT_FAILURE);
    for (int i = 0; i < job->rounds; i++) {
        const double t0 = bench_now_s();
        double t;

        step(&b, job, i + 1);
        t = bench_now_s() - t0;
        best = t < best ? t : best;
    }
    bench_row(job->row, job->seqs * job->length / best, "positions/s");
    free(b.memory);
    tr_pass_release(&b.pass);
    tr_params_release(&b.p);
    an_arena_free(&arena);
}

int main(void)
{
    openblas_set_num_threads(1);
    jobs[N_JOBS - 1].shape = test_shape_embedded();
    for (size_t i = 0; i < N_JOBS; i++)
        bench(&jobs[i]);
    return EXIT_SUCCESS;
}
