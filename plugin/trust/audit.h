/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail: what was said, shown, released and delivered, by whom, as a
 * chain of hashes, so that a row that was changed, removed or moved shows.
 *
 *     hash = SHA-256("anamnesis audit 1" NUL seq time
 *                    (length bytes) of actor, role, action, subject, details
 *                    previous hash)
 *
 * with numbers and lengths as 8 bytes, most significant first.  Rows are
 * numbered from 1 without a gap; before the first stands a hash of 32 zero
 * bytes.  plugin/store/ appends the rows, in the transaction of what they tell
 * about; here is what a row is and how a chain is followed:
 *
 *     struct pl_audit_chain chain = {.n = 0};
 *     while (next(&row))
 *         if (pl_audit_follow(&chain, &row, err) != AN_OK)
 *             broken();                        -- err names the row
 *     compare(&chain.last, what_was_noted_elsewhere);
 *
 * A chain alone cannot show that its end was cut off, or that all of it was
 * made anew: for that, note the number and hash of the last row in another
 * place now and then, and compare.
 *
 * The trail is meant to identify; it is protected like the record.
 *
 * Thread-safety: immutable; a chain is confined.  Ownership: texts are the
 * caller's. */
#ifndef PLUGIN_TRUST_AUDIT_H
#define PLUGIN_TRUST_AUDIT_H

#include "base/hash.h"

/* The texts are stored, and hashed. */
#define PL_AUDIT_ACTIONS(X)                                                    \
    X(SUGGESTED, "suggested")                                                  \
    X(SHOWN, "shown")                                                          \
    X(RELEASED, "released")                                                    \
    X(WITHHELD, "withheld")                                                    \
    X(DELIVERED, "delivered")                                                  \
    X(UNDELIVERABLE, "undeliverable")                                          \
    X(PURGED, "purged")                                                        \
    X(ERASED, "erased")                                                        \
    X(WITHDRAWN, "withdrawn")                                                  \
    X(ACCEPTED, "accepted") /* a card, by who was shown it */                  \
    X(OVERRIDDEN, "overridden")                                                \
    X(TAKEN_OVER, "taken over")                                                \
    X(RECALLED, "recalled")                                                    \
    X(RETRIED, "retried")                                                      \
    X(DROPPED, "dropped")                                                      \
    X(KILLED, "killed") /* an outcome, by its switch */                        \
    X(REVIVED, "revived")

enum pl_audit_action {
#define X(name, text) PL_AUDIT_##name,
    PL_AUDIT_ACTIONS(X)
#undef X
        PL_N_AUDIT_ACTIONS
};

const char *pl_audit_text(enum pl_audit_action action);

/* What is to be told.  Texts may be empty. */
struct pl_audit_entry {
    enum pl_audit_action action;
    int64_t time_us;
    struct an_str actor;   /* "jdoe", "anamnesis" */
    struct an_str role;    /* "clinician", "system" */
    struct an_str subject; /* "suggestion/17", "outbox/4" */
    struct an_str details; /* JSON */
};

struct pl_audit_row {
    int64_t seq;
    int64_t time_us;
    struct an_str actor, role, action, subject, details;
    struct an_sha256 prev_hash, hash;
};

/* Make row->hash from the rest of it.  AN_INTERNAL. */
enum an_code pl_audit_seal(struct pl_audit_row *row, struct an_err *err)
    __attribute__((warn_unused_result));

/* The rows so far: their number, and the hash of the last.  Begins as zeros. */
struct pl_audit_chain {
    int64_t n;
    struct an_sha256 last;
};

/* Take the next row.  AN_INTEGRITY when it does not follow: the path of err
 * says which row, and the chain stays where it was. */
enum an_code pl_audit_follow(struct pl_audit_chain *chain,
                             const struct pl_audit_row *row, struct an_err *err)
    __attribute__((warn_unused_result));

/* AN_INTEGRITY at a row, for whoever found another fault in it. */
enum an_code pl_audit_broken(int64_t seq, const char *what, struct an_err *err);

#endif
