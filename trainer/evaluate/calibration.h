/* SPDX-License-Identifier: Apache-2.0 */
/* Whether probabilities mean what they say, and what it is worth to act on
 * them.  Points weigh as tr_known_weights has it, so that the known answers
 * stand for those who were lost, too.
 *
 * Thread-safety: immutable (functions of their arguments and scratch);
 * tr_knots_spread is confined to its arena. */
#ifndef TRAINER_EVALUATE_CALIBRATION_H
#define TRAINER_EVALUATE_CALIBRATION_H

#include "base/arena.h"
#include "runtime/risk.h"
#include "trainer/evaluate/stats.h"

/* How far a line of tr_line_fit is uncertain: variance of the intercept,
 * covariance, variance of the slope.  Questions of one person are taken
 * together (the sandwich of Liang and Zeger 1986), weights as given.  With
 * !slope_too the slope is known.  scratch has 2 * n_persons doubles.  False
 * when it is undetermined. */
bool tr_line_variance(const struct tr_point *point, size_t n,
                      const struct tr_line *line, bool slope_too,
                      uint32_t n_persons, double *scratch, double variance[3]);

/* Half a width, in log-odds, that holds as much of what a fitted map may be off
 * as 95 % of the points are off by: some risks are surer than others, and one
 * width serves them all (rt_calibration.spread).  Of a line by its variance, 0
 * when that is undetermined. */
double tr_line_spread(const struct tr_point *point, size_t n,
                      const struct tr_line *line, bool slope_too,
                      uint32_t n_persons, double *scratch);
/* Of knots by fitting them again to TR_REFITS draws of persons.  Nothing below
 * `least`, nor as much above 1 - least, is told apart. */
enum { TR_REFITS = 200 };
enum an_code tr_knots_spread(struct an_arena *arena,
                             const struct tr_point *point, size_t n,
                             const struct rt_calibration *map, double least,
                             uint32_t n_persons, uint64_t key, double *spread,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* 95 % around the slope; NAN when it is undetermined. */
struct tr_interval tr_slope_interval(const struct tr_point *point, size_t n,
                                     const struct tr_line *line,
                                     uint32_t n_persons, double *scratch);

/* The integrated calibration index (Austin and Steyerberg 2019): the mean of
 * |smoothed answer - p|.  Smoothed is a loess on p, as R has it by default: a
 * parabola through the nearest three quarters of the points, by tricube
 * weights; at each p up to TR_ICI_KNOTS points, else at as many quantiles and
 * straight between.  The points are sorted; NAN when there are none. */
enum { TR_ICI_KNOTS = 200 };
/* That curve: places, rising, each once, and what is smoothed there; returns how
 * many. */
size_t tr_smooth(const struct tr_point *point, size_t n,
                 double place[TR_ICI_KNOTS], double curve[TR_ICI_KNOTS]);
double tr_ici(const struct tr_point *point, size_t n);

/* Net benefit (Vickers and Elkin 2006) of treating whose p reaches the
 * threshold, per person: true positives, less false ones at the threshold's
 * odds.  Treating nobody is 0; treating all is threshold 0 at these odds, which
 * is tr_net_benefit_all.  NAN unless the threshold is between 0 and 1. */
double tr_net_benefit(const struct tr_point *point, size_t n, double threshold);
double tr_net_benefit_all(const struct tr_point *point, size_t n,
                          double threshold);

#endif
