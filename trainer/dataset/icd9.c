/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/icd9.h"

#include "base/buf.h"

/* 038, E909, V57, each with up to two more behind a point. */
enum { DIGITS = 3, V_DIGITS = 2, DETAIL_DIGITS = 2, CODE_BYTES = 16 };

static size_t digits_of(struct an_str text)
{
    size_t n = 0;

    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
        n++;
    return n;
}

/* Nothing, or a point and what may be behind it. */
static bool is_detail(struct an_str text)
{
    return text.n == 0 ||
           (text.p[0] == '.' && text.n > 1 && text.n <= 1 + DETAIL_DIGITS &&
            digits_of(an_str_sub(text, 1, text.n)) == text.n - 1);
}

enum an_code tr_icd9_mend(struct an_arena *arena, struct an_str text,
                          struct an_str *code, struct an_err *err)
{
    const char first = text.n ? text.p[0] : '\0';
    const bool letter = first == 'V' || first == 'E';
    const size_t most = first == 'V' ? V_DIGITS : DIGITS;
    const struct an_str rest = an_str_sub(text, letter, text.n);
    const size_t n = digits_of(rest);
    struct an_buf b;

    if (n == 0 || n > most || !is_detail(an_str_sub(rest, n, rest.n)))
        return an_fail(err, AN_CODE, "no code of ICD-9-CM", 0);
    *code = text;
    if (n == most)
        return AN_OK;
    an_buf_init(&b, arena, CODE_BYTES);
    an_buf_put(&b, an_str_sub(text, 0, letter));
    for (size_t i = n; i < most; i++)
        an_buf_put_char(&b, '0');
    an_buf_put(&b, rest);
    return an_buf_done(&b, code, err);
}
