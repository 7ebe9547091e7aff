/* SPDX-License-Identifier: Apache-2.0 */
/* Measures of calibration against numbers of R, against plain loops, and
 * against a truth that is known. */
#include "tests/suite.h"
#include "trainer/evaluate/calibration.h"
#include "trainer/random.h"

#include <math.h>
#include <stdlib.h>

Suite *trainer_calibration_suite(void);

enum { N_TOY = 10 };

/* d <- data.frame(p=c(.1,.1,.2,.2,.3,.35,.6,.7,.8,.9),
 *                 y=c(0,0,0,1,0,1,1,0,1,1))
 * w <- c(1,2,1,1,1.5,1,3,1,1,2)
 * of which tr_points_sort changes nothing. */
static void toy(struct tr_point point[N_TOY], bool weighted,
                const uint32_t *person)
{
    static const double p[N_TOY] = {.1, .1, .2, .2, .3, .35, .6, .7, .8, .9};
    static const uint8_t y[N_TOY] = {0, 0, 0, 1, 0, 1, 1, 0, 1, 1};
    static const double w[N_TOY] = {1, 2, 1, 1, 1.5, 1, 3, 1, 1, 2};

    for (uint32_t i = 0; i < N_TOY; i++)
        point[i] = (struct tr_point){p[i], weighted ? w[i] : 1,
                                     person ? person[i] : i, y[i]};
}

/* g <- glm(y ~ qlogis(p), binomial, d); X <- model.matrix(g); q <- fitted(g)
 * B <- solve(crossprod(X, q * (1 - q) * X))
 * U <- rowsum(X * (d$y - q), person)
 * sqrt((B %*% crossprod(U) %*% B)[2, 2]), with 1:10 and the persons below; and
 * with weights = w, which B and U have, too. */
START_TEST(a_slope_is_as_sure_as_the_sandwich_of_r)
{
    static const uint32_t person[N_TOY] = {0, 1, 1, 2, 3, 4, 4, 5, 6, 6};
    const struct {
        bool weighted;
        const uint32_t *person;
        uint32_t n_persons;
        double slope, error;
    } c[] = {{false, NULL, N_TOY, 0.93699313, 0.5324343},
             {false, person, 7, 0.93699313, 0.5634502},
             {true, NULL, N_TOY, 1.29344760, 0.64645439}};

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        struct tr_point point[N_TOY];
        struct tr_line line;
        struct tr_interval interval;
        double scratch[2 * N_TOY];

        toy(point, c[i].weighted, c[i].person);
        ck_assert(tr_line_fit(point, N_TOY, false, true, &line));
        ck_assert_double_eq_tol(line.slope, c[i].slope, 1e-5);
        interval =
            tr_slope_interval(point, N_TOY, &line, c[i].n_persons, scratch);
        ck_assert_double_eq_tol(interval.low,
                                c[i].slope - 1.959964 * c[i].error, 2e-5);
        ck_assert_double_eq_tol(interval.high,
                                c[i].slope + 1.959964 * c[i].error, 2e-5);
    }
}
END_TEST

START_TEST(a_slope_that_is_undetermined_has_no_interval)
{
    struct tr_point point[N_TOY];
    double scratch[2 * N_TOY];
    struct tr_interval i;

    toy(point, false, NULL);
    i = tr_slope_interval(point, N_TOY,
                          &(struct tr_line){(double)NAN, (double)NAN}, N_TOY,
                          scratch);
    ck_assert(isnan(i.low) && isnan(i.high));
    for (int k = 0; k < N_TOY; k++)
        point[k].p = 0.3;
    i = tr_slope_interval(point, N_TOY, &(struct tr_line){0, 1}, N_TOY,
                          scratch);
    ck_assert(isnan(i.low) && isnan(i.high));
}
END_TEST

/* Three questions of each person, who is what a normal draw makes of them:
 * their answers go together, and that the three are one must be seen. */
START_TEST(a_slopes_interval_covers_the_truth)
{
    enum { ROUNDS = 1000, PERSONS = 400, ASKED = 3, N = PERSONS * ASKED };
    static struct tr_point point[N];
    double scratch[2 * PERSONS];
    int covers = 0;

    for (uint64_t round = 0; round < ROUNDS; round++) {
        const uint64_t key = tr_key(11, round);
        struct tr_interval i;
        struct tr_line line;

        for (uint32_t k = 0; k < N; k++) {
            const uint32_t who = k / ASKED;
            const double x = tr_draw_normal(key, who) - 1;
            const double q = 1 / (1 + exp(-0.7 * x));

            /* Two of the three are the same answer. */
            point[k] = (struct tr_point){
                1 / (1 + exp(-x)), 1, who,
                tr_draw_uniform(key, N + (k % ASKED < 2 ? who * ASKED : k)) < q
                    ? 1
                    : 0};
        }
        ck_assert(tr_line_fit(point, N, false, true, &line));
        i = tr_slope_interval(point, N, &line, PERSONS, scratch);
        covers += i.low < 0.7 && i.high > 0.7;
    }
    /* Two standard errors of 1000 rounds are 1.4 %. */
    ck_assert_double_eq_tol(covers / (double)ROUNDS, 0.95, 0.02);
}
END_TEST

/* f <- loess(y ~ p, d, control = loess.control(surface = "direct"))
 * mean(abs(pmin(pmax(fitted(f), 0), 1) - d$p)), and with weights = w and
 * weighted.mean(..., w). */
START_TEST(the_index_is_that_of_rs_loess)
{
    struct tr_point point[N_TOY];

    toy(point, false, NULL);
    ck_assert_double_eq_tol(tr_ici(point, N_TOY), 0.14598896, 1e-8);
    toy(point, true, NULL);
    ck_assert_double_eq_tol(tr_ici(point, N_TOY), 0.14875009, 1e-8);
}
END_TEST

static int double_cmp(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* What the columns 1, u and u^2, each less its share of those before, make of
 * y where u is 0. */
static double naive_curve(const double *u, const double *w,
                          const struct tr_point *point, size_t n)
{
    static double column[3][2001]; /* the last place: where u is 0 */
    double at = 0;

    for (int c = 0; c < 3; c++) {
        double norm = 0, y = 0, all = 0;

        for (size_t i = 0; i <= n; i++)
            column[c][i] = pow(i < n ? u[i] : 0, c);
        for (int before = 0; before < c; before++) {
            double both = 0, own = 0;

            for (size_t i = 0; i < n; i++) {
                both += w[i] * column[c][i] * column[before][i];
                own += w[i] * column[before][i] * column[before][i];
            }
            for (size_t i = 0; i <= n; i++)
                column[c][i] -= both / own * column[before][i];
        }
        for (size_t i = 0; i < n; i++) {
            norm += w[i] * column[c][i] * column[c][i];
            y += w[i] * column[c][i] * point[i].y;
            all += w[i];
        }
        if (norm <= 1e-9 * all)
            break;
        at += y / norm * column[c][n];
    }
    return fmin(fmax(at, 0), 1);
}

/* The curve at each point by the distances of all, sorted. */
static double naive_index(const struct tr_point *point, size_t n)
{
    static double distance[2000], u[2000], w[2000];
    const size_t near = (size_t)(0.75 * (double)n + 1e-5);
    double total = 0, weights = 0;

    for (size_t i = 0; i < n; i++) {
        double width;

        for (size_t k = 0; k < n; k++)
            distance[k] = fabs(point[k].p - point[i].p);
        qsort(distance, n, sizeof(*distance), double_cmp);
        width = distance[(near > 2 ? near : n) - 1];
        for (size_t k = 0; k < n; k++) {
            u[k] = width > 0 ? (point[k].p - point[i].p) / width : 0;
            w[k] = fabs(u[k]) < 1 ? pow(1 - pow(fabs(u[k]), 3), 3) : 0;
            w[k] *= width > 0 || fabs(point[k].p - point[i].p) <= 0
                        ? point[k].weight
                        : 0;
        }
        total +=
            point[i].weight * fabs(naive_curve(u, w, point, n) - point[i].p);
        weights += point[i].weight;
    }
    return total / weights;
}

static void draw_points(uint64_t key, size_t n, int ties,
                        struct tr_point *point)
{
    for (uint32_t i = 0; i < n; i++) {
        double p = tr_draw_uniform(key, 3 * i);

        p = ties ? floor(p * ties) / ties + 0.1 : p * p;
        point[i] =
            (struct tr_point){p, 1 + tr_draw_uniform(key, 3 * i + 1), i,
                              tr_draw_uniform(key, 3 * i + 2) < p * p ? 1 : 0};
    }
    tr_points_sort(point, n);
}

START_TEST(the_index_is_that_of_plain_loops)
{
    enum { MOST = 2000 };
    static struct tr_point point[MOST];

    for (uint64_t round = 0; round < 200; round++) {
        const uint64_t key = tr_key(13, round);
        const size_t n = 1 + tr_draw_below(key, 9999, TR_ICI_KNOTS - 1);
        const int ties[] = {0, 20, 4, 1};

        draw_points(key, n, ties[round % 4], point);
        ck_assert_double_eq_tol(tr_ici(point, n), naive_index(point, n), 1e-9);
    }
    /* Of more points the curve is straight between some. */
    draw_points(tr_key(13, 1000), 1500, 0, point);
    ck_assert_double_eq_tol(tr_ici(point, 1500), naive_index(point, 1500),
                            1e-4);
    ck_assert(isnan(tr_ici(point, 0)));
}
END_TEST

/* The truth is p^2: the mean of p - p^2 is 1/6. */
START_TEST(the_index_finds_how_far_risks_are_off)
{
    enum { N = 50000 };
    static struct tr_point point[N];

    for (uint32_t i = 0; i < N; i++) {
        const double p = tr_draw_uniform(17, 2 * i);

        point[i] = (struct tr_point){
            p, 1, i, tr_draw_uniform(17, 2 * i + 1) < p * p ? 1 : 0};
    }
    tr_points_sort(point, N);
    ck_assert_double_eq_tol(tr_ici(point, N), 1. / 6, 0.01);
    for (uint32_t i = 0; i < N; i++)
        point[i].p *= point[i].p;
    ck_assert_double_lt(tr_ici(point, N), 0.01);
}
END_TEST

/* At .2 five of the eight who are treated have it, at .5 three of four. */
START_TEST(net_benefit_is_as_worked_out_by_hand)
{
    struct tr_point point[N_TOY];

    toy(point, false, NULL);
    ck_assert_double_eq_tol(tr_net_benefit(point, N_TOY, .2), .425, 1e-12);
    ck_assert_double_eq_tol(tr_net_benefit_all(point, N_TOY, .2), .375, 1e-12);
    ck_assert_double_eq_tol(tr_net_benefit(point, N_TOY, .5), .2, 1e-12);
    ck_assert_double_eq_tol(tr_net_benefit_all(point, N_TOY, .5), 0, 1e-12);
    ck_assert(isnan(tr_net_benefit(point, N_TOY, 0)));
    ck_assert(isnan(tr_net_benefit(point, N_TOY, 1)));
    ck_assert(isnan(tr_net_benefit(point, N_TOY, (double)NAN)));
    /* Weights 12.5 + 2 = 14.5: treated at .6 are 3 + 1 + 2 with, 1 without. */
    toy(point, true, NULL);
    ck_assert_double_eq_tol(tr_net_benefit(point, N_TOY, .6),
                            (6 - 1 * .6 / .4) / 14.5, 1e-12);
}
END_TEST

Suite *trainer_calibration_suite(void)
{
    const TTest *const tests[] = {
        a_slope_is_as_sure_as_the_sandwich_of_r,
        a_slope_that_is_undetermined_has_no_interval,
        a_slopes_interval_covers_the_truth,
        the_index_is_that_of_rs_loess,
        the_index_is_that_of_plain_loops,
        the_index_finds_how_far_risks_are_off,
        net_benefit_is_as_worked_out_by_hand,
    };

    return TEST_SUITE("trainer/calibration", tests);
}
