/* SPDX-License-Identifier: Apache-2.0 */
/* Reasons and their weights beside Shapley's value by its definition: all
 * orders in which the concepts of a history could have come, each history
 * computed again in plain loops. */
#include "runtime/reasons.h"
#include "runtime/reference.h"
#include "runtime/risk.h"
#include "tests/model_random.h"
#include "tests/suite.h"

#include <math.h>
#include <string.h>

Suite *runtime_reasons_suite(void);

enum { LENGTH = 14, KJ = 18, MOST = 10, OUTCOMES = 3 };

/* Rows that the tests plan something for; features 1 to 4 look at rows 1 to 4.
 */
enum { TWIN_A = 1, TWIN_B = 2, IDLE = 12 };

static struct an_arena arena;
static struct rt_model m;
static float *weights;
static struct rt_workspace ws;
static struct rt_past past, bare;
static struct rt_position position[LENGTH];
static struct rt_item item[4 * LENGTH];
static struct rt_history h;
static struct rt_feature feature[9];
static float wide[9], whole[KJ];
static struct rt_subject x;
static struct rt_reasons reasons;

static void set_up(uint64_t seed)
{
    const struct rt_shape shape = test_shape();
    struct test_random r = {seed};

    an_arena_init(&arena, 64 << 20);
    weights = test_model(&m, &arena, &shape, &r);
    ck_assert_int_eq(rt_workspace_init(&ws, &arena, &shape, 256, 16, NULL),
                     AN_OK);
    ck_assert_int_eq(rt_past_init(&past, &arena, &shape, LENGTH, NULL), AN_OK);
    ck_assert_int_eq(rt_past_init(&bare, &arena, &shape, LENGTH, NULL), AN_OK);
    for (int i = 0; i < 9; i++)
        feature[i] = (struct rt_feature){
            i && i < 5 ? RT_FEATURE_EVER : RT_FEATURE_AGE, i, 0, 50, 10};
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static void put(int32_t concept)
{
    struct rt_position *p = &position[h.n_positions - 1];

    if (p->n_items++ == 0)
        p->first_item = (uint32_t)h.n_items;
    item[h.n_items++] = (struct rt_item){
        concept, {RT_NO_ROW, RT_NO_ROW, RT_NO_ROW, RT_NO_ROW}, RT_NO_ROW, 0, 0};
}

static void next_position(struct test_random *r)
{
    const double gap = h.n_positions ? 1 + 60 * test_uniform(r) : 0;
    const double day =
        h.n_positions ? position[h.n_positions - 1].time_days + gap : 0;

    position[h.n_positions++] =
        (struct rt_position){.time_days = day,
                             .age_days = (float)(day + 15000),
                             .since_previous_days = (float)gap,
                             .since_admission_days = -1,
                             .first_item = (uint32_t)h.n_items};
}

/* Some of the concepts 1 to n at each position, the first item of no concept;
 * the twins always together. */
static void invent(size_t n_concepts, uint64_t seed)
{
    struct test_random r = {seed};

    h = (struct rt_history){position, 0, item, 0};
    for (int i = 0; i < LENGTH; i++) {
        const int32_t one = 1 + i % (int)n_concepts;

        next_position(&r);
        if (i == 0)
            put(RT_NO_ROW);
        if (one != TWIN_B)
            put(one);
        if (one == TWIN_A)
            put(TWIN_B);
        if (test_below(&r, 3) == 0 && n_concepts > 2)
            put(3 + test_below(&r, (int)n_concepts - 2));
    }
}

/* What is known of the history as it now stands. */
static void begin(void)
{
    const struct rt_query q = {(uint32_t)h.n_positions - 1, wide};
    const struct rt_ask ask = {&h, &q, 1};

    rt_wide(feature, 9, &h, h.n_positions - 1, wide);
    ck_assert_int_eq(
        rt_forward_keep(&m, &ws, &past, &ask, RT_WANT_HAZARDS, NULL), AN_OK);
    memcpy(whole, ws.log_hazard_qkj, sizeof(whole));
    x = (struct rt_subject){.model = &m,
                            .ws = &ws,
                            .past = &past,
                            .bare = &bare,
                            .feature = feature,
                            .n_features = 9,
                            .history = &h,
                            .wide = wide,
                            .whole_kj = whole};
    ck_assert_int_eq(rt_reasons_find(&arena, &x, &reasons, NULL), AN_OK);
}

/* ---- by definition ---------------------------------------------------------- */

static bool is_gone(int32_t concept, const int32_t *gone, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (gone[i] == concept)
            return true;
    return false;
}

/* The rest, in p and left, with or without the moments that lose all. */
static struct rt_history rest_of(const int32_t *gone, size_t n_gone,
                                 bool all_moments, struct rt_position *p,
                                 struct rt_item *left)
{
    struct rt_history rest = {p, 0, left, 0};
    float gap = 0;

    for (size_t i = 0; i < h.n_positions; i++) {
        struct rt_position at = h.position[i];

        at.first_item = (uint32_t)rest.n_items;
        at.n_items = 0;
        for (uint32_t k = 0; k < h.position[i].n_items; k++) {
            const struct rt_item *one = &h.item[h.position[i].first_item + k];

            if (is_gone(one->concept, gone, n_gone))
                continue;
            left[rest.n_items++] = *one;
            at.n_items++;
        }
        gap += at.since_previous_days;
        if (!all_moments && at.n_items == 0 && h.position[i].n_items &&
            i + 1 < h.n_positions)
            continue;
        at.since_previous_days = gap;
        gap = 0;
        p[rest.n_positions++] = at;
    }
    return rest;
}

static void again(const int32_t *gone, size_t n_gone, float *hazard)
{
    struct rt_position p[LENGTH];
    struct rt_item left[4 * LENGTH];
    float known[9], h_tc[LENGTH * 24];
    struct rt_history rest = rest_of(gone, n_gone, true, p, left);

    rt_wide(feature, 9, &rest, h.n_positions - 1, known);
    rest = rest_of(gone, n_gone, false, p, left);
    ck_assert_int_eq(rt_reference_trunk(&m, &rest, NULL, &arena, h_tc, NULL),
                     AN_OK);
    rt_reference_hazards(&m, h_tc + (rest.n_positions - 1) * 24, known, hazard);
}

static double burden(const int32_t *gone, size_t n, int outcome)
{
    float hazard[KJ];

    again(gone, n, hazard);
    return rt_log_burden(&m.shape, hazard, outcome, 365);
}

/* f of each set of absent reasons. */
static double value_of[1 << MOST];

static void all_sets(int outcome)
{
    for (uint32_t set = 0; set < UINT32_C(1) << reasons.n; set++) {
        int32_t gone[MOST];
        size_t n = 0;

        for (size_t g = 0; g < reasons.n; g++)
            if (set >> g & 1)
        gone[n++] = reasons.concept[g];
        value_of[set] = burden(gone, n, outcome);
    }
}

/* The sum of the gains over all orders in which the rest goes, one by one. */
static double orders_from(uint32_t absent, size_t n, double *sum_g)
{
    double orders = 0;

    if (absent == (UINT32_C(1) << n) - 1)
        return 1;
    for (size_t g = 0; g < n; g++) {
        const uint32_t less = absent | UINT32_C(1) << g;
        double count;

        if (less == absent)
            continue;
        count = orders_from(less, n, sum_g);
        sum_g[g] += count * (value_of[absent] - value_of[less]);
        orders += count;
    }
    return orders;
}

static void by_definition(size_t n, double *weight_g)
{
    double orders;

    memset(weight_g, 0, MOST * sizeof(*weight_g));
    orders = orders_from(0, n, weight_g);
    for (size_t g = 0; g < n; g++)
        weight_g[g] /= orders;
}

static void weigh_values(size_t n, double *weight_g)
{
    uint32_t absent[RT_MAX_ABSENCES];
    double value_a[RT_MAX_ABSENCES];
    const size_t n_absent = rt_absences(n, absent);

    for (size_t a = 0; a < n_absent; a++)
        value_a[a] = value_of[absent[a]];
    rt_shapley(n, value_of[0], value_a, weight_g);
}

static double sum_of(const double *weight_g, size_t n)
{
    double sum = 0;

    for (size_t g = 0; g < n; g++)
        sum += weight_g[g];
    return sum;
}

static size_t reason_of(int32_t concept)
{
    size_t i = 0;

    while (i < reasons.n && reasons.concept[i] != concept)
        i++;
    ck_assert_uint_lt(i, reasons.n);
    return i;
}

/* ---- games without a model --------------------------------------------------- */

START_TEST(any_game_of_few_is_shapleys)
{
    struct test_random r = {11};

    for (size_t n = 0; n <= RT_EXACT_GROUPS; n++)
        for (int round = 0; round < 20; round++) {
            double got[MOST], want[MOST];

            for (size_t set = 0; set < (size_t)1 << n; set++)
                value_of[set] = test_normal(&r);
            weigh_values(n, got);
            by_definition(n, want);
            for (size_t g = 0; g < n; g++)
                ck_assert_double_eq_tol(got[g], want[g], 1e-12);
        }
}
END_TEST

/* Singles and pairs at random: the weight is what one does alone, and half of
 * what it does with each other. */
START_TEST(a_game_of_pairs_of_many_is_shapleys)
{
    struct test_random r = {12};

    for (size_t n = RT_EXACT_GROUPS + 1; n <= MOST; n++) {
        double alone[MOST], pair[MOST][MOST], got[MOST];

        for (size_t i = 0; i < n; i++) {
            alone[i] = test_normal(&r);
            for (size_t k = 0; k < i; k++)
                pair[i][k] = pair[k][i] = test_normal(&r);
            pair[i][i] = 0;
        }
        for (size_t set = 0; set < (size_t)1 << n; set++) {
            value_of[set] = 0;
            for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k <= i && !(set >> i & 1); k++)
                    value_of[set] += k == i         ? alone[i]
                                     : set >> k & 1 ? 0
                                                    : pair[i][k];
        }
        weigh_values(n, got);
        for (size_t i = 0; i < n; i++) {
            double want = alone[i];

            for (size_t k = 0; k < n; k++)
                want += pair[i][k] / 2;
            ck_assert_double_eq_tol(got[i], want, 1e-9);
        }
    }
}
END_TEST

/* Three that say the same have a third each, the idle nothing. */
START_TEST(what_three_say_is_shared_and_the_idle_have_nothing)
{
    double got[8];

    for (size_t set = 0; set < 1 << 8; set++)
        value_of[set] = ((set & 7) != 7 ? 3 : 0) + (set & 8 ? 0 : -2);
    weigh_values(8, got);
    for (size_t g = 0; g < 3; g++)
        ck_assert_double_eq_tol(got[g], 1, 1e-12);
    ck_assert_double_eq_tol(got[3], -2, 1e-12);
    for (size_t g = 4; g < 8; g++)
        ck_assert_double_eq(got[g], 0);
}
END_TEST

/* What is lacking to the sum is laid on only as far as the gains allow. */
START_TEST(no_weight_leaves_its_two_gains)
{
    struct test_random r = {13};

    for (int round = 0; round < 200; round++) {
        double got[7];

        for (size_t set = 0; set < 1 << 7; set++)
            value_of[set] = test_normal(&r);
        weigh_values(7, got);
        for (size_t g = 0; g < 7; g++) {
            const double last = value_of[0] - value_of[1 << g];
            const double first = value_of[127 ^ 1 << g] - value_of[127];

            ck_assert_double_ge(got[g], fmin(first, last) - 1e-12);
            ck_assert_double_le(got[g], fmax(first, last) + 1e-12);
        }
    }
}
END_TEST

/* ---- of a model --------------------------------------------------------------- */

START_TEST(few_reasons_weigh_what_the_definition_says)
{
    const size_t n = (size_t)_i + 1;
    double got[MOST], want[MOST];

    set_up((uint64_t)_i + 20);
    invent(n, (uint64_t)_i + 30);
    begin();
    ck_assert_uint_eq(reasons.n, n > 1 ? n : 2);
    for (int k = 0; k < OUTCOMES; k++) {
        all_sets(k);
        by_definition(reasons.n, want);
        rt_reasons_weigh(&x, &reasons, k, 365, got);
        for (size_t g = 0; g < reasons.n; g++) {
            ck_assert_double_eq_tol(got[g], want[g], 1e-4);
            ck_assert_double_gt(fabs(want[g]), 1e-4);
        }
        ck_assert_double_eq_tol(sum_of(got, reasons.n),
                                value_of[0] - value_of[(1 << reasons.n) - 1],
                                1e-4);
    }
    tear_down();
}
END_TEST

/* More of them: what rt_absences asks for is what the passes give, from either
 * past. */
START_TEST(many_reasons_weigh_what_their_gains_say)
{
    double got[MOST], want[MOST];

    set_up((uint64_t)_i + 40);
    invent(6 + (size_t)_i, (uint64_t)_i + 50);
    begin();
    ck_assert_uint_eq(reasons.n, 6 + (size_t)_i);
    all_sets(_i % OUTCOMES);
    weigh_values(reasons.n, want);
    rt_reasons_weigh(&x, &reasons, _i % OUTCOMES, 365, got);
    for (size_t g = 0; g < reasons.n; g++)
        ck_assert_double_eq_tol(got[g], want[g], 1e-4);
    tear_down();
}
END_TEST

/* Two codes of one lab: rows that are equal, always recorded together. */
static void make_twins(void)
{
    const size_t c = (size_t)m.shape.channels, w = (size_t)m.shape.wide;

    memcpy(weights + (m.w.embed - weights) + TWIN_B * c, m.w.embed + TWIN_A * c,
           c * sizeof(float));
    for (size_t k = 0; k < OUTCOMES; k++)
        weights[(size_t)(m.w.wide - weights) + k * w + TWIN_B] =
            m.w.wide[k * w + TWIN_A];
}

START_TEST(two_codes_of_one_lab_weigh_the_same)
{
    static const int32_t twins[] = {TWIN_A, TWIN_B};
    /* Only the two; a few; and more than are exact. */
    static const size_t n_concepts[] = {2, 4, 7};

    set_up(60);
    make_twins();
    for (int i = 0; i < 3; i++) {
        invent(n_concepts[i], (uint64_t)i + 61);
        begin();
        for (int k = 0; k < OUTCOMES; k++) {
            double got[MOST];
            size_t a = reason_of(TWIN_A), b = reason_of(TWIN_B);

            rt_reasons_weigh(&x, &reasons, k, 365, got);
            ck_assert_double_gt(fabs(got[a]), 1e-3);
            ck_assert_double_eq_tol(got[a], got[b], 1e-5);
            if (i == 0)
                ck_assert_double_eq_tol(got[a] + got[b],
                                        rt_log_burden(&m.shape, whole, k, 365) -
                                            burden(twins, 2, k),
                                        1e-4);
        }
    }
    tear_down();
}
END_TEST

START_TEST(an_idle_concept_has_nothing_and_changes_nothing)
{
    static const size_t n_concepts[] = {3, 7};

    set_up(70);
    memset(weights + (m.w.embed - weights) +
               (size_t)IDLE * (size_t)m.shape.channels,
           0, (size_t)m.shape.channels * sizeof(float));
    for (int i = 0; i < 2; i++) {
        double before[OUTCOMES][RT_MAX_REASONS], got[RT_MAX_REASONS];
        struct rt_reasons old;

        invent(n_concepts[i], (uint64_t)i + 71);
        begin();
        old = reasons;
        for (int k = 0; k < OUTCOMES; k++)
            rt_reasons_weigh(&x, &reasons, k, 365, before[k]);
        put(IDLE);
        begin();
        ck_assert_uint_eq(reasons.n, old.n + 1);
        for (int k = 0; k < OUTCOMES; k++) {
            rt_reasons_weigh(&x, &reasons, k, 365, got);
            ck_assert_double_eq_tol(got[reason_of(IDLE)], 0, 1e-5);
            for (size_t g = 0; g < old.n; g++)
                ck_assert_double_eq_tol(got[reason_of(old.concept[g])],
                                        before[k][g], 1e-5);
        }
    }
    tear_down();
}
END_TEST

/* How far from Shapley's values, of random models and eight concepts: nearer
 * than leaving out one by one, and than a pair of opposite orders. */
START_TEST(two_gains_are_nearer_than_what_costs_as_much)
{
    double ours = 0, one_by_one = 0, orders = 0;

    for (uint64_t seed = 1; seed <= 6; seed++) {
        set_up(seed + 80);
        invent(8, seed + 90);
        begin();
        for (int k = 0; k < OUTCOMES; k++) {
            double got[MOST], want[MOST];

            all_sets(k);
            by_definition(8, want);
            rt_reasons_weigh(&x, &reasons, k, 365, got);
            for (size_t g = 0; g < 8; g++) {
                const uint32_t one = UINT32_C(1) << g;
                const uint32_t before = one - 1, after = 255 ^ before ^ one;
                const double last = value_of[0] - value_of[one];
                const double pair = (value_of[before] - value_of[before | one] +
                                     value_of[after] - value_of[after | one]) /
                                    2;

                ours += fabs(got[g] - want[g]);
                one_by_one += fabs(last - want[g]);
                orders += fabs(pair - want[g]);
            }
        }
        tear_down();
    }
    ck_assert_double_gt(ours, 0);
    ck_assert_double_lt(ours, 0.7 * orders);
    ck_assert_double_lt(ours, 0.3 * one_by_one);
}
END_TEST

/* ---- stability ---------------------------------------------------------------- */

START_TEST(the_order_of_items_within_a_moment_does_not_matter)
{
    double before[OUTCOMES][RT_MAX_REASONS], got[RT_MAX_REASONS];
    struct rt_reasons old;

    set_up(100);
    invent(MOST, 101);
    begin();
    old = reasons;
    for (int k = 0; k < OUTCOMES; k++)
        rt_reasons_weigh(&x, &reasons, k, 365, before[k]);
    for (size_t i = 0; i < h.n_positions; i++)
        for (uint32_t a = position[i].first_item, b = a + position[i].n_items;
             position[i].n_items > 1 && a < --b; a++) {
            const struct rt_item one = item[a];

            item[a] = item[b];
            item[b] = one;
        }
    begin();
    ck_assert_uint_eq(reasons.n, old.n);
    ck_assert_mem_eq(reasons.concept, old.concept, old.n * sizeof(int32_t));
    for (int k = 0; k < OUTCOMES; k++) {
        rt_reasons_weigh(&x, &reasons, k, 365, got);
        for (size_t g = 0; g < old.n; g++)
            ck_assert_double_eq_tol(got[g], before[k][g], 1e-5);
    }
    tear_down();
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    enum an_code got = AN_NOMEM;
    long n = 0;

    set_up(130);
    invent(7, 131);
    begin();
    for (; got == AN_NOMEM && n < 500; n++) {
        const struct an_mark mark = an_arena_mark(&arena);

        arena.fail_after = n;
        got = rt_reasons_find(&arena, &x, &reasons, NULL);
        arena.fail_after = -1;
        an_arena_rewind(&arena, mark);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 20);
    tear_down();
}
END_TEST

Suite *runtime_reasons_suite(void)
{
    const TTest *const test[] = {
        any_game_of_few_is_shapleys,
        a_game_of_pairs_of_many_is_shapleys,
        what_three_say_is_shared_and_the_idle_have_nothing,
        no_weight_leaves_its_two_gains,
        two_codes_of_one_lab_weigh_the_same,
        an_idle_concept_has_nothing_and_changes_nothing,
        two_gains_are_nearer_than_what_costs_as_much,
        the_order_of_items_within_a_moment_does_not_matter,
        survives_each_failed_allocation};
    Suite *s = TEST_SUITE("runtime/reasons", test);
    TCase *tc = tcase_create("cases");

    tcase_add_loop_test(tc, few_reasons_weigh_what_the_definition_says, 0, 5);
    tcase_add_loop_test(tc, many_reasons_weigh_what_their_gains_say, 0, 4);
    suite_add_tcase(s, tc);
    return s;
}
