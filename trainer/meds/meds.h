/* SPDX-License-Identifier: Apache-2.0 */
/* Tables in the shape of the Medical Event Data Standard (MEDS), in CSV where
 * the standard has Parquet.
 *
 *     tr_meds_read("meds", take, &people, err);
 *
 * A path is a folder or one file of data.  A folder has the data in data.csv or
 * in data/, where every .csv is read, folders below included; of a file the
 * other tables are looked for beside it.
 *
 *     data.csv            subject_id, time, code, numeric_value; flag if it is
 *                         there ("L", "HH", ...: HL7 table 0078)
 *     codes.csv           optional, here or in metadata/: code, description,
 *                         parent_codes (apart by ";")
 *     subject_splits.csv  optional, here or in metadata/: subject_id, split:
 *                         train, tuning, held_out
 *
 * Other columns, text_value among them, are passed over.  Rows may stand in any
 * order, but a subject in one file only.  A time is a date, or a date and a time
 * behind a blank or "T", in UTC unless an offset is said; what it is counted
 * from does not matter.  A row without a time holds always: of these sex is
 * kept, and the others are counted and left out, since nobody knows when they
 * were known.
 *
 * trainer/meds/code.h says what a code is.  Where the code itself does not say
 * the kind of a row, a parent of codes.csv that does decides ("KIND//procedure"
 * before all, else a vocabulary's), then the code's vocabulary.
 *
 * Times are those at which a row was known, too: the tables have no other.
 *
 * Errors say file, line and column: what trainer/dataset/csv.h says, AN_TYPE for
 * what is no time, AN_CODE for another split, AN_CONFLICT for a subject in two
 * files or with two splits, AN_NOTFOUND without data.
 *
 * Thread-safety: immutable (functions of their arguments).
 * Ownership: a record lives until its callback returns. */
#ifndef TRAINER_MEDS_MEDS_H
#define TRAINER_MEDS_MEDS_H

#include "base/arena.h"
#include "trainer/data.h"
#include "trainer/dataset/record.h"

/* What the callback fails with ends the reading. */
enum an_code tr_meds_read(const char *path, tr_take_record *take, void *arg,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* The files that this reads, those with data first. */
typedef enum an_code tr_meds_file(void *arg, const char *path,
                                  struct an_err *err);
enum an_code tr_meds_files(const char *path, tr_meds_file *take, void *arg,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* ---- the other way ----------------------------------------------------------
 * A data set as such tables:
 *
 *     FOLDER/data.csv, codes.csv, subject_splits.csv, dataset.json
 *     FOLDER/labels/OUTCOME_DAYSd.csv   subject_id, prediction_time,
 *                                       boolean_value
 *
 * A data set has no dates: each person's first moment stands in the first hour
 * of 2000-01-01, where questions between moments are at whole hours again
 * (runtime/encode.h), and all others are counted from it.  subject_id is the key
 * of cohort.bin as a number with a sign.
 *
 * - Of a person with several cases (trainer/dataset/dataset.h) the one with the
 *   most moments is written; questions of all of them are labels.
 * - Sex has no time.  Birth is where the age at the first moment puts it, to
 *   within minutes; death, where it is an outcome, likewise.
 * - numeric_value is the value from which the model's number was made, in the
 *   unit of the code; the middle of its bin where a data set has bins, and at
 *   most six spreads from the mean (RT_LARGEST_Z).
 * - Where most people of a data set were asked about when a study began to watch
 *   them, that is said (ANAMNESIS_ASKED_FROM).
 * - A question whose answer is not known by the horizon is no label.
 * - A moment without a known code is KIND//... .
 */
struct tr_meds_written {
    size_t subjects, rows, codes, labels;
};

/* AN_CONFIG for an outcome whose id is no file name; AN_LIMIT for a table over
 * 4 GiB.  Folders are made. */
enum an_code tr_meds_write(struct an_arena *arena, const struct tr_data *d,
                           const char *folder, struct tr_meds_written *counts,
                           struct an_err *err)
    __attribute__((warn_unused_result));

#endif
