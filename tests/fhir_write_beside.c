/* SPDX-License-Identifier: Apache-2.0 */
/* What stands beside a suggestion: when, and what it must not say. */
#include "base/base64.h"
#include "base/hash.h"
#include "tests/fhir_said.h"
#include "tests/suite.h"

#include <string.h>

Suite *fhir_write_beside_suite(void);

static struct an_arena arena;
static struct said at;

static void set_up(void)
{
    an_arena_init(&arena, 16 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static struct fhir_written write_it(void)
{
    struct fhir_written out;
    struct an_err err;

    ck_assert_msg(fhir_write(&arena, &at.settings, &at.who, &at.what, &out,
                             &err) == AN_OK,
                  "%s", err.what);
    return out;
}

static size_t n_of(const struct fhir_written *out, const char *type)
{
    size_t n = 0;

    for (size_t i = 0; i < out->n_resources; i++)
        n += strcmp(out->resource[i].type, type) == 0;
    return n;
}

static bool has(struct an_str text, const char *part)
{
    size_t n = strlen(part);

    for (size_t i = 0; i + n <= text.n; i++)
        if (memcmp(text.p + i, part, n) == 0)
            return true;
    return false;
}

/* ---- rules ------------------------------------------------------------------------ */

static const struct {
    double p;
    size_t n_flags, n_proposals;
} risks[] = {{0.05, 0, 0}, {0.1, 0, 1},    {0.1999, 0, 1}, {0.2, 1, 1},
             {0.25, 1, 2}, {0.2999, 1, 2}, {0.3, 1, 3},    {0.9, 1, 3}};

START_TEST(asks_for_attention_from_the_sites_probability_on)
{
    struct ctx_suggestion one;
    struct fhir_written out;

    at = *said_named("flag");
    one = at.what.suggestion[0];
    one.p = risks[_i].p;
    one.p_low = one.p / 2;
    one.p_high = 1;
    at.what.suggestion = &one;
    out = write_it();
    ck_assert_uint_eq(n_of(&out, "Flag"), risks[_i].n_flags);
    ck_assert_uint_eq(n_of(&out, "ServiceRequest"), risks[_i].n_proposals);
    ck_assert_uint_eq(n_of(&out, "RiskAssessment"), 1);
    ck_assert_uint_eq(out.n_suggestions, 1);
}
END_TEST

START_TEST(flags_nothing_that_does_not_end)
{
    struct ctx_suggestion one;
    struct fhir_written out;

    at = *said_named("flag");
    one = at.what.suggestion[0];
    one.horizon_days = 0;
    at.what.suggestion = &one;
    out = write_it();
    ck_assert_uint_eq(n_of(&out, "Flag"), 0);
}
END_TEST

/* ---- one suggestion, one resource ---------------------------------------------------- */

static const struct {
    unsigned resources, kind;
    const char *type;
} chosen[] = {
    {0, CTX_SUGGEST_RISK, "RiskAssessment"},
    {0, CTX_SUGGEST_DIFFERENTIAL, "RiskAssessment"},
    {0, CTX_SUGGEST_SCORE, "Observation"},
    {0, CTX_SUGGEST_SUMMARY, "DocumentReference"},
    {0, CTX_SUGGEST_DOSING, NULL},
    {0, CTX_SUGGEST_COMPARISON, NULL},
    {0, CTX_N_SUGGESTIONS, NULL},
    {FHIR_BIT(IMPRESSION), CTX_SUGGEST_RISK, NULL},
    {FHIR_BIT(IMPRESSION), CTX_SUGGEST_DIFFERENTIAL, "ClinicalImpression"},
    {FHIR_BIT(IMPRESSION) | FHIR_BIT(RISK), CTX_SUGGEST_DIFFERENTIAL,
     "ClinicalImpression"},
    {FHIR_BIT(RISK), CTX_SUGGEST_SCORE, NULL},
    {FHIR_BIT(RISK), CTX_SUGGEST_SUMMARY, NULL},
    {FHIR_BIT(ISSUE), CTX_SUGGEST_DOSING, "DetectedIssue"},
};

START_TEST(is_one_resource_of_those_asked_for)
{
    const struct fhir_write_settings s = {.resources = chosen[_i].resources};
    const char *type = fhir_chosen_type(&s, chosen[_i].kind);

    if (chosen[_i].type)
        ck_assert_str_eq(type, chosen[_i].type);
    else
        ck_assert_ptr_null(type);
}
END_TEST

START_TEST(sends_nothing_where_nothing_is_asked_for)
{
    struct fhir_written out;

    at = *said_named("issue");
    at.settings.resources = 0;
    out = write_it();
    ck_assert_uint_eq(out.json.n, 0);
    at = *said_named("waiting");
    at.settings.resources = 0;
    out = write_it();
    ck_assert_uint_eq(out.json.n, 0);
    at = *said_named("guidance");
    at.settings.resources = FHIR_BIT(OBSERVATION);
    out = write_it();
    ck_assert_uint_eq(out.json.n, 0);
}
END_TEST

START_TEST(answers_a_call_that_got_nothing)
{
    struct fhir_written out;

    at = *said_named("guidance");
    at.settings.resources = FHIR_BIT(RISK) | FHIR_BIT(GUIDANCE);
    at.what.n_suggestions = 0;
    out = write_it();
    ck_assert_uint_eq(out.n_suggestions, 0);
    ck_assert_uint_eq(n_of(&out, "GuidanceResponse"), 1);
    ck_assert_uint_eq(out.n_resources, 2);
    ck_assert(!has(out.json, "contained"));
}
END_TEST

/* ---- texts that wait ----------------------------------------------------------------- */

START_TEST(tells_no_word_of_a_text_that_waits)
{
    struct fhir_written out;

    at = *said_named("waiting");
    out = write_it();
    ck_assert_uint_eq(out.n_suggestions, 0);
    ck_assert_uint_eq(n_of(&out, "Task"), 1);
    ck_assert_uint_eq(n_of(&out, "CommunicationRequest"), 1);
    ck_assert(!has(out.json, "Esta hoja"));
    ck_assert(!has(out.json, "Resumen"));
    ck_assert(!has(out.json, "Creatinine"));
}
END_TEST

/* The Task of a text keeps its id, so that its release completes it. */
START_TEST(completes_the_task_that_asked)
{
    struct an_uuid asked = {{0}};
    struct fhir_written out;

    at = *said_named("waiting");
    out = write_it();
    for (size_t i = 0; i < out.n_resources; i++)
        if (strcmp(out.resource[i].type, "Task") == 0)
            asked = out.resource[i].id;
    at.what = (struct fhir_saying){.suggestion = at.what.waiting,
                                   .n_suggestions = 1,
                                   .released = true,
                                   .now_us = at.what.now_us};
    out = write_it();
    ck_assert(has(out.json, "\"status\":\"completed\""));
    for (size_t i = 0; i < out.n_resources; i++)
        if (strcmp(out.resource[i].type, "Task") == 0)
            ck_assert_mem_eq(&asked, &out.resource[i].id, sizeof(asked));
}
END_TEST

START_TEST(relates_a_text_to_the_one_it_says_again)
{
    at = *said_named("released");
    ck_assert(has(write_it().json, "\"relatesTo\""));
    at.settings.source_language = AN_STR("es");
    ck_assert(!has(write_it().json, "\"relatesTo\""));
    at.settings.source_language = AN_STR("");
    ck_assert(!has(write_it().json, "\"relatesTo\""));
}
END_TEST

/* ---- cards ---------------------------------------------------------------------------- */

START_TEST(sends_a_card_of_its_own_model_only)
{
    struct fhir_model_card other;

    at = *said_named("card");
    ck_assert(has(write_it().json, "AIModelCard\""));
    ck_assert(has(write_it().json, "modelCardDescription"));
    other = *at.settings.card;
    other.digest = AN_STR("00");
    at.settings.card = &other;
    ck_assert(!has(write_it().json, "AIModelCard\""));
    ck_assert(!has(write_it().json, "modelCardDescription"));
    ck_assert(!has(write_it().json, "derivation"));
}
END_TEST

/* FIPS 180-2's example, and what R4 wants of it. */
START_TEST(hashes_what_is_attached)
{
    struct an_sha1 sha;
    char hex[2 * AN_SHA1_BYTES + 1];

    ck_assert_int_eq(an_sha1(AN_STR("abc"), &sha, NULL), AN_OK);
    an_hex_print(sha.b, sizeof(sha.b), hex);
    ck_assert_str_eq(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    at = *said_named("card");
    ck_assert(has(write_it().json,
                  "\"data\":\"PGNhcmQvPgo=\",\"size\":8,"
                  "\"hash\":\"LCTJNrFmNPopPi9YlW8O5NMl7jw=\""));
}
END_TEST

#define LOOP(tc, test, table)                                                  \
    tcase_add_loop_test(tc, test, 0, (int)(sizeof(table) / sizeof((table)[0])))

Suite *fhir_write_beside_suite(void)
{
    const TTest *const test[] = {flags_nothing_that_does_not_end,
                                 sends_nothing_where_nothing_is_asked_for,
                                 answers_a_call_that_got_nothing,
                                 tells_no_word_of_a_text_that_waits,
                                 completes_the_task_that_asked,
                                 relates_a_text_to_the_one_it_says_again,
                                 sends_a_card_of_its_own_model_only,
                                 hashes_what_is_attached};
    Suite *s = suite_create("fhir/write beside");
    TCase *tc = tcase_create("fhir/write beside");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    for (size_t i = 0; i < sizeof(test) / sizeof(test[0]); i++)
        tcase_add_test(tc, test[i]);
    LOOP(tc, asks_for_attention_from_the_sites_probability_on, risks);
    LOOP(tc, is_one_resource_of_those_asked_for, chosen);
    suite_add_tcase(s, tc);
    return s;
}
