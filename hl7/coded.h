/* SPDX-License-Identifier: Apache-2.0 */
/* Coded values (CWE, CE, CNE): identifier, text, system, and the same thing
 * said in an alternate system.
 *
 * Thread-safety: confined to the arena.  Ownership: views of the message, or
 * of the arena where text had to be decoded. */
#ifndef HL7_CODED_H
#define HL7_CODED_H

#include "context/event.h"
#include "hl7/message.h"

/* One repetition of one field. */
struct hl7_at {
    const struct hl7_message *m;
    size_t segment;
    unsigned field, rep;
};

/* A raw view as text without escapes and without blanks at its ends; HL7's
 * explicit null ("") is the empty text. */
enum an_code hl7_raw_text(const struct hl7_message *m, struct an_str raw,
                          struct an_str *text, struct an_err *err);
/* The same of a component; 0 is the whole. */
enum an_code hl7_at_text(const struct hl7_at *at, unsigned component,
                         struct an_str *text, struct an_err *err);

/* The code, its alternate as alias (when one is said), the system as a URI:
 * known names by config/tables/coding-systems.tsv, HL7nnnn by rule, others as
 * urn:id:NAME.  A code that says LOINC but has not LOINC's form is local.
 * When only the alternate is in a standard system, it becomes the code. */
enum an_code hl7_coded(struct an_arena *arena, const struct hl7_at *at,
                       struct ctx_code *code, const struct ctx_code **alias,
                       size_t *n_aliases, struct an_err *err);

/* The URI of a coding system that a sender names ("LN", "HL70001", "99LAB"), by
 * the same rules; `code` decides whether LN is believed.  "" for no name. */
enum an_code hl7_system_uri(struct an_arena *arena, struct an_str name,
                            struct an_str code, struct an_str *uri,
                            struct an_err *err);

/* A bare code of an HL7 table ("0004", "I"), said as FHIR says it where
 * config/tables/hl7-codes.tsv knows how. */
enum an_code hl7_table_code(struct an_arena *arena, struct an_str table,
                            struct an_str code, struct ctx_code *out,
                            struct an_err *err);
/* False for a code that a table of hl7-codes.tsv should have and has not. */
bool hl7_table_has(struct an_str table, struct an_str code);

/* A unit as somebody wrote it, in UCUM: "" where config/tables/units.tsv does not
 * know it. */
struct an_str hl7_unit_code(struct an_str sent);

/* The unit in a field, in UCUM where config/tables/units.tsv knows it: of the
 * first component, or of all of it if the table has that ("x10^9/L", written
 * with a separator that was meant as itself). */
enum an_code hl7_unit_at(const struct hl7_at *at, struct an_str *unit,
                         struct an_err *err);

#endif
