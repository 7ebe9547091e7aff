/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <string.h>

struct an_str an_str_sub(struct an_str s, size_t from, size_t n)
{
    if (from > s.n)
        from = s.n;
    if (n > s.n - from)
        n = s.n - from;
    return (struct an_str){s.p ? s.p + from : NULL, n};
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool an_str_eq_nocase(struct an_str a, struct an_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

bool an_str_starts(struct an_str s, struct an_str prefix)
{
    return s.n >= prefix.n && an_str_eq(an_str_sub(s, 0, prefix.n), prefix);
}

bool an_str_ends(struct an_str s, struct an_str suffix)
{
    return s.n >= suffix.n &&
           an_str_eq(an_str_sub(s, s.n - suffix.n, suffix.n), suffix);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct an_str an_str_trim(struct an_str s)
{
    while (s.n > 0 && blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool an_str_cut(struct an_str *rest, char sep, struct an_str *part)
{
    const char *at;

    if (rest->p == NULL)
        return false;
    at = rest->n ? memchr(rest->p, sep, rest->n) : NULL;
    if (at == NULL) {
        *part = *rest;
        *rest = (struct an_str){NULL, 0};
        return true;
    }
    *part = an_str_sub(*rest, 0, (size_t)(at - rest->p));
    *rest = an_str_sub(*rest, part->n + 1, rest->n);
    return true;
}

bool an_str_u64(struct an_str s, uint64_t *out)
{
    uint64_t v = 0;

    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';

        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

uint64_t an_str_hash(struct an_str s)
{
    uint64_t h = 1469598103934665603U;

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211U;
    return h;
}
