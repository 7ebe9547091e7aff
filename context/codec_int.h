/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer (codec.c) and the reader (decode.c) of the stored form share. */
#ifndef CONTEXT_CODEC_INT_H
#define CONTEXT_CODEC_INT_H

#include "context/codec.h"

enum {
    REMEMBERED = 256, /* strings that can be referred back to */
    REMEMBER_BYTES = 3,
    BLOCK_EVENTS = 64,
    MARK_BYTES = 2, /* of a fact, in a block */
    LIMIT_BYTES = 1 << 30,
    VERSION_PLAIN = 2, /* of no blocks */
    US_PER_SECOND = 1000000
};

/* The most usual ones fit one byte. */
enum {
    MARK_END = 1,
    MARK_LITERAL = 2,
    MARK_UNIT = 4,
    MARK_RANGE = 8,
    MARK_FLAG = 16,
    MARK_ENCOUNTER = 32,
    MARK_ALIASES = 64,
    MARK_NUMBER = 128, /* it is not the nearest double of the literal */
    MARK_COMPARATOR = 256,
    MARK_CODE = 512,
    MARK_TEXT = 1024,
    MARK_LABELS = 2048, /* from version 2 */
    MARKS = 4095,
    MARKS_1 = 2047
};

enum { TIME_PRECISION = 7, TIME_ASSUMED = 8, TIME_OFFSET = 16 };

/* What writer and reader both know at each byte. */
struct ctx_codec_state {
    struct an_str ring[REMEMBERED];
    uint32_t n_seen; /* strings remembered so far; the ring keeps the last */
    int64_t effective_us, said_us;
    int64_t offset_min;
    struct an_str fact, place;
};

/* As at the beginning of a blob. */
static inline void ctx_codec_begin(struct ctx_codec_state *s)
{
    s->n_seen = 0;
    s->effective_us = s->said_us = s->offset_min = 0;
    s->fact = s->place = AN_STR("");
}

static inline void ctx_codec_remember(struct ctx_codec_state *s,
                                      struct an_str str)
{
    s->ring[s->n_seen % REMEMBERED] = str;
    s->n_seen++;
}

/* Some bits of both of its parts: neighbours have the first in common. */
static inline unsigned ctx_codec_mark(int64_t key)
{
    return (unsigned)(((uint64_t)key ^ (uint64_t)key >> 16) & 0xFFFF);
}

#endif
