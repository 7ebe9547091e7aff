/* SPDX-License-Identifier: Apache-2.0 */
/* What noise costs, against numbers of two other accountants (Opacus, TF
 * Privacy with dp_accounting) and against a plain integral. */
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/privacy/accountant.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

Suite *trainer_accountant_suite(void);

static const double delta5 = 1e-5;

/* epsilon, and the order it is at. */
START_TEST(epsilon_is_that_of_other_accountants)
{
    static const struct {
        struct tr_phase phase;
        double delta, epsilon, order;
    } known[] = {
        {{0.04, 1.5, 2250}, 1e-5, 7.329111171437513, 3.9},
        {{150.0 / 60000, 1.3, 6000}, 1e-5, 0.7242234026109595, 19},
        {{100.0 / 100000, 1.0, 30000}, 1e-7, 1.4154988495444842, 13},
        {{0.04, 1.416, 2250}, 1e-5, 7.99816, 0},
        {{1024.0 / 100000, 1.0, 977}, 1e-6, 2.468, 0},
        {{1024.0 / 100000, 0.8, 977}, 1e-6, 4.347, 0},
        {{512.0 / 20000, 1.0, 782}, 1e-5, 5.009, 0},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        const struct tr_budget b =
            tr_budget_of(&known[i].phase, 1, known[i].delta, NULL, 0);
        /* As many places as are known. */
        const double places = known[i].order > 0 ? 1e-10 : 5e-4;

        ck_assert_double_eq_tol(b.epsilon, known[i].epsilon, places);
        if (known[i].order > 0)
            ck_assert_double_eq_tol(b.order, known[i].order, 1e-12);
    }
}
END_TEST

START_TEST(orders_can_be_named)
{
    static const double low[] = {1.25, 1.5, 1.75, 2, 3};
    const struct tr_phase loud = {1024.0 / 1e8, 0.1, 976563};
    const struct tr_phase mix[] = {{1e-5, 1.0, 10}, {1e-4, 3.0, 4}};
    const struct tr_phase whole = {1, 4.530877117, 1};
    double order[31], flat[31];
    struct tr_budget b;

    for (int i = 0; i < 31; i++) {
        order[i] = i + 2;
        flat[i] = 1.1;
    }
    b = tr_budget_of(mix, 2, delta5, order, 31);
    ck_assert_double_eq_tol(b.epsilon, 0.336, 5e-4);
    ck_assert_double_eq_tol(b.order, 23, 1e-12);
    b = tr_budget_convert(flat, order, 31, delta5);
    ck_assert_double_eq_tol(b.epsilon, 1.32783806176, 1e-10);
    ck_assert_double_eq_tol(b.order, 32, 1e-12);
    b = tr_budget_of(&loud, 1, 1e-7, low, 5);
    ck_assert_double_eq_tol(b.epsilon, 5907982.31, 0.5);
    ck_assert_double_eq_tol(b.order, 1.25, 1e-12);
    b = tr_budget_of(&whole, 1, 1e-6, NULL, 0);
    ck_assert_double_eq_tol(b.epsilon, 1, 1e-4);
    ck_assert_double_eq_tol(b.order, 22, 0.01);
}
END_TEST

START_TEST(renyi_divergences_are_those_known)
{
    static const struct {
        double rate, noise, order, fifty;
    } known[] = {{0.01, 2.5, 1.5, 6.500709e-4},
                 {0.01, 2.5, 2.5, 1.0854180e-3},
                 {0.01, 2.5, 5, 2.18075656e-3},
                 {0.01, 2.5, 50, 2.38460375e-2},
                 {0.01, 2.5, 100, 1.67416308e2}};
    static const struct {
        double rate, noise, order, moment;
    } log_a[] = {{1e-6, 1, 27, 8.7695e-10},
                 {1e-3, 1, 2, 1.718280352e-6},
                 {1e-4, 1, 1.5, 6.44269e-9},
                 {0.01, 10, 20, 1.912970e-4},
                 {0.1, 100, 20.5, 1.999182e-4}};

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        ck_assert_double_eq_tol(
            50 * tr_renyi(known[i].rate, known[i].noise, known[i].order) /
                known[i].fifty,
            1, 1e-6);
    for (size_t i = 0; i < sizeof(log_a) / sizeof(*log_a); i++)
        ck_assert_double_eq_tol(
            (log_a[i].order - 1) *
                tr_renyi(log_a[i].rate, log_a[i].noise, log_a[i].order) /
                log_a[i].moment,
            1, 1e-4);
}
END_TEST

/* log E[(1 - q + q e^((2z - 1) / 2 s^2))^a] over z ~ N(0, s^2), by the
 * trapezium rule, which is exact to rounding for such a function. */
static double integral(double q, double s, double order)
{
    const double h = 1e-3 * s;
    double sum = 0;

    for (double z = -30 * s; z < 30 * s + order; z += h)
        sum += h * exp(-z * z / (2 * s * s) +
                       order * log(1 - q + q * exp((2 * z - 1) / (2 * s * s))));
    return log(sum / (s * sqrt(2 * 3.14159265358979323846))) / (order - 1);
}

START_TEST(renyi_divergence_is_its_integral)
{
    static const double order[] = {1.1, 1.5, 2, 2.7, 3, 5.3, 8, 10.9, 16};
    static const double rate[] = {0.003, 0.04, 0.3, 0.9};
    static const double noise[] = {0.7, 1, 1.6, 4};

    for (size_t i = 0; i < 9; i++)
        for (size_t k = 0; k < 4; k++)
            for (size_t n = 0; n < 4; n++)
                ck_assert_double_eq_tol(tr_renyi(rate[k], noise[n], order[i]),
                                        integral(rate[k], noise[n], order[i]),
                                        1e-8);
}
END_TEST

START_TEST(costs_are_bounded_by_what_must_hold)
{
    struct tr_phase phase = {0.02, 1.1, 100};
    const struct tr_phase halves[] = {{0.02, 1.1, 40}, {0.02, 1.1, 60}};
    const double all = tr_budget_of(&phase, 1, delta5, NULL, 0).epsilon;

    ck_assert_double_eq_tol(tr_budget_of(halves, 2, delta5, NULL, 0).epsilon,
                            all, 1e-12);
    phase.steps = 101;
    ck_assert_double_gt(tr_budget_of(&phase, 1, delta5, NULL, 0).epsilon, all);
    phase.steps = 0;
    ck_assert_double_lt(tr_budget_of(&phase, 1, delta5, NULL, 0).epsilon,
                        1e-12);
    phase = (struct tr_phase){0, 1, 100};
    ck_assert_double_lt(tr_budget_of(&phase, 1, delta5, NULL, 0).epsilon,
                        1e-12);
    phase = (struct tr_phase){0.02, 0, 1};
    ck_assert(isinf(tr_budget_of(&phase, 1, delta5, NULL, 0).epsilon));
    /* Sampling never makes it worse. */
    for (double order = 1.1; order < 40; order += 0.7)
        ck_assert_double_le(tr_renyi(0.5, 1.3, order),
                            tr_renyi(1, 1.3, order) + 1e-12);
}
END_TEST

START_TEST(finds_the_noise_for_an_epsilon)
{
    static const struct {
        int64_t steps;
        double noise;
    } known[] = {{2250, 1.416}, {2000, 1.3562}};
    struct an_err err;
    double noise;

    for (size_t i = 0; i < 2; i++) {
        struct tr_phase phase = {0.04, 0, known[i].steps};

        ck_assert_int_eq(
            tr_noise_for(0.04, known[i].steps, NULL, delta5, 8, &noise, &err),
            AN_OK);
        ck_assert_double_eq_tol(noise, known[i].noise, 2e-3 * noise);
        phase.noise = noise;
        ck_assert_double_le(tr_budget_of(&phase, 1, delta5, NULL, 0).epsilon,
                            8);
    }
    /* Below 1, too. */
    ck_assert_int_eq(tr_noise_for(0.001, 10, NULL, delta5, 8, &noise, &err),
                     AN_OK);
    ck_assert_double_lt(noise, 1);
    ck_assert_int_eq(
        tr_noise_for(1, 1000000000, NULL, delta5, 1e-3, &noise, &err),
        AN_LIMIT);
}
END_TEST

static int call(const char *const *word, size_t n)
{
    char text[16][32], *argv[16];

    for (size_t i = 0; i < n; i++) {
        snprintf(text[i], sizeof(text[i]), "%s", word[i]);
        argv[i] = text[i];
    }
    return tr_command_privacy((int)n, argv);
}

START_TEST(plans_are_checked)
{
    static const char *const plan[] = {"--people", "20000", "--batch", "512",
                                       "--epochs", "20",    "--noise", "1",
                                       "--delta",  "1e-5"};
    static const char *const wrong[][2] = {
        {"--batch", "30000"}, {"--noise", "0"},     {"--noise", "x"},
        {"--delta", "1"},     {"--epochs", "1e30"}, {"--epsilon", "8"}};
    const char *word[12];

    memcpy(word, plan, sizeof(plan));
    ck_assert_int_eq(call(word, 10), TR_EXIT_OK);
    word[6] = "--epsilon";
    ck_assert_int_eq(call(word, 10), TR_EXIT_OK);
    word[7] = "1e-9";
    ck_assert_int_eq(call(word, 10), TR_EXIT_FAILED);
    ck_assert_int_eq(call(plan, 6), TR_EXIT_USAGE);
    ck_assert_int_eq(call(plan, 9), TR_EXIT_USAGE);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        memcpy(word, plan, sizeof(plan));
        word[10] = wrong[i][0];
        word[11] = wrong[i][1];
        ck_assert_int_eq(call(word, 12), TR_EXIT_USAGE);
    }
}
END_TEST

Suite *trainer_accountant_suite(void)
{
    const TTest *const tests[] = {
        epsilon_is_that_of_other_accountants,
        orders_can_be_named,
        renyi_divergences_are_those_known,
        renyi_divergence_is_its_integral,
        costs_are_bounded_by_what_must_hold,
        finds_the_noise_for_an_epsilon,
        plans_are_checked,
    };

    return TEST_SUITE("trainer/accountant", tests);
}
