/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/fit/params.h"

#include "trainer/random.h"

#include <math.h>
#include <stdlib.h>

enum an_code tr_params_init(struct tr_params *p, const struct rt_shape *s,
                            struct an_err *err)
{
    enum an_code code = rt_shape_check(s, err);

    *p = (struct tr_params){0};
    if (code != AN_OK)
        return code;
    p->n = rt_tensors(s, p->tensor);
    p->value = calloc(p->n, sizeof(*p->value));
    if (p->value == NULL)
        return an_fail_nomem(err);
    p->model.shape = *s;
    rt_weights_at(s, p->value, &p->model.w);
    return AN_OK;
}

void tr_params_release(struct tr_params *p)
{
    free(p->value);
    *p = (struct tr_params){0};
}

void tr_grads_at(const struct tr_params *p, float *block, struct tr_grads *g)
{
#define X(name, kind, rows, cols, what)                                        \
    g->name = block + p->tensor[RT_W_##name].first;
    RT_WEIGHTS(X)
#undef X
}

/* Standard deviation at the start; a norm's is its value. */
static double start_size(const struct rt_shape *s, int id)
{
    const double stream = 0.02 / sqrt(2.0 * (s->layers > 0 ? s->layers : 1));

    switch ((enum rt_weight_id)id) {
    case RT_W_value_in:
    case RT_W_value_gate: return 1;
    case RT_W_hazard_mix: return 0.1;
    case RT_W_proj:
    case RT_W_down: return stream;
    case RT_W_norm1:
    case RT_W_norm2:
    case RT_W_norm:
    case RT_W_rate_bias:
    case RT_W_hazard_bias:
    case RT_W_hazard_level:
    case RT_W_wide: return 0;
    case RT_W_embed:
    case RT_W_flag:
    case RT_W_value_out:
    case RT_W_age:
    case RT_W_times:
    case RT_W_qkv:
    case RT_W_up:
    case RT_W_hazard_low:
    case RT_N_WEIGHTS: break;
    }
    return 0.02;
}

void tr_params_randomize(struct tr_params *p, uint64_t seed)
{
    for (int id = 0; id < RT_N_WEIGHTS; id++) {
        const struct rt_tensor *t = &p->tensor[id];
        const uint64_t n = (uint64_t)t->rows * (uint64_t)t->cols;
        const uint64_t key = tr_key(tr_key(seed, TR_DRAW_START), (uint64_t)id);
        const double size = start_size(&p->model.shape, id);

        for (uint64_t i = 0; i < n; i++)
            p->value[t->first + i] =
                t->kind == RT_NORM ? 1.0F
                                   : (float)(size * tr_draw_normal(key, i));
    }
}
