/* SPDX-License-Identifier: Apache-2.0 */
/* What training with noise costs in privacy: the Renyi differential privacy of
 * the Gaussian mechanism on a Poisson sample (Mironov, Talwar and Zhang,
 * arXiv:1908.10530, 3.3), added up over the steps and turned into (epsilon,
 * delta) by Theorem 21 of Balle et al., arXiv:1905.09982.
 *
 *     const struct tr_phase phase = {.rate = 0.04, .noise = 1.5, .steps = 2250};
 *     struct tr_budget b = tr_budget_of(&phase, 1, 1e-5, NULL, 0);
 *     use(b.epsilon);                                          -- 7.329
 *
 * Two data sets are neighbours when one has a person more than the other.
 * `rate` is the chance that a person is in a step's sample, each apart from the
 * others; `noise` the standard deviation of what is added to the sum, over the
 * longest that one person's part of it can be.
 *
 * Orders of which the binomial series has signs are summed with them: the
 * number is exact, where a sum of absolute values is an upper bound.
 *
 * Thread-safety: immutable (functions of their arguments). */
#ifndef TRAINER_PRIVACY_ACCOUNTANT_H
#define TRAINER_PRIVACY_ACCOUNTANT_H

#include "base/err.h"

/* Steps that are alike. */
struct tr_phase {
    double rate;  /* [0, 1] */
    double noise; /* > 0; 0 is no privacy: an infinite cost */
    int64_t steps;
};

struct tr_budget {
    double epsilon;
    double order; /* at which it is least; 0: without any cost */
};

/* The orders that are tried unless others are named: 1.1 to 10.9 in tenths, 11
 * to 63, 128, 256, 512, 1024. */
#define TR_ORDERS_TEXT "1.1 to 10.9 in tenths, 11 to 63, 128, 256, 512, 1024"

/* Of one step at an order above 1; INFINITY when it has none. */
double tr_renyi(double rate, double noise, double order);

/* From the cost at each order to epsilon. */
struct tr_budget tr_budget_convert(const double *renyi, const double *order,
                                   size_t n, double delta);

/* Of all phases; order NULL: those above.  delta in (0, 1). */
struct tr_budget tr_budget_of(const struct tr_phase *phase, size_t n_phases,
                              double delta, const double *order, size_t n);

/* The least noise, to a thousandth of it, with which so many steps and one
 * other phase (NULL: none) cost at most epsilon.  AN_LIMIT when even
 * TR_MOST_NOISE costs more. */
#define TR_MOST_NOISE 1e4
enum an_code tr_noise_for(double rate, int64_t steps,
                          const struct tr_phase *other, double delta,
                          double epsilon, double *noise, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
