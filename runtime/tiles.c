/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tiles.h"

#include <assert.h>

/* Of a tile: as many sums as fit the registers with AVX2, and enough of them to
 * hide how long an addition takes.  Few rows take several lanes at once. */
enum { TILE_ROWS = 6, TILE_SUMS = 6 };

/* Sums stay in registers only where no index is left. */
#define UNROLLED _Pragma("GCC unroll 6")

/* `rows` and `wide` are constants where this is inlined. */
RT_INLINE void tile(float *c, size_t ldc, bool add, struct rt_left a,
                    const float *b, size_t ldb, int k, const int rows,
                    const int wide)
{
    rt_lanes sum[TILE_SUMS] = {0}, v;

    if (add) {
        UNROLLED
        for (int i = 0; i < rows; i++)
            UNROLLED
        for (int j = 0; j < wide; j++)
            memcpy(&sum[i * wide + j], c + (size_t)i * ldc + j * RT_LANES,
                   sizeof(*sum));
    }
    for (int e = 0; e < k; e++) {
        UNROLLED
        for (int j = 0; j < wide; j++) {
            memcpy(&v, b + (size_t)e * ldb + j * RT_LANES, sizeof(v));
            UNROLLED
            for (int i = 0; i < rows; i++)
                sum[i * wide + j] +=
                    a.at[(size_t)i * a.row + (size_t)e * a.column] * v;
        }
    }
    UNROLLED
    for (int i = 0; i < rows; i++)
        UNROLLED
    for (int j = 0; j < wide; j++)
        memcpy(c + (size_t)i * ldc + j * RT_LANES, &sum[i * wide + j],
               sizeof(*sum));
}

/* All columns of `rows` rows. */
#define STRIP(rows, wide)                                                      \
    do {                                                                       \
        int j = 0;                                                             \
        for (; j + (wide)*RT_LANES <= n; j += (wide)*RT_LANES)                 \
            tile(c_mn + j, ldc, add, a, b_kn + j, ldb, k, rows, wide);         \
        for (; j < n; j += RT_LANES)                                           \
            tile(c_mn + j, ldc, add, a, b_kn + j, ldb, k, rows, 1);            \
    } while (0)

RT_CLONES
void rt_tiles(float *c_mn, size_t ldc, bool add, struct rt_left a,
              const float *b_kn, size_t ldb, int m, int n, int k)
{
    int strips = (m + TILE_ROWS - 1) / TILE_ROWS;

    assert(n % RT_LANES == 0);
    for (; strips > 0; strips--) {
        const int rows = (m + strips - 1) / strips; /* alike, nearly */

        switch (rows) {
        case 1: STRIP(1, 4); break;
        case 2: STRIP(2, 3); break;
        case 3: STRIP(3, 2); break;
        case 4: STRIP(4, 1); break;
        case 5: STRIP(5, 1); break;
        default: STRIP(6, 1); break;
        }
        c_mn += (size_t)rows * ldc;
        a.at += (size_t)rows * a.row;
        m -= rows;
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
