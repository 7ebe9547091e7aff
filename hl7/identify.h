/* SPDX-License-Identifier: Apache-2.0 */
/* Who a message is about, and what it claims about identity.
 *
 * Thread-safety: confined to the message's arena.  Ownership: views of the
 * message, or of its arena where text had to be decoded. */
#ifndef HL7_IDENTIFY_H
#define HL7_IDENTIFY_H

#include "context/reading.h"
#include "hl7/coded.h"
#include "hl7/rules.h"

/* The identifiers of one patient that a PID or MRG segment lists: the one that
 * events are filed under first, then those that are proof of the same person
 * (config/tables/identifier-types.tsv), in the order said. */
struct hl7_identity {
    struct ctx_identifier id[16];
    unsigned n;          /* 0: the segment names nobody */
    unsigned field, rep; /* where the first one stands */
};

/* From PID-3, else PID-2, PID-4, PID-18; for MRG from MRG-1, else MRG-4.
 * `authority` names the assigner of an identifier that says none. */
enum an_code hl7_identify(const struct hl7_message *m, size_t segment,
                          struct an_str authority, struct hl7_identity *out,
                          struct an_err *err);

/* From that one field, all its repetitions, whatever they prove. */
enum an_code hl7_identify_in(const struct hl7_message *m, size_t segment,
                             unsigned field, struct an_str authority,
                             struct hl7_identity *out, struct an_err *err);

/* Its type is that of one patient's number, be it a temporary one: not of a
 * visit, an account, or what a family shares. */
bool hl7_is_patients(const struct ctx_identifier *id);

/* It is one of those. */
bool hl7_names(const struct hl7_identity *list,
               const struct ctx_identifier *id);

/* A row of config/tables/hl7-claims.tsv. */
struct hl7_claim {
    const char *event;
    enum ctx_claim_kind kind;
    unsigned prior;              /* of VISIT: the field of MRG, */
    enum hl7_segment_id segment; /* and where its name is now */
    unsigned now;
};

/* What the message's trigger ("ADT^A40") claims about two patients; NULL when
 * it claims nothing. */
const struct hl7_claim *hl7_claim_of(struct an_str event);

#endif
