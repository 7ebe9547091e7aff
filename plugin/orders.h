/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of orders that somebody is about to give: of a procedure, itself
 * beside its alternatives; of a drug, what its label says of the dose.
 *
 *     struct pl_orders_ask ask = {.mind = mind, .thinker = thinker,
 *                                 .timeline = &timeline, .reader = &clinician,
 *                                 .order = order, .n_orders = n};
 *     pl_orders_say(&ask, arena, &said, &n, err);
 *
 * Drafts are no facts: nothing of them is stored, and no forecast counts them.
 * What is said goes the way of all suggestions: consult.c keeps it, asks whether
 * it may leave, and tells the trail.
 *
 * Of each procedure that is selected: it and its alternatives of the tables
 * (advice/alternatives.h), else it and the other procedures of the draft that
 * the model knows.  Where the model compares them, its numbers; where it does
 * not, what was published of them, with the model's reason; where nothing was,
 * nothing.  One comparison with numbers is made for a call: that of the first.
 *
 * Of each drug that is selected: the notes of advice/dosing.h, one for a drug, also
 * where they say that something is missing.
 *
 * Another maker, of another kind of order, is a function in the list of
 * orders.c.
 *
 * Thread-safety: that of the thinker.  Ownership: the arena, and views into the
 * orders. */
#ifndef PLUGIN_ORDERS_H
#define PLUGIN_ORDERS_H

#include "base/json.h"
#include "plugin/think.h"

enum pl_order_kind {
    PL_ORDER_SERVICE,    /* ServiceRequest: a procedure, a test */
    PL_ORDER_MEDICATION, /* MedicationRequest */
    PL_ORDER_OTHER
};

struct pl_order {
    uint8_t kind;                /* enum pl_order_kind */
    const struct ctx_code *code; /* the same thing in one system or more */
    size_t n_codes;
    struct an_str resource;      /* "ServiceRequest/7"; "" when it has no id */
    const struct an_json *draft; /* the resource as it was sent */
    bool selected;
};

struct pl_orders_ask {
    const struct pl_mind *mind;
    struct pl_thinker *thinker;
    const struct ctx_timeline *timeline;
    const struct adv_options *reader; /* with the moment */
    uint8_t abstention; /* enum ctx_abstention: the model was asked
                                         of this patient and abstained */
    const struct pl_order *order;
    size_t n_orders;
};

/* Fails as pl_compare and pl_compare_words. */
enum an_code pl_orders_say(const struct pl_orders_ask *ask,
                           struct an_arena *arena,
                           const struct ctx_suggestion **said, size_t *n,
                           struct an_err *err)
    __attribute__((warn_unused_result));

#endif
