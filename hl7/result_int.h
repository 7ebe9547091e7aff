/* SPDX-License-Identifier: Apache-2.0 */
/* A message of hl7/result.h while it is written: a row is filled by field
 * number, then put.  The first failure is kept, later steps do nothing. */
#ifndef HL7_RESULT_INT_H
#define HL7_RESULT_INT_H

#include "base/buf.h"
#include "hl7/delims.h"
#include "hl7/result.h"

enum { HL7_ROW_FIELDS = 46 };

struct hl7_row {
    const char *id;
    struct an_str field[HL7_ROW_FIELDS]; /* by HL7's numbers; raw */
};

struct hl7_maker {
    struct an_arena *arena;
    const struct hl7_result_site *site;
    const struct hl7_result_who *who;
    const struct hl7_result_said *said;
    const struct ctx_suggestion *s;
    struct an_buf out;
    unsigned n_obx, n_nte;
    enum an_code code;
    const char *what;
};

void hl7_maker_fail(struct hl7_maker *m, enum an_code code, const char *what);

/* Text made safe as one value. */
struct an_str hl7_maker_text(struct hl7_maker *m, struct an_str text);
/* Values joined by a delimiter, without empty ones at the end. */
struct an_str hl7_maker_join(struct hl7_maker *m, char between,
                             const struct an_str *raw, size_t n);
struct an_str hl7_maker_number(struct hl7_maker *m, uint64_t n);
struct an_str hl7_maker_time(struct hl7_maker *m, struct an_time t);
void hl7_maker_put(struct hl7_maker *m, const struct hl7_row *row);

/* One line of a text at a time, none longer than the site takes: broken at a
 * blank, else between two characters. */
bool hl7_maker_line(const struct hl7_maker *m, struct an_str *rest,
                    struct an_str *line);

/* What the topic is called: code^text^system, with "-LOW" and its like behind
 * the code. */
struct an_str hl7_maker_code(struct hl7_maker *m, const char *part,
                             const char *words);
/* OBX-11, and OBR-25. */
const char *hl7_maker_status(const struct hl7_maker *m, bool of_row);

/* The rows of the suggestion. */
void hl7_maker_values(struct hl7_maker *m);
/* A document's words; and what is said about how they were made, as lines. */
void hl7_maker_document(struct hl7_maker *m);
/* The same about a result, as notes. */
void hl7_maker_notes(struct hl7_maker *m);

/* What the site has otherwise. */
enum an_code hl7_result_edited(struct an_arena *arena,
                               const struct hl7_result_site *site,
                               struct an_str message, struct an_str *out,
                               struct an_err *err)
    __attribute__((warn_unused_result));

#endif
