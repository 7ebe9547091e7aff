/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/abi/results.h"

#include <stdlib.h>
#include <string.h>

enum { BYTES = 512 << 20 };

struct anamnesis_results *abi_results_new(void)
{
    struct anamnesis_results *r = calloc(1, sizeof(*r));

    if (r)
        an_arena_init(&r->arena, BYTES);
    return r;
}

bool abi_results_add(struct anamnesis_results *r, uint32_t kind,
                     const char *type, struct an_str bytes)
{
    struct an_str copy;

    if (r->n == ABI_MAX_RESULTS || !an_arena_str(&r->arena, bytes, &copy))
        return false;
    r->item[r->n++] =
        (struct anamnesis_result){.struct_size = sizeof(r->item[0]),
                                  .kind = kind,
                                  .content_type = type,
                                  .data = (const uint8_t *)copy.p,
                                  .n = copy.n};
    return true;
}

uint32_t abi_result_count(const struct anamnesis_results *r)
{
    return r ? r->n : 0;
}

anamnesis_status abi_result_at(const struct anamnesis_results *r, uint32_t i,
                               struct anamnesis_result *view)
{
    uint32_t size = view ? view->struct_size : 0;

    if (r == NULL || i >= r->n ||
        size < offsetof(struct anamnesis_result, n) + sizeof(view->n))
        return ANAMNESIS_E_ARGUMENT;
    if (size > sizeof(*view))
        memset((uint8_t *)view + sizeof(*view), 0, size - sizeof(*view));
    *view = r->item[i];
    view->struct_size = size;
    return ANAMNESIS_OK;
}

void abi_results_free(struct anamnesis_results *r)
{
    if (r == NULL)
        return;
    an_arena_free(&r->arena);
    free(r);
}
