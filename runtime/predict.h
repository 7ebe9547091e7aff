/* SPDX-License-Identifier: Apache-2.0 */
/* From a timeline to a forecast: encode, one forward pass, risks with their
 * reasons, what may come next.  Everything the model needs to know about
 * itself stands in its package.
 *
 *     struct rt_predictor p;
 *     rt_predictor_init(&p, arena, &package, err);          -- once a thread
 *     struct rt_question q[] = {{AN_STR("stroke"), 365, CTX_ABSTAIN_NONE}};
 *     rt_predict(&p, arena, &timeline, now, q, 1, &forecast, err);
 *
 * Whether a question makes sense for this patient (at risk? discharged?) is
 * for the caller to know; a question that does not is given its abstention and
 * gets it back.  The model's own reasons to say nothing (too little history,
 * too many unknown codes, an age it was not trained on, facts too far from those
 * of the people it was trained on) are looked at here.
 *
 * Of one outcome a nearer horizon never has the larger risk: it gives way where
 * the horizons, calibrated one by one, say otherwise.
 *
 * A reason for a risk is a concept, with all that the record says of it; its
 * weight is its share of what the reasons do together to the log hazard
 * (runtime/reasons.h).  A concept that was not looked at is never named; every
 * weight that is said was computed in full.
 *
 * With a cache (runtime/cache.h), which the predictors of several threads share,
 * only what follows the part of the record that is known already is computed,
 * and nothing when the same is asked in the same hour (runtime/encode.h).
 * What comes out is the same.
 *
 * Members of manifest.json that are read here:
 *     "vocabulary" (runtime/vocabulary.h), "wide" (runtime/wide.h),
 *     "next": {"kinds": ["kind|condition"], "horizon_days": 365,
 *              "coverage": 0.9, "threshold": 0.0123}
 *         candidates of the differential: predicted concepts under these; the
 *         share of all their rates from which on they hold the next one with
 *         that probability (trainer/evaluate/differential.h), both or neither
 *     "procedures" (runtime/support.h)
 *
 * Of the candidates a patient has those that are plausible at their age, for
 * their sex and with what is on record (runtime/plausible.h).  The others do
 * not take part at all: the chance that is given with a concept is that it is
 * recorded within the horizon and before any other candidate that this patient
 * has.
 *
 * Thread-safety: a predictor is confined to a thread; packages are shared.
 * Ownership: the predictor's memory is the arena's it was made in, a forecast
 * that of its call; its events are the timeline's. */
#ifndef RUNTIME_PREDICT_H
#define RUNTIME_PREDICT_H

#include "context/forecast.h"
#include "runtime/cache.h"
#include "runtime/encode.h"
#include "runtime/forward.h"
#include "runtime/package.h"
#include "runtime/reasons.h"
#include "runtime/support.h"

enum { RT_MAX_NEXT = 10 };

/* Who computes a pass: as rt_forward_extend of one ask, hazards and rates.  For
 * threads that share cores. */
struct rt_passer {
    enum an_code (*extend)(void *self, struct rt_workspace *ws,
                           struct rt_past *past, const struct rt_ask *ask,
                           struct an_err *err);
    void *self;
};

struct rt_predictor {
    const struct rt_package *package;
    struct rt_vocabulary vocabulary;
    const struct rt_feature *feature;
    size_t n_features;
    int32_t *among; /* rows of the candidates, whoever the patient is */
    size_t n_among;
    uint32_t next_horizon_days;
    double next_threshold, next_coverage; /* 0: the package has none */
    struct rt_support support;            /* of procedures */
    struct rt_workspace workspace;
    struct rt_past past, bare; /* of a history; of it without its reasons */
    struct rt_cache *cache;    /* of the same shape; NULL, as it begins: none */
    struct rt_passer passer;   /* as it begins: this thread by itself */
};

struct rt_question {
    struct an_str
        outcome; /* id; one that the model does not have is left out */
    uint32_t horizon_days;
    uint8_t abstention; /* enum ctx_abstention: why not to ask */
};

/* What the readers of the members above say; AN_CONFIG when their sizes are
 * not those of the model's shape, and for a coverage or threshold that is no
 * share. */
enum an_code rt_predictor_init(struct rt_predictor *p, struct an_arena *arena,
                               const struct rt_package *package,
                               struct an_err *err)
    __attribute__((warn_unused_result));

/* The index of an outcome in the model; -1 when it has no such. */
int rt_predictor_outcome(const struct rt_predictor *p, struct an_str id);

enum an_code rt_predict(struct rt_predictor *p, struct an_arena *arena,
                        const struct ctx_timeline *t, int64_t now_us,
                        const struct rt_question *question, size_t n_questions,
                        struct ctx_forecast *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
