/* SPDX-License-Identifier: Apache-2.0 */
/* Which model may speak, and how far: what a configuration comes to. */
#include "tests/consult_ward.h"
#include "tests/site_model.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

Suite *consult_policy_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 16 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static enum an_code make(const char *more, struct pl_mind **mind,
                         struct pl_policy *policy, struct an_err *err)
{
    const char *top = getenv("top_srcdir");
    struct cfg_problems problems;
    struct cfg_options o;
    char text[4096];
    enum an_code rc;

    top = top ? top : ".";
    (void)snprintf(text, sizeof(text),
                   "store: {path: x.db}\noutcomes: %s/config/outcomes\nmodel: "
                   "{path: %s/config/model/default, keys: "
                   "%s/config/model/keys}\n%s",
                   top, top, top, more);
    rc = cfg_options_read(&arena, an_str_c(text), "a.yaml", &o, &problems, err);
    ck_assert_msg(rc == AN_OK, "configuration: %s", err->what);
    return pl_policy_make(&o, "a.yaml", mind, policy, err);
}

static const struct {
    const char *more, *error; /* NULL: it may be */
    enum cfg_stage stage;
    bool thinks;
} policies[] = {
    {"environment: production\nstage: off\n", NULL, CFG_STAGE_OFF, false},
    {"environment: production\n", NULL, CFG_SHADOW, true},
    {"environment: production\nstage: trial\n", "a.yaml:5:1", CFG_TRIAL, false},
    {"environment: production\nstage: live\n", "a.yaml:5:1", CFG_LIVE, false},
    {"environment: test\nstage: live\n", "a.yaml:5:1", CFG_LIVE, false},
    {"environment: demo\nstage: live\n", NULL, CFG_LIVE, true},
    {"environment: demo\nstage: live\noutbox: {url: \"http://h/fhir\", "
     "test_target: true}\n",
     NULL, CFG_LIVE, true},
};

START_TEST(a_stage_that_the_model_may_not_have_is_refused_with_its_line)
{
    struct pl_policy policy;
    struct pl_mind *mind;
    struct an_err err;
    char text[512];
    enum an_code rc = make(policies[_i].more, &mind, &policy, &err);

    if (policies[_i].error) {
        ck_assert_int_eq(rc, AN_CONFIG);
        ck_assert_ptr_null(mind);
        an_err_print(&err, text, sizeof(text));
        ck_assert_msg(
            an_str_starts(an_str_c(text), an_str_c(policies[_i].error)), "%s",
            text);
        return;
    }
    ck_assert_msg(rc == AN_OK, "%s", err.what);
    ck_assert_int_eq(policy.stage, policies[_i].stage);
    ck_assert((mind != NULL) == policies[_i].thinks);
    ck_assert(!policy.evaluated);
    pl_mind_close(mind);
}
END_TEST

START_TEST(the_demonstrator_is_known_and_no_site_has_evaluated_it)
{
    struct pl_policy policy;
    struct pl_mind *mind;
    struct an_err err;

    ck_assert_int_eq(make("environment: demo\n", &mind, &policy, &err), AN_OK);
    ck_assert(policy.demonstrator);
    ck_assert(pl_mind_model(mind).demonstrator);
    ck_assert_uint_gt(pl_mind_n_outcomes(mind), 0);
    ck_assert(!pl_mind_evaluated(mind, AN_STR("main")));
    ck_assert(!pl_mind_evaluated(mind, AN_STR("")));
    pl_mind_close(mind);
}
END_TEST

static const struct {
    const char *site, *tenant;
    bool evaluated;
} evaluations[] = {
    {"", "main", false},
    {"{\"name\":\"main\",\"passed\":true}", "main", true},
    {"{\"name\":\"main\",\"passed\":true}", "north", false},
    {"{\"name\":\"main\",\"passed\":false}", "main", false},
    {"{\"name\":\"main\",\"passed\":\"true\"}", "main", false},
    {"{\"name\":\"main\",\"passed\":1}", "main", false},
    {"{\"name\":\"main\"}", "main", false},
    {"{\"name\":\"\",\"passed\":true}", "main", false},
    {"{\"name\":[\"main\"],\"passed\":true}", "main", false},
    {"\"main\"", "main", false},
};

START_TEST(a_model_is_live_where_its_signed_evaluation_was_passed)
{
    const char *top = getenv("top_srcdir");
    char from[1024], model[TEST_PATH_BYTES], keys[TEST_PATH_BYTES], more[2048];
    struct cfg_problems problems;
    struct test_folder folder;
    struct pl_policy policy;
    struct cfg_options o;
    struct pl_mind *mind;
    struct an_err err;
    enum an_code rc;

    test_folder_make(&folder);
    test_folder_file(&folder, "keys", keys);
    (void)snprintf(model, sizeof(model), "%.500s.model", folder.path);
    (void)snprintf(from, sizeof(from), "%s/config/model/default",
                   top ? top : ".");
    ck_assert_int_eq(mkdir(model, 0700), 0);
    rc = site_model_make(from, model, keys, evaluations[_i].site, &err);
    ck_assert_msg(rc == AN_OK, "%s", err.what);
    (void)snprintf(more, sizeof(more),
                   "environment: production\nstage: live\ntenant: %s\n"
                   "outcomes: %s/config/outcomes\nmodel: {path: %s, keys: %s}\n"
                   "store: {path: x.db}\n",
                   evaluations[_i].tenant, top ? top : ".", model, keys);
    ck_assert_int_eq(
        cfg_options_read(&arena, an_str_c(more), "a.yaml", &o, &problems, &err),
        AN_OK);
    rc = pl_policy_make(&o, "a.yaml", &mind, &policy, &err);
    ck_assert_int_eq(rc, evaluations[_i].evaluated ? AN_OK : AN_CONFIG);
    if (rc == AN_OK) {
        ck_assert(policy.evaluated && !policy.demonstrator);
        ck_assert(!pl_must_mark(&policy));
    }
    pl_mind_close(mind);
    test_folder_drop(&folder);
    (void)snprintf(folder.path, sizeof(folder.path), "%s", model);
    test_folder_drop(&folder);
}
END_TEST

START_TEST(a_model_that_is_not_there_is_an_error_unless_the_stage_is_off)
{
    static const char nowhere[] = "model: {path: nowhere, keys: nowhere}\n";
    struct cfg_problems problems;
    struct pl_policy policy;
    struct cfg_options o;
    struct pl_mind *mind;
    struct an_err err;
    char text[256];

    for (int off = 0; off < 2; off++) {
        (void)snprintf(text, sizeof(text), "%s%s", nowhere,
                       off ? "stage: off\n" : "stage: shadow\n");
        ck_assert_int_eq(cfg_options_read(&arena, an_str_c(text), "a.yaml", &o,
                                          &problems, &err),
                         AN_OK);
        ck_assert((pl_policy_make(&o, "a.yaml", &mind, &policy, &err) ==
                   AN_OK) == (off == 1));
        ck_assert_ptr_null(mind);
    }
}
END_TEST

Suite *consult_policy_suite(void)
{
    Suite *suite = suite_create("consult/policy");
    TCase *cases = tcase_create("policy");

    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(
        cases, a_stage_that_the_model_may_not_have_is_refused_with_its_line, 0,
        sizeof(policies) / sizeof(policies[0]));
    tcase_add_test(cases,
                   the_demonstrator_is_known_and_no_site_has_evaluated_it);
    tcase_add_loop_test(cases,
                        a_model_is_live_where_its_signed_evaluation_was_passed,
                        0, sizeof(evaluations) / sizeof(evaluations[0]));
    tcase_add_test(
        cases, a_model_that_is_not_there_is_an_error_unless_the_stage_is_off);
    suite_add_tcase(suite, cases);
    return suite;
}
