/* SPDX-License-Identifier: Apache-2.0 */
/* Who the people of a data set are, by sex and by age, and how good a model is
 * for each of these: what a card says of representativeness and of fairness.
 *
 * For counts the age is that of the last moment on record; for questions that
 * of the question.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena. */
#ifndef TRAINER_PACKAGE_GROUPS_H
#define TRAINER_PACKAGE_GROUPS_H

#include "trainer/evaluate/groups.h"
#include "trainer/evaluate/judge.h"

struct tr_groups {
    bool knows_sex; /* the vocabulary has rows for it */
    size_t people[TR_N_SPLITS], in[TR_N_SPLITS][TR_N_GROUPS];
    /* Not to be said: too few, or what would give those away. */
    bool hidden[TR_N_SPLITS][TR_N_GROUPS];
    /* [column][TR_N_GROUPS]; enough only if TR_SMALL_COUNT people had it */
    const struct tr_group_score *score;
    size_t n_columns;
    size_t n_scored; /* that say something */
};

/* Of a data set and the judgement of a model on its test patients. */
enum an_code tr_groups_find(struct an_arena *arena, const struct tr_data *d,
                            const struct tr_judgement *j, struct tr_groups *out,
                            struct an_err *err)
    __attribute__((warn_unused_result));

#endif
