/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/decimal.h"
#include "context/unit.h"
#include "fhir/reader_int.h"

/* A number as JSON has it; a text that is one is taken too, as some senders
 * quote their decimals. */
static struct an_str literal_of(struct fhir_reader *r, const struct an_json *j)
{
    struct an_str literal = an_json_literal(j), text = an_json_text(j);
    double number;

    if (literal.n || text.n == 0)
        return literal;
    if (!an_decimal_parse(text, &number)) {
        fhir_warn(r, AN_TYPE, "a number that is none");
        return literal;
    }
    fhir_warn(r, AN_TYPE, "a number in quotes");
    if (!an_decimal_json(r->arena, text, &literal))
        r->code = AN_NOMEM;
    return literal;
}

static void quantity(struct fhir_reader *r, const struct an_json *number,
                     struct ctx_value *value)
{
    struct an_str literal = literal_of(r, number);
    double parsed;

    if (literal.n == 0)
        return;
    if (an_decimal_parse(literal, &parsed)) {
        value->kind = CTX_VALUE_QUANTITY;
        value->literal = literal;
        value->number = parsed;
    } else {
        fhir_warn(r, AN_TYPE, "a number that no double can hold");
    }
}

/* UCUM when the code says so, else what people read, in UCUM where the table
 * knows it. */
static struct an_str unit_of(const struct an_json *quantity)
{
    struct an_str code = an_json_text(an_json_get(quantity, AN_STR("code")));
    struct an_str unit = an_json_text(an_json_get(quantity, AN_STR("unit")));
    struct an_str system =
        an_json_text(an_json_get(quantity, AN_STR("system")));

    if (code.n && an_str_eq(system, AN_STR("http://unitsofmeasure.org")))
        return code;
    return ctx_unit_ucum(unit.n ? unit : code);
}

static struct an_str comparator_of(struct fhir_reader *r,
                                   const struct an_json *quantity)
{
    static const struct an_str known[] = {AN_STR_INIT("<"), AN_STR_INIT("<="),
                                          AN_STR_INIT(">="), AN_STR_INIT(">")};
    struct an_str text =
        an_json_text(an_json_get(quantity, AN_STR("comparator")));

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (an_str_eq(text, known[i]))
            return text;
    if (text.n)
        fhir_warn(r, AN_CODE, "a comparator that is none");
    return AN_STR("");
}

/* Range, Ratio, Period: both sides as text, with what stands between. */
static void two_sides(struct fhir_reader *r, const struct an_json *a,
                      const char *between, const struct an_json *b,
                      struct ctx_value *value)
{
    struct an_buf text;
    enum an_code code;

    an_buf_init(&text, r->arena, 1024);
    for (int i = 0; i < 2; i++) {
        const struct an_json *side = i ? b : a;
        const struct an_json *number = an_json_get(side, AN_STR("value"));

        if (i)
            an_buf_put_c(&text, between);
        an_buf_put(&text, number ? literal_of(r, number) : an_json_text(side));
        if (number && unit_of(side).n) {
            an_buf_put_char(&text, ' ');
            an_buf_put(&text, unit_of(side));
        }
    }
    code = an_buf_done(&text, &value->text, NULL);
    if (code == AN_OK)
        value->kind = CTX_VALUE_TEXT;
    else if (code == AN_LIMIT)
        fhir_warn(r, AN_LIMIT, "a value that is too long");
    else
        r->code = AN_NOMEM;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648 4; line breaks are passed over.  False when it is none. */
static bool base64(struct fhir_reader *r, struct an_str in, struct an_str *out)
{
    char *p = fhir_get(r, in.n / 4 * 3 + 3, 1);
    uint32_t bits = 0;
    unsigned n_bits = 0;
    size_t n = 0, i;

    if (p == NULL)
        return false;
    for (i = 0; i < in.n && in.p[i] != '='; i++) {
        int digit = base64_digit(in.p[i]);

        if (digit < 0 && (in.p[i] == '\n' || in.p[i] == '\r'))
            continue;
        if (digit < 0)
            return false;
        bits = (bits << 6 | (uint32_t)digit) & 0xFFFF;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            p[n++] = (char)(bits >> n_bits & 0xFF);
        }
    }
    for (; i < in.n; i++)
        if (in.p[i] != '=' && in.p[i] != '\n' && in.p[i] != '\r')
            return false;
    *out = (struct an_str){p, n};
    return n_bits != 6;
}

/* Attachment: plain text is read, of others the title. */
static void attachment(struct fhir_reader *r, const struct an_json *j,
                       struct ctx_value *value)
{
    struct an_str type = an_json_text(an_json_get(j, AN_STR("contentType")));
    struct an_str data = an_json_text(an_json_get(j, AN_STR("data")));

    value->text = an_json_text(an_json_get(j, AN_STR("title")));
    if (data.n && an_str_starts(type, AN_STR("text/plain")) &&
        !base64(r, data, &value->text))
        fhir_warn(r, AN_TYPE, "an attachment that is not base64");
    if (value->text.n)
        value->kind = CTX_VALUE_TEXT;
}

static void object(struct fhir_reader *r, const struct an_json *j,
                   struct ctx_value *value)
{
    const struct an_json *a, *b;

    if ((a = an_json_get(j, AN_STR("value")))) {
        quantity(r, a, value);
        if (value->kind == CTX_VALUE_QUANTITY) {
            value->unit = unit_of(j);
            value->comparator = comparator_of(r, j);
        }
    } else if (an_json_get(j, AN_STR("contentType"))) {
        attachment(r, j, value);
    } else if ((a = an_json_get(j, AN_STR("low"))) ||
               an_json_get(j, AN_STR("high"))) {
        two_sides(r, a, " - ", an_json_get(j, AN_STR("high")), value);
    } else if ((a = an_json_get(j, AN_STR("numerator"))) &&
               (b = an_json_get(j, AN_STR("denominator")))) {
        two_sides(r, a, ":", b, value);
    } else if ((a = an_json_get(j, AN_STR("start"))) ||
               an_json_get(j, AN_STR("end"))) {
        two_sides(r, a, "/", an_json_get(j, AN_STR("end")), value);
    } else if ((a = an_json_get(j, AN_STR("data")))) {
        value->text = an_json_text(a);
        value->kind = CTX_VALUE_TEXT;
    } else if (fhir_concept(r, j, &value->code, NULL, NULL)) {
        value->kind = CTX_VALUE_CODE;
    }
}

void fhir_value(struct fhir_reader *r, const struct an_json *j,
                struct ctx_value *value)
{
    *value = (struct ctx_value){.kind = CTX_VALUE_NONE};
    if (an_json_is(j, AN_JSON_ARRAY))
        j = an_json_first(j);
    if (j == NULL)
        return;
    switch ((enum an_json_kind)j->kind) {
    case AN_JSON_OBJECT: object(r, j, value); break;
    case AN_JSON_NUMBER: quantity(r, j, value); break;
    case AN_JSON_STRING: value->text = an_json_text(j); break;
    case AN_JSON_BOOL:
        value->text = j->n ? AN_STR("true") : AN_STR("false");
        break;
    case AN_JSON_NULL:
    case AN_JSON_ARRAY: break;
    }
    if (value->text.n && value->kind == CTX_VALUE_NONE)
        value->kind = CTX_VALUE_TEXT;
}
