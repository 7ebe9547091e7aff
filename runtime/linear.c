/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels.h"

#include <assert.h>
#include <cblas.h>

/* A matrix product packs the weights on each call, which pays from some rows
 * on; for one or two rows reading them once is the whole cost. */
enum { VECTOR_ROWS = 2 };

static void linear(float *y_tc, const float *x_td, const float *w_cd, int t,
                   int c, int d, float keep)
{
    assert(t >= 0 && c > 0 && d > 0);
    if (t > VECTOR_ROWS) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, t, c, d, 1.0F,
                    x_td, d, w_cd, d, keep, y_tc, c);
        return;
    }
    for (int row = 0; row < t; row++)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, c, d, 1.0F, w_cd, d,
                    x_td + (size_t)row * (size_t)d, 1, keep,
                    y_tc + (size_t)row * (size_t)c, 1);
}

void rt_linear(float *y_tc, const float *x_td, const float *w_cd, int t, int c,
               int d)
{
    linear(y_tc, x_td, w_cd, t, c, d, 0.0F);
}

void rt_linear_add(float *y_tc, const float *x_td, const float *w_cd, int t,
                   int c, int d)
{
    linear(y_tc, x_td, w_cd, t, c, d, 1.0F);
}
