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
