/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/attribute.h"

#include "runtime/risk.h"

#include <string.h>

/* The history up to the query without one group, from the first position on
 * that is not as it was. */
struct rest {
    struct rt_history history;
    struct rt_query query;
    uint32_t n_past;
};

enum an_code rt_group_check(const struct rt_group *g,
                            const struct rt_history *h,
                            const struct rt_query *q, struct an_err *err)
{
    const struct rt_position *last = &h->position[q->position];
    const size_t n_items = (size_t)last->first_item + last->n_items;

    for (size_t i = 0; i < g->n_items; i++)
        if (g->item[i] >= n_items || (i > 0 && g->item[i] <= g->item[i - 1]))
            return an_fail(err, AN_TYPE, "a group names no item, or falls", i);
    return AN_OK;
}

/* The position of the group's first item; the query's for an empty group. */
static uint32_t first_changed(const struct rt_history *h,
                              const struct rt_query *q,
                              const struct rt_group *g)
{
    uint32_t low = 0, high = q->position;

    if (g->n_items == 0)
        return q->position;
    while (low < high) {
        const uint32_t middle = high - (high - low) / 2;

        if (h->position[middle].first_item <= g->item[0])
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static enum an_code leave_out(struct an_arena *arena,
                              const struct rt_history *h,
                              const struct rt_query *q,
                              const struct rt_group *g, struct rest *out,
                              struct an_err *err)
{
    const uint32_t last = q->position, first = first_changed(h, q, g);
    const uint32_t at = h->position[first].first_item;
    const uint32_t end =
        h->position[last].first_item + h->position[last].n_items;
    struct rt_position *position =
        an_arena_get(arena, last - first + 1, sizeof(*position));
    struct rt_item *item = an_arena_get(arena, end - at, sizeof(*item));
    size_t n_positions = 0, next = 0;
    uint32_t n_items = 0;
    float lost_days = 0;

    if (position == NULL || item == NULL)
        return an_fail_nomem(err);
    for (uint32_t i = first; i <= last; i++) {
        struct rt_position p = h->position[i];
        const uint32_t from = p.first_item, had = p.n_items;

        p.first_item = n_items;
        for (uint32_t k = from; k < from + had; k++) {
            if (next < g->n_items && g->item[next] == k)
                next++;
            else
                item[n_items++] = h->item[k];
        }
        p.n_items = n_items - p.first_item;
        p.since_previous_days += lost_days;
        lost_days = 0;
        if (had && p.n_items == 0 && i < last)
            lost_days = p.since_previous_days;
        else
            position[n_positions++] = p;
    }
    *out = (struct rest){{position, n_positions, item, n_items},
                         {(uint32_t)n_positions - 1, g->wide},
                         first};
    return AN_OK;
}

/* As many groups as fit the workspace in one pass; *done tells how many. */
static enum an_code some_groups(const struct rt_model *m,
                                struct rt_workspace *ws,
                                const struct rt_past *past,
                                const struct rest *rest, size_t n_groups,
                                struct rt_ask *ask, uint32_t *n_past,
                                size_t *done, struct an_err *err)
{
    size_t n = 0, rows = 0;

    for (; n < n_groups && n < (size_t)ws->max_queries; n++) {
        rows += rest[n].history.n_positions;
        if (n > 0 && rows > (size_t)ws->max_rows)
            break;
        ask[n] = (struct rt_ask){&rest[n].history, &rest[n].query, 1};
        n_past[n] = rest[n].n_past;
    }
    *done = n;
    return rt_forward_after(m, ws, past, ask, n_past, n, RT_WANT_HAZARDS, err);
}

static enum an_code all_groups(const struct rt_model *m,
                               struct rt_workspace *ws,
                               const struct rt_past *past,
                               struct an_arena *arena, const struct rest *rest,
                               size_t n_groups, float *without_gkj,
                               struct an_err *err)
{
    const size_t kj = (size_t)m->shape.outcomes * (size_t)m->shape.bins;
    struct rt_ask *ask = an_arena_get(arena, n_groups, sizeof(*ask));
    uint32_t *n_past = an_arena_get(arena, n_groups, sizeof(*n_past));
    enum an_code code = AN_OK;

    if (ask == NULL || n_past == NULL)
        return an_fail_nomem(err);
    for (size_t at = 0, n; at < n_groups && code == AN_OK; at += n) {
        code = some_groups(m, ws, past, rest + at, n_groups - at, ask, n_past,
                           &n, err);
        if (code == AN_OK)
            memcpy(without_gkj + at * kj, ws->log_hazard_qkj,
                   n * kj * sizeof(*without_gkj));
    }
    return code;
}

enum an_code rt_leave_out(const struct rt_model *m, struct rt_workspace *ws,
                          const struct rt_past *past, struct an_arena *arena,
                          const struct rt_history *h, const struct rt_query *q,
                          const struct rt_group *group, size_t n_groups,
                          float *without_gkj, struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(arena);
    struct rest *rest = an_arena_get(arena, n_groups, sizeof(*rest));
    enum an_code code = AN_OK;

    if (rest == NULL)
        return an_fail_nomem(err);
    if (q->position >= h->n_positions)
        return an_fail(err, AN_TYPE, "a query is outside its history", 0);
    for (size_t i = 0; i < n_groups && code == AN_OK; i++) {
        code = rt_group_check(&group[i], h, q, err);
        if (code == AN_OK)
            code = leave_out(arena, h, q, &group[i], &rest[i], err);
    }
    if (code == AN_OK)
        code = all_groups(m, ws, past, arena, rest, n_groups, without_gkj, err);
    an_arena_rewind(arena, mark);
    return code;
}

double rt_effect(const struct rt_shape *s, const float *whole_kj,
                 const float *without_kj, int outcome, double horizon_days)
{
    return rt_log_burden(s, whole_kj, outcome, horizon_days) -
           rt_log_burden(s, without_kj, outcome, horizon_days);
}
