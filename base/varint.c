/* SPDX-License-Identifier: Apache-2.0 */
#include "base/varint.h"

size_t an_varint_put(uint64_t v, char out[AN_VARINT_BYTES])
{
    size_t n = 0;

    for (; v >= 0x80; v >>= 7)
        out[n++] = (char)(0x80 | (v & 0x7F));
    out[n++] = (char)v;
    return n;
}

size_t an_varint_get(struct an_str s, uint64_t *v)
{
    uint64_t got = 0;

    for (size_t i = 0; i < s.n && i < AN_VARINT_BYTES; i++) {
        uint8_t byte = (uint8_t)s.p[i];

        /* Nine bytes hold 63 bits. */
        if (i == AN_VARINT_BYTES - 1 && byte > 1)
            return 0;
        got |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            *v = got;
            return i + 1;
        }
    }
    return 0;
}
