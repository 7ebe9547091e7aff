/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/codes.h"

#include "context/codec.h"
#include "plugin/store/reader_int.h"

#include <stdlib.h>

enum { FIRST_ROOM = 256, MOST_CODES = 1000000, SCRATCH_BYTES = 1 << 30 };

struct counted {
    struct pl_code code;
    int64_t first, last; /* messages */
};

/* A hash table of what was met. */
struct tally {
    struct an_arena *arena;
    struct counted *item;
    uint32_t *slot; /* index + 1 */
    size_t n, room;
};

static bool same_code(const struct ctx_code *a, const struct ctx_code *b)
{
    return an_str_eq(a->code, b->code) && an_str_eq(a->system, b->system);
}

static size_t slot_of(const struct tally *t, const struct ctx_code *c)
{
    size_t mask = 2 * t->room - 1;
    size_t i = (an_str_hash(c->code) * 31 + an_str_hash(c->system)) & mask;

    while (t->slot[i] && !same_code(&t->item[t->slot[i] - 1].code.code, c))
        i = (i + 1) & mask;
    return i;
}

static enum an_code grow(struct tally *t, struct an_err *err)
{
    size_t room = t->room ? 2 * t->room : FIRST_ROOM;
    struct counted *item;

    if (t->n < t->room)
        return AN_OK;
    if (t->n >= MOST_CODES)
        return an_fail(err, AN_LIMIT, "more codes than can be counted", 0);
    item = an_arena_get(t->arena, room, sizeof(*item));
    t->slot = an_arena_get(t->arena, 2 * room, sizeof(*t->slot));
    if (item == NULL || t->slot == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < t->n; i++)
        item[i] = t->item[i];
    t->item = item;
    t->room = room;
    for (size_t i = 0; i < t->n; i++)
        t->slot[slot_of(t, &item[i].code.code)] = (uint32_t)i + 1;
    return AN_OK;
}

/* The entry of a code; its texts are copied, since the event's go.  NULL when
 * it fails for *rc. */
static struct counted *find(struct tally *t, const struct ctx_event *e,
                            int64_t message, enum an_code *rc,
                            struct an_err *err)
{
    struct counted *c;
    size_t i;

    *rc = grow(t, err);
    if (*rc != AN_OK)
        return NULL;
    i = slot_of(t, &e->concept);
    if (t->slot[i])
        return &t->item[t->slot[i] - 1];
    c = &t->item[t->n];
    *c = (struct counted){.code = {.kind = e->kind}, .first = message};
    if (!an_arena_str(t->arena, e->concept.system, &c->code.code.system) ||
        !an_arena_str(t->arena, e->concept.code, &c->code.code.code)) {
        *rc = an_fail_nomem(err);
        return NULL;
    }
    t->slot[i] = (uint32_t)++t->n;
    return c;
}

/* What is about the person or about nothing in particular has names of ours. */
static bool is_ours(const struct ctx_event *e)
{
    return e->kind == CTX_BIRTH || e->kind == CTX_SEX || e->kind == CTX_DEATH ||
           (e->kind == CTX_NOTE && e->concept.system.n == 0 &&
            an_str_eq(e->concept.code, AN_STR("comment")));
}

/* Did a table make this concept of an alias? */
static bool is_mapped(const struct ctx_site *site, const struct ctx_event *e)
{
    for (size_t i = 0; i < e->n_aliases; i++) {
        const struct ctx_code *to = ctx_site_code(site, &e->alias[i]);

        if (to && same_code(to, &e->concept))
            return true;
    }
    return false;
}

static enum an_code count(struct tally *t, const struct ctx_site *site,
                          struct an_str system, const struct ctx_event *e,
                          int64_t message, struct pl_codes *out,
                          struct an_err *err)
{
    struct counted *c;
    enum an_code rc;

    out->n_events++;
    if (is_ours(e))
        return AN_OK;
    out->n_words += e->concept.code.n == 0 && e->n_aliases == 0;
    if (e->concept.code.n == 0 ||
        (system.p && !an_str_eq(system, e->concept.system)) ||
        ctx_site_state(NULL, &e->concept, e->alias, e->n_aliases) !=
            CTX_FIELD_ODD ||
        is_mapped(site, e))
        return AN_OK;
    c = find(t, e, message, &rc, err);
    if (c == NULL)
        return rc;
    out->n_unmapped++;
    c->code.n++;
    c->first = message < c->first ? message : c->first;
    c->last = message > c->last ? message : c->last;
    if (c->code.code.display.n == 0 &&
        !an_arena_str(t->arena, e->concept.display, &c->code.code.display))
        return an_fail_nomem(err);
    return AN_OK;
}

static enum an_code scan(struct pl_reader *r, struct an_arena *scratch,
                         struct tally *t, const struct ctx_site *site,
                         struct an_str system, struct pl_codes *out,
                         struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_ALL_SAID);
    enum an_code rc;
    bool more;

    for (;;) {
        const struct ctx_event *event = NULL;
        size_t n = 0;

        rc = pl_reader_step(r, s, &more, err);
        if (rc != AN_OK || !more)
            return rc;
        an_arena_reset(scratch);
        if (sqlite3_column_int64(s, 3))
            rc = ctx_events_decode(scratch, pl_column(s, 4), AN_STR(""), &event,
                                   &n, err);
        if (rc == AN_INTEGRITY)
            return pl_fail_message(err, rc, "stored events are damaged",
                                   sqlite3_column_int64(s, 0));
        for (size_t i = 0; rc == AN_OK && i < n; i++)
            rc = count(t, site, system, &event[i], sqlite3_column_int64(s, 0),
                       out, err);
        if (rc != AN_OK)
            return rc;
    }
}

static enum an_code received(struct pl_reader *r, int64_t message, int64_t *us,
                             struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_RECEIVED);
    enum an_code rc;
    bool more;

    sqlite3_bind_int64(s, 1, message);
    rc = pl_reader_step(r, s, &more, err);
    *us = rc == AN_OK && more ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    return rc;
}

/* The most frequent first; else by name, so that the order is one. */
static int code_cmp(const void *a, const void *b)
{
    const struct pl_code *x = a, *y = b;
    int order;

    if (x->n != y->n)
        return x->n < y->n ? 1 : -1;
    order = an_str_cmp(x->code.system, y->code.system);
    return order ? order : an_str_cmp(x->code.code, y->code.code);
}

static enum an_code finish(struct pl_reader *r, struct tally *t,
                           const struct ctx_site *site, struct pl_codes *out,
                           struct an_err *err)
{
    struct pl_code *code = an_arena_get(t->arena, t->n, sizeof(*code));
    enum an_code rc = code ? AN_OK : an_fail_nomem(err);

    for (size_t i = 0; rc == AN_OK && i < t->n; i++) {
        code[i] = t->item[i].code;
        code[i].mapped = ctx_site_code(site, &code[i].code) != NULL;
        rc = received(r, t->item[i].first, &code[i].first_us, err);
        if (rc == AN_OK)
            rc = received(r, t->item[i].last, &code[i].last_us, err);
    }
    if (rc == AN_OK && t->n)
        qsort(code, t->n, sizeof(*code), code_cmp);
    out->code = code;
    out->n = rc == AN_OK ? t->n : 0;
    return rc;
}

enum an_code pl_codes(struct pl_reader *r, struct an_arena *arena,
                      const struct ctx_site *site, struct an_str system,
                      struct pl_codes *out, struct an_err *err)
{
    enum an_code rc = pl_reader_begin(r, err);
    struct tally t = {.arena = arena};
    struct an_arena scratch;

    *out = (struct pl_codes){.n = 0};
    if (rc != AN_OK)
        return rc;
    an_arena_init(&scratch, SCRATCH_BYTES);
    rc = scan(r, &scratch, &t, site, system, out, err);
    an_arena_free(&scratch);
    if (rc == AN_OK)
        rc = finish(r, &t, site, out, err);
    return pl_reader_end(r, rc, err);
}
