/* SPDX-License-Identifier: Apache-2.0 */
/* One step of AdamW (Loshchilov and Hutter, ICLR 2019): decay is apart from
 * the gradient, and only matrices decay (runtime/weights.h says which).  The
 * wide branch has its own rate and an L2 penalty inside the gradient instead,
 * as a ridge regression has.
 *
 * Thread-safety: confined. */
#ifndef TRAINER_FIT_ADAMW_H
#define TRAINER_FIT_ADAMW_H

#include "trainer/fit/params.h"

struct tr_adamw {
    double rate, beta1, beta2, epsilon, decay;
    double clip;      /* longest gradient; 0: no limit */
    double wide_rate; /* times `rate` */
    double wide_l2;   /* penalty: this times the sum of squares */
};

/* Root of the sum of squares. */
double tr_gradient_length(const float *x, uint64_t n);

/* `step` counts from 1.  first and second are the running moments, blocks like
 * the parameters.  grad is changed.  Returns the gradient's length before
 * clipping; when that is not finite nothing else has changed. */
double tr_adamw_step(struct tr_params *p, float *first, float *second,
                     float *grad, int64_t step, const struct tr_adamw *a);

#endif
