/* SPDX-License-Identifier: Apache-2.0 */
/* Forward passes of several askers on a few cores: who finds a core free
 * computes, for those who wait at that moment and need few rows as well, in one
 * pass; nobody waits for others to come.
 *
 *     pl_passes_open(&model, 2, &passes, err);
 *     predictor.passer = pl_passes_passer(passes);
 *
 * The bits of an answer do not depend on who shares the pass
 * (runtime/forward.h).  A pass that fails is made again for each by itself, so
 * that an error is told to whom it belongs.
 *
 * Thread-safety: shared, except that open and close are called by one thread,
 * close when nobody asks any more. */
#ifndef PLUGIN_PASSES_H
#define PLUGIN_PASSES_H

#include "runtime/predict.h"

struct pl_passes;

struct pl_passes_counts {
    uint64_t n_passes, n_asks;
};

/* `model` is packed and outlives the passes; n_at_once 0: one for each core.
 * AN_NOMEM. */
enum an_code pl_passes_open(const struct rt_model *model, uint32_t n_at_once,
                            struct pl_passes **out, struct an_err *err)
    __attribute__((warn_unused_result));
void pl_passes_close(struct pl_passes *p); /* NULL is nothing */

struct rt_passer pl_passes_passer(struct pl_passes *p);

void pl_passes_counts(struct pl_passes *p, struct pl_passes_counts *out);

#endif
