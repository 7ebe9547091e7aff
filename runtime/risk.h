/* SPDX-License-Identifier: Apache-2.0 */
/* From log hazards to probabilities.
 *
 * A hazard is constant inside a bin, so with bins j, death competing, and
 * L_j = hazard of the outcome + hazard of death,
 *
 *     P(outcome by h) = sum_j hazard_j / L_j (1 - exp(-L_j d_j)) S_j
 *
 * where d_j is how much of bin j lies before h and S_j the share that reached
 * the bin with neither (Prentice et al., Biometrics 1978).  For death itself
 * nothing competes.
 *
 * Thread-safety: immutable (functions of their arguments). */
#ifndef RUNTIME_RISK_H
#define RUNTIME_RISK_H

#include "runtime/shape.h"

/* In [0, 1]; not smaller for a longer horizon; with the death before it (below)
 * it sums to at most 1. */
double rt_risk(const struct rt_shape *s, const float *log_hazard_kj,
               int outcome, double horizon_days);

/* That death comes by the horizon and before the outcome; 0 for death itself
 * and when no outcome is death. */
double rt_risk_death_first(const struct rt_shape *s, const float *log_hazard_kj,
                           int outcome, double horizon_days);

/* Log of the outcome's own hazard added up to the horizon: what attribution
 * compares.  horizon > 0. */
double rt_log_burden(const struct rt_shape *s, const float *log_hazard_kj,
                     int outcome, double horizon_days);

/* ---- calibration ---------------------------------------------------------
 * A site's own map from the model's probability to the observed one: either
 * logistic (a line on log-odds) or knots, straight between them and flat
 * outside.  Both are data of the model package. */
enum rt_calibration_kind {
    RT_CALIBRATION_NONE,
    RT_CALIBRATION_LOGISTIC,
    RT_CALIBRATION_KNOTS
};

struct rt_calibration {
    enum rt_calibration_kind kind;
    double intercept, slope; /* LOGISTIC; slope > 0 */
    const double *from, *to; /* KNOTS: from rises, to never falls */
    size_t n;
    double spread; /* half the width of an interval, in log-odds, of how far the
                      map itself was uncertain, so that of all whom it is said
                      95 % have the truth in it; 0 when it was not found out,
                      and then there is no interval */
};

/* AN_CONFIG for what would not be monotone or leave [0, 1]. */
enum an_code rt_calibration_check(const struct rt_calibration *c,
                                  struct an_err *err)
    __attribute__((warn_unused_result));
double rt_calibrate(const struct rt_calibration *c, double p);
/* Around a calibrated probability; both are p when there is no interval. */
void rt_calibration_interval(const struct rt_calibration *c, double p,
                             double *low, double *high);

#endif
