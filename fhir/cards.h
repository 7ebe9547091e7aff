/* SPDX-License-Identifier: Apache-2.0 */
/* Suggestions as the answer of a CDS Hooks 2.0 service.
 *
 * A card is a suggestion that does not abstain: its summary is what fits of
 * the statement's first line in whole sentences, or else the title, below 140
 * characters;
 * its detail is Markdown with the statement, why, the sources, the model and
 * the moment.  What came out of a message is escaped, so that it can neither
 * draw nor link.  No card is ever "critical", none acts by itself, and each has
 * the same uuid when the same call is answered again, so that feedback finds it;
 * so has each of its suggestions.
 *
 * A proposal (context/suggestion.h) becomes a suggestion of one action: to
 * create a ServiceRequest that is a draft and a proposal, of the call's patient,
 * labelled as all that we write.  It makes a card of a score that abstains for
 * want of an input, too.  Without the call's patient there is none.
 *
 * `silent` (off, shadow, a trial's other arm) gives {"cards":[]}.
 *
 * Thread-safety: confined to the arena; settings immutable.
 * Ownership: the arena. */
#ifndef FHIR_CARDS_H
#define FHIR_CARDS_H

#include "fhir/write.h"

enum { FHIR_CARDS_BYTES = 1 << 20, FHIR_SUMMARY_CHARACTERS = 139 };

/* The few words of the detail that are not the suggestion's own, in its
 * language; all empty is English. */
struct fhir_card_words {
    struct an_str why, sources, model, as_of, partial;
};

struct fhir_card_settings {
    struct an_str url;  /* of the source, and of a link; "" leaves both out */
    struct an_str icon; /* of the source; "" leaves it out */
    struct an_str smart_url; /* of a SMART app to be launched; "": no link */
    double p_warning;        /* a risk from here on is "warning"; 0:
                                         all are "info" */
    const struct ctx_code *override_reason; /* of the receiver's terminology */
    size_t n_override_reasons;              /* 0: fhir_override_reasons */
    struct fhir_card_words words;
};

/* Ours: system "/override-reason" under fhir_write_settings.own.  The drafts of
 * CDS Hooks 3.0 have a code system of their own
 * (http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes), as an
 * example, about why an action was not taken.  Most of our cards propose none:
 * what a site has to learn of them is whether the data or the estimate was
 * wrong, which that list cannot say.  A site that wants it configures it as
 * `override_reason`. */
enum { FHIR_N_OVERRIDE_REASONS = 5 };
extern const struct ctx_code fhir_override_reasons[FHIR_N_OVERRIDE_REASONS];

struct fhir_card_call {
    struct an_str hook_instance;
    struct an_str patient_id, encounter_id; /* the client's; "" for none */
    bool partial; /* not all of what was asked for has been sent */
    bool silent;
};

/* Left out and refused as in fhir_write, but that a patient needs no identifier
 * system, and that a comparison is a card. */
enum an_code fhir_cards(struct an_arena *arena,
                        const struct fhir_write_settings *s,
                        const struct fhir_card_settings *card,
                        const struct fhir_card_call *call,
                        const struct fhir_who *who,
                        const struct fhir_saying *what, struct an_str *json,
                        struct an_err *err) __attribute__((warn_unused_result));

/* The id of the card: over "card|", the hook instance, "|" and the id of the
 * suggestion, in fhir_space, joined as in fhir_suggestion_id. */
enum an_code fhir_card_id(struct an_arena *arena, struct an_str hook_instance,
                          const struct an_uuid *suggestion, struct an_uuid *id,
                          struct an_err *err)
    __attribute__((warn_unused_result));

#endif
