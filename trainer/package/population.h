/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a model was trained on, as runtime/population.h measures a distance from
 * them, and how far is too far.
 *
 * Mean and covariance are those of the wide features over the questions of the
 * training persons, each person counting the same.  The covariance is shrunk
 * towards its diagonal by as much as its correlations are noise (Schaefer and
 * Strimmer 2005, with (1 - r^2)^2 / (n - 1) for the variance of a correlation
 * of n persons), so that it has an inverse however many features there are.
 * No variance is taken for less than 1 / n: what none of n persons had is as
 * rare as one of n, and not impossible.
 *
 * The limit is what TR_POPULATION_SHARE of the tuning persons keep, one of
 * their questions being asked: it is conformal, so of new persons like them no
 * more are refused.  With fewer than 199 it is the farthest of them.
 *
 * Thread-safety: confined to the arena. */
#ifndef TRAINER_PACKAGE_POPULATION_H
#define TRAINER_PACKAGE_POPULATION_H

#include "trainer/data.h"

enum { TR_POPULATION_PERSONS = 20 }; /* in training, and in tuning */
#define TR_POPULATION_SHARE 0.995

struct tr_population {
    struct rt_population of;
    double max_distance;    /* 0, and of.n 0: too few persons, no features, or
                            nobody who differs */
    double shrunk;          /* share of the diagonal */
    size_t n_train, n_tune; /* persons with a question */
};

enum an_code tr_population(struct an_arena *arena, const struct tr_data *d,
                           struct tr_population *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
