/* SPDX-License-Identifier: Apache-2.0 */
/* How many conditions the differential has to name so that the next one that is
 * recorded is among them: split conformal prediction (Vovk et al. 2005; LAC,
 * Sadinle et al. 2019).
 *
 * A question counts when a candidate is recorded within TR_NEXT_HORIZON_DAYS
 * after it, and asks for the first; of several at one moment one is drawn.
 * Candidates are those of the runtime, but for sex, which a data set does not
 * have: so it names some more.  The set of a question are the candidates whose
 * share of all candidates' rates reaches the threshold.
 *
 * Coverage is of questions together, not of each kind of patient.
 *
 * Thread-safety: confined to the arena. */
#ifndef TRAINER_EVALUATE_DIFFERENTIAL_H
#define TRAINER_EVALUATE_DIFFERENTIAL_H

#include "trainer/evaluate/predict.h"

enum { TR_NEXT_HORIZON_DAYS = 365, TR_NEXT_MIN_TUNING = 50 };
#define TR_NEXT_KIND "kind|condition"
#define TR_NEXT_COVERAGE 0.9

/* The largest threshold that a share still to come reaches with that
 * probability, given n shares of the kind: of the 1 - share the
 * ceil((n + 1) coverage)th smallest is reached.  0, which names all, when there
 * are too few to say.  Sorts the shares. */
double tr_conformal_threshold(double *share, size_t n, double coverage);

struct tr_differential {
    size_t n_tune, n_test; /* questions that count */
    double threshold;      /* from tuning; NAN with fewer than
                              TR_NEXT_MIN_TUNING: then nothing is said */
    double covered;        /* of test questions; NAN when there are none */
    struct tr_interval covered_interval; /* drawing persons */
    double mean_size, mean_candidates;   /* of test questions */
};

enum an_code tr_differential(struct an_arena *arena, const struct tr_data *d,
                             const struct rt_model *model,
                             struct tr_differential *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
