/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow in an arena, up to a named limit.
 *
 * A failed put marks the buffer and later puts do nothing, so a writer checks
 * once, at the end:
 *
 *     struct an_buf b;
 *     an_buf_init(&b, arena, limit);
 *     an_buf_put(&b, AN_STR("MSA|AA|"));
 *     an_buf_put(&b, control_id);
 *     return an_buf_done(&b, &bytes, err);
 *
 * Thread-safety: confined.  Ownership: the bytes are the arena's. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/arena.h"
#include "base/err.h"

struct an_buf {
    struct an_arena *arena;
    char *p;
    size_t n, size, limit_bytes;
    enum an_code code; /* AN_OK until a put failed */
};

void an_buf_init(struct an_buf *b, struct an_arena *arena, size_t limit_bytes);
void an_buf_put(struct an_buf *b, struct an_str s);
void an_buf_put_c(struct an_buf *b, const char *s);
void an_buf_put_char(struct an_buf *b, char c);
void an_buf_put_u64(struct an_buf *b, uint64_t v);
void an_buf_put_i64(struct an_buf *b, int64_t v);
/* Exactly `digits` digits, zero-filled; higher ones are lost. */
void an_buf_put_digits(struct an_buf *b, uint64_t v, int digits);
/* Percent-encoded for one part of an address (RFC 3986): only its unreserved
 * characters and those of `keep` stay as they are. */
void an_buf_put_escaped(struct an_buf *b, struct an_str s, const char *keep);

/* What was put, followed by a NUL that is not counted.  Fails with the first
 * put that failed: AN_LIMIT over the limit, AN_NOMEM without memory. */
enum an_code an_buf_done(struct an_buf *b, struct an_str *bytes,
                         struct an_err *err)
    __attribute__((warn_unused_result));

#endif
