/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of the model, one function per step.  Arrays are row-major
 * and named by their shape; each kernel has a naive twin in the tests.
 * OpenBLAS multiplies what is not packed (runtime/product.h): whoever makes
 * threads sets it to one thread first (openblas_set_num_threads), since a second
 * core serves a second patient.
 *
 * Thread-safety: immutable (functions of their arguments).
 * Limits: callers have checked shapes and indices; only asserts here. */
#ifndef RUNTIME_KERNELS_H
#define RUNTIME_KERNELS_H

#include "runtime/history.h"
#include "runtime/tiles.h"
#include "runtime/weights.h"

/* y[t][c] = x[t][d] . w[c][d], added to y if `add`; rows of y begin `ldy` floats
 * apart.  By OpenBLAS: one or two rows are read as vectors, so that the bits of
 * a row depend on its core and on the class of t: 1 to 2, or more. */
void rt_times(float *y, int ldy, const float *x_td, const float *w_cd, int t,
              int c, int d, bool add);
/* The same, rows of y following each other. */
void rt_linear(float *y_tc, const float *x_td, const float *w_cd, int t, int c,
               int d);
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

/* Keys and values of n rows in one layer, in room for `width`, which is
 * rt_keys_width of some number: whole lanes, and an odd number of them, so that
 * a column is not all in one set of the cache.  Of each head a key is a column,
 * and a value a row of whole lanes, 0 behind it. */
struct rt_keys {
    float *key_hdw, *value_hwl;
    int width, n;
};
int rt_keys_width(int n);
/* Floats for each of the `width` rows. */
size_t rt_keys_floats(int heads, int c);
/* Rows [at, at + n) from n rows of c keys and then c values, `stride` apart. */
void rt_keys_put(const struct rt_keys *to, int at, const float *kv,
                 size_t stride, int n, int heads, int c);

/* Rows q[n][c], `stride` apart, each of which looks at all of `past`, and then
 * at the first keys of `own`: n_own[i] of them, or, when that is NULL,
 * first + i + 1.  What a row becomes has the same bits where the past stands
 * before its own in one sequence.  room: rt_attend_rows_room of the keys of
 * both, RT_ATTEND_ROWS rows of rt_attend_width and as many of a head's lanes. */
enum { RT_ATTEND_ROWS = 64 };
struct rt_looking {
    const float *q;
    size_t stride;
    const int32_t *n_own;
    int first, n;
};
int rt_attend_width(int n);
size_t rt_attend_rows_room(int n, int heads, int c);
void rt_attend_rows(float *mix_nc, float *room, const struct rt_looking *rows,
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
