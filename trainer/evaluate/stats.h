/* SPDX-License-Identifier: Apache-2.0 */
/* How good probabilities are: discrimination, calibration, and how sure one
 * can be of either when patients are asked several times.
 *
 * Thread-safety: immutable (functions of their arguments). */
#ifndef TRAINER_EVALUATE_STATS_H
#define TRAINER_EVALUATE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One answered question. */
struct tr_point {
    double p; /* in [0,1] */
    double weight;
    uint32_t person; /* from 0: whose patients are drawn together */
    uint8_t y;       /* 0 or 1 */
};

/* For qsort, of doubles that are numbers, rising. */
int tr_double_cmp(const void *a, const void *b);

void tr_points_sort(struct tr_point *point, size_t n); /* by p */

/* Area under the ROC curve, ties counted half; the points are sorted.  NAN
 * when all answers are the same. */
double tr_auroc(const struct tr_point *point, size_t n);
/* Weighted: mean squared error. */
double tr_brier(const struct tr_point *point, size_t n);

/* Percentile interval over TR_RESAMPLES draws of persons, by key.  With two
 * lists of points (same persons) the interval of the difference a - b. */
enum { TR_RESAMPLES = 500 };
struct tr_interval {
    double low, high;
};
#define TR_NORMAL_95 1.959964 /* standard errors to either side */
struct tr_interval tr_auroc_interval(struct tr_point *a, size_t n_a,
                                     struct tr_point *b, size_t n_b,
                                     uint32_t n_persons, double *scratch,
                                     uint64_t key);
/* Scratch that this needs, in doubles. */
size_t tr_interval_scratch(uint32_t n_persons);

/* What the middle 95 % of some draws span; NAN of fewer than half of
 * TR_RESAMPLES.  Sorts them. */
struct tr_interval tr_middle(double *value, size_t n);

/* How often each of so many is drawn, in one draw of as many. */
void tr_draw_persons(double *times, uint32_t n_persons, uint64_t key);

/* The same of a mean of ratios: sum(a) / sum(b) over persons. */
struct tr_interval tr_ratio_interval(const double *a, const double *b,
                                     uint32_t n_persons, double *scratch,
                                     uint64_t key);

/* Finite for 0 and 1, too. */
double tr_log_odds(double p);

/* Logistic line of the answer on the log-odds of p: calibrated is intercept 0,
 * slope 1.  With `smooth`, Platt's targets (1999), which do not run away when
 * the classes part cleanly.  False when it does not converge. */
struct tr_line {
    double intercept, slope;
};
bool tr_line_fit(const struct tr_point *point, size_t n, bool smooth,
                 bool slope_too, struct tr_line *line);

/* Isotonic regression by pooling adjacent violators; points sorted.  Knots
 * with `from` rising by more than 1e-8 and `to` never falling; returns how
 * many, at most n.  A pooled block has one at each edge, so that what is
 * straight between knots (rt_calibrate) gives the points of a block their
 * mean: over all points, but for those that are nearer to each other than
 * that, the mean of what comes out is the weighted share of the ones. */
size_t tr_isotonic(const struct tr_point *point, size_t n, double *from,
                   double *to);

#endif
