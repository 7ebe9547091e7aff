/* SPDX-License-Identifier: Apache-2.0 */
/* The table of Diabetes 130-US hospitals (UCI; Strack et al. 2014): inpatient
 * encounters of people with diabetes, and whether they came back.
 *
 *     tr_diabetes130_read("data/diabetes130", take, &people, err);
 *
 * Given the file, or a folder with diabetic_data.csv in it, its rows in any
 * order; people are handed over by patient_nbr.  A row is an encounter; those
 * of a person are in the order of encounter_id.
 *
 * The table has no dates, so times are made up from what it says.  The first
 * admission of everybody is on 2000-01-01, a stay lasts time_in_hospital days,
 * and the next admission is 15 days after a discharge with readmitted "<30",
 * 180 days after one with ">30", and 400 days after one with "NO" (there are
 * some, against what the row says).  After the last row "<30" and ">30" are one
 * more admission that nothing is known of.  People are watched from the first
 * discharge until 400 days after the last one, or until their death.
 *
 * All that is said of an encounter but its admission is known at its discharge:
 * - diag_1 to diag_3 as conditions, of equal standing and each code once.  The
 *   table has lost the zeros before a code ("38" is 038); they are put back.
 *   Zeros behind the point are lost too ("250.1" may be 250.10) and stay so.
 * - Drugs that are not "No", under the name of the column; raised and lowered
 *   ones once more, as "insulin-up" and "insulin-down".
 * - Counts as numbers; type, source and disposition, payer, specialty, tests,
 *   change and diabetesMed as coded answers.  "?" and tests of "None" are
 *   nothing; "not available" among type, source and disposition is an answer.
 * - Dispositions 13 and 14 as the condition "hospice care" of SNOMED CT, alias
 *   "hospice", so that an outcome can leave these people out.
 * - Dispositions 11, 19, 20 and 21 as death, unless another encounter follows
 *   (there are some); who died is not readmitted, whatever the row says.
 * Birth is in the middle of the first row's age band.  Not read: race, which is
 * for audits of fairness alone, and weight, which is nearly always missing.
 *
 * The study's own codes are in "urn:id:diabetes130": the column's name, and for
 * an answer what stands in the field.
 *
 * AN_CODE for what the columns cannot say, AN_CONFLICT for an encounter that is
 * there twice; and what trainer/dataset/csv.h says, all with file, line and
 * column.
 *
 * Thread-safety: immutable (functions of their arguments).
 * Ownership: a record lives until its callback returns. */
#ifndef TRAINER_DATASET_DIABETES130_H
#define TRAINER_DATASET_DIABETES130_H

#include "base/arena.h"
#include "trainer/dataset/record.h"

/* What the callback fails with ends the reading. */
enum an_code tr_diabetes130_read(const char *file_or_folder,
                                 tr_take_record *take, void *arg,
                                 struct an_err *err)
    __attribute__((warn_unused_result));

/* The same in an arena: some 50 bytes a row, and one person's events. */
enum an_code tr_diabetes130_read_in(struct an_arena *arena,
                                    const char *file_or_folder,
                                    tr_take_record *take, void *arg,
                                    struct an_err *err)
    __attribute__((warn_unused_result));

#endif
