/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/markdown_int.h"

#include <string.h>

/* ---- escaping ---------------------------------------------------------------- */

/* At the start of a line "-", "+", "=" and "1. " or "1) " mean a list or a
 * heading (GFM 5.2, 4.3); at is where that mark would stand. */
static bool opens_block(struct an_str s, size_t at)
{
    static const size_t MOST_DIGITS = 9;
    char c = s.p[at];

    if (at == 0)
        return c == '-' || c == '+' || c == '=';
    if (at > MOST_DIGITS || (c != '.' && c != ')') ||
        (at + 1 < s.n && s.p[at + 1] != ' '))
        return false;
    for (size_t i = 0; i < at; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

/* GFM 6.9: "www.", "://" and "@" make links of plain text. */
static bool makes_link(struct an_str s, size_t i)
{
    if (s.p[i] == '@')
        return true;
    if (s.p[i] == ':')
        return an_str_starts(an_str_sub(s, i, 3), AN_STR("://")) ||
               an_str_eq_nocase(an_str_sub(s, i >= 6 ? i - 6 : 0, 6),
                                AN_STR("mailto"));
    return s.p[i] == '.' && i >= 3 &&
           an_str_eq_nocase(an_str_sub(s, i - 3, 3), AN_STR("www"));
}

void fhir_markdown_put(struct an_buf *b, struct an_str text)
{
    text = an_str_trim(text);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if ((uint8_t)c < 0x20 || c == 0x7F)
            c = ' ';
        if (strchr("\\`*_[]<>#~|&!", c) || opens_block(text, i) ||
            makes_link(text, i))
            an_buf_put_char(b, '\\');
        an_buf_put_char(b, c);
    }
}

void fhir_markdown_put_lines(struct an_buf *b, struct an_str text)
{
    struct an_str line;
    bool first = true;

    while (an_str_cut(&text, '\n', &line)) {
        if (!first)
            an_buf_put_char(b, '\n');
        first = false;
        if (an_str_starts(line, AN_STR("- "))) {
            an_buf_put_c(b, "- ");
            line = an_str_sub(line, 2, line.n);
        }
        fhir_markdown_put(b, line);
    }
}

/* ---- summaries ---------------------------------------------------------------- */

static bool starts_character(char c)
{
    return ((uint8_t)c & 0xC0) != 0x80;
}

static size_t n_characters(struct an_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += starts_character(s.p[i]);
    return n;
}

static bool ends_sentence(struct an_str s, size_t i)
{
    return (s.p[i] == '.' || s.p[i] == '?' || s.p[i] == '!') &&
           (i + 1 == s.n || s.p[i + 1] == ' ');
}

/* Bytes of the whole sentences that fit; 0 when none does. */
static size_t sentences(struct an_str s, size_t limit)
{
    size_t n = 0, fits = 0;

    for (size_t i = 0; i < s.n && n <= limit; i++) {
        n += starts_character(s.p[i]);
        if (n <= limit && ends_sentence(s, i))
            fits = i + 1;
    }
    return fits;
}

static void put_line(struct an_buf *b, struct an_str s)
{
    s = an_str_trim(s);
    for (size_t i = 0; i < s.n; i++) {
        bool control = (uint8_t)s.p[i] < 0x20 || s.p[i] == 0x7F;

        an_buf_put_char(b, control ? ' ' : s.p[i]);
    }
}

/* Cut at the last blank that leaves room for the mark. */
static void put_cut(struct an_buf *b, struct an_str s, size_t limit)
{
    size_t n = 0, end = 0, blank = 0;

    for (size_t i = 0; i <= s.n; i++) {
        if (i < s.n && !starts_character(s.p[i]))
            continue;
        if (n < limit)
            end = i;
        if (n < limit && i < s.n && s.p[i] == ' ')
            blank = i;
        n++;
    }
    put_line(b, an_str_sub(s, 0, blank ? blank : end));
    an_buf_put_c(b, "\342\200\246");
}

void fhir_summary_put(struct an_buf *b, struct an_str text, struct an_str title,
                      size_t limit)
{
    struct an_str rest = an_str_trim(text);
    size_t n;

    (void)an_str_cut(&rest, '\n', &text);
    text = an_str_trim(text);
    title = an_str_trim(title);
    n = n_characters(text) <= limit ? text.n : sentences(text, limit);
    if (n)
        put_line(b, an_str_sub(text, 0, n));
    else if (title.n && n_characters(title) <= limit)
        put_line(b, title);
    else
        put_cut(b, title.n ? title : text, limit);
}
