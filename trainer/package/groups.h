/* SPDX-License-Identifier: Apache-2.0 */
/* Who the people of a data set are, by sex and by age, and how good a model is
 * for each of these: what a card says of representativeness and of fairness.
 *
 * Sex is what the record's first moment says, where the vocabulary has a row
 * for it.  For counts the age is that of the last moment on record; for
 * questions that of the question.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena. */
#ifndef TRAINER_PACKAGE_GROUPS_H
#define TRAINER_PACKAGE_GROUPS_H

#include "trainer/evaluate/judge.h"

/*        name, of sex, years from, to below */
#define TR_GROUPS(X)                                                           \
    X(FEMALE, "female", true, 0, 0)                                            \
    X(MALE, "male", true, 0, 0)                                                \
    X(SEX_UNKNOWN, "sex not known", true, 0, 0)                                \
    X(CHILD, "under 18", false, 0, 18)                                         \
    X(YOUNG, "18 to 39", false, 18, 40)                                        \
    X(MIDDLE, "40 to 64", false, 40, 65)                                       \
    X(OLD, "65 to 79", false, 65, 80)                                          \
    X(OLDEST, "80 and over", false, 80, 1000)

enum tr_group {
#define X(name, text, sex, from, to) TR_GROUP_##name,
    TR_GROUPS(X)
#undef X
        TR_N_GROUPS,
    TR_GROUP_FIRST_AGE = TR_GROUP_CHILD
};

enum {
    /* Fewer people are not counted in a card: they could be found. */
    TR_GROUP_PEOPLE = 10,
    /* Of a group, with and without the outcome, for a figure of it. */
    TR_GROUP_EVENTS = TR_JUDGED_EVENTS
};

/* How good the model is for a group, at one outcome and horizon: as struct
 * tr_score_of.  `n` 0: too few to say. */
struct tr_group_score {
    size_t n, events;
    double auroc, observed_expected;
    struct tr_interval auroc_interval, observed_expected_interval;
};

struct tr_groups {
    bool knows_sex; /* the vocabulary has rows for it */
    size_t people[TR_N_SPLITS], in[TR_N_SPLITS][TR_N_GROUPS];
    /* Not to be said: too few, or what would give those away. */
    bool hidden[TR_N_SPLITS][TR_N_GROUPS];
    const struct tr_group_score *score; /* [column][TR_N_GROUPS] */
    size_t n_columns;
    size_t n_scored; /* that say something */
};

const char *tr_group_text(enum tr_group g);

/* Of a data set and the judgement of a model on its test patients. */
enum an_code tr_groups_find(struct an_arena *arena, const struct tr_data *d,
                            const struct tr_judgement *j, struct tr_groups *out,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* Which of counts that add up to a total that is said have to be hidden: those
 * from 1 to TR_GROUP_PEOPLE - 1, and where they alone would follow from the rest
 * the least of what is left, too. */
void tr_groups_hide(const size_t *count, size_t n, bool *hidden);

#endif
