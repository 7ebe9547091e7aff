/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/groups.h"

#include <string.h>

#define DAYS_PER_YEAR 365.25

enum { GROUP_KEY = 73 };

static const struct {
    const char *text;
    double from_years, to_years;
} groups[TR_N_GROUPS] = {
#define X(name, text, from, to) {text, from, to},
    TR_GROUPS(X)
#undef X
};

const char *tr_group_text(enum tr_group g)
{
    return groups[g].text;
}

struct tr_sexes tr_sexes_of(const struct tr_data *d)
{
    const struct an_json *concept = an_json_first(an_json_get(
        an_json_get(d->root, AN_STR("vocabulary")), AN_STR("concepts")));
    struct tr_sexes s = {RT_NO_ROW, RT_NO_ROW};

    for (int32_t i = 0; concept; i++, concept = concept->next) {
        const struct an_str key =
            an_json_text(an_json_get(concept, AN_STR("key")));

        if (an_str_eq(key, AN_STR("sex|female")))
            s.female = i;
        if (an_str_eq(key, AN_STR("sex|male")))
            s.male = i;
    }
    return s;
}

bool tr_sexes_known(const struct tr_sexes *s)
{
    return s->female != RT_NO_ROW || s->male != RT_NO_ROW;
}

enum tr_group tr_group_sex(const struct rt_history *h, const struct tr_sexes *s)
{
    for (size_t i = 0; i < h->n_items; i++) {
        const int32_t row = h->item[i].concept;

        if (row != RT_NO_ROW && row == s->female)
            return TR_GROUP_FEMALE;
        if (row != RT_NO_ROW && row == s->male)
            return TR_GROUP_MALE;
    }
    return TR_GROUP_SEX_UNKNOWN;
}

enum tr_group tr_group_age(double age_days)
{
    const double years = age_days / DAYS_PER_YEAR;
    int g = TR_GROUP_FIRST_AGE;

    while (g + 1 < TR_N_GROUPS && years >= groups[g].to_years)
        g++;
    return (enum tr_group)g;
}

enum an_code tr_grouped_init(struct tr_grouped *g, struct an_arena *arena,
                             const struct tr_data *d,
                             const struct tr_predicted *p, struct an_err *err)
{
    const struct tr_sexes sexes = tr_sexes_of(d);
    const struct tr_cohort *c = &d->cohort;
    uint8_t *sex = an_arena_get(arena, p->n_persons, 1);
    size_t i = 0;

    *g = (struct tr_grouped){an_arena_get(arena, p->n, 1),
                             an_arena_get(arena, p->n, 1),
                             an_arena_get(arena, p->n, 1), p->n};
    if (!sex || !g->sex_q || !g->age_q || !g->in)
        return an_fail_nomem(err);
    memset(sex, TR_GROUP_SEX_UNKNOWN, p->n_persons);
    for (size_t q = 0; q < p->n; q++) {
        uint8_t *known = &sex[p->person[q]];
        struct rt_history h;

        while (p->row[q] >= c->patient[i].first_query + c->patient[i].n_queries)
            i++;
        h = tr_cohort_history(c, i);
        if (*known == TR_GROUP_SEX_UNKNOWN)
            *known = (uint8_t)tr_group_sex(&h, &sexes);
        g->age_q[q] = (uint8_t)tr_group_age(
            (double)h.position[c->query[p->row[q]].position].age_days);
    }
    for (size_t q = 0; q < p->n; q++)
        g->sex_q[q] = sex[p->person[q]];
    return AN_OK;
}

enum an_code tr_group_look(struct tr_view *v, const struct tr_grouped *g,
                           enum tr_group group, size_t column,
                           struct tr_group_score *out, struct an_err *err)
{
    const uint8_t *of = group < TR_GROUP_FIRST_AGE ? g->sex_q : g->age_q;
    enum an_code code;

    *out = (struct tr_group_score){.enough = false};
    for (size_t q = 0; q < g->n; q++)
        g->in[q] = of[q] == group;
    code = tr_view_look(v, column, g->in, err);
    if (code != AN_OK)
        return code;
    out->count = tr_view_count(v);
    out->enough = tr_counted_enough(&out->count);
    if (!out->enough)
        return AN_OK;
    out->auroc.value = tr_auroc(v->plain, v->n);
    out->auroc.interval = tr_auroc_interval(
        v->plain, v->n, NULL, 0, v->n_persons, v->scratch, GROUP_KEY);
    return tr_view_level(v, &out->level, err);
}

void tr_counts_hide(const size_t *count, size_t n, bool *hidden)
{
    size_t n_hidden = 0, least = n;

    for (size_t i = 0; i < n; i++) {
        hidden[i] = count[i] > 0 && count[i] < TR_SMALL_COUNT;
        n_hidden += hidden[i];
        if (!hidden[i] && count[i] > 0 &&
            (least == n || count[i] < count[least]))
            least = i;
    }
    if (n_hidden == 1 && least < n)
        hidden[least] = true;
}
