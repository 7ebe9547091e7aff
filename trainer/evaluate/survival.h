/* SPDX-License-Identifier: Apache-2.0 */
/* Measures where some are lost before the horizon, so that what became of them
 * is not known.  To leave those out overstates how often an outcome comes: who
 * has it is known at once, who has not only at the horizon.  All of it assumes
 * that who is lost is lost by chance.
 *
 * Where times are equal, what happened happened before anybody was lost.
 *
 * Thread-safety: confined to the arena. */
#ifndef TRAINER_EVALUATE_SURVIVAL_H
#define TRAINER_EVALUATE_SURVIVAL_H

#include "base/arena.h"
#include "trainer/dataset/cohort.h"

enum tr_end { TR_LOST, TR_CAME, TR_DIED };

/* One question about one outcome, of somebody at risk. */
struct tr_life {
    double from_days, to_days; /* watched after the first, up to the second */
    double risk;               /* what was predicted */
    uint32_t question;         /* of whoever made the list */
    uint32_t end;              /* enum tr_end */
};

/* False when not at risk before the horizon.  `death` is NULL for death itself
 * and when no outcome is death.  Sets neither risk nor question. */
bool tr_life_of(const struct tr_follow_up *f, const struct tr_follow_up *death,
                double horizon_days, struct tr_life *life);

/* The share with the outcome by the horizon, death competing (Aalen and
 * Johansen 1978); 1 - Kaplan-Meier where nobody dies of another cause.  NAN
 * when nobody was watched for so long. */
enum an_code tr_incidence(struct an_arena *arena, const struct tr_life *life,
                          size_t n, double horizon_days, double *share,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* weight[i] of each whose answer at the horizon is known: one over the chance
 * that it is, by the Kaplan-Meier curve of being lost; 0 of the others.  So
 * weighted, those who are left stand for all, and their share with the outcome
 * is tr_incidence.  All 1 when nobody is lost before. */
enum an_code tr_known_weights(struct an_arena *arena,
                              const struct tr_life *life, size_t n,
                              double horizon_days, double *weight,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* Harrell's C (1982): of the pairs in which one had the outcome while the other
 * was watched and had it later or not at all, the share in which that one had
 * the larger risk; equal risks count half.  Over all that was watched, beyond a
 * horizon too; who died is watched no longer.  NAN without pairs.  n log n. */
enum an_code tr_concordance(struct an_arena *arena, const struct tr_life *life,
                            size_t n, double *c, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
