/* SPDX-License-Identifier: Apache-2.0 */
/* Text of a message in the forms of FHIR's primitive types (R4 2.24.0.1). */
#include "hl7/convert/run_int.h"
#include "hl7/encapsulated.h"
#include "hl7/value.h"

#include "base/decimal.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>

static bool put(struct cv_run *run, struct cv_node *value, enum cv_kind kind,
                const char *p, size_t n)
{
    struct an_str copy;

    if (n == 0)
        return true;
    if (!an_arena_str(run->arena, (struct an_str){p, n}, &copy))
        return cv_fail(run, AN_NOMEM);
    value->kind = (uint8_t)kind;
    value->text = copy;
    return true;
}

static bool is_control(unsigned char c)
{
    return c < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

/* FHIR's strings hold no control characters but tab, CR and LF. */
static bool say_string(struct cv_run *run, struct an_str text,
                       struct cv_node *value)
{
    size_t n = 0, i = 0;
    char *copy;

    while (i < text.n && !is_control((unsigned char)text.p[i]))
        i++;
    value->text = text;
    if (i < text.n) {
        copy = an_arena_get(run->arena, text.n, 1);
        if (copy == NULL)
            return cv_fail(run, AN_NOMEM);
        for (i = 0; i < text.n; i++)
            if (!is_control((unsigned char)text.p[i]))
                copy[n++] = text.p[i];
        value->text = an_str_trim((struct an_str){copy, n});
    }
    if (!cv_cut(run->arena, &value->text))
        return cv_fail(run, AN_NOMEM);
    if (value->text.n)
        value->kind = CV_WORDS;
    return true;
}

/* Codes have no blanks but single ones inside; URIs none at all. */
static bool say_token(struct an_str text, unsigned blanks,
                      struct cv_node *value)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c < 0x20 || (c == ' ' && (blanks == 0 || text.p[i - 1] == ' ')))
            return true;
    }
    if (text.n) {
        value->kind = CV_WORDS;
        value->text = text;
    }
    return true;
}

/* A URI; of the two schemes that senders' numbers are made into, only what is
 * one.  UUIDs are written in small letters (R4 2.24.0.1). */
static bool say_uri(struct cv_run *run, struct an_str text,
                    struct cv_node *value)
{
    static const char oid[] = "urn:oid:", uuid[] = "urn:uuid:";
    char buf[sizeof(uuid) - 1 + AN_UUID_TEXT_BYTES] = "urn:uuid:";
    struct an_uuid id;

    if (an_str_starts(text, AN_STR("urn:oid:")) &&
        !an_oid_valid(an_str_sub(text, sizeof(oid) - 1, text.n)))
        return true;
    if (!an_str_starts(text, AN_STR("urn:uuid:")))
        return say_token(text, 0, value);
    if (!an_uuid_parse(an_str_sub(text, sizeof(uuid) - 1, text.n), &id))
        return true;
    an_uuid_print(&id, buf + sizeof(uuid) - 1);
    return put(run, value, CV_WORDS, buf, strlen(buf));
}

static bool say_time(struct cv_run *run, enum cv_leaf leaf, struct an_str text,
                     struct cv_node *value)
{
    char buf[AN_TIME_TEXT_BYTES];
    struct an_time t;
    size_t n;

    if (!an_time_hl7(text, &run->settings->zone, &t))
        return true;
    if (leaf == CV_INSTANT && t.precision < AN_TIME_MINUTE)
        return true;
    n = leaf == CV_DATE ? an_time_print_date(t, buf)
                        : an_time_print_fhir(t, buf);
    return put(run, value, CV_WORDS, buf, n);
}

/* Seconds of a unit of time; 0 for what is none. */
static int64_t unit_s(struct an_str unit)
{
    static const struct {
        const char *name;
        int64_t s;
    } units[] = {{"", 60},       {"M", 60},       {"MIN", 60},    {"MINS", 60},
                 {"MINUTE", 60}, {"MINUTES", 60}, {"S", 1},       {"SEC", 1},
                 {"H", 3600},    {"HR", 3600},    {"HOUR", 3600}, {"D", 86400},
                 {"DAY", 86400}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (an_str_eq_nocase(unit, an_str_c(units[i].name)))
            return units[i].s;
    return 0;
}

bool cv_say_later(struct cv_run *run, enum cv_leaf leaf, struct an_str start,
                  struct an_str number, struct an_str unit,
                  struct cv_node *value)
{
    enum { LONGEST_S = 366 * 86400 };
    char buf[AN_TIME_TEXT_BYTES];
    int64_t s = unit_s(unit);
    struct an_time t;
    uint64_t n;

    if (!an_time_hl7(start, &run->settings->zone, &t) ||
        t.precision < AN_TIME_MINUTE || !an_str_u64(number, &n) || s == 0 ||
        n > (uint64_t)(LONGEST_S / s) ||
        (leaf != CV_INSTANT && leaf != CV_DATETIME))
        return true;
    t.us += (int64_t)n * s * 1000000;
    return put(run, value, CV_WORDS, buf, an_time_print_fhir(t, buf));
}

bool cv_say_minutes(struct cv_run *run, struct an_str number,
                    struct an_str unit, struct cv_node *value)
{
    char text[24];
    uint64_t n;
    int64_t s;
    int length;

    if (!an_str_u64(number, &n) || n > INT32_MAX)
        return true;
    s = (int64_t)n * unit_s(unit);
    if (s == 0 || s % 60 != 0 || s / 60 > INT32_MAX)
        return true;
    length = snprintf(text, sizeof(text), "%lld", (long long)s / 60);
    return put(run, value, CV_LITERAL, text, (size_t)length);
}

static bool digits(struct an_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

/* HH:MM and HH:MM:SS without the colons that some senders put. */
static struct an_str without_colons(struct an_str text, char buf[static 7])
{
    bool seconds = text.n == 8 && text.p[5] == ':';

    if ((text.n != 5 && !seconds) || text.p[2] != ':')
        return text;
    memcpy(buf, text.p, 2);
    memcpy(buf + 2, text.p + 3, 2);
    if (seconds)
        memcpy(buf + 4, text.p + 6, 2);
    return (struct an_str){buf, seconds ? 6 : 4};
}

/* HHMM, HHMMSS, HHMMSS.SSSS: a time of day has no zone in FHIR, and as in
 * base/time.h a leap second is the one before it. */
static bool say_clock(struct cv_run *run, struct an_str said,
                      struct cv_node *value)
{
    char plain[7], buf[] = "00:00:00";
    struct an_str text = without_colons(said, plain);
    struct an_str whole = an_str_sub(text, 0, text.n >= 6 ? 6 : 4);

    if ((text.n != 4 && text.n < 6) || !digits(whole) ||
        memcmp(whole.p, "24", 2) >= 0 || whole.p[2] > '5')
        return true;
    for (size_t i = 0; i < whole.n; i += 2)
        memcpy(buf + i / 2 * 3, whole.p + i, 2);
    if (memcmp(buf + 6, "60", 2) == 0)
        memcpy(buf + 6, "59", 2);
    else if (buf[6] > '5')
        return true;
    return put(run, value, CV_WORDS, buf, sizeof(buf) - 1);
}

/* A whole number that 32 bits hold, without zeros before it. */
static bool say_whole(struct cv_run *run, enum cv_leaf leaf, struct an_str text,
                      struct cv_node *value)
{
    bool minus = text.p[0] == '-', sign = minus || text.p[0] == '+';
    struct an_str rest = an_str_sub(text, sign, text.n);
    char buf[12];
    uint64_t v;
    int n;

    if (!an_str_u64(rest, &v) || v > INT32_MAX ||
        (minus && leaf != CV_INTEGER) || (v == 0 && leaf == CV_POSITIVEINT))
        return true;
    n = snprintf(buf, sizeof(buf), "%s%d", minus && v ? "-" : "", (int)v);
    return put(run, value, CV_LITERAL, buf, (size_t)n);
}

static bool say_decimal(struct cv_run *run, struct an_str text,
                        struct cv_node *value)
{
    double number;

    if (!an_decimal_parse(text, &number))
        return true;
    if (!an_decimal_json(run->arena, text, &value->text))
        return cv_fail(run, AN_NOMEM);
    value->kind = CV_LITERAL;
    return true;
}

bool cv_say_part(struct cv_run *run, enum cv_how how, struct an_str text,
                 struct cv_node *value)
{
    struct ctx_value v = {0};

    if (!hl7_quantity(text, &v))
        return true;
    return how == CV_NUMBER ? say_decimal(run, v.literal, value)
                            : say_token(v.comparator, 0, value);
}

static bool say_boolean(struct an_str text, struct cv_node *value)
{
    static const char *const yes[] = {"Y", "YES", "T", "TRUE", "1"};
    static const char *const no[] = {"N", "NO", "F", "FALSE", "0"};

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        bool is = an_str_eq_nocase(text, an_str_c(yes[i]));

        if (is || an_str_eq_nocase(text, an_str_c(no[i]))) {
            value->kind = CV_LITERAL;
            value->text = is ? AN_STR("true") : AN_STR("false");
        }
    }
    return true;
}

bool cv_say(struct cv_run *run, enum cv_leaf leaf, struct an_str text,
            struct cv_node *value)
{
    if (text.n == 0)
        return true;
    switch (leaf) {
    case CV_STRING: return say_string(run, text, value);
    case CV_CODE: return say_token(text, 1, value);
    case CV_URI: return say_uri(run, text, value);
    case CV_DATE:
    case CV_DATETIME:
    case CV_INSTANT: return say_time(run, leaf, text, value);
    case CV_TIME: return say_clock(run, text, value);
    case CV_DECIMAL: return say_decimal(run, text, value);
    case CV_INTEGER:
    case CV_POSITIVEINT:
    case CV_UNSIGNEDINT: return say_whole(run, leaf, text, value);
    case CV_BOOLEAN: return say_boolean(text, value);
    case CV_BASE64BINARY:
        value->kind = CV_BYTES;
        value->text = text;
        return true;
    case CV_REFERENCE:
    case CV_COMPLEX: return true;
    }
    return true;
}

/* ---- encapsulated data --------------------------------------------------- */

static bool is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* Base64 stays as it is, without the line breaks that senders put in.  What
 * lacks letters of its last four was cut short, and is none. */
static bool say_base64(struct cv_run *run, struct an_str text,
                       struct cv_node *value)
{
    char *copy = an_arena_get(run->arena, text.n, 1);
    size_t n = 0, n_pads = 0;

    if (copy == NULL)
        return cv_fail(run, AN_NOMEM);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
            continue;
        if (c == '=')
            n_pads++;
        else if (n_pads || !is_base64(c))
            return true;
        copy[n++] = c;
    }
    if (n == 0 || n % 4 != 0 || n_pads > 2)
        return true;
    value->kind = CV_WORDS;
    value->text = (struct an_str){copy, n};
    return true;
}

bool cv_say_data(struct cv_run *run, struct hl7_node ed, enum hl7_level level,
                 struct cv_node *value)
{
    enum hl7_level below =
        level == HL7_REPETITION ? HL7_COMPONENT : HL7_SUBCOMPONENT;
    enum hl7_encoding encoding =
        hl7_encoding_of(cv_raw(hl7_child(ed, below, 4)));
    struct an_str text, bytes;
    enum an_code code;
    bool odd;

    if (!cv_text(run, cv_raw(hl7_child(ed, below, 5)), &text))
        return false;
    if (encoding == HL7_BASE64)
        return say_base64(run, text, value);
    code = hl7_decode(run->arena, encoding, text, &bytes, &odd, run->err);
    if (code != AN_OK)
        return cv_fail(run, code);
    return odd || cv_say(run, CV_BASE64BINARY, bytes, value);
}
