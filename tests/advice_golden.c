/* SPDX-License-Identifier: Apache-2.0 */
/* Rendered suggestions of invented patients, held against files that a person
 * has read: tests/golden/advice-NAME/READER.LANGUAGE.txt.  UPDATE_GOLDEN=1
 * writes them anew; the difference is for review. */
#include "tests/advice_case.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *advice_golden_suite(void);

static const char *const names[] = {"heart",  "sugar",   "stay",
                                    "sparse", "abstain", "gaps"};
static const struct {
    uint8_t audience;
    const char *language;
} readers[] = {
    {CTX_FOR_CLINICIAN, "en"}, {CTX_FOR_CLINICIAN, "es"},
    {CTX_FOR_NURSE, "en"},     {CTX_FOR_PLANNER, "en"},
    {CTX_FOR_PATIENT, "en"},   {CTX_FOR_PATIENT, "es"},
};

enum { N_NAMES = sizeof(names) / sizeof(names[0]) };
enum { N_READERS = sizeof(readers) / sizeof(readers[0]) };

static struct an_arena arena, keep;
static struct adv_knowledge knowledge;

static void setup(void)
{
    an_arena_init(&arena, 64 << 20);
    an_arena_init(&keep, 64 << 20);
    advice_case_knowledge(&keep, &knowledge);
}

static void teardown(void)
{
    an_arena_free(&arena);
    an_arena_free(&keep);
}

static void render_one(FILE *f, const struct ctx_suggestion *s)
{
    fprintf(f, "== %s", ctx_suggestion_text(s->kind));
    if (s->topic.n)
        fprintf(f, " %.*s", AN_STR_ARG(s->topic));
    fprintf(f, "\n%.*s\n%.*s\n", AN_STR_ARG(s->title),
            AN_STR_ARG(s->statement));
    if (s->abstention)
        fprintf(f, "abstains: %s\n", ctx_abstention_text(s->abstention));
    else if (s->kind == CTX_SUGGEST_RISK)
        fprintf(f, "p %.4f (%.4f to %.4f) in %u days\n", s->p, s->p_low,
                s->p_high, s->horizon_days);
    if (s->value.n)
        fprintf(f, "value %.*s %.*s\n", AN_STR_ARG(s->value),
                AN_STR_ARG(s->unit));
    for (size_t i = 0; i < s->n_evidence; i++)
        fprintf(f, "  %+d %.3f %.*s\n", s->evidence[i].direction,
                s->evidence[i].weight, AN_STR_ARG(s->evidence[i].sentence));
    for (size_t i = 0; i < s->n_citations; i++)
        fprintf(f, "  doi:%.*s\n", AN_STR_ARG(s->citation[i].doi));
    fprintf(f, "language %.*s%s%s%s%s%.*s\n\n", AN_STR_ARG(s->language),
            s->draft_language ? ", draft" : "",
            s->patient_facing ? ", waits for release" : "",
            s->never_patient ? ", never for the patient" : "",
            s->model.name.n ? ", model " : "", AN_STR_ARG(s->model.name));
}

static struct an_str render(const struct ctx_suggestion *s, size_t n)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *f = open_memstream(&text, &n_bytes);
    struct an_str kept;

    ck_assert_ptr_nonnull(f);
    for (size_t i = 0; i < n; i++)
        render_one(f, &s[i]);
    fclose(f);
    ck_assert(an_arena_str(&arena, (struct an_str){text, n_bytes}, &kept));
    free(text);
    return kept;
}

static void suggest(const char *name, uint8_t audience, const char *language,
                    const struct ctx_suggestion **s, size_t *n)
{
    static struct advice_case c;
    struct adv_options options = {.language = an_str_c(language),
                                  .audience = audience};
    struct an_err err;

    advice_case_read(&arena, name, &c);
    options.now = c.now;
    ck_assert_int_eq(adv_suggest(&arena, &knowledge, &c.timeline,
                                 c.has_forecast ? &c.forecast : NULL, &options,
                                 s, n, &err),
                     AN_OK);
}

START_TEST(says_what_was_reviewed)
{
    const char *name = names[_i / N_READERS];
    unsigned audience = readers[_i % N_READERS].audience;
    const char *language = readers[_i % N_READERS].language;
    const struct ctx_suggestion *s;
    struct an_str got, want;
    char path[256], full[1024];
    size_t n, same = 0;
    FILE *f;

    suggest(name, (uint8_t)audience, language, &s, &n);
    got = render(s, n);
    snprintf(path, sizeof(path), "tests/golden/advice-%s/%s.%s.txt", name,
             ctx_audience_text(audience), language);
    if (getenv("UPDATE_GOLDEN")) {
        snprintf(full, sizeof(full), "%s/%s", advice_case_root(), path);
        f = fopen(full, "wb");
        ck_assert_ptr_nonnull(f);
        fwrite(got.p, 1, got.n, f);
        fclose(f);
    }
    want = advice_case_file(&arena, path);
    while (same < got.n && same < want.n && got.p[same] == want.p[same])
        same++;
    ck_assert_msg(an_str_eq(got, want), "%s: from byte %zu on it says: %.*s",
                  path, same, AN_STR_ARG(an_str_sub(got, same, 200)));
}
END_TEST

/* Of the list as it is shown, whose last candidate is too rare. */
START_TEST(a_differential_says_how_many_are_needed)
{
    static const struct {
        size_t needed;
        const char *says;
    } cases[] = {
        {0, "4 of 1,000). From"},
        {1, "it is the first of these for about 90 of 100 people."},
        {2, "it is among the first 2 of these for about 90 of 100 people."},
        {3, "3 conditions would have to be named to hold it for about 90 of "
            "100 people."},
    };
    static struct advice_case c;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct adv_options options = {.language = AN_STR("en"),
                                      .audience = CTX_FOR_CLINICIAN};
        const struct ctx_suggestion *s;
        char text[2048] = "";
        size_t n;

        advice_case_read(&arena, "heart", &c);
        options.now = c.now;
        c.forecast.n_next_needed = cases[i].needed;
        ck_assert_int_eq(adv_suggest(&arena, &knowledge, &c.timeline,
                                     &c.forecast, &options, &s, &n, NULL),
                         AN_OK);
        for (size_t k = 0; k < n; k++)
            if (s[k].kind == CTX_SUGGEST_DIFFERENTIAL)
                (void)snprintf(text, sizeof(text), "%.*s",
                               AN_STR_ARG(s[k].statement));
        ck_assert_msg(strstr(text, cases[i].says) != NULL, "%zu: %s", i, text);
    }
}
END_TEST

START_TEST(no_number_without_evidence_and_origin)
{
    size_t n_numbers = 0;

    for (size_t i = 0; i < N_NAMES * N_READERS; i++) {
        const struct ctx_suggestion *s;
        size_t n;

        suggest(names[i / N_READERS], readers[i % N_READERS].audience,
                readers[i % N_READERS].language, &s, &n);
        for (size_t k = 0; k < n; k++) {
            ck_assert(s[k].statement.n > 0 && s[k].title.n > 0);
            if (s[k].kind == CTX_SUGGEST_SUMMARY || s[k].abstention)
                continue;
            n_numbers++;
            ck_assert(s[k].n_evidence > 0);
            ck_assert(s[k].model.name.n > 0 || s[k].n_citations > 0);
            for (size_t j = 0; j < s[k].n_evidence; j++) {
                ck_assert_ptr_nonnull(s[k].evidence[j].event);
                ck_assert(s[k].evidence[j].sentence.n > 0);
                ck_assert(s[k].evidence[j].weight >= 0 &&
                          s[k].evidence[j].weight <= 1);
                ck_assert(j == 0 || s[k].evidence[j].weight <=
                                        s[k].evidence[j - 1].weight);
            }
        }
    }
    ck_assert_uint_gt(n_numbers, 20);
}
END_TEST

START_TEST(an_abstention_holds_no_number)
{
    size_t n_abstentions = 0;

    for (size_t i = 0; i < N_NAMES * N_READERS; i++) {
        const struct ctx_suggestion *s;
        size_t n;

        suggest(names[i / N_READERS], readers[i % N_READERS].audience,
                readers[i % N_READERS].language, &s, &n);
        for (size_t k = 0; k < n; k++) {
            if (!s[k].abstention)
                continue;
            n_abstentions++;
            ck_assert(s[k].p == 0 && s[k].p_low == 0 && s[k].p_high == 0);
            ck_assert(s[k].value.n == 0 && s[k].n_next == 0);
        }
    }
    ck_assert_uint_gt(n_abstentions, 5);
}
END_TEST

START_TEST(a_patient_never_gets_what_is_not_for_patients)
{
    size_t n_for_patients = 0;

    for (size_t i = 0; i < N_NAMES; i++) {
        const struct ctx_suggestion *s;
        size_t n;

        suggest(names[i], CTX_FOR_PATIENT, i % 2 ? "en" : "es", &s, &n);
        for (size_t k = 0; k < n; k++) {
            n_for_patients++;
            ck_assert(s[k].patient_facing);
            ck_assert(!s[k].never_patient);
            ck_assert(s[k].kind == CTX_SUGGEST_SUMMARY ||
                      s[k].kind == CTX_SUGGEST_RISK);
            ck_assert(!an_str_eq(s[k].topic, AN_STR("mortality")));
        }
    }
    ck_assert_uint_gt(n_for_patients, 3);
}
END_TEST

/* The same patients for clinicians: what is never for patients is marked. */
START_TEST(what_is_never_for_patients_is_marked_for_every_reader)
{
    const struct ctx_suggestion *s;
    bool mortality = false;
    size_t n;

    suggest("heart", CTX_FOR_CLINICIAN, "en", &s, &n);
    for (size_t k = 0; k < n; k++) {
        mortality = mortality || an_str_eq(s[k].topic, AN_STR("mortality"));
        if (an_str_eq(s[k].topic, AN_STR("mortality")) ||
            s[k].kind == CTX_SUGGEST_DIFFERENTIAL ||
            s[k].kind == CTX_SUGGEST_SCORE)
            ck_assert(s[k].never_patient);
        ck_assert(!s[k].patient_facing);
    }
    ck_assert(mortality);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    static struct advice_case c;
    const struct ctx_suggestion *s;
    struct adv_options options = {.language = AN_STR("es")};
    enum an_code code;
    struct an_err err;
    size_t n;
    long i;

    for (size_t k = 0; k < 2; k++) {
        advice_case_read(&keep, "heart", &c);
        options.now = c.now;
        options.audience = k ? CTX_FOR_PATIENT : CTX_FOR_CLINICIAN;
        code = AN_NOMEM;
        for (i = 0; code == AN_NOMEM && i < 5000; i++) {
            an_arena_reset(&arena);
            arena.fail_after = i;
            code = adv_suggest(&arena, &knowledge, &c.timeline, &c.forecast,
                               &options, &s, &n, &err);
            ck_assert(code == AN_OK || (s == NULL && n == 0));
        }
        arena.fail_after = -1;
        ck_assert_int_eq(code, AN_OK);
        ck_assert_int_gt(i, 50);
    }
}
END_TEST

START_TEST(says_nothing_after_a_death)
{
    static struct advice_case c;
    const struct ctx_suggestion *s;
    struct adv_options options = {.language = AN_STR("en")};
    struct an_err err;
    size_t n;

    advice_case_read(&arena, "heart", &c);
    options.now = c.now;
    c.event[3].kind = CTX_DEATH;
    ck_assert_int_eq(adv_suggest(&arena, &knowledge, &c.timeline, &c.forecast,
                                 &options, &s, &n, &err),
                     AN_OK);
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(refuses_a_probability_that_is_none)
{
    static struct advice_case c;
    const struct ctx_suggestion *s;
    struct adv_options options = {.language = AN_STR("en")};
    struct an_err err;
    size_t n;

    for (int i = 0; i < 4; i++) {
        advice_case_read(&arena, "heart", &c);
        options.now = c.now;
        if (i == 0)
            c.risk[0].p = 1.1;
        else if (i == 1)
            c.risk[0].p_low = 0.9;
        else if (i == 2)
            c.risk[0].p_high = -0.0001;
        else
            c.next[0].p = 1.5;
        ck_assert_int_eq(adv_suggest(&arena, &knowledge, &c.timeline,
                                     &c.forecast, &options, &s, &n, &err),
                         AN_TYPE);
        ck_assert_uint_eq(n, 0);
    }
}
END_TEST

START_TEST(abstains_where_the_model_gives_no_reason)
{
    static struct advice_case c;
    const struct ctx_suggestion *s;
    struct adv_options options = {.language = AN_STR("en")};
    struct an_err err;
    size_t n;

    advice_case_read(&arena, "heart", &c);
    options.now = c.now;
    c.risk[0].n_influences = 0;
    ck_assert_int_eq(adv_suggest(&arena, &knowledge, &c.timeline, &c.forecast,
                                 &options, &s, &n, &err),
                     AN_OK);
    ck_assert_an_str_eq(s[0].topic, "readmission-30d");
    ck_assert_int_eq(s[0].abstention, CTX_ABSTAIN_NO_EVIDENCE);
    ck_assert_uint_eq(s[0].n_evidence, 0);
}
END_TEST

Suite *advice_golden_suite(void)
{
    Suite *s = suite_create("advice_golden");
    TCase *tc = tcase_create("advice_golden");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, says_what_was_reviewed, 0, N_NAMES * N_READERS);
    tcase_add_test(tc, a_differential_says_how_many_are_needed);
    tcase_add_test(tc, no_number_without_evidence_and_origin);
    tcase_add_test(tc, an_abstention_holds_no_number);
    tcase_add_test(tc, a_patient_never_gets_what_is_not_for_patients);
    tcase_add_test(tc, what_is_never_for_patients_is_marked_for_every_reader);
    tcase_add_test(tc, survives_each_failed_allocation);
    tcase_add_test(tc, says_nothing_after_a_death);
    tcase_add_test(tc, refuses_a_probability_that_is_none);
    tcase_add_test(tc, abstains_where_the_model_gives_no_reason);
    suite_add_tcase(s, tc);
    return s;
}
