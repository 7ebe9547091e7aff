/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/report/html.h"

#include "trainer/report/thresholds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"
#define NOT_KNOWN                                                              \
    "<span role=\"img\" aria-label=\"not known\">\xE2\x80\x93</span>"

/* How many bytes at s are one character beyond ASCII as UTF-8 has it (RFC 3629)
 * and XML allows it; 0: none is. */
static size_t character(struct an_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    const size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    uint32_t code = p[0] & (0xFFU >> (n + 1));
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

    if (p[0] < 0xC2 || p[0] > 0xF4 || s.n < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3FU);
    }
    return code < least[n] || code > 0x10FFFF ||
                   (code >= 0xD800 && code < 0xE000) || code == 0xFFFE ||
                   code == 0xFFFF
               ? 0
               : n;
}

/* One character of ASCII. */
static void put_ascii(struct an_buf *b, char c)
{
    switch (c) {
    case '&': an_buf_put_c(b, "&amp;"); break;
    case '<': an_buf_put_c(b, "&lt;"); break;
    case '>': an_buf_put_c(b, "&gt;"); break;
    case '"': an_buf_put_c(b, "&quot;"); break;
    case '\'': an_buf_put_c(b, "&#39;"); break;
    case '\t':
    case '\n': an_buf_put_char(b, c); break;
    default:
        if (c < 0x20 || c == 0x7F)
            an_buf_put_c(b, REPLACEMENT);
        else
            an_buf_put_char(b, c);
    }
}

void tr_html_text(struct an_buf *b, struct an_str text)
{
    for (size_t i = 0; i < text.n;) {
        const struct an_str rest = an_str_sub(text, i, text.n);
        size_t n = 1;

        if ((unsigned char)text.p[i] < 0x80) {
            put_ascii(b, text.p[i]);
        } else if ((n = character(rest)) > 0) {
            an_buf_put(b, an_str_sub(rest, 0, n));
        } else {
            an_buf_put_c(b, REPLACEMENT);
            n = 1;
        }
        i += n;
    }
}

static void put_number(struct an_buf *b, double x, int places, bool plus)
{
    char text[64];

    if (!isfinite(x) || fabs(x) > 1e9) {
        an_buf_put_c(b, NOT_KNOWN);
        return;
    }
    (void)snprintf(text, sizeof(text), "%.*f", places, fabs(x));
    if (strspn(text, "0.") < strlen(text)) /* not of what is rounded to 0 */
        an_buf_put_c(b, x < 0 ? "\xE2\x88\x92" : plus ? "+" : "");
    an_buf_put_c(b, text);
}

static void put_ratio(struct an_buf *b, const struct tr_ratio *r, int places,
                      bool plus)
{
    put_number(b, r->value, places, plus);
    if (!isfinite(r->value) || !isfinite(r->interval.low))
        return;
    an_buf_put_c(b, " <span class=\"i\">(");
    put_number(b, r->interval.low, places, plus);
    an_buf_put_c(b, " to ");
    put_number(b, r->interval.high, places, plus);
    an_buf_put_c(b, ")</span>");
}

void tr_html_number(struct an_buf *b, double x, int places)
{
    put_number(b, x, places, false);
}

void tr_html_ratio(struct an_buf *b, const struct tr_ratio *r, int places)
{
    put_ratio(b, r, places, false);
}

void tr_html_difference_cell(struct an_buf *b, const struct tr_ratio *r,
                             int places)
{
    an_buf_put_c(b, "<td>");
    put_ratio(b, r, places, true);
    an_buf_put_c(b, "</td>");
}

void tr_html_cell(struct an_buf *b, double x, int places)
{
    an_buf_put_c(b, "<td>");
    tr_html_number(b, x, places);
    an_buf_put_c(b, "</td>");
}

void tr_html_ratio_cell(struct an_buf *b, const struct tr_ratio *r, int places)
{
    an_buf_put_c(b, "<td>");
    tr_html_ratio(b, r, places);
    an_buf_put_c(b, "</td>");
}

void tr_html_count(struct an_buf *b, size_t n)
{
    if (n > 0 && n < TR_SMALL_COUNT)
        an_buf_put_c(b, "&lt; 10");
    else
        an_buf_put_u64(b, n);
}

void tr_html_count_cell(struct an_buf *b, size_t n)
{
    an_buf_put_c(b, "<td>");
    tr_html_count(b, n);
    an_buf_put_c(b, "</td>");
}

void tr_html_table(struct an_buf *b, const char *caption,
                   const char *const *head)
{
    an_buf_put_c(b, "<div class=\"t\" role=\"region\" tabindex=\"0\" "
                    "aria-label=\"");
    an_buf_put_c(b, caption);
    an_buf_put_c(b, "\"><table><caption>");
    an_buf_put_c(b, caption);
    an_buf_put_c(b, "</caption>\n<thead><tr>");
    for (size_t i = 0; head[i]; i++) {
        an_buf_put_c(b, "<th scope=\"col\">");
        an_buf_put_c(b, head[i]);
        an_buf_put_c(b, "</th>");
    }
    an_buf_put_c(b, "</tr></thead>\n<tbody>\n");
}

void tr_html_table_end(struct an_buf *b)
{
    an_buf_put_c(b, "</tbody></table></div>\n");
}
