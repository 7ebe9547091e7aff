/* SPDX-License-Identifier: Apache-2.0 */
/* T2: what came of a trigger, in one transaction: suggestions, what is to be
 * delivered, the audit rows, and the trigger marked done.
 *
 *     pl_suggestion_detail(arena, s, &said.detail, err);
 *     said.what = s;
 *     conclusion = (struct pl_conclusion){.patient = who, .now_us = now_us,
 *                                   .trigger = &trigger->id, .n_triggers = 1,
 *                                   .said = &said, .n_said = 1};
 *     pl_store_conclude(store, &conclusion, 1, &receipt, err);
 *
 * What T2 guarantees is what T1 does (store.h): AN_OK means that all of it is
 * on the disk; any other code that nothing is.  A process that dies between T1
 * and T2 leaves the trigger waiting, and pl_triggers gives it again.  A trigger
 * has one outcome: a conclusion whose triggers are all done already writes
 * nothing, and its receipt says so.
 *
 * Of each suggestion the trail gets a row that holds the SHA-256 of its detail;
 * the texts themselves stand in the suggestion's row.
 *
 * Thread-safety: shared; each call takes the writer's lock.  Ownership: what is
 * passed in stays the caller's.  Failures: those of store.h. */
#ifndef PLUGIN_STORE_THINK_H
#define PLUGIN_STORE_THINK_H

#include "config/options.h"
#include "context/identity.h"
#include "context/suggestion.h"
#include "plugin/store/store.h"
#include "plugin/trust/audit.h"
#include "plugin/trust/quiet.h"
#include "plugin/trust/release.h"

/* A suggestion, and what it needs to be kept. */
struct pl_saying {
    const struct ctx_suggestion *what;
    struct an_str resource;  /* its id outside, the same for each version */
    struct an_str encounter; /* "" is none */
    struct an_str detail;    /* pl_suggestion_detail */
    unsigned needs;          /* of the pl_view that it was made of */
    enum cfg_stage stage;
};

/* A resource of ours in what is delivered. */
struct pl_posted {
    const char *type;    /* "RiskAssessment" */
    struct an_str id;    /* its UUID */
    struct an_str model; /* digest of the one that says it; "" is none */
};

/* Bytes for the outbox. */
struct pl_delivery {
    struct an_str payload;
    size_t of; /* 1 + the place of the saying whose release it waits for; 0:
                  it waits for none */
    const struct pl_posted *posted; /* the suggestions in it */
    size_t n_posted;
};

/* A card that a CDS client gets, or what is held back of those it might get. */
struct pl_card {
    size_t of;        /* the place of its saying */
    struct an_str id; /* its uuid, see fhir/cards.h */
    int64_t drivers;  /* pl_quiet_drivers */
    enum pl_quiet quiet;
};

/* The call that is answered by cards.  All are kept: feedback is about what was
 * shown (feedback.h), and what was shown is not shown again so soon.  A card
 * that the same call was answered with before stays as it was kept then. */
struct pl_dealt {
    struct an_str service, instance, actor;
    const struct pl_card *card;
    size_t n;
};

struct pl_conclusion {
    struct ctx_identifier patient;
    int64_t now_us;         /* not 0 */
    const int64_t *trigger; /* of reader.h; none for a chart that was opened */
    size_t n_triggers;
    const struct pl_saying *said;
    size_t n_said;
    bool complete;    /* all that is to be said of the patient: what was said
                      before and is not said again is superseded, of `patient`
                      and of these other identifiers of the same person */
    int64_t as_of_us; /* of a complete one, the moment it is about; 0: the
                         latest.  Where what is current is about a later one, up
                         to now, this is kept as past and not delivered: it was
                         begun before that and has ended after it */
    const struct ctx_member *member;
    size_t n_members;
    int64_t closings; /* of the pl_history that it was made of.  Where something
                         was closed since, nothing is written and the receipt
                         says so: read again */
    int64_t switches; /* generation of the kill switches that what leaves was
                         asked of: as with closings */
    bool drop_open;   /* what waits in the outbox is not to leave any more */
    const struct pl_delivery *delivery; /* leave in this order */
    size_t n_deliveries;
    const struct an_str *lapsed; /* resources that rest on what was corrected or
                                    deleted and are not said again: what the
                                    receiver has of them is withdrawn */
    size_t n_lapsed;
    const size_t *filing; /* places of the sayings that the receiver of HL7
                             version 2 gets, when released where that is due */
    size_t n_filings;
    struct an_str origin; /* environment and model behind the deliveries:
                             pl_store_outbox_keep */
    const struct pl_audit_entry *audit; /* beside those of the suggestions */
    size_t n_audits;
    struct pl_dealt dealt; /* n 0: no cards were made */
};

struct pl_conclude_receipt {
    bool duplicate; /* its triggers were done: nothing was written */
    bool late;      /* it is kept as past */
    bool unseen;    /* something was closed, or a kill switch changed,
                       meanwhile: nothing was written */
    bool recalled;  /* its model was recalled: nothing is said, and what was
                       said before is superseded */
};

/* n conclusions share one flush of the disk: all of them are stored or none.
 * Deliveries hold only what pl_may_leave lets go by the outbox, a release that
 * is due apart; AN_CONFLICT when they hold what is said in shadow, AN_TYPE when
 * one names no saying. */
enum an_code pl_store_conclude(struct pl_store *store,
                               const struct pl_conclusion *conclusion, size_t n,
                               struct pl_conclude_receipt *receipt,
                               struct an_err *err)
    __attribute__((warn_unused_result));

/* The suggestion as JSON: words, numbers, evidence by message and place,
 * citations, model.  AN_LIMIT, AN_NOMEM, AN_TYPE (text that is no UTF-8). */
enum an_code pl_suggestion_detail(struct an_arena *arena,
                                  const struct ctx_suggestion *s,
                                  struct an_str *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* Rows of the trail that belong to nothing that is written here: a card that
 * was shown, a program that was started. */
enum an_code pl_store_audit(struct pl_store *store,
                            const struct pl_audit_entry *entry, size_t n,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* A clinician releases or withholds suggestion `id`; what waited for it in the
 * outbox moves with it.  `who` names actor, role, details and time; action and
 * subject are made here.  AN_NOTFOUND; AN_CONFLICT and AN_TYPE as
 * pl_release_check. */
enum an_code pl_store_release(struct pl_store *store, int64_t id,
                              enum pl_release to,
                              const struct pl_audit_entry *who,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* What waits or is held and came of another environment or model is dropped:
 * a demonstration does not reach the hospital's server when the site goes live
 * on the same store. */
enum an_code pl_store_outbox_keep(struct pl_store *store, struct an_str origin,
                                  int64_t now_us, struct an_err *err)
    __attribute__((warn_unused_result));

/* The numbers are stored: append, never reorder. */
#define PL_OUTBOX_STATES(X)                                                    \
    X(WAITING, "waiting")                                                      \
    X(HELD, "held")             /* for a release */                            \
    X(DELIVERED, "delivered")   /* the payload is gone, its SHA-256 stays */   \
    X(DEAD, "dead")             /* the receiver will never take it */          \
    X(DROPPED, "dropped")       /* superseded, or of another model */          \
    X(TAKEN_OVER, "taken over") /* others keep all that is in it now */

enum pl_outbox_state {
#define X(name, text) PL_OUTBOX_##name,
    PL_OUTBOX_STATES(X)
#undef X
        PL_N_OUTBOX_STATES
};

const char *pl_outbox_text(unsigned state);

/* The numbers are stored: append, never reorder. */
enum pl_sent_state {
    PL_SENT_OURS,
    PL_SENT_TAKEN_OVER, /* somebody else has changed it: it is left alone */
    PL_SENT_WITHDRAWN   /* entered in error, or about to be */
};

/* What is known of a resource of ours at the receiver. */
struct pl_sent {
    struct an_str resource; /* its UUID */
    struct an_str type, model;
    struct an_str address; /* "RiskAssessment/17"; "" is under our own name */
    struct an_str version; /* "3"; "" is not known */
    enum pl_sent_state state;
};

/* What became of one attempt to deliver. */
struct pl_attempt {
    int64_t id;                 /* of the outbox row */
    enum pl_outbox_state state; /* DELIVERED, DEAD, TAKEN_OVER, or WAITING: try
                                   again */
    int error;                  /* HTTP status; libcurl's code, under 100 */
    int64_t now_us, next_us;    /* next_us: when to try again */
    const struct pl_sent
        *sent; /* what was learnt of the receiver's resources */
    size_t n_sent;
    struct an_str
        done; /* entries that went one by one; "" leaves what stands */
};

/* Note it; delivered and dead are told to the trail, even of a row that was
 * withheld while it was on its way.  A row that is settled is passed over. */
enum an_code pl_store_attempt(struct pl_store *store,
                              const struct pl_attempt *a, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
