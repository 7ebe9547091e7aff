/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/package/groups.h"

#include <math.h>
#include <string.h>

enum { RESAMPLE_KEY = 73 };

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

struct scorer {
    struct an_arena *arena;
    const struct tr_data *d;
    const struct tr_judgement *j;
    uint8_t *sex, *age; /* [question of the test split] */
    struct tr_life *all, *life;
    struct tr_point *point;
    double *weight, *scratch;
};

static enum an_code make_room(struct scorer *s, struct an_err *err)
{
    const size_t n = s->j->test.n, persons = s->j->test.n_persons;

    s->all = an_arena_get(s->arena, n, sizeof(*s->all));
    s->life = an_arena_get(s->arena, n, sizeof(*s->life));
    s->point = an_arena_get(s->arena, n, sizeof(*s->point));
    s->weight = an_arena_get(s->arena, n, sizeof(*s->weight));
    s->scratch = an_arena_get(
        s->arena, 2 * persons + tr_interval_scratch(s->j->test.n_persons),
        sizeof(*s->scratch));
    return s->all && s->life && s->point && s->weight && s->scratch
               ? AN_OK
               : an_fail_nomem(err);
}

/* Questions, and people, with the outcome among the points. */
static void count_events(const struct scorer *s, size_t n, size_t *events,
                         size_t *persons)
{
    const uint32_t n_persons = s->j->test.n_persons;

    *events = *persons = 0;
    memset(s->scratch, 0, n_persons * sizeof(*s->scratch));
    for (size_t i = 0; i < n; i++) {
        *events += s->point[i].y;
        if (s->point[i].y)
            s->scratch[s->point[i].person] = 1;
    }
    for (uint32_t i = 0; i < n_persons; i++)
        *persons += s->scratch[i] > 0;
}

/* As judge.c does of all: what is observed is everybody's at risk. */
static void score_level(const struct scorer *s, size_t column, size_t n,
                        double incidence, struct tr_group_score *to)
{
    const struct tr_predicted *p = &s->j->test;
    double *observed = s->scratch, *expected = observed + p->n_persons, sum = 0;

    memset(observed, 0, 2 * (size_t)p->n_persons * sizeof(*observed));
    for (size_t i = 0; i < n; i++) {
        const size_t q = s->life[i].question;

        if (p->answer_qc[q * p->n_columns + column] == TR_YES)
            observed[p->person[q]] += s->weight[i];
        expected[p->person[q]] += s->life[i].risk;
        sum += s->life[i].risk;
    }
    to->observed_expected = incidence / (sum / (double)n);
    to->observed_expected_interval =
        tr_ratio_interval(observed, expected, p->n_persons,
                          expected + p->n_persons, RESAMPLE_KEY);
}

static enum an_code score_one(const struct scorer *s, size_t column,
                              size_t n_all, int g, struct tr_group_score *to,
                              struct an_err *err)
{
    const struct tr_predicted *p = &s->j->test;
    const struct tr_verdict *v = &s->j->verdict[column];
    const uint8_t *in = g < TR_GROUP_FIRST_AGE ? s->sex : s->age;
    size_t n = 0, n_points, events, persons;
    double incidence = 0;
    enum an_code code;

    for (size_t i = 0; i < n_all; i++)
        if (in[s->all[i].question] == g) {
            s->life[n] = s->all[i];
            s->life[n].risk = rt_calibrate(&v->calibration, s->life[n].risk);
            n++;
        }
    if (n == 0)
        return AN_OK;
    code = tr_known_weights(s->arena, s->life, n, v->column.horizon_days,
                            s->weight, err);
    if (code == AN_OK)
        code = tr_incidence(s->arena, s->life, n, v->column.horizon_days,
                            &incidence, err);
    if (code != AN_OK)
        return code;
    n_points = tr_predicted_points(p, column, s->life, s->weight, n, s->point);
    count_events(s, n_points, &events, &persons);
    if (events < TR_GROUP_EVENTS || n_points - events < TR_GROUP_EVENTS ||
        persons < TR_GROUP_PEOPLE)
        return AN_OK;
    to->n = n_points;
    to->events = events;
    score_level(s, column, n, incidence, to);
    for (size_t i = 0; i < n_points; i++)
        s->point[i].weight = 1;
    to->auroc = tr_auroc(s->point, n_points);
    to->auroc_interval = tr_auroc_interval(
        s->point, n_points, NULL, 0, p->n_persons, s->scratch, RESAMPLE_KEY);
    return AN_OK;
}

static enum an_code score_all(struct scorer *s, struct tr_groups *out,
                              struct an_err *err)
{
    struct tr_group_score *score = an_arena_get(
        s->arena, s->j->test.n_columns * TR_N_GROUPS, sizeof(*score));
    enum an_code code = score ? make_room(s, err) : an_fail_nomem(err);

    if (code == AN_OK)
        code = tr_groups_of(s->arena, s->d, &s->j->test, &s->sex, &s->age, err);
    for (size_t i = 0; i < s->j->test.n_columns && code == AN_OK; i++) {
        const size_t n_all = tr_predicted_lives(&s->j->test, s->d, i, s->all);

        for (int g = 0; g < TR_N_GROUPS && code == AN_OK; g++) {
            struct tr_group_score *to = &score[i * TR_N_GROUPS + (size_t)g];

            if (g < TR_GROUP_FIRST_AGE && !out->knows_sex)
                continue;
            code = score_one(s, i, n_all, g, to, err);
            out->n_scored += to->n > 0;
        }
    }
    out->score = score;
    out->n_columns = s->j->test.n_columns;
    return code;
}

enum an_code tr_groups_find(struct an_arena *arena, const struct tr_data *d,
                            const struct tr_judgement *j, struct tr_groups *out,
                            struct an_err *err)
{
    struct scorer s = {.arena = arena, .d = d, .j = j};
    const struct tr_sexes sexes = tr_sexes_of(d);

    *out = (struct tr_groups){.knows_sex = tr_sexes_known(&sexes)};
    count_people(d, &sexes, out);
    return score_all(&s, out, err);
}
