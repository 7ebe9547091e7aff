/* SPDX-License-Identifier: Apache-2.0 */
/* One consultation under way, in four files:
 *
 *   consult.c        the record is looked at, all is kept
 *   consult_say.c    forecasts and words, for each reader
 *   consult_leave.c  what may leave, and the deliveries of it
 *   consult_show.c   what the caller is shown
 *
 * Thread-safety: confined.  Ownership: the arena's. */
#ifndef PLUGIN_CONSULT_INT_H
#define PLUGIN_CONSULT_INT_H

#include "plugin/consult.h"
#include "plugin/trust/discreet.h"
#include "plugin/trust/quiet.h"

enum { PL_CONSULT_NEEDS = 8 };

struct pl_consultant {
    struct pl_consult_source from;
    struct pl_reader *reader;
    struct pl_thinker *thinker; /* NULL without a mind */
    struct pl_quiet_rules quiet;
};

/* One consultation under way. */
struct pl_consultation {
    struct pl_consultant *c;
    struct an_arena *arena;
    const struct pl_call *call;
    struct pl_answer *out;
    struct pl_history history;
    bool closed; /* something of it was closed before it could be kept */
    struct pl_view view[CTX_N_AUDIENCES]; /* of those that are spoken to */
    unsigned disputed;                    /* of enum ctx_dispute */
    int64_t switches;                     /* their generation */
    int64_t now_us;                       /* the moment asked about */
    struct an_str encounter;
    struct ctx_suggestion *said; /* what does not abstain, of all readers */
    size_t n_said, room;
    size_t from_orders, to_orders; /* places of what is said of the orders */
    struct pl_saying *saying;
    struct pl_delivery *delivery;
    size_t n_deliveries;
    struct ctx_suggestion *held; /* what waits for a release */
    size_t n_held;
    struct fhir_need need[PL_CONSULT_NEEDS]; /* that a score lacked */
    size_t n_needs;
    const struct an_str *lapsed; /* resources, see lapse.h */
    size_t n_lapsed;
    size_t *filing; /* places of what goes by HL7 version 2 */
    size_t n_filings;
    const struct ctx_feed *stale; /* what no forecast of this can rest on */
    size_t n_stale;
};
/* Does the caller still wait?  AN_BUSY. */
enum an_code pl_consult_go_on(const struct pl_consultation *k,
                              struct an_err *err);

/* k->said; the forecast of clinicians is that of the answer. */
enum an_code pl_consult_think(struct pl_consultation *k, struct an_err *err);

/* k->saying[i]: its id outside, its stage, its detail. */
enum an_code pl_consult_name(struct pl_consultation *k, size_t i,
                             struct an_err *err);
enum pl_leave pl_consult_may_leave(const struct pl_consultation *k,
                                   const struct ctx_suggestion *s,
                                   enum pl_face face, bool to_patient);
/* k->delivery and k->filing. */
enum an_code pl_consult_deliver(struct pl_consultation *k, struct an_err *err);
enum an_code pl_consult_file(struct pl_consultation *k, struct an_err *err);

/* out->shown, of which *entry is the row of the trail if there is one, and what
 * became cards. */
enum an_code pl_consult_show(struct pl_consultation *k,
                             struct pl_audit_entry *entry, size_t *n_audits,
                             struct pl_dealt *dealt, struct an_err *err);

#endif
