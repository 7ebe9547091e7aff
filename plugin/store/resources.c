/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's part: rows that come and go with the events. */
#include "plugin/store/resources.h"

#include "base/sort.h"
#include "context/codec.h"
#include "plugin/store/derived_int.h"
#include "plugin/store/writer_int.h"

#include <string.h>

enum { INDEX_STEP = 256 /* messages */ };

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

/* ---- names ---------------------------------------------------------------- */

/* ".../Observation/o-1.2", as fhir/read.h names what has an id. */
static bool is_by_id(struct an_str fact)
{
    static const char in_id[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    size_t i = fact.n;

    while (i && memchr(in_id, fact.p[i - 1], sizeof(in_id) - 1))
        i--;
    return i < fact.n && i && fact.p[i - 1] == '/';
}

static bool is_of_resource(const struct ctx_event *e)
{
    switch (e->kind) {
    case CTX_BIRTH:
    case CTX_SEX:
    case CTX_DEATH: return false;
    default: return is_by_id(e->fact);
    }
}

static int by_key(const void *x, const void *y)
{
    const struct pl_resource *a = x, *b = y;

    return (a->key > b->key) - (a->key < b->key);
}

enum an_code pl_resources_of(struct an_arena *arena,
                             const struct ctx_event *event, size_t n,
                             const struct pl_resource **out, size_t *n_out,
                             struct an_err *err)
{
    struct pl_resource *list = an_arena_get(arena, n, sizeof(*list));
    struct pl_resource *scratch =
        an_arena_get(arena, n / 2 + 1, sizeof(*scratch));
    const struct ctx_event *last = NULL;
    size_t found = 0, kept = 0;

    *out = list;
    *n_out = 0;
    if (list == NULL || scratch == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (!is_of_resource(&event[i]))
            continue;
        /* Neighbours are mostly of one resource. */
        if (last == NULL || !an_str_eq(last->fact, event[i].fact)) {
            list[found].is_live = false;
            if (ctx_fact_key(event[i].fact, &list[found].key, err) != AN_OK)
                return AN_INTERNAL;
            found++;
        }
        list[found - 1].is_live |= !ctx_event_withdrawn(&event[i]);
        last = &event[i];
    }
    an_sort(list, found, sizeof(*list), scratch, by_key);
    for (size_t i = 0; i < found; i++) {
        if (kept && list[kept - 1].key == list[i].key)
            list[kept - 1].is_live |= list[i].is_live;
        else
            list[kept++] = list[i];
    }
    *n_out = kept;
    return AN_OK;
}

/* ---- rows ------------------------------------------------------------------- */

static int put_withdrawal(struct pl_writer *w, int64_t identifier, int64_t key)
{
    int64_t found;
    int rc;

    sqlite3_bind_int64(stmt(w, PL_W_FIND_DELETED), 1, key);
    rc = pl_writer_number(w, PL_W_FIND_DELETED, &found);
    if (rc != SQLITE_OK || !found)
        return rc;
    sqlite3_bind_int64(stmt(w, PL_W_PUT_WITHDRAWAL), 1, identifier);
    sqlite3_bind_int64(stmt(w, PL_W_PUT_WITHDRAWAL), 2, key);
    return pl_writer_run(w, PL_W_PUT_WITHDRAWAL);
}

static int put_all(struct pl_writer *w, int64_t identifier, int64_t message,
                   const struct pl_resource *list, size_t n)
{
    sqlite3_stmt *s = stmt(w, PL_W_PUT_RESOURCE);
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
        sqlite3_bind_int64(s, 1, list[i].key);
        sqlite3_bind_int64(s, 2, identifier);
        sqlite3_bind_int64(s, 3, message);
        rc = pl_writer_run(w, PL_W_PUT_RESOURCE);
        if (rc == SQLITE_OK && list[i].is_live && sqlite3_changes(w->db.sql))
            rc = put_withdrawal(w, identifier, list[i].key);
    }
    return rc;
}

static int drop_all(struct pl_writer *w, int64_t identifier, int64_t message,
                    const struct pl_resource *list, size_t n)
{
    sqlite3_stmt *s = stmt(w, PL_W_DROP_RESOURCE);
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
        sqlite3_bind_int64(s, 1, list[i].key);
        sqlite3_bind_int64(s, 2, identifier);
        sqlite3_bind_int64(s, 3, message);
        rc = pl_writer_run(w, PL_W_DROP_RESOURCE);
    }
    return rc;
}

/* Of stored events. */
static int resources_in(struct pl_writer *w, const struct pl_said_row *row,
                        const struct pl_resource **list, size_t *n)
{
    const struct ctx_event *event;
    enum an_code code;
    size_t n_events;

    *n = 0;
    if (row->n_events == 0)
        return SQLITE_OK;
    code = ctx_events_decode(&w->arena, row->events, AN_STR(""), &event,
                             &n_events, NULL);
    if (code == AN_OK)
        code = pl_resources_of(&w->arena, event, n_events, list, n, NULL);
    if (code == AN_OK)
        return SQLITE_OK;
    return code == AN_INTEGRITY || code == AN_UNSUPPORTED ? SQLITE_CORRUPT
                                                          : SQLITE_NOMEM;
}

int pl_writer_resources(struct pl_writer *w, const struct pl_derivation *d)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_filings; i++)
        rc = put_all(w, d->filed[i], d->message, d->in->filing[i].resource,
                     d->in->filing[i].n_resources);
    return rc;
}

int pl_writer_resources_changed(struct pl_writer *w,
                                const struct pl_derivation *before,
                                const struct pl_derivation *now)
{
    const struct pl_resource *list = NULL;
    int rc = SQLITE_OK;
    size_t n;

    if (now->in->format != PL_FORMAT_FHIR)
        return SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < before->n_rows; i++) {
        rc = resources_in(w, &before->row[i], &list, &n);
        if (rc == SQLITE_OK)
            rc = drop_all(w, before->row[i].identifier, now->message, list, n);
    }
    return rc == SQLITE_OK ? pl_writer_resources(w, now) : rc;
}

typedef int with_all(struct pl_writer *w, int64_t identifier, int64_t message,
                     const struct pl_resource *list, size_t n);

/* Of what a message said about one identifier. */
static int with_said(struct pl_writer *w, with_all *with, int64_t identifier,
                     int64_t message)
{
    struct an_mark mark = an_arena_mark(&w->arena);
    const struct pl_resource *list = NULL;
    struct pl_said_row row;
    bool found;
    size_t n = 0;
    int rc = pl_writer_said(w, identifier, message, &row, &found);

    if (rc == SQLITE_OK && found)
        rc = resources_in(w, &row, &list, &n);
    if (rc == SQLITE_OK)
        rc = with(w, identifier, message, list, n);
    an_arena_rewind(&w->arena, mark);
    return rc;
}

/* Damaged, or sealed by a key that is lost. */
static bool is_unreadable(int rc)
{
    return rc == SQLITE_CORRUPT || rc == SQLITE_AUTH;
}

/* What it said cannot tell its keys, and must be removable all the same: all rows
 * are walked for it. */
static int drop_blindly(struct pl_writer *w, int64_t identifier,
                        int64_t message)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(w->db.sql,
                                "DELETE FROM resource WHERE identifier = ?1"
                                " AND message = ?2",
                                -1, &s, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(s, 1, identifier);
        sqlite3_bind_int64(s, 2, message);
        rc = sqlite3_step(s);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Other messages have none. */
static int with_resources(struct pl_writer *w, with_all *with,
                          int64_t identifier, int64_t message)
{
    int64_t format;
    int rc;

    sqlite3_bind_int64(stmt(w, PL_W_FIND_FORMAT), 1, message);
    rc = pl_writer_number(w, PL_W_FIND_FORMAT, &format);
    return rc == SQLITE_OK && format == PL_FORMAT_FHIR
               ? with_said(w, with, identifier, message)
               : rc;
}

int pl_writer_resources_drop(struct pl_writer *w, int64_t identifier,
                             int64_t message)
{
    int rc = with_resources(w, drop_all, identifier, message);

    return is_unreadable(rc) ? drop_blindly(w, identifier, message) : rc;
}

int pl_writer_resources_kept(struct pl_writer *w, int64_t identifier,
                             int64_t message)
{
    return with_resources(w, put_all, identifier, message);
}

/* ---- deletions -------------------------------------------------------------- */

struct deletions {
    const struct pl_deleted *list;
    size_t n;
};

static int put_deletion(struct pl_writer *w, const struct pl_deleted *d)
{
    sqlite3_stmt *s = stmt(w, PL_W_PUT_DELETED);
    struct an_sha256 fact;
    int64_t key;
    int rc;

    if (an_sha256(d->fact, &fact, NULL) != AN_OK ||
        ctx_fact_key(d->fact, &key, NULL) != AN_OK)
        return SQLITE_NOMEM;
    sqlite3_bind_int64(s, 1, key);
    pl_bind_blob(s, 2, (struct an_str){(const char *)fact.b, sizeof(fact.b)});
    sqlite3_bind_int64(s, 3, d->at_us);
    sqlite3_bind_int64(s, 4, d->is_undated ? d->said_us : INT64_MAX);
    rc = pl_writer_run(w, PL_W_PUT_DELETED);
    if (rc != SQLITE_OK || (d->is_undated && sqlite3_changes(w->db.sql) == 0))
        return rc;
    sqlite3_bind_int64(stmt(w, PL_W_PUT_WITHDRAWALS), 1, key);
    return pl_writer_run(w, PL_W_PUT_WITHDRAWALS);
}

static int put_deletions(struct pl_writer *w, void *ctx)
{
    const struct deletions *d = ctx;
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < d->n; i++)
        rc = put_deletion(w, &d->list[i]);
    return rc;
}

enum an_code pl_store_deleted(struct pl_store *store,
                              const struct pl_deleted *list, size_t n,
                              struct an_err *err)
{
    struct deletions d = {list, n};

    return pl_store_transaction(store, put_deletions, &d, err);
}

struct notes {
    const int64_t *id;
    size_t n;
};

static int drop_notes(struct pl_writer *w, void *ctx)
{
    const struct notes *notes = ctx;
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < notes->n; i++) {
        sqlite3_bind_int64(stmt(w, PL_W_DROP_WITHDRAWAL), 1, notes->id[i]);
        rc = pl_writer_run(w, PL_W_DROP_WITHDRAWAL);
    }
    return rc;
}

enum an_code pl_store_withdrawn(struct pl_store *store,
                                const struct pl_withdrawal *w, bool all,
                                struct an_err *err)
{
    struct notes notes = {w->id, all ? w->n_ids : w->n_settled};

    return notes.n ? pl_store_transaction(store, drop_notes, &notes, err)
                   : AN_OK;
}

/* ---- what was there before the index ----------------------------------------- */

/* The note of the message names the identifiers under which it said things.  What
 * cannot be read has no rows, as there is nothing to be seen of it, and `verify`
 * tells of it: the others do not wait for it. */
static int index_message(struct pl_writer *w, int64_t message,
                         struct an_str blob)
{
    struct pl_derived note;
    enum an_code code = pl_derived_get(&w->arena, blob, &note, NULL);
    int rc = SQLITE_OK;

    if (code != AN_OK)
        return code == AN_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT;
    for (size_t i = 0; rc == SQLITE_OK && i < note.n_identifiers; i++) {
        rc = with_said(w, put_all, note.identifier[i], message);
        if (is_unreadable(rc))
            rc = SQLITE_OK;
    }
    return rc;
}

static int index_range(struct pl_writer *w, int64_t after, int64_t until)
{
    sqlite3_stmt *s = stmt(w, PL_W_FIND_UNINDEXED);
    int rc;

    sqlite3_bind_int64(s, 1, after);
    sqlite3_bind_int64(s, 2, until);
    sqlite3_bind_int64(s, 3, PL_FORMAT_FHIR);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct an_mark mark = an_arena_mark(&w->arena);

        rc = index_message(w, sqlite3_column_int64(s, 0), pl_column(s, 1));
        an_arena_rewind(&w->arena, mark);
        if (rc != SQLITE_OK)
            break;
    }
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int index_some(struct pl_writer *w, void *ctx)
{
    sqlite3_stmt *s = stmt(w, PL_W_GET_INDEXING);
    bool *more = ctx;
    int64_t after = 0, until = 0;
    int rc = sqlite3_step(s);

    if (rc == SQLITE_ROW) {
        after = sqlite3_column_int64(s, 0);
        until = sqlite3_column_int64(s, 1);
    }
    sqlite3_reset(s);
    *more = after < until;
    if (rc != SQLITE_ROW || after >= until)
        return rc == SQLITE_ROW ? SQLITE_DONE : rc;
    if (until > after + INDEX_STEP)
        until = after + INDEX_STEP;
    rc = index_range(w, after, until);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(stmt(w, PL_W_SET_INDEXING), 1, until);
    return pl_writer_run(w, PL_W_SET_INDEXING);
}

enum an_code pl_store_index_step(struct pl_store *store, bool *more,
                                 struct an_err *err)
{
    *more = false;
    return pl_store_transaction(store, index_some, more, err);
}
