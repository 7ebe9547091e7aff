/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/mllp.h"

#include <assert.h>
#include <string.h>

enum { BETWEEN, INSIDE, SKIPPING };
enum { FIRST_BUFFER_BYTES = 4096 };

void hl7_mllp_init(struct hl7_mllp *d, size_t max_frame_bytes)
{
    *d = (struct hl7_mllp){.max_frame_bytes = max_frame_bytes};
}

/* The largest buffer: a frame at its limit and one byte that shows that it
 * goes on. */
static size_t most(const struct hl7_mllp *d)
{
    return d->max_frame_bytes + HL7_MLLP_FRAMING_BYTES + 1;
}

/* Moving the rest down is worth it when the rest is the smaller half, so that
 * each byte that leaves pays for one that moves; or when it cannot grow. */
static void compact(struct hl7_mllp *d)
{
    size_t rest = d->used - d->taken;

    if (d->taken == 0 || (rest > d->taken && d->size < most(d)))
        return;
    if (rest)
        memmove(d->buf, d->buf + d->taken, rest);
    d->offset += d->taken;
    d->scanned -= d->taken;
    d->used = rest;
    d->taken = 0;
}

size_t hl7_mllp_space(struct hl7_mllp *d, char **p)
{
    if (d->taken == d->used || d->used == d->size)
        compact(d);
    *p = d->buf ? d->buf + d->used : NULL;
    return d->size - d->used;
}

size_t hl7_mllp_wanted(const struct hl7_mllp *d)
{
    size_t size = d->size ? d->size * 2 : FIRST_BUFFER_BYTES;

    return size < most(d) ? size : most(d);
}

void hl7_mllp_resize(struct hl7_mllp *d, char *p, size_t size)
{
    assert(size >= d->used);
    d->buf = p;
    d->size = size;
}

void hl7_mllp_filled(struct hl7_mllp *d, size_t n)
{
    assert(n <= d->size - d->used);
    d->used += n;
}

static void count_junk(struct hl7_mllp *d, size_t from, size_t n)
{
    if (n == 0)
        return;
    if (d->junk_bytes == 0)
        d->junk_offset = d->offset + from;
    d->junk_bytes += n;
    d->n_junk_bytes += n;
}

/* Between frames: drop everything up to the next start byte. */
static bool find_start(struct hl7_mllp *d)
{
    size_t n = d->used - d->taken, dropped, i = 0;
    const char *from, *at;

    if (n == 0) /* there may be no buffer either */
        return false;
    from = d->buf + d->taken;
    at = memchr(from, HL7_MLLP_START, n);
    dropped = at ? (size_t)(at - from) : n;

    while (d->junk_bytes == 0 && i < dropped &&
           (from[i] == '\r' || from[i] == '\n'))
        i++;
    count_junk(d, d->taken + i, dropped - i);
    d->taken += dropped + (at != NULL);
    d->scanned = d->taken;
    if (at)
        d->state = INSIDE;
    return at != NULL;
}

/* Look for the end byte from where we stopped; *skip is how much framing
 * follows the content.  False if it has not come. */
static bool find_end(struct hl7_mllp *d, size_t *end, size_t *skip)
{
    while (d->scanned < d->used) {
        const char *at =
            memchr(d->buf + d->scanned, HL7_MLLP_END, d->used - d->scanned);
        size_t i = at ? (size_t)(at - d->buf) : d->used;

        d->scanned = i;
        if (i + 1 >= d->used)
            return false; /* what comes after the end byte decides */
        if (d->buf[i + 1] == HL7_MLLP_CR || d->buf[i + 1] == HL7_MLLP_START) {
            *end = i;
            *skip = d->buf[i + 1] == HL7_MLLP_CR ? 2 : 1;
            return true;
        }
        d->scanned = i + 1;
    }
    return false;
}

static bool begins_message(struct an_str s)
{
    return an_str_starts(s, AN_STR("MSH")) || an_str_starts(s, AN_STR("FHS")) ||
           an_str_starts(s, AN_STR("BHS"));
}

/* Where the frame that ends at `end` really begins: a start byte and a header
 * in the middle mean that the sender began anew. */
static size_t last_start(struct hl7_mllp *d, size_t end)
{
    size_t from = d->taken, i = from;

    while (i < end) {
        const char *at = memchr(d->buf + i, HL7_MLLP_START, end - i);

        if (at == NULL)
            break;
        i = (size_t)(at - d->buf) + 1;
        if (begins_message((struct an_str){d->buf + i, end - i})) {
            count_junk(d, from, i - 1 - from);
            from = i;
        }
    }
    return from;
}

static void give(struct hl7_mllp *d, size_t from, size_t to,
                 struct hl7_mllp_frame *frame)
{
    *frame = (struct hl7_mllp_frame){
        .bytes = {d->buf + from, to - from},
        .offset = d->offset + from,
        .junk_offset = d->junk_offset,
        .junk_bytes = d->junk_bytes,
    };
    d->junk_bytes = d->junk_offset = 0;
}

static void end_frame(struct hl7_mllp *d, size_t end, size_t skip,
                      struct hl7_mllp_frame *frame)
{
    give(d, last_start(d, end), end, frame);
    d->n_frames++;
    d->taken = d->scanned = end + skip;
    d->state = BETWEEN;
}

/* Drop a frame that is too long, as it comes; the end byte alone is kept until
 * its CR is seen. */
static bool skip_frame(struct hl7_mllp *d)
{
    size_t end, skip;
    bool ended = find_end(d, &end, &skip);
    size_t to = ended ? end + skip : d->scanned;

    count_junk(d, d->taken, to - d->taken);
    d->taken = to;
    if (!ended)
        return false;
    d->scanned = to;
    d->state = BETWEEN;
    return true;
}

enum hl7_mllp_got hl7_mllp_next(struct hl7_mllp *d,
                                struct hl7_mllp_frame *frame)
{
    size_t end, skip, n;
    bool ended;

    while (d->state != INSIDE)
        if (!(d->state == BETWEEN ? find_start(d) : skip_frame(d)))
            return HL7_MLLP_MORE;
    ended = find_end(d, &end, &skip);
    n = (ended ? end : d->scanned) - d->taken;
    if (n > d->max_frame_bytes) {
        give(d, d->taken, d->taken + d->max_frame_bytes, frame);
        d->state = SKIPPING;
        return HL7_MLLP_TOO_LONG;
    }
    if (!ended)
        return HL7_MLLP_MORE;
    end_frame(d, end, skip, frame);
    return HL7_MLLP_FRAME;
}

bool hl7_mllp_idle(struct hl7_mllp *d, struct hl7_mllp_frame *frame)
{
    if (d->state != INSIDE || d->scanned >= d->used ||
        d->buf[d->scanned] != HL7_MLLP_END)
        return false;
    end_frame(d, d->scanned, 1, frame);
    return true;
}

size_t hl7_mllp_pending(const struct hl7_mllp *d)
{
    return d->state == INSIDE ? d->used - d->taken : 0;
}

enum an_code hl7_mllp_close(const struct hl7_mllp *d, size_t *n_lost,
                            struct an_err *err)
{
    *n_lost = hl7_mllp_pending(d);
    if (d->state != INSIDE)
        return AN_OK;
    return an_fail(err, AN_SYNTAX, "the connection closed inside a frame",
                   (size_t)(d->offset + d->taken));
}

enum an_code hl7_mllp_frame(struct an_arena *arena, struct an_str message,
                            struct an_str *framed, struct an_err *err)
{
    char *p;

    for (size_t i = 0; i + 1 < message.n; i++)
        if (message.p[i] == HL7_MLLP_END && message.p[i + 1] == HL7_MLLP_CR)
            return an_fail(err, AN_SYNTAX,
                           "the message has the bytes that end a frame", i);
    p = an_arena_get(arena, message.n + HL7_MLLP_FRAMING_BYTES, 1);
    if (p == NULL)
        return an_fail_nomem(err);
    p[0] = HL7_MLLP_START;
    if (message.n)
        memcpy(p + 1, message.p, message.n);
    p[message.n + 1] = HL7_MLLP_END;
    p[message.n + 2] = HL7_MLLP_CR;
    *framed = (struct an_str){p, message.n + HL7_MLLP_FRAMING_BYTES};
    return AN_OK;
}
