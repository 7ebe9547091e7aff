/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/db_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 << 10, MOST_TRIES = 100 };

static const struct {
    int rc; /* primary, or extended behind its primary */
    enum an_code code;
    const char *what;
} failures[] = {
    {SQLITE_FULL, AN_IO, "the disk is full, or the store is at its size limit"},
    {SQLITE_IOERR, AN_IO, "reading or writing the store failed"},
    {SQLITE_CANTOPEN, AN_IO, "the store cannot be opened"},
    {SQLITE_READONLY, AN_IO, "the store may not be written"},
    {SQLITE_PERM, AN_IO, "the store may not be used"},
    {SQLITE_BUSY, AN_BUSY, "another program is writing to the store"},
    {SQLITE_LOCKED, AN_BUSY, "another program is writing to the store"},
    {SQLITE_CORRUPT, AN_INTEGRITY, "the store is damaged"},
    {SQLITE_NOTADB, AN_INTEGRITY, "the file is no store, or it is damaged"},
    {SQLITE_AUTH, AN_INTEGRITY,
     "a value of the store is sealed with an unknown key, damaged, moved or "
     "not sealed"},
    {PL_NO_KEY, AN_CONFIG,
     "the store needs a key that store.key_file does not hold"},
    {SQLITE_NOMEM, AN_NOMEM, "out of memory"},
    {SQLITE_TOOBIG, AN_LIMIT, "the message is too large to be stored"},
};

enum an_code pl_db_fail(const struct pl_db *db, int rc, struct an_err *err)
{
    enum an_code code = AN_INTERNAL;
    const char *what = "the store refused what it should take";
    int extended = db->sql ? sqlite3_extended_errcode(db->sql) : rc;

    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        if (failures[i].rc == (rc & 0xFF) || failures[i].rc == rc) {
            code = failures[i].code;
            what = failures[i].what;
        }
    }
    if ((extended & 0xFF) != (rc & 0xFF))
        extended = rc;
    an_fail(err, code, what, 0);
    if (err) {
        err->sys = code == AN_IO && db->sql ? sqlite3_system_errno(db->sql) : 0;
        (void)snprintf(err->where.path, sizeof(err->where.path), "SQLite %d",
                       extended);
    }
    return code;
}

enum an_code pl_db_exec(struct pl_db *db, const char *text, struct an_err *err)
{
    int rc = sqlite3_exec(db->sql, text, NULL, NULL, NULL);

    return rc == SQLITE_OK ? AN_OK : pl_db_fail(db, rc, err);
}

enum an_code pl_db_number(struct pl_db *db, const char *text, int64_t *out,
                          struct an_err *err)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db->sql, text, -1, &s, NULL);
    enum an_code code = AN_OK;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(s, 0);
    else if (rc == SQLITE_DONE)
        code = an_fail(err, AN_NOTFOUND, "there is no such row", 0);
    else
        code = pl_db_fail(db, rc, err);
    sqlite3_finalize(s);
    return code;
}

static enum an_code set_up(struct pl_db *db, bool write, size_t cache_bytes,
                           struct an_err *err)
{
    char cache[64];
    enum an_code code;

    (void)snprintf(cache, sizeof(cache), "PRAGMA cache_size = -%zu",
                   cache_bytes / 1024);
    code = pl_db_exec(db, cache, err);
    if (code == AN_OK)
        code = pl_db_exec(db, "PRAGMA temp_store = MEMORY", err);
    if (code == AN_OK && !write)
        code = pl_db_exec(db, "PRAGMA query_only = ON", err);
    return code;
}

/* SQLite changes the journal at once or says that the file is busy, whatever
 * patience it was told to have: another program may just be doing the same to a
 * new file.  A transaction waits for it. */
static enum an_code use_log(struct pl_db *db, struct an_err *err)
{
    enum an_code code = pl_db_exec(db, "PRAGMA journal_mode = WAL", err);

    for (int i = 0; code == AN_BUSY && i < MOST_TRIES; i++) {
        code = pl_db_exec(db, "BEGIN EXCLUSIVE; ROLLBACK", err);
        if (code != AN_OK)
            return code;
        code = pl_db_exec(db, "PRAGMA journal_mode = WAL", err);
    }
    return code;
}

enum an_code pl_db_durable(struct pl_db *db, struct an_err *err)
{
    int64_t is_wal = 0;
    enum an_code code =
        pl_db_exec(db,
                   /* Of a new file only: freed pages can be given back. */
                   "PRAGMA auto_vacuum = INCREMENTAL;"
                   /* What is deleted is overwritten. */
                   "PRAGMA secure_delete = ON",
                   err);

    /* A file system without shared memory silently keeps the old journal. */
    if (code == AN_OK)
        code = use_log(db, err);

    if (code == AN_OK)
        code = pl_db_number(db,
                            "SELECT journal_mode = 'wal'"
                            " FROM pragma_journal_mode",
                            &is_wal, err);
    if (code == AN_OK && !is_wal)
        code = an_fail(err, AN_IO,
                       "the store's file system has no write-ahead log", 0);
    if (code == AN_OK)
        code = pl_db_exec(db,
                          "PRAGMA synchronous = FULL;"
                          /* What a burst made the log, a quiet hour gives
                           * back. */
                          "PRAGMA journal_size_limit = 67108864",
                          err);
    return code;
}

/* The log's own file, in a transaction: no other program writes to it then. */
static enum an_code write_again(struct pl_db *db, unsigned char *chunk,
                                struct an_err *err)
{
    sqlite3_file *log = NULL;
    sqlite3_int64 n = 0;
    int rc = sqlite3_file_control(db->sql, "main", SQLITE_FCNTL_JOURNAL_POINTER,
                                  (void *)&log);

    if (rc != SQLITE_OK || log == NULL || log->pMethods == NULL)
        return an_fail(err, AN_INTERNAL, "the store's log is not open", 0);
    rc = log->pMethods->xFileSize(log, &n);
    for (sqlite3_int64 at = 0; rc == SQLITE_OK && at < n; at += CHUNK_BYTES) {
        int more = n - at < CHUNK_BYTES ? (int)(n - at) : CHUNK_BYTES;

        rc = log->pMethods->xRead(log, chunk, more, at);
        if (rc == SQLITE_OK)
            rc = log->pMethods->xWrite(log, chunk, more, at);
    }
    if (rc == SQLITE_OK && n)
        rc = log->pMethods->xSync(log, SQLITE_SYNC_FULL);
    return rc == SQLITE_OK ? AN_OK : pl_db_fail(db, rc, err);
}

enum an_code pl_db_settle(struct pl_db *db, struct an_err *err)
{
    unsigned char *chunk = malloc(CHUNK_BYTES);
    enum an_code code =
        chunk ? pl_db_exec(db, "BEGIN IMMEDIATE", err) : an_fail_nomem(err);

    if (code == AN_OK) {
        code = write_again(db, chunk, err);
        (void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
    } else if (code == AN_BUSY) {
        /* Who holds it for so long has opened it, and did this. */
        code = AN_OK;
    }
    if (code == AN_OK)
        (void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0,
                                NULL);
    if (chunk)
        explicit_bzero(chunk, CHUNK_BYTES);
    free(chunk);
    return code;
}

/* SQLite would let the group and others read a new file; its log and index
 * copy the mode.  An old file is not even opened: closing it would drop the
 * locks that this program may hold on it.  What fails here fails in SQLite's
 * own open too, which says why. */
static void make_private(const char *path)
{
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        (void)close(fd);
}

enum an_code pl_db_open(struct pl_db *db, const char *path,
                        const char *key_file, bool write, size_t cache_bytes,
                        int busy_ms, struct an_err *err)
{
    enum an_code code;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                SQLITE_OPEN_EXRESCODE | (write ? SQLITE_OPEN_CREATE : 0);
    int rc;

    *db = (struct pl_db){.n_stmts = 0};
    if (write)
        make_private(path);
    rc = sqlite3_open_v2(path, &db->sql, flags, NULL);
    if (rc != SQLITE_OK)
        return pl_db_fail(db, rc, err);
    sqlite3_busy_timeout(db->sql, busy_ms);
    sqlite3_limit(db->sql, SQLITE_LIMIT_LENGTH, 2 * PL_LIMIT_VALUE_BYTES);
    /* The schema of a file that somebody else may have touched calls nothing
     * of ours. */
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* Who closes it last carries the log over, which has to be on the disk for
     * that: pl_db_settle. */
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    code = set_up(db, write, cache_bytes, err);
    return code == AN_OK ? pl_vault_open(db, key_file, err) : code;
}

void pl_db_release(struct pl_db *db)
{
    for (size_t i = 0; i < db->n_stmts; i++)
        sqlite3_finalize(db->stmt[i]);
    free(db->stmt);
    db->stmt = NULL;
    db->n_stmts = 0;
}

void pl_db_close(struct pl_db *db)
{
    pl_db_release(db);
    sqlite3_close(db->sql);
    pl_vault_close(db->vault);
    *db = (struct pl_db){.n_stmts = 0};
}

enum an_code pl_db_prepare(struct pl_db *db, const char *const *text, size_t n,
                           struct an_err *err)
{
    db->stmt = calloc(n, sizeof(*db->stmt));
    if (db->stmt == NULL)
        return an_fail_nomem(err);
    db->n_stmts = n;
    for (size_t i = 0; i < n; i++) {
        int rc =
            sqlite3_prepare_v3(db->sql, text[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &db->stmt[i], NULL);

        if (rc != SQLITE_OK)
            return pl_db_fail(db, rc, err);
    }
    return AN_OK;
}

/* STATIC: what is bound outlives the step that follows. */
void pl_bind_text(sqlite3_stmt *s, int at, struct an_str text)
{
    sqlite3_bind_text64(s, at, text.n ? text.p : "", text.n, SQLITE_STATIC,
                        SQLITE_UTF8);
}

void pl_bind_blob(sqlite3_stmt *s, int at, struct an_str blob)
{
    sqlite3_bind_blob64(s, at, blob.n ? blob.p : "", blob.n, SQLITE_STATIC);
}

struct an_str pl_column(sqlite3_stmt *s, int at)
{
    const char *p = sqlite3_column_blob(s, at);
    int n = sqlite3_column_bytes(s, at);

    return p && n > 0 ? (struct an_str){p, (size_t)n} : AN_STR("");
}
