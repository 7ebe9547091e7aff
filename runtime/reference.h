/* SPDX-License-Identifier: Apache-2.0 */
/* The model in plain loops, to be read beside runtime/weights.h: no library,
 * no blocks, sums in double.  It is slow and obviously right; the fast pass
 * and the trainer are held against it, and golden numbers come from it.
 *
 * Thread-safety: immutable. */
#ifndef RUNTIME_REFERENCE_H
#define RUNTIME_REFERENCE_H

#include "base/arena.h"
#include "runtime/history.h"
#include "runtime/weights.h"

/* h_tc[positions][channels], the stream after the last norm.  n_keys as in
 * rt_attend (NULL: every row sees all up to itself).  AN_NOMEM. */
enum an_code rt_reference_trunk(const struct rt_model *m,
                                const struct rt_history *h,
                                const int32_t *n_keys, struct an_arena *arena,
                                float *h_tc, struct an_err *err)
    __attribute__((warn_unused_result));

void rt_reference_rates(const struct rt_model *m, const float *h_c,
                        float *log_rate_v);
void rt_reference_hazards(const struct rt_model *m, const float *h_c,
                          const float *wide_w, float *log_hazard_kj);

#endif
