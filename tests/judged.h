/* SPDX-License-Identifier: Apache-2.0 */
/* A model that says the truth about invented people, in a folder as `fit` and
 * `dataset` write them: for the tests of what judges models.
 *
 * Of the three outcomes the last is death; each hazard is constant over time
 * and a function of the two wide features, which are what the model is made
 * of.  Its trunk is empty. */
#ifndef TESTS_JUDGED_H
#define TESTS_JUDGED_H

#include "tests/folder.h"
#include "trainer/evaluate/judge.h"

enum {
    JUDGED_OUTCOMES = 3,
    JUDGED_WIDE = 2,
    JUDGED_HORIZONS = 2,
    JUDGED_POSITIONS = 64 /* at most, and what the model reads */
};

struct judged {
    struct test_folder folder;
    struct an_arena arena;
    uint8_t vocabulary_sha256[TR_DIGEST_BYTES];
};

/* Who is in which split, and for how long they are watched. */
struct judged_how {
    size_t n[TR_N_SPLITS];
    double lost_per_day; /* hazard of being lost; 0: nobody is */
    double end_days;     /* and when observation ends for all */
    bool not_at_risk;    /* everyone fifth has outcome 0 already */
    uint64_t seed;
    uint32_t n_positions; /* of each, ten days apart; 0: two */
};

extern const uint32_t judged_horizon_days[JUDGED_HORIZONS];

void judged_begin(struct judged *j);
void judged_end(struct judged *j);

/* vocabulary.json and cohort.bin. */
void judged_write_data(struct judged *j, const struct judged_how *how);
/* model.safetensors, with fit.json; with a manifest.json in its place when
 * `map` is given, for each outcome and horizon. */
void judged_write_model(struct judged *j, const struct rt_calibration *map);

/* Begins, writes both, and has the model judged; judged_end ends. */
void judged_judge(struct judged *j, const struct judged_how *how,
                  struct tr_judgement *out);

/* What the truth is. */
double judged_risk(int outcome, const float wide[JUDGED_WIDE],
                   double horizon_days);

#endif
