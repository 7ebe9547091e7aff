/* SPDX-License-Identifier: Apache-2.0 */
/* What the model reads: one patient as flat arrays.
 *
 * A position is a moment, and all that is known to have happened at it: a SET
 * of items, whose order never matters.  Positions stand in order of time, each
 * strictly later than the one before.  A position without items is allowed: it
 * is a moment at which a question is asked.
 *
 *     item  0 1 2 | 3 | 4 5 6 7          concept, parents, value, flag
 *            pos 0  1    2               time, age, gap, days since admission
 *
 * Rows are rows of the model's own tables (runtime/weights.h), never codes:
 * whoever fills these arrays looks codes up in the vocabulary that is part of
 * the model.  An unknown code has concept RT_NO_ROW and whatever parents are
 * known; an item of which nothing is known is left out and counted.
 *
 * A query asks for the risks as known at a position, after its items.  `wide`
 * are features as of that moment for the wide branch, in the order of the
 * model's manifest, standardised.
 *
 * The structs are also what training data sets hold on disk
 * (trainer/dataset/cohort.h): fixed widths, no padding, little-endian.
 *
 * Thread-safety: immutable.  Ownership: views of the caller's arrays. */
#ifndef RUNTIME_HISTORY_H
#define RUNTIME_HISTORY_H

#include "base/arena.h"
#include "base/err.h"

enum { RT_NO_ROW = -1, RT_MAX_PARENTS = 4 };

/* Bits of what an item says besides its concept. */
enum rt_flag {
    RT_FLAG_NONE,
    RT_FLAG_N,
    RT_FLAG_L,
    RT_FLAG_LL,
    RT_FLAG_H,
    RT_FLAG_HH,
    RT_FLAG_A,
    RT_FLAG_AA,
    RT_N_FLAGS
};

struct rt_item {
    int32_t concept;                /* row of `embed`, or RT_NO_ROW */
    int32_t parent[RT_MAX_PARENTS]; /* rows of `embed`; RT_NO_ROW: no more */
    int32_t value_row; /* row of `value_gate`; RT_NO_ROW: there is no value */
    float value_z;     /* standardised per concept and unit */
    uint32_t flag;     /* enum rt_flag */
};

struct rt_position {
    double time_days;           /* from the patient's own origin */
    float age_days;             /* from birth */
    float since_previous_days;  /* 0 at the first of the whole record */
    float since_admission_days; /* negative: not admitted */
    uint32_t first_item;        /* in `item` */
    uint32_t n_items;
    uint32_t zero; /* room for later; must be 0 */
};

_Static_assert(sizeof(struct rt_item) == 32, "stored format");
_Static_assert(sizeof(struct rt_position) == 32, "stored format");

struct rt_history {
    const struct rt_position *position;
    size_t n_positions;
    const struct rt_item *item;
    size_t n_items;
};

struct rt_query {
    uint32_t position;
    const float *wide; /* shape.wide floats; NULL only when that is 0 */
};

struct rt_shape;

/* Every row is inside the model's tables, every number finite, time strictly
 * rising, and the items lie one position after the other without gaps.
 * AN_TYPE or AN_LIMIT otherwise; err->where.path says which. */
enum an_code rt_history_check(const struct rt_history *h,
                              const struct rt_shape *shape, struct an_err *err)
    __attribute__((warn_unused_result));

/* Its positions from `n` on, counted and holding items from 0.  AN_NOMEM. */
enum an_code rt_history_from(struct an_arena *arena, const struct rt_history *h,
                             size_t n, struct rt_history *out,
                             struct an_err *err)
    __attribute__((warn_unused_result));

#endif
