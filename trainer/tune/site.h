/* SPDX-License-Identifier: Apache-2.0 */
/* A site's data set as tuning sees it: whether nobody is in two splits, how many
 * are in each, and who is in which group.
 *
 * A group is a sex, as the record says it (concepts "sex|female", "sex|male"), or
 * a band of age at the question.
 *
 * Thread-safety: immutable (functions of their arguments). */
#ifndef TRAINER_TUNE_SITE_H
#define TRAINER_TUNE_SITE_H

#include "trainer/data.h"
#include "trainer/evaluate/predict.h"

#define TR_AGE_BANDS(X)                                                        \
    X("age 0-17", 0, 18)                                                       \
    X("age 18-44", 18, 45)                                                     \
    X("age 45-64", 45, 65)                                                     \
    X("age 65-79", 65, 80)                                                     \
    X("age 80-", 80, 200)

enum { TR_GROUP_FEMALE, TR_GROUP_MALE, TR_GROUP_AGES, TR_N_GROUPS = 7 };

const char *tr_group_text(int group);

/* Persons of each split.  AN_CONFLICT when one is in two, with the number of
 * the patient, from 1, as the line. */
enum an_code tr_site_count(struct an_arena *arena, const struct tr_cohort *c,
                           size_t n[TR_N_SPLITS], struct an_err *err)
    __attribute__((warn_unused_result));

/* in[q] has bit g when question q of `p` is of group g. */
enum an_code tr_site_groups(struct an_arena *arena, const struct tr_data *d,
                            const struct tr_predicted *p, uint8_t **in,
                            struct an_err *err)
    __attribute__((warn_unused_result));

#endif
