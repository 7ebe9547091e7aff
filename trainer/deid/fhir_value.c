/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/deid/fhir_int.h"

#include "context/unit.h"

static const char ucum[] = "http://unitsofmeasure.org";

typedef bool date_method(const struct tr_deid_dates *d, struct an_str text,
                         char out[TR_DEID_DATE_BYTES]);

static const struct an_json *date(struct deid_walk *w, date_method *method,
                                  struct an_str text)
{
    char out[TR_DEID_DATE_BYTES];

    return method(&w->dates, text, out) ? deid_text(w, an_str_c(out)) : NULL;
}

/* A date that moves moves with its patient, or goes. */
static const struct an_json *moved(struct deid_walk *w, date_method *method,
                                   struct an_str text)
{
    return w->has_patient ? date(w, method, text) : NULL;
}

static const struct an_json *coding(struct deid_walk *w,
                                    const struct an_json *in)
{
    struct deid_list list = {NULL, NULL, 0};
    struct an_str system, code;

    if (!tr_deid_code(
            w->d->patterns, an_json_text(an_json_get(in, AN_STR("system"))),
            an_json_text(an_json_get(in, AN_STR("code"))), &system, &code))
        return NULL;
    deid_member(w, &list, "system", deid_text(w, system));
    deid_member(w, &list, "code", deid_text(w, code));
    return deid_done(w, AN_JSON_OBJECT, &list);
}

/* An age without a unit is in years. */
static const struct an_json *number(struct deid_walk *w, struct an_str literal,
                                    struct an_str unit, bool is_age)
{
    struct an_str capped;
    struct an_json *j;

    if (!(unit.n ? tr_deid_number(literal) : tr_deid_bare_number(literal)))
        return NULL;
    if (is_age && unit.n == 0)
        unit = AN_STR("a");
    if (is_age && !tr_deid_is_age_unit(unit))
        return NULL;
    capped = tr_deid_cap(literal, unit);
    if ((j = deid_new(w, AN_JSON_NUMBER)) == NULL)
        return NULL;
    j->as.text = capped.p;
    j->n = (uint32_t)capped.n;
    return j;
}

/* The unit of a quantity in UCUM, "" where it has none; false where it has one
 * that is not known, since a number without it means something else. */
static bool unit_of(struct deid_walk *w, const struct an_json *in,
                    struct an_str *unit)
{
    struct an_str system = an_json_text(an_json_get(in, AN_STR("system"))),
                  code = an_json_text(an_json_get(in, AN_STR("code"))), unused;

    *unit = (struct an_str){NULL, 0};
    if (tr_deid_code(w->d->patterns, system, code, &unused, unit) &&
        an_str_eq(unused, an_str_c(ucum)))
        return true;
    if (code.n == 0)
        code = an_json_text(an_json_get(in, AN_STR("unit")));
    *unit = (struct an_str){NULL, 0};
    if (code.n == 0)
        return true;
    *unit = ctx_unit_known(code);
    return unit->n > 0;
}

static const struct an_json *quantity(struct deid_walk *w,
                                      const struct tr_deid_row *row,
                                      const struct an_json *in, bool *changed)
{
    static const char *const comparators[] = {"<", "<=", ">=", ">"};
    struct deid_list list = {NULL, NULL, 0};
    bool is_age =
        w->says_age || an_str_ends(an_str_c(row->path), AN_STR("Age"));
    struct an_str unit, literal,
        comparator = an_json_text(an_json_get(in, AN_STR("comparator")));
    const struct an_json *value;

    literal = an_json_literal(an_json_get(in, AN_STR("value")));
    if (!unit_of(w, in, &unit) ||
        (value = number(w, literal, unit, is_age)) == NULL)
        return NULL;
    deid_member(w, &list, "value", value);
    for (size_t i = 0; i < 4; i++)
        if (an_str_eq(comparator, an_str_c(comparators[i])))
            deid_member(w, &list, "comparator", deid_text(w, comparator));
    if (unit.n) {
        deid_member(w, &list, "unit", deid_text(w, unit));
        deid_member(w, &list, "system", deid_text(w, an_str_c(ucum)));
        deid_member(w, &list, "code", deid_text(w, unit));
    }
    *changed = !an_str_eq(literal, an_json_literal(value));
    return deid_done(w, AN_JSON_OBJECT, &list);
}

static const struct an_json *truth(struct deid_walk *w,
                                   const struct an_json *in)
{
    struct an_json *j = NULL;

    if (an_json_is(in, AN_JSON_BOOL) && (j = deid_new(w, AN_JSON_BOOL)))
        j->n = in->n;
    return j;
}

/* A Reference keeps its reference alone. */
static const struct an_json *reference(struct deid_walk *w,
                                       const struct an_json *in)
{
    struct deid_list list = {NULL, NULL, 0};
    struct an_str text = an_json_text(an_json_get(in, AN_STR("reference")));

    deid_member(w, &list, "reference", deid_points(w, text, false));
    return deid_done(w, AN_JSON_OBJECT, &list);
}

/* A date of birth that is observed is a year, as Patient.birthDate is. */
static bool is_birth(const struct deid_walk *w, const struct tr_deid_row *row)
{
    return w->says_birth &&
           an_str_ends(an_str_c(row->path), AN_STR(".valueDateTime"));
}

static const struct an_json *words(struct deid_walk *w,
                                   const struct tr_deid_row *row,
                                   struct an_str text, bool *changed)
{
    const char *state;
    char zip3[4];

    switch ((unsigned)tr_deid_method(row, w->d->profile)) {
    case TR_DEID_CODE:
        *changed = false;
        return tr_deid_matches(w->d->patterns, TR_DEID_FHIR, row, text)
                   ? deid_text(w, text)
                   : NULL;
    case TR_DEID_YEAR: return date(w, tr_deid_year, text);
    case TR_DEID_SHIFT:
        return moved(w, is_birth(w, row) ? tr_deid_birth : tr_deid_shift, text);
    case TR_DEID_BIRTH: return moved(w, tr_deid_birth, text);
    case TR_DEID_ID: return deid_id(w, text);
    case TR_DEID_UID: return deid_uid(w, text, "");
    case TR_DEID_URL: return deid_points(w, text, true);
    case TR_DEID_ZIP3:
        return !w->is_abroad && tr_deid_zip3(text, zip3)
                   ? deid_text(w, an_str_c(zip3))
                   : NULL;
    case TR_DEID_STATE:
        *changed = false;
        return tr_deid_state(text, &state) ? deid_text(w, an_str_c(state))
                                           : NULL;
    case TR_DEID_COUNTRY:
        *changed = false;
        return tr_deid_country(text) ? deid_text(w, text) : NULL;
    case TR_DEID_COLLECTION: return deid_text(w, AN_STR("collection"));
    default: return NULL;
    }
}

const struct an_json *deid_value(struct deid_walk *w,
                                 const struct tr_deid_row *row,
                                 const struct an_json *in, bool *changed)
{
    const struct an_json *out;
    struct an_str text = an_json_text(in);

    *changed = false;
    switch ((unsigned)tr_deid_method(row, w->d->profile)) {
    case TR_DEID_CODING: return coding(w, in);
    case TR_DEID_BOOL: return truth(w, in);
    case TR_DEID_QUANTITY: return quantity(w, row, in, changed);
    case TR_DEID_NUMBER:
        out = number(w, an_json_literal(in), (struct an_str){NULL, 0},
                     w->says_age);
        *changed = !an_str_eq(an_json_literal(in), an_json_literal(out));
        return out;
    case TR_DEID_REFERENCE: *changed = true; return reference(w, in);
    default:
        *changed = true;
        return text.n ? words(w, row, text, changed) : NULL;
    }
}
