/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/filing.h"

#include "plugin/store/filing_int.h"
#include "plugin/store/reader_int.h"
#include "plugin/store/writer_int.h"

#include <string.h>

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

static void bind_hash(sqlite3_stmt *s, int at, const struct an_sha256 *hash)
{
    pl_bind_blob(s, at,
                 (struct an_str){(const char *)hash->b, sizeof(hash->b)});
}

/* ---- with a conclusion ------------------------------------------------------ */

int pl_filing_put(struct pl_writer *w, int64_t patient, int64_t suggestion,
                  bool held, int64_t now_us, struct an_str origin)
{
    sqlite3_stmt *s = stmt(w, PL_W_PUT_FILING);
    struct an_sha256 none;

    if (an_sha256(AN_STR(""), &none, NULL) != AN_OK)
        return SQLITE_NOMEM;
    sqlite3_bind_int64(s, 1, patient);
    sqlite3_bind_int64(s, 2, suggestion);
    bind_hash(s, 4, &none);
    sqlite3_bind_int64(s, 5, held ? PL_OUTBOX_HELD : PL_OUTBOX_WAITING);
    sqlite3_bind_int64(s, 6, now_us);
    pl_bind_text(s, 7, origin);
    return pl_writer_run(w, PL_W_PUT_FILING);
}

/* `of`: a patient or a suggestion. */
static int put_filed(struct pl_writer *w, enum pl_write which, int64_t of,
                     bool withdraws, struct an_str by, int64_t now_us)
{
    sqlite3_stmt *s = stmt(w, which);
    struct an_sha256 none;

    if (an_sha256(AN_STR(""), &none, NULL) != AN_OK)
        return SQLITE_NOMEM;
    sqlite3_bind_int64(s, 1, now_us);
    bind_hash(s, 2, &none);
    sqlite3_bind_int64(s, 3, of);
    sqlite3_bind_int64(s, 4, withdraws);
    pl_bind_text(s, 5, by);
    return pl_writer_run(w, which);
}

int pl_filing_withdraw_past(struct pl_writer *w, int64_t patient,
                            int64_t now_us)
{
    int rc =
        put_filed(w, PL_W_WITHDRAW_PAST, patient, true, AN_STR(""), now_us);

    if (rc != SQLITE_OK || sqlite3_changes(w->db.sql) == 0)
        return rc;
    sqlite3_bind_int64(stmt(w, PL_W_MARK_PAST), 3, patient);
    return pl_writer_run(w, PL_W_MARK_PAST);
}

int pl_filing_recall(struct pl_writer *w, struct an_str digest, int64_t now_us)
{
    sqlite3_stmt *s = stmt(w, PL_W_RECALL_FILED);
    struct an_sha256 none;
    int rc;

    if (an_sha256(AN_STR(""), &none, NULL) != AN_OK)
        return SQLITE_NOMEM;
    sqlite3_bind_int64(s, 1, now_us);
    bind_hash(s, 2, &none);
    pl_bind_text(s, 3, digest);
    sqlite3_bind_int64(s, 4, 1);
    pl_bind_text(s, 5, AN_STR(""));
    rc = pl_writer_run(w, PL_W_RECALL_FILED);
    if (rc != SQLITE_OK || sqlite3_changes(w->db.sql) == 0)
        return rc;
    pl_bind_text(stmt(w, PL_W_MARK_RECALLED), 3, digest);
    return pl_writer_run(w, PL_W_MARK_RECALLED);
}

/* ---- with a release ---------------------------------------------------------- */

int pl_filing_released(struct pl_writer *w, int64_t suggestion, bool released,
                       struct an_str by, int64_t now_us)
{
    int rc = put_filed(w, PL_W_FILE_AGAIN, suggestion, !released, by, now_us);

    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(stmt(w, PL_W_MARK_AGAIN), 1, suggestion);
        sqlite3_bind_int64(stmt(w, PL_W_MARK_AGAIN), 2, !released);
        rc = pl_writer_run(w, PL_W_MARK_AGAIN);
    }
    if (rc != SQLITE_OK || !released)
        return rc;
    sqlite3_bind_int64(stmt(w, PL_W_NAME_RELEASER), 1, suggestion);
    pl_bind_text(stmt(w, PL_W_NAME_RELEASER), 2, by);
    return pl_writer_run(w, PL_W_NAME_RELEASER);
}

/* ---- when its turn has come ---------------------------------------------------- */

static enum an_code take(struct an_arena *arena, sqlite3_stmt *s,
                         struct pl_filing_row *out, struct an_err *err)
{
    struct an_str want = pl_column(s, 4);
    struct an_sha256 hash;
    enum an_code rc;

    *out = (struct pl_filing_row){.id = sqlite3_column_int64(s, 0),
                                  .attempts = sqlite3_column_int(s, 1),
                                  .n_errors = sqlite3_column_int(s, 10),
                                  .created_us = sqlite3_column_int64(s, 2),
                                  .suggestion = sqlite3_column_int64(s, 5),
                                  .withdraws = sqlite3_column_int(s, 6) != 0,
                                  .is_ready = sqlite3_column_int(s, 7) != 0};
    if (!pl_column_copy(arena, s, 3, &out->payload) ||
        !pl_column_copy(arena, s, 8, &out->released_by) ||
        !pl_column_copy(arena, s, 9, &out->origin))
        return an_fail_nomem(err);
    rc = an_sha256(out->payload, &hash, err);
    if (rc == AN_OK && (want.n != sizeof(hash.b) ||
                        memcmp(want.p, hash.b, sizeof(hash.b)) != 0))
        rc =
            an_fail(err, AN_INTEGRITY, "what is to be delivered is damaged", 0);
    return rc;
}

enum an_code pl_filing_due(struct pl_reader *r, struct an_arena *arena,
                           int64_t now_us, struct pl_filing_row *out,
                           int64_t *next_us, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_FILING_DUE);
    enum an_code rc;
    bool more;

    *out = (struct pl_filing_row){.id = 0};
    *next_us = now_us;
    sqlite3_bind_int64(s, 1, now_us);
    rc = pl_reader_step(r, s, &more, err);
    if (rc != AN_OK)
        return rc;
    if (more) {
        rc = take(arena, s, out, err);
        sqlite3_reset(s);
        return rc;
    }
    s = pl_reader_stmt(r, PL_R_FILING_NEXT);
    *next_us = INT64_MAX;
    rc = pl_reader_step(r, s, &more, err);
    if (rc == AN_OK && more && sqlite3_column_type(s, 0) != SQLITE_NULL)
        *next_us = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return rc == AN_OK ? an_fail(err, AN_NOTFOUND, "nothing is due", 0) : rc;
}

enum an_code pl_filed(struct pl_reader *r, const struct pl_suggestion *of,
                      uint32_t *n, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_FILED);
    enum an_code rc;
    bool more;

    *n = 0;
    pl_bind_text(s, 1, of->resource);
    sqlite3_bind_int64(s, 2, of->audience);
    pl_bind_text(s, 3, of->language);
    rc = pl_reader_step(r, s, &more, err);
    if (rc == AN_OK && more)
        *n = (uint32_t)sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return rc;
}

static int make_ready(struct pl_writer *w, void *ctx)
{
    struct pl_ready *ready = ctx;
    const struct pl_suggestion *of = ready->suggestion;
    sqlite3_stmt *s = stmt(w, PL_W_READY);
    struct an_sha256 hash;
    int rc;

    if (an_sha256(ready->payload, &hash, NULL) != AN_OK)
        return SQLITE_NOMEM;
    sqlite3_bind_int64(s, 1, ready->row->id);
    pl_bind_blob(s, 2, ready->payload);
    bind_hash(s, 3, &hash);
    rc = pl_writer_run(w, PL_W_READY);
    ready->is_gone = rc == SQLITE_OK && sqlite3_changes(w->db.sql) == 0;
    if (rc != SQLITE_OK || ready->is_gone)
        return rc;
    s = stmt(w, PL_W_PUT_FILED);
    pl_bind_text(s, 1, of->resource);
    sqlite3_bind_int64(s, 2, of->audience);
    pl_bind_text(s, 3, of->language);
    sqlite3_bind_int64(s, 4, ready->row->id);
    sqlite3_bind_int64(s, 5, ready->version);
    sqlite3_bind_int64(s, 6, !ready->row->withdraws);
    return pl_writer_run(w, PL_W_PUT_FILED);
}

enum an_code pl_store_ready(struct pl_store *store, struct pl_ready *ready,
                            struct an_err *err)
{
    return pl_store_transaction(store, make_ready, ready, err);
}
