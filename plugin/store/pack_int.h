/* SPDX-License-Identifier: Apache-2.0 */
/* Raw messages and details, smaller (raw deflate, RFC 1951, by zlib).
 *
 * Thread-safety: confined to the arena, which also gives zlib its memory. */
#ifndef PLUGIN_STORE_PACK_INT_H
#define PLUGIN_STORE_PACK_INT_H

#include "base/arena.h"
#include "base/err.h"

/* *out is `bytes` itself and *deflated false where that is no larger.
 * AN_NOMEM. */
enum an_code pl_pack(struct an_arena *arena, struct an_str bytes,
                     struct an_str *out, bool *deflated, struct an_err *err)
    __attribute__((warn_unused_result));

/* Exactly n bytes again.  AN_INTEGRITY when it does not give those, AN_NOMEM. */
enum an_code pl_unpack(struct an_arena *arena, struct an_str packed, size_t n,
                       struct an_str *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
