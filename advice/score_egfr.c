/* SPDX-License-Identifier: Apache-2.0 */
/* CKD-EPI 2021 (creatinine), Inker 2021, doi:10.1056/NEJMoa2102953. */
#include "advice/score.h"

#include "context/unit.h"

#include <math.h>
#include <string.h>

static const int64_t MAX_AGE_US = 365 * AN_US_PER_DAY;
enum { ADULT_YEARS = 18 };

double adv_egfr(double creatinine_mg_dl, int32_t age_years, bool female)
{
    double kappa = female ? 0.7 : 0.9;
    double alpha = female ? -0.241 : -0.302;
    double ratio = creatinine_mg_dl / kappa;

    return 142.0 * pow(fmin(ratio, 1.0), alpha) *
           pow(fmax(ratio, 1.0), -1.200) * pow(0.9938, age_years) *
           (female ? 1.012 : 1.0);
}

bool adv_creatinine_mg_dl(double value, struct an_str unit, double *mg_dl)
{
    unit = ctx_unit_ucum(unit);
    if (ctx_unit_convert(value, unit, AN_STR("mg/dL"), mg_dl))
        return true;
    if (!ctx_unit_convert(value, unit, AN_STR("umol/L"), mg_dl))
        return false;
    *mg_dl /= 88.4;
    return true;
}

const char *adv_egfr_category(double egfr)
{
    static const struct {
        double from;
        const char *name;
    } category[] = {
        {90, "G1"}, {60, "G2"}, {45, "G3a"}, {30, "G3b"}, {15, "G4"},
    };

    for (size_t i = 0; i < sizeof(category) / sizeof(category[0]); i++)
        if (egfr >= category[i].from)
            return category[i].name;
    return "G5";
}

void adv_score_read_egfr(const struct adv_facts *f, struct adv_score *s)
{
    const struct ctx_event *e = f->last[ADV_SET_CREATININE];
    double mg_dl = 0;

    memset(s, 0, sizeof(*s));
    if (e == NULL || (f->has_age && f->age_years < ADULT_YEARS))
        return; /* nothing measured, or the formula is not for children */
    s->applies = true;
    adv_score_add(s, e, 0);
    if (e->status == CTX_STATUS_PRELIMINARY)
        s->missing = ADV_MISSING_FINAL_RESULT;
    else if (f->now.us - e->effective.us > MAX_AGE_US)
        s->missing = ADV_MISSING_RECENT;
    else if (!adv_creatinine_mg_dl(e->value.number, e->value.unit, &mg_dl))
        s->missing = ADV_MISSING_UNIT;
    else if (e->value.comparator.n || !(mg_dl >= 0.1 && mg_dl <= 30.0))
        s->missing = ADV_MISSING_PLAUSIBLE;
    else if (!f->has_age)
        s->missing = ADV_MISSING_AGE;
    else if (f->sex == ADV_SEX_UNKNOWN)
        s->missing = ADV_MISSING_SEX;
    if (s->missing)
        return;
    adv_score_add(s, f->birth, 0);
    adv_score_add(s, f->sex_event, 0);
    s->value = adv_egfr(mg_dl, f->age_years, f->sex == ADV_SEX_FEMALE);
}
