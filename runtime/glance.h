/* SPDX-License-Identifier: Apache-2.0 */
/* Which groups are worth leaving out: a guess, two rows a group.
 *
 * rt_leave_out computes every position again from a group's first item on.
 * Here only two are: the newest that loses an item and keeps another, and the
 * queried one.  All others keep the keys and values that they had with the
 * group, and moments that lose all items are not looked at.  So what the group
 * does by way of other positions is missing.
 *
 * On 60 invented patients with 128 events, 48 concepts each, 12 outcomes and
 * the default model, the first 16 of rt_glance_order hold 98 % of the strongest
 * reasons of an outcome, 98 % of its three strongest and 92 % of its eight
 * strongest; the 16 concepts recorded last hold 48, 38 and 30 %.
 *
 * These numbers choose what is tried; they are never what is said.
 *
 * Thread-safety: as rt_forward.  Ownership: scratch is the arena's and is
 * given back. */
#ifndef RUNTIME_GLANCE_H
#define RUNTIME_GLANCE_H

#include "runtime/attribute.h"

/* Arguments and failures are those of rt_leave_out; the workspace needs two
 * rows for each group, and as many as the history has. */
enum an_code rt_glance(const struct rt_model *m, struct rt_workspace *ws,
                       const struct rt_past *past, struct an_arena *arena,
                       const struct rt_history *h, const struct rt_query *q,
                       const struct rt_group *group, size_t n_groups,
                       float *without_gkj, struct an_err *err)
    __attribute__((warn_unused_result));

/* Each outcome names a group in turn: order_g gets the groups that change some
 * outcome most, then those that change one second most, and so on; of equals
 * the one given first. */
enum an_code rt_glance_order(struct an_arena *arena, const struct rt_shape *s,
                             const float *whole_kj, const float *without_gkj,
                             size_t n_groups, uint32_t *order_g,
                             struct an_err *err)
    __attribute__((warn_unused_result));

#endif
