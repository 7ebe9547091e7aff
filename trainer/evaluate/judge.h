/* SPDX-License-Identifier: Apache-2.0 */
/* A model judged on patients it has not seen, beside what it has to beat:
 *
 * - constant rates (each concept at the rate of the training patients), for
 *   the loss of the next event, both with waits told apart as in the fit;
 * - a logistic regression per outcome and horizon on the wide features.
 *
 * Both probabilities are calibrated on the tuning split in the same way: a
 * line on log-odds from TR_LINE_EVENTS events on, its intercept alone from
 * TR_SHIFT_EVENTS on, isotonic from TR_ISOTONIC_EVENTS on, else nothing.
 * Intervals are 95 %, by drawing patients, not questions.
 *
 * Of who was lost before the horizon no answer is known.  What is observed is
 * therefore tr_incidence, of all who were at risk, and what is expected the mean
 * of their risks; calibration, line, ICI, net benefit and Brier weigh by
 * tr_known_weights.  AUROC is of the known answers as they are, C of all.
 *
 * A data set without training or without tuning patients has nothing to make
 * these of: then the model alone is judged.  Without tuning patients it is
 * calibrated as its package says.
 *
 * Thread-safety: confined to the arena. */
#ifndef TRAINER_EVALUATE_JUDGE_H
#define TRAINER_EVALUATE_JUDGE_H

#include "base/json_out.h"
#include "trainer/evaluate/differential.h"
#include "trainer/evaluate/loss.h"

enum {
    TR_SHIFT_EVENTS = 3,
    TR_LINE_EVENTS = 20,
    TR_ISOTONIC_EVENTS = 1000,
    TR_JUDGED_EVENTS = 20, /* fewer say nothing about who is better */
    TR_CONFIGURED = 2,     /* which of the thresholds is a site's own */
    TR_THRESHOLDS = 3
};

/* How much worse in AUROC than the regression a model may be. */
#define TR_MARGIN 0.05

/* Net benefit of treating from a threshold on; NAN when it is none. */
struct tr_benefit {
    double threshold, by_risk, all;
};

struct tr_score_of {
    double auroc, brier, observed_expected;
    double concordance; /* tr_concordance */
    struct tr_interval auroc_interval;
    struct tr_interval observed_expected_interval; /* the weights as known */
    struct tr_line line; /* of the answer on log-odds; NAN when undetermined */
    struct tr_interval slope_interval;
    double ici; /* tr_ici */
    /* From the share with the outcome on, from twice that, and from the
     * threshold that the outcome is configured with (trainer/data.h). */
    struct tr_benefit benefit[TR_THRESHOLDS];
};

struct tr_verdict {
    struct tr_column column;
    size_t n, events, persons_with_event;
    size_t n_at_risk; /* and those who were lost before the horizon */
    double incidence; /* tr_incidence: what is observed */
    struct tr_score_of model, regression;
    bool has_regression;
    double difference; /* AUROC of model minus regression */
    struct tr_interval difference_interval;
    struct rt_calibration calibration; /* of the model, from tuning */
    size_t tune_events;
};

struct tr_refusals; /* trainer/evaluate/refusal.h */

struct tr_judgement {
    struct tr_verdict *verdict;
    size_t n;
    bool compared; /* else next_event* is not there, and no regression */
    struct tr_losses loss;       /* of the test split */
    struct tr_predicted test;    /* what the model said, before calibration */
    size_t n_patients, n_scores; /* of the test split */
    double next_event, next_event_constant; /* loss per position */
    struct tr_interval next_event_gain;     /* model minus constant */
    struct tr_differential differential;
    const struct tr_refusals *refusals; /* NULL of a fit: it has no limits */
};

/* The calibration of a column by the answers of a split, as tr_judge makes it of
 * the tuning patients. */
enum an_code tr_calibrate(struct an_arena *arena, const struct tr_data *d,
                          const struct tr_predicted *p, size_t column,
                          struct rt_calibration *map, struct an_err *err)
    __attribute__((warn_unused_result));

/* A package that keeps its calibration is judged with it. */
enum an_code tr_judge(struct an_arena *arena, const struct tr_data *d,
                      const struct tr_fitted *fitted, struct tr_judgement *out,
                      struct an_err *err) __attribute__((warn_unused_result));

/* Adds whom these limits refuse; of a package tr_judge has done so. */
enum an_code tr_judge_refusals(struct an_arena *arena, const struct tr_data *d,
                               const struct rt_limits *limits,
                               const struct rt_population *population,
                               struct tr_judgement *j, struct an_err *err)
    __attribute__((warn_unused_result));

/* Compared: the next-event loss is lower than that of constant rates, surely; and where
 * there are TR_JUDGED_EVENTS, no outcome is worse than the regression by more
 * than the margin. */
bool tr_judgement_passes(const struct tr_judgement *j);

enum an_code tr_judgement_text(struct an_arena *arena, const struct tr_data *d,
                               const struct tr_judgement *j,
                               struct an_str *text, struct an_err *err)
    __attribute__((warn_unused_result));
/* An object's value. */
void tr_judgement_write(const struct tr_data *d, const struct tr_judgement *j,
                        struct an_json_out *w);

#endif
