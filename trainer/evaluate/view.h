/* SPDX-License-Identifier: Apache-2.0 */
/* One outcome and horizon of a judgement, as trainer/evaluate/judge.h looks at
 * it: who is at risk with their calibrated risk, and the known answers, weighing
 * for those who were lost.
 *
 *     tr_view_init(&v, arena, data, &judgement, err);
 *     tr_view_look(&v, column, NULL, err);        -- again for each column
 *     area = tr_auroc(v.plain, v.n);
 *
 * Thread-safety: confined to the arena.  Ownership: the arena; a look replaces
 * the last one. */
#ifndef TRAINER_EVALUATE_VIEW_H
#define TRAINER_EVALUATE_VIEW_H

#include "trainer/evaluate/judge.h"

struct tr_view {
    struct an_arena *arena;
    const struct tr_data *d;
    const struct tr_judgement *j;
    const struct tr_verdict *verdict;
    size_t column;
    struct tr_life *life; /* at risk; the risk is calibrated */
    double *weight;       /* of each life */
    size_t n_at_risk;
    struct tr_point *point; /* known answers by rising risk, weighted */
    struct tr_point *plain; /* the same, each of weight 1, as AUROC is of */
    size_t n;
    uint32_t n_persons;
    double *numerator, *denominator; /* [n_persons] for a ratio */
    double *scratch;                 /* as tr_interval_scratch has it */
};

enum an_code tr_view_init(struct tr_view *v, struct an_arena *arena,
                          const struct tr_data *d, const struct tr_judgement *j,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* `in[question]` says who is looked at; NULL: everybody.  The weights are those
 * of whoever is looked at. */
enum an_code tr_view_look(struct tr_view *v, size_t column, const uint8_t *in,
                          struct an_err *err)
    __attribute__((warn_unused_result));

struct tr_ratio {
    double value; /* NAN: of nobody */
    struct tr_interval interval;
};

/* The share of v->numerator in v->denominator, which lie between 0 and it:
 * 95 %, by drawing persons; where nobody or everybody has it, Wilson's of that
 * many persons. */
struct tr_ratio tr_view_share(struct tr_view *v);

/* Harrell's C of who is looked at: 95 %, by drawing persons. */
enum an_code tr_view_concordance(struct tr_view *v, struct tr_ratio *c,
                                 struct an_err *err)
    __attribute__((warn_unused_result));

/* What is observed over what is expected, as tr_score_of has it. */
enum an_code tr_view_level(struct tr_view *v, struct tr_ratio *level,
                           struct an_err *err)
    __attribute__((warn_unused_result));

struct tr_counted {
    size_t questions, events; /* of the known answers */
    size_t people, people_with;
};
struct tr_counted tr_view_count(struct tr_view *v);

/* Enough of both answers to say anything: TR_JUDGED_EVENTS. */
bool tr_counted_enough(const struct tr_counted *c);

#endif
