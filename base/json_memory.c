/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_int.h"

#include <string.h>

/* Each piece is preceded by its size, so that it can be moved. */
enum { HEAD = 16, BUFFER_BYTES = 2048 };

static void *get(void *ctx, size_t bytes)
{
    struct an_yajl_memory *m = ctx;
    char *p = m->p + m->used;

    bytes = (bytes + HEAD - 1) & ~(size_t)(HEAD - 1);
    /* Never: init reserved for the worst that the scan allows. */
    if (m->size - m->used < HEAD || bytes > m->size - m->used - HEAD)
        return NULL;
    memcpy(p, &bytes, sizeof(bytes));
    m->used += HEAD + bytes;
    return p + HEAD;
}

static void *resize(void *ctx, void *old, size_t bytes)
{
    char *p = get(ctx, bytes);
    size_t had;

    if (p == NULL || old == NULL)
        return p;
    memcpy(&had, (char *)old - HEAD, sizeof(had));
    memcpy(p, old, had < bytes ? had : bytes);
    return p;
}

static void put_back(void *ctx, void *p)
{
    (void)ctx;
    (void)p;
}

/* yajl doubles a buffer from BUFFER_BYTES until it is larger than what it
 * holds; all the sizes together are less than twice the last.  One that holds
 * nothing is never made. */
static size_t buffer_sum(size_t holds)
{
    size_t last = BUFFER_BYTES;

    if (holds == 0)
        return 0;
    while (last <= holds + 1)
        last *= 2;
    return 2 * last + 64 * HEAD;
}

bool an_yajl_memory_init(struct an_yajl_memory *m, struct an_arena *arena,
                         const struct an_json_scan *scan)
{
    *m = (struct an_yajl_memory){.size = AN_YAJL_HANDLES_BYTES};
    if (scan)
        m->size +=
            buffer_sum(scan->longest_escaped) + buffer_sum(scan->longest_tail);
    m->p = an_arena_get(arena, m->size, 1);
    return m->p != NULL;
}

yajl_alloc_funcs an_yajl_memory_funcs(struct an_yajl_memory *m)
{
    return (yajl_alloc_funcs){get, resize, put_back, m};
}
