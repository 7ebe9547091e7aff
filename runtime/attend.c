/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels.h"
#include "runtime/simd.h"

#include <cblas.h>
#include <math.h>

RT_INLINE float largest(const float *s, int n)
{
    float top[RT_LANES], m;
    int i = RT_LANES;

    if (n < RT_LANES) {
        m = s[0];
        for (int k = 1; k < n; k++)
            m = s[k] > m ? s[k] : m;
        return m;
    }
    memcpy(top, s, sizeof(top));
    for (; i + RT_LANES <= n; i += RT_LANES)
        for (int k = 0; k < RT_LANES; k++)
            top[k] = s[i + k] > top[k] ? s[i + k] : top[k];
    m = top[0];
    for (int k = 1; k < RT_LANES; k++)
        m = top[k] > m ? top[k] : m;
    for (; i < n; i++)
        m = s[i] > m ? s[i] : m;
    return m;
}

RT_CLONES
void rt_softmax(float *s, int n, float scale)
{
    float top = largest(s, n), inverse;

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

/* Rows are taken in blocks, each against the keys up to its end, so that the
 * half that nobody sees is mostly not computed. */
void rt_attend(float *mix_tc, float *p, bool keep_all, const float *qkv_t3c,
               const int32_t *n_keys, int t, int heads, int c)
{
    const int d = c / heads, c3 = 3 * c;
    const float scale = 1.0F / sqrtf((float)d);

    for (int h = 0; h < heads; h++) {
        const float *q = qkv_t3c + h * d, *k = q + c, *v = k + c;

        for (int row = 0; row < t; row += RT_ATTEND_ROWS) {
            int n = t - row < RT_ATTEND_ROWS ? t - row : RT_ATTEND_ROWS;
            int end = row + n;
            float *s = p;

            if (keep_all)
                s += ((size_t)h * (size_t)t + (size_t)row) * (size_t)t;
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, end, d,
                        1.0F, q + (size_t)row * (size_t)c3, c3, k, c3, 0.0F, s,
                        t);
            for (int i = 0; i < n; i++)
                row_weights(s + (size_t)i * (size_t)t, row + i,
                            n_keys ? n_keys[row + i] : row + i + 1,
                            keep_all ? t : end, scale);
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, d, end,
                        1.0F, s, t, v, c3, 0.0F,
                        mix_tc + (size_t)row * (size_t)c + h * d, c);
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
