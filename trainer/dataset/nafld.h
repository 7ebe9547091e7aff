/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the NAFLD study (R package survival; Allen et al. 2018): a
 * community cohort with a liver disease and their controls.
 *
 *     tr_nafld_read("data/nafld", take, &people, err);
 *
 * Of the folder are read nafld1.csv (people), nafld2.csv (values) and
 * nafld3.csv (diagnoses), in any order of rows; people are handed over by id.
 *
 * The study counts days from an index day and has no dates, so the index day
 * is 2000-01-01 of everybody.  People were watched from then to the end of
 * their follow-up.  Of each person: birth (age is whole years), sex, body mass
 * index of the index day, values, diagnoses, death.
 *
 * What the tables say and a person's events do not:
 * - "chol" is a copy of "hdl" and "dbp" one of "sbp", row by row, in every
 *   package seen: both are dropped, since neither is what it is called.
 * - A systolic pressure outside 50 to 300 mm Hg is a slip (up to 13,682).
 * - Values of one test on one day are their mean.
 * - What is later than the end of follow-up.
 * Kept is that "fib4" stands in the tables only where it is above 2.67: that it
 * is there says something.
 *
 * Unknown tests and diagnoses are AN_CODE, a person whom nafld1.csv does not
 * have AN_NOTFOUND, one whom it has twice AN_CONFLICT; and what
 * trainer/dataset/csv.h says, all with file, line and column.
 *
 * Thread-safety: immutable (functions of their arguments).
 * Ownership: a record lives until its callback returns. */
#ifndef TRAINER_DATASET_NAFLD_H
#define TRAINER_DATASET_NAFLD_H

#include "base/arena.h"
#include "trainer/dataset/record.h"

/* Of the rows of the tables. */
struct tr_nafld_counts {
    size_t people, values, diagnoses; /* as events */
    size_t copies;                    /* of another test */
    size_t slips;                     /* out of range */
    size_t repeated;                  /* said again of the same day */
    size_t late;                      /* after the end */
};

/* What the callback fails with ends the reading. */
enum an_code tr_nafld_read(const char *folder, tr_take_record *take, void *arg,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* The same in an arena, some 100 bytes a row; counts may be NULL. */
enum an_code tr_nafld_read_in(struct an_arena *arena, const char *folder,
                              tr_take_record *take, void *arg,
                              struct tr_nafld_counts *counts,
                              struct an_err *err)
    __attribute__((warn_unused_result));

#endif
