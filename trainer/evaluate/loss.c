/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/loss.h"

#include "runtime/forward.h"
#include "trainer/fit/feed.h"

#include <math.h>

/* ---- outcomes -------------------------------------------------------------- */

struct asker {
    const struct tr_data *d;
    const struct rt_model *model;
    struct rt_workspace ws;
    struct rt_position *room;
    struct rt_item *items;
    struct tr_person_loss *to; /* whose question it is */
};

static double loss_of(const struct rt_shape *s, const float *log_hazard_kj,
                      const struct tr_follow_up *f)
{
    float exposure[RT_MAX_BINS], event[RT_MAX_BINS];
    double loss = 0;

    for (int k = 0; k < s->outcomes; k++) {
        tr_follow_up_bins(&f[k], s, exposure, event);
        for (int j = 0; j < s->bins; j++) {
            const double log_hazard = (double)log_hazard_kj[k * s->bins + j];

            loss += (double)exposure[j] * exp(log_hazard) -
                    (double)event[j] * log_hazard;
        }
    }
    return loss;
}

static enum an_code ask(struct asker *a, const struct rt_history *h,
                        size_t query, struct an_err *err)
{
    const struct tr_cohort *c = &a->d->cohort;
    const struct rt_shape *s = &a->model->shape;
    const struct rt_history until = tr_history_until(
        h, c->query[query].position, (size_t)s->positions, a->room, a->items);
    const struct rt_query q = {(uint32_t)until.n_positions - 1,
                               c->wide + query * (size_t)s->wide};
    const struct rt_ask one = {&until, &q, 1};
    enum an_code code =
        rt_forward(a->model, &a->ws, &one, 1, RT_WANT_HAZARDS, err);

    if (code != AN_OK)
        return code;
    a->to->weight += (double)c->query[query].weight;
    a->to->outcomes += (double)c->query[query].weight *
                       loss_of(s, a->ws.log_hazard_qkj,
                               c->follow_up + query * (size_t)s->outcomes);
    return AN_OK;
}

static enum an_code asker_init(struct asker *a, struct an_arena *arena,
                               struct an_err *err)
{
    const struct tr_cohort *c = &a->d->cohort;
    const size_t positions = (size_t)a->model->shape.positions;
    size_t items = 0;

    for (size_t i = 0; i < c->n_patients; i++)
        items = c->patient[i].n_items > items ? c->patient[i].n_items : items;
    a->room = an_arena_get(arena, positions, sizeof(*a->room));
    a->items = an_arena_get(arena, items, sizeof(*a->items));
    if (a->room == NULL || a->items == NULL)
        return an_fail_nomem(err);
    return rt_workspace_init(&a->ws, arena, &a->model->shape, positions, 1,
                             err);
}

/* Whose case a patient of the split is; the cases of a person stand together. */
struct persons {
    const struct tr_data *d;
    enum tr_split split;
    uint32_t n;
};

static bool next_case(struct persons *p, size_t patient)
{
    const struct tr_patient *one = &p->d->cohort.patient[patient];

    if (one->split != (uint32_t)p->split)
        return false;
    p->n += patient == 0 || one[-1].key != one->key;
    return true;
}

static enum an_code outcomes(struct an_arena *arena, const struct tr_data *d,
                             const struct rt_model *model, enum tr_split split,
                             struct tr_person_losses *out, struct an_err *err)
{
    struct asker a = {.d = d, .model = model};
    struct persons persons = {d, split, 0};
    enum an_code code =
        model->shape.outcomes ? asker_init(&a, arena, err) : AN_OK;

    for (size_t i = 0; i < d->cohort.n_patients && code == AN_OK; i++) {
        const struct tr_patient *p = &d->cohort.patient[i];
        const struct rt_history h = tr_cohort_history(&d->cohort, i);

        if (!next_case(&persons, i) || model->shape.outcomes == 0)
            continue;
        a.to = &out->person[persons.n - 1];
        for (uint32_t q = 0; q < p->n_queries && code == AN_OK; q++)
            code = ask(&a, &h, p->first_query + q, err);
        out->n_questions += p->n_queries;
    }
    return code;
}

/* ---- the next event -------------------------------------------------------- */

/* The last rows' scores alone. */
static void keep_last(struct tr_pack *pack)
{
    while (pack->n_scores &&
           pack->score->row < pack->n_rows - TR_LOSS_POSITIONS) {
        pack->score++;
        pack->n_scores--;
    }
}

static void score_all(struct tr_feed *feed, struct tr_pass *pass,
                      const struct tr_data *d, const struct tr_fitted *fitted,
                      enum tr_split split, struct tr_person_losses *out)
{
    const struct tr_feed_how how = {.training = false};
    const struct tr_terms terms = {.rate_weight = 1,
                                   .rate_norm = 1,
                                   .hazard_weight = 1,
                                   .hazard_norm = 1,
                                   .t_min_days = (float)fitted->t_min_days};
    struct persons persons = {d, split, 0};

    for (size_t i = 0; i < d->cohort.n_patients; i++) {
        struct tr_loss loss = {.rate = 0};

        if (!next_case(&persons, i))
            continue;
        tr_feed_begin(feed, 0);
        (void)tr_feed_add(feed, i, &how); /* an empty pack has room */
        keep_last(&feed->pack);
        if (feed->pack.n_scores)
            tr_pass_run(pass, &fitted->model, &feed->pack, &terms, NULL, &loss);
        out->person[persons.n - 1].next_event += loss.rate;
        out->person[persons.n - 1].positions += (double)feed->pack.n_scores;
    }
}

static enum an_code next_event(const struct tr_data *d,
                               const struct tr_fitted *fitted,
                               enum tr_split split,
                               struct tr_person_losses *out, struct an_err *err)
{
    const struct rt_shape *s = &fitted->model.shape;
    struct tr_pass pass;
    struct tr_feed feed;
    enum an_code code = tr_feed_init(&feed, &d->cohort, s, s->positions, err);

    if (code != AN_OK)
        return code;
    code = tr_pass_init(&pass, s, s->positions, s->positions,
                        (int32_t)feed.max_queries, err);
    if (code == AN_OK) {
        score_all(&feed, &pass, d, fitted, split, out);
        tr_pass_release(&pass);
    }
    tr_feed_release(&feed);
    return code;
}

enum an_code tr_person_losses_of(struct an_arena *arena,
                                 const struct tr_data *d,
                                 const struct tr_fitted *fitted,
                                 enum tr_split split,
                                 struct tr_person_losses *out,
                                 struct an_err *err)
{
    struct persons persons = {d, split, 0};
    enum an_code code;

    for (size_t i = 0; i < d->cohort.n_patients; i++)
        (void)next_case(&persons, i);
    *out = (struct tr_person_losses){.n_persons = persons.n};
    out->person = an_arena_get(arena, persons.n, sizeof(*out->person));
    if (out->person == NULL)
        return an_fail_nomem(err);
    code = outcomes(arena, d, &fitted->model, split, out, err);
    return code == AN_OK ? next_event(d, fitted, split, out, err) : code;
}

enum an_code tr_losses_of(struct an_arena *arena, const struct tr_data *d,
                          const struct tr_fitted *fitted, enum tr_split split,
                          struct tr_losses *out, struct an_err *err)
{
    struct tr_person_loss sum = {.weight = 0};
    struct tr_person_losses by;
    enum an_code code = tr_person_losses_of(arena, d, fitted, split, &by, err);

    *out = (struct tr_losses){.n_questions = 0};
    if (code != AN_OK)
        return code;
    for (uint32_t i = 0; i < by.n_persons; i++) {
        sum.outcomes += by.person[i].outcomes;
        sum.weight += by.person[i].weight;
        sum.next_event += by.person[i].next_event;
        sum.positions += by.person[i].positions;
    }
    out->n_questions = by.n_questions;
    out->n_positions = (size_t)sum.positions;
    out->outcomes = sum.weight > 0 ? sum.outcomes / sum.weight : (double)NAN;
    out->next_event =
        sum.positions > 0 ? sum.next_event / sum.positions : (double)NAN;
    return code;
}
