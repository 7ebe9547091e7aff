/* SPDX-License-Identifier: Apache-2.0 */
/* A parsed HL7 v2 message as a FHIR R4 Bundle, by the reviewed tables of
 * config/tables/to-fhir/.
 *
 *     hl7_read(&arena, bytes, NULL, NULL, &m, &err);
 *     hl7_convert(&arena, &settings, &m, &made, &err);
 *     puts(made.json.p);
 *
 * Any message that parses is converted; what the tables do not know is left
 * out, nothing fails for it.  Ids are UUIDs made from what names
 * the thing itself (patient identifier, visit number, order number ...), so the
 * same message gives the same bytes, and another message about the same visit
 * the same Encounter id.  Where nothing names it, the id is made from sender,
 * control id and place.  References are urn:uuid: to the entry's fullUrl.
 *
 * This is another reading than hl7/events.h, which feeds timelines: here the
 * whole of the message is said again in another standard.
 *
 * Thread-safety: confined to the arena; settings immutable.
 * Ownership: the result is the arena's.  Needs about 40 bytes of arena for each
 * byte of Bundle. */
#ifndef HL7_CONVERT_H
#define HL7_CONVERT_H

#include "base/time.h"
#include "hl7/message.h"

enum hl7_bundle {
    HL7_BUNDLE_MESSAGE,     /* MessageHeader first, FHIR messaging */
    HL7_BUNDLE_TRANSACTION, /* each entry a PUT of its own id */
    HL7_BUNDLE_COLLECTION   /* as it is, nothing asked for */
};

struct hl7_convert_settings {
    struct an_zone zone; /* of times that say none */
    enum hl7_bundle bundle;
};

struct hl7_converted {
    struct an_str json;
    size_t n_resources;
};

/* Fails with AN_LIMIT or AN_NOMEM (arena), AN_INTERNAL (no SHA-1 or SHA-256): no
 * length of a text, a list or a name is a reason. */
enum an_code hl7_convert(struct an_arena *arena,
                         const struct hl7_convert_settings *settings,
                         const struct hl7_message *m, struct hl7_converted *out,
                         struct an_err *err)
    __attribute__((warn_unused_result));

#endif
