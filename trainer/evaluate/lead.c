/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/lead.h"

#include "runtime/rollout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const uint32_t tr_lead_gap_days[TR_LEAD_GAPS] = {0, 30, 90, 365};
const double tr_lead_flagged[TR_LEAD_FLAGS] = {0.05, 0.10};

/* One person, about one outcome and gap. */
struct person {
    bool at_risk, gets_it, counts;
    double top;  /* highest risk of the moments that count */
    double lead; /* of the first that is flagged */
};

struct look {
    const struct tr_data *d;
    const struct tr_predicted *p;
    size_t column;
    struct person *person;
    double *number; /* of people */
};

static const struct tr_follow_up *follow_up(const struct look *l, size_t q)
{
    return &l->d->cohort.follow_up[l->p->row[q] * l->d->cohort.sizes.outcomes +
                                   l->p->column[l->column].outcome];
}

static double risk_of(const struct look *l, size_t q)
{
    return l->p->p_qc[q * l->p->n_columns + l->column];
}

/* A case of a person who gets it may have been asked after it came: nothing
 * follows that moment. */
static bool counts(const struct look *l, size_t q, uint32_t gap_days)
{
    const struct tr_follow_up *f = follow_up(l, q);

    return f->to_days > 0 && f->to_days >= (float)gap_days &&
           f->event == l->person[l->p->person[q]].gets_it;
}

static void gather(const struct look *l, uint32_t gap_days)
{
    memset(l->person, 0, l->p->n_persons * sizeof(*l->person));
    for (size_t q = 0; q < l->p->n; q++) {
        const struct tr_follow_up *f = follow_up(l, q);
        struct person *who = &l->person[l->p->person[q]];

        who->at_risk |= f->to_days > 0;
        who->gets_it |= f->to_days > 0 && f->event;
    }
    for (size_t q = 0; q < l->p->n; q++) {
        struct person *who = &l->person[l->p->person[q]];

        if (!counts(l, q, gap_days))
            continue;
        who->top = who->counts ? fmax(who->top, risk_of(l, q)) : risk_of(l, q);
        who->counts = true;
    }
}

static int falling(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x < y) - (x > y);
}

/* Above the highest risk of so many who never get it. */
static double threshold(const struct look *l, double flagged, size_t *n_without)
{
    size_t n = 0, above;

    for (uint32_t i = 0; i < l->p->n_persons; i++)
        if (l->person[i].counts && !l->person[i].gets_it)
            l->number[n++] = l->person[i].top;
    *n_without = n;
    if (n == 0)
        return (double)NAN;
    qsort(l->number, n, sizeof(*l->number), falling);
    above = (size_t)(flagged * (double)n);
    return l->number[above];
}

/* Of n that fall, n > 0: straight between the two it lies between. */
static double quantile(const double *falling_n, size_t n, double share)
{
    const double at = (1 - share) * (double)(n - 1);
    const size_t i = (size_t)at;
    const double rest = at - (double)i;

    return i + 1 < n ? falling_n[i] * (1 - rest) + falling_n[i + 1] * rest
                     : falling_n[i];
}

static void find_leads(const struct look *l, struct tr_lead *lead)
{
    static const double quarter[3] = {0.25, 0.5, 0.75};
    size_t n = 0;

    for (uint32_t i = 0; i < l->p->n_persons; i++)
        l->person[i].lead = 0;
    for (size_t q = 0; q < l->p->n; q++) {
        struct person *who = &l->person[l->p->person[q]];

        if (who->gets_it && counts(l, q, lead->gap_days) &&
            risk_of(l, q) > lead->threshold)
            who->lead = fmax(who->lead, (double)follow_up(l, q)->to_days);
    }
    for (uint32_t i = 0; i < l->p->n_persons; i++)
        if (l->person[i].lead > 0)
            l->number[n++] = l->person[i].lead;
    qsort(l->number, n, sizeof(*l->number), falling);
    for (int i = 0; i < 3; i++)
        lead->quartile[i] =
            n ? quantile(l->number, n, quarter[i]) : (double)NAN;
}

static void one(const struct look *l, struct tr_lead *lead)
{
    lead->threshold = threshold(l, lead->flagged, &lead->n_without);
    for (uint32_t i = 0; i < l->p->n_persons; i++) {
        const struct person *who = &l->person[i];
        const bool flag = who->counts && who->top > lead->threshold;

        lead->n_people += who->gets_it;
        lead->n_asked += who->gets_it && who->counts;
        lead->n_found += who->gets_it && flag;
        lead->n_false += !who->gets_it && flag;
    }
    lead->found = lead->n_asked ? (double)lead->n_found / (double)lead->n_asked
                                : (double)NAN;
    rt_wilson(lead->n_found, lead->n_asked, &lead->low, &lead->high);
    find_leads(l, lead);
}

/* The column of an outcome's longest horizon; n_columns when it has none. */
static size_t longest(const struct tr_predicted *p, size_t outcome)
{
    size_t best = p->n_columns;

    for (size_t i = 0; i < p->n_columns; i++)
        if (p->column[i].outcome == outcome &&
            (best == p->n_columns ||
             p->column[i].horizon_days > p->column[best].horizon_days))
            best = i;
    return best;
}

enum an_code tr_leads(struct an_arena *arena, const struct tr_data *d,
                      const struct tr_predicted *p, struct tr_leads *out,
                      struct an_err *err)
{
    const size_t outcomes = d->cohort.sizes.outcomes;
    struct look l = {.d = d, .p = p};

    *out = (struct tr_leads){.n = 0};
    out->lead = an_arena_get(arena, outcomes * TR_LEAD_GAPS * TR_LEAD_FLAGS,
                             sizeof(*out->lead));
    l.person = an_arena_get(arena, p->n_persons, sizeof(*l.person));
    l.number = an_arena_get(arena, p->n_persons, sizeof(*l.number));
    if (out->lead == NULL || l.person == NULL || l.number == NULL)
        return an_fail_nomem(err);
    for (size_t k = 0; k < outcomes; k++) {
        l.column = longest(p, k);
        if ((int64_t)k == d->cohort.sizes.death || l.column == p->n_columns)
            continue;
        for (int g = 0; g < TR_LEAD_GAPS; g++) {
            gather(&l, tr_lead_gap_days[g]);
            for (int f = 0; f < TR_LEAD_FLAGS; f++) {
                struct tr_lead *lead = &out->lead[out->n++];

                *lead = (struct tr_lead){.column = p->column[l.column],
                                         .gap_days = tr_lead_gap_days[g],
                                         .flagged = tr_lead_flagged[f]};
                one(&l, lead);
            }
        }
    }
    return AN_OK;
}
