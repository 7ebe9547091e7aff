/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <string.h>

enum { FIRST_BYTES = 256 };

void an_buf_init(struct an_buf *b, struct an_arena *arena, size_t limit_bytes)
{
    *b = (struct an_buf){.arena = arena, .limit_bytes = limit_bytes};
}

static bool grow(struct an_buf *b, size_t more)
{
    size_t size = b->size ? b->size : FIRST_BYTES;
    char *p;

    if (more > b->limit_bytes - b->n) {
        b->code = AN_LIMIT;
        return false;
    }
    while (size - b->n <= more)
        size *= 2;
    p = an_arena_get(b->arena, size, 1);
    if (p == NULL) {
        b->code = AN_NOMEM;
        return false;
    }
    if (b->n)
        memcpy(p, b->p, b->n);
    b->p = p;
    b->size = size;
    return true;
}

void an_buf_put(struct an_buf *b, struct an_str s)
{
    if (b->code != AN_OK || s.n == 0)
        return;
    /* One byte is always kept for the NUL. */
    if ((b->size - b->n <= s.n || s.n > b->limit_bytes - b->n) && !grow(b, s.n))
        return;
    memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
}

void an_buf_put_c(struct an_buf *b, const char *s)
{
    an_buf_put(b, an_str_c(s));
}

void an_buf_put_char(struct an_buf *b, char c)
{
    an_buf_put(b, (struct an_str){&c, 1});
}

void an_buf_put_u64(struct an_buf *b, uint64_t v)
{
    int digits = 1;

    for (uint64_t rest = v / 10; rest; rest /= 10)
        digits++;
    an_buf_put_digits(b, v, digits);
}

void an_buf_put_i64(struct an_buf *b, int64_t v)
{
    if (v < 0)
        an_buf_put_char(b, '-');
    an_buf_put_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void an_buf_put_digits(struct an_buf *b, uint64_t v, int digits)
{
    char text[20];

    if (digits > (int)sizeof(text))
        digits = (int)sizeof(text);
    for (int i = digits - 1; i >= 0; i--) {
        text[i] = (char)('0' + v % 10);
        v /= 10;
    }
    an_buf_put(b, (struct an_str){text, (size_t)digits});
}

static bool is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') || (c && strchr("-._~", c));
}

void an_buf_put_escaped(struct an_buf *b, struct an_str s, const char *keep)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (is_unreserved(s.p[i]) || (c && strchr(keep, c))) {
            an_buf_put_char(b, s.p[i]);
        } else {
            an_buf_put_char(b, '%');
            an_buf_put_char(b, hex[c >> 4]);
            an_buf_put_char(b, hex[c & 15]);
        }
    }
}

enum an_code an_buf_done(struct an_buf *b, struct an_str *bytes,
                         struct an_err *err)
{
    if (b->code == AN_OK && b->p == NULL)
        grow(b, 0);
    if (b->code != AN_OK)
        return an_fail(err, b->code,
                       b->code == AN_LIMIT ? "the text grows over its limit"
                                           : "out of memory",
                       b->n);
    b->p[b->n] = '\0';
    *bytes = (struct an_str){b->p, b->n};
    return AN_OK;
}
