/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/differential.h"

#include "runtime/forward.h"
#include "runtime/plausible.h"
#include "trainer/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_PER_YEAR 365.25

enum { DRAW_KEY = 73, RESAMPLE_KEY = 74 };

double tr_conformal_threshold(double *share, size_t n, double coverage)
{
    /* Less a little, since (n + 1) * .9 of n = 9 is above 9 in floating point.
     */
    const double k = ceil((double)(n + 1) * coverage - 1e-9);

    if (k > (double)n)
        return 0;
    qsort(share, n, sizeof(*share), tr_double_cmp);
    return share[n - (size_t)k];
}

/* ---- one split ------------------------------------------------------------- */

struct walk {
    const struct tr_data *d;
    const struct rt_model *model;
    struct rt_workspace ws;
    struct rt_position *room;
    struct rt_item *items;
    struct rt_whom *whom; /* of each target; age_to 0: never a candidate */
    bool *has;            /* of the patient, up to the question */
    int32_t *candidate;
    bool *is_candidate;
    size_t n_candidates;
    double threshold; /* sizes are by it */
};

/* What came of a question. */
struct named {
    double share; /* of the one that was recorded */
    uint32_t person, size, n_candidates;
};

static enum an_code walk_init(struct walk *w, struct an_arena *arena,
                              struct an_err *err)
{
    const struct rt_shape *s = &w->model->shape;
    const struct tr_cohort *c = &w->d->cohort;
    const struct an_json *concept = an_json_first(an_json_get(
        an_json_get(w->d->root, AN_STR("vocabulary")), AN_STR("concepts")));
    size_t items = 0;

    for (size_t i = 0; i < c->n_patients; i++)
        items = c->patient[i].n_items > items ? c->patient[i].n_items : items;
    w->room = an_arena_get(arena, (size_t)s->positions, sizeof(*w->room));
    w->items = an_arena_get(arena, items, sizeof(*w->items));
    w->whom = an_arena_get(arena, (size_t)s->targets, sizeof(*w->whom));
    w->has = an_arena_get(arena, (size_t)s->vocab, sizeof(*w->has));
    w->candidate =
        an_arena_get(arena, (size_t)s->targets, sizeof(*w->candidate));
    w->is_candidate =
        an_arena_get(arena, (size_t)s->vocab, sizeof(*w->is_candidate));
    if (!w->room || !w->items || !w->whom || !w->has || !w->candidate ||
        !w->is_candidate)
        return an_fail_nomem(err);
    for (int i = 0; i < s->targets && concept; i++, concept = concept->next) {
        const struct an_json *kind =
            an_json_first(an_json_get(concept, AN_STR("parents")));

        if (an_str_eq(an_json_text(kind), AN_STR(TR_NEXT_KIND)) &&
            !rt_whom_read(concept, &w->whom[i]))
            return an_fail(err, AN_TYPE, "a concept says of whom it is badly",
                           (uint64_t)i);
    }
    return rt_workspace_init(&w->ws, arena, s, (size_t)s->positions, 1, err);
}

/* Whom the runtime might name for somebody of that record. */
static void find_candidates(struct walk *w, const struct rt_history *until)
{
    const struct rt_shape *s = &w->model->shape;
    const double years =
        (double)until->position[until->n_positions - 1].age_days /
        DAYS_PER_YEAR;

    memset(w->has, 0, (size_t)s->vocab * sizeof(*w->has));
    memset(w->is_candidate, 0, (size_t)s->vocab * sizeof(*w->is_candidate));
    for (size_t i = 0; i < until->n_items; i++)
        if (until->item[i].concept != RT_NO_ROW)
            w->has[until->item[i].concept] = true;
    w->n_candidates = 0;
    for (int32_t k = 0; k < s->targets; k++)
        if (w->whom[k].age_to > 0 &&
            rt_plausible(&w->whom[k], years, 0, w->has[k])) {
            w->is_candidate[k] = true;
            w->candidate[w->n_candidates++] = k;
        }
}

static bool can_be_named(const struct walk *w, const struct rt_item *item)
{
    return item->concept != RT_NO_ROW && w->is_candidate[item->concept];
}

/* The candidate that is recorded first; RT_NO_ROW when none is in time. */
static int32_t recorded(const struct walk *w, const struct rt_history *h,
                        uint32_t position, uint64_t key)
{
    const double until = h->position[position].time_days + TR_NEXT_HORIZON_DAYS;

    for (size_t i = position + 1;
         i < h->n_positions && h->position[i].time_days <= until; i++) {
        const struct rt_position *at = &h->position[i];
        const struct rt_item *item = h->item + at->first_item;
        uint32_t n = 0, pick;

        for (uint32_t k = 0; k < at->n_items; k++)
            n += can_be_named(w, &item[k]);
        if (n == 0)
            continue;
        pick = (uint32_t)tr_draw_below(key, 0, n);
        for (uint32_t k = 0; k < at->n_items; k++)
            if (can_be_named(w, &item[k]) && pick-- == 0)
        return item[k].concept;
    }
    return RT_NO_ROW;
}

static void measure(const struct walk *w, int32_t concept, struct named *out)
{
    const float *log_rate = w->ws.log_rate_qv;
    double top = -(double)INFINITY, sum = 0;

    for (size_t i = 0; i < w->n_candidates; i++)
        top = fmax(top, (double)log_rate[w->candidate[i]]);
    for (size_t i = 0; i < w->n_candidates; i++)
        sum += exp((double)log_rate[w->candidate[i]] - top);
    out->share = exp((double)log_rate[concept] - top) / sum;
    out->n_candidates = (uint32_t)w->n_candidates;
    for (size_t i = 0; i < w->n_candidates; i++)
        out->size +=
            exp((double)log_rate[w->candidate[i]] - top) / sum >= w->threshold;
}

static enum an_code ask(struct walk *w, const struct rt_history *h,
                        size_t query, struct named *out, bool *counts,
                        struct an_err *err)
{
    const struct tr_query *q = &w->d->cohort.query[query];
    const struct rt_shape *s = &w->model->shape;
    const struct rt_history until = tr_history_until(
        h, q->position, (size_t)s->positions, w->room, w->items);
    const struct rt_query last = {(uint32_t)until.n_positions - 1,
                                  w->d->cohort.wide + query * (size_t)s->wide};
    const struct rt_ask one = {&until, &last, 1};
    enum an_code code;
    int32_t concept;

    find_candidates(w, &until);
    concept = recorded(w, h, q->position, tr_key(DRAW_KEY, query));
    *counts = concept != RT_NO_ROW;
    if (!*counts)
        return AN_OK;
    code = rt_forward(w->model, &w->ws, &one, 1, RT_WANT_RATES, err);
    if (code == AN_OK)
        measure(w, concept, out);
    return code;
}

/* The questions of a split that count; the list has room for all. */
static enum an_code walk_split(struct walk *w, enum tr_split split,
                               struct named *named, size_t *n,
                               uint32_t *n_persons, struct an_err *err)
{
    const struct tr_cohort *c = &w->d->cohort;
    enum an_code code = AN_OK;

    *n = *n_persons = 0;
    for (size_t i = 0; i < c->n_patients && code == AN_OK; i++) {
        const struct tr_patient *p = &c->patient[i];
        const struct rt_history h = tr_cohort_history(c, i);

        if (p->split != (uint32_t)split)
            continue;
        *n_persons += i == 0 || c->patient[i - 1].key != p->key;
        for (uint32_t q = 0; q < p->n_queries && code == AN_OK; q++) {
            bool counts;

            named[*n] = (struct named){.person = *n_persons - 1};
            code = ask(w, &h, p->first_query + q, &named[*n], &counts, err);
            *n += code == AN_OK && counts;
        }
    }
    return code;
}

/* ---- both ------------------------------------------------------------------ */

static enum an_code cover(struct an_arena *arena, const struct named *named,
                          uint32_t n_persons, struct tr_differential *out,
                          struct an_err *err)
{
    double *covered = an_arena_get(
        arena, 2 * (size_t)n_persons + tr_interval_scratch(n_persons),
        sizeof(*covered));
    double *asked, sum = 0;
    uint32_t kept = 0;

    if (covered == NULL)
        return an_fail_nomem(err);
    asked = covered + n_persons;
    for (size_t i = 0; i < out->n_test; i++) {
        /* Persons come one after the other; who has no question is not there.
         */
        kept += i == 0 || named[i].person != named[i - 1].person;
        covered[kept - 1] += named[i].share >= out->threshold;
        asked[kept - 1]++;
        sum += named[i].share >= out->threshold;
        out->mean_size += named[i].size / (double)out->n_test;
        out->mean_candidates += named[i].n_candidates / (double)out->n_test;
    }
    out->covered = sum / (double)out->n_test;
    out->covered_interval = tr_ratio_interval(covered, asked, kept,
                                              asked + n_persons, RESAMPLE_KEY);
    return AN_OK;
}

enum an_code tr_differential(struct an_arena *arena, const struct tr_data *d,
                             const struct rt_model *model,
                             struct tr_differential *out, struct an_err *err)
{
    const size_t most = d->cohort.n_queries;
    struct named *named = an_arena_get(arena, most, sizeof(*named));
    double *share = an_arena_get(arena, most, sizeof(*share));
    struct walk w = {.d = d, .model = model};
    uint32_t n_persons;
    enum an_code code = walk_init(&w, arena, err);

    *out = (struct tr_differential){
        .threshold = (double)NAN,
        .covered = (double)NAN,
        .covered_interval = {(double)NAN, (double)NAN}};
    if (code == AN_OK && (named == NULL || share == NULL))
        code = an_fail_nomem(err);
    if (code == AN_OK)
        code = walk_split(&w, TR_TUNE, named, &out->n_tune, &n_persons, err);
    if (code != AN_OK || out->n_tune < TR_NEXT_MIN_TUNING)
        return code;
    for (size_t i = 0; i < out->n_tune; i++)
        share[i] = named[i].share;
    out->threshold =
        tr_conformal_threshold(share, out->n_tune, TR_NEXT_COVERAGE);
    w.threshold = out->threshold;
    code = walk_split(&w, TR_TEST, named, &out->n_test, &n_persons, err);
    if (code != AN_OK || out->n_test == 0)
        return code;
    return cover(arena, named, n_persons, out, err);
}
