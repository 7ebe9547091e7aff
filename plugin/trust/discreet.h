/* SPDX-License-Identifier: Apache-2.0 */
/* What of a record may be used for whom: the one place where labels are
 * honoured.
 *
 *     ctx_consent_of(&history.timeline, &history.consents, now_us, &consent);
 *     pl_discreet(arena, &history.timeline, policy->permitted[audience],
 *                 &consent, &view, err);
 *     think(&view.timeline);                  -- model, evidence, scores, words
 *     if (view.n_withheld)
 *         say_that_some_records_are_restricted();
 *
 * Whoever makes anything out of a record, or shows it, asks for a view first
 * and sees no event that is not in it.  An event is as confidential as its own
 * labels and those of the visit that it belongs to (its admission, transfers
 * and discharge); birth, sex and death belong to no visit.  Very restricted is
 * permitted to nobody.
 *
 * What the patient denies is permitted to nobody either, whatever the site says;
 * of one who has opted out the view is empty.  Consents themselves are in no
 * view: they are about what may be seen.
 *
 * Thread-safety: immutable.  Ownership: the view's list is the arena's, or the
 * timeline's own where nothing is labelled; the events are the timeline's. */
#ifndef PLUGIN_TRUST_DISCREET_H
#define PLUGIN_TRUST_DISCREET_H

#include "base/arena.h"
#include "config/options.h"
#include "context/consent.h"
#include "context/timeline.h"

struct pl_view {
    struct ctx_timeline timeline;
    bool opted_out;
    size_t n_withheld;
    unsigned needs; /* what must be permitted to who sees all of it, with
                       CTX_LABEL_VIP if the patient is one */
};

/* `permitted`: of enum ctx_label.  AN_NOMEM. */
enum an_code pl_discreet(struct an_arena *arena, const struct ctx_timeline *all,
                         unsigned permitted, const struct ctx_consent *consent,
                         struct pl_view *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The labels that a list of the option `sensitive` names; *ok becomes false
 * where a word is none that can be permitted. */
unsigned pl_permitted(const struct cfg_texts *names, bool *ok);

#endif
