/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/tune/site.h"

#include "runtime/vocabulary.h"

#include <stdlib.h>

#define DAYS_PER_YEAR 365.25

static const struct band {
    const char *text;
    double from, to;
} bands[] = {
#define X(text, from, to) {text, from, to},
    TR_AGE_BANDS(X)
#undef X
};
enum { N_BANDS = sizeof(bands) / sizeof(bands[0]) };
_Static_assert(TR_GROUP_AGES + N_BANDS == TR_N_GROUPS, "a bit each");
_Static_assert(TR_N_GROUPS <= 8, "of a byte");

const char *tr_group_text(int group)
{
    if (group == TR_GROUP_FEMALE)
        return "female";
    return group == TR_GROUP_MALE ? "male" : bands[group - TR_GROUP_AGES].text;
}

/* ---- who is where ---------------------------------------------------------- */

struct who {
    uint64_t key;
    uint32_t split, at;
};

static int who_cmp(const void *a, const void *b)
{
    const struct who *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

enum an_code tr_site_count(struct an_arena *arena, const struct tr_cohort *c,
                           size_t n[TR_N_SPLITS], struct an_err *err)
{
    struct who *who = an_arena_get(arena, c->n_patients, sizeof(*who));

    for (int s = 0; s < TR_N_SPLITS; s++)
        n[s] = 0;
    if (who == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < c->n_patients; i++)
        who[i] =
            (struct who){c->patient[i].key, c->patient[i].split, (uint32_t)i};
    if (c->n_patients)
        qsort(who, c->n_patients, sizeof(*who), who_cmp);
    for (size_t i = 0; i < c->n_patients; i++) {
        const bool again = i && who[i - 1].key == who[i].key;

        n[who[i].split] += !again;
        if (!again || who[i - 1].split == who[i].split)
            continue;
        an_fail(err, AN_CONFLICT, "a patient is in two splits", 0);
        if (err)
            err->where.line = who[i].at + 1;
        return AN_CONFLICT;
    }
    return AN_OK;
}

/* ---- groups ---------------------------------------------------------------- */

static uint8_t sex_of(const struct rt_history *h, int32_t female, int32_t male)
{
    uint8_t in = 0;

    for (size_t i = 0; i < h->n_items; i++) {
        const int32_t row = h->item[i].concept;

        if (row == RT_NO_ROW)
            continue;
        in |= row == female ? 1U << TR_GROUP_FEMALE : 0;
        in |= row == male ? 1U << TR_GROUP_MALE : 0;
    }
    return in;
}

static uint8_t band_of(double years)
{
    for (int b = 0; b < N_BANDS; b++)
        if (years >= bands[b].from && years < bands[b].to)
            return (uint8_t)(1U << (TR_GROUP_AGES + b));
    return 0;
}

enum an_code tr_site_groups(struct an_arena *arena, const struct tr_data *d,
                            const struct tr_predicted *p, uint8_t **in,
                            struct an_err *err)
{
    const struct tr_cohort *c = &d->cohort;
    struct rt_vocabulary v;
    uint8_t *of_query = an_arena_get(arena, c->n_queries, 1);
    int32_t female, male;
    enum an_code code = rt_vocabulary_read(
        arena, an_json_get(d->root, AN_STR("vocabulary")), &v, err);

    *in = an_arena_get(arena, p->n, 1);
    if (code != AN_OK)
        return code;
    if (*in == NULL || of_query == NULL)
        return an_fail_nomem(err);
    female = rt_vocabulary_row(&v, AN_STR("sex|female"));
    male = rt_vocabulary_row(&v, AN_STR("sex|male"));
    for (size_t i = 0; i < c->n_patients; i++) {
        const struct tr_patient *one = &c->patient[i];
        const struct rt_history h = tr_cohort_history(c, i);
        const uint8_t sex = sex_of(&h, female, male);

        for (size_t q = one->first_query; q < one->first_query + one->n_queries;
             q++)
            of_query[q] =
                sex |
                band_of((double)h.position[c->query[q].position].age_days /
                        DAYS_PER_YEAR);
    }
    for (size_t q = 0; q < p->n; q++)
        (*in)[q] = of_query[p->row[q]];
    return AN_OK;
}
