/* SPDX-License-Identifier: Apache-2.0 */
/* One text, de-identified.  Each function is false, and writes nothing, where
 * nothing of the text may stay.
 *
 * Ages.  Who may be over 89 must not be told by a date (164.514(b)(2)(i)(C)).
 * The rule needs no other resource: a date in a year 90 or more before
 * `as_of` (the year of the extract) is dropped, of a birth or of anything else,
 * before and after it moves; so is one in a year after `as_of`, at which
 * somebody may be over 89 who was not yet in the extract.
 * It drops too much of those who died young long ago, and of what is planned,
 * and never too little.
 *
 * Dates.  A date that moves keeps its form: calendar days are added, and time
 * of day, fraction and zone stand as they were, or their digits are 0 where the
 * time is not kept.  A date without a day cannot move; its year stays.
 *
 * ZIP codes become the three digits of Safe Harbor ("980", "000"), not five
 * with zeros, and are read in the forms 12345, 123456789 and 12345-6789.  A
 * prefix of config/tables/deid-zip3.tsv is 000; what is no ZIP code is dropped.
 *
 * Thread-safety: immutable. */
#ifndef TRAINER_DEID_VALUE_H
#define TRAINER_DEID_VALUE_H

#include "base/str.h"

enum { TR_DEID_DATE_BYTES = 48, TR_DEID_OLDEST = 90 };

/* How dates are read: FHIR's form or HL7v2's. */
struct tr_deid_dates {
    int as_of;      /* a year */
    int shift_days; /* of this patient */
    bool zero_time;
    bool hl7;
};

bool tr_deid_year(const struct tr_deid_dates *d, struct an_str text,
                  char out[TR_DEID_DATE_BYTES]);
bool tr_deid_shift(const struct tr_deid_dates *d, struct an_str text,
                   char out[TR_DEID_DATE_BYTES]);
/* The year of the moved date. */
bool tr_deid_birth(const struct tr_deid_dates *d, struct an_str text,
                   char out[TR_DEID_DATE_BYTES]);

bool tr_deid_zip3(struct an_str text, char out[4]);
/* A state of the United States by its name or letters, in either case. */
bool tr_deid_state(struct an_str text, const char **letters);
bool tr_deid_country(struct an_str text);
/* An address in that country has no ZIP code of ours: how few live where its
 * postal code says, deid-zip3.tsv does not know.  One without a country has. */
bool tr_deid_is_abroad(struct an_str country);

/* A number below 10^8 in magnitude, of at most eight digits before its point,
 * which do not read as a date (19500317). */
bool tr_deid_number(struct an_str text);
/* One without a unit: below 10,000 and of at most four digits before its point,
 * so that ZIP codes, telephone and most patient numbers are none. */
bool tr_deid_bare_number(struct an_str text);
/* A unit (UCUM) in which an age is said. */
bool tr_deid_is_age_unit(struct an_str unit);
/* The number itself, or the one that stands for 90 years in this unit where it
 * is more than 89 years. */
struct an_str tr_deid_cap(struct an_str number, struct an_str unit);
/* The i-th cell of the tables that these functions read, in their order; NULL
 * after the last. */
const char *tr_deid_value_cell(size_t i);
/* A code (LOINC, SNOMED CT) that says the age of the one who is observed. */
bool tr_deid_says_age(struct an_str code);
/* One that says his date of birth. */
bool tr_deid_says_birth(struct an_str code);

#endif
