/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's part: what is here of a resource, and what is to be withdrawn. */
#include "plugin/store/resources.h"

#include "base/sort.h"
#include "plugin/store/reader_int.h"

enum {
    ROW_BYTES = 256 << 20, /* of what one message says about a patient */
    EACH_BYTES = 64 << 20  /* of the versions of one resource */
};

/* ---- the versions of a resource ---------------------------------------------- */

/* One of a fact, by what tells which of them counts. */
struct version {
    int64_t identifier;
    struct ctx_event event;
};

/* Those that have a key, by identifier and fact, the last said last.  Messages about
 * many resources are no larger here than those about one. */
struct versions {
    struct an_arena *arena;
    struct an_arena row;
    struct version *one;
    size_t n, room;
};

static bool is_of_key(struct an_str fact, int64_t key, enum an_code *code,
                      struct an_err *err)
{
    int64_t is = 0;

    *code = AN_OK;
    if (!ctx_fact_may_be(fact, key))
        return false;
    *code = ctx_fact_key(fact, &is, err);
    return *code == AN_OK && is == key;
}

/* The components of an Observation are one version of it. */
static bool is_there(const struct versions *all, size_t from,
                     const struct ctx_event *e)
{
    const struct ctx_event *last;

    if (all->n == from)
        return false;
    last = &all->one[all->n - 1].event;
    return last->said_us == e->said_us && last->status == e->status &&
           last->kind == e->kind &&
           an_str_eq(last->concept.code, e->concept.code) &&
           an_str_eq(last->fact, e->fact);
}

/* Of its row the versions from `from` on. */
static bool version_take(struct versions *all, size_t from, int64_t identifier,
                         const struct ctx_event *e)
{
    struct version *v;

    if (is_there(all, from, e))
        return true;
    v = pl_grown(all->arena, all->one, all->n, &all->room, sizeof(*v));
    if (v == NULL)
        return false;
    all->one = v;
    v += all->n;
    *v = (struct version){identifier,
                          {.kind = e->kind,
                           .status = e->status,
                           .available_us = e->available_us,
                           .said_us = e->said_us}};
    if (!an_arena_str(all->arena, e->fact, &v->event.fact) ||
        !an_arena_str(all->arena, e->concept.code, &v->event.concept.code) ||
        !an_arena_str(all->arena, e->message, &v->event.message))
        return false;
    all->n++;
    return true;
}

static enum an_code row_take(struct versions *all, sqlite3_stmt *s, int64_t key,
                             struct an_err *err)
{
    const struct ctx_event *event;
    size_t n, from = all->n;
    enum an_code code;
    bool is_of = false;

    an_arena_reset(&all->row);
    code = pl_column_events_of(&all->row, s, 1, key, &event, &n, err);
    for (size_t i = 0; code == AN_OK && i < n; i++) {
        if (i == 0 || !an_str_eq(event[i].fact, event[i - 1].fact))
            is_of = is_of_key(event[i].fact, key, &code, err);
        if (is_of &&
            !version_take(all, from, sqlite3_column_int64(s, 0), &event[i]))
            code = an_fail_nomem(err);
    }
    return code;
}

static int by_version(const void *x, const void *y)
{
    const struct version *a = x, *b = y;
    int order =
        (a->identifier > b->identifier) - (a->identifier < b->identifier);

    if (order == 0)
        order = an_str_cmp(a->event.fact, b->event.fact);
    return order ? order : ctx_version_cmp(&a->event, &b->event);
}

/* Of one identifier; of all with 0. */
static enum an_code rows_take(struct pl_reader *r, int64_t key,
                              int64_t identifier, struct versions *all,
                              struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_VERSIONS);
    enum an_code code;
    bool more;

    sqlite3_bind_int64(s, 1, key);
    sqlite3_bind_int64(s, 2, identifier);
    for (;;) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        code = row_take(all, s, key, err);
        if (code != AN_OK) {
            sqlite3_reset(s);
            return code;
        }
    }
}

static enum an_code versions_load(struct pl_reader *r, struct an_arena *arena,
                                  int64_t key, int64_t identifier,
                                  struct versions *out, struct an_err *err)
{
    struct version *scratch;
    enum an_code code;

    *out = (struct versions){.arena = arena};
    an_arena_init(&out->row, ROW_BYTES);
    code = rows_take(r, key, identifier, out, err);
    an_arena_free(&out->row);
    if (code != AN_OK)
        return code;
    scratch = an_arena_get(arena, out->n / 2 + 1, sizeof(*scratch));
    if (scratch == NULL)
        return an_fail_nomem(err);
    an_sort(out->one, out->n, sizeof(*out->one), scratch, by_version);
    return AN_OK;
}

/* One past those of the same fact at the same identifier. */
static size_t versions_end(const struct versions *all, size_t from)
{
    size_t end = from + 1;

    while (end < all->n &&
           all->one[end].identifier == all->one[from].identifier &&
           an_str_eq(all->one[end].event.fact, all->one[from].event.fact))
        end++;
    return end;
}

/* What counts of n versions of a fact, of those said until then; NULL when nothing
 * stands (context/timeline.h). */
static const struct ctx_event *standing(const struct version *v, size_t n,
                                        int64_t until_us)
{
    while (n && v[n - 1].event.said_us > until_us)
        n--;
    return n && !ctx_event_withdrawn(&v[n - 1].event) ? &v[n - 1].event : NULL;
}

/* ---- one resource ----------------------------------------------------------- */

static void look_at_all(const struct versions *all, struct an_str fact,
                        int64_t until_us, struct pl_resource_there *out)
{
    for (size_t i = 0, end; i < all->n; i = end) {
        const struct ctx_event *now;

        end = versions_end(all, i);
        if (!an_str_eq(all->one[i].event.fact, fact))
            continue;
        now = standing(all->one + i, end - i, INT64_MAX);
        out->n_live += standing(all->one + i, end - i, until_us) != NULL;
        if (now && now->said_us > out->said_us)
            out->said_us = now->said_us;
    }
}

enum an_code pl_resource_find(struct pl_reader *r, struct an_arena *arena,
                              struct an_str fact, int64_t until_us,
                              struct pl_resource_there *out, struct an_err *err)
{
    struct an_mark mark = an_arena_mark(arena);
    struct versions all = {.n = 0};
    int64_t key;
    enum an_code code = ctx_fact_key(fact, &key, err);

    *out = (struct pl_resource_there){.n_live = 0};
    if (code == AN_OK)
        code = pl_reader_begin(r, err);
    if (code != AN_OK)
        return code;
    code = versions_load(r, arena, key, 0, &all, err);
    code = pl_reader_end(r, code, err);
    if (code == AN_OK)
        look_at_all(&all, fact, until_us, out);
    an_arena_rewind(arena, mark);
    return code;
}

/* ---- what waits -------------------------------------------------------------- */

struct note {
    int64_t id, key;
    bool is_settled;
};

struct waiting {
    struct pl_reader *reader;
    struct an_arena *arena; /* the caller's */
    struct an_arena each;
    int64_t identifier;
    struct note note[PL_LIMIT_WITHDRAWN];
    size_t n_notes;
    struct pl_deleted *deleted;
    size_t n, room;
};

static enum an_code notes_load(struct waiting *w, int64_t after,
                               struct pl_withdrawal *out, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(w->reader, PL_R_WITHDRAWALS);
    enum an_code code;
    bool more;

    sqlite3_bind_int64(s, 1, PL_LIMIT_WITHDRAWN);
    sqlite3_bind_int64(s, 2, after);
    for (;;) {
        code = pl_reader_step(w->reader, s, &more, err);
        if (code != AN_OK || !more)
            break;
        if (w->n_notes == 0 &&
            !pl_column_identifier(w->arena, s, 3, &out->patient)) {
            sqlite3_reset(s);
            return an_fail_nomem(err);
        }
        w->identifier = sqlite3_column_int64(s, 1);
        out->first = sqlite3_column_int64(s, 6);
        w->note[w->n_notes++] = (struct note){sqlite3_column_int64(s, 0),
                                              sqlite3_column_int64(s, 2), true};
    }
    if (code == AN_OK && w->n_notes == 0)
        code = an_fail(err, AN_NOTFOUND, "nothing is to be withdrawn", 0);
    return code;
}

/* The first deletion of a fact at that moment or after it; false when there is
 * none. */
static enum an_code next_deletion(struct waiting *w, int64_t key,
                                  const struct an_sha256 *fact, int64_t from_us,
                                  bool *found, int64_t *at_us,
                                  struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(w->reader, PL_R_DELETED);
    enum an_code code;

    sqlite3_bind_int64(s, 1, key);
    pl_bind_blob(s, 2, (struct an_str){(const char *)fact->b, sizeof(fact->b)});
    sqlite3_bind_int64(s, 3, from_us);
    code = pl_reader_step(w->reader, s, found, err);
    if (code == AN_OK && *found)
        *at_us = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return code;
}

static enum an_code keep(struct waiting *w, struct an_str fact, int64_t at_us,
                         struct an_err *err)
{
    w->deleted =
        pl_grown(w->arena, w->deleted, w->n, &w->room, sizeof(*w->deleted));
    if (w->deleted == NULL)
        return an_fail_nomem(err);
    w->deleted[w->n] = (struct pl_deleted){.at_us = at_us};
    if (!an_arena_str(w->arena, fact, &w->deleted[w->n].fact))
        return an_fail_nomem(err);
    w->n++;
    return AN_OK;
}

/* Of a fact that was deleted several times the first that is not yet withdrawn, since
 * a message tells one (fhir/deletion.h); the note stays for the others.  Of deletions
 * between which nothing was said the first is looked at: however many were told, it
 * takes as many steps as there are versions. */
static enum an_code look_at_fact(struct waiting *w, int64_t key,
                                 const struct version *v, size_t n,
                                 bool *is_settled, struct an_err *err)
{
    struct an_str fact = v[0].event.fact;
    struct an_sha256 hash;
    enum an_code code = an_sha256(fact, &hash, err);
    bool found = true, is_kept = false;

    for (size_t i = 0; code == AN_OK && i < n; i++) {
        int64_t at_us = 0;

        code = next_deletion(w, key, &hash, v[i].event.said_us, &found, &at_us,
                             err);
        if (code != AN_OK || !found)
            break;
        while (i + 1 < n && v[i + 1].event.said_us <= at_us)
            i++;
        if (ctx_event_withdrawn(&v[i].event))
            continue;
        if (is_kept) {
            *is_settled = false;
            break;
        }
        code = keep(w, fact, at_us, err);
        is_kept = true;
    }
    return code;
}

/* What is to be withdrawn of the resources of a key. */
static enum an_code look_at(struct waiting *w, int64_t key, bool *is_settled,
                            struct an_err *err)
{
    struct versions all;
    enum an_code code;

    an_arena_reset(&w->each);
    code = versions_load(w->reader, &w->each, key, w->identifier, &all, err);
    for (size_t i = 0, end; code == AN_OK && i < all.n; i = end) {
        end = versions_end(&all, i);
        code = look_at_fact(w, key, all.one + i, end - i, is_settled, err);
    }
    return code;
}

static enum an_code look_at_notes(struct waiting *w, struct an_err *err)
{
    enum an_code code = AN_OK;

    for (size_t i = 0; code == AN_OK && i < w->n_notes; i++) {
        size_t first = 0;

        while (w->note[first].key != w->note[i].key)
            first++;
        if (first < i)
            w->note[i].is_settled = w->note[first].is_settled;
        else
            code = look_at(w, w->note[i].key, &w->note[i].is_settled, err);
    }
    return code;
}

static enum an_code hand_over(const struct waiting *w,
                              struct pl_withdrawal *out, struct an_err *err)
{
    int64_t *id = an_arena_get(w->arena, w->n_notes, sizeof(*id));

    if (id == NULL)
        return an_fail_nomem(err);
    for (int settled = 1; settled >= 0; settled--)
        for (size_t i = 0; i < w->n_notes; i++)
            if (w->note[i].is_settled == settled) {
                id[out->n_ids++] = w->note[i].id;
                out->n_settled += w->note[i].is_settled;
            }
    out->id = id;
    out->deleted = w->deleted;
    out->n = w->n;
    return AN_OK;
}

enum an_code pl_withdrawal_next(struct pl_reader *r, struct an_arena *arena,
                                int64_t after, struct pl_withdrawal *out,
                                struct an_err *err)
{
    struct waiting *w = an_arena_get(arena, 1, sizeof(*w));
    enum an_code code;

    *out = (struct pl_withdrawal){.n = 0};
    if (w == NULL)
        return an_fail_nomem(err);
    *w = (struct waiting){.reader = r, .arena = arena};
    code = pl_reader_begin(r, err);
    if (code != AN_OK)
        return code;
    an_arena_init(&w->each, EACH_BYTES);
    code = notes_load(w, after, out, err);
    if (code == AN_OK)
        code = look_at_notes(w, err);
    code = pl_reader_end(r, code, err);
    if (code == AN_OK)
        code = hand_over(w, out, err);
    an_arena_free(&w->each);
    return code;
}
