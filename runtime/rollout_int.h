/* SPDX-License-Identifier: Apache-2.0 */
/* What rollout.c and rollout_step.c share. */
#ifndef RUNTIME_ROLLOUT_INT_H
#define RUNTIME_ROLLOUT_INT_H

#include "runtime/rollout.h"

/* A product of one or two rows has other bits than one of three. */
enum { RT_LEAST_ROWS = 3 };

/* Where a future is: days from the end of the history, and of its last
 * admission, as runtime/encode.c counts them. */
struct rt_stay {
    double day, admitted_day;
    bool admitted;
    size_t n_own; /* positions whose keys and values are kept */
};

/* The places live[0..n) go on by r->position and r->item of each; their log
 * rates are in the workspace, in that order.  AN_TYPE. */
enum an_code rt_rollout_step(struct rt_rollout *r, const struct rt_model *m,
                             size_t n, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
