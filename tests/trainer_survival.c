/* SPDX-License-Identifier: Apache-2.0 */
/* Measures where some are lost, against numbers worked out by hand, against
 * plain loops, and against a truth that is known. */
#include "tests/judged.h"
#include "tests/model_random.h"
#include "tests/suite.h"
#include "trainer/evaluate/judge.h"
#include "trainer/evaluate/survival.h"

#include <math.h>

Suite *trainer_survival_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 64 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static double incidence(const struct tr_life *life, size_t n, double horizon)
{
    double share;

    ck_assert_int_eq(tr_incidence(&arena, life, n, horizon, &share, NULL),
                     AN_OK);
    return share;
}

static double concordance(const struct tr_life *life, size_t n)
{
    double c;

    ck_assert_int_eq(tr_concordance(&arena, life, n, &c, NULL), AN_OK);
    return c;
}

/* Seven people.  At 1 all are there: one of 7 has it, S = 6/7.  At 2 one is
 * lost.  At 3 of 5 one dies and one has it: + 6/7 . 1/5, S = 6/7 . 3/5.  At 4
 * one is lost with one who has it, of 3: + 18/35 . 1/3, S = 12/35.  The last is
 * seen to 9. */
static const struct tr_life seven[7] = {
    {0, 3, .5, 0, TR_DIED}, {0, 1, .9, 1, TR_CAME}, {0, 9, .1, 2, TR_LOST},
    {0, 2, .3, 3, TR_LOST}, {0, 4, .3, 4, TR_CAME}, {0, 3, .2, 5, TR_CAME},
    {0, 4, .8, 6, TR_LOST}};

START_TEST(incidence_is_as_worked_out_by_hand)
{
    ck_assert_double_eq_tol(incidence(seven, 7, 0.5), 0, 1e-15);
    ck_assert_double_eq_tol(incidence(seven, 7, 1), 1. / 7, 1e-15);
    ck_assert_double_eq_tol(incidence(seven, 7, 2.9), 1. / 7, 1e-15);
    ck_assert_double_eq_tol(incidence(seven, 7, 3), 1. / 7 + 6. / 35, 1e-15);
    ck_assert_double_eq_tol(incidence(seven, 7, 9),
                            1. / 7 + 6. / 35 + 18. / 105, 1e-15);
    /* Nobody was watched to 9.5, who still could have had it. */
    ck_assert(isnan(incidence(seven, 7, 9.5)));
    ck_assert(isnan(incidence(seven, 0, 1)));
}
END_TEST

/* Of death: the product limit, here 1 - 4/5 . 2/3 . 0 once all are gone. */
START_TEST(incidence_of_death_is_one_less_the_product_limit)
{
    const struct tr_life five[5] = {{0, 2, 0, 0, TR_CAME},
                                    {0, 3, 0, 1, TR_LOST},
                                    {0, 5, 0, 2, TR_CAME},
                                    {0, 7, 0, 3, TR_LOST},
                                    {0, 8, 0, 4, TR_CAME}};

    ck_assert_double_eq_tol(incidence(five, 5, 4), 1 - 4. / 5, 1e-15);
    ck_assert_double_eq_tol(incidence(five, 5, 7), 1 - 4. / 5 * 2 / 3, 1e-15);
    ck_assert_double_eq_tol(incidence(five, 5, 100), 1, 1e-15);
}
END_TEST

/* Who enters at 2 is not at risk at 1: 1/2, then 1/2 . 1/2 at 3. */
START_TEST(who_enters_later_is_at_risk_from_then_on)
{
    const struct tr_life three[3] = {
        {0, 1, .1, 0, TR_CAME}, {0, 5, .2, 1, TR_LOST}, {2, 3, .3, 2, TR_CAME}};

    ck_assert_double_eq_tol(incidence(three, 3, 4), 0.5 + 0.25, 1e-15);
    /* Pairs: 0 with 1, wrong; 2 with 1, right; 0 and 2 never met. */
    ck_assert_double_eq_tol(concordance(three, 3), 0.5, 1e-15);
}
END_TEST

/* Lost: at 2 one of 6, at 4 one of 2 (who has it at 4 has it first), at 9 the
 * last: shares 5/6, 5/12. */
START_TEST(weights_are_as_worked_out_by_hand)
{
    const double want[7] = {6. / 5, 1, 12. / 5, 0, 6. / 5, 6. / 5, 0};
    double weight[7], sum = 0;

    ck_assert_int_eq(tr_known_weights(&arena, seven, 7, 5, weight, NULL),
                     AN_OK);
    for (int i = 0; i < 7; i++) {
        ck_assert_double_eq_tol(weight[i], want[i], 1e-12);
        sum += weight[i];
    }
    ck_assert_double_eq_tol(sum, 7, 1e-12);
    /* Who is lost at the horizon was seen to it. */
    ck_assert_int_eq(tr_known_weights(&arena, seven, 7, 4, weight, NULL),
                     AN_OK);
    ck_assert_double_eq_tol(weight[6], 6. / 5, 1e-12);
    ck_assert_double_eq_tol(weight[3], 0, 1e-12);
}
END_TEST

/* By the event: .9 at 1 with six others, all right.  .2 at 3 with .3, .8 and
 * .1 (the one who dies at 3 counts as later, the one lost at 2 does not):
 * .5 too, so 1 of 4.  .3 at 4 with .8 and .1: 1 of 2. */
START_TEST(concordance_is_as_worked_out_by_hand)
{
    const struct tr_life same[2] = {{0, 1, .4, 0, TR_CAME},
                                    {0, 2, .4, 1, TR_LOST}};

    ck_assert_double_eq_tol(concordance(seven, 7), (6. + 1 + 1) / (6 + 4 + 2),
                            1e-15);
    ck_assert_double_eq_tol(concordance(same, 2), 0.5, 1e-15);
    ck_assert(isnan(concordance(same + 1, 1)));
    ck_assert(isnan(concordance(same, 0)));
}
END_TEST

static double naive_concordance(const struct tr_life *life, size_t n)
{
    double right = 0, pairs = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            const struct tr_life *a = &life[i], *b = &life[k];

            if (a->end != TR_CAME || b->from_days >= a->to_days ||
                b->to_days < a->to_days ||
                (b->to_days <= a->to_days && b->end == TR_CAME))
                continue;
            pairs++;
            right += a->risk > b->risk ? 1 : a->risk < b->risk ? 0 : 0.5;
        }
    return right / pairs;
}

/* Times and risks that often are equal. */
static size_t some_lives(struct test_random *r, bool late, struct tr_life *life,
                         size_t most)
{
    const size_t n = 2 + (size_t)test_below(r, (int)most - 2);

    for (size_t i = 0; i < n; i++) {
        const int from = late ? test_below(r, 6) : 0;

        life[i] = (struct tr_life){from, from + 1 + test_below(r, 20),
                                   test_below(r, 12) / 12., (uint32_t)i,
                                   (uint32_t)test_below(r, 3)};
    }
    return n;
}

START_TEST(concordance_is_that_of_two_loops)
{
    enum { MOST = 200 };
    struct test_random r = {41};
    struct tr_life life[MOST];

    for (int round = 0; round < 200; round++) {
        const size_t n = some_lives(&r, round % 2, life, MOST);
        const double want = naive_concordance(life, n);

        if (isfinite(want))
            ck_assert_double_eq_tol(concordance(life, n), want, 1e-12);
        else
            ck_assert(isnan(concordance(life, n)));
    }
}
END_TEST

/* The same estimate by two ways (Satten and Datta 2001). */
START_TEST(weighted_answers_give_the_incidence)
{
    enum { MOST = 200 };
    struct test_random r = {43};
    struct tr_life life[MOST];
    double weight[MOST];

    for (int round = 0; round < 200; round++) {
        const size_t n = some_lives(&r, false, life, MOST);
        const double horizon = 1 + test_below(&r, 18);
        const double want = incidence(life, n, horizon);
        double sum = 0, came = 0;

        ck_assert_int_eq(
            tr_known_weights(&arena, life, n, horizon, weight, NULL), AN_OK);
        for (size_t i = 0; i < n; i++) {
            sum += weight[i];
            came += life[i].end == TR_CAME && life[i].to_days <= horizon
                        ? weight[i]
                        : 0;
        }
        if (!isfinite(want))
            continue;
        ck_assert_double_eq_tol(sum, (double)n, 1e-9);
        ck_assert_double_eq_tol(came / (double)n, want, 1e-12);
    }
}
END_TEST

START_TEST(where_nobody_is_lost_all_weigh_the_same)
{
    enum { N = 50 };
    struct test_random r = {47};
    struct tr_life life[N];
    double weight[N], came = 0;

    for (uint32_t i = 0; i < N; i++) {
        life[i] = (struct tr_life){test_below(&r, 3), 4 + test_below(&r, 9), 0,
                                   i, (uint32_t)test_below(&r, 3)};
        if (life[i].end == TR_LOST)
            life[i].to_days = 13;
        if (i % 2)
            life[i].from_days = 0;
    }
    ck_assert_int_eq(tr_known_weights(&arena, life, N, 10, weight, NULL),
                     AN_OK);
    for (int i = 0; i < N; i++) {
        ck_assert(weight[i] <= 1 && weight[i] >= 1);
        came += life[i].end == TR_CAME && life[i].to_days <= 10;
    }
    ck_assert_double_eq_tol(incidence(life, N, 10), came / N, 1e-12);
}
END_TEST

START_TEST(a_life_is_of_whom_is_at_risk_and_ends_once)
{
    const struct tr_follow_up none = {0, 0, 0}, came = {7, 20, 1},
                              lost = {0, 20, 0}, died = {0, 20, 1};
    struct tr_life life;

    ck_assert(!tr_life_of(&none, &lost, 30, &life));
    ck_assert(!tr_life_of(&came, &lost, 7, &life));
    ck_assert(tr_life_of(&came, &died, 30, &life));
    ck_assert_uint_eq(life.end, TR_CAME);
    ck_assert_double_eq_tol(life.from_days, 7, 1e-12);
    ck_assert(tr_life_of(&lost, &died, 30, &life));
    ck_assert_uint_eq(life.end, TR_DIED);
    ck_assert(tr_life_of(&lost, &lost, 30, &life));
    ck_assert_uint_eq(life.end, TR_LOST);
    ck_assert(tr_life_of(&died, NULL, 30, &life));
    ck_assert_uint_eq(life.end, TR_CAME);
}
END_TEST

START_TEST(without_memory_nothing_is_measured)
{
    double weight[7], x;

    for (int i = 0; i < 4; i++) {
        struct an_arena small;

        an_arena_init(&small, 1 << 20);
        small.fail_after = i < 2 ? i : 0;
        ck_assert_int_eq(tr_incidence(&small, seven, 7, 5, &x, NULL), AN_NOMEM);
        small.fail_after = i;
        ck_assert_int_eq(tr_known_weights(&small, seven, 7, 5, weight, NULL),
                         AN_NOMEM);
        small.fail_after = i;
        ck_assert_int_eq(tr_concordance(&small, seven, 7, &x, NULL), AN_NOMEM);
        an_arena_free(&small);
    }
}
END_TEST

/* ---- a model that says the truth --------------------------------------------- */

/* What the truth is, over the normal distribution of both features. */
static double true_share(const struct tr_column *c)
{
    double sum = 0, weight = 0;

    for (int a = -50; a <= 50; a++)
        for (int b = -50; b <= 50; b++) {
            const float wide[JUDGED_WIDE] = {(float)a / 10, (float)b / 10};
            const double w = exp(-(a * a + b * b) / 200.);

            weight += w;
            sum += w * judged_risk((int)c->outcome, wide, c->horizon_days);
        }
    return sum / weight;
}

/* Half are lost within 350 days, seven of eight before the longer horizon.  The
 * mean of twenty cohorts, since the few who are left of one say little. */
START_TEST(a_model_that_says_the_truth_stays_calibrated_when_many_are_lost)
{
    enum { ROUNDS = 12, N = 4000, COLUMNS = JUDGED_OUTCOMES * JUDGED_HORIZONS };
    double share[COLUMNS] = {0}, ratio[COLUMNS] = {0}, slope[COLUMNS] = {0},
           fifth[COLUMNS] = {0};

    for (uint64_t round = 0; round < ROUNDS; round++) {
        const struct judged_how how = {.n = {0, N, N},
                                       .lost_per_day = 1 / 500.,
                                       .end_days = 3000,
                                       .seed = round << 32};
        struct tr_judgement judgement;
        struct judged j;

        judged_judge(&j, &how, &judgement);
        for (size_t i = 0; i < COLUMNS; i++) {
            const struct tr_verdict *v = &judgement.verdict[i];

            ck_assert_uint_eq(v->n_at_risk, N);
            ck_assert_uint_lt(v->n, N * 3 / 4);
            ck_assert_int_eq(v->calibration.kind, RT_CALIBRATION_LOGISTIC);
            share[i] += v->incidence / true_share(&v->column) / (double)ROUNDS;
            ratio[i] += v->model.observed_expected / ROUNDS;
            slope[i] += v->model.line.slope / ROUNDS;
            /* What a package would say to somebody of whom .2 is true. */
            fifth[i] += rt_calibrate(&v->calibration, 0.2) / ROUNDS;
            ck_assert_double_gt(v->model.concordance, 0.65);
        }
        judged_end(&j);
    }
    for (size_t i = 0; i < COLUMNS; i++) {
        ck_assert_double_eq_tol(share[i], 1, 0.04);
        ck_assert_double_eq_tol(ratio[i], 1, 0.05);
        ck_assert_double_eq_tol(slope[i], 1, 0.1);
        ck_assert_double_eq_tol(fifth[i], 0.2, 0.02);
    }
}
END_TEST

/* Of who is judged, too, the mean of many says whether a map reads high. */
START_TEST(a_map_of_many_events_does_not_read_high)
{
    enum { ROUNDS = 8, N = 6000, COLUMNS = JUDGED_OUTCOMES * JUDGED_HORIZONS };
    double ratio[COLUMNS] = {0}, isotonic[COLUMNS] = {0};

    for (uint64_t round = 0; round < ROUNDS; round++) {
        const struct judged_how how = {
            .n = {0, N, N}, .end_days = 3000, .seed = round << 32};
        struct tr_judgement judgement;
        struct judged j;

        judged_judge(&j, &how, &judgement);
        for (size_t i = 0; i < COLUMNS; i++) {
            const struct tr_verdict *v = &judgement.verdict[i];

            isotonic[i] += v->calibration.kind == RT_CALIBRATION_KNOTS;
            ratio[i] += v->model.observed_expected / ROUNDS;
        }
        judged_end(&j);
    }
    /* Those of the longer horizon, and not only they. */
    for (size_t i = 1; i < COLUMNS; i += JUDGED_HORIZONS) {
        ck_assert_double_gt(isotonic[i], ROUNDS - 0.5);
        ck_assert_double_eq_tol(ratio[i], 1, 0.012);
    }
}
END_TEST

/* Each with its interval; who treats all has no benefit at the share. */
static void check_calibration(const struct tr_verdict *v)
{
    const struct tr_score_of *s = &v->model;

    ck_assert_double_lt(s->observed_expected_interval.low,
                        s->observed_expected);
    ck_assert_double_gt(s->observed_expected_interval.high,
                        s->observed_expected);
    ck_assert_double_lt(s->slope_interval.low, s->line.slope);
    ck_assert_double_gt(s->slope_interval.high, s->line.slope);
    ck_assert_double_lt(s->ici, 0.06);
    for (int k = 0; k < TR_CONFIGURED; k++) {
        const struct tr_benefit *b = &s->benefit[k];

        ck_assert_double_eq_tol(b->threshold, (1 + k) * v->incidence, 1e-12);
        ck_assert_double_gt(b->by_risk, fmax(b->all, 0));
    }
    ck_assert(isnan(s->benefit[TR_CONFIGURED].by_risk));
    ck_assert_double_eq_tol(s->benefit[0].all, 0, 1e-12);
}

START_TEST(where_nobody_is_lost_the_figures_are_the_plain_ones)
{
    const struct judged_how how = {.n = {0, 500, 700}, .end_days = 2000};
    struct tr_judgement judgement;
    struct judged j;

    judged_judge(&j, &how, &judgement);
    for (size_t i = 0; i < judgement.n; i++) {
        const struct tr_verdict *v = &judgement.verdict[i];
        double expected = 0, square = 0;

        ck_assert_uint_eq(v->n, v->n_at_risk);
        ck_assert_double_eq_tol(v->incidence, (double)v->events / (double)v->n,
                                1e-12);
        for (size_t q = 0; q < judgement.test.n; q++) {
            const size_t at = q * judgement.n + i;
            const double p =
                rt_calibrate(&v->calibration, judgement.test.p_qc[at]);

            expected += p;
            square += pow(p - judgement.test.answer_qc[at], 2);
        }
        ck_assert_double_eq_tol(v->model.observed_expected,
                                (double)v->events / expected, 1e-12);
        ck_assert_double_eq_tol(v->model.brier, square / (double)v->n, 1e-12);
        check_calibration(v);
    }
    judged_end(&j);
}
END_TEST

Suite *trainer_survival_suite(void)
{
    const TTest *const tests[] = {
        incidence_is_as_worked_out_by_hand,
        incidence_of_death_is_one_less_the_product_limit,
        who_enters_later_is_at_risk_from_then_on,
        weights_are_as_worked_out_by_hand,
        concordance_is_as_worked_out_by_hand,
        concordance_is_that_of_two_loops,
        weighted_answers_give_the_incidence,
        where_nobody_is_lost_all_weigh_the_same,
        a_life_is_of_whom_is_at_risk_and_ends_once,
        without_memory_nothing_is_measured,
    };
    const TTest *const truth[] = {
        a_model_that_says_the_truth_stays_calibrated_when_many_are_lost,
        a_map_of_many_events_does_not_read_high,
        where_nobody_is_lost_the_figures_are_the_plain_ones};
    Suite *s =
        test_suite_around("trainer/survival", tests,
                          sizeof(tests) / sizeof(tests[0]), set_up, tear_down);
    TCase *tc = tcase_create("truth");

    tcase_set_timeout(tc, 120);
    for (size_t i = 0; i < sizeof(truth) / sizeof(truth[0]); i++)
        tcase_add_test(tc, truth[i]);
    suite_add_tcase(s, tc);
    return s;
}
