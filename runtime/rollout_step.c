/* SPDX-License-Identifier: Apache-2.0 */
/* One position more for each future, all in one product.  What rt_forward_after
 * computes again of a future's earlier positions is kept here. */
#include "runtime/kernels.h"
#include "runtime/rollout_int.h"

#include <math.h>
#include <string.h>

static size_t n(int32_t v)
{
    return (size_t)v;
}

/* Each future looks at the history, at its own past and at itself. */
static void attend(struct rt_rollout *r, const struct rt_model *m, int layer,
                   size_t n_live)
{
    const int c = m->shape.channels;
    const size_t c2 = 2 * n(c), own_size = r->max_events * c2;
    const float *k = r->past.kv_lt2c + n(layer) * n(r->past.max_positions) * c2;
    const struct rt_keys past = {k, k + c, 2 * c, r->past.n_positions};

    for (size_t i = 0; i < n_live; i++) {
        const size_t place = r->live[i];
        const struct rt_stay *at = &r->stay[place];
        const float *qkv = r->ws.qkv_t3c + i * 3 * n(c);
        float *own_kv =
            r->kv_bln2c + (place * n(m->shape.layers) + n(layer)) * own_size;
        const struct rt_keys own = {own_kv, own_kv + c, 2 * c,
                                    (int)at->n_own + 1};

        memcpy(own_kv + at->n_own * c2, qkv + c, c2 * sizeof(float));
        rt_attend_row(r->ws.mix_tc + i * n(c), r->ws.p, qkv, &past, &own,
                      m->shape.heads, c);
    }
}

/* One position each, as if they were one history: rt_embed looks at each by
 * itself. */
static void embed(struct rt_rollout *r, const struct rt_model *m, size_t n_live,
                  size_t rows)
{
    const size_t c = n(m->shape.channels);

    for (size_t i = 0; i < rows; i++) {
        const size_t place = r->live[i < n_live ? i : 0];
        struct rt_position p = r->position[place];

        p.first_item = (uint32_t)i;
        r->one_position[i] = p;
        r->one_item[i] = r->item[place];
    }
    rt_embed(r->ws.x_tc, r->ws.embed, m,
             &(struct rt_history){r->one_position, rows, r->one_item, rows});
    memset(r->ws.mix_tc, 0, rows * c * sizeof(float));
}

static void layer_of(struct rt_rollout *r, const struct rt_model *m, int layer,
                     size_t n_live, int t)
{
    const int c = m->shape.channels;
    const size_t l = n(layer), cc = n(c) * n(c);
    struct rt_workspace *ws = &r->ws;

    rt_norm(ws->norm_tc, NULL, ws->x_tc, m->w.norm1 + l * n(c), t, c);
    rt_linear(ws->qkv_t3c, ws->norm_tc, m->w.qkv + l * 3 * cc, t, 3 * c, c);
    attend(r, m, layer, n_live);
    rt_linear_add(ws->x_tc, ws->mix_tc, m->w.proj + l * cc, t, c, c);
    rt_feed_forward(m, ws, layer, ws->x_tc, t);
}

enum an_code rt_rollout_step(struct rt_rollout *r, const struct rt_model *m,
                             size_t n_live, struct an_err *err)
{
    const size_t rows = n_live < RT_LEAST_ROWS ? RT_LEAST_ROWS : n_live;
    const int t = (int)rows, c = m->shape.channels;
    struct rt_workspace *ws = &r->ws;

    embed(r, m, n_live, rows);
    for (int layer = 0; layer < m->shape.layers; layer++)
        layer_of(r, m, layer, n_live, t);
    rt_norm(ws->picked_qc, NULL, ws->x_tc, m->w.norm, t, c);
    rt_log_rates(ws->log_rate_qv, m, ws->picked_qc, t);
    for (size_t i = 0; i < n_live; i++)
        r->stay[r->live[i]].n_own++;
    for (size_t i = 0; i < n_live * n(m->shape.targets); i++)
        if (!isfinite(ws->log_rate_qv[i]))
            return an_fail(err, AN_TYPE, "the model gave no finite number", 0);
    return AN_OK;
}
