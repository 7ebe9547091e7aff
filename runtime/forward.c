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
    X(attend, rt_attend_room((int)t, s->heads, s->channels))                   \
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
    return (floats + 3 * q + 12) * sizeof(float);
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
    ws->past_q = an_arena_get(arena, q, sizeof(*ws->past_q));
    if (ws->row_q == NULL || ws->start_q == NULL || ws->past_q == NULL)
        return an_fail_nomem(err);
    return AN_OK;
}

enum an_code rt_past_init(struct rt_past *past, struct an_arena *arena,
                          const struct rt_shape *s, size_t positions,
                          struct an_err *err)
{
    if (positions > INT32_MAX / 4096)
        return an_fail(err, AN_LIMIT, "the past is too long", 0);
    *past = (struct rt_past){.max_positions = (int32_t)positions};
    past->kv_lt2c = an_arena_get(arena, positions, rt_past_bytes(s));
    return past->kv_lt2c ? AN_OK : an_fail_nomem(err);
}

size_t rt_past_bytes(const struct rt_shape *s)
{
    return n(s->layers) * 2 * n(s->channels) * sizeof(float);
}

/* ---- one pass ------------------------------------------------------------ */

struct pass {
    const struct rt_model *m;
    struct rt_workspace *ws;
    const struct rt_ask *ask;
    size_t n_asks;
    const struct rt_past *past; /* what the asks go on after; NULL: nothing */
    const uint32_t *n_past;     /* of each ask */
    struct rt_past *keep;       /* NULL: nothing is kept */
    int rows, queries;
};

static size_t past_of(const struct pass *p, size_t ask)
{
    return p->past ? p->n_past[ask] : 0;
}

/* Where each query stands among the rows of all histories. */
static enum an_code place(struct pass *p, struct an_err *err)
{
    struct rt_workspace *ws = p->ws;
    size_t row = 0, q = 0;

    for (size_t a = 0; a < p->n_asks; a++) {
        const struct rt_ask *ask = &p->ask[a];
        const size_t length = ask->history->n_positions, before = past_of(p, a);

        if (length > n(ws->max_rows) - row ||
            ask->n_queries > n(ws->max_queries) - q)
            return an_fail(err, AN_LIMIT,
                           "more positions or queries than the workspace has",
                           0);
        if (before > (p->past ? n(p->past->n_positions) : 0) ||
            before + length > n(ws->max_rows))
            return an_fail(err, AN_LIMIT, "a history is longer than its past",
                           a);
        for (size_t i = 0; i < ask->n_queries; i++, q++) {
            if (ask->query[i].position >= length)
                return an_fail(err, AN_TYPE, "a query is outside its history",
                               0);
            ws->start_q[q] = (int32_t)row;
            ws->row_q[q] = (int32_t)(row + ask->query[i].position);
            ws->past_q[q] = (int32_t)before;
        }
        row += length;
    }
    p->rows = (int)row;
    p->queries = (int)q;
    return AN_OK;
}

/* The first n positions of the past in one layer. */
static struct rt_keys past_keys(const struct pass *p, int layer, size_t n_past)
{
    const size_t c = n(p->m->shape.channels);
    const float *k = NULL;

    if (n_past > 0)
        k = p->past->kv_lt2c + n(layer) * n(p->past->max_positions) * 2 * c;
    return (struct rt_keys){k, k ? k + c : NULL, 2 * (int)c, (int)n_past};
}

/* Keys and values of all rows, which stand `stride` floats apart. */
static void keep_layer(const struct pass *p, int layer, const float *kv,
                       size_t stride)
{
    const size_t c2 = 2 * n(p->m->shape.channels);
    float *to;

    if (p->keep == NULL)
        return;
    to = p->keep->kv_lt2c + n(layer) * n(p->keep->max_positions) * c2;
    for (size_t row = 0; row < n(p->rows); row++)
        memcpy(to + row * c2, kv + row * stride, c2 * sizeof(float));
}

void rt_feed_forward(const struct rt_model *m, const struct rt_workspace *ws,
                     int layer, float *x_tc, int t)
{
    const int c = m->shape.channels;
    const size_t l = (size_t)layer, cc = (size_t)c * (size_t)c;

    rt_norm(ws->norm_tc, NULL, x_tc, m->w.norm2 + l * (size_t)c, t, c);
    rt_linear(ws->up_t4c, ws->norm_tc, m->w.up + l * 4 * cc, t, 4 * c, c);
    rt_gelu(ws->up_t4c, ws->up_t4c, (size_t)t * 4 * (size_t)c);
    rt_linear_add(x_tc, ws->up_t4c, m->w.down + l * 4 * cc, t, c, 4 * c);
}

static void attend(const struct pass *p, int layer)
{
    const struct rt_workspace *ws = p->ws;
    const int c = p->m->shape.channels, heads = p->m->shape.heads;
    size_t row = 0;

    for (size_t a = 0; a < p->n_asks; a++) {
        const size_t length = p->ask[a].history->n_positions;
        const struct rt_keys past = past_keys(p, layer, past_of(p, a));
        const float *qkv = ws->qkv_t3c + row * 3 * n(c);
        float *mix = ws->mix_tc + row * n(c);

        if (past.n > 0)
            rt_attend_after(mix, ws->p, &past, qkv, (int)length, heads, c);
        else
            rt_attend(mix, NULL, ws->attend, qkv, NULL, (int)length, heads, c);
        row += length;
    }
}

static void layer_all(const struct pass *p, int layer)
{
    const struct rt_model *m = p->m;
    const struct rt_workspace *ws = p->ws;
    const int c = m->shape.channels, t = p->rows;
    const size_t l = n(layer), cc = n(c) * n(c);

    rt_norm(ws->norm_tc, NULL, ws->x_tc, m->w.norm1 + l * n(c), t, c);
    rt_linear(ws->qkv_t3c, ws->norm_tc, m->w.qkv + l * 3 * cc, t, 3 * c, c);
    keep_layer(p, layer, ws->qkv_t3c + c, 3 * n(c));
    attend(p, layer);
    rt_linear_add(ws->x_tc, ws->mix_tc, m->w.proj + l * cc, t, c, c);
    rt_feed_forward(m, ws, layer, ws->x_tc, t);
}

/* Only what the queries need: keys and values of all rows, the rest of the
 * queried rows, gathered into picked_qc. */
static void layer_last(const struct pass *p, int layer)
{
    const struct rt_model *m = p->m;
    const struct rt_workspace *ws = p->ws;
    const int c = m->shape.channels, t = p->rows, q = p->queries;
    const size_t l = n(layer), w = n(c), cc = w * w;
    const float *qkv = m->w.qkv + l * 3 * cc;
    float *kv_t2c = ws->qkv_t3c, *query_qc = ws->up_t4c;

    rt_norm(ws->norm_tc, NULL, ws->x_tc, m->w.norm1 + l * w, t, c);
    rt_linear(kv_t2c, ws->norm_tc, qkv + cc, t, 2 * c, c);
    keep_layer(p, layer, kv_t2c, 2 * w);
    for (int i = 0; i < q; i++)
        memcpy(ws->picked_qc + n(i) * w, ws->norm_tc + n(ws->row_q[i]) * w,
               w * sizeof(float));
    rt_linear(query_qc, ws->picked_qc, qkv, q, c, c);
    for (int i = 0; i < q; i++) {
        const struct rt_keys past = past_keys(p, layer, n(ws->past_q[i]));
        const float *k = kv_t2c + n(ws->start_q[i]) * 2 * w;
        const struct rt_keys own = {k, k + c, 2 * c,
                                    ws->row_q[i] - ws->start_q[i] + 1};

        rt_attend_row(ws->mix_tc + n(i) * w, ws->p, query_qc + n(i) * w, &past,
                      &own, m->shape.heads, c);
    }
    for (int i = 0; i < q; i++)
        memcpy(ws->picked_qc + n(i) * w, ws->x_tc + n(ws->row_q[i]) * w,
               w * sizeof(float));
    rt_linear_add(ws->picked_qc, ws->mix_tc, m->w.proj + l * cc, q, c, c);
    rt_feed_forward(m, ws, layer, ws->picked_qc, q);
}

static void trunk(const struct pass *p)
{
    const struct rt_model *m = p->m;
    const struct rt_workspace *ws = p->ws;
    const size_t c = n(m->shape.channels);
    const int last = m->shape.layers - 1, q = p->queries;
    size_t row = 0;

    for (size_t a = 0; a < p->n_asks; a++) {
        rt_embed(ws->x_tc + row * c, ws->embed, m, p->ask[a].history);
        row += p->ask[a].history->n_positions;
    }
    for (int layer = 0; layer < last; layer++)
        layer_all(p, layer);
    if (last >= 0)
        layer_last(p, last);
    else
        for (int i = 0; i < q; i++)
            memcpy(ws->picked_qc + n(i) * c, ws->x_tc + n(ws->row_q[i]) * c,
                   c * sizeof(float));
    rt_norm(ws->picked_qc, NULL, ws->picked_qc, m->w.norm, q, (int)c);
}

static bool all_finite(const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

static enum an_code heads(const struct pass *p, unsigned want,
                          struct an_err *err)
{
    const struct rt_shape *s = &p->m->shape;
    const struct rt_workspace *ws = p->ws;
    const size_t kj = n(s->outcomes) * n(s->bins);
    size_t q = 0;

    if (want & RT_WANT_HAZARDS)
        for (size_t a = 0; a < p->n_asks; a++)
            for (size_t i = 0; i < p->ask[a].n_queries; i++, q++)
                rt_log_hazards(ws->log_hazard_qkj + q * kj, ws->low_jr, p->m,
                               ws->picked_qc + q * n(s->channels),
                               p->ask[a].query[i].wide);
    if (want & RT_WANT_RATES)
        rt_log_rates(ws->log_rate_qv, p->m, ws->picked_qc, p->queries);
    if (((want & RT_WANT_HAZARDS) && !all_finite(ws->log_hazard_qkj, q * kj)) ||
        ((want & RT_WANT_RATES) &&
         !all_finite(ws->log_rate_qv, n(p->queries) * n(s->targets))))
        return an_fail(err, AN_TYPE, "the model gave no finite number", 0);
    return AN_OK;
}

static enum an_code run(struct pass *p, unsigned want, struct an_err *err)
{
    enum an_code code = place(p, err);

    if (code != AN_OK || (p->queries == 0 && p->keep == NULL))
        return code;
    trunk(p);
    return heads(p, want, err);
}

enum an_code rt_forward(const struct rt_model *m, struct rt_workspace *ws,
                        const struct rt_ask *ask, size_t n_asks, unsigned want,
                        struct an_err *err)
{
    struct pass p = {.m = m, .ws = ws, .ask = ask, .n_asks = n_asks};

    return run(&p, want, err);
}

enum an_code rt_forward_keep(const struct rt_model *m, struct rt_workspace *ws,
                             struct rt_past *past, const struct rt_ask *ask,
                             unsigned want, struct an_err *err)
{
    struct pass p = {.m = m, .ws = ws, .ask = ask, .n_asks = 1, .keep = past};
    const size_t length = ask->history->n_positions;
    enum an_code code;

    past->n_positions = 0;
    if (length > n(past->max_positions))
        return an_fail(err, AN_LIMIT, "a history is longer than its past", 0);
    code = run(&p, want, err);
    if (code == AN_OK)
        past->n_positions = (int32_t)length;
    return code;
}

enum an_code rt_forward_after(const struct rt_model *m, struct rt_workspace *ws,
                              const struct rt_past *past,
                              const struct rt_ask *ask, const uint32_t *n_past,
                              size_t n_asks, unsigned want, struct an_err *err)
{
    struct pass p = {.m = m,
                     .ws = ws,
                     .ask = ask,
                     .n_asks = n_asks,
                     .past = past,
                     .n_past = n_past};

    return run(&p, want, err);
}
