/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields of a message were asked for while it was read, and what was
 * understood of them.
 *
 *     hl7_account_init(&a, arena, &m);
 *     hl7_account_mark(&a, segment, 5, HL7_MARK_MAPPED);      -- while reading
 *     a.segment[segment].used = true;              -- something was made of it
 *     hl7_account_close(&a, &reading);
 *
 * A field holds something when it has a byte that is no delimiter.  Of several
 * marks the strongest counts, whatever their order.
 *
 * Thread-safety: confined.  Ownership: the arena, and the message. */
#ifndef HL7_ACCOUNT_H
#define HL7_ACCOUNT_H

#include "context/account.h"
#include "hl7/message.h"

/* By strength; TOUCHED is used for a key, a test or an order, and counts as
 * mapped where no rule says more. */
enum hl7_mark {
    HL7_MARK_EMPTY,
    HL7_MARK_UNUSED,
    HL7_MARK_TOUCHED,
    HL7_MARK_TEXT,
    HL7_MARK_MAPPED,
    HL7_MARK_ODD
};

struct hl7_account {
    const struct hl7_message *m;
    struct ctx_ledger ledger;
    struct ctx_segment *segment;
    uint8_t **state; /* of each segment's fields: enum hl7_mark until done */
};

enum an_code hl7_account_init(struct hl7_account *a, struct an_arena *arena,
                              const struct hl7_message *m, struct an_err *err)
    __attribute__((warn_unused_result));

/* Does nothing to a field that is empty or not there; `a` may be NULL. */
void hl7_account_mark(struct hl7_account *a, size_t segment, unsigned field,
                      enum hl7_mark mark);
/* The mark of what is known of a code or a text. */
enum hl7_mark hl7_mark_of(enum ctx_field_state state);

/* A unit as it was kept. */
enum hl7_mark hl7_mark_of_unit(struct an_str unit);

/* MSH: what every message is read by. */
void hl7_account_header(struct hl7_account *a, bool has_time);
/* OBX-2, 5 and 6, by what was read in them; `odd`: a number was promised and
 * is none. */
void hl7_account_value(struct hl7_account *a, size_t obx,
                       const struct ctx_value *value, bool odd);

/* All is read: the counts go into the reading. */
enum an_code hl7_account_close(struct hl7_account *a,
                               struct ctx_reading *reading, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
