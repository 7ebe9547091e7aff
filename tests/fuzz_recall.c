/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the detail of a suggestion that was kept: damage, or words that
 * have their places in our lists, can be printed or refused, and are the same
 * when they are kept and recalled again.  The first byte chooses the row's kind
 * and reader. */
#include "fhir/write.h"
#include "plugin/store/outgoing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_places(const struct ctx_suggestion *s)
{
    must(s->abstention < CTX_N_ABSTENTIONS);
    must(s->as_of.precision != AN_TIME_NONE);
    for (size_t i = 0; i < s->n_evidence; i++) {
        must(s->evidence[i].event != NULL);
        must(s->evidence[i].event->kind < CTX_N_KINDS);
        must(s->evidence[i].direction >= -1 && s->evidence[i].direction <= 1);
    }
}

static void print(struct an_arena *arena, const struct ctx_suggestion *s)
{
    struct fhir_write_settings settings = {.tenant = AN_STR("t"),
                                           .own = AN_STR("urn:x:t"),
                                           .software = AN_STR("a"),
                                           .reading = true};
    struct fhir_who who = {.id = {AN_STR("A"), AN_STR("1"), AN_STR("")}};
    struct fhir_saying what = {
        .suggestion = s, .n_suggestions = 1, .released = true};
    struct fhir_written written;
    struct an_err err;

    if (fhir_write(arena, &settings, &who, &what, &written, &err) != AN_OK)
        must(err.code != AN_OK && err.code != AN_INTERNAL);
    for (size_t i = 0; i < written.n_resources; i++)
        must(written.resource[i].from < written.resource[i].to &&
             written.resource[i].to <= written.json.n &&
             written.json.p[written.resource[i].from] == '{' &&
             written.json.p[written.resource[i].to - 1] == '}');
}

/* Kept again it is the same, from then on. */
static void keep(struct an_arena *arena, struct pl_suggestion *row,
                 const struct ctx_suggestion *s)
{
    struct ctx_suggestion again;
    struct an_str first, second;
    struct an_err err;

    if (pl_suggestion_detail(arena, s, &first, &err) != AN_OK)
        return;
    row->detail = first;
    must(pl_suggestion_recall(arena, row, &again, &err) == AN_OK);
    must(pl_suggestion_detail(arena, &again, &second, &err) == AN_OK);
    must(an_str_eq(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pl_suggestion row = {.language = AN_STR("en"), .horizon_days = 30};
    struct ctx_suggestion s;
    struct an_arena arena;
    struct an_err err;
    enum an_code code;

    if (n == 0)
        return 0;
    row.kind = data[0] % CTX_N_SUGGESTIONS;
    row.audience = data[0] / CTX_N_SUGGESTIONS % CTX_N_AUDIENCES;
    row.detail = (struct an_str){(const char *)data + 1, n - 1};
    an_arena_init(&arena, 64 << 20);
    code = pl_suggestion_recall(&arena, &row, &s, &err);
    must(code == AN_OK || code == AN_INTEGRITY || code == AN_NOMEM);
    if (code == AN_OK) {
        check_places(&s);
        print(&arena, &s);
        keep(&arena, &row, &s);
    }
    an_arena_free(&arena);
    return 0;
}
