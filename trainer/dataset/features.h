/* SPDX-License-Identifier: Apache-2.0 */
/* Which wide features a model has (runtime/wide.h): age, sex, how often
 * somebody was in hospital, which common conditions and medicines they ever
 * had, the last values of common measurements; standardised over the queries
 * of the training patients.
 *
 * Rich ones beside: how often and how recently a common condition stood, how
 * often and how recently a common measurement was made, and the mean, lowest
 * and highest of its values.  Attention averages and does not count, so these
 * are what it cannot find by itself; but they are three times as many weights,
 * which a small cohort does not bear.
 *
 * Thread-safety: confined to the arena. */
#ifndef TRAINER_DATASET_FEATURES_H
#define TRAINER_DATASET_FEATURES_H

#include "base/json_out.h"
#include "runtime/wide.h"
#include "trainer/dataset/labels.h"

/* One patient as the builder of a data set holds them. */
struct tr_case {
    uint64_t key;
    enum tr_split split;
    struct rt_history history;
    double start_days, end_days;
    struct tr_labels labels;
};

struct tr_features {
    struct rt_feature *feature;
    size_t n;
};

/* Chosen by how many training patients have a concept: at least one of
 * `TR_FEATURE_SHARE`.  AN_NOMEM. */
enum { TR_FEATURE_SHARE = 25 };
enum an_code tr_features_choose(struct an_arena *arena,
                                const struct rt_vocabulary *v,
                                const struct tr_case *one, size_t n, bool rich,
                                struct tr_features *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The array that rt_wide_read takes. */
void tr_features_write(const struct tr_features *f,
                       const struct rt_vocabulary *v, struct an_json_out *w);

#endif
