/* SPDX-License-Identifier: Apache-2.0 */
/* Where training starts: biases at the rates of the cohort, so that the first
 * steps are not spent on finding out how rare things are; and the wide branch
 * at the regression that it is, so that the trunk learns what that leaves.
 *
 * Thread-safety: immutable (a function of its arguments). */
#ifndef TRAINER_FIT_START_H
#define TRAINER_FIT_START_H

#include "trainer/dataset/cohort.h"
#include "trainer/fit/params.h"
#include "trainer/fit/settings.h"

/* From the training patients alone: rate_bias = log(events / person-days) with
 * an event of a set of n counted as 1/n, as the loss does; hazard_bias =
 * log(events / days at risk) by outcome and bin. */
enum an_code tr_start_biases(struct tr_params *p, const struct tr_cohort *c,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* Of one patient: adds to the count of each target what the above counts of it,
 * and returns the days. */
double tr_start_count(const struct tr_cohort *c, size_t patient,
                      int32_t targets, double *count);

/* After the biases: for each outcome a Poisson regression of its events on the
 * wide features, the days at risk times the hazards of the biases being what
 * is expected.  Its ridge is the one that predicts training patients best who
 * were left out, person by person, settings.wide_folds times; when none beats
 * the biases, the outcome's weights stay 0.  Questions of one person say much
 * the same, so a ridge that fits the questions best would be far too weak.
 * To choose it, at most TR_FOLD_QUERIES questions are used. */
enum { TR_FOLD_QUERIES = 20000 };
enum an_code tr_start_wide(struct tr_params *p, const struct tr_cohort *c,
                           const struct tr_settings *s, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
