/* SPDX-License-Identifier: Apache-2.0 */
/* Random models and invented histories for the tests of runtime/ and trainer/,
 * the same for the same seed. */
#ifndef TESTS_MODEL_RANDOM_H
#define TESTS_MODEL_RANDOM_H

#include "base/arena.h"
#include "runtime/history.h"
#include "runtime/weights.h"

struct test_random {
    uint64_t state;
};

/* In [0, 1), and standard normal. */
double test_uniform(struct test_random *r);
double test_normal(struct test_random *r);
int test_below(struct test_random *r, int n);

/* A small shape with every part, or Delphi's parts only. */
struct rt_shape test_shape(void);
struct rt_shape test_shape_plain(void);
/* The size of the embedded default, with every part. */
struct rt_shape test_shape_embedded(void);

/* Weights of plausible size in the arena. */
float *test_model(struct rt_model *m, struct an_arena *arena,
                  const struct rt_shape *s, struct test_random *r);

/* n positions, 0 to 4 items each, some values, flags, parents. */
struct rt_history test_history(struct an_arena *arena, const struct rt_shape *s,
                               size_t n, struct test_random *r);

float *test_wide(struct an_arena *arena, const struct rt_shape *s,
                 struct test_random *r);

/* Largest absolute difference. */
double test_max_diff(const float *a, const float *b, size_t n);

#endif
