/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/forward.h"

#include "runtime/product.h"

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
    X(p, rt_attend_rows_room((int)t, s->heads, s->channels))                   \
    X(key, n(rt_keys_width((int)t)) * c)                                       \
    X(value, n(rt_keys_width((int)t)) * value_floats(s))                       \
    X(embed, c + n(s->value_hidden) + t * c)                                   \
    X(low_jr, n(s->bins) * n(s->rank))

static size_t n(int32_t v)
{
    return (size_t)v;
}

/* Of a position's values in whole lanes. */
static size_t value_floats(const struct rt_shape *s)
{
    return rt_keys_floats(s->heads, s->channels) - n(s->channels);
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
    ws->see_q = an_arena_get(arena, q, sizeof(*ws->see_q));
    if (ws->row_q == NULL || ws->see_q == NULL)
        return an_fail_nomem(err);
    return AN_OK;
}

static size_t key_bytes(const struct rt_shape *s)
{
    return n(s->channels) * sizeof(float);
}

static size_t value_bytes(const struct rt_shape *s)
{
    return value_floats(s) * sizeof(float);
}

enum an_code rt_past_init(struct rt_past *past, struct an_arena *arena,
                          const struct rt_shape *s, size_t positions,
                          struct an_err *err)
{
    if (positions > INT32_MAX / 4096)
        return an_fail(err, AN_LIMIT, "the past is too long", 0);
    *past = (struct rt_past){.max_positions = (int32_t)positions,
                             .width = rt_keys_width((int)positions)};
    past->key =
        an_arena_get(arena, n(past->width) * n(s->layers), key_bytes(s));
    past->value =
        an_arena_get(arena, n(past->width) * n(s->layers), value_bytes(s));
    return past->key && past->value ? AN_OK : an_fail_nomem(err);
}

size_t rt_past_bytes(const struct rt_shape *s)
{
    return n(s->layers) * (key_bytes(s) + value_bytes(s));
}

struct rt_keys rt_past_keys(const struct rt_past *past,
                            const struct rt_shape *s, int layer, int n_rows)
{
    const size_t before = n(layer) * n(past->width);

    return (struct rt_keys){past->key + before * n(s->channels),
                            past->value + before * value_floats(s), past->width,
                            n_rows};
}

/* ---- one pass ------------------------------------------------------------ */

struct pass {
    const struct rt_model *m;
    struct rt_workspace *ws;
    const struct rt_ask *ask;
    size_t n_asks;
    const struct rt_past *shared; /* what all go on after; NULL: nothing */
    const uint32_t *n_shared;     /* of it, by ask */
    struct rt_past *const *own;   /* what each goes on after, and keeps; NULL */
    int rows, queries;
};

/* Positions before those of an ask. */
static int before(const struct pass *p, size_t ask)
{
    if (p->own)
        return p->own[ask]->n_positions;
    return p->shared ? (int)p->n_shared[ask] : 0;
}

static bool has_room(const struct pass *p, size_t ask)
{
    const size_t length = p->ask[ask].history->n_positions;
    const size_t past = n(before(p, ask));

    if (p->own && past + length > n(p->own[ask]->max_positions))
        return false;
    if (p->shared && past > n(p->shared->n_positions))
        return false;
    return past + length <= n(p->ws->max_rows);
}

/* Where each query stands among the rows of all histories. */
static enum an_code place(struct pass *p, struct an_err *err)
{
    struct rt_workspace *ws = p->ws;
    size_t row = 0, q = 0;

    for (size_t a = 0; a < p->n_asks; a++) {
        const struct rt_ask *ask = &p->ask[a];
        const size_t length = ask->history->n_positions;
        const int first = p->own ? before(p, a) : 0;

        if (length > n(ws->max_rows) - row ||
            ask->n_queries > n(ws->max_queries) - q)
            return an_fail(err, AN_LIMIT,
                           "more positions or queries than the workspace has",
                           0);
        if (!has_room(p, a))
            return an_fail(err, AN_LIMIT, "a history is longer than its past",
                           a);
        for (size_t i = 0; i < ask->n_queries; i++, q++) {
            const int32_t position = (int32_t)ask->query[i].position;

            if (ask->query[i].position >= length)
                return an_fail(err, AN_TYPE, "a query is outside its history",
                               0);
            ws->row_q[q] = (int32_t)row + position;
            ws->see_q[q] = first + position + 1;
        }
        row += length;
    }
    p->rows = (int)row;
    p->queries = (int)q;
    return AN_OK;
}

/* What an ask goes on after and does not change. */
static struct rt_keys shared_keys(const struct pass *p, size_t ask, int layer)
{
    if (p->shared == NULL || p->n_shared[ask] == 0)
        return (struct rt_keys){0};
    return rt_past_keys(p->shared, &p->m->shape, layer, (int)p->n_shared[ask]);
}

/* Puts keys and values of an ask's rows, `stride` apart, behind its own past or
 * where the workspace has room for one history. */
static struct rt_keys own_keys(const struct pass *p, size_t ask, int layer,
                               const float *kv, size_t stride)
{
    const struct rt_shape *s = &p->m->shape;
    const int length = (int)p->ask[ask].history->n_positions;
    const int at = p->own ? before(p, ask) : 0;
    struct rt_keys k;

    if (p->own)
        k = rt_past_keys(p->own[ask], s, layer, at + length);
    else
        k = (struct rt_keys){p->ws->key, p->ws->value, rt_keys_width(length),
                             length};
    rt_keys_put(&k, at, kv, stride, length, s->heads, s->channels);
    return k;
}

void rt_feed_forward(const struct rt_model *m, const struct rt_workspace *ws,
                     int layer, float *x_tc, int t)
{
    const int c = m->shape.channels;

    rt_norm(ws->norm_tc, NULL, x_tc, m->w.norm2 + n(layer) * n(c), t, c);
    rt_product(m, RT_UP, layer, ws->up_t4c, 4 * c, ws->norm_tc, t);
    rt_gelu(ws->up_t4c, ws->up_t4c, n(t) * 4 * n(c));
    rt_product(m, RT_DOWN, layer, x_tc, c, ws->up_t4c, t);
}

static void attend(const struct pass *p, int layer)
{
    const struct rt_workspace *ws = p->ws;
    const int c = p->m->shape.channels;
    size_t row = 0;

    for (size_t a = 0; a < p->n_asks; a++) {
        const size_t length = p->ask[a].history->n_positions;
        const float *qkv = ws->qkv_t3c + row * 3 * n(c);
        const struct rt_keys past = shared_keys(p, a, layer);
        const struct rt_keys own = own_keys(p, a, layer, qkv + c, 3 * n(c));
        const struct rt_looking rows = {qkv, 3 * n(c), NULL,
                                        own.n - (int)length, (int)length};

        rt_attend_rows(ws->mix_tc + row * n(c), ws->p, &rows, &past, &own,
                       p->m->shape.heads, c);
        row += length;
    }
}

void rt_queries_keys_values(const struct rt_model *m,
                            const struct rt_workspace *ws, int layer, int t)
{
    const int c = m->shape.channels;

    rt_norm(ws->norm_tc, NULL, ws->x_tc, m->w.norm1 + n(layer) * n(c), t, c);
    rt_product(m, RT_QUERY, layer, ws->qkv_t3c, 3 * c, ws->norm_tc, t);
    rt_product(m, RT_KEY_VALUE, layer, ws->qkv_t3c + c, 3 * c, ws->norm_tc, t);
}

static void layer_all(const struct pass *p, int layer)
{
    const struct rt_workspace *ws = p->ws;
    const int c = p->m->shape.channels, t = p->rows;

    rt_queries_keys_values(p->m, ws, layer, t);
    attend(p, layer);
    rt_product(p->m, RT_PROJ, layer, ws->x_tc, c, ws->mix_tc, t);
    rt_feed_forward(p->m, ws, layer, ws->x_tc, t);
}

/* The queried rows of all histories, of which nothing but the queries is
 * attended to in the last layer. */
static void attend_queries(const struct pass *p, int layer, const float *kv_t2c,
                           const float *query_qc)
{
    const struct rt_workspace *ws = p->ws;
    const size_t c = n(p->m->shape.channels);
    size_t row = 0, q = 0;

    for (size_t a = 0; a < p->n_asks; a++) {
        const struct rt_keys past = shared_keys(p, a, layer);
        const struct rt_keys own =
            own_keys(p, a, layer, kv_t2c + row * 2 * c, 2 * c);
        const struct rt_looking rows = {query_qc + q * c, c, ws->see_q + q, 0,
                                        (int)p->ask[a].n_queries};

        rt_attend_rows(ws->mix_tc + q * c, ws->p, &rows, &past, &own,
                       p->m->shape.heads, (int)c);
        row += p->ask[a].history->n_positions;
        q += p->ask[a].n_queries;
    }
}

static void pick(const struct pass *p, const float *from_tc)
{
    const size_t w = n(p->m->shape.channels);

    for (size_t i = 0; i < n(p->queries); i++)
        memcpy(p->ws->picked_qc + i * w, from_tc + n(p->ws->row_q[i]) * w,
               w * sizeof(float));
}

/* Only what the queries need: keys and values of all rows, the rest of the
 * queried rows, gathered into picked_qc. */
static void layer_last(const struct pass *p, int layer)
{
    const struct rt_model *m = p->m;
    const struct rt_workspace *ws = p->ws;
    const int c = m->shape.channels, t = p->rows, q = p->queries;
    float *kv_t2c = ws->qkv_t3c, *query_qc = ws->up_t4c;

    rt_norm(ws->norm_tc, NULL, ws->x_tc, m->w.norm1 + n(layer) * n(c), t, c);
    rt_product(m, RT_KEY_VALUE, layer, kv_t2c, 2 * c, ws->norm_tc, t);
    pick(p, ws->norm_tc);
    rt_product(m, RT_QUERY, layer, query_qc, c, ws->picked_qc, q);
    attend_queries(p, layer, kv_t2c, query_qc);
    pick(p, ws->x_tc);
    rt_product(m, RT_PROJ, layer, ws->picked_qc, c, ws->mix_tc, q);
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
        pick(p, ws->x_tc);
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

    if (code != AN_OK || (p->queries == 0 && p->own == NULL))
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

enum an_code rt_forward_extend(const struct rt_model *m,
                               struct rt_workspace *ws,
                               struct rt_past *const *past,
                               const struct rt_ask *ask, size_t n_asks,
                               unsigned want, struct an_err *err)
{
    struct pass p = {
        .m = m, .ws = ws, .ask = ask, .n_asks = n_asks, .own = past};
    enum an_code code = run(&p, want, err);

    for (size_t a = 0; a < n_asks && code == AN_OK; a++)
        past[a]->n_positions += (int32_t)ask[a].history->n_positions;
    return code;
}

enum an_code rt_forward_keep(const struct rt_model *m, struct rt_workspace *ws,
                             struct rt_past *past, const struct rt_ask *ask,
                             unsigned want, struct an_err *err)
{
    past->n_positions = 0;
    return rt_forward_extend(m, ws, &past, ask, 1, want, err);
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
                     .shared = past,
                     .n_shared = n_past};

    return run(&p, want, err);
}
