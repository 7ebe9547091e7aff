/* SPDX-License-Identifier: Apache-2.0 */
/* The backward twins of runtime/kernels.h: from the gradient of what a kernel
 * gave to the gradients of what it took.
 *
 * Thread-safety: immutable (functions of their arguments). */
#ifndef TRAINER_FIT_BACKWARD_H
#define TRAINER_FIT_BACKWARD_H

#include "runtime/kernels.h"

/* dx[t][d] = dy[t][c] . w[c][d], added to dx if `add`;
 * dw[c][d] += dy^T . x.  dx may be NULL. */
void tr_linear_back(float *dx_td, bool add, float *dw_cd, const float *dy_tc,
                    const float *x_td, const float *w_cd, int t, int c, int d);

/* dx += ..., dw += ...; stat is what rt_norm gave. */
void tr_norm_back(float *dx_tc, float *dw_c, const float *dy_tc,
                  const float *x_tc, const float *stat_t2, const float *w_c,
                  int t, int c);

/* dx = dy * gelu'(x); dx may be dy. */
void tr_gelu_back(float *dx, const float *dy, const float *x, size_t n);

/* dqkv = ...; `kept` as rt_attend left it; room: tr_attend_room floats. */
size_t tr_attend_room(int t, int heads, int c);
void tr_attend_back(float *dqkv_t3c, float *room, const float *dmix_tc,
                    const float *kept, const float *qkv_t3c, int t, int heads,
                    int c);

#endif
