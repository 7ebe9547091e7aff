/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers by counter, as base/random.h has them, and what the trainer
 * draws from them.
 *
 *     uint64_t key = tr_key(tr_key(seed, TR_DRAW_ORDER), epoch);
 *     uint64_t n = tr_draw_below(key, i, 52);
 *
 * Not for secrets.  Thread-safety: immutable. */
#ifndef TRAINER_RANDOM_H
#define TRAINER_RANDOM_H

#include <stdint.h>

/* What a key is for: no two uses share numbers. */
enum tr_draw {
    TR_DRAW_START,
    TR_DRAW_ORDER,
    TR_DRAW_WINDOW,
    TR_DRAW_ITEMS,
    TR_DRAW_UNITS,
    TR_DRAW_FOLDS,
    TR_DRAW_DEATHS
};

/* A key below another. */
uint64_t tr_key(uint64_t key, uint64_t part);

uint64_t tr_draw(uint64_t key, uint64_t i);
uint64_t tr_draw_below(uint64_t key, uint64_t i, uint64_t n); /* n > 0 */
double tr_draw_uniform(uint64_t key, uint64_t i);             /* [0, 1) */
double tr_draw_normal(uint64_t key, uint64_t i);

/* Dropout: x[i] becomes 0 with probability p, else x[i] / (1 - p); the same
 * key gives the same units.  p = 0 does nothing. */
void tr_drop(float *x, uint64_t n, float p, uint64_t key);

#endif
