/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a suggestion after it was said: released, withheld,
 * delivered, given up. */
#include "plugin/store/conclude.h"

#include "plugin/store/filing_int.h"
#include "plugin/store/writer_int.h"

#include <stdio.h>

const char *pl_outbox_text(unsigned state)
{
    static const char *const text[] = {
#define X(name, text) text,
        PL_OUTBOX_STATES(X)
#undef X
    };

    return state < PL_N_OUTBOX_STATES ? text[state] : "unknown";
}

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

struct releasing {
    int64_t id;
    enum pl_release to;
    const struct pl_audit_entry *who;
    enum an_code code; /* why it may not be */
    struct an_err err;
};

static int look(struct pl_writer *w, struct releasing *r)
{
    sqlite3_stmt *s = stmt(w, PL_W_GET_RELEASE);
    struct pl_release_case c = {.to = r->to};
    int rc;

    sqlite3_bind_int64(s, 1, r->id);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        c.from = (unsigned)sqlite3_column_int(s, 0);
        c.kind = (unsigned)sqlite3_column_int(s, 1);
        c.audience = (unsigned)sqlite3_column_int(s, 2);
        c.never_patient = sqlite3_column_int(s, 3) != 0;
        c.superseded = sqlite3_column_int64(s, 4) != 0;
        r->code = pl_release_check(&c, &r->err);
    } else if (rc == SQLITE_DONE) {
        r->code =
            an_fail(&r->err, AN_NOTFOUND, "there is no such suggestion", 0);
    }
    sqlite3_reset(s);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return rc;
    return r->code == AN_OK ? SQLITE_OK : SQLITE_DONE;
}

static int release(struct pl_writer *w, void *ctx)
{
    struct releasing *r = ctx;
    bool released = r->to == PL_RELEASE_RELEASED;
    struct pl_audit_entry entry = *r->who;
    int rc = look(w, r);

    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(stmt(w, PL_W_SET_RELEASE), 1, r->id);
    sqlite3_bind_int64(stmt(w, PL_W_SET_RELEASE), 2, r->to);
    rc = pl_writer_run(w, PL_W_SET_RELEASE);
    if (rc == SQLITE_OK) {
        sqlite3_stmt *s = stmt(w, PL_W_MOVE_OUTBOX);

        sqlite3_bind_int64(s, 1, r->id);
        sqlite3_bind_int64(s, 2, released ? PL_OUTBOX_HELD : PL_OUTBOX_WAITING);
        sqlite3_bind_int64(s, 3, released ? PL_OUTBOX_WAITING : PL_OUTBOX_HELD);
        sqlite3_bind_int64(s, 4, entry.time_us);
        rc = pl_writer_run(w, PL_W_MOVE_OUTBOX);
    }
    if (rc == SQLITE_OK)
        rc = pl_filing_released(w, r->id, released, entry.actor, entry.time_us);
    entry.action = released ? PL_AUDIT_RELEASED : PL_AUDIT_WITHHELD;
    if (!pl_subject(&w->arena, "suggestion/", r->id, &entry.subject))
        return SQLITE_NOMEM;
    return rc == SQLITE_OK ? pl_writer_audit(w, &entry) : rc;
}

enum an_code pl_store_release(struct pl_store *store, int64_t id,
                              enum pl_release to,
                              const struct pl_audit_entry *who,
                              struct an_err *err)
{
    struct releasing r = {.id = id, .to = to, .who = who};
    enum an_code code = pl_store_transaction(store, release, &r, err);

    if (code == AN_OK && r.code != AN_OK) {
        if (err)
            *err = r.err;
        code = r.code;
    }
    return code;
}

static int try_again(struct pl_writer *w, const struct pl_attempt *a)
{
    sqlite3_stmt *s = stmt(w, PL_W_OUTBOX_RETRY);
    int rc = SQLITE_OK;

    if (a->done.n) {
        sqlite3_bind_int64(stmt(w, PL_W_SET_DONE), 1, a->id);
        pl_bind_text(stmt(w, PL_W_SET_DONE), 2, a->done);
        rc = pl_writer_run(w, PL_W_SET_DONE);
    }
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(s, 1, a->id);
    sqlite3_bind_int64(s, 2, a->error);
    rc = pl_writer_run(w, PL_W_OUTBOX_RETRY);
    if (rc != SQLITE_OK || sqlite3_changes(w->db.sql) == 0)
        return rc;
    s = stmt(w, PL_W_OUTBOX_DELAY);
    sqlite3_bind_int64(s, 1, a->id);
    sqlite3_bind_int64(s, 2, a->next_us);
    return pl_writer_run(w, PL_W_OUTBOX_DELAY);
}

static enum pl_audit_action action_of(enum pl_outbox_state state)
{
    if (state == PL_OUTBOX_DELIVERED)
        return PL_AUDIT_DELIVERED;
    return state == PL_OUTBOX_TAKEN_OVER ? PL_AUDIT_TAKEN_OVER
                                         : PL_AUDIT_UNDELIVERABLE;
}

static int attempt(struct pl_writer *w, void *ctx)
{
    const struct pl_attempt *a = ctx;
    struct pl_audit_entry entry = {.action = action_of(a->state),
                                   .time_us = a->now_us,
                                   .actor = AN_STR("anamnesis"),
                                   .role = AN_STR("system")};
    sqlite3_stmt *s = stmt(w, PL_W_OUTBOX_DONE);
    char details[48];
    int rc = pl_writer_learn(w, a);

    if (rc != SQLITE_OK)
        return rc;
    if (a->state == PL_OUTBOX_WAITING)
        return try_again(w, a);
    sqlite3_bind_int64(s, 1, a->id);
    sqlite3_bind_int64(s, 2, a->state);
    sqlite3_bind_int64(s, 3, a->error);
    sqlite3_bind_int64(s, 4, a->now_us);
    rc = pl_writer_run(w, PL_W_OUTBOX_DONE);
    if (rc != SQLITE_OK || sqlite3_changes(w->db.sql) == 0)
        return rc;
    (void)snprintf(details, sizeof(details), "{\"status\":%d}", a->error);
    entry.details = an_str_c(details);
    if (!pl_subject(&w->arena, "outbox/", a->id, &entry.subject))
        return SQLITE_NOMEM;
    return pl_writer_audit(w, &entry);
}

enum an_code pl_store_attempt(struct pl_store *store,
                              const struct pl_attempt *a, struct an_err *err)
{
    struct pl_attempt copy = *a;

    return pl_store_transaction(store, attempt, &copy, err);
}

struct keeping {
    struct an_str origin;
    int64_t now_us;
};

static int drop_strange(struct pl_writer *w, void *ctx)
{
    static const enum pl_write which[] = {PL_W_DROP_STRANGE_WAITING,
                                          PL_W_DROP_STRANGE_HELD};
    const struct keeping *k = ctx;
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < 2; i++) {
        sqlite3_bind_int64(stmt(w, which[i]), 1, k->now_us);
        pl_bind_text(stmt(w, which[i]), 2, k->origin);
        rc = pl_writer_run(w, which[i]);
    }
    if (rc != SQLITE_OK)
        return rc;
    pl_bind_text(stmt(w, PL_W_DROP_FILED), 1, k->origin);
    return pl_writer_run(w, PL_W_DROP_FILED);
}

enum an_code pl_store_outbox_keep(struct pl_store *store, struct an_str origin,
                                  int64_t now_us, struct an_err *err)
{
    struct keeping k = {origin, now_us};

    return pl_store_transaction(store, drop_strange, &k, err);
}
