/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compare.h"

#include "runtime/predict_int.h"
#include "runtime/risk.h"

#include <math.h>
#include <string.h>

#define NORMAL_95 1.959964

/* Log-odds stay finite. */
static const double least_p = 1e-9;

/* ---- numbers ------------------------------------------------------------ */

static double log_odds(double p)
{
    const double q = fmin(fmax(p, least_p), 1 - least_p);

    return log(q / (1 - q));
}

static double chance(double log_odds)
{
    return 1 / (1 + exp(-log_odds));
}

void rt_supported_risk(const struct rt_supported *s, double p, double spread,
                       struct ctx_compared *out)
{
    const double at = log_odds(p) + s->shift;
    const double half = hypot(NORMAL_95 * s->error, spread);

    *out = (struct ctx_compared){.p = chance(at),
                                 .p_low = chance(at - half),
                                 .p_high = chance(at + half),
                                 .n_people = s->n_people,
                                 .n_events = s->n_events};
}

void rt_difference(const struct ctx_compared *base, struct ctx_compared *out)
{
    out->difference = out->p - base->p;
    out->difference_low =
        out->difference - hypot(out->p - out->p_low, base->p_high - base->p);
    out->difference_high =
        out->difference + hypot(out->p_high - out->p, base->p - base->p_low);
}

/* ---- one comparison ----------------------------------------------------- */

struct comparing {
    struct rt_prediction x;
    struct ctx_comparison *out;
    struct ctx_candidate *candidate;
    int32_t row[RT_MAX_CANDIDATES];
    const struct rt_procedure *procedure[RT_MAX_CANDIDATES];
    size_t n;
    float *hazard_ckj; /* log hazards with each candidate */
};

static void refuse(struct comparing *c, size_t i, enum ctx_refusal why)
{
    if (c->candidate[i].refusal == CTX_REFUSE_NONE)
        c->candidate[i].refusal = (uint8_t)why;
    if (c->out->refusal == CTX_REFUSE_NONE)
        c->out->refusal = (uint8_t)why;
}

static bool is_twice(const struct comparing *c, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (c->row[k] == c->row[i])
            return true;
    return false;
}

/* Which rows the candidates are, and who had them. */
static void find(struct comparing *c, const struct ctx_code *code)
{
    const struct rt_predictor *p = c->x.p;
    const struct rt_vocabulary *v = &p->vocabulary;

    for (size_t i = 0; i < c->n; i++) {
        const int32_t row = rt_vocabulary_find(v, code[i].system, code[i].code);

        c->row[i] = row;
        c->candidate[i].concept = code[i];
        if (row == RT_NO_ROW || (size_t)row >= v->n_targets) {
            refuse(c, i, CTX_REFUSE_UNKNOWN);
            continue;
        }
        if (v->concept[row].display.n)
        c->candidate[i].concept.display = v->concept[row].display;
        c->procedure[i] = rt_support_of(&p->support, v->concept[row].key);
        if (c->procedure[i])
            c->candidate[i].n_people = c->procedure[i]->n_people;
        if (is_twice(c, i))
            refuse(c, i, CTX_REFUSE_TWICE);
        else if (c->candidate[i].n_people < p->support.min_people)
            refuse(c, i, CTX_REFUSE_FEW_PEOPLE);
    }
}

static bool has(const struct rt_history *h, int32_t row)
{
    for (size_t i = 0; i < h->n_items; i++)
        if (h->item[i].concept == row)
            return true;
    return false;
}

/* May it be had by this patient, and is it had by people like them? */
static void look_at_overlap(struct comparing *c)
{
    const struct rt_prediction *x = &c->x;
    const float *log_rate = x->p->workspace.log_rate_qv;
    double top = -(double)INFINITY, sum = 0;

    for (size_t i = 0; i < c->n; i++) {
        const struct rt_whom *whom = &x->p->vocabulary.concept[c->row[i]].whom;

        if (!rt_plausible(whom, rt_prediction_age(x), x->encoded.sex,
                          has(&x->encoded.history, c->row[i])))
            refuse(c, i, CTX_REFUSE_IMPLAUSIBLE);
        top = fmax(top, (double)log_rate[c->row[i]]);
    }
    for (size_t i = 0; i < c->n; i++)
        sum += exp((double)log_rate[c->row[i]] - top);
    for (size_t i = 0; i < c->n; i++) {
        c->candidate[i].share = exp((double)log_rate[c->row[i]] - top) / sum;
        if (c->candidate[i].share < x->p->support.min_share)
            refuse(c, i, CTX_REFUSE_NO_OVERLAP);
    }
}

/* The window with one entry more at its last moment. */
static enum an_code append(struct comparing *c, size_t i,
                           struct rt_history *with)
{
    const struct rt_history *h = &c->x.window;
    const struct rt_vocabulary *v = &c->x.p->vocabulary;
    struct rt_position *position =
        an_arena_get(c->x.arena, h->n_positions, sizeof(*position));
    struct rt_item *item =
        an_arena_get(c->x.arena, h->n_items + 1, sizeof(*item));

    if (position == NULL || item == NULL)
        return an_fail_nomem(c->x.err);
    memcpy(position, h->position, h->n_positions * sizeof(*position));
    if (h->n_items)
        memcpy(item, h->item, h->n_items * sizeof(*item));
    position[h->n_positions - 1].n_items++;
    rt_vocabulary_item(v, c->row[i], &item[h->n_items]);
    *with = (struct rt_history){position, h->n_positions, item, h->n_items + 1};
    return AN_OK;
}

/* What is asked of one candidate: its last position, after the others. */
static enum an_code make_ask(struct comparing *c, size_t i,
                             struct rt_history *rest, struct rt_query *query)
{
    struct rt_prediction *x = &c->x;
    float *wide = an_arena_get(x->arena, x->p->n_features, sizeof(*wide));
    const size_t last = x->window.n_positions - 1;
    struct rt_history with;
    enum an_code rc;

    if (wide == NULL)
        return an_fail_nomem(x->err);
    rc = append(c, i, &with);
    if (rc == AN_OK)
        rc = rt_history_check(&with, &x->p->package->manifest.shape, x->err);
    if (rc != AN_OK)
        return rc;
    rt_wide(x->p->feature, x->p->n_features, &with, last, wide);
    *query = (struct rt_query){0, wide};
    return rt_history_from(x->arena, &with, last, rest, x->err);
}

static enum an_code pass(struct comparing *c)
{
    struct rt_prediction *x = &c->x;
    struct rt_history rest[RT_MAX_CANDIDATES];
    struct rt_query query[RT_MAX_CANDIDATES];
    struct rt_ask ask[RT_MAX_CANDIDATES];
    uint32_t n_past[RT_MAX_CANDIDATES];
    const size_t n = c->n * x->n_hazards;
    enum an_code rc = AN_OK;

    c->hazard_ckj = an_arena_get(x->arena, n, sizeof(*c->hazard_ckj));
    if (c->hazard_ckj == NULL)
        return an_fail_nomem(x->err);
    for (size_t i = 0; i < c->n && rc == AN_OK; i++) {
        ask[i] = (struct rt_ask){&rest[i], &query[i], 1};
        n_past[i] = (uint32_t)x->window.n_positions - 1;
        rc = make_ask(c, i, &rest[i], &query[i]);
    }
    if (rc == AN_OK)
        rc = rt_forward_after(&x->p->package->model, &x->p->workspace, x->past,
                              ask, n_past, c->n, RT_WANT_HAZARDS, x->err);
    if (rc == AN_OK)
        memcpy(c->hazard_ckj, x->p->workspace.log_hazard_qkj,
               n * sizeof(*c->hazard_ckj));
    return rc;
}

/* Whether what is known of all who had them bears a number. */
static enum ctx_refusal judge(const struct comparing *c,
                              const struct ctx_contrast *to,
                              const struct rt_calibration *map,
                              const struct rt_supported *risk[])
{
    const struct rt_support *s = &c->x.p->support;

    for (size_t i = 0; i < c->n; i++) {
        risk[i] =
            rt_support_risk(c->procedure[i], to->outcome, to->horizon_days);
        if (risk[i] == NULL || risk[i]->n_people < s->min_people ||
            risk[i]->n_events < s->min_events ||
            risk[i]->n_people - risk[i]->n_events < s->min_events)
            return CTX_REFUSE_FEW_EVENTS;
    }
    return map->spread > 0 ? CTX_REFUSE_NONE : CTX_REFUSE_NO_INTERVAL;
}

static enum an_code contrast(struct comparing *c, const struct rt_question *q,
                             struct ctx_contrast *to)
{
    const struct rt_manifest *m = &c->x.p->package->manifest;
    const int k = rt_predictor_outcome(c->x.p, q->outcome);
    const struct rt_calibration map =
        rt_manifest_calibration(m, (size_t)k, q->horizon_days);
    const struct rt_supported *risk[RT_MAX_CANDIDATES];
    struct ctx_compared *said = an_arena_get(c->x.arena, c->n, sizeof(*said));

    if (said == NULL)
        return an_fail_nomem(c->x.err);
    *to = (struct ctx_contrast){.outcome = q->outcome,
                                .horizon_days = q->horizon_days,
                                .abstention = q->abstention,
                                .candidate = said};
    to->refusal = (uint8_t)(q->abstention ? CTX_REFUSE_NOT_ASKED
                                          : judge(c, to, &map, risk));
    for (size_t i = 0; i < c->n && to->refusal == CTX_REFUSE_NONE; i++) {
        const float *hazard = c->hazard_ckj + i * c->x.n_hazards;
        const double p =
            rt_calibrate(&map, rt_risk(&m->shape, hazard, k, q->horizon_days));

        rt_supported_risk(risk[i], p, map.spread, &said[i]);
        if (i)
            rt_difference(&said[0], &said[i]);
    }
    return AN_OK;
}

static enum an_code contrasts(struct comparing *c,
                              const struct rt_question *question, size_t n)
{
    struct ctx_contrast *list = an_arena_get(c->x.arena, n, sizeof(*list));
    enum an_code rc = AN_OK;

    if (list == NULL)
        return an_fail_nomem(c->x.err);
    c->out->contrast = list;
    for (size_t i = 0; i < n && rc == AN_OK; i++)
        if (rt_predictor_outcome(c->x.p, question[i].outcome) >= 0)
            rc = contrast(c, &question[i], &list[c->out->n_contrasts++]);
    return rc;
}

/* From the record on: only what the package itself does not refuse. */
static enum an_code compare(struct comparing *c, const struct ctx_timeline *t,
                            int64_t now_us, const struct rt_question *question,
                            size_t n_questions)
{
    struct rt_prediction *x = &c->x;
    enum an_code rc = rt_prediction_begin(x, t, now_us);

    if (rc == AN_OK && x->out->abstention) {
        c->out->refusal = CTX_REFUSE_ABSTAINS;
        c->out->abstention = x->out->abstention;
    } else if (rc == AN_OK) {
        look_at_overlap(c);
        if (c->out->refusal == CTX_REFUSE_NONE)
            rc = pass(c);
        if (rc == AN_OK && c->out->refusal == CTX_REFUSE_NONE)
            rc = contrasts(c, question, n_questions);
    }
    rt_prediction_end(x, rc);
    return rc;
}

enum an_code rt_compare(struct rt_predictor *p, struct an_arena *arena,
                        const struct ctx_timeline *t, int64_t now_us,
                        const struct ctx_code *candidate, size_t n_candidates,
                        const struct rt_question *question, size_t n_questions,
                        struct ctx_comparison *out, struct an_err *err)
{
    struct ctx_forecast seen = {.abstention = CTX_ABSTAIN_NONE};
    struct comparing c = {
        .x = {.p = p, .arena = arena, .err = err, .out = &seen},
        .out = out,
        .n = n_candidates};

    *out = (struct ctx_comparison){.model = p->package->id,
                                   .now = an_time_us(now_us),
                                   .min_people = p->support.min_people,
                                   .min_events = p->support.min_events};
    if (n_candidates < RT_MIN_CANDIDATES || n_candidates > RT_MAX_CANDIDATES)
        return an_fail(err, AN_LIMIT, "two to eight procedures are compared",
                       0);
    c.candidate = an_arena_get(arena, n_candidates, sizeof(*c.candidate));
    if (c.candidate == NULL)
        return an_fail_nomem(err);
    out->candidate = c.candidate;
    out->n_candidates = n_candidates;
    if (p->package->manifest.demonstrator)
        out->refusal = CTX_REFUSE_DEMONSTRATOR;
    else if (p->support.min_people == 0)
        out->refusal = CTX_REFUSE_NO_SUPPORT;
    find(&c, candidate);
    return out->refusal == CTX_REFUSE_NONE
               ? compare(&c, t, now_us, question, n_questions)
               : AN_OK;
}
