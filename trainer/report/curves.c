/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/report/curves.h"

#include "trainer/evaluate/calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Weight of who has the outcome, and of who has not. */
struct sums {
    double with, without;
};

static struct sums all_of(const struct tr_point *point, size_t n)
{
    struct sums s = {0, 0};

    for (size_t i = 0; i < n; i++)
        *(point[i].y ? &s.with : &s.without) += point[i].weight;
    return s;
}

/* Adds those of the highest risk below point[end]; returns where they begin. */
static size_t next_risk(const struct tr_point *point, size_t end,
                        struct sums *s)
{
    const double risk = point[end - 1].p;

    while (end && point[end - 1].p >= risk) {
        end--;
        *(point[end].y ? &s->with : &s->without) += point[end].weight;
    }
    return end;
}

size_t tr_roc(const struct tr_point *point, size_t n, struct tr_xy *xy)
{
    const struct sums all = all_of(point, n);
    struct sums s = {0, 0};
    size_t made = 0;

    if (!(all.with > 0 && all.without > 0))
        return 0;
    xy[made++] = (struct tr_xy){0, 0};
    for (size_t end = n; end;) {
        end = next_risk(point, end, &s);
        xy[made++] = (struct tr_xy){s.without / all.without, s.with / all.with};
    }
    return made;
}

size_t tr_precision_recall(const struct tr_point *point, size_t n, size_t least,
                           struct tr_xy *xy)
{
    const struct sums all = all_of(point, n);
    struct sums s = {0, 0};
    size_t made = 0;

    if (!(all.with > 0))
        return 0;
    for (size_t end = n; end;) {
        end = next_risk(point, end, &s);
        if (n - end >= least && s.with + s.without > 0)
            xy[made++] = (struct tr_xy){s.with / all.with,
                                        s.with / (s.with + s.without)};
    }
    return made;
}

double tr_average_precision(const struct tr_point *point, size_t n)
{
    const struct sums all = all_of(point, n);
    struct sums s = {0, 0};
    double area = 0;

    if (!(all.with > 0))
        return (double)NAN;
    for (size_t end = n; end;) {
        const double before = s.with;

        end = next_risk(point, end, &s);
        if (s.with > before)
            area +=
                (s.with - before) / all.with * s.with / (s.with + s.without);
    }
    return area;
}

size_t tr_thin(struct tr_xy *xy, size_t n, size_t most)
{
    double length = 0, at = 0;
    size_t made = 1;

    if (n <= most)
        return n;
    for (size_t i = 1; i < n; i++)
        length += hypot(xy[i].x - xy[i - 1].x, xy[i].y - xy[i - 1].y);
    for (size_t i = 1; i + 1 < n && made + 1 < most; i++) {
        at += hypot(xy[i].x - xy[i - 1].x, xy[i].y - xy[i - 1].y);
        if (at >= length / (double)(most - 1) * (double)made)
            xy[made++] = xy[i];
    }
    xy[made++] = xy[n - 1];
    return made;
}

static void tenth_of(struct tr_view *v, size_t from, size_t to,
                     struct tr_tenth *t)
{
    double risk = 0, weight = 0;

    memset(v->numerator, 0, v->n_persons * sizeof(double));
    memset(v->denominator, 0, v->n_persons * sizeof(double));
    for (size_t i = from; i < to; i++) {
        const struct tr_point *p = &v->point[i];

        risk += p->weight * p->p;
        weight += p->weight;
        v->denominator[p->person] += p->weight;
        v->numerator[p->person] += p->y ? p->weight : 0;
    }
    t->risk = risk / weight;
    t->share = tr_view_share(v);
}

size_t tr_tenths(struct tr_view *v, struct tr_tenth tenth[TR_TENTHS])
{
    const size_t most = v->n / TR_TENTH_LEAST;
    const size_t wanted = most < TR_TENTHS ? most : TR_TENTHS;
    size_t made = 0, from = 0;

    for (size_t k = 1; k <= wanted; k++) {
        size_t to = v->n * k / wanted;

        while (to > from && to < v->n && v->point[to].p <= v->point[to - 1].p)
            to++;
        if (to <= from || to - from < TR_TENTH_LEAST)
            continue;
        tenth_of(v, from, to, &tenth[made++]);
        from = to;
    }
    return made;
}

void tr_decisions(const struct tr_view *v, double last,
                  struct tr_xy by_risk[TR_DECISIONS],
                  struct tr_xy all[TR_DECISIONS])
{
    for (size_t i = 0; i < TR_DECISIONS; i++) {
        const double t = last * (double)(i + 1) / TR_DECISIONS;

        by_risk[i] = (struct tr_xy){t, tr_net_benefit(v->point, v->n, t)};
        all[i] = (struct tr_xy){t, tr_net_benefit_all(v->point, v->n, t)};
    }
}

void tr_histogram(const struct tr_view *v, double last, double bar[TR_BARS])
{
    memset(bar, 0, TR_BARS * sizeof(*bar));
    for (size_t i = 0; i < v->n_at_risk; i++) {
        const double at = v->life[i].risk / last * TR_BARS;

        bar[at < TR_BARS ? (size_t)at : TR_BARS - 1] +=
            1 / (double)v->n_at_risk;
    }
}

enum an_code tr_risk_quantile(const struct tr_view *v, double share,
                              double *risk, struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(v->arena);
    double *all = an_arena_get(v->arena, v->n_at_risk, sizeof(*all));

    *risk = (double)NAN;
    if (all == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < v->n_at_risk; i++)
        all[i] = v->life[i].risk;
    if (v->n_at_risk) {
        qsort(all, v->n_at_risk, sizeof(*all), tr_double_cmp);
        *risk = all[(size_t)(share * (double)(v->n_at_risk - 1) + 0.5)];
    }
    an_arena_rewind(v->arena, mark);
    return AN_OK;
}
