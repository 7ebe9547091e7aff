/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison of procedures in words.
 *
 *     adv_compare(arena, knowledge, &timeline, &comparison, &options,
 *                 &suggestion, &n, err);
 *
 * For each outcome that the reader's kind may read about: so many of 100 with
 * each procedure, the difference from the first, how many people here that
 * rests on, and that it is an association and not an effect.  Where there is no
 * comparison the sentence says why, and then what was published of these
 * procedures (config/tables/procedure-literature.tsv) and, for a clinician, the
 * Charlson index where it applies; no probability is made of either.
 *
 * A patient is told nothing of this kind: nobody asked for them.
 *
 * Thread-safety, ownership: as adv_suggest. */
#ifndef ADVICE_COMPARE_H
#define ADVICE_COMPARE_H

#include "advice/suggest.h"
#include "context/comparison.h"

/* Fails as adv_suggest; AN_TYPE for a probability outside [0,1]. */
enum an_code adv_compare(struct an_arena *arena,
                         const struct adv_knowledge *knowledge,
                         const struct ctx_timeline *timeline,
                         const struct ctx_comparison *comparison,
                         const struct adv_options *options,
                         const struct ctx_suggestion **suggestion,
                         size_t *n_suggestions, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
