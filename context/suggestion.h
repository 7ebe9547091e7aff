/* SPDX-License-Identifier: Apache-2.0 */
/* What we say, to whom, and on what evidence.  advice/ makes suggestions;
 * fhir/ and hl7/ print them; plugin/ decides whether they may leave.
 *
 * Thread-safety: immutable once made.  Ownership: the arena it was made in. */
#ifndef CONTEXT_SUGGESTION_H
#define CONTEXT_SUGGESTION_H

#include "context/forecast.h"

/* The numbers are stored: append, never reorder. */
#define CTX_SUGGESTIONS(X)                                                     \
    X(RISK, "risk")                                                            \
    X(DIFFERENTIAL, "differential")                                            \
    X(SCORE, "score")                                                          \
    X(SUMMARY, "summary")                                                      \
    X(COMPARISON, "comparison")                                                \
    X(DOSING, "dosing")

enum ctx_suggestion_kind {
#define X(name, text) CTX_SUGGEST_##name,
    CTX_SUGGESTIONS(X)
#undef X
        CTX_N_SUGGESTIONS
};

const char *ctx_suggestion_text(unsigned kind);
/* A kind that no patient is ever told: what may come, what might be done. */
bool ctx_suggestion_never_patient(unsigned kind);

#define CTX_AUDIENCES(X)                                                       \
    X(CLINICIAN, "clinician")                                                  \
    X(NURSE, "nurse")                                                          \
    X(PLANNER, "planner")                                                      \
    X(PATIENT, "patient")

enum ctx_audience {
#define X(name, text) CTX_FOR_##name,
    CTX_AUDIENCES(X)
#undef X
        CTX_N_AUDIENCES
};

const char *ctx_audience_text(unsigned audience);

/* Why: one data point, in a sentence that names it, its date and value. */
struct ctx_evidence {
    const struct ctx_event *event;
    struct an_str sentence;
    double weight; /* share of the absolute influence, in [0,1]; 0 unweighted */
    int8_t direction; /* +1 raises, -1 lowers, 0 neither */
};

struct ctx_citation {
    struct an_str title, source, doi;
    uint16_t year;
};

struct ctx_suggestion {
    uint8_t kind;           /* enum ctx_suggestion_kind */
    uint8_t audience;       /* enum ctx_audience */
    struct an_str language; /* BCP 47 */
    bool draft_language;    /* its catalogue was not reviewed by a translator */
    struct an_str topic;    /* outcome or score id; "" for a summary */
    struct an_str title;    /* the outcome or score in words */
    struct an_str statement;
    double p, p_low, p_high; /* RISK: in [0,1] */
    uint32_t horizon_days;
    struct an_str value;         /* SCORE: literal, with unit below */
    struct an_str unit;          /* UCUM */
    const struct ctx_next *next; /* DIFFERENTIAL */
    size_t n_next;
    const struct ctx_evidence *evidence; /* heaviest first */
    size_t n_evidence;
    const struct ctx_citation *citation;
    size_t n_citations;
    uint8_t abstention;        /* enum ctx_abstention: why there is no number */
    bool patient_facing;       /* waits for a clinician's release */
    bool never_patient;        /* may not be shown to the patient at all */
    struct ctx_model_id model; /* name "" when no model took part (scores) */
    struct an_time as_of;
};

#endif
