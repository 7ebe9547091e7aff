/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/reference.h"

#include "runtime/kernels.h"

#include <math.h>
#include <string.h>

static double gelu(double x)
{
    return 0.5 * x *
           (1 + tanh(sqrt(2 / 3.14159265358979323846) *
                     (x + 0.044715 * x * x * x)));
}

/* y[t][c] += x[t][d] . w[c][d] */
static void linear_add(float *y, const float *x, const float *w, size_t t,
                       size_t c, size_t d)
{
    for (size_t i = 0; i < t; i++)
        for (size_t j = 0; j < c; j++) {
            double sum = 0;

            for (size_t k = 0; k < d; k++)
                sum += (double)x[i * d + k] * (double)w[j * d + k];
            y[i * c + j] += (float)sum;
        }
}

static void norm(float *y, const float *x, const float *w, size_t t, size_t c)
{
    for (size_t i = 0; i < t; i++) {
        double mean = 0, variance = 0;

        for (size_t j = 0; j < c; j++)
            mean += (double)x[i * c + j];
        mean /= (double)c;
        for (size_t j = 0; j < c; j++) {
            double away = (double)x[i * c + j] - mean;

            variance += away * away;
        }
        variance /= (double)c;
        for (size_t j = 0; j < c; j++)
            y[i * c + j] = (float)(((double)x[i * c + j] - mean) /
                                   sqrt(variance + 1e-5) * (double)w[j]);
    }
}

static void add_row(float *x, const float *table, int32_t row, size_t c)
{
    for (size_t i = 0; row >= 0 && i < c; i++)
        x[i] += table[(size_t)row * c + i];
}

static void add_value(float *x, const struct rt_model *m,
                      const struct rt_item *item)
{
    const size_t c = (size_t)m->shape.channels;
    const size_t n = (size_t)m->shape.value_hidden;

    for (size_t i = 0; i < c; i++) {
        double sum = 0;

        for (size_t j = 0; j < n; j++)
            sum += gelu((double)m->w.value_in[j] * (double)item->value_z +
                        (double)m->w.value_in[n + j]) *
                   (double)m->w.value_out[j * c + i];
        x[i] +=
            (float)(sum *
                    (double)m->w.value_gate[(size_t)item->value_row * c + i]);
    }
}

static void embed(float *x, const struct rt_model *m,
                  const struct rt_history *h, size_t position)
{
    const struct rt_position *p = &h->position[position];
    const size_t c = (size_t)m->shape.channels;
    const double years = (double)p->age_days / 365.25;
    float f[RT_N_TIMES];

    for (uint32_t i = 0; i < p->n_items; i++) {
        const struct rt_item *item = &h->item[p->first_item + i];

        add_row(x, m->w.embed, item->concept, c);
        for (int j = 0; j < RT_MAX_PARENTS; j++)
            add_row(x, m->w.embed, item->parent[j], c);
        if (item->flag != RT_FLAG_NONE)
            add_row(x, m->w.flag, (int32_t)item->flag, c);
        if (item->value_row >= 0)
            add_value(x, m, item);
    }
    rt_time_features(f, p);
    for (size_t i = 0; i < c; i++) {
        double sum = 0;

        for (size_t j = 0; j < c; j++) {
            double angle = years * pow(10000, -(double)(j / 2 * 2) / (double)c);

            sum +=
                (double)m->w.age[i * c + j] * (j % 2 ? cos(angle) : sin(angle));
        }
        for (size_t j = 0; j < (size_t)m->shape.times; j++)
            sum += (double)m->w.times[j * c + i] * (double)f[j];
        x[i] += (float)sum;
    }
}

/* Row `row` of one head: q, k, v start at qkv + 0, c, 2c of each row. */
static void attend(float *mix, const float *qkv, size_t row, size_t from,
                   size_t to, size_t d, size_t c)
{
    const float *q = qkv + row * 3 * c;
    double total = 0, top = -(double)INFINITY;

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = from; i < to; i++) {
            double score = 0;

            for (size_t j = 0; j < d; j++)
                score += (double)q[j] * (double)qkv[i * 3 * c + c + j];
            score /= sqrt((double)d);
            if (pass == 0)
                top = fmax(top, score);
            else
                total += exp(score - top);
        }
    for (size_t j = 0; j < d; j++) {
        double sum = 0;

        for (size_t i = from; i < to; i++) {
            double score = 0;

            for (size_t e = 0; e < d; e++)
                score += (double)q[e] * (double)qkv[i * 3 * c + c + e];
            sum += exp(score / sqrt((double)d) - top) / total *
                   (double)qkv[i * 3 * c + 2 * c + j];
        }
        mix[row * c + j] = (float)sum;
    }
}

static void layer(float *x, float *a, float *b, const struct rt_model *m,
                  size_t l, size_t t, const int32_t *n_keys)
{
    const size_t c = (size_t)m->shape.channels, cc = c * c;
    const size_t heads = (size_t)m->shape.heads, d = c / heads;

    norm(a, x, m->w.norm1 + l * c, t, c);
    memset(b, 0, t * 3 * c * sizeof(*b));
    linear_add(b, a, m->w.qkv + l * 3 * cc, t, 3 * c, c);
    for (size_t row = 0; row < t; row++)
        for (size_t h = 0; h < heads; h++) {
            size_t to = n_keys ? (size_t)n_keys[row] : row + 1;

            attend(a + h * d, b + h * d, row, to ? 0 : row, to ? to : row + 1,
                   d, c);
        }
    linear_add(x, a, m->w.proj + l * cc, t, c, c);

    norm(a, x, m->w.norm2 + l * c, t, c);
    memset(b, 0, t * 4 * c * sizeof(*b));
    linear_add(b, a, m->w.up + l * 4 * cc, t, 4 * c, c);
    for (size_t i = 0; i < t * 4 * c; i++)
        b[i] = (float)gelu((double)b[i]);
    linear_add(x, b, m->w.down + l * 4 * cc, t, c, 4 * c);
}

enum an_code rt_reference_trunk(const struct rt_model *m,
                                const struct rt_history *h,
                                const int32_t *n_keys, struct an_arena *arena,
                                float *h_tc, struct an_err *err)
{
    const size_t t = h->n_positions, c = (size_t)m->shape.channels;
    float *x = an_arena_get(arena, t * c, sizeof(*x));
    float *a = an_arena_get(arena, t * c, sizeof(*a));
    float *b = an_arena_get(arena, t * 4 * c, sizeof(*b));

    if (x == NULL || a == NULL || b == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < t; i++)
        embed(x + i * c, m, h, i);
    for (int l = 0; l < m->shape.layers; l++)
        layer(x, a, b, m, (size_t)l, t, n_keys);
    norm(h_tc, x, m->w.norm, t, c);
    return AN_OK;
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

void rt_reference_rates(const struct rt_model *m, const float *h_c,
                        float *log_rate_v)
{
    const size_t c = (size_t)m->shape.channels;

    for (size_t v = 0; v < (size_t)m->shape.targets; v++)
        log_rate_v[v] =
            (float)(dot(m->w.embed + v * c, h_c, c) +
                    (m->shape.rate_bias ? (double)m->w.rate_bias[v] : 0));
}

void rt_reference_hazards(const struct rt_model *m, const float *h_c,
                          const float *wide_w, float *log_hazard_kj)
{
    const size_t c = (size_t)m->shape.channels, r = (size_t)m->shape.rank;
    const size_t bins = (size_t)m->shape.bins, wide = (size_t)m->shape.wide;

    for (size_t k = 0; k < (size_t)m->shape.outcomes; k++)
        for (size_t j = 0; j < bins; j++) {
            double sum = (double)m->w.hazard_bias[k * bins + j] +
                         dot(m->w.hazard_level + k * c, h_c, c) +
                         dot(m->w.wide + k * wide, wide_w, wide);

            for (size_t i = 0; i < r; i++)
                sum += (double)m->w.hazard_mix[k * r + i] *
                       dot(m->w.hazard_low + (j * r + i) * c, h_c, c);
            log_hazard_kj[k * bins + j] = (float)sum;
        }
}
