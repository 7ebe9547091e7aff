/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/predict.h"

#include "runtime/forward.h"

#include <string.h>

enum an_code tr_columns(struct an_arena *arena, const struct tr_data *d,
                        const struct tr_column **column, size_t *n,
                        struct an_err *err)
{
    const size_t outcomes = d->cohort.sizes.outcomes;
    struct tr_column *c =
        an_arena_get(arena, outcomes * TR_MAX_HORIZONS, sizeof(*c));

    if (c == NULL)
        return an_fail_nomem(err);
    *n = 0;
    *column = c;
    for (size_t k = 0; k < outcomes; k++)
        for (size_t h = 0; h < d->asked[k].n_horizons; h++)
            c[(*n)++] = (struct tr_column){k, d->asked[k].horizon_days[h]};
    return AN_OK;
}

uint8_t tr_answer(const struct tr_follow_up *f,
                  const struct tr_follow_up *death, uint32_t horizon_days)
{
    const float h = (float)horizon_days;

    if (f->to_days <= 0 || f->from_days >= h)
        return TR_UNKNOWN;
    if (f->event && f->to_days <= h)
        return TR_YES;
    if (f->to_days >= h || (death && death->event && death->to_days <= h))
        return TR_NO;
    return TR_UNKNOWN;
}

struct rt_history tr_history_until(const struct rt_history *h, size_t position,
                                   size_t most, struct rt_position *room,
                                   struct rt_item *items)
{
    const size_t n = position + 1 < most ? position + 1 : most;
    size_t n_items = 0;

    for (size_t i = 0; i < n; i++) {
        const struct rt_position *from =
            &h->position[i ? position + 1 - n + i : 0];

        room[i] = *from;
        room[i].first_item = (uint32_t)n_items;
        memcpy(items + n_items, h->item + from->first_item,
               from->n_items * sizeof(*items));
        n_items += from->n_items;
    }
    return (struct rt_history){room, n, items, n_items};
}

/* ---- one model over one split --------------------------------------------- */

struct run {
    const struct tr_data *d;
    const struct rt_model *model;
    struct tr_predicted *out;
    struct rt_workspace ws;
    struct rt_position *room;
    struct rt_item *items;
};

static enum an_code ask(struct run *r, const struct rt_history *h, size_t query,
                        size_t question, struct an_err *err)
{
    const struct tr_cohort *c = &r->d->cohort;
    const struct rt_shape *s = &r->model->shape;
    const struct rt_history until = tr_history_until(
        h, c->query[query].position, (size_t)s->positions, r->room, r->items);
    const struct rt_query q = {(uint32_t)until.n_positions - 1,
                               c->wide + query * (size_t)s->wide};
    const struct rt_ask one = {&until, &q, 1};
    enum an_code code =
        rt_forward(r->model, &r->ws, &one, 1, RT_WANT_HAZARDS, err);

    for (size_t i = 0; i < r->out->n_columns && code == AN_OK; i++) {
        const struct tr_column *column = &r->out->column[i];

        r->out->p_qc[question * r->out->n_columns + i] =
            rt_risk(s, r->ws.log_hazard_qkj, (int)column->outcome,
                    column->horizon_days);
    }
    return code;
}

static void answer(const struct tr_data *d, struct tr_predicted *out,
                   size_t query, size_t question)
{
    const struct tr_cohort_sizes *s = &d->cohort.sizes;
    const struct tr_follow_up *f = d->cohort.follow_up + query * s->outcomes;

    for (size_t i = 0; i < out->n_columns; i++)
        out->answer_qc[question * out->n_columns + i] = tr_answer(
            &f[out->column[i].outcome], s->death >= 0 ? &f[s->death] : NULL,
            out->column[i].horizon_days);
}

static enum an_code make_room(struct run *r, struct an_arena *arena,
                              enum tr_split split, struct an_err *err)
{
    const struct tr_cohort *c = &r->d->cohort;
    struct tr_predicted *out = r->out;
    size_t n = 0, items = 0;

    for (size_t i = 0; i < c->n_patients; i++) {
        n += c->patient[i].split == (uint32_t)split ? c->patient[i].n_queries
                                                    : 0;
        items = c->patient[i].n_items > items ? c->patient[i].n_items : items;
    }
    out->row = an_arena_get(arena, n, sizeof(*out->row));
    out->person = an_arena_get(arena, n, sizeof(*out->person));
    out->p_qc = an_arena_get(arena, n * out->n_columns, sizeof(*out->p_qc));
    out->answer_qc =
        an_arena_get(arena, n * out->n_columns, sizeof(*out->answer_qc));
    r->items = an_arena_get(arena, items, sizeof(*r->items));
    if (!out->row || !out->person || !out->p_qc || !out->answer_qc || !r->items)
        return an_fail_nomem(err);
    if (r->model == NULL)
        return AN_OK;
    r->room = an_arena_get(arena, (size_t)r->model->shape.positions,
                           sizeof(*r->room));
    if (r->room == NULL)
        return an_fail_nomem(err);
    return rt_workspace_init(&r->ws, arena, &r->model->shape,
                             (size_t)r->model->shape.positions, 1, err);
}

enum an_code tr_predict(struct an_arena *arena, const struct tr_data *d,
                        const struct rt_model *model, enum tr_split split,
                        struct tr_predicted *out, struct an_err *err)
{
    const struct tr_cohort *c = &d->cohort;
    struct run r = {.d = d, .model = model, .out = out};
    enum an_code code;

    *out = (struct tr_predicted){.n = 0};
    code = tr_columns(arena, d, &out->column, &out->n_columns, err);
    if (code == AN_OK)
        code = make_room(&r, arena, split, err);
    for (size_t i = 0; i < c->n_patients && code == AN_OK; i++) {
        const struct tr_patient *p = &c->patient[i];
        const struct rt_history h = tr_cohort_history(c, i);

        if (p->split != (uint32_t)split)
            continue;
        /* The cases of a person stand together. */
        out->n_persons += i == 0 || c->patient[i - 1].key != p->key;
        for (uint32_t q = 0; q < p->n_queries && code == AN_OK; q++) {
            const size_t query = p->first_query + q, at = out->n++;

            out->row[at] = (uint32_t)query;
            out->person[at] = out->n_persons - 1;
            answer(d, out, query, at);
            if (model)
                code = ask(&r, &h, query, at, err);
        }
    }
    return code;
}

size_t tr_predicted_lives(const struct tr_predicted *p, const struct tr_data *d,
                          size_t column, struct tr_life *life)
{
    const struct tr_cohort_sizes *s = &d->cohort.sizes;
    const struct tr_column *c = &p->column[column];
    const bool dies =
        s->death >= 0 && (uint32_t)s->death != (uint32_t)c->outcome;
    size_t n = 0;

    for (size_t q = 0; q < p->n; q++) {
        const struct tr_follow_up *f =
            d->cohort.follow_up + (size_t)p->row[q] * s->outcomes;

        if (!tr_life_of(&f[c->outcome], dies ? &f[s->death] : NULL,
                        (double)c->horizon_days, &life[n]))
            continue;
        life[n].risk = p->p_qc[q * p->n_columns + column];
        life[n++].question = (uint32_t)q;
    }
    return n;
}

size_t tr_predicted_points(const struct tr_predicted *p, size_t column,
                           const struct tr_life *life, const double *weight,
                           size_t n_lives, struct tr_point *point)
{
    size_t n = 0;

    for (size_t i = 0; i < n_lives; i++) {
        const size_t q = life[i].question;
        const uint8_t answer = p->answer_qc[q * p->n_columns + column];

        if (answer != TR_UNKNOWN)
            point[n++] = (struct tr_point){life[i].risk, weight[i],
                                           p->person[q], answer};
    }
    tr_points_sort(point, n);
    return n;
}
