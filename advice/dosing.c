/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/dosing.h"

#include "advice/dosing_int.h"
#include "advice/make_int.h"
#include "advice/table.h"
#include "base/decimal.h"

/* system, code, drug, text */
static const struct adv_row codes[] = {
#include "config/tables/dosing-drugs.inc"
};

static const struct adv_dosing_row rows[] = {
#include "config/tables/dosing.inc"
};

enum {
    N_CODES = sizeof(codes) / sizeof(codes[0]),
    N_ROWS = sizeof(rows) / sizeof(rows[0]),
    MOST_EVIDENCE = 5,
    MOST_PLACES = 6
};

static const struct {
    const char *select, *name, *text, *ucum;
} equations[] = {
    [ADV_NO_EQUATION] = {"", "", "", ""},
    [ADV_CKD_EPI_2021] = {"egfr", "CKD-EPI 2021", "mL/min/1.73 m\302\262",
                          "mL/min/{1.73_m2}"},
    [ADV_COCKCROFT_GAULT] = {"crcl", "Cockcroft-Gault", "mL/min", "mL/min"},
};

static const struct ctx_citation cockcroft_gault = {
    AN_STR_INIT("Prediction of Creatinine Clearance from Serum Creatinine"),
    AN_STR_INIT("Nephron 16:31"), AN_STR_INIT("10.1159/000180580"), 1976};

/* ---- numbers ----------------------------------------------------------------*/

static struct an_str say_decimal(struct adv_make *m, double value, int places)
{
    char *buf = adv_make_get(m, AN_DECIMAL_TEXT_BYTES, 1);

    return buf ? (struct an_str){buf, an_decimal_print(value, places, buf)}
               : AN_STR("");
}

/* A limit of the table: "30", "1.5". */
static struct an_str say_limit(struct adv_make *m, double value)
{
    double tenths = value * 10;

    return say_decimal(m, value, (int64_t)tenths % 10 ? 1 : 0);
}

static struct an_str say_quantity(struct adv_make *m, double value,
                                  const char *unit)
{
    return adv_make_joined(m, say_limit(m, value), " ", an_str_c(unit));
}

/* With as many decimals as it takes not to cross a limit by rounding. */
static struct an_str say_estimate(struct adv_make *m,
                                  const struct adv_dosing_row *row,
                                  double value)
{
    struct an_str s = AN_STR("");
    double said = 0;

    for (int places = 1; places <= MOST_PLACES; places++) {
        s = say_decimal(m, value, places);
        if (an_decimal_parse(s, &said) && adv_dosing_in_band(row, said))
            break;
    }
    return s;
}

/* "< 30 mL/min", ">= 15, <= 30 mL/min". */
static struct an_str say_band(struct adv_make *m,
                              const struct adv_dosing_row *row)
{
    const char *unit = equations[row->equation].text;
    struct an_str to =
        adv_make_joined(m, an_str_c(row->ends[1] == ']' ? "<=" : "<"), " ",
                        say_quantity(m, row->to, unit));
    struct an_str from;

    if (row->from <= 0)
        return to;
    from = adv_make_joined(m, an_str_c(row->ends[0] == '[' ? ">=" : ">"), " ",
                           say_limit(m, row->from));
    return adv_make_joined(m, from, ", ", to);
}

/* ---- sentences --------------------------------------------------------------*/

static void append(struct adv_make *m, struct ctx_suggestion *s,
                   enum adv_say key, const struct adv_args *args)
{
    struct an_str more = adv_say(&m->words, key, args);

    s->statement =
        adv_make_joined(m, s->statement, s->statement.n ? " " : "", more);
}

/* What the source says, in the order of arguments that en.pot gives. */
static void append_row(struct adv_make *m, const struct adv_dosing_row *row,
                       const struct adv_dosing_finding *f,
                       struct ctx_suggestion *s)
{
    struct adv_args args = {.text = {an_str_c(row->drug)}};

    if (row->equation == ADV_NO_EQUATION) {
        args.text[1] = an_str_c(row->dose);
        args.text[2] = say_limit(m, row->age_from_years);
        args.text[3] = say_quantity(m, row->weight_to_kg, "kg");
        args.text[4] = say_quantity(m, row->creatinine_from_mg_dl, "mg/dL");
        args.number[0] = row->at_least;
        args.number[1] = f->n_hold;
    } else {
        args.text[1] = say_band(m, row);
        args.text[2] = an_str_c(row->dose);
        args.text[3] = an_str_c(row->other_dose);
    }
    append(m, s, row->say, &args);
}

static void append_estimate(struct adv_make *m,
                            const struct adv_dosing_row *row,
                            const struct adv_dosing_inputs *in,
                            struct ctx_suggestion *s)
{
    const struct ctx_event *c = in->creatinine.event, *w = in->weight.event;
    bool weighed = row->equation == ADV_COCKCROFT_GAULT;
    struct adv_args used = {
        .text = {adv_event_value(m, c), adv_event_date(m, c)},
        .number = {in->age_years}};

    append(m, s, ADV_SAY_DOSING_ESTIMATE,
           &(struct adv_args){
               .text = {an_str_c(equations[row->equation].select), s->value,
                        an_str_c(equations[row->equation].text),
                        an_str_c(equations[row->equation].name)}});
    if (weighed) {
        used.text[2] = adv_event_value(m, w);
        used.text[3] = adv_event_date(m, w);
    }
    used.text[4] = in->female ? AN_STR("female") : AN_STR("male");
    append(m, s, weighed ? ADV_SAY_DOSING_USED_WEIGHT : ADV_SAY_DOSING_USED,
           &used);
    if (weighed && in->height.lack == ADV_LACK_NOTHING) {
        double metres = in->height.value / 100;
        double index = in->weight.value / (metres * metres);

        append(m, s, ADV_SAY_DOSING_BODY_MASS,
               &(struct adv_args){
                   .text = {say_decimal(m, index, 1), AN_STR("kg/m\302\262"),
                            adv_event_value(m, in->height.event),
                            adv_event_date(m, in->height.event)}});
    }
    append(m, s, ADV_SAY_DOSING_STEADY, NULL);
}

static void append_lack(struct adv_make *m, const struct adv_measure *what,
                        const char *select, double days,
                        struct ctx_suggestion *s)
{
    static const enum adv_say key[] = {
        [ADV_LACK_RECENT] = ADV_SAY_DOSING_LACK_RECENT,
        [ADV_LACK_FINAL_RESULT] = ADV_SAY_DOSING_LACK_FINAL_RESULT,
        [ADV_LACK_UNIT] = ADV_SAY_DOSING_LACK_UNIT,
        [ADV_LACK_PLAUSIBLE] = ADV_SAY_DOSING_LACK_PLAUSIBLE,
    };

    if (what->lack != ADV_LACK_NOTHING)
        append(
            m, s, key[what->lack],
            &(struct adv_args){.text = {an_str_c(select)}, .number = {days}});
}

/* All that the row asks for and that is not there. */
static void append_lacks(struct adv_make *m, const struct adv_dosing_row *row,
                         const struct adv_dosing_inputs *in,
                         struct ctx_suggestion *s)
{
    if (in->is_child)
        append(m, s, ADV_SAY_DOSING_LACK_ADULT, NULL);
    else if (!in->has_age)
        append(m, s, ADV_SAY_DOSING_LACK_AGE, NULL);
    if (row->equation != ADV_NO_EQUATION && !in->has_sex)
        append(m, s, ADV_SAY_DOSING_LACK_SEX, NULL);
    append_lack(m, &in->creatinine, "creatinine", ADV_DOSING_CREATININE_DAYS,
                s);
    if (row->equation != ADV_CKD_EPI_2021)
        append_lack(m, &in->weight, "weight", ADV_DOSING_WEIGHT_DAYS, s);
}

/* ---- evidence and sources ---------------------------------------------------*/

static void add_evidence(struct adv_make *m, struct ctx_suggestion *s,
                         struct ctx_evidence *out, const struct ctx_event *e,
                         bool used)
{
    struct adv_args args = {.number = {m->facts.age_years}};
    enum adv_say key = used ? ADV_SAY_INPUT_VALUE : ADV_SAY_INPUT_UNUSED;

    if (e == NULL)
        return;
    if (e->kind == CTX_BIRTH) {
        key = ADV_SAY_INPUT_AGE;
    } else if (e->kind == CTX_SEX) {
        key = ADV_SAY_INPUT_SEX;
        args.text[0] =
            m->facts.sex == ADV_SEX_FEMALE ? AN_STR("female") : AN_STR("male");
    } else {
        args.text[0] = adv_event_name(m, e);
        args.text[1] = adv_event_value(m, e);
        args.text[2] = adv_event_date(m, e);
    }
    out[s->n_evidence++] = (struct ctx_evidence){
        .event = e, .sentence = adv_say(&m->words, key, &args)};
}

static void find_evidence(struct adv_make *m, const struct adv_dosing_row *row,
                          const struct adv_dosing_inputs *in,
                          struct ctx_suggestion *s)
{
    struct ctx_evidence *out = adv_make_get(m, MOST_EVIDENCE, sizeof(*out));
    bool told = s->abstention == CTX_ABSTAIN_NONE;
    bool weighed = row->equation == ADV_COCKCROFT_GAULT;

    if (out == NULL)
        return;
    add_evidence(m, s, out, in->creatinine.event,
                 told && in->creatinine.lack == ADV_LACK_NOTHING);
    if (row->equation != ADV_CKD_EPI_2021)
        add_evidence(m, s, out, in->weight.event,
                     told && in->weight.lack == ADV_LACK_NOTHING);
    if (told || in->is_child)
        add_evidence(m, s, out, m->facts.birth, true);
    if (told && row->equation != ADV_NO_EQUATION)
        add_evidence(m, s, out, m->facts.sex_event, true);
    if (told && weighed && in->height.lack == ADV_LACK_NOTHING)
        add_evidence(m, s, out, in->height.event, true);
    s->evidence = out;
}

static void cite(struct adv_make *m, const struct adv_dosing_row *row,
                 struct ctx_suggestion *s)
{
    struct ctx_citation *c = adv_make_get(m, 2, sizeof(*c));

    if (c == NULL)
        return;
    c[0] = (struct ctx_citation){.title = an_str_c(row->title),
                                 .source = an_str_c(row->source),
                                 .year = row->year};
    c[1] = row->equation == ADV_COCKCROFT_GAULT
               ? cockcroft_gault
               : adv_scores[ADV_SCORE_EGFR].citation[0];
    s->citation = c;
    s->n_citations = row->equation == ADV_NO_EQUATION ? 1 : 2;
}

/* ---- notes ------------------------------------------------------------------*/

static bool is_expired(const struct adv_dosing_row *row, struct an_time now)
{
    char buf[AN_TIME_TEXT_BYTES];
    struct an_str day = {buf, an_time_print_date(now, buf)};

    return an_str_cmp(day, an_str_c(row->expires)) > 0;
}

static bool is_ordered(const struct adv_dosing_row *row,
                       const struct ctx_code *drug, size_t n)
{
    size_t first;

    for (size_t i = 0; i < n; i++)
        if (adv_rows_find(codes, N_CODES, drug[i].system, drug[i].code,
                          &first) &&
            an_str_eq(an_str_c(codes[first].third), an_str_c(row->drug)))
            return true;
    return false;
}

static bool has_abstained(const struct adv_make *m, const char *drug)
{
    for (size_t i = 0; i < m->n_suggestions; i++)
        if (m->suggestion[i].abstention &&
            an_str_eq(m->suggestion[i].topic, an_str_c(drug)))
            return true;
    return false;
}

static void note(struct adv_make *m, const struct adv_dosing_row *row,
                 const struct adv_dosing_inputs *in)
{
    struct adv_dosing_finding f = adv_dosing_find(row, in);
    struct ctx_suggestion *s;

    if (f.verdict == ADV_APPLIES_NOT ||
        (f.verdict == ADV_CANNOT_TELL && has_abstained(m, row->drug)))
        return;
    s = adv_make_add(m, CTX_SUGGEST_DOSING);
    if (s == NULL)
        return;
    s->topic = an_str_c(row->drug);
    s->title = adv_say(&m->words, ADV_SAY_DOSING_TITLE,
                       &(struct adv_args){.text = {an_str_c(row->drug)}});
    s->never_patient = true;
    if (f.verdict == ADV_CANNOT_TELL) {
        s->abstention = in->is_child ? CTX_ABSTAIN_OUT_OF_POPULATION
                                     : CTX_ABSTAIN_MISSING_INPUT;
        append(m, s,
               row->equation == ADV_NO_EQUATION ? ADV_SAY_DOSING_NOT_DECIDED
                                                : ADV_SAY_DOSING_NOT_ESTIMATED,
               &(struct adv_args){.text = {an_str_c(row->drug)}});
    } else {
        append_row(m, row, &f, s);
    }
    if (f.verdict == ADV_APPLIES && row->equation != ADV_NO_EQUATION) {
        s->value = say_estimate(m, row, f.value);
        s->unit = an_str_c(equations[row->equation].ucum);
        append_estimate(m, row, in, s);
    } else {
        append_lacks(m, row, in, s);
    }
    if (f.verdict == ADV_APPLIES)
        append(m, s, ADV_SAY_DOSING_LIMITS,
               &(struct adv_args){.text = {an_str_c(row->checked)}});
    find_evidence(m, row, in, s);
    cite(m, row, s);
}

size_t adv_dosing_rows(struct an_time now, size_t *n_expired)
{
    *n_expired = 0;
    for (size_t i = 0; i < N_ROWS; i++)
        *n_expired += is_expired(&rows[i], now);
    return N_ROWS;
}

enum an_code adv_dosing(struct an_arena *arena,
                        const struct ctx_timeline *timeline,
                        const struct adv_options *options,
                        const struct ctx_code *drug, size_t n_drugs,
                        const struct ctx_suggestion **suggestion,
                        size_t *n_suggestions, struct an_err *err)
{
    struct adv_make m = {.arena = arena,
                         .timeline = timeline,
                         .options = options,
                         .n_room = N_ROWS};
    struct adv_dosing_inputs in;
    enum an_code code;

    *suggestion = NULL;
    *n_suggestions = 0;
    if (options->audience != CTX_FOR_CLINICIAN &&
        options->audience != CTX_FOR_NURSE)
        return AN_OK;
    adv_facts_read(timeline, options->now, &m.facts);
    if (m.facts.death)
        return AN_OK;
    m.suggestion = an_arena_get(arena, m.n_room, sizeof(*m.suggestion));
    if (m.suggestion == NULL)
        return an_fail_nomem(err);
    code = adv_words_open(&m.words, arena, options->language, err);
    if (code != AN_OK)
        return code;
    adv_dosing_inputs_read(&m.facts, &in);
    for (size_t i = 0; i < N_ROWS; i++)
        if (!is_expired(&rows[i], options->now) &&
            is_ordered(&rows[i], drug, n_drugs))
            note(&m, &rows[i], &in);
    if (options->restricted)
        adv_make_restricted(&m);
    code = adv_words_done(&m.words, err);
    adv_words_close(&m.words);
    if (code != AN_OK)
        return code;
    *suggestion = m.suggestion;
    *n_suggestions = m.n_suggestions;
    return AN_OK;
}
