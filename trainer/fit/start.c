/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/fit/start.h"

#include "trainer/fit/feed.h"

#include <math.h>
#include <stdlib.h>

/* Half an event nobody saw: keeps the logarithm finite. */
static const double unseen = 0.5;

static bool predicted(const struct rt_item *item, int32_t targets)
{
    return item->concept >= 0 && item->concept < targets;
}

static void count_set(const struct rt_history *h, size_t position,
                      int32_t targets, double *count)
{
    const struct rt_position *p = &h->position[position];
    const struct rt_item *item = h->item + p->first_item;
    double n = 0;

    for (uint32_t i = 0; i < p->n_items; i++)
        n += predicted(&item[i], targets) ? 1 : 0;
    for (uint32_t i = 0; i < p->n_items; i++)
        if (predicted(&item[i], targets))
            count[item[i].concept] += 1 / n;
}

double tr_start_count(const struct tr_cohort *c, size_t patient,
                      int32_t targets, double *count)
{
    const struct rt_history h = tr_cohort_history(c, patient);
    double days = 0;

    for (size_t k = 0; k < h.n_positions; k++) {
        const double observed = tr_observed_days(&h, &c->patient[patient], k);

        days += observed;
        if (observed > 0 && k + 1 < h.n_positions)
            count_set(&h, k + 1, targets, count);
    }
    return days;
}

static double count_rates(const struct tr_cohort *c, int32_t targets,
                          double *count)
{
    double days = 0;

    for (size_t i = 0; i < c->n_patients; i++)
        if (c->patient[i].split == TR_TRAIN)
            days += tr_start_count(c, i, targets, count);
    return days;
}

static void count_hazards(const struct tr_cohort *c, const struct rt_shape *s,
                          double *days_kj, double *events_kj)
{
    const size_t k = (size_t)s->outcomes, j = (size_t)s->bins;
    float exposure[RT_MAX_BINS], event[RT_MAX_BINS];

    for (size_t i = 0; i < c->n_patients; i++) {
        const struct tr_patient *p = &c->patient[i];

        for (size_t q = p->first_query;
             p->split == TR_TRAIN && q < p->first_query + p->n_queries; q++)
            for (size_t o = 0; o < k; o++) {
                tr_follow_up_bins(&c->follow_up[q * k + o], s, exposure, event);
                for (size_t b = 0; b < j; b++) {
                    days_kj[o * j + b] += (double)exposure[b];
                    events_kj[o * j + b] += (double)event[b];
                }
            }
    }
}

/* A bin in which nobody was watched takes the outcome's overall hazard. */
static void set_hazards(float *bias, const struct rt_shape *s,
                        const double *days_kj, const double *events_kj)
{
    for (int k = 0; k < s->outcomes; k++) {
        double days = 1, events = unseen;

        for (int j = 0; j < s->bins; j++) {
            days += days_kj[k * s->bins + j];
            events += events_kj[k * s->bins + j];
        }
        for (int j = 0; j < s->bins; j++) {
            const double d = days_kj[k * s->bins + j];
            const double prior = unseen * days / events;

            bias[k * s->bins + j] =
                (float)log((events_kj[k * s->bins + j] + unseen) / (d + prior));
        }
    }
}

enum an_code tr_start_biases(struct tr_params *p, const struct tr_cohort *c,
                             struct an_err *err)
{
    const struct rt_shape *s = &p->model.shape;
    const size_t kj = (size_t)(s->outcomes * s->bins);
    double *count = calloc((size_t)s->targets + 2 * kj, sizeof(*count));
    float *rate_bias = p->value + p->tensor[RT_W_rate_bias].first;
    double days;

    if (count == NULL)
        return an_fail_nomem(err);
    days = count_rates(c, s->targets, count);
    for (int32_t v = 0; s->rate_bias && v < s->targets; v++)
        rate_bias[v] = (float)log((count[v] + unseen) / (days + 1));
    count_hazards(c, s, count + s->targets, count + (size_t)s->targets + kj);
    set_hazards(p->value + p->tensor[RT_W_hazard_bias].first, s,
                count + s->targets, count + (size_t)s->targets + kj);
    free(count);
    return AN_OK;
}
