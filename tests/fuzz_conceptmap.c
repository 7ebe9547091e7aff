/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are a ConceptMap whose rows map each code once, or are refused with
 * a place that holds no byte of theirs; the same bytes give the same rows, and
 * a site that has them finds each. */
#include "fhir/conceptmap.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void check_rows(struct an_arena *arena, struct fhir_conceptmap *m)
{
    struct ctx_map map = {.file = "f", .n_ignored = m->n_ignored};
    struct ctx_site site = {.n_codes = 0};
    enum an_code rc;

    for (size_t i = 0; i < m->n_rows; i++) {
        must(m->row[i].from.code.n && m->row[i].to.code.n &&
             m->row[i].to.system.n);
        must(i == 0 || ctx_code_row_cmp(&m->row[i - 1], &m->row[i]) < 0);
    }
    rc = ctx_site_add_codes(arena, &map, m->row, m->n_rows, &site, NULL);
    must(rc == AN_OK || rc == AN_CONFLICT); /* it leads back to itself */
    if (rc != AN_OK)
        return;
    must(site.n_codes == m->n_rows && site.map[0].n_covered == 0);
    for (size_t i = 0; i < m->n_rows; i++) {
        const struct ctx_code *to = ctx_site_code(&site, &m->row[i].from);

        must(to && an_str_eq(to->code, m->row[i].to.code));
    }
}

/* Names and numbers of ours only. */
static void check_place(const struct an_err *err)
{
    for (const char *p = err->where.path; *p; p++)
        must((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
             (*p >= '0' && *p <= '9') || *p == '#' || *p == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct an_str in = {(const char *)data, n};
    struct fhir_conceptmap first, second;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    an_arena_init(&arena, 256 << 20);
    rc = fhir_conceptmap_read(&arena, in, "f", &first, &err);
    if (rc == AN_OK) {
        must(fhir_conceptmap_read(&arena, in, "f", &second, &err) == AN_OK);
        must(first.n_rows == second.n_rows &&
             first.n_ignored == second.n_ignored);
        check_rows(&arena, &first);
    } else {
        must(err.code == rc && err.what != NULL);
        check_place(&err);
    }
    an_arena_free(&arena);
    return 0;
}
