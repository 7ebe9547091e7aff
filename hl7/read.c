/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/read.h"

#include <string.h>

enum { MSH_CHARSET = 18 };

static bool warn_charset(struct hl7_message *m, const char *what)
{
    struct an_where where = hl7_where(m, 0, MSH_CHARSET, 0, 0, 0);

    return hl7_warn(m, AN_CODE, what, &where);
}

/* bytes -> UTF-8 -> tree. */
static enum an_code parse_converted(struct an_arena *arena, struct an_str bytes,
                                    const struct hl7_charset *charset,
                                    const struct hl7_limits *limits,
                                    struct hl7_message *m, struct an_err *err)
{
    struct an_str utf8;
    size_t n_replaced;
    enum an_code code =
        hl7_charset_decode(charset, arena, bytes, &utf8, &n_replaced, err);

    if (code == AN_OK)
        code = hl7_parse(arena, utf8, limits, m, err);
    if (code != AN_OK)
        return code;
    m->charset = charset;
    if (n_replaced && !warn_charset(m, "there are bytes that are no character "
                                       "of the message's character set"))
        return an_fail_nomem(err);
    return AN_OK;
}

enum an_code hl7_read(struct an_arena *arena, struct an_str bytes,
                      const struct hl7_charset *fallback,
                      const struct hl7_limits *limits, struct hl7_message *m,
                      struct an_err *err)
{
    const struct hl7_charset *charset = hl7_charset_wide(bytes);
    bool guessed = false;
    enum an_code code;

    if (charset)
        return parse_converted(arena, bytes, charset, limits, m, err);
    code = hl7_parse(arena, bytes, limits, m, err);
    if (code != AN_OK)
        return code;
    charset = hl7_charset_pick(bytes, hl7_get(m, 0, MSH_CHARSET, 0, 0, 0),
                               m->delims.repetition, fallback, &guessed);
    if (hl7_charset_is_utf8(charset))
        m->charset = charset;
    else
        code = parse_converted(arena, bytes, charset, limits, m, err);
    if (code == AN_OK && guessed &&
        !warn_charset(m, "the bytes are not UTF-8 and MSH-18 does not say "
                         "what they are"))
        return an_fail_nomem(err);
    return code;
}

enum an_code hl7_text(const struct hl7_message *m, struct an_str raw,
                      struct hl7_text *text, struct an_err *err)
{
    return hl7_unescape(&m->delims, m->charset, m->arena, raw, text, err);
}
