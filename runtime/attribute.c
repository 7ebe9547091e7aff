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

/* The position that holds an item; the query's for an item behind all. */
static uint32_t position_of(const struct rt_history *h,
                            const struct rt_query *q, uint32_t item)
{
    uint32_t low = 0, high = q->position;

    while (low < high) {
        const uint32_t middle = high - (high - low) / 2;

        if (h->position[middle].first_item <= item)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* The first item of either; none: UINT32_MAX. */
static uint32_t first_of(const struct rt_group *a, const struct rt_group *b)
{
    const uint32_t x = a->n_items ? a->item[0] : UINT32_MAX;
    const uint32_t y = b->n_items ? b->item[0] : UINT32_MAX;

    return x < y ? x : y;
}

/* The first item that is in one of two groups only; none: UINT32_MAX. */
static uint32_t first_difference(const struct rt_group *a,
                                 const struct rt_group *b)
{
    size_t i = 0;

    while (i < a->n_items && i < b->n_items && a->item[i] == b->item[i])
        i++;
    if (i < a->n_items && i < b->n_items)
        return a->item[i] < b->item[i] ? a->item[i] : b->item[i];
    if (i < a->n_items)
        return a->item[i];
    return i < b->n_items ? b->item[i] : UINT32_MAX;
}

/* The rest from position `first` on, which no item of the group is before. */
static enum an_code leave_out(struct an_arena *arena,
                              const struct rt_history *h,
                              const struct rt_query *q,
                              const struct rt_group *g, uint32_t first,
                              struct rest *out, struct an_err *err)
{
    const uint32_t last = q->position;
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

/* What is left of a rest behind the positions that the past has, too: those
 * before the first item that only one of the two lacks. */
static void skip_past(const struct rt_history *h, const struct rt_query *q,
                      const struct rt_group *g, const struct rt_group *gone,
                      struct rest *r)
{
    const uint32_t item = first_difference(g, gone);
    const double time_days = h->position[position_of(h, q, item)].time_days;
    uint32_t n = 0;

    while (n < r->query.position &&
           r->history.position[n].time_days < time_days)
        n++;
    r->history.position += n;
    r->history.n_positions -= n;
    r->query.position -= n;
    r->n_past += n;
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

enum an_code rt_keep_without(const struct rt_model *m, struct rt_workspace *ws,
                             struct rt_past *past, struct an_arena *arena,
                             const struct rt_history *h,
                             const struct rt_query *q,
                             const struct rt_group *gone, struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(arena);
    struct rest rest;
    enum an_code code;

    if (q->position >= h->n_positions)
        return an_fail(err, AN_TYPE, "a query is outside its history", 0);
    code = rt_group_check(gone, h, q, err);
    if (code == AN_OK)
        code = leave_out(arena, h, q, gone, 0, &rest, err);
    if (code == AN_OK) {
        const struct rt_ask ask = {&rest.history, &rest.query, 1};

        code = rt_forward_keep(m, ws, past, &ask, RT_WANT_HAZARDS, err);
    }
    an_arena_rewind(arena, mark);
    return code;
}

enum an_code rt_leave_out_from(
    const struct rt_model *m, struct rt_workspace *ws,
    const struct rt_past *past, const struct rt_group *gone,
    struct an_arena *arena, const struct rt_history *h,
    const struct rt_query *q, const struct rt_group *group, size_t n_groups,
    float *without_gkj, struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(arena);
    struct rest *rest = an_arena_get(arena, n_groups, sizeof(*rest));
    enum an_code code;

    if (rest == NULL)
        return an_fail_nomem(err);
    if (q->position >= h->n_positions)
        return an_fail(err, AN_TYPE, "a query is outside its history", 0);
    code = rt_group_check(gone, h, q, err);
    for (size_t i = 0; i < n_groups && code == AN_OK; i++) {
        const struct rt_group *g = &group[i];

        code = rt_group_check(g, h, q, err);
        if (code == AN_OK)
            code =
                leave_out(arena, h, q, g, position_of(h, q, first_of(g, gone)),
                          &rest[i], err);
        if (code == AN_OK)
            skip_past(h, q, g, gone, &rest[i]);
    }
    if (code == AN_OK)
        code = all_groups(m, ws, past, arena, rest, n_groups, without_gkj, err);
    an_arena_rewind(arena, mark);
    return code;
}

enum an_code rt_leave_out(const struct rt_model *m, struct rt_workspace *ws,
                          const struct rt_past *past, struct an_arena *arena,
                          const struct rt_history *h, const struct rt_query *q,
                          const struct rt_group *group, size_t n_groups,
                          float *without_gkj, struct an_err *err)
{
    static const struct rt_group nothing = {NULL, 0, NULL};

    return rt_leave_out_from(m, ws, past, &nothing, arena, h, q, group,
                             n_groups, without_gkj, err);
}

double rt_effect(const struct rt_shape *s, const float *whole_kj,
                 const float *without_kj, int outcome, double horizon_days)
{
    return rt_log_burden(s, whole_kj, outcome, horizon_days) -
           rt_log_burden(s, without_kj, outcome, horizon_days);
}
