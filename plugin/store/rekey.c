/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/rekey.h"

#include "plugin/store/writer_int.h"

/* Each part is walked by number, `step` numbers a transaction.  The order is
 * stored: append. */
static const struct {
    int64_t step;
    const char *last, *change;
} parts[] = {
    {64, "SELECT coalesce(max(id), 0) FROM message",
     "UPDATE message SET raw = seal(unseal(raw, 'raw', sha256), 'raw', sha256)"
     " WHERE id > ?1 AND id <= ?2 AND NOT is_current(raw)"},
    {8, "SELECT coalesce(max(id), 0) FROM identifier",
     "UPDATE said SET"
     " claims = seal(unseal(claims, 'claims', identifier, sha256), 'claims',"
     " identifier, sha256),"
     " events = seal(unseal(events, 'events', identifier, sha256), 'events',"
     " identifier, sha256)"
     " WHERE identifier > ?1 AND identifier <= ?2"
     " AND NOT (is_current(claims) AND is_current(events))"},
    {64, "SELECT coalesce(max(id), 0) FROM suggestion",
     "UPDATE suggestion SET"
     " statement = seal(unseal(statement, 'statement', resource, patient,"
     " model, created_us), 'statement', resource, patient, model, created_us),"
     " detail = seal(unseal(detail, 'detail', resource, patient, model,"
     " created_us), 'detail', resource, patient, model, created_us)"
     " WHERE id > ?1 AND id <= ?2"
     " AND NOT (is_current(statement) AND is_current(detail))"},
    {64, "SELECT coalesce(max(id), 0) FROM outbox",
     "UPDATE outbox SET payload = seal(unseal(payload, 'payload', patient,"
     " sha256, created_us), 'payload', patient, sha256, created_us)"
     " WHERE id > ?1 AND id <= ?2 AND NOT is_current(payload)"},
    {64, "SELECT coalesce(max(id), 0) FROM feedback",
     "UPDATE feedback SET detail = seal(unseal(detail, 'feedback', card, at_us,"
     " accepted), 'feedback', card, at_us, accepted)"
     " WHERE id > ?1 AND id <= ?2 AND NOT is_current(detail)"},
};

enum { N_PARTS = sizeof(parts) / sizeof(parts[0]) };

static int number(struct pl_writer *w, const char *text, int64_t *out)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(w->db.sql, text, -1, &s, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_finalize(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int run(struct pl_writer *w, const char *text, int64_t a, int64_t b)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(w->db.sql, text, -1, &s, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(s, 1, a);
        sqlite3_bind_int64(s, 2, b);
        rc = sqlite3_step(s);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int step_part(struct pl_writer *w, struct pl_rekey *p, int64_t part,
                     int64_t after)
{
    int64_t end = after + parts[part].step, last;
    int rc = number(w, parts[part].last, &last);

    if (rc == SQLITE_OK)
        rc = run(w, parts[part].change, after, end);
    if (rc != SQLITE_OK)
        return rc;
    p->n_sealed += sqlite3_changes(w->db.sql);
    if (end >= last) {
        part++;
        end = 0;
    }
    return run(w, "UPDATE vault SET part = ?1, after = ?2", part, end);
}

static int seal_some(struct pl_writer *w, struct pl_rekey *p)
{
    int64_t done = 0, part = 0, after = 0;
    int rc = number(w,
                    "SELECT takes_plain = 0 AND"
                    " (SELECT count(*) FROM vault_key WHERE proof <> x'') = 1"
                    " FROM vault",
                    &done);

    p->finished = false;
    if (rc == SQLITE_OK && done) {
        p->finished = true;
        return SQLITE_OK;
    }
    if (rc == SQLITE_OK)
        rc = number(w, "SELECT part FROM vault", &part);
    if (rc == SQLITE_OK)
        rc = number(w, "SELECT after FROM vault", &after);
    if (rc != SQLITE_OK)
        return rc;
    if (part >= 0 && part < N_PARTS)
        return step_part(w, p, part, after);
    if (pl_vault_settle(&w->db, NULL) != AN_OK)
        return sqlite3_errcode(w->db.sql);
    p->finished = true;
    return SQLITE_OK;
}

struct rekeying {
    struct pl_rekey *progress;
    bool has_key;
};

static int step(struct pl_writer *w, void *ctx)
{
    struct rekeying *r = ctx;
    struct an_str id;
    int rc = SQLITE_OK;

    r->has_key = pl_vault_newest(w->db.vault, &id);
    if (!r->has_key)
        return SQLITE_DONE;
    if (r->progress->goes_back)
        rc = pl_vault_go_back(&w->db);
    if (rc == SQLITE_OK)
        rc = seal_some(w, r->progress);
    r->progress->is_behind = pl_vault_is_behind(w->db.vault);
    return rc;
}

enum an_code pl_store_rekey(struct pl_store *store, struct pl_rekey *progress,
                            struct an_err *err)
{
    struct rekeying r = {.progress = progress, .has_key = true};
    enum an_code code = pl_store_transaction(store, step, &r, err);

    if (code == AN_OK && !r.has_key)
        code = an_fail(err, AN_CONFIG, "store.key_file names no key", 0);
    if (code == AN_OK)
        progress->goes_back = false;
    return code;
}

struct reloading {
    size_t n;
    enum an_code code;
    struct an_err err;
};

/* It commits by itself: the keys are the new ones only where the store knows it. */
static int reload(struct pl_writer *w, void *ctx)
{
    struct reloading *r = ctx;
    struct pl_vault *older = NULL;
    int rc = SQLITE_OK;

    r->code =
        pl_vault_reload(&w->db, w->db.stmt[PL_W_KEYS], &older, &r->n, &r->err);
    if (r->code != AN_OK)
        return SQLITE_DONE;
    rc = pl_writer_run(w, PL_W_COMMIT);
    if (rc != SQLITE_OK)
        pl_vault_restore(w->db.vault, older);
    pl_vault_close(older);
    return rc == SQLITE_OK ? SQLITE_DONE : rc;
}

enum an_code pl_store_reload_keys(struct pl_store *store, size_t *n,
                                  struct an_err *err)
{
    struct reloading r = {.code = AN_OK};
    enum an_code code = pl_store_transaction(store, reload, &r, err);

    if (code == AN_OK && r.code != AN_OK) {
        if (err)
            *err = r.err;
        code = r.code;
    }
    *n = r.n;
    return code;
}
