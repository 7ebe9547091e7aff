/* SPDX-License-Identifier: Apache-2.0 */
/* What an attack that was seen to work says of epsilon: with (epsilon, delta)
 * no test of whether somebody was among the training people has
 * TPR > e^epsilon FPR + delta (Kairouz, Oh and Viswanath, ICML 2015), so that
 * epsilon is at least log((TPR - delta) / FPR).
 *
 * Thread-safety: immutable (functions of their arguments). */
#ifndef TRAINER_PRIVACY_BOUND_H
#define TRAINER_PRIVACY_BOUND_H

#include "trainer/evaluate/stats.h"

/* Of `yes` among n > 0: what the share is, with this confidence (0.95) to both
 * sides; exact (Clopper and Pearson 1934), so never too narrow. */
struct tr_interval tr_share_interval(size_t yes, size_t n, double confidence);

/* How often an attack was right of those who were in, and wrong of the others. */
struct tr_attack {
    size_t hits, members, alarms, others;
};

/* The least epsilon that this allows, with this confidence: each share at the
 * end of its interval that speaks for privacy; 0 when it says nothing.
 * With `round` the attack is turned round, and names those who were not in.
 * Which way, and the attack, are chosen before, on other people. */
double tr_epsilon_at_least(const struct tr_attack *a, bool round, double delta,
                           double confidence);

#endif
