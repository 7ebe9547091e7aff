/* SPDX-License-Identifier: Apache-2.0 */
/* The large matrices of a model, packed once for products of our own.
 *
 *     rt_model_pack(&model, arena, err);
 *     rt_product(&model, RT_UP, layer, y, ldy, x, t);
 *
 * OpenBLAS packs a matrix anew on each call, which for 4 to 64 rows costs more
 * than the product, and its bits depend on the core it found and on the number
 * of rows.  Here the columns stand in panels of 64, each read from one end to
 * the other.  A sum runs along the channels in order, without contraction: the
 * bits of a row depend on the row and the weights alone, whatever stands in the
 * rows beside it and whatever machine it is.
 *
 * A model that was not packed is multiplied by OpenBLAS: the trainer's, whose
 * weights change with each step.
 *
 * Thread-safety: immutable (functions of their arguments) once packed.
 * Ownership: the arena's, as much again as these matrices take. */
#ifndef RUNTIME_PRODUCT_H
#define RUNTIME_PRODUCT_H

#include "base/arena.h"
#include "runtime/weights.h"

/* From how many channels to how many, and whether y is added to; all but the
 * first two are of a layer. */
enum rt_product {
    RT_AGE,       /* c to c, added; layer 0 */
    RT_RATES,     /* c to targets; layer 0 */
    RT_QUERY,     /* c to c */
    RT_KEY_VALUE, /* c to 2c */
    RT_PROJ,      /* c to c, added */
    RT_UP,        /* c to 4c */
    RT_DOWN,      /* 4c to c, added */
    RT_N_PRODUCTS
};

/* AN_NOMEM. */
enum an_code rt_model_pack(struct rt_model *m, struct an_arena *arena,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* Rows of y begin `ldy` floats apart, those of x follow each other. */
void rt_product(const struct rt_model *m, enum rt_product which, int layer,
                float *y, int ldy, const float *x, int t);

#endif
