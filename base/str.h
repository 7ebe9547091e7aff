/* SPDX-License-Identifier: Apache-2.0 */
/* Views of bytes.  Parsing makes views, not copies: a field of a message is a
 * view into the bytes that were received, and lives as long as they do.
 *
 *     struct an_str rest = AN_STR("a||b"), part;
 *     while (an_str_cut(&rest, '|', &part))
 *         use(part);                         -- "a", "", "b"
 *
 * Those that most names and codes of a message pass through are inline.
 *
 * Thread-safety: immutable.  Ownership: a view owns nothing. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view of bytes somebody else owns.  Never relied on to be NUL-terminated;
 * p may be NULL only when n is 0. */
struct an_str {
    const char *p;
    size_t n;
};

/* A view of a string literal. */
#define AN_STR(lit) ((struct an_str){"" lit, sizeof(lit) - 1})
/* The same for static initialisers, where a compound literal is no constant. */
#define AN_STR_INIT(lit)                                                       \
    {                                                                          \
        "" lit, sizeof(lit) - 1                                                \
    }
/* For printf's "%.*s". */
#define AN_STR_ARG(s) (int)(s).n, (s).n ? (s).p : ""

/* A view of a C string; NULL gives the empty view. */
static inline struct an_str an_str_c(const char *s)
{
    return (struct an_str){s, s ? strlen(s) : 0};
}

/* The bytes [from, from + n) of s, cut to what s has. */
struct an_str an_str_sub(struct an_str s, size_t from, size_t n);

static inline bool an_str_eq(struct an_str a, struct an_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
/* ASCII letters compare equal in either case; other bytes exactly. */
bool an_str_eq_nocase(struct an_str a, struct an_str b);
bool an_str_starts(struct an_str s, struct an_str prefix);
bool an_str_ends(struct an_str s, struct an_str suffix);
/* Byte order, shorter first when one is a prefix: <0, 0, >0. */
static inline int an_str_cmp(struct an_str a, struct an_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;

    if (order != 0)
        return order;
    return (a.n > b.n) - (a.n < b.n);
}
/* Without ASCII blanks (space, tab, CR, LF) at both ends. */
struct an_str an_str_trim(struct an_str s);

/* Cut the part of *rest before the first `sep`, and advance *rest past it.
 * False once nothing is left.  "a||b" gives "a", "", "b"; "" gives "" once;
 * the view whose p is NULL gives nothing. */
bool an_str_cut(struct an_str *rest, char sep, struct an_str *part);

/* All of s as a decimal number.  False (and *out untouched) if s is empty, has
 * anything but digits, or does not fit. */
bool an_str_u64(struct an_str s, uint64_t *out);

/* FNV-1a, 64 bits: for hash tables in memory; never for stored identity. */
uint64_t an_str_hash(struct an_str s);

#endif
