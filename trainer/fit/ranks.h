/* SPDX-License-Identifier: Apache-2.0 */
/* Several processes that train one model together, as mpirun starts them:
 *
 *     mpirun -n 2 anamnesis-train fit --threads 4 ...
 *
 * Each has a stretch of the workers (trainer/fit/team.h), and sums are made
 * worker by worker in one order, whoever has them: what comes out is, bit for
 * bit, what one process with as many threads has.
 *
 * Without MPI at configure (ranks_alone.c), or not started by mpirun, there is one.
 * A process that is lost takes the others with it: --resume goes on from the last
 * checkpoint.
 *
 * Thread-safety: confined to the main thread. */
#ifndef TRAINER_FIT_RANKS_H
#define TRAINER_FIT_RANKS_H

#include "base/err.h"

struct tr_ranks {
    int rank, n;
};

/* AN_UNSUPPORTED when mpirun has started us, and we have no MPI. */
enum an_code tr_ranks_begin(struct tr_ranks *r, struct an_err *err)
    __attribute__((warn_unused_result));
/* All have ended well; or this one has not, and the others are stopped. */
void tr_ranks_end(const struct tr_ranks *r, bool well);

/* Everybody gets what `owner` has at `bytes`. */
void tr_ranks_share(const struct tr_ranks *r, int owner, void *bytes, size_t n);

/* A sum that goes from rank to rank: `add(ctx, first, n, sum)` adds what this rank
 * has of floats [first, first + n), to 0 at the first.  In the end everybody has
 * all n of it in `sum`. */
typedef void tr_ranks_add(void *ctx, size_t first, size_t n, float *sum);
void tr_ranks_sum(const struct tr_ranks *r, float *sum, size_t n,
                  tr_ranks_add *add, void *ctx);

#endif
