/* SPDX-License-Identifier: Apache-2.0 */
/* The two heads: their losses and gradients. */
#include "runtime/kernels.h"
#include "runtime/simd.h"
#include "trainer/fit/backward.h"
#include "trainer/fit/pass.h"

#include <cblas.h>
#include <math.h>

/* ---- rates --------------------------------------------------------------- */

RT_CLONES
static float exponentials(float *x, int n)
{
    const float top = rt_largest(x, n);

    for (int i = 0; i < n; i++)
        x[i] = rt_exp(x[i] - top);
    return top;
}

/* The derivative for every concept is its share times one factor; those that
 * came next then lose 1 / n. */
RT_CLONES
static void scale(float *x, float a, int n)
{
    for (int i = 0; i < n; i++)
        x[i] *= a;
}

/* One row: its loss, and its log rates turned into their gradient. */
static void row_loss(float *logit_v, const struct tr_pack *pack,
                     const struct tr_score *score, const struct tr_terms *terms,
                     int v, struct tr_loss *loss)
{
    const double t_min = (double)terms->t_min_days;
    const float dt_f = score->dt_days > terms->dt_min_days ? score->dt_days
                                                           : terms->dt_min_days;
    const double dt = (double)dt_f + t_min;
    const float weight = terms->rate_weight / (float)terms->rate_norm;
    const int32_t *target = pack->target + score->first_target;
    const double any = score->n_targets ? 1 : 0;
    double mean = 0, log_total, rate, pull;
    float top, sum;

    for (uint32_t i = 0; i < score->n_targets; i++)
        mean += (double)logit_v[target[i]] / (double)score->n_targets;
    top = exponentials(logit_v, v);
    sum = rt_sum(logit_v, v);
    log_total = (double)top + log((double)sum);
    rate = 1 / (exp(-log_total) + t_min);
    loss->rate += any * (log_total - mean - log(rate)) + rate * dt;
    loss->log_share += any * (log_total - mean);

    /* d log(rate) / d log_total is rate e^-log_total, which is 1 at t_min 0. */
    pull = any + (rate * dt - any) * rate * exp(-log_total);
    scale(logit_v, weight * (float)pull / sum, v);
    for (uint32_t i = 0; i < score->n_targets; i++)
        logit_v[target[i]] -= weight / (float)score->n_targets;
}

RT_CLONES
static void add_columns(float *sum_v, const float *x_tv, int t, int v)
{
    for (int row = 0; row < t; row++)
        for (int i = 0; i < v; i++)
            sum_v[i] += x_tv[(size_t)row * (size_t)v + (size_t)i];
}

RT_CLONES
static void add_row(float *y_c, const float *x_c, int c)
{
    for (int i = 0; i < c; i++)
        y_c[i] += x_c[i];
}

void tr_rates(struct tr_pass *p, const struct rt_model *m,
              const struct tr_pack *pack, const struct tr_terms *terms,
              struct tr_grads *grads, struct tr_loss *loss)
{
    const int n = (int)pack->n_scores, v = m->shape.targets;
    const int c = m->shape.channels;
    const size_t w = (size_t)c;

    if (n == 0 || !(terms->rate_weight > 0))
        return;
    for (int i = 0; i < n; i++)
        memcpy(p->picked_tc + (size_t)i * w,
               p->h_tc + (size_t)pack->score[i].row * w, w * sizeof(float));
    rt_log_rates(p->logit_tv, m, p->picked_tc, n);
    for (int i = 0; i < n; i++)
        row_loss(p->logit_tv + (size_t)i * (size_t)v, pack, &pack->score[i],
                 terms, v, loss);
    if (grads == NULL)
        return;
    tr_linear_back(p->dn_tc, false, grads->embed, p->logit_tv, p->picked_tc,
                   m->w.embed, n, v, c);
    for (int i = 0; i < n; i++)
        add_row(p->dh_tc + (size_t)pack->score[i].row * w,
                p->dn_tc + (size_t)i * w, c);
    if (m->shape.rate_bias)
        add_columns(grads->rate_bias, p->logit_tv, n, v);
}

/* ---- hazards ------------------------------------------------------------- */

/* eta_qkj, in the parts of runtime/heads.c but for all queries at once. */
static void log_hazards(struct tr_pass *p, const struct rt_model *m,
                        const struct tr_pack *pack)
{
    const struct rt_shape *s = &m->shape;
    const int q = (int)pack->n_queries, c = s->channels, k = s->outcomes;
    const int bins = s->bins, r = s->rank;

    rt_linear(p->level_qk, p->picked_tc, m->w.hazard_level, q, k, c);
    if (s->wide)
        rt_linear_add(p->level_qk, pack->wide_qw, m->w.wide, q, k, s->wide);
    if (r)
        rt_linear(p->low_qjr, p->picked_tc, m->w.hazard_low, q, bins * r, c);
    for (int i = 0; i < q; i++)
        for (int o = 0; o < k; o++)
            for (int j = 0; j < bins; j++)
                p->eta_qkj[(i * k + o) * bins + j] =
                    m->w.hazard_bias[o * bins + j] + p->level_qk[i * k + o] +
                    rt_dot(m->w.hazard_mix + o * r,
                           p->low_qjr + (i * bins + j) * r, r);
}

/* The loss of one query; its etas become their gradient. */
static void query_loss(struct tr_pass *p, const struct rt_model *m,
                       const struct tr_pack *pack, size_t i,
                       const struct tr_terms *terms, struct tr_loss *loss)
{
    const size_t kj = (size_t)(m->shape.outcomes * m->shape.bins);
    const float *exposure = pack->exposure_qkj + i * kj;
    const float *event = pack->event_qkj + i * kj;
    float *eta = p->eta_qkj + i * kj;
    const float query = pack->query_weight[i];
    const float weight =
        terms->hazard_weight * query / (float)terms->hazard_norm;

    for (size_t e = 0; e < kj; e++) {
        const float expected = exposure[e] * rt_exp(eta[e]);
        const double one = (double)query * ((double)expected -
                                            (double)event[e] * (double)eta[e]);

        loss->hazard += one;
        loss->outcome[e / (size_t)m->shape.bins] += one;
        eta[e] = weight * (expected - event[e]);
    }
}

/* From the gradient of the etas to those of mix, low and level. */
static void query_back(struct tr_pass *p, const struct rt_model *m, int i,
                       struct tr_grads *g)
{
    const int k = m->shape.outcomes, bins = m->shape.bins, r = m->shape.rank;

    for (int e = 0; e < bins * r; e++)
        p->dlow_qjr[i * bins * r + e] = 0;
    for (int o = 0; o < k; o++) {
        float sum = 0;

        for (int j = 0; j < bins; j++) {
            const float d = p->eta_qkj[(i * k + o) * bins + j];
            const float *low = p->low_qjr + (i * bins + j) * r;
            float *dlow = p->dlow_qjr + (i * bins + j) * r;

            sum += d;
            g->hazard_bias[o * bins + j] += d;
            for (int e = 0; e < r; e++) {
                g->hazard_mix[o * r + e] += d * low[e];
                dlow[e] += d * m->w.hazard_mix[o * r + e];
            }
        }
        p->level_qk[i * k + o] = sum;
    }
}

void tr_hazards(struct tr_pass *p, const struct rt_model *m,
                const struct tr_pack *pack, const struct tr_terms *terms,
                struct tr_grads *grads, struct tr_loss *loss)
{
    const struct rt_shape *s = &m->shape;
    const int q = (int)pack->n_queries, c = s->channels;
    const size_t w = (size_t)c;

    if (q == 0 || s->outcomes == 0 || !(terms->hazard_weight > 0))
        return;
    for (int i = 0; i < q; i++)
        memcpy(p->picked_tc + (size_t)i * w,
               p->h_tc + (size_t)pack->query_row[i] * w, w * sizeof(float));
    log_hazards(p, m, pack);
    for (int i = 0; i < q; i++)
        query_loss(p, m, pack, (size_t)i, terms, loss);
    if (grads == NULL)
        return;
    for (int i = 0; i < q; i++)
        query_back(p, m, i, grads);
    tr_linear_back(p->dn_tc, false, grads->hazard_level, p->level_qk,
                   p->picked_tc, m->w.hazard_level, q, s->outcomes, c);
    if (s->wide)
        tr_linear_back(NULL, false, grads->wide, p->level_qk, pack->wide_qw,
                       m->w.wide, q, s->outcomes, s->wide);
    if (s->rank)
        tr_linear_back(p->dn_tc, true, grads->hazard_low, p->dlow_qjr,
                       p->picked_tc, m->w.hazard_low, q, s->bins * s->rank, c);
    for (int i = 0; i < q; i++)
        add_row(p->dh_tc + (size_t)pack->query_row[i] * w,
                p->dn_tc + (size_t)i * w, c);
}
