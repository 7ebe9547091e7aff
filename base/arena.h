/* SPDX-License-Identifier: Apache-2.0 */
/* Memory with one lifetime: everything made for one message dies with it.
 *
 *     struct an_arena a;
 *     an_arena_init(&a, 64 << 20);
 *     struct thing *t = an_arena_get(&a, 1, sizeof(*t));
 *     if (t == NULL)
 *         return an_fail_nomem(err);
 *     ...
 *     an_arena_reset(&a);       -- for the next message
 *     an_arena_free(&a);
 *
 * Thread-safety: confined.  One arena belongs to one thread at a time.
 * Ownership: pointers from an_arena_get live until the next an_arena_reset,
 * an_arena_free, or an_arena_rewind to an earlier mark.  All of them wipe the
 * bytes first, since they held a patient. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct an_block;

struct an_arena {
    struct an_block *head; /* the block in use; older ones hang behind it */
    size_t used_bytes;     /* asked for so far, alignment included */
    size_t peak_bytes;     /* the most that used_bytes has been */
    size_t limit_bytes;    /* hard ceiling; hostile input stops here */
    long fail_after;       /* tests only: -1 never, else gets until failure */
};

/* A point to come back to. */
struct an_mark {
    struct an_block *head;
    size_t head_used;
    size_t used_bytes;
};

/* No memory is taken before the first get. */
void an_arena_init(struct an_arena *a, size_t limit_bytes);
/* Empty it and keep one block for the next use. */
void an_arena_reset(struct an_arena *a);
/* Empty it and give everything back; the arena can be used again. */
void an_arena_free(struct an_arena *a);

struct an_mark an_arena_mark(const struct an_arena *a);
/* Everything got since the mark is gone.  Marks nest like brackets. */
void an_arena_rewind(struct an_arena *a, struct an_mark mark);

/* n objects of `size` bytes, zeroed and aligned for any type.  NULL at the
 * limit or when the system has no more; the arena is unchanged then.  n or
 * size 0 gives a valid pointer to nothing. */
void *an_arena_get(struct an_arena *a, size_t n, size_t size)
    __attribute__((warn_unused_result));

/* A copy of s, NUL-terminated (the NUL is not counted).  False as above. */
bool an_arena_str(struct an_arena *a, struct an_str s, struct an_str *copy)
    __attribute__((warn_unused_result));

#endif
