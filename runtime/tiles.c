/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tiles.h"

#include <assert.h>

/* Of a tile: as many sums as fit the registers with AVX2, and enough of them to
 * hide how long an addition takes. */
enum { TILE_ROWS = 6 };

/* Sums stay in registers only where no index is left. */
#define UNROLLED _Pragma("GCC unroll 6")

/* `rows` is a constant where this is inlined. */
RT_INLINE void tile(float *c, size_t ldc, bool add, struct rt_left a,
                    const float *b, size_t ldb, int k, const int rows)
{
    rt_lanes sum[TILE_ROWS] = {0}, v;

    if (add) {
        UNROLLED
        for (int i = 0; i < rows; i++)
            memcpy(&sum[i], c + (size_t)i * ldc, sizeof(*sum));
    }
    for (int e = 0; e < k; e++) {
        memcpy(&v, b + (size_t)e * ldb, sizeof(v));
        UNROLLED
        for (int i = 0; i < rows; i++)
            sum[i] += a.at[(size_t)i * a.row + (size_t)e * a.column] * v;
    }
    UNROLLED
    for (int i = 0; i < rows; i++)
        memcpy(c + (size_t)i * ldc, &sum[i], sizeof(*sum));
}

RT_CLONES
void rt_tiles(float *c_mn, size_t ldc, bool add, struct rt_left a,
              const float *b_kn, size_t ldb, int m, int n, int k)
{
    assert(n % RT_LANES == 0);
    for (; m > 0; m -= TILE_ROWS) {
        for (int j = 0; j < n; j += RT_LANES)
            switch (m) {
            case 1: tile(c_mn + j, ldc, add, a, b_kn + j, ldb, k, 1); break;
            case 2: tile(c_mn + j, ldc, add, a, b_kn + j, ldb, k, 2); break;
            case 3: tile(c_mn + j, ldc, add, a, b_kn + j, ldb, k, 3); break;
            case 4: tile(c_mn + j, ldc, add, a, b_kn + j, ldb, k, 4); break;
            case 5: tile(c_mn + j, ldc, add, a, b_kn + j, ldb, k, 5); break;
            default: tile(c_mn + j, ldc, add, a, b_kn + j, ldb, k, 6); break;
            }
        c_mn += TILE_ROWS * ldc;
        a.at += TILE_ROWS * a.row;
    }
}

/* Loops over whole lanes, of which the compiler makes masked moves: of ten
 * floats a call of memcpy costs more than they do. */
RT_CLONES
void rt_tiles_rows(float *to, const float *from, size_t stride, int n, int d)
{
    for (int i = 0; i < n; i++, from += stride)
        for (int e = 0; e < d; e += RT_LANES, to += RT_LANES)
            for (int k = 0; k < RT_LANES; k++)
                to[k] = e + k < d ? from[e + k] : 0.0F;
}

RT_CLONES
void rt_tiles_back(float *to, size_t stride, const float *from, int n, int d)
{
    for (int i = 0; i < n; i++, to += stride)
        for (int e = 0; e < d; e += RT_LANES, from += RT_LANES)
            for (int k = 0; k < RT_LANES; k++)
                if (e + k < d)
                    to[e + k] = from[k];
}

void rt_tiles_columns(float *to, int width, const float *from, size_t stride,
                      int n, int d)
{
    for (int e = 0; e < d; e++) {
        for (int i = 0; i < n; i++)
            to[i] = from[(size_t)i * stride + (size_t)e];
        for (int i = n; i < width; i++)
            to[i] = 0.0F;
        to += width;
    }
}
