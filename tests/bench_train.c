/* SPDX-License-Identifier: Apache-2.0 */
/* Training: one step of AdamW on a batch whose every position is scored, at two
 * settings of Delphi-2M's architecture, by one thread.  tests/peers/torch-train.py
 * does the same with torch, of the same sizes.  And at the size of the embedded
 * default with all its parts, which Delphi has not.
 *
 * train/delphi_batch are histories as long as those of the first patients of
 * ANAMNESIS_DATA/delphi/train.bin: the authors' program fills each up to 48
 * positions with padding and computes that too, ours does not.  Counted are
 * positions that are somebody's. */
#include "runtime/kernels.h"
#include "tests/bench.h"
#include "tests/model_random.h"
#include "trainer/fit/adamw.h"
#include "trainer/fit/pass.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SEQS = 128, MAX_PACK = 512 };

/* A step has `seqs` histories of `length`, as many in a pass as `per_pack` of
 * that length are, or of the lengths of a file's patients. */
struct job {
    const char *row;
    struct rt_shape shape;
    int seqs, length, per_pack, rounds;
    bool of_file;
    int lengths[MAX_SEQS];
};

#define DELPHI                                                                 \
    {                                                                          \
        .vocab = 1270, .targets = 1270, .channels = 120, .heads = 12,          \
        .layers = 12, .positions = 48, .death = -1                             \
    }

static struct job jobs[] = {
    {"train/delphi", DELPHI, 128, 48, 8, 5, false, {0}},
    {"train/delphi_batch", DELPHI, 128, 48, 8, 5, true, {0}},
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
     15,
     false,
     {0}},
    {"train/d128_L6_all_parts",
     {.vocab = 0}, /* test_shape_embedded */
     4,
     256,
     2,
     15,
     false,
     {0}},
};

enum { N_JOBS = sizeof(jobs) / sizeof(jobs[0]) };

/* Of each patient as many of the positions that are read as the record and the
 * five "no event" of a hundred years up to its end make, but the last, which
 * is only predicted.  False when the file is not there. */
static bool lengths_of_file(struct job *job)
{
    const char *folder = getenv("ANAMNESIS_DATA");
    char path[4096];
    uint32_t row[3], patient = 0, age = 0;
    int n = 0, at = -1;
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/delphi/train.bin",
                   folder ? folder : "");
    f = folder ? fopen(path, "rb") : NULL;
    if (f == NULL)
        return false;
    for (bool more = true; more && at < job->seqs; n++) {
        more = fread(row, sizeof(row), 1, f) == 1;
        if (at >= 0 && (!more || row[0] != patient)) {
            const int length = n + (int)(5 * age / 36525) - 1;

            job->lengths[at] = length < job->length ? length : job->length;
        }
        if (at < 0 || row[0] != patient) {
            at++;
            n = 0;
        }
        patient = row[0];
        age = row[1];
    }
    (void)fclose(f);
    return at >= job->seqs;
}

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
        b->seq[i] =
            test_history(arena, &job->shape, (size_t)job->lengths[i], &r);
    for (int i = 0; i < n; i++) {
        b->target[i] = test_below(&r, job->shape.targets);
        b->score[i] = (struct tr_score){i, 1e-4F, (uint32_t)i, 1};
    }
    return b->memory != NULL;
}

/* The histories from `first` on that one pass holds. */
static struct tr_pack pack_from(const struct bench *b, const struct job *job,
                                int first)
{
    struct tr_pack pack = {
        .seq = &b->seq[first], .score = b->score, .target = b->target};
    int rows = 0;

    for (int s = first; s < job->seqs; s++) {
        if (rows + job->lengths[s] > job->per_pack * job->length)
            break;
        rows += job->lengths[s];
        pack.n_seqs++;
    }
    pack.n_rows = rows;
    pack.n_scores = (size_t)rows;
    return pack;
}

static void step(struct bench *b, const struct job *job, int rows,
                 int64_t number)
{
    static const struct tr_adamw adamw = {1e-4, 0.9, 0.99, 1e-8, 0.2, 1, 1, 0};
    const struct tr_terms terms = {.rate_weight = 1,
                                   .rate_norm = rows,
                                   .hazard_norm = 1,
                                   .t_min_days = 0.1F,
                                   .dt_min_days = 1};
    struct tr_loss loss = {.rate = 0};
    struct tr_grads g;

    memset(b->memory, 0, b->p.n * sizeof(*b->memory));
    tr_grads_at(&b->p, b->memory, &g);
    for (int s = 0; s < job->seqs;) {
        const struct tr_pack pack = pack_from(b, job, s);

        tr_pass_run(&b->pass, &b->p.model, &pack, &terms, &g, &loss);
        s += (int)pack.n_seqs;
    }
    (void)tr_adamw_step(&b->p, b->memory + b->p.n, b->memory + 2 * b->p.n,
                        b->memory, number, &adamw);
}

static void bench(struct job *job)
{
    static struct bench b;
    struct an_arena arena;
    double best = 1e9;
    int rows = 0;

    for (int i = 0; i < job->seqs; i++)
        job->lengths[i] = job->length;
    if (job->of_file && !lengths_of_file(job)) {
        fprintf(stderr, "%s: no ANAMNESIS_DATA/delphi: not measured\n",
                job->row);
        return;
    }
    for (int i = 0; i < job->seqs; i++)
        rows += job->lengths[i];
    an_arena_init(&arena, (size_t)1 << 30);
    if (!prepare(&b, job, &arena))
        exit(EXIT_FAILURE);
    for (int i = 0; i < job->rounds; i++) {
        const double t0 = bench_now_s();
        double t;

        step(&b, job, rows, i + 1);
        t = bench_now_s() - t0;
        best = t < best ? t : best;
    }
    bench_row(job->row, rows / best, "positions/s");
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
