/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/product.h"

#include "runtime/kernels.h"

#include <assert.h>

enum { PANEL = 64, ALIGN_BYTES = 64, TAIL_ROWS = 32 };

/* One matrix of one layer: w[rows][cols], and where its panels begin. */
struct matrix {
    const float *w;
    size_t panels; /* floats before them in a layer's block */
    int rows, cols;
    bool add;
};

static size_t panel_floats(int rows, int cols)
{
    return (size_t)rt_lanes_up(rows) * (size_t)cols;
}

/* The block is the panels of the age and of the rates, and then layer by layer
 * those of the others, in the enum's order.  What a layer takes: */
static size_t layer_floats(const struct rt_shape *s)
{
    const int c = s->channels;

    return panel_floats(c, c) + panel_floats(2 * c, c) + panel_floats(c, c) +
           panel_floats(4 * c, c) + panel_floats(c, 4 * c);
}

static struct matrix matrix_of(const struct rt_model *m, enum rt_product which,
                               int layer)
{
    const int c = m->shape.channels;
    const size_t l = (size_t)layer, cc = (size_t)c * (size_t)c;
    struct matrix all[RT_N_PRODUCTS] = {
        [RT_AGE] = {m->w.age, 0, c, c, true},
        [RT_RATES] = {m->w.embed, 0, m->shape.targets, c, false},
        [RT_QUERY] = {m->w.qkv + l * 3 * cc, 0, c, c, false},
        [RT_KEY_VALUE] = {m->w.qkv + l * 3 * cc + cc, 0, 2 * c, c, false},
        [RT_PROJ] = {m->w.proj + l * cc, 0, c, c, true},
        [RT_UP] = {m->w.up + l * 4 * cc, 0, 4 * c, c, false},
        [RT_DOWN] = {m->w.down + l * 4 * cc, 0, c, 4 * c, true},
    };

    assert(which > RT_RATES || layer == 0);
    all[which].panels = l * layer_floats(&m->shape);
    for (int i = 0; i < (int)which; i++)
        all[which].panels += panel_floats(all[i].rows, all[i].cols);
    return all[which];
}

static int panel_width(int rows, int at)
{
    const int rest = rt_lanes_up(rows - at);

    return rest < PANEL ? rest : PANEL;
}

static void pack_one(float *block, const struct rt_model *m,
                     enum rt_product which, int layer)
{
    const struct matrix a = matrix_of(m, which, layer);
    float *to = block + a.panels;

    for (int at = 0; at < a.rows; at += PANEL) {
        const int width = panel_width(a.rows, at);

        for (int e = 0; e < a.cols; e++)
            for (int k = at; k < at + width; k++)
                *to++ = k < a.rows ? a.w[(size_t)k * (size_t)a.cols + (size_t)e]
                                   : 0.0F;
    }
}

enum an_code rt_model_pack(struct rt_model *m, struct an_arena *arena,
                           struct an_err *err)
{
    const int c = m->shape.channels;
    const size_t n = panel_floats(c, c) + panel_floats(m->shape.targets, c) +
                     layer_floats(&m->shape) * (size_t)m->shape.layers;
    float *block = an_arena_get(arena, n * sizeof(*block) + ALIGN_BYTES, 1);

    if (block == NULL)
        return an_fail_nomem(err);
    block += (-(uintptr_t)block % ALIGN_BYTES) / sizeof(*block);
    pack_one(block, m, RT_AGE, 0);
    pack_one(block, m, RT_RATES, 0);
    for (int layer = 0; layer < m->shape.layers; layer++)
        for (int i = RT_QUERY; i < RT_N_PRODUCTS; i++)
            pack_one(block, m, (enum rt_product)i, layer);
    m->packed = block;
    return AN_OK;
}

/* The last columns, when they are not whole lanes: by way of a room of our own,
 * since a tile is whole. */
static void tail(float *y, int ldy, const float *x, const float *panel,
                 const struct matrix *a, int at, int t)
{
    const int n = a->rows - at, width = rt_lanes_up(n);
    float room[TAIL_ROWS * PANEL];

    for (int row = 0; row < t; row += TAIL_ROWS) {
        const int rows = t - row < TAIL_ROWS ? t - row : TAIL_ROWS;
        float *to = y + (size_t)row * (size_t)ldy + at;

        for (int i = 0; i < rows && a->add; i++)
            memcpy(room + i * width, to + (size_t)i * (size_t)ldy,
                   (size_t)n * sizeof(*to));
        rt_tiles(room, (size_t)width, a->add,
                 (struct rt_left){x + (size_t)row * (size_t)a->cols,
                                  (size_t)a->cols, 1},
                 panel, (size_t)width, rows, width, a->cols);
        for (int i = 0; i < rows; i++)
            memcpy(to + (size_t)i * (size_t)ldy, room + i * width,
                   (size_t)n * sizeof(*to));
    }
}

static void by_panels(float *y, int ldy, const float *x, const float *panel,
                      const struct matrix *a, int t)
{
    const struct rt_left rows = {x, (size_t)a->cols, 1};

    for (int at = 0; at < a->rows; at += PANEL) {
        const int width = panel_width(a->rows, at);

        if (at + width > a->rows)
            tail(y, ldy, x, panel, a, at, t);
        else
            rt_tiles(y + at, (size_t)ldy, a->add, rows, panel, (size_t)width, t,
                     width, a->cols);
        panel += (size_t)width * (size_t)a->cols;
    }
}

void rt_product(const struct rt_model *m, enum rt_product which, int layer,
                float *y, int ldy, const float *x, int t)
{
    const struct matrix a = matrix_of(m, which, layer);

    assert(ldy >= a.rows);
    if (m->packed)
        by_panels(y, ldy, x, m->packed + a.panels, &a, t);
    else
        rt_times(y, ldy, x, a.w, t, a.rows, a.cols, a.add);
}
