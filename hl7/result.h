/* SPDX-License-Identifier: Apache-2.0 */
/* What we say, as HL7 version 2: one message a suggestion.
 *
 *     struct hl7_result_site site = hl7_result_site_default;
 *     struct an_str message;
 *     site.software = AN_STR("Anamnesis");
 *     enum an_code c = hl7_result(arena, &site, &who, &said, &message, err);
 *
 * A pure function: the same arguments give the same bytes, so what is sent again
 * is the same message, with the same MSH-10.
 *
 *   RISK          ORU^R01: the probability (NM), both ends of its interval, the
 *                 horizon in days
 *   SCORE         ORU^R01: the value (NM, else ST) with its UCUM unit
 *   DIFFERENTIAL  ORU^R01: a coded row (CWE) for each line, OBX-4 its rank,
 *                 OBX-9 its probability
 *   COMPARISON    ORU^R01: the words (TX)
 *   SUMMARY       MDM^T02 (T08 where the receiver has an earlier one), or
 *                 ORU^R01 where the site says so: the words, a row a line
 *
 * OBR-3 or TXA-12 is the suggestion's own id, the same for each version of it.
 * Status (HL7 v2.5.1 tables 0085, 0123, 0271):
 *
 *                  OBX-11   OBR-25   TXA-17   TXA-19
 *   first           P        P        DO       AV     nobody has reviewed it
 *   released        F        F        AU       AV     a human let it go
 *   newer           C (P)    C (P)    DO, AU   AV     the site says which
 *   withdrawn       W (D)    C        DO       CA     values are ""
 *
 * NTE (in a document its last lines) say why, from where, and that an AI made it;
 * OBX-17 is AIAST, OBX-18 the program and the model.  Characters are UTF-8
 * (MSH-18), times those of HL7 with their offset.
 *
 * Refused: AN_MISSING (no id, no patient, no version), AN_TYPE (a probability
 * that is none, a text that is no UTF-8, an abstention), AN_UNSUPPORTED (a kind
 * that is none; see hl7_set for edits), AN_LIMIT over HL7_RESULT_BYTES, AN_NOMEM.
 *
 * Thread-safety: confined to the arena; the site immutable.
 * Ownership: the arena's. */
#ifndef HL7_RESULT_H
#define HL7_RESULT_H

#include "base/arena.h"
#include "base/err.h"
#include "context/reading.h"
#include "context/suggestion.h"

enum {
    HL7_RESULT_BYTES = 4 << 20,
    HL7_CONTROL_BYTES = 21, /* MSH-10 has 20 characters before version 2.7 */
    HL7_LINE_LEAST = 40
};

/* A field, or a part of one; 0 is the whole. */
struct hl7_place {
    char segment[4];
    uint16_t field, comp, sub;
};

/* What a site has otherwise, in each segment of that name; in their order. */
struct hl7_result_edit {
    struct hl7_place at;
    struct hl7_place from; /* field 0: `text`; else what stands there goes to
                              `at` and from there is removed */
    struct an_str text;
};

/* How a site's catalogue calls an outcome or a score; "" as we do. */
struct hl7_result_name {
    struct an_str topic; /* "summary" for summaries */
    struct an_str code, text, system;
};

/* How an assigning authority is called there. */
struct hl7_result_authority {
    struct an_str known; /* as in ctx_identifier */
    struct an_str name;  /* of CX-4: parts joined by "&" */
};

/* Of one receiver. */
struct hl7_result_site {
    struct an_str application, facility; /* MSH-3, MSH-4 */
    struct an_str receiver, receiver_facility;
    struct an_str processing; /* MSH-11 */
    struct an_str version;    /* MSH-12 */
    struct an_str system;     /* coding system of our own codes */
    struct an_str document_type;
    struct an_str note; /* "" is English for: by AI, not reviewed */
    struct an_str withdrawn_words;
    struct an_str software, software_version;
    const struct hl7_result_name *name;
    size_t n_names;
    const struct hl7_result_authority *authority;
    size_t n_authorities;
    const struct hl7_result_edit *edit;
    size_t n_edits;
    size_t line_bytes;      /* longest text of a row; 0: any */
    bool percent;           /* a probability is 23.40 % and not 0.2340 */
    bool documents_are_oru; /* summaries, too */
    bool edits_are_t02;     /* a newer document is MDM^T02, not T08 */
    bool newer_is_preliminary;
    bool withdrawn_is_deleted; /* OBX-11 D, not W */
    bool demo;                 /* all of it is marked */
};

/* Version 2.5.1, processing id P, coding system 99ANAMNESIS. */
extern const struct hl7_result_site hl7_result_site_default;

struct hl7_result_who {
    struct ctx_identifier id;
    struct an_str visit; /* as in ctx_event: authority|number; "" outside */
};

struct hl7_result_said {
    const struct ctx_suggestion *what;
    struct an_str resource; /* the suggestion's id, the same in each version */
    uint32_t version;       /* from 1: of what the receiver gets of it */
    bool newer;             /* the receiver has an earlier one */
    bool withdrawn;         /* and is told that it does not hold any more */
    bool released;          /* a human let it go, */
    struct an_str by;       /* who, where that is known */
    int64_t now_us;         /* when it was said */
};

enum an_code hl7_result(struct an_arena *arena,
                        const struct hl7_result_site *site,
                        const struct hl7_result_who *who,
                        const struct hl7_result_said *said, struct an_str *out,
                        struct an_err *err) __attribute__((warn_unused_result));

/* MSH-10 of that message: of resource, reader, language and version alone. */
enum an_code hl7_result_control(const struct hl7_result_said *said,
                                char id[HL7_CONTROL_BYTES], struct an_err *err)
    __attribute__((warn_unused_result));

#endif
