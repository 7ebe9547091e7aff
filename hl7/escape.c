/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/escape.h"
#include "base/buf.h"

#include <string.h>

enum { MOST_REPEATED = 200, ESC = 0x1B };

/* A raw view being read. */
struct reading {
    const struct hl7_delims *delims;
    const struct hl7_charset *charset;
    struct an_arena *arena;
    struct an_buf out;
    struct an_str rest;
    uint32_t n_odd;
    bool iso2022; /* a \C or \M was met: the whole is converted at the end */
    enum an_code code;
    struct an_err *err;
};

/* What stands between the escape character at the start of s and the next. */
static bool escape_body(const struct reading *r, struct an_str s,
                        struct an_str *body)
{
    struct an_str after = an_str_sub(s, 1, s.n);
    const char *end =
        after.n ? memchr(after.p, r->delims->escape, after.n) : NULL;

    if (end == NULL)
        return false;
    *body = an_str_sub(after, 0, (size_t)(end - after.p));
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_hex(struct an_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (hex_digit(s.p[i]) < 0)
            return false;
    return s.n > 0 && s.n % 2 == 0;
}

static void put_hex(struct an_buf *out, struct an_str hex)
{
    for (size_t i = 0; i + 1 < hex.n; i += 2)
        an_buf_put_char(
            out, (char)(hex_digit(hex.p[i]) << 4 | hex_digit(hex.p[i + 1])));
}

static bool is_x(struct an_str body)
{
    return body.n > 1 && (body.p[0] == 'X' || body.p[0] == 'x') &&
           is_hex(an_str_sub(body, 1, body.n));
}

/* What a run of \X..\ means; false if its bytes are no text. */
static bool decode_bytes(struct reading *r, struct an_str bytes,
                         struct an_str *utf8)
{
    size_t n_replaced = 0;

    *utf8 = bytes;
    if (hl7_utf8_valid(bytes))
        return true;
    if (r->charset == NULL || hl7_charset_is_utf8(r->charset))
        return false;
    r->code = hl7_charset_decode(r->charset, r->arena, bytes, utf8, &n_replaced,
                                 r->err);
    return n_replaced == 0;
}

/* A run of \X..\ escapes is decoded as one, since a character may be cut
 * between two of them.  A run that is no text stays as it was written. */
static void put_bytes(struct reading *r)
{
    struct an_str s = r->rest, body, bytes, utf8;
    struct an_buf run;
    uint32_t n = 0;

    an_buf_init(&run, r->arena, SIZE_MAX / 4);
    for (; s.n && s.p[0] == r->delims->escape && escape_body(r, s, &body) &&
           is_x(body);
         n++) {
        put_hex(&run, an_str_sub(body, 1, body.n));
        s = an_str_sub(s, body.n + 2, s.n);
    }
    r->code = an_buf_done(&run, &bytes, r->err);
    if (r->code != AN_OK)
        return;
    if (!decode_bytes(r, bytes, &utf8)) {
        utf8 = an_str_sub(r->rest, 0, r->rest.n - s.n);
        r->n_odd += n;
    }
    an_buf_put(&r->out, utf8);
    r->rest = s;
}

/* \.sp3\ and its like: how often; 1 when no number is there. */
static bool repeat(struct reading *r, struct an_str body, const char *what)
{
    struct an_str number = an_str_trim(an_str_sub(body, 3, body.n));
    uint64_t n = 1;

    if (number.n && number.p[0] == '+')
        number = an_str_sub(number, 1, number.n);
    if (number.n && (!an_str_u64(number, &n) || n > MOST_REPEATED))
        return false;
    while (n--)
        an_buf_put_c(&r->out, what);
    return true;
}

/* \.xx\: formatting commands (HL7 v2.5.1 ch. 2.7.6). */
static bool put_command(struct reading *r, struct an_str body)
{
    struct an_str name = an_str_sub(body, 0, 3);

    if (an_str_eq_nocase(body, AN_STR(".br")) ||
        an_str_eq_nocase(body, AN_STR(".ce"))) {
        an_buf_put_char(&r->out, '\n');
        return true;
    }
    if (an_str_eq_nocase(name, AN_STR(".sp")))
        return repeat(r, body, "\n");
    if (an_str_eq_nocase(name, AN_STR(".sk")))
        return repeat(r, body, " ");
    return an_str_eq_nocase(name, AN_STR(".in")) ||
           an_str_eq_nocase(name, AN_STR(".ti")) ||
           an_str_eq_nocase(body, AN_STR(".fi")) ||
           an_str_eq_nocase(body, AN_STR(".nf"));
}

static bool put_delimiter(struct reading *r, char letter)
{
    const struct hl7_delims *d = r->delims, *usual = &hl7_delims_recommended;
    char c;

    switch (letter) {
    case 'F': c = d->field; break;
    case 'S': c = d->component ? d->component : usual->component; break;
    case 'R': c = d->repetition ? d->repetition : usual->repetition; break;
    case 'T':
        c = d->subcomponent ? d->subcomponent : usual->subcomponent;
        break;
    case 'E': c = d->escape; break;
    case 'P': c = d->truncation ? d->truncation : '#'; break;
    case 'H':
    case 'N': return true;
    default: return false;
    }
    an_buf_put_char(&r->out, c);
    return true;
}

static bool put_charset_switch(struct reading *r, struct an_str body)
{
    struct an_str hex = an_str_sub(body, 1, body.n);

    if ((body.p[0] != 'C' && body.p[0] != 'M') || hex.n < 4 || hex.n > 6 ||
        !is_hex(hex))
        return false;
    an_buf_put_char(&r->out, ESC);
    put_hex(&r->out, hex);
    r->iso2022 = true;
    return true;
}

/* r->rest begins with the escape character.  False if it is no escape that we
 * know. */
static bool put_escape(struct reading *r)
{
    struct an_str body;
    bool known = false;

    if (!escape_body(r, r->rest, &body) || body.n == 0)
        return false;
    if (is_x(body)) {
        put_bytes(r);
        return true;
    }
    if (body.n == 1)
        known = put_delimiter(r, body.p[0]);
    else if (body.p[0] == '.')
        known = put_command(r, body);
    else
        known = put_charset_switch(r, body);
    if (known)
        r->rest = an_str_sub(r->rest, body.n + 2, r->rest.n);
    return known;
}

static enum an_code finish(struct reading *r, struct hl7_text *text)
{
    size_t n_replaced;

    if (r->code != AN_OK)
        return r->code;
    text->n_odd = r->n_odd;
    r->code = an_buf_done(&r->out, &text->s, r->err);
    if (r->code == AN_OK && r->iso2022) {
        r->code =
            hl7_charset_decode(hl7_charset_find(AN_STR("ISO IR87")), r->arena,
                               text->s, &text->s, &n_replaced, r->err);
        text->n_odd += n_replaced > 0;
    }
    return r->code;
}

static enum an_code unescape(struct reading *r, struct hl7_text *text)
{
    char escape = r->delims->escape;

    an_buf_init(&r->out, r->arena, SIZE_MAX / 4);
    while (r->rest.n && r->code == AN_OK && r->out.code == AN_OK) {
        const char *at = memchr(r->rest.p, escape, r->rest.n);
        size_t plain = at ? (size_t)(at - r->rest.p) : r->rest.n;

        an_buf_put(&r->out, an_str_sub(r->rest, 0, plain));
        r->rest = an_str_sub(r->rest, plain, r->rest.n);
        if (r->rest.n && !put_escape(r)) {
            an_buf_put_char(&r->out, escape);
            r->rest = an_str_sub(r->rest, 1, r->rest.n);
            r->n_odd++;
        }
    }
    return finish(r, text);
}

enum an_code hl7_unescape(const struct hl7_delims *d,
                          const struct hl7_charset *charset,
                          struct an_arena *arena, struct an_str raw,
                          struct hl7_text *text, struct an_err *err)
{
    *text = (struct hl7_text){.s = raw};
    if (raw.n == 0 || d->escape == '\0' ||
        memchr(raw.p, d->escape, raw.n) == NULL)
        return AN_OK;
    return unescape(&(struct reading){.delims = d,
                                      .charset = charset,
                                      .arena = arena,
                                      .rest = raw,
                                      .err = err},
                    text);
}

/* The letter that names a delimiter in an escape; '\0' for other bytes. */
static char escape_letter(const struct hl7_delims *d, char c)
{
    if (c == '\0')
        return '\0';
    return c == d->field          ? 'F'
           : c == d->component    ? 'S'
           : c == d->repetition   ? 'R'
           : c == d->escape       ? 'E'
           : c == d->subcomponent ? 'T'
           : c == d->truncation   ? 'P'
                                  : '\0';
}

static bool needs_escape(const struct hl7_delims *d, char c)
{
    return escape_letter(d, c) || ((unsigned char)c < ' ' && c != '\t');
}

static void put_escaped(struct an_buf *out, const struct hl7_delims *d, char c)
{
    static const char digit[] = "0123456789ABCDEF";
    char letter = escape_letter(d, c);

    an_buf_put_char(out, d->escape);
    if (letter) {
        an_buf_put_char(out, letter);
    } else if (c == '\n') {
        an_buf_put(out, AN_STR(".br"));
    } else {
        an_buf_put_char(out, 'X');
        an_buf_put_char(out, digit[(unsigned char)c >> 4]);
        an_buf_put_char(out, digit[(unsigned char)c & 15]);
    }
    an_buf_put_char(out, d->escape);
}

enum an_code hl7_escape(const struct hl7_delims *d, struct an_arena *arena,
                        struct an_str text, struct an_str *raw,
                        struct an_err *err)
{
    struct an_buf out;
    size_t plain = 0;

    while (plain < text.n && !needs_escape(d, text.p[plain]))
        plain++;
    *raw = text;
    if (plain == text.n)
        return AN_OK;
    if (d->escape == '\0')
        return an_fail(err, AN_UNSUPPORTED,
                       "the message has no escape character", plain);
    an_buf_init(&out, arena, SIZE_MAX / 4);
    for (size_t from = 0; from < text.n; from = plain) {
        plain = from;
        while (plain < text.n && !needs_escape(d, text.p[plain]))
            plain++;
        an_buf_put(&out, an_str_sub(text, from, plain - from));
        if (plain < text.n)
            put_escaped(&out, d, text.p[plain++]);
    }
    return an_buf_done(&out, raw, err);
}
