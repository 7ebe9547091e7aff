/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/refusal.h"

#include "base/json.h"
#include "tests/suite.h"

Suite *jose_refusal_suite(void);

static const struct {
    unsigned status;
    const char *code;
    bool bare;
} refusals[] = {{400, "structure", false},     {401, "login", true},
                {403, "security", false},      {404, "not-found", false},
                {405, "not-supported", false}, {413, "too-costly", false},
                {429, "throttled", false},     {500, "exception", false},
                {503, "throttled", false}};

START_TEST(says_each_status_in_the_words_of_fhir)
{
    struct an_arena arena;

    an_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct pl_http_request q = {.arena = &arena};
        struct pl_http_response r = {.status = refusals[i].status};
        const struct an_json *root, *issue;
        struct an_err err;

        pl_refusal(&q, &r);
        ck_assert_str_eq(r.content_type,
                         "application/fhir+json; charset=utf-8");
        ck_assert_int_eq(an_json_read(&arena, &(struct an_json_limits){0},
                                      r.body, &root, &err),
                         AN_OK);
        ck_assert_an_str_eq(
            an_json_text(an_json_get(root, AN_STR("resourceType"))),
            "OperationOutcome");
        issue = an_json_first(an_json_get(root, AN_STR("issue")));
        ck_assert_an_str_eq(an_json_text(an_json_get(issue, AN_STR("code"))),
                            refusals[i].code);
        ck_assert_msg((an_json_get(issue, AN_STR("diagnostics")) == NULL) ==
                          refusals[i].bare,
                      "%u", refusals[i].status);
    }
    an_arena_free(&arena);
}
END_TEST

START_TEST(says_nothing_without_memory)
{
    struct an_arena arena;
    struct pl_http_request q = {.arena = &arena};
    struct pl_http_response r = {.status = 404};

    an_arena_init(&arena, 16);
    pl_refusal(&q, &r);
    ck_assert_ptr_null(r.content_type);
    an_arena_free(&arena);
}
END_TEST

Suite *jose_refusal_suite(void)
{
    const TTest *const test[] = {says_each_status_in_the_words_of_fhir,
                                 says_nothing_without_memory};

    return TEST_SUITE("jose/refusal", test);
}
