/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/fit/pass.h"

#include "runtime/kernels.h"
#include "trainer/fit/backward.h"
#include "trainer/random.h"

#include <stdlib.h>
#include <string.h>

/* Of each layer, and of the pass: pointer, floats. */
#define LAYER_PARTS(X)                                                         \
    X(in_tc, t *c)                                                             \
    X(norm1_tc, t *c)                                                          \
    X(stat1_t2, 2 * t)                                                         \
    X(qkv_t3c, 3 * t * c)                                                      \
    X(p, t *(size_t)rt_lanes_up(length) * (size_t)s->heads)                    \
    X(mix_tc, t *c)                                                            \
    X(mid_tc, t *c)                                                            \
    X(norm2_tc, t *c)                                                          \
    X(stat2_t2, 2 * t)                                                         \
    X(up_t4c, 4 * t * c)                                                       \
    X(act_t4c, 4 * t * c)

#define PASS_PARTS(X)                                                          \
    X(stat_t2, 2 * t)                                                          \
    X(h_tc, t *c)                                                              \
    X(dh_tc, t *c)                                                             \
    X(dx_tc, t *c)                                                             \
    X(dn_tc, (t > q ? t : q) * c)                                              \
    X(dqkv_t3c, 3 * t * c)                                                     \
    X(d4_t4c, 4 * t * c)                                                       \
    X(room, larger(rt_attend_room(length, s->heads, s->channels),              \
                   tr_attend_room(length, s->heads, s->channels)))             \
    X(picked_tc, (t > q ? t : q) * c)                                          \
    X(logit_tv, t *(size_t)s->targets)                                         \
    X(low_qjr, q *bins *(size_t)s->rank)                                       \
    X(dlow_qjr, q *bins *(size_t)s->rank)                                      \
    X(level_qk, q *k)                                                          \
    X(eta_qkj, q *k *bins)                                                     \
    X(age_tc, t *c)                                                            \
    X(embed, 3 * (c + (size_t)s->value_hidden) + t * c)

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

enum an_code tr_pass_init(struct tr_pass *p, const struct rt_shape *s,
                          int32_t rows, int32_t length, int32_t queries,
                          struct an_err *err)
{
    const size_t t = (size_t)rows, c = (size_t)s->channels;
    const size_t q = (size_t)queries, k = (size_t)s->outcomes;
    const size_t bins = (size_t)s->bins, layers = (size_t)s->layers;
    size_t floats = 0;
    float *at;

    *p = (struct tr_pass){
        .max_rows = rows, .max_length = length, .max_queries = queries};
#define X(name, count) floats += (((count) + 15) & ~(size_t)15);
    for (size_t l = 0; l < layers; l++) {
        LAYER_PARTS(X)
    }
    PASS_PARTS(X)
#undef X
    floats += t * c;
    p->layer = calloc(layers + 1, sizeof(*p->layer));
    p->block = calloc(floats, sizeof(*p->block));
    if (p->layer == NULL || p->block == NULL) {
        tr_pass_release(p);
        return an_fail_nomem(err);
    }
    at = p->block;
#define X(name, count)                                                         \
    p->layer[l].name = at;                                                     \
    at += ((count) + 15) & ~(size_t)15;
    for (size_t l = 0; l < layers; l++) {
        LAYER_PARTS(X)
    }
#undef X
#define X(name, count)                                                         \
    p->name = at;                                                              \
    at += ((count) + 15) & ~(size_t)15;
    PASS_PARTS(X)
#undef X
    p->layer[layers].in_tc = at;
    return AN_OK;
}

void tr_pass_release(struct tr_pass *p)
{
    free(p->layer);
    free(p->block);
    *p = (struct tr_pass){0};
}

/* Two places of a layer drop units: the mix of values, and the feed-forward's
 * hidden units. */
static uint64_t drop_key(const struct tr_pack *pack, int layer, int place)
{
    return tr_key(pack->noise_key, (uint64_t)(2 * layer + place));
}

static float *kept_at(const struct tr_pass *p, const struct rt_model *m,
                      int layer, size_t row)
{
    return p->layer[layer].p +
           row * (size_t)rt_lanes_up(p->max_length) * (size_t)m->shape.heads;
}

const float *tr_pass_weights(const struct tr_pass *p, const struct rt_model *m,
                             int layer, size_t row)
{
    return kept_at(p, m, layer, row);
}

static void layer_forward(struct tr_pass *p, const struct rt_model *m,
                          const struct tr_pack *pack, int index, float drop)
{
    const struct tr_layer *y = &p->layer[index];
    float *out_tc = p->layer[index + 1].in_tc;
    const int t = pack->n_rows, c = m->shape.channels;
    const size_t l = (size_t)index, w = (size_t)c, cc = w * w,
                 tc = (size_t)t * w;
    size_t row = 0;

    rt_norm(y->norm1_tc, y->stat1_t2, y->in_tc, m->w.norm1 + l * w, t, c);
    rt_linear(y->qkv_t3c, y->norm1_tc, m->w.qkv + l * 3 * cc, t, 3 * c, c);
    for (size_t i = 0; i < pack->n_seqs; i++) {
        const size_t n = pack->seq[i].n_positions;

        rt_attend(y->mix_tc + row * w, kept_at(p, m, index, row), p->room,
                  y->qkv_t3c + row * 3 * w,
                  pack->n_keys ? pack->n_keys + row : NULL, (int)n,
                  m->shape.heads, c);
        row += n;
    }
    tr_drop(y->mix_tc, tc, drop, drop_key(pack, index, 0));
    memcpy(y->mid_tc, y->in_tc, tc * sizeof(float));
    rt_linear_add(y->mid_tc, y->mix_tc, m->w.proj + l * cc, t, c, c);
    rt_norm(y->norm2_tc, y->stat2_t2, y->mid_tc, m->w.norm2 + l * w, t, c);
    rt_linear(y->up_t4c, y->norm2_tc, m->w.up + l * 4 * cc, t, 4 * c, c);
    rt_gelu(y->act_t4c, y->up_t4c, 4 * tc);
    tr_drop(y->act_t4c, 4 * tc, drop, drop_key(pack, index, 1));
    memcpy(out_tc, y->mid_tc, tc * sizeof(float));
    rt_linear_add(out_tc, y->act_t4c, m->w.down + l * 4 * cc, t, c, 4 * c);
}

void tr_trunk_forward(struct tr_pass *p, const struct rt_model *m,
                      const struct tr_pack *pack, float drop)
{
    const int c = m->shape.channels, layers = m->shape.layers;
    size_t row = 0;

    for (size_t i = 0; i < pack->n_seqs; i++) {
        rt_embed(p->layer[0].in_tc + row * (size_t)c, p->embed, m,
                 &pack->seq[i]);
        row += pack->seq[i].n_positions;
    }
    for (int l = 0; l < layers; l++)
        layer_forward(p, m, pack, l, drop);
    rt_norm(p->h_tc, p->stat_t2, p->layer[layers].in_tc, m->w.norm,
            pack->n_rows, c);
}

/* dx_tc: from the gradient of the layer's end to that of its start. */
static void layer_backward(struct tr_pass *p, const struct rt_model *m,
                           const struct tr_pack *pack, int index, float drop,
                           struct tr_grads *g)
{
    const struct tr_layer *y = &p->layer[index];
    const int t = pack->n_rows, c = m->shape.channels;
    const size_t l = (size_t)index, w = (size_t)c, cc = w * w,
                 tc = (size_t)t * w;
    size_t row = 0;

    tr_linear_back(p->d4_t4c, false, g->down + l * 4 * cc, p->dx_tc, y->act_t4c,
                   m->w.down + l * 4 * cc, t, c, 4 * c);
    tr_drop(p->d4_t4c, 4 * tc, drop, drop_key(pack, index, 1));
    tr_gelu_back(p->d4_t4c, p->d4_t4c, y->up_t4c, 4 * tc);
    tr_linear_back(p->dn_tc, false, g->up + l * 4 * cc, p->d4_t4c, y->norm2_tc,
                   m->w.up + l * 4 * cc, t, 4 * c, c);
    tr_norm_back(p->dx_tc, g->norm2 + l * w, p->dn_tc, y->mid_tc, y->stat2_t2,
                 m->w.norm2 + l * w, t, c);

    tr_linear_back(p->dn_tc, false, g->proj + l * cc, p->dx_tc, y->mix_tc,
                   m->w.proj + l * cc, t, c, c);
    tr_drop(p->dn_tc, tc, drop, drop_key(pack, index, 0));
    for (size_t i = 0; i < pack->n_seqs; i++) {
        const size_t n = pack->seq[i].n_positions;

        tr_attend_back(p->dqkv_t3c + row * 3 * w, p->room, p->dn_tc + row * w,
                       kept_at(p, m, index, row), y->qkv_t3c + row * 3 * w,
                       (int)n, m->shape.heads, c);
        row += n;
    }
    tr_linear_back(p->dn_tc, false, g->qkv + l * 3 * cc, p->dqkv_t3c,
                   y->norm1_tc, m->w.qkv + l * 3 * cc, t, 3 * c, c);
    tr_norm_back(p->dx_tc, g->norm1 + l * w, p->dn_tc, y->in_tc, y->stat1_t2,
                 m->w.norm1 + l * w, t, c);
}

void tr_trunk_backward(struct tr_pass *p, const struct rt_model *m,
                       const struct tr_pack *pack, float drop,
                       struct tr_grads *grads)
{
    const int t = pack->n_rows, c = m->shape.channels;
    const int layers = m->shape.layers;

    memset(p->dx_tc, 0, (size_t)t * (size_t)c * sizeof(float));
    tr_norm_back(p->dx_tc, grads->norm, p->dh_tc, p->layer[layers].in_tc,
                 p->stat_t2, m->w.norm, t, c);
    for (int l = layers - 1; l >= 0; l--)
        layer_backward(p, m, pack, l, drop, grads);
}

void tr_pass_run(struct tr_pass *p, const struct rt_model *m,
                 const struct tr_pack *pack, const struct tr_terms *terms,
                 struct tr_grads *grads, struct tr_loss *loss)
{
    const float drop = grads ? terms->drop : 0;

    tr_trunk_forward(p, m, pack, drop);
    memset(p->dh_tc, 0,
           (size_t)pack->n_rows * (size_t)m->shape.channels * sizeof(float));
    tr_rates(p, m, pack, terms, grads, loss);
    tr_hazards(p, m, pack, terms, grads, loss);
    if (grads) {
        tr_trunk_backward(p, m, pack, drop, grads);
        tr_embed_backward(p, m, pack, grads);
    }
}
