/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels.h"
#include "runtime/tiles.h"

#include <cblas.h>
#include <math.h>

RT_CLONES
void rt_softmax(float *s, int n, float scale)
{
    float top = rt_largest(s, n), inverse;

    for (int i = 0; i < n; i++)
        s[i] = rt_exp((s[i] - top) * scale);
    inverse = 1.0F / rt_sum(s, n);
    for (int i = 0; i < n; i++)
        s[i] *= inverse;
}

/* Softmax over what the row sees, zero elsewhere in [0, width). */
static void row_weights(float *p, int row, int n_keys, int width, float scale)
{
    int first = n_keys > 0 ? 0 : row;
    int end = n_keys > 0 ? n_keys : row + 1;

    rt_softmax(p + first, end - first, scale);
    memset(p, 0, (size_t)first * sizeof(*p));
    memset(p + end, 0, (size_t)(width - end) * sizeof(*p));
}

size_t rt_attend_room(int t, int heads, int c)
{
    const size_t width = (size_t)rt_lanes_up(t), d = (size_t)(c / heads);
    const size_t lanes = (size_t)rt_lanes_up(c / heads);

    return width * (d + lanes) + RT_ATTEND_BLOCK * (lanes + width);
}

/* Softmax over the first n of `width` floats, zero behind them; both loops run
 * over whole lanes, and what lies behind n may be anything. */
RT_INLINE void softmax_lanes(float *s, int n, int width, float scale)
{
    float top[RT_LANES], x[RT_LANES], m = s[0], inverse;
    rt_lanes sum = {0}, v;

    for (int k = 0; k < RT_LANES; k++)
        top[k] = m;
    for (int i = 0; i < n; i += RT_LANES)
        for (int k = 0; k < RT_LANES; k++)
            top[k] = i + k < n && s[i + k] > top[k] ? s[i + k] : top[k];
    for (int k = 0; k < RT_LANES; k++)
        m = top[k] > m ? top[k] : m;
    for (int i = 0; i < n; i += RT_LANES) {
        for (int k = 0; k < RT_LANES; k++)
            x[k] = i + k < n ? rt_exp((s[i + k] - m) * scale) : 0.0F;
        memcpy(&v, x, sizeof(v));
        sum += v;
        memcpy(s + i, x, sizeof(x));
    }
    inverse = 1.0F / rt_fold(&sum);
    for (int i = 0; i < n; i++)
        s[i] *= inverse;
    for (int i = rt_lanes_up(n); i < width; i++)
        s[i] = 0.0F;
}

/* Rows of scores become weights: row i looks at n_keys[i], or at itself alone
 * when that is 0. */
RT_CLONES
static void block_weights(float *s, size_t ld, const int32_t *n_keys, int row,
                          int n, int width, float scale)
{
    for (int i = 0; i < n; i++, s += ld) {
        const int keys = n_keys ? n_keys[row + i] : row + i + 1;

        if (keys > 0) {
            softmax_lanes(s, keys, width, scale);
            continue;
        }
        for (int k = 0; k < width; k++)
            s[k] = k == row + i ? 1.0F : 0.0F;
    }
}

/* Rows are taken in blocks, each against the keys up to its end, so that the
 * half that nobody sees is mostly not computed. */
void rt_attend(float *mix_tc, float *kept, float *room, const float *qkv_t3c,
               const int32_t *n_keys, int t, int heads, int c)
{
    const int d = c / heads, width = rt_lanes_up(t), lanes = rt_lanes_up(d);
    const size_t c3 = 3 * (size_t)c, ld = (size_t)width;
    const float scale = 1.0F / sqrtf((float)d);
    float *keys = room, *values = keys + (size_t)d * ld;
    float *mix = values + ld * (size_t)lanes,
          *p = mix + RT_ATTEND_BLOCK * lanes;

    for (int h = 0; h < heads; h++) {
        const float *q = qkv_t3c + h * d, *k = q + c, *v = k + c;

        rt_tiles_columns(keys, width, k, c3, t, d);
        rt_tiles_rows(values, v, c3, t, d);
        for (int row = 0; row < t; row += RT_ATTEND_BLOCK) {
            const int n = t - row < RT_ATTEND_BLOCK ? t - row : RT_ATTEND_BLOCK;
            const int end = rt_lanes_up(row + n);
            const struct rt_left rows = {q + (size_t)row * c3, c3, 1};
            float *s =
                kept ? kept + ((size_t)h * (size_t)t + (size_t)row) * ld : p;

            rt_tiles(s, ld, false, rows, keys, ld, n, end, d);
            block_weights(s, ld, n_keys, row, n, end, scale);
            rt_tiles(mix, (size_t)lanes, false, (struct rt_left){s, ld, 1},
                     values, (size_t)lanes, n, lanes, row + n);
            rt_tiles_back(mix_tc + (size_t)row * (size_t)c + h * d, (size_t)c,
                          mix, n, d);
        }
    }
}

/* One head of one block: n rows of queries, which end at the own row `end`. */
static void attend_block(float *mix, float *s, const struct rt_keys *past,
                         const struct rt_keys *own, const float *q, int n,
                         int end, int d, int c)
{
    const int width = past->n + end, ld = past->n + own->n;
    const float scale = 1.0F / sqrtf((float)d);

    if (past->n > 0)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, past->n, d,
                    1.0F, q, own->stride, past->k, past->stride, 0.0F, s, ld);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, end, d, 1.0F, q,
                own->stride, own->k, own->stride, 0.0F, s + past->n, ld);
    for (int i = 0; i < n; i++)
        row_weights(s + (size_t)i * (size_t)ld, 0, width - n + i + 1, width,
                    scale);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, d, end, 1.0F,
                s + past->n, ld, own->v, own->stride, 0.0F, mix, c);
    if (past->n > 0)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, d, past->n,
                    1.0F, s, ld, past->v, past->stride, 1.0F, mix, c);
}

void rt_attend_after(float *mix_tc, float *p, const struct rt_keys *past,
                     const float *qkv_t3c, int t, int heads, int c)
{
    const int d = c / heads, c3 = 3 * c;

    for (int h = 0; h < heads; h++) {
        const float *q = qkv_t3c + h * d;
        const struct rt_keys own = {q + c, q + 2 * c, c3, t};
        const struct rt_keys before = {past->k + h * d, past->v + h * d,
                                       past->stride, past->n};

        for (int row = 0; row < t; row += RT_ATTEND_ROWS) {
            int n = t - row < RT_ATTEND_ROWS ? t - row : RT_ATTEND_ROWS;

            attend_block(mix_tc + (size_t)row * (size_t)c + h * d, p, &before,
                         &own, q + (size_t)row * (size_t)c3, n, row + n, d, c);
        }
    }
}

void rt_attend_row(float *mix_c, float *p, const float *q_c,
                   const struct rt_keys *past, const struct rt_keys *own,
                   int heads, int c)
{
    const struct rt_keys *const part[2] = {past, own};
    const int d = c / heads, n = past->n + own->n;
    const float scale = 1.0F / sqrtf((float)d);

    for (int h = 0; h < heads; h++) {
        float *s = p, keep = 0.0F;

        for (int i = 0; i < 2; s += part[i++]->n)
            if (part[i]->n > 0)
                cblas_sgemv(CblasRowMajor, CblasNoTrans, part[i]->n, d, 1.0F,
                            part[i]->k + h * d, part[i]->stride, q_c + h * d, 1,
                            0.0F, s, 1);
        rt_softmax(p, n, scale);
        s = p;
        for (int i = 0; i < 2; s += part[i++]->n)
            if (part[i]->n > 0) {
                cblas_sgemv(CblasRowMajor, CblasTrans, part[i]->n, d, 1.0F,
                            part[i]->v + h * d, part[i]->stride, s, 1, keep,
                            mix_c + h * d, 1);
                keep = 1.0F;
            }
    }
}
