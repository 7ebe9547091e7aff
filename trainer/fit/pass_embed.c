/* SPDX-License-Identifier: Apache-2.0 */
/* The backward half of runtime/embed.c. */
#include "runtime/kernels.h"
#include "runtime/simd.h"
#include "trainer/fit/backward.h"
#include "trainer/fit/pass.h"

RT_CLONES
static void add_scaled(float *y_c, const float *x_c, float a, int c)
{
    for (int i = 0; i < c; i++)
        y_c[i] += a * x_c[i];
}

/* The value network: x += gate * (out^T gelu(in z)). */
RT_CLONES
static void value_back(float *scratch, const struct rt_model *m,
                       const struct rt_item *item, const float *dx_c,
                       struct tr_grads *g)
{
    const int c = m->shape.channels, n = m->shape.value_hidden;
    const size_t at = (size_t)item->value_row * (size_t)c;
    float *open_c = scratch, *act = open_c + c, *pre = act + n, *dact = pre + n;
    float *dopen_c = dact + n;

    rt_value(open_c, act, m, item->value_z);
    for (int i = 0; i < c; i++) {
        dopen_c[i] = dx_c[i] * m->w.value_gate[at + (size_t)i];
        g->value_gate[at + (size_t)i] += dx_c[i] * open_c[i];
    }
    for (int i = 0; i < n; i++) {
        const size_t row = (size_t)i * (size_t)c;

        pre[i] = m->w.value_in[i] * item->value_z + m->w.value_in[n + i];
        dact[i] = rt_dot(dopen_c, m->w.value_out + row, c);
        for (int k = 0; k < c; k++)
            g->value_out[row + (size_t)k] += dopen_c[k] * act[i];
    }
    tr_gelu_back(dact, dact, pre, (size_t)n);
    for (int i = 0; i < n; i++) {
        g->value_in[i] += dact[i] * item->value_z;
        g->value_in[n + i] += dact[i];
    }
}

static void item_back(float *scratch, const struct rt_model *m,
                      const struct rt_item *item, const float *dx_c,
                      struct tr_grads *g)
{
    const int c = m->shape.channels;

    if (item->concept >= 0)
        add_scaled(g->embed + (size_t)item->concept * (size_t)c, dx_c, 1, c);
    for (int i = 0; i < RT_MAX_PARENTS; i++)
        if (item->parent[i] >= 0)
            add_scaled(g->embed + (size_t)item->parent[i] * (size_t)c, dx_c, 1,
                       c);
    if (item->flag)
        add_scaled(g->flag + (size_t)item->flag * (size_t)c, dx_c, 1, c);
    if (item->value_row >= 0)
        value_back(scratch, m, item, dx_c, g);
}

void tr_embed_backward(struct tr_pass *p, const struct rt_model *m,
                       const struct tr_pack *pack, struct tr_grads *grads)
{
    const int c = m->shape.channels;
    float *age_c = p->age_tc;
    const float *dx_c = p->dx_tc;

    for (size_t s = 0; s < pack->n_seqs; s++) {
        const struct rt_history *h = &pack->seq[s];

        for (size_t i = 0; i < h->n_positions; i++, dx_c += c, age_c += c) {
            const struct rt_position *at = &h->position[i];
            float f[RT_N_TIMES];

            for (uint32_t k = 0; k < at->n_items; k++)
                item_back(p->embed, m, &h->item[at->first_item + k], dx_c,
                          grads);
            rt_age_code(age_c, at->age_days, c);
            rt_time_features(f, at);
            for (int k = 0; k < m->shape.times; k++)
                add_scaled(grads->times + (size_t)k * (size_t)c, dx_c, f[k], c);
        }
    }
    tr_linear_back(NULL, false, grads->age, p->dx_tc, p->age_tc, m->w.age,
                   pack->n_rows, c, c);
}
