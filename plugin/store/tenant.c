/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/tenant_int.h"

/* One statement about the name: SQLITE_ROW with *n its first column. */
static int ask(struct pl_db *db, const char *text, const char *name, int64_t *n)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db->sql, text, -1, &s, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return rc;
}

/* Of two who begin a store at once one is the first: both look again. */
enum an_code pl_tenant_check(struct pl_db *db, const char *name, bool write,
                             struct an_err *err)
{
    static const char whose[] =
        "SELECT coalesce((SELECT name = ?1 FROM tenant), 2)";
    enum { OTHER, OURS, NOBODY };
    int64_t is = NOBODY;
    int rc;

    if (name == NULL || name[0] == '\0')
        return AN_OK;
    rc = ask(db, whose, name, &is);
    if (rc == SQLITE_ROW && is == NOBODY && write) {
        rc = ask(db, "INSERT INTO tenant VALUES(1, ?1) ON CONFLICT DO NOTHING",
                 name, &is);
        if (rc == SQLITE_DONE)
            rc = ask(db, whose, name, &is);
    }
    if (rc != SQLITE_ROW)
        return pl_db_fail(db, rc, err);
    if (is == OTHER)
        return an_fail(err, AN_CONFLICT,
                       "the store is another tenant's: each has its own "
                       "store.path, and a tenant is not renamed",
                       0);
    return AN_OK;
}
