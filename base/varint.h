/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers in as few bytes as they need: LEB128, seven bits a byte, the
 * low ones first; the top bit says that more follow.
 *
 * Thread-safety: immutable. */
#ifndef BASE_VARINT_H
#define BASE_VARINT_H

#include "base/str.h"

enum { AN_VARINT_BYTES = 10 };

/* Returns how many bytes of `out` are used. */
size_t an_varint_put(uint64_t v, char out[AN_VARINT_BYTES]);

/* The number that s begins with.  Returns how many bytes it took; 0 (and *v
 * untouched) when s ends before it does or it is larger than 64 bits. */
size_t an_varint_get(struct an_str s, uint64_t *v);

/* Signed numbers near 0 as unsigned ones near 0: 0, -1, 1, -2 ... */
static inline uint64_t an_zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static inline int64_t an_unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

#endif
