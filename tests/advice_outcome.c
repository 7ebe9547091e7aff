/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/outcome.h"
#include "tests/advice_case.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *advice_outcome_suite(void);

static struct an_arena arena;

static void setup(void)
{
    an_arena_init(&arena, 64 << 20);
}

static void teardown(void)
{
    an_arena_free(&arena);
}

/* Each case below replaces one line of this. */
static const char *const lines[] = {
    "id: fever",
    "title: {en: Fever, es: Fiebre}",
    "use: To test.",
    ("event: {kinds: [condition], "
     "codes: [{system: icd10, prefix: R50, text: F}]}"),
    "start: {from: now, gap_days: 2}",
    "exclude: {before: yes, codes: [{system: icd10, code: Z00.0, text: x}]}",
    "horizons_days: [30, 365]",
    "audience: [clinician, nurse]",
    "patient: after-release",
    "threshold: off",
};

enum { N_LINES = sizeof(lines) / sizeof(lines[0]) };

static enum an_code read_with(size_t line, const char *text,
                              struct adv_outcome *o, struct an_err *err)
{
    char *yaml = an_arena_get(&arena, 4096, 1);
    size_t n = 0;

    ck_assert_ptr_nonnull(yaml);
    for (size_t i = 0; i < N_LINES; i++)
        n += (size_t)snprintf(yaml + n, 4096 - n, "%s\n",
                              i == line ? text : lines[i]);
    return adv_outcome_read(&arena, (struct an_str){yaml, n}, "fever.yaml", o,
                            err);
}

START_TEST(reads_every_key)
{
    struct adv_outcome o;
    struct an_err err;

    ck_assert_int_eq(read_with(N_LINES, NULL, &o, &err), AN_OK);
    ck_assert_an_str_eq(o.id, "fever");
    ck_assert_an_str_eq(adv_outcome_title(&o, AN_STR("es-MX")), "Fiebre");
    ck_assert_an_str_eq(adv_outcome_title(&o, AN_STR("fr")), "Fever");
    ck_assert_uint_eq(o.kinds, 1U << CTX_CONDITION);
    ck_assert_uint_eq(o.codes.n_rules, 1);
    ck_assert(o.codes.rule[0].prefix && o.once && o.patient);
    ck_assert_an_str_eq(o.exclude.rule[0].code, "Z000");
    ck_assert_uint_eq(o.n_horizons, 2);
    ck_assert_uint_eq(o.horizon_days[1], 365);
    ck_assert_uint_eq(o.gap_days, 2);
    ck_assert_uint_eq(o.audiences,
                      1U << CTX_FOR_CLINICIAN | 1U << CTX_FOR_NURSE);
    ck_assert(!o.has_threshold && !o.death_counts);
    ck_assert_int_eq(o.stage, CFG_LIVE);
    ck_assert_int_eq(
        read_with(9,
                  "threshold: 0.12\nreport: r-2024-1\nstage: shadow\n"
                  "citation: {title: T, "
                  "source: S, doi: 10.1/x, year: 2020}",
                  &o, &err),
        AN_OK);
    ck_assert(o.has_threshold);
    ck_assert_int_eq(o.stage, CFG_SHADOW);
    ck_assert_double_eq(o.p_threshold, 0.12);
    ck_assert_an_str_eq(o.report, "r-2024-1");
    ck_assert_uint_eq(o.citation.year, 2020);
}
END_TEST

START_TEST(says_where_a_file_is_wrong)
{
    static const struct {
        size_t line;
        const char *text;
        enum an_code code;
        uint32_t at_line, at_column;
    } cases[] = {
        {0, "id: Fever", AN_TYPE, 1, 5},
        {0, "# no id", AN_MISSING, 0, 0},
        {1, "title: Fever", AN_TYPE, 2, 8},
        {1, "title: {es: Fiebre, en: Fever}", AN_TYPE, 2, 8},
        {3,
         "event: {kinds: [fever], codes: [{system: icd10, code: R50, text: "
         "x}]}",
         AN_CODE, 4, 17},
        {3, "event: {kinds: [condition]}", AN_MISSING, 4, 8},
        {3,
         "event: {kinds: [condition], codes: [{system: icd9, code: R50, "
         "text: x}]}",
         AN_CODE, 4, 46},
        {3,
         "event: {kinds: [condition], codes: [{system: icd10, code: R, "
         "prefix: R, text: x}]}",
         AN_CONFLICT, 4, 37},
        {3, "event: {kinds: [condition], codes: []}", AN_TYPE, 4, 36},
        {4, "start: {from: birth}", AN_CODE, 5, 15},
        {4, "start: {from: discharge}", AN_CONFLICT, 5, 8},
        {4, "start: {from: now, gap_days: 400}", AN_TYPE, 5, 30},
        {5, "exclude: {before: maybe}", AN_CODE, 6, 19},
        {6, "horizons_days: [365, 30]", AN_TYPE, 7, 22},
        {6, "horizons_days: [2]", AN_CONFLICT, 7, 17},
        {6, "horizons_days: [4000]", AN_TYPE, 7, 17},
        {7, "audience: [patient]", AN_CODE, 8, 12},
        {8, "patient: yes", AN_CODE, 9, 10},
        {9, "threshold: 1.5", AN_TYPE, 10, 12},
        {9, "threshold: 0.5", AN_MISSING, 0, 0},
        {9, "threshold: off\nreport: x", AN_CONFLICT, 10, 12},
        {9, "threshold: off\nstage: on", AN_CODE, 11, 8},
        {9, "threshold: off\nthreshhold: off", AN_CODE, 11, 1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct adv_outcome o;
        struct an_err err;

        memset(&err, 0, sizeof(err));
        ck_assert_msg(read_with(cases[i].line, cases[i].text, &o, &err) ==
                          cases[i].code,
                      "%s: %s", cases[i].text, err.what);
        ck_assert_str_eq(err.where.path, "fever.yaml");
        if (cases[i].at_line)
            ck_assert_msg(err.where.line == cases[i].at_line &&
                              err.where.column == cases[i].at_column,
                          "%s: %u:%u", cases[i].text, err.where.line,
                          err.where.column);
    }
}
END_TEST

START_TEST(mortality_is_never_for_patients)
{
    static const char bytes[] =
        "id: m\ntitle: {en: M}\nuse: x\nevent: {kinds: [death]}\n"
        "start: {from: now}\nexclude: {before: yes}\nhorizons_days: [30]\n"
        "audience: [clinician]\npatient: after-release\nthreshold: off\n";
    struct adv_outcome o;
    struct an_err err;

    ck_assert_int_eq(
        adv_outcome_read(&arena, an_str_c(bytes), "m.yaml", &o, &err),
        AN_CONFLICT);
    ck_assert_uint_eq(err.where.line, 9);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct an_str bytes =
        advice_case_file(&arena, "config/outcomes/readmission-30d.yaml");
    enum an_code code = AN_NOMEM;
    struct adv_outcome o;
    struct an_arena small;
    struct an_err err;
    long i;

    an_arena_init(&small, 1 << 20);
    for (i = 0; code == AN_NOMEM && i < 2000; i++) {
        an_arena_reset(&small);
        small.fail_after = i;
        code = adv_outcome_read(&small, bytes, "x.yaml", &o, &err);
    }
    an_arena_free(&small);
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(i, 10);
}
END_TEST

START_TEST(the_shipped_outcomes_are_sorted_and_found)
{
    static const char *const wanted[] = {
        "readmission-30d", "mortality",
        "heart-failure",   "stroke",
        "diabetes",        "myocardial-infarction",
        "emergency-visit", "chronic-kidney-disease"};
    struct adv_knowledge k;

    advice_case_knowledge(&arena, &k);
    ck_assert_uint_ge(k.n_outcomes, 8);
    for (size_t i = 1; i < k.n_outcomes; i++)
        ck_assert_int_lt(an_str_cmp(k.outcome[i - 1].id, k.outcome[i].id), 0);
    for (size_t i = 0; i < k.n_outcomes; i++) {
        ck_assert(!an_str_eq(adv_outcome_title(&k.outcome[i], AN_STR("es")),
                             AN_STR("")));
        ck_assert_uint_ge(k.outcome[i].n_titles, 2);
        ck_assert(!k.outcome[i].has_threshold);
        ck_assert_ptr_eq(adv_knowledge_outcome(&k, k.outcome[i].id),
                         &k.outcome[i]);
    }
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        ck_assert_ptr_nonnull(adv_knowledge_outcome(&k, an_str_c(wanted[i])));
    ck_assert_ptr_null(adv_knowledge_outcome(&k, AN_STR("strok")));
    ck_assert(!adv_knowledge_outcome(&k, AN_STR("mortality"))->patient);
}
END_TEST

START_TEST(the_outcomes_of_the_studies_are_what_they_compare)
{
    static const struct {
        const char *folder, *id;
        enum adv_start start;
        bool once;
        uint32_t last_days;
    } is[] = {
        {"nafld", "death", ADV_START_NOW, true, 1826},
        {"nafld", "heart-failure", ADV_START_NOW, true, 1826},
        {"nafld", "stroke", ADV_START_NOW, true, 1826},
        {"nafld", "myocardial-infarction", ADV_START_NOW, true, 1826},
        {"nafld", "diabetes", ADV_START_NOW, true, 1826},
        {"diabetes130", "readmission-30d", ADV_START_DISCHARGE, false, 30}};

    for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
        char path[128];
        struct adv_outcome o;
        struct an_err err;

        snprintf(path, sizeof(path), "trainer/studies/%s/outcomes/%s.yaml",
                 is[i].folder, is[i].id);
        ck_assert_msg(adv_outcome_read(&arena, advice_case_file(&arena, path),
                                       path, &o, &err) == AN_OK,
                      "%s:%u", path, err.where.line);
        ck_assert(an_str_eq(o.id, an_str_c(is[i].id)));
        ck_assert_uint_eq(o.start, is[i].start);
        ck_assert(o.once == is[i].once && !o.patient && !o.has_threshold);
        ck_assert_uint_eq(o.gap_days, 0);
        ck_assert_uint_eq(o.horizon_days[o.n_horizons - 1], is[i].last_days);
        ck_assert(o.death_counts == (strcmp(is[i].id, "death") == 0));
    }
}
END_TEST

START_TEST(two_files_with_one_id_are_refused)
{
    struct an_str bytes =
        advice_case_file(&arena, "config/outcomes/stroke.yaml");
    const struct adv_file files[] = {{"a.yaml", bytes}, {"b.yaml", bytes}};
    struct adv_knowledge k;
    struct an_err err;

    ck_assert_int_eq(adv_knowledge_load(&arena, files, 2, &k, &err),
                     AN_CONFLICT);
    ck_assert_str_eq(err.where.path, "b.yaml");
}
END_TEST

/* ---- labels ----------------------------------------------------------------*/

#define CLASS "http://terminology.hl7.org/CodeSystem/v3-ActCode"

static struct ctx_event made(unsigned kind, int64_t day, const char *system,
                             const char *code)
{
    return (struct ctx_event){
        .kind = (uint8_t)kind,
        .status = CTX_STATUS_FINAL,
        .effective = {.us = day * AN_US_PER_DAY, .precision = AN_TIME_DAY},
        .concept = {an_str_c(system), an_str_c(code), AN_STR("")}};
}

START_TEST(a_readmission_counts_from_the_discharge)
{
    const struct ctx_event e[] = {
        made(CTX_ADMISSION, 100, CLASS, "IMP"),
        made(CTX_DISCHARGE, 105, CLASS, "IMP"),
        made(CTX_ADMISSION, 106, CLASS, "IMP"), /* a transfer */
        made(CTX_ADMISSION, 110, CLASS, "EMER"),
        made(CTX_ADMISSION, 120, CLASS, "IMP"),
        made(CTX_DEATH, 130, "", "death"),
    };
    const struct ctx_event *order[] = {&e[0], &e[1], &e[2],
                                       &e[3], &e[4], &e[5]};
    const struct ctx_timeline t = {order, 6, INT64_MAX};
    const struct adv_outcome *o;
    struct adv_after after;
    struct adv_knowledge k;
    int64_t from;

    advice_case_knowledge(&arena, &k);
    o = adv_knowledge_outcome(&k, AN_STR("readmission-30d"));
    ck_assert(!adv_outcome_starts(o, &e[0]) && adv_outcome_starts(o, &e[1]));
    ck_assert(adv_outcome_is(o, &e[0]) && !adv_outcome_is(o, &e[3]));
    ck_assert(!adv_outcome_excludes(o, &e[0]));
    ck_assert_int_eq(adv_outcome_ask(o, &t, 104 * AN_US_PER_DAY, &from),
                     CTX_ABSTAIN_NO_INDEX);
    ck_assert_int_eq(adv_outcome_ask(o, &t, 107 * AN_US_PER_DAY, &from),
                     CTX_ABSTAIN_NONE);
    ck_assert_int_eq(from, 105 * AN_US_PER_DAY);
    after = adv_outcome_after(o, &t, from);
    ck_assert_ptr_eq(after.event, &e[4]);
    ck_assert_ptr_eq(after.death, &e[5]);
    ck_assert_int_eq(adv_outcome_ask(o, &t, 131 * AN_US_PER_DAY, &from),
                     CTX_ABSTAIN_NOT_AT_RISK);
    /* 30 days are over. */
    ck_assert_int_eq(
        adv_outcome_ask(o, &(struct ctx_timeline){order, 2, INT64_MAX},
                        136 * AN_US_PER_DAY, &from),
        CTX_ABSTAIN_NO_INDEX);
}
END_TEST

START_TEST(a_new_disease_counts_once_and_not_in_the_gap)
{
    struct ctx_event e[] = {
        made(CTX_CONDITION, 100, "http://hl7.org/fhir/sid/icd-10-cm", "I63.9"),
        made(CTX_CONDITION, 103, "http://snomed.info/sct", "230690007"),
        made(CTX_CONDITION, 200, "http://snomed.info/sct", "230690007"),
    };
    const struct ctx_event *order[] = {&e[0], &e[1], &e[2]};
    const struct ctx_timeline t = {order, 3, INT64_MAX};
    const struct adv_outcome *o;
    struct adv_knowledge k;
    int64_t from;

    advice_case_knowledge(&arena, &k);
    o = adv_knowledge_outcome(&k, AN_STR("stroke"));
    ck_assert_int_eq(adv_outcome_ask(o, &t, 99 * AN_US_PER_DAY, &from),
                     CTX_ABSTAIN_NONE);
    /* Both early ones lie in the gap of seven days. */
    ck_assert_ptr_eq(adv_outcome_after(o, &t, from).event, &e[2]);
    ck_assert_int_eq(adv_outcome_ask(o, &t, 100 * AN_US_PER_DAY, &from),
                     CTX_ABSTAIN_NOT_AT_RISK);
    e[0].status = CTX_STATUS_PRELIMINARY;
    ck_assert(!adv_outcome_is(o, &e[0]));
    e[0].status = CTX_STATUS_ENTERED_IN_ERROR;
    ck_assert_int_eq(adv_outcome_ask(o, &t, 101 * AN_US_PER_DAY, &from),
                     CTX_ABSTAIN_NONE);
    e[0] = made(CTX_CONDITION, 100, "http://hl7.org/fhir/sid/icd-10-cm",
                "I69.354");
    ck_assert(!adv_outcome_is(o, &e[0]) && adv_outcome_excludes(o, &e[0]));
    e[0].kind = CTX_ORDER;
    ck_assert(!adv_outcome_excludes(o, &e[0]));
}
END_TEST

Suite *advice_outcome_suite(void)
{
    Suite *s = suite_create("advice/outcome");
    TCase *tc = tcase_create("advice/outcome");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, reads_every_key);
    tcase_add_test(tc, says_where_a_file_is_wrong);
    tcase_add_test(tc, mortality_is_never_for_patients);
    tcase_add_test(tc, survives_each_failed_allocation);
    tcase_add_test(tc, the_shipped_outcomes_are_sorted_and_found);
    tcase_add_test(tc, the_outcomes_of_the_studies_are_what_they_compare);
    tcase_add_test(tc, two_files_with_one_id_are_refused);
    tcase_add_test(tc, a_readmission_counts_from_the_discharge);
    tcase_add_test(tc, a_new_disease_counts_once_and_not_in_the_gap);
    suite_add_tcase(s, tc);
    return s;
}
