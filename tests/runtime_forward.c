/* SPDX-License-Identifier: Apache-2.0 */
/* The fast pass against the reference, and what must not change an answer. */
#include "runtime/forward.h"
#include "runtime/product.h"
#include "runtime/reference.h"
#include "tests/model_random.h"
#include "tests/suite.h"

#include <math.h>

Suite *runtime_forward_suite(void);

enum { MAX_LENGTH = 200 };

static const struct {
    size_t length;
    bool plain;
} cases[] = {{1, false},  {2, false},   {3, false}, {17, false}, {64, false},
             {65, false}, {200, false}, {1, true},  {90, true}};

/* One history asked at three positions, both ways. */
static void compare(const struct rt_model *m, const struct rt_history *h,
                    struct an_arena *arena, struct test_random *r)
{
    const struct rt_shape *s = &m->shape;
    const size_t c = (size_t)s->channels, n = h->n_positions;
    const size_t kj = (size_t)(s->outcomes * s->bins);
    struct rt_query query[3];
    struct rt_workspace ws;
    struct rt_ask ask = {h, query, 3};
    struct an_err err;
    float *h_tc = an_arena_get(arena, n * c, sizeof(float));
    float rate[64], hazard[64];

    for (int i = 0; i < 3; i++)
        query[i] = (struct rt_query){(uint32_t)((n - 1) * (size_t)i / 2),
                                     test_wide(arena, s, r)};
    ck_assert_int_eq(rt_workspace_init(&ws, arena, s, n, 3, &err), AN_OK);
    ck_assert_int_eq(
        rt_forward(m, &ws, &ask, 1, RT_WANT_HAZARDS | RT_WANT_RATES, &err),
        AN_OK);
    ck_assert_int_eq(rt_reference_trunk(m, h, NULL, arena, h_tc, &err), AN_OK);
    for (size_t i = 0; i < 3; i++) {
        const float *row = h_tc + query[i].position * c;

        rt_reference_rates(m, row, rate);
        rt_reference_hazards(m, row, query[i].wide, hazard);
        ck_assert_double_lt(
            test_max_diff(ws.log_rate_qv + i * (size_t)s->targets, rate,
                          (size_t)s->targets),
            1e-4);
        ck_assert_double_lt(
            test_max_diff(ws.log_hazard_qkj + i * kj, hazard, kj), 1e-4);
    }
}

START_TEST(fast_pass_equals_the_reference)
{
    struct an_arena arena;
    struct test_random r = {(uint64_t)_i + 1};
    struct rt_shape s = cases[_i].plain ? test_shape_plain() : test_shape();
    struct rt_model m;
    struct rt_history h;

    an_arena_init(&arena, 256 << 20);
    test_model(&m, &arena, &s, &r);
    ck_assert_int_eq(rt_shape_check(&s, NULL), AN_OK);
    h = test_history(&arena, &s, cases[_i].length, &r);
    ck_assert_int_eq(rt_history_check(&h, &s, NULL), AN_OK);
    compare(&m, &h, &arena, &r);
    ck_assert_int_eq(rt_model_pack(&m, &arena, NULL), AN_OK);
    compare(&m, &h, &arena, &r);
    an_arena_free(&arena);
}
END_TEST

/* Hazards of one history at its end. */
static const float *ask_end(const struct rt_model *m, struct rt_workspace *ws,
                            const struct rt_history *h, const float *wide)
{
    struct rt_query q = {(uint32_t)h->n_positions - 1, wide};
    struct rt_ask ask = {h, &q, 1};

    ck_assert_int_eq(rt_forward(m, ws, &ask, 1, RT_WANT_HAZARDS, NULL), AN_OK);
    return ws->log_hazard_qkj;
}

START_TEST(order_of_items_in_a_set_does_not_change_a_risk)
{
    struct an_arena arena;
    struct test_random r = {7};
    struct rt_shape s = test_shape();
    struct rt_model m;
    struct rt_workspace ws;
    struct rt_history h;
    struct rt_item *turned;
    float before[18], *wide;

    an_arena_init(&arena, 64 << 20);
    test_model(&m, &arena, &s, &r);
    wide = test_wide(&arena, &s, &r);
    h = test_history(&arena, &s, 40, &r);
    turned = an_arena_get(&arena, h.n_items, sizeof(*turned));
    for (size_t i = 0; i < h.n_positions; i++)
        for (uint32_t k = 0; k < h.position[i].n_items; k++)
            turned[h.position[i].first_item + k] =
                h.item[h.position[i].first_item + h.position[i].n_items - 1 -
                       k];
    ck_assert_int_eq(rt_workspace_init(&ws, &arena, &s, 40, 1, NULL), AN_OK);
    memcpy(before, ask_end(&m, &ws, &h, wide), sizeof(before));
    h.item = turned;
    ck_assert_double_lt(test_max_diff(before, ask_end(&m, &ws, &h, wide), 18),
                        1e-4);
    an_arena_free(&arena);
}
END_TEST

START_TEST(the_future_does_not_change_an_answer_about_the_past)
{
    struct an_arena arena;
    struct test_random r = {8};
    struct rt_shape s = test_shape();
    struct rt_model m;
    struct rt_workspace ws;
    struct rt_history h, cut;
    struct rt_query q;
    struct rt_ask ask = {&h, &q, 1};
    float whole[18], *wide;

    an_arena_init(&arena, 64 << 20);
    test_model(&m, &arena, &s, &r);
    wide = test_wide(&arena, &s, &r);
    h = test_history(&arena, &s, 60, &r);
    q = (struct rt_query){29, wide};
    ck_assert_int_eq(rt_workspace_init(&ws, &arena, &s, 60, 1, NULL), AN_OK);
    ck_assert_int_eq(rt_forward(&m, &ws, &ask, 1, RT_WANT_HAZARDS, NULL),
                     AN_OK);
    memcpy(whole, ws.log_hazard_qkj, sizeof(whole));
    cut = h;
    cut.n_positions = 30;
    cut.n_items = h.position[30].first_item;
    ck_assert_double_lt(test_max_diff(whole, ask_end(&m, &ws, &cut, wide), 18),
                        1e-4);
    an_arena_free(&arena);
}
END_TEST

START_TEST(patients_in_one_pass_do_not_see_each_other)
{
    struct an_arena arena;
    struct test_random r = {9};
    struct rt_shape s = test_shape();
    struct rt_model m;
    struct rt_workspace ws;
    struct rt_history h[3];
    struct rt_query q[3];
    struct rt_ask ask[3];
    float alone[3][18];

    an_arena_init(&arena, 64 << 20);
    test_model(&m, &arena, &s, &r);
    ck_assert_int_eq(rt_workspace_init(&ws, &arena, &s, 160, 3, NULL), AN_OK);
    for (int i = 0; i < 3; i++) {
        h[i] = test_history(&arena, &s, (size_t)(20 + 50 * i), &r);
        q[i] = (struct rt_query){(uint32_t)h[i].n_positions - 1,
                                 test_wide(&arena, &s, &r)};
        ask[i] = (struct rt_ask){&h[i], &q[i], 1};
        memcpy(alone[i], ask_end(&m, &ws, &h[i], q[i].wide), sizeof(alone[i]));
    }
    ck_assert_int_eq(rt_forward(&m, &ws, ask, 3, RT_WANT_HAZARDS, NULL),
                     AN_LIMIT);
    an_arena_reset(&arena);
    r.state = 9;
    test_model(&m, &arena, &s, &r);
    ck_assert_int_eq(rt_workspace_init(&ws, &arena, &s, 210, 3, NULL), AN_OK);
    for (int i = 0; i < 3; i++) {
        h[i] = test_history(&arena, &s, (size_t)(20 + 50 * i), &r);
        q[i].wide = test_wide(&arena, &s, &r);
    }
    ck_assert_int_eq(rt_forward(&m, &ws, ask, 3, RT_WANT_HAZARDS, NULL), AN_OK);
    ck_assert_double_lt(test_max_diff(ws.log_hazard_qkj, &alone[0][0], 54),
                        1e-4);
    an_arena_free(&arena);
}
END_TEST

START_TEST(refuses_what_is_not_in_the_history)
{
    struct an_arena arena;
    struct test_random r = {10};
    struct rt_shape s = test_shape();
    struct rt_model m;
    struct rt_workspace ws;
    struct rt_history h;
    struct rt_query q = {5, NULL};
    struct rt_ask ask = {&h, &q, 1};
    float *block;

    an_arena_init(&arena, 64 << 20);
    block = test_model(&m, &arena, &s, &r);
    h = test_history(&arena, &s, 5, &r);
    q.wide = test_wide(&arena, &s, &r);
    ck_assert_int_eq(rt_workspace_init(&ws, &arena, &s, 5, 1, NULL), AN_OK);
    ck_assert_int_eq(rt_forward(&m, &ws, &ask, 1, RT_WANT_HAZARDS, NULL),
                     AN_TYPE);
    q.position = 4;
    ck_assert_int_eq(rt_forward(&m, &ws, &ask, 1, RT_WANT_HAZARDS, NULL),
                     AN_OK);
    for (int i = 0; i < s.channels * s.vocab; i++)
        block[i] = NAN;
    ck_assert_int_eq(rt_forward(&m, &ws, &ask, 1, RT_WANT_HAZARDS, NULL),
                     AN_TYPE);
    an_arena_free(&arena);
}
END_TEST

START_TEST(workspace_survives_each_failed_allocation)
{
    struct an_arena arena;
    struct rt_shape s = test_shape();
    struct rt_workspace ws;
    enum an_code got = AN_NOMEM;
    long n = 0;

    an_arena_init(&arena, 64 << 20);
    for (; got == AN_NOMEM && n < 100; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        got = rt_workspace_init(&ws, &arena, &s, 10, 2, NULL);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 10);
    ck_assert_uint_le(arena.used_bytes, rt_workspace_bytes(&s, 10, 2));
    an_arena_free(&arena);
}
END_TEST

Suite *runtime_forward_suite(void)
{
    const TTest *const test[] = {
        order_of_items_in_a_set_does_not_change_a_risk,
        the_future_does_not_change_an_answer_about_the_past,
        patients_in_one_pass_do_not_see_each_other,
        refuses_what_is_not_in_the_history,
        workspace_survives_each_failed_allocation};
    Suite *s = TEST_SUITE("runtime/forward", test);
    TCase *tc = tcase_create("cases");

    tcase_add_loop_test(tc, fast_pass_equals_the_reference, 0,
                        (int)(sizeof(cases) / sizeof(*cases)));
    suite_add_tcase(s, tc);
    return s;
}
