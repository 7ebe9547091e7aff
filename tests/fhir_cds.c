/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/cds.h"

#include "fhir/read.h"
#include "tests/suite.h"

Suite *fhir_cds_suite(void);

static const char call[] =
    "{\"hook\":\"patient-view\",\"hookInstance\":\"h-1\",\"fhirServer\":"
    "\"https://ehr/fhir\",\"fhirAuthorization\":{\"access_token\":\"secret\"},"
    "\"context\":{\"patientId\":\"p1\",\"userId\":\"Practitioner/u\","
    "\"encounterId\":\"e1\"},\"prefetch\":{"
    "\"patient\":{\"resourceType\":\"Patient\",\"id\":\"p1\",\"birthDate\":"
    "\"1950-02-03\"},"
    "\"nothing\":null,"
    "\"empty\":{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":0}"
    ","
    "\"failed\":{\"resourceType\":\"OperationOutcome\",\"issue\":[]},"
    "\"refused\":{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":"
    "[{\"resource\":{\"resourceType\":\"OperationOutcome\"}}]},"
    "\"odd\":[],"
    "\"labs\":{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"link\":"
    "[{\"relation\":\"self\",\"url\":\"a\"},{\"relation\":\"next\",\"url\":"
    "\"b\"}],\"entry\":[{\"fullUrl\":\"https://ehr/fhir/Observation/o1\","
    "\"resource\":{\"resourceType\":\"Observation\",\"id\":\"o1\",\"status\":"
    "\"final\",\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
    "\"2160-0\"}]},\"subject\":{\"reference\":\"Patient/p1\"},"
    "\"effectiveDateTime\":\"2024-03-05\",\"valueQuantity\":{\"value\":2.10,"
    "\"unit\":\"mg/dL\"}}}]}}}";

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 16 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

START_TEST(reads_who_asks_about_whom)
{
    struct fhir_cds_request r;

    ck_assert_int_eq(fhir_cds_read(&arena, an_str_c(call), &r, NULL), AN_OK);
    ck_assert_an_str_eq(r.hook, "patient-view");
    ck_assert_an_str_eq(r.hook_instance, "h-1");
    ck_assert_an_str_eq(r.fhir_server, "https://ehr/fhir");
    ck_assert_an_str_eq(r.patient_id, "p1");
    ck_assert_an_str_eq(r.user_id, "Practitioner/u");
    ck_assert_an_str_eq(r.encounter_id, "e1");
}
END_TEST

static const struct {
    const char *key;
    enum fhir_cds_state state;
    bool more;
} states[] = {
    {"patient", FHIR_CDS_FOUND, false}, {"missing", FHIR_CDS_ABSENT, false},
    {"nothing", FHIR_CDS_NULL, false},  {"empty", FHIR_CDS_EMPTY, false},
    {"failed", FHIR_CDS_FAILED, false}, {"refused", FHIR_CDS_FAILED, false},
    {"odd", FHIR_CDS_FAILED, false},    {"labs", FHIR_CDS_FOUND, true},
};

START_TEST(tells_the_states_of_a_prefetch_apart)
{
    struct fhir_cds_request r;
    struct fhir_cds_prefetch p;

    ck_assert_int_eq(fhir_cds_read(&arena, an_str_c(call), &r, NULL), AN_OK);
    p = fhir_cds_prefetched(&r, an_str_c(states[_i].key));
    ck_assert_int_eq(p.state, states[_i].state);
    ck_assert_int_eq(p.more, states[_i].more);
    ck_assert_int_eq(p.value == NULL, states[_i].state == FHIR_CDS_ABSENT);
}
END_TEST

START_TEST(gives_what_was_found_to_the_reader)
{
    static const struct fhir_settings settings;
    struct fhir_cds_request r;
    struct ctx_reading reading;
    enum an_code code = AN_NOMEM;
    struct an_str json = {NULL, 0};
    long n = 0;

    for (; code == AN_NOMEM && n < 100; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        code = fhir_cds_read(&arena, an_str_c(call), &r, NULL);
        if (code == AN_OK)
            code = fhir_cds_bundle(&arena, &r, &json, NULL);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(n, 3);
    ck_assert_int_eq(fhir_read(&arena, &settings, json, &reading, NULL), AN_OK);
    ck_assert_uint_eq(reading.n_parts, 1);
    ck_assert_uint_eq(reading.part[0].n_events, 2);
    ck_assert_an_str_eq(reading.part[0].event[1].value.literal, "2.10");
}
END_TEST

START_TEST(makes_no_bundle_of_nothing)
{
    struct fhir_cds_request r;
    struct an_str json = {NULL, 0};

    ck_assert_int_eq(
        fhir_cds_read(
            &arena,
            AN_STR("{\"hook\":\"h\",\"hookInstance\":\"i\",\"context\""
                   ":{\"patientId\":\"p\"},\"prefetch\":null}"),
            &r, NULL),
        AN_OK);
    ck_assert_int_eq(fhir_cds_prefetched(&r, AN_STR("patient")).state,
                     FHIR_CDS_ABSENT);
    ck_assert_int_eq(fhir_cds_bundle(&arena, &r, &json, NULL), AN_OK);
    ck_assert_uint_eq(json.n, 0);
}
END_TEST

/* An entry that asks for a change, or has nothing, says nothing of the past. */
START_TEST(takes_resources_and_no_requests)
{
    struct fhir_cds_request r;
    struct an_str json = {NULL, 0};

    ck_assert_int_eq(
        fhir_cds_read(
            &arena,
            AN_STR("{\"hook\":\"h\",\"hookInstance\":\"i\",\"context\":{"
                   "\"patientId\":\"p\"},\"prefetch\":{\"a\":{"
                   "\"resourceType\":\"Bundle\",\"entry\":[{\"fullUrl\":"
                   "\"u\",\"resource\":{\"resourceType\":\"X\"},"
                   "\"request\":{\"method\":\"DELETE\"}},{\"fullUrl\":"
                   "\"https://e/Observation/o\",\"request\":{\"method\":"
                   "\"DELETE\"}}]}}}"),
            &r, NULL),
        AN_OK);
    ck_assert_int_eq(fhir_cds_bundle(&arena, &r, &json, NULL), AN_OK);
    ck_assert_an_str_eq(json, "{\"resourceType\":\"Bundle\",\"type\":"
                              "\"collection\",\"entry\":[{\"fullUrl\":\"u\","
                              "\"resource\":{\"resourceType\":\"X\"}}]}");
    ck_assert_int_eq(
        fhir_cds_read(
            &arena,
            AN_STR("{\"hook\":\"h\",\"hookInstance\":\"i\",\"context\":{"
                   "\"patientId\":\"p\"},\"prefetch\":{\"a\":{"
                   "\"resourceType\":\"Bundle\",\"entry\":[null,{}]}}}"),
            &r, NULL),
        AN_OK);
    ck_assert_int_eq(fhir_cds_bundle(&arena, &r, &json, NULL), AN_OK);
    ck_assert_uint_eq(json.n, 0);
}
END_TEST

static const struct {
    const char *json;
    enum an_code code;
    const char *path;
} refused[] = {
    {"{\"hook\":", AN_SYNTAX, "hook"},
    {"[]", AN_TYPE, ""},
    {"{}", AN_MISSING, "hook"},
    {"{\"hook\":1}", AN_TYPE, "hook"},
    {"{\"hook\":\"\"}", AN_TYPE, "hook"},
    {"{\"hook\":\"h\"}", AN_MISSING, "hookInstance"},
    {"{\"hook\":\"h\",\"hookInstance\":\"i\"}", AN_MISSING, "context"},
    {"{\"hook\":\"h\",\"hookInstance\":\"i\",\"context\":7}", AN_TYPE,
     "context"},
    {"{\"hook\":\"h\",\"hookInstance\":\"i\",\"context\":{}}", AN_MISSING,
     "context.patientId"},
    {"{\"hook\":\"h\",\"hookInstance\":\"i\",\"context\":{\"patientId\":\"p\","
     "\"encounterId\":{}}}",
     AN_TYPE, "context.encounterId"},
    {"{\"hook\":\"h\",\"hookInstance\":\"i\",\"context\":{\"patientId\":\"p\"}"
     ",\"prefetch\":[]}",
     AN_TYPE, "prefetch"},
};

START_TEST(says_what_is_wrong_with_a_call_and_where)
{
    struct fhir_cds_request r;
    struct an_err err;

    ck_assert_int_eq(
        fhir_cds_read(&arena, an_str_c(refused[_i].json), &r, &err),
        refused[_i].code);
    ck_assert_str_eq(err.where.path, refused[_i].path);
    ck_assert_uint_eq(r.hook.n, 0);
}
END_TEST

START_TEST(describes_its_services)
{
    static const char want[] =
        "{\"services\":[{\"hook\":\"patient-view\",\"title\":\"T\","
        "\"description\":\"D\",\"id\":\"a\",\"prefetch\":{\"patient\":"
        "\"Patient/{{context.patientId}}\"},\"usageRequirements\":\"U\"},"
        "{\"hook\":\"order-sign\",\"description\":\"D\",\"id\":\"b\"}]}";
    static const struct fhir_cds_service service[] = {
        {.id = AN_STR_INIT("a"),
         .hook = AN_STR_INIT("patient-view"),
         .title = AN_STR_INIT("T"),
         .description = AN_STR_INIT("D"),
         .usage_requirements = AN_STR_INIT("U"),
         .prefetch = fhir_cds_history,
         .n_prefetch = 1},
        {.id = AN_STR_INIT("b"),
         .hook = AN_STR_INIT("order-sign"),
         .description = AN_STR_INIT("D")},
    };
    struct an_str json = {NULL, 0};

    ck_assert_int_eq(fhir_cds_discovery(&arena, service, 2, &json, NULL),
                     AN_OK);
    ck_assert_an_str_eq(json, want);
    ck_assert_int_eq(fhir_cds_discovery(&arena, NULL, 0, &json, NULL), AN_OK);
    ck_assert_an_str_eq(json, "{\"services\":[]}");
}
END_TEST

START_TEST(refuses_to_describe_half_a_service)
{
    static const struct fhir_cds_service service = {.id = AN_STR_INIT("a")};
    struct an_str json = {NULL, 0};
    struct an_err err;

    ck_assert_int_eq(fhir_cds_discovery(&arena, &service, 1, &json, &err),
                     AN_MISSING);
}
END_TEST

#define LOOP(tc, test, table)                                                  \
    tcase_add_loop_test(tc, test, 0, sizeof(table) / sizeof((table)[0]))

Suite *fhir_cds_suite(void)
{
    const TTest *const test[] = {
        reads_who_asks_about_whom,  gives_what_was_found_to_the_reader,
        makes_no_bundle_of_nothing, takes_resources_and_no_requests,
        describes_its_services,     refuses_to_describe_half_a_service};
    Suite *s = suite_create("fhir/cds");
    TCase *tc = tcase_create("fhir/cds");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    for (size_t i = 0; i < sizeof(test) / sizeof(test[0]); i++)
        tcase_add_test(tc, test[i]);
    LOOP(tc, tells_the_states_of_a_prefetch_apart, states);
    LOOP(tc, says_what_is_wrong_with_a_call_and_where, refused);
    suite_add_tcase(s, tc);
    return s;
}
