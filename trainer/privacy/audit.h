/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a model gives away whom it was trained on: the training people of a
 * data set against its test people, who were drawn by the same lot, told apart
 * by how little the model is surprised by them (Yeom et al., CSF 2018).
 *
 * Of a person the loss is the mean of what training would lower, over all their
 * rows and questions, with nothing hidden or dropped.  This attack knows the
 * whole record and has one model; stronger ones exist (Carlini et al., S&P
 * 2022), so that it can show that a model leaks, and never that it does not.
 *
 * Thread-safety: confined to the arena. */
#ifndef TRAINER_PRIVACY_AUDIT_H
#define TRAINER_PRIVACY_AUDIT_H

#include "base/json_out.h"
#include "trainer/dataset/cohort.h"
#include "trainer/evaluate/stats.h"
#include "trainer/fit/pass.h"

/* FPR at which the attack's TPR is said; by FPR people of 100 or more. */
#define TR_AUDIT_FPR 0.01

struct tr_losses_by_person {
    double *member, *other; /* of training and of test people */
    size_t n_members, n_others;
};

enum an_code tr_audit_losses(struct an_arena *arena, const struct tr_cohort *c,
                             const struct rt_model *model,
                             const struct tr_terms *terms,
                             struct tr_losses_by_person *out,
                             struct an_err *err)
    __attribute__((warn_unused_result));

struct tr_audit {
    size_t n_members, n_others;
    double auc; /* that a member's loss is the lower one; .5: chance */
    struct tr_interval auc_interval; /* 95 %, by drawing people */
    /* At the loss that sets every second person of both kinds apart best, for
     * the others: TPR - FPR. */
    double advantage;
    /* Of members, at TR_AUDIT_FPR; its interval is of the members alone.  NAN
     * below 100 other people. */
    double tpr;
    struct tr_interval tpr_interval;
    double epsilon; /* at least, with 95 % confidence; the attack is chosen on
                       every second person and judged on the others */
};

/* AN_MISSING with fewer than two people of either kind. */
enum an_code tr_audit_judge(struct an_arena *arena,
                            const struct tr_losses_by_person *l, double delta,
                            struct tr_audit *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
