/* SPDX-License-Identifier: Apache-2.0 */
/* What was computed once is what would be computed again, to the last bit. */
#include "runtime/forward.h"
#include "runtime/product.h"
#include "tests/model_random.h"
#include "tests/suite.h"

#include <math.h>
#include <stdlib.h>

Suite *runtime_past_suite(void);

enum {
    LENGTH = 90,
    MOST = 7,
    KJ = 18,
    TARGETS = 20,
    ALL = RT_WANT_HAZARDS | RT_WANT_RATES
};

/* Of one query. */
struct said {
    float log_hazard_kj[KJ], log_rate_v[TARGETS];
};

static struct an_arena arena;
static struct rt_shape shape;
static struct rt_model m;
static struct rt_workspace ws;
static struct test_random r;

static void set_up(void)
{
    an_arena_init(&arena, 256 << 20);
    r = (struct test_random){21};
    shape = test_shape();
    test_model(&m, &arena, &shape, &r);
    ck_assert_int_eq(rt_model_pack(&m, &arena, NULL), AN_OK);
    ck_assert_int_eq(
        rt_workspace_init(&ws, &arena, &shape, MOST * LENGTH, MOST, NULL),
        AN_OK);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

/* ---- products ------------------------------------------------------------ */

static const float *weights_of(enum rt_product which, int layer, int *rows,
                               int *cols)
{
    const int c = shape.channels;
    const size_t cc = (size_t)(c * c), l = (size_t)layer;

    *rows = which == RT_UP          ? 4 * c
            : which == RT_KEY_VALUE ? 2 * c
            : which == RT_RATES     ? shape.targets
                                    : c;
    *cols = which == RT_DOWN ? 4 * c : c;
    switch (which) {
    case RT_AGE: return m.w.age;
    case RT_RATES: return m.w.embed;
    case RT_QUERY: return m.w.qkv + l * 3 * cc;
    case RT_KEY_VALUE: return m.w.qkv + l * 3 * cc + cc;
    case RT_PROJ: return m.w.proj + l * cc;
    case RT_UP: return m.w.up + l * 4 * cc;
    case RT_DOWN:
    case RT_N_PRODUCTS: break;
    }
    return m.w.down + l * 4 * cc;
}

static double naive(const float *x, const float *w, int cols, double begin)
{
    double sum = begin;

    for (int e = 0; e < cols; e++)
        sum += (double)x[e] * (double)w[e];
    return sum;
}

/* A row of y is a product, whatever else is asked for at once. */
static void check_product(enum rt_product which, int layer, int t)
{
    enum { MAX = 40 * 4 * 24, GAP = 5 };
    static float x[MAX], y[MAX + 40 * GAP], one[4 * 24], before[MAX + 40 * GAP];
    const bool add = which == RT_PROJ || which == RT_DOWN || which == RT_AGE;
    int rows, cols;
    const float *w = weights_of(which, layer, &rows, &cols);
    const int ldy = rows + GAP;

    for (int i = 0; i < t * cols; i++)
        x[i] = (float)test_normal(&r);
    for (int i = 0; i < t * ldy; i++)
        before[i] = y[i] = (float)test_normal(&r);
    rt_product(&m, which, layer, y, ldy, x, t);
    for (int row = 0; row < t; row++) {
        memcpy(one, before + row * ldy, (size_t)rows * sizeof(*one));
        rt_product(&m, which, layer, one, rows, x + row * cols, 1);
        ck_assert_mem_eq(one, y + row * ldy, (size_t)rows * sizeof(*one));
        for (int k = 0; k < rows; k++)
            ck_assert_double_lt(
                fabs((double)one[k] -
                     naive(x + row * cols, w + k * cols, cols,
                           add ? (double)before[row * ldy + k] : 0)),
                1e-4);
        ck_assert_mem_eq(y + row * ldy + rows, before + row * ldy + rows,
                         GAP * sizeof(*y));
    }
}

START_TEST(a_row_of_a_product_is_the_same_among_any_others)
{
    for (int which = 0; which < RT_N_PRODUCTS; which++)
        for (int layer = 0; layer < (which > RT_RATES ? shape.layers : 1);
             layer++)
            for (int t = 1; t <= 40; t += t < 14 ? 1 : 13)
                check_product((enum rt_product)which, layer, t);
}
END_TEST

START_TEST(packing_survives_each_failed_allocation)
{
    enum an_code got = AN_NOMEM;

    for (long n = 0; got == AN_NOMEM && n < 10; n++) {
        arena.fail_after = n;
        got = rt_model_pack(&m, &arena, NULL);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(got, AN_OK);
}
END_TEST

/* ---- histories ----------------------------------------------------------- */

/* Positions [from, to) of a history, counted and holding only their own. */
static struct rt_history part(const struct rt_history *h, size_t from,
                              size_t to)
{
    struct rt_history begun = *h, out;

    begun.n_positions = to;
    if (to < h->n_positions)
        begun.n_items = h->position[to].first_item;
    ck_assert_int_eq(rt_history_from(&arena, &begun, from, &out, NULL), AN_OK);
    return out;
}

static void ask_end(const struct rt_history *h, const float *wide,
                    struct rt_query *q, struct rt_ask *ask)
{
    *q = (struct rt_query){(uint32_t)h->n_positions - 1, wide};
    *ask = (struct rt_ask){h, q, 1};
}

/* Of the pass that was. */
static struct said said(size_t query)
{
    struct said out;

    memcpy(out.log_hazard_kj, ws.log_hazard_qkj + query * KJ,
           sizeof(out.log_hazard_kj));
    memcpy(out.log_rate_v, ws.log_rate_qv + query * TARGETS,
           sizeof(out.log_rate_v));
    return out;
}

static void check_said(size_t query, const struct said *want)
{
    const struct said got = said(query);

    ck_assert_mem_eq(&got, want, sizeof(got));
}

/* What the whole says at its end. */
static struct said whole(const struct rt_history *h, const float *wide)
{
    struct rt_query q = {(uint32_t)h->n_positions - 1, wide};
    struct rt_ask ask = {h, &q, 1};

    ck_assert_int_eq(rt_forward(&m, &ws, &ask, 1, ALL, NULL), AN_OK);
    return said(0);
}

static struct rt_past past_of(size_t positions)
{
    struct rt_past past;

    ck_assert_int_eq(rt_past_init(&past, &arena, &shape, positions, NULL),
                     AN_OK);
    return past;
}

START_TEST(what_comes_later_goes_on_where_the_past_ends)
{
    for (int round = 0; round < 20; round++) {
        struct rt_history h = test_history(&arena, &shape, LENGTH, &r);
        const float *wide = test_wide(&arena, &shape, &r);
        struct rt_past past = past_of(LENGTH);
        struct rt_past *own = &past;
        size_t at = 0;

        while (at < LENGTH) {
            const size_t rest = LENGTH - at;
            size_t to = at + 1 + (size_t)test_below(&r, round % 2 ? 3 : 50);
            struct said want;
            struct rt_history some, begun;
            struct rt_query q;
            struct rt_ask ask;

            to = to > at + rest ? at + rest : to;
            some = part(&h, at, to);
            begun = part(&h, 0, to);
            want = whole(&begun, wide);
            ask_end(&some, wide, &q, &ask);
            ck_assert_int_eq(
                rt_forward_extend(&m, &ws, &own, &ask, 1, ALL, NULL), AN_OK);
            ck_assert_int_eq(past.n_positions, (int)to);
            check_said(0, &want);
            at = to;
        }
    }
}
END_TEST

START_TEST(many_go_on_at_once)
{
    struct rt_past past[MOST], *own[MOST];
    struct rt_history later[MOST];
    struct rt_query q[MOST];
    struct rt_ask ask[MOST];
    struct said want[MOST];

    for (size_t i = 0; i < MOST; i++) {
        const size_t before = 11 * i, n = 1 + i % 3;
        struct rt_history h = test_history(&arena, &shape, before + n, &r);
        const float *wide = test_wide(&arena, &shape, &r);
        struct rt_history begun = part(&h, 0, before);
        struct rt_ask kept = {&begun, NULL, 0};

        own[i] = &past[i];
        past[i] = past_of(LENGTH);
        want[i] = whole(&h, wide);
        if (before)
            ck_assert_int_eq(rt_forward_keep(&m, &ws, own[i], &kept, 0, NULL),
                             AN_OK);
        later[i] = part(&h, before, before + n);
        ask_end(&later[i], wide, &q[i], &ask[i]);
    }
    ck_assert_int_eq(rt_forward_extend(&m, &ws, own, ask, MOST, ALL, NULL),
                     AN_OK);
    for (size_t i = 0; i < MOST; i++)
        check_said(i, &want[i]);
}
END_TEST

START_TEST(a_past_can_be_cut_and_told_otherwise)
{
    struct rt_history h = test_history(&arena, &shape, LENGTH, &r);
    const float *wide = test_wide(&arena, &shape, &r);
    struct rt_past past = past_of(LENGTH), *own = &past;
    struct rt_ask all = {&h, NULL, 0};
    struct said want;

    ck_assert_int_eq(rt_forward_keep(&m, &ws, &past, &all, 0, NULL), AN_OK);
    for (int cut = LENGTH - 1; cut >= 0; cut -= 8) {
        struct rt_history begun = part(&h, 0, (size_t)cut + 1);
        struct rt_history some = part(&h, (size_t)cut, (size_t)cut + 1);
        struct rt_query q;
        struct rt_ask ask;

        want = whole(&begun, wide);
        past.n_positions = cut;
        ask_end(&some, wide, &q, &ask);
        ck_assert_int_eq(rt_forward_extend(&m, &ws, &own, &ask, 1, ALL, NULL),
                         AN_OK);
        check_said(0, &want);
    }
}
END_TEST

START_TEST(what_might_have_come_leaves_the_past_as_it_is)
{
    struct rt_history h = test_history(&arena, &shape, LENGTH, &r);
    const float *wide = test_wide(&arena, &shape, &r);
    struct rt_past past = past_of(LENGTH);
    struct rt_ask all = {&h, NULL, 0};
    struct said want;

    want = whole(&h, wide);
    ck_assert_int_eq(rt_forward_keep(&m, &ws, &past, &all, 0, NULL), AN_OK);
    for (uint32_t cut = 1; cut < LENGTH; cut += 7) {
        struct rt_history some = part(&h, cut, LENGTH);
        struct rt_query q;
        struct rt_ask ask;

        ask_end(&some, wide, &q, &ask);
        ck_assert_int_eq(
            rt_forward_after(&m, &ws, &past, &ask, &cut, 1, ALL, NULL), AN_OK);
        check_said(0, &want);
        ck_assert_int_eq(past.n_positions, LENGTH);
    }
}
END_TEST

START_TEST(a_past_without_room_is_what_it_was)
{
    struct rt_history h = test_history(&arena, &shape, LENGTH, &r);
    struct rt_past past = past_of(20), *own = &past;
    struct rt_history begun = part(&h, 0, 15), more = part(&h, 15, 21);
    struct rt_ask first = {&begun, NULL, 0}, second = {&more, NULL, 0};

    ck_assert_int_eq(rt_forward_keep(&m, &ws, &past, &first, 0, NULL), AN_OK);
    ck_assert_int_eq(rt_forward_extend(&m, &ws, &own, &second, 1, 0, NULL),
                     AN_LIMIT);
    ck_assert_int_eq(past.n_positions, 15);
    more = part(&h, 15, 20);
    ck_assert_int_eq(rt_forward_extend(&m, &ws, &own, &second, 1, 0, NULL),
                     AN_OK);
    ck_assert_int_eq(past.n_positions, 20);
}
END_TEST

Suite *runtime_past_suite(void)
{
    const TTest *const test[] = {
        a_row_of_a_product_is_the_same_among_any_others,
        packing_survives_each_failed_allocation,
        what_comes_later_goes_on_where_the_past_ends,
        many_go_on_at_once,
        a_past_can_be_cut_and_told_otherwise,
        what_might_have_come_leaves_the_past_as_it_is,
        a_past_without_room_is_what_it_was};

    return test_suite_around("runtime/past", test, sizeof(test) / sizeof(*test),
                             set_up, tear_down);
}
