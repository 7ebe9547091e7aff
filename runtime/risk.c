/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/risk.h"

#include <math.h>

/* e^50 per day is certainty at any horizon; more would only overflow. */
static double hazard(const struct rt_shape *s, const float *log_hazard_kj,
                     int outcome, int bin)
{
    return exp(fmin((double)log_hazard_kj[outcome * s->bins + bin], 50));
}

/* How much of a bin lies before the horizon. */
static double bin_days(const struct rt_shape *s, int bin, double horizon_days)
{
    const double from = (double)s->bin_edge_days[bin];
    double to = horizon_days;

    if (bin + 1 < s->bins && (double)s->bin_edge_days[bin + 1] < to)
        to = (double)s->bin_edge_days[bin + 1];
    return to > from ? to - from : 0;
}

/* Both causes by the horizon: the outcome, and death before it. */
static void both(const struct rt_shape *s, const float *log_hazard_kj,
                 int outcome, double horizon_days, double *p, double *p_death)
{
    const bool competes = s->death >= 0 && s->death != outcome;
    double reached = 1;

    *p = *p_death = 0;
    for (int j = 0; j < s->bins; j++) {
        const double own = hazard(s, log_hazard_kj, outcome, j);
        const double death =
            competes ? hazard(s, log_hazard_kj, s->death, j) : 0;
        const double days = bin_days(s, j, horizon_days);
        const double happens = -expm1(-(own + death) * days) * reached;
        const double share = own > 0 ? own / (own + death) : 0;

        *p += share * happens;
        *p_death += (1 - share) * happens;
        reached *= exp(-(own + death) * days);
    }
    *p = fmin(*p, 1);
    *p_death = competes ? fmin(*p_death, 1 - *p) : 0;
}

double rt_risk(const struct rt_shape *s, const float *log_hazard_kj,
               int outcome, double horizon_days)
{
    double p, p_death;

    both(s, log_hazard_kj, outcome, horizon_days, &p, &p_death);
    return p;
}

double rt_risk_death_first(const struct rt_shape *s, const float *log_hazard_kj,
                           int outcome, double horizon_days)
{
    double p, p_death;

    both(s, log_hazard_kj, outcome, horizon_days, &p, &p_death);
    return p_death;
}

double rt_log_burden(const struct rt_shape *s, const float *log_hazard_kj,
                     int outcome, double horizon_days)
{
    double top = -(double)INFINITY, sum = 0;

    for (int j = 0; j < s->bins; j++) {
        const double days = bin_days(s, j, horizon_days);

        if (days > 0)
            top = fmax(top, (double)log_hazard_kj[outcome * s->bins + j]);
    }
    for (int j = 0; j < s->bins; j++) {
        const double days = bin_days(s, j, horizon_days);

        if (days > 0)
            sum +=
                days * exp((double)log_hazard_kj[outcome * s->bins + j] - top);
    }
    return sum > 0 ? top + log(sum) : top; /* no time: no burden */
}

static enum an_code knots_check(const struct rt_calibration *c,
                                struct an_err *err)
{
    if (c->n == 0)
        return an_fail(err, AN_CONFIG, "a calibration has no knots", 0);
    for (size_t i = 0; i < c->n; i++)
        if (!(c->from[i] >= 0 && c->from[i] <= 1 && c->to[i] >= 0 &&
              c->to[i] <= 1) ||
            (i > 0 &&
             (c->from[i] <= c->from[i - 1] || c->to[i] < c->to[i - 1])))
            return an_fail(err, AN_CONFIG,
                           "calibration knots rise and stay in [0, 1]", i);
    return AN_OK;
}

enum an_code rt_calibration_check(const struct rt_calibration *c,
                                  struct an_err *err)
{
    if (!(c->spread >= 0 && isfinite(c->spread)))
        return an_fail(err, AN_CONFIG, "a spread is a number from 0", 0);
    if (c->kind == RT_CALIBRATION_KNOTS)
        return knots_check(c, err);
    if (c->kind == RT_CALIBRATION_LOGISTIC &&
        !(isfinite(c->intercept) && isfinite(c->slope) && c->slope > 0))
        return an_fail(err, AN_CONFIG,
                       "a logistic calibration has a positive slope", 0);
    return AN_OK;
}

static double between_knots(const struct rt_calibration *c, double p)
{
    size_t i = 0;
    double part;

    if (p <= c->from[0])
        return c->to[0];
    while (i + 1 < c->n && p > c->from[i + 1])
        i++;
    if (i + 1 == c->n)
        return c->to[i];
    part = (p - c->from[i]) / (c->from[i + 1] - c->from[i]);
    return c->to[i] + part * (c->to[i + 1] - c->to[i]);
}

double rt_calibrate(const struct rt_calibration *c, double p)
{
    if (c->kind == RT_CALIBRATION_KNOTS)
        return between_knots(c, p);
    if (c->kind == RT_CALIBRATION_LOGISTIC && p > 0 && p < 1)
        return 1 / (1 + exp(-(c->intercept + c->slope * (log(p) - log1p(-p)))));
    return p;
}

static double shifted(double p, double log_odds)
{
    return 1 / (1 + exp(-(log(p) - log1p(-p) + log_odds)));
}

void rt_calibration_interval(const struct rt_calibration *c, double p,
                             double *low, double *high)
{
    bool inside = c->spread > 0 && p > 0 && p < 1;

    *low = inside ? shifted(p, -c->spread) : p;
    *high = inside ? shifted(p, c->spread) : p;
}
