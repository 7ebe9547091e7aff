/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/report/groups.h"

#include "trainer/report/thresholds.h"

#include <math.h>
#include <string.h>

#define DAYS_PER_YEAR 365.25

static const char *const sex_text[TR_N_SEXES] = {"Female", "Male",
                                                 "Not known, or another"};
static const char *const age_text[TR_N_AGES] = {
    "0 to 17", "18 to 39", "40 to 64", "65 to 79", "80 and older"};
static const double age_from[TR_N_AGES] = {0, 18, 40, 65, 80};

size_t tr_partition_groups(enum tr_partition p)
{
    return p == TR_BY_SEX ? TR_N_SEXES : TR_N_AGES;
}

const char *tr_partition_text(enum tr_partition p)
{
    return p == TR_BY_SEX ? "Sex" : "Age at the question, years";
}

const char *tr_partition_group(enum tr_partition p, size_t group)
{
    return p == TR_BY_SEX ? sex_text[group] : age_text[group];
}

/* Row of a concept in the vocabulary; RT_NO_ROW. */
static int32_t row_of(const struct tr_data *d, struct an_str key)
{
    int32_t row = 0;

    for (const struct an_json *e = an_json_first(an_json_get(
             an_json_get(d->root, AN_STR("vocabulary")), AN_STR("concepts")));
         e; e = e->next, row++)
        if (an_str_eq(an_json_text(an_json_get(e, AN_STR("key"))), key))
            return row;
    return RT_NO_ROW;
}

static uint8_t sex_of(const struct tr_cohort *c, const struct tr_patient *p,
                      int32_t female, int32_t male)
{
    for (uint32_t i = 0; i < p->n_items; i++) {
        const int32_t concept = c->item[p->first_item + i].concept;

        if (concept != RT_NO_ROW && concept == female)
            return 0;
        if (concept != RT_NO_ROW && concept == male)
            return 1;
    }
    return TR_N_SEXES - 1;
}

static uint8_t age_of(double years)
{
    uint8_t group = 0;

    while (group + 1 < TR_N_AGES && years >= age_from[group + 1])
        group++;
    return group;
}

/* Ages of the questions; the sex of a person, whichever of their cases first
 * says it. */
static void by_question(struct tr_groups *g, const struct tr_data *d,
                        const struct tr_predicted *p, uint8_t *sex)
{
    const int32_t female = row_of(d, AN_STR("sex|female"));
    const int32_t male = row_of(d, AN_STR("sex|male"));
    const struct tr_cohort *c = &d->cohort;
    const struct tr_patient *of = c->patient;

    for (size_t q = 0; q < p->n; q++) {
        const uint64_t query = p->row[q];
        uint8_t *known = &sex[p->person[q]];

        while (query >= of->first_query + of->n_queries)
            of++;
        if (*known == TR_N_SEXES - 1)
            *known = sex_of(c, of, female, male);
        g->group[TR_BY_AGE][q] = age_of(
            (double)c->position[of->first_position + c->query[query].position]
                .age_days /
            DAYS_PER_YEAR);
    }
}

enum an_code tr_groups_init(struct tr_groups *g, struct an_arena *arena,
                            const struct tr_data *d,
                            const struct tr_predicted *p, struct an_err *err)
{
    uint8_t *sex = an_arena_get(arena, p->n_persons, 1);

    *g = (struct tr_groups){
        .group = {an_arena_get(arena, p->n, 1), an_arena_get(arena, p->n, 1)},
        .in = an_arena_get(arena, p->n, 1),
        .n = p->n};
    if (!sex || !g->group[TR_BY_SEX] || !g->group[TR_BY_AGE] || !g->in)
        return an_fail_nomem(err);
    memset(sex, TR_N_SEXES - 1, p->n_persons);
    by_question(g, d, p, sex);
    for (size_t q = 0; q < p->n; q++)
        g->group[TR_BY_SEX][q] = sex[p->person[q]];
    return AN_OK;
}

enum an_code tr_group_look(struct tr_view *v, const struct tr_groups *g,
                           enum tr_partition p, size_t group, size_t column,
                           struct tr_group *out, struct an_err *err)
{
    enum an_code code;

    *out = (struct tr_group){.enough = false};
    for (size_t q = 0; q < g->n; q++)
        g->in[q] = g->group[p][q] == group;
    code = tr_view_look(v, column, g->in, err);
    if (code != AN_OK)
        return code;
    out->count = tr_view_count(v);
    out->enough = tr_counted_enough(&out->count);
    if (!out->enough)
        return AN_OK;
    out->auroc.value = tr_auroc(v->plain, v->n);
    out->auroc.interval = tr_auroc_interval(v->plain, v->n, NULL, 0,
                                            v->n_persons, v->scratch, group);
    return tr_view_level(v, &out->level, err);
}

static bool is_small(size_t n)
{
    return n > 0 && n < TR_SMALL_COUNT;
}

void tr_counts_hide(const size_t *count, size_t n, bool *hidden)
{
    size_t n_hidden = 0, least = n;

    for (size_t i = 0; i < n; i++) {
        hidden[i] = is_small(count[i]);
        n_hidden += hidden[i];
        if (!hidden[i] && count[i] && (least == n || count[i] < count[least]))
            least = i;
    }
    if (n_hidden == 1 && least < n)
        hidden[least] = true;
}
