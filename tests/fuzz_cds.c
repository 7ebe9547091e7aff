/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a CDS Hooks call: refused, or read into one whose prefetch is a
 * Bundle that our own reader takes.  The same bytes as feedback: refused, or
 * entries within their bounds that keep to the invariants. */
#include "fhir/cds.h"
#include "fhir/cds_feedback.h"
#include "fhir/read.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Of whichever hook: refused with a place, or read into orders of which each
 * has a type, and each selected one a name where a selection named it. */
static void check_context(struct an_arena *arena,
                          const struct fhir_cds_request *r)
{
    enum fhir_cds_hook hook;
    struct fhir_cds_context c;
    struct an_err err;
    enum an_code code;

    if (!fhir_cds_hook_of(r->hook, &hook))
        return;
    code = fhir_cds_context(arena, r, hook, &c, &err);
    must(code == AN_NOMEM || code == AN_OK || err.where.path[0] != '\0');
    if (code != AN_OK)
        return;
    must(c.n_orders <= FHIR_CDS_MAX_ORDERS && r->user_id.n > 0);
    for (size_t i = 0; i < c.n_orders; i++) {
        must(c.order[i].type.n > 0 && c.order[i].draft != NULL);
        must(c.order[i].n_codes <= FHIR_CDS_ORDER_CODES);
        must((c.order[i].id.n == 0) == (c.order[i].resource.n == 0));
        must(hook == FHIR_CDS_ORDER_SELECT || c.order[i].selected);
    }
    for (size_t i = 0; i < c.n_orders; i++)
        for (size_t k = 0; k < c.order[i].n_codes; k++)
            must(c.order[i].code[k].code.n > 0);
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
    check_context(arena, r);
    code = fhir_cds_about(r, &err);
    must(code == AN_OK || (code == AN_TYPE && err.where.path[0] != '\0'));
    (void)fhir_cds_is_partial(r);
    code = fhir_cds_bundle(arena, r, &json, &err);
    must(code == AN_OK || code == AN_LIMIT || code == AN_NOMEM);
    if (code != AN_OK || json.n == 0)
        return;
    must(an_json_read(arena, &(struct an_json_limits){.depth = 126}, json,
                      &root, &err) == AN_OK);
    code = fhir_read(arena, &settings, json, &reading, &err);
    must(code == AN_OK || code == AN_LIMIT || code == AN_NOMEM);
}

static void check_entry(const struct fhir_feedback *f)
{
    struct an_uuid id;

    must(an_uuid_parse(f->card, &id));
    must(!f->accepted || f->n_suggestions > 0);
    must(f->n_suggestions <= FHIR_FEEDBACK_SUGGESTIONS);
    for (size_t i = 0; i < f->n_suggestions; i++)
        must(an_uuid_parse(f->suggestion[i], &id));
    must(f->comment.n <= FHIR_FEEDBACK_COMMENT_BYTES);
    must(f->reason.code.n <= FHIR_FEEDBACK_CODE_BYTES);
    must(f->reason.code.n || f->reason.system.n + f->reason.display.n == 0);
}

static void read_feedback(struct an_arena *arena, struct an_str bytes)
{
    const struct fhir_feedback *list;
    struct an_err err;
    size_t n;

    if (fhir_feedback_read(arena, bytes, &list, &n, &err) != AN_OK) {
        must(n == 0 && err.code != AN_OK && err.code != AN_INTERNAL);
        return;
    }
    must(n <= FHIR_FEEDBACK_ENTRIES);
    for (size_t i = 0; i < n; i++)
        check_entry(&list[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct an_str bytes = {(const char *)data, n};
    struct fhir_cds_request r;
    struct an_arena arena;
    struct an_err err;

    an_arena_init(&arena, 64 << 20);
    if (fhir_cds_read(&arena, bytes, &r, &err) == AN_OK)
        check(&arena, &r);
    else
        must(err.code != AN_OK && err.code != AN_INTERNAL);
    read_feedback(&arena, bytes);
    an_arena_free(&arena);
    return 0;
}
