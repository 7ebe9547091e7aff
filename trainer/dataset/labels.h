/* SPDX-License-Identifier: Apache-2.0 */
/* Which questions are asked of a patient's past, and what the answers were.
 *
 * A question is asked at a position, about everybody's future as it was then:
 * what the model reads of it is what was KNOWN at that moment, and a moment
 * whose past was corrected or withdrawn later is not asked at all, since the
 * record no longer says what was known.  Answers are what HAPPENED after it.
 *
 * For outcomes counted from a discharge: every position at most a day after
 * such a discharge, and no other.  For those counted from "now": a sample of
 * `max_asked` positions by `key`.  A position that is asked for one reason
 * answers all outcomes that can be asked there.
 *
 * Not at risk: who had it, is excluded by another condition, or is dead
 * (advice/outcome.h).  Follow-up starts after the outcome's gap (delayed
 * entry; who gets it within the gap is not at risk) and ends with the outcome,
 * death, or the end of observation, whichever comes first.
 *
 * Thread-safety: confined to the arenas.  Ownership: the first arena. */
#ifndef TRAINER_DATASET_LABELS_H
#define TRAINER_DATASET_LABELS_H

#include "runtime/encode.h"
#include "trainer/dataset/cohort.h"
#include "trainer/dataset/outcomes.h"

struct tr_label_how {
    const struct tr_outcomes *outcomes;
    const struct rt_vocabulary *vocabulary;
    uint32_t max_asked;
    uint64_t key;
    int64_t from_us, end_us; /* under observation */
};

struct tr_labels {
    const struct tr_query *query;
    const struct tr_follow_up *follow_up; /* [query][outcome] */
    size_t n_queries;
    size_t n_corrected; /* positions not asked: their past was changed later */
};

/* `all` are the person's events, `t` their timeline as of the end of time, `e`
 * how it is encoded. */
enum an_code tr_labels_make(struct an_arena *arena, struct an_arena *scratch,
                            const struct tr_label_how *how,
                            const struct ctx_event *all, size_t n_all,
                            const struct ctx_timeline *t,
                            const struct rt_encoded *e, struct tr_labels *out,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* One outcome asked at a moment: what became of it. */
struct tr_follow_up tr_label_one(const struct adv_outcome *o,
                                 const struct ctx_timeline *t, int64_t at_us,
                                 int64_t end_us);

#endif
