/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/deliveries.h"

#include "plugin/store/conclude.h"
#include "plugin/store/reader_int.h"
#include "plugin/store/writer_int.h"

#include <stdio.h>

enum { STEP = 200, LIKE_BYTES = 160 };

const char *pl_outbox_kind_text(unsigned kind)
{
    static const char *const text[] = {
#define X(name, text) text,
        PL_OUTBOX_KINDS(X)
#undef X
    };

    return kind < PL_N_OUTBOX_KINDS ? text[kind] : "unknown";
}

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

enum an_code pl_outbox_list(struct pl_reader *r, int64_t after, size_t limit,
                            struct pl_unsettled *out, size_t *n,
                            struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_UNSETTLED);
    enum an_code code = AN_OK;
    bool more = true;

    *n = 0;
    sqlite3_bind_int64(s, 1, after);
    sqlite3_bind_int64(s, 2, (int64_t)limit);
    while (*n < limit) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        out[(*n)++] =
            (struct pl_unsettled){.id = sqlite3_column_int64(s, 0),
                                  .patient = sqlite3_column_int64(s, 1),
                                  .kind = (unsigned)sqlite3_column_int(s, 2),
                                  .state = (unsigned)sqlite3_column_int(s, 3),
                                  .attempts = sqlite3_column_int(s, 4),
                                  .error = sqlite3_column_int(s, 5),
                                  .created_us = sqlite3_column_int64(s, 6),
                                  .next_us = sqlite3_column_int64(s, 7)};
    }
    sqlite3_reset(s);
    return code;
}

/* ---- one row ----------------------------------------------------------------- */

struct operating {
    int64_t id, n;
    const struct pl_audit_entry *who;
    enum an_code code; /* why it may not be */
    struct an_err err;
};

static int note(struct pl_writer *w, const struct pl_audit_entry *who,
                enum pl_audit_action action, int64_t id)
{
    struct pl_audit_entry entry = *who;

    entry.action = action;
    return pl_subject(&w->arena, "outbox/", id, &entry.subject)
               ? pl_writer_audit(w, &entry)
               : SQLITE_NOMEM;
}

static int ask_of(struct pl_writer *w, enum pl_write which, int64_t id,
                  int64_t *found)
{
    sqlite3_bind_int64(stmt(w, which), 1, id);
    return pl_writer_number(w, which, found);
}

static int change_at(struct pl_writer *w, enum pl_write which, int64_t id,
                     int64_t now_us)
{
    sqlite3_bind_int64(stmt(w, which), 1, id);
    sqlite3_bind_int64(stmt(w, which), 2, now_us);
    return pl_writer_run(w, which);
}

/* Those before it must go first: they are due with it. */
static int revive(struct pl_writer *w, struct operating *o, int64_t id)
{
    int rc = change_at(w, PL_W_REVIVE, id, o->who->time_us);

    if (rc == SQLITE_OK)
        rc = change_at(w, PL_W_HURRY, id, o->who->time_us);
    if (rc == SQLITE_OK)
        rc = note(w, o->who, PL_AUDIT_RETRIED, id);
    o->n++;
    return rc;
}

static int refuse(struct operating *o, enum an_code code, const char *what)
{
    o->code = an_fail(&o->err, code, what, 0);
    return SQLITE_DONE;
}

static int retry_all(struct pl_writer *w, struct operating *o)
{
    int64_t id = 0, overtaken;
    int rc;

    for (;;) {
        struct an_mark mark = an_arena_mark(&w->arena);

        rc = ask_of(w, PL_W_NEXT_DEAD, id, &id);
        if (rc != SQLITE_OK || id == 0)
            return rc;
        rc = ask_of(w, PL_W_OVERTAKEN, id, &overtaken);
        if (rc == SQLITE_OK && !overtaken)
            rc = revive(w, o, id);
        if (rc != SQLITE_OK)
            return rc;
        an_arena_rewind(&w->arena, mark);
    }
}

static int retry(struct pl_writer *w, void *ctx)
{
    struct operating *o = ctx;
    int64_t state, overtaken = 0;
    int rc;

    o->n = 0;
    o->code = AN_OK;
    if (o->id == 0)
        return retry_all(w, o);
    rc = ask_of(w, PL_W_UNSETTLED_STATE, o->id, &state);
    if (rc == SQLITE_OK)
        rc = ask_of(w, PL_W_OVERTAKEN, o->id, &overtaken);
    if (rc != SQLITE_OK)
        return rc;
    if (state == 0)
        return refuse(o, AN_NOTFOUND,
                      "there is no such row that is not settled");
    if (state == 1 + PL_OUTBOX_HELD)
        return refuse(o, AN_CONFLICT, "it waits for a clinician's word");
    if (overtaken)
        return refuse(o, AN_CONFLICT,
                      "a later delivery of that patient has been taken since");
    return revive(w, o, o->id);
}

static int drop(struct pl_writer *w, void *ctx)
{
    struct operating *o = ctx;
    int rc = change_at(w, PL_W_GIVE_UP, o->id, o->who->time_us);

    o->code = AN_OK;
    if (rc != SQLITE_OK)
        return rc;
    if (sqlite3_changes(w->db.sql) == 0)
        return refuse(o, AN_NOTFOUND,
                      "there is no such row that is not settled");
    return note(w, o->who, PL_AUDIT_DROPPED, o->id);
}

static enum an_code operate(struct pl_store *store,
                            int (*what)(struct pl_writer *, void *),
                            struct operating *o, struct an_err *err)
{
    enum an_code code = pl_store_transaction(store, what, o, err);

    if (code == AN_OK && o->code != AN_OK) {
        if (err)
            *err = o->err;
        code = o->code;
    }
    return code;
}

enum an_code pl_store_outbox_retry(struct pl_store *store, int64_t id,
                                   const struct pl_audit_entry *who, int64_t *n,
                                   struct an_err *err)
{
    struct operating o = {.id = id, .who = who};
    enum an_code code = operate(store, retry, &o, err);

    *n = code == AN_OK ? o.n : 0;
    return code;
}

enum an_code pl_store_outbox_drop(struct pl_store *store, int64_t id,
                                  const struct pl_audit_entry *who,
                                  struct an_err *err)
{
    struct operating o = {.id = id, .who = who};

    return operate(store, drop, &o, err);
}

/* ---- recall ------------------------------------------------------------------ */

enum an_code pl_models_next(struct pl_reader *r, struct an_arena *arena,
                            struct an_str after, struct an_str *digest,
                            int64_t *suggestion, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_MODELS);
    enum an_code code;
    bool more;

    pl_bind_text(s, 1, after);
    code = pl_reader_step(r, s, &more, err);
    if (code != AN_OK)
        return code;
    if (!more)
        return an_fail(err, AN_NOTFOUND, "no other model has said anything", 0);
    *suggestion = sqlite3_column_int64(s, 1);
    if (!pl_column_copy(arena, s, 0, digest))
        code = an_fail_nomem(err);
    sqlite3_reset(s);
    return code;
}

/* An origin is environment and digest: pl_naming_origin. */
static void bind_origin(sqlite3_stmt *s, int at, struct an_str digest)
{
    char like[LIKE_BYTES];
    int n = snprintf(like, sizeof(like), "%%|%.*s", AN_STR_ARG(digest));

    sqlite3_bind_text(s, at, like, n < LIKE_BYTES ? n : LIKE_BYTES - 1,
                      SQLITE_TRANSIENT);
}

enum an_code pl_recall_count(struct pl_reader *r, struct an_str digest,
                             struct pl_recall_count *out, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_TO_RECALL);
    enum an_code code;
    bool more;

    *out = (struct pl_recall_count){.n_sent = 0};
    pl_bind_text(s, 1, digest);
    bind_origin(s, 2, digest);
    code = pl_reader_step(r, s, &more, err);
    if (code != AN_OK || !more)
        return code;
    out->n_suggestions = sqlite3_column_int64(s, 0);
    out->n_sent = sqlite3_column_int64(s, 1);
    out->n_waiting = sqlite3_column_int64(s, 2);
    sqlite3_reset(s);
    return AN_OK;
}

struct recalling {
    const struct pl_recall *q;
    struct pl_recall_progress p;
};

/* It may say nothing from here on; told once. */
static int begin_recall(struct pl_writer *w, const struct pl_recall *q)
{
    struct pl_audit_entry entry = *q->who;
    struct an_buf b;
    int rc;

    pl_bind_text(stmt(w, PL_W_PUT_RECALLED), 1, q->digest);
    sqlite3_bind_int64(stmt(w, PL_W_PUT_RECALLED), 2, q->who->time_us);
    rc = pl_writer_run(w, PL_W_PUT_RECALLED);
    if (rc != SQLITE_OK || sqlite3_changes(w->db.sql) == 0)
        return rc;
    entry.action = PL_AUDIT_RECALLED;
    an_buf_init(&b, &w->arena, LIKE_BYTES);
    an_buf_put_c(&b, "model/");
    an_buf_put(&b, q->digest);
    return an_buf_done(&b, &entry.subject, NULL) == AN_OK
               ? pl_writer_audit(w, &entry)
               : SQLITE_NOMEM;
}

static int recall_said(struct pl_writer *w, struct recalling *r)
{
    sqlite3_stmt *s = stmt(w, PL_W_RECALL_SAID);
    int64_t n;
    int rc;

    pl_bind_text(s, 1, r->q->digest);
    sqlite3_bind_int64(s, 2, r->q->who->time_us);
    sqlite3_bind_int64(s, 3, STEP);
    rc = pl_writer_run(w, PL_W_RECALL_SAID);
    n = rc == SQLITE_OK ? sqlite3_changes(w->db.sql) : 0;
    r->p.done.n_suggestions += n;
    r->p.more = n == STEP;
    return rc;
}

static int recall_waiting(struct pl_writer *w, struct recalling *r)
{
    static const enum pl_write which[] = {PL_W_RECALL_WAITING,
                                          PL_W_RECALL_HELD};
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < 2; i++) {
        bind_origin(stmt(w, which[i]), 1, r->q->digest);
        sqlite3_bind_int64(stmt(w, which[i]), 2, r->q->who->time_us);
        rc = pl_writer_run(w, which[i]);
        if (rc == SQLITE_OK)
            r->p.done.n_waiting += sqlite3_changes(w->db.sql);
    }
    return rc;
}

static int recall_sent(struct pl_writer *w, struct recalling *r)
{
    sqlite3_stmt *s = stmt(w, PL_W_RECALL_NEXT);
    int rc = SQLITE_OK;

    for (int i = 0; rc == SQLITE_OK && i < STEP; i++) {
        struct an_mark mark = an_arena_mark(&w->arena);
        struct an_str resource = {NULL, 0};

        pl_bind_text(s, 1, r->q->digest);
        rc = sqlite3_step(s);
        if (rc == SQLITE_ROW && !pl_column_copy(&w->arena, s, 0, &resource))
            rc = SQLITE_NOMEM;
        sqlite3_reset(s);
        if (rc != SQLITE_ROW)
            return rc == SQLITE_DONE ? SQLITE_OK : rc;
        rc = pl_writer_withdraw(w, resource, r->q->reason, r->q->who->time_us);
        r->p.done.n_sent++;
        an_arena_rewind(&w->arena, mark);
    }
    r->p.more = true;
    return rc;
}

static int recall_some(struct pl_writer *w, void *ctx)
{
    struct recalling *r = ctx;
    int rc = begin_recall(w, r->q);

    if (rc == SQLITE_OK)
        rc = recall_said(w, r);
    if (rc == SQLITE_OK)
        rc = recall_waiting(w, r);
    if (rc == SQLITE_OK)
        rc = pl_filing_recall(w, r->q->digest, r->q->who->time_us);
    return rc == SQLITE_OK ? recall_sent(w, r) : rc;
}

enum an_code pl_store_recall(struct pl_store *store, const struct pl_recall *q,
                             struct pl_recall_progress *p, struct an_err *err)
{
    struct recalling r = {.q = q, .p = {.done = p->done}};
    enum an_code code = pl_store_transaction(store, recall_some, &r, err);

    if (code == AN_OK)
        *p = r.p;
    return code;
}
