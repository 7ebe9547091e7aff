/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/random.h"

#include "base/random.h"
#include "runtime/simd.h"

#include <math.h>

uint64_t tr_key(uint64_t key, uint64_t part)
{
    return an_random_key(key, part);
}

uint64_t tr_draw(uint64_t key, uint64_t i)
{
    return an_random(key, i);
}

/* The bias of a remainder is below n / 2^64. */
uint64_t tr_draw_below(uint64_t key, uint64_t i, uint64_t n)
{
    return tr_draw(key, i) % n;
}

double tr_draw_uniform(uint64_t key, uint64_t i)
{
    return an_random_uniform(key, i);
}

double tr_draw_normal(uint64_t key, uint64_t i)
{
    double u = 1 - tr_draw_uniform(key, 2 * i);
    double v = tr_draw_uniform(key, 2 * i + 1);

    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* 32-bit arithmetic throughout, for the vector units: the finaliser of
 * MurmurHash3 (Appleby, public domain) over a counter. */
RT_CLONES
void tr_drop(float *x, uint64_t n, float p, uint64_t key)
{
    const uint32_t limit = (uint32_t)((double)p * 4294967296.0);
    const float scale = 1.0F / (1.0F - p);
    const uint32_t low = (uint32_t)key, high = (uint32_t)(key >> 32);

    if (limit == 0)
        return;
    for (uint64_t i = 0; i < n; i++) {
        uint32_t h = ((uint32_t)i ^ low) * 0xCC9E2D51U + high;

        h = (h ^ (h >> 16)) * 0x85EBCA6BU;
        h = (h ^ (h >> 13)) * 0xC2B2AE35U;
        h ^= h >> 16;
        x[i] = h < limit ? 0.0F : x[i] * scale;
    }
}
