/* SPDX-License-Identifier: Apache-2.0 */
/* Charlson's comorbidity index: the weights of 1987, the ICD-10 codes of Quan
 * 2005 (doi:10.1097/01.mlr.0000182534.19832.83).  Quan's weights of 2011 are
 * another index. */
#include "advice/score.h"

#include <string.h>

/* `over`: when this set is there too, the class counts nothing. */
static const struct {
    enum adv_set set;
    unsigned points;
    uint32_t over;
} classes[] = {
    {ADV_SET_CHARLSON_INFARCTION, 1, 0},
    {ADV_SET_CHARLSON_HEART_FAILURE, 1, 0},
    {ADV_SET_CHARLSON_PERIPHERAL_VASCULAR, 1, 0},
    {ADV_SET_CHARLSON_CEREBROVASCULAR, 1, 0},
    {ADV_SET_CHARLSON_DEMENTIA, 1, 0},
    {ADV_SET_CHARLSON_PULMONARY, 1, 0},
    {ADV_SET_CHARLSON_RHEUMATIC, 1, 0},
    {ADV_SET_CHARLSON_PEPTIC_ULCER, 1, 0},
    {ADV_SET_CHARLSON_MILD_LIVER, 1, ADV_SET(CHARLSON_SEVERE_LIVER)},
    {ADV_SET_CHARLSON_DIABETES, 1, ADV_SET(CHARLSON_DIABETES_COMPLICATED)},
    {ADV_SET_CHARLSON_DIABETES_COMPLICATED, 2, 0},
    {ADV_SET_CHARLSON_HEMIPLEGIA, 2, 0},
    {ADV_SET_CHARLSON_RENAL, 2, 0},
    {ADV_SET_CHARLSON_CANCER, 2, ADV_SET(CHARLSON_METASTATIC)},
    {ADV_SET_CHARLSON_SEVERE_LIVER, 3, 0},
    {ADV_SET_CHARLSON_METASTATIC, 6, 0},
    {ADV_SET_CHARLSON_AIDS, 6, 0},
};

enum { N_CLASSES = sizeof(classes) / sizeof(classes[0]) };

_Static_assert((int)N_CLASSES <= (int)ADV_MAX_POINTS, "one point a class");

unsigned adv_charlson_points(uint32_t sets, enum adv_set set)
{
    for (size_t i = 0; i < N_CLASSES; i++)
        if (classes[i].set == set && (sets & (UINT32_C(1) << set)) &&
            !(sets & classes[i].over))
            return classes[i].points;
    return 0;
}

unsigned adv_charlson(uint32_t sets)
{
    unsigned points = 0;

    for (size_t i = 0; i < N_CLASSES; i++)
        points += adv_charlson_points(sets, classes[i].set);
    return points;
}

void adv_score_read_charlson(const struct adv_facts *f, struct adv_score *s)
{
    memset(s, 0, sizeof(*s));
    s->value = adv_charlson(f->sets);
    s->applies = s->value > 0;
    for (size_t i = 0; i < N_CLASSES; i++) {
        unsigned points = adv_charlson_points(f->sets, classes[i].set);

        if (points)
            adv_score_add(s, f->first[classes[i].set], points);
    }
}
