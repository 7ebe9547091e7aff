/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/advice_dosing_chart.h"

#include "tests/advice_case.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct dosing_patient dosing_frail = {.age = 84,
                                            .sex = 'F',
                                            .creatinine = "1.8",
                                            .creatinine_unit = "mg/dL",
                                            .weight = "54.5",
                                            .weight_unit = "kg",
                                            .height = NULL,
                                            .creatinine_days = 2,
                                            .weight_days = 20,
                                            .comparator = "",
                                            .status = CTX_STATUS_FINAL};

struct an_time dosing_day(const char *text)
{
    static const struct an_zone zone = {0};
    struct an_time t;

    ck_assert(an_time_fhir(an_str_c(text), &zone, &t));
    return t;
}

static void put(struct dosing_chart *c, const struct ctx_event *e)
{
    c->event[c->timeline.n_events] = *e;
    c->by_time[c->timeline.n_events] = &c->event[c->timeline.n_events];
    c->timeline.n_events++;
}

static void measure(struct dosing_chart *c, const char *code, const char *name,
                    const char *value, const char *unit, int days)
{
    struct ctx_event e = {.kind = CTX_OBSERVATION,
                          .status = CTX_STATUS_FINAL,
                          .effective = c->now};

    if (value == NULL)
        return;
    e.effective.us -= days * AN_US_PER_DAY;
    e.effective.precision = AN_TIME_DAY;
    e.concept = (struct ctx_code){AN_STR("http://loinc.org"), an_str_c(code),
                                  an_str_c(name)};
    e.value = (struct ctx_value){.kind = CTX_VALUE_QUANTITY,
                                 .literal = an_str_c(value),
                                 .number = atof(value),
                                 .unit = an_str_c(unit)};
    put(c, &e);
}

void dosing_chart_of(const struct dosing_patient *p, struct dosing_chart *c)
{
    char born[32];
    size_t n;

    memset(c, 0, sizeof(*c));
    c->now = dosing_day("2026-12-10T09:00:00Z");
    if (p->age) {
        (void)snprintf(born, sizeof(born), "%d-06-15", 2026 - p->age);
        put(c, &(struct ctx_event){.kind = CTX_BIRTH,
                                   .effective = dosing_day(born)});
    }
    put(c, &(struct ctx_event){
               .kind = CTX_SEX,
               .effective = c->now,
               .value = {.kind = CTX_VALUE_CODE,
                         .code.code = an_str_c(p->sex == 'F'   ? "F"
                                               : p->sex == 'M' ? "M"
                                                               : "U")}});
    measure(c, "8302-2", "Body height", p->height, "cm", 900);
    measure(c, "29463-7", "Body weight", p->weight, p->weight_unit,
            p->weight_days);
    n = c->timeline.n_events;
    measure(c, "2160-0", "Creatinine", p->creatinine, p->creatinine_unit,
            p->creatinine_days);
    if (c->timeline.n_events > n) {
        c->event[n].status = p->status;
        c->event[n].value.comparator = an_str_c(p->comparator);
    }
    c->timeline.event = c->by_time;
    c->timeline.as_of_us = c->now.us;
}

const struct ctx_code dosing_drugs[N_DOSING_DRUGS] = {
    {AN_STR_INIT(RXNORM), AN_STR_INIT("1364445"), AN_STR_INIT("")},
    {AN_STR_INIT(ATC), AN_STR_INIT("B01AE07"), AN_STR_INIT("")},
    {AN_STR_INIT(RXNORM), AN_STR_INIT("854235"), AN_STR_INIT("")},
    {AN_STR_INIT(RXNORM), AN_STR_INIT("6809"), AN_STR_INIT("")},
    {AN_STR_INIT(ATC), AN_STR_INIT("B01AF01"), AN_STR_INIT("")},
};

size_t dosing_ask(struct an_arena *arena, const struct dosing_chart *c,
                  const struct ctx_code *drug, size_t n_drugs,
                  const struct ctx_suggestion **s)
{
    struct adv_options options = {
        .language = AN_STR("en"), .audience = CTX_FOR_CLINICIAN, .now = c->now};
    size_t n;

    ck_assert_int_eq(
        adv_dosing(arena, &c->timeline, &options, drug, n_drugs, s, &n, NULL),
        AN_OK);
    return n;
}

size_t dosing_table(struct an_arena *arena,
                    struct an_str cell[DOSING_ROWS][DOSING_COLUMNS])
{
    struct an_str text = advice_case_file(arena, "config/tables/dosing.tsv");
    struct an_str line;
    size_t n = 0;

    while (text.n && an_str_cut(&text, '\n', &line)) {
        if (line.n == 0 || line.p[0] == '#')
            continue;
        for (size_t i = 0; i < DOSING_COLUMNS; i++)
            ck_assert(an_str_cut(&line, '\t', &cell[n][i]) ||
                      i == DOSING_COLUMNS - 1);
        n++;
        ck_assert_uint_lt(n, DOSING_ROWS);
    }
    return n;
}
