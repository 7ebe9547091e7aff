/* SPDX-License-Identifier: Apache-2.0 */
/* From a cohort to packs: which patients, which part of a long record, what is
 * scored, what is hidden.
 *
 * A record longer than the model reads keeps its first position (birth, sex)
 * and a stretch of the rest: a random one in training, the last in evaluation.
 * In training some items lose their concept (their parents stay, so that the
 * fallback for unknown codes is learned) and some lose their value; what is
 * predicted is never hidden.
 *
 * Thread-safety: a feed is confined; the cohort is only read.
 * Ownership: tr_feed_init gets memory; the pack's arrays are the feed's, and
 * live until its next pack. */
#ifndef TRAINER_FIT_FEED_H
#define TRAINER_FIT_FEED_H

#include "trainer/dataset/cohort.h"
#include "trainer/fit/pass.h"

struct tr_feed {
    const struct tr_cohort *cohort;
    const struct rt_shape *shape;
    int32_t max_rows;
    struct tr_pack pack;
    /* what the pack points into */
    struct rt_position *position;
    struct rt_item *item;
    struct rt_history *seq;
    struct tr_score *score;
    int32_t *target, *query_row;
    float *query_weight, *wide_qw, *exposure_qkj, *event_qkj;
    size_t n_items, n_targets;
    size_t max_items, max_targets, max_queries, max_seqs;
};

struct tr_feed_how {
    bool training; /* random windows and hidden items */
    float hide;    /* share of concepts and of values hidden */
    uint64_t key;
};

/* `rows` is at least shape->positions. */
enum an_code tr_feed_init(struct tr_feed *f, const struct tr_cohort *cohort,
                          const struct rt_shape *shape, int32_t rows,
                          struct an_err *err)
    __attribute__((warn_unused_result));
void tr_feed_release(struct tr_feed *f);

/* Rows that a patient takes. */
int32_t tr_feed_rows(const struct tr_cohort *c, const struct rt_shape *shape,
                     size_t patient);

/* Begin an empty pack. */
void tr_feed_begin(struct tr_feed *f, uint64_t noise_key);
/* Add a patient; false (and no change) when the pack has no room for them. */
bool tr_feed_add(struct tr_feed *f, size_t patient,
                 const struct tr_feed_how *how);

/* What a follow-up is in each bin: days under observation, and the event. */
void tr_follow_up_bins(const struct tr_follow_up *f,
                       const struct rt_shape *shape, float *exposure_j,
                       float *event_j);

/* Observed time before position i + 1 (or the end, after the last) that rates
 * are learned from; 0 when none is. */
double tr_observed_days(const struct rt_history *h, const struct tr_patient *p,
                        size_t i);

#endif
