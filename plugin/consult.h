/* SPDX-License-Identifier: Apache-2.0 */
/* One patient, one moment: what is known is read, the model forecasts, advice
 * finds the words, the stage decides what may leave, and all of it is kept in
 * one transaction (T2) before anything is shown.
 *
 *     pl_consultant_open(&from, &consultant, err);       -- one a thread
 *     call = (struct pl_call){.patient = who, .now = now,
 *                             .trigger = &id, .n_triggers = 1};
 *     pl_consult(consultant, arena, &call, &answer, err);
 *     for (i = 0; i < answer.n_shown; i++)
 *         show(&answer.shown[i]);
 *
 * Clinicians are spoken to in the first of `languages`; for patients there is a
 * summary in each.  What abstains is counted and not kept; what was said before
 * and is not said again is superseded.
 *
 * A caller with a face gets in `shown` what may leave by it, and the audit
 * trail has a row about that by the time the call returns.
 *
 * Thread-safety: a consultant is confined; the source is shared.  Ownership:
 * an answer is the arena's. */
#ifndef PLUGIN_CONSULT_H
#define PLUGIN_CONSULT_H

#include "plugin/feeds.h"
#include "plugin/naming.h"
#include "plugin/orders.h"
#include "plugin/store/conclude.h"
#include "plugin/store/reader.h"
#include "plugin/think.h"

struct pl_consultant;

/* All of it must outlive the consultant. */
struct pl_consult_source {
    const struct cfg_options *options;
    const struct an_zone *zone;
    const struct pl_policy *policy;
    const struct pl_mind *mind; /* NULL: the stage is off, nothing is said */
    const struct fhir_write_settings *naming;
    struct pl_feeds *feeds; /* what is said depends on them; may be NULL */
    struct pl_store *store;
};

enum an_code pl_consultant_open(const struct pl_consult_source *from,
                                struct pl_consultant **out, struct an_err *err)
    __attribute__((warn_unused_result));
void pl_consultant_close(struct pl_consultant *c); /* NULL is nothing */

/* So far is a sender's clock believed that is ahead of ours. */
#define PL_AHEAD_US (INT64_C(3600) * 1000000)

struct pl_call {
    struct ctx_identifier patient; /* any one of theirs */
    int64_t now_us;                /* the moment asked about; 0: the present,
                                      as the configuration's clock has it */
    int64_t clock_us;              /* the moment it is asked */
    const int64_t *trigger;        /* that it answers; none: it was asked for */
    size_t n_triggers;

    /* Who looks at the answer; PL_N_FACES: nobody does. */
    enum pl_face face;
    bool to_patient;      /* and not a carer */
    bool by_name;         /* shown only of a patient whom the receiver
                                      can name: what is shown is FHIR */
    size_t max_shown;     /* the first of pl_choose; 0: all */
    bool is_about_orders; /* shown is what is said of these alone; the
                                      rest is said and kept as ever */
    const struct pl_order *order;
    size_t n_orders;
    struct an_str actor, instance; /* for the audit trail */
    struct an_str service; /* of CDS Hooks: what is shown becomes cards, which
                              are kept, and is not shown again so soon
                              (deal.h); "": neither */

    /* Asked between two steps, the last before T2: false gives the question up
     * with AN_BUSY, and nothing was kept.  NULL: it is wanted. */
    bool (*is_wanted)(void *user);
    /* Asked once, when all is said and before what is shown is chosen: false
     * shows nothing, and keeps all.  After true the answer must be shown.  NULL:
     * somebody waits for it. */
    bool (*is_awaited)(void *user);
    void *user;
};

/* What carers are told where opted_out is set. */
#define PL_OPTED_OUT "The patient has opted out: nothing was computed"

struct pl_answer {
    bool duplicate; /* others had answered these triggers: nothing was kept */
    struct ctx_person person;
    struct fhir_who who;
    struct ctx_forecast forecast;
    const struct ctx_suggestion *said; /* kept */
    size_t n_said;
    const struct ctx_suggestion *shown; /* may leave by the face */
    size_t n_shown;
    size_t n_deliveries; /* rows that the outbox got */
    size_t n_filings;    /* the same, for HL7 version 2 */
    bool opted_out;      /* the patient has: nothing was computed or said */
    bool unreachable;    /* there was something to deliver, and no name for the
                            patient that the receiver knows */
};

/* AN_NOTFOUND: nobody has heard of the patient.  AN_IO, AN_BUSY, AN_NOMEM: try
 * again.  Anything else is a fault that will come again: tell somebody. */
enum an_code pl_consult(struct pl_consultant *c, struct an_arena *arena,
                        const struct pl_call *call, struct pl_answer *out,
                        struct an_err *err) __attribute__((warn_unused_result));

#endif
