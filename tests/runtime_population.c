/* SPDX-License-Identifier: Apache-2.0 */
/* How far somebody is from whom a model was trained on. */
#include "runtime/abstain.h"
#include "runtime/population.h"
#include "tests/model_random.h"
#include "tests/suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

Suite *runtime_population_suite(void);

enum { MOST = 20, PACKED = MOST * (MOST + 1) / 2 };

/* A covariance with its packed Cholesky factor: any with a diagonal above 0. */
struct drawn {
    double mean[MOST], factor[PACKED], s[MOST][MOST];
    struct rt_population of;
};

static void draw(struct drawn *d, size_t n, struct test_random *r)
{
    double l[MOST][MOST] = {{0}};
    size_t packed = 0;

    for (size_t i = 0; i < n; i++) {
        d->mean[i] = test_normal(r);
        for (size_t k = 0; k <= i; k++) {
            l[i][k] = k == i ? 0.05 + 2 * test_uniform(r) : test_normal(r) / 3;
            d->factor[packed++] = l[i][k];
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            d->s[i][k] = 0;
            for (size_t m = 0; m < n; m++)
                d->s[i][k] += l[i][m] * l[k][m];
        }
    d->of = (struct rt_population){n, d->mean, d->factor};
}

/* The twin: S y = x - mean by Gauss and Jordan with pivots, then x'y. */
static double naive(const struct drawn *d, const float *x)
{
    const size_t n = d->of.n;
    double a[MOST][MOST + 1], sum = 0;

    for (size_t i = 0; i < n; i++) {
        memcpy(a[i], d->s[i], n * sizeof(double));
        a[i][n] = (double)x[i] - d->mean[i];
    }
    for (size_t c = 0; c < n; c++) {
        size_t pivot = c;

        for (size_t i = c + 1; i < n; i++)
            if (fabs(a[i][c]) > fabs(a[pivot][c]))
                pivot = i;
        for (size_t k = 0; k <= n; k++) {
            const double kept = a[c][k];

            a[c][k] = a[pivot][k];
            a[pivot][k] = kept;
        }
        for (size_t i = 0; i < n; i++) {
            const double times = a[i][c] / a[c][c];

            for (size_t k = c; k <= n && i != c; k++)
                a[i][k] -= times * a[c][k];
        }
    }
    for (size_t i = 0; i < n; i++)
        sum += ((double)x[i] - d->mean[i]) * a[i][n] / a[i][i];
    return sqrt(sum);
}

START_TEST(a_distance_equals_its_naive_twin)
{
    struct test_random r = {3};
    double scratch[MOST];
    float x[MOST];
    struct drawn d;

    for (int round = 0; round < 300; round++) {
        draw(&d, 1 + (size_t)test_below(&r, 12), &r);
        for (size_t i = 0; i < d.of.n; i++)
            x[i] = (float)(3 * test_normal(&r));
        ck_assert_double_eq_tol(rt_distance(&d.of, x, scratch) / naive(&d, x),
                                1, 1e-7);
    }
}
END_TEST

START_TEST(the_mean_is_at_0_and_what_is_no_number_too_far)
{
    const struct rt_limits limits = {.max_distance = 3}, none = {0};
    struct test_random r = {4};
    double scratch[MOST];
    float x[MOST] = {0};
    struct drawn d;

    draw(&d, 5, &r);
    memset(d.mean, 0, sizeof(d.mean));
    ck_assert_double_eq(rt_distance(&d.of, x, scratch), 0);
    x[2] = NAN;
    ck_assert_int_eq(rt_abstain_far(&limits, rt_distance(&d.of, x, scratch)),
                     CTX_ABSTAIN_UNLIKE_TRAINING);
    ck_assert_int_eq(rt_abstain_far(&limits, (double)INFINITY),
                     CTX_ABSTAIN_UNLIKE_TRAINING);
    ck_assert_int_eq(rt_abstain_far(&limits, 3), CTX_ABSTAIN_NONE);
    ck_assert_int_eq(rt_abstain_far(&limits, 3.001),
                     CTX_ABSTAIN_UNLIKE_TRAINING);
    ck_assert_int_eq(rt_abstain_far(&none, (double)INFINITY), CTX_ABSTAIN_NONE);
    d.of.n = 0;
    ck_assert_double_eq(rt_distance(&d.of, x, scratch), 0);
}
END_TEST

START_TEST(what_is_written_is_read)
{
    struct test_random r = {5};
    const struct an_json *root;
    struct rt_population p;
    struct an_arena arena;
    struct an_json_out w;
    struct an_str text;
    struct drawn d;

    an_arena_init(&arena, 16 << 20);
    draw(&d, MOST, &r);
    an_out_init(&w, &arena, 1 << 20);
    an_out_object(&w);
    rt_population_write(&w, &d.of);
    an_out_end(&w);
    ck_assert_int_eq(an_out_done(&w, &text, NULL), AN_OK);
    ck_assert_int_eq(
        an_json_read(&arena, &(struct an_json_limits){0}, text, &root, NULL),
        AN_OK);
    root = an_json_get(root, AN_STR("population"));
    ck_assert_int_eq(rt_population_read(&arena, root, MOST, &p, NULL), AN_OK);
    ck_assert_uint_eq(p.n, MOST);
    for (size_t i = 0; i < MOST; i++)
        ck_assert_double_eq_tol(p.mean[i], d.mean[i], 1e-9);
    for (size_t i = 0; i < PACKED; i++)
        ck_assert_double_eq_tol(p.factor[i], d.factor[i], 1e-9);
    arena.fail_after = 0;
    ck_assert_int_eq(rt_population_read(&arena, root, MOST, &p, NULL),
                     AN_NOMEM);
    arena.fail_after = 1;
    ck_assert_int_eq(rt_population_read(&arena, root, MOST, &p, NULL),
                     AN_NOMEM);
    an_arena_free(&arena);
}
END_TEST

/* Of two features. */
static const struct {
    const char *text, *path;
} bad[] = {
    {"{\"mean\": [0], \"factor\": [1, 0, 1]}", "population.mean[1]"},
    {"{\"mean\": [0, 0, 0], \"factor\": [1, 0, 1]}", "population.mean[3]"},
    {"{\"factor\": [1, 0, 1]}", "population.mean[0]"},
    {"{\"mean\": [0, null], \"factor\": [1, 0, 1]}", "population.mean[1]"},
    {"{\"mean\": [0, \"NaN\"], \"factor\": [1, 0, 1]}", "population.mean[1]"},
    {"{\"mean\": [0, 1e999], \"factor\": [1, 0, 1]}", "population.mean[1]"},
    {"{\"mean\": [0, 0], \"factor\": [1, 0]}", "population.factor[2]"},
    {"{\"mean\": [0, 0], \"factor\": [1, 0, 0, 1]}", "population.factor[4]"},
    {"{\"mean\": [0, 0], \"factor\": [1, null, 1]}", "population.factor[1]"},
    {"{\"mean\": [0, 0], \"factor\": [0, 0, 1]}", "population.factor[0]"},
    {"{\"mean\": [0, 0], \"factor\": [1, 0, -1]}", "population.factor[2]"},
    {"[]", "population.mean[0]"},
};

START_TEST(a_population_that_is_none_is_refused_with_its_place)
{
    const struct an_json *root;
    struct rt_population p;
    struct an_arena arena;
    struct an_err err;

    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(an_json_read(&arena, &(struct an_json_limits){0},
                                  an_str_c(bad[_i].text), &root, NULL),
                     AN_OK);
    ck_assert_int_eq(rt_population_read(&arena, root, 2, &p, &err), AN_CONFIG);
    ck_assert_str_eq(err.where.path, bad[_i].path);
    an_arena_free(&arena);
}
END_TEST

Suite *runtime_population_suite(void)
{
    const TTest *const test[] = {
        a_distance_equals_its_naive_twin,
        the_mean_is_at_0_and_what_is_no_number_too_far,
        what_is_written_is_read,
    };
    Suite *s = TEST_SUITE("runtime/population", test);
    TCase *tc = tcase_create("bad");

    tcase_add_loop_test(tc, a_population_that_is_none_is_refused_with_its_place,
                        0, (int)(sizeof(bad) / sizeof(*bad)));
    suite_add_tcase(s, tc);
    return s;
}
