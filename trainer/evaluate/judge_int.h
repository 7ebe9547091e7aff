/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a judgement, for its files.
 *
 * Thread-safety: confined. */
#ifndef TRAINER_EVALUATE_JUDGE_INT_H
#define TRAINER_EVALUATE_JUDGE_INT_H

#include "trainer/evaluate/judge.h"

/* The next-event losses of the test split, model and constant rates. */
enum an_code tr_judge_rates(struct an_arena *arena, const struct tr_data *d,
                            const struct tr_fitted *fitted,
                            struct tr_judgement *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The regression of one column, fitted on `train` with the penalty that serves
 * `tune` best; sets p of that column in tune and test.  *made is false when
 * training has too few of either answer. */
enum an_code tr_judge_regression(struct an_arena *arena,
                                 const struct tr_data *d,
                                 const struct tr_predicted *train,
                                 struct tr_predicted *tune,
                                 struct tr_predicted *test, size_t column,
                                 bool *made, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
