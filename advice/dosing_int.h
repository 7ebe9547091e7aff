/* SPDX-License-Identifier: Apache-2.0 */
/* What a row of config/tables/dosing.tsv asks of a patient, decided from facts
 * alone; the words are in dosing.c. */
#ifndef ADVICE_DOSING_INT_H
#define ADVICE_DOSING_INT_H

#include "advice/facts.h"
#include "advice/words.h"

enum adv_equation {
    ADV_NO_EQUATION, /* the criteria decide */
    ADV_CKD_EPI_2021,
    ADV_COCKCROFT_GAULT
};

/* A row as the table has it; its first lines say what the columns mean. */
struct adv_dosing_row {
    const char *drug;
    enum adv_say say;
    enum adv_equation equation;
    double from, to;
    const char *ends;
    int32_t age_from_years;
    double weight_to_kg, creatinine_from_mg_dl;
    unsigned at_least;
    const char *dose, *other_dose, *title, *source;
    uint16_t year;
    const char *checked, *expires;
};

enum adv_lack {
    ADV_LACK_NOTHING,
    ADV_LACK_RECENT, /* none, or too old, or of no certain day */
    ADV_LACK_FINAL_RESULT,
    ADV_LACK_UNIT,
    ADV_LACK_PLAUSIBLE
};

struct adv_measure {
    const struct ctx_event *event; /* the latest; NULL: none */
    double value;                  /* counts only if nothing lacks */
    uint8_t lack;                  /* enum adv_lack */
};

struct adv_dosing_inputs {
    struct adv_measure creatinine, weight, height; /* mg/dL, kg, cm */
    bool has_age; /* that of an adult; else lacks_age or is_child */
    bool is_child, has_sex, female;
    int32_t age_years;
};

enum adv_verdict { ADV_APPLIES_NOT, ADV_APPLIES, ADV_CANNOT_TELL };

struct adv_dosing_finding {
    uint8_t verdict; /* enum adv_verdict */
    double value;    /* of the equation, where it applies */
    unsigned n_hold; /* criteria that hold */
};

void adv_dosing_inputs_read(const struct adv_facts *f,
                            struct adv_dosing_inputs *in);
struct adv_dosing_finding adv_dosing_find(const struct adv_dosing_row *row,
                                          const struct adv_dosing_inputs *in);
bool adv_dosing_in_band(const struct adv_dosing_row *row, double value);

#endif
