/* SPDX-License-Identifier: Apache-2.0 */
/* People in groups, so that a model which serves one worse than another is seen:
 * by sex, and by age.  A data set says nothing else about whom it is that would
 * be no fact of the record.
 *
 * The groups of sex are everybody and nobody twice, and so are those of age.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena. */
#ifndef TRAINER_EVALUATE_GROUPS_H
#define TRAINER_EVALUATE_GROUPS_H

#include "trainer/evaluate/view.h"

/*        name, text, years from, to below */
#define TR_GROUPS(X)                                                           \
    X(FEMALE, "female", 0, 0)                                                  \
    X(MALE, "male", 0, 0)                                                      \
    X(SEX_UNKNOWN, "sex not known", 0, 0)                                      \
    X(CHILD, "under 18", 0, 18)                                                \
    X(YOUNG, "18 to 39", 18, 40)                                               \
    X(MIDDLE, "40 to 64", 40, 65)                                              \
    X(OLD, "65 to 79", 65, 80)                                                 \
    X(OLDEST, "80 and over", 80, 1000)

enum tr_group {
#define X(name, text, from, to) TR_GROUP_##name,
    TR_GROUPS(X)
#undef X
        TR_N_GROUPS,
    TR_GROUP_FIRST_AGE = TR_GROUP_CHILD
};

/* Below so many a count is not shown, nor what would tell it: who is counted could
 * be found. */
enum { TR_SMALL_COUNT = 10 };

const char *tr_group_text(enum tr_group g);

/* Concepts "sex|female" and "sex|male" of the vocabulary; RT_NO_ROW. */
struct tr_sexes {
    int32_t female, male;
};

struct tr_sexes tr_sexes_of(const struct tr_data *d);
bool tr_sexes_known(const struct tr_sexes *s);

/* What the record says first. */
enum tr_group tr_group_sex(const struct rt_history *h,
                           const struct tr_sexes *s);
enum tr_group tr_group_age(double age_days);

/* Of each question of `p`: the sex of the person, whichever of their cases says
 * it, and the age at the question. */
struct tr_grouped {
    uint8_t *sex_q, *age_q;
    uint8_t *in; /* of the group that is looked at */
    size_t n;
};
enum an_code tr_grouped_init(struct tr_grouped *g, struct an_arena *arena,
                             const struct tr_data *d,
                             const struct tr_predicted *p, struct an_err *err)
    __attribute__((warn_unused_result));

/* How good a model is for a group, at one outcome and horizon; intervals are 95
 * %, by drawing persons. */
struct tr_group_score {
    struct tr_counted count;
    bool enough; /* else the measures are not there */
    struct tr_ratio auroc, level;
};

/* `v` is left looking at the group. */
enum an_code tr_group_look(struct tr_view *v, const struct tr_grouped *g,
                           enum tr_group group, size_t column,
                           struct tr_group_score *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* Which of counts that add up to a total that is said have to be hidden: those
 * from 1 to TR_SMALL_COUNT - 1, and where one alone would follow from the rest
 * the least of what is left, too. */
void tr_counts_hide(const size_t *count, size_t n, bool *hidden);

#endif
