/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels.h"
#include "runtime/product.h"
#include "runtime/simd.h"

#include <math.h>

static const double days_per_year = 365.25;

/* The frequencies are the same for every position, but computing them costs
 * an exponential each, which is less than the memory to keep them. */
RT_CLONES
void rt_age_code(float *s_c, float age_days, int c)
{
    const float step = -2.0F * 9.21034037F / (float)c; /* ln 10000 */
    const float years = (float)((double)age_days / days_per_year);

    for (int i = 0; i < c / 2; i++)
        rt_sincos((double)(years * rt_exp(step * (float)i)), &s_c[2 * i],
                  &s_c[2 * i + 1]);
}

void rt_time_features(float f[RT_N_TIMES], const struct rt_position *p)
{
    const float gap = p->since_previous_days, stay = p->since_admission_days;

    f[0] = 0.25F * log1pf(gap);
    f[1] = 0.25F * log1pf(24.0F * gap);
    f[2] = stay >= 0 ? 1.0F : 0.0F;
    f[3] = stay >= 0 ? 0.25F * log1pf(stay) : 0.0F;
    f[4] = stay >= 0 ? 0.25F * log1pf(24.0F * stay) : 0.0F;
    f[5] = 1.0F;
}

RT_CLONES
static void add_row(float *y_c, const float *x_c, int c)
{
    for (int i = 0; i < c; i++)
        y_c[i] += x_c[i];
}

RT_CLONES
static void add_scaled(float *y_c, const float *x_c, float a, int c)
{
    for (int i = 0; i < c; i++)
        y_c[i] += a * x_c[i];
}

RT_CLONES
static void add_product(float *y_c, const float *a_c, const float *b_c, int c)
{
    for (int i = 0; i < c; i++)
        y_c[i] += a_c[i] * b_c[i];
}

void rt_value(float *out_c, float *hidden, const struct rt_model *m, float z)
{
    const int c = m->shape.channels, n = m->shape.value_hidden;
    const float *slope = m->w.value_in, *offset = slope + n;

    for (int i = 0; i < n; i++)
        hidden[i] = slope[i] * z + offset[i];
    rt_gelu(hidden, hidden, (size_t)n);
    memset(out_c, 0, (size_t)c * sizeof(*out_c));
    for (int i = 0; i < n; i++)
        add_scaled(out_c, m->w.value_out + (size_t)i * (size_t)c, hidden[i], c);
}

static void add_item(float *x_c, float *scratch, const struct rt_model *m,
                     const struct rt_item *item)
{
    const int c = m->shape.channels;
    const struct rt_weights *w = &m->w;

    if (item->concept >= 0)
        add_row(x_c, w->embed + (size_t)item->concept * (size_t)c, c);
    for (int i = 0; i < RT_MAX_PARENTS; i++)
        if (item->parent[i] >= 0)
            add_row(x_c, w->embed + (size_t)item->parent[i] * (size_t)c, c);
    if (item->flag)
        add_row(x_c, w->flag + (size_t)item->flag * (size_t)c, c);
    if (item->value_row >= 0) {
        rt_value(scratch, scratch + c, m, item->value_z);
        add_product(x_c, scratch,
                    w->value_gate + (size_t)item->value_row * (size_t)c, c);
    }
}

void rt_embed_position(float *x_c, float *scratch, const struct rt_model *m,
                       const struct rt_history *h, size_t position)
{
    const struct rt_position *p = &h->position[position];
    const int c = m->shape.channels;

    memset(x_c, 0, (size_t)c * sizeof(*x_c));
    for (uint32_t i = 0; i < p->n_items; i++)
        add_item(x_c, scratch, m, &h->item[p->first_item + i]);
    if (m->shape.times) {
        float f[RT_N_TIMES];

        rt_time_features(f, p);
        for (int i = 0; i < RT_N_TIMES; i++)
            add_scaled(x_c, m->w.times + (size_t)i * (size_t)c, f[i], c);
    }
}

void rt_embed(float *x_tc, float *scratch, const struct rt_model *m,
              const struct rt_history *h)
{
    const int c = m->shape.channels;
    const size_t n = h->n_positions;
    float *age_tc = scratch + c + m->shape.value_hidden;

    for (size_t i = 0; i < n; i++) {
        rt_embed_position(x_tc + i * (size_t)c, scratch, m, h, i);
        rt_age_code(age_tc + i * (size_t)c, h->position[i].age_days, c);
    }
    rt_product(m, RT_AGE, 0, x_tc, c, age_tc, (int)n);
}
