/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels.h"
#include "runtime/product.h"
#include "runtime/simd.h"

RT_CLONES
static void add_bias(float *y_tv, const float *bias_v, int t, int v)
{
    for (int row = 0; row < t; row++)
        for (int i = 0; i < v; i++)
            y_tv[(size_t)row * (size_t)v + (size_t)i] += bias_v[i];
}

void rt_log_rates(float *out_tv, const struct rt_model *m, const float *h_tc,
                  int t)
{
    const int v = m->shape.targets;

    rt_product(m, RT_RATES, 0, out_tv, v, h_tc, t);
    if (m->shape.rate_bias)
        add_bias(out_tv, m->w.rate_bias, t, v);
}

RT_CLONES
void rt_log_hazards(float *out_kj, float *scratch, const struct rt_model *m,
                    const float *h_c, const float *wide_w)
{
    const struct rt_shape *s = &m->shape;
    const int c = s->channels, r = s->rank;

    for (int i = 0; i < s->bins * r; i++)
        scratch[i] = rt_dot(m->w.hazard_low + (size_t)i * (size_t)c, h_c, c);
    for (int k = 0; k < s->outcomes; k++) {
        float level = rt_dot(m->w.hazard_level + (size_t)k * (size_t)c, h_c, c);

        if (s->wide)
            level += rt_dot(m->w.wide + (size_t)k * (size_t)s->wide, wide_w,
                            s->wide);
        for (int j = 0; j < s->bins; j++)
            out_kj[k * s->bins + j] =
                m->w.hazard_bias[k * s->bins + j] + level +
                rt_dot(m->w.hazard_mix + k * r, scratch + j * r, r);
    }
}
