/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/encapsulated.h"

#include "base/base64.h"
#include "hl7/charset.h"
#include "hl7/html.h"

enum { TYPE_BYTES = 40, NOTE_BYTES = 256 };

static struct an_str part(const struct hl7_at *at, unsigned component)
{
    return an_str_trim(
        hl7_get(at->m, at->segment, at->field, at->rep, component, 0));
}

static bool one_of(struct an_str s, const char *list)
{
    struct an_str rest = an_str_c(list), word;

    while (an_str_cut(&rest, ' ', &word))
        if (an_str_eq_nocase(word, s))
            return true;
    return false;
}

bool hl7_encapsulated_is_text(const struct hl7_at *at)
{
    struct an_str type = part(at, 2), subtype = part(at, 3);

    return (type.n || subtype.n) &&
           (type.n == 0 || one_of(type, "TEXT TX TXT FT")) &&
           (subtype.n == 0 || one_of(subtype, "PLAIN TEXT TXT HTML HTM"));
}

/* A type in lower case; only what a media type is made of. */
static void put_type(struct an_buf *b, struct an_str type)
{
    for (size_t i = 0; i < type.n && i < TYPE_BYTES; i++) {
        char c = type.p[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
            c == '+' || c == '-')
            an_buf_put_char(b, c);
    }
}

/* How many bytes the data are, by its encoding. */
static size_t size_of(const struct hl7_at *at, struct an_str data)
{
    enum hl7_encoding encoding = hl7_encoding_of(part(at, 4));

    if (encoding != HL7_BASE64)
        return encoding == HL7_HEX ? data.n / 2 : data.n;
    while (data.n && data.p[data.n - 1] == '=')
        data.n--;
    return data.n / 4 * 3 + data.n % 4 * 3 / 4;
}

static enum an_code put_note(struct an_arena *arena, const struct hl7_at *at,
                             struct an_str *text, struct an_err *err)
{
    struct an_str type = part(at, 2), subtype = part(at, 3);
    struct an_buf b;

    an_buf_init(&b, arena, NOTE_BYTES);
    an_buf_put_char(&b, '[');
    put_type(&b, type);
    if (type.n && subtype.n)
        an_buf_put_char(&b, '/');
    put_type(&b, subtype);
    if (b.n > 1)
        an_buf_put_c(&b, ", ");
    an_buf_put_u64(&b, size_of(at, part(at, 5)));
    an_buf_put_c(&b, " bytes]");
    return an_buf_done(&b, text, err);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool put_hex(struct an_buf *b, struct an_str text)
{
    for (size_t i = 0; i + 1 < text.n; i += 2) {
        int high = hex_digit(text.p[i]), low = hex_digit(text.p[i + 1]);

        if (high < 0 || low < 0)
            return false;
        an_buf_put_char(b, (char)(high << 4 | low));
    }
    return text.n % 2 == 0;
}

enum hl7_encoding hl7_encoding_of(struct an_str name)
{
    return one_of(name, "Base64") ? HL7_BASE64
           : one_of(name, "Hex")  ? HL7_HEX
                                  : HL7_AS_IT_IS;
}

enum an_code hl7_decode(struct an_arena *arena, enum hl7_encoding encoding,
                        struct an_str data, struct an_str *bytes, bool *odd,
                        struct an_err *err)
{
    struct an_buf b;

    *bytes = data;
    *odd = false;
    if (encoding == HL7_AS_IT_IS)
        return AN_OK;
    an_buf_init(&b, arena, data.n);
    *odd = encoding == HL7_HEX ? !put_hex(&b, data)
                               : !an_buf_put_unbase64(&b, data);
    return an_buf_done(&b, bytes, err);
}

/* The bytes that the data say; *odd when the encoding does not fit. */
static enum an_code decode(struct an_arena *arena, const struct hl7_at *at,
                           struct an_str *bytes, bool *odd, struct an_err *err)
{
    struct an_str data;
    enum an_code rc = hl7_at_text(at, 5, &data, err);

    return rc != AN_OK ? rc
                       : hl7_decode(arena, hl7_encoding_of(part(at, 4)), data,
                                    bytes, odd, err);
}

/* In UTF-8, its lines apart by line feeds, without other control bytes. */
static enum an_code clean(struct an_arena *arena, const struct hl7_at *at,
                          struct an_str bytes, struct an_str *text,
                          struct an_err *err)
{
    struct an_str sets = hl7_get(at->m, 0, 18, 0, 0, 0);
    enum an_code rc = AN_OK;
    size_t n_replaced;
    struct an_buf b;
    bool guessed;

    if (!hl7_utf8_valid(bytes))
        rc = hl7_charset_decode(hl7_charset_pick(bytes, sets,
                                                 at->m->delims.repetition, NULL,
                                                 &guessed),
                                arena, bytes, &bytes, &n_replaced, err);
    if (rc != AN_OK)
        return rc;
    an_buf_init(&b, arena, bytes.n + 1);
    for (size_t i = 0; i < bytes.n; i++) {
        char c = bytes.p[i];

        if (c == '\r' && (i + 1 == bytes.n || bytes.p[i + 1] != '\n'))
            c = '\n';
        if ((unsigned char)c >= ' ' || c == '\n' || c == '\t')
            an_buf_put_char(&b, c);
    }
    return an_buf_done(&b, text, err);
}

enum an_code hl7_encapsulated(struct an_arena *arena, const struct hl7_at *at,
                              enum hl7_encapsulated *what, struct an_str *text,
                              struct an_err *err)
{
    struct an_str bytes;
    bool odd = false;
    enum an_code rc;

    *what = part(at, 5).n ? HL7_ED_NOTE : HL7_ED_NONE;
    *text = AN_STR("");
    if (*what == HL7_ED_NONE)
        return AN_OK;
    if (!hl7_encapsulated_is_text(at))
        return put_note(arena, at, text, err);
    rc = decode(arena, at, &bytes, &odd, err);
    *what = odd ? HL7_ED_ODD : HL7_ED_TEXT;
    if (rc != AN_OK)
        return rc;
    if (odd)
        return put_note(arena, at, text, err);
    rc = clean(arena, at, bytes, text, err);
    return rc == AN_OK && one_of(part(at, 3), "HTML HTM")
               ? hl7_html_text(arena, *text, text, err)
               : rc;
}
