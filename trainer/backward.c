/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/backward.h"

#include "runtime/simd.h"

#include <cblas.h>
#include <math.h>

void tr_linear_back(float *dx_td, bool add, float *dw_cd, const float *dy_tc,
                    const float *x_td, const float *w_cd, int t, int c, int d)
{
    if (t == 0)
        return;
    if (dx_td)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, t, d, c, 1.0F,
                    dy_tc, c, w_cd, d, add ? 1.0F : 0.0F, dx_td, d);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, c, d, t, 1.0F, dy_tc,
                c, x_td, d, 1.0F, dw_cd, d);
}

/* With g = dy * w and n = (x - mean) rstd:
 * dx = rstd (g - mean(g) - n mean(g n)). */
RT_CLONES
void tr_norm_back(float *dx_tc, float *dw_c, const float *dy_tc,
                  const float *x_tc, const float *stat_t2, const float *w_c,
                  int t, int c)
{
    for (int row = 0; row < t; row++) {
        const size_t at = (size_t)row * (size_t)c;
        const float *dy = dy_tc + at, *x = x_tc + at;
        const float mean = stat_t2[2 * row], rstd = stat_t2[2 * row + 1];
        float *dx = dx_tc + at;
        rt_lanes sum = {0}, product = {0}, v, u, w;
        float g = 0, gn = 0;
        int i = 0;

        for (; i + RT_LANES <= c; i += RT_LANES) {
            memcpy(&v, dy + i, sizeof(v));
            memcpy(&u, x + i, sizeof(u));
            memcpy(&w, w_c + i, sizeof(w));
            v *= w;
            sum += v;
            product += v * ((u - mean) * rstd);
        }
        for (; i < c; i++) {
            g += dy[i] * w_c[i];
            gn += dy[i] * w_c[i] * ((x[i] - mean) * rstd);
        }
        g = (g + rt_fold(&sum)) / (float)c;
        gn = (gn + rt_fold(&product)) / (float)c;
        for (i = 0; i < c; i++) {
            float n = (x[i] - mean) * rstd;

            dw_c[i] += dy[i] * n;
            dx[i] += rstd * (dy[i] * w_c[i] - g - n * gn);
        }
    }
}

/* With s = 1 / (1 + e^-u), y = x s: y' = s + x s (1 - s) u'. */
RT_CLONES
void tr_gelu_back(float *dx, const float *dy, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float v = x[i], square = v * v;
        float u = 1.5957691216F * (v + 0.044715F * v * square);
        float slope = 1.5957691216F * (1.0F + 0.134145F * square);
        float s = 1.0F / (1.0F + rt_exp(-u));

        dx[i] = dy[i] * (s + v * s * (1.0F - s) * slope);
    }
}

/* Through the softmax: ds = p (dp - sum p dp), in place. */
RT_CLONES
static void softmax_back(float *dp, const float *p, int n, float scale)
{
    const float dot = rt_dot(dp, p, n);

    for (int i = 0; i < n; i++)
        dp[i] = p[i] * (dp[i] - dot) * scale;
}

void tr_attend_back(float *dqkv_t3c, float *dp, const float *dmix_tc,
                    const float *p_htt, const float *qkv_t3c, int t, int heads,
                    int c)
{
    const int d = c / heads, c3 = 3 * c;
    const float scale = 1.0F / sqrtf((float)d);

    memset(dqkv_t3c, 0, (size_t)t * (size_t)c3 * sizeof(*dqkv_t3c));
    for (int h = 0; h < heads; h++) {
        const float *q = qkv_t3c + h * d, *k = q + c, *v = k + c;
        float *dq = dqkv_t3c + h * d, *dk = dq + c, *dv = dk + c;

        for (int row = 0; row < t; row += RT_ATTEND_ROWS) {
            const int n = t - row < RT_ATTEND_ROWS ? t - row : RT_ATTEND_ROWS;
            const int end = row + n;
            const size_t at = (size_t)row * (size_t)c3;
            const float *dmix = dmix_tc + (size_t)row * (size_t)c + h * d;
            const float *p =
                p_htt + ((size_t)h * (size_t)t + (size_t)row) * (size_t)t;

            cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, end, d, n,
                        1.0F, p, t, dmix, c, 1.0F, dv, c3);
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, end, d,
                        1.0F, dmix, c, v, c3, 0.0F, dp, t);
            for (int i = 0; i < n; i++)
                softmax_back(dp + (size_t)i * (size_t)t,
                             p + (size_t)i * (size_t)t, end, scale);
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, d, end,
                        1.0F, dp, t, k, c3, 0.0F, dq + at, c3);
            cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, end, d, n,
                        1.0F, dp, t, q + at, c3, 1.0F, dk, c3);
        }
    }
}
