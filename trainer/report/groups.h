/* SPDX-License-Identifier: Apache-2.0 */
/* The people who are asked about in groups, so that a model which serves one
 * worse than another is seen: by sex, and by age at the question.  A data set
 * says nothing else about whom it is that would be no fact of the record.
 *
 *     tr_groups_init(&g, arena, data, &judgement.test, err);
 *     for (p = 0; p < TR_N_PARTITIONS; p++)
 *         for (k = 0; k < tr_partition_groups(p); k++)
 *             tr_group_look(&view, &g, p, k, column, &row, err);
 *
 * The groups of a partition are everybody, and nobody twice.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena. */
#ifndef TRAINER_REPORT_GROUPS_H
#define TRAINER_REPORT_GROUPS_H

#include "trainer/report/view.h"

enum tr_partition { TR_BY_SEX, TR_BY_AGE, TR_N_PARTITIONS };

/* Of sex: female, male, neither known; of age: years from 0, 18, 40, 65, 80. */
enum { TR_N_SEXES = 3, TR_N_AGES = 5, TR_MOST_GROUPS = 5 };

struct tr_groups {
    uint8_t *group[TR_N_PARTITIONS]; /* [question] */
    uint8_t *in;                     /* of the group that is looked at */
    size_t n;
};

enum an_code tr_groups_init(struct tr_groups *g, struct an_arena *arena,
                            const struct tr_data *d,
                            const struct tr_predicted *p, struct an_err *err)
    __attribute__((warn_unused_result));

size_t tr_partition_groups(enum tr_partition p);
const char *tr_partition_text(enum tr_partition p);
const char *tr_partition_group(enum tr_partition p, size_t group);

struct tr_group {
    struct tr_counted count;
    bool enough; /* else the measures are not there */
    struct tr_ratio auroc, level;
};

/* One group of a column; `v` is left looking at it. */
enum an_code tr_group_look(struct tr_view *v, const struct tr_groups *g,
                           enum tr_partition p, size_t group, size_t column,
                           struct tr_group *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* Which of n counts are not to be shown: those from 1 to TR_SMALL_COUNT - 1,
 * and where that hides one alone, whose value the sum of all would tell, the
 * least of the others, too. */
void tr_counts_hide(const size_t *count, size_t n, bool *hidden);

#endif
