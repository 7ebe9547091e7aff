/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a model that a plan binds, and what keeps a fit within them:
 *
 *     wide    the linear branch
 *     heads   what reads the trunk: biases of rates and hazards, hazards
 *     trunk   everything before that; the embedding, which the rates read too
 *
 * How far a part is from where it started is the length of the difference over
 * the length of the start (root of the sum of squares, in double).  A block is
 * kept in the ball of each part's bound by shortening the difference; of a part
 * with the bound 0, or that starts at nothing, the bytes are put back.
 *
 * Thread-safety: immutable once made.  Ownership: the start is borrowed. */
#ifndef TRAINER_TUNE_PARTS_H
#define TRAINER_TUNE_PARTS_H

#include "trainer/fit/params.h"
#include "trainer/tune/plan.h"

enum tr_part { TR_PART_WIDE, TR_PART_HEADS, TR_PART_TRUNK, TR_N_PARTS };

enum tr_part tr_part_of(enum rt_weight_id tensor);
const char *tr_part_text(enum tr_part part);

struct tr_parts {
    const float *start; /* a block in the order of runtime/weights.h */
    double length[TR_N_PARTS], bound[TR_N_PARTS];
};

void tr_parts_init(struct tr_parts *s, const struct rt_shape *shape,
                   const float *start, const struct tr_plan *plan);

/* Any of them may move. */
bool tr_parts_move(const struct tr_parts *s);

/* A struct tr_fit_from's hold; `parts` is a struct tr_parts. */
void tr_parts_hold(const void *parts, const struct tr_params *p, float *block);

/* 0 of a part that starts at nothing and is nothing still, else infinite. */
void tr_parts_change(const struct tr_parts *s, const struct rt_shape *shape,
                     const float *block, double change[TR_N_PARTS]);

#endif
