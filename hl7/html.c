/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/html.h"

#include "base/buf.h"

#include <string.h>

/* What is being read, and what was made of it. */
struct page {
    struct an_str rest;
    struct an_buf text;
    bool blank;   /* a blank is owed before the next word */
    bool no_more; /* no '>' follows: what is left has no tags */
};

static const struct {
    const char *name, *means;
} references[] = {
    {"amp", "&"},
    {"apos", "'"},
    {"gt", ">"},
    {"lt", "<"},
    {"nbsp", " "},
    {"quot", "\""},
    {"hellip", "\xE2\x80\xA6"},
};

static void skip(struct page *p, size_t n)
{
    p->rest = an_str_sub(p->rest, n, p->rest.n);
}

static void put_line_end(struct page *p)
{
    if (p->text.n && p->text.p[p->text.n - 1] != '\n')
        an_buf_put_char(&p->text, '\n');
    p->blank = false;
}

static void put_word(struct page *p, struct an_str word)
{
    if (p->blank && p->text.n && p->text.p[p->text.n - 1] != '\n')
        an_buf_put_char(&p->text, ' ');
    p->blank = false;
    an_buf_put(&p->text, word);
}

/* ---- character references ----------------------------------------------- */

static void put_code_point(struct page *p, uint32_t c)
{
    char utf8[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0xA0) {
        p->blank = true;
        return;
    }
    if (c < ' ' || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        return;
    for (size_t i = n; i-- > 1; c >>= 6)
        utf8[i] = (char)(0x80 | (c & 0x3F));
    utf8[0] = (char)(n == 1 ? c : (0xF00U >> n & 0xFFU) | c);
    put_word(p, (struct an_str){utf8, n});
}

/* 0 to base - 1; -1 for what is no digit. */
static int digit_of(char c, int base)
{
    int v = -1;

    if (c >= '0' && c <= '9')
        v = c - '0';
    else if (c >= 'a' && c <= 'f')
        v = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
        v = c - 'A' + 10;
    return v < base ? v : -1;
}

/* "#228" and "#xE4"; false for anything else. */
static bool number_of(struct an_str name, uint32_t *c)
{
    bool hex = name.n > 2 && (name.p[1] == 'x' || name.p[1] == 'X');
    int base = hex ? 16 : 10;

    *c = 0;
    if (name.n < 2 || name.n > 8 || name.p[0] != '#')
        return false;
    for (size_t i = hex ? 2 : 1; i < name.n; i++) {
        int digit = digit_of(name.p[i], base);

        if (digit < 0)
            return false;
        *c = *c * (uint32_t)base + (uint32_t)digit;
    }
    return true;
}

static void read_reference(struct page *p)
{
    struct an_str near = an_str_sub(p->rest, 1, 9), name;
    const char *end = near.n ? memchr(near.p, ';', near.n) : NULL;
    uint32_t c;

    if (end) {
        name = an_str_sub(near, 0, (size_t)(end - near.p));
        if (number_of(name, &c)) {
            put_code_point(p, c);
            skip(p, name.n + 2);
            return;
        }
        for (size_t i = 0; i < sizeof(references) / sizeof(references[0]);
             i++) {
            if (an_str_eq(an_str_c(references[i].name), name)) {
                if (references[i].means[0] == ' ')
                    p->blank = true;
                else
                    put_word(p, an_str_c(references[i].means));
                skip(p, name.n + 2);
                return;
            }
        }
    }
    put_word(p, AN_STR("&"));
    skip(p, 1);
}

/* ---- tags --------------------------------------------------------------- */

static bool one_of(struct an_str s, const char *list)
{
    struct an_str rest = an_str_c(list), word;

    while (an_str_cut(&rest, ' ', &word))
        if (an_str_eq_nocase(word, s))
            return true;
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Past the next `end`; past everything when there is none. */
static void skip_past(struct page *p, struct an_str end)
{
    for (size_t i = 0; i + end.n <= p->rest.n; i++) {
        if (an_str_eq_nocase(an_str_sub(p->rest, i, end.n), end)) {
            skip(p, i + end.n);
            return;
        }
    }
    skip(p, p->rest.n);
}

/* "p" of "<p class=x>" and of "</p>". */
static struct an_str name_of(struct an_str tag)
{
    size_t from = tag.n > 1 && tag.p[1] == '/' ? 2 : 1, n = 0;

    while (from + n < tag.n &&
           (is_letter(tag.p[from + n]) ||
            (tag.p[from + n] >= '0' && tag.p[from + n] <= '9')))
        n++;
    return an_str_sub(tag, from, n);
}

static void read_element(struct page *p, struct an_str tag)
{
    struct an_str name = name_of(tag);

    skip(p, tag.n);
    if (one_of(name, "br p div tr li ul ol table hr h1 h2 h3 h4 h5 h6 pre "
                     "section article header footer dt dd"))
        put_line_end(p);
    else if (one_of(name, "td th"))
        p->blank = true;
    if (tag.p[1] == '/' || tag.p[tag.n - 2] == '/')
        return;
    if (one_of(name, "script"))
        skip_past(p, AN_STR("</script>"));
    else if (one_of(name, "style"))
        skip_past(p, AN_STR("</style>"));
    else if (one_of(name, "title"))
        skip_past(p, AN_STR("</title>"));
}

static void read_tag(struct page *p)
{
    char next = p->rest.n > 1 ? p->rest.p[1] : ' ';
    const char *end = NULL;

    if (an_str_starts(p->rest, AN_STR("<!--"))) {
        skip_past(p, AN_STR("-->"));
        return;
    }
    if (!p->no_more &&
        (is_letter(next) || next == '/' || next == '!' || next == '?')) {
        end = memchr(p->rest.p, '>', p->rest.n);
        p->no_more = end == NULL;
    }
    if (end) {
        read_element(p, an_str_sub(p->rest, 0, (size_t)(end - p->rest.p) + 1));
        return;
    }
    put_word(p, AN_STR("<"));
    skip(p, 1);
}

/* ---- words -------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void read_words(struct page *p)
{
    size_t n = 0;

    if (is_blank(p->rest.p[0])) {
        p->blank = true;
        skip(p, 1);
        return;
    }
    while (n < p->rest.n && !is_blank(p->rest.p[n]) && p->rest.p[n] != '<' &&
           p->rest.p[n] != '&')
        n++;
    put_word(p, an_str_sub(p->rest, 0, n));
    skip(p, n);
}

enum an_code hl7_html_text(struct an_arena *arena, struct an_str html,
                           struct an_str *text, struct an_err *err)
{
    struct page p = {.rest = html};

    /* No tag and no reference is shorter than what is put in its place. */
    an_buf_init(&p.text, arena, html.n + 1);
    while (p.rest.n) {
        if (p.rest.p[0] == '<')
            read_tag(&p);
        else if (p.rest.p[0] == '&')
            read_reference(&p);
        else
            read_words(&p);
    }
    return an_buf_done(&p.text, text, err);
}
