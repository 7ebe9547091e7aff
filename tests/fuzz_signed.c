/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a Bundle of signed resources, and as a resource: refused, or in
 * a canonical form that is its own. */
#include "fhir/signed.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void is_its_own_form(struct an_arena *arena, struct an_str text)
{
    struct an_str once, twice;
    struct an_err err;

    if (fhir_signed_bytes(arena, &text, 1, &once, &err) != AN_OK) {
        must(err.code != AN_OK && err.code != AN_INTERNAL);
        return;
    }
    must(fhir_signed_bytes(arena, &once, 1, &twice, &err) == AN_OK);
    must(an_str_eq(once, twice));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct an_str bytes = {(const char *)data, n};
    const struct fhir_signature *found = NULL;
    struct an_arena arena;
    struct an_err err;
    size_t n_found = 0;

    an_arena_init(&arena, 64 << 20);
    is_its_own_form(&arena, bytes);
    if (fhir_signatures_read(&arena, bytes, &found, &n_found, &err) == AN_OK)
        for (size_t i = 0; i < n_found; i++)
            must(found[i].n_targets == 0 || found[i].bytes.n > 0);
    else
        must(err.code != AN_OK && err.code != AN_INTERNAL);
    an_arena_free(&arena);
    return 0;
}
