/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/fit/backward.h"

#include "runtime/tiles.h"

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

/* Through the softmax: ds = p (dp - sum p dp), in place; p is 0 where nobody
 * looked. */
RT_CLONES
static void softmax_back(float *dp, const float *p, size_t ld, int n, int width,
                         float scale)
{
    for (int i = 0; i < n; i++, dp += ld, p += ld) {
        const float dot = rt_dot(dp, p, width);

        for (int k = 0; k < width; k++)
            dp[k] = p[k] * (dp[k] - dot) * scale;
    }
}

/* Parts of `room`: a head's keys as rows and values as columns, the gradients
 * of both; a block's queries, gradients of the mix, the queries and the scores. */
size_t tr_attend_room(int t, int heads, int c)
{
    const size_t width = (size_t)rt_lanes_up(t);
    const size_t lanes = (size_t)rt_lanes_up(c / heads);

    return 4 * width * lanes + RT_ATTEND_BLOCK * (3 * lanes + width);
}

void tr_attend_back(float *dqkv_t3c, float *room, const float *dmix_tc,
                    const float *kept, const float *qkv_t3c, int t, int heads,
                    int c)
{
    const int d = c / heads, width = rt_lanes_up(t), lanes = rt_lanes_up(d);
    const size_t c3 = 3 * (size_t)c, ld = (size_t)width, w = (size_t)lanes;
    const float scale = 1.0F / sqrtf((float)d);
    float *keys = room, *values = keys + ld * w, *dkeys = values + ld * w;
    float *dvalues = dkeys + ld * w, *query = dvalues + ld * w;
    float *dmix = query + RT_ATTEND_BLOCK * w,
          *dquery = dmix + RT_ATTEND_BLOCK * w;
    float *dp = dquery + RT_ATTEND_BLOCK * w;

    for (int h = 0; h < heads; h++) {
        const float *q = qkv_t3c + h * d;
        float *dq = dqkv_t3c + h * d;

        rt_tiles_rows(keys, q + c, c3, t, d);
        rt_tiles_columns(values, width, q + 2 * (size_t)c, c3, t, d);
        /* The last block, whose rows may look at all keys, begins the sums. */
        for (int row = (t - 1) / RT_ATTEND_BLOCK * RT_ATTEND_BLOCK; row >= 0;
             row -= RT_ATTEND_BLOCK) {
            const int n = t - row < RT_ATTEND_BLOCK ? t - row : RT_ATTEND_BLOCK,
                      end = row + n;
            const bool add = end < t;
            const float *p = kept + ((size_t)h * (size_t)t + (size_t)row) * ld;

            rt_tiles_rows(query, q + (size_t)row * c3, c3, n, d);
            rt_tiles_rows(dmix, dmix_tc + (size_t)row * (size_t)c + h * d,
                          (size_t)c, n, d);
            rt_tiles(dvalues, w, add, (struct rt_left){p, 1, ld}, dmix, w, end,
                     lanes, n);
            rt_tiles(dp, ld, false, (struct rt_left){dmix, w, 1}, values, ld, n,
                     rt_lanes_up(end), d);
            softmax_back(dp, p, ld, n, rt_lanes_up(end), scale);
            rt_tiles(dquery, w, false, (struct rt_left){dp, ld, 1}, keys, w, n,
                     lanes, end);
            rt_tiles(dkeys, w, add, (struct rt_left){dp, 1, ld}, query, w, end,
                     lanes, n);
            rt_tiles_back(dq + (size_t)row * c3, c3, dquery, n, d);
        }
        rt_tiles_back(dq + c, c3, dkeys, t, d);
        rt_tiles_back(dq + 2 * (size_t)c, c3, dvalues, t, d);
    }
}
