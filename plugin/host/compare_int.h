/* SPDX-License-Identifier: Apache-2.0 */
/* What the faces of a comparison share. */
#ifndef PLUGIN_HOST_COMPARE_INT_H
#define PLUGIN_HOST_COMPARE_INT_H

#include "context/comparison.h"
#include "context/suggestion.h"

/* On standard output, as one line of JSON: the numbers under names that stay,
 * and the sentences. */
enum an_code pl_compare_json(struct an_arena *arena,
                             const struct ctx_comparison *c,
                             const struct ctx_suggestion *said, size_t n,
                             struct an_err *err)
    __attribute__((warn_unused_result));

#endif
