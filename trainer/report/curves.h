/* SPDX-License-Identifier: Apache-2.0 */
/* The curves of a view: what is drawn, as numbers.
 *
 * Thread-safety: immutable (functions of their arguments), but for the view's
 * own room. */
#ifndef TRAINER_REPORT_CURVES_H
#define TRAINER_REPORT_CURVES_H

#include "trainer/evaluate/view.h"

struct tr_xy {
    double x, y;
};

/* The ROC curve of sorted points, from (0,0) to (1,1): 1 - specificity and
 * sensitivity of each threshold, the highest first.  What is straight between
 * has the area tr_auroc.  Room for n + 1; 0 when all answers are the same. */
size_t tr_roc(const struct tr_point *point, size_t n, struct tr_xy *xy);

/* Recall and precision of each threshold that `least` points or more reach, the
 * highest first.  Room for n; 0 when nobody has it. */
size_t tr_precision_recall(const struct tr_point *point, size_t n, size_t least,
                           struct tr_xy *xy);
/* The area below its steps (average precision); NAN when nobody has it. */
double tr_average_precision(const struct tr_point *point, size_t n);

/* Of a line, `most` places evenly along it, both ends kept: what a plot can
 * show, and less than would tell of single people.  most > 1. */
size_t tr_thin(struct tr_xy *xy, size_t n, size_t most);

/* Tenths of the known answers by risk, equal risks together. */
enum { TR_TENTHS = 10, TR_TENTH_LEAST = 30 /* questions */ };
struct tr_tenth {
    double risk; /* mean; weighted, as the share is */
    struct tr_ratio share;
};
size_t tr_tenths(struct tr_view *v, struct tr_tenth tenth[TR_TENTHS]);

/* Net benefit at thresholds evenly up to the last, as tr_net_benefit has it. */
enum { TR_DECISIONS = 61 };
void tr_decisions(const struct tr_view *v, double last,
                  struct tr_xy by_risk[TR_DECISIONS],
                  struct tr_xy all[TR_DECISIONS]);

/* How the risks of who is at risk are spread: shares of bars of equal width up
 * to `last`, which the last bar has all above of, too. */
enum { TR_BARS = 30 };
void tr_histogram(const struct tr_view *v, double last, double bar[TR_BARS]);

/* The risk that `share` of who is at risk do not exceed; NAN of nobody. */
enum an_code tr_risk_quantile(const struct tr_view *v, double share,
                              double *risk, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
