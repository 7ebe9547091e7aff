/* SPDX-License-Identifier: Apache-2.0 */
/* Of each person a case with the record's own questions, one for the question
 * at which a study begins to watch, and one for each question between events. */
#include "trainer/dataset/dataset_int.h"
#include "trainer/random.h"

/* When the record begins. */
static int64_t first_us(const struct tr_past *p)
{
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < p->t.n_events; i++) {
        const struct ctx_event *e = p->t.event[i];

        if (e->kind != CTX_BIRTH && e->kind != CTX_SEX &&
            rt_known_us(e) < first)
            first = rt_known_us(e);
    }
    return first;
}

/* The position that rt_encode adds for the moment asked says nothing here. */
static void drop_question(struct rt_history *h)
{
    if (h->n_positions && h->position[h->n_positions - 1].n_items == 0)
        h->n_positions--;
}

static void count_case(struct tr_dataset *d, const struct tr_outcomes *o,
                       const struct tr_case *one, const struct rt_encoded *e)
{
    struct tr_dataset_counts *c = &d->counts;

    c->positions[one->split] += one->history.n_positions;
    c->items[one->split] += one->history.n_items;
    c->queries[one->split] += one->labels.n_queries;
    c->corrected += one->labels.n_corrected;
    c->n_read += e->n_read;
    c->n_unknown += e->n_unknown;
    for (size_t i = 0; i < one->labels.n_queries * o->n; i++) {
        const struct tr_follow_up *f = &one->labels.follow_up[i];
        const struct adv_outcome *what = &o->outcome[i % o->n];
        struct tr_outcome_count *at = &c->outcome[i % o->n][one->split];

        at->at_risk += f->to_days > 0;
        at->events += f->event;
        for (size_t h = 0; h < what->n_horizons; h++)
            at->by_horizon[h] +=
                f->event && f->to_days <= (float)what->horizon_days[h];
    }
}

/* The case with the questions that the record itself asks, if there is one. */
static enum an_code make_case(struct tr_maker *m, const struct tr_ranked *who,
                              const struct tr_past *p, struct an_err *err)
{
    struct tr_case *one = &m->out->one[m->out->n];
    /* The first question of who is watched is a case of its own. */
    struct tr_label_how how = {.outcomes = m->outcomes,
                               .vocabulary = &m->out->vocabulary,
                               .max_asked = m->how->max_asked,
                               .key = tr_key(who->key, TR_DRAW_WINDOW),
                               .from_us = p->from_us + p->watched,
                               .end_us = p->end_us};
    const bool asks = !p->watched || how.max_asked > 0;
    struct rt_encoded e;
    double origin;
    enum an_code code =
        rt_encode(m->arena, &m->out->vocabulary, &p->t, p->read_us, &e, err);

    if (code != AN_OK)
        return code;
    drop_question(&e.history);
    origin = (double)e.origin_us;
    *one = (struct tr_case){.key = who->key,
                            .split = (enum tr_split)who->split,
                            .history = e.history};
    one->start_days = ((double)p->from_us - origin) / TR_US_PER_DAY;
    one->start_days = one->start_days > 0 ? one->start_days : 0;
    one->end_days = (double)(p->end_us - e.origin_us) / TR_US_PER_DAY;
    if (e.history.n_positions == 0 || one->end_days <= one->start_days)
        return AN_OK;
    if (asks)
        code = tr_labels_make(m->arena, &m->scratch, &how, p->all, p->n_all,
                              &p->t, &e, &one->labels, err);
    if (code == AN_OK) {
        count_case(m->out, m->outcomes, one, &e);
        m->out->n++;
    }
    return code;
}

/* A case with one question: the record as it was at the moment, if anything
 * can be asked then. */
static enum an_code ask_at(struct tr_maker *m, const struct tr_ranked *who,
                           const struct tr_past *p, int64_t at_us,
                           struct an_err *err)
{
    const struct tr_outcomes *o = m->outcomes;
    struct tr_follow_up *f = an_arena_get(m->arena, o->n, sizeof(*f));
    struct tr_query *query = an_arena_get(m->arena, 1, sizeof(*query));
    struct tr_case *one = &m->out->one[m->out->n];
    struct ctx_timeline then;
    struct rt_encoded e;
    bool any = false;
    enum an_code code;

    if (f == NULL || query == NULL)
        return an_fail_nomem(err);
    an_arena_reset(&m->scratch);
    code = ctx_timeline_build(&m->scratch, p->all, p->n_all, at_us, &then, err);
    if (code == AN_OK)
        code = rt_encode(m->arena, &m->out->vocabulary, &then, at_us, &e, err);
    /* Of who is watched also that nothing is known yet. */
    if (code != AN_OK || (e.history.n_items == 0 && !p->watched))
        return code;
    for (size_t k = 0; k < o->n; k++) {
        f[k] = tr_label_one(&o->outcome[k], &p->t, at_us, p->end_us);
        any |= f[k].to_days > 0;
    }
    if (!any)
        return AN_OK;
    *query = (struct tr_query){(uint32_t)e.history.n_positions - 1, 1};
    *one = (struct tr_case){.key = who->key,
                            .split = (enum tr_split)who->split,
                            .history = e.history,
                            .labels = {query, f, 1, 0}};
    /* No rates are learned from it. */
    one->start_days = one->end_days =
        e.history.position[e.history.n_positions - 1].time_days;
    count_case(m->out, o, one, &e);
    m->out->n++;
    return AN_OK;
}

/* A question when nothing happened. */
static enum an_code ask_between(struct tr_maker *m, const struct tr_ranked *who,
                                const struct tr_past *p, uint32_t i,
                                struct an_err *err)
{
    const double lot = tr_draw_uniform(tr_key(who->key, TR_DRAW_ITEMS), i);
    const int64_t first = first_us(p);
    const int64_t from_us = first > p->from_us ? first : p->from_us;

    if (from_us >= p->end_us)
        return AN_OK;
    return ask_at(m, who, p,
                  from_us + (int64_t)(lot * (double)(p->end_us - from_us)),
                  err);
}

static enum an_code make_person(struct tr_maker *m, const struct tr_ranked *who,
                                struct an_err *err)
{
    const size_t n = m->out->n;
    struct tr_past p;
    bool used;
    enum an_code code = tr_past_read(m, who->person, &p, err);

    if (code != AN_OK)
        return code;
    m->out->counts.no_birth += !p.has_birth;
    if (!p.has_birth)
        return AN_OK;
    code = make_case(m, who, &p, err);
    used = m->out->n > n;
    if (code == AN_OK && p.watched)
        code = ask_at(m, who, &p, p.from_us, err);
    for (uint32_t k = 0; used && k < m->how->between && code == AN_OK; k++)
        code = ask_between(m, who, &p, k, err);
    m->out->counts.patients[who->split] += m->out->n > n;
    m->out->counts.outside += m->out->n == n;
    return code;
}

/* Whether there is somebody to learn from, and to test on. */
static enum an_code check_splits(const struct tr_maker *m, struct an_err *err)
{
    const struct tr_dataset *d = m->out;
    const struct tr_dataset_how *how = m->how;

    if (d->n == 0)
        return an_fail(err, AN_MISSING, "no patient is left", 0);
    if (how->like.p == NULL && d->counts.patients[TR_TRAIN] == 0)
        return an_fail(err, AN_MISSING, "no patient is left to train on", 0);
    if (how->n_folds && d->counts.patients[TR_TEST] == 0)
        return an_fail(err, AN_MISSING, "no patient is in that fold", 0);
    return AN_OK;
}

enum an_code tr_cases_make(struct tr_maker *m, struct an_err *err)
{
    struct tr_dataset *d = m->out;
    enum an_code code = AN_OK;

    d->one =
        an_arena_get(m->arena, m->people->n_persons * (2 + m->how->between),
                     sizeof(*d->one));
    d->counts.outcome =
        an_arena_get(m->arena, m->outcomes->n, sizeof(*d->counts.outcome));
    if (d->one == NULL || d->counts.outcome == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < m->people->n_persons && code == AN_OK; i++)
        code = make_person(m, &m->rank[i], err);
    return code == AN_OK ? check_splits(m, err) : code;
}
