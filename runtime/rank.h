/* SPDX-License-Identifier: Apache-2.0 */
/* The differential: which of some concepts is recorded next.  Rates compete,
 * so the chance that k is the first of the listed ones within h days is
 * rate_k / R (1 - exp(-R h)), R being the sum of the listed rates.
 *
 * Thread-safety: immutable (a function of its arguments). */
#ifndef RUNTIME_RANK_H
#define RUNTIME_RANK_H

#include <stddef.h>
#include <stdint.h>

struct rt_next {
    int32_t concept;
    double p;
};

/* The `max` likeliest of `among` (rows below shape.targets, each once),
 * likeliest first, lower row first among equals.  Returns how many. */
size_t rt_rank(const float *log_rate_v, const int32_t *among, size_t n_among,
               double horizon_days, struct rt_next *next, size_t max);

/* How many of them have at least that share of all their rates, and one where
 * none has: the likeliest so many are the set of a conformal threshold (LAC,
 * Sadinle et al. 2019; trainer/evaluate/differential.h finds it).  0:
 * of none. */
size_t rt_rank_needed(const float *log_rate_v, const int32_t *among,
                      size_t n_among, double threshold);

#endif
