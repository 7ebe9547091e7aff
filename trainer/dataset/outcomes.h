/* SPDX-License-Identifier: Apache-2.0 */
/* The outcomes of a folder of config/outcomes' form, in order of their file
 * names: the order in which a model has them.
 *
 * Thread-safety: immutable once read.  Ownership: the arena. */
#ifndef TRAINER_DATASET_OUTCOMES_H
#define TRAINER_DATASET_OUTCOMES_H

#include "advice/outcome.h"
#include "trainer/data.h"

struct tr_outcomes {
    const struct adv_outcome *outcome;
    size_t n;
    int32_t death; /* the one that is death and nothing else; -1: none is */
};

/* AN_LIMIT for more than a model can have, AN_IO, AN_NOTFOUND, AN_MISSING when
 * there is none, and what adv_outcome_read says. */
enum an_code tr_outcomes_read(struct an_arena *arena, const char *folder,
                              struct tr_outcomes *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The thresholds of those with one, for the outcomes of the same id. */
void tr_outcomes_thresholds(const struct tr_outcomes *o, struct tr_data *d);

#endif
