/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/switches.h"

#include "base/buf.h"
#include "context/suggestion.h"
#include "plugin/store/reader_int.h"
#include "plugin/store/writer_int.h"

enum { SUBJECT_BYTES = PL_SWITCH_NAME_BYTES + 16, LIST_BYTES = 1 << 20 };

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

struct switching {
    struct an_str name, reason;
    const struct pl_audit_entry *who;
    int64_t n_dropped;
    enum an_code code; /* why it may not be */
    struct an_err err;
};

/* The kind that a name means; -1: it means none. */
static int kind_of(struct an_str name)
{
    for (unsigned kind = 0; kind < CTX_N_SUGGESTIONS; kind++)
        if (an_str_eq(name, an_str_c(ctx_suggestion_text(kind))))
            return (int)kind;
    return -1;
}

/* What ends a change: the generation, and a row of the trail. */
static int tell(struct pl_writer *w, const struct switching *s,
                enum pl_audit_action action)
{
    struct pl_audit_entry entry = *s->who;
    struct an_buf b;
    int rc = pl_writer_run(w, PL_W_SWITCH_CHANGED);

    entry.action = action;
    an_buf_init(&b, &w->arena, SUBJECT_BYTES);
    an_buf_put_c(&b, "switch/");
    an_buf_put(&b, s->name);
    if (an_buf_done(&b, &entry.subject, NULL) != AN_OK)
        return SQLITE_NOMEM;
    return rc == SQLITE_OK ? pl_writer_audit(w, &entry) : rc;
}

static int drop(struct pl_writer *w, struct switching *s)
{
    static const enum pl_write which[] = {
        PL_W_SWITCH_ASK, PL_W_SWITCH_DROP_WAITING, PL_W_SWITCH_DROP_HELD,
        PL_W_SWITCH_DROP_DEAD};
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < 4; i++) {
        bool asks = which[i] == PL_W_SWITCH_ASK;

        pl_bind_text(stmt(w, which[i]), 1, s->name);
        sqlite3_bind_int64(stmt(w, which[i]), 2, kind_of(s->name));
        sqlite3_bind_int64(stmt(w, which[i]), 3,
                           asks ? PL_REASON_CLOSING : s->who->time_us);
        rc = pl_writer_run(w, which[i]);
        if (rc == SQLITE_OK && !asks)
            s->n_dropped += sqlite3_changes(w->db.sql);
    }
    return rc;
}

static int kill_one(struct pl_writer *w, void *ctx)
{
    struct switching *s = ctx;
    sqlite3_stmt *put = stmt(w, PL_W_PUT_SWITCH);
    int64_t n;
    int rc = pl_writer_number(w, PL_W_COUNT_SWITCHES, &n);

    if (rc != SQLITE_OK)
        return rc;
    if (n >= PL_SWITCHES) {
        s->code =
            an_fail(&s->err, AN_LIMIT, "there are too many kill switches", 0);
        return SQLITE_DONE;
    }
    pl_bind_text(put, 1, s->name);
    sqlite3_bind_int64(put, 2, s->who->time_us);
    pl_bind_text(put, 3, s->who->actor);
    pl_bind_text(put, 4, s->who->role);
    pl_bind_text(put, 5, s->reason);
    rc = pl_writer_run(w, PL_W_PUT_SWITCH);
    if (rc == SQLITE_OK && sqlite3_changes(w->db.sql) == 0) {
        s->code = an_fail(&s->err, AN_CONFLICT, "it is stopped already", 0);
        return SQLITE_DONE;
    }
    if (rc == SQLITE_OK)
        rc = drop(w, s);
    return rc == SQLITE_OK ? tell(w, s, PL_AUDIT_KILLED) : rc;
}

static int revive_one(struct pl_writer *w, void *ctx)
{
    struct switching *s = ctx;
    int rc;

    pl_bind_text(stmt(w, PL_W_DROP_SWITCH), 1, s->name);
    rc = pl_writer_run(w, PL_W_DROP_SWITCH);
    if (rc == SQLITE_OK && sqlite3_changes(w->db.sql) == 0) {
        s->code = an_fail(&s->err, AN_NOTFOUND, "it is not stopped", 0);
        return SQLITE_DONE;
    }
    return rc == SQLITE_OK ? tell(w, s, PL_AUDIT_REVIVED) : rc;
}

static enum an_code change(struct pl_store *store, struct switching *s,
                           int (*how)(struct pl_writer *, void *),
                           struct an_err *err)
{
    enum an_code code = pl_store_transaction(store, how, s, err);

    if (code != AN_OK || s->code == AN_OK)
        return code;
    if (err)
        *err = s->err;
    return s->code;
}

enum an_code pl_store_kill(struct pl_store *store, struct an_str name,
                           struct an_str reason,
                           const struct pl_audit_entry *who, int64_t *n_dropped,
                           struct an_err *err)
{
    struct switching s = {.name = name, .reason = reason, .who = who};
    enum an_code code;

    *n_dropped = 0;
    if (!pl_switch_is_name(name))
        return an_fail(err, AN_TYPE, "no name that a kill switch can have", 0);
    if (reason.n > PL_SWITCH_REASON_BYTES)
        return an_fail(err, AN_TYPE, "a reason has at most 500 bytes", 0);
    code = change(store, &s, kill_one, err);
    if (code == AN_OK)
        *n_dropped = s.n_dropped;
    return code;
}

enum an_code pl_store_revive(struct pl_store *store, struct an_str name,
                             const struct pl_audit_entry *who,
                             struct an_err *err)
{
    struct switching s = {.name = name, .who = who};

    return change(store, &s, revive_one, err);
}

enum an_code pl_switch_list(struct pl_reader *r, struct an_arena *arena,
                            const struct pl_switch **out, size_t *n,
                            struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_SWITCHES);
    struct pl_switch *all = NULL;
    size_t room = 0;
    bool more;

    *n = 0;
    *out = NULL;
    for (;;) {
        enum an_code code = pl_reader_step(r, s, &more, err);

        if (code != AN_OK || !more)
            return code;
        all = pl_grown(arena, all, *n, &room, sizeof(*all));
        if (all == NULL || !pl_column_copy(arena, s, 0, &all[*n].name) ||
            !pl_column_copy(arena, s, 2, &all[*n].actor) ||
            !pl_column_copy(arena, s, 3, &all[*n].role) ||
            !pl_column_copy(arena, s, 4, &all[*n].reason)) {
            sqlite3_reset(s);
            *n = 0;
            return an_fail_nomem(err);
        }
        all[*n].since_us = sqlite3_column_int64(s, 1);
        *out = all;
        (*n)++;
    }
}

static enum an_code generation_of(struct pl_reader *r, int64_t *out,
                                  struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_SWITCH_GENERATION);
    bool more;
    enum an_code code = pl_reader_step(r, s, &more, err);

    if (code != AN_OK)
        return code;
    if (!more)
        return an_fail(err, AN_INTEGRITY,
                       "the store has no generation of its kill switches", 0);
    *out = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return AN_OK;
}

/* One state of both tables. */
static enum an_code read_all(struct pl_reader *r, struct an_arena *arena,
                             int64_t *generation, const struct pl_switch **all,
                             size_t *n, struct an_err *err)
{
    enum an_code code = pl_reader_begin(r, err);

    if (code != AN_OK)
        return code;
    code = generation_of(r, generation, err);
    if (code == AN_OK)
        code = pl_switch_list(r, arena, all, n, err);
    return pl_reader_end(r, code, err);
}

static enum an_code take(struct pl_switches *s, struct pl_reader *r,
                         struct an_arena *arena, int64_t *generation,
                         struct an_err *err)
{
    struct an_str name[PL_SWITCHES];
    const struct pl_switch *all;
    size_t n = 0;
    enum an_code code = read_all(r, arena, generation, &all, &n, err);

    if (code == AN_OK && n > PL_SWITCHES)
        code = an_fail(err, AN_LIMIT, "there are too many kill switches", 0);
    for (size_t i = 0; code == AN_OK && i < n; i++)
        name[i] = all[i].name;
    return code == AN_OK ? pl_switches_set(s, *generation, name, n, err) : code;
}

enum an_code pl_switches_refresh(struct pl_switches *s, struct pl_reader *r,
                                 int64_t *generation, struct an_err *err)
{
    struct an_arena arena;
    int64_t now = 0;
    enum an_code code = AN_OK;

    if (s)
        code = generation_of(r, &now, err);
    if (s && code == AN_OK && now != pl_switches_generation(s)) {
        an_arena_init(&arena, LIST_BYTES);
        code = take(s, r, &arena, &now, err);
        an_arena_free(&arena);
    }
    if (generation)
        *generation = now;
    return code;
}
