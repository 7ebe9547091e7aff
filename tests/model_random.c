/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/model_random.h"

#include <math.h>
#include <stdlib.h>

double test_uniform(struct test_random *r)
{
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

double test_normal(struct test_random *r)
{
    double u = 1 - test_uniform(r), v = test_uniform(r);

    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

int test_below(struct test_random *r, int n)
{
    return (int)(test_uniform(r) * n);
}

struct rt_shape test_shape(void)
{
    return (struct rt_shape){.vocab = 30,
                             .targets = 20,
                             .channels = 24,
                             .heads = 3,
                             .layers = 2,
                             .positions = 512,
                             .flags = RT_N_FLAGS,
                             .value_rows = 7,
                             .value_hidden = 5,
                             .times = RT_N_TIMES,
                             .rate_bias = 1,
                             .outcomes = 3,
                             .bins = 6,
                             .rank = 4,
                             .wide = 9,
                             .death = 2,
                             .bin_edge_days = RT_BINS_DEFAULT};
}

struct rt_shape test_shape_embedded(void)
{
    return (struct rt_shape){.vocab = 4096,
                             .targets = 4096,
                             .channels = 128,
                             .heads = 4,
                             .layers = 6,
                             .positions = 512,
                             .flags = RT_N_FLAGS,
                             .value_rows = 300,
                             .value_hidden = 16,
                             .times = RT_N_TIMES,
                             .rate_bias = 1,
                             .outcomes = 8,
                             .bins = 6,
                             .rank = 32,
                             .wide = 64,
                             .death = 7,
                             .bin_edge_days = RT_BINS_DEFAULT};
}

struct rt_shape test_shape_plain(void)
{
    return (struct rt_shape){.vocab = 30,
                             .targets = 30,
                             .channels = 24,
                             .heads = 2,
                             .layers = 2,
                             .positions = 512,
                             .death = -1};
}

float *test_model(struct rt_model *m, struct an_arena *arena,
                  const struct rt_shape *s, struct test_random *r)
{
    struct rt_tensor tensor[RT_N_WEIGHTS];
    uint64_t n = rt_tensors(s, tensor);
    float *block = an_arena_get(arena, n, sizeof(*block));

    if (block == NULL)
        abort();
    for (int i = 0; i < RT_N_WEIGHTS; i++) {
        const struct rt_tensor *t = &tensor[i];
        uint64_t count = (uint64_t)t->rows * (uint64_t)t->cols;
        double size = t->kind == RT_MATRIX || t->kind == RT_EMBED
                          ? 1 / sqrt((double)t->cols + 1e-9)
                          : 0.3;

        for (uint64_t k = 0; k < count; k++)
            block[t->first + k] = (float)(size * test_normal(r)) +
                                  (t->kind == RT_NORM ? 1.0F : 0.0F);
    }
    *m = (struct rt_model){.shape = *s};
    rt_weights_at(s, block, &m->w);
    return block;
}

static struct rt_item random_item(const struct rt_shape *s,
                                  struct test_random *r)
{
    struct rt_item item = {.concept = test_below(r, s->vocab),
                           .value_row = RT_NO_ROW};

    for (int i = 0; i < RT_MAX_PARENTS; i++)
        item.parent[i] = RT_NO_ROW;
    if (s->flags == 0)
        return item;
    for (int i = 0; i < test_below(r, 3); i++)
        item.parent[i] = test_below(r, s->vocab);
    if (test_below(r, 5) == 0)
    item.concept = RT_NO_ROW;
    if (test_below(r, 2)) {
        item.value_row = test_below(r, s->value_rows);
        item.value_z = (float)test_normal(r);
    }
    item.flag = (uint32_t)test_below(r, s->flags);
    return item;
}

struct rt_history test_history(struct an_arena *arena, const struct rt_shape *s,
                               size_t n, struct test_random *r)
{
    struct rt_position *p = an_arena_get(arena, n, sizeof(*p));
    struct rt_item *item = an_arena_get(arena, n * 4, sizeof(*item));
    double day = 0;
    uint32_t n_items = 0;

    if (p == NULL || item == NULL)
        abort();
    for (size_t i = 0; i < n; i++) {
        double gap = i ? 0.01 - 60 * log(1 - test_uniform(r)) : 0;

        day += gap;
        p[i] = (struct rt_position){
            .time_days = day,
            .age_days = (float)(day + 15000),
            .since_previous_days = (float)gap,
            .since_admission_days = test_below(r, 2) ? -1.0F : (float)gap,
            .first_item = n_items,
            .n_items = s->flags ? (uint32_t)test_below(r, 5) : 1};
        for (uint32_t k = 0; k < p[i].n_items; k++)
            item[n_items++] = random_item(s, r);
    }
    return (struct rt_history){p, n, item, n_items};
}

float *test_wide(struct an_arena *arena, const struct rt_shape *s,
                 struct test_random *r)
{
    float *w = an_arena_get(arena, (size_t)s->wide, sizeof(*w));

    if (w == NULL)
        abort();
    for (int i = 0; i < s->wide; i++)
        w[i] = (float)test_normal(r);
    return w;
}

double test_max_diff(const float *a, const float *b, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);

        if (!(d <= most))
            most = d;
    }
    return most;
}
