/* SPDX-License-Identifier: Apache-2.0 */
/* Where training starts: biases at the rates of the cohort, so that the first
 * steps are not spent on finding out how rare things are.
 *
 * Thread-safety: immutable (a function of its arguments). */
#ifndef TRAINER_START_H
#define TRAINER_START_H

#include "trainer/cohort.h"
#include "trainer/params.h"

/* From the training patients alone: rate_bias = log(events / person-days) with
 * an event of a set of n counted as 1/n, as the loss does; hazard_bias =
 * log(events / days at risk) by outcome and bin. */
enum an_code tr_start_biases(struct tr_params *p, const struct tr_cohort *c,
                             struct an_err *err)
    __attribute__((warn_unused_result));

#endif
