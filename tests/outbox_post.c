/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/outbox/post.h"
#include "tests/folder.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *outbox_post_suite(void);

static const struct {
    int curl;
    long status;
    const char *type;
    enum pl_fate fate;
    int error;
} cases[] = {
    {0, 200, "application/fhir+json", PL_FATE_TAKEN, 200},
    {0, 200, "application/fhir+json;charset=UTF-8", PL_FATE_TAKEN, 200},
    {0, 201, "application/json", PL_FATE_TAKEN, 201},
    {0, 204, NULL, PL_FATE_TAKEN, 204},
    {0, 200, "", PL_FATE_TAKEN, 200},
    {0, 200, "text/html", PL_FATE_LATER, PL_POST_FOREIGN},
    {0, 301, NULL, PL_FATE_LATER, 301},
    {0, 400, "application/fhir+json", PL_FATE_REFUSED, 400},
    {0, 401, NULL, PL_FATE_LATER, 401},
    {0, 404, "text/html", PL_FATE_LATER, 404},
    {0, 408, NULL, PL_FATE_LATER, 408},
    {0, 409, "application/fhir+json", PL_FATE_LATER, 409},
    {0, 412, NULL, PL_FATE_REFUSED, 412},
    {0, 422, NULL, PL_FATE_REFUSED, 422},
    {0, 429, NULL, PL_FATE_LATER, 429},
    {0, 500, NULL, PL_FATE_LATER, 500},
    {0, 503, NULL, PL_FATE_LATER, 503},
    {7, 0, NULL, PL_FATE_LATER, 7},
    {28, 0, NULL, PL_FATE_LATER, 28},
    /* The connection broke within the answer. */
    {18, 200, "application/fhir+json", PL_FATE_LATER, 18},
    {0, 0, NULL, PL_FATE_LATER, 0},
};

START_TEST(each_answer_means_one_thing)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pl_post_result r =
            pl_post_judge(cases[i].curl, cases[i].status, cases[i].type);

        ck_assert_msg(r.fate == cases[i].fate && r.error == cases[i].error,
                      "case %zu", i);
    }
}
END_TEST

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    (void)fputs(text, f);
    (void)fclose(f);
}

START_TEST(a_token_that_is_none_is_refused_at_once)
{
    struct pl_post_options options = {.url = "http://127.0.0.1:1/",
                                      .timeout_ms = 100};
    char path[TEST_PATH_BYTES];
    struct test_folder folder;
    struct pl_post *p;

    test_folder_make(&folder);
    test_folder_file(&folder, "token", path);
    options.token_file = path;
    ck_assert_int_eq(pl_post_open(&options, &p, NULL), AN_NOTFOUND);
    write_file(path, "\n");
    ck_assert_int_eq(pl_post_open(&options, &p, NULL), AN_CONFIG);
    write_file(path, "a\r\nX-Other: b");
    ck_assert_int_eq(pl_post_open(&options, &p, NULL), AN_CONFIG);
    write_file(path, "abc.DEF-123\n");
    ck_assert_int_eq(pl_post_open(&options, &p, NULL), AN_OK);
    pl_post_close(p);
    test_folder_drop(&folder);
}
END_TEST

Suite *outbox_post_suite(void)
{
    const TTest *const test[] = {each_answer_means_one_thing,
                                 a_token_that_is_none_is_refused_at_once};

    return TEST_SUITE("outbox/post", test);
}
