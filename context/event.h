/* SPDX-License-Identifier: Apache-2.0 */
/* One thing that happened to one patient, as one message said it.
 *
 * An event has two clocks: `effective`, when it happened, and `available_us`,
 * when we could know it.  Every question about the past ("what was known on
 * Tuesday?") is answered by the second clock.
 *
 * An event is one version of a fact.  Messages repeat, correct and withdraw
 * what they said before; the versions of one fact share its `fact` key, and
 * context/timeline.h picks the one that counts.  Nothing is ever updated in
 * place, so the order in which messages arrive cannot matter.
 *
 * Thread-safety: immutable once made.  Ownership: every view points into the
 * message's bytes or the arena that made the event. */
#ifndef CONTEXT_EVENT_H
#define CONTEXT_EVENT_H

#include "base/err.h"
#include "base/time.h"
#include "context/label.h"

/*        name, text */
#define CTX_KINDS(X)                                                           \
    X(BIRTH, "birth")                                                          \
    X(SEX, "sex")                                                              \
    X(DEATH, "death")                                                          \
    X(ADMISSION, "admission")                                                  \
    X(TRANSFER, "transfer")                                                    \
    X(DISCHARGE, "discharge")                                                  \
    X(CONDITION, "condition")                                                  \
    X(PROCEDURE, "procedure")                                                  \
    X(OBSERVATION, "observation")                                              \
    X(REPORT, "report")                                                        \
    X(ORDER, "order")                                                          \
    X(MEDICATION_ORDER, "medication order")                                    \
    X(MEDICATION_GIVEN, "medication given")                                    \
    X(MEDICATION_TAKEN, "medication taken")                                    \
    X(ALLERGY, "allergy")                                                      \
    X(IMMUNIZATION, "immunization")                                            \
    X(DOCUMENT, "document")                                                    \
    X(NOTE, "note")                                                            \
    X(CONSENT, "consent")

/* The numbers are stored: append, never reorder. */
enum ctx_kind {
#define X(name, text) CTX_##name,
    CTX_KINDS(X)
#undef X
        CTX_N_KINDS
};

/* Versions of a fact said at the same time count in this order, the last most.
 * The numbers are stored: append, never reorder. */
#define CTX_STATUSES(X)                                                        \
    X(UNKNOWN, "unknown")                                                      \
    X(PLANNED, "planned")                                                      \
    X(PRELIMINARY, "preliminary")                                              \
    X(FINAL, "final")                                                          \
    X(CORRECTED, "corrected")                                                  \
    X(CANCELLED, "cancelled")                                                  \
    X(ENTERED_IN_ERROR, "entered in error")

enum ctx_status {
#define X(name, text) CTX_STATUS_##name,
    CTX_STATUSES(X)
#undef X
        CTX_N_STATUSES
};

/* A code in a code system.  `system` is a URI ("http://loinc.org"); a local
 * one is "urn:id:" and the name its sender gave it.  Any part may be empty,
 * but not all three. */
struct ctx_code {
    struct an_str system, code, display;
};

enum ctx_value_kind {
    CTX_VALUE_NONE,
    CTX_VALUE_QUANTITY, /* literal, number, unit, comparator */
    CTX_VALUE_CODE,     /* code */
    CTX_VALUE_TEXT      /* text */
};

struct ctx_value {
    uint8_t kind;             /* enum ctx_value_kind */
    struct an_str literal;    /* exactly as said: "0.010" */
    double number;            /* the same, nearest double */
    struct an_str comparator; /* "", "<", "<=", ">=", ">" */
    struct an_str unit; /* as said, in UCUM's spelling where that is known;
                                 never converted: context/unit.h compares */
    struct ctx_code code;
    struct an_str text;
};

struct ctx_event {
    uint8_t kind;    /* enum ctx_kind */
    uint8_t status;  /* enum ctx_status */
    uint16_t labels; /* of enum ctx_label: how confidential it is */
    struct an_time effective;
    struct an_time end;      /* precision AN_TIME_NONE when there is none */
    int64_t available_us;    /* when it could be known: issued, else sent */
    int64_t said_us;         /* when this version was said; 0 when unsaid */
    struct ctx_code concept; /* what; for ADMISSION.. the encounter's class */
    const struct ctx_code *alias; /* the same thing in other systems */
    size_t n_aliases;
    struct ctx_value value;
    struct an_str low, high; /* reference range, literals */
    struct an_str flag;      /* HL7 table 0078: H, L, HH, LL, A, N ... */
    struct an_str encounter; /* authority|visit number; "" when none */
    struct an_str fact;      /* the fact this is a version of, see above */
    struct an_str place;     /* in its message: "OBX[3]-5", "/entry/3/..." */
    struct an_str message;   /* id of the message: SHA-256, lower-case hex;
                                 filled by who knows the bytes, else "" */
};

const char *ctx_kind_text(unsigned kind);
const char *ctx_status_text(unsigned status);

/* No longer so: cancelled or entered in error. */
static inline bool ctx_event_withdrawn(const struct ctx_event *e)
{
    return e->status == CTX_STATUS_CANCELLED ||
           e->status == CTX_STATUS_ENTERED_IN_ERROR;
}

/* A number to find a fact by: 48 bits of the SHA-256 of all of its name but the last
 * two characters, and these, so that numbers that follow each other lie together in
 * an index.  Others may have the same, so who looks by it compares the fact.  It is
 * stored.  AN_INTERNAL. */
enum an_code ctx_fact_key(struct an_str fact, int64_t *key, struct an_err *err)
    __attribute__((warn_unused_result));

/* False where that cannot be the fact's key: a look at two bytes, not a hash. */
bool ctx_fact_may_be(struct an_str fact, int64_t key);

#endif
