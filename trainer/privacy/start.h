/* SPDX-License-Identifier: Apache-2.0 */
/* Where the biases of a private fit start (trainer/fit/start.h says why they do
 * not start at 0).
 *
 * Two things are counted of each person: how often each concept came, with the
 * years under observation; and by outcome the events and the years at risk, in
 * the mean of the person's questions.  Each is shortened to length 1, summed
 * over the people, and blurred once: a Gaussian mechanism of everybody, which
 * the budget has as `start`.  A concept that is rarer than the noise starts at
 * the noise's rate.  All bins of an outcome start at one hazard.
 *
 * Without that (start.noise 0) every concept and outcome starts at one rate that
 * is no fact of the data.
 *
 * Thread-safety: confined, as the private fit is. */
#ifndef TRAINER_PRIVACY_START_H
#define TRAINER_PRIVACY_START_H

#include "trainer/fit/params.h"
#include "trainer/privacy/private.h"

/* Where nothing is known: an event in a month, an outcome in 30 years. */
#define TR_START_RATE_DAYS 30.0
#define TR_START_HAZARD_DAYS 10957.0

enum an_code tr_private_start(struct tr_params *params,
                              const struct tr_cohort *c, struct tr_private *p,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* What one person adds to the sums before they are blurred, in a vector of
 * tr_start_n: no longer than the root of 2.  `patient` is n patients of one
 * person; room for as many floats as the vector has, in doubles. */
size_t tr_start_n(const struct rt_shape *s);
void tr_start_of(const struct tr_cohort *c, const struct rt_shape *s,
                 const uint32_t *patient, size_t n, double *vector);

#endif
