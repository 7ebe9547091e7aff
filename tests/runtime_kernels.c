/* SPDX-License-Identifier: Apache-2.0 */
/* Each kernel against its naive twin, on random shapes. */
#include "runtime/kernels.h"
#include "runtime/simd.h"
#include "tests/model_random.h"
#include "tests/suite.h"

#include <math.h>
#include <stdlib.h>

Suite *runtime_kernels_suite(void);

enum { MOST = 70, ROUNDS = 40 };

static void fill(float *x, size_t n, struct test_random *r)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)test_normal(r);
}

/* For attention over t rows. */
static float *room(int t, int heads, int c)
{
    static float floats[1 << 14];

    ck_assert_uint_le(rt_attend_room(t, heads, c),
                      sizeof(floats) / sizeof(*floats));
    return floats;
}

START_TEST(exponential_is_close_everywhere)
{
    for (double x = -86.9; x < 87.9; x += 0.00173) {
        double want = exp((double)(float)x), got = (double)rt_exp((float)x);

        ck_assert_double_lt(fabs(got - want) / want, 2.5e-7);
    }
    ck_assert(rt_exp(-1e30F) > 0);
    ck_assert(isfinite(rt_exp(1e30F)));
    ck_assert(isnan(rt_exp(NAN)));
}
END_TEST

START_TEST(sine_and_cosine_are_close_over_any_age)
{
    for (double x = -200; x < 200; x += 0.00317) {
        float s, c;

        rt_sincos(x, &s, &c);
        ck_assert_double_lt(fabs((double)s - sin(x)), 3e-7);
        ck_assert_double_lt(fabs((double)c - cos(x)), 3e-7);
    }
}
END_TEST

START_TEST(sums_and_products_in_lanes_equal_plain_ones)
{
    struct test_random r = {1};
    float x[MOST], y[MOST];

    for (int n = 0; n < MOST; n++) {
        double sum = 0, dot = 0;

        fill(x, MOST, &r);
        fill(y, MOST, &r);
        for (int i = 0; i < n; i++) {
            sum += (double)x[i];
            dot += (double)x[i] * (double)y[i];
        }
        ck_assert_double_lt(fabs((double)rt_sum(x, n) - sum), 1e-5);
        ck_assert_double_lt(fabs((double)rt_dot(x, y, n) - dot), 1e-5);
    }
}
END_TEST

START_TEST(linear_equals_three_loops)
{
    static float x[MOST * MOST], w[MOST * MOST], y[MOST * MOST];
    struct test_random r = {2};

    for (int round = 0; round < ROUNDS; round++) {
        int t = 1 + test_below(&r, round < 20 ? 4 : MOST);
        int c = 1 + test_below(&r, MOST), d = 1 + test_below(&r, MOST);

        fill(x, sizeof(x) / sizeof(*x), &r);
        fill(w, sizeof(w) / sizeof(*w), &r);
        rt_linear(y, x, w, t, c, d);
        rt_linear_add(y, x, w, t, c, d);
        for (int i = 0; i < t; i++)
            for (int j = 0; j < c; j++) {
                double sum = 0;

                for (int k = 0; k < d; k++)
                    sum += 2 * (double)x[i * d + k] * (double)w[j * d + k];
                ck_assert_double_lt(fabs((double)y[i * c + j] - sum), 1e-4);
            }
    }
}
END_TEST

START_TEST(norm_equals_its_formula)
{
    float x[MOST], w[MOST], y[MOST], stat[2];
    struct test_random r = {3};

    for (int c = 2; c < MOST; c++) {
        double mean = 0, variance = 0;

        fill(x, (size_t)c, &r);
        fill(w, (size_t)c, &r);
        rt_norm(y, stat, x, w, 1, c);
        for (int i = 0; i < c; i++)
            mean += (double)x[i] / c;
        for (int i = 0; i < c; i++)
            variance += pow((double)x[i] - mean, 2) / c;
        for (int i = 0; i < c; i++)
            ck_assert_double_lt(fabs((double)y[i] - ((double)x[i] - mean) /
                                                        sqrt(variance + 1e-5) *
                                                        (double)w[i]),
                                1e-5);
        ck_assert_double_lt(fabs((double)stat[0] - mean), 1e-6);
    }
}
END_TEST

START_TEST(gelu_is_the_tanh_form)
{
    for (double x = -12; x < 12; x += 0.0137) {
        float y, v = (float)x;
        double want =
            0.5 * x *
            (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));

        rt_gelu(&y, &v, 1);
        ck_assert_double_lt(fabs((double)y - want), 2e-6);
    }
}
END_TEST

START_TEST(tiles_equal_plain_products)
{
    enum { M = 20, N = 3 * RT_LANES, K = 30 };
    static float a[M * K], b[K * N], c[M * N], was[M * N];
    struct test_random r = {9};

    for (int round = 0; round < ROUNDS; round++) {
        const int m = 1 + test_below(&r, M), k = 1 + test_below(&r, K);
        const int n = RT_LANES * (1 + test_below(&r, 3));
        const bool add = round % 2, over = round % 3 == 0;
        const struct rt_left left = {a, over ? 1 : K, over ? M : 1};

        fill(a, M * K, &r);
        fill(b, K * N, &r);
        fill(was, M * N, &r);
        memcpy(c, was, sizeof(c));
        rt_tiles(c, N, add, left, b, N, m, n, k);
        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++) {
                double want =
                    i < m && j < n && !add ? 0 : (double)was[i * N + j];

                for (int e = 0; i < m && j < n && e < k; e++)
                    want += (double)a[over ? e * M + i : i * K + e] *
                            (double)b[e * N + j];
                ck_assert_double_lt(fabs((double)c[i * N + j] - want), 1e-4);
            }
    }
}
END_TEST

START_TEST(what_goes_into_whole_lanes_comes_back)
{
    enum { N = 20, D = 40, STRIDE = 47, W = 48 };
    static float from[N * STRIDE], rows[N * W], columns[D * W], to[N * STRIDE];
    struct test_random r = {10};

    for (int round = 0; round < ROUNDS; round++) {
        const int n = 1 + test_below(&r, N), d = 1 + test_below(&r, D);
        const int w = rt_lanes_up(d), width = rt_lanes_up(n);

        fill(from, N * STRIDE, &r);
        fill(rows, N * W, &r);
        fill(columns, D * W, &r);
        fill(to, N * STRIDE, &r);
        rt_tiles_rows(rows, from, STRIDE, n, d);
        rt_tiles_columns(columns, width, from, STRIDE, n, d);
        for (int i = 0; i < n; i++)
            for (int e = 0; e < w; e++)
                ck_assert(rows[i * w + e] ==
                          (e < d ? from[i * STRIDE + e] : 0));
        for (int e = 0; e < d; e++)
            for (int i = 0; i < width; i++)
                ck_assert(columns[e * width + i] ==
                          (i < n ? from[i * STRIDE + e] : 0));
        to[d] = 7;
        rt_tiles_back(to, STRIDE, rows, n, d);
        ck_assert(to[d] == 7); /* a neighbour's */
        for (int i = 0; i < n; i++)
            ck_assert_mem_eq(to + i * STRIDE, from + i * STRIDE,
                             (size_t)d * sizeof(*to));
    }
}
END_TEST

/* One head at a time, from the definition. */
static void attend_naive(double *mix, const float *qkv, const int32_t *n_keys,
                         int row, int h, int d, int c)
{
    int to = n_keys ? n_keys[row] : row + 1, from = 0;
    double total = 0;

    if (to == 0) {
        from = row;
        to = row + 1;
    }
    for (int e = 0; e < d; e++)
        mix[e] = 0;
    for (int i = from; i < to; i++) {
        double score = 0;

        for (int e = 0; e < d; e++)
            score += (double)qkv[row * 3 * c + h * d + e] *
                     (double)qkv[i * 3 * c + c + h * d + e];
        score = exp(score / sqrt(d));
        total += score;
        for (int e = 0; e < d; e++)
            mix[e] += score * (double)qkv[i * 3 * c + 2 * c + h * d + e];
    }
    for (int e = 0; e < d; e++)
        mix[e] /= total;
}

START_TEST(attention_equals_its_formula_with_any_view)
{
    enum { T = 150, H = 3, D = 4, C = H * D };
    static float qkv[T * 3 * C], mix[T * C], kept[H * T * (T + RT_LANES)];
    struct test_random r = {4};

    for (int round = 0; round < 12; round++) {
        int t = 1 + test_below(&r, T);
        int32_t n_keys[T];
        bool masked = round % 2, keep = round % 3 == 0;

        fill(qkv, sizeof(qkv) / sizeof(*qkv), &r);
        for (int i = 0; i < t; i++)
            n_keys[i] = test_below(&r, i + 2);
        rt_attend(mix, keep ? kept : NULL, room(t, H, C), qkv,
                  masked ? n_keys : NULL, t, H, C);
        for (int row = 0; row < t; row++)
            for (int h = 0; h < H; h++) {
                double want[D];

                attend_naive(want, qkv, masked ? n_keys : NULL, row, h, D, C);
                for (int e = 0; e < D; e++)
                    ck_assert_double_lt(
                        fabs((double)mix[row * C + h * D + e] - want[e]), 2e-5);
            }
    }
}
END_TEST

/* Rows [cut, t) of qkv, before which `cut` rows stand apart. */
static void attend_cut(float *mix, const float *qkv, int cut, int t,
                       const int32_t *n_own, int heads, int c)
{
    const int widths[2] = {rt_keys_width(cut), rt_keys_width(t - cut)};
    struct rt_keys k[2];
    float *p = calloc(rt_attend_rows_room(t, heads, c), sizeof(*p));
    const struct rt_looking rows = {qkv + cut * 3 * c, (size_t)(3 * c), n_own,
                                    0, t - cut};

    ck_assert_ptr_nonnull(p);
    for (int i = 0; i < 2; i++) {
        const size_t n = (size_t)widths[i] * rt_keys_floats(heads, c);
        const size_t keys = (size_t)(widths[i] * c);

        k[i] = (struct rt_keys){calloc(n + 1, sizeof(float)), NULL, widths[i],
                                i ? t - cut : cut};
        ck_assert_ptr_nonnull(k[i].key_hdw);
        k[i].value_hwl = k[i].key_hdw + keys;
        rt_keys_put(&k[i], 0, qkv + (i ? cut : 0) * 3 * c + c, (size_t)(3 * c),
                    k[i].n, heads, c);
    }
    rt_attend_rows(mix, p, &rows, &k[0], &k[1], heads, c);
    free(k[0].key_hdw);
    free(k[1].key_hdw);
    free(p);
}

START_TEST(attention_after_a_past_has_the_bits_of_the_whole)
{
    enum { T = 150, H = 3, D = 10, C = H * D };
    static float qkv[T * 3 * C], mix[T * C], end[T * C];
    static const int cuts[] = {0, 1, 2, 15, 16, 17, 63, 64, 65, 86, 148, 149};
    struct test_random r = {8};

    fill(qkv, sizeof(qkv) / sizeof(*qkv), &r);
    rt_attend(mix, NULL, room(T, H, C), qkv, NULL, T, H, C);
    for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
        const int cut = cuts[i];

        attend_cut(end, qkv, cut, T, NULL, H, C);
        ck_assert_mem_eq(end, mix + cut * C,
                         (size_t)((T - cut) * C) * sizeof(*end));
    }
}
END_TEST

START_TEST(rows_look_at_no_more_than_they_may)
{
    enum { T = 80, H = 2, D = 6, C = H * D, CUT = 30 };
    static float qkv[T * 3 * C], mix[T * C];
    struct test_random r = {12};
    int32_t n_own[T - CUT], n_keys[T];

    fill(qkv, sizeof(qkv) / sizeof(*qkv), &r);
    for (int i = 0; i < T - CUT; i++) {
        n_own[i] = 1 + test_below(&r, i + 1);
        n_keys[CUT + i] = CUT + n_own[i];
    }
    attend_cut(mix, qkv, CUT, T, n_own, H, C);
    for (int row = CUT; row < T; row++)
        for (int h = 0; h < H; h++) {
            double want[D];

            attend_naive(want, qkv, n_keys, row, h, D, C);
            for (int e = 0; e < D; e++)
                ck_assert_double_lt(
                    fabs((double)mix[(row - CUT) * C + h * D + e] - want[e]),
                    2e-5);
        }
}
END_TEST

START_TEST(what_comes_later_changes_no_bit)
{
    enum { T = 100, H = 3, D = 10, C = H * D };
    static float qkv[T * 3 * C], all[T * C], some[T * C];
    struct test_random r = {11};

    fill(qkv, sizeof(qkv) / sizeof(*qkv), &r);
    rt_attend(all, NULL, room(T, H, C), qkv, NULL, T, H, C);
    for (int t = 1; t < T; t++) {
        rt_attend(some, NULL, room(t, H, C), qkv, NULL, t, H, C);
        ck_assert_mem_eq(some, all, (size_t)(t * C) * sizeof(*all));
    }
}
END_TEST

START_TEST(same_numbers_twice)
{
    enum { T = 130, C = 48 };
    static float qkv[T * 3 * C], a[T * C], b[T * C];
    struct test_random r = {6};

    fill(qkv, sizeof(qkv) / sizeof(*qkv), &r);
    rt_attend(a, NULL, room(T, 4, C), qkv, NULL, T, 4, C);
    rt_attend(b, NULL, room(T, 4, C), qkv, NULL, T, 4, C);
    ck_assert_mem_eq(a, b, sizeof(a));
}
END_TEST

Suite *runtime_kernels_suite(void)
{
    const TTest *const test[] = {
        exponential_is_close_everywhere,
        sine_and_cosine_are_close_over_any_age,
        sums_and_products_in_lanes_equal_plain_ones,
        linear_equals_three_loops,
        norm_equals_its_formula,
        gelu_is_the_tanh_form,
        attention_equals_its_formula_with_any_view,
        attention_after_a_past_has_the_bits_of_the_whole,
        rows_look_at_no_more_than_they_may,
        tiles_equal_plain_products,
        what_goes_into_whole_lanes_comes_back,
        what_comes_later_changes_no_bit,
        same_numbers_twice};

    return TEST_SUITE("runtime/kernels", test);
}
