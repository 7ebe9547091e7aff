/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/code.h"
#include "advice/make_int.h"
#include "advice/table.h"
#include "base/decimal.h"

#include <math.h>

/* system, code, English, Spanish */
static const struct adv_row rows[] = {
#include "config/tables/plain-names.inc"
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Control bytes become spaces; cut to `limit` between two characters. */
static struct an_str clean(struct adv_make *m, struct an_str s, size_t limit)
{
    struct an_str out = an_str_trim(s);
    char *p;

    if (out.n > limit) {
        out.n = limit;
        while (out.n && ((unsigned char)out.p[out.n] & 0xC0) == 0x80)
            out.n--;
    }
    p = adv_make_get(m, out.n + 1, 1);
    if (p == NULL)
        return AN_STR("");
    for (size_t i = 0; i < out.n; i++)
        p[i] =
            (unsigned char)out.p[i] < 0x20 || out.p[i] == 0x7F ? ' ' : out.p[i];
    return (struct an_str){p, out.n};
}

struct an_str adv_plain_name(const struct adv_words *w,
                             const struct ctx_code *code)
{
    enum adv_system system = adv_system_of(code->system);
    struct an_str name = adv_system_name(system);
    char plain_buf[ADV_CODE_BYTES], key[ADV_CODE_BYTES + 1];
    struct an_str plain = adv_code_plain(system, code->code, plain_buf);
    bool spanish = an_str_starts(w->language, AN_STR("es"));
    size_t i;

    if (name.n == 0 || plain.n == 0 || plain.n > ADV_CODE_BYTES)
        return AN_STR("");
    if (adv_rows_find(rows, N_ROWS, name, plain, &i))
        return an_str_c(spanish ? rows[i].fourth : rows[i].third);
    if (system != ADV_SYSTEM_ICD10)
        return AN_STR("");
    for (size_t n = 0; n < plain.n; n++)
        key[n] = plain.p[n];
    for (size_t n = plain.n; n >= 3; n--) { /* the longest beginning wins */
        key[n] = '*';
        if (adv_rows_find(rows, N_ROWS, name, (struct an_str){key, n + 1}, &i))
            return an_str_c(spanish ? rows[i].fourth : rows[i].third);
    }
    return AN_STR("");
}

struct an_str adv_code_name(struct adv_make *m, const struct ctx_code *code)
{
    struct an_str plain = {0};

    if (m->plain)
        plain = adv_plain_name(&m->words, code);
    if (plain.n)
        return plain;
    return clean(m, code->display.n ? code->display : code->code,
                 ADV_NAME_BYTES);
}

enum adv_class adv_event_class(const struct ctx_event *e)
{
    static const struct {
        const char *code;
        enum adv_class class_of;
    } known[] = {
        {"IMP", ADV_CLASS_INPATIENT},   {"ACUTE", ADV_CLASS_INPATIENT},
        {"NONAC", ADV_CLASS_INPATIENT}, {"I", ADV_CLASS_INPATIENT},
        {"EMER", ADV_CLASS_EMERGENCY},  {"E", ADV_CLASS_EMERGENCY},
        {"AMB", ADV_CLASS_OUTPATIENT},  {"O", ADV_CLASS_OUTPATIENT},
        {"R", ADV_CLASS_OUTPATIENT},    {"VR", ADV_CLASS_OUTPATIENT},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (an_str_eq(e->concept.code, an_str_c(known[i].code)))
            return known[i].class_of;
    return ADV_CLASS_OTHER;
}

static struct an_str visit_name(struct adv_make *m, const struct ctx_event *e)
{
    static const struct an_str select[] = {
        [ADV_CLASS_OTHER] = AN_STR_INIT("other"),
        [ADV_CLASS_INPATIENT] = AN_STR_INIT("inpatient"),
        [ADV_CLASS_EMERGENCY] = AN_STR_INIT("emergency"),
        [ADV_CLASS_OUTPATIENT] = AN_STR_INIT("outpatient"),
    };

    return adv_say(&m->words,
                   e->kind == CTX_DISCHARGE ? ADV_SAY_DISCHARGE_NAME
                                            : ADV_SAY_CLASS_NAME,
                   &(struct adv_args){.text = {select[adv_event_class(e)]}});
}

struct an_str adv_event_name(struct adv_make *m, const struct ctx_event *e)
{
    struct an_str name;

    if (e->kind == CTX_ADMISSION || e->kind == CTX_DISCHARGE ||
        e->kind == CTX_TRANSFER)
        return visit_name(m, e);
    if (m->plain)
        for (size_t i = 0; i < e->n_aliases; i++) {
            name = adv_plain_name(&m->words, &e->alias[i]);
            if (name.n && adv_plain_name(&m->words, &e->concept).n == 0)
                return name;
        }
    name = adv_code_name(m, &e->concept);
    for (size_t i = 0; name.n == 0 && i < e->n_aliases; i++)
        name = adv_code_name(m, &e->alias[i]);
    return name.n ? name : adv_say(&m->words, ADV_SAY_UNNAMED, NULL);
}

/* UCUM for people; an annotation in braces says nothing of its own. */
static struct an_str unit_text(struct an_str unit)
{
    static const struct {
        const char *ucum, *text;
    } print[] = {
        {"1", ""},          {"Cel", "\302\260C"}, {"[degF]", "\302\260F"},
        {"mm[Hg]", "mmHg"}, {"[lb_av]", "lb"},    {"[in_i]", "in"},
        {"[pH]", ""},
    };

    for (size_t i = 0; i < sizeof(print) / sizeof(print[0]); i++)
        if (an_str_eq(unit, an_str_c(print[i].ucum)))
            return an_str_c(print[i].text);
    return an_str_starts(unit, AN_STR("{")) ? AN_STR("") : unit;
}

/* As it was said; a literal longer than anyone measures is rounded. */
static struct an_str number_text(struct adv_make *m, const struct ctx_value *v)
{
    char buf[AN_DECIMAL_TEXT_BYTES];
    struct an_str rounded = {buf, 0};
    double size = fabs(v->number);

    if (v->literal.n <= 7)
        return clean(m, v->literal, 7);
    rounded.n = an_decimal_print(v->number,
                                 size >= 100 ? 0
                                 : size >= 1 ? 1
                                             : 4,
                                 buf);
    return clean(m, rounded.n ? rounded : v->literal, ADV_VALUE_BYTES);
}

struct an_str adv_event_value(struct adv_make *m, const struct ctx_event *e)
{
    const struct ctx_value *v = &e->value;
    struct an_str unit;

    switch (v->kind) {
    case CTX_VALUE_QUANTITY:
        unit = clean(m, unit_text(v->unit), ADV_VALUE_BYTES);
        return adv_make_joined(
            m, adv_make_joined(m, v->comparator, "", number_text(m, v)),
            unit.n ? " " : "", unit);
    case CTX_VALUE_CODE: return adv_code_name(m, &v->code);
    case CTX_VALUE_TEXT:
        return v->text.n <= ADV_VALUE_BYTES ? clean(m, v->text, v->text.n)
                                            : AN_STR("");
    default: return AN_STR("");
    }
}

struct an_str adv_event_date(struct adv_make *m, const struct ctx_event *e)
{
    char buf[AN_TIME_TEXT_BYTES];

    if (m->plain)
        return adv_say_date(&m->words, e->effective);
    return clean(m, (struct an_str){buf, an_time_print_date(e->effective, buf)},
                 sizeof(buf));
}

struct an_str adv_event_range(struct adv_make *m, const struct ctx_event *e)
{
    struct an_str low = clean(m, e->low, ADV_VALUE_BYTES);
    struct an_str high = clean(m, e->high, ADV_VALUE_BYTES);

    if (low.n && high.n)
        return adv_make_joined(m, low, "-", high);
    if (m->plain && low.n + high.n)
        return adv_say(&m->words,
                       low.n ? ADV_SAY_SUMMARY_FROM : ADV_SAY_SUMMARY_UP_TO,
                       &(struct adv_args){.text = {low.n ? low : high}});
    if (low.n)
        return adv_make_joined(m, AN_STR(">="), " ", low);
    return high.n ? adv_make_joined(m, AN_STR("<="), " ", high) : AN_STR("");
}

enum adv_position adv_event_position(const struct ctx_event *e)
{
    bool has_low, has_high;
    double low, high;

    if (e->value.kind == CTX_VALUE_QUANTITY && e->value.comparator.n == 0) {
        has_low = an_decimal_parse(e->low, &low);
        has_high = an_decimal_parse(e->high, &high);
        if (has_low && e->value.number < low)
            return ADV_POSITION_BELOW;
        if (has_high && e->value.number > high)
            return ADV_POSITION_ABOVE;
        if (has_low || has_high)
            return ADV_POSITION_INSIDE;
    }
    if (an_str_eq(e->flag, AN_STR("L")) || an_str_eq(e->flag, AN_STR("LL")))
        return ADV_POSITION_BELOW;
    if (an_str_eq(e->flag, AN_STR("H")) || an_str_eq(e->flag, AN_STR("HH")))
        return ADV_POSITION_ABOVE;
    return an_str_eq(e->flag, AN_STR("N")) ? ADV_POSITION_INSIDE
                                           : ADV_POSITION_UNKNOWN;
}
