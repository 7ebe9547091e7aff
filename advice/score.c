/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/score.h"

static const struct ctx_citation egfr_citation[] = {
    {AN_STR_INIT("New Creatinine- and Cystatin C-Based Equations to Estimate "
                 "GFR without Race"),
     AN_STR_INIT("N Engl J Med 385:1737"), AN_STR_INIT("10.1056/NEJMoa2102953"),
     2021},
};

static const struct ctx_citation cha2ds2_vasc_citation[] = {
    {AN_STR_INIT("Refining clinical risk stratification for predicting stroke "
                 "and thromboembolism in atrial fibrillation"),
     AN_STR_INIT("Chest 137:263"), AN_STR_INIT("10.1378/chest.09-1584"), 2010},
};

/* The weights, and the codes they are counted with. */
static const struct ctx_citation charlson_citation[] = {
    {AN_STR_INIT("A new method of classifying prognostic comorbidity in "
                 "longitudinal studies"),
     AN_STR_INIT("J Chronic Dis 40:373"),
     AN_STR_INIT("10.1016/0021-9681(87)90171-8"), 1987},
    {AN_STR_INIT("Coding algorithms for defining comorbidities in ICD-9-CM "
                 "and ICD-10 administrative data"),
     AN_STR_INIT("Med Care 43:1130"),
     AN_STR_INIT("10.1097/01.mlr.0000182534.19832.83"), 2005},
};

const struct adv_score_row adv_scores[ADV_N_SCORES] = {
    [ADV_SCORE_EGFR] = {AN_STR_INIT("egfr-ckd-epi-2021"),
                        AN_STR_INIT("CKD-EPI 2021"),
                        AN_STR_INIT("mL/min/{1.73_m2}"), false,
                        adv_score_read_egfr, egfr_citation, 1},
    [ADV_SCORE_CHA2DS2_VASC] = {AN_STR_INIT("cha2ds2-vasc"),
                                AN_STR_INIT("CHA2DS2-VASc"),
                                AN_STR_INIT("{score}"), true,
                                adv_score_read_cha2ds2_vasc,
                                cha2ds2_vasc_citation, 1},
    [ADV_SCORE_CHARLSON] = {AN_STR_INIT("charlson-comorbidity-index"),
                            AN_STR_INIT("Charlson"), AN_STR_INIT("{score}"),
                            true, adv_score_read_charlson, charlson_citation,
                            2},
};

void adv_score_add(struct adv_score *s, const struct ctx_event *event,
                   unsigned points)
{
    if (event && s->n_points < ADV_MAX_POINTS)
        s->point[s->n_points++] = (struct adv_point){event, points};
}
