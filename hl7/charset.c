/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/charset.h"
#include "base/buf.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

static const struct hl7_charset table[] = {
#include "config/tables/charsets.inc"
};

static const struct hl7_charset wide[] = {
    {"UNICODE UTF-16", "UTF-16LE"},
    {"UNICODE UTF-16", "UTF-16BE"},
    {"UNICODE UTF-32", "UTF-32LE"},
    {"UNICODE UTF-32", "UTF-32BE"},
};

enum { NAME_BYTES = 24, ESC = 0x1B, STEP_BYTES = 4096 };

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

static int compare_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct hl7_charset *)row)->name);
}

const struct hl7_charset *hl7_charset_find(struct an_str name)
{
    char upper[NAME_BYTES];

    name = an_str_trim(name);
    if (name.n == 0 || name.n >= sizeof(upper))
        return NULL;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    upper[name.n] = '\0';
    return bsearch(upper, table, sizeof(table) / sizeof(table[0]),
                   sizeof(table[0]), compare_name);
}

bool hl7_charset_is_utf8(const struct hl7_charset *charset)
{
    return charset && strcmp(charset->iconv, "UTF-8") == 0;
}

/* Whether `second` may follow `lead`: neither longer than needed, nor a
 * surrogate, nor past U+10FFFF. */
static bool second_fits(unsigned char lead, unsigned char second)
{
    switch (lead) {
    case 0xE0: return second >= 0xA0 && second <= 0xBF;
    case 0xED: return second >= 0x80 && second <= 0x9F;
    case 0xF0: return second >= 0x90 && second <= 0xBF;
    case 0xF4: return second >= 0x80 && second <= 0x8F;
    default: return second >= 0x80 && second <= 0xBF;
    }
}

/* Bytes of the well-formed character at p, 0 if it is none (Unicode 15,
 * table 3-7). */
static size_t utf8_char(const unsigned char *p, size_t n)
{
    size_t len;

    if (p[0] < 0x80)
        return 1;
    len = p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (len == 0 || p[0] > 0xF4 || n < len || !second_fits(p[0], p[1]))
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

/* How many bytes from p on are ASCII, looked at by eights. */
static size_t ascii_bytes(const unsigned char *p, size_t n)
{
    size_t i = 0;
    uint64_t eight;

    for (; i + sizeof(eight) <= n; i += sizeof(eight)) {
        memcpy(&eight, p + i, sizeof(eight));
        if (eight & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < n && p[i] < 0x80)
        i++;
    return i;
}

bool hl7_utf8_valid(struct an_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;

    while ((i += s.n > i ? ascii_bytes(p + i, s.n - i) : 0) < s.n) {
        size_t len = utf8_char(p + i, s.n - i);

        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

const struct hl7_charset *hl7_charset_wide(struct an_str bytes)
{
    if (an_str_starts(bytes, AN_STR("\xFF\xFE\0\0")) ||
        an_str_starts(bytes, AN_STR("M\0\0\0")))
        return &wide[2];
    if (an_str_starts(bytes, AN_STR("\0\0\xFE\xFF")) ||
        an_str_starts(bytes, AN_STR("\0\0\0M")))
        return &wide[3];
    if (an_str_starts(bytes, AN_STR("\xFF\xFE")) ||
        an_str_starts(bytes, AN_STR("M\0")))
        return &wide[0];
    if (an_str_starts(bytes, AN_STR("\xFE\xFF")) ||
        an_str_starts(bytes, AN_STR("\0M")))
        return &wide[1];
    return NULL;
}

static bool is_iso2022(const struct hl7_charset *charset)
{
    return strncmp(charset->iconv, "ISO-2022", 8) == 0;
}

const struct hl7_charset *hl7_charset_pick(struct an_str bytes,
                                           struct an_str msh18, char repetition,
                                           const struct hl7_charset *fallback,
                                           bool *guessed)
{
    bool utf8 = hl7_utf8_valid(bytes);
    bool escapes = bytes.n && memchr(bytes.p, ESC, bytes.n) != NULL;
    struct an_str name;

    *guessed = false;
    while (an_str_cut(&msh18, repetition ? repetition : '~', &name)) {
        const struct hl7_charset *said = hl7_charset_find(name);

        if (said &&
            (is_iso2022(said) ? escapes : !utf8 && !hl7_charset_is_utf8(said)))
            return said;
    }
    if (utf8)
        return hl7_charset_find(AN_STR("UNICODE UTF-8"));
    *guessed = true;
    if (fallback && !hl7_charset_is_utf8(fallback))
        return fallback;
    return hl7_charset_find(AN_STR("8859/1"));
}

/* One step of iconv's life: convert, make room by writing out, or replace one
 * byte that is no character.  False when all is done. */
static bool convert_some(iconv_t cd, char **in, size_t *n_in,
                         struct an_buf *out, size_t *n_replaced)
{
    char step[STEP_BYTES];
    char *to = step;
    size_t room = sizeof(step), got;
    int why;

    errno = 0;
    got = iconv(cd, *n_in ? in : NULL, n_in, &to, &room);
    why = errno;
    an_buf_put(out, (struct an_str){step, sizeof(step) - room});
    if (got == (size_t)-1 && why != E2BIG) {
        an_buf_put(out, AN_STR("\xEF\xBF\xBD"));
        (*in)++;
        (*n_in)--;
        (*n_replaced)++;
    }
    return *n_in > 0;
}

static enum an_code convert(const char *from, struct an_buf *out,
                            struct an_str bytes, size_t *n_replaced,
                            struct an_err *err)
{
    iconv_t cd = iconv_open("UTF-8", from);
    char *in = (char *)(uintptr_t)bytes.p; /* iconv only reads it */
    size_t n_in = bytes.n;

    if (cd == (iconv_t)-1)
        return an_fail_sys(err, AN_UNSUPPORTED,
                           "this system cannot convert the character set",
                           errno);
    while (n_in && out->code == AN_OK &&
           convert_some(cd, &in, &n_in, out, n_replaced)) {
    }
    iconv_close(cd);
    return AN_OK;
}

/* UTF-8 with what is not well-formed replaced. */
static void repair(struct an_buf *out, struct an_str s, size_t *n_replaced)
{
    size_t from = 0;

    for (size_t i = 0; i < s.n;) {
        size_t len = utf8_char((const unsigned char *)s.p + i, s.n - i);

        if (len == 0) {
            an_buf_put(out, an_str_sub(s, from, i - from));
            an_buf_put_c(out, replacement);
            (*n_replaced)++;
            from = i + 1;
        }
        i += len ? len : 1;
    }
    an_buf_put(out, an_str_sub(s, from, s.n));
}

enum an_code hl7_charset_decode(const struct hl7_charset *charset,
                                struct an_arena *arena, struct an_str bytes,
                                struct an_str *utf8, size_t *n_replaced,
                                struct an_err *err)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    struct an_buf out;
    enum an_code code = AN_OK;

    *n_replaced = 0;
    *utf8 = bytes;
    if (bytes.n == 0 || (hl7_charset_is_utf8(charset) && hl7_utf8_valid(bytes)))
        return AN_OK;
    if (!is_iso2022(charset) && hl7_charset_wide(bytes) == NULL &&
        ascii_bytes(p, bytes.n) == bytes.n)
        return AN_OK;
    an_buf_init(&out, arena, SIZE_MAX / 4);
    if (hl7_charset_is_utf8(charset))
        repair(&out, bytes, n_replaced);
    else
        code = convert(charset->iconv, &out, bytes, n_replaced, err);
    if (code == AN_OK)
        code = an_buf_done(&out, utf8, err);
    return code;
}
