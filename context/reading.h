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

/* What a message claims about two identifiers (HL7 v2.5.1 ch. 3.6.2).  The
 * numbers are stored: append, never reorder. */
enum ctx_claim_kind {
    CTX_CLAIM_SAME,  /* one identifier list: both name this patient */
    CTX_CLAIM_MERGE, /* `prior` is no longer used; its record joins `current` */
    CTX_CLAIM_UNMERGE, /* takes an earlier MERGE or SAME of the two back */
    CTX_CLAIM_MOVE, /* `prior`, with all that is filed under it, leaves whomever
                       it was joined with, for `current` */
    CTX_CLAIM_VISIT, /* the visit `prior_visit` of `prior` is `visit` of
                        `current`: see context/visit.h */
    CTX_N_CLAIMS
};

struct ctx_claim {
    uint8_t kind; /* enum ctx_claim_kind */
    struct ctx_identifier current, prior;
    int64_t said_us, available_us;
    struct an_str place;
    struct an_str visit, prior_visit; /* of VISIT: as an event's encounter */
};

/* The part of a message about one patient. */
struct ctx_part {
    struct ctx_identifier patient; /* the one that the events are filed under */
    struct ctx_event *event;
    size_t n_events;
};

/*        name, text for people, label */
#define CTX_FIELD_STATES(X)                                                    \
    X(EMPTY, "empty", "empty")                                                 \
    X(UNUSED, "not used", "unused")                                            \
    X(TEXT, "kept as text", "text")                                            \
    X(MAPPED, "mapped", "mapped")                                              \
    X(ODD, "not understood", "odd")

/* What became of a field or element that holds something.
 * UNUSED: no row of a table asks for it.
 * TEXT: kept as it was said, without a meaning: words, a unit that is not in
 *     units.tsv, a local code as a value.
 * MAPPED: read as what the standard or a site's table says it is.
 * ODD: a row asked for it and could not read it: a time or number that is none,
 *     a code that is in no table.  What was said may still be kept.
 * Of a field that several rows ask for, the later of these counts.  The numbers
 * are stored: append, never reorder. */
enum ctx_field_state {
#define X(name, text, label) CTX_FIELD_##name,
    CTX_FIELD_STATES(X)
#undef X
        CTX_N_FIELD_STATES
};

/* How often a field was there, by what became of it; [EMPTY] is not counted. */
struct ctx_field {
    struct an_str name; /* of an element: "valueQuantity" */
    uint16_t number;    /* of a field, CTX_LAST_FIELD and beyond as one; 0: it
                           has a name */
    uint32_t n[CTX_N_FIELD_STATES];
};

/* No segment of the standard is as long. */
enum { CTX_LAST_FIELD = 127 };

/* How often a kind of segment or resource was seen, how often something was
 * made of it, and what became of its fields: nothing is dropped without being
 * counted. */
struct ctx_account {
    struct an_str name; /* "OBX", "Observation" */
    uint32_t n_seen, n_used;
    const struct ctx_field *field; /* by number, or as first met */
    size_t n_fields;
};

/* One segment or resource, as it stands in the message. */
struct ctx_segment {
    struct an_str name;
    struct an_str place;  /* of a resource: "/entry/3/resource"; "" is none */
    uint32_t seq;         /* 1-based, among those of the same name */
    bool used;            /* something was made of it */
    const uint8_t *state; /* enum ctx_field_state, of each field */
    const struct an_str *element; /* names; NULL: numbers, state[0] is of 1 */
    uint32_t n_fields;
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
    const struct ctx_segment *segment; /* in the message's order */
    size_t n_segments;
    /* Accepted but odd: the first CTX_MAX_WARNINGS of n_warnings. */
    struct an_err warning[CTX_MAX_WARNINGS];
    size_t n_warnings;
};

const char *ctx_field_text(unsigned state);
const char *ctx_field_label(unsigned state); /* one word, of letters */

/* Add a warning; n_warnings counts all of them, the first are kept. */
void ctx_reading_warn(struct ctx_reading *r, const struct an_err *warning);

#endif
