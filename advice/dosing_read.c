/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/dosing.h"
#include "advice/dosing_int.h"
#include "advice/score.h"
#include "context/unit.h"

#include <string.h>

double adv_cockcroft_gault(double creatinine_mg_dl, double weight_kg,
                           int32_t age_years, bool female)
{
    return (140 - age_years) * weight_kg / (72.0 * creatinine_mg_dl) *
           (female ? 0.85 : 1.0);
}

/* ---- what is measured -------------------------------------------------------*/

static bool weight_kg(double value, struct an_str unit, double *kg)
{
    return ctx_unit_convert(value, ctx_unit_ucum(unit), AN_STR("kg"), kg);
}

static bool height_cm(double value, struct an_str unit, double *cm)
{
    return ctx_unit_convert(value, ctx_unit_ucum(unit), AN_STR("cm"), cm);
}

struct measured {
    bool (*convert)(double value, struct an_str unit, double *out);
    double least, most;
    int64_t max_age_days; /* 0: any */
};

static struct adv_measure measure(const struct adv_facts *f, enum adv_set set,
                                  const struct measured *how)
{
    const struct ctx_event *e = f->last[set];
    struct adv_measure out = {.event = e, .lack = ADV_LACK_NOTHING};

    if (e == NULL || e->effective.precision < AN_TIME_DAY ||
        (how->max_age_days &&
         f->now.us - e->effective.us > how->max_age_days * AN_US_PER_DAY))
        out.lack = ADV_LACK_RECENT;
    else if (e->status == CTX_STATUS_PRELIMINARY)
        out.lack = ADV_LACK_FINAL_RESULT;
    else if (!how->convert(e->value.number, e->value.unit, &out.value))
        out.lack = ADV_LACK_UNIT;
    else if (e->value.comparator.n ||
             !(out.value >= how->least && out.value <= how->most))
        out.lack = ADV_LACK_PLAUSIBLE;
    return out;
}

void adv_dosing_inputs_read(const struct adv_facts *f,
                            struct adv_dosing_inputs *in)
{
    static const struct measured creatinine = {adv_creatinine_mg_dl, 0.1, 30,
                                               ADV_DOSING_CREATININE_DAYS};
    static const struct measured weight = {weight_kg, 20, 400,
                                           ADV_DOSING_WEIGHT_DAYS};
    static const struct measured height = {height_cm, 100, 250, 0};

    memset(in, 0, sizeof(*in));
    in->creatinine = measure(f, ADV_SET_CREATININE, &creatinine);
    in->weight = measure(f, ADV_SET_BODY_WEIGHT, &weight);
    in->height = measure(f, ADV_SET_BODY_HEIGHT, &height);
    in->age_years = f->age_years;
    in->is_child = f->has_age && f->age_years < ADV_DOSING_YOUNGEST_YEARS;
    in->has_age =
        f->has_age && !in->is_child && f->age_years <= ADV_DOSING_OLDEST_YEARS;
    in->has_sex = f->sex != ADV_SEX_UNKNOWN;
    in->female = f->sex == ADV_SEX_FEMALE;
}

/* ---- what a row asks --------------------------------------------------------*/

bool adv_dosing_in_band(const struct adv_dosing_row *row, double value)
{
    return (row->ends[0] == '[' ? value >= row->from : value > row->from) &&
           (row->ends[1] == ']' ? value <= row->to : value < row->to);
}

static struct adv_dosing_finding by_criteria(const struct adv_dosing_row *row,
                                             const struct adv_dosing_inputs *in)
{
    struct adv_dosing_finding f = {.verdict = ADV_CANNOT_TELL};
    bool weighed = in->weight.lack == ADV_LACK_NOTHING;
    bool measured = in->creatinine.lack == ADV_LACK_NOTHING;
    unsigned n_open = (weighed ? 0U : 1U) + (measured ? 0U : 1U);

    if (in->age_years >= row->age_from_years)
        f.n_hold++;
    if (weighed && in->weight.value <= row->weight_to_kg)
        f.n_hold++;
    if (measured && in->creatinine.value >= row->creatinine_from_mg_dl)
        f.n_hold++;
    if (f.n_hold >= row->at_least)
        f.verdict = ADV_APPLIES;
    else if (f.n_hold + n_open < row->at_least)
        f.verdict = ADV_APPLIES_NOT;
    return f;
}

struct adv_dosing_finding adv_dosing_find(const struct adv_dosing_row *row,
                                          const struct adv_dosing_inputs *in)
{
    struct adv_dosing_finding f = {.verdict = ADV_CANNOT_TELL};

    if (!in->has_age)
        return f;
    if (row->equation == ADV_NO_EQUATION)
        return by_criteria(row, in);
    if (!in->has_sex || in->creatinine.lack)
        return f;
    if (row->equation == ADV_COCKCROFT_GAULT && in->weight.lack)
        return f;
    f.value = row->equation == ADV_COCKCROFT_GAULT
                  ? adv_cockcroft_gault(in->creatinine.value, in->weight.value,
                                        in->age_years, in->female)
                  : adv_egfr(in->creatinine.value, in->age_years, in->female);
    f.verdict =
        adv_dosing_in_band(row, f.value) ? ADV_APPLIES : ADV_APPLIES_NOT;
    return f;
}
