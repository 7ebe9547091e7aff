/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a CDS Hooks call: refused, or read into one whose prefetch is a
 * Bundle that our own reader takes. */
#include "fhir/cds.h"
#include "fhir/read.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check(struct an_arena *arena, const struct fhir_cds_request *r)
{
    static const struct fhir_settings settings;
    struct an_str json = {NULL, 0};
    const struct an_json *root;
    struct ctx_reading reading;
    struct an_err err;
    enum an_code code;

    must(r->hook.n > 0 && r->hook_instance.n > 0 && r->patient_id.n > 0);
    code = fhir_cds_bundle(arena, r, &json, &err);
    must(code == AN_OK || code == AN_LIMIT || code == AN_NOMEM);
    if (code != AN_OK || json.n == 0)
        return;
    must(an_json_read(arena, &(struct an_json_limits){.depth = 126}, json,
                      &root, &err) == AN_OK);
    code = fhir_read(arena, &settings, json, &reading, &err);
    must(code == AN_OK || code == AN_LIMIT || code == AN_NOMEM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct fhir_cds_request r;
    struct an_arena arena;
    struct an_err err;

    an_arena_init(&arena, 64 << 20);
    if (fhir_cds_read(&arena, (struct an_str){(const char *)data, n}, &r,
                      &err) == AN_OK)
        check(&arena, &r);
    else
        must(err.code != AN_OK && err.code != AN_INTERNAL);
    an_arena_free(&arena);
    return 0;
}
