/* SPDX-License-Identifier: Apache-2.0 */
/* What a forecast says of its own limits: of whom it is none, and how many
 * candidates it takes. */
#include "tests/predict_scene.h"
#include "tests/suite.h"

Suite *runtime_limits_suite(void);

/* Around people of 50 years, give or take ten; the limit is four times that. */
START_TEST(abstains_of_whom_nobody_in_training_was_like)
{
    double mean[9] = {50}, factor[45] = {0};
    struct ctx_forecast f;
    struct scene s;

    open_scene(&s);
    ck_assert_uint_eq(s.p.n_features, 9);
    for (size_t i = 0; i < 9; i++)
        factor[i * (i + 3) / 2] = i ? 1 : 10;
    s.event[0].effective = an_time_us(-100 * 365 * DAY);
    /* A package that does not say whom it was trained on has no such limit. */
    ck_assert_int_eq(ask(&s, s.now_us).abstention, CTX_ABSTAIN_NONE);
    s.package.manifest.population = (struct rt_population){9, mean, factor};
    s.package.manifest.limits.max_distance = 4;
    f = ask(&s, s.now_us);
    ck_assert_int_eq(f.abstention, CTX_ABSTAIN_UNLIKE_TRAINING);
    ck_assert_int_eq(f.risk[0].abstention, CTX_ABSTAIN_UNLIKE_TRAINING);
    ck_assert_uint_eq(f.n_next, 0);
    s.event[0].effective = an_time_us(-50 * 365 * DAY);
    ck_assert_int_eq(ask(&s, s.now_us).abstention, CTX_ABSTAIN_NONE);
    close_scene(&s);
}
END_TEST

/* A share of 0 is every candidate's, one of 1 nobody's. */
START_TEST(says_how_many_candidates_are_needed)
{
    struct ctx_forecast f;
    struct scene s;

    open_scene(&s);
    f = ask(&s, s.now_us);
    ck_assert(f.n_next > 1 && f.n_next < RT_MAX_NEXT);
    ck_assert_uint_eq(f.n_next_needed, 0);
    s.p.next_coverage = 0.9;
    f = ask(&s, s.now_us);
    ck_assert_uint_eq(f.n_next_needed, f.n_next);
    ck_assert_double_eq(f.next_coverage, 0.9);
    s.p.next_threshold = 1;
    ck_assert_uint_eq(ask(&s, s.now_us).n_next_needed, 1);
    close_scene(&s);
}
END_TEST

static const struct {
    const char *next;
    enum an_code code;
    double coverage, threshold;
} needs[] = {
    {"{}", AN_OK, 0, 0},
    {"{\"coverage\": 0.9, \"threshold\": 0.25}", AN_OK, 0.9, 0.25},
    {"{\"coverage\": 0.9, \"threshold\": 0}", AN_OK, 0.9, 0},
    {"{\"coverage\": 0.9}", AN_CONFIG, 0, 0},
    {"{\"threshold\": 0.25}", AN_CONFIG, 0, 0},
    {"{\"coverage\": 1, \"threshold\": 0.25}", AN_CONFIG, 0, 0},
    {"{\"coverage\": 0, \"threshold\": 0.25}", AN_CONFIG, 0, 0},
    {"{\"coverage\": 0.9, \"threshold\": 1.5}", AN_CONFIG, 0, 0},
    {"{\"coverage\": 0.9, \"threshold\": -0.1}", AN_CONFIG, 0, 0},
    {"{\"coverage\": 0.9, \"threshold\": null}", AN_CONFIG, 0, 0},
};

/* `next` in the place of the scene's own. */
START_TEST(reads_coverage_and_threshold_or_refuses_them)
{
    const struct an_json *next, *vocabulary, *wide;
    struct rt_predictor p;
    struct an_json root[3];
    struct an_err err;
    struct scene s;

    open_scene(&s);
    ck_assert_int_eq(an_json_read(&s.arena, &(struct an_json_limits){0},
                                  an_str_c(needs[_i].next), &next, NULL),
                     AN_OK);
    vocabulary = an_json_get(s.package.manifest.root, AN_STR("vocabulary"));
    wide = an_json_get(s.package.manifest.root, AN_STR("wide"));
    ck_assert_ptr_nonnull(vocabulary);
    ck_assert_ptr_nonnull(wide);
    root[0] = *vocabulary;
    root[1] = *wide;
    root[2] = *next;
    root[0].next = &root[1];
    root[1].next = &root[2];
    root[2].next = NULL;
    root[2].key_p = "next";
    root[2].key_n = 4;
    s.package.manifest.root = &(const struct an_json){
        .as.first = root, .n = 3, .kind = AN_JSON_OBJECT};
    ck_assert_int_eq(rt_predictor_init(&p, &s.arena, &s.package, &err),
                     needs[_i].code);
    if (needs[_i].code == AN_OK) {
        ck_assert_double_eq(p.next_coverage, needs[_i].coverage);
        ck_assert_double_eq(p.next_threshold, needs[_i].threshold);
    } else {
        ck_assert_str_eq(err.where.path, "next");
    }
    close_scene(&s);
}
END_TEST

Suite *runtime_limits_suite(void)
{
    const TTest *const test[] = {abstains_of_whom_nobody_in_training_was_like,
                                 says_how_many_candidates_are_needed};
    Suite *s = TEST_SUITE("runtime/limits", test);
    TCase *tc = tcase_create("needs");

    tcase_add_loop_test(tc, reads_coverage_and_threshold_or_refuses_them, 0,
                        (int)(sizeof(needs) / sizeof(*needs)));
    suite_add_tcase(s, tc);
    return s;
}
