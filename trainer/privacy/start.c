/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/privacy/start.h"

#include "trainer/fit/feed.h"
#include "trainer/fit/start.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_PER_YEAR 365.25

/* The vector: a count of each target, years; events of each outcome, years. */
size_t tr_start_n(const struct rt_shape *s)
{
    return (size_t)s->targets + 1 + 2 * (size_t)s->outcomes;
}

static void shorten(double *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    for (size_t i = 0; i < n && sum > 1; i++)
        x[i] /= sqrt(sum);
}

static void add_follow_ups(const struct tr_cohort *c, const struct rt_shape *s,
                           size_t query, double share, double *events,
                           double *years)
{
    float exposure[RT_MAX_BINS], event[RT_MAX_BINS];

    for (int k = 0; k < s->outcomes; k++) {
        tr_follow_up_bins(
            &c->follow_up[query * (size_t)s->outcomes + (size_t)k], s, exposure,
            event);
        for (int j = 0; j < s->bins; j++) {
            events[k] += share * (double)event[j];
            years[k] += share * (double)exposure[j] / DAYS_PER_YEAR;
        }
    }
}

void tr_start_of(const struct tr_cohort *c, const struct rt_shape *s,
                 const uint32_t *patient, size_t n, double *vector)
{
    const size_t rates = (size_t)s->targets + 1;
    double *events = vector + rates, *years = events + s->outcomes;
    double questions = 0;

    memset(vector, 0, tr_start_n(s) * sizeof(*vector));
    for (size_t i = 0; i < n; i++)
        questions += c->patient[patient[i]].n_queries;
    for (size_t i = 0; i < n; i++) {
        const struct tr_patient *p = &c->patient[patient[i]];

        vector[s->targets] +=
            tr_start_count(c, patient[i], s->targets, vector) / DAYS_PER_YEAR;
        for (uint32_t q = 0; q < p->n_queries; q++)
            add_follow_ups(c, s, p->first_query + q, 1 / questions, events,
                           years);
    }
    shorten(vector, rates);
    shorten(events, 2 * (size_t)s->outcomes);
}

static void set(struct tr_params *p, const double *sum, double least)
{
    const struct rt_shape *s = &p->model.shape;
    const double *events = sum + s->targets + 1, *years = events + s->outcomes;
    float *rate = p->value + p->tensor[RT_W_rate_bias].first;
    float *hazard = p->value + p->tensor[RT_W_hazard_bias].first;

    for (int32_t v = 0; s->rate_bias && v < s->targets; v++)
        rate[v] = (float)log(fmax(sum[v], least) /
                             (fmax(sum[s->targets], least) * DAYS_PER_YEAR));
    for (int k = 0; k < s->outcomes; k++)
        for (int j = 0; j < s->bins; j++)
            hazard[k * s->bins + j] =
                (float)log(fmax(events[k], least) /
                           (fmax(years[k], least) * DAYS_PER_YEAR));
}

static void set_unknown(struct tr_params *p)
{
    const struct rt_shape *s = &p->model.shape;
    float *rate = p->value + p->tensor[RT_W_rate_bias].first;
    float *hazard = p->value + p->tensor[RT_W_hazard_bias].first;

    for (int32_t v = 0; s->rate_bias && v < s->targets; v++)
        rate[v] = (float)-log(TR_START_RATE_DAYS * s->targets);
    for (int i = 0; i < s->outcomes * s->bins; i++)
        hazard[i] = (float)-log(TR_START_HAZARD_DAYS);
}

enum an_code tr_private_start(struct tr_params *params,
                              const struct tr_cohort *c, struct tr_private *p,
                              struct an_err *err)
{
    const struct rt_shape *s = &params->model.shape;
    const size_t n = tr_start_n(s);
    const double deviation = p->start.noise * sqrt(2);
    double *sum, *one;
    enum an_code code = AN_OK;

    if (p->start.steps == 0) {
        set_unknown(params);
        return AN_OK;
    }
    sum = calloc(2 * n, sizeof(*sum));
    if (sum == NULL)
        return an_fail_nomem(err);
    one = sum + n;
    for (size_t i = 0; i < p->n_people; i++) {
        tr_start_of(c, s, p->patient + p->first[i],
                    p->first[i + 1] - p->first[i], one);
        for (size_t k = 0; k < n; k++)
            sum[k] += one[k];
    }
    for (size_t k = 0; k < n && code == AN_OK; k++) {
        double z[2];

        code = tr_secret_normals(&p->secret, z, err);
        sum[k] += deviation * z[0];
    }
    if (code == AN_OK)
        set(params, sum, deviation);
    free(sum);
    return code;
}
