/* SPDX-License-Identifier: Apache-2.0 */
/* Logistic regression with a ridge: the plain model that a network has to
 * stand beside.  Newton's method with step halving; the intercept is not
 * penalised; the penalty is l2 / 2 times the sum of squared weights.
 *
 * Thread-safety: immutable (functions of their arguments). */
#ifndef TRAINER_REGRESS_H
#define TRAINER_REGRESS_H

#include "base/err.h"

/* x[n][w] by rows, `row` which of them are used, y[i] of row[i].
 * weight[w + 1]: the last one is the intercept.  AN_NOMEM; AN_TYPE when the
 * numbers do not allow a fit. */
enum an_code tr_regress(const float *x_nw, size_t n_columns,
                        const uint32_t *row, const uint8_t *y, size_t n,
                        double l2, double *weight, struct an_err *err)
    __attribute__((warn_unused_result));

double tr_regress_p(const float *x_w, size_t n_columns, const double *weight);

#endif
