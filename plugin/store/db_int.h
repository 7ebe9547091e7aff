/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to the database: opening it, its schema, its prepared
 * statements, and SQLite's errors in our words.
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_STORE_DB_INT_H
#define PLUGIN_STORE_DB_INT_H

#include "base/err.h"

#include "plugin/store/vault_int.h"

#include <sqlite3.h>

/* "Anam" */
enum { PL_APPLICATION_ID = 0x416E616D, PL_PAGE_BYTES = 4096 };

/* The longest raw message or events blob that is stored; a row, which may hold
 * several values, is limited to twice that. */
enum { PL_LIMIT_VALUE_BYTES = 256 << 20 };

/* A link `l` that a move of one of the two, among those known, has not ended for
 * good. */
#define PL_LINK_STANDS(known)                                                  \
    "(l.last_us = 9223372036854775807 OR (l.last_us >= coalesce("              \
    "(SELECT max(said_us) FROM moved WHERE prior = l.identifier"               \
    " AND prior_visit = ''" known "), l.last_us) AND l.last_us >= coalesce("   \
    "(SELECT max(said_us) FROM moved WHERE prior = l.other"                    \
    " AND prior_visit = ''" known "), l.last_us)))"

struct pl_db {
    sqlite3 *sql;
    struct pl_vault *vault; /* vault_int.h */
    sqlite3_stmt **stmt;    /* one for each text given to pl_db_prepare */
    size_t n_stmts;
};

/* What SQLite said, as one of our codes with a literal text.  rc is no
 * SQLITE_OK. */
enum an_code pl_db_fail(const struct pl_db *db, int rc, struct an_err *err);

/* A connection for writing (which may make the file) or for reading only.
 * key_file: vault_int.h. */
enum an_code pl_db_open(struct pl_db *db, const char *path,
                        const char *key_file, bool write, size_t cache_bytes,
                        int busy_ms, struct an_err *err)
    __attribute__((warn_unused_result));
/* Of what pl_db_open began, even if it failed. */
void pl_db_close(struct pl_db *db);

/* Commits that are on the disk when they return, and readers that do not wait:
 * for writing connections, after the file is known to be ours. */
enum an_code pl_db_durable(struct pl_db *db, struct an_err *err)
    __attribute__((warn_unused_result));

/* Write the log that is found once more, and flush it.  A flush that failed in
 * an earlier process leaves commits in the system's memory that it believes to
 * be on the disk, and later flushes say nothing of them; what is promised from
 * here on would hang on them.  Bytes do not change.  Left out when another
 * program writes all the while: a start does not fail for that. */
enum an_code pl_db_settle(struct pl_db *db, struct an_err *err)
    __attribute__((warn_unused_result));

/* Statements are prepared once and kept in their order. */
enum an_code pl_db_prepare(struct pl_db *db, const char *const *text, size_t n,
                           struct an_err *err)
    __attribute__((warn_unused_result));

void pl_db_release(struct pl_db *db);

/* Statements without rows. */
enum an_code pl_db_exec(struct pl_db *db, const char *text, struct an_err *err)
    __attribute__((warn_unused_result));
/* The first column of the first row; AN_NOTFOUND without one. */
enum an_code pl_db_number(struct pl_db *db, const char *text, int64_t *out,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* The steps from an empty file to this program's schema: step[i] leads from
 * version i to i + 1, each in a transaction of its own. */
extern const char *const pl_schema_step[];
extern const size_t pl_schema_n_steps;

/* Whose file it is.  AN_CONFLICT when it is another program's, AN_UNSUPPORTED
 * when it is beyond version n. */
enum an_code pl_schema_identify(struct pl_db *db, size_t n, int64_t *version,
                                struct an_err *err)
    __attribute__((warn_unused_result));
/* Bring the file to version n. */
enum an_code pl_schema_migrate(struct pl_db *db, const char *const *step,
                               size_t n, struct an_err *err)
    __attribute__((warn_unused_result));
/* That the file is of exactly this program's version. */
enum an_code pl_schema_check(struct pl_db *db, struct an_err *err)
    __attribute__((warn_unused_result));

/* The empty text is no NULL. */
void pl_bind_text(sqlite3_stmt *s, int at, struct an_str text);
void pl_bind_blob(sqlite3_stmt *s, int at, struct an_str blob);
/* A view that lives until the statement moves on. */
struct an_str pl_column(sqlite3_stmt *s, int at);

#endif
