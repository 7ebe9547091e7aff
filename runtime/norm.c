/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels.h"
#include "runtime/simd.h"

#include <math.h>

static const float epsilon = 1e-5F;

RT_CLONES
void rt_norm(float *y_tc, float *stat_t2, const float *x_tc, const float *w_c,
             int t, int c)
{
    for (int row = 0; row < t; row++) {
        const float *x = x_tc + (size_t)row * (size_t)c;
        float *y = y_tc + (size_t)row * (size_t)c;
        float mean = rt_sum(x, c) / (float)c, rstd;

        for (int i = 0; i < c; i++)
            y[i] = x[i] - mean;
        rstd = 1.0F / sqrtf(rt_dot(y, y, c) / (float)c + epsilon);
        for (int i = 0; i < c; i++)
            y[i] = y[i] * rstd * w_c[i];
        if (stat_t2) {
            stat_t2[2 * row] = mean;
            stat_t2[2 * row + 1] = rstd;
        }
    }
}
