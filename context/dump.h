/* SPDX-License-Identifier: Apache-2.0 */
/* Events and readings as text for people and for golden files: the same
 * reading gives the same bytes.
 *
 *     an_buf_init(&b, arena, limit);
 *     ctx_dump_reading(&b, &reading);
 *     an_buf_done(&b, &text, err);
 *
 * An event is one line, its columns apart by tabs: effective, kind, status,
 * concept, value, flag, fact, place, available; after them, only where there
 * is one: end=, range=, encounter=, alias=, labels=, said=.  A code is
 * system|code "display".  "-" stands for nothing; control characters, tabs and
 * backslashes are escaped.  It holds what the message held: it is no log.
 *
 * Thread-safety: confined to the buffer. */
#ifndef CONTEXT_DUMP_H
#define CONTEXT_DUMP_H

#include "base/buf.h"
#include "context/reading.h"

void ctx_dump_event(struct an_buf *b, const struct ctx_event *e);
/* The header, each part with its events, claims, accounts, warnings. */
void ctx_dump_reading(struct an_buf *b, const struct ctx_reading *reading);

#endif
