/* SPDX-License-Identifier: Apache-2.0 */
/* Published scores: the formula as a pure function of typed inputs, and its
 * inputs taken from a patient's facts.
 *
 * A score never guesses.  It is silent where it does not apply (no creatinine,
 * no atrial fibrillation, no counted condition); where it applies but an input
 * is missing or out of range, it gives no value and names what is missing.  A
 * diagnosis that is not recorded counts nothing, and each statement says so.
 *
 * Thread-safety: immutable. */
#ifndef ADVICE_SCORE_H
#define ADVICE_SCORE_H

#include "advice/facts.h"
#include "context/suggestion.h"

enum adv_score_id {
    ADV_SCORE_EGFR,
    ADV_SCORE_CHA2DS2_VASC,
    ADV_SCORE_CHARLSON,
    ADV_N_SCORES
};

enum adv_missing {
    ADV_MISSING_NOTHING,
    ADV_MISSING_AGE,         /* no birth date to the day */
    ADV_MISSING_SEX,         /* none, or neither female nor male */
    ADV_MISSING_UNIT,        /* creatinine in a unit we cannot convert */
    ADV_MISSING_PLAUSIBLE,   /* creatinine outside 0.1 to 30 mg/dL, or "<" */
    ADV_MISSING_RECENT,      /* creatinine older than a year */
    ADV_MISSING_FINAL_RESULT /* creatinine is preliminary */
};

/* One data point, and what it adds: points, or 0 for a measured input. */
struct adv_point {
    const struct ctx_event *event;
    unsigned points;
};

enum { ADV_MAX_POINTS = 20 };

struct adv_score {
    bool applies;
    uint8_t missing; /* enum adv_missing; `value` counts only if NOTHING */
    double value;
    struct adv_point point[ADV_MAX_POINTS];
    size_t n_points;
};

typedef void adv_score_fn(const struct adv_facts *f, struct adv_score *s);

struct adv_score_row {
    struct an_str topic, name, unit; /* `name` is the same in all languages */
    bool clinician_only; /* else nurses see it too; patients see no score */
    adv_score_fn *read;
    const struct ctx_citation *citation;
    size_t n_citations;
};

extern const struct adv_score_row adv_scores[ADV_N_SCORES];

adv_score_fn adv_score_read_egfr, adv_score_read_cha2ds2_vasc,
    adv_score_read_charlson;

void adv_score_add(struct adv_score *s, const struct ctx_event *event,
                   unsigned points);

/* CKD-EPI 2021 from creatinine, without race, in mL/min/1.73 m2; adults
 * (Inker 2021, doi:10.1056/NEJMoa2102953). */
double adv_egfr(double creatinine_mg_dl, int32_t age_years, bool female);
/* From a unit of mass or of moles in a volume (88.4 umol/L are 1 mg/dL).  False
 * for other units. */
bool adv_creatinine_mg_dl(double value, struct an_str unit, double *mg_dl);
/* KDIGO's category of it: "G1" (90 and over) ... "G5" (under 15). */
const char *adv_egfr_category(double egfr);

/* Stroke risk in atrial fibrillation, 0 to 9 (Lip 2010,
 * doi:10.1378/chest.09-1584). */
struct adv_cha2ds2_vasc {
    int32_t age_years;
    bool female, heart_failure, hypertension, diabetes, stroke, vascular;
};
unsigned adv_cha2ds2_vasc(const struct adv_cha2ds2_vasc *in);

/* The 1987 weights (doi:10.1016/0021-9681(87)90171-8) of the ADV_SET_CHARLSON_*
 * bits in `sets`; of mild and severe forms only the severe one counts.  The
 * age add-on of 1994 is not part of it. */
unsigned adv_charlson(uint32_t sets);
/* What one class counts, given the others. */
unsigned adv_charlson_points(uint32_t sets, enum adv_set set);

#endif
