/* SPDX-License-Identifier: Apache-2.0 */
/* A message made ready to be stored: named, compressed, its events encoded.
 * All that can be done before the store's one writer is done here, in the
 * thread that read the message.
 *
 *     struct pl_source from = {.bytes = received, .format = PL_FORMAT_HL7V2,
 *                              .reading = &reading, .feed = AN_STR("adt"),
 *                              .received_us = now_us};
 *     struct pl_intake in;
 *     if (pl_intake_make(arena, &from, &in, err) != AN_OK)
 *         ...
 *
 * Thread-safety: immutable once made.  Ownership: the arena and the source;
 * both must live until the intake is stored. */
#ifndef PLUGIN_STORE_INTAKE_H
#define PLUGIN_STORE_INTAKE_H

#include "base/hash.h"
#include "context/reading.h"

/* The numbers are stored: append, never reorder. */
enum pl_format { PL_FORMAT_HL7V2, PL_FORMAT_FHIR };

/* What makes the model look at a patient again.  The numbers are stored. */
enum pl_reason {
    PL_REASON_ADMISSION,
    PL_REASON_DISCHARGE,
    PL_REASON_RESULT,
    PL_REASON_ORDER,
    PL_REASON_TABLES,  /* no message: the tables have changed (reprocess) */
    PL_REASON_CLOSING, /* something became confidential, or another's */
    PL_REASON_CONSENT, /* one has ended: what it denied may be said */
    PL_N_REASONS
};

/* A message as large as this is refused with AN_LIMIT. */
enum { PL_LIMIT_MESSAGE_BYTES = 64 << 20 };

struct pl_source {
    struct an_str bytes; /* as received */
    enum pl_format format;
    const struct ctx_reading *reading; /* what was read in them */
    struct an_str feed;                /* which listener or load they came by */
    int64_t received_us;
    bool historical; /* a load of the past: it makes no triggers */
};

/* A FHIR resource that said something, see resources.h. */
struct pl_resource {
    int64_t key;
    bool is_live; /* not only that it is withdrawn */
};

/* What is filed under one identifier. */
struct pl_filing {
    struct ctx_identifier patient;
    struct an_str blob; /* context/codec.h */
    size_t n_events;
    int64_t min_available_us; /* of its events */
    unsigned reasons;         /* bit i is enum pl_reason i */
    unsigned closes;          /* what must be permitted to who sees all of it,
                                 with CTX_LABEL_VIP if it says so */
    size_t n_ended;           /* consents that it withdraws */
    const struct pl_resource *resource; /* by key, each once */
    size_t n_resources;
};

/* Why a message is refused: nothing of its bytes but who sent it. */
struct pl_refusal {
    struct an_str what;  /* an error's literal */
    struct an_str place; /* "PID[1]-3" */
};

struct pl_intake {
    const struct pl_refusal *refused; /* NULL: it is to be stored */
    struct an_sha256 sha256;          /* of the bytes as received */
    struct an_str feed, kind, sender, control_id;
    int64_t received_us, said_us;
    enum pl_format format;
    size_t n_warnings;
    struct an_str raw; /* the bytes, deflated when that is smaller */
    size_t raw_bytes;  /* as received */
    bool deflated;
    const struct pl_filing *filing; /* one for each identifier */
    size_t n_filings;
    const struct ctx_claim *claim;
    size_t n_claims;
    const struct ctx_account *account;
    size_t n_accounts;
};

/* AN_LIMIT (too large), AN_TYPE (the reading holds a number of no list),
 * AN_NOMEM. */
enum an_code pl_intake_make(struct an_arena *arena,
                            const struct pl_source *from, struct pl_intake *out,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* The note of a message that is refused for `why`; of the reading its kind,
 * sender and control id are taken.  AN_NOMEM. */
enum an_code pl_intake_refuse(struct an_arena *arena,
                              const struct pl_source *from,
                              const struct an_err *why, struct pl_intake *out,
                              struct an_err *err)
    __attribute__((warn_unused_result));

const char *pl_reason_text(unsigned reason);

#endif
