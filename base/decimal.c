/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The parts of a number that was read. */
struct parts {
    bool negative;
    struct an_str whole, frac; /* digits before and after the point */
    struct an_str exponent;    /* with its sign, without the e */
};

static struct an_str take_digits(struct an_str *rest)
{
    size_t n = 0;
    struct an_str d;

    while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9')
        n++;
    d = an_str_sub(*rest, 0, n);
    *rest = an_str_sub(*rest, n, rest->n);
    return d;
}

static bool take_any(struct an_str *rest, char a, char b)
{
    if (rest->n == 0 || (rest->p[0] != a && rest->p[0] != b))
        return false;
    *rest = an_str_sub(*rest, 1, rest->n);
    return true;
}

static bool split(struct an_str s, struct parts *out)
{
    struct an_str rest = s;

    *out = (struct parts){.negative = s.n > 0 && s.p[0] == '-'};
    (void)take_any(&rest, '+', '-');
    out->whole = take_digits(&rest);
    if (take_any(&rest, '.', '.'))
        out->frac = take_digits(&rest);
    if (out->whole.n + out->frac.n == 0)
        return false;
    if (take_any(&rest, 'e', 'E')) {
        struct an_str sign = rest, power;

        (void)take_any(&rest, '+', '-');
        power = take_digits(&rest);
        if (power.n == 0)
            return false;
        out->exponent = an_str_sub(sign, 0, (size_t)(rest.p - sign.p));
    }
    return rest.n == 0;
}

/* The C library's own conversion, in the C locale whatever the process's. */
static bool parse_slow(struct an_str s, double *value)
{
    char text[AN_DECIMAL_LONGEST_BYTES + 1];
    locale_t c_locale;

    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    {
        locale_t old = uselocale(c_locale);

        *value = strtod(text, NULL);
        (void)uselocale(old);
    }
    freelocale(c_locale);
    return isfinite(*value);
}

bool an_decimal_parse(struct an_str s, double *value)
{
    static const double power[] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct parts d;
    uint64_t digits = 0;

    if (s.n > AN_DECIMAL_LONGEST_BYTES || !split(s, &d))
        return false;
    if (d.exponent.n || d.whole.n + d.frac.n > 15)
        return parse_slow(s, value);
    /* At most 15 digits and a power of ten that is exact: one rounding, so the
     * result is the nearest double. */
    for (size_t i = 0; i < d.whole.n; i++)
        digits = digits * 10 + (uint64_t)(d.whole.p[i] - '0');
    for (size_t i = 0; i < d.frac.n; i++)
        digits = digits * 10 + (uint64_t)(d.frac.p[i] - '0');
    *value = (double)digits / power[d.frac.n];
    if (d.negative)
        *value = -*value;
    return true;
}

bool an_decimal_json(struct an_arena *arena, struct an_str s,
                     struct an_str *literal)
{
    struct parts d;
    char *p;
    size_t n = 0;

    if (!split(s, &d))
        return false;
    while (d.whole.n > 1 && d.whole.p[0] == '0')
        d.whole = an_str_sub(d.whole, 1, d.whole.n);
    p = an_arena_get(arena, s.n + 2, 1);
    if (p == NULL)
        return false;
    if (d.negative)
        p[n++] = '-';
    if (d.whole.n == 0)
        p[n++] = '0';
    for (size_t i = 0; i < d.whole.n; i++)
        p[n++] = d.whole.p[i];
    if (d.frac.n)
        p[n++] = '.';
    for (size_t i = 0; i < d.frac.n; i++)
        p[n++] = d.frac.p[i];
    if (d.exponent.n)
        p[n++] = 'e';
    for (size_t i = 0; i < d.exponent.n; i++)
        p[n++] = d.exponent.p[i];
    *literal = (struct an_str){p, n};
    return true;
}

size_t an_decimal_print(double value, int places,
                        char buf[AN_DECIMAL_TEXT_BYTES])
{
    static const uint64_t power[] = {1,         10,        100,     1000,
                                     10000,     100000,    1000000, 10000000,
                                     100000000, 1000000000};
    char text[24];
    size_t n = 0, out = 0;
    uint64_t whole, frac;
    double at = fabs(value);

    buf[0] = '\0';
    if (places < 0 || places > 9 || !(at < 1e15))
        return 0;
    whole = (uint64_t)at;
    frac = (uint64_t)floor((at - (double)whole) * (double)power[places] + 0.5);
    if (frac >= power[places]) {
        whole++;
        frac -= power[places];
    }
    if (value < 0 && (whole || frac))
        buf[out++] = '-';
    do {
        text[n++] = (char)('0' + whole % 10);
        whole /= 10;
    } while (whole);
    while (n)
        buf[out++] = text[--n];
    if (places)
        buf[out++] = '.';
    for (int i = places - 1; i >= 0; i--)
        buf[out++] = (char)('0' + frac / power[i] % 10);
    buf[out] = '\0';
    return out;
}
