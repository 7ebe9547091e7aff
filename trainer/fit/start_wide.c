/* SPDX-License-Identifier: Apache-2.0 */
/* The wide branch starts where a regression would end. */
#include "runtime/simd.h"
#include "trainer/fit/feed.h"
#include "trainer/fit/regress.h"
#include "trainer/fit/start.h"
#include "trainer/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* From one that lets nothing through to one that believes each question. */
static const double ridges[] = {
    (double)INFINITY, 10000, 3000, 1000, 300, 100, 30, 10};
enum { N_RIDGES = sizeof(ridges) / sizeof(ridges[0]) };

/* What is asked about one outcome, of everybody in training who was at risk;
 * and room for those of some folds. */
struct table {
    size_t n, n_few; /* n_few: those by which the ridge is chosen */
    uint32_t *row;
    uint32_t *fold;
    float *y;
    double *expected;
    uint32_t *part_row;
    float *part_y;
    double *part_expected;
};

static enum an_code table_init(struct table *t, size_t n, struct an_err *err)
{
    *t = (struct table){.row = calloc(n + 1, sizeof(*t->row)),
                        .fold = calloc(n + 1, sizeof(*t->fold)),
                        .y = calloc(n + 1, sizeof(*t->y)),
                        .expected = calloc(n + 1, sizeof(*t->expected)),
                        .part_row = calloc(n + 1, sizeof(*t->part_row)),
                        .part_y = calloc(n + 1, sizeof(*t->part_y)),
                        .part_expected =
                            calloc(n + 1, sizeof(*t->part_expected))};
    return t->row && t->fold && t->y && t->expected && t->part_row &&
                   t->part_y && t->part_expected
               ? AN_OK
               : an_fail_nomem(err);
}

static void table_release(struct table *t)
{
    free(t->row);
    free(t->fold);
    free(t->y);
    free(t->expected);
    free(t->part_row);
    free(t->part_y);
    free(t->part_expected);
}

static void add_query(struct table *t, const struct tr_cohort *c,
                      const struct rt_shape *s, const float *bias_j,
                      size_t outcome, size_t query, uint32_t fold)
{
    float exposure[RT_MAX_BINS], event[RT_MAX_BINS];
    const double weight = (double)c->query[query].weight;
    double expected = 0, y = 0;

    tr_follow_up_bins(&c->follow_up[query * (size_t)s->outcomes + outcome], s,
                      exposure, event);
    for (int j = 0; j < s->bins; j++) {
        expected += (double)exposure[j] * exp((double)bias_j[j]);
        y += (double)event[j];
    }
    if (!(expected * weight > 0))
        return;
    t->row[t->n] = (uint32_t)query;
    t->fold[t->n] = fold;
    t->y[t->n] = (float)(weight * y);
    t->expected[t->n++] = weight * expected;
}

/* The cases of a person stand together, and people in no order. */
static void fill(struct table *t, const struct tr_cohort *c,
                 const struct rt_shape *s, const float *bias_j, size_t outcome,
                 const struct tr_settings *how)
{
    const uint64_t key = tr_key((uint64_t)how->seed, TR_DRAW_FOLDS);

    t->n = t->n_few = 0;
    for (size_t i = 0; i < c->n_patients; i++) {
        const struct tr_patient *p = &c->patient[i];
        const uint64_t fold =
            tr_draw_below(key, p->key, (uint64_t)how->wide_folds);

        if (p->split != TR_TRAIN)
            continue;
        for (size_t q = p->first_query; q < p->first_query + p->n_queries; q++)
            add_query(t, c, s, bias_j, outcome, q, (uint32_t)fold);
        if (t->n <= TR_FOLD_QUERIES)
            t->n_few = t->n;
    }
}

/* Half an event nobody saw, as in the biases. */
static const double unseen = 0.5;

/* The intercept alone. */
static void fit_level(const struct tr_regression *r, double *weight)
{
    double events = unseen, expected = unseen;

    for (size_t i = 0; i < r->n; i++) {
        events += (double)r->y[i];
        expected += r->expected[i];
    }
    memset(weight, 0, r->n_columns * sizeof(*weight));
    weight[r->n_columns] = log(events / expected);
}

/* Fit to all but one fold (of the few), or to everybody for fold -1. */
static enum an_code fit(struct table *t, struct tr_regression *r, int64_t fold,
                        double *weight, struct an_err *err)
{
    const size_t n = fold < 0 ? t->n : t->n_few;

    r->row = t->part_row;
    r->y = t->part_y;
    r->expected = t->part_expected;
    r->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (t->fold[i] == fold)
            continue;
        t->part_row[r->n] = t->row[i];
        t->part_y[r->n] = t->y[i];
        t->part_expected[r->n++] = t->expected[i];
    }
    if (isfinite(r->l2))
        return tr_regress(r, weight, err);
    fit_level(r, weight);
    return AN_OK;
}

/* The loss of the fold left out, less what it is at the biases. */
static double loss_left_out(const struct table *t,
                            const struct tr_regression *r, uint32_t fold,
                            const double *weight)
{
    double loss = 0;

    for (size_t i = 0; i < t->n_few; i++) {
        double z;

        if (t->fold[i] != fold)
            continue;
        z = tr_regress_line(r->x_nw + t->row[i] * r->n_columns, r->n_columns,
                            weight);
        loss += t->expected[i] * expm1(z) - (double)t->y[i] * z;
    }
    return loss;
}

/* The best ridge; infinite where a level does better than any weights. */
static enum an_code choose(struct table *t, struct tr_regression *r,
                           uint32_t n_folds, double *weight, double *ridge,
                           struct an_err *err)
{
    double loss[N_RIDGES] = {0};
    int best = 0;
    enum an_code code = AN_OK;

    for (uint32_t fold = 0; fold < n_folds && code == AN_OK; fold++) {
        for (int i = 0; i < N_RIDGES && code == AN_OK; i++) {
            r->l2 = ridges[i];
            code = fit(t, r, fold, weight, err);
            loss[i] += loss_left_out(t, r, fold, weight);
        }
    }
    for (int i = 0; i < N_RIDGES; i++)
        best = loss[i] < loss[best] ? i : best;
    *ridge = ridges[best];
    return code;
}

enum an_code tr_start_wide(struct tr_params *p, const struct tr_cohort *c,
                           const struct tr_settings *how, struct an_err *err)
{
    const struct rt_shape *s = &p->model.shape;
    const size_t w = (size_t)s->wide;
    struct tr_regression r = {
        .x_nw = c->wide, .n_columns = w, .unseen = unseen};
    double *weight = calloc(w + 1, sizeof(*weight));
    struct table t;
    enum an_code code = table_init(&t, c->n_queries, err);

    if (weight == NULL && code == AN_OK)
        code = an_fail_nomem(err);
    for (size_t o = 0; o < (size_t)s->outcomes && code == AN_OK; o++) {
        float *bias_j =
            p->value + p->tensor[RT_W_hazard_bias].first + o * (size_t)s->bins;
        float *wide = p->value + p->tensor[RT_W_wide].first + o * w;
        double ridge;

        fill(&t, c, s, bias_j, o, how);
        code = choose(&t, &r, (uint32_t)how->wide_folds, weight, &ridge, err);
        if (code != AN_OK || isinf(ridge))
            continue;
        r.l2 = (double)INFINITY;
        code = fit(&t, &r, -1, weight, err);
        r.l2 = ridge;
        if (code == AN_OK)
            code = fit(&t, &r, -1, weight, err);
        for (size_t i = 0; i < w; i++)
            wide[i] = (float)weight[i];
        for (int j = 0; j < s->bins; j++)
            bias_j[j] += (float)weight[w];
    }
    table_release(&t);
    free(weight);
    return code;
}
