/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/glance.h"

#include "runtime/product.h"

#include <math.h>
#include <string.h>

/* Far below any score, but finite: e^it is 0 next to others. */
static const float unseen = -1e30F;

/* One row that is computed anew. */
struct row {
    uint32_t position;
    uint32_t group;
    int32_t other; /* the group's other row, when this one sees it; or -1 */
};

struct glance {
    const struct rt_model *m;
    struct rt_workspace *ws;
    const struct rt_past *past;
    const struct rt_history *h;
    uint32_t last; /* the queried position */
    const struct rt_group *group;
    struct row *row;
    size_t n_rows;
    bool *dead_gt; /* [group][position]: nothing is left of it */
    float *x_tc;   /* the stream of the rows */
};

/* Items of a position that stay go to `item`; returns how many. */
static uint32_t what_stays(const struct rt_history *h, uint32_t position,
                           const struct rt_group *g, struct rt_item *item)
{
    const struct rt_position *p = &h->position[position];
    size_t next = 0;
    uint32_t n = 0;

    while (next < g->n_items && g->item[next] < p->first_item)
        next++;
    for (uint32_t k = p->first_item; k < p->first_item + p->n_items; k++) {
        if (next < g->n_items && g->item[next] == k)
            next++;
        else
            item[n++] = h->item[k];
    }
    return n;
}

static void embed(const struct glance *x, const struct row *r, float *x_c,
                  struct rt_item *item)
{
    struct rt_position p = x->h->position[r->position];
    struct rt_history one = {&p, 1, item, 0};

    p.n_items = what_stays(x->h, r->position, &x->group[r->group], item);
    p.first_item = 0;
    one.n_items = p.n_items;
    rt_embed(x_c, x->ws->embed, x->m, &one);
}

/* The rows of one group, the queried one last. */
static void add_rows(struct glance *x, uint32_t group)
{
    const struct rt_group *g = &x->group[group];
    bool *dead = x->dead_gt + (size_t)group * (x->last + 1);
    uint32_t newest = x->last;
    size_t i = 0;

    for (uint32_t at = 0; at < x->last && i < g->n_items; at++) {
        const struct rt_position *p = &x->h->position[at];
        uint32_t lost = 0;

        for (; i < g->n_items && g->item[i] < p->first_item + p->n_items; i++)
            lost++;
        dead[at] = lost > 0 && lost == p->n_items;
        if (lost > 0 && !dead[at])
            newest = at;
    }
    if (newest < x->last)
        x->row[x->n_rows++] = (struct row){newest, group, -1};
    x->row[x->n_rows] = (struct row){
        x->last, group, newest < x->last ? (int32_t)x->n_rows - 1 : -1};
    x->n_rows++;
}

/* A row's own keys and values in the layer at hand. */
static const float *own_key(const struct glance *x, size_t row)
{
    const size_t c = (size_t)x->m->shape.channels;

    return x->ws->qkv_t3c + row * 3 * c + c;
}

/* Scores of one row and head against the past become weights; those of what the
 * row has of its own go to `own`, and are taken out of what the past adds. */
static void weigh(const struct glance *x, size_t at, float *s_t, float own[2],
                  int head_at, int d)
{
    const struct row *r = &x->row[at];
    const float *q =
        x->ws->qkv_t3c + at * 3 * (size_t)x->m->shape.channels + head_at;
    const bool *dead = x->dead_gt + (size_t)r->group * (x->last + 1);
    const size_t place[2] = {at, (size_t)r->other};

    for (uint32_t i = 0; i < r->position; i++)
        if (dead[i])
            s_t[i] = unseen;
    for (int i = 0; i < (r->other >= 0 ? 2 : 1); i++)
        s_t[x->row[place[i]].position] =
            rt_dot(q, own_key(x, place[i]) + head_at, d);
    rt_softmax(s_t, (int)r->position + 1, 1.0F / sqrtf((float)d));
    memset(s_t + r->position + 1, 0, (x->last - r->position) * sizeof(*s_t));
    for (int i = 0; i < (r->other >= 0 ? 2 : 1); i++) {
        float *weight = &s_t[x->row[place[i]].position];

        own[i] = *weight;
        *weight = 0;
    }
}

/* What a row has of its own is added to its mix. */
static void add_own(const struct glance *x, size_t at, const float own[2],
                    float *mix_d, int head_at, int d)
{
    const size_t c = (size_t)x->m->shape.channels;
    const size_t place[2] = {at, (size_t)x->row[at].other};

    for (int i = 0; i < (x->row[at].other >= 0 ? 2 : 1); i++) {
        const float *value = own_key(x, place[i]) + c + head_at;

        for (int e = 0; e < d; e++)
            mix_d[e] += own[i] * value[e];
    }
}

/* One head of the rows [row, row + n). */
static void attend_head(const struct glance *x, const struct rt_keys *past,
                        size_t row, int n, int h)
{
    const int c = x->m->shape.channels, d = c / x->m->shape.heads;
    const size_t lanes = (size_t)rt_lanes_up(d), width = (size_t)past->width;
    const size_t ld = (size_t)rt_attend_width(past->n), c3 = 3 * (size_t)c;
    const struct rt_left q = {x->ws->qkv_t3c + row * c3 + h * d, c3, 1};
    float *sum = x->ws->p, *s = sum + RT_ATTEND_ROWS * lanes;
    float *mix = x->ws->mix_tc + row * (size_t)c + h * d;
    float own[RT_ATTEND_ROWS][2];

    rt_tiles(s, ld, false, q, past->key_hdw + (size_t)(h * d) * width, width, n,
             rt_lanes_up(past->n), d);
    for (int i = 0; i < n; i++)
        weigh(x, row + (size_t)i, s + (size_t)i * ld, own[i], h * d, d);
    rt_tiles(sum, lanes, false, (struct rt_left){s, ld, 1},
             past->value_hwl + (size_t)h * width * lanes, lanes, n, (int)lanes,
             past->n);
    rt_tiles_back(mix, (size_t)c, sum, n, d);
    for (int i = 0; i < n; i++)
        add_own(x, row + (size_t)i, own[i], mix + (size_t)i * (size_t)c, h * d,
                d);
}

static void attend(const struct glance *x, int layer)
{
    const struct rt_keys past =
        rt_past_keys(x->past, &x->m->shape, layer, (int)x->last + 1);

    for (size_t row = 0; row < x->n_rows; row += RT_ATTEND_ROWS) {
        const size_t rest = x->n_rows - row;
        const int n = rest < RT_ATTEND_ROWS ? (int)rest : RT_ATTEND_ROWS;

        for (int h = 0; h < x->m->shape.heads; h++)
            attend_head(x, &past, row, n, h);
    }
}

static void layers(const struct glance *x)
{
    const struct rt_model *m = x->m;
    const struct rt_workspace *ws = x->ws;
    const int c = m->shape.channels, t = (int)x->n_rows;

    for (int layer = 0; layer < m->shape.layers; layer++) {
        rt_queries_keys_values(m, ws, layer, t);
        attend(x, layer);
        rt_product(m, RT_PROJ, layer, x->x_tc, c, ws->mix_tc, t);
        rt_feed_forward(m, ws, layer, x->x_tc, t);
    }
    rt_norm(x->x_tc, NULL, x->x_tc, m->w.norm, t, c);
}

static enum an_code glance(struct glance *x, struct an_arena *arena,
                           size_t n_groups, float *without_gkj,
                           struct an_err *err)
{
    const struct rt_shape *s = &x->m->shape;
    const size_t c = (size_t)s->channels;
    const size_t kj = (size_t)s->outcomes * (size_t)s->bins;
    struct rt_item *item;

    x->row = an_arena_get(arena, 2 * n_groups, sizeof(*x->row));
    x->dead_gt = an_arena_get(arena, n_groups, (size_t)x->last + 1);
    item = an_arena_get(arena, x->h->n_items, sizeof(*item));
    if (x->row == NULL || x->dead_gt == NULL || item == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n_groups; i++)
        add_rows(x, (uint32_t)i);
    for (size_t i = 0; i < x->n_rows; i++)
        embed(x, &x->row[i], x->x_tc + i * c, item);
    layers(x);
    for (size_t i = 0; i < x->n_rows; i++)
        if (x->row[i].position == x->last)
            rt_log_hazards(without_gkj + x->row[i].group * kj, x->ws->low_jr,
                           x->m, x->x_tc + i * c,
                           x->group[x->row[i].group].wide);
    return AN_OK;
}

enum an_code rt_glance(const struct rt_model *m, struct rt_workspace *ws,
                       const struct rt_past *past, struct an_arena *arena,
                       const struct rt_history *h, const struct rt_query *q,
                       const struct rt_group *group, size_t n_groups,
                       float *without_gkj, struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(arena);
    struct glance x = {.m = m,
                       .ws = ws,
                       .past = past,
                       .h = h,
                       .last = q->position,
                       .group = group,
                       .x_tc = ws->x_tc};
    enum an_code code = AN_OK;

    if (q->position >= h->n_positions)
        return an_fail(err, AN_TYPE, "a query is outside its history", 0);
    if (2 * n_groups > (size_t)ws->max_rows ||
        q->position >= (uint32_t)ws->max_rows ||
        q->position >= (uint32_t)past->n_positions)
        return an_fail(err, AN_LIMIT, "more groups than the workspace has", 0);
    for (size_t i = 0; i < n_groups && code == AN_OK; i++)
        code = rt_group_check(&group[i], h, q, err);
    if (code == AN_OK)
        code = glance(&x, arena, n_groups, without_gkj, err);
    an_arena_rewind(arena, mark);
    return code;
}

/* The largest change of an outcome's log hazard, whatever the time. */
static float change(const struct rt_shape *s, const float *whole_kj,
                    const float *without_kj, int outcome)
{
    float most = 0;

    for (int j = outcome * s->bins; j < (outcome + 1) * s->bins; j++)
        most = fmaxf(most, fabsf(whole_kj[j] - without_kj[j]));
    return most;
}

/* How many come before group g when an outcome sorts them. */
static uint32_t place_of(const float *change_g, size_t n_groups, size_t g)
{
    uint32_t n = 0;

    for (size_t i = 0; i < n_groups; i++)
        n += change_g[i] > change_g[g] || (i < g && change_g[i] >= change_g[g]);
    return n;
}

enum an_code rt_glance_order(struct an_arena *arena, const struct rt_shape *s,
                             const float *whole_kj, const float *without_gkj,
                             size_t n_groups, uint32_t *order_g,
                             struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(arena);
    const size_t kj = (size_t)s->outcomes * (size_t)s->bins;
    float *change_g = an_arena_get(arena, n_groups, sizeof(*change_g));
    uint32_t *best_g = an_arena_get(arena, n_groups, sizeof(*best_g));
    size_t n = 0;

    if (change_g == NULL || best_g == NULL)
        return an_fail_nomem(err);
    for (size_t g = 0; g < n_groups; g++)
        best_g[g] = (uint32_t)n_groups - 1;
    for (int k = 0; k < s->outcomes; k++) {
        for (size_t g = 0; g < n_groups; g++)
            change_g[g] = change(s, whole_kj, without_gkj + g * kj, k);
        for (size_t g = 0; g < n_groups; g++) {
            const uint32_t place = place_of(change_g, n_groups, g);

            best_g[g] = place < best_g[g] ? place : best_g[g];
        }
    }
    for (uint32_t place = 0; place < n_groups; place++)
        for (size_t g = 0; g < n_groups; g++)
            if (best_g[g] == place)
                order_g[n++] = (uint32_t)g;
    an_arena_rewind(arena, mark);
    return AN_OK;
}
