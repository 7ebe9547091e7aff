/* SPDX-License-Identifier: Apache-2.0 */
/* What a call gives back: some results in an arena of their own.
 *
 * Thread-safety: confined until it is returned, immutable then. */
#ifndef PLUGIN_ABI_RESULTS_INT_H
#define PLUGIN_ABI_RESULTS_INT_H

#include "base/arena.h"
#include "plugin/anamnesis.h"

enum { ABI_MAX_RESULTS = 32 };

struct anamnesis_results {
    struct an_arena arena;
    uint32_t n;
    struct anamnesis_result item[ABI_MAX_RESULTS];
};

struct anamnesis_results *abi_results_new(void); /* NULL without memory */
/* A copy of the bytes; type is a literal.  False without memory or room. */
bool abi_results_add(struct anamnesis_results *r, uint32_t kind,
                     const char *type, struct an_str bytes)
    __attribute__((warn_unused_result));

/* Those of the table. */
uint32_t abi_result_count(const struct anamnesis_results *r);
anamnesis_status abi_result_at(const struct anamnesis_results *r, uint32_t i,
                               struct anamnesis_result *view);
void abi_results_free(struct anamnesis_results *r);

#endif
