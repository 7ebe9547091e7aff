/* SPDX-License-Identifier: Apache-2.0 */
/* What the JSON reader and writer share: a look at the bytes before yajl sees
 * them, and memory for yajl that cannot run out.
 *
 * Thread-safety: confined. */
#ifndef BASE_JSON_INT_H
#define BASE_JSON_INT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/utf8.h"

#include <yajl/yajl_common.h>

/* What the bytes will ask of yajl. */
struct an_json_scan {
    size_t longest_escaped; /* raw bytes of the longest string with escapes */
    size_t longest_tail;    /* of what may be left over at the end */
};

/* Everything that yajl lets pass and RFC 8259 or FHIR does not, short of the
 * grammar itself: control characters, UTF-8, surrogates, \u0000, blank input,
 * a byte order mark. */
enum an_code an_json_scan(struct an_str bytes, struct an_json_scan *scan,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* yajl 2.1 writes through whatever its allocator returns, so the allocator
 * owns enough memory before yajl starts: its handles and, for each of its two
 * buffers, the powers of two from 2048 up to what the scan foretells. */
struct an_yajl_memory {
    char *p;
    size_t used, size;
};

enum { AN_YAJL_HANDLES_BYTES = 4096 };

/* False when the arena has no more. */
bool an_yajl_memory_init(struct an_yajl_memory *m, struct an_arena *arena,
                         const struct an_json_scan *scan)
    __attribute__((warn_unused_result));
yajl_alloc_funcs an_yajl_memory_funcs(struct an_yajl_memory *m);

#endif
