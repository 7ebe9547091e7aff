/* SPDX-License-Identifier: Apache-2.0 */
/* One position more for each future, all in one product.  What rt_forward_after
 * computes again of a future's earlier positions is kept here. */
#include "runtime/product.h"
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
    const struct rt_shape *s = &m->shape;
    const int c = s->channels;
    const struct rt_keys past =
        rt_past_keys(&r->past, s, layer, r->past.n_positions);

    for (size_t i = 0; i < n_live; i++) {
        const size_t place = r->live[i];
        const int n_own = (int)r->stay[place].n_own;
        const float *qkv = r->ws.qkv_t3c + i * 3 * n(c);
        const struct rt_keys own =
            rt_past_keys(&r->own[place], s, layer, n_own + 1);
        const struct rt_looking row = {qkv, 3 * n(c), NULL, n_own, 1};

        rt_keys_put(&own, n_own, qkv + c, 3 * n(c), 1, s->heads, c);
        rt_attend_rows(r->ws.mix_tc + i * n(c), r->ws.p, &row, &past, &own,
                       s->heads, c);
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
    struct rt_workspace *ws = &r->ws;

    rt_queries_keys_values(m, ws, layer, t);
    attend(r, m, layer, n_live);
    rt_product(m, RT_PROJ, layer, ws->x_tc, m->shape.channels, ws->mix_tc, t);
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
