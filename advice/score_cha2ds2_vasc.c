/* SPDX-License-Identifier: Apache-2.0 */
/* CHA2DS2-VASc, Lip 2010, doi:10.1378/chest.09-1584: only for people with
 * atrial fibrillation. */
#include "advice/score.h"

#include <string.h>

static unsigned age_points(int32_t age_years)
{
    return age_years >= 75 ? 2 : age_years >= 65 ? 1 : 0;
}

unsigned adv_cha2ds2_vasc(const struct adv_cha2ds2_vasc *in)
{
    return age_points(in->age_years) + (in->female ? 1U : 0U) +
           (in->heart_failure ? 1U : 0U) + (in->hypertension ? 1U : 0U) +
           (in->diabetes ? 1U : 0U) + (in->stroke ? 2U : 0U) +
           (in->vascular ? 1U : 0U);
}

void adv_score_read_cha2ds2_vasc(const struct adv_facts *f, struct adv_score *s)
{
    const struct adv_cha2ds2_vasc in = {
        .age_years = f->age_years,
        .female = f->sex == ADV_SEX_FEMALE,
        .heart_failure = f->sets & ADV_SET(HEART_FAILURE),
        .hypertension = f->sets & ADV_SET(HYPERTENSION),
        .diabetes = f->sets & ADV_SET(DIABETES),
        .stroke = f->sets & ADV_SET(STROKE_OR_EMBOLISM),
        .vascular = f->sets & ADV_SET(VASCULAR),
    };

    memset(s, 0, sizeof(*s));
    if (!(f->sets & ADV_SET(ATRIAL_FIBRILLATION)))
        return;
    s->applies = true;
    adv_score_add(s, f->first[ADV_SET_ATRIAL_FIBRILLATION], 0);
    if (!f->has_age)
        s->missing = ADV_MISSING_AGE;
    else if (f->sex == ADV_SEX_UNKNOWN)
        s->missing = ADV_MISSING_SEX;
    if (s->missing)
        return;
    adv_score_add(s, f->birth, age_points(f->age_years));
    adv_score_add(s, f->sex_event, in.female ? 1 : 0);
    adv_score_add(s, f->first[ADV_SET_HEART_FAILURE], 1);
    adv_score_add(s, f->first[ADV_SET_HYPERTENSION], 1);
    adv_score_add(s, f->first[ADV_SET_DIABETES], 1);
    adv_score_add(s, f->first[ADV_SET_STROKE_OR_EMBOLISM], 2);
    adv_score_add(s, f->first[ADV_SET_VASCULAR], 1);
    s->value = adv_cha2ds2_vasc(&in);
}
