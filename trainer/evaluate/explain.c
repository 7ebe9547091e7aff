/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/explain.h"

#include "runtime/kernels.h"
#include "runtime/reasons.h"
#include "runtime/risk.h"
#include "trainer/fit/pass.h"
#include "trainer/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_AT_ONCE = 1024 };

static const uint64_t chance_key = 20;
static const uint64_t interval_key = 21;

/* [curve][order] of a patient and an outcome. */
struct areas {
    bool asked;
    double area[TR_N_CURVES][TR_N_ORDERS];
};

struct study {
    struct an_arena *arena;
    const struct tr_data *d;
    const struct rt_model *model;
    struct an_err *err;
    struct tr_column *column; /* of each outcome the longest horizon */
    size_t n_outcomes, n_hazards;
    /* who is looked at */
    struct rt_vocabulary vocabulary;
    const struct rt_feature *feature;
    size_t n_features;
    struct rt_workspace ws;
    struct rt_past past, bare;
    struct rt_history window;
    struct rt_subject subject;
    struct rt_reasons reasons;
    float *wide, *whole_kj;
    double *none_k; /* without any reason */
    /* the way back */
    struct tr_params params; /* for the places of gradients alone */
    struct tr_pass pass;
    struct tr_grads grads;
    float *grad, *event_kj, *exposure_kj, *with_c, *empty_c, *scratch;
    struct areas *areas; /* [patient][outcome] */
    size_t n_people;
};

/* ---- one patient ------------------------------------------------------------ */

static double burden(const struct study *s, const float *hazard_kj, size_t k)
{
    return rt_log_burden(&s->model->shape, hazard_kj, (int)k,
                         (double)s->column[k].horizon_days);
}

/* The history as service would read it at the query, and what the model says. */
static enum an_code read_patient(struct study *s, size_t patient, size_t query)
{
    const struct tr_cohort *c = &s->d->cohort;
    const struct rt_history h = tr_cohort_history(c, patient);
    const size_t most = (size_t)s->model->shape.positions;
    struct rt_position *room = an_arena_get(s->arena, most, sizeof(*room));
    struct rt_item *items = an_arena_get(s->arena, h.n_items, sizeof(*items));
    struct rt_query q;
    struct rt_ask ask = {&s->window, &q, 1};
    enum an_code code;

    if (room == NULL || items == NULL)
        return an_fail_nomem(s->err);
    s->window =
        tr_history_until(&h, c->query[query].position, most, room, items);
    q = (struct rt_query){(uint32_t)s->window.n_positions - 1, s->wide};
    rt_wide(s->feature, s->n_features, &s->window, q.position, s->wide);
    code = rt_forward_keep(s->model, &s->ws, &s->past, &ask, RT_WANT_HAZARDS,
                           s->err);
    if (code != AN_OK)
        return code;
    memcpy(s->whole_kj, s->ws.log_hazard_qkj,
           s->n_hazards * sizeof(*s->whole_kj));
    s->subject = (struct rt_subject){.model = s->model,
                                     .ws = &s->ws,
                                     .past = &s->past,
                                     .bare = &s->bare,
                                     .feature = s->feature,
                                     .n_features = s->n_features,
                                     .history = &s->window,
                                     .wide = s->wide,
                                     .whole_kj = s->whole_kj};
    return rt_reasons_find(s->arena, &s->subject, &s->reasons, s->err);
}

/* ---- orders ------------------------------------------------------------------ */

struct ranked {
    double weight;
    uint32_t reason;
};

static int falling(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->weight < y->weight || x->weight > y->weight)
        return x->weight < y->weight ? 1 : -1;
    return x->reason < y->reason ? -1 : 1;
}

static void order_by(const double *weight_g, size_t n, uint32_t *order)
{
    struct ranked list[RT_MAX_REASONS] = {{0, 0}};

    for (size_t g = 0; g < n; g++)
        list[g] = (struct ranked){weight_g[g], (uint32_t)g};
    qsort(list, n, sizeof(*list), falling);
    for (size_t g = 0; g < n; g++)
        order[g] = list[g].reason;
}

/* Those recorded last first. */
static void time_weights(const struct study *s, double *weight_g)
{
    for (size_t g = 0; g < s->reasons.n; g++) {
        const struct rt_group *one = &s->reasons.group[g];

        weight_g[g] = (double)one->item[one->n_items - 1];
    }
}

static void chance_weights(size_t n, uint64_t key, double *weight_g)
{
    for (size_t g = 0; g < n; g++)
        weight_g[g] = tr_draw_uniform(key, g);
}

/* The share of each bin in the outcome's burden: what its log hazard counts. */
static void bin_shares(const struct study *s, size_t k)
{
    const struct rt_shape *shape = &s->model->shape;
    const double end = (double)s->column[k].horizon_days;
    const double all = burden(s, s->whole_kj, k);
    const size_t at = k * (size_t)shape->bins;

    memset(s->event_kj, 0, s->n_hazards * sizeof(*s->event_kj));
    for (int j = 0; j < shape->bins; j++) {
        const double from = (double)shape->bin_edge_days[j];
        const double to = j + 1 < shape->bins
                              ? fmin(end, (double)shape->bin_edge_days[j + 1])
                              : end;

        if (to > from)
            s->event_kj[at + (size_t)j] = (float)-(
                (to - from) * exp((double)s->whole_kj[at + (size_t)j] - all));
    }
}

/* What a reason's items at one position add to its embedding, times the
 * gradient there. */
static double at_position(const struct study *s, const struct rt_group *g,
                          size_t first, size_t n, size_t position)
{
    const size_t c = (size_t)s->model->shape.channels;
    const float *grad_c = s->pass.dx_tc + position * c;
    struct rt_position p = s->window.position[position];
    struct rt_item items[RT_MAX_PARENTS];
    struct rt_history one = {&p, 1, items, 1};
    double sum = 0;

    p.first_item = 0;
    p.n_items = 0;
    rt_embed_position(s->empty_c, s->scratch, s->model, &one, 0);
    p.n_items = 1;
    for (size_t i = first; i < first + n; i++) {
        items[0] = s->window.item[g->item[i]];
        rt_embed_position(s->with_c, s->scratch, s->model, &one, 0);
        for (size_t k = 0; k < c; k++)
            sum += (double)grad_c[k] *
                   ((double)s->with_c[k] - (double)s->empty_c[k]);
    }
    return sum;
}

static double gradient_weight(const struct study *s, const struct rt_group *g,
                              size_t outcome)
{
    const size_t w = (size_t)s->model->shape.wide;
    double sum = 0;
    size_t i = 0;

    for (size_t at = 0; at < s->window.n_positions; at++) {
        const struct rt_position *p = &s->window.position[at];
        size_t n = 0;

        while (i + n < g->n_items &&
               g->item[i + n] < p->first_item + p->n_items)
            n++;
        if (n > 0)
            sum += at_position(s, g, i, n, at);
        i += n;
    }
    for (size_t f = 0; f < w; f++)
        sum += (double)s->model->w.wide[outcome * w + f] *
               ((double)s->wide[f] - (double)g->wide[f]);
    return sum;
}

static void gradient_weights(struct study *s, size_t outcome, double *weight_g)
{
    const int32_t row = (int32_t)s->window.n_positions - 1;
    const float one = 1;
    const struct tr_pack pack = {.seq = &s->window,
                                 .n_seqs = 1,
                                 .n_rows = row + 1,
                                 .query_row = &row,
                                 .query_weight = &one,
                                 .wide_qw = s->wide,
                                 .exposure_qkj = s->exposure_kj,
                                 .event_qkj = s->event_kj,
                                 .n_queries = 1};
    const struct tr_terms terms = {
        .hazard_weight = 1, .rate_norm = 1, .hazard_norm = 1};
    struct tr_loss loss = {.rate = 0};

    bin_shares(s, outcome);
    tr_pass_run(&s->pass, s->model, &pack, &terms, &s->grads, &loss);
    for (size_t g = 0; g < s->reasons.n; g++)
        weight_g[g] = gradient_weight(s, &s->reasons.group[g], outcome);
}

/* ---- curves ------------------------------------------------------------------ */

/* Adds `share` of both areas of an order to outcomes [from, to). */
static enum an_code add_curves(struct study *s, const uint32_t *order,
                               enum tr_order which, double share, size_t from,
                               size_t to)
{
    const struct an_mark mark = an_arena_mark(s->arena);
    const size_t n = s->reasons.n, n_sets = 2 * (n - 1);
    const uint32_t all = (UINT32_C(1) << n) - 1;
    struct areas *areas = s->areas + s->n_people * s->n_outcomes;
    uint32_t absent[2 * RT_MAX_REASONS], gone = 0;
    float *without =
        an_arena_get(s->arena, n_sets * s->n_hazards, sizeof(*without));
    enum an_code code;

    if (without == NULL)
        return an_fail_nomem(s->err);
    for (size_t i = 0; i + 1 < n; i++) {
        gone |= UINT32_C(1) << order[i];
        absent[2 * i + TR_DELETION] = gone;
        absent[2 * i + TR_INSERTION] = all ^ gone;
    }
    code = rt_reasons_without(s->arena, &s->subject, &s->reasons, absent,
                              n_sets, without, s->err);
    for (size_t k = from; k < to && code == AN_OK; k++) {
        const double ends = (burden(s, s->whole_kj, k) - s->none_k[k]) / 2;
        double sum[TR_N_CURVES] = {ends, ends};

        for (size_t i = 0; i < n_sets; i++)
            sum[i % 2] +=
                burden(s, without + i * s->n_hazards, k) - s->none_k[k];
        for (int c = 0; c < TR_N_CURVES; c++)
            areas[k].area[c][which] += share * sum[c] / (double)n;
    }
    an_arena_rewind(s->arena, mark);
    return code;
}

/* The same order for all outcomes. */
static enum an_code common_orders(struct study *s, size_t patient)
{
    double weight[RT_MAX_REASONS];
    uint32_t order[RT_MAX_REASONS];
    enum an_code code;

    time_weights(s, weight);
    order_by(weight, s->reasons.n, order);
    code = add_curves(s, order, TR_BY_TIME, 1, 0, s->n_outcomes);
    for (uint64_t i = 0; i < TR_CHANCES && code == AN_OK; i++) {
        chance_weights(s->reasons.n, tr_key(tr_key(chance_key, patient), i),
                       weight);
        order_by(weight, s->reasons.n, order);
        code = add_curves(s, order, TR_BY_CHANCE, 1.0 / TR_CHANCES, 0,
                          s->n_outcomes);
    }
    return code;
}

static enum an_code own_orders(struct study *s, size_t k)
{
    double weight[RT_MAX_REASONS];
    uint32_t order[RT_MAX_REASONS];
    enum an_code code;

    rt_reasons_weigh(&s->subject, &s->reasons, (int)k,
                     (double)s->column[k].horizon_days, weight);
    order_by(weight, s->reasons.n, order);
    code = add_curves(s, order, TR_BY_WEIGHT, 1, k, k + 1);
    if (code != AN_OK)
        return code;
    gradient_weights(s, k, weight);
    order_by(weight, s->reasons.n, order);
    return add_curves(s, order, TR_BY_GRADIENT, 1, k, k + 1);
}

static enum an_code one_patient(struct study *s, size_t patient)
{
    const struct an_mark mark = an_arena_mark(s->arena);
    const struct tr_patient *p = &s->d->cohort.patient[patient];
    const size_t query = p->first_query + p->n_queries - 1;
    const struct tr_follow_up *f =
        s->d->cohort.follow_up + query * s->n_outcomes;
    struct areas *areas = s->areas + s->n_people * s->n_outcomes;
    uint32_t absent[RT_MAX_ABSENCES];
    enum an_code code = read_patient(s, patient, query);
    size_t last;

    if (code != AN_OK || s->reasons.n < 2) {
        an_arena_rewind(s->arena, mark);
        return code;
    }
    last = rt_absences(s->reasons.n, absent) - 1; /* all are gone */
    for (size_t k = 0; k < s->n_outcomes; k++)
        s->none_k[k] =
            burden(s, s->reasons.without_akj + last * s->n_hazards, k);
    code = common_orders(s, patient);
    for (size_t k = 0; k < s->n_outcomes && code == AN_OK; k++) {
        areas[k].asked = f[k].to_days > 0 && s->column[k].horizon_days > 0;
        if (areas[k].asked)
            code = own_orders(s, k);
    }
    s->n_people++;
    an_arena_rewind(s->arena, mark);
    return code;
}

/* ---- all --------------------------------------------------------------------- */

static enum an_code read_model(struct study *s)
{
    const struct rt_shape *shape = &s->model->shape;
    enum an_code code = rt_vocabulary_read(
        s->arena, an_json_get(s->d->root, AN_STR("vocabulary")), &s->vocabulary,
        s->err);

    if (code == AN_OK)
        code =
            rt_wide_read(s->arena, an_json_get(s->d->root, AN_STR("wide")),
                         &s->vocabulary, &s->feature, &s->n_features, s->err);
    if (code == AN_OK && s->n_features != (size_t)shape->wide)
        code = an_fail(s->err, AN_CONFIG,
                       "features of the data set are not the model's", 0);
    return code;
}

static enum an_code make_room(struct study *s)
{
    const struct rt_shape *shape = &s->model->shape;
    const size_t positions = (size_t)shape->positions;
    const size_t channels = (size_t)shape->channels;
    enum an_code code =
        rt_workspace_init(&s->ws, s->arena, shape,
                          positions > ROWS_AT_ONCE ? positions : ROWS_AT_ONCE,
                          RT_MAX_REASONS, s->err);

    if (code == AN_OK)
        code = rt_past_init(&s->past, s->arena, shape, positions, s->err);
    if (code == AN_OK)
        code = rt_past_init(&s->bare, s->arena, shape, positions, s->err);
    if (code != AN_OK)
        return code;
    s->wide = an_arena_get(s->arena, s->n_features, sizeof(float));
    s->whole_kj = an_arena_get(s->arena, s->n_hazards, sizeof(float));
    s->event_kj = an_arena_get(s->arena, s->n_hazards, sizeof(float));
    s->exposure_kj = an_arena_get(s->arena, s->n_hazards, sizeof(float));
    s->none_k = an_arena_get(s->arena, s->n_outcomes, sizeof(double));
    s->with_c = an_arena_get(s->arena, channels, sizeof(float));
    s->empty_c = an_arena_get(s->arena, channels, sizeof(float));
    s->scratch = an_arena_get(s->arena, channels + (size_t)shape->value_hidden,
                              sizeof(float));
    s->grad = an_arena_get(s->arena, s->params.n, sizeof(float));
    s->areas =
        an_arena_get(s->arena, TR_EXPLAINED * s->n_outcomes, sizeof(*s->areas));
    if (!s->wide || !s->whole_kj || !s->event_kj || !s->exposure_kj ||
        !s->none_k || !s->with_c || !s->empty_c || !s->scratch || !s->grad ||
        !s->areas)
        return an_fail_nomem(s->err);
    tr_grads_at(&s->params, s->grad, &s->grads);
    return AN_OK;
}

static enum an_code find_columns(struct study *s)
{
    s->column = an_arena_get(s->arena, s->n_outcomes, sizeof(*s->column));
    if (s->column == NULL)
        return an_fail_nomem(s->err);
    for (size_t k = 0; k < s->n_outcomes; k++) {
        const struct tr_asked *asked = &s->d->asked[k];

        s->column[k] = (struct tr_column){k, 0};
        for (size_t h = 0; h < asked->n_horizons; h++)
            if (asked->horizon_days[h] > s->column[k].horizon_days)
                s->column[k].horizon_days = asked->horizon_days[h];
    }
    return AN_OK;
}

static enum an_code all_patients(struct study *s)
{
    const struct tr_cohort *c = &s->d->cohort;
    enum an_code code = AN_OK;

    for (size_t i = 0; i < c->n_patients && code == AN_OK; i++) {
        const struct tr_patient *p = &c->patient[i];

        /* The cases of a person stand together; the last one is taken. */
        if (p->split == TR_TEST && p->n_queries > 0 &&
            s->n_people < TR_EXPLAINED &&
            (i + 1 == c->n_patients || c->patient[i + 1].key != p->key))
            code = one_patient(s, i);
    }
    return code;
}

/* ---- what it comes to -------------------------------------------------------- */

/* The areas of a patient, of one outcome or (n_outcomes) the mean of theirs. */
static bool areas_of(const struct study *s, size_t patient, size_t outcome,
                     struct areas *out)
{
    const struct areas *a = s->areas + patient * s->n_outcomes;
    double n = 0;

    *out = (struct areas){.asked = false};
    for (size_t k = 0; k < s->n_outcomes; k++) {
        if (!a[k].asked || (outcome < s->n_outcomes && k != outcome))
            continue;
        n++;
        for (int c = 0; c < TR_N_CURVES; c++)
            for (int o = 0; o < TR_N_ORDERS; o++)
                out->area[c][o] += (a[k].area[c][o] - out->area[c][o]) / n;
    }
    return n > 0;
}

static enum an_code judge(const struct study *s, size_t outcome,
                          struct tr_faith *faith)
{
    double *number = an_arena_get(s->arena, 2 * s->n_people, sizeof(*number));
    double *scratch = an_arena_get(
        s->arena, tr_interval_scratch((uint32_t)s->n_people), sizeof(*scratch));

    if (number == NULL || scratch == NULL)
        return an_fail_nomem(s->err);
    for (int i = 0; i < TR_N_CURVES * TR_N_ORDERS; i++) {
        const int c = i / TR_N_ORDERS, o = i % TR_N_ORDERS;
        double *gain = number, *one = number + s->n_people;
        double area = 0, sum = 0;

        faith->n_people = 0;
        for (size_t p = 0; p < s->n_people; p++) {
            struct areas a;

            if (!areas_of(s, p, outcome, &a))
                continue;
            gain[faith->n_people] = (c == TR_DELETION ? -1 : 1) *
                                    (a.area[c][TR_BY_WEIGHT] - a.area[c][o]);
            area += a.area[c][o];
            sum += gain[faith->n_people];
            one[faith->n_people++] = 1;
        }
        if (faith->n_people == 0)
            return AN_OK;
        faith->area[c][o] = area / (double)faith->n_people;
        faith->gain[c][o] = sum / (double)faith->n_people;
        faith->gain_interval[c][o] = tr_ratio_interval(
            gain, one, (uint32_t)faith->n_people, scratch, interval_key);
    }
    return AN_OK;
}

static enum an_code judge_all(const struct study *s, struct tr_explained *out)
{
    enum an_code code = AN_OK;

    out->faith = an_arena_get(s->arena, s->n_outcomes + 1, sizeof(*out->faith));
    if (out->faith == NULL)
        return an_fail_nomem(s->err);
    for (size_t k = 0; k <= s->n_outcomes && code == AN_OK; k++) {
        struct tr_faith *faith = &out->faith[out->n];

        faith->column =
            k < s->n_outcomes ? s->column[k] : (struct tr_column){SIZE_MAX, 0};
        code = judge(s, k, faith);
        out->n += faith->n_people > 0;
    }
    return code;
}

enum an_code tr_explain(struct an_arena *arena, const struct tr_data *d,
                        const struct rt_model *model, struct tr_explained *out,
                        struct an_err *err)
{
    const struct rt_shape *shape = &model->shape;
    struct study s = {.arena = arena,
                      .d = d,
                      .model = model,
                      .err = err,
                      .n_outcomes = (size_t)shape->outcomes,
                      .n_hazards =
                          (size_t)shape->outcomes * (size_t)shape->bins};
    enum an_code code = tr_params_init(&s.params, shape, err);

    *out = (struct tr_explained){.n = 0};
    if (code != AN_OK)
        return code;
    code = tr_pass_init(&s.pass, shape, shape->positions, shape->positions, 1,
                        err);
    if (code == AN_OK) {
        code = find_columns(&s);
        if (code == AN_OK)
            code = read_model(&s);
        if (code == AN_OK)
            code = make_room(&s);
        if (code == AN_OK)
            code = all_patients(&s);
        if (code == AN_OK)
            code = judge_all(&s, out);
        tr_pass_release(&s.pass);
    }
    tr_params_release(&s.params);
    return code;
}
