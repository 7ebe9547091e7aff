/* SPDX-License-Identifier: Apache-2.0 */
/* Sampled futures beside what they are compared with: which concepts of a
 * vocabulary are an outcome, and death, where the rates of the next event know
 * none.
 *
 * Thread-safety: immutable (functions of their arguments). */
#ifndef TRAINER_EVALUATE_FUTURES_H
#define TRAINER_EVALUATE_FUTURES_H

#include "advice/outcome.h"
#include "runtime/rollout.h"

/* Marks the predicted rows that are the outcome by their own key; codes that
 * have no row of their own are not found.  Returns how many.  Death has none:
 * no timeline is encoded with it. */
size_t tr_outcome_rows(const struct adv_outcome *o,
                       const struct rt_vocabulary *v, uint8_t *set_v);

/* A day of death for each future, from the hazards of the outcome `death` as
 * they were at the moment asked, by how->seed; a future ends there.  So an
 * outcome competes with death as in runtime/risk.h, but for what the sampled
 * events themselves would say about it. */
void tr_futures_die(const struct rt_shape *s, const float *log_hazard_kj,
                    int death, const struct rt_rollout_how *how,
                    struct rt_future *future,
                    const struct rt_future_event *event, size_t n);

#endif
