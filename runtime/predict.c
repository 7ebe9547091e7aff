/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/predict_int.h"

#include "base/sort.h"
#include "runtime/rank.h"
#include "runtime/risk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_AT_ONCE = 1024 }; /* of one pass when reasons are sought */

/* Influences smaller than this share of the largest are no reasons. */
static const double smallest_share = 0.02;

/* ---- the predictor ------------------------------------------------------ */

/* Of the candidates that have to be named. */
static enum an_code read_needed(struct rt_predictor *p,
                                const struct an_json *next, struct an_err *err)
{
    const struct an_json *coverage = an_json_get(next, AN_STR("coverage"));
    const struct an_json *threshold = an_json_get(next, AN_STR("threshold"));

    if (coverage == NULL && threshold == NULL)
        return AN_OK;
    if (!an_json_double(coverage, &p->next_coverage) ||
        !(p->next_coverage > 0 && p->next_coverage < 1) ||
        !an_json_double(threshold, &p->next_threshold) ||
        !(p->next_threshold >= 0 && p->next_threshold <= 1)) {
        an_fail(err, AN_CONFIG, "coverage and threshold are shares", 0);
        if (err)
            (void)snprintf(err->where.path, sizeof(err->where.path), "next");
        return AN_CONFIG;
    }
    return AN_OK;
}

/* Predicted concepts that fall under one of the manifest's kinds. */
static enum an_code read_among(struct rt_predictor *p, struct an_arena *arena,
                               const struct an_json *next, struct an_err *err)
{
    const struct rt_vocabulary *v = &p->vocabulary;
    int64_t horizon_days = 365;

    p->among = an_arena_get(arena, v->n_targets, sizeof(*p->among));
    if (p->among == NULL)
        return an_fail_nomem(err);
    (void)an_json_i64(an_json_get(next, AN_STR("horizon_days")), &horizon_days);
    p->next_horizon_days = (uint32_t)horizon_days;
    for (const struct an_json *k =
             an_json_first(an_json_get(next, AN_STR("kinds")));
         k; k = k->next) {
        int32_t kind = rt_vocabulary_row(v, an_json_text(k));

        for (size_t row = 0; row < v->n_targets && kind >= 0; row++)
            if (v->concept[row].parent[0] == kind)
                p->among[p->n_among++] = (int32_t)row;
    }
    return read_needed(p, next, err);
}

static enum an_code check_sizes(const struct rt_predictor *p,
                                const struct rt_shape *s, struct an_err *err)
{
    if (p->vocabulary.n_concepts != (size_t)s->vocab ||
        p->vocabulary.n_targets != (size_t)s->targets ||
        p->vocabulary.n_scales != (size_t)s->value_rows ||
        p->n_features != (size_t)s->wide)
        return an_fail(err, AN_CONFIG,
                       "vocabulary and weights are not of one model", 0);
    return AN_OK;
}

enum an_code rt_predictor_init(struct rt_predictor *p, struct an_arena *arena,
                               const struct rt_package *package,
                               struct an_err *err)
{
    const struct an_json *root = package->manifest.root;
    const struct rt_shape *shape = &package->manifest.shape;
    enum an_code rc;

    *p = (struct rt_predictor){.package = package};
    rc = rt_vocabulary_read(arena, an_json_get(root, AN_STR("vocabulary")),
                            &p->vocabulary, err);
    if (rc == AN_OK)
        rc = rt_wide_read(arena, an_json_get(root, AN_STR("wide")),
                          &p->vocabulary, &p->feature, &p->n_features, err);
    if (rc == AN_OK)
        rc = rt_support_read(arena, an_json_get(root, AN_STR("procedures")),
                             &p->support, err);
    if (rc == AN_OK)
        rc = check_sizes(p, shape, err);
    if (rc == AN_OK)
        rc = read_among(p, arena, an_json_get(root, AN_STR("next")), err);
    if (rc == AN_OK)
        rc =
            rt_past_init(&p->past, arena, shape, (size_t)shape->positions, err);
    if (rc == AN_OK)
        rc =
            rt_past_init(&p->bare, arena, shape, (size_t)shape->positions, err);
    return rc == AN_OK
               ? rt_workspace_init(&p->workspace, arena, shape,
                                   (size_t)shape->positions > ROWS_AT_ONCE
                                       ? (size_t)shape->positions
                                       : ROWS_AT_ONCE,
                                   RT_MAX_REASONS, err)
               : rc;
}

int rt_predictor_outcome(const struct rt_predictor *p, struct an_str id)
{
    const struct rt_manifest *m = &p->package->manifest;

    for (int i = 0; i < m->shape.outcomes; i++)
        if (an_str_eq(m->outcome[i].id, id))
            return i;
    return -1;
}

/* ---- one forecast ------------------------------------------------------- */

/* Items of positions [from, to) go behind those of the window. */
static void append(struct rt_prediction *x, struct rt_position *position,
                   struct rt_item *item, const struct ctx_event **event,
                   size_t from, size_t to)
{
    const struct rt_history *h = &x->encoded.history;

    for (size_t i = from; i < to; i++) {
        struct rt_position *p = &position[x->window.n_positions++];

        *p = h->position[i];
        p->first_item = (uint32_t)x->window.n_items;
        for (uint32_t k = 0; k < p->n_items; k++) {
            size_t index = h->position[i].first_item + k;

            event[x->window.n_items] = x->encoded.event[index];
            item[x->window.n_items++] = h->item[index];
        }
    }
}

/* What the model can read of a long history: its first position, which says
 * who this is, and the newest others; as in training. */
static enum an_code take_window(struct rt_prediction *x)
{
    const struct rt_history *h = &x->encoded.history;
    size_t most = (size_t)x->p->package->manifest.shape.positions;
    const struct ctx_event **event;
    struct rt_position *position;
    struct rt_item *item;

    x->window = *h;
    x->event = x->encoded.event;
    if (h->n_positions <= most)
        return AN_OK;
    position = an_arena_get(x->arena, most, sizeof(*position));
    item = an_arena_get(x->arena, h->n_items, sizeof(*item));
    event =
        an_arena_get(x->arena, h->n_items, sizeof(const struct ctx_event *));
    if (position == NULL || item == NULL || event == NULL)
        return an_fail_nomem(x->err);
    x->window = (struct rt_history){position, 0, item, 0};
    append(x, position, item, event, 0, 1);
    append(x, position, item, event, h->n_positions - most + 1, h->n_positions);
    x->event = event;
    return AN_OK;
}

/* ---- reasons ------------------------------------------------------------ */

static int influence_cmp(const void *a, const void *b)
{
    const struct ctx_influence *x = a, *y = b;
    double dx = fabs(x->log_hazard), dy = fabs(y->log_hazard);

    return (dx < dy) - (dx > dy);
}

/* Newest event first: the one that a sentence is made of. */
static enum an_code events_of(struct rt_prediction *x, const struct rt_group *g,
                              struct ctx_influence *influence)
{
    const struct ctx_event **event =
        an_arena_get(x->arena, g->n_items, sizeof(const struct ctx_event *));

    if (event == NULL)
        return an_fail_nomem(x->err);
    for (size_t i = 0; i < g->n_items; i++)
        event[i] = x->event[g->item[g->n_items - 1 - i]];
    influence->event = event;
    influence->n_events = g->n_items;
    return AN_OK;
}

/* Sort, and drop what is too small to be said. */
static enum an_code keep_reasons(struct rt_prediction *x, struct ctx_risk *risk,
                                 int outcome)
{
    size_t n = x->reasons.n, kept = 0;
    double weight[RT_MAX_REASONS];
    struct ctx_influence *list = an_arena_get(x->arena, n, sizeof(*list));
    void *scratch = an_arena_get(x->arena, n / 2 + 1, sizeof(*list));

    if (list == NULL || scratch == NULL)
        return an_fail_nomem(x->err);
    rt_reasons_weigh(&x->subject, &x->reasons, outcome, risk->horizon_days,
                     weight);
    for (size_t i = 0; i < n; i++) {
        enum an_code rc = events_of(x, &x->reasons.group[i], &list[i]);

        if (rc != AN_OK)
            return rc;
        list[i].log_hazard = weight[i];
    }
    an_sort(list, n, sizeof(*list), scratch, influence_cmp);
    while (kept < n && fabs(list[kept].log_hazard) > 0 &&
           fabs(list[kept].log_hazard) >=
               smallest_share * fabs(list[0].log_hazard))
        kept++;
    risk->influence = list;
    risk->n_influences = kept;
    return AN_OK;
}

/* They are found once a forecast, for all outcomes and horizons. */
static enum an_code find_reasons(struct rt_prediction *x)
{
    struct rt_predictor *p = x->p;

    x->subject = (struct rt_subject){.model = &p->package->model,
                                     .ws = &p->workspace,
                                     .past = x->past,
                                     .bare = &p->bare,
                                     .feature = p->feature,
                                     .n_features = p->n_features,
                                     .history = &x->window,
                                     .wide = x->wide,
                                     .whole_kj = x->whole_kj};
    if (x->recalled)
        return rt_reasons_recall(x->arena, &x->subject,
                                 x->cached->answer.concept, x->cached->answer.n,
                                 x->cached->answer.without_akj, &x->reasons,
                                 x->err);
    return rt_reasons_find(x->arena, &x->subject, &x->reasons, x->err);
}

static enum an_code explain(struct rt_prediction *x, struct ctx_risk *risk,
                            int outcome)
{
    enum an_code rc = x->subject.model ? AN_OK : find_reasons(x);

    return rc == AN_OK ? keep_reasons(x, risk, outcome) : rc;
}

/* ---- numbers ------------------------------------------------------------ */

static enum an_code answer(struct rt_prediction *x, const struct rt_question *q,
                           struct ctx_risk *risk)
{
    const struct rt_manifest *m = &x->p->package->manifest;
    int outcome = rt_predictor_outcome(x->p, q->outcome);
    struct rt_calibration c;

    *risk = (struct ctx_risk){.outcome = q->outcome,
                              .horizon_days = q->horizon_days,
                              .abstention = q->abstention};
    if (x->out->abstention)
        risk->abstention = x->out->abstention;
    if (risk->abstention)
        return AN_OK;
    c = rt_manifest_calibration(m, (size_t)outcome, q->horizon_days);
    risk->p = rt_calibrate(
        &c, rt_risk(&m->shape, x->whole_kj, outcome, q->horizon_days));
    rt_calibration_interval(&c, risk->p, &risk->p_low, &risk->p_high);
    return explain(x, risk, outcome);
}

double rt_prediction_age(const struct rt_prediction *x)
{
    const struct rt_history *h = &x->encoded.history;

    return x->encoded.has_birth && h->n_positions
               ? (double)h->position[h->n_positions - 1].age_days / 365.25
               : (double)NAN;
}

/* The candidates that may be named for this patient. */
static enum an_code candidates(const struct rt_prediction *x, int32_t **row,
                               size_t *n)
{
    const struct rt_predictor *p = x->p;
    const struct rt_history *h = &x->encoded.history;
    const double age_years = rt_prediction_age(x);
    bool *has = an_arena_get(x->arena, p->vocabulary.n_concepts, sizeof(*has));

    *row = an_arena_get(x->arena, p->n_among, sizeof(**row));
    *n = 0;
    if (has == NULL || *row == NULL)
        return an_fail_nomem(x->err);
    for (size_t i = 0; i < h->n_items; i++)
        if (h->item[i].concept != RT_NO_ROW)
            has[h->item[i].concept] = true;
    for (size_t i = 0; i < p->n_among; i++) {
        const int32_t one = p->among[i];

        if (rt_plausible(&p->vocabulary.concept[one].whom, age_years,
                         x->encoded.sex, has[one]))
            (*row)[(*n)++] = one;
    }
    return AN_OK;
}

static enum an_code rank(struct rt_prediction *x)
{
    struct rt_predictor *p = x->p;
    struct rt_next next[RT_MAX_NEXT];
    struct ctx_next *list = an_arena_get(x->arena, RT_MAX_NEXT, sizeof(*list));
    int32_t *row;
    size_t n;

    if (list == NULL)
        return an_fail_nomem(x->err);
    if (candidates(x, &row, &n) != AN_OK)
        return AN_NOMEM;
    if (p->next_coverage > 0) {
        x->out->n_next_needed =
            rt_rank_needed(p->workspace.log_rate_qv, row, n, p->next_threshold);
        x->out->next_coverage = p->next_coverage;
    }
    n = rt_rank(p->workspace.log_rate_qv, row, n, p->next_horizon_days, next,
                RT_MAX_NEXT);
    for (size_t i = 0; i < n; i++) {
        const struct rt_concept *c = &p->vocabulary.concept[next[i].concept];
        struct an_str rest = c->key;

        (void)an_str_cut(&rest, '|', &list[i].concept.system);
        list[i].concept.code = rest;
        list[i].concept.display = c->display;
        list[i].p = next[i].p;
    }
    x->out->next = list;
    x->out->n_next = n;
    x->out->next_horizon_days = p->next_horizon_days;
    return AN_OK;
}

/* The model's own reasons to say nothing. */
static uint8_t look_at(const struct rt_prediction *x)
{
    const struct rt_encoded *e = &x->encoded;
    const struct rt_history *h = &e->history;
    struct rt_record_facts facts = {.n_positions = h->n_positions,
                                    .n_known = e->n_read - e->n_unknown,
                                    .n_unknown = e->n_unknown,
                                    .age_years = rt_prediction_age(x)};

    return (uint8_t)rt_abstain(&x->p->package->manifest.limits, &facts);
}

/* Which of the questions the model can answer at all. */
static size_t known_questions(const struct rt_predictor *p,
                              const struct rt_question *question, size_t n)
{
    size_t known = 0;

    for (size_t i = 0; i < n; i++)
        known += rt_predictor_outcome(p, question[i].outcome) >= 0;
    return known;
}

/* Where the pass goes on: what of the window need not be computed again. */
static uint32_t look_up(struct rt_prediction *x)
{
    uint32_t n = 0;

    x->past = &x->p->past;
    if (x->cached) {
        x->past = &x->cached->past;
        n = rt_cached_common(x->cached, &x->window);
    }
    x->past->n_positions = (int32_t)n;
    return n;
}

static enum an_code extend(struct rt_prediction *x, const struct rt_ask *ask)
{
    struct rt_predictor *p = x->p;

    if (p->passer.extend)
        return p->passer.extend(p->passer.self, &p->workspace, x->past, ask,
                                x->err);
    return rt_forward_extend(&p->package->model, &p->workspace, &x->past, ask,
                             1, RT_WANT_HAZARDS | RT_WANT_RATES, x->err);
}

static enum an_code compute(struct rt_prediction *x, struct rt_query query)
{
    struct rt_predictor *p = x->p;
    const uint32_t n = look_up(x);
    struct rt_history rest;
    struct rt_ask ask = {&rest, &query, 1};
    enum an_code rc = rt_history_from(x->arena, &x->window, n, &rest, x->err);

    query.position -= n;
    if (rc == AN_OK)
        rc = extend(x, &ask);
    if (rc == AN_OK)
        memcpy(x->whole_kj, p->workspace.log_hazard_qkj,
               x->n_hazards * sizeof(*x->whole_kj));
    return rc;
}

/* The same record was asked about in the same hour. */
static bool recall(struct rt_prediction *x)
{
    const struct rt_workspace *ws = &x->p->workspace;
    const struct rt_answer *a;

    if (x->cached == NULL || !rt_cached_same(x->cached, &x->window))
        return false;
    a = &x->cached->answer;
    x->past = &x->cached->past;
    x->recalled = a->n > 0;
    memcpy(x->whole_kj, a->whole_kj, x->n_hazards * sizeof(*x->whole_kj));
    memcpy(ws->log_rate_qv, a->log_rate_qv,
           (size_t)x->p->package->manifest.shape.targets *
               sizeof(*ws->log_rate_qv));
    return true;
}

/* The wide features of the moment, and whether they are like those of the
 * people of the training. */
static enum an_code place(struct rt_prediction *x)
{
    const struct rt_predictor *p = x->p;
    const struct rt_manifest *m = &p->package->manifest;
    double *scratch = an_arena_get(x->arena, p->n_features, sizeof(*scratch));

    x->wide = an_arena_get(x->arena, p->n_features, sizeof(*x->wide));
    if (x->wide == NULL || scratch == NULL)
        return an_fail_nomem(x->err);
    rt_wide(p->feature, p->n_features, &x->window, x->window.n_positions - 1,
            x->wide);
    x->out->abstention = (uint8_t)rt_abstain_far(
        &m->limits, rt_distance(&m->population, x->wide, scratch));
    return AN_OK;
}

static enum an_code pass(struct rt_prediction *x)
{
    struct rt_predictor *p = x->p;
    const struct rt_shape *s = &p->package->manifest.shape;
    const struct rt_query query = {(uint32_t)x->window.n_positions - 1,
                                   x->wide};
    enum an_code rc;

    x->n_hazards = (size_t)s->outcomes * (size_t)s->bins;
    x->whole_kj = an_arena_get(x->arena, x->n_hazards, sizeof(*x->whole_kj));
    if (x->whole_kj == NULL)
        return an_fail_nomem(x->err);
    rc = rt_history_check(&x->window, s, x->err);
    if (rc == AN_OK && p->cache)
        x->cached = rt_cache_take(p->cache, &x->window);
    return rc != AN_OK || recall(x) ? rc : compute(x, query);
}

/* What has happened by a nearer horizon has happened by a farther one, but each
 * is calibrated alone.  The farther has seen at least as many events, so it is
 * the nearer that gives way. */
static void order_horizons(struct ctx_risk *risk, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ctx_risk *near = &risk[i];

        for (size_t k = 0; k < n; k++) {
            const struct ctx_risk *far = &risk[k];

            if (near->abstention || far->abstention ||
                far->horizon_days <= near->horizon_days ||
                !an_str_eq(far->outcome, near->outcome))
                continue;
            near->p = near->p < far->p ? near->p : far->p;
            near->p_low = near->p_low < far->p_low ? near->p_low : far->p_low;
            near->p_high =
                near->p_high < far->p_high ? near->p_high : far->p_high;
        }
    }
}

enum an_code rt_prediction_begin(struct rt_prediction *x,
                                 const struct ctx_timeline *t, int64_t now_us)
{
    struct ctx_forecast *out = x->out;
    enum an_code rc =
        rt_encode(x->arena, &x->p->vocabulary, t, now_us, &x->encoded, x->err);

    if (rc == AN_OK)
        rc = take_window(x);
    if (rc != AN_OK)
        return rc;
    out->n_positions = (uint32_t)x->encoded.history.n_positions;
    out->unknown_share = x->encoded.n_read ? (double)x->encoded.n_unknown /
                                                 (double)x->encoded.n_read
                                           : 1;
    out->abstention = look_at(x);
    if (out->abstention == CTX_ABSTAIN_NONE)
        rc = place(x);
    if (rc == AN_OK && out->abstention == CTX_ABSTAIN_NONE)
        rc = pass(x);
    return rc;
}

/* What was computed goes to those who ask next. */
void rt_prediction_end(struct rt_prediction *x, enum an_code rc)
{
    const struct rt_answer answer = {x->whole_kj, x->p->workspace.log_rate_qv,
                                     x->reasons.concept, x->reasons.n,
                                     x->reasons.without_akj};

    if (x->cached)
        rt_cache_give(x->p->cache, x->cached, rc == AN_OK ? &x->window : NULL,
                      x->recalled ? NULL : &answer);
}

enum an_code rt_predict(struct rt_predictor *p, struct an_arena *arena,
                        const struct ctx_timeline *t, int64_t now_us,
                        const struct rt_question *question, size_t n_questions,
                        struct ctx_forecast *out, struct an_err *err)
{
    struct rt_prediction x = {.p = p, .arena = arena, .err = err, .out = out};
    size_t n = known_questions(p, question, n_questions);
    struct ctx_risk *risk = an_arena_get(arena, n, sizeof(*risk));
    enum an_code rc;

    if (risk == NULL)
        return an_fail_nomem(err);
    *out = (struct ctx_forecast){
        .model = p->package->id, .now = an_time_us(now_us), .risk = risk};
    rc = rt_prediction_begin(&x, t, now_us);
    if (rc == AN_OK && out->abstention == CTX_ABSTAIN_NONE)
        rc = rank(&x);
    for (size_t i = 0; rc == AN_OK && i < n_questions; i++)
        if (rt_predictor_outcome(p, question[i].outcome) >= 0)
            rc = answer(&x, &question[i], &risk[out->n_risks++]);
    rt_prediction_end(&x, rc);
    order_horizons(risk, out->n_risks);
    return rc;
}
