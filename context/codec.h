/* SPDX-License-Identifier: Apache-2.0 */
/* The events of one part of a reading as bytes to keep, and back.
 *
 *     ctx_events_encode(arena, part->event, part->n_events, &blob, err);
 *     ...
 *     ctx_events_decode(arena, blob, message_id, &event, &n, err);
 *
 * Every field but `message` is kept: who stores the blob knows the message.
 * What comes back equals what went in: ctx_event_cmp gives 0.
 *
 * Who wants one fact of many reads few of them:
 *
 *     ctx_events_find(arena, blob, message_id, key, &event, &n, err);
 *
 * The form, version 2, or 3 of more than 64 events; version 1, which is read too,
 * had no labels.  Integers are LEB128 varints, signed ones zigzag.
 *
 *     blob    = version n-events event*
 *     blob    = 3 n-events block*; a block is of 64 events, the last one of the rest
 *     block   = n-bytes n-marks mark* event*, nothing in it refers to another block
 *     mark    = 2 bytes, some bits of the key of a fact (event.h) that is in it
 *     event   = kind status marks time [end: time] said available code
 *               [n-aliases code*] [literal] [number] [comparator] [unit]
 *               [value: code] [text] [low high] [flag] [encounter] [labels] fact
 *               place
 *               with value-kind before what stands in brackets after code
 *     marks   = one bit for each of what stands in brackets
 *     time    = head [offset] [moment]; head is the precision, 8 if the offset
 *               was assumed, 16 if it differs from the one before
 *     moment  = difference to an earlier one: even, seconds; or 1 and then
 *               microseconds
 *     code    = system code display, strings
 *     string  = odd: the (v >> 1)-th last remembered one, from 0;
 *               even: v >> 1 bytes follow, remembered if 3 or more
 *     fact, place = n bytes of the event before, then n bytes that follow
 *
 * Most strings of a message repeat (systems, units, the encounter), hence the
 * memory of the last 256; facts and places of a message begin alike.  A block costs
 * a few percent more, and spares whoever looks for a fact the others.
 *
 * Thread-safety: immutable.  Ownership: the blob is the arena's; decoded
 * strings are views into the blob where possible, else the arena's.
 * Limits: a blob of 1 GiB; decoding is bounded by the bytes given and by the
 * arena, whatever they claim. */
#ifndef CONTEXT_CODEC_H
#define CONTEXT_CODEC_H

#include "base/arena.h"
#include "base/err.h"
#include "context/event.h"

enum { CTX_CODEC_VERSION = 3 };

/* AN_NOMEM, AN_LIMIT (too large), AN_TYPE (a kind, status, precision or value
 * kind that is in no list), AN_INTERNAL (base/hash.h). */
enum an_code ctx_events_encode(struct an_arena *arena,
                               const struct ctx_event *event, size_t n,
                               struct an_str *blob, struct an_err *err)
    __attribute__((warn_unused_result));

/* AN_UNSUPPORTED (written by a newer version), AN_INTEGRITY (no blob of ours,
 * or damaged; err says at which byte), AN_NOMEM. */
enum an_code ctx_events_decode(struct an_arena *arena, struct an_str blob,
                               struct an_str message,
                               const struct ctx_event **event, size_t *n,
                               struct an_err *err)
    __attribute__((warn_unused_result));

/* Those of the facts that have that key (ctx_fact_key), in their order, and others
 * among them: of a large blob a block or two, of a small one all.  What is passed
 * over may be damaged and is not said to be.  Fails as ctx_events_decode. */
enum an_code ctx_events_find(struct an_arena *arena, struct an_str blob,
                             struct an_str message, int64_t key,
                             const struct ctx_event **event, size_t *n,
                             struct an_err *err)
    __attribute__((warn_unused_result));

#endif
