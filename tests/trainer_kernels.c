/* SPDX-License-Identifier: Apache-2.0 */
/* Each backward kernel against a naive twin in double. */
#include "tests/model_random.h"
#include "tests/suite.h"
#include "trainer/fit/backward.h"

#include <math.h>

Suite *trainer_kernels_suite(void);

enum { MOST = 40 };

static void fill(float *x, size_t n, struct test_random *r)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)test_normal(r);
}

static double gelu(double x)
{
    return 0.5 * x *
           (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

START_TEST(gelu_slope_is_its_derivative)
{
    for (double x = -8; x < 8; x += 0.0131) {
        const float v = (float)x, one = 1;
        const double at = (double)v;
        const double want = (gelu(at + 1e-5) - gelu(at - 1e-5)) / 2e-5;
        float got;

        tr_gelu_back(&got, &one, &v, 1);
        ck_assert_double_lt(fabs((double)got - want), 2e-6);
    }
}
END_TEST

/* sum of dy * norm(x), whose derivative by x[i] is what comes back. */
static double norm_sum(const double *x, const float *w, const float *dy, int c)
{
    double mean = 0, variance = 0, sum = 0;

    for (int i = 0; i < c; i++)
        mean += x[i] / c;
    for (int i = 0; i < c; i++)
        variance += (x[i] - mean) * (x[i] - mean) / c;
    for (int i = 0; i < c; i++)
        sum += (double)dy[i] * (double)w[i] * (x[i] - mean) /
               sqrt(variance + 1e-5);
    return sum;
}

START_TEST(norm_gradient_is_its_derivative)
{
    struct test_random r = {1};
    float x[MOST], w[MOST], dy[MOST], y[MOST], stat[2];

    for (int c = 2; c < MOST; c++) {
        float dx[MOST] = {0}, dw[MOST] = {0};
        double at[MOST];

        fill(x, MOST, &r);
        fill(w, MOST, &r);
        fill(dy, MOST, &r);
        rt_norm(y, stat, x, w, 1, c);
        tr_norm_back(dx, dw, dy, x, stat, w, 1, c);
        for (int i = 0; i < c; i++)
            at[i] = (double)x[i];
        for (int i = 0; i < c; i++) {
            double up, down;

            at[i] = (double)x[i] + 1e-5;
            up = norm_sum(at, w, dy, c);
            at[i] = (double)x[i] - 1e-5;
            down = norm_sum(at, w, dy, c);
            at[i] = (double)x[i];
            ck_assert_double_lt(fabs((double)dx[i] - (up - down) / 2e-5),
                                1e-4 * (1 + (double)stat[1]));
            ck_assert_double_lt(
                fabs((double)(dw[i] * w[i]) - (double)(dy[i] * y[i])), 1e-4);
        }
    }
}
END_TEST

START_TEST(linear_gradients_equal_three_loops)
{
    static float dy[MOST * MOST], x[MOST * MOST], w[MOST * MOST];
    static float dx[MOST * MOST], dw[MOST * MOST];
    struct test_random r = {2};

    for (int round = 0; round < 20; round++) {
        const int t = 1 + test_below(&r, MOST), c = 1 + test_below(&r, MOST);
        const int d = 1 + test_below(&r, MOST);

        fill(dy, MOST * MOST, &r);
        fill(x, MOST * MOST, &r);
        fill(w, MOST * MOST, &r);
        memset(dw, 0, sizeof(dw));
        tr_linear_back(dx, false, dw, dy, x, w, t, c, d);
        tr_linear_back(dx, true, dw, dy, x, w, t, c, d);
        for (int k = 0; k < d; k++) {
            for (int i = 0; i < t; i++) {
                double sum = 0;

                for (int j = 0; j < c; j++)
                    sum += 2 * (double)dy[i * c + j] * (double)w[j * d + k];
                ck_assert_double_lt(fabs((double)dx[i * d + k] - sum), 1e-4);
            }
            for (int j = 0; j < c; j++) {
                double sum = 0;

                for (int i = 0; i < t; i++)
                    sum += 2 * (double)dy[i * c + j] * (double)x[i * d + k];
                ck_assert_double_lt(fabs((double)dw[j * d + k] - sum), 1e-4);
            }
        }
    }
}
END_TEST

/* Attention itself is checked forward; its gradient is a difference of it,
 * summed with random weights so that all of it counts. */
START_TEST(attention_gradient_is_its_derivative)
{
    enum { T = 70, H = 2, C = 8, N = T * 3 * C };
    static float qkv[N], mix[T * C], dmix[T * C], seen[H * T * (T + RT_LANES)],
        dqkv[N];
    static float room[1 << 13];
    struct test_random r = {3};

    fill(qkv, N, &r);
    fill(dmix, T * C, &r);
    rt_attend(mix, seen, room, qkv, NULL, T, H, C);
    tr_attend_back(dqkv, room, dmix, seen, qkv, T, H, C);
    for (int round = 0; round < 60; round++) {
        const int i = test_below(&r, N);
        const float kept = qkv[i], step = 0.01F;
        double up = 0, down = 0;

        qkv[i] = kept + step;
        rt_attend(mix, seen, room, qkv, NULL, T, H, C);
        for (int k = 0; k < T * C; k++)
            up += (double)mix[k] * (double)dmix[k];
        qkv[i] = kept - step;
        rt_attend(mix, seen, room, qkv, NULL, T, H, C);
        for (int k = 0; k < T * C; k++)
            down += (double)mix[k] * (double)dmix[k];
        qkv[i] = kept;
        ck_assert_double_lt(
            fabs((double)dqkv[i] - (up - down) / (2 * (double)step)), 2e-3);
    }
}
END_TEST

Suite *trainer_kernels_suite(void)
{
    const TTest *const test[] = {gelu_slope_is_its_derivative,
                                 norm_gradient_is_its_derivative,
                                 linear_gradients_equal_three_loops,
                                 attention_gradient_is_its_derivative};

    return TEST_SUITE("trainer/kernels", test);
}
