/* SPDX-License-Identifier: Apache-2.0 */
/* Measures of a model against numbers worked out by hand. */
#include "runtime/risk.h"
#include "tests/suite.h"
#include "trainer/dataset/catalogue.h"
#include "trainer/evaluate/predict.h"
#include "trainer/evaluate/stats.h"
#include "trainer/fit/regress.h"
#include "trainer/random.h"

#include <math.h>

Suite *trainer_stats_suite(void);

enum { N_TOY = 10 };

/* AUROC .82 by counting pairs: 20.5 of 25. */
static void toy(struct tr_point point[N_TOY])
{
    static const double p[N_TOY] = {.1, .1, .2, .2, .3, .35, .6, .7, .8, .9};
    static const uint8_t y[N_TOY] = {0, 0, 0, 1, 0, 1, 1, 0, 1, 1};

    for (uint32_t i = 0; i < N_TOY; i++)
        point[i] = (struct tr_point){p[i], 1, i, y[i]};
    tr_points_sort(point, N_TOY);
}

START_TEST(the_toy_set_has_its_known_measures)
{
    struct tr_point point[N_TOY];

    toy(point);
    ck_assert_double_eq_tol(tr_auroc(point, N_TOY), 0.82, 1e-12);
    ck_assert_double_eq_tol(tr_brier(point, N_TOY), 0.19125, 1e-12);
}
END_TEST

START_TEST(an_area_needs_both_answers_and_counts_ties_half)
{
    struct tr_point point[4] = {
        {.5, 1, 0, 0}, {.5, 1, 1, 1}, {.5, 1, 2, 0}, {.5, 1, 3, 1}};

    ck_assert_double_eq_tol(tr_auroc(point, 4), 0.5, 1e-12);
    point[1].y = point[3].y = 0;
    ck_assert(isnan(tr_auroc(point, 4)));
    ck_assert(isnan(tr_auroc(point, 0)));
}
END_TEST

START_TEST(an_interval_holds_the_estimate_and_two_equal_models_do_not_differ)
{
    struct tr_point a[N_TOY], b[N_TOY];
    double scratch[N_TOY + TR_RESAMPLES];
    struct tr_interval i;

    toy(a);
    toy(b);
    ck_assert_uint_eq(tr_interval_scratch(N_TOY), N_TOY + TR_RESAMPLES);
    i = tr_auroc_interval(a, N_TOY, NULL, 0, N_TOY, scratch, 1);
    ck_assert(i.low < 0.82 && i.high > 0.82 && i.low > 0.2 && i.high <= 1);
    i = tr_auroc_interval(a, N_TOY, b, N_TOY, N_TOY, scratch, 1);
    ck_assert_double_eq_tol(i.low, 0, 1e-12);
    ck_assert_double_eq_tol(i.high, 0, 1e-12);
    /* The weights are as before. */
    ck_assert_double_eq_tol(tr_auroc(a, N_TOY), 0.82, 1e-12);
}
END_TEST

START_TEST(a_line_finds_the_miscalibration_that_was_planted)
{
    enum { N = 20000 };
    static struct tr_point point[N];
    struct tr_line line;
    const uint64_t key = tr_key(1, 2);

    for (uint32_t i = 0; i < N; i++) {
        const double x = 2 * tr_draw_normal(key, i);
        const double p = 1 / (1 + exp(-x));
        const double q = 1 / (1 + exp(-(-0.7 + 0.5 * x)));

        point[i] =
            (struct tr_point){p, 1, i, tr_draw_uniform(key, N + i) < q ? 1 : 0};
    }
    ck_assert(tr_line_fit(point, N, false, true, &line));
    ck_assert_double_eq_tol(line.intercept, -0.7, 0.06);
    ck_assert_double_eq_tol(line.slope, 0.5, 0.04);
    ck_assert(tr_line_fit(point, N, true, false, &line));
    ck_assert_double_eq_tol(line.slope, 1, 1e-12);
}
END_TEST

START_TEST(a_line_through_classes_that_part_stays_finite_with_platts_targets)
{
    struct tr_point point[6];
    struct tr_line line;

    for (uint32_t i = 0; i < 6; i++)
        point[i] = (struct tr_point){.2 + .1 * i, 1, i, i > 2};
    ck_assert(tr_line_fit(point, 6, true, true, &line));
    ck_assert(isfinite(line.slope) && line.slope > 0 && line.slope < 50);
    for (uint32_t i = 0; i < 6; i++)
        point[i].y = 0;
    ck_assert(!tr_line_fit(point, 6, true, true, &line));
}
END_TEST

static struct rt_calibration isotonic(const struct tr_point *point, size_t n,
                                      double *from, double *to)
{
    const struct rt_calibration map = {.kind = RT_CALIBRATION_KNOTS,
                                       .from = from,
                                       .to = to,
                                       .n = tr_isotonic(point, n, from, to)};

    ck_assert_uint_le(map.n, n);
    ck_assert_int_eq(rt_calibration_check(&map, NULL), AN_OK);
    return map;
}

/* .1 .1: 0; .2 .2 .3: one of three; .35 .6 .7: two of three; .8 .9: 1. */
START_TEST(isotonic_knots_stand_at_both_edges_of_what_is_pooled)
{
    const double want[7][2] = {{.1, 0},       {.2, 1 / 3.}, {.3, 1 / 3.},
                               {.35, 2 / 3.}, {.7, 2 / 3.}, {.8, 1},
                               {.9, 1}};
    struct tr_point point[N_TOY];
    double from[N_TOY], to[N_TOY];

    toy(point);
    ck_assert_uint_eq(isotonic(point, N_TOY, from, to).n, 7);
    for (int i = 0; i < 7; i++) {
        ck_assert_double_eq_tol(from[i], want[i][0], 1e-12);
        ck_assert_double_eq_tol(to[i], want[i][1], 1e-12);
    }
}
END_TEST

/* Weighted, with and without ties. */
START_TEST(what_isotonic_knots_make_of_the_points_has_their_mean)
{
    enum { MOST = 300, ROUNDS = 300 };
    struct tr_point point[MOST];
    double from[MOST], to[MOST];

    for (uint64_t round = 0; round < ROUNDS; round++) {
        const uint64_t key = tr_key(7, round);
        const size_t n = 1 + tr_draw_below(key, 0, MOST - 1);
        double expected = 0, observed = 0, before = 0;
        struct rt_calibration map;

        for (uint32_t i = 0; i < n; i++) {
            const double u = tr_draw_uniform(key, 3 * i + 1);
            const double p = round % 2 ? u : floor(u * 20) / 20;

            point[i] = (struct tr_point){
                p, 1 + 2 * tr_draw_uniform(key, 3 * i + 2), i,
                tr_draw_uniform(key, 3 * i + 3) < p * p ? 1 : 0};
        }
        tr_points_sort(point, n);
        map = isotonic(point, n, from, to);
        for (size_t i = 0; i < n; i++) {
            const double p = rt_calibrate(&map, point[i].p);

            ck_assert_double_ge(p, before - 1e-12);
            before = p;
            expected += point[i].weight * p;
            observed += point[i].weight * point[i].y;
        }
        ck_assert_double_eq_tol(expected, observed, 1e-6 * (double)n);
    }
}
END_TEST

/* A manifest writes nine places: knots that it could not tell apart would not
 * be read back. */
START_TEST(isotonic_knots_are_not_nearer_than_a_manifest_can_say)
{
    struct tr_point point[4] = {{.3, 1, 0, 0},
                                {.3 + 1e-10, 1, 1, 1},
                                {.3 + 3e-10, 1, 2, 1},
                                {.4, 1, 3, 1}};
    double from[4], to[4];

    ck_assert_uint_eq(isotonic(point, 4, from, to).n, 2);
    ck_assert_double_eq_tol(to[0], 2 / 3., 1e-12);
    ck_assert_double_eq_tol(from[1], .4, 1e-12);
}
END_TEST

/* Two groups of four: 1 of 4 and 3 of 4.  Without a penalty the regression
 * gives their odds back: log(1/3) and log(3/1). */
START_TEST(a_regression_gives_the_odds_of_two_groups)
{
    const float x[8] = {0, 0, 0, 0, 1, 1, 1, 1};
    const uint32_t row[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    const float y[8] = {1, 0, 0, 0, 1, 1, 1, 0};
    struct tr_regression r = {
        .x_nw = x, .n_columns = 1, .row = row, .y = y, .n = 8};
    double w[2] = {0, 0}, tight[2] = {0, 0};

    ck_assert_int_eq(tr_regress(&r, w, NULL), AN_OK);
    ck_assert_double_eq_tol(w[1], -log(3), 1e-4);
    ck_assert_double_eq_tol(w[0], 2 * log(3), 1e-4);
    ck_assert_double_eq_tol(tr_regress_p(x + 4, 1, w), 0.75, 1e-5);
    r.l2 = 1e6;
    ck_assert_int_eq(tr_regress(&r, tight, NULL), AN_OK);
    ck_assert_double_eq_tol(tight[0], 0, 1e-4);
    ck_assert_double_eq_tol(tr_regress_p(x, 1, tight), 0.5, 1e-4);
}
END_TEST

/* 2 events where 4 were expected, 9 where 3 were: factors of 1/2 and 3. */
START_TEST(a_regression_of_counts_gives_the_factors_of_two_groups)
{
    const float x[4] = {0, 0, 1, 1};
    const uint32_t row[4] = {0, 1, 2, 3};
    const float y[4] = {2, 0, 4, 5};
    const double expected[4] = {1, 3, 1, 2};
    struct tr_regression r = {.x_nw = x,
                              .n_columns = 1,
                              .row = row,
                              .y = y,
                              .n = 4,
                              .expected = expected};
    double w[2] = {0, 0};

    ck_assert_int_eq(tr_regress(&r, w, NULL), AN_OK);
    ck_assert_double_eq_tol(w[1], -log(2), 1e-4);
    ck_assert_double_eq_tol(tr_regress_line(x + 2, 1, w), log(3), 1e-4);
    /* Without an event anywhere the level stays finite. */
    r.y = (const float[4]){0, 0, 0, 0};
    r.unseen = 0.5;
    r.l2 = 1;
    w[0] = w[1] = 0;
    ck_assert_int_eq(tr_regress(&r, w, NULL), AN_OK);
    ck_assert(isfinite(w[0]) && w[1] > -5 && w[1] < -1);
}
END_TEST

START_TEST(an_answer_is_yes_no_or_not_known)
{
    const struct {
        struct tr_follow_up f, death;
        uint8_t want;
    } c[] = {
        {{0, 20, 1}, {0, 500, 0}, TR_YES},
        {{0, 40, 1}, {0, 500, 0}, TR_NO},      /* later than the horizon */
        {{0, 500, 0}, {0, 500, 0}, TR_NO},     /* seen to the horizon */
        {{0, 20, 0}, {0, 20, 0}, TR_UNKNOWN},  /* lost before */
        {{0, 20, 0}, {0, 20, 1}, TR_NO},       /* died before */
        {{0, 0, 0}, {0, 500, 0}, TR_UNKNOWN},  /* not at risk */
        {{30, 90, 0}, {0, 90, 0}, TR_UNKNOWN}, /* starts at the horizon */
    };

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++)
        ck_assert_int_eq(tr_answer(&c[i].f, &c[i].death, 30), c[i].want);
}
END_TEST

START_TEST(a_spread_is_robust_and_takes_logs_of_what_is_skewed)
{
    double even[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, same[3] = {4, 4, 4};
    double steep[8] = {1, 2, 4, 8, 16, 32, 64, 4096};
    double mostly[6] = {5, 5, 5, 5, 5, 9};
    struct tr_spread s;

    ck_assert(tr_spread_of(even, 9, &s) && !s.log);
    ck_assert_double_eq_tol(s.mean, 5, 1e-12);
    ck_assert_double_eq_tol(s.sd, 4 / 1.3489795, 1e-9);
    ck_assert(tr_spread_of(steep, 8, &s) && s.log);
    ck_assert(tr_spread_of(mostly, 6, &s) && s.sd > 0);
    ck_assert(!tr_spread_of(same, 3, &s));
    ck_assert(!tr_spread_of(same, 0, &s));
}
END_TEST

Suite *trainer_stats_suite(void)
{
    const TTest *const tests[] = {
        the_toy_set_has_its_known_measures,
        an_area_needs_both_answers_and_counts_ties_half,
        an_interval_holds_the_estimate_and_two_equal_models_do_not_differ,
        a_line_finds_the_miscalibration_that_was_planted,
        a_line_through_classes_that_part_stays_finite_with_platts_targets,
        isotonic_knots_stand_at_both_edges_of_what_is_pooled,
        what_isotonic_knots_make_of_the_points_has_their_mean,
        isotonic_knots_are_not_nearer_than_a_manifest_can_say,
        a_regression_gives_the_odds_of_two_groups,
        a_regression_of_counts_gives_the_factors_of_two_groups,
        an_answer_is_yes_no_or_not_known,
        a_spread_is_robust_and_takes_logs_of_what_is_skewed,
    };

    return TEST_SUITE("trainer/stats", tests);
}
