/* SPDX-License-Identifier: Apache-2.0 */
/* Who had which procedure and what became of them: the support of a comparison
 * (runtime/support.h), counted over the training and tuning people.
 *
 * A person counts for a procedure with the first question that was asked at the
 * moment it was recorded, so with the same question that a comparison asks; for
 * an outcome and horizon, if it is known whether it came
 * (trainer/evaluate/predict.h). Who was lost before is left out, as if who was
 * lost were like who was not. Outcomes that are counted from a discharge are
 * not compared.
 *
 * The shift is that of a logistic regression of the answers with the log-odds of
 * the calibrated risks as offset and nothing but an intercept.
 *
 * What fewer than TR_SUPPORT_PEOPLE had is not listed, nor a risk of which
 * fewer people were followed, or fewer than TR_SUPPORT_EVENTS had the outcome
 * or did not: counts that small could say who they are.
 *
 * Thread-safety: confined to the arena. */
#ifndef TRAINER_PACKAGE_SUPPORT_H
#define TRAINER_PACKAGE_SUPPORT_H

#include "runtime/support.h"
#include "trainer/evaluate/judge.h"

enum { TR_SUPPORT_PEOPLE = 200, TR_SUPPORT_EVENTS = 20 };
#define TR_SUPPORT_SHARE 0.1

enum an_code tr_support(struct an_arena *arena, const struct tr_data *d,
                        const struct tr_fitted *fitted,
                        const struct tr_judgement *j, struct rt_support *out,
                        struct an_err *err) __attribute__((warn_unused_result));

/* log_odds[i] of answers y[i] of which some are 0 and some 1: the shift, and
 * its standard error. */
void tr_shift(const double *log_odds, const uint8_t *y, size_t n, double *shift,
              double *error);

#endif
