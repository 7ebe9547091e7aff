/* SPDX-License-Identifier: Apache-2.0 */
/* Dosing notes: worked examples of the equation, what is said when something is
 * missing, and rendered notes that a person has read (tests/golden/advice-dosing
 * and advice-dosing-missing). */
#include "tests/advice_case.h"
#include "tests/advice_dosing_chart.h"
#include "tests/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *advice_dosing_suite(void);

static struct an_arena arena, keep;
static struct an_str cell[DOSING_ROWS][DOSING_COLUMNS];

static void setup(void)
{
    an_arena_init(&arena, 64 << 20);
    an_arena_init(&keep, 64 << 20);
}

static void teardown(void)
{
    an_arena_free(&arena);
    an_arena_free(&keep);
}

/* ---- the equation -----------------------------------------------------------*/

START_TEST(cockcroft_and_gault_give_the_worked_examples)
{
    static const struct {
        double creatinine, kg;
        int32_t age;
        bool female;
        double want;
    } cases[] = {
        {1.8, 75, 70, false, 40.51},  {2.5, 55, 80, true, 15.58},
        {1.0, 72, 40, false, 100.00}, {1.0, 72, 40, true, 85.00},
        {2.0, 72, 90, false, 25.00},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double got = adv_cockcroft_gault(cases[i].creatinine, cases[i].kg,
                                         cases[i].age, cases[i].female);

        ck_assert_msg(fabs(got - cases[i].want) < 0.005, "case %zu: %.4f", i,
                      got);
    }
}
END_TEST

/* The one note of one drug. */
static const struct ctx_suggestion *note_of(const struct dosing_patient *p,
                                            const char *system,
                                            const char *code)
{
    static struct dosing_chart c;
    struct ctx_code drug = {an_str_c(system), an_str_c(code), AN_STR("")};
    const struct ctx_suggestion *s;
    size_t n;

    dosing_chart_of(p, &c);
    n = dosing_ask(&arena, &c, &drug, 1, &s);
    ck_assert_uint_le(n, 1);
    return n ? s : NULL;
}

static bool says(const struct ctx_suggestion *s, const char *words)
{
    char text[4096];

    (void)snprintf(text, sizeof(text), "%.*s", AN_STR_ARG(s->statement));
    return strstr(text, words) != NULL;
}

/* ---- when and what ------------------------------------------------------------*/

START_TEST(a_drug_without_a_row_is_not_spoken_of)
{
    static const struct ctx_code others[] = {
        {AN_STR_INIT(RXNORM), AN_STR_INIT("855332"), AN_STR_INIT("Warfarin")},
        {AN_STR_INIT("http://hl7.org/fhir/sid/ndc"),
         AN_STR_INIT("0003-0893-21"), AN_STR_INIT("Eliquis")},
        {AN_STR_INIT(ATC), AN_STR_INIT("B01AF0"), AN_STR_INIT("")},
        {AN_STR_INIT(ATC), AN_STR_INIT("B01AF022"), AN_STR_INIT("")},
        {AN_STR_INIT(ATC), AN_STR_INIT("1364445"), AN_STR_INIT("")},
        {AN_STR_INIT(""), AN_STR_INIT(""), AN_STR_INIT("apixaban")},
    };
    const struct ctx_suggestion *s;
    struct dosing_chart c;

    dosing_chart_of(&dosing_frail, &c);
    ck_assert_uint_eq(dosing_ask(&arena, &c, NULL, 0, &s), 0);
    ck_assert_uint_eq(
        dosing_ask(&arena, &c, others, sizeof(others) / sizeof(others[0]), &s),
        0);
}
END_TEST

START_TEST(several_codings_of_a_drug_make_one_note)
{
    static const struct ctx_code codings[] = {
        {AN_STR_INIT(RXNORM), AN_STR_INIT("67108"), AN_STR_INIT("")},
        {AN_STR_INIT(ATC), AN_STR_INIT("B01AB05"), AN_STR_INIT("")},
        {AN_STR_INIT(RXNORM), AN_STR_INIT("854235"), AN_STR_INIT("")}};
    const struct ctx_suggestion *s;
    struct dosing_chart c;

    dosing_chart_of(&dosing_frail, &c);
    ck_assert_uint_eq(dosing_ask(&arena, &c, codings, 3, &s), 1);
    ck_assert_an_str_eq(s->topic, "enoxaparin");
    ck_assert_an_str_eq(s->value, "20.0");
    ck_assert(says(s, "30 mg once daily"));
    ck_assert(says(s, "actual weight 54.5 kg of 2026-11-20"));
    ck_assert_uint_eq(s->n_citations, 2);
    ck_assert_an_str_eq(s->citation[1].doi, "10.1159/000180580");
}
END_TEST

/* 72 kg, 1 mg/dL: the clearance of a man is 140 less his age, so that ends of
 * bands can be met exactly; creatinine scales it. */
START_TEST(bands_keep_their_ends)
{
    static const struct {
        const char *drug, *creatinine;
        int age;
        const char *value; /* NULL: nothing is said */
    } cases[] = {
        {"B01AB05", "2", 80, NULL}, /* 30 is not under 30 */
        {"B01AB05", "2", 81, "29.5"},
        {"B01AE07", "2", 80, "30.0"}, /* up to 30 */
        {"B01AE07", "2", 79, NULL},
        {"B01AE07", "4", 80, "15.0"}, /* from 15 on */
        {"B01AE07", "4", 81, "14.8"},
        {"B01AF01", "1", 90, "50.0"}, /* up to 50 */
        {"B01AF01", "1", 89, NULL},
        /* 29.9601: not "30.0" behind "< 30" */
        {"B01AB05", "2.0027", 80, "29.96"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dosing_patient p = dosing_frail;
        const struct ctx_suggestion *s;

        p.sex = 'M';
        p.weight = "72";
        p.age = cases[i].age;
        p.creatinine = cases[i].creatinine;
        s = note_of(&p, ATC, cases[i].drug);
        if (cases[i].value == NULL) {
            ck_assert_msg(s == NULL, "case %zu", i);
            continue;
        }
        ck_assert_msg(s != NULL, "case %zu", i);
        ck_assert_an_str_eq(s->value, cases[i].value);
    }
}
END_TEST

START_TEST(apixaban_takes_two_of_three)
{
    static const struct {
        int age;
        const char *weight, *creatinine;
        char want; /* 'y' it applies, 'n' nothing, '?' cannot be told */
    } cases[] = {
        {80, "60", "1.4", 'y'},
        {80, "60.1", "1.5", 'y'},
        {79, "60", "1.5", 'y'},
        {80, "60", "1.5", 'y'},
        {80, "60.1", "1.49", 'n'},
        {79, "60", "1.49", 'n'},
        {79, "61", "1.5", 'n'},
        {50, "90", "0.9", 'n'},
        /* One is missing: two may hold without it, or none can. */
        {80, "60", NULL, 'y'},
        {79, "60", NULL, '?'},
        {80, NULL, "1.5", 'y'},
        {80, NULL, "1.4", '?'},
        {79, NULL, "1.4", 'n'},
        {79, NULL, NULL, '?'},
        {80, NULL, NULL, '?'},
        {0, "50", "2", '?'},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dosing_patient p = dosing_frail;
        const struct ctx_suggestion *s;
        char got;

        p.age = cases[i].age;
        p.weight = cases[i].weight;
        p.creatinine = cases[i].creatinine;
        p.sex = 'U'; /* it is no criterion */
        s = note_of(&p, ATC, "B01AF02");
        got = s == NULL ? 'n' : s->abstention ? '?' : 'y';
        ck_assert_msg(got == cases[i].want, "case %zu: %c", i, got);
        if (got == 'y') {
            ck_assert_uint_eq(s->n_citations, 1);
            ck_assert_uint_eq(s->value.n, 0);
            ck_assert(says(s, "2.5 mg twice daily"));
        }
    }
}
END_TEST

/* ---- what is missing ----------------------------------------------------------*/

static struct dosing_patient lacking(int what)
{
    struct dosing_patient p = dosing_frail;

    switch (what) {
    case 0: p.age = 0; break;
    case 1: p.age = 17; break;
    case 2: p.age = 121; break;
    case 3: p.sex = 'U'; break;
    case 4: p.creatinine = NULL; break;
    case 5: p.creatinine_days = 91; break;
    case 6: p.creatinine_unit = "meq/L"; break;
    case 7: p.creatinine = "31"; break;
    case 8: p.comparator = "<"; break;
    case 9: p.status = CTX_STATUS_PRELIMINARY; break;
    case 10: p.weight = NULL; break;
    case 11: p.weight_days = 181; break;
    case 12: p.weight_unit = ""; break;
    default: p.weight = "19";
    }
    return p;
}

static const char *const lack_says[] = {
    "No plausible birth date to the day is recorded.",
    "Equation and source are for adults.",
    "No plausible birth date to the day is recorded.",
    "The sex is not recorded as female or male, or senders disagree about it.",
    "No creatinine in 90 days.",
    "No creatinine in 90 days.",
    "The unit of creatinine is not one we can convert.",
    "The latest creatinine is not an exact, plausible number.",
    "The latest creatinine is not an exact, plausible number.",
    "The latest creatinine is preliminary.",
    "No weight in 180 days.",
    "No weight in 180 days.",
    "The unit of weight is not one we can convert.",
    "The latest weight is not an exact, plausible number.",
};

enum { N_LACKS = sizeof(lack_says) / sizeof(lack_says[0]) };

START_TEST(abstains_and_names_what_is_missing)
{
    struct dosing_patient p = lacking(_i);
    const struct ctx_suggestion *s = note_of(&p, ATC, "B01AF01");

    ck_assert_ptr_nonnull(s);
    ck_assert_int_eq(s->abstention, _i == 1 ? CTX_ABSTAIN_OUT_OF_POPULATION
                                            : CTX_ABSTAIN_MISSING_INPUT);
    ck_assert_msg(says(s, lack_says[_i]), "%.*s", AN_STR_ARG(s->statement));
    ck_assert(says(s, "rivaroxaban: kidney function was not estimated."));
    ck_assert_uint_eq(s->value.n, 0);
    ck_assert_uint_eq(s->n_citations, 2);
    /* What there is, but was of no use, is shown. */
    ck_assert_uint_eq(s->n_evidence, (size_t)(p.creatinine != NULL) +
                                         (p.weight != NULL) + (_i == 1));
    for (size_t i = 0; i < s->n_evidence; i++)
        ck_assert(s->evidence[i].sentence.n > 0);
}
END_TEST

START_TEST(names_all_that_is_missing_at_once)
{
    struct dosing_patient p = {.sex = 'U', .comparator = ""};
    const struct ctx_suggestion *s = note_of(&p, ATC, "B01AE07");

    ck_assert_ptr_nonnull(s);
    ck_assert_an_str_eq(
        s->statement,
        "dabigatran: kidney function was not estimated. No plausible birth "
        "date to the day is recorded. The sex is not recorded as female or "
        "male, or senders disagree about it. No creatinine in 90 days. No "
        "weight in 180 days.");
    /* The other equation takes no weight. */
    s = note_of(&p, RXNORM, "6809");
    ck_assert_ptr_nonnull(s);
    ck_assert(!says(s, "weight"));
}
END_TEST

/* ---- readers, days, failures ----------------------------------------------------*/

START_TEST(patients_and_planners_get_nothing_nor_does_anybody_after_a_death)
{
    struct dosing_chart c;

    dosing_chart_of(&dosing_frail, &c);
    for (unsigned audience = 0; audience < CTX_N_AUDIENCES; audience++) {
        struct adv_options options = {.language = AN_STR("en"),
                                      .audience = (uint8_t)audience,
                                      .now = c.now};
        bool told = audience == CTX_FOR_CLINICIAN || audience == CTX_FOR_NURSE;
        const struct ctx_suggestion *s;
        size_t n;

        c.event[0].kind = CTX_BIRTH;
        ck_assert_int_eq(adv_dosing(&arena, &c.timeline, &options, dosing_drugs,
                                    N_DOSING_DRUGS, &s, &n, NULL),
                         AN_OK);
        ck_assert(told == (n > 0));
        c.event[0].kind = CTX_DEATH;
        ck_assert_int_eq(adv_dosing(&arena, &c.timeline, &options, dosing_drugs,
                                    N_DOSING_DRUGS, &s, &n, NULL),
                         AN_OK);
        ck_assert_uint_eq(n, 0);
    }
}
END_TEST

START_TEST(says_that_records_were_left_out)
{
    struct adv_options options = {.language = AN_STR("en"), .restricted = true};
    const struct ctx_suggestion *s;
    struct dosing_chart c;
    size_t n;

    dosing_chart_of(&dosing_frail, &c);
    options.now = c.now;
    ck_assert_int_eq(adv_dosing(&arena, &c.timeline, &options, dosing_drugs,
                                N_DOSING_DRUGS, &s, &n, NULL),
                     AN_OK);
    ck_assert_uint_gt(n, 0);
    for (size_t i = 0; i < n; i++)
        ck_assert(
            says(&s[i], "Some records are restricted and were not used."));
}
END_TEST

/* Each row has a day on which it was read and a later one on which it ends. */
START_TEST(a_row_is_not_said_after_its_last_day)
{
    size_t n_rows = dosing_table(&keep, cell), n_expired, n;
    const struct ctx_suggestion *s;
    char day[16];
    struct dosing_chart c;

    for (size_t i = 0; i < n_rows; i++)
        ck_assert_int_lt(an_str_cmp(cell[i][15], cell[i][16]), 0);
    dosing_chart_of(&dosing_frail, &c);
    ck_assert_uint_eq(adv_dosing_rows(c.now, &n_expired), n_rows);
    ck_assert_uint_eq(n_expired, 0);
    for (int after = 0; after < 2; after++) {
        (void)snprintf(day, sizeof(day), "%.*s", AN_STR_ARG(cell[0][16]));
        c.now = dosing_day(day);
        c.now.us += after * AN_US_PER_DAY;
        n = dosing_ask(&arena, &c, dosing_drugs, 1, &s);
        ck_assert_uint_eq(n, after ? 0 : 1);
        (void)adv_dosing_rows(c.now, &n_expired);
        ck_assert_uint_eq(n_expired, after ? n_rows : 0);
    }
}
END_TEST

START_TEST(survives_each_failed_allocation_of_a_note)
{
    struct adv_options options = {.language = AN_STR("es"), .restricted = true};
    const struct ctx_suggestion *s;
    enum an_code code = AN_NOMEM;
    struct dosing_patient p = dosing_frail;
    struct an_err err;
    struct dosing_chart c;
    size_t n;
    long i;

    p.height = "158";
    dosing_chart_of(&p, &c);
    options.now = c.now;
    for (i = 0; code == AN_NOMEM && i < 2000; i++) {
        an_arena_reset(&arena);
        arena.fail_after = i;
        code = adv_dosing(&arena, &c.timeline, &options, dosing_drugs,
                          N_DOSING_DRUGS, &s, &n, &err);
        ck_assert(code == AN_OK || (s == NULL && n == 0));
    }
    arena.fail_after = -1;
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(i, 50);
}
END_TEST

/* ---- what a person has read -------------------------------------------------------*/

static const struct {
    const char *name;
    uint8_t audience;
    const char *language;
} readings[] = {
    {"dosing", CTX_FOR_CLINICIAN, "en"},
    {"dosing", CTX_FOR_CLINICIAN, "es"},
    {"dosing", CTX_FOR_NURSE, "en"},
    {"dosing-missing", CTX_FOR_CLINICIAN, "en"},
    {"dosing-missing", CTX_FOR_CLINICIAN, "es"},
    {"dosing-missing", CTX_FOR_NURSE, "en"},
};

enum { N_READINGS = sizeof(readings) / sizeof(readings[0]) };

static void render(FILE *f, const struct ctx_suggestion *s)
{
    fprintf(f, "== %s %.*s\n%.*s\n%.*s\n", ctx_suggestion_text(s->kind),
            AN_STR_ARG(s->topic), AN_STR_ARG(s->title),
            AN_STR_ARG(s->statement));
    if (s->abstention)
        fprintf(f, "abstains: %s\n", ctx_abstention_text(s->abstention));
    if (s->value.n)
        fprintf(f, "value %.*s %.*s\n", AN_STR_ARG(s->value),
                AN_STR_ARG(s->unit));
    for (size_t i = 0; i < s->n_evidence; i++)
        fprintf(f, "  %.*s\n", AN_STR_ARG(s->evidence[i].sentence));
    for (size_t i = 0; i < s->n_citations; i++)
        fprintf(f, "  [%.*s. %.*s, %u, doi:%.*s]\n",
                AN_STR_ARG(s->citation[i].title),
                AN_STR_ARG(s->citation[i].source), s->citation[i].year,
                AN_STR_ARG(s->citation[i].doi));
    fprintf(f, "language %.*s%s%s\n\n", AN_STR_ARG(s->language),
            s->draft_language ? ", draft" : "",
            s->never_patient ? ", never for the patient" : "");
}

START_TEST(notes_what_was_reviewed)
{
    static struct advice_case c;
    struct adv_options options = {.language = an_str_c(readings[_i].language),
                                  .audience = readings[_i].audience};
    const struct ctx_suggestion *s;
    char path[256], full[1024], *text = NULL;
    size_t n, n_bytes = 0, same = 0;
    struct an_str got, want;
    FILE *f = open_memstream(&text, &n_bytes);

    ck_assert_ptr_nonnull(f);
    advice_case_read(&arena, readings[_i].name, &c);
    options.now = c.now;
    ck_assert_int_eq(adv_dosing(&arena, &c.timeline, &options, dosing_drugs,
                                N_DOSING_DRUGS, &s, &n, NULL),
                     AN_OK);
    for (size_t i = 0; i < n; i++)
        render(f, &s[i]);
    fclose(f);
    snprintf(path, sizeof(path), "tests/golden/advice-%s/%s.%s.txt",
             readings[_i].name, ctx_audience_text(readings[_i].audience),
             readings[_i].language);
    if (getenv("UPDATE_GOLDEN")) {
        snprintf(full, sizeof(full), "%s/%s", advice_case_root(), path);
        f = fopen(full, "wb");
        ck_assert_ptr_nonnull(f);
        fwrite(text, 1, n_bytes, f);
        fclose(f);
    }
    got = (struct an_str){text, n_bytes};
    want = advice_case_file(&arena, path);
    while (same < got.n && same < want.n && got.p[same] == want.p[same])
        same++;
    ck_assert_msg(an_str_eq(got, want), "%s: from byte %zu on it says: %.*s",
                  path, same, AN_STR_ARG(an_str_sub(got, same, 200)));
    free(text);
}
END_TEST

Suite *advice_dosing_suite(void)
{
    Suite *s = suite_create("advice_dosing");
    TCase *tc = tcase_create("advice_dosing");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, cockcroft_and_gault_give_the_worked_examples);
    tcase_add_test(tc, a_drug_without_a_row_is_not_spoken_of);
    tcase_add_test(tc, several_codings_of_a_drug_make_one_note);
    tcase_add_test(tc, bands_keep_their_ends);
    tcase_add_test(tc, apixaban_takes_two_of_three);
    tcase_add_loop_test(tc, abstains_and_names_what_is_missing, 0, N_LACKS);
    tcase_add_test(tc, names_all_that_is_missing_at_once);
    tcase_add_test(
        tc, patients_and_planners_get_nothing_nor_does_anybody_after_a_death);
    tcase_add_test(tc, says_that_records_were_left_out);
    tcase_add_test(tc, a_row_is_not_said_after_its_last_day);
    tcase_add_test(tc, survives_each_failed_allocation_of_a_note);
    tcase_add_loop_test(tc, notes_what_was_reviewed, 0, N_READINGS);
    suite_add_tcase(s, tc);
    return s;
}
