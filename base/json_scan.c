/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_int.h"

#include <string.h>

enum { BLOCK = 64, SEEN_CONTROL = 1, SEEN_ESCAPE = 2, SEEN_HIGH = 0x80 };

/* Which classes of byte a block holds.  Without a branch, these two become a
 * handful of vector instructions. */
static unsigned classes(const unsigned char *p, size_t n)
{
    unsigned char seen = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = p[i];
        unsigned char control = c < 0x20;
        unsigned char blank = (c == '\n') | (c == '\r') | (c == '\t');
        unsigned char escape = (unsigned char)((c == '\\') << 1);

        seen |=
            (unsigned char)((control & (blank ^ 1)) | escape | (c & SEEN_HIGH));
    }
    return seen;
}

/* Nothing but line feeds, and ASCII that is no control character and no
 * backslash: nearly every block. */
static bool plain(const unsigned char *p, size_t n)
{
    unsigned char odd = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = p[i];
        unsigned char outside = (unsigned char)(c - 0x20) >= 0x60;

        odd |= (unsigned char)((outside & (c != '\n')) | (c == '\\'));
    }
    return odd == 0;
}

/* The same over everything, a block at a time. */
static unsigned all_classes(struct an_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    unsigned seen = 0;
    size_t i = 0;

    for (; i + BLOCK <= s.n; i += BLOCK)
        if (!plain(p + i, BLOCK))
            seen |= classes(p + i, BLOCK);
    return seen | classes(p + i, s.n - i);
}

/* The last quote of [from, to), or NULL. */
static const char *last_quote(const char *from, const char *to)
{
    while (to > from)
        if (*--to == '"')
            return to;
    return NULL;
}

/* The four hex digits of the \u at p, or -1. */
static long hex4(const char *p, const char *end)
{
    long v = 0;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        char c = p[i];

        if (c >= '0' && c <= '9')
            v = v * 16 + (c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v * 16 + ((c | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return v;
}

/* The escape at p: how long it is, 0 with *what set if it may not be.  What is
 * no escape at all is left to yajl. */
static size_t escape(const char *p, const char *end, const char **what)
{
    long unit = hex4(p, end), low;

    if (unit < 0)
        return 2;
    if (unit == 0) {
        *what = "a string holds U+0000";
        return 0;
    }
    if (unit < 0xD800 || unit > 0xDFFF)
        return 6;
    low = unit < 0xDC00 ? hex4(p + 6, end) : -1;
    if (low < 0xDC00 || low > 0xDFFF) {
        *what = "half of a surrogate pair stands alone";
        return 0;
    }
    return 12;
}

/* The strings that hold an escape: how long the longest is, and whether each
 * escape names a character.  Outside of such strings there is no backslash in
 * any text that yajl accepts, so the quote before the first one opens it. */
static enum an_code escapes(struct an_str s, struct an_json_scan *scan,
                            struct an_err *err)
{
    const char *at = s.p, *end = s.p + s.n, *p;
    const char *what = NULL;

    while ((p = memchr(at, '\\', (size_t)(end - at)))) {
        const char *open = last_quote(at, p);

        if (open == NULL)
            open = at;
        while (p < end && *p != '"') {
            size_t n = *p == '\\' ? escape(p, end, &what) : 1;

            if (n == 0)
                return an_fail(err, AN_SYNTAX, what, (size_t)(p - s.p));
            p = (size_t)(end - p) < n ? end : p + n;
        }
        if ((size_t)(p - open) > scan->longest_escaped)
            scan->longest_escaped = (size_t)(p - open);
        if (p == end) {
            scan->longest_tail = (size_t)(end - open);
            return AN_OK;
        }
        at = p + 1;
    }
    return AN_OK;
}

enum an_code an_json_scan(struct an_str bytes, struct an_json_scan *scan,
                          struct an_err *err)
{
    unsigned seen;
    const char *quote;
    enum an_code code = AN_OK;

    *scan = (struct an_json_scan){0, 0};
    if (an_str_starts(bytes, AN_STR("\xEF\xBB\xBF")))
        return an_fail(err, AN_SYNTAX,
                       "it begins with a byte order mark, which JSON has not",
                       0);
    if (an_str_trim(bytes).n == 0)
        return an_fail(err, AN_SYNTAX, "there is no JSON text", 0);
    seen = all_classes(bytes);
    if (seen & SEEN_CONTROL) {
        size_t i = 0;

        while (!(classes((const unsigned char *)bytes.p + i, 1) & SEEN_CONTROL))
            i++;
        return an_fail(err, AN_SYNTAX, "a control character", i);
    }
    if (seen & SEEN_HIGH) {
        size_t i = an_utf8_valid(bytes);

        if (i < bytes.n)
            return an_fail(err, AN_SYNTAX, "a byte that is not UTF-8", i);
    }
    quote = last_quote(bytes.p, bytes.p + bytes.n);
    scan->longest_tail = quote ? (size_t)(bytes.p + bytes.n - quote) : bytes.n;
    if (seen & SEEN_ESCAPE)
        code = escapes(bytes, scan, err);
    return code;
}
