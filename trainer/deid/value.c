/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/deid/value.h"

#include "base/decimal.h"
#include "base/time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_NUMBER_BYTES = 32,
    FIRST_YEAR = 1850, /* a number may be a date between these */
    LAST_YEAR = 2099
};

static const char zip3[][4] = {
#include "config/tables/deid-zip3.inc"
};

static const struct state {
    const char *name, *letters;
} states[] = {
#include "config/tables/deid-states.inc"
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *tr_deid_value_cell(size_t i)
{
    if (i < COUNT(zip3))
        return zip3[i];
    i -= COUNT(zip3);
    if (i / 2 >= COUNT(states))
        return NULL;
    return i % 2 ? states[i / 2].letters : states[i / 2].name;
}

static bool parse(const struct tr_deid_dates *d, struct an_str text,
                  struct an_time *t)
{
    static const struct an_zone zone = {0, NULL, 0};
    bool read =
        d->hl7 ? an_time_hl7(text, &zone, t) : an_time_fhir(text, &zone, t);

    return read && text.n + 1 < TR_DEID_DATE_BYTES;
}

/* 0 where there is none, which is too old. */
static int year_of(struct an_str text)
{
    uint64_t year;

    return an_str_u64(an_str_sub(text, 0, 4), &year) ? (int)year : 0;
}

static bool too_old(const struct tr_deid_dates *d, struct an_str text)
{
    return d->as_of - year_of(text) >= TR_DEID_OLDEST;
}

/* Beside a birth that is not too old, what is later than the extract could say
 * an age over 89. */
static bool says_age(const struct tr_deid_dates *d, struct an_str text)
{
    return too_old(d, text) || year_of(text) > d->as_of;
}

static void print(char out[TR_DEID_DATE_BYTES], struct an_str text)
{
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
}

bool tr_deid_year(const struct tr_deid_dates *d, struct an_str text,
                  char out[TR_DEID_DATE_BYTES])
{
    struct an_time t;

    text = an_str_trim(text);
    if (!parse(d, text, &t) || says_age(d, text))
        return false;
    print(out, an_str_sub(text, 0, 4));
    return true;
}

/* The digits of a time of day, but not those of its zone. */
static void zero(char *p)
{
    for (; *p && *p != 'Z' && *p != '+' && *p != '-'; p++)
        if (*p >= '0' && *p <= '9')
            *p = '0';
}

bool tr_deid_shift(const struct tr_deid_dates *d, struct an_str text,
                   char out[TR_DEID_DATE_BYTES])
{
    size_t day_bytes = d->hl7 ? 8 : 10;
    char moved[AN_TIME_TEXT_BYTES];
    struct an_time t;
    size_t n;

    text = an_str_trim(text);
    if (!parse(d, text, &t) || says_age(d, text))
        return false;
    if (t.precision < AN_TIME_DAY) {
        print(out, an_str_sub(text, 0, 4));
        return true;
    }
    if (!parse(d, an_str_sub(text, 0, day_bytes), &t))
        return false;
    t.us += d->shift_days * AN_US_PER_DAY;
    n = d->hl7 ? an_time_print_hl7(t, moved) : an_time_print_date(t, moved);
    if (n != day_bytes || too_old(d, (struct an_str){moved, n}))
        return false;
    print(out, text);
    memcpy(out, moved, n);
    if (d->zero_time)
        zero(out + n);
    return true;
}

bool tr_deid_birth(const struct tr_deid_dates *d, struct an_str text,
                   char out[TR_DEID_DATE_BYTES])
{
    if (!tr_deid_shift(d, text, out))
        return false;
    out[4] = '\0';
    return true;
}

static bool digits(struct an_str s, size_t n)
{
    if (s.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

bool tr_deid_zip3(struct an_str text, char out[4])
{
    struct an_str rest;

    text = an_str_trim(text);
    rest = an_str_sub(text, 5, text.n);
    if (!digits(an_str_sub(text, 0, 5), 5))
        return false;
    if (rest.n && !digits(rest, 4) &&
        !(rest.p[0] == '-' && digits(an_str_sub(rest, 1, rest.n), 4)))
        return false;
    memcpy(out, text.p, 3);
    out[3] = '\0';
    for (size_t i = 0; i < COUNT(zip3); i++)
        if (memcmp(out, zip3[i], 3) == 0)
            memcpy(out, "000", 3);
    return true;
}

bool tr_deid_state(struct an_str text, const char **letters)
{
    text = an_str_trim(text);
    for (size_t i = 0; i < COUNT(states); i++)
        if (an_str_eq_nocase(text, an_str_c(states[i].name)) ||
            an_str_eq_nocase(text, an_str_c(states[i].letters))) {
            *letters = states[i].letters;
            return true;
        }
    return false;
}

bool tr_deid_country(struct an_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < 'A' || text.p[i] > 'Z')
            return false;
    return text.n == 2 || text.n == 3;
}

bool tr_deid_is_abroad(struct an_str country)
{
    static const struct an_str here[] = {
        AN_STR_INIT("US"), AN_STR_INIT("USA"), AN_STR_INIT("United States"),
        AN_STR_INIT("United States of America")};

    country = an_str_trim(country);
    for (size_t i = 0; i < COUNT(here); i++)
        if (an_str_eq_nocase(country, here[i]))
            return false;
    return country.n > 0;
}

/* YYYYMMDD, of somebody's life. */
static bool reads_as_date(struct an_str whole)
{
    struct an_time t;
    static const struct an_zone zone = {0, NULL, 0};
    int year = whole.n == 8 ? year_of(whole) : 0;

    return year >= FIRST_YEAR && year <= LAST_YEAR &&
           an_time_hl7(whole, &zone, &t);
}

/* Of at most so many digits before the point, and as many in magnitude. */
static bool is_short(struct an_str text, size_t most, double limit)
{
    size_t n = 0, from = text.n && (text.p[0] == '-' || text.p[0] == '+');
    double value;

    while (from + n < text.n && text.p[from + n] >= '0' &&
           text.p[from + n] <= '9')
        n++;
    return text.n < MAX_NUMBER_BYTES && n <= most &&
           !reads_as_date(an_str_sub(text, from, n)) &&
           an_decimal_parse(text, &value) && fabs(value) < limit;
}

bool tr_deid_number(struct an_str text)
{
    return is_short(text, 8, 1e8);
}

bool tr_deid_bare_number(struct an_str text)
{
    return is_short(text, 4, 1e4);
}

/* 90 years in the units in which an age is said: a year is 365.25 days, as in
 * UCUM. */
static const struct age_unit {
    struct an_str unit;
    double years;
    struct an_str most;
} age_units[] = {
    {AN_STR_INIT("a"), 1, AN_STR_INIT("90")},
    {AN_STR_INIT("mo"), 12, AN_STR_INIT("1080")},
    {AN_STR_INIT("wk"), 52.17857142857143, AN_STR_INIT("4696")},
    {AN_STR_INIT("d"), 365.25, AN_STR_INIT("32873")},
    {AN_STR_INIT("h"), 8766, AN_STR_INIT("788940")},
    {AN_STR_INIT("min"), 525960, AN_STR_INIT("47336400")},
};

static const struct age_unit *age_unit(struct an_str unit)
{
    for (size_t i = 0; i < COUNT(age_units); i++)
        if (an_str_eq(unit, age_units[i].unit))
            return &age_units[i];
    return NULL;
}

bool tr_deid_is_age_unit(struct an_str unit)
{
    return age_unit(unit) != NULL;
}

struct an_str tr_deid_cap(struct an_str number, struct an_str unit)
{
    const struct age_unit *u = age_unit(unit);
    double value;

    return u && an_decimal_parse(number, &value) && value > 89 * u->years
               ? u->most
               : number;
}

static bool is_one(struct an_str code, const struct an_str *of, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (an_str_eq(code, of[i]))
            return true;
    return false;
}

bool tr_deid_says_age(struct an_str code)
{
    /* Age; reported, calculated, estimated; at events of the record: LOINC.
     * Age, current age, age at onset: SNOMED CT. */
    static const struct an_str ages[] = {
        AN_STR_INIT("21611-9"),   AN_STR_INIT("21612-7"),
        AN_STR_INIT("29553-5"),   AN_STR_INIT("30525-0"),
        AN_STR_INIT("30972-4"),   AN_STR_INIT("35659-2"),
        AN_STR_INIT("39016-1"),   AN_STR_INIT("63900-5"),
        AN_STR_INIT("397669002"), AN_STR_INIT("424144002"),
        AN_STR_INIT("445518008"),
    };

    return is_one(code, ages, COUNT(ages));
}

bool tr_deid_says_birth(struct an_str code)
{
    /* Birth date (LOINC), date of birth (SNOMED CT). */
    static const struct an_str births[] = {AN_STR_INIT("21112-8"),
                                           AN_STR_INIT("184099003")};

    return is_one(code, births, COUNT(births));
}
