/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of dataset.h share: dataset.c ranks people and makes the
 * vocabulary, dataset_like.c takes over another's, dataset_case.c makes the
 * cases, dataset_write.c the files.
 *
 * Thread-safety: confined.  Ownership: the arenas of the maker. */
#ifndef TRAINER_DATASET_DATASET_INT_H
#define TRAINER_DATASET_DATASET_INT_H

#include "trainer/dataset/dataset.h"
#include "trainer/dataset/pseudonym.h"

#define TR_US_PER_DAY 86400e6

/* What is being made, and from what. */
struct tr_maker {
    const struct tr_people *people;
    const struct tr_outcomes *outcomes;
    const struct tr_concepts *concepts;
    const struct tr_dataset_how *how;
    struct tr_dataset *out;
    struct an_arena *arena, person, scratch;
    struct tr_pseudonym pseudonym;
    int64_t until_us; /* of the data set */
    struct tr_ranked {
        uint64_t key;
        uint32_t person;
        uint32_t split;
    } * rank;
};

/* One person's past, as it is in the arena `person`. */
struct tr_past {
    const struct ctx_event *all;
    size_t n_all;
    struct ctx_timeline t;
    int64_t from_us, end_us; /* under observation */
    int64_t read_us;         /* the last moment that a model reads */
    bool watched;            /* by a study: trainer/dataset/record.h */
    bool has_birth;
};

/* Whatever was read before is gone. */
enum an_code tr_past_read(struct tr_maker *m, size_t person, struct tr_past *p,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* "now" or "discharge", as vocabulary.json says it. */
struct an_str tr_start_text(const struct adv_outcome *o);

/* The member "outcomes" of vocabulary.json: its name and its value. */
void tr_outcomes_write(const struct tr_outcomes *o, struct an_json_out *w);

/* Vocabulary and features from how->like.  AN_CONFLICT when that has other
 * outcomes, and what reading it says. */
enum an_code tr_like_read(struct tr_maker *m, struct an_err *err)
    __attribute__((warn_unused_result));

/* All cases, in the order of m->rank.  AN_MISSING, AN_NOMEM. */
enum an_code tr_cases_make(struct tr_maker *m, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
