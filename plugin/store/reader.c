/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/reader_int.h"

#include "config/options.h"
#include "context/codec.h"
#include "plugin/store/tenant_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_BYTES = 8 << 20, BUSY_MS = 5000, FIRST_ROOM = 16 };

static const char *const read_text[PL_N_READS] = {
#define X(name, text) text,
    PL_READS(X)
#undef X
};

enum an_code pl_reader_open(const char *path, size_t cache_bytes,
                            struct pl_reader **out, struct an_err *err)
{
    return pl_reader_open_keys(path, NULL, cache_bytes, out, err);
}

enum an_code pl_reader_of(const struct cfg_options *options,
                          struct pl_reader **out, struct an_err *err)
{
    return pl_reader_of_copy(options, options->store_path.p, out, err);
}

enum an_code pl_reader_of_copy(const struct cfg_options *options,
                               const char *path, struct pl_reader **out,
                               struct an_err *err)
{
    enum an_code code =
        pl_reader_open_keys(path, options->store_key_file.p, 0, out, err);

    if (code == AN_OK)
        code = pl_tenant_check(&(*out)->db, options->tenant.p, false, err);
    if (code != AN_OK) {
        pl_reader_close(*out);
        *out = NULL;
    }
    return code;
}

enum an_code pl_reader_open_keys(const char *path, const char *key_file,
                                 size_t cache_bytes, struct pl_reader **out,
                                 struct an_err *err)
{
    struct pl_reader *r = calloc(1, sizeof(*r));
    enum an_code code;

    *out = NULL;
    if (r == NULL)
        return an_fail_nomem(err);
    code = pl_db_open(&r->db, path, key_file, false,
                      cache_bytes ? cache_bytes : CACHE_BYTES, BUSY_MS, err);
    if (code == AN_OK)
        code = pl_schema_check(&r->db, err);
    if (code == AN_OK)
        code = pl_vault_check(&r->db, false, err);
    if (code == AN_OK)
        code = pl_db_prepare(&r->db, read_text, PL_N_READS, err);
    if (code != AN_OK) {
        pl_reader_close(r);
        return code;
    }
    *out = r;
    return AN_OK;
}

void pl_reader_close(struct pl_reader *r)
{
    if (r == NULL)
        return;
    pl_db_close(&r->db);
    free(r);
}

enum an_code pl_reader_within(struct pl_reader *r, const struct pl_db *writer,
                              struct an_err *err)
{
    *r = (struct pl_reader){.db = {.sql = writer->sql, .vault = writer->vault}};
    return pl_db_prepare(&r->db, read_text, PL_N_READS, err);
}

void pl_reader_leave(struct pl_reader *r)
{
    pl_db_release(&r->db);
}

sqlite3_stmt *pl_reader_stmt(struct pl_reader *r, enum pl_read which)
{
    return r->db.stmt[which];
}

enum an_code pl_reader_step(struct pl_reader *r, sqlite3_stmt *s, bool *more,
                            struct an_err *err)
{
    int rc = sqlite3_step(s);
    enum an_code code = AN_OK;

    *more = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW)
        return AN_OK;
    if (rc != SQLITE_DONE)
        code = pl_db_fail(&r->db, rc, err);
    sqlite3_reset(s);
    return code;
}

enum an_code pl_reader_begin(struct pl_reader *r, struct an_err *err)
{
    bool more;

    return pl_reader_step(r, pl_reader_stmt(r, PL_R_BEGIN), &more, err);
}

enum an_code pl_reader_end(struct pl_reader *r, enum an_code code,
                           struct an_err *err)
{
    enum an_code end;
    bool more;

    /* A statement that was left in the middle would hold the state. */
    for (size_t i = 0; i < r->db.n_stmts; i++)
        sqlite3_reset(r->db.stmt[i]);
    end = pl_reader_step(r, pl_reader_stmt(r, PL_R_COMMIT), &more,
                         code == AN_OK ? err : NULL);
    return code == AN_OK ? end : code;
}

bool pl_column_copy(struct an_arena *arena, sqlite3_stmt *s, int at,
                    struct an_str *copy)
{
    return an_arena_str(arena, pl_column(s, at), copy);
}

bool pl_column_identifier(struct an_arena *arena, sqlite3_stmt *s, int at,
                          struct ctx_identifier *id)
{
    return pl_column_copy(arena, s, at, &id->authority) &&
           pl_column_copy(arena, s, at + 1, &id->value) &&
           pl_column_copy(arena, s, at + 2, &id->type);
}

enum an_code pl_fail_message(struct an_err *err, enum an_code code,
                             const char *what, int64_t message)
{
    an_fail(err, code, what, 0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path), "message %lld",
                       (long long)message);
    return code;
}

void *pl_grown(struct an_arena *arena, void *old, size_t n, size_t *room,
               size_t each)
{
    size_t more = *room ? 2 * *room : FIRST_ROOM;
    void *p;

    if (n < *room)
        return old;
    p = an_arena_get(arena, more, each);
    if (p == NULL)
        return NULL;
    if (n)
        memcpy(p, old, n * each);
    *room = more;
    return p;
}

/* Of all facts with key NULL. */
static enum an_code column_events(struct an_arena *arena, sqlite3_stmt *s,
                                  int at, const int64_t *key,
                                  const struct ctx_event **out, size_t *n,
                                  struct an_err *err)
{
    int64_t message = sqlite3_column_int64(s, at);
    struct an_str hash = pl_column(s, at + 1), blob, name;
    char *id = an_arena_get(arena, AN_SHA256_HEX + 1, 1);
    enum an_code code;

    if (id == NULL || !pl_column_copy(arena, s, at + 2, &blob))
        return an_fail_nomem(err);
    if (hash.n != AN_SHA256_BYTES)
        return pl_fail_message(err, AN_INTEGRITY,
                               "a stored event names no message", message);
    an_hex_print((const uint8_t *)hash.p, hash.n, id);
    name = (struct an_str){id, AN_SHA256_HEX};
    code = key ? ctx_events_find(arena, blob, name, *key, out, n, err)
               : ctx_events_decode(arena, blob, name, out, n, err);
    return code == AN_INTEGRITY
               ? pl_fail_message(err, code, "stored events are damaged",
                                 message)
               : code;
}

enum an_code pl_column_events(struct an_arena *arena, sqlite3_stmt *s, int at,
                              const struct ctx_event **out, size_t *n,
                              struct an_err *err)
{
    return column_events(arena, s, at, NULL, out, n, err);
}

enum an_code pl_column_events_of(struct an_arena *arena, sqlite3_stmt *s,
                                 int at, int64_t key,
                                 const struct ctx_event **out, size_t *n,
                                 struct an_err *err)
{
    return column_events(arena, s, at, &key, out, n, err);
}
