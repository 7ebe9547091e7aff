/* SPDX-License-Identifier: Apache-2.0 */
/* What moved a risk: the forecast is made again without each group of items,
 * and the difference in log hazard is the group's weight.  Exact and
 * repeatable; attention weights are not used, since they explain nothing.
 *
 *     rt_forward_keep(model, &ws, &past, &ask, RT_WANT_HAZARDS, err);
 *     keep ws.log_hazard_qkj as whole_kj
 *     rt_leave_out(model, &ws, &past, arena, &history, &query, group, n,
 *                  without_gkj, err);
 *     rt_effect(&shape, whole_kj, without_gkj + g * kj, outcome, 365);
 *
 * One run serves all outcomes and horizons.  Positions before a group's first
 * item are not computed again: they are the same without it, and their keys
 * and values are those of the whole.  Each group costs the positions from its
 * first item on.
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
    const uint32_t *item; /* indices of the history's items, rising */
    size_t n_items;
    const float *wide; /* the wide features as they were without them */
};

/* AN_TYPE for a group that names no item of what the query can see, or falls.
 */
enum an_code rt_group_check(const struct rt_group *g,
                            const struct rt_history *h,
                            const struct rt_query *q, struct an_err *err)
    __attribute__((warn_unused_result));

/* without_gkj[group]: the log hazards without it.  `past` is that of the same
 * history.  Histories share passes as far as the workspace has room; it needs
 * room for one.  AN_TYPE as rt_group_check. */
enum an_code rt_leave_out(const struct rt_model *m, struct rt_workspace *ws,
                          const struct rt_past *past, struct an_arena *arena,
                          const struct rt_history *h, const struct rt_query *q,
                          const struct rt_group *group, size_t n_groups,
                          float *without_gkj, struct an_err *err)
    __attribute__((warn_unused_result));

/* Log of the hazard added up to the horizon, with the group minus without it;
 * positive when the group raises the risk. */
double rt_effect(const struct rt_shape *s, const float *whole_kj,
                 const float *without_kj, int outcome, double horizon_days);

#endif
