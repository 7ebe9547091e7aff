/* SPDX-License-Identifier: Apache-2.0 */
/* Two or more procedures for one patient at one moment: what a model says of
 * each, or why it does not compare them.  runtime/compare.h makes these,
 * advice/compare.h puts them into words.
 *
 * A comparison is an association in the records that the model was made from,
 * and not an effect of the procedures.
 *
 * Thread-safety: immutable once made.  Ownership: the arena it was made in. */
#ifndef CONTEXT_COMPARISON_H
#define CONTEXT_COMPARISON_H

#include "context/forecast.h"

#define CTX_REFUSALS(X)                                                        \
    X(NONE, "")                                                                \
    X(DEMONSTRATOR, "the model is a demonstrator trained on invented people")  \
    X(NO_SUPPORT, "the model does not say how many people had a procedure")    \
    X(UNKNOWN, "the model does not know a procedure")                          \
    X(TWICE, "two of the procedures are the same to the model")                \
    X(FEW_PEOPLE, "too few people had a procedure")                            \
    X(ABSTAINS, "the model abstains")                                          \
    X(IMPLAUSIBLE, "nobody of this age and sex had a procedure, or it is had " \
                   "once and is on record")                                    \
    X(NO_OVERLAP, "people with a record like this hardly ever have one of "    \
                  "the procedures")                                            \
    X(FEW_EVENTS, "too few were followed after a procedure, had the outcome, " \
                  "or did not have it")                                        \
    X(NO_INTERVAL, "how sure the estimate is was not found out")               \
    X(NOT_ASKED, "the outcome cannot be asked about")

enum ctx_refusal {
#define X(name, text) CTX_REFUSE_##name,
    CTX_REFUSALS(X)
#undef X
        CTX_N_REFUSALS
};

const char *ctx_refusal_text(unsigned refusal);

struct ctx_candidate {
    struct ctx_code concept; /* with the model's display */
    uint8_t refusal;         /* enum ctx_refusal: why not this one */
    uint32_t n_people;       /* who had it where the model was made */
    double share; /* of the chance that one of the candidates is next, in a
                     record like this; 0 before that is known */
};

/* What is said of one candidate and one outcome; [p_low, p_high] are 95 %. */
struct ctx_compared {
    double p, p_low, p_high;
    uint32_t n_people, n_events; /* that it rests on */
    /* p minus that of the first candidate; of that itself 0. */
    double difference, difference_low, difference_high;
};

struct ctx_contrast {
    struct an_str outcome; /* id */
    uint32_t horizon_days;
    uint8_t refusal;                      /* then there are no numbers */
    uint8_t abstention;                   /* of NOT_ASKED: why */
    const struct ctx_compared *candidate; /* in the order of the candidates */
};

struct ctx_comparison {
    struct ctx_model_id model;
    struct an_time now;
    uint8_t refusal;    /* of the whole; then there are no contrasts */
    uint8_t abstention; /* of ABSTAINS: why */
    uint32_t min_people, min_events; /* that the model asks for; 0: none */
    const struct ctx_candidate *candidate;
    size_t n_candidates;
    const struct ctx_contrast *contrast;
    size_t n_contrasts;
};

#endif
