/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

/* The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static const uint64_t golden = UINT64_C(0x9E3779B97F4A7C15);

uint64_t an_random_key(uint64_t key, uint64_t part)
{
    return mix(mix(key + golden) ^ (part + 1) * golden);
}

uint64_t an_random(uint64_t key, uint64_t i)
{
    return mix(key + (i + 1) * golden);
}

double an_random_uniform(uint64_t key, uint64_t i)
{
    return (double)(an_random(key, i) >> 11) * 0x1p-53;
}
