/* SPDX-License-Identifier: Apache-2.0 */
/* What one message says: about which patients, which events, and what it
 * claims about identity.  hl7/ and fhir/ make readings; plugin/store keeps
 * them.  A pure value: the same bytes and settings give the same reading.
 *
 * Thread-safety: confined until it is stored (context/localise.h still changes
 * codes and authorities in place).  Ownership: the arena of the message. */
#ifndef CONTEXT_READING_H
#define CONTEXT_READING_H

#include "base/arena.h"
#include "base/err.h"
#include "context/event.h"

/* One identifier of one patient.  Two are the same when authority and value
 * are byte-equal; `type` (HL7 table 0203: MR, PI, SS ...) is descriptive. */
struct ctx_identifier {
    struct an_str authority, value, type;
};

/* What a message claims about two identifiers (HL7 v2.5.1 ch. 3.6.2). */
enum ctx_claim_kind {
    CTX_CLAIM_SAME,  /* one identifier list: both name this patient */
    CTX_CLAIM_MERGE, /* `prior` is no longer used; its record joins `current` */
    CTX_CLAIM_UNMERGE /* takes an earlier MERGE or SAME of the two back */
};

struct ctx_claim {
    uint8_t kind; /* enum ctx_claim_kind */
    struct ctx_identifier current, prior;
    int64_t said_us, available_us;
    struct an_str place;
};

/* The part of a message about one patient. */
struct ctx_part {
    struct ctx_identifier patient; /* the one that the events are filed under */
    struct ctx_event *event;
    size_t n_events;
};

/* How often a kind of segment or resource was seen, and how often something
 * was made of it: nothing is dropped without being counted. */
struct ctx_account {
    struct an_str name; /* "OBX", "Observation" */
    uint32_t n_seen, n_used;
};

enum { CTX_MAX_WARNINGS = 16 };

struct ctx_reading {
    struct an_str kind;       /* "ADT^A01", "Bundle" */
    struct an_str sender;     /* "application|facility", "" when unsaid */
    struct an_str control_id; /* MSH-10, Bundle.identifier; "" when unsaid */
    int64_t said_us;          /* MSH-7, Bundle.timestamp; 0 when unsaid */
    struct ctx_part *part;
    size_t n_parts;
    struct ctx_claim *claim;
    size_t n_claims;
    const struct ctx_account *account;
    size_t n_accounts;
    /* Accepted but odd: the first CTX_MAX_WARNINGS of n_warnings. */
    struct an_err warning[CTX_MAX_WARNINGS];
    size_t n_warnings;
};

/* Add a warning; n_warnings counts all of them, the first are kept. */
void ctx_reading_warn(struct ctx_reading *r, const struct an_err *warning);

#endif
