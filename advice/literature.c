/* SPDX-License-Identifier: Apache-2.0 */
/* What was published of two procedures: statements with their citation, of
 * other people than the patient. */
#include "advice/make_int.h"
#include "advice/table.h"

/* system, code, group, text */
static const struct adv_row codes[] = {
#include "config/tables/procedure-groups.inc"
};

static const struct published {
    const char *group, *against, *outcome, *ratio, *interval;
    uint32_t n, n_against;
    const char *years, *source;
    uint16_t year;
    const char *doi;
} published[] = {
#include "config/tables/procedure-literature.inc"
};

enum {
    N_CODES = sizeof(codes) / sizeof(codes[0]),
    N_PUBLISHED = sizeof(published) / sizeof(published[0])
};

static const struct {
    const char *text;
    enum adv_say say;
} names[] = {
    {"colectomy-laparoscopic", ADV_SAY_LITERATURE_COLECTOMY_LAPAROSCOPIC},
    {"colectomy-open", ADV_SAY_LITERATURE_COLECTOMY_OPEN},
    {"DEATH", ADV_SAY_LITERATURE_DEATH},
    {"PNEUMONIA", ADV_SAY_LITERATURE_PNEUMONIA},
    {"REINTUBATION", ADV_SAY_LITERATURE_REINTUBATION},
    {"RENAL_FAILURE", ADV_SAY_LITERATURE_RENAL_FAILURE},
    {"SEPTIC_SHOCK", ADV_SAY_LITERATURE_SEPTIC_SHOCK},
    {"WOUND_INFECTION", ADV_SAY_LITERATURE_WOUND_INFECTION},
};

/* A group or an outcome in words; a row of another is a slip of the table. */
static struct an_str say_name(struct adv_make *m, const char *text)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (an_str_eq(an_str_c(names[i].text), an_str_c(text)))
            return adv_say(&m->words, names[i].say, NULL);
    adv_words_fail(&m->words, AN_INTERNAL,
                   "a row of procedure-literature.tsv has no words");
    return AN_STR("");
}

/* "" of a code that is in no group. */
static struct an_str group_of(const struct ctx_code *code)
{
    size_t first;

    return adv_rows_find(codes, N_CODES, code->system, code->code, &first)
               ? an_str_c(codes[first].third)
               : AN_STR("");
}

static bool is_among(const struct ctx_candidate *c, size_t n, const char *group)
{
    for (size_t i = 0; i < n; i++)
        if (an_str_eq(group_of(&c[i].concept), an_str_c(group)))
            return true;
    return false;
}

static void cite(struct adv_make *m, const struct published *row,
                 struct ctx_suggestion *s)
{
    struct ctx_citation *c = adv_make_get(m, 1, sizeof(*c));

    if (c == NULL)
        return;
    *c = (struct ctx_citation){.source = an_str_c(row->source),
                               .doi = an_str_c(row->doi),
                               .year = row->year};
    s->citation = c;
    s->n_citations = 1;
}

static struct ctx_suggestion *add(struct adv_make *m)
{
    struct ctx_suggestion *s = adv_make_add(m, CTX_SUGGEST_COMPARISON);

    if (s) {
        s->title = adv_say(&m->words, ADV_SAY_LITERATURE_TITLE, NULL);
        s->never_patient = true;
    }
    return s;
}

static void state(struct adv_make *m, const struct published *row)
{
    struct ctx_suggestion *s = add(m);
    const struct adv_args args = {
        .text = {say_name(m, row->outcome), say_name(m, row->group),
                 say_name(m, row->against), an_str_c(row->ratio),
                 an_str_c(row->interval), an_str_c(row->years)},
        .number = {row->n, row->n_against}};

    if (s == NULL)
        return;
    s->statement = adv_say(&m->words,
                           row->ratio[0] ? ADV_SAY_LITERATURE_ODDS
                                         : ADV_SAY_LITERATURE_ALIKE,
                           &args);
    cite(m, row, s);
}

void adv_make_literature(struct adv_make *m, const struct ctx_candidate *c,
                         size_t n)
{
    const size_t before = m->n_suggestions;
    struct ctx_suggestion *s;

    for (size_t i = 0; i < N_PUBLISHED; i++)
        if (is_among(c, n, published[i].group) &&
            is_among(c, n, published[i].against))
            state(m, &published[i]);
    if (m->n_suggestions > before)
        return;
    s = add(m);
    if (s)
        s->statement = adv_say(&m->words, ADV_SAY_LITERATURE_NONE, NULL);
}
