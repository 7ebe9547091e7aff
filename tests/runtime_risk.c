/* SPDX-License-Identifier: Apache-2.0 */
/* Probabilities, ranking, attribution, abstention. */
#include "runtime/abstain.h"
#include "runtime/attribute.h"
#include "runtime/rank.h"
#include "runtime/risk.h"
#include "runtime/rollout.h"
#include "tests/model_random.h"
#include "tests/suite.h"

#include <math.h>

Suite *runtime_risk_suite(void);

static struct rt_shape hazards(int outcomes, int death)
{
    return (struct rt_shape){.outcomes = outcomes,
                             .bins = 6,
                             .death = death,
                             .bin_edge_days = RT_BINS_DEFAULT};
}

/* Two bins worked by hand: hazards .02 and .01 per day for the outcome, .03
 * and .05 for death.  By day 5: bin 0 lasts 1 day, bin 1 four of its six.
 *   bin 0: .02/.05 (1 - e^-.05)                  = .4 * .0487706 = .0195082
 *   bin 1: .01/.06 (1 - e^-.24) e^-.05
 *        = .1666667 * .2133721 * .9512294        = .0338276
 * together .0533358; without death: 1 - e^-(.02 + .04) = .0582355. */
START_TEST(risk_equals_a_hand_worked_example)
{
    struct rt_shape s = hazards(2, 1);
    float log_hazard[12];

    for (int j = 0; j < 6; j++) {
        log_hazard[j] = logf(j == 0 ? 0.02F : 0.01F);
        log_hazard[6 + j] = logf(j == 0 ? 0.03F : 0.05F);
    }
    ck_assert_double_lt(fabs(rt_risk(&s, log_hazard, 0, 5) - 0.0533358), 1e-6);
    ck_assert_double_lt(
        fabs(rt_risk(&s, log_hazard, 1, 5) - (1 - exp(-0.03 - 0.2))), 1e-6);
    s.death = -1;
    ck_assert_double_lt(fabs(rt_risk(&s, log_hazard, 0, 5) - 0.0582355), 1e-6);
}
END_TEST

static double rate_at(const float *log_hazard_j, double day)
{
    static const double edge[6] = RT_BINS_DEFAULT;
    int j = 5;

    while (day < edge[j])
        j--;
    return exp((double)log_hazard_j[j]);
}

/* Small steps of time: alive without either, times the hazard. */
START_TEST(risk_equals_numeric_integration)
{
    struct rt_shape s = hazards(3, 2);
    struct test_random r = {5};

    for (int round = 0; round < 20; round++) {
        const double horizon = 1 + 700 * test_uniform(&r), step = horizon / 2e5;
        float log_hazard[18];
        double alive = 1, p = 0;

        for (int i = 0; i < 18; i++)
            log_hazard[i] = (float)(-6 + 1.5 * test_normal(&r));
        for (double day = step / 2; day < horizon; day += step) {
            const double own = rate_at(log_hazard, day);
            const double all = own + rate_at(log_hazard + 12, day);

            p += alive * exp(-all * step / 2) * own * step;
            alive *= exp(-all * step);
        }
        ck_assert_double_lt(fabs(rt_risk(&s, log_hazard, 0, horizon) - p),
                            1e-4);
    }
}
END_TEST

START_TEST(risk_is_a_probability_and_rises_with_time)
{
    struct rt_shape s = hazards(3, 2);
    struct test_random r = {6};

    for (int round = 0; round < 300; round++) {
        const double spread = round % 3 == 0 ? 60 : 4;
        float log_hazard[18];
        double last = 0;

        for (int i = 0; i < 18; i++)
            log_hazard[i] = (float)(-5 + spread * test_normal(&r));
        for (double day = 0; day < 4000; day = day * 1.7 + 0.3)
            for (int k = 0; k < 3; k++) {
                const double p = rt_risk(&s, log_hazard, k, day);
                const double dead = rt_risk_death_first(&s, log_hazard, k, day);

                ck_assert(p >= 0 && p <= 1);
                ck_assert(dead >= 0 && p + dead <= 1);
                ck_assert(k > 0 || p >= last - 1e-12);
                last = k == 0 ? p : last;
            }
    }
}
END_TEST

START_TEST(burden_is_the_log_of_the_hazard_added_up)
{
    struct rt_shape s = hazards(1, -1);
    const float log_hazard[6] = {-2, -3, -4, -900, 800, 0};

    ck_assert_double_lt(fabs(rt_log_burden(&s, log_hazard, 0, 20) -
                             log(exp(-2) + 6 * exp(-3) + 13 * exp(-4))),
                        1e-9);
    ck_assert_double_lt(fabs(rt_log_burden(&s, log_hazard, 0, 91) - 800), 1e-6);
}
END_TEST

START_TEST(calibration_is_monotone_or_refused)
{
    const double from[3] = {0.1, 0.2, 0.6}, to[3] = {0.05, 0.2, 0.3};
    const double falls[3] = {0.05, 0.2, 0.1};
    struct rt_calibration c = {
        .kind = RT_CALIBRATION_KNOTS, .from = from, .to = to, .n = 3};
    struct rt_calibration l = {.kind = RT_CALIBRATION_LOGISTIC, .slope = 1};
    const struct rt_calibration none = {0};

    ck_assert_int_eq(rt_calibration_check(&c, NULL), AN_OK);
    ck_assert_double_eq(rt_calibrate(&c, 0), 0.05);
    ck_assert_double_lt(fabs(rt_calibrate(&c, 0.15) - 0.125), 1e-12);
    ck_assert_double_lt(fabs(rt_calibrate(&c, 0.4) - 0.25), 1e-12);
    ck_assert_double_eq(rt_calibrate(&c, 1), 0.3);
    c.to = falls;
    ck_assert_int_eq(rt_calibration_check(&c, NULL), AN_CONFIG);
    c.n = 0;
    ck_assert_int_eq(rt_calibration_check(&c, NULL), AN_CONFIG);
    ck_assert_double_lt(fabs(rt_calibrate(&l, 0.3) - 0.3), 1e-12);
    l.intercept = log(2);
    ck_assert_double_lt(fabs(rt_calibrate(&l, 0.5) - 2.0 / 3), 1e-12);
    ck_assert_double_eq(rt_calibrate(&l, 0), 0);
    ck_assert_double_eq(rt_calibrate(&l, 1), 1);
    l.slope = -1;
    ck_assert_int_eq(rt_calibration_check(&l, NULL), AN_CONFIG);
    ck_assert_double_eq(rt_calibrate(&none, 0.7), 0.7);
}
END_TEST

START_TEST(ranks_the_listed_concepts_only)
{
    const float log_rate[6] = {-3, -1, -2, 9, -1, -7};
    const int32_t among[5] = {0, 4, 2, 1, 5};
    const double e[5] = {exp(-1), exp(-1), exp(-2), exp(-3), exp(-7)};
    double sum = 0, total = 0;
    struct rt_next next[8];

    for (int i = 0; i < 5; i++)
        sum += e[i];
    ck_assert_uint_eq(rt_rank(log_rate, among, 5, 2, next, 3), 3);
    ck_assert_int_eq(next[0].concept, 1);
    ck_assert_int_eq(next[1].concept, 4);
    ck_assert_int_eq(next[2].concept, 2);
    ck_assert_double_lt(fabs(next[0].p - e[0] / sum * (1 - exp(-2 * sum))),
                        1e-9);
    ck_assert_uint_eq(rt_rank(log_rate, among, 5, 1e9, next, 8), 5);
    ck_assert_int_eq(next[4].concept, 5);
    for (int i = 0; i < 5; i++)
        total += next[i].p;
    ck_assert_double_lt(fabs(total - 1), 1e-12);
    ck_assert_uint_eq(rt_rank(log_rate, among, 0, 1, next, 8), 0);
}
END_TEST

/* Shares .64, .24, .09, .03 of the four; a threshold above all names one. */
START_TEST(needs_the_candidates_whose_share_is_enough)
{
    const float log_rate[6] = {-3, -1, 9, -2, -4, 5};
    const int32_t among[4] = {4, 0, 3, 1};
    const double share = exp(-1) / (1 - exp(-4)) * (1 - exp(-1));
    static const struct {
        double threshold;
        size_t n;
    } cases[] = {{0, 4},    {0.03, 4}, {0.05, 3}, {0.2, 2},
                 {0.64, 1}, {0.65, 1}, {1, 1}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_uint_eq(
            rt_rank_needed(log_rate, among, 4, cases[i].threshold), cases[i].n);
    ck_assert_uint_eq(rt_rank_needed(log_rate, among, 4, share - 1e-9), 2);
    ck_assert_uint_eq(rt_rank_needed(log_rate, among, 4, share + 1e-9), 1);
    ck_assert_uint_eq(rt_rank_needed(log_rate, among, 0, 0.5), 0);
    /* Who has just the share is one of them. */
    ck_assert_uint_eq(rt_rank_needed((const float[]){-2, -2},
                                     (const int32_t[]){0, 1}, 2, 0.5),
                      2);
}
END_TEST

static const struct {
    struct rt_record_facts facts;
    enum ctx_abstention want;
} records[] = {
    {{2, 50, 0, 50}, CTX_ABSTAIN_SHORT_HISTORY},
    {{3, 0, 0, 50}, CTX_ABSTAIN_UNKNOWN_CODES},
    {{3, 7, 3, 50}, CTX_ABSTAIN_NONE},
    {{3, 6, 3, 50}, CTX_ABSTAIN_UNKNOWN_CODES},
    {{3, 9, 0, 17.9}, CTX_ABSTAIN_OUT_OF_POPULATION},
    {{3, 9, 0, 91}, CTX_ABSTAIN_OUT_OF_POPULATION},
    {{3, 9, 0, (double)NAN}, CTX_ABSTAIN_OUT_OF_POPULATION},
};

START_TEST(abstains_outside_its_limits)
{
    const struct rt_limits limits = {3, 0.3, 18, 90, 0};

    ck_assert_int_eq(rt_abstain(&limits, &records[_i].facts), records[_i].want);
}
END_TEST

struct scene {
    struct an_arena arena;
    struct rt_model m;
    struct rt_history h;
    struct rt_query q;
};

static void scene_init(struct scene *s)
{
    struct test_random r = {21};
    struct rt_shape shape = test_shape();

    an_arena_init(&s->arena, 64 << 20);
    test_model(&s->m, &s->arena, &shape, &r);
    s->h = test_history(&s->arena, &shape, 12, &r);
    s->q = (struct rt_query){11, test_wide(&s->arena, &shape, &r)};
}

/* Effects of groups on all outcomes by one horizon, from a workspace of some
 * size. */
static void effects(struct scene *s, struct rt_workspace *ws,
                    const struct rt_group *group, size_t n, double horizon_days,
                    double *effect_gk)
{
    const struct rt_ask ask = {&s->h, &s->q, 1};
    float whole[18], *without = an_arena_get(&s->arena, n, sizeof(whole));
    struct rt_past past;

    ck_assert_int_eq(rt_past_init(&past, &s->arena, &s->m.shape, 12, NULL),
                     AN_OK);
    ck_assert_int_eq(
        rt_forward_keep(&s->m, ws, &past, &ask, RT_WANT_HAZARDS, NULL), AN_OK);
    memcpy(whole, ws->log_hazard_qkj, sizeof(whole));
    ck_assert_int_eq(rt_leave_out(&s->m, ws, &past, &s->arena, &s->h, &s->q,
                                  group, n, without, NULL),
                     AN_OK);
    for (size_t g = 0; g < n; g++)
        for (int k = 0; k < 3; k++)
            effect_gk[g * 3 + (size_t)k] = rt_effect(
                &s->m.shape, whole, without + g * 18, k, horizon_days);
}

START_TEST(attribution_is_the_difference_that_leaving_out_makes)
{
    struct scene s;
    struct rt_workspace ws, small;
    uint32_t item[64];
    struct rt_group group[4];
    double effect[4 * 3], again[4 * 3];

    scene_init(&s);
    for (uint32_t i = 0; i < 64; i++)
        item[i] = i;
    group[0] = (struct rt_group){NULL, 0, s.q.wide};
    group[1] = (struct rt_group){item, 3, s.q.wide};
    group[2] = (struct rt_group){item + 5, 4, s.q.wide};
    group[3] = (struct rt_group){item, s.h.n_items, s.q.wide};
    ck_assert_uint_le(s.h.n_items, 64);
    ck_assert_int_eq(rt_workspace_init(&ws, &s.arena, &s.m.shape, 60, 5, NULL),
                     AN_OK);
    ck_assert_int_eq(
        rt_workspace_init(&small, &s.arena, &s.m.shape, 12, 1, NULL), AN_OK);
    effects(&s, &ws, group, 4, 30, effect);
    effects(&s, &small, group, 4, 30, again);
    for (int k = 0; k < 3; k++) {
        ck_assert_double_lt(fabs(effect[k]), 1e-4);
        ck_assert_double_gt(fabs(effect[3 + k]), 1e-4);
    }
    for (int i = 0; i < 12; i++)
        ck_assert_double_lt(fabs(effect[i] - again[i]), 1e-4);
    an_arena_free(&s.arena);
}
END_TEST

/* The third moment, taken out by hand: the gaps around it join. */
START_TEST(a_moment_that_loses_its_items_was_never_recorded)
{
    enum { GONE = 2 };
    struct scene s;
    struct rt_workspace ws;
    struct rt_position position[11];
    struct rt_item *item;
    uint32_t index[8];
    struct rt_group group = {index, 0, NULL};
    double effect[3];
    float whole[18];
    struct rt_history cut;
    struct rt_query q;
    struct rt_ask ask = {&cut, &q, 1}, whole_ask;
    uint32_t lost;

    scene_init(&s);
    lost = s.h.position[GONE].n_items;
    ck_assert(lost > 0 && lost <= 8);
    group.wide = s.q.wide;
    group.n_items = lost;
    item = an_arena_get(&s.arena, s.h.n_items, sizeof(*item));
    for (uint32_t i = 0, n = 0; i < s.h.n_items; i++)
        if (i - s.h.position[GONE].first_item >= lost)
            item[n++] = s.h.item[i];
    for (uint32_t i = 0; i < lost; i++)
        index[i] = s.h.position[GONE].first_item + i;
    for (int i = 0; i < 11; i++) {
        position[i] = s.h.position[i < GONE ? i : i + 1];
        position[i].first_item -= i < GONE ? 0 : lost;
    }
    position[GONE].since_previous_days +=
        s.h.position[GONE].since_previous_days;
    cut = (struct rt_history){position, 11, item, s.h.n_items - lost};
    q = (struct rt_query){10, s.q.wide};
    ck_assert_int_eq(rt_workspace_init(&ws, &s.arena, &s.m.shape, 12, 1, NULL),
                     AN_OK);
    effects(&s, &ws, &group, 1, 30, effect);
    whole_ask = (struct rt_ask){&s.h, &s.q, 1};
    ck_assert_int_eq(
        rt_forward(&s.m, &ws, &whole_ask, 1, RT_WANT_HAZARDS, NULL), AN_OK);
    memcpy(whole, ws.log_hazard_qkj, sizeof(whole));
    ck_assert_int_eq(rt_forward(&s.m, &ws, &ask, 1, RT_WANT_HAZARDS, NULL),
                     AN_OK);
    for (int k = 0; k < 3; k++)
        ck_assert_double_lt(
            fabs(effect[k] -
                 (rt_log_burden(&s.m.shape, whole, k, 30) -
                  rt_log_burden(&s.m.shape, ws.log_hazard_qkj, k, 30))),
            1e-4);
    an_arena_free(&s.arena);
}
END_TEST

START_TEST(attribution_of_the_wide_branch_is_its_own_weight)
{
    struct scene s;
    struct rt_workspace ws;
    struct rt_group group;
    float other[9];
    double effect[3];

    scene_init(&s);
    memcpy(other, s.q.wide, sizeof(other));
    other[4] -= 2;
    group = (struct rt_group){NULL, 0, other};
    ck_assert_int_eq(rt_workspace_init(&ws, &s.arena, &s.m.shape, 12, 1, NULL),
                     AN_OK);
    effects(&s, &ws, &group, 1, 30, effect);
    for (int k = 0; k < 3; k++)
        ck_assert_double_lt(fabs(effect[k] - 2 * (double)s.m.w.wide[k * 9 + 4]),
                            1e-4);
    an_arena_free(&s.arena);
}
END_TEST

/* R's binom::binom.wilson. */
START_TEST(wilson_intervals_are_those_of_the_books)
{
    static const struct {
        size_t with, n;
        double low, high;
    } known[] = {{0, 10, 0, 0.2775328},
                 {5, 10, 0.2365931, 0.7634069},
                 {10, 10, 0.7224672, 1},
                 {0, 0, 0, 1}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        double low, high;

        rt_wilson(known[i].with, known[i].n, &low, &high);
        ck_assert_double_eq_tol(low, known[i].low, 1e-6);
        ck_assert_double_eq_tol(high, known[i].high, 1e-6);
    }
}
END_TEST

Suite *runtime_risk_suite(void)
{
    const TTest *const test[] = {
        risk_equals_a_hand_worked_example,
        risk_equals_numeric_integration,
        risk_is_a_probability_and_rises_with_time,
        burden_is_the_log_of_the_hazard_added_up,
        calibration_is_monotone_or_refused,
        ranks_the_listed_concepts_only,
        needs_the_candidates_whose_share_is_enough,
        attribution_is_the_difference_that_leaving_out_makes,
        a_moment_that_loses_its_items_was_never_recorded,
        attribution_of_the_wide_branch_is_its_own_weight,
        wilson_intervals_are_those_of_the_books};
    Suite *s = TEST_SUITE("runtime/risk", test);
    TCase *tc = tcase_create("records");

    tcase_add_loop_test(tc, abstains_outside_its_limits, 0,
                        (int)(sizeof(records) / sizeof(*records)));
    suite_add_tcase(s, tc);
    return s;
}
