/* SPDX-License-Identifier: Apache-2.0 */
/* What moved a risk: the forecast is made again without some groups of items.
 * Exact and repeatable; attention weights are not used, since they explain
 * nothing.
 *
 *     rt_forward_keep(model, &ws, &past, &ask, RT_WANT_HAZARDS, err);
 *     keep ws.log_hazard_qkj as whole_kj
 *     rt_leave_out(model, &ws, &past, arena, &history, &query, group, n,
 *                  without_gkj, err);
 *     rt_effect(&shape, whole_kj, without_gkj + g * kj, outcome, 365);
 *
 * rt_effect is what one group adds when it comes last, to all else that is on
 * record.  Of two that say the same either adds little so.  The number that is
 * said with a reason is therefore another, made of more sets of groups left
 * out: Shapley's value in the log of the hazard added up to the horizon, exact
 * for up to RT_EXACT_GROUPS groups and wherever groups act singly or in pairs,
 * else between what the group adds when it comes first and when it comes last
 * (runtime/shapley.h).
 *
 * One run serves all outcomes and horizons.  Positions before a group's first
 * item are not computed again: they are the same without it, and their keys
 * and values are those of the whole.  Each group costs the positions from its
 * first item on.  Where nearly all goes, that of which all went is the better
 * past: rt_keep_without and rt_leave_out_from.
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

/* The past of the history without a group; its log hazards are in
 * ws->log_hazard_qkj.  Failures as rt_leave_out. */
enum an_code rt_keep_without(const struct rt_model *m, struct rt_workspace *ws,
                             struct rt_past *past, struct an_arena *arena,
                             const struct rt_history *h,
                             const struct rt_query *q,
                             const struct rt_group *gone, struct an_err *err)
    __attribute__((warn_unused_result));

/* As rt_leave_out, where `past` is that of the history without `gone`: a group
 * costs the positions from the first item on that is of one of the two only. */
enum an_code rt_leave_out_from(
    const struct rt_model *m, struct rt_workspace *ws,
    const struct rt_past *past, const struct rt_group *gone,
    struct an_arena *arena, const struct rt_history *h,
    const struct rt_query *q, const struct rt_group *group, size_t n_groups,
    float *without_gkj, struct an_err *err) __attribute__((warn_unused_result));

/* Log of the hazard added up to the horizon, with the group minus without it;
 * positive when the group raises the risk. */
double rt_effect(const struct rt_shape *s, const float *whole_kj,
                 const float *without_kj, int outcome, double horizon_days);

#endif
