/* SPDX-License-Identifier: Apache-2.0 */
/* How much earlier than its first record an outcome was foreseen, with a gap:
 * what is recorded in the days before a diagnosis (the referral, the test that
 * makes it) foretells it without anything being gained.
 *
 *     tr_leads(arena, data, &judgement.test, &leads, err);
 *     tr_leads_text(arena, data, &leads, &text, err);
 *
 * A moment counts when nothing of the outcome came for `gap_days` after it,
 * which is asked of those who get it and of those who do not alike.  Moments
 * are the questions of the data set's test patients: only these have features
 * as of then.  All cases of a person are one person's.
 *
 * A person is flagged when a moment that counts has a risk above the threshold;
 * the threshold is such that the share `flagged` of those who never get the
 * outcome is, at most.  So that share is also what chance would find of those
 * who do; who is asked more often is flagged more often, on both sides.  Of who
 * is found, the lead is from the first flagged moment that counts to the
 * outcome.  The interval of the share found takes the threshold as it is, though
 * it was found among people, too.  Where an outcome comes again, it is the next one after the moment.
 *
 * The risk is that of the outcome's longest horizon; an increasing calibration
 * would change nothing.  Death is no diagnosis, and is left out.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena. */
#ifndef TRAINER_EVALUATE_LEAD_H
#define TRAINER_EVALUATE_LEAD_H

#include "base/json_out.h"
#include "trainer/evaluate/predict.h"

enum { TR_LEAD_GAPS = 4, TR_LEAD_FLAGS = 2 };
extern const uint32_t tr_lead_gap_days[TR_LEAD_GAPS];
extern const double tr_lead_flagged[TR_LEAD_FLAGS];

struct tr_lead {
    struct tr_column column;
    uint32_t gap_days;
    double flagged;   /* at most so many of those without it */
    double threshold; /* a risk above it is a flag; NAN: nobody to set it by */
    size_t n_people;  /* who get it */
    size_t n_asked;   /* of them, with a moment that counts */
    size_t n_found;   /* of these, flagged */
    double found;     /* their share; NAN when none was asked */
    double low, high; /* Wilson's 95 % interval of it */
    double quartile[3];        /* lead of those found, days; NAN when none is */
    size_t n_without, n_false; /* who never get it and are asked; flagged */
};

struct tr_leads {
    struct tr_lead *lead; /* by outcome, gap, share */
    size_t n;
};

enum an_code tr_leads(struct an_arena *arena, const struct tr_data *d,
                      const struct tr_predicted *p, struct tr_leads *out,
                      struct an_err *err) __attribute__((warn_unused_result));

enum an_code tr_leads_text(struct an_arena *arena, const struct tr_data *d,
                           const struct tr_leads *leads, struct an_str *text,
                           struct an_err *err)
    __attribute__((warn_unused_result));
/* An array's value. */
void tr_leads_write(const struct tr_data *d, const struct tr_leads *leads,
                    struct an_json_out *w);

#endif
