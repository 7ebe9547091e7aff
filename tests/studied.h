/* SPDX-License-Identifier: Apache-2.0 */
/* An invented cohort study, and data sets from it: tests/trainer_dataset_*.c.
 * Each of the N_STUDIED has a value at the very beginning and one at the very
 * end; who dies does it at the very end.
 *
 * Everything is asserted.  Thread-safety: confined. */
#ifndef TESTS_STUDIED_H
#define TESTS_STUDIED_H

#include "tests/folder.h"
#include "trainer/dataset/dataset.h"

#define DAY INT64_C(86400000000)

enum { N_STUDIED = 120, STUDIED_EVENTS = 16, STUDIED_SEED = 5 };
/* The one of whom nothing but birth is known when the study begins. */
enum { STUDIED_UNKNOWN = 4 };

extern struct test_folder studied_folder;
extern struct an_arena studied_arena;

void studied_set_up(void);
void studied_tear_down(void);

uint64_t studied_number(int i);
int64_t studied_from(int i);
int64_t studied_until(int i);
bool studied_dies(int i);
bool studied_has_stroke(int i);

struct studied_one {
    struct tr_record record;
    struct ctx_event event[STUDIED_EVENTS];
};

/* Events are in no order. */
void studied_one(struct studied_one *one, int i);

struct studied {
    struct tr_people people;
    struct tr_outcomes outcomes;
    struct tr_concepts concepts;
    struct tr_dataset_how how;
    struct tr_dataset d;
    struct an_err err;
};

/* Those for whom `wanted` says so, NULL for all, in another order than their
 * numbers'; asked about stroke and death.  tr_people_release ends it. */
void studied_begin(struct studied *m, bool (*wanted)(int));
enum an_code studied_make(struct studied *m);

/* Which of them a key is: a pseudonym from STUDIED_SEED. */
int studied_person(uint64_t key);

#endif
