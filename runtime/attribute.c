/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/attribute.h"

#include "runtime/risk.h"

/* The history up to the query without one group. */
struct without {
    struct rt_history history;
    struct rt_query query;
};

static enum an_code leave_out(struct an_arena *arena,
                              const struct rt_history *h,
                              const struct rt_query *q,
                              const struct rt_group *g, struct without *out,
                              struct an_err *err)
{
    const size_t n = (size_t)q->position + 1;
    struct rt_position *position = an_arena_get(arena, n, sizeof(*position));
    struct rt_item *item = an_arena_get(arena, h->n_items, sizeof(*item));
    bool *gone = an_arena_get(arena, h->n_items, sizeof(*gone));
    size_t n_positions = 0;
    uint32_t n_items = 0;
    float lost_days = 0;

    if (position == NULL || item == NULL || gone == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < g->n_items; i++) {
        if (g->item[i] >= h->n_items)
            return an_fail(err, AN_TYPE, "a group names no item", i);
        gone[g->item[i]] = true;
    }
    for (size_t i = 0; i < n; i++) {
        struct rt_position p = h->position[i];
        const uint32_t first = p.first_item, had = p.n_items;

        p.first_item = n_items;
        for (uint32_t k = 0; k < had; k++)
            if (!gone[first + k])
                item[n_items++] = h->item[first + k];
        p.n_items = n_items - p.first_item;
        p.since_previous_days += lost_days;
        if (had && p.n_items == 0 && i + 1 < n) {
            lost_days = p.since_previous_days;
            continue;
        }
        lost_days = 0;
        position[n_positions++] = p;
    }
    out->history = (struct rt_history){position, n_positions, item, n_items};
    out->query = (struct rt_query){(uint32_t)n_positions - 1, g->wide};
    return AN_OK;
}

/* As many groups as fit the workspace in one pass; *done tells how many. */
static enum an_code some_groups(const struct rt_model *m,
                                struct rt_workspace *ws, struct an_arena *arena,
                                const struct rt_history *h,
                                const struct rt_query *q,
                                const struct rt_group *group, size_t n_groups,
                                size_t *done, struct an_err *err)
{
    const size_t length = (size_t)q->position + 1;
    size_t n = (size_t)ws->max_rows / length;
    struct without *w;
    struct rt_ask *ask;
    enum an_code code = AN_OK;

    n = n < (size_t)ws->max_queries ? n : (size_t)ws->max_queries;
    n = n < n_groups ? n : n_groups;
    if (n == 0)
        return an_fail(err, AN_LIMIT, "the workspace is too small", 0);
    w = an_arena_get(arena, n, sizeof(*w));
    ask = an_arena_get(arena, n, sizeof(*ask));
    if (w == NULL || ask == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n && code == AN_OK; i++) {
        code = leave_out(arena, h, q, &group[i], &w[i], err);
        ask[i] = (struct rt_ask){&w[i].history, &w[i].query, 1};
    }
    if (code == AN_OK)
        code = rt_forward(m, ws, ask, n, RT_WANT_HAZARDS, err);
    *done = n;
    return code;
}

enum an_code rt_attribute(const struct rt_model *m, struct rt_workspace *ws,
                          struct an_arena *arena, const struct rt_history *h,
                          const struct rt_query *q,
                          const struct rt_group *group, size_t n_groups,
                          double horizon_days, double *effect_gk,
                          struct an_err *err)
{
    const struct rt_shape *s = &m->shape;
    const size_t k = (size_t)s->outcomes, kj = k * (size_t)s->bins;
    const struct rt_ask whole = {h, q, 1};
    enum an_code code = AN_OK;
    size_t at = 0;

    if (q->position >= h->n_positions)
        return an_fail(err, AN_TYPE, "a query is outside its history", 0);
    while (at < n_groups && code == AN_OK) {
        const struct an_mark mark = an_arena_mark(arena);
        size_t n = 0;

        code =
            some_groups(m, ws, arena, h, q, group + at, n_groups - at, &n, err);
        for (size_t i = 0; i < n && code == AN_OK; i++)
            for (size_t o = 0; o < k; o++)
                effect_gk[(at + i) * k + o] = -rt_log_burden(
                    s, ws->log_hazard_qkj + i * kj, (int)o, horizon_days);
        an_arena_rewind(arena, mark);
        at += n;
    }
    if (code == AN_OK)
        code = rt_forward(m, ws, &whole, 1, RT_WANT_HAZARDS, err);
    for (size_t o = 0; o < k && code == AN_OK; o++) {
        const double all =
            rt_log_burden(s, ws->log_hazard_qkj, (int)o, horizon_days);

        for (size_t i = 0; i < n_groups; i++)
            effect_gk[i * k + o] += all;
    }
    return code;
}
