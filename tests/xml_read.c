/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/xml_read.h"

#include "trainer/package/xml.h"

size_t xml_find(struct an_str all, const char *part, size_t at)
{
    const struct an_str what = an_str_c(part);

    while (at < all.n && !an_str_starts(an_str_sub(all, at, all.n), what))
        at++;
    return at;
}

static bool is_entity(struct an_str s)
{
    return an_str_starts(s, AN_STR("&amp;")) ||
           an_str_starts(s, AN_STR("&lt;")) ||
           an_str_starts(s, AN_STR("&gt;")) ||
           an_str_starts(s, AN_STR("&quot;")) ||
           an_str_starts(s, AN_STR("&#13;"));
}

bool xml_is_well_formed(struct an_str s)
{
    struct an_str open[TR_XML_DEPTH], name;
    size_t depth = 0, roots = 0;

    if (!an_str_starts(s, AN_STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")))
        return false;
    for (size_t i = xml_find(s, "?>", 0) + 2; i < s.n; i++) {
        const size_t end = xml_find(s, ">", i);

        if (s.p[i] == '&' && !is_entity(an_str_sub(s, i, s.n)))
            return false;
        if (s.p[i] == '>' || (depth == 0 && s.p[i] != '<' && s.p[i] != '\n'))
            return false;
        if (s.p[i] != '<')
            continue;
        if (s.p[i + 1] == '/') {
            name = an_str_sub(s, i + 2, end - i - 2);
            if (depth == 0 || !an_str_eq(open[depth - 1], name))
                return false;
            depth--;
        } else {
            struct an_str rest = an_str_sub(s, i + 1, end - i - 1);

            (void)an_str_cut(&rest, ' ', &name);
            roots += depth == 0;
            open[depth++] = name;
        }
        i = end;
    }
    return depth == 0 && roots == 1;
}
