/* SPDX-License-Identifier: Apache-2.0 */
/* The interval that a package says around a risk, where the truth is known. */
#include "tests/judged.h"
#include "tests/suite.h"
#include "trainer/evaluate/calibration.h"

Suite *trainer_spread_suite(void);

enum { COLUMNS = JUDGED_OUTCOMES * JUDGED_HORIZONS };

/* Of each kind of map, how many test patients were told something, and of how
 * many the interval held the truth. */
struct covered {
    double said[3], held[3];
};

/* The model says the truth before calibration, so that all that is wrong with
 * what is said is the map's. */
static void cover(const struct judged_how *how, struct covered *c)
{
    struct tr_judgement judgement;
    struct judged j;

    judged_judge(&j, how, &judgement);
    for (size_t q = 0; q < judgement.test.n; q++)
        for (size_t i = 0; i < COLUMNS; i++) {
            const struct rt_calibration *map =
                &judgement.verdict[i].calibration;
            const double truth = judgement.test.p_qc[q * COLUMNS + i];
            double low, high;

            rt_calibration_interval(map, rt_calibrate(map, truth), &low, &high);
            c->said[map->kind]++;
            c->held[map->kind] += low <= truth && truth <= high;
        }
    judged_end(&j);
}

/* Of every second cohort many are lost. */
static struct covered cover_all(size_t n_tune, int rounds)
{
    struct covered c = {{0}, {0}};

    for (int round = 0; round < rounds; round++) {
        const struct judged_how how = {.n = {0, n_tune, 400},
                                       .lost_per_day =
                                           round % 2 ? 1 / 1500. : 0,
                                       .end_days = 3000,
                                       .seed = (uint64_t)(round + 1) << 32};

        cover(&how, &c);
    }
    return c;
}

/* From too few for a line to enough for knots.  Where nothing is fitted,
 * nothing is off. */
START_TEST(an_interval_holds_the_truth_as_often_as_it_says)
{
    const struct {
        size_t n_tune;
        int rounds, kind;
    } of[] = {{40, 30, RT_CALIBRATION_LOGISTIC},
              {150, 30, RT_CALIBRATION_LOGISTIC},
              {1000, 16, RT_CALIBRATION_LOGISTIC},
              {5000, 10, RT_CALIBRATION_KNOTS}};
    const int i = _i;
    const struct covered c = cover_all(of[i].n_tune, of[i].rounds);
    const double share = c.held[of[i].kind] / c.said[of[i].kind];

    ck_assert_double_gt(c.said[of[i].kind], 5000);
    ck_assert_msg(share > 0.93 && share < 0.975, "%zu: %.4f", of[i].n_tune,
                  share);
}
END_TEST

START_TEST(without_memory_knots_have_no_spread)
{
    static const double from[2] = {.2, .6}, to[2] = {.3, .5};
    const struct rt_calibration map = {
        .kind = RT_CALIBRATION_KNOTS, .from = from, .to = to, .n = 2};
    const struct tr_point point[2] = {{.2, 1, 0, 0}, {.6, 1, 1, 1}};

    for (int i = 0; i < 4; i++) {
        struct an_arena small;
        double spread;

        an_arena_init(&small, 4 << 20);
        small.fail_after = i < 3 ? i : -1;
        ck_assert_int_eq(
            tr_knots_spread(&small, point, 2, &map, .1, 2, 1, &spread, NULL),
            i < 3 ? AN_NOMEM : AN_OK);
        an_arena_free(&small);
    }
}
END_TEST

Suite *trainer_spread_suite(void)
{
    Suite *s = suite_create("trainer/spread");
    TCase *tc = tcase_create("truth");

    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, an_interval_holds_the_truth_as_often_as_it_says, 0,
                        4);
    tcase_add_test(tc, without_memory_knots_have_no_spread);
    suite_add_tcase(s, tc);
    return s;
}
