/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/outcome.h"

#include "base/json.h"
#include "fhir/read.h"
#include "tests/suite.h"

Suite *fhir_outcome_suite(void);

START_TEST(says_what_went_wrong_and_where)
{
    static const struct fhir_settings settings;
    static const char want[] =
        "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":"
        "\"error\",\"code\":\"structure\",\"diagnostics\":\"a name stands "
        "twice in one object\",\"expression\":[\"entry[1].resource.id\"]}]}";
    struct ctx_reading reading;
    struct an_arena a;
    struct an_err err;
    struct an_str json;

    an_arena_init(&a, 1 << 20);
    ck_assert_int_eq(
        fhir_read(&a, &settings,
                  AN_STR("{\"resourceType\":\"Bundle\",\"entry\":[{},"
                         "{\"resource\":{\"id\":\"1\",\"id\":\"2\"}}]}"),
                  &reading, &err),
        AN_SYNTAX);
    ck_assert_int_eq(fhir_outcome(&a, &err, NULL, 0, &json, NULL), AN_OK);
    ck_assert_an_str_eq(json, want);
    an_arena_free(&a);
}
END_TEST

START_TEST(lists_warnings_after_the_error)
{
    struct an_err list[2];
    struct an_arena a;
    struct an_str json;

    an_arena_init(&a, 1 << 20);
    (void)an_fail(&list[0], AN_LIMIT, NULL, 17);
    (void)an_fail(&list[1], AN_CODE, "a gender that is none", 0);
    memcpy(list[1].where.path, "Patient", sizeof("Patient"));
    ck_assert_int_eq(fhir_outcome(&a, &list[0], list, 2, &json, NULL), AN_OK);
    ck_assert_an_str_eq(
        json,
        "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":"
        "\"error\",\"code\":\"too-costly\",\"diagnostics\":\"byte 17: a "
        "configured limit was reached\"},{\"severity\":\"warning\",\"code\":"
        "\"too-costly\",\"diagnostics\":\"byte 17: a configured limit was "
        "reached\"},{\"severity\":\"warning\",\"code\":\"code-invalid\","
        "\"diagnostics\":\"a gender that is none\",\"expression\":"
        "[\"Patient\"]}]}");
    an_arena_free(&a);
}
END_TEST

START_TEST(says_all_is_well_when_it_is)
{
    struct an_arena a;
    struct an_str json = {NULL, 0};
    long n = 0;
    enum an_code code = AN_NOMEM;

    an_arena_init(&a, 1 << 20);
    for (; code == AN_NOMEM && n < 100; n++) {
        an_arena_reset(&a);
        a.fail_after = n;
        code = fhir_outcome(&a, NULL, NULL, 0, &json, NULL);
    }
    ck_assert_int_eq(code, AN_OK);
    ck_assert_an_str_eq(
        json, "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":"
              "\"information\",\"code\":\"informational\",\"diagnostics\":"
              "\"all is well\"}]}");
    an_arena_free(&a);
}
END_TEST

Suite *fhir_outcome_suite(void)
{
    const TTest *const test[] = {says_what_went_wrong_and_where,
                                 lists_warnings_after_the_error,
                                 says_all_is_well_when_it_is};

    return TEST_SUITE("fhir/outcome", test);
}
