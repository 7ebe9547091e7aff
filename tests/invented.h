/* SPDX-License-Identifier: Apache-2.0 */
/* Invented events for property tests: the same seed gives the same ones. */
#ifndef TESTS_INVENTED_H
#define TESTS_INVENTED_H

#include "base/arena.h"
#include "context/event.h"

struct test_rng {
    uint64_t state;
};

/* Uniform below n, n > 0. */
uint64_t test_rng_below(struct test_rng *r, uint64_t n);
void test_shuffle(struct test_rng *r, size_t *order, size_t n);

/* An event drawn from few facts, times and messages, so that versions, ties
 * and repeats abound.  Its strings are literals or the arena's. */
struct ctx_event test_event(struct test_rng *r, struct an_arena *arena);

/* Every field at random, as strange as the type allows. */
struct ctx_event test_strange_event(struct test_rng *r, struct an_arena *arena);

/* The events as one text with every field in it: equal texts, equal events. */
struct an_str test_event_text(struct an_arena *arena,
                              const struct ctx_event *const *event, size_t n);

#endif
