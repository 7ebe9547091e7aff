/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/store.h"

#include "plugin/store/purge.h"
#include "plugin/store/tenant_int.h"
#include "plugin/store/upgrade_int.h"
#include "plugin/store/writer_int.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CACHE_BYTES = 32 << 20,
    BUSY_MS = 5000,
    /* Numbers and notes of a group, not its messages. */
    TRANSACTION_BYTES = 256 << 20,
    /* A commit that finds this many pages in the log carries them over to the
     * file: 16 MiB, so that a page written in many commits is carried once. */
    CHECKPOINT_PAGES = 4096
};

struct pl_store {
    struct an_log *log;
    atomic_uint_fast64_t n_commit_faults, n_checkpoint_faults;
    pthread_mutex_t lock; /* over all that follows */
    struct pl_writer writer;
    bool is_behind; /* the key file, as was told */
};

/* ---- what fails ----------------------------------------------------------- */

static enum an_code fail(struct pl_store *store, enum an_event event, int rc,
                         struct an_err *err)
{
    struct an_err local = {.code = AN_OK};
    enum an_code code;

    err = err ? err : &local;
    code = pl_db_fail(&store->writer.db, rc, err);
    an_log(store->log, event, code, (uint64_t)rc, (uint64_t)err->sys);
    atomic_fetch_add(event == AN_EVENT_STORE_COMMIT_FAULT
                         ? &store->n_commit_faults
                         : &store->n_checkpoint_faults,
                     1);
    return code;
}

/* Once, not at each transaction; after what it wrote, which may go back to the
 * older key. */
static void tell_order(struct pl_store *store)
{
    const struct pl_vault *vault = store->writer.db.vault;
    bool is_behind = pl_vault_is_behind(vault);

    if (is_behind && !store->is_behind)
        an_log(store->log, AN_EVENT_STORE_KEYS_ORDER, pl_vault_count(vault), 0,
               0);
    store->is_behind = is_behind;
}

void pl_store_faults(const struct pl_store *store, struct pl_store_faults *out)
{
    *out = (struct pl_store_faults){atomic_load(&store->n_commit_faults),
                                    atomic_load(&store->n_checkpoint_faults)};
}

/* In place of SQLite's own, which says nothing of what fails.  What was
 * committed stays so; the log grows, and the next commit tries again. */
static int carry_over(void *ctx, sqlite3 *sql, const char *name, int n_pages)
{
    int rc = SQLITE_OK;

    if (n_pages >= CHECKPOINT_PAGES)
        rc = sqlite3_wal_checkpoint_v2(sql, name, SQLITE_CHECKPOINT_PASSIVE,
                                       NULL, NULL);
    if (rc != SQLITE_OK && (rc & 0xFF) != SQLITE_BUSY)
        (void)fail(ctx, AN_EVENT_STORE_CHECKPOINT_FAULT, rc, NULL);
    return SQLITE_OK;
}

/* ---- opening ---------------------------------------------------------------- */

static enum an_code limit_size(struct pl_db *db, int64_t limit_bytes,
                               struct an_err *err)
{
    char text[64];
    int64_t pages = limit_bytes / PL_PAGE_BYTES;

    if (limit_bytes <= 0)
        return AN_OK;
    (void)snprintf(text, sizeof(text), "PRAGMA max_page_count = %lld",
                   (long long)(pages ? pages : 1));
    return pl_db_exec(db, text, err);
}

static enum an_code writer_open(struct pl_writer *w,
                                const struct pl_store_options *o,
                                struct an_err *err)
{
    int64_t version = 0;
    enum an_code code =
        pl_db_open(&w->db, o->path, o->key_file, true,
                   o->cache_bytes ? o->cache_bytes : CACHE_BYTES,
                   o->busy_ms ? o->busy_ms : BUSY_MS, err);

    /* Nothing of a file that is not ours is changed. */
    if (code == AN_OK)
        code = pl_schema_identify(&w->db, pl_schema_n_steps, &version, err);
    if (code == AN_OK)
        code = pl_db_durable(&w->db, err);
    if (code == AN_OK)
        code = pl_db_settle(&w->db, err);
    if (code == AN_OK)
        code = pl_upgrade(&w->db, o, version, err);
    if (code == AN_OK)
        code = pl_vault_check(&w->db, true, err);
    if (code == AN_OK)
        code = pl_tenant_check(&w->db, o->tenant, true, err);
    if (code == AN_OK)
        code = limit_size(&w->db, o->limit_bytes, err);
    if (code == AN_OK)
        code = pl_db_prepare(&w->db, pl_write_text, PL_N_WRITES, err);
    return code;
}

enum an_code pl_store_open(const struct pl_store_options *options,
                           struct pl_store **out, struct an_err *err)
{
    struct pl_store *store = calloc(1, sizeof(*store));
    enum an_code code;

    *out = NULL;
    if (store == NULL)
        return an_fail_nomem(err);
    pthread_mutex_init(&store->lock, NULL);
    an_arena_init(&store->writer.arena, TRANSACTION_BYTES);
    an_arena_init(&store->writer.aside, TRANSACTION_BYTES);
    store->log = options->log;
    code = writer_open(&store->writer, options, err);
    if (code != AN_OK) {
        pl_store_close(store);
        return code;
    }
    (void)sqlite3_wal_hook(store->writer.db.sql, carry_over, store);
    *out = store;
    return AN_OK;
}

void pl_store_close(struct pl_store *store)
{
    if (store == NULL)
        return;
    pl_db_close(&store->writer.db);
    an_arena_free(&store->writer.arena);
    an_arena_free(&store->writer.aside);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

/* ---- writing ---------------------------------------------------------------- */

/* A failure that another message would not meet. */
static bool is_its_own(int rc)
{
    int primary = rc & 0xFF;

    return primary == SQLITE_TOOBIG || primary == SQLITE_CONSTRAINT ||
           primary == SQLITE_MISMATCH;
}

typedef int write_one(struct pl_writer *w, const struct pl_intake *in,
                      struct pl_receipt *r);

static struct pl_progress progress_after(const struct pl_progress *p,
                                         const struct pl_receipt *receipt,
                                         size_t n)
{
    struct pl_progress after = *p;

    for (size_t i = 0; i < n; i++) {
        after.n_read += receipt[i].code == AN_OK && !receipt[i].gone;
        after.n_changed += receipt[i].code == AN_OK && receipt[i].changed;
        after.n_asked += (int64_t)receipt[i].n_triggers;
    }
    return after;
}

static int put_progress(struct pl_writer *w, const struct pl_progress *p,
                        const struct pl_receipt *receipt, size_t n)
{
    struct pl_progress after = progress_after(p, receipt, n);

    return pl_writer_progress(w, &after);
}

/* The keys that it seals by are looked at behind the lock. */
static int begin(struct pl_writer *w)
{
    int rc = pl_writer_run(w, PL_W_BEGIN);

    return rc == SQLITE_OK ? pl_vault_admit(&w->db, w->db.stmt[PL_W_KEYS]) : rc;
}

/* Write those from `first` on.  *refused is set when one failed by itself: its
 * receipt says so, and the others deserve another try. */
static int write_some(struct pl_writer *w, write_one *one, struct pl_batch *b,
                      size_t first, bool *refused)
{
    int rc = SQLITE_OK;

    for (size_t i = first; rc == SQLITE_OK && i < b->n; i++) {
        struct pl_receipt *r = &b->receipt[i];

        if (r->code != AN_OK)
            continue;
        rc = one(w, b->intake[i], r);
        if (rc == SQLITE_NOTFOUND) {
            r->code =
                an_fail(&r->err, AN_NOTFOUND, "the message is not stored", 0);
            rc = SQLITE_OK;
        } else if (is_its_own(rc)) {
            r->code = pl_db_fail(&w->db, rc, &r->err);
            *refused = true;
        }
    }
    return rc;
}

static void clear_receipts(struct pl_batch *b, size_t first)
{
    for (size_t i = first; i < b->n; i++)
        b->receipt[i] = (struct pl_receipt){.code = AN_OK};
}

/* Everything between BEGIN and COMMIT. */
static int write_all(struct pl_writer *w, write_one *one, struct pl_batch *b,
                     const struct pl_progress *progress, bool *refused)
{
    size_t first = 0;
    int rc = begin(w);

    *refused = false;
    while (rc == SQLITE_OK) {
        rc = write_some(w, one, b, first, refused);
        first = b->n;
        if (rc != SQLITE_OK || b->more == NULL || !b->more(b))
            break;
        clear_receipts(b, first);
    }
    if (rc == SQLITE_OK)
        rc = pl_tally_flush(w);
    if (rc == SQLITE_OK && progress)
        rc = put_progress(w, progress, b->receipt, b->n);
    return rc == SQLITE_OK ? pl_writer_run(w, PL_W_COMMIT) : rc;
}

static void forget(struct pl_writer *w)
{
    an_arena_reset(&w->arena);
    an_arena_reset(&w->aside);
}

static void roll_back(struct pl_writer *w)
{
    if (!sqlite3_get_autocommit(w->db.sql))
        sqlite3_exec(w->db.sql, "ROLLBACK", NULL, NULL, NULL);
}

static enum an_code transact(struct pl_store *store, write_one *one,
                             struct pl_batch *b,
                             const struct pl_progress *progress,
                             struct an_err *err)
{
    struct pl_writer *w = &store->writer;
    enum an_code code = AN_OK;
    bool refused = true;
    int rc = SQLITE_OK;

    clear_receipts(b, 0);
    pthread_mutex_lock(&store->lock);
    /* At most n + 1 times: each round but the last refuses one more. */
    while (refused) {
        w->tally.n_feeds = w->tally.n_accounts = 0;
        rc = write_all(w, one, b, progress, &refused);
        if (rc != SQLITE_OK && !refused)
            code = fail(store, AN_EVENT_STORE_COMMIT_FAULT, rc, err);
        roll_back(w);
        forget(w);
    }
    tell_order(store);
    pthread_mutex_unlock(&store->lock);
    return code;
}

enum an_code pl_store_put_batch(struct pl_store *store, struct pl_batch *batch,
                                struct an_err *err)
{
    return transact(store, pl_writer_put, batch, NULL, err);
}

enum an_code pl_store_put(struct pl_store *store,
                          const struct pl_intake *const *intake, size_t n,
                          struct pl_receipt *receipt, struct an_err *err)
{
    struct pl_batch batch = {.intake = intake, .receipt = receipt, .n = n};

    return pl_store_put_batch(store, &batch, err);
}

enum an_code pl_store_replace(struct pl_store *store,
                              const struct pl_intake *const *intake, size_t n,
                              struct pl_receipt *receipt,
                              struct pl_progress *progress, struct an_err *err)
{
    struct pl_batch batch = {.intake = intake, .receipt = receipt, .n = n};
    enum an_code code =
        transact(store, pl_writer_replace, &batch, progress, err);

    if (code == AN_OK && progress)
        *progress = progress_after(progress, receipt, n);
    return code;
}

enum an_code pl_store_transaction(struct pl_store *store,
                                  int (*write)(struct pl_writer *w, void *ctx),
                                  void *ctx, struct an_err *err)
{
    struct pl_writer *w = &store->writer;
    enum an_code code = AN_OK;
    int rc;

    pthread_mutex_lock(&store->lock);
    rc = begin(w);
    if (rc == SQLITE_OK)
        rc = write(w, ctx);
    if (rc == SQLITE_OK)
        rc = pl_writer_run(w, PL_W_COMMIT);
    if (rc != SQLITE_OK && rc != SQLITE_DONE)
        code = fail(store, AN_EVENT_STORE_COMMIT_FAULT, rc, err);
    roll_back(w);
    forget(w);
    tell_order(store);
    pthread_mutex_unlock(&store->lock);
    return code;
}

enum an_code pl_store_empty_log(struct pl_store *store, struct an_err *err)
{
    int64_t patience_ms = 0;
    int n_log, n_done, rc;
    enum an_code code = AN_OK;

    (void)pthread_mutex_lock(&store->lock);
    /* Nobody waits behind the lock for a reader to end. */
    (void)!pl_db_number(&store->writer.db, "PRAGMA busy_timeout", &patience_ms,
                        NULL);
    sqlite3_busy_timeout(store->writer.db.sql, 0);
    rc = sqlite3_wal_checkpoint_v2(store->writer.db.sql, NULL,
                                   SQLITE_CHECKPOINT_TRUNCATE, &n_log, &n_done);
    sqlite3_busy_timeout(store->writer.db.sql, (int)patience_ms);
    if ((rc & 0xFF) == SQLITE_BUSY)
        code = an_fail(err, AN_BUSY,
                       "somebody reads the log of the store: what was removed "
                       "is still in it",
                       0);
    else if (rc != SQLITE_OK)
        code = fail(store, AN_EVENT_STORE_CHECKPOINT_FAULT, rc, err);
    (void)pthread_mutex_unlock(&store->lock);
    return code;
}

struct triggers {
    const int64_t *id;
    size_t n;
};

static int mark_done(struct pl_writer *w, void *ctx)
{
    const struct triggers *t = ctx;
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < t->n; i++) {
        sqlite3_bind_int64(w->db.stmt[PL_W_DUE_DONE], 1, t->id[i]);
        rc = pl_writer_run(w, PL_W_DUE_DONE);
    }
    return rc;
}

enum an_code pl_store_triggers_done(struct pl_store *store,
                                    const int64_t *trigger, size_t n,
                                    struct an_err *err)
{
    struct triggers triggers = {trigger, n};

    return pl_store_transaction(store, mark_done, &triggers, err);
}

static int mark_given_up(struct pl_writer *w, void *ctx)
{
    const struct an_sha256 *message = ctx;

    pl_bind_blob(w->db.stmt[PL_W_DUE_GIVEN_UP], 1,
                 (struct an_str){(const char *)message->b, AN_SHA256_BYTES});
    return pl_writer_run(w, PL_W_DUE_GIVEN_UP);
}

enum an_code pl_store_give_up(struct pl_store *store,
                              const struct an_sha256 *message,
                              struct an_err *err)
{
    struct an_sha256 copy = *message;

    return pl_store_transaction(store, mark_given_up, &copy, err);
}
