/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/tune/parts.h"

#include <math.h>
#include <string.h>

/* A float's rounding must not carry a shortened difference over its bound. */
static const double inside = 1 - 1e-5;

enum tr_part tr_part_of(enum rt_weight_id tensor)
{
    switch (tensor) {
    case RT_W_wide: return TR_PART_WIDE;
    case RT_W_rate_bias:
    case RT_W_hazard_low:
    case RT_W_hazard_mix:
    case RT_W_hazard_level:
    case RT_W_hazard_bias: return TR_PART_HEADS;
    case RT_W_embed:
    case RT_W_flag:
    case RT_W_value_in:
    case RT_W_value_out:
    case RT_W_value_gate:
    case RT_W_age:
    case RT_W_times:
    case RT_W_norm1:
    case RT_W_qkv:
    case RT_W_proj:
    case RT_W_norm2:
    case RT_W_up:
    case RT_W_down:
    case RT_W_norm:
    case RT_N_WEIGHTS: break;
    }
    return TR_PART_TRUNK;
}

const char *tr_part_text(enum tr_part part)
{
    static const char *const text[TR_N_PARTS] = {"wide", "heads", "trunk"};

    return text[part];
}

static uint64_t floats(const struct rt_tensor *t)
{
    return (uint64_t)t->rows * (uint64_t)t->cols;
}

/* The squares of block - start, part by part; start NULL: of block. */
static void squares(const struct rt_tensor tensor[RT_N_WEIGHTS],
                    const float *block, const float *start,
                    double sum[TR_N_PARTS])
{
    for (int part = 0; part < TR_N_PARTS; part++)
        sum[part] = 0;
    for (int id = 0; id < RT_N_WEIGHTS; id++) {
        const struct rt_tensor *t = &tensor[id];
        double *to = &sum[tr_part_of((enum rt_weight_id)id)];

        for (uint64_t i = t->first; i < t->first + floats(t); i++) {
            const double d = (double)block[i] - (start ? (double)start[i] : 0);

            *to += d * d;
        }
    }
}

void tr_parts_init(struct tr_parts *s, const struct rt_shape *shape,
                   const float *start, const struct tr_plan *plan)
{
    struct rt_tensor tensor[RT_N_WEIGHTS];

    *s = (struct tr_parts){
        .start = start,
        .bound = {[TR_PART_WIDE] = plan->bound[TR_B_parts_wide],
                  [TR_PART_HEADS] = plan->bound[TR_B_parts_heads],
                  [TR_PART_TRUNK] = plan->bound[TR_B_parts_trunk]}};
    (void)rt_tensors(shape, tensor);
    squares(tensor, start, NULL, s->length);
    for (int part = 0; part < TR_N_PARTS; part++)
        s->length[part] = sqrt(s->length[part]);
}

bool tr_parts_move(const struct tr_parts *s)
{
    for (int part = 0; part < TR_N_PARTS; part++)
        if (s->bound[part] * s->length[part] > 0)
            return true;
    return false;
}

static void shorten(const struct rt_tensor *t, const float *start, float *block,
                    double share)
{
    if (!(share > 0)) {
        memcpy(block + t->first, start + t->first, floats(t) * sizeof(*block));
        return;
    }
    for (uint64_t i = t->first; i < t->first + floats(t); i++)
        block[i] = (float)((double)start[i] +
                           share * ((double)block[i] - (double)start[i]));
}

void tr_parts_hold(const void *parts, const struct tr_params *p, float *block)
{
    const struct tr_parts *s = parts;
    double sum[TR_N_PARTS];

    squares(p->tensor, block, s->start, sum);
    for (int id = 0; id < RT_N_WEIGHTS; id++) {
        const enum tr_part part = tr_part_of((enum rt_weight_id)id);
        const double most = s->bound[part] * s->length[part];
        const double length = sqrt(sum[part]);

        if (!(most > 0) || length > most)
            shorten(&p->tensor[id], s->start, block,
                    most > 0 ? most * inside / length : 0);
    }
}

void tr_parts_change(const struct tr_parts *s, const struct rt_shape *shape,
                     const float *block, double change[TR_N_PARTS])
{
    struct rt_tensor tensor[RT_N_WEIGHTS];

    (void)rt_tensors(shape, tensor);
    squares(tensor, block, s->start, change);
    for (int part = 0; part < TR_N_PARTS; part++)
        if (change[part] > 0)
            change[part] = sqrt(change[part]) / s->length[part];
}
