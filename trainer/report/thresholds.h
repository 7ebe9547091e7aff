/* SPDX-License-Identifier: Apache-2.0 */
/* What acting from a risk on would mean: who is found, who is alarmed for
 * nothing, how much work it is.
 *
 * Sensitivity, specificity and predictive values are of the known answers,
 * weighing for those who were lost; intervals are 95 %, by drawing patients.
 * Alerts are of all who are at risk, whose answers nobody needs: a question is
 * an encounter.
 *
 * Thread-safety: confined to the view. */
#ifndef TRAINER_REPORT_THRESHOLDS_H
#define TRAINER_REPORT_THRESHOLDS_H

#include "trainer/evaluate/groups.h"

enum tr_act_on {
    TR_ACT_TOP_1, /* at most 1 % of who is at risk */
    TR_ACT_TOP_5,
    TR_ACT_TOP_10,
    TR_ACT_TOP_20,
    TR_ACT_SHARE, /* the share with the outcome */
    TR_ACT_TWICE, /* twice that */
    TR_ACT_SITE,  /* what the outcome is configured with */
    TR_N_ACT
};

struct tr_act {
    enum tr_act_on on;
    double threshold;      /* a risk that reaches it is flagged */
    size_t n_flagged;      /* of n_at_risk */
    size_t events, others; /* flagged, of the known answers */
    double alerts_per_100;
    struct tr_ratio sensitivity, specificity, ppv, npv;
    double to_evaluate; /* alerts for one who has it: 1 / PPV */
};

/* Rows in the order of tr_act_on; a threshold is left out when it is none (no
 * risk is above so many others, no share, not configured), or was there. */
enum an_code tr_acts(struct tr_view *v, struct tr_act act[TR_N_ACT], size_t *n,
                     struct an_err *err) __attribute__((warn_unused_result));

/* Whether so few are flagged, or are not, that predictive values would say who
 * they are. */
bool tr_act_is_small(const struct tr_view *v, const struct tr_act *act);

#endif
