/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/package/xml.h"

enum { INDENT = 2 };

static const struct an_str replacement = {"\xEF\xBF\xBD", 3};

static void fail(struct tr_xml *x, enum an_code code)
{
    if (x->code == AN_OK)
        x->code = code;
}

/* How many bytes a character with this first one has; 0: none begins so. */
static size_t length_of(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xC2)
        return 0;
    if (first < 0xE0)
        return 2;
    if (first < 0xF0)
        return 3;
    return first < 0xF5 ? 4 : 0;
}

static bool is_xml(uint32_t c)
{
    if (c < 0x20)
        return c == '\t' || c == '\n' || c == '\r';
    return c <= 0x10FFFF && (c < 0xD800 || c >= 0xE000) && c != 0xFFFE &&
           c != 0xFFFF;
}

/* Bytes of the character that s begins with; 0 when XML cannot say it. */
static size_t character(struct an_str s)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)s.p;
    const size_t n = length_of(p[0]);
    uint32_t c;

    if (n == 0 || n > s.n)
        return 0;
    c = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    return c >= least[n] && is_xml(c) ? n : 0;
}

static void put_text(struct an_buf *b, struct an_str s)
{
    for (size_t i = 0, n; i < s.n; i += n ? n : 1) {
        n = character(an_str_sub(s, i, s.n));
        switch (n == 1 ? s.p[i] : 'a') {
        case '&': an_buf_put(b, AN_STR("&amp;")); break;
        case '<': an_buf_put(b, AN_STR("&lt;")); break;
        case '>': an_buf_put(b, AN_STR("&gt;")); break;
        case '"': an_buf_put(b, AN_STR("&quot;")); break;
        case '\r': an_buf_put(b, AN_STR("&#13;")); break;
        default: an_buf_put(b, n ? an_str_sub(s, i, n) : replacement);
        }
    }
}

static void indent(struct tr_xml *x)
{
    for (unsigned i = 0; i < INDENT * x->depth; i++)
        an_buf_put_char(&x->buf, ' ');
}

static void put_tag(struct tr_xml *x, const char *before, const char *name,
                    const char *after)
{
    an_buf_put_c(&x->buf, before);
    an_buf_put_c(&x->buf, name);
    an_buf_put_c(&x->buf, after);
}

static void push(struct tr_xml *x, const char *name)
{
    if (x->depth == TR_XML_DEPTH)
        fail(x, AN_LIMIT);
    else
        x->open[x->depth++] = name;
}

void tr_xml_begin(struct tr_xml *x, struct an_arena *arena, const char *root,
                  const char *name_space, size_t limit_bytes)
{
    *x = (struct tr_xml){.depth = 0};
    an_buf_init(&x->buf, arena, limit_bytes);
    an_buf_put_c(&x->buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    put_tag(x, "<", root, " xmlns=\"");
    put_text(&x->buf, an_str_c(name_space));
    an_buf_put_c(&x->buf, "\">\n");
    push(x, root);
}

void tr_xml_open(struct tr_xml *x, const char *name)
{
    indent(x);
    put_tag(x, "<", name, ">\n");
    push(x, name);
}

void tr_xml_leaf(struct tr_xml *x, const char *name, struct an_str text)
{
    indent(x);
    put_tag(x, "<", name, ">");
    put_text(&x->buf, text);
    put_tag(x, "</", name, ">\n");
}

void tr_xml_close(struct tr_xml *x)
{
    if (x->depth == 0) {
        fail(x, AN_INTERNAL);
        return;
    }
    x->depth--;
    indent(x);
    put_tag(x, "</", x->open[x->depth], ">\n");
}

enum an_code tr_xml_done(struct tr_xml *x, struct an_str *bytes,
                         struct an_err *err)
{
    while (x->depth > 0 && x->code == AN_OK)
        tr_xml_close(x);
    if (x->code != AN_OK)
        return an_fail(err, x->code, "elements that are no XML", 0);
    return an_buf_done(&x->buf, bytes, err);
}
