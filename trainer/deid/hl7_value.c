/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "trainer/deid/hl7_int.h"

#include <stdio.h>

enum { ID_DIGITS = 20, MAX_CODED_BYTES = 600 };

static const struct an_str nothing = {NULL, 0};

static struct an_str copy(struct deid_message *w, struct an_str text)
{
    struct an_str kept = nothing;

    if (w->code == AN_OK && !an_arena_str(w->arena, text, &kept))
        w->code = an_fail_nomem(w->err);
    return w->code == AN_OK ? kept : nothing;
}

struct an_str deid_component(struct deid_message *w, struct hl7_node rep,
                             unsigned i)
{
    struct an_str text = nothing;

    if (w->code == AN_OK)
        w->code = hl7_raw_text(&w->m, hl7_raw(hl7_child(rep, HL7_COMPONENT, i)),
                               &text, w->err);
    return w->code == AN_OK ? text : nothing;
}

static struct an_str name(struct deid_message *w, struct an_str authority,
                          struct an_str value)
{
    char text[2 * TR_DEID_NAME_BYTES + 1];
    uint8_t bytes[TR_DEID_NAME_BYTES];

    if (value.n == 0 || w->code != AN_OK)
        return nothing;
    w->code = tr_deid_name(&w->d->names, authority, value, bytes, w->err);
    if (w->code != AN_OK)
        return nothing;
    an_hex_print(bytes, sizeof(bytes), text);
    return copy(w, (struct an_str){text, ID_DIGITS});
}

/* "number^^^^type" */
static struct an_str patient(struct deid_message *w,
                             const struct tr_deid_row *row, struct hl7_node rep)
{
    struct an_str value = deid_component(w, rep, 1),
                  authority = deid_component(w, rep, 4),
                  type = deid_component(w, rep, 5);
    char text[2 * ID_DIGITS];
    int n;

    if (type.n && !tr_deid_matches(w->d->patterns, TR_DEID_HL7, row, type))
        return nothing;
    value = name(w, authority, value);
    if (value.n == 0 || type.n == 0)
        return value;
    n = snprintf(text, sizeof(text), "%.*s^^^^%.*s", AN_STR_ARG(value),
                 AN_STR_ARG(type));
    return copy(w, (struct an_str){text, (size_t)n});
}

/* "code^^system" of the three components from `first`; "" where the system is
 * not known or the code is not one of it. */
static struct an_str code(struct deid_message *w, struct hl7_node rep,
                          unsigned first)
{
    struct an_str said = deid_component(w, rep, first),
                  system = deid_component(w, rep, first + 2), uri, known, kept;
    char text[MAX_CODED_BYTES];
    int n;

    if (said.n == 0 || system.n == 0 || w->code != AN_OK)
        return nothing;
    w->code = hl7_system_uri(w->arena, system, said, &uri, w->err);
    if (w->code != AN_OK ||
        !tr_deid_code(w->d->patterns, uri, said, &known, &kept))
        return nothing;
    n = snprintf(text, sizeof(text), "%.*s^^%.*s", AN_STR_ARG(kept),
                 AN_STR_ARG(system));
    return n > 0 && (size_t)n < sizeof(text)
               ? copy(w, (struct an_str){text, (size_t)n})
               : nothing;
}

static struct an_str coded(struct deid_message *w, struct hl7_node rep)
{
    struct an_str first = code(w, rep, 1), other = code(w, rep, 4);
    char text[2 * MAX_CODED_BYTES];
    int n;

    if (first.n == 0 || other.n == 0)
        return first.n ? first : other;
    n = snprintf(text, sizeof(text), "%.*s^%.*s", AN_STR_ARG(first),
                 AN_STR_ARG(other));
    return copy(w, (struct an_str){text, (size_t)n});
}

static struct an_str date(struct deid_message *w, enum tr_deid_method method,
                          struct an_str text)
{
    char out[TR_DEID_DATE_BYTES];
    bool there = false;

    if (method == TR_DEID_YEAR)
        there = tr_deid_year(&w->dates, text, out);
    else if (w->has_patient)
        there = method == TR_DEID_SHIFT ? tr_deid_shift(&w->dates, text, out)
                                        : tr_deid_birth(&w->dates, text, out);
    return there ? copy(w, an_str_c(out)) : nothing;
}

/* A unit in UCUM, without a delimiter of ours. */
static struct an_str unit(struct an_str text)
{
    text = hl7_unit_code(text);
    for (size_t i = 0; i < text.n; i++)
        if (strchr("|^~\\&", text.p[i]))
            return nothing;
    return text;
}

/* A number of this OBX; "" where its unit is not known, or it has none and
 * wants one. */
static struct an_str observed_number(struct deid_message *w, struct an_str text,
                                     bool wants_unit)
{
    struct hl7_at units = {&w->m, w->segment, 6, 1},
                  what = {&w->m, w->segment, 3, 1};
    struct an_str said = nothing, loinc = nothing, known;

    if (w->code == AN_OK)
        w->code = hl7_at_text(&units, 1, &said, w->err);
    if (w->code == AN_OK)
        w->code = hl7_at_text(&what, 1, &loinc, w->err);
    if (w->code != AN_OK || !tr_deid_number(text))
        return nothing;
    known = unit(said);
    if (known.n == 0 && (said.n || wants_unit))
        return nothing;
    if (known.n == 0 && tr_deid_says_age(loinc))
        known = AN_STR("a");
    return copy(w, tr_deid_cap(text, known));
}

/* SN: comparator, number, separator, number (HL7 v2.5.1 2.A.71). */
static struct an_str structured(struct deid_message *w,
                                const struct tr_deid_row *row,
                                struct hl7_node rep)
{
    struct an_str comparator = deid_component(w, rep, 1),
                  first = deid_component(w, rep, 2),
                  separator = deid_component(w, rep, 3),
                  second = deid_component(w, rep, 4);
    char text[128];
    int n;

    if (!tr_deid_matches(w->d->patterns, TR_DEID_HL7, row, comparator))
        comparator.n = 0;
    first = observed_number(w, first, false);
    second = second.n ? observed_number(w, second, false) : nothing;
    if (separator.n != 1 || !strchr("-+/.:", separator.p[0]) || second.n == 0)
        separator.n = second.n = 0;
    if (first.n == 0)
        return nothing;
    n = snprintf(text, sizeof(text), "%.*s^%.*s", AN_STR_ARG(comparator),
                 AN_STR_ARG(first));
    if (second.n)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "^%.*s^%.*s",
                      AN_STR_ARG(separator), AN_STR_ARG(second));
    return copy(w, (struct an_str){text, (size_t)n});
}

static struct an_str observed(struct deid_message *w,
                              const struct tr_deid_row *row,
                              struct hl7_node rep)
{
    struct hl7_at at = {&w->m, w->segment, 2, 1};
    struct an_str type = nothing;

    if (w->code == AN_OK)
        w->code = hl7_at_text(&at, 1, &type, w->err);
    if (w->code != AN_OK)
        return nothing;
    if (an_str_eq(type, AN_STR("NM")) || an_str_eq(type, AN_STR("ST")))
        return observed_number(w, deid_component(w, rep, 1),
                               an_str_eq(type, AN_STR("ST")));
    if (an_str_eq(type, AN_STR("SN")))
        return structured(w, row, rep);
    if (an_str_eq(type, AN_STR("CE")) || an_str_eq(type, AN_STR("CWE")) ||
        an_str_eq(type, AN_STR("CNE")))
        return coded(w, rep);
    if (an_str_eq(type, AN_STR("DT")) || an_str_eq(type, AN_STR("TS")) ||
        an_str_eq(type, AN_STR("DTM")))
        return date(w,
                    w->d->profile == TR_DEID_SAFE_HARBOR ? TR_DEID_YEAR
                                                         : TR_DEID_SHIFT,
                    deid_component(w, rep, 1));
    return nothing;
}

struct an_str deid_words(struct deid_message *w, const struct tr_deid_row *row,
                         struct an_str text, bool *changed)
{
    enum tr_deid_method method = tr_deid_method(row, w->d->profile);
    const char *state;
    char zip3[4];

    *changed = true;
    switch ((unsigned)method) {
    case TR_DEID_CODE:
        *changed = false;
        return tr_deid_matches(w->d->patterns, TR_DEID_HL7, row, text)
                   ? text
                   : nothing;
    case TR_DEID_NUMBER:
        *changed = false;
        return tr_deid_number(text) ? text : nothing;
    case TR_DEID_UNIT: *changed = false; return unit(text);
    case TR_DEID_YEAR:
    case TR_DEID_SHIFT:
    case TR_DEID_BIRTH: return date(w, method, text);
    case TR_DEID_ID: return name(w, nothing, text);
    case TR_DEID_ZIP3:
        return tr_deid_zip3(text, zip3) ? copy(w, an_str_c(zip3)) : nothing;
    case TR_DEID_STATE:
        *changed = false;
        return tr_deid_state(text, &state) ? an_str_c(state) : nothing;
    case TR_DEID_COUNTRY:
        *changed = false;
        return tr_deid_country(text) ? text : nothing;
    default: return nothing;
    }
}

struct an_str deid_field(struct deid_message *w, const struct tr_deid_row *row,
                         struct hl7_node rep, bool *changed)
{
    *changed = false;
    switch ((unsigned)tr_deid_method(row, w->d->profile)) {
    case TR_DEID_CODED: return coded(w, rep);
    case TR_DEID_OBSERVED: return observed(w, row, rep);
    case TR_DEID_PATIENT: *changed = true; return patient(w, row, rep);
    default: return deid_words(w, row, deid_component(w, rep, 1), changed);
    }
}
