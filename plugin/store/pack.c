/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/pack_int.h"

#define ZLIB_CONST /* next_in points to what we only read */
#include <zlib.h>

/* Less is not worth the look. */
enum { LEAST_BYTES = 64 };

/* Level 1: on 1 kB of HL7 level 6 saves 2 % more and takes twice the time. */
enum { LEVEL = 1 };

static voidpf get(voidpf arena, uInt n, uInt size)
{
    return an_arena_get(arena, n, size);
}

/* The arena forgets all of it at once. */
static void give_back(voidpf arena, voidpf p)
{
    (void)arena;
    (void)p;
}

static z_stream stream(struct an_arena *arena, struct an_str in)
{
    return (z_stream){.zalloc = get,
                      .zfree = give_back,
                      .opaque = arena,
                      .next_in = (const Bytef *)in.p,
                      .avail_in = (uInt)in.n};
}

/* A window as small as the message is: zlib clears all of it. */
static int window_bits(size_t n)
{
    int bits = 9;

    while (bits < MAX_WBITS && (size_t)1 << bits < n)
        bits++;
    return bits;
}

enum an_code pl_pack(struct an_arena *arena, struct an_str bytes,
                     struct an_str *out, bool *deflated, struct an_err *err)
{
    z_stream z = stream(arena, bytes);
    int bits = window_bits(bytes.n);
    struct an_mark mark;
    Bytef *p;

    *out = bytes;
    *deflated = false;
    if (bytes.n < LEAST_BYTES)
        return AN_OK;
    p = an_arena_get(arena, bytes.n, 1);
    if (p == NULL)
        return an_fail_nomem(err);
    mark = an_arena_mark(arena);
    if (deflateInit2(&z, LEVEL, Z_DEFLATED, -bits, bits - 6,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return an_fail_nomem(err);
    z.next_out = p;
    z.avail_out = (uInt)bytes.n - 1;
    if (deflate(&z, Z_FINISH) == Z_STREAM_END) {
        *out = (struct an_str){(const char *)p, z.total_out};
        *deflated = true;
    }
    an_arena_rewind(arena, mark);
    return AN_OK;
}

enum an_code pl_unpack(struct an_arena *arena, struct an_str packed, size_t n,
                       struct an_str *out, struct an_err *err)
{
    z_stream z = stream(arena, packed);
    Bytef *p = an_arena_get(arena, n + 1, 1);
    struct an_mark mark = an_arena_mark(arena);
    int rc;

    if (p == NULL || inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return an_fail_nomem(err);
    z.next_out = p;
    z.avail_out = (uInt)n;
    rc = inflate(&z, Z_FINISH);
    an_arena_rewind(arena, mark);
    if (rc == Z_MEM_ERROR)
        return an_fail_nomem(err);
    if (rc != Z_STREAM_END || z.total_out != n || z.avail_in)
        return an_fail(err, AN_INTEGRITY, "a stored message is damaged",
                       z.total_in);
    *out = (struct an_str){(const char *)p, n};
    return AN_OK;
}
