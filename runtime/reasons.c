/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/reasons.h"

#include "runtime/glance.h"
#include "runtime/risk.h"

#include <string.h>

static size_t n_hazards(const struct rt_subject *x)
{
    return (size_t)x->model->shape.outcomes * (size_t)x->model->shape.bins;
}

static struct rt_query query_of(const struct rt_subject *x)
{
    return (struct rt_query){(uint32_t)x->history->n_positions - 1, x->wide};
}

/* ---- which --------------------------------------------------------------- */

/* The lowest concept of a position above one; RT_NO_ROW when there is none. */
static int32_t next_concept(const struct rt_history *h, size_t position,
                            int32_t above)
{
    const struct rt_position *p = &h->position[position];
    int32_t next = RT_NO_ROW;

    for (uint32_t k = p->first_item; k < p->first_item + p->n_items; k++) {
        const int32_t one = h->item[k].concept;

        if (one > above && (next == RT_NO_ROW || one < next))
            next = one;
    }
    return next;
}

static bool is_among(const int32_t *concept, size_t n, int32_t one)
{
    size_t i = 0;

    while (i < n && concept[i] != one)
        i++;
    return i < n;
}

static size_t newest_concepts(const struct rt_history *h,
                              int32_t found[RT_MAX_CONCEPTS])
{
    size_t n = 0;

    for (size_t at = h->n_positions; at-- > 0;)
        for (int32_t one = next_concept(h, at, RT_NO_ROW);
             one != RT_NO_ROW && n < RT_MAX_CONCEPTS;
             one = next_concept(h, at, one))
            if (!is_among(found, n, one))
                found[n++] = one;
    return n;
}

static enum an_code put_wide(struct an_arena *arena, const struct rt_subject *x,
                             struct rt_group *g, struct an_err *err)
{
    float *wide = an_arena_get(arena, x->n_features, sizeof(*wide));

    if (wide == NULL)
        return an_fail_nomem(err);
    rt_wide_without(x->feature, x->n_features, x->history,
                    x->history->n_positions - 1, g->item, g->n_items, x->wide,
                    wide);
    g->wide = wide;
    return AN_OK;
}

/* The items of some concepts, n > 0. */
static enum an_code make_group(struct an_arena *arena,
                               const struct rt_subject *x,
                               const int32_t *concept, size_t n,
                               struct rt_group *out, struct an_err *err)
{
    const struct rt_history *h = x->history;
    size_t n_items = 0;
    uint32_t *item;

    for (size_t i = 0; i < h->n_items; i++)
        n_items += is_among(concept, n, h->item[i].concept);
    item = an_arena_get(arena, n_items, sizeof(*item));
    if (item == NULL)
        return an_fail_nomem(err);
    n_items = 0;
    for (size_t i = 0; i < h->n_items; i++)
        if (is_among(concept, n, h->item[i].concept))
            item[n_items++] = (uint32_t)i;
    *out = (struct rt_group){item, n_items, NULL};
    return put_wide(arena, x, out, err);
}

/* All of them, those first that seem to matter most. */
static enum an_code look(struct an_arena *arena, const struct rt_subject *x,
                         const struct rt_group *group, size_t n,
                         uint32_t *order, struct an_err *err)
{
    const struct rt_query q = query_of(x);
    float *without_gkj =
        an_arena_get(arena, n * n_hazards(x), sizeof(*without_gkj));
    enum an_code code;

    if (without_gkj == NULL)
        return an_fail_nomem(err);
    code = rt_glance(x->model, x->ws, x->past, arena, x->history, &q, group, n,
                     without_gkj, err);
    return code == AN_OK ? rt_glance_order(arena, &x->model->shape, x->whole_kj,
                                           without_gkj, n, order, err)
                         : code;
}

static size_t most_reasons(const struct rt_history *h)
{
    const size_t n = RT_REASON_ROWS / h->n_positions;

    return n > RT_MAX_REASONS   ? RT_MAX_REASONS
           : n < RT_MIN_REASONS ? RT_MIN_REASONS
                                : n;
}

static enum an_code choose(struct an_arena *arena, const struct rt_subject *x,
                           struct rt_reasons *out, struct an_err *err)
{
    int32_t concept[RT_MAX_CONCEPTS];
    struct rt_group group[RT_MAX_CONCEPTS];
    uint32_t order[RT_MAX_CONCEPTS];
    const size_t n = newest_concepts(x->history, concept);
    const size_t most = most_reasons(x->history);
    enum an_code code = AN_OK;

    for (size_t i = 0; i < n && code == AN_OK; i++) {
        order[i] = (uint32_t)i;
        code = make_group(arena, x, &concept[i], 1, &group[i], err);
    }
    if (code == AN_OK && n > most)
        code = look(arena, x, group, n, order, err);
    if (code != AN_OK)
        return code;
    out->n = n < most ? n : most;
    for (size_t i = 0; i < out->n; i++) {
        out->concept[i] = concept[order[i]];
        out->group[i] = group[order[i]];
    }
    return AN_OK;
}

/* ---- what they weigh ----------------------------------------------------- */

static enum an_code make_set(struct an_arena *arena, const struct rt_subject *x,
                             const struct rt_reasons *r, uint32_t set,
                             struct rt_group *out, struct an_err *err)
{
    int32_t chosen[RT_MAX_REASONS];
    size_t n = 0;

    for (size_t g = 0; g < r->n; g++) {
        const int32_t one = r->concept[g];

        if (set >> g & 1)
            chosen[n++] = one;
    }
    return make_group(arena, x, chosen, n, out, err);
}

enum an_code rt_reasons_without(struct an_arena *arena,
                                const struct rt_subject *x,
                                const struct rt_reasons *r,
                                const uint32_t *absent, size_t n_absent,
                                float *without_akj, struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(arena);
    const struct rt_query q = query_of(x);
    struct rt_group *group = an_arena_get(arena, n_absent, sizeof(*group));
    enum an_code code = group ? AN_OK : an_fail_nomem(err);

    for (size_t a = 0; a < n_absent && code == AN_OK; a++)
        code = make_set(arena, x, r, absent[a], &group[a], err);
    if (code == AN_OK)
        code = rt_leave_out(x->model, x->ws, x->past, arena, x->history, &q,
                            group, n_absent, without_akj, err);
    an_arena_rewind(arena, mark);
    return code;
}

/* Without all, and then without all but one: the last of rt_absences, from the
 * past of what is left when all are gone. */
static enum an_code bring_back(struct an_arena *arena,
                               const struct rt_subject *x,
                               const struct rt_reasons *r,
                               const uint32_t *absent, float *without_akj,
                               struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(arena);
    const struct rt_query q = query_of(x);
    struct rt_group all, but[RT_MAX_REASONS];
    enum an_code code = make_set(arena, x, r, absent[r->n], &all, err);

    for (size_t g = 0; g < r->n && code == AN_OK; g++)
        code = make_set(arena, x, r, absent[g], &but[g], err);
    if (code == AN_OK)
        code = rt_keep_without(x->model, x->ws, x->bare, arena, x->history, &q,
                               &all, err);
    if (code == AN_OK) {
        memcpy(without_akj + r->n * n_hazards(x), x->ws->log_hazard_qkj,
               n_hazards(x) * sizeof(*without_akj));
        code = rt_leave_out_from(x->model, x->ws, x->bare, &all, arena,
                                 x->history, &q, but, r->n, without_akj, err);
    }
    an_arena_rewind(arena, mark);
    return code;
}

enum an_code rt_reasons_find(struct an_arena *arena, const struct rt_subject *x,
                             struct rt_reasons *out, struct an_err *err)
{
    uint32_t absent[RT_MAX_ABSENCES];
    float *without_akj;
    enum an_code code;
    size_t n;

    *out = (struct rt_reasons){.n = 0};
    code = choose(arena, x, out, err);
    if (code != AN_OK)
        return code;
    n = rt_absences(out->n, absent);
    without_akj = an_arena_get(arena, n * n_hazards(x), sizeof(*without_akj));
    out->without_akj = without_akj;
    if (without_akj == NULL)
        return an_fail_nomem(err);
    if (out->n <= RT_EXACT_GROUPS)
        return rt_reasons_without(arena, x, out, absent, n, without_akj, err);
    code = rt_reasons_without(arena, x, out, absent, out->n, without_akj, err);
    return code == AN_OK ? bring_back(arena, x, out, absent + out->n,
                                      without_akj + out->n * n_hazards(x), err)
                         : code;
}

enum an_code rt_reasons_recall(struct an_arena *arena,
                               const struct rt_subject *x,
                               const int32_t *concept, size_t n,
                               const float *without_akj, struct rt_reasons *out,
                               struct an_err *err)
{
    enum an_code code = AN_OK;

    *out = (struct rt_reasons){.n = n, .without_akj = without_akj};
    memcpy(out->concept, concept, n * sizeof(*concept));
    for (size_t g = 0; g < n && code == AN_OK; g++)
        code = make_group(arena, x, &concept[g], 1, &out -> group[g], err);
    return code;
}

void rt_reasons_weigh(const struct rt_subject *x, const struct rt_reasons *r,
                      int outcome, double horizon_days, double *weight_g)
{
    const struct rt_shape *s = &x->model->shape;
    uint32_t absent[RT_MAX_ABSENCES];
    double value_a[RT_MAX_ABSENCES];
    const size_t n = rt_absences(r->n, absent);

    for (size_t a = 0; a < n; a++)
        value_a[a] = rt_log_burden(s, r->without_akj + a * n_hazards(x),
                                   outcome, horizon_days);
    rt_shapley(r->n, rt_log_burden(s, x->whole_kj, outcome, horizon_days),
               value_a, weight_g);
}
