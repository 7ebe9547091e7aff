/* SPDX-License-Identifier: Apache-2.0 */
/* What the store knows of its keys, and what a program does that has others. */
#include "plugin/store/db_int.h"

static enum an_code fail_missing(const struct pl_db *db, struct an_err *err)
{
    struct an_str id;

    return an_fail(err, AN_CONFIG,
                   pl_vault_newest(db->vault, &id)
                       ? "the store is sealed with a key that "
                         "store.key_file does not hold"
                       : "the store is sealed: store.key_file has to name "
                         "its keys",
                   0);
}

/* The proof opens with the key, and says what the store says of plain rows. */
static enum an_code check_proof(struct pl_db *db, sqlite3_stmt *s,
                                struct an_err *err)
{
    struct an_str id = pl_column(s, 0);

    return pl_vault_has(db->vault, id) ? AN_OK : fail_missing(db, err);
}

static enum an_code check_proofs(struct pl_db *db, struct an_err *err)
{
    static const char text[] =
        "SELECT k.id, unseal(k.proof, 'proof', v.takes_plain)"
        " FROM vault_key k, vault v";
    static const char ids[] = "SELECT id FROM vault_key";
    const char *const both[] = {ids, text};
    enum an_code code = AN_OK;

    for (size_t i = 0; code == AN_OK && i < 2; i++) {
        sqlite3_stmt *s = NULL;
        int rc = sqlite3_prepare_v2(db->sql, both[i], -1, &s, NULL);

        while (code == AN_OK && rc == SQLITE_OK &&
               (rc = sqlite3_step(s)) == SQLITE_ROW) {
            code = check_proof(db, s, err);
            rc = SQLITE_OK;
        }
        if (code == AN_OK && rc != SQLITE_DONE)
            code = pl_db_fail(db, rc, err);
        sqlite3_finalize(s);
    }
    return code;
}

static enum an_code run_with_id(struct pl_db *db, const char *text,
                                struct an_err *err)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db->sql, text, -1, &s, NULL);
    struct an_str id;

    (void)pl_vault_newest(db->vault, &id);
    if (rc == SQLITE_OK) {
        pl_bind_blob(s, 1, id);
        rc = sqlite3_step(s);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? AN_OK : pl_db_fail(db, rc, err);
}

static const char put_key[] =
    "INSERT INTO vault_key(id, proof) SELECT ?1,"
    " seal(x'616E616D6E65736973', 'proof', takes_plain) FROM vault WHERE 1"
    " ON CONFLICT(id) DO UPDATE SET proof = excluded.proof";

/* In a transaction. */
static enum an_code learn(struct pl_db *db, struct an_err *err)
{
    enum an_code code = pl_db_exec(db,
                                   "UPDATE vault SET takes_plain = 0"
                                   " WHERE NOT EXISTS (SELECT 1 FROM message)"
                                   " AND NOT EXISTS (SELECT 1 FROM suggestion)"
                                   " AND NOT EXISTS (SELECT 1 FROM outbox)"
                                   " AND NOT EXISTS (SELECT 1 FROM vault_key)",
                                   err);

    if (code == AN_OK)
        code = run_with_id(db, put_key, err);
    /* What was sealed before is not done again with this key. */
    if (code == AN_OK)
        code = pl_db_exec(db, "UPDATE vault SET part = 0, after = 0", err);
    return code;
}

static enum an_code begin_and_learn(struct pl_db *db, struct an_err *err)
{
    enum an_code code = pl_db_exec(db, "BEGIN IMMEDIATE", err);

    /* Another program may have given it a key of its own meanwhile. */
    if (code == AN_OK)
        code = check_proofs(db, err);
    if (code == AN_OK)
        code = learn(db, err);
    if (code == AN_OK)
        code = pl_db_exec(db, "COMMIT", err);
    if (!sqlite3_get_autocommit(db->sql))
        sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

/* Whether the store knows the key that will seal. */
static bool is_known(struct pl_db *db)
{
    sqlite3_stmt *s = NULL;
    bool known = false;
    struct an_str id;

    if (sqlite3_prepare_v2(db->sql, "SELECT 1 FROM vault_key WHERE id = ?1", -1,
                           &s, NULL) == SQLITE_OK) {
        (void)pl_vault_newest(db->vault, &id);
        pl_bind_blob(s, 1, id);
        known = sqlite3_step(s) == SQLITE_ROW;
    }
    sqlite3_finalize(s);
    return known;
}

enum an_code pl_vault_check(struct pl_db *db, bool write, struct an_err *err)
{
    int64_t takes_plain = 1;
    struct an_str id;
    enum an_code code = check_proofs(db, err);

    if (code == AN_OK && write && pl_vault_newest(db->vault, &id) &&
        !is_known(db))
        code = begin_and_learn(db, err);
    if (code == AN_OK)
        code = pl_db_number(db, "SELECT takes_plain FROM vault", &takes_plain,
                            err);
    pl_vault_take_plain(db->vault, takes_plain != 0);
    return code;
}

/* ---- another key meanwhile ------------------------------------------------------ */

/* Of the ids that the store knows. */
struct census {
    size_t n;
    bool is_missing; /* one of them, here */
    bool is_known;   /* the one that seals here */
};

static int count_ids(struct pl_vault *v, sqlite3_stmt *ids, struct census *c)
{
    struct an_str newest;
    bool seals = pl_vault_newest(v, &newest);
    int rc;

    *c = (struct census){.is_known = !seals};
    while ((rc = sqlite3_step(ids)) == SQLITE_ROW) {
        struct an_str id = pl_column(ids, 0);

        c->n++;
        c->is_missing = c->is_missing || !pl_vault_has(v, id);
        c->is_known = c->is_known || an_str_eq(id, newest);
    }
    sqlite3_reset(ids);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The file as it is now, if it has all that the store needs. */
static enum an_code take_file(struct pl_db *db, sqlite3_stmt *ids, size_t *n,
                              struct an_err *err)
{
    struct pl_vault *fresh = NULL;
    struct census c;
    enum an_code code = pl_vault_read(db->vault, &fresh, err);
    int rc = SQLITE_OK;

    if (code == AN_OK)
        rc = count_ids(fresh, ids, &c);
    if (rc != SQLITE_OK)
        code = pl_db_fail(db, rc, err);
    else if (code == AN_OK && c.is_missing)
        code = fail_missing(db, err);
    if (code == AN_OK) {
        *n = pl_vault_count(fresh);
        pl_vault_adopt(db->vault, fresh);
    }
    pl_vault_close(fresh);
    return code;
}

int pl_vault_admit(struct pl_db *db, sqlite3_stmt *ids)
{
    struct census c;
    size_t n;
    int rc = count_ids(db->vault, ids, &c);

    if (rc != SQLITE_OK || (c.n <= 1 && !c.is_missing && c.is_known))
        return rc;
    if (pl_vault_is_stale(db->vault) && take_file(db, ids, &n, NULL) == AN_OK)
        rc = count_ids(db->vault, ids, &c);
    if (rc != SQLITE_OK)
        return rc;
    if (c.is_missing)
        return PL_NO_KEY;
    return c.is_known || learn(db, NULL) == AN_OK ? SQLITE_OK
                                                  : sqlite3_errcode(db->sql);
}

enum an_code pl_vault_reload(struct pl_db *db, sqlite3_stmt *ids, size_t *n,
                             struct an_err *err)
{
    struct census c;
    enum an_code code = take_file(db, ids, n, err);
    int rc;

    if (code != AN_OK)
        return code;
    rc = count_ids(db->vault, ids, &c);
    if (rc != SQLITE_OK)
        return pl_db_fail(db, rc, err);
    return c.is_known ? AN_OK : learn(db, err);
}

enum an_code pl_vault_settle(struct pl_db *db, struct an_err *err)
{
    enum an_code code = pl_db_exec(
        db, "UPDATE vault SET takes_plain = 0, part = 0, after = 0", err);

    if (code == AN_OK)
        code = run_with_id(db, "DELETE FROM vault_key WHERE id <> ?1", err);
    if (code == AN_OK)
        code = run_with_id(db, put_key, err);
    return code;
}
