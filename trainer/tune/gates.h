/* SPDX-License-Identifier: Apache-2.0 */
/* A plan's bounds held against what was found.
 *
 * Each is the row of a bound, what is compared with it, and whether it holds.
 * A range of observed over expected or of the slope is left only by an interval
 * that lies outside as a whole; what is not to fall or rise is compared by the
 * end of the interval that says the worst.  A number that could not be found
 * holds nothing.
 *
 * Thread-safety: immutable (functions of their arguments).  Ownership: the
 * arena. */
#ifndef TRAINER_TUNE_GATES_H
#define TRAINER_TUNE_GATES_H

#include "trainer/tune/bench.h"
#include "trainer/tune/parts.h"

struct tr_gate {
    enum tr_bound bound;
    double limit, value;
    bool held;
    bool of_column; /* then an outcome at a horizon, of a group (-1: all) */
    struct tr_column column;
    int group;
    bool before; /* of the package as it came */
};

struct tr_gates {
    struct tr_gate *gate;
    size_t n, size;
};

enum an_code tr_gates_init(struct tr_gates *g, struct an_arena *arena,
                           size_t size, struct an_err *err)
    __attribute__((warn_unused_result));

/* Patients of each split; then the most persons with an outcome, and without, in
 * test; then what moved; then what was measured of the candidate that is taken,
 * groups by their worst.  How many gates at most: TR_GATES_AT_MOST of rows. */
#define TR_GATES_AT_MOST(rows) ((rows)*10 + TR_N_BOUNDS)
void tr_gates_patients(struct tr_gates *g, const struct tr_plan *p,
                       const size_t n[TR_N_SPLITS]);
void tr_gates_events(struct tr_gates *g, const struct tr_plan *p,
                     const struct tr_benches *b);
void tr_gates_parts(struct tr_gates *g, const struct tr_plan *p,
                    const double change[TR_N_PARTS]);
void tr_gates_measures(struct tr_gates *g, const struct tr_plan *p,
                       const struct tr_benches *b, enum tr_side_kind taken);

bool tr_gates_held(const struct tr_gates *g);

#endif
