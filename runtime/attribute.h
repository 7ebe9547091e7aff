/* SPDX-License-Identifier: Apache-2.0 */
/* What moved a risk: the forecast is made again without each group of items,
 * and the difference in log hazard is the group's weight.  Exact and
 * repeatable; attention weights are not used, since they explain nothing.
 *
 * A moment that loses all its items is as if it had not been recorded, but for
 * the queried one, which stays as the moment of the question.
 *
 * Thread-safety: as rt_forward.  Ownership: scratch is the arena's and is
 * given back. */
#ifndef RUNTIME_ATTRIBUTE_H
#define RUNTIME_ATTRIBUTE_H

#include "runtime/forward.h"

struct rt_group {
    const uint32_t *item; /* indices of the history's items */
    size_t n_items;
    const float *wide; /* the wide features as they were without them */
};

/* effect_gk[group][outcome]: log of the hazard added up to the horizon, with
 * the group minus without it; positive when the group raises the risk.
 * Histories share passes as far as the workspace has room; it needs room for
 * one.  Leaves the forecast of the whole history in ws. */
enum an_code rt_attribute(const struct rt_model *m, struct rt_workspace *ws,
                          struct an_arena *arena, const struct rt_history *h,
                          const struct rt_query *q,
                          const struct rt_group *group, size_t n_groups,
                          double horizon_days, double *effect_gk,
                          struct an_err *err)
    __attribute__((warn_unused_result));

#endif
