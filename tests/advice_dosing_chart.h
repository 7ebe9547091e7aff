/* SPDX-License-Identifier: Apache-2.0 */
/* An invented patient for whom somebody is about to order a drug, and the rows
 * of config/tables/dosing.tsv as a person reads them. */
#ifndef TESTS_ADVICE_DOSING_CHART_H
#define TESTS_ADVICE_DOSING_CHART_H

#include "advice/dosing.h"

#define RXNORM "http://www.nlm.nih.gov/research/umls/rxnorm"
#define ATC "http://www.whocc.no/atc"

struct dosing_patient {
    int age; /* 0: no birth date */
    char sex;
    const char *creatinine, *creatinine_unit, *weight, *weight_unit, *height;
    int creatinine_days, weight_days; /* ago */
    const char *comparator;
    uint8_t status;
};

/* A woman of 84, 54.5 kg, creatinine 1.8 mg/dL. */
extern const struct dosing_patient dosing_frail;

enum { DOSING_EVENTS = 5, DOSING_COLUMNS = 17, DOSING_ROWS = 64 };

struct dosing_chart {
    struct ctx_event event[DOSING_EVENTS];
    const struct ctx_event *by_time[DOSING_EVENTS];
    struct ctx_timeline timeline;
    struct an_time now; /* 2026-12-10 */
};

void dosing_chart_of(const struct dosing_patient *p, struct dosing_chart *c);
struct an_time dosing_day(const char *text);

/* One code of each drug of the table. */
enum { N_DOSING_DRUGS = 5 };
extern const struct ctx_code dosing_drugs[N_DOSING_DRUGS];

/* In English, for a clinician. */
size_t dosing_ask(struct an_arena *arena, const struct dosing_chart *c,
                  const struct ctx_code *drug, size_t n_drugs,
                  const struct ctx_suggestion **s);

/* The cells of the table; how many rows. */
size_t dosing_table(struct an_arena *arena,
                    struct an_str cell[DOSING_ROWS][DOSING_COLUMNS]);

#endif
