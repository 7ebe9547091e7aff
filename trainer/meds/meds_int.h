/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of meds.h share.
 *
 * Thread-safety: confined to the arena. */
#ifndef TRAINER_MEDS_MEDS_INT_H
#define TRAINER_MEDS_MEDS_INT_H

#include "trainer/dataset/csv.h"
#include "trainer/meds/code.h"
#include "trainer/meds/meds.h"

/* A code as the reader found it first, and what it is. */
struct tr_meds_known {
    struct an_str text;
    struct tr_meds_code is;
};

/* Each code once, by its text. */
struct tr_meds_codes {
    struct an_arena *arena;
    struct tr_meds_known *known;
    uint32_t *slot; /* row + 1 */
    size_t n, size, n_slots;
};

enum an_code tr_meds_codes_row(struct tr_meds_codes *c, struct an_str text,
                               uint32_t *row, struct an_err *err)
    __attribute__((warn_unused_result));

/* Sorted by subject. */
struct tr_meds_split {
    int64_t subject;
    uint32_t line;
    uint8_t split; /* enum tr_split + 1 */
};
struct tr_meds_splits {
    struct tr_meds_split *one;
    size_t n;
};

/* The two optional tables of a folder, wherever they stand in it. */
enum an_code tr_meds_read_codes(struct tr_meds_codes *c, const char *folder,
                                struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code tr_meds_read_splits(struct an_arena *arena, const char *folder,
                                 struct tr_meds_splits *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* 0: none was said. */
uint8_t tr_meds_split_of(const struct tr_meds_splits *s, int64_t subject);

/* A column that need not be there. */
struct tr_meds_optional {
    struct tr_csv_column column;
    bool is_there;
};
void tr_meds_find_optional(const struct tr_csv *t, struct tr_meds_optional *o);

/* "2000-01-01 10:00:00.5": false of less than a day, and of no time. */
bool tr_meds_time(struct an_str text, int64_t *us);

#endif
