/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/report/thresholds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double top_share[] = {0.01, 0.05, 0.10, 0.20};

/* The lowest risk that at most `share` of the sorted risks reach; NAN when the
 * highest is shared by more. */
static double top(const double *risk, size_t n, double share)
{
    size_t from = n - (size_t)(share * (double)n);

    while (from > 0 && from < n && risk[from] <= risk[from - 1])
        from++;
    return from < n ? risk[from] : (double)NAN;
}

/* Whom a cell of the table of four is about, and what of them. */
enum cell { SENSITIVITY, SPECIFICITY, PPV, NPV };

static struct tr_ratio ratio(struct tr_view *v, double threshold,
                             enum cell cell)
{
    memset(v->numerator, 0, v->n_persons * sizeof(double));
    memset(v->denominator, 0, v->n_persons * sizeof(double));
    for (size_t i = 0; i < v->n; i++) {
        const struct tr_point *p = &v->point[i];
        const bool flagged = p->p >= threshold, has = p->y;
        const bool among = cell == SENSITIVITY   ? has
                           : cell == SPECIFICITY ? !has
                           : cell == PPV         ? flagged
                                                 : !flagged;

        if (!among)
            continue;
        v->denominator[p->person] += p->weight;
        v->numerator[p->person] += flagged == has ? p->weight : 0;
    }
    return tr_view_share(v);
}

static void act_on(struct tr_view *v, struct tr_act *a)
{
    for (size_t i = 0; i < v->n_at_risk; i++)
        a->n_flagged += v->life[i].risk >= a->threshold;
    for (size_t i = 0; i < v->n; i++) {
        a->events += v->point[i].p >= a->threshold && v->point[i].y;
        a->others += v->point[i].p >= a->threshold && !v->point[i].y;
    }
    a->alerts_per_100 = 100 * (double)a->n_flagged / (double)v->n_at_risk;
    a->sensitivity = ratio(v, a->threshold, SENSITIVITY);
    a->specificity = ratio(v, a->threshold, SPECIFICITY);
    a->ppv = ratio(v, a->threshold, PPV);
    a->npv = ratio(v, a->threshold, NPV);
    a->to_evaluate = a->ppv.value > 0 ? 1 / a->ppv.value : (double)NAN;
}

static void add(struct tr_view *v, enum tr_act_on on, double threshold,
                struct tr_act act[TR_N_ACT], size_t *n)
{
    if (!(threshold > 0 && threshold < 1))
        return;
    for (size_t i = 0; i < *n; i++)
        if (fabs(act[i].threshold - threshold) <= 0)
            return;
    act[*n] = (struct tr_act){.on = on, .threshold = threshold};
    act_on(v, &act[(*n)++]);
}

enum an_code tr_acts(struct tr_view *v, struct tr_act act[TR_N_ACT], size_t *n,
                     struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(v->arena);
    const struct tr_benefit *of = v->verdict->model.benefit;
    double *risk = an_arena_get(v->arena, v->n_at_risk, sizeof(*risk));

    *n = 0;
    if (risk == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < v->n_at_risk; i++)
        risk[i] = v->life[i].risk;
    if (v->n_at_risk)
        qsort(risk, v->n_at_risk, sizeof(*risk), tr_double_cmp);
    for (int i = 0; i <= TR_ACT_TOP_20; i++)
        add(v, (enum tr_act_on)i, top(risk, v->n_at_risk, top_share[i]), act,
            n);
    for (int i = 0; i < TR_THRESHOLDS; i++)
        add(v, (enum tr_act_on)(TR_ACT_SHARE + i), of[i].threshold, act, n);
    an_arena_rewind(v->arena, mark);
    return AN_OK;
}

bool tr_act_is_small(const struct tr_view *v, const struct tr_act *act)
{
    const size_t known = act->events + act->others;

    return known < TR_SMALL_COUNT || v->n - known < TR_SMALL_COUNT;
}
