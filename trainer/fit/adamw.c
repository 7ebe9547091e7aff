/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/fit/adamw.h"

#include "runtime/simd.h"

#include <math.h>

/* Sums of a few thousand in lanes, those in double. */
double tr_gradient_length(const float *x, uint64_t n)
{
    enum { PIECE = 4096 };
    double sum = 0;

    for (uint64_t i = 0; i < n; i += PIECE) {
        int m = n - i < PIECE ? (int)(n - i) : PIECE;

        sum += (double)rt_dot(x + i, x + i, m);
    }
    return sqrt(sum);
}

struct step {
    float scale, keep, beta1, beta2, rate, root, epsilon;
};

RT_CLONES
static void update(float *value, float *first, float *second, const float *grad,
                   uint64_t n, const struct step *s)
{
    for (uint64_t i = 0; i < n; i++) {
        const float g = grad[i] * s->scale;
        const float m = s->beta1 * first[i] + (1.0F - s->beta1) * g;
        const float v = s->beta2 * second[i] + (1.0F - s->beta2) * g * g;

        first[i] = m;
        second[i] = v;
        value[i] = value[i] * s->keep -
                   s->rate * m / (sqrtf(v) * s->root + s->epsilon);
    }
}

double tr_adamw_step(struct tr_params *p, float *first, float *second,
                     float *grad, int64_t step, const struct tr_adamw *a)
{
    const struct rt_tensor *wide = &p->tensor[RT_W_wide];
    const uint64_t n_wide = (uint64_t)wide->rows * (uint64_t)wide->cols;
    const double corrected = 1 - pow(a->beta2, (double)step);
    double norm, scale = 1;

    for (uint64_t i = wide->first; i < wide->first + n_wide; i++)
        grad[i] += (float)(2 * a->wide_l2) * p->value[i];
    norm = tr_gradient_length(grad, p->n);
    if (!isfinite(norm))
        return norm;
    if (a->clip > 0 && norm + 1e-6 > a->clip)
        scale = a->clip / (norm + 1e-6);
    for (int id = 0; id < RT_N_WEIGHTS; id++) {
        const struct rt_tensor *t = &p->tensor[id];
        const double rate = a->rate * (t->kind == RT_WIDE ? a->wide_rate : 1);
        const struct step s = {
            .scale = (float)scale,
            .keep = t->kind == RT_MATRIX ? (float)(1 - rate * a->decay) : 1.0F,
            .beta1 = (float)a->beta1,
            .beta2 = (float)a->beta2,
            .rate = (float)(rate / (1 - pow(a->beta1, (double)step))),
            .root = (float)(1 / sqrt(corrected)),
            .epsilon = (float)a->epsilon};

        update(p->value + t->first, first + t->first, second + t->first,
               grad + t->first, (uint64_t)t->rows * (uint64_t)t->cols, &s);
    }
    return norm;
}
