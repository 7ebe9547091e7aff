/* SPDX-License-Identifier: Apache-2.0 */
/* What is not shown again so soon: the same card over and over teaches people to
 * click cards away.
 *
 *     c = (struct pl_quiet_case){.has_p = true, .p = s->p, .now_us = now_us,
 *                                .shown = shown, .n_shown = n};
 *     if (pl_quiet_judge(&rules, &c) == PL_QUIET_NONE)
 *         show();
 *
 * A showing is of one patient, kind, topic and set of drivers
 * (pl_quiet_drivers): who asks hands over those of the same.  For a while after
 * it, longer where somebody accepted the card or said that it is known or does
 * not apply, the same is not shown to anybody, unless the risk has risen by
 * `rise` since or has crossed a band upwards.  Nothing but a showing that is
 * handed over makes anything quiet: the first is always shown.
 *
 * Where an outcome has a threshold, a risk below it is not shown at all.
 *
 * What is quiet is computed, stored and counted like the rest; only a card is
 * not made of it.
 *
 * Thread-safety: immutable. */
#ifndef PLUGIN_TRUST_QUIET_H
#define PLUGIN_TRUST_QUIET_H

#include "base/arena.h"
#include "base/err.h"
#include "config/options.h"
#include "context/suggestion.h"

/* The numbers are stored: append, never reorder. */
#define PL_QUIETS(X)                                                           \
    X(NONE, "shown")                                                           \
    X(REPEATED, "repeated") /* shown before, within the window */              \
    X(ACCEPTED, "accepted") /* the same, and somebody accepted it */           \
    X(DONE, "done")         /* and said that it is known or done */            \
    X(NOT_APPLICABLE, "not-applicable") /* or that it does not apply */        \
    X(THRESHOLD, "threshold")           /* below that of its outcome */        \
    X(BUDGET, "budget")                 /* no room among the others */

enum pl_quiet {
#define X(name, text) PL_QUIET_##name,
    PL_QUIETS(X)
#undef X
        PL_N_QUIETS
};

const char *pl_quiet_text(unsigned quiet);

/* What somebody said of a card, as far as it matters here.  The numbers are
 * stored. */
enum pl_response {
    PL_RESPONSE_NONE,
    PL_RESPONSE_ACCEPTED,
    PL_RESPONSE_DONE,
    PL_RESPONSE_NOT_APPLICABLE,
    PL_RESPONSE_OTHER, /* overridden for any other reason, or for none */
    PL_N_RESPONSES
};

/* Of a card that was overridden, by the code of the reason: ours, or those of
 * HL7's non-adherence-reason-codes. */
enum pl_response pl_response_of(struct an_str reason);

enum { PL_QUIET_BANDS = 16 };

struct pl_quiet_rules {
    int64_t admitted_us;  /* the window while the patient is an inpatient */
    int64_t otherwise_us; /* and while not; 0: none */
    int64_t accepted_us, done_us, not_applicable_us; /* after a response; the
                                                        longer window counts */
    double rise;                 /* in [0,1]; 0: a rise alone shows nothing */
    double band[PL_QUIET_BANDS]; /* lower bounds in (0,1), growing */
    size_t n_bands;
};

/* The most cards of one answer of that service. */
size_t pl_quiet_room(const struct cfg_options *options, struct an_str service);

/* AN_CONFIG, with the place in `file`, for bands that are no growing per cent
 * over 0 and under 100, and for cds.service_cards that do not say how many. */
enum an_code pl_quiet_rules_of(const struct cfg_options *options,
                               const char *file, struct pl_quiet_rules *out,
                               struct an_err *err)
    __attribute__((warn_unused_result));

/* So far back showings and responses matter. */
int64_t pl_quiet_longest_us(const struct pl_quiet_rules *r);

struct pl_quiet_showing {
    int64_t shown_us;
    bool has_p;
    double p;
    enum pl_response response; /* the last that was given */
    int64_t response_us;       /* when we heard of it */
};

struct pl_quiet_case {
    bool is_admitted;
    bool has_p, has_threshold; /* a threshold is of a risk alone */
    double p, p_threshold;
    int64_t now_us;
    const struct pl_quiet_showing *shown; /* of the same, in any order */
    size_t n_shown;
};

enum pl_quiet pl_quiet_judge(const struct pl_quiet_rules *r,
                             const struct pl_quiet_case *c);

/* A name of what a suggestion rests on, the same in whatever order that stands:
 * the concepts of its evidence; of a score its value too, of a differential the
 * concepts that it lists.  New values of the same concepts are the same drivers.
 * AN_NOMEM, AN_INTERNAL. */
enum an_code pl_quiet_drivers(struct an_arena *arena,
                              const struct ctx_suggestion *s, int64_t *out,
                              struct an_err *err)
    __attribute__((warn_unused_result));

#endif
