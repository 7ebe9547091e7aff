/* SPDX-License-Identifier: Apache-2.0 */
/* What the receiver of HL7 version 2 messages is told: rows of the outbox that
 * name a suggestion (the conclusion's `filing`) or withdraw one.  Their bytes are
 * made when their turn comes, once, and kept before they are sent: what is sent
 * again is the same message.
 *
 *     pl_filing_due(reader, arena, now_us, &row, &next_us, err);
 *     if (!row.is_ready)
 *         print(&row), pl_store_ready(store, &ready, err);
 *     send(row.payload), pl_store_attempt(store, &attempt, err);
 *
 * The store knows of each suggestion (resource, reader, language) how many
 * versions were made ready, each of which the receiver may have, and so whether
 * the next is a newer one.  A complete conclusion that does not say any more what
 * the receiver has puts a row that withdraws it, in the same transaction; so does
 * a clinician who withholds what was released.  Rows that withdraw are dropped by
 * no newer conclusion, only with their environment.
 *
 * Thread-safety, ownership, failures: as conclude.h and outgoing.h. */
#ifndef PLUGIN_STORE_FILING_H
#define PLUGIN_STORE_FILING_H

#include "plugin/store/outgoing.h"

/* Why an attempt failed; kept with the row (pl_attempt.error). */
#define PL_FILING_ERRORS(X)                                                    \
    X(NONE, "")                                                                \
    X(NO_CONNECTION, "no connection")                                          \
    X(NO_ANSWER, "no answer, or the connection was closed")                    \
    X(NO_ACK, "what came is no acknowledgement")                               \
    X(OTHER, "the acknowledgement names no message or another one")            \
    X(AE, "application error (AE)")                                            \
    X(CE, "commit error (CE)")                                                 \
    X(AR, "application reject (AR)")                                           \
    X(CR, "commit reject (CR)")                                                \
    X(UNSAYABLE, "it cannot be written as a message")                          \
    X(KEPT, "it may not leave any more")                                       \
    X(UNNAMED, "the receiver knows no identifier of the patient")              \
    X(DAMAGED, "its bytes are not those that were kept")

enum pl_filing_error {
#define X(name, text) PL_FILING_##name,
    PL_FILING_ERRORS(X)
#undef X
};
/* The writer counts these two by number. */
_Static_assert(PL_FILING_AE == 5 && PL_FILING_CE == 6, "see writer_int.h");

struct pl_filing_row {
    int64_t id, suggestion;
    int attempts; /* that failed so far, */
    int n_errors; /* of them by AE or CE */
    int64_t created_us;
    bool withdraws, is_ready;
    struct an_str released_by; /* the clinician's name; "" for none */
    struct an_str payload;     /* of one that is ready */
    struct an_str origin;
};

/* As pl_outbox_due. */
enum an_code pl_filing_due(struct pl_reader *r, struct an_arena *arena,
                           int64_t now_us, struct pl_filing_row *out,
                           int64_t *next_us, struct an_err *err)
    __attribute__((warn_unused_result));

/* How many versions of it were made ready so far. */
enum an_code pl_filed(struct pl_reader *r, const struct pl_suggestion *s,
                      uint32_t *n, struct an_err *err)
    __attribute__((warn_unused_result));

/* The bytes of a row, as version `version` of its suggestion. */
struct pl_ready {
    const struct pl_filing_row *row;
    const struct pl_suggestion *suggestion;
    uint32_t version;
    struct an_str payload;
    bool
        is_gone; /* out: the row was dropped meanwhile; nothing is to be sent */
};

enum an_code pl_store_ready(struct pl_store *store, struct pl_ready *ready,
                            struct an_err *err)
    __attribute__((warn_unused_result));

#endif
