/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a result: values, words, notes. */
#include "base/decimal.h"
#include "hl7/result_int.h"

enum { FRACTION_PLACES = 4, PERCENT_PLACES = 2 };

#define TEXT(m, s) hl7_maker_text(m, s)

static const char made_by_ai[] =
    "Made by an AI and not reviewed by a clinician.";
static const char released[] = "Made by an AI and released by a clinician.";
static const char demonstration[] =
    "A demonstration with invented patients: not for care.";
static const char withdrawn[] = "Withdrawn: what was sent under this number "
                                "does not hold any more.";

/* ---- names ----------------------------------------------------------------- */

static struct an_str joined(struct hl7_maker *m, struct an_str a,
                            const char *between, struct an_str b)
{
    struct an_str part[] = {a, an_str_c(between), b};
    struct an_str out = {NULL, 0};
    struct an_buf buf;
    struct an_err err = {0};

    an_buf_init(&buf, m->arena, HL7_RESULT_BYTES);
    for (size_t i = 0; i < 3; i++)
        an_buf_put(&buf, part[i]);
    if (an_buf_done(&buf, &out, &err) != AN_OK)
        hl7_maker_fail(m, err.code, err.what);
    return out;
}

static const struct hl7_result_name *name_of(const struct hl7_maker *m,
                                             struct an_str topic)
{
    for (size_t i = 0; i < m->site->n_names; i++)
        if (an_str_eq(m->site->name[i].topic, topic))
            return &m->site->name[i];
    return NULL;
}

struct an_str hl7_maker_code(struct hl7_maker *m, const char *part,
                             const char *words)
{
    struct an_str topic =
        m->s->topic.n ? m->s->topic : an_str_c(ctx_suggestion_text(m->s->kind));
    const struct hl7_result_name *name = name_of(m, topic);
    struct an_str code = topic, text = m->s->title, system = m->site->system;
    struct an_str out[3];

    if (name && name->code.n)
        code = name->code;
    if (name && name->text.n)
        text = name->text;
    if (name && name->system.n)
        system = name->system;
    if (part[0])
        code = joined(m, code, part, AN_STR(""));
    if (words[0])
        text = joined(m, text, words, AN_STR(""));
    out[0] = TEXT(m, code);
    out[1] = TEXT(m, text);
    out[2] = TEXT(m, system);
    return hl7_maker_join(m, '^', out, 3);
}

/* ---- values ---------------------------------------------------------------- */

static struct an_str devices(struct hl7_maker *m)
{
    const struct ctx_model_id *model = &m->s->model;
    struct an_str who[2] = {
        TEXT(m, joined(m, m->site->software, " ", m->site->software_version)),
        {NULL, 0}};

    if (model->name.n)
        who[1] = TEXT(m, joined(m, model->name, " ", model->version));
    return hl7_maker_join(m, '~', who, 2);
}

/* The row with all but its value; OBX-14 is the moment it is about. */
static struct hl7_row row_of(struct hl7_maker *m, const char *type,
                             struct an_str code)
{
    struct hl7_row row = {.id = "OBX"};

    row.field[1] = hl7_maker_number(m, ++m->n_obx);
    row.field[2] = an_str_c(type);
    row.field[3] = code;
    row.field[11] = an_str_c(hl7_maker_status(m, true));
    row.field[14] = hl7_maker_time(m, m->s->as_of);
    if (m->said->released && !m->said->withdrawn)
        row.field[16] = TEXT(m, m->said->by);
    row.field[17] =
        AN_STR("AIAST^Artificial Intelligence asserted^ObservationValue");
    row.field[18] = devices(m);
    row.field[19] = hl7_maker_time(m, an_time_us(m->said->now_us));
    return row;
}

/* What is withdrawn has no value: HL7's null deletes it. */
static void put_row(struct hl7_maker *m, struct hl7_row *row)
{
    if (m->said->withdrawn) {
        row->field[5] = AN_STR("\"\"");
        row->field[9] = AN_STR("");
    }
    hl7_maker_put(m, row);
}

static struct an_str decimal(struct hl7_maker *m, double value, int places)
{
    char text[AN_DECIMAL_TEXT_BYTES];
    struct an_str s = {text, an_decimal_print(value, places, text)};
    struct an_str copy = {NULL, 0};

    if (!an_arena_str(m->arena, s, &copy))
        hl7_maker_fail(m, AN_NOMEM, "out of memory");
    return copy;
}

static bool is_probability(struct hl7_maker *m, double p)
{
    if (p >= 0 && p <= 1) /* false for NaN */
        return true;
    hl7_maker_fail(m, AN_TYPE, "a probability is outside 0 to 1");
    return false;
}

static void put_probability(struct hl7_maker *m, const char *part,
                            const char *words, double p)
{
    struct hl7_row row = row_of(m, "NM", hl7_maker_code(m, part, words));

    if (!is_probability(m, p))
        return;
    row.field[5] = m->site->percent ? decimal(m, p * 100, PERCENT_PLACES)
                                    : decimal(m, p, FRACTION_PLACES);
    row.field[6] =
        m->site->percent ? AN_STR("%^percent^UCUM") : AN_STR("1^^UCUM");
    put_row(m, &row);
}

static void put_horizon(struct hl7_maker *m)
{
    struct hl7_row row;

    if (m->s->horizon_days == 0)
        return;
    row = row_of(m, "NM", hl7_maker_code(m, "-DAYS", ", within"));
    row.field[5] = hl7_maker_number(m, m->s->horizon_days);
    row.field[6] = AN_STR("d^days^UCUM");
    put_row(m, &row);
}

static void put_score(struct hl7_maker *m)
{
    double value;
    bool is_number = an_decimal_parse(m->s->value, &value);
    struct hl7_row row =
        row_of(m, is_number ? "NM" : "ST", hl7_maker_code(m, "", ""));
    struct an_str unit[3] = {TEXT(m, m->s->unit), {NULL, 0}, AN_STR("UCUM")};

    row.field[5] = TEXT(m, m->s->value);
    if (m->s->unit.n)
        row.field[6] = hl7_maker_join(m, '^', unit, 3);
    put_row(m, &row);
}

/* A code system as HL7 version 2 names it (table 0396). */
static struct an_str system_of(struct hl7_maker *m, struct an_str uri)
{
    static const struct {
        const char *uri, *name;
    } known[] = {{"http://hl7.org/fhir/sid/icd-10-cm", "I10C"},
                 {"http://hl7.org/fhir/sid/icd-10", "I10"},
                 {"http://hl7.org/fhir/sid/icd-9-cm", "I9C"},
                 {"http://snomed.info/sct", "SCT"},
                 {"http://loinc.org", "LN"},
                 {"http://www.nlm.nih.gov/research/umls/rxnorm", "RXNORM"}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (an_str_eq(uri, an_str_c(known[i].uri)))
            return an_str_c(known[i].name);
    return TEXT(m, uri);
}

static void put_lines(struct hl7_maker *m)
{
    for (size_t i = 0; i < m->s->n_next; i++) {
        const struct ctx_next *next = &m->s->next[i];
        struct hl7_row row = row_of(m, "CWE", hl7_maker_code(m, "", ""));
        struct an_str part[3] = {TEXT(m, next->concept.code),
                                 TEXT(m, next->concept.display),
                                 system_of(m, next->concept.system)};

        if (!is_probability(m, next->p))
            return;
        if (next->concept.code.n == 0)
            part[2] = AN_STR("");
        row.field[4] = hl7_maker_number(m, i + 1);
        row.field[5] = hl7_maker_join(m, '^', part, 3);
        row.field[9] = decimal(m, next->p, FRACTION_PLACES);
        put_row(m, &row);
    }
}

static void put_words(struct hl7_maker *m, struct an_str words)
{
    struct an_str line;

    while (hl7_maker_line(m, &words, &line)) {
        struct hl7_row row = row_of(m, "TX", hl7_maker_code(m, "", ""));

        row.field[5] = TEXT(m, line);
        hl7_maker_put(m, &row);
    }
}

void hl7_maker_values(struct hl7_maker *m)
{
    switch (m->s->kind) {
    case CTX_SUGGEST_RISK:
        put_probability(m, "", "", m->s->p);
        put_probability(m, "-LOW", ", low end", m->s->p_low);
        put_probability(m, "-HIGH", ", high end", m->s->p_high);
        put_horizon(m);
        break;
    case CTX_SUGGEST_SCORE: put_score(m); break;
    case CTX_SUGGEST_DIFFERENTIAL:
        put_lines(m);
        put_horizon(m);
        break;
    default:
        if (m->said->withdrawn) {
            struct hl7_row row = row_of(m, "TX", hl7_maker_code(m, "", ""));

            put_row(m, &row);
        } else {
            put_words(m, m->s->statement);
        }
    }
}

/* ---- words about it -------------------------------------------------------- */

/* Where the words go: notes of a result, lines of a document. */
static void say(struct hl7_maker *m, bool as_note, struct an_str words)
{
    struct an_str line;

    if (!as_note) {
        put_words(m, words);
        return;
    }
    while (hl7_maker_line(m, &words, &line)) {
        struct hl7_row row = {.id = "NTE"};

        if (an_str_trim(line).n == 0)
            continue;
        row.field[1] = hl7_maker_number(m, ++m->n_nte);
        row.field[2] = AN_STR("L");
        row.field[3] = TEXT(m, line);
        hl7_maker_put(m, &row);
    }
}

static void say_citations(struct hl7_maker *m, bool as_note)
{
    for (size_t i = 0; i < m->s->n_citations; i++) {
        const struct ctx_citation *c = &m->s->citation[i];
        struct an_str words = joined(m, c->title, ". ", c->source);

        if (c->year)
            words = joined(m, words, ", ", hl7_maker_number(m, c->year));
        if (c->doi.n)
            words = joined(m, words, ". https://doi.org/", c->doi);
        say(m, as_note, words);
    }
}

static void say_labels(struct hl7_maker *m, bool as_note)
{
    if (m->said->withdrawn)
        say(m, as_note,
            m->site->withdrawn_words.n ? m->site->withdrawn_words
                                       : an_str_c(withdrawn));
    if (m->site->note.n)
        say(m, as_note, m->site->note);
    else
        say(m, as_note, an_str_c(m->said->released ? released : made_by_ai));
    if (m->site->demo || m->s->model.demonstrator)
        say(m, as_note, an_str_c(demonstration));
}

void hl7_maker_notes(struct hl7_maker *m)
{
    /* Of a document or a comparison the words are the value. */
    bool has_value = m->s->kind != CTX_SUGGEST_SUMMARY &&
                     m->s->kind != CTX_SUGGEST_COMPARISON;

    if (!m->said->withdrawn) {
        if (has_value)
            say(m, true, m->s->statement);
        for (size_t i = 0; i < m->s->n_evidence; i++)
            say(m, true, m->s->evidence[i].sentence);
        say_citations(m, true);
    }
    say_labels(m, true);
}

void hl7_maker_document(struct hl7_maker *m)
{
    if (!m->said->withdrawn) {
        put_words(m, m->s->statement);
        say_citations(m, false);
    }
    say_labels(m, false);
}
