/* SPDX-License-Identifier: Apache-2.0 */
/* What a parsed HL7 v2 message says, as a reading: events by the reviewed rows
 * of config/tables/hl7-events.tsv, and claims about identity.
 *
 *     hl7_read(&arena, bytes, NULL, NULL, &m, &err);
 *     hl7_events(&arena, &settings, &m, &reading, &err);
 *
 * Any message that parses is read.  One that has nothing for a timeline (an
 * acknowledgement, a query, a master file) gives a reading without events and
 * says so in its account, which knows each field.  What is odd is a warning and
 * the rest is read: a time that is none, a number that is none.  Refused is what
 * could only be filed by a guess: data about nobody, events without a patient
 * identifier (AN_MISSING at PID-3), and a newborn that has no number but its
 * mother's (AN_CODE at PID-21).
 *
 * Thread-safety: confined to the arena; settings immutable.
 * Ownership: the reading points into the message and the arena. */
#ifndef HL7_EVENTS_H
#define HL7_EVENTS_H

#include "context/localise.h"
#include "hl7/message.h"

struct hl7_settings {
    struct an_zone zone;     /* of times that say none */
    struct an_str authority; /* of identifiers that say none; "" takes MSH-4 */
    const struct ctx_site *site; /* for the account: which local codes it will
                                    know; NULL is none */
};

enum an_code hl7_events(struct an_arena *arena, const struct hl7_settings *s,
                        const struct hl7_message *m, struct ctx_reading *out,
                        struct an_err *err) __attribute__((warn_unused_result));

#endif
