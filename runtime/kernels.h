/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of the model, one function per step.  Arrays are row-major
 * and named by their shape; each kernel has a naive twin in the tests.
 * OpenBLAS does the matrix products: whoever makes threads sets it to one
 * thread first (openblas_set_num_threads), since a second core serves a
 * second patient.
 *
 * Thread-safety: immutable (functions of their arguments).
 * Limits: callers have checked shapes and indices; only asserts here. */
#ifndef RUNTIME_KERNELS_H
#define RUNTIME_KERNELS_H

#include "runtime/history.h"
#include "runtime/tiles.h"
#include "runtime/weights.h"

/* y[t][c] = x[t][d] . w[c][d].  One or two rows are read as vectors, so that
 * the bits of a row depend on the class of t only: 1 to 2, or more. */
void rt_linear(float *y_tc, const float *x_td, const float *w_cd, int t, int c,
               int d);
/* The same, added to y. */
void rt_linear_add(float *y_tc, const float *x_td, const float *w_cd, int t,
                   int c, int d);

/* y = (x - mean) / sqrt(variance + 1e-5) * w, by row.  stat[t][2], if asked
 * for, gets mean and 1 / sqrt(...). */
void rt_norm(float *y_tc, float *stat_t2, const float *x_tc, const float *w_c,
             int t, int c);

/* y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))); y may be x. */
void rt_gelu(float *y, const float *x, size_t n);

/* Attention inside one sequence: row i looks at keys [0, n_keys[i]), which end
 * with itself or before, or at itself alone when that is 0; n_keys NULL means
 * all up to itself.  Unless `kept` is NULL the weights stay there, [h][t] rows
 * of rt_lanes_up(t) floats.  Rows are taken in blocks; up to the whole lanes in
 * which the block ends, what a row did not look at is 0, and behind them there
 * is nothing.  room: rt_attend_room floats. */
enum { RT_ATTEND_BLOCK = 24 };
size_t rt_attend_room(int t, int heads, int c);
void rt_attend(float *mix_tc, float *kept, float *room, const float *qkv_t3c,
               const int32_t *n_keys, int t, int heads, int c);

/* Keys and values of n rows, one row each `stride` floats. */
struct rt_keys {
    const float *k, *v;
    int stride, n;
};

/* The same for rows that go on after earlier ones: all look at the whole past,
 * and then up to themselves.  p: RT_ATTEND_ROWS * (past->n + t) floats. */
enum { RT_ATTEND_ROWS = 64 };
void rt_attend_after(float *mix_tc, float *p, const struct rt_keys *past,
                     const float *qkv_t3c, int t, int heads, int c);

/* One query row q[c] against the past, which may have no rows, and its own.
 * p: past->n + own->n floats. */
void rt_attend_row(float *mix_c, float *p, const float *q_c,
                   const struct rt_keys *past, const struct rt_keys *own,
                   int heads, int c);

/* s[0..n) becomes its softmax after scaling; n > 0. */
void rt_softmax(float *s, int n, float scale);

/* ---- embedding ----------------------------------------------------------- */

/* s[2i], s[2i+1] = sin, cos of years * 10000^(-2i/c) (Delphi's age code). */
void rt_age_code(float *s_c, float age_days, int c);

/* log days and log hours since the previous position, admitted or not, log
 * days and log hours since admission, and 1; logs are log1p, times 1/4. */
void rt_time_features(float f[RT_N_TIMES], const struct rt_position *p);

/* The value network before its gate: out[c] = value_out . gelu(value_in z);
 * `hidden` gets the units after the GELU. */
void rt_value(float *out_c, float *hidden, const struct rt_model *m, float z);

/* One position without its age: sum of items and time features.  Scratch:
 * channels + value_hidden floats. */
void rt_embed_position(float *x_c, float *scratch, const struct rt_model *m,
                       const struct rt_history *h, size_t position);

/* All positions with their ages.  Scratch: as above, and t * channels. */
void rt_embed(float *x_tc, float *scratch, const struct rt_model *m,
              const struct rt_history *h);

/* ---- heads --------------------------------------------------------------- */

/* Log rates per day of the predicted concepts, [t][targets]. */
void rt_log_rates(float *out_tv, const struct rt_model *m, const float *h_tc,
                  int t);

/* Log hazards per day [outcomes][bins].  Scratch: bins * rank floats. */
void rt_log_hazards(float *out_kj, float *scratch, const struct rt_model *m,
                    const float *h_c, const float *wide_w);

#endif
