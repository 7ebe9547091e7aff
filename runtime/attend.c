/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels.h"
#include "runtime/tiles.h"

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

size_t rt_attend_room(int t, int heads, int c)
{
    const size_t width = (size_t)rt_lanes_up(t), d = (size_t)(c / heads);
    const size_t lanes = (size_t)rt_lanes_up(c / heads);

    return width * (d + lanes) + RT_ATTEND_BLOCK * (lanes + width);
}

/* Sixteen e^((s - m) scale), of which the first n count, added to *sum. */
RT_INLINE void exp_lanes(float *s, int n, float m, float scale, rt_lanes *sum)
{
    float x[RT_LANES];
    rt_lanes v;

    for (int k = 0; k < RT_LANES; k++)
        x[k] = rt_exp((s[k] - m) * scale);
    for (int k = n; k < RT_LANES; k++)
        x[k] = 0.0F;
    memcpy(&v, x, sizeof(v));
    *sum += v;
    memcpy(s, x, sizeof(x));
}

/* Softmax over the first n of `width` floats, zero behind them; the loops run
 * over whole lanes, and what lies behind n may be anything. */
RT_INLINE void softmax_lanes(float *s, int n, int width, float scale)
{
    const int whole = n & ~(RT_LANES - 1);
    const float m = rt_largest(s, n);
    rt_lanes sum = {0};
    float inverse;

    for (int i = 0; i < whole; i += RT_LANES)
        exp_lanes(s + i, RT_LANES, m, scale, &sum);
    if (whole < n)
        exp_lanes(s + whole, n - whole, m, scale, &sum);
    inverse = 1.0F / rt_fold(&sum);
    for (int i = 0; i < rt_lanes_up(n); i++)
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

/* ---- rows that look at what was kept -------------------------------------- */

size_t rt_keys_floats(int heads, int c)
{
    return (size_t)(c + heads * rt_lanes_up(c / heads));
}

int rt_keys_width(int n)
{
    return rt_lanes_up(n) | RT_LANES;
}

int rt_attend_width(int n)
{
    return rt_lanes_up(n) + RT_LANES; /* what is its own begins inside lanes */
}

size_t rt_attend_rows_room(int n, int heads, int c)
{
    return RT_ATTEND_ROWS *
           (size_t)(rt_attend_width(n) + rt_lanes_up(c / heads));
}

void rt_keys_put(const struct rt_keys *to, int at, const float *kv,
                 size_t stride, int n, int heads, int c)
{
    const int d = c / heads;
    const size_t width = (size_t)to->width, lanes = (size_t)rt_lanes_up(d);

    for (int h = 0; h < heads; h++) {
        const float *k = kv + h * d;
        float *key = to->key_hdw + (size_t)(h * d) * width + at;
        float *value = to->value_hwl + ((size_t)h * width + (size_t)at) * lanes;

        for (int e = 0; e < d; e++, key += width)
            for (int i = 0; i < n; i++)
                key[i] = k[(size_t)i * stride + (size_t)e];
        rt_tiles_rows(value, k + c, stride, n, d);
    }
}

/* Where the keys and values of one head begin. */
static struct rt_keys head_of(const struct rt_keys *k, int h, int d)
{
    const size_t width = (size_t)k->width, at = (size_t)h;

    if (k->n == 0)
        return (struct rt_keys){0};
    return (struct rt_keys){k->key_hdw + at * (size_t)d * width,
                            k->value_hwl + at * width * (size_t)rt_lanes_up(d),
                            k->width, k->n};
}

static int n_own(const struct rt_looking *rows, int row)
{
    return rows->n_own ? rows->n_own[row] : rows->first + row + 1;
}

/* One head of one block of rows. */
static void look(float *mix, int c, float *room, const struct rt_looking *rows,
                 const struct rt_keys *past, const struct rt_keys *own, int d)
{
    const size_t ld = (size_t)rt_attend_width(past->n + own->n);
    const size_t lanes = (size_t)rt_lanes_up(d);
    const struct rt_left q = {rows->q, rows->stride, 1};
    const float scale = 1.0F / sqrtf((float)d);
    float *sum = room, *s = room + (size_t)rows->n * lanes;
    int32_t n_keys[RT_ATTEND_BLOCK];
    int most = 0;

    for (int i = 0; i < rows->n; i++) {
        const int mine = n_own(rows, i);

        most = mine > most ? mine : most;
        n_keys[i] = past->n + mine;
    }
    if (past->n)
        rt_tiles(s, ld, false, q, past->key_hdw, (size_t)past->width, rows->n,
                 rt_lanes_up(past->n), d);
    rt_tiles(s + past->n, ld, false, q, own->key_hdw, (size_t)own->width,
             rows->n, rt_lanes_up(most), d);
    block_weights(s, ld, n_keys, 0, rows->n, rt_lanes_up(past->n + most),
                  scale);
    if (past->n)
        rt_tiles(sum, lanes, false, (struct rt_left){s, ld, 1}, past->value_hwl,
                 lanes, rows->n, (int)lanes, past->n);
    rt_tiles(sum, lanes, past->n > 0, (struct rt_left){s + past->n, ld, 1},
             own->value_hwl, lanes, rows->n, (int)lanes, most);
    rt_tiles_back(mix, (size_t)c, sum, rows->n, d);
}

void rt_attend_rows(float *mix_nc, float *room, const struct rt_looking *rows,
                    const struct rt_keys *past, const struct rt_keys *own,
                    int heads, int c)
{
    const int d = c / heads;

    for (int row = 0; row < rows->n; row += RT_ATTEND_BLOCK) {
        const int rest = rows->n - row;
        struct rt_looking block = {
            rows->q + (size_t)row * rows->stride, rows->stride,
            rows->n_own ? rows->n_own + row : NULL, rows->first + row,
            rest < RT_ATTEND_BLOCK ? rest : RT_ATTEND_BLOCK};

        for (int h = 0; h < heads; h++, block.q += d) {
            const struct rt_keys before = head_of(past, h, d);
            const struct rt_keys mine = head_of(own, h, d);

            look(mix_nc + (size_t)row * (size_t)c + h * d, c, room, &block,
                 &before, &mine, d);
        }
    }
}
