/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison in words: who gets which sentence, and what is never said. */
#include "advice/compare.h"
#include "tests/advice_case.h"
#include "tests/suite.h"

#include <math.h>
#include <string.h>

Suite *advice_compare_suite(void);

#define PCS "http://www.cms.gov/Medicare/Coding/ICD10"

static struct an_arena arena;
static struct adv_knowledge knowledge;
static struct advice_case patient;

static struct ctx_candidate candidate[3];
static struct ctx_compared compared[3];
static struct ctx_contrast contrast;
static struct ctx_comparison comparison;

static void set_up(void)
{
    static const struct ctx_candidate two[3] = {
        {.concept = {AN_STR_INIT(PCS), AN_STR_INIT("0DTF0ZZ"),
                     AN_STR_INIT("Open")},
         .n_people = 812},
        {.concept = {AN_STR_INIT(PCS), AN_STR_INIT("0DTG4ZZ"),
                     AN_STR_INIT("Keyhole")},
         .n_people = 430},
        {.concept = {AN_STR_INIT("urn:x"), AN_STR_INIT("c"),
                     AN_STR_INIT("Other")},
         .n_people = 250}};
    static const struct ctx_compared numbers[3] = {{.p = .148,
                                                    .p_low = .121,
                                                    .p_high = .182,
                                                    .n_people = 801,
                                                    .n_events = 120},
                                                   {.p = .093,
                                                    .p_low = .061,
                                                    .p_high = .139,
                                                    .n_people = 1401,
                                                    .n_events = 39,
                                                    .difference = -.055,
                                                    .difference_low = -.101,
                                                    .difference_high = -.002},
                                                   {.p = .004,
                                                    .p_low = .001,
                                                    .p_high = .012,
                                                    .n_people = 240,
                                                    .n_events = 21,
                                                    .difference = -.144,
                                                    .difference_low = -.18,
                                                    .difference_high = -.11}};

    an_arena_init(&arena, 64 << 20);
    advice_case_knowledge(&arena, &knowledge);
    advice_case_read(&arena, "heart", &patient);
    memcpy(candidate, two, sizeof(two));
    memcpy(compared, numbers, sizeof(numbers));
    contrast = (struct ctx_contrast){.outcome = AN_STR("stroke"),
                                     .horizon_days = 365,
                                     .candidate = compared};
    comparison = (struct ctx_comparison){.model = {.name = AN_STR("m"),
                                                   .version = AN_STR("1"),
                                                   .digest = AN_STR("abc")},
                                         .min_people = 200,
                                         .candidate = candidate,
                                         .n_candidates = 2,
                                         .contrast = &contrast,
                                         .n_contrasts = 1};
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static const struct ctx_suggestion *said;
static size_t n_said;

static void say(unsigned audience, const char *language)
{
    const struct adv_options reader = {.language = an_str_c(language),
                                       .audience = (uint8_t)audience,
                                       .now = patient.now};
    struct an_err err;

    ck_assert_int_eq(adv_compare(&arena, &knowledge, &patient.timeline,
                                 &comparison, &reader, &said, &n_said, &err),
                     AN_OK);
}

START_TEST(numbers_with_their_support_and_what_they_are_not)
{
    say(CTX_FOR_CLINICIAN, "en");
    ck_assert_uint_eq(n_said, 1);
    ck_assert_int_eq(said->kind, CTX_SUGGEST_COMPARISON);
    ck_assert_an_str_eq(said->topic, "stroke");
    ck_assert(said->never_patient && !said->patient_facing);
    ck_assert_an_str_eq(
        said->statement,
        "Stroke within 365 days. Open: about 15 of 100 people with a record "
        "like this one (between 12 and 19); 120 of the 801 people here who had "
        "it. Keyhole: about 9 of 100 people with a record like this one "
        "(between 6 and 14); 39 of the 1,401 people here who had it. Keyhole "
        "against Open: a difference of -6 in 100 (between -11 and 0; below "
        "zero, fewer with Keyhole). This is an association in the records of "
        "this hospital, not an effect of a procedure: who had which was not "
        "left to chance.");
}
END_TEST

/* All of 1,000 when one of them is under one of 100. */
START_TEST(a_rare_one_makes_the_scale)
{
    comparison.n_candidates = 3;
    say(CTX_FOR_CLINICIAN, "en");
    ck_assert_uint_eq(n_said, 1);
    ck_assert_ptr_nonnull(
        strstr(said->statement.p, "Open: about 148 of 1,000 people"));
    ck_assert_ptr_nonnull(
        strstr(said->statement.p, "Other: about 4 of 1,000 people"));
    ck_assert_ptr_nonnull(strstr(said->statement.p,
                                 "Keyhole against Open: a difference of -55 in "
                                 "1,000 (between -101 and -2;"));
    ck_assert_ptr_nonnull(strstr(said->statement.p, "Other against Open:"));
}
END_TEST

START_TEST(each_reader_gets_what_is_theirs)
{
    say(CTX_FOR_CLINICIAN, "es");
    ck_assert_ptr_nonnull(
        strstr(said->statement.p, "no un efecto de un procedimiento"));
    say(CTX_FOR_PATIENT, "en");
    ck_assert_uint_eq(n_said, 0);
    /* Planners may read of emergency visits and not of strokes; who may read of
     * no outcome is told what was published. */
    contrast.outcome = AN_STR("emergency-visit");
    say(CTX_FOR_PLANNER, "en");
    ck_assert_uint_eq(n_said, 1);
    ck_assert_an_str_eq(said->topic, "emergency-visit");
    contrast.outcome = AN_STR("stroke");
    say(CTX_FOR_PLANNER, "en");
    for (size_t i = 0; i < n_said; i++) {
        ck_assert_int_eq(said[i].kind, CTX_SUGGEST_COMPARISON);
        ck_assert_uint_eq(said[i].n_citations, 1);
    }
}
END_TEST

/* Six rows of one source, in either order of the candidates. */
START_TEST(who_is_refused_gets_what_was_published)
{
    comparison.n_contrasts = 0;
    comparison.refusal = CTX_REFUSE_NO_OVERLAP;
    candidate[_i].refusal = CTX_REFUSE_NO_OVERLAP;
    say(CTX_FOR_CLINICIAN, "en");
    ck_assert_uint_ge(n_said, 7);
    ck_assert_an_str_eq(
        said[0].statement,
        _i ? "No comparison of Keyhole: people with a record like this one "
             "hardly ever have it."
           : "No comparison of Open: people with a record like this one hardly "
             "ever have it.");
    ck_assert_int_eq(said[0].abstention, CTX_ABSTAIN_NO_EVIDENCE);
    for (size_t i = 1; i < 7; i++) {
        ck_assert_uint_eq(said[i].n_citations, 1);
        ck_assert_an_str_eq(said[i].citation[0].doi,
                            "10.1007/s11605-012-1860-3");
        ck_assert_uint_eq(said[i].model.name.n, 0);
    }
    for (size_t i = 7; i < n_said; i++)
        ck_assert_int_eq(said[i].kind, CTX_SUGGEST_SCORE);
    /* Two of one group were not compared by anybody. */
    candidate[1].concept.code = AN_STR("0DTE0ZZ");
    say(CTX_FOR_CLINICIAN, "en");
    ck_assert_an_str_eq(
        said[1].statement,
        "No published comparison of these procedures is in the tables.");
    ck_assert_uint_eq(said[1].n_citations, 0);
}
END_TEST

START_TEST(every_refusal_has_its_sentence)
{
    comparison.n_contrasts = 0;
    for (unsigned why = 1; why < CTX_N_REFUSALS; why++) {
        comparison.refusal = (uint8_t)why;
        candidate[0].refusal = (uint8_t)why;
        say(CTX_FOR_CLINICIAN, "en");
        ck_assert_uint_ge(n_said, 2);
        ck_assert(
            an_str_starts(said[0].statement, AN_STR("No comparison of ")));
        ck_assert(said[0].abstention != CTX_ABSTAIN_NONE ||
                  why == CTX_REFUSE_ABSTAINS);
    }
    candidate[0].refusal = comparison.refusal = CTX_REFUSE_FEW_PEOPLE;
    say(CTX_FOR_CLINICIAN, "en");
    ck_assert_an_str_eq(
        said[0].statement,
        "No comparison of Open: fewer than 200 people here had it.");
    candidate[0].refusal = comparison.refusal = CTX_REFUSE_NONE;
    /* Of one outcome. */
    comparison.n_contrasts = 1;
    contrast.refusal = CTX_REFUSE_FEW_EVENTS;
    say(CTX_FOR_CLINICIAN, "en");
    ck_assert(an_str_starts(said[0].statement,
                            AN_STR("No comparison of Stroke: too few people")));
}
END_TEST

START_TEST(what_is_no_probability_is_not_said)
{
    static const double bad[] = {-0.1, 1.1, (double)NAN};
    const struct adv_options reader = {.language = AN_STR("en"),
                                       .now = patient.now};

    for (size_t i = 0; i < 3; i++) {
        struct an_err err;

        compared[1].p_high = bad[i];
        ck_assert_int_eq(adv_compare(&arena, &knowledge, &patient.timeline,
                                     &comparison, &reader, &said, &n_said,
                                     &err),
                         AN_TYPE);
    }
}
END_TEST

/* Of a comparison and of a refusal. */
START_TEST(memory_may_end)
{
    const struct adv_options reader = {
        .language = AN_STR("en"), .now = patient.now, .restricted = true};
    enum an_code rc = AN_NOMEM;
    int i = 0;

    comparison.refusal = _i ? CTX_REFUSE_DEMONSTRATOR : CTX_REFUSE_NONE;
    for (; rc != AN_OK; i++) {
        struct an_arena small;
        struct an_err err;

        an_arena_init(&small, 16 << 20);
        small.fail_after = i;
        rc = adv_compare(&small, &knowledge, &patient.timeline, &comparison,
                         &reader, &said, &n_said, &err);
        ck_assert(rc == AN_OK || rc == AN_NOMEM);
        an_arena_free(&small);
    }
    ck_assert_int_gt(i, 10);
}
END_TEST

Suite *advice_compare_suite(void)
{
    Suite *s = suite_create("advice/compare");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, numbers_with_their_support_and_what_they_are_not);
    tcase_add_test(tc, a_rare_one_makes_the_scale);
    tcase_add_test(tc, each_reader_gets_what_is_theirs);
    tcase_add_loop_test(tc, who_is_refused_gets_what_was_published, 0, 2);
    tcase_add_test(tc, every_refusal_has_its_sentence);
    tcase_add_loop_test(tc, memory_may_end, 0, 2);
    tcase_add_test(tc, what_is_no_probability_is_not_said);
    suite_add_tcase(s, tc);
    return s;
}
