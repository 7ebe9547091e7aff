/* SPDX-License-Identifier: Apache-2.0 */
/* Which suggestions become cards of a CDS call, and why others do not.
 *
 *     d = (struct pl_deal){.rules = rules, .mind = mind, .said = said,
 *                          .service = service, .instance = instance, ...};
 *     n = all that may leave;
 *     pl_deal_cards(arena, &d, place, &n, &dealt, err);
 *     for (i = 0; i < n; i++)
 *         show(&said[place[i]]);
 *
 * First those that may leave are put in the order of choose.h, one for each
 * outcome; then what is below the threshold of its outcome, or was shown not long
 * ago, is held back (trust/quiet.h); then as many as there is room for are taken.
 * What the same call was answered with before counts for nothing: a client that
 * asks again gets the same cards.
 *
 * Thread-safety: immutable.  Ownership: the arena's. */
#ifndef PLUGIN_DEAL_H
#define PLUGIN_DEAL_H

#include "plugin/store/conclude.h"
#include "plugin/store/feedback.h"
#include "plugin/think.h"

struct pl_deal {
    const struct pl_quiet_rules *rules;
    const struct pl_mind *mind; /* whose outcomes have thresholds */
    const struct ctx_suggestion *said;
    const struct pl_saying *saying; /* of each: its resource */
    struct an_str service, instance;
    bool is_admitted; /* the patient is an inpatient now */
    int64_t now_us;
    size_t room;                  /* 0: for all */
    const struct pl_shown *shown; /* of the patient, of late */
    size_t n_shown;
};

/* place[0..*n) are the places in `said` of what may leave; of those that are
 * shown afterwards.  *card has these and those that are held back; its n is
 * *n_cards.  AN_NOMEM, AN_INTERNAL, AN_TYPE (a resource that is no UUID). */
enum an_code pl_deal_cards(struct an_arena *arena, const struct pl_deal *d,
                           size_t *place, size_t *n,
                           const struct pl_card **card, size_t *n_cards,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* Whether an admission as an inpatient is open at that moment. */
bool pl_is_inpatient(const struct ctx_timeline *t, int64_t now_us);

#endif
