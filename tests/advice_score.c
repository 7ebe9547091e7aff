/* SPDX-License-Identifier: Apache-2.0 */
/* The worked examples of the published scores, and what they do without an
 * input. */
#include "advice/score.h"
#include "tests/suite.h"

#include <math.h>
#include <string.h>

Suite *advice_score_suite(void);

START_TEST(ckd_epi_2021_gives_the_worked_examples)
{
    static const struct {
        double creatinine;
        int32_t age;
        bool female;
        double egfr;
    } cases[] = {
        {1.0, 50, false, 91.69},  {1.0, 50, true, 68.63},
        {0.8, 25, true, 104.80},  {1.1, 55, false, 79.28},
        {1.3, 70, true, 44.24},   {1.8, 75, false, 38.77},
        {3.5, 65, false, 18.58},  {0.6, 50, true, 109.28},
        {0.5, 30, false, 140.72}, {1.4, 60, false, 57.54},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double got =
            adv_egfr(cases[i].creatinine, cases[i].age, cases[i].female);

        ck_assert_msg(fabs(got - cases[i].egfr) < 0.005, "case %zu: %.4f", i,
                      got);
    }
}
END_TEST

START_TEST(creatinine_converts_what_it_knows)
{
    double mg_dl;

    ck_assert(adv_creatinine_mg_dl(1.2, AN_STR("mg/dL"), &mg_dl));
    ck_assert_double_eq(mg_dl, 1.2);
    ck_assert(adv_creatinine_mg_dl(88.4, AN_STR("umol/L"), &mg_dl));
    ck_assert_double_eq_tol(mg_dl, 1.0, 1e-12);
    ck_assert(adv_creatinine_mg_dl(176.8, AN_STR("\302\265mol/l"), &mg_dl) ==
              false);
    ck_assert(adv_creatinine_mg_dl(176.8, AN_STR("\302\265mol/L"), &mg_dl));
    ck_assert_double_eq_tol(mg_dl, 2.0, 1e-12);
    ck_assert(adv_creatinine_mg_dl(0.1768, AN_STR("mmol/L"), &mg_dl));
    ck_assert_double_eq_tol(mg_dl, 2, 1e-9);
    ck_assert(adv_creatinine_mg_dl(20, AN_STR("mg/L"), &mg_dl));
    ck_assert_double_eq_tol(mg_dl, 2, 1e-9);
    ck_assert(!adv_creatinine_mg_dl(1, AN_STR("meq/L"), &mg_dl));
    ck_assert(!adv_creatinine_mg_dl(1, AN_STR(""), &mg_dl));
}
END_TEST

START_TEST(kidney_categories_change_at_their_limits)
{
    static const struct {
        double egfr;
        const char *category;
    } cases[] = {
        {120, "G1"},    {90, "G1"},  {89.99, "G2"},  {60, "G2"},
        {59.99, "G3a"}, {45, "G3a"}, {44.99, "G3b"}, {30, "G3b"},
        {29.99, "G4"},  {15, "G4"},  {14.99, "G5"},  {0, "G5"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_str_eq(adv_egfr_category(cases[i].egfr), cases[i].category);
}
END_TEST

START_TEST(cha2ds2_vasc_gives_the_worked_examples)
{
    static const struct {
        struct adv_cha2ds2_vasc in;
        unsigned points;
    } cases[] = {
        {{.age_years = 78,
          .female = true,
          .hypertension = true,
          .diabetes = true},
         5},
        {{.age_years = 50}, 0},
        {{.age_years = 64}, 0},
        {{.age_years = 65}, 1},
        {{.age_years = 74}, 1},
        {{.age_years = 75}, 2},
        {{.age_years = 50, .stroke = true}, 2},
        {{.age_years = 80,
          .female = true,
          .heart_failure = true,
          .hypertension = true,
          .diabetes = true,
          .stroke = true,
          .vascular = true},
         9},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_uint_eq(adv_cha2ds2_vasc(&cases[i].in), cases[i].points);
}
END_TEST

START_TEST(charlson_weighs_classes_and_counts_severe_forms_only)
{
    static const struct {
        uint32_t sets;
        unsigned points;
    } cases[] = {
        {0, 0},
        {ADV_SET(CHARLSON_INFARCTION), 1},
        {ADV_SET(CHARLSON_HEART_FAILURE) | ADV_SET(CHARLSON_PULMONARY), 2},
        {ADV_SET(CHARLSON_DIABETES), 1},
        {ADV_SET(CHARLSON_DIABETES) | ADV_SET(CHARLSON_DIABETES_COMPLICATED),
         2},
        {ADV_SET(CHARLSON_MILD_LIVER) | ADV_SET(CHARLSON_SEVERE_LIVER), 3},
        {ADV_SET(CHARLSON_CANCER) | ADV_SET(CHARLSON_METASTATIC), 6},
        {ADV_SET(CHARLSON_AIDS) | ADV_SET(CHARLSON_HEMIPLEGIA), 8},
        {ADV_SET(CHARLSON_RENAL) | ADV_SET(CHARLSON_DEMENTIA) |
             ADV_SET(CHARLSON_RHEUMATIC) | ADV_SET(CHARLSON_PEPTIC_ULCER) |
             ADV_SET(CHARLSON_CEREBROVASCULAR) |
             ADV_SET(CHARLSON_PERIPHERAL_VASCULAR),
         7},
        /* All of them, without the three mild forms. */
        {UINT32_MAX, 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 2 + 2 + 2 + 3 + 6 + 6},
        {ADV_SET(HEART_FAILURE) | ADV_SET(CREATININE), 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(adv_charlson(cases[i].sets) == cases[i].points,
                      "case %zu: %u", i, adv_charlson(cases[i].sets));
}
END_TEST

/* ---- inputs from a record --------------------------------------------------*/

static struct an_time day(const char *text)
{
    static const struct an_zone zone = {0};
    struct an_time t;

    ck_assert(an_time_fhir(an_str_c(text), &zone, &t));
    return t;
}

/* A man born 1959-06-01 with creatinine 1.4 mg/dL, as of 2019-12-31. */
enum { BIRTH, SEX, LAB, N_EVENTS };

static void base_record(struct ctx_event e[N_EVENTS])
{
    memset(e, 0, N_EVENTS * sizeof(*e));
    e[BIRTH].kind = CTX_BIRTH;
    e[BIRTH].effective = day("1959-06-01");
    e[BIRTH].status = CTX_STATUS_FINAL;
    e[SEX].kind = CTX_SEX;
    e[SEX].effective = day("2019-01-01");
    e[SEX].value = (struct ctx_value){.kind = CTX_VALUE_CODE,
                                      .code = {.code = AN_STR("M")}};
    e[LAB].kind = CTX_OBSERVATION;
    e[LAB].effective = day("2019-11-01");
    e[LAB].status = CTX_STATUS_FINAL;
    e[LAB].concept = (struct ctx_code){AN_STR("http://loinc.org"),
                                       AN_STR("2160-0"), AN_STR("")};
    e[LAB].value = (struct ctx_value){.kind = CTX_VALUE_QUANTITY,
                                      .literal = AN_STR("1.4"),
                                      .number = 1.4,
                                      .unit = AN_STR("mg/dL")};
}

static struct adv_score egfr_of(const struct ctx_event e[N_EVENTS])
{
    const struct ctx_event *order[N_EVENTS] = {&e[BIRTH], &e[SEX], &e[LAB]};
    const struct ctx_timeline t = {order, N_EVENTS, INT64_MAX};
    struct adv_facts f;
    struct adv_score s;

    adv_facts_read(&t, day("2019-12-31"), &f);
    adv_score_read_egfr(&f, &s);
    return s;
}

START_TEST(egfr_takes_its_inputs_from_the_record)
{
    struct ctx_event e[N_EVENTS];
    struct adv_score s;

    base_record(e);
    s = egfr_of(e);
    ck_assert(s.applies && s.missing == ADV_MISSING_NOTHING);
    ck_assert_double_eq_tol(s.value, 57.54, 0.005);
    ck_assert_uint_eq(s.n_points, 3);
    ck_assert_ptr_eq(s.point[0].event, &e[LAB]);
}
END_TEST

START_TEST(egfr_names_what_is_missing_and_guesses_nothing)
{
    struct ctx_event e[N_EVENTS];
    struct adv_score s;

    for (int i = 0; i < 12; i++) {
        static const uint8_t want[] = {
            ADV_MISSING_AGE,       ADV_MISSING_AGE,
            ADV_MISSING_SEX,       ADV_MISSING_SEX,
            ADV_MISSING_UNIT,      ADV_MISSING_PLAUSIBLE,
            ADV_MISSING_PLAUSIBLE, ADV_MISSING_PLAUSIBLE,
            ADV_MISSING_RECENT,    ADV_MISSING_FINAL_RESULT,
            ADV_MISSING_NOTHING,   ADV_MISSING_NOTHING};

        base_record(e);
        switch (i) {
        case 0: e[BIRTH].effective = day("1959"); break;
        case 1: e[BIRTH].status = CTX_STATUS_ENTERED_IN_ERROR; break;
        case 2: e[SEX].value.code.code = AN_STR("unknown"); break;
        case 3: e[SEX].status = CTX_STATUS_CANCELLED; break;
        case 4: e[LAB].value.unit = AN_STR("mg%"); break;
        case 5: e[LAB].value.comparator = AN_STR("<"); break;
        case 6: e[LAB].value.number = 0.05; break;
        case 7: e[LAB].value.number = 30.5; break;
        case 8: e[LAB].effective = day("2018-12-30"); break;
        case 9: e[LAB].status = CTX_STATUS_PRELIMINARY; break;
        case 10: e[LAB].effective = day("2020-01-01"); break;
        default: e[BIRTH].effective = day("2005-01-01"); break;
        }
        s = egfr_of(e);
        ck_assert_msg(s.missing == want[i], "case %d: %u", i, s.missing);
        ck_assert_msg(s.value == 0, "case %d", i);
        /* The last two: a result of tomorrow, and a child. */
        ck_assert_msg(s.applies == (i < 10), "case %d", i);
        ck_assert_msg(s.n_points == (i < 10), "case %d", i);
    }
}
END_TEST

START_TEST(a_diagnosis_counts_once_it_is_no_longer_preliminary)
{
    struct ctx_event e = {.kind = CTX_CONDITION,
                          .effective = day("2018-05-05"),
                          .concept = {AN_STR("http://snomed.info/sct"),
                                      AN_STR("49436004"), AN_STR("")}};
    const struct ctx_event *order[] = {&e};
    const struct ctx_timeline t = {order, 1, INT64_MAX};
    static const struct {
        uint8_t kind, status;
        bool counts;
    } cases[] = {
        {CTX_CONDITION, CTX_STATUS_FINAL, true},
        {CTX_CONDITION, CTX_STATUS_UNKNOWN, true},
        {CTX_CONDITION, CTX_STATUS_PRELIMINARY, false},
        {CTX_CONDITION, CTX_STATUS_PLANNED, false},
        {CTX_CONDITION, CTX_STATUS_ENTERED_IN_ERROR, false},
        {CTX_ORDER, CTX_STATUS_FINAL, false},
        {CTX_OBSERVATION, CTX_STATUS_FINAL, false},
    };
    struct adv_facts f;
    struct adv_score s;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        e.kind = cases[i].kind;
        e.status = cases[i].status;
        adv_facts_read(&t, day("2019-12-31"), &f);
        adv_score_read_cha2ds2_vasc(&f, &s);
        ck_assert_msg(s.applies == cases[i].counts, "case %zu", i);
        ck_assert(!s.applies || s.missing == ADV_MISSING_AGE);
    }
}
END_TEST

START_TEST(scores_are_silent_where_they_do_not_apply)
{
    const struct ctx_timeline nothing = {NULL, 0, INT64_MAX};
    struct adv_facts f;
    struct adv_score s;

    adv_facts_read(&nothing, day("2019-12-31"), &f);
    for (size_t i = 0; i < ADV_N_SCORES; i++) {
        adv_scores[i].read(&f, &s);
        ck_assert(!s.applies && s.n_points == 0);
    }
}
END_TEST

START_TEST(every_score_is_cited)
{
    for (size_t i = 0; i < ADV_N_SCORES; i++) {
        ck_assert_uint_gt(adv_scores[i].n_citations, 0);
        for (size_t k = 0; k < adv_scores[i].n_citations; k++) {
            ck_assert(
                an_str_starts(adv_scores[i].citation[k].doi, AN_STR("10.")));
            ck_assert_uint_gt(adv_scores[i].citation[k].year, 1980);
        }
    }
}
END_TEST

Suite *advice_score_suite(void)
{
    const TTest *const test[] = {
        ckd_epi_2021_gives_the_worked_examples,
        creatinine_converts_what_it_knows,
        kidney_categories_change_at_their_limits,
        cha2ds2_vasc_gives_the_worked_examples,
        charlson_weighs_classes_and_counts_severe_forms_only,
        egfr_takes_its_inputs_from_the_record,
        egfr_names_what_is_missing_and_guesses_nothing,
        a_diagnosis_counts_once_it_is_no_longer_preliminary,
        scores_are_silent_where_they_do_not_apply,
        every_score_is_cited};

    return TEST_SUITE("advice/score", test);
}
