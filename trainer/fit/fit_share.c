/* SPDX-License-Identifier: Apache-2.0 */
/* How much the trunk may say about an outcome. */
#include "trainer/fit/fit.h"

#include <string.h>

/* In quarters: 54 people cannot tell finer ones apart. */
enum { N_SHARES = 5 };

static double share_of(int i)
{
    return (double)i / (N_SHARES - 1);
}

static void scale_rows(struct tr_fit *f, int tensor, int outcome, double share)
{
    const struct rt_tensor *t = &f->params.tensor[tensor];
    const uint64_t n = (uint64_t)t->rows * (uint64_t)t->cols /
                       (uint64_t)(f->params.model.shape.outcomes);
    const uint64_t first = t->first + (uint64_t)outcome * n;

    for (uint64_t i = first; i < first + n; i++)
        f->params.value[i] = (float)share * f->best[i];
}

/* From the best parameters, so that shares do not pile up. */
static void set_share(struct tr_fit *f, int outcome, double share)
{
    scale_rows(f, RT_W_hazard_level, outcome, share);
    scale_rows(f, RT_W_hazard_mix, outcome, share);
}

static void count_events(const struct tr_fit *f, double *event_k)
{
    const struct tr_cohort *c = f->cohort;
    const size_t n = c->sizes.outcomes;

    memset(event_k, 0, n * sizeof(*event_k));
    for (size_t i = 0; i < f->n_tune; i++) {
        const struct tr_patient *p = &c->patient[f->tune[i]];

        for (size_t q = p->first_query; q < p->first_query + p->n_queries; q++)
            for (size_t k = 0; k < n; k++)
                event_k[k] += c->follow_up[q * n + k].event;
    }
}

static int least(const double loss[N_SHARES])
{
    int best = N_SHARES - 1;

    for (int i = best - 1; i >= 0; i--)
        best = loss[i] < loss[best] ? i : best;
    return best;
}

static void clear(struct tr_fit *f, int tensor)
{
    const struct rt_tensor *t = &f->params.tensor[tensor];

    memset(f->params.value + t->first, 0,
           (size_t)t->rows * (size_t)t->cols * sizeof(*f->params.value));
}

void tr_fit_silence(struct tr_fit *f)
{
    clear(f, RT_W_hazard_level);
    clear(f, RT_W_hazard_mix);
}

void tr_fit_share(struct tr_fit *f, double share_k[RT_MAX_OUTCOMES])
{
    const int n = f->params.model.shape.outcomes;
    double loss_ks[RT_MAX_OUTCOMES][N_SHARES] = {{0}}, rare[N_SHARES] = {0};
    double event_k[RT_MAX_OUTCOMES];

    for (int k = 0; k < n; k++)
        share_k[k] = f->settings.trunk ? 1 : 0;
    if (!f->settings.trunk || f->n_tune == 0 || f->is_private ||
        !(f->settings.hazard_weight > 0))
        return;
    count_events(f, event_k);
    for (int i = 0; i < N_SHARES; i++) {
        struct tr_sums sums;

        for (int k = 0; k < n; k++)
            set_share(f, k, share_of(i));
        sums = tr_fit_score(f, f->tune, f->n_tune);
        for (int k = 0; k < n; k++) {
            loss_ks[k][i] = sums.loss.outcome[k];
            if (event_k[k] < TR_SHARE_EVENTS)
                rare[i] += sums.loss.outcome[k];
        }
    }
    for (int k = 0; k < n; k++) {
        const bool own = event_k[k] >= TR_SHARE_EVENTS;

        share_k[k] = share_of(least(own ? loss_ks[k] : rare));
        set_share(f, k, share_k[k]);
    }
}
