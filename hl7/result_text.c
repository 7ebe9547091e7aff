/* SPDX-License-Identifier: Apache-2.0 */
/* Values, fields and rows of a message that is written. */
#include "hl7/result_int.h"

#include "hl7/charset.h"
#include "hl7/escape.h"

enum { FIELD_BYTES = 1 << 20 };

void hl7_maker_fail(struct hl7_maker *m, enum an_code code, const char *what)
{
    if (m->code != AN_OK)
        return;
    m->code = code;
    m->what = what;
}

static struct an_str done(struct hl7_maker *m, struct an_buf *b)
{
    struct an_err err = {0};
    struct an_str s = {NULL, 0};

    if (an_buf_done(b, &s, &err) != AN_OK)
        hl7_maker_fail(m, err.code, err.what);
    return s;
}

struct an_str hl7_maker_text(struct hl7_maker *m, struct an_str text)
{
    struct an_err err = {0};
    struct an_str raw = {NULL, 0};

    text = an_str_trim(text);
    if (!hl7_utf8_valid(text))
        hl7_maker_fail(m, AN_TYPE, "a text is not UTF-8");
    else if (hl7_escape(&hl7_delims_recommended, m->arena, text, &raw, &err) !=
             AN_OK)
        hl7_maker_fail(m, err.code, err.what);
    return raw;
}

struct an_str hl7_maker_join(struct hl7_maker *m, char between,
                             const struct an_str *raw, size_t n)
{
    struct an_buf b;

    while (n && raw[n - 1].n == 0)
        n--;
    if (n <= 1)
        return n ? raw[0] : AN_STR("");
    an_buf_init(&b, m->arena, FIELD_BYTES);
    for (size_t i = 0; i < n; i++) {
        if (i)
            an_buf_put_char(&b, between);
        an_buf_put(&b, raw[i]);
    }
    return done(m, &b);
}

struct an_str hl7_maker_number(struct hl7_maker *m, uint64_t n)
{
    struct an_buf b;

    an_buf_init(&b, m->arena, FIELD_BYTES);
    an_buf_put_u64(&b, n);
    return done(m, &b);
}

struct an_str hl7_maker_time(struct hl7_maker *m, struct an_time t)
{
    char text[AN_TIME_TEXT_BYTES];
    struct an_str s = {text, 0}, copy = {NULL, 0};

    /* A TS has four digits behind the second at most, many receivers none. */
    if (t.precision > AN_TIME_SECOND)
        t.precision = AN_TIME_SECOND;
    s.n = an_time_print_hl7(t, text);
    if (!an_arena_str(m->arena, s, &copy))
        hl7_maker_fail(m, AN_NOMEM, "out of memory");
    return copy;
}

void hl7_maker_put(struct hl7_maker *m, const struct hl7_row *row)
{
    size_t last = HL7_ROW_FIELDS - 1;

    while (last && row->field[last].n == 0)
        last--;
    an_buf_put_c(&m->out, row->id);
    /* MSH-1 is the separator itself. */
    for (size_t i = row->id[0] == 'M' ? 2 : 1; i <= last; i++) {
        an_buf_put_char(&m->out, '|');
        an_buf_put(&m->out, row->field[i]);
    }
    an_buf_put_char(&m->out, '\r');
}

/* Where a line that is too long ends: before the last blank in it, else before
 * the character that does not fit. */
static size_t break_at(struct an_str s, size_t most)
{
    size_t n = most;

    while (n > most / 2 && s.p[n] != ' ')
        n--;
    if (n > most / 2)
        return n;
    n = most;
    while (n > 1 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    return n;
}

bool hl7_maker_line(const struct hl7_maker *m, struct an_str *rest,
                    struct an_str *line)
{
    struct an_str whole = *rest;
    size_t n, most = m->site->line_bytes;

    if (!an_str_cut(rest, '\n', line))
        return false;
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    if (most == 0 || line->n <= most)
        return true;
    n = break_at(*line, most);
    *line = an_str_sub(whole, 0, n);
    *rest = an_str_sub(whole, n + (whole.p[n] == ' '), whole.n);
    return true;
}
