/* SPDX-License-Identifier: Apache-2.0 */
/* A maker's package and a site's data set, invented: for the tests of tuning.
 *
 * The hazard of "often" is constant over time and a function of two features;
 * death competes at the same hazard for all.  The maker's model says the truth
 * of the maker's people.  It has a small random trunk, which adds nothing to
 * the hazards at first. */
#ifndef TESTS_TUNED_SITE_H
#define TESTS_TUNED_SITE_H

#include "tests/folder.h"
#include "trainer/tune/tune.h"

enum { SITE_OUTCOMES = 2, SITE_WIDE = 2, SITE_DAYS = 365 };

/* What is wrong with what the site says became of people. */
enum site_poison {
    SITE_TRUE,
    SITE_FLIPPED, /* those in training and tuning had it who had not */
    SITE_PERMUTED /* everybody's is somebody else's */
};

struct site_how {
    size_t n[TR_N_SPLITS];
    double factor; /* of the hazard of "often", over the maker's */
    enum site_poison poison;
    uint64_t seed;
};

struct tuned_site {
    struct test_folder maker, package, data;
    struct an_arena arena;
    struct tr_plan plan; /* config/change-control.yaml */
    struct an_public_key key;
    /* what is open */
    struct tr_data d;
    struct tr_fitted fitted;
};

/* Has the maker's package written, with the plan in it; and the site's data.
 * `blast` is a factor of the embedding: 1 for a model that is sound. */
void tuned_site_begin(struct tuned_site *s, const struct site_how *how,
                      float blast);
/* And opens them. */
void tuned_site_open(struct tuned_site *s, const struct site_how *how);
void tuned_site_end(struct tuned_site *s);

/* The site's cohort anew. */
void tuned_site_write(struct tuned_site *s, const struct test_folder *folder,
                      const struct site_how *how);

/* Settings of a short fit. */
struct tr_tune_how tuned_site_how(const struct tuned_site *s);

/* The plan of the tree. */
void tuned_site_plan(struct an_arena *arena, struct tr_plan *plan);

/* What the people of that factor are told: of the test split, observed over
 * expected of "often". */
const struct tr_bench *tuned_site_row(const struct tr_tuned *t);

#endif
