/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels.h"

#include <assert.h>
#include <cblas.h>

/* A matrix product packs the weights on each call, which pays from some rows
 * on; for one or two rows reading them once is the whole cost. */
enum { VECTOR_ROWS = 2 };

void rt_times(float *y, int ldy, const float *x_td, const float *w_cd, int t,
              int c, int d, bool add)
{
    const float keep = add ? 1.0F : 0.0F;

    assert(t >= 0 && c > 0 && d > 0 && ldy >= c);
    if (t > VECTOR_ROWS) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, t, c, d, 1.0F,
                    x_td, d, w_cd, d, keep, y, ldy);
        return;
    }
    for (int row = 0; row < t; row++)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, c, d, 1.0F, w_cd, d,
                    x_td + (size_t)row * (size_t)d, 1, keep,
                    y + (size_t)row * (size_t)ldy, 1);
}

void rt_linear(float *y_tc, const float *x_td, const float *w_cd, int t, int c,
               int d)
{
    rt_times(y_tc, c, x_td, w_cd, t, c, d, false);
}

void rt_linear_add(float *y_tc, const float *x_td, const float *w_cd, int t,
                   int c, int d)
{
    rt_times(y_tc, c, x_td, w_cd, t, c, d, true);
}
