/* SPDX-License-Identifier: Apache-2.0 */
/* What the store knows of its keys, and what a program does that has others. */
#include "plugin/store/db_int.h"

#include <string.h>

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

static enum an_code check_rows(struct pl_db *db, const char *text,
                               struct an_err *err)
{
    sqlite3_stmt *s = NULL;
    enum an_code code = AN_OK;
    int rc = sqlite3_prepare_v2(db->sql, text, -1, &s, NULL);

    while (code == AN_OK && rc == SQLITE_OK &&
           (rc = sqlite3_step(s)) == SQLITE_ROW) {
        code = check_proof(db, s, err);
        rc = SQLITE_OK;
    }
    if (code == AN_OK && rc != SQLITE_DONE)
        code = pl_db_fail(db, rc, err);
    sqlite3_finalize(s);
    return code;
}

/* Of one state: another program may just be changing it. */
static enum an_code check_proofs(struct pl_db *db, struct an_err *err)
{
    static const char ids[] = "SELECT id FROM vault_key WHERE proof <> x''";
    static const char proofs[] =
        "SELECT k.id, unseal(k.proof, 'proof', v.takes_plain)"
        " FROM vault_key k, vault v WHERE length(k.proof) > 1";
    enum an_code code = pl_db_exec(db, "SAVEPOINT proofs", err), end;

    if (code != AN_OK)
        return code;
    code = check_rows(db, ids, err);
    if (code == AN_OK)
        code = check_rows(db, proofs, err);
    end = pl_db_exec(db, "RELEASE proofs", code == AN_OK ? err : NULL);
    return code == AN_OK ? end : code;
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

/* Rows may stand under the others; none does. */
static const char put_others_behind[] =
    "UPDATE vault_key SET proof = x'00' WHERE id <> ?1 AND proof <> x''";
static const char give_others_up[] =
    "UPDATE vault_key SET proof = x'' WHERE id <> ?1";

/* The key that seals begins to be the store's.  In a transaction. */
static enum an_code learn(struct pl_db *db, struct an_err *err)
{
    enum an_code code = pl_db_exec(db,
                                   "UPDATE vault SET takes_plain = 0"
                                   " WHERE NOT EXISTS (SELECT 1 FROM message)"
                                   " AND NOT EXISTS (SELECT 1 FROM suggestion)"
                                   " AND NOT EXISTS (SELECT 1 FROM outbox)"
                                   " AND NOT EXISTS (SELECT 1 FROM feedback)"
                                   " AND NOT EXISTS (SELECT 1 FROM vault_key)",
                                   err);

    if (code == AN_OK)
        code = run_with_id(db, put_others_behind, err);
    if (code == AN_OK)
        code = run_with_id(db, put_key, err);
    /* What was sealed before is not done again with this key. */
    if (code == AN_OK)
        code = pl_db_exec(db, "UPDATE vault SET part = 0, after = 0", err);
    return code;
}

/* ---- which key seals ------------------------------------------------------------ */

/* Of the keys that the store knows. */
struct census {
    size_t n_needed;
    bool is_missing;   /* one of these, here */
    bool is_first_new; /* the first of the file was never the store's */
    size_t n_at;       /* that seal: 1, or it is not said */
    char at[PL_KEY_ID_BYTES];
};

static void count_id(struct pl_vault *v, sqlite3_stmt *row, struct census *c)
{
    struct an_str id = pl_column(row, 0), first;
    int64_t proof_bytes = sqlite3_column_int64(row, 1);

    if (pl_vault_first(v, &first) && an_str_eq(id, first))
        c->is_first_new = false;
    if (proof_bytes == 0)
        return;
    c->n_needed++;
    c->is_missing = c->is_missing || !pl_vault_has(v, id);
    if (proof_bytes > 1 && id.n == sizeof(c->at)) {
        c->n_at++;
        memcpy(c->at, id.p, sizeof(c->at));
    }
}

static int count_ids(struct pl_vault *v, sqlite3_stmt *ids, struct census *c)
{
    struct an_str first;
    int rc;

    *c = (struct census){.is_first_new = pl_vault_first(v, &first)};
    while ((rc = sqlite3_step(ids)) == SQLITE_ROW)
        count_id(v, ids, c);
    sqlite3_reset(ids);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static struct an_str key_at(const struct census *c)
{
    return (struct an_str){c->at, sizeof(c->at)};
}

/* It seals by the store's key, and that needs no other. */
static bool is_settled(const struct pl_vault *v, const struct census *c)
{
    struct an_str seals;

    if (c->is_missing || c->is_first_new || c->n_needed > 1)
        return false;
    return pl_vault_newest(v, &seals)
               ? c->n_at == 1 && an_str_eq(seals, key_at(c))
               : true;
}

static enum an_code seal_by_first(struct pl_db *db, struct an_err *err)
{
    struct an_str first;

    if (!pl_vault_first(db->vault, &first) ||
        !pl_vault_seal_by(db->vault, first))
        return fail_missing(db, err);
    return learn(db, err);
}

/* With all keys that the store needs.  In a transaction. */
static enum an_code settle_on(struct pl_db *db, const struct census *c,
                              struct an_err *err)
{
    struct an_str first;

    if (!pl_vault_first(db->vault, &first))
        return AN_OK;
    if (c->is_first_new || c->n_at != 1)
        return seal_by_first(db, err);
    return pl_vault_seal_by(db->vault, key_at(c)) ? AN_OK
                                                  : fail_missing(db, err);
}

/* The failure of a transaction of the caller. */
static int rc_of(const struct pl_db *db, enum an_code code)
{
    if (code == AN_OK)
        return SQLITE_OK;
    return code == AN_CONFIG ? PL_NO_KEY : sqlite3_errcode(db->sql);
}

int pl_vault_go_back(struct pl_db *db)
{
    return pl_vault_is_behind(db->vault) ? rc_of(db, seal_by_first(db, NULL))
                                         : SQLITE_OK;
}

/* ---- opening -------------------------------------------------------------------- */

static enum an_code take_census(struct pl_db *db, struct census *c,
                                struct an_err *err)
{
    sqlite3_stmt *ids = NULL;
    int rc = sqlite3_prepare_v2(
        db->sql, "SELECT id, length(proof) FROM vault_key", -1, &ids, NULL);

    if (rc == SQLITE_OK)
        rc = count_ids(db->vault, ids, c);
    sqlite3_finalize(ids);
    return rc == SQLITE_OK ? AN_OK : pl_db_fail(db, rc, err);
}

static enum an_code begin_and_settle(struct pl_db *db, struct an_err *err)
{
    struct census c;
    enum an_code code = pl_db_exec(db, "BEGIN IMMEDIATE", err);

    /* Another program may have given it a key of its own meanwhile. */
    if (code == AN_OK)
        code = check_proofs(db, err);
    if (code == AN_OK)
        code = take_census(db, &c, err);
    if (code == AN_OK)
        code = settle_on(db, &c, err);
    if (code == AN_OK)
        code = pl_db_exec(db, "COMMIT", err);
    if (!sqlite3_get_autocommit(db->sql))
        sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

enum an_code pl_vault_check(struct pl_db *db, bool write, struct an_err *err)
{
    int64_t takes_plain = 1;
    struct census c = {.n_needed = 0};
    enum an_code code = check_proofs(db, err);

    if (code == AN_OK && write)
        code = take_census(db, &c, err);
    if (code == AN_OK && write && !is_settled(db->vault, &c))
        code = begin_and_settle(db, err);
    if (code == AN_OK)
        code = pl_db_number(db, "SELECT takes_plain FROM vault", &takes_plain,
                            err);
    pl_vault_take_plain(db->vault, takes_plain != 0);
    return code;
}

/* ---- another key meanwhile ------------------------------------------------------ */

/* The file as it is now, if it has all that the store needs; *older as of
 * pl_vault_adopt. */
static enum an_code take_file(struct pl_db *db, sqlite3_stmt *ids,
                              struct pl_vault **older, size_t *n,
                              struct an_err *err)
{
    struct pl_vault *fresh = NULL;
    struct census c;
    enum an_code code = pl_vault_read(db->vault, &fresh, err);
    int rc = SQLITE_OK;

    *older = NULL;
    if (code == AN_OK)
        rc = count_ids(fresh, ids, &c);
    if (rc != SQLITE_OK)
        code = pl_db_fail(db, rc, err);
    else if (code == AN_OK && c.is_missing)
        code = fail_missing(db, err);
    if (code != AN_OK) {
        pl_vault_close(fresh);
        return code;
    }
    *n = pl_vault_count(fresh);
    pl_vault_adopt(db->vault, fresh);
    *older = fresh;
    return AN_OK;
}

int pl_vault_admit(struct pl_db *db, sqlite3_stmt *ids)
{
    struct pl_vault *older = NULL;
    struct census c;
    size_t n;
    int rc = count_ids(db->vault, ids, &c);

    if (rc != SQLITE_OK || is_settled(db->vault, &c))
        return rc;
    if (pl_vault_is_stale(db->vault) &&
        take_file(db, ids, &older, &n, NULL) == AN_OK)
        rc = count_ids(db->vault, ids, &c);
    if (rc == SQLITE_OK)
        rc = c.is_missing ? PL_NO_KEY : rc_of(db, settle_on(db, &c, NULL));
    if (rc != SQLITE_OK && older)
        pl_vault_restore(db->vault, older);
    pl_vault_close(older);
    return rc;
}

enum an_code pl_vault_reload(struct pl_db *db, sqlite3_stmt *ids,
                             struct pl_vault **older, size_t *n,
                             struct an_err *err)
{
    struct census c;
    enum an_code code = take_file(db, ids, older, n, err);
    int rc;

    if (code != AN_OK)
        return code;
    rc = count_ids(db->vault, ids, &c);
    code = rc == SQLITE_OK ? settle_on(db, &c, err) : pl_db_fail(db, rc, err);
    if (code != AN_OK) {
        pl_vault_restore(db->vault, *older);
        pl_vault_close(*older);
        *older = NULL;
    }
    return code;
}

enum an_code pl_vault_settle(struct pl_db *db, struct an_err *err)
{
    enum an_code code = pl_db_exec(
        db, "UPDATE vault SET takes_plain = 0, part = 0, after = 0", err);

    if (code == AN_OK)
        code = run_with_id(db, give_others_up, err);
    if (code == AN_OK)
        code = run_with_id(db, put_key, err);
    return code;
}
