/* SPDX-License-Identifier: Apache-2.0 */
/* What a forecast says of its own limits: of whom it is none. */
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

Suite *runtime_limits_suite(void)
{
    const TTest *const test[] = {abstains_of_whom_nobody_in_training_was_like};

    return TEST_SUITE("runtime/limits", test);
}
