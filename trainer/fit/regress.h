/* SPDX-License-Identifier: Apache-2.0 */
/* Regressions with a ridge.  Logistic: the plain model that a network has to
 * stand beside.  Poisson: where the wide branch starts, since a hazard that is
 * constant in each bin gives the likelihood of a count.  Newton's method with
 * step halving; the intercept is not penalised; the penalty is l2 / 2 times
 * the sum of squared weights.
 *
 * Thread-safety: immutable (functions of their arguments). */
#ifndef TRAINER_FIT_REGRESS_H
#define TRAINER_FIT_REGRESS_H

#include "base/err.h"

struct tr_regression {
    const float *x_nw; /* by rows of n_columns */
    size_t n_columns;
    const uint32_t *row; /* which rows are used */
    const float *y;      /* y[i] of row[i]: 0 or 1; events when counted */
    size_t n;
    /* NULL: logistic.  Else Poisson, expected[i] being the count of row[i]
     * where the weights are all 0. */
    const double *expected;
    /* Poisson: as many events beside, at the rate that was expected, of nobody;
     * keeps the intercept finite where there are none. */
    double unseen;
    double l2;
};

/* weight[n_columns + 1]: the last one is the intercept.  It starts at what is
 * there, so that neighbours of a path of penalties help each other.  AN_NOMEM;
 * AN_TYPE when the numbers do not allow a fit. */
enum an_code tr_regress(const struct tr_regression *r, double *weight,
                        struct an_err *err) __attribute__((warn_unused_result));

/* What the weights make of one row: on the scale of log-odds or log-rates. */
double tr_regress_line(const float *x_w, size_t n_columns,
                       const double *weight);
/* As a probability, of a logistic one. */
double tr_regress_p(const float *x_w, size_t n_columns, const double *weight);

#endif
