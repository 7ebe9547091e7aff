/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: the reader refuses them, or what it read keeps the promises of
 * context/reading.h and event.h, twice the same.  Each deletion that is read in them
 * can be written with a patient, and withdraws its fact then. */
#include "context/dump.h"
#include "context/identity.h"
#include "fhir/deletion.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool true_always)
{
    if (!true_always)
        abort();
}

static void check_event(const struct ctx_event *e)
{
    must(e->kind < CTX_N_KINDS && e->status < CTX_N_STATUSES);
    must(e->concept.system.n + e->concept.code.n + e->concept.display.n > 0);
    must(e->place.n > 0);
    must(isfinite(e->value.number));
    must((e->value.kind == CTX_VALUE_QUANTITY) == (e->value.literal.n > 0));
    must(e->value.kind != CTX_VALUE_TEXT || e->value.text.n > 0);
}

/* The counts are those of the resources. */
static void check_account(const struct ctx_reading *r,
                          const struct ctx_account *a)
{
    uint64_t n_fields = 0, n_seen = 0;

    must(a->n_used <= a->n_seen);
    for (size_t i = 0; i < a->n_fields; i++)
        for (unsigned k = CTX_FIELD_UNUSED; k < CTX_N_FIELD_STATES; k++)
            n_fields += a->field[i].n[k];
    for (size_t i = 0; i < r->n_segments; i++) {
        if (!an_str_eq(r->segment[i].name, a->name))
            continue;
        n_seen++;
        must(n_fields >= r->segment[i].n_fields);
        n_fields -= r->segment[i].n_fields;
    }
    must(n_fields == 0 && n_seen == a->n_seen);
}

static void check_reading(const struct ctx_reading *r)
{
    for (size_t i = 0; i < r->n_parts; i++) {
        const struct ctx_part *part = &r->part[i];

        must(part->patient.authority.n && part->patient.value.n);
        must(part->n_events > 0);
        for (size_t k = 0; k < part->n_events; k++)
            check_event(&part->event[k]);
    }
    for (size_t i = 0; i < r->n_claims; i++)
        must(r->claim[i].current.value.n && r->claim[i].prior.value.n);
    for (size_t i = 0; i < r->n_accounts; i++)
        check_account(r, &r->account[i]);
}

static struct an_str dump(struct an_arena *a, const struct ctx_reading *r)
{
    struct an_str text = {NULL, 0};
    struct an_buf b;

    an_buf_init(&b, a, 64 << 20);
    ctx_dump_reading(&b, r);
    must(an_buf_done(&b, &text, NULL) == AN_OK);
    return text;
}

static void check_deletion(struct an_arena *a, const struct fhir_settings *s,
                           struct fhir_deletion d)
{
    static const struct ctx_identifier who = {
        AN_STR_INIT("HOSP"), AN_STR_INIT("1"), AN_STR_INIT("")};
    struct an_str fact = fhir_deletion_fact(a, s, &d), json;
    struct ctx_reading r;

    if (fact.n == 0)
        return;
    d.at = AN_STR("2026-01-01T00:00:00Z");
    must(fhir_deletions_write(a, AN_STR(""), &who, &d, 1, &json, NULL) ==
         AN_OK);
    must(fhir_read(a, s, json, &r, NULL) == AN_OK);
    must(r.n_parts == 1 && r.part[0].n_events == 1);
    must(ctx_identifier_cmp(&r.part[0].patient, &who) == 0);
    must(an_str_eq(r.part[0].event[0].fact, fact));
    must(r.part[0].event[0].status == CTX_STATUS_ENTERED_IN_ERROR);
}

static void check_deletions(struct an_arena *a, const struct fhir_settings *s,
                            struct an_str in)
{
    struct fhir_deletion *list;
    size_t n;

    must(fhir_deletions_read(a, in, &list, &n, NULL) == AN_OK);
    for (size_t i = 0; i < n && i < 4; i++)
        check_deletion(a, s, list[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct fhir_settings settings = {
        .base = AN_STR_INIT("https://h/"), .authority = AN_STR_INIT("A")};
    struct an_str in = {(const char *)data, n};
    struct ctx_reading first, second;
    struct an_arena arena;
    struct an_err err;

    an_arena_init(&arena, 256 << 20);
    if (fhir_read(&arena, &settings, in, &first, &err) == AN_OK) {
        check_reading(&first);
        must(fhir_read(&arena, &settings, in, &second, &err) == AN_OK);
        must(an_str_eq(dump(&arena, &first), dump(&arena, &second)));
        check_deletions(&arena, &settings, in);
    } else {
        must(err.what != NULL && err.where.byte <= n);
    }
    an_arena_free(&arena);
    return 0;
}
