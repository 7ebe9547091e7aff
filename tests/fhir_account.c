/* SPDX-License-Identifier: Apache-2.0 */
/* What became of each element: tests name all that are not empty. */
#include "base/buf.h"
#include "fhir/read.h"
#include "tests/account.h"
#include "tests/suite.h"

Suite *fhir_account_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 32 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

/* "Observation id:m code:?", with account_letter. */
static struct an_str said_of(const struct ctx_segment *s)
{
    struct an_str text;
    struct an_buf b;

    an_buf_init(&b, &arena, 1 << 16);
    an_buf_put(&b, s->name);
    for (size_t i = 0; i < s->n_fields; i++) {
        an_buf_put_char(&b, ' ');
        an_buf_put(&b, s->element[i]);
        an_buf_put_char(&b, ':');
        an_buf_put_char(&b, account_letter(s->state[i]));
    }
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text;
}

#define LOINC                                                                  \
    "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\","                  \
    "\"code\":\"2160-0\"}]}"
#define LOCAL "\"code\":{\"coding\":[{\"system\":\"urn:id:L\",\"code\":\"X\"}]}"
#define WHO "\"subject\":{\"reference\":\"Patient/1\"}"

START_TEST(says_of_each_element_what_became_of_it)
{
    static const struct {
        const char *text, *want;
    } c[] = {
        {"{\"resourceType\":\"Observation\",\"id\":\"1\",\"status\":"
         "\"final\"," LOINC "," WHO
         ",\"effectiveDateTime\":\"2025-01-02\",\"issued\":"
         "\"2025-01-02T03:04:05Z\",\"valueQuantity\":{\"value\":1},\"note\":"
         "[{\"text\":\"n\"}],\"method\":{}}",
         "Observation id:m status:m code:m subject:m effectiveDateTime:m "
         "issued:m valueQuantity:m note:."},
        {"{\"resourceType\":\"Observation\",\"id\":\"1\",\"status\":"
         "\"odd\"," LOCAL "," WHO ",\"effectiveDateTime\":\"in spring\","
         "\"valueString\":\"words\",\"Jane Doe\":1}",
         "Observation id:m status:? code:? subject:m effectiveDateTime:? "
         "valueString:t ?:."},
        {"{\"resourceType\":\"Observation\",\"id\":\"1\",\"status\":\"final\","
         "\"code\":{\"text\":\"words\"}," WHO
         ",\"valueCodeableConcept\":{\"coding\":[{\"system\":\"urn:id:L\","
         "\"code\":\"Y\"}]}}",
         "Observation id:m status:m code:t subject:m valueCodeableConcept:t"},
        {"{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{}"
         "," WHO "}",
         "Observation status:. subject:."},
        {"{\"resourceType\":\"Observation\",\"id\":\"1\"," LOINC "}",
         "Observation id:. code:."},
        {"{\"resourceType\":\"Observation\",\"id\":\"1\",\"status\":"
         "\"final\"," LOINC "," WHO ",\"component\":[{" LOINC
         ",\"valueQuantity\":"
         "{\"value\":1}},{" LOCAL ",\"valueQuantity\":{\"value\":2}}]}",
         "Observation id:m status:m code:m subject:m component:?"},
        {"{\"resourceType\":\"Patient\",\"id\":\"1\",\"gender\":\"female\","
         "\"birthDate\":\"1950-06\",\"name\":[{\"family\":\"Doe\"}]}",
         "Patient id:m gender:m birthDate:m name:."},
        {"{\"resourceType\":\"Patient\",\"id\":\"1\",\"gender\":\"woman\","
         "\"birthDate\":\"spring\"}",
         "Patient id:m gender:? birthDate:?"},
        {"{\"resourceType\":\"Encounter\",\"id\":\"1\",\"status\":\"finished\","
         "\"class\":{\"system\":\"http://terminology.hl7.org/CodeSystem/"
         "v3-ActCode\",\"code\":\"IMP\"}," WHO
         ",\"period\":{\"start\":\"2025-01-02\",\"end\":\"soon\"},"
         "\"type\":[{\"text\":\"t\"}]}",
         "Encounter id:m status:m class:m subject:m period:? type:t"},
        {"{\"resourceType\":\"Claim\",\"id\":\"1\",\"status\":\"active\"}",
         "Claim id:. status:."},
        {"{\"resourceType\":\"ServiceRequest\",\"id\":\"1\",\"status\":"
         "\"active\",\"intent\":\"order\",\"doNotPerform\":true," LOINC "," WHO
         "}",
         "ServiceRequest id:. status:. intent:. doNotPerform:. code:. "
         "subject:."},
    };
    static const struct fhir_settings settings;

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        struct ctx_reading r;

        ck_assert_int_eq(
            fhir_read(&arena, &settings, an_str_c(c[i].text), &r, NULL), AN_OK);
        ck_assert_uint_eq(r.n_segments, 1);
        ck_assert_an_str_eq(said_of(&r.segment[0]), c[i].want);
    }
}
END_TEST

START_TEST(a_site_s_row_makes_a_code_understood)
{
    static const char text[] =
        "{\"resourceType\":\"Observation\",\"id\":\"1\"," LOCAL "," WHO "}";
    static const struct ctx_code_row row = {
        {AN_STR_INIT("urn:id:L"), AN_STR_INIT("X"), AN_STR_INIT("")},
        {AN_STR_INIT("http://loinc.org"), AN_STR_INIT("2160-0"),
         AN_STR_INIT("")},
        0};
    const struct ctx_site site = {.code = &row, .n_codes = 1};
    const struct fhir_settings with = {.site = &site}, without = {.site = NULL};
    struct ctx_reading r;

    ck_assert_int_eq(fhir_read(&arena, &without, an_str_c(text), &r, NULL),
                     AN_OK);
    ck_assert_int_eq(r.segment[0].state[1], CTX_FIELD_ODD);
    ck_assert_int_eq(fhir_read(&arena, &with, an_str_c(text), &r, NULL), AN_OK);
    ck_assert_int_eq(r.segment[0].state[1], CTX_FIELD_MAPPED);
}
END_TEST

START_TEST(counts_over_a_bundle)
{
    static const char text[] =
        "{\"resourceType\":\"Bundle\",\"entry\":["
        "{\"resource\":{\"resourceType\":\"Observation\",\"id\":\"1\"," LOINC
        "," WHO ",\"valueString\":\"a\"}},"
        "{\"resource\":{\"resourceType\":\"Observation\",\"valueString\":\"b\","
        "\"id\":\"2\"," LOCAL "," WHO "}},"
        "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\"}}]}";
    static const struct fhir_settings settings;
    const struct ctx_account *a;
    struct ctx_reading r;

    ck_assert_int_eq(fhir_read(&arena, &settings, an_str_c(text), &r, NULL),
                     AN_OK);
    ck_assert_uint_eq(r.n_segments, 3);
    ck_assert_an_str_eq(r.segment[1].place, "/entry/1/resource");
    ck_assert_uint_eq(r.segment[1].seq, 2);
    ck_assert_uint_eq(r.n_accounts, 2);
    a = &r.account[0];
    ck_assert_uint_eq(a->n_seen, 2);
    ck_assert_uint_eq(a->n_fields, 4);
    ck_assert_an_str_eq(a->field[1].name, "code");
    ck_assert_uint_eq(a->field[1].n[CTX_FIELD_MAPPED], 1);
    ck_assert_uint_eq(a->field[1].n[CTX_FIELD_ODD], 1);
    ck_assert_an_str_eq(a->field[3].name, "valueString");
    ck_assert_uint_eq(a->field[3].n[CTX_FIELD_TEXT], 2);
}
END_TEST

Suite *fhir_account_suite(void)
{
    const TTest *const test[] = {
        says_of_each_element_what_became_of_it,
        a_site_s_row_makes_a_code_understood,
        counts_over_a_bundle,
    };

    return test_suite_around("fhir/account", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}
