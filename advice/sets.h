/* SPDX-License-Identifier: Apache-2.0 */
/* Which sets of codes an event belongs to: the table config/tables/
 * concept-sets.tsv, compiled in.  The published scores count sets, not codes,
 * and dosing notes measure them.
 *
 *     if (adv_sets_of(e) & ADV_SET(HEART_FAILURE))
 *         points += 1;
 *
 * Thread-safety: immutable. */
#ifndef ADVICE_SETS_H
#define ADVICE_SETS_H

#include "context/event.h"

/*        name, as the table writes it */
#define ADV_SETS(X)                                                            \
    X(CREATININE, "creatinine")                                                \
    X(BODY_WEIGHT, "body-weight")                                              \
    X(BODY_HEIGHT, "body-height")                                              \
    X(ATRIAL_FIBRILLATION, "atrial-fibrillation")                              \
    X(HEART_FAILURE, "heart-failure")                                          \
    X(HYPERTENSION, "hypertension")                                            \
    X(DIABETES, "diabetes")                                                    \
    X(STROKE_OR_EMBOLISM, "stroke-or-embolism")                                \
    X(VASCULAR, "vascular")                                                    \
    X(CHARLSON_INFARCTION, "charlson-infarction")                              \
    X(CHARLSON_HEART_FAILURE, "charlson-heart-failure")                        \
    X(CHARLSON_PERIPHERAL_VASCULAR, "charlson-peripheral-vascular")            \
    X(CHARLSON_CEREBROVASCULAR, "charlson-cerebrovascular")                    \
    X(CHARLSON_DEMENTIA, "charlson-dementia")                                  \
    X(CHARLSON_PULMONARY, "charlson-pulmonary")                                \
    X(CHARLSON_RHEUMATIC, "charlson-rheumatic")                                \
    X(CHARLSON_PEPTIC_ULCER, "charlson-peptic-ulcer")                          \
    X(CHARLSON_MILD_LIVER, "charlson-mild-liver")                              \
    X(CHARLSON_DIABETES, "charlson-diabetes")                                  \
    X(CHARLSON_DIABETES_COMPLICATED, "charlson-diabetes-complicated")          \
    X(CHARLSON_HEMIPLEGIA, "charlson-hemiplegia")                              \
    X(CHARLSON_RENAL, "charlson-renal")                                        \
    X(CHARLSON_CANCER, "charlson-cancer")                                      \
    X(CHARLSON_SEVERE_LIVER, "charlson-severe-liver")                          \
    X(CHARLSON_METASTATIC, "charlson-metastatic")                              \
    X(CHARLSON_AIDS, "charlson-aids")

enum adv_set {
#define X(name, text) ADV_SET_##name,
    ADV_SETS(X)
#undef X
        ADV_N_SETS
};

_Static_assert(ADV_N_SETS <= 32, "a set of sets is 32 bits");

#define ADV_SET(name) (UINT32_C(1) << ADV_SET_##name)

/* One bit for each set that holds the event's concept or one of its aliases. */
uint32_t adv_sets_of(const struct ctx_event *e);
/* The same for one code. */
uint32_t adv_sets_of_code(const struct ctx_code *code);

#endif
