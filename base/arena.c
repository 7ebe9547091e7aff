/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK_BYTES = 16384, LARGEST_STEP_BYTES = 1 << 20, ALIGN = 16 };

/* A fresh block is zero, and wiping keeps a reused one zero, so a get never
 * has to clear anything. */
struct an_block {
    struct an_block *older;
    size_t used;
    size_t size;
    _Alignas(ALIGN) char bytes[];
};

void an_arena_init(struct an_arena *a, size_t limit_bytes)
{
    *a = (struct an_arena){.limit_bytes = limit_bytes, .fail_after = -1};
}

static void block_wipe(struct an_block *b, size_t from)
{
    explicit_bzero(b->bytes + from, b->used - from);
    b->used = from;
}

void an_arena_rewind(struct an_arena *a, struct an_mark mark)
{
    while (a->head != mark.head) {
        struct an_block *gone = a->head;

        a->head = gone->older;
        block_wipe(gone, 0);
        free(gone);
    }
    if (a->head)
        block_wipe(a->head, mark.head_used);
    a->used_bytes = mark.used_bytes;
}

/* The newest block is the largest: the next message finds it ready, unless
 * one giant message made it. */
void an_arena_reset(struct an_arena *a)
{
    struct an_block *kept = NULL;

    while (a->head) {
        struct an_block *b = a->head;

        a->head = b->older;
        block_wipe(b, 0);
        if (kept == NULL && b->size <= LARGEST_STEP_BYTES)
            kept = b;
        else
            free(b);
    }
    if (kept)
        kept->older = NULL;
    a->head = kept;
    a->used_bytes = 0;
}

void an_arena_free(struct an_arena *a)
{
    an_arena_rewind(a, (struct an_mark){NULL, 0, 0});
}

struct an_mark an_arena_mark(const struct an_arena *a)
{
    return (struct an_mark){a->head, a->head ? a->head->used : 0,
                            a->used_bytes};
}

/* Blocks double up to a step, so that few are needed and little is wasted. */
static struct an_block *block_add(struct an_arena *a, size_t bytes)
{
    size_t size = a->head ? a->head->size * 2 : FIRST_BLOCK_BYTES;
    struct an_block *b;

    if (size > LARGEST_STEP_BYTES)
        size = LARGEST_STEP_BYTES;
    if (size < bytes)
        size = bytes;
    b = calloc(1, sizeof(*b) + size);
    if (b == NULL)
        return NULL;
    b->older = a->head;
    b->size = size;
    a->head = b;
    return b;
}

void *an_arena_get(struct an_arena *a, size_t n, size_t size)
{
    struct an_block *b = a->head;
    size_t bytes;
    void *p;

    if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX - ALIGN)
        return NULL;
    bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (a->fail_after == 0 || bytes > a->limit_bytes - a->used_bytes)
        return NULL;
    if (a->fail_after > 0)
        a->fail_after--;
    if (b == NULL || bytes > b->size - b->used)
        b = block_add(a, bytes);
    if (b == NULL)
        return NULL;
    p = b->bytes + b->used;
    b->used += bytes;
    a->used_bytes += bytes;
    if (a->used_bytes > a->peak_bytes)
        a->peak_bytes = a->used_bytes;
    return p;
}

bool an_arena_str(struct an_arena *a, struct an_str s, struct an_str *copy)
{
    char *p = an_arena_get(a, s.n + 1, 1);

    if (p == NULL)
        return false;
    if (s.n)
        memcpy(p, s.p, s.n);
    *copy = (struct an_str){p, s.n};
    return true;
}
