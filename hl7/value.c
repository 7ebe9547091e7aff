/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/value.h"

#include "base/buf.h"
#include "base/decimal.h"

static bool one_of(struct an_str s, const char *list)
{
    struct an_str rest = an_str_c(list), part;

    while (an_str_cut(&rest, ' ', &part))
        if (an_str_eq(part, s))
            return true;
    return false;
}

/* Take a comparator off the front: "<", "<=", ">", ">=". */
static struct an_str take_comparator(struct an_str *text)
{
    size_t n = 0;
    struct an_str c;

    if (text->n && (text->p[0] == '<' || text->p[0] == '>'))
        n = text->n > 1 && text->p[1] == '=' ? 2 : 1;
    c = an_str_sub(*text, 0, n);
    *text = an_str_trim(an_str_sub(*text, n, text->n));
    return c;
}

bool hl7_quantity(struct an_str text, struct ctx_value *value)
{
    struct an_str rest = an_str_trim(text), comparator;
    double number;

    comparator = take_comparator(&rest);
    if (!an_decimal_parse(rest, &number))
        return false;
    value->kind = CTX_VALUE_QUANTITY;
    value->comparator = comparator;
    value->literal = rest;
    value->number = number;
    return true;
}

/* One limit: a number, or nothing. */
static struct an_str limit(struct an_str text)
{
    double v;

    text = an_str_trim(text);
    return an_decimal_parse(text, &v) ? text : AN_STR("");
}

/* Where the hyphen or "to" between two limits begins and ends.  A hyphen that
 * begins a number is its sign. */
static bool find_dash(struct an_str s, size_t *from, size_t *to)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '-' && s.p[i - 1] != 'e' && s.p[i - 1] != 'E') {
            *from = i;
            *to = i + 1;
            return true;
        }
        if (i + 2 < s.n && an_str_eq(an_str_sub(s, i, 3), AN_STR("to "))) {
            *from = i;
            *to = i + 2;
            return true;
        }
    }
    return false;
}

void hl7_range(struct an_str text, struct an_str *low, struct an_str *high)
{
    struct an_str s = an_str_trim(text), comparator;
    size_t from, to;

    *low = *high = AN_STR("");
    if (s.n > 1 && ((s.p[0] == '[' && s.p[s.n - 1] == ']') ||
                    (s.p[0] == '(' && s.p[s.n - 1] == ')')))
        s = an_str_trim(an_str_sub(s, 1, s.n - 2));
    comparator = take_comparator(&s);
    if (comparator.n) {
        *(comparator.p[0] == '<' ? high : low) = limit(s);
    } else if (find_dash(s, &from, &to)) {
        *low = limit(an_str_sub(s, 0, from));
        *high = limit(an_str_sub(s, to, s.n));
        if (low->n == 0 || high->n == 0)
            *low = *high = AN_STR("");
    }
}

/* SN: comparator ^ number ^ separator ^ number.  One number is a quantity;
 * "1:128", "5-10" and "2+" are text. */
static enum an_code structured(struct an_arena *arena, const struct hl7_at *at,
                               struct ctx_value *value, struct an_err *err)
{
    struct an_str part[4];
    struct an_buf b;

    for (unsigned i = 0; i < 4; i++) {
        enum an_code rc = hl7_at_text(at, i + 1, &part[i], err);

        if (rc != AN_OK)
            return rc;
    }
    if (part[2].n + part[3].n == 0 &&
        (part[0].n == 0 || one_of(part[0], "< <= > >=")) &&
        hl7_quantity(part[1], value)) {
        value->comparator = part[0].n ? part[0] : value->comparator;
        return AN_OK;
    }
    an_buf_init(&b, arena, arena->limit_bytes);
    for (unsigned i = 0; i < 4; i++)
        an_buf_put(&b, part[i]);
    value->kind = CTX_VALUE_TEXT;
    return an_buf_done(&b, &value->text, err);
}

enum an_code hl7_lines(struct an_arena *arena, const struct hl7_at *field,
                       struct an_str *text, struct an_err *err)
{
    struct hl7_node reps = hl7_field(field->m, field->segment, field->field);
    struct hl7_node rep = reps;
    struct an_buf b;
    enum an_code rc;

    (void)hl7_cut(&reps, HL7_REPETITION, &rep);
    rc = hl7_raw_text(field->m, hl7_raw(rep), text, err);
    if (rc != AN_OK || reps.first == reps.last)
        return rc;
    an_buf_init(&b, arena, arena->limit_bytes);
    an_buf_put(&b, *text);
    while (hl7_cut(&reps, HL7_REPETITION, &rep)) {
        struct an_str line;

        rc = hl7_raw_text(field->m, hl7_raw(rep), &line, err);
        if (rc != AN_OK)
            return rc;
        an_buf_put_char(&b, '\n');
        an_buf_put(&b, line);
    }
    return an_buf_done(&b, text, err);
}

static enum an_code text_value(const struct hl7_at *at, struct an_str type,
                               struct an_str unit, struct ctx_value *value,
                               bool *odd, struct an_err *err)
{
    bool promised = one_of(type, "NM SI");
    struct an_str text;
    enum an_code rc = hl7_at_text(at, 0, &text, err);

    if (rc != AN_OK || text.n == 0)
        return rc;
    if ((promised || unit.n || type.n == 0) && hl7_quantity(text, value))
        return AN_OK;
    *odd = promised;
    value->kind = CTX_VALUE_TEXT;
    value->text = text;
    return AN_OK;
}

enum an_code hl7_obx_value(struct an_arena *arena, const struct hl7_at *obx5,
                           struct ctx_value *value, bool *odd,
                           struct an_err *err)
{
    struct an_str type =
        an_str_trim(hl7_get(obx5->m, obx5->segment, 2, 1, 1, 0));
    struct hl7_at unit_at = {obx5->m, obx5->segment, 6, 1};
    struct an_str unit;
    const struct ctx_code *alias;
    size_t n_aliases;
    enum an_code rc = hl7_unit_at(&unit_at, &unit, err);

    *value = (struct ctx_value){.kind = CTX_VALUE_NONE};
    *odd = false;
    if (rc != AN_OK || one_of(type, "ED RP"))
        return rc;
    if (one_of(type, "CWE CE CNE CF")) {
        rc = hl7_coded(arena, obx5, &value->code, &alias, &n_aliases, err);
        if (value->code.code.n + value->code.display.n)
            value->kind = CTX_VALUE_CODE;
    } else if (one_of(type, "SN")) {
        rc = structured(arena, obx5, value, err);
    } else {
        rc = text_value(obx5, type, unit, value, odd, err);
    }
    if (value->kind == CTX_VALUE_QUANTITY)
        value->unit = unit;
    return rc;
}
