/* SPDX-License-Identifier: Apache-2.0 */
/* What a model says of the questions of a split, beside what came true.
 *
 * A column is an outcome at one of its horizons.  An answer is yes when the
 * outcome came by the horizon, no when the person was seen to the horizon
 * without it or died first, and unknown when they were lost before or not at
 * risk: unknown ones are not judged.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena. */
#ifndef TRAINER_EVALUATE_PREDICT_H
#define TRAINER_EVALUATE_PREDICT_H

#include "trainer/data.h"
#include "trainer/evaluate/stats.h"
#include "trainer/evaluate/survival.h"

enum { TR_NO, TR_YES, TR_UNKNOWN };

struct tr_column {
    size_t outcome;
    uint32_t horizon_days;
};

struct tr_predicted {
    const struct tr_column *column;
    size_t n_columns;
    uint32_t *row;    /* question -> query of the cohort */
    uint32_t *person; /* question -> person of the split, from 0 */
    double *p_qc;     /* [question][column] */
    uint8_t *answer_qc;
    size_t n; /* questions */
    uint32_t n_persons;
};

/* Columns of a data set: each outcome's horizons. */
enum an_code tr_columns(struct an_arena *arena, const struct tr_data *d,
                        const struct tr_column **column, size_t *n,
                        struct an_err *err) __attribute__((warn_unused_result));

/* Questions and answers of a split; model NULL leaves p at 0. */
enum an_code tr_predict(struct an_arena *arena, const struct tr_data *d,
                        const struct rt_model *model, enum tr_split split,
                        struct tr_predicted *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The questions of a column of whom is at risk; returns how many.  `life` has
 * room for all; the risk is p. */
size_t tr_predicted_lives(const struct tr_predicted *p, const struct tr_data *d,
                          size_t column, struct tr_life *life);

/* Those of them that are judged, with weights as tr_known_weights has them;
 * returns how many.  Sorted by p. */
size_t tr_predicted_points(const struct tr_predicted *p, size_t column,
                           const struct tr_life *life, const double *weight,
                           size_t n_lives, struct tr_point *point);

/* The map of a package for a column; of a fit one that changes nothing. */
struct rt_calibration tr_fitted_calibration(const struct tr_fitted *fitted,
                                            const struct tr_column *column);

/* "id,outcome,horizon_days,risk": a row for each question, by person and then
 * time, and column, of whom the outcome is at risk; id is the patient's key,
 * the risk that of tr_fitted_calibration's map.  AN_LIMIT over 4 GiB. */
enum an_code tr_predicted_csv(struct an_arena *arena, const struct tr_data *d,
                              const struct tr_fitted *fitted,
                              const struct tr_predicted *p, struct an_str *text,
                              struct an_err *err)
    __attribute__((warn_unused_result));

uint8_t tr_answer(const struct tr_follow_up *f,
                  const struct tr_follow_up *death, uint32_t horizon_days);

/* The history up to a position as the model reads it: all of it, or the first
 * position and the last ones that fit.  Room: `most` positions, h->n_items
 * items. */
struct rt_history tr_history_until(const struct rt_history *h, size_t position,
                                   size_t most, struct rt_position *room,
                                   struct rt_item *items);

#endif
