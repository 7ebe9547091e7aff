/* SPDX-License-Identifier: Apache-2.0 */
/* What may stay of a record, and how: an allow-list of paths.  What is not on
 * it is dropped, whatever it is.
 *
 *     const struct tr_deid_row *row =
 *         tr_deid_find(TR_DEID_FHIR, "Patient", AN_STR("birthDate"));
 *     if (row == NULL)
 *         drop it;
 *
 * The rows are config/tables/deid-fhir.tsv and deid-hl7.tsv, each with a method
 * for each profile:
 *
 *   safe-harbor  45 CFR 164.514(b)(2): dates are years, pseudonyms come out of a
 *                table of random numbers, which nothing of the record makes
 *   date-shift   dates move by a patient's own number of days, pseudonyms are
 *                keyed hashes.  Both are made from the record, so this is no
 *                Safe Harbor: whether it is enough, an expert says (b)(1)
 *
 * Thread-safety: immutable; tr_deid_matches after tr_deid_patterns_open. */
#ifndef TRAINER_DEID_PROFILE_H
#define TRAINER_DEID_PROFILE_H

#include "base/err.h"

enum tr_deid_profile { TR_DEID_SAFE_HARBOR, TR_DEID_DATE_SHIFT };

enum tr_deid_form { TR_DEID_FHIR, TR_DEID_HL7, TR_DEID_FORMS };

/* DROP        nothing of it
 * INTO        what the rows of its type (`as`) allow
 * CODE        a text that `values` describes, whole
 * CODING      system and code, both as deid-systems.tsv describes them
 * NUMBER      at most four digits before the point, eight where a unit stands
 *             in a field beside it: longer is an identifier, or a date
 * BOOL        true, false
 * YEAR        the year of a date
 * SHIFT       a date, moved
 * BIRTH       the year of a date that was moved
 * ID          a pseudonym
 * REFERENCE   a reference whose id is a pseudonym; nothing else of it
 * URL         Bundle.entry.fullUrl, as a reference
 * UID         an OID below 2.25
 * ZIP3        three digits of a ZIP code, 000 where few people live
 * STATE       a state's two letters
 * COUNTRY     two or three capitals
 * QUANTITY    number and unit, as NUMBER; an age over 89 is 90
 * EXTENSION   INTO, where `values` describes its url
 * RESOURCE    a resource of a type that has rows
 * COLLECTION  the word "collection": what a Bundle is afterwards
 * CODED       CE, CWE: codes and their systems, as CODING
 * PATIENT     CX: a pseudonym and the type of the identifier
 * OBSERVED    OBX-5, by the type in OBX-2
 * UNIT        a unit that is known, in UCUM */
#define TR_DEID_METHODS(X)                                                     \
    X(DROP)                                                                    \
    X(INTO)                                                                    \
    X(CODE)                                                                    \
    X(CODING)                                                                  \
    X(NUMBER)                                                                  \
    X(BOOL)                                                                    \
    X(YEAR)                                                                    \
    X(SHIFT)                                                                   \
    X(BIRTH)                                                                   \
    X(ID)                                                                      \
    X(REFERENCE)                                                               \
    X(URL)                                                                     \
    X(UID)                                                                     \
    X(ZIP3)                                                                    \
    X(STATE)                                                                   \
    X(COUNTRY)                                                                 \
    X(QUANTITY)                                                                \
    X(EXTENSION)                                                               \
    X(RESOURCE)                                                                \
    X(COLLECTION)                                                              \
    X(CODED)                                                                   \
    X(PATIENT)                                                                 \
    X(OBSERVED)                                                                \
    X(UNIT)

enum tr_deid_method {
#define X(name) TR_DEID_##name,
    TR_DEID_METHODS(X)
#undef X
};

struct tr_deid_row {
    const char *path, *as;
    enum tr_deid_method safe_harbor, date_shift;
    const char
        *values; /* an extended regular expression for all of it, or "" */
};

/* "safe-harbor 1": its name, and the version of its rules. */
const char *tr_deid_profile_text(enum tr_deid_profile profile);
bool tr_deid_profile_of(struct an_str name, enum tr_deid_profile *profile);
const char *tr_deid_method_text(enum tr_deid_method method);
enum tr_deid_method tr_deid_method(const struct tr_deid_row *row,
                                   enum tr_deid_profile profile);

const struct tr_deid_row *tr_deid_rows(enum tr_deid_form form, size_t *n);
/* The row of "as.name", or of a field "as-name" (HL7v2: "PID-11", "PID-11.4");
 * NULL: none. */
const struct tr_deid_row *tr_deid_find(enum tr_deid_form form, const char *as,
                                       struct an_str name);
/* The name of a resource type or segment as our table has it; NULL: none. */
const char *tr_deid_type(enum tr_deid_form form, struct an_str type);

/* SHA-256 of all rows of all tables in force, as compiled: 64 hex digits. */
enum an_code tr_deid_tables_hash(char hex[65], struct an_err *err)
    __attribute__((warn_unused_result));

/* The patterns of the rows and of the code systems, compiled once. */
struct tr_deid_patterns;
enum an_code tr_deid_patterns_open(struct tr_deid_patterns **patterns,
                                   struct an_err *err)
    __attribute__((warn_unused_result));
void tr_deid_patterns_close(struct tr_deid_patterns *patterns);

/* All of the text is what the row's `values` describe. */
bool tr_deid_matches(const struct tr_deid_patterns *patterns,
                     enum tr_deid_form form, const struct tr_deid_row *row,
                     struct an_str text);
/* A code of a system that deid-systems.tsv has, in that system's form and with
 * its check digit where it has one; *system is the table's own text.  A language
 * loses what follows its first part. */
bool tr_deid_code(const struct tr_deid_patterns *patterns, struct an_str uri,
                  struct an_str code, struct an_str *system,
                  struct an_str *kept);

#endif
