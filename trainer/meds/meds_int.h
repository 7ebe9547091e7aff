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

/* ---- files.c ---------------------------------------------------------------- */

#define TR_MEDS_CODES "codes.csv"
#define TR_MEDS_SPLITS "subject_splits.csv"

/* Those with data alone. */
enum an_code tr_meds_data_files(const char *path, tr_meds_file *take, void *arg,
                                struct an_err *err)
    __attribute__((warn_unused_result));
/* The folder in which a path that is read has its other tables. */
enum an_code tr_meds_folder(const char *path, char folder[TR_PATH_BYTES],
                            struct an_err *err)
    __attribute__((warn_unused_result));
/* Where an optional table stands. */
enum an_code tr_meds_table(const char *folder, const char *name,
                           char path[TR_PATH_BYTES], bool *is_there,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* ---- tables.c --------------------------------------------------------------- */

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

/* ---- subjects.c: of the way out -------------------------------------------- */

/* A person of a data set: their cases, the one that is written, the one with the
 * question with which a study began (SIZE_MAX: none), and where the days of the
 * one that is written count from. */
struct tr_meds_subject {
    size_t first, n, main, asked;
    int64_t origin_us;
};
struct tr_meds_subjects {
    const struct tr_cohort *cohort;
    struct tr_meds_subject *one; /* in the order of the file */
    size_t n;
    bool watched; /* most were asked when a study began */
};

enum an_code tr_meds_subjects_find(struct an_arena *arena,
                                   const struct tr_cohort *c,
                                   struct tr_meds_subjects *all,
                                   struct an_err *err)
    __attribute__((warn_unused_result));

int64_t tr_meds_us(double days);
/* Days of age at the first moment of a case. */
double tr_meds_first_age(const struct tr_cohort *c, size_t patient);
/* Whether any question knows it; then observation ends just after. */
bool tr_meds_dies(const struct tr_cohort *c, const struct tr_meds_subject *s);
/* From when on they were observed, and until when; false: nothing says it. */
int64_t tr_meds_begins_us(const struct tr_meds_subjects *all,
                          const struct tr_meds_subject *s);
bool tr_meds_observed(const struct tr_meds_subjects *all,
                      const struct tr_meds_subject *s, int64_t *until_us);
/* What has to be added to the days of a case. */
int64_t tr_meds_case_us(const struct tr_meds_subjects *all,
                        const struct tr_meds_subject *s, size_t patient);

#endif
