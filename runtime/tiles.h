/* SPDX-License-Identifier: Apache-2.0 */
/* Products of small matrices that lie in the cache, as attention has them: of
 * a head's ten or thirty channels, where a call of OpenBLAS costs more than
 * its work.  Sums run along k in order, each in its own lane, so that the bits
 * of a row depend on nothing but the row and b.
 *
 * Thread-safety: immutable (functions of their arguments).
 * Limits: callers have checked sizes; only asserts here. */
#ifndef RUNTIME_TILES_H
#define RUNTIME_TILES_H

#include "runtime/simd.h"

#include <stdbool.h>
#include <stddef.h>

/* n rounded up to whole lanes. */
static inline int rt_lanes_up(int n)
{
    return (n + RT_LANES - 1) & ~(RT_LANES - 1);
}

/* a(i, k) is at[i * row + k * column]: as it lies, or turned over. */
struct rt_left {
    const float *at;
    size_t row, column;
};

/* c[m][n] = a[m][k] . b[k][n], added to c if `add`; rows of c and b are `ldc`
 * and `ldb` floats, and n is whole lanes. */
void rt_tiles(float *c_mn, size_t ldc, bool add, struct rt_left a,
              const float *b_kn, size_t ldb, int m, int n, int k);

/* From n rows of d floats, `stride` apart: rows of rt_lanes_up(d), zeros
 * behind; */
void rt_tiles_rows(float *to, const float *from, size_t stride, int n, int d);
/* back; */
void rt_tiles_back(float *to, size_t stride, const float *from, int n, int d);
/* or columns, d rows of `width` floats, zeros behind the n-th. */
void rt_tiles_columns(float *to, int width, const float *from, size_t stride,
                      int n, int d);

#endif
