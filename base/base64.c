/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

void an_buf_put_base64(struct an_buf *b, struct an_str bytes)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < bytes.n && b->code == AN_OK; i += 3) {
        size_t n = bytes.n - i < 3 ? bytes.n - i : 3;
        uint32_t v = 0;
        char four[4];

        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (k < n ? (uint8_t)bytes.p[i + k] : 0U);
        for (size_t k = 0; k < 4; k++)
            four[k] = k <= n ? digit[v >> (18 - 6 * k) & 63] : '=';
        an_buf_put(b, (struct an_str){four, sizeof(four)});
    }
}

/* 0 to 63; -1 for a letter that is none. */
static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool an_buf_put_unbase64(struct an_buf *b, struct an_str text)
{
    size_t n_digits = 0, n_pads = 0;
    uint32_t v = 0;

    for (size_t i = 0; i < text.n; i++) {
        int digit = digit_of(text.p[i]);

        if (is_blank(text.p[i]))
            continue;
        if (text.p[i] == '=' && ++n_pads <= 2)
            continue;
        if (digit < 0 || n_pads)
            return false;
        v = v << 6 | (uint32_t)digit;
        if (++n_digits % 4 != 1)
            an_buf_put_char(b,
                            (char)(v >> (6 - 2 * ((n_digits - 1) % 4)) & 255));
    }
    return n_digits % 4 != 1;
}
