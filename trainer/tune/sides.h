/* SPDX-License-Identifier: Apache-2.0 */
/* The candidates beside each other: the package as it came, the same calibrated
 * on the site's tuning patients, and what tuning made of it, calibrated there
 * too.
 *
 * Which of them is taken is said by the tuning patients' log loss, the mean over
 * persons of the sum over what they were asked.  Whose answers a calibration is
 * scored on were not among those it was made of (TR_SIDE_FOLDS parts, by
 * person).  A later candidate takes the place of an earlier one when it is
 * better by more than one standard error of the difference, person by person:
 * what a small site cannot tell apart it leaves as it is.
 *
 * Thread-safety: confined to the arena. */
#ifndef TRAINER_TUNE_SIDES_H
#define TRAINER_TUNE_SIDES_H

#include "trainer/evaluate/judge.h"

enum tr_side_kind { TR_AS_IT_CAME, TR_CALIBRATED, TR_TUNED, TR_N_SIDES };
enum { TR_SIDE_FOLDS = 5 };

const char *tr_side_text(enum tr_side_kind side);

struct tr_side {
    bool there;
    const struct tr_fitted *fitted; /* its weights; keeps_calibration or not */
    struct tr_predicted tune, test; /* before calibration */
    struct rt_calibration *map;     /* [column] */
    double tuning_loss;             /* NAN without tuning patients */
};

/* Predictions and calibrations of `fitted`. */
enum an_code tr_side_make(struct an_arena *arena, const struct tr_data *d,
                          const struct tr_fitted *fitted, struct tr_side *side,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* Sets the losses of those that are there, and says which is taken. */
enum an_code tr_sides_choose(struct an_arena *arena, const struct tr_data *d,
                             struct tr_side side[TR_N_SIDES],
                             enum tr_side_kind *taken, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
