/* SPDX-License-Identifier: Apache-2.0 */
/* What a patient has forbidden: the events of kind CONSENT.
 *
 *     ctx_consent_of(&history.timeline, &history.consents, now_us, &consent);
 *     if (consent.all)
 *         say_nothing_and_say_so();
 *
 * A consent is one event for each thing that it denies, all versions of one
 * fact; its concept is "deny" or "permit" of CTX_CONSENT_SYSTEM, its value a
 * word: "everything", a label's (context/label.h) or a kind's
 * (context/event.h).  A word that is none of these is everything.  A permit is
 * kept and opens nothing: it only takes the place of what the same consent said
 * before.
 *
 * A deny holds from when it was said, whatever beginning it names, until the
 * end of the period that it names.  As with labels, who looks back is bound by
 * what was known then and by what is known since.
 *
 * Thread-safety: immutable. */
#ifndef CONTEXT_CONSENT_H
#define CONTEXT_CONSENT_H

#include "context/timeline.h"

#define CTX_CONSENT_SYSTEM "http://hl7.org/fhir/consent-provision-type"
#define CTX_CONSENT_ALL "everything"

struct ctx_consent {
    bool all;        /* the patient has opted out */
    unsigned labels; /* of enum ctx_label: permitted to nobody */
    uint32_t kinds;  /* bit i is enum ctx_kind i: left out for everybody */
};

/* A deny that has been given: not withdrawn, nor only proposed. */
bool ctx_consent_is_deny(const struct ctx_event *e);

/* `then` is a timeline as of the asked moment, `known` the same as of all that
 * was said (only their consents count), `at_us` the moment. */
void ctx_consent_of(const struct ctx_timeline *then,
                    const struct ctx_timeline *known, int64_t at_us,
                    struct ctx_consent *out);

#endif
