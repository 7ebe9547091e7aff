/* SPDX-License-Identifier: Apache-2.0 */
/* What a model says about one patient at one moment: numbers, and the events
 * that moved them.  runtime/ makes forecasts; advice/ puts them into words.
 *
 * A forecast may abstain as a whole (too little history, too many unknown
 * codes); then it has no risks, and says why.
 *
 * Thread-safety: immutable once made.  Ownership: the arena it was made in;
 * events belong to the timeline it was made from. */
#ifndef CONTEXT_FORECAST_H
#define CONTEXT_FORECAST_H

#include "context/timeline.h"

/* Which model spoke.  `digest` is the SHA-256 of its signed file list, lower-
 * case hex: it names the exact weights, vocabulary and calibration.
 * `arithmetic` names what else the bits of its numbers depend on
 * (rt_arithmetic). */
struct ctx_model_id {
    struct an_str name, version, digest, arithmetic;
    bool demonstrator; /* trained on invented patients: not for care */
};

#define CTX_ABSTENTIONS(X)                                                     \
    X(NONE, "")                                                                \
    X(SHORT_HISTORY, "too little history")                                     \
    X(UNKNOWN_CODES, "too many codes that the model does not know")            \
    X(OUT_OF_POPULATION, "outside the population the model was trained on")    \
    X(NOT_AT_RISK, "the outcome is already present or cannot happen")          \
    X(NO_INDEX, "the event that the question starts from has not happened")    \
    X(STALE, "the data feed is silent or incomplete")                          \
    X(NO_MODEL, "no model is loaded")                                          \
    X(MISSING_INPUT, "an input is missing")                                    \
    X(NO_EVIDENCE, "no data point supports a number")                          \
    X(OPTED_OUT, "the patient has opted out")                                  \
    X(DISPUTED, "senders disagree about birth date or sex")                    \
    X(UNLIKE_TRAINING, "too unlike the people the model was trained on")

enum ctx_abstention {
#define X(name, text) CTX_ABSTAIN_##name,
    CTX_ABSTENTIONS(X)
#undef X
        CTX_N_ABSTENTIONS
};

const char *ctx_abstention_text(unsigned abstention);

/* Some events that were left out together, and what that did to the
 * log-hazard of the outcome: positive when they raise the risk. */
struct ctx_influence {
    const struct ctx_event *const *event;
    size_t n_events;
    double log_hazard;
};

struct ctx_risk {
    struct an_str outcome; /* id, as in config/outcomes */
    uint32_t horizon_days;
    uint8_t abstention; /* enum ctx_abstention; if not NONE, no numbers */
    double p;           /* in [0,1], calibrated, death competing */
    double p_low, p_high;
    const struct ctx_influence *influence; /* by absolute size, largest first */
    size_t n_influences;
};

/* One line of the differential: what may be recorded next.  Candidates are the
 * conditions that the model predicts and that were recorded of people of the
 * patient's age and sex, without those on record that people have once; the
 * list is the likeliest of them. */
struct ctx_next {
    struct ctx_code concept;
    double p; /* that it is recorded within the horizon, and before any other
                 candidate, listed or not */
};

/* A feed of messages that is not as it should be, and how far what it brought
 * reaches: who reads a number must know what it cannot rest on. */
enum ctx_feed_fault {
    CTX_FEED_SILENT, /* nothing has come for longer than usual */
    CTX_FEED_LATE,   /* what comes was said long ago */
    CTX_FEED_GAP     /* messages of it are missing */
};

struct ctx_feed {
    struct an_str name;     /* "EHR|HOSP" */
    struct an_time through; /* of the newest; none: nothing ever came */
    uint8_t why;            /* enum ctx_feed_fault */
};

struct ctx_forecast {
    struct ctx_model_id model;
    struct an_time now;
    uint8_t abstention;
    bool restricted; /* some of the record may not be used for this reader */
    double unknown_share; /* of the events that could have been read */
    uint32_t n_positions; /* moments of history that the model saw */
    const struct ctx_risk *risk;
    size_t n_risks;
    const struct ctx_next *next; /* largest p first */
    size_t n_next;
    uint32_t next_horizon_days;
    /* So many of the candidates, the likeliest, hold what is recorded next with
     * that probability, when one of them is within the horizon: of all whom it
     * is said, not of each kind of patient.  They may be more than are listed;
     * 0: it is not known. */
    size_t n_next_needed;
    double next_coverage;
    const struct ctx_feed *stale; /* by name; most often none */
    size_t n_stale;
};

#endif
