/* SPDX-License-Identifier: Apache-2.0 */
/* Who is written: a person's cases laid beside each other, in one time. */
#include "trainer/meds/meds_int.h"

#include <math.h>

/* 2000-01-01T00:00Z */
#define EPOCH_US (INT64_C(946684800) * 1000000)
#define US_PER_DAY 86400e6
#define HOUR_US INT64_C(3600000000)
/* What ages, which are floats, are sure of. */
#define SLACK_US (HOUR_US / 4)
#define NO_CASE SIZE_MAX

int64_t tr_meds_us(double days)
{
    return (int64_t)llround(days * US_PER_DAY);
}

/* The case with the record's own questions, else the longest. */
static bool tells_more(const struct tr_patient *a, const struct tr_patient *b)
{
    const bool a_learns = a->end_days > a->start_days,
               b_learns = b->end_days > b->start_days;

    return a_learns != b_learns ? a_learns : a->n_positions > b->n_positions;
}

double tr_meds_first_age(const struct tr_cohort *c, size_t patient)
{
    const struct rt_history h = tr_cohort_history(c, patient);

    return h.n_positions ? (double)h.position[0].age_days : 0;
}

/* What has to be added to a case's days: its first moment may be another than
 * that of the one that is written. */
static int64_t shift_us(const struct tr_cohort *c,
                        const struct tr_meds_subject *s, size_t patient)
{
    return tr_meds_us(tr_meds_first_age(c, patient) -
                      tr_meds_first_age(c, s->main));
}

/* Where a case with one question ends, from the origin; its age is sure of no
 * more than SLACK_US. */
static int64_t asked_us(const struct tr_cohort *c,
                        const struct tr_meds_subject *s, size_t i)
{
    const struct rt_history h = tr_cohort_history(c, i);

    return shift_us(c, s, i) +
           tr_meds_us(h.position[h.n_positions - 1].time_days);
}

/* The case with the question with which a study begins, if there is one: the
 * first after the one with the record's own, or alone.  What begins before the
 * first moment counts as beginning there. */
static size_t first_question(const struct tr_cohort *c,
                             const struct tr_meds_subject *s)
{
    const struct tr_patient *m = &c->patient[s->main];
    const bool alone = m->end_days <= m->start_days;
    const size_t i = alone ? s->main : s->main + 1;
    const struct tr_patient *p = &c->patient[i];
    int64_t late_us;

    if (i >= s->first + s->n || p->n_queries != 1 ||
        p->end_days > p->start_days || p->n_positions == 0)
        return NO_CASE;
    if (alone)
        return i;
    late_us = tr_meds_us(m->start_days) - asked_us(c, s, i);
    return late_us >= -SLACK_US &&
                   (late_us <= HOUR_US + SLACK_US || m->start_days <= 0)
               ? i
               : NO_CASE;
}

/* A question between moments is asked at a whole hour (runtime/encode.h): the
 * origin is put where that is one again. */
static int64_t origin_of(const struct tr_cohort *c,
                         const struct tr_meds_subject *s)
{
    for (size_t i = s->first; i < s->first + s->n; i++) {
        const struct rt_history h = tr_cohort_history(c, i);
        const struct rt_position *last =
            h.n_positions ? &h.position[h.n_positions - 1] : NULL;
        int64_t past_us;

        if (last == NULL || last->n_items || i == s->main ||
            shift_us(c, s, i) != 0)
            continue;
        past_us = tr_meds_us(last->time_days) % HOUR_US;
        return EPOCH_US + (HOUR_US - past_us) % HOUR_US;
    }
    return EPOCH_US;
}

enum an_code tr_meds_subjects_find(struct an_arena *arena,
                                   const struct tr_cohort *c,
                                   struct tr_meds_subjects *all,
                                   struct an_err *err)
{
    size_t n_asked = 0;

    *all = (struct tr_meds_subjects){.cohort = c};
    all->one = an_arena_get(arena, c->n_patients + 1, sizeof(*all->one));
    if (all->one == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < c->n_patients; i++) {
        struct tr_meds_subject *s = &all->one[all->n - (all->n > 0)];

        if (i == 0 || c->patient[i].key != c->patient[i - 1].key) {
            s = &all->one[all->n++];
            *s = (struct tr_meds_subject){i, 0, i, NO_CASE, EPOCH_US};
        }
        s->n++;
        if (tells_more(&c->patient[i], &c->patient[s->main]))
            s->main = i;
    }
    for (size_t i = 0; i < all->n; i++) {
        struct tr_meds_subject *s = &all->one[i];

        s->origin_us = origin_of(c, s);
        s->asked = first_question(c, s);
        n_asked += s->asked != NO_CASE;
    }
    all->watched = 2 * n_asked > all->n;
    return AN_OK;
}

/* Whether any question knows it; then observation ends just after. */
bool tr_meds_dies(const struct tr_cohort *c, const struct tr_meds_subject *s)
{
    const struct tr_cohort_sizes *z = &c->sizes;

    for (size_t i = s->first; z->death >= 0 && i < s->first + s->n; i++)
        for (uint32_t q = 0; q < c->patient[i].n_queries; q++)
            if (c->follow_up[(c->patient[i].first_query + q) * z->outcomes +
                             (uint32_t)z->death]
                    .event)
                return true;
    return false;
}

/* From when on they were observed: before the first moment only the question
 * with which a study began tells. */
int64_t tr_meds_begins_us(const struct tr_meds_subjects *all,
                          const struct tr_meds_subject *s)
{
    const struct tr_cohort *c = all->cohort;
    const double start_days = c->patient[s->main].start_days;
    int64_t us;

    if (!all->watched || s->asked == NO_CASE ||
        (start_days > 0 && s->asked != s->main))
        return s->origin_us + tr_meds_us(start_days);
    us = s->origin_us + asked_us(c, s, s->asked);
    /* Such a question is asked at a whole hour. */
    return shift_us(c, s, s->asked) == 0
               ? us
               : (us + HOUR_US / 2) / HOUR_US * HOUR_US;
}

/* And until when; false when nothing says it. */
bool tr_meds_observed(const struct tr_meds_subjects *all,
                      const struct tr_meds_subject *s, int64_t *until_us)
{
    const struct tr_cohort *c = all->cohort;
    const struct tr_patient *p = &c->patient[s->main];
    double seen_days = 0;

    *until_us = s->origin_us + tr_meds_us(p->end_days);
    if (p->end_days > p->start_days)
        return true;
    if (!all->watched || s->asked != s->main)
        return false;
    for (uint32_t k = 0; k < c->sizes.outcomes; k++)
        seen_days =
            fmax(seen_days,
                 (double)c->follow_up[p->first_query * c->sizes.outcomes + k]
                     .to_days);
    *until_us = tr_meds_begins_us(all, s) + tr_meds_us(seen_days);
    return true;
}

/* What has to be added to the days of a case: that of the first question ends at
 * the whole hour of the beginning. */
int64_t tr_meds_case_us(const struct tr_meds_subjects *all,
                        const struct tr_meds_subject *s, size_t i)
{
    const struct tr_cohort *c = all->cohort;
    const int64_t shift = shift_us(c, s, i), us = tr_meds_begins_us(all, s);

    if (shift == 0 || !all->watched || i != s->asked)
        return shift;
    return us - us % HOUR_US - s->origin_us - (asked_us(c, s, i) - shift);
}
