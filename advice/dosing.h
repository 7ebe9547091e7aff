/* SPDX-License-Identifier: Apache-2.0 */
/* Notes on the dose of a drug that is about to be ordered: what a label says of
 * it at this patient's kidney function, age and weight, with the equation, its
 * inputs and the source.
 *
 *     adv_dosing(arena, &agreed.timeline, &options, code, n_codes,
 *                &suggestion, &n, err);
 *
 * What can be said stands in config/tables/dosing.tsv, a short list that was
 * read in its sources; which codes mean a drug in config/tables/dosing-drugs.tsv
 * (RxNorm and ATC).  For each row of an ordered drug:
 *   it applies           a note: what the source says, the estimate, its inputs
 *                        with their dates as evidence, source and equation as
 *                        citations
 *   it does not apply    nothing
 *   that cannot be told  one note for the drug that abstains, and names all
 *                        that is missing
 * Of a drug without a row nothing is said, and nothing of a row after its last
 * day.  Silence is not a finding: no note says that a dose is right.
 *
 * Nothing is guessed.  No estimate is made for people under 18 or over 120, of
 * a sex that is neither female nor male, of a creatinine older than
 * ADV_DOSING_CREATININE_DAYS, of a weight older than ADV_DOSING_WEIGHT_DAYS, of
 * what is preliminary, inexact, implausible or in a unit that context/unit.h
 * does not convert.
 *
 * For clinicians and nurses; patients and planners get nothing.  After a
 * recorded death nothing is said.
 *
 * Thread-safety: a call is confined to its arena.
 * Ownership: as adv_suggest. */
#ifndef ADVICE_DOSING_H
#define ADVICE_DOSING_H

#include "advice/suggest.h"

enum {
    ADV_DOSING_CREATININE_DAYS = 90,
    ADV_DOSING_WEIGHT_DAYS = 180,
    ADV_DOSING_YOUNGEST_YEARS = 18,
    ADV_DOSING_OLDEST_YEARS = 120
};

/* `timeline`: with one birth date and one sex, as ctx_agree leaves it, so that
 * what senders dispute is missing here.  `drug`: the codings of one order or of
 * several, in any order; a drug that is meant by several is noted once.  Fails
 * as adv_suggest. */
enum an_code adv_dosing(struct an_arena *arena,
                        const struct ctx_timeline *timeline,
                        const struct adv_options *options,
                        const struct ctx_code *drug, size_t n_drugs,
                        const struct ctx_suggestion **suggestion,
                        size_t *n_suggestions, struct an_err *err)
    __attribute__((warn_unused_result));

/* How many rows there are, and of how many the last day is before `now`, at the
 * offset of `now`. */
size_t adv_dosing_rows(struct an_time now, size_t *n_expired);

/* Creatinine clearance in mL/min by Cockcroft and Gault 1976
 * (doi:10.1159/000180580), from actual weight; adults. */
double adv_cockcroft_gault(double creatinine_mg_dl, double weight_kg,
                           int32_t age_years, bool female);

#endif
