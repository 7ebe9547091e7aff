/* SPDX-License-Identifier: Apache-2.0 */
/* One question to a model up to its pass: what forecasts and comparisons share.
 *
 * Thread-safety: confined, as the predictor. */
#ifndef RUNTIME_PREDICT_INT_H
#define RUNTIME_PREDICT_INT_H

#include "runtime/predict.h"

struct rt_prediction {
    struct rt_predictor *p;
    struct an_arena *arena;
    struct an_err *err;
    struct rt_encoded encoded;
    struct rt_history window;             /* what the model can read of it */
    const struct ctx_event *const *event; /* of the window's items */
    float *wide;
    struct rt_cached *cached; /* where `past` is; NULL: it is the predictor's */
    struct rt_past *past;     /* of the window */
    bool recalled;            /* the answer is the cached one, with reasons */
    float *whole_kj;          /* log hazards */
    size_t n_hazards;         /* outcomes times bins */
    struct rt_subject subject; /* empty until a question needs reasons */
    struct rt_reasons reasons;
    struct ctx_forecast *out;
};

/* Of x with p, arena, err and out set: the history, its window, whether the
 * model abstains (x->out->abstention) and, if not, the pass: the log hazards in
 * x->whole_kj, the log rates in the workspace, keys and values in x->past. */
enum an_code rt_prediction_begin(struct rt_prediction *x,
                                 const struct ctx_timeline *t, int64_t now_us)
    __attribute__((warn_unused_result));
/* Gives the past back with what was computed, the rates still in the workspace;
 * rc is what all came to. */
void rt_prediction_end(struct rt_prediction *x, enum an_code rc);

/* Years at the moment asked; NAN when the birth is not known. */
double rt_prediction_age(const struct rt_prediction *x);

#endif
