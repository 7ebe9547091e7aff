/* SPDX-License-Identifier: Apache-2.0 */
/* Leaving out: what is computed once and from the middle equals what is
 * computed again from the start, in plain loops. */
#include "runtime/glance.h"
#include "runtime/reference.h"
#include "runtime/wide.h"
#include "tests/model_random.h"
#include "tests/suite.h"

#include <math.h>
#include <string.h>

Suite *runtime_attribute_suite(void);

enum { LENGTH = 70, N_GROUPS = 40, KJ = 18 };

static struct an_arena arena;
static struct rt_shape shape;
static struct rt_model m;
static struct rt_workspace ws;
static struct rt_past past;
static struct rt_history h;
static struct rt_query q;
static float whole[KJ], without[N_GROUPS * KJ];

/* Everything but the groups; the whole has gone through and was kept. */
static void set_up_with(struct rt_shape s, uint64_t seed, size_t rows)
{
    struct test_random r = {seed};
    struct rt_ask ask = {&h, &q, 1};

    an_arena_init(&arena, 64 << 20);
    shape = s;
    test_model(&m, &arena, &shape, &r);
    h = test_history(&arena, &shape, LENGTH, &r);
    q = (struct rt_query){LENGTH - 1, test_wide(&arena, &shape, &r)};
    ck_assert_int_eq(
        rt_workspace_init(&ws, &arena, &shape, rows, N_GROUPS, NULL), AN_OK);
    ck_assert_int_eq(rt_past_init(&past, &arena, &shape, LENGTH, NULL), AN_OK);
    ck_assert_int_eq(
        rt_forward_keep(&m, &ws, &past, &ask, RT_WANT_HAZARDS, NULL), AN_OK);
    memcpy(whole, ws.log_hazard_qkj, sizeof(whole));
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

/* All items of some positions, or every so-manyth item from somewhere on. */
static struct rt_group some_group(struct test_random *r)
{
    uint32_t *item = an_arena_get(&arena, h.n_items, sizeof(*item));
    const uint32_t from = (uint32_t)test_below(r, (int)h.n_items);
    const uint32_t step = 1 + (uint32_t)test_below(r, 20);
    size_t n = 0;

    for (uint32_t i = from; i < h.n_items; i += step)
        item[n++] = i;
    return (struct rt_group){item, n, test_wide(&arena, &shape, r)};
}

/* The hazards without a group, from the first position on. */
static void again(const struct rt_group *g, float *hazard)
{
    struct rt_position *p = an_arena_get(&arena, LENGTH, sizeof(*p));
    struct rt_item *item = an_arena_get(&arena, h.n_items, sizeof(*item));
    float *h_tc =
        an_arena_get(&arena, LENGTH * (size_t)shape.channels, sizeof(*h_tc));
    struct rt_history rest = {p, 0, item, 0};
    float gap = 0;

    for (size_t i = 0; i < LENGTH; i++) {
        struct rt_position at = h.position[i];
        bool lost = false;

        at.first_item = (uint32_t)rest.n_items;
        at.n_items = 0;
        for (uint32_t k = 0; k < h.position[i].n_items; k++) {
            const uint32_t index = h.position[i].first_item + k;
            bool gone = false;

            for (size_t x = 0; x < g->n_items; x++)
                gone = gone || g->item[x] == index;
            lost = lost || gone;
            if (gone)
                continue;
            item[rest.n_items++] = h.item[index];
            at.n_items++;
        }
        gap += at.since_previous_days;
        if (lost && at.n_items == 0 && i + 1 < LENGTH)
            continue;
        at.since_previous_days = gap;
        gap = 0;
        p[rest.n_positions++] = at;
    }
    ck_assert_int_eq(rt_reference_trunk(&m, &rest, NULL, &arena, h_tc, NULL),
                     AN_OK);
    rt_reference_hazards(&m,
                         h_tc + (rest.n_positions - 1) * (size_t)shape.channels,
                         g->wide, hazard);
}

START_TEST(leaving_out_equals_computing_all_again)
{
    static const size_t rows[] = {LENGTH, 150, LENGTH * N_GROUPS};
    struct test_random r = {77};
    struct rt_group group[N_GROUPS];
    size_t used;

    set_up_with(test_shape(), (uint64_t)_i + 3, rows[_i]);
    for (size_t g = 0; g < N_GROUPS; g++)
        group[g] = some_group(&r);
    used = arena.used_bytes;
    ck_assert_int_eq(rt_leave_out(&m, &ws, &past, &arena, &h, &q, group,
                                  N_GROUPS, without, NULL),
                     AN_OK);
    ck_assert_uint_eq(arena.used_bytes, used);
    for (size_t g = 0; g < N_GROUPS; g++) {
        float want[KJ];

        again(&group[g], want);
        ck_assert_double_lt(test_max_diff(without + g * KJ, want, KJ), 1e-4);
        ck_assert_double_gt(test_max_diff(whole, want, KJ), 1e-4);
    }
    tear_down();
}
END_TEST

/* From the past of another history: that without some group, whatever the two
 * have in common. */
START_TEST(leaving_out_from_another_past_equals_computing_all_again)
{
    struct test_random r = {88};
    struct rt_group group[N_GROUPS], gone;
    struct rt_past bare;
    float want[KJ];

    set_up_with(test_shape(), (uint64_t)_i + 3, 150);
    ck_assert_int_eq(rt_past_init(&bare, &arena, &shape, LENGTH, NULL), AN_OK);
    gone = some_group(&r);
    if (_i == 0)
        gone.n_items = 0;
    for (size_t g = 0; g < N_GROUPS; g++)
        group[g] = some_group(&r);
    group[1] = gone;
    ck_assert_int_eq(
        rt_keep_without(&m, &ws, &bare, &arena, &h, &q, &gone, NULL), AN_OK);
    again(&gone, want);
    ck_assert_double_lt(test_max_diff(ws.log_hazard_qkj, want, KJ), 1e-4);
    ck_assert_int_eq(rt_leave_out_from(&m, &ws, &bare, &gone, &arena, &h, &q,
                                       group, N_GROUPS, without, NULL),
                     AN_OK);
    for (size_t g = 0; g < N_GROUPS; g++) {
        again(&group[g], want);
        ck_assert_double_lt(test_max_diff(without + g * KJ, want, KJ), 1e-4);
    }
    tear_down();
}
END_TEST

START_TEST(one_run_serves_every_horizon)
{
    static const double days[] = {30, 90, 365, 1825};
    struct test_random r = {78};
    struct rt_group group[4];

    set_up_with(test_shape(), 9, 200);
    for (size_t g = 0; g < 4; g++)
        group[g] = some_group(&r);
    ck_assert_int_eq(
        rt_leave_out(&m, &ws, &past, &arena, &h, &q, group, 4, without, NULL),
        AN_OK);
    for (size_t d = 0; d < 4; d++)
        for (size_t g = 0; g < 4; g++) {
            float alone[KJ];

            ck_assert_int_eq(rt_leave_out(&m, &ws, &past, &arena, &h, &q,
                                          &group[g], 1, alone, NULL),
                             AN_OK);
            for (int k = 0; k < 3; k++)
                ck_assert_double_eq_tol(
                    rt_effect(&shape, whole, without + g * KJ, k, days[d]),
                    rt_effect(&shape, whole, alone, k, days[d]), 1e-4);
        }
    tear_down();
}
END_TEST

START_TEST(refuses_groups_and_pasts_that_do_not_fit)
{
    const uint32_t falls[2] = {5, 4}, outside[1] = {100000};
    struct rt_group group = {falls, 2, NULL};
    struct rt_past none;
    struct rt_ask ask = {&h, &q, 1};
    const uint32_t n_past = LENGTH + 1;

    set_up_with(test_shape(), 4, 2 * LENGTH);
    group.wide = q.wide;
    ck_assert_int_eq(
        rt_leave_out(&m, &ws, &past, &arena, &h, &q, &group, 1, without, NULL),
        AN_TYPE);
    group = (struct rt_group){outside, 1, q.wide};
    ck_assert_int_eq(
        rt_leave_out(&m, &ws, &past, &arena, &h, &q, &group, 1, without, NULL),
        AN_TYPE);
    ck_assert_int_eq(
        rt_glance(&m, &ws, &past, &arena, &h, &q, &group, 1, without, NULL),
        AN_TYPE);
    ck_assert_int_eq(rt_past_init(&none, &arena, &shape, LENGTH - 1, NULL),
                     AN_OK);
    ck_assert_int_eq(
        rt_forward_keep(&m, &ws, &none, &ask, RT_WANT_HAZARDS, NULL), AN_LIMIT);
    group = (struct rt_group){falls, 1, q.wide};
    ck_assert_int_eq(
        rt_leave_out(&m, &ws, &none, &arena, &h, &q, &group, 1, without, NULL),
        AN_LIMIT);
    ck_assert_int_eq(
        rt_glance(&m, &ws, &none, &arena, &h, &q, &group, 1, without, NULL),
        AN_LIMIT);
    ck_assert_int_eq(rt_forward_after(&m, &ws, &past, &ask, &n_past, 1,
                                      RT_WANT_HAZARDS, NULL),
                     AN_LIMIT);
    tear_down();
}
END_TEST

/* Where the two rows of a glance are all that can change, it sees all: items
 * of the last two positions, and no gap that counts. */
START_TEST(a_glance_is_exact_when_nothing_stands_between)
{
    struct test_random r = {79};
    struct rt_shape s = test_shape();
    struct rt_group group[N_GROUPS];
    float seen[N_GROUPS * KJ];
    uint32_t first;

    s.times = 0;
    set_up_with(s, (uint64_t)_i + 1, 2 * LENGTH);
    first = h.position[LENGTH - 2].first_item;
    ck_assert_uint_ge(h.n_items, first + 2);
    for (size_t g = 0; g < N_GROUPS; g++) {
        uint32_t *item = an_arena_get(&arena, h.n_items, sizeof(*item));

        group[g] = (struct rt_group){item, 0, test_wide(&arena, &shape, &r)};
        for (uint32_t i = first; i < h.n_items; i++)
            if (g < 2 || test_below(&r, 2))
                item[group[g].n_items++] = i;
    }
    group[0].n_items = h.position[LENGTH - 2].n_items;
    ck_assert_int_eq(rt_leave_out(&m, &ws, &past, &arena, &h, &q, group,
                                  N_GROUPS, without, NULL),
                     AN_OK);
    ck_assert_int_eq(
        rt_glance(&m, &ws, &past, &arena, &h, &q, group, N_GROUPS, seen, NULL),
        AN_OK);
    for (size_t g = 0; g < N_GROUPS; g++)
        ck_assert_double_lt(test_max_diff(without + g * KJ, seen + g * KJ, KJ),
                            1e-4);
    tear_down();
}
END_TEST

START_TEST(each_outcome_names_a_group_in_turn)
{
    /* Two outcomes of one bin; what each group changes in them. */
    static const float without_gk[5][2] = {
        {0.1F, 0.1F}, {0.2F, -3}, {-9, 0.3F}, {5, 0.2F}, {0.3F, 1}};
    static const uint32_t want[5] = {1, 2, 3, 4, 0};
    const struct rt_shape s = {.outcomes = 2, .bins = 1};
    const float zero[2] = {0, 0};
    uint32_t order[5];

    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(
        rt_glance_order(&arena, &s, zero, &without_gk[0][0], 5, order, NULL),
        AN_OK);
    ck_assert_mem_eq(order, want, sizeof(want));
    an_arena_free(&arena);
}
END_TEST

START_TEST(wide_facts_without_items_are_those_of_the_rest)
{
    static const enum rt_feature_kind kinds[] = {
        RT_FEATURE_AGE,   RT_FEATURE_AGE_SQUARE, RT_FEATURE_EVER,
        RT_FEATURE_COUNT, RT_FEATURE_LAST,       RT_FEATURE_MEASURED,
        RT_FEATURE_COUNT, RT_FEATURE_RECENT,     RT_FEATURE_POSITIONS,
        RT_FEATURE_MEAN,  RT_FEATURE_LOWEST,     RT_FEATURE_HIGHEST};
    enum { N = sizeof(kinds) / sizeof(kinds[0]) };
    struct test_random r = {80};
    struct rt_feature feature[N];

    set_up_with(test_shape(), 6, LENGTH);
    for (int round = 0; round < 50; round++) {
        const struct rt_group g = some_group(&r);
        struct rt_position p[LENGTH];
        struct rt_item *item = an_arena_get(&arena, h.n_items, sizeof(*item));
        struct rt_history rest = {p, LENGTH, item, 0};
        float with[N], got[N], want[N];
        size_t next = 0;

        for (size_t i = 0; i < N; i++)
            feature[i] =
                (struct rt_feature){kinds[i], test_below(&r, shape.vocab),
                                    i == 3 ? 300 : 0, 1.5F, 2};
        for (size_t i = 0; i < LENGTH; i++) {
            p[i] = h.position[i];
            p[i].first_item = (uint32_t)rest.n_items;
            p[i].n_items = 0;
            for (uint32_t k = 0; k < h.position[i].n_items; k++) {
                if (next < g.n_items &&
                    g.item[next] == h.position[i].first_item + k) {
                    next++;
                    continue;
                }
                item[rest.n_items++] = h.item[h.position[i].first_item + k];
                p[i].n_items++;
            }
        }
        rt_wide(feature, N, &h, LENGTH - 1, with);
        rt_wide(feature, N, &rest, LENGTH - 1, want);
        rt_wide_without(feature, N, &h, LENGTH - 1, g.item, g.n_items, with,
                        got);
        ck_assert_mem_eq(got, want, sizeof(want));
    }
    tear_down();
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct test_random r = {81};
    struct rt_group group[3];
    enum an_code got = AN_NOMEM;
    uint32_t order[3];
    long n = 0;

    set_up_with(test_shape(), 5, 2 * LENGTH);
    for (size_t g = 0; g < 3; g++)
        group[g] = some_group(&r);
    for (; got == AN_NOMEM && n < 100; n++) {
        const struct an_mark mark = an_arena_mark(&arena);

        arena.fail_after = n;
        got =
            rt_glance(&m, &ws, &past, &arena, &h, &q, group, 3, without, NULL);
        if (got == AN_OK)
            got =
                rt_glance_order(&arena, &shape, whole, without, 3, order, NULL);
        if (got == AN_OK)
            got = rt_leave_out(&m, &ws, &past, &arena, &h, &q, group, 3,
                               without, NULL);
        arena.fail_after = -1;
        an_arena_rewind(&arena, mark);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 10);
    tear_down();
}
END_TEST

Suite *runtime_attribute_suite(void)
{
    const TTest *const test[] = {one_run_serves_every_horizon,
                                 refuses_groups_and_pasts_that_do_not_fit,
                                 each_outcome_names_a_group_in_turn,
                                 wide_facts_without_items_are_those_of_the_rest,
                                 survives_each_failed_allocation};
    Suite *s = TEST_SUITE("runtime/attribute", test);
    TCase *tc = tcase_create("cases");

    tcase_add_loop_test(tc, leaving_out_equals_computing_all_again, 0, 3);
    tcase_add_loop_test(
        tc, leaving_out_from_another_past_equals_computing_all_again, 0, 8);
    tcase_add_loop_test(tc, a_glance_is_exact_when_nothing_stands_between, 0,
                        4);
    suite_add_tcase(s, tc);
    return s;
}
