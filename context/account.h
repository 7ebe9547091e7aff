/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what becomes of every field, while a message is read.
 *
 *     ctx_ledger_init(&l, arena);
 *     at = ctx_ledger_find(&l, AN_STR("OBX"));
 *     ctx_ledger_segment(&l, at, &segment);            -- counts its fields too
 *     ctx_ledger_done(&l, &reading);
 *
 * Linear in what is counted, whatever names a sender makes up.
 *
 * Thread-safety: confined.  Ownership: the arena. */
#ifndef CONTEXT_ACCOUNT_H
#define CONTEXT_ACCOUNT_H

#include "context/reading.h"

/* What is being counted of one name. */
struct ctx_entry {
    struct ctx_account account;
    struct ctx_field *field;
    size_t room;
    uint8_t *role; /* of each field, for who counts by names */
};

struct ctx_ledger {
    struct an_arena *arena;
    struct ctx_entry *entry;
    size_t n, room;
    uint32_t *slot; /* hash table: index + 1 */
    size_t n_slots;
};

#define CTX_LEDGER_NONE SIZE_MAX

void ctx_ledger_init(struct ctx_ledger *l, struct an_arena *arena);

/* The index of a name, which is made if it was not met yet; CTX_LEDGER_NONE
 * without memory.  The name must live as long as the arena. */
size_t ctx_ledger_find(struct ctx_ledger *l, struct an_str name);

/* Count a segment whose fields have numbers.  False without memory. */
bool ctx_ledger_segment(struct ctx_ledger *l, size_t at,
                        const struct ctx_segment *s)
    __attribute__((warn_unused_result));

/* One element more, of a name that this entry has not; its index, or
 * CTX_LEDGER_NONE without memory.  Its counts begin at 0. */
size_t ctx_ledger_element(struct ctx_ledger *l, size_t at, struct an_str name,
                          uint8_t role);

/* The accounts of the reading, without fields that were never there. */
bool ctx_ledger_done(struct ctx_ledger *l, struct ctx_reading *reading)
    __attribute__((warn_unused_result));

#endif
