/* SPDX-License-Identifier: Apache-2.0 */
/* A table in a text file (RFC 4180): a first line with the names of the
 * columns, then rows.
 *
 *     struct tr_csv_column want[] = {{"id", 0}, {"age", 0}};
 *     struct tr_csv t;
 *     bool any;
 *
 *     code = tr_csv_open(&t, arena, "study/people.csv", err);
 *     if (code == AN_OK)
 *         code = tr_csv_find(&t, want, 2, err);
 *     while (code == AN_OK && (code = tr_csv_next(&t, &any, err)) == AN_OK &&
 *            any)
 *         code = tr_csv_int(&t, &want[1], 0, 130, &age, err);
 *     tr_csv_close(&t);
 *
 * Columns are found by name, in any order; others are passed over.  Lines end
 * with \n or \r\n, the last one may end with the file.  A field in quotes may
 * hold commas, line ends and doubled quotes.  A byte order mark is skipped.
 *
 * Errors name the file, the column and the place: "people.csv[age]:17:5".
 * AN_SYNTAX: no first line, another number of fields than it has, a quote that
 * does not fit, a carriage return alone, a NUL.  AN_LIMIT: more than is below.
 *
 * Thread-safety: confined.  Ownership: fields are views of the file, which
 * tr_csv_close gives back, or copies in the arena where quotes were doubled. */
#ifndef TRAINER_DATASET_CSV_H
#define TRAINER_DATASET_CSV_H

#include "base/arena.h"
#include "base/err.h"

enum {
    TR_CSV_BYTES = 1 << 30, /* a file */
    TR_CSV_COLUMNS = 1024,
    TR_CSV_FIELD_BYTES = 1 << 16
};

/* Where a row begins. */
struct tr_csv_place {
    size_t byte;
    uint32_t line;
};

struct tr_csv_field {
    struct an_str text;
    uint32_t line, column; /* from 1; a row may have several lines */
};

/* A column that is wanted; tr_csv_find fills `at`. */
struct tr_csv_column {
    const char *name;
    size_t at;
};

struct tr_csv {
    struct an_arena *arena;
    const char *file;         /* the caller's, for messages */
    struct an_str bytes, map; /* map: what is to be given back */
    struct an_str *name;      /* of the columns */
    size_t n_columns;
    struct tr_csv_field *field; /* of the current row */
    struct tr_csv_place row, next;
};

/* Read the first line.  Where only PATH.zst is there, or PATH is one, the
 * error says how to unpack it.  Both leave what tr_csv_close can be given,
 * failed or not.  AN_NOTFOUND, AN_IO, and what else is above. */
enum an_code tr_csv_open(struct tr_csv *t, struct an_arena *arena,
                         const char *path, struct an_err *err)
    __attribute__((warn_unused_result));
/* The same of bytes in memory, which stay the caller's. */
enum an_code tr_csv_read(struct tr_csv *t, struct an_arena *arena,
                         struct an_str bytes, const char *file,
                         struct an_err *err)
    __attribute__((warn_unused_result));
void tr_csv_close(struct tr_csv *t);

/* AN_MISSING for a column that is not there, AN_CONFLICT for one that is there
 * twice. */
enum an_code tr_csv_find(const struct tr_csv *t, struct tr_csv_column *column,
                         size_t n, struct an_err *err)
    __attribute__((warn_unused_result));

/* The next row; *any is false after the last. */
enum an_code tr_csv_next(struct tr_csv *t, bool *any, struct an_err *err)
    __attribute__((warn_unused_result));
/* The next row will be this one; `row` of when it was the current. */
void tr_csv_seek(struct tr_csv *t, struct tr_csv_place row);

/* At least as many as there are rows. */
size_t tr_csv_most_rows(const struct tr_csv *t);

/* Of the current row. */
struct an_str tr_csv_text(const struct tr_csv *t,
                          const struct tr_csv_column *column);
/* A whole number from min to max; AN_TYPE. */
enum an_code tr_csv_int(const struct tr_csv *t,
                        const struct tr_csv_column *column, int64_t min,
                        int64_t max, int64_t *out, struct an_err *err)
    __attribute__((warn_unused_result));
/* A number, and how it was written, in JSON's grammar; AN_TYPE. */
enum an_code tr_csv_number(const struct tr_csv *t,
                           const struct tr_csv_column *column,
                           struct an_str *literal, double *out,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* Fail at a field of the current row. */
enum an_code tr_csv_fail(const struct tr_csv *t,
                         const struct tr_csv_column *column, enum an_code code,
                         const char *what, struct an_err *err);

#endif
