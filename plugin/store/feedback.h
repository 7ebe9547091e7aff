/* SPDX-License-Identifier: Apache-2.0 */
/* What people did with the cards that they were shown.
 *
 *     pl_store_feedback(store, service, list, n, now_us, receipt, err);
 *     for (i = 0; i < n; i++)
 *         if (receipt[i].unknown)
 *             say("no such card");
 *
 * Feedback is kept, each entry once, with who was shown the card, and the trail
 * gets a row for each; it is never changed, and goes with its card: when the
 * suggestion is purged or the patient erased.  A card that was held back, that is
 * of another service or that is gone is unknown, and nothing tells which.
 *
 * Feedback is no label.  What a clinician accepts or overrides depends on the
 * moment, the wording and the habit of the ward more than on whether the risk
 * was right; a model that is trained on it learns to please.  Nothing here is
 * read by the trainer, and nothing may.
 *
 * Thread-safety: pl_store_feedback is shared and takes the writer's lock; the
 * rest is confined to its reader.  Ownership: results are the arena's.
 * Failures: those of store.h and reader.h. */
#ifndef PLUGIN_STORE_FEEDBACK_H
#define PLUGIN_STORE_FEEDBACK_H

#include "context/identity.h"
#include "plugin/store/reader.h"
#include "plugin/store/store.h"
#include "plugin/trust/quiet.h"

struct pl_feedback {
    struct an_str card;   /* its uuid */
    bool accepted;        /* else overridden */
    struct an_str reason; /* of an override: the code that was offered, "other",
                             or ""; it becomes a label of metrics */
    enum pl_response response;
    struct an_str detail; /* JSON: all that the client said, sealed */
    int64_t at_us;        /* by the client's clock */
};

struct pl_feedback_receipt {
    bool unknown; /* there is no such card of that service: nothing is kept */
    bool again;   /* it was there already */
};

/* All in one transaction, those that are unknown apart. */
enum an_code pl_store_feedback(struct pl_store *store, struct an_str service,
                               const struct pl_feedback *list, size_t n,
                               int64_t now_us,
                               struct pl_feedback_receipt *receipt,
                               struct an_err *err)
    __attribute__((warn_unused_result));

/* ---- reading ---------------------------------------------------------------- */

/* A card that was shown, for pl_quiet_judge. */
struct pl_shown {
    unsigned kind; /* enum ctx_suggestion_kind */
    struct an_str topic, service, instance;
    int64_t drivers;
    struct pl_quiet_showing showing;
};

/* Those of these identifiers that were shown, or responded to, after
 * `since_us`. */
enum an_code pl_showings(struct pl_reader *r, struct an_arena *arena,
                         const struct ctx_member *member, size_t n_members,
                         int64_t since_us, const struct pl_shown **out,
                         size_t *n, struct an_err *err)
    __attribute__((warn_unused_result));

/* The numbers are stored. */
enum pl_card_fate {
    PL_CARD_SHOWN,
    PL_CARD_HELD_BACK, /* `why` is pl_quiet_text */
    PL_CARD_ACCEPTED,
    PL_CARD_OVERRIDDEN, /* `why` is the reason's label, "" for none */
    PL_N_CARD_FATES
};

/* How many there ever were, purged and erased ones too. */
struct pl_card_count {
    unsigned kind;
    struct an_str topic, why;
    enum pl_card_fate fate;
    int64_t n;
};

enum an_code pl_card_counts(struct pl_reader *r, struct an_arena *arena,
                            const struct pl_card_count **out, size_t *n,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* Cards since a moment that are still there, by the last word about each. */
struct pl_dealt_row {
    struct an_str service, topic;
    unsigned kind;
    unsigned quiet; /* enum pl_quiet */
    bool answered;  /* with the two below */
    bool accepted;
    struct an_str reason;
    int64_t n;
};

/* Of one service: about how many something was to be said, shown or not. */
struct pl_dealt_to {
    struct an_str service;
    int64_t n_patients, n_encounters, n_calls;
    int64_t n_shown, n_shown_in_encounters;
};

struct pl_dealt_report {
    const struct pl_dealt_row *row; /* by service, kind, topic */
    size_t n_rows;
    const struct pl_dealt_to *to; /* by service */
    size_t n_to;
};

enum an_code pl_dealt_read(struct pl_reader *r, struct an_arena *arena,
                           int64_t since_us, struct pl_dealt_report *out,
                           struct an_err *err)
    __attribute__((warn_unused_result));

#endif
