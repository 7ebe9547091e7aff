/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters that training changes: one block of floats in the order of
 * runtime/weights.h, which the runtime reads through its own pointers; and
 * gradients, blocks of the same order.
 *
 * Thread-safety: confined, or shared read-only while a pass runs.
 * Ownership: tr_params_init gets memory, tr_params_release gives it back. */
#ifndef TRAINER_FIT_PARAMS_H
#define TRAINER_FIT_PARAMS_H

#include "runtime/weights.h"

struct tr_params {
    struct rt_tensor tensor[RT_N_WEIGHTS];
    uint64_t n;
    float *value;
    struct rt_model model; /* shape, and pointers into value */
};

struct tr_grads {
#define X(name, kind, rows, cols, what) float *name;
    RT_WEIGHTS(X)
#undef X
};

/* All zero.  AN_CONFIG for a shape that rt_shape_check refuses, AN_NOMEM. */
enum an_code tr_params_init(struct tr_params *p, const struct rt_shape *s,
                            struct an_err *err)
    __attribute__((warn_unused_result));
void tr_params_release(struct tr_params *p);

/* Gradient pointers into a block of p->n floats. */
void tr_grads_at(const struct tr_params *p, float *block, struct tr_grads *g);

/* Random start by seed: matrices N(0, 0.02), those that write to the stream
 * less (by sqrt(2 layers)), norms 1, hazard levels and wide features 0. */
void tr_params_randomize(struct tr_params *p, uint64_t seed);

#endif
