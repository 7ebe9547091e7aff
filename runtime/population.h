/* SPDX-License-Identifier: Apache-2.0 */
/* How far somebody lies from the people that a model was trained on: the
 * Mahalanobis distance (1936) of the wide features (runtime/wide.h) from their
 * mean,
 *
 *     d(x) = sqrt((x - mean)' S^-1 (x - mean)),    S = L L'
 *
 * S is the covariance over the training people at their questions, shrunk
 * towards its diagonal (trainer/package/population.h).  The package has its
 * Cholesky factor L, so that a distance is one triangular solve, n^2 / 2
 * multiplications:
 *
 *     "population": {"mean": [n numbers],
 *                    "factor": [n (n + 1) / 2 numbers: the rows of L]}
 *
 * Thread-safety: immutable once read.  Ownership: the arena it was read into. */
#ifndef RUNTIME_POPULATION_H
#define RUNTIME_POPULATION_H

#include "base/json.h"
#include "base/json_out.h"

#include <stddef.h>

struct rt_population {
    size_t n; /* features; 0: the model does not say whom it was trained on */
    const double *mean;   /* [n] */
    const double *factor; /* [n (n + 1) / 2]; what is on the diagonal is > 0 */
};

/* The member above.  AN_CONFIG for other sizes than n features have, for what
 * is no finite number, and for a factor that is none of a positive definite
 * matrix; err->where.path says which. */
enum an_code rt_population_read(struct an_arena *arena,
                                const struct an_json *json, size_t n,
                                struct rt_population *p, struct an_err *err)
    __attribute__((warn_unused_result));

/* Its name and its value; nothing when n is 0. */
void rt_population_write(struct an_json_out *w, const struct rt_population *p);

/* Not below 0; 0 when n is 0; not finite when a feature is not.  `scratch` has
 * room for n. */
double rt_distance(const struct rt_population *p, const float *wide,
                   double *scratch);

#endif
