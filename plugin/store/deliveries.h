/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator does with deliveries: list what is not settled, try a row
 * again, give one up, and take back all that one version of a model has said.
 * conclude.h puts rows there, plugin/outbox/ carries them.
 *
 *     struct pl_unsettled row[100];
 *     pl_outbox_list(reader, after, 100, row, &n, err);
 *     pl_store_outbox_retry(store, id, &who, &n, err);
 *
 *     do                                          -- a recall, in small steps
 *         rc = pl_store_recall(store, &recall, &progress, err);
 *     while (rc == AN_OK && progress.more);
 *
 * All of it may be done while another process serves the same store.
 *
 * Thread-safety: those of a store are shared, those of a reader confined. */
#ifndef PLUGIN_STORE_DELIVERIES_H
#define PLUGIN_STORE_DELIVERIES_H

#include "plugin/store/reader.h"
#include "plugin/store/store.h"
#include "plugin/trust/audit.h"

/* The numbers are stored: append, never reorder. */
#define PL_OUTBOX_KINDS(X)                                                     \
    X(BUNDLE, "suggestions") /* a transaction of fhir/write.h */               \
    X(WITHDRAWAL,                                                              \
      "withdrawal")     /* {"resource", "type", "reason",              \
                                   "recorded"}: its status becomes             \
                                   entered-in-error */       \
    X(RESULT, "result") /* HL7 version 2, see filing.h */                      \
    X(NO_RESULT, "result withdrawn")

enum pl_outbox_kind {
#define X(name, text) PL_OUTBOX_##name,
    PL_OUTBOX_KINDS(X)
#undef X
        PL_N_OUTBOX_KINDS
};

const char *pl_outbox_kind_text(unsigned kind);

struct pl_sent;

/* AN_NOTFOUND: it was never put into the outbox. */
enum an_code pl_sent_get(struct pl_reader *r, struct an_arena *arena,
                         struct an_str resource, struct pl_sent *out,
                         struct an_err *err)
    __attribute__((warn_unused_result));

/* A row that waits, is held or is dead; nothing of a patient but a number. */
struct pl_unsettled {
    int64_t id, patient;
    unsigned kind, state; /* enum pl_outbox_kind, enum pl_outbox_state */
    int attempts, error;  /* as in struct pl_attempt */
    int64_t created_us, next_us;
};

/* At most `limit` after number `after`, ascending. */
enum an_code pl_outbox_list(struct pl_reader *r, int64_t after, size_t limit,
                            struct pl_unsettled *out, size_t *n,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* A dead row waits again and a waiting one is due now; id 0: all of them, but
 * those that something later of the same patient has overtaken.  `who` names
 * actor, role, details and time.  AN_NOTFOUND: no such row, or it is settled;
 * AN_CONFLICT: a later one has reached the receiver, which the older content
 * would overwrite. */
enum an_code pl_store_outbox_retry(struct pl_store *store, int64_t id,
                                   const struct pl_audit_entry *who, int64_t *n,
                                   struct an_err *err)
    __attribute__((warn_unused_result));

/* A row that waits, is held or is dead is given up.  AN_NOTFOUND. */
enum an_code pl_store_outbox_drop(struct pl_store *store, int64_t id,
                                  const struct pl_audit_entry *who,
                                  struct an_err *err)
    __attribute__((warn_unused_result));

/* ---- recall ---------------------------------------------------------------- */

/* The next model after `after`, by digest, that has said something, and the
 * latest suggestion of it.  AN_NOTFOUND after the last. */
enum an_code pl_models_next(struct pl_reader *r, struct an_arena *arena,
                            struct an_str after, struct an_str *digest,
                            int64_t *suggestion, struct an_err *err)
    __attribute__((warn_unused_result));

struct pl_recall_count {
    int64_t n_suggestions; /* current ones of the model: no face shows them */
    int64_t n_sent;        /* resources at the receiver, to be withdrawn */
    int64_t n_waiting;     /* deliveries that do not leave any more */
};

/* What a recall would do. */
enum an_code pl_recall_count(struct pl_reader *r, struct an_str digest,
                             struct pl_recall_count *out, struct an_err *err)
    __attribute__((warn_unused_result));

struct pl_recall {
    struct an_str digest;
    struct an_str reason;             /* goes to the receiver and the trail */
    const struct pl_audit_entry *who; /* actor, role, details, time */
};

struct pl_recall_progress {
    struct pl_recall_count done; /* so far; begins as zeros */
    bool more;
};

/* One step.  From the first on, the model may say nothing (conclude.h); who is
 * interrupted begins again and does what is left.  Of a finished one, nothing. */
enum an_code pl_store_recall(struct pl_store *store, const struct pl_recall *q,
                             struct pl_recall_progress *p, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
