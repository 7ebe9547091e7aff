/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/prefetch.h"
#include "tests/jose_help.h"
#include "tests/script_server.h"
#include "tests/suite.h"

#include <time.h>

Suite *jose_prefetch_suite(void);

static struct an_arena arena;
static struct an_str server;
static struct script_page pages[SCRIPT_PAGES];
static struct pl_prefetch_options options;
static struct fhir_cds_request request;

static const char patient[] = "{\"resourceType\":\"Patient\",\"id\":\"7\"}";
static const char nothing[] =
    "{\"resourceType\":\"Bundle\",\"type\":\"searchset\"}";
static const char condition[] =
    "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":[{"
    "\"resource\":{\"resourceType\":\"Condition\",\"id\":\"c1\",\"subject\":{"
    "\"reference\":\"Patient/7\"}}}]}";

/* A server where the patient has one condition and nothing else. */
static void fill_pages(void)
{
    static const char *const path[] = {
        "/fhir/Patient/7",          "/fhir/Condition",   "/fhir/Observation",
        "/fhir/MedicationRequest",  "/fhir/Procedure",   "/fhir/Encounter",
        "/fhir/AllergyIntolerance", "/fhir/Immunization"};

    memset(pages, 0, sizeof(pages));
    for (size_t i = 0; i < 8; i++)
        pages[i] = (struct script_page){.path = path[i],
                                        .status = 200,
                                        .type = "application/fhir+json",
                                        .body = nothing};
    pages[0].body = patient;
    pages[1].body = condition;
}

static void set_up(void)
{
    an_arena_init(&arena, 256 << 20);
    fill_pages();
    server = an_str_c(test_text(&arena, "http://127.0.0.1:%u/fhir",
                                (unsigned)script_start(pages, 8)));
    options = (struct pl_prefetch_options){.server = &server,
                                           .n_servers = 1,
                                           .timeout_ms = 2000,
                                           .max_answer_bytes = 1 << 20};
}

static void tear_down(void)
{
    script_stop();
    an_arena_free(&arena);
}

#define AUTHORIZATION                                                          \
    "{\"access_token\":\"s3cret\",\"token_type\":\"Bearer\",\"expires_in\":"   \
    "300,\"scope\":\"patient/Patient.read\",\"subject\":\"a\",\"patient\":"    \
    "\"7\"}"

static enum an_code fill(const char *authorization, const char *prefetch)
{
    const char *body = test_text(
        &arena,
        "{\"hook\":\"patient-view\",\"hookInstance\":\"h\",\"fhirServer\":"
        "\"%s/\",\"fhirAuthorization\":%s,\"context\":{\"userId\":"
        "\"Practitioner/1\",\"patientId\":\"7\"},\"prefetch\":%s}",
        server.p, authorization, prefetch);
    struct an_err err;

    ck_assert_int_eq(fhir_cds_read(&arena, an_str_c(body), &request, &err),
                     AN_OK);
    return pl_prefetch_fill(&options, &arena, an_str_c(body), fhir_cds_history,
                            FHIR_CDS_N_HISTORY, &request, &err);
}

static int state(const char *key)
{
    return fhir_cds_prefetched(&request, an_str_c(key)).state;
}

static const char *bundle(void)
{
    struct an_str json;

    ck_assert_int_eq(fhir_cds_bundle(&arena, &request, &json, NULL), AN_OK);
    return json.n ? json.p : "";
}

START_TEST(reads_what_is_absent)
{
    ck_assert_int_eq(fill(AUTHORIZATION, "{}"), AN_OK);
    ck_assert_int_eq(state("patient"), FHIR_CDS_FOUND);
    ck_assert_int_eq(state("conditions"), FHIR_CDS_FOUND);
    ck_assert_int_eq(state("laboratory"), FHIR_CDS_EMPTY);
    ck_assert_int_eq(state("immunizations"), FHIR_CDS_EMPTY);
    ck_assert_uint_eq(script_count(), 9);
    ck_assert_str_eq(script_authorization(), "Bearer s3cret");
    ck_assert_ptr_nonnull(strstr(bundle(), "\"c1\""));
    ck_assert_ptr_null(strstr(bundle(), "s3cret"));
}
END_TEST

START_TEST(asks_again_for_nothing_that_was_said)
{
    ck_assert_int_eq(
        fill(AUTHORIZATION,
             "{\"patient\":{\"resourceType\":\"Patient\",\"id\":\"7\","
             "\"gender\":\"female\"},\"conditions\":null,\"laboratory\":{"
             "\"resourceType\":\"Bundle\"},\"vital-signs\":{\"resourceType\":"
             "\"OperationOutcome\"}}"),
        AN_OK);
    ck_assert_uint_eq(script_count(), 5);
    ck_assert_uint_eq(script_count_of("/fhir/Patient/7"), 0);
    ck_assert_uint_eq(script_count_of("/fhir/Condition"), 0);
    ck_assert_uint_eq(script_count_of("/fhir/Observation"), 0);
    ck_assert_int_eq(state("conditions"), FHIR_CDS_NULL);
    ck_assert_int_eq(state("vital-signs"), FHIR_CDS_FAILED);
    ck_assert_ptr_nonnull(strstr(bundle(), "female"));
}
END_TEST

/* Why nobody is asked at all. */
static const char *const useless[] = {
    "null",
    "{}",
    "{\"access_token\":\"\",\"token_type\":\"Bearer\",\"expires_in\":300}",
    "{\"access_token\":\"a\\r\\nX: y\",\"token_type\":\"Bearer\","
    "\"expires_in\":300}",
    "{\"access_token\":\"a b\",\"token_type\":\"Bearer\",\"expires_in\":300}",
    "{\"access_token\":\"a\",\"token_type\":\"mac\",\"expires_in\":300}",
    "{\"access_token\":\"a\",\"token_type\":\"Bearer\"}",
    "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":0}",
    "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":-1}",
    "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":\"9\"}",
    "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":300,"
    "\"patient\":\"8\"}",
};

START_TEST(uses_no_token_that_is_over_or_odd)
{
    for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++) {
        ck_assert_int_eq(fill(useless[i], "{}"), AN_OK);
        ck_assert_msg(state("patient") == FHIR_CDS_ABSENT, "case %zu", i);
    }
    ck_assert_uint_eq(script_count(), 0);
}
END_TEST

START_TEST(asks_listed_servers_only)
{
    static const struct an_str other[] = {
        AN_STR_INIT("http://127.0.0.1:1/fhir"), AN_STR_INIT("")};
    struct an_str longer = an_str_c(test_text(&arena, "%s/hir", server.p));

    options.server = other;
    options.n_servers = 2;
    ck_assert_int_eq(fill(AUTHORIZATION, "{}"), AN_OK);
    options.server = &longer;
    options.n_servers = 1;
    ck_assert_int_eq(fill(AUTHORIZATION, "{}"), AN_OK);
    options.n_servers = 0;
    ck_assert_int_eq(fill(AUTHORIZATION, "{}"), AN_OK);
    ck_assert_uint_eq(script_count(), 0);
    ck_assert_int_eq(state("patient"), FHIR_CDS_ABSENT);
}
END_TEST

/* Ids that would climb or ask something else. */
START_TEST(builds_no_address_from_an_odd_id)
{
    static const char *const id[] = {"..",    ".",      "7/../8", "7?x=y",
                                     "7&b=c", "a b",    "7%2f8",  "a/b/c",
                                     "7#x",   "\\u00e9"};
    struct an_err err;

    for (size_t i = 0; i < sizeof(id) / sizeof(id[0]); i++) {
        const char *body = test_text(
            &arena,
            "{\"hook\":\"patient-view\",\"hookInstance\":\"h\",\"fhirServer\":"
            "\"%s\",\"fhirAuthorization\":{\"access_token\":\"a\","
            "\"token_type\":\"Bearer\",\"expires_in\":9},\"context\":{"
            "\"patientId\":\"%s\"}}",
            server.p, id[i]);

        ck_assert_int_eq(fhir_cds_read(&arena, an_str_c(body), &request, &err),
                         AN_OK);
        ck_assert_int_eq(pl_prefetch_fill(&options, &arena, an_str_c(body),
                                          fhir_cds_history, FHIR_CDS_N_HISTORY,
                                          &request, &err),
                         AN_OK);
        ck_assert_msg(script_count() == 0, "case %zu", i);
    }
}
END_TEST

/* What the server may answer for conditions, and the key has failed. */
static const struct {
    unsigned status;
    const char *type, *body;
} mishaps[] = {
    {500, "application/fhir+json", "{\"resourceType\":\"OperationOutcome\"}"},
    {500, NULL, NULL},
    {429, NULL, NULL},
    {401, NULL, NULL},
    {403, NULL, NULL},
    {404, NULL, NULL},
    {302, NULL, NULL},
    {200, "text/html", "<html>log in</html>"},
    {200, "application/fhir+json", ""},
    {200, "application/fhir+json", "{}"},
    {200, "application/fhir+json", "[]"},
    {200, "application/fhir+json", "{\"resourceType\":\"Patient\"}"},
    {200, "application/fhir+json",
     "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":"
     "\"Condition\",\"id\":\"zyx\",\"subject\":{\"reference\":\"Patient/8\"}}}"
     "]}"},
    {200, "application/fhir+json",
     "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":"
     "\"Condition\",\"id\":\"zyx\",\"subject\":{\"reference\":\"Patient/77\"}}"
     "}]}"},
    {200, "application/fhir+json",
     "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":"
     "\"Condition\",\"id\":\"zyx\",\"subject\":{\"reference\":"
     "\"http://other.example/Patient/7\"}}}]}"},
    {200, "application/fhir+json",
     "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":"
     "\"Condition\",\"id\":\"zyx\"}}]}"},
    {200, "application/fhir+json",
     "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":"
     "\"Observation\",\"id\":\"zyx\",\"subject\":{\"reference\":\"Patient/7\"}"
     "}}]}"},
};

START_TEST(fails_one_key_and_keeps_the_others)
{
    for (size_t i = 0; i < sizeof(mishaps) / sizeof(mishaps[0]); i++) {
        pages[1].status = mishaps[i].status;
        pages[1].type = mishaps[i].type;
        pages[1].body = mishaps[i].body;
        script_set(pages, 8);
        ck_assert_int_eq(fill(AUTHORIZATION, "{}"), AN_OK);
        ck_assert_msg(state("conditions") == FHIR_CDS_FAILED, "case %zu", i);
        ck_assert_int_eq(state("patient"), FHIR_CDS_FOUND);
        ck_assert_int_eq(state("immunizations"), FHIR_CDS_EMPTY);
        ck_assert_ptr_null(strstr(bundle(), "zyx"));
        ck_assert_uint_eq(script_count_of("/fhir/Condition"), 1);
    }
}
END_TEST

START_TEST(takes_no_other_patient_for_this_one)
{
    pages[0].body = "{\"resourceType\":\"Patient\",\"id\":\"8\"}";
    ck_assert_int_eq(fill(AUTHORIZATION, "{}"), AN_OK);
    ck_assert_int_eq(state("patient"), FHIR_CDS_FAILED);
    ck_assert_int_eq(state("conditions"), FHIR_CDS_ABSENT);
    ck_assert_uint_eq(script_count(), 1);
}
END_TEST

START_TEST(bounds_what_it_takes)
{
    char *long_one = an_arena_get(&arena, (1 << 16) + 64, 1);

    ck_assert_ptr_nonnull(long_one);
    memset(long_one, ' ', 1 << 16);
    memcpy(long_one + (1 << 16), nothing, sizeof(nothing));
    pages[1].body = long_one;
    options.max_answer_bytes = 1 << 16;
    script_set(pages, 8);
    ck_assert_int_eq(fill(AUTHORIZATION, "{}"), AN_OK);
    ck_assert_int_eq(state("conditions"), FHIR_CDS_FAILED);
    ck_assert_int_eq(state("patient"), FHIR_CDS_FOUND);
}
END_TEST

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

START_TEST(ends_in_time)
{
    int64_t began_ms = clock_ms();

    pages[1].delay_ms = 3000;
    options.timeout_ms = 300;
    script_set(pages, 8);
    ck_assert_int_eq(fill(AUTHORIZATION, "{}"), AN_OK);
    ck_assert_int_lt(clock_ms() - began_ms, 1000);
    ck_assert_int_eq(state("patient"), FHIR_CDS_FOUND);
    ck_assert_int_eq(state("conditions"), FHIR_CDS_FAILED);
    ck_assert_int_eq(state("laboratory"), FHIR_CDS_ABSENT);
}
END_TEST

static const char *page_to(const char *where)
{
    return test_text(&arena,
                     "{\"resourceType\":\"Bundle\",\"link\":[{\"relation\":"
                     "\"next\",\"url\":\"%s\"}],\"entry\":[{\"resource\":{"
                     "\"resourceType\":\"Condition\",\"id\":\"c0\",\"subject\":"
                     "{\"reference\":\"%s/Patient/7/_history/2\"}}}]}",
                     where, server.p);
}

START_TEST(follows_pages_of_that_server)
{
    pages[1].body = page_to(test_text(&arena, "%s/more?page=2", server.p));
    pages[8] = (struct script_page){
        .path = "/fhir/more", .status = 200, .body = condition};
    script_set(pages, 9);
    ck_assert_int_eq(fill(AUTHORIZATION, "{}"), AN_OK);
    ck_assert_int_eq(state("conditions"), FHIR_CDS_FOUND);
    ck_assert(!fhir_cds_prefetched(&request, AN_STR("conditions")).more);
    ck_assert_ptr_nonnull(strstr(bundle(), "\"c0\""));
    ck_assert_ptr_nonnull(strstr(bundle(), "\"c1\""));
}
END_TEST

START_TEST(follows_what_the_client_began)
{
    const char *began = page_to(test_text(&arena, "%s/more?page=2", server.p));

    pages[8] = (struct script_page){
        .path = "/fhir/more", .status = 200, .body = condition};
    script_set(pages, 9);
    ck_assert_int_eq(
        fill(AUTHORIZATION, test_text(&arena, "{\"conditions\":%s}", began)),
        AN_OK);
    ck_assert_uint_eq(script_count_of("/fhir/Condition"), 0);
    ck_assert_ptr_nonnull(strstr(bundle(), "\"c0\""));
    ck_assert_ptr_nonnull(strstr(bundle(), "\"c1\""));
}
END_TEST

/* The token does not leave the base, and a circle ends. */
START_TEST(follows_no_page_elsewhere)
{
    const char *away[] = {"http://127.0.0.1:1/fhir/x",
                          "https://evil.example/fhir",
                          test_text(&arena, "%s/../other", server.p),
                          test_text(&arena, "%.*s@evil.example/fhir",
                                    (int)(server.n - 5), server.p),
                          "/fhir/more",
                          "file:///etc/passwd"};

    for (size_t i = 0; i < sizeof(away) / sizeof(away[0]); i++) {
        pages[1].body = page_to(away[i]);
        script_set(pages, 8);
        ck_assert_int_eq(fill(AUTHORIZATION, "{}"), AN_OK);
        ck_assert_msg(script_count() == 9, "case %zu", i);
        ck_assert_int_eq(state("conditions"), FHIR_CDS_FOUND);
        ck_assert(fhir_cds_prefetched(&request, AN_STR("conditions")).more);
    }
    pages[1].body = page_to(test_text(&arena, "%s/Condition", server.p));
    script_set(pages, 8);
    ck_assert_int_eq(fill(AUTHORIZATION, "{}"), AN_OK);
    ck_assert_uint_eq(script_count_of("/fhir/Condition"), PL_PREFETCH_PAGES);
    ck_assert(fhir_cds_prefetched(&request, AN_STR("conditions")).more);
}
END_TEST

START_TEST(fails_a_key_with_a_strangers_page)
{
    pages[1].body = page_to(test_text(&arena, "%s/more?page=2", server.p));
    pages[8] = (struct script_page){
        .path = "/fhir/more",
        .status = 200,
        .body = "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{"
                "\"resourceType\":\"Condition\",\"id\":\"zyx\",\"subject\":{"
                "\"reference\":\"Patient/8\"}}}]}"};
    script_set(pages, 9);
    ck_assert_int_eq(fill(AUTHORIZATION, "{}"), AN_OK);
    ck_assert_int_eq(state("conditions"), FHIR_CDS_FAILED);
    ck_assert_ptr_null(strstr(bundle(), "zyx"));
}
END_TEST

Suite *jose_prefetch_suite(void)
{
    const TTest *const test[] = {reads_what_is_absent,
                                 asks_again_for_nothing_that_was_said,
                                 uses_no_token_that_is_over_or_odd,
                                 asks_listed_servers_only,
                                 builds_no_address_from_an_odd_id,
                                 fails_one_key_and_keeps_the_others,
                                 takes_no_other_patient_for_this_one,
                                 bounds_what_it_takes,
                                 ends_in_time,
                                 follows_pages_of_that_server,
                                 follows_what_the_client_began,
                                 follows_no_page_elsewhere,
                                 fails_a_key_with_a_strangers_page};

    return test_suite_around("jose/prefetch", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}
