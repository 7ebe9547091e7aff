/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/package/groups.h"

#include <math.h>

/* ---- counts ---------------------------------------------------------------- */

/* The cases of a person stand together; the longest tells most. */
static void count_people(const struct tr_data *d, const struct tr_sexes *s,
                         struct tr_groups *out)
{
    const struct tr_cohort *c = &d->cohort;

    for (size_t i = 0, end; i < c->n_patients; i = end) {
        const uint32_t split = c->patient[i].split;
        enum tr_group sex = TR_GROUP_SEX_UNKNOWN;
        double age_days = 0;

        for (end = i;
             end < c->n_patients && c->patient[end].key == c->patient[i].key;
             end++) {
            const struct rt_history h = tr_cohort_history(c, end);
            const enum tr_group said = tr_group_sex(&h, s);

            if (said != TR_GROUP_SEX_UNKNOWN)
                sex = said;
            if (h.n_positions)
                age_days = fmax(age_days,
                                (double)h.position[h.n_positions - 1].age_days);
        }
        out->people[split]++;
        out->in[split][sex]++;
        out->in[split][tr_group_age(age_days)]++;
    }
    for (int split = 0; split < TR_N_SPLITS; split++) {
        tr_counts_hide(out->in[split], TR_GROUP_FIRST_AGE, out->hidden[split]);
        tr_counts_hide(out->in[split] + TR_GROUP_FIRST_AGE,
                       TR_N_GROUPS - TR_GROUP_FIRST_AGE,
                       out->hidden[split] + TR_GROUP_FIRST_AGE);
    }
}

/* ---- scores ---------------------------------------------------------------- */

static enum an_code score_all(struct an_arena *arena, const struct tr_data *d,
                              const struct tr_judgement *j,
                              struct tr_groups *out, struct an_err *err)
{
    struct tr_group_score *score =
        an_arena_get(arena, j->test.n_columns * TR_N_GROUPS, sizeof(*score));
    struct tr_grouped grouped;
    struct tr_view v;
    enum an_code code =
        score ? tr_view_init(&v, arena, d, j, err) : an_fail_nomem(err);

    if (code == AN_OK)
        code = tr_grouped_init(&grouped, arena, d, &j->test, err);
    for (size_t i = 0; code == AN_OK && i < j->test.n_columns; i++)
        for (int g = out->knows_sex ? 0 : TR_GROUP_FIRST_AGE;
             g < TR_N_GROUPS && code == AN_OK; g++) {
            struct tr_group_score *to = &score[i * TR_N_GROUPS + (size_t)g];

            code = tr_group_look(&v, &grouped, (enum tr_group)g, i, to, err);
            to->enough = to->enough && to->count.people_with >= TR_SMALL_COUNT;
            out->n_scored += to->enough;
        }
    out->score = score;
    out->n_columns = j->test.n_columns;
    return code;
}

enum an_code tr_groups_find(struct an_arena *arena, const struct tr_data *d,
                            const struct tr_judgement *j, struct tr_groups *out,
                            struct an_err *err)
{
    const struct tr_sexes sexes = tr_sexes_of(d);

    *out = (struct tr_groups){.knows_sex = tr_sexes_known(&sexes)};
    count_people(d, &sexes, out);
    return score_all(arena, d, j, out, err);
}
