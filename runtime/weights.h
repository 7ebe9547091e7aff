/* SPDX-License-Identifier: Apache-2.0 */
/* Every tensor of a model, in one list: the struct of pointers, the count, the
 * names in the package, the optimiser's treatment and the manual come from it.
 *
 * The stream of a position is
 *
 *     x = sum over items (embed[concept] + embed[parents] + flag[flag]
 *                         + value_gate[value] * (value_out . gelu(value_in z)))
 *         + age . sinusoids(age) + times . features(gaps)
 *     per layer: x += proj . attend(qkv . norm1 x)
 *                x += down . gelu(up . norm2 x)
 *     h = norm x
 *
 * and the heads read h:
 *
 *     log rate of concept v per day = embed[v] . h + rate_bias[v]
 *     log hazard of outcome k in bin j per day =
 *         hazard_mix[k] . (hazard_low[j] . h) + hazard_level[k] . h
 *         + hazard_bias[k][j] + wide[k] . features
 *
 * The trunk has no biases.  A tensor with no rows or no columns is not there.
 *
 * Thread-safety: immutable.  Ownership: views into the mapped package or the
 * trainer's parameter block. */
#ifndef RUNTIME_WEIGHTS_H
#define RUNTIME_WEIGHTS_H

#include "runtime/shape.h"

#include <stdbool.h>

/* How the optimiser treats a tensor: EMBED, NORM and BIAS do not decay; MATRIX
 * does; WIDE has its own penalty and rate. */
enum rt_kind { RT_EMBED, RT_MATRIX, RT_NORM, RT_BIAS, RT_WIDE };

/*        name, kind, rows, columns, what it is */
#define RT_WEIGHTS(X)                                                          \
    X(embed, EMBED, s->vocab, s->channels, "one row per concept")              \
    X(flag, EMBED, s->flags, s->channels, "one row per abnormal flag")         \
    X(value_in, BIAS, 2, s->value_hidden, "value network: slope, offset")      \
    X(value_out, MATRIX, s->value_hidden, s->channels, "value network out")    \
    X(value_gate, EMBED, s->value_rows, s->channels, "what a value is about")  \
    X(age, MATRIX, s->channels, s->channels, "projects age sinusoids")         \
    X(times, EMBED, s->times, s->channels, "projects time features")           \
    X(norm1, NORM, s->layers, s->channels, "before attention")                 \
    X(qkv, MATRIX, s->layers * 3 * s->channels, s->channels,                   \
      "query, key, value")                                                     \
    X(proj, MATRIX, s->layers * s->channels, s->channels, "attention output")  \
    X(norm2, NORM, s->layers, s->channels, "before feed-forward")              \
    X(up, MATRIX, s->layers * 4 * s->channels, s->channels, "feed-forward in") \
    X(down, MATRIX, s->layers * s->channels, 4 * s->channels,                  \
      "feed-forward out")                                                      \
    X(norm, NORM, 1, s->channels, "before the heads")                          \
    X(rate_bias, BIAS, s->rate_bias, s->targets, "log rate of each concept")   \
    X(hazard_low, MATRIX, s->bins * s->rank, s->channels,                      \
      "risk over time, shared by outcomes")                                    \
    X(hazard_mix, MATRIX, s->outcomes, s->rank, "risk over time, mixed")       \
    X(hazard_level, MATRIX, s->outcomes, s->channels, "risk at all times")     \
    X(hazard_bias, BIAS, s->outcomes, s->bins, "log hazard of the cohort")     \
    X(wide, WIDE, s->outcomes, s->wide, "linear in the as-of features")

enum rt_weight_id {
#define X(name, kind, rows, cols, what) RT_W_##name,
    RT_WEIGHTS(X)
#undef X
        RT_N_WEIGHTS
};

struct rt_weights {
#define X(name, kind, rows, cols, what) const float *name;
    RT_WEIGHTS(X)
#undef X
};

struct rt_tensor {
    const char *name, *what;
    enum rt_kind kind;
    int32_t rows, cols;
    uint64_t first; /* floats before it, all tensors in one block */
};

/* All of them for a shape; returns the floats of one block of all. */
uint64_t rt_tensors(const struct rt_shape *s,
                    struct rt_tensor tensor[RT_N_WEIGHTS]);

/* Pointers into one block of rt_tensors' order and count. */
void rt_weights_at(const struct rt_shape *s, const float *block,
                   struct rt_weights *w);

/* What the runtime computes with. */
struct rt_model {
    struct rt_shape shape;
    struct rt_weights w;
    const float *packed; /* by rt_model_pack (runtime/product.h); or NULL */
};

#endif
