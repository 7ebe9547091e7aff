/* SPDX-License-Identifier: Apache-2.0 */
/* A code of the Medical Event Data Standard (MEDS), and what it is here: one
 * text for the kind of a row, its vocabulary, its code and its unit, apart by
 * "//".
 *
 *     LOINC//718-7//g/dL          a number of haemoglobin
 *     SNOMED//38341003            a condition, unless codes.csv says else
 *     DIAGNOSIS//ICD//10//I509    the same by its kind: ICD-10-CM
 *     LAB//50912//mg/dL           a site's own: system "urn:id:LAB"
 *     LOINC//72166-2=SNOMED//266919005    a question and its coded answer
 *     ADMISSION//IMP, TRANSFER//IMP, DISCHARGE//IMP      of a class
 *     HOSPITAL_ADMISSION//..., ED_REGISTRATION//...      as MIMIC's are called
 *     SEX//female, GENDER//F      sex
 *     KIND//condition             something of a kind, without a code
 *     MEDS_BIRTH, MEDS_DEATH
 *     ANAMNESIS_OBSERVED_FROM, ANAMNESIS_OBSERVED_UNTIL  from when to when a
 *                                 person was watched (trainer/dataset/record.h)
 *     ANAMNESIS_ASKED_FROM        the same, and asked about when that begins
 *
 * The table of vocabularies gives names, URIs and kinds.  A vocabulary that is
 * none of them is a site's own, and so is a code without one.
 *
 * Thread-safety: immutable (functions of their arguments).
 * Ownership: the arena's, or views of the text that was read. */
#ifndef TRAINER_MEDS_CODE_H
#define TRAINER_MEDS_CODE_H

#include "base/arena.h"
#include "base/buf.h"
#include "context/event.h"

enum tr_meds_what {
    TR_MEDS_EVENT,
    TR_MEDS_OBSERVED_FROM,
    TR_MEDS_ASKED_FROM,
    TR_MEDS_OBSERVED_UNTIL
};

struct tr_meds_code {
    enum tr_meds_what what;
    unsigned kind;          /* enum ctx_kind; of what nothing says it:
                               OBSERVATION */
    bool sure_kind;         /* the text says it, not the vocabulary */
    bool local;             /* of no vocabulary that everybody has */
    struct ctx_code code;   /* of an encounter its class, of sex the sex; code
                               "" of a kind alone */
    struct ctx_code answer; /* code "": there is none */
    struct an_str unit;
};

/* AN_MISSING for an empty text, AN_LIMIT for one over TR_MEDS_CODE_BYTES,
 * AN_NOMEM. */
enum { TR_MEDS_CODE_BYTES = 1024 };
enum an_code tr_meds_code_read(struct an_arena *arena, struct an_str text,
                               struct tr_meds_code *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* What a parent ("SNOMED/38341003", "KIND//procedure") says of the kind;
 * CTX_N_KINDS: nothing. */
unsigned tr_meds_parent_kind(struct an_str parent, bool *sure);

/* The text of a vocabulary's key (runtime/vocabulary.h) and unit, as the reader
 * takes it. */
void tr_meds_code_put(struct an_buf *b, struct an_str key, struct an_str unit);

#endif
