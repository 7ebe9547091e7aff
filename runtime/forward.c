/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/forward.h"

#include "runtime/kernels.h"

#include <math.h>
#include <string.h>

/* The parts of a workspace: pointer, floats.  Queries pass through the rows'
 * buffers in the last layer, so t is the larger of both. */
#define PARTS(X)                                                               \
    X(log_hazard_qkj, q *n(s->outcomes) * n(s->bins))                          \
    X(log_rate_qv, q *n(s->targets))                                           \
    X(x_tc, t *c)                                                              \
    X(norm_tc, t *c)                                                           \
    X(qkv_t3c, t * 3 * c)                                                      \
    X(mix_tc, t *c)                                                            \
    X(up_t4c, t * 4 * c)                                                       \
    X(picked_qc, q *c)                                                         \
    X(p, t *RT_ATTEND_ROWS)                                                    \
    X(embed, c + n(s->value_hidden) + t * c)                                   \
    X(low_jr, n(s->bins) * n(s->rank))

static size_t n(int32_t v)
{
    return (size_t)v;
}

size_t rt_workspace_bytes(const struct rt_shape *s, size_t rows, size_t queries)
{
    const size_t t = rows > queries ? rows : queries, q = queries;
    const size_t c = n(s->channels);
    size_t floats = 0;

#define X(name, count) floats += (count) + 4;
    PARTS(X)
#undef X
    return (floats + 2 * q + 8) * sizeof(float);
}

enum an_code rt_workspace_init(struct rt_workspace *ws, struct an_arena *arena,
                               const struct rt_shape *s, size_t rows,
                               size_t queries, struct an_err *err)
{
    const size_t t = rows > queries ? rows : queries, q = queries;
    const size_t c = n(s->channels);

    if (rows > INT32_MAX / 4096 || queries > INT32_MAX / 4096)
        return an_fail(err, AN_LIMIT, "the workspace is too large", 0);
    ws->max_rows = (int32_t)rows;
    ws->max_queries = (int32_t)queries;
#define X(name, count)                                                         \
    ws->name = an_arena_get(arena, (count), sizeof(float));                    \
    if (ws->name == NULL)                                                      \
        return an_fail_nomem(err);
    PARTS(X)
#undef X
    ws->row_q = an_arena_get(arena, q, sizeof(*ws->row_q));
    ws->start_q = an_arena_get(arena, q, sizeof(*ws->start_q));
    if (ws->row_q == NULL || ws->start_q == NULL)
        return an_fail_nomem(err);
    return AN_OK;
}

/* Where each query stands among the rows of all histories. */
static enum an_code place(struct rt_workspace *ws, const struct rt_ask *ask,
                          size_t n_asks, int *n_rows, int *n_queries,
                          struct an_err *err)
{
    size_t row = 0, q = 0;

    for (size_t a = 0; a < n_asks; a++) {
        const size_t length = ask[a].history->n_positions;

        if (length > n(ws->max_rows) - row ||
            ask[a].n_queries > n(ws->max_queries) - q)
            return an_fail(err, AN_LIMIT,
                           "more positions or queries than the workspace has",
                           0);
        for (size_t i = 0; i < ask[a].n_queries; i++, q++) {
            if (ask[a].query[i].position >= length)
                return an_fail(err, AN_TYPE, "a query is outside its history",
                               0);
            ws->start_q[q] = (int32_t)row;
            ws->row_q[q] = (int32_t)(row + ask[a].query[i].position);
        }
        row += length;
    }
    *n_rows = (int)row;
    *n_queries = (int)q;
    return AN_OK;
}

static void feed_forward(const struct rt_model *m, struct rt_workspace *ws,
                         int layer, float *x_tc, int t)
{
    const int c = m->shape.channels;
    const size_t l = (size_t)layer, cc = (size_t)c * (size_t)c;

    rt_norm(ws->norm_tc, NULL, x_tc, m->w.norm2 + l * (size_t)c, t, c);
    rt_linear(ws->up_t4c, ws->norm_tc, m->w.up + l * 4 * cc, t, 4 * c, c);
    rt_gelu(ws->up_t4c, ws->up_t4c, (size_t)t * 4 * (size_t)c);
    rt_linear_add(x_tc, ws->up_t4c, m->w.down + l * 4 * cc, t, c, 4 * c);
}

static void layer_all(const struct rt_model *m, struct rt_workspace *ws,
                      int layer, const struct rt_ask *ask, size_t n_asks, int t)
{
    const int c = m->shape.channels;
    const size_t l = (size_t)layer, cc = (size_t)c * (size_t)c;
    size_t row = 0;

    rt_norm(ws->norm_tc, NULL, ws->x_tc, m->w.norm1 + l * (size_t)c, t, c);
    rt_linear(ws->qkv_t3c, ws->norm_tc, m->w.qkv + l * 3 * cc, t, 3 * c, c);
    for (size_t a = 0; a < n_asks; a++) {
        const size_t length = ask[a].history->n_positions;

        rt_attend(ws->mix_tc + row * (size_t)c, ws->p, false,
                  ws->qkv_t3c + row * 3 * (size_t)c, NULL, (int)length,
                  m->shape.heads, c);
        row += length;
    }
    rt_linear_add(ws->x_tc, ws->mix_tc, m->w.proj + l * cc, t, c, c);
    feed_forward(m, ws, layer, ws->x_tc, t);
}

/* Only what the queries need: keys and values of all rows, the rest of the
 * queried rows, gathered into picked_qc. */
static void layer_last(const struct rt_model *m, struct rt_workspace *ws,
                       int layer, int t, int q)
{
    const int c = m->shape.channels;
    const size_t l = (size_t)layer, w = (size_t)c, cc = w * w;
    const float *qkv = m->w.qkv + l * 3 * cc;
    float *kv_t2c = ws->qkv_t3c, *query_qc = ws->up_t4c;

    rt_norm(ws->norm_tc, NULL, ws->x_tc, m->w.norm1 + l * w, t, c);
    rt_linear(kv_t2c, ws->norm_tc, qkv + cc, t, 2 * c, c);
    for (int i = 0; i < q; i++)
        memcpy(ws->picked_qc + (size_t)i * w,
               ws->norm_tc + (size_t)ws->row_q[i] * w, w * sizeof(float));
    rt_linear(query_qc, ws->picked_qc, qkv, q, c, c);
    for (int i = 0; i < q; i++) {
        const float *k = kv_t2c + (size_t)ws->start_q[i] * 2 * w;

        rt_attend_row(ws->mix_tc + (size_t)i * w, ws->p,
                      query_qc + (size_t)i * w, k, k + c, 2 * c,
                      ws->row_q[i] - ws->start_q[i] + 1, m->shape.heads, c);
    }
    for (int i = 0; i < q; i++)
        memcpy(ws->picked_qc + (size_t)i * w,
               ws->x_tc + (size_t)ws->row_q[i] * w, w * sizeof(float));
    rt_linear_add(ws->picked_qc, ws->mix_tc, m->w.proj + l * cc, q, c, c);
    feed_forward(m, ws, layer, ws->picked_qc, q);
}

static void trunk(const struct rt_model *m, struct rt_workspace *ws,
                  const struct rt_ask *ask, size_t n_asks, int t, int q)
{
    const size_t c = n(m->shape.channels);
    const int last = m->shape.layers - 1;
    size_t row = 0;

    for (size_t a = 0; a < n_asks; a++) {
        rt_embed(ws->x_tc + row * c, ws->embed, m, ask[a].history);
        row += ask[a].history->n_positions;
    }
    for (int layer = 0; layer < last; layer++)
        layer_all(m, ws, layer, ask, n_asks, t);
    if (last >= 0)
        layer_last(m, ws, last, t, q);
    else
        for (int i = 0; i < q; i++)
            memcpy(ws->picked_qc + (size_t)i * c,
                   ws->x_tc + (size_t)ws->row_q[i] * c, c * sizeof(float));
    rt_norm(ws->picked_qc, NULL, ws->picked_qc, m->w.norm, q, (int)c);
}

static bool all_finite(const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

enum an_code rt_forward(const struct rt_model *m, struct rt_workspace *ws,
                        const struct rt_ask *ask, size_t n_asks, unsigned want,
                        struct an_err *err)
{
    const struct rt_shape *s = &m->shape;
    const size_t kj = n(s->outcomes) * n(s->bins);
    int t = 0, n_queries = 0;
    size_t q = 0;
    enum an_code code = place(ws, ask, n_asks, &t, &n_queries, err);

    if (code != AN_OK || n_queries == 0)
        return code;
    trunk(m, ws, ask, n_asks, t, n_queries);
    if (want & RT_WANT_HAZARDS)
        for (size_t a = 0; a < n_asks; a++)
            for (size_t i = 0; i < ask[a].n_queries; i++, q++)
                rt_log_hazards(ws->log_hazard_qkj + q * kj, ws->low_jr, m,
                               ws->picked_qc + q * n(s->channels),
                               ask[a].query[i].wide);
    if (want & RT_WANT_RATES)
        rt_log_rates(ws->log_rate_qv, m, ws->picked_qc, n_queries);
    if (((want & RT_WANT_HAZARDS) && !all_finite(ws->log_hazard_qkj, q * kj)) ||
        ((want & RT_WANT_RATES) &&
         !all_finite(ws->log_rate_qv, n(n_queries) * n(s->targets))))
        return an_fail(err, AN_TYPE, "the model gave no finite number", 0);
    return AN_OK;
}
