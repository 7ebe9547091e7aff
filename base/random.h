/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers by counter: the i-th number of a key is a function of both,
 * so that a resumed or re-ordered run draws the same ones, and nothing has to
 * be stored.
 *
 *     uint64_t key = an_random_key(seed, future);
 *     double u = an_random_uniform(key, i);
 *
 * Not for secrets.  Thread-safety: immutable. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

/* A key below another. */
uint64_t an_random_key(uint64_t key, uint64_t part);

uint64_t an_random(uint64_t key, uint64_t i);
double an_random_uniform(uint64_t key, uint64_t i); /* [0, 1) */

#endif
