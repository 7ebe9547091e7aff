/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/purge.h"

#include "base/json_out.h"
#include "context/codec.h"
#include "plugin/store/claims_int.h"
#include "plugin/store/derived_int.h"
#include "plugin/store/erase_int.h"
#include "plugin/store/reader_int.h"

#include <stdio.h>
#include <time.h>

enum {
    STEP = PL_ERASE_STEP,
    NOTE_BYTES = 1024,
    PATIENCE = 100,
    PAUSE_NS = 50000000
};

const char *pl_purge_text(enum pl_purge_kind kind)
{
    static const char *const text[PL_N_PURGE_KINDS] = {
        [PL_PURGE_RAW] = "raw messages",
        [PL_PURGE_EVENTS] = "events",
        [PL_PURGE_SUGGESTIONS] = "suggestions"};

    return kind < PL_N_PURGE_KINDS ? text[kind] : "unknown";
}

int pl_erase_run(struct pl_writer *w, const char *text, const int64_t *value,
                 int n, int64_t *out)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(w->db.sql, text, -1, &s, NULL);

    for (int i = 0; rc == SQLITE_OK && i < n; i++)
        if (i < sqlite3_bind_parameter_count(s))
            sqlite3_bind_int64(s, i + 1, value[i]);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (out)
        *out = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_finalize(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Numbers of at most STEP rows. */
static int numbers(struct pl_writer *w, const char *text, int64_t value,
                   int64_t *id, size_t *n)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(w->db.sql, text, -1, &s, NULL);

    *n = 0;
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(s, 1, value);
        while (*n < STEP && (rc = sqlite3_step(s)) == SQLITE_ROW)
            id[(*n)++] = sqlite3_column_int64(s, 0);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE || rc == SQLITE_OK ? SQLITE_OK
                                                                    : rc;
}

/* ---- by age ---------------------------------------------------------------- */

struct purging {
    const struct pl_purge *what;
    struct pl_purged *out;
};

int pl_erase_raw(struct pl_writer *w, int64_t message, int64_t now_us)
{
    const int64_t value[] = {message, now_us};

    return pl_erase_run(
        w,
        "UPDATE message SET raw = x'', deflated = 0, purged_us = ?2"
        " WHERE id = ?1 AND purged_us = 0",
        value, 2, NULL);
}

/* Of what a message said about one identifier, that which is kept for good: who
 * is who, and what the patient has forbidden or permitted. */
static int keep_consents(struct pl_writer *w, struct pl_said_row *row)
{
    struct an_str claims = row->claims, rest = claims;
    const struct ctx_event *event = NULL;
    struct ctx_event *kept;
    struct ctx_claim claim;
    enum an_code code = AN_OK;
    size_t n = 0, n_kept = 0;
    int64_t other;
    bool bad = false;

    row->min_available_us = INT64_MAX;
    while (pl_claims_next(claims, &rest, &claim, &other, &bad))
        if (claim.available_us < row->min_available_us)
            row->min_available_us = claim.available_us;
    if (bad)
        return SQLITE_CORRUPT;
    if (row->n_events)
        code = ctx_events_decode(&w->arena, row->events, AN_STR(""), &event, &n,
                                 NULL);
    if (code != AN_OK)
        return code == AN_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT;
    kept = an_arena_get(&w->arena, n, sizeof(*kept));
    if (kept == NULL)
        return SQLITE_NOMEM;
    for (size_t i = 0; i < n; i++) {
        if (event[i].kind != CTX_CONSENT)
            continue;
        kept[n_kept++] = event[i];
        if (event[i].available_us < row->min_available_us)
            row->min_available_us = event[i].available_us;
    }
    row->events = AN_STR("");
    row->n_events = (int64_t)n_kept;
    if (n_kept)
        code = ctx_events_encode(&w->arena, kept, n_kept, &row->events, NULL);
    return code == AN_OK ? SQLITE_OK : SQLITE_NOMEM;
}

static int drop_said(struct pl_writer *w, int64_t identifier, int64_t message)
{
    enum pl_write which = PL_W_DROP_SAID;
    struct an_mark mark = an_arena_mark(&w->arena);
    struct pl_said_row row;
    bool found;
    int rc = pl_writer_said(w, identifier, message, &row, &found);

    if (rc == SQLITE_OK && found)
        rc = pl_writer_resources_drop(w, identifier, message);
    if (rc == SQLITE_OK && found)
        rc = keep_consents(w, &row);
    if (rc == SQLITE_OK && found) {
        if (row.n_events || row.claims.n) {
            which = PL_W_KEEP_SAID;
            sqlite3_bind_int64(w->db.stmt[which], 3, row.min_available_us);
            sqlite3_bind_int64(w->db.stmt[which], 4, row.n_events);
            pl_bind_blob(w->db.stmt[which], 5, row.events);
        }
        sqlite3_bind_int64(w->db.stmt[which], 1, identifier);
        sqlite3_bind_int64(w->db.stmt[which], 2, message);
        rc = pl_writer_run(w, which);
    }
    if (rc == SQLITE_OK && found && row.n_events)
        rc = pl_writer_resources_kept(w, identifier, message);
    an_arena_rewind(&w->arena, mark);
    return rc;
}

/* The note of the message names the identifiers under which it said things. */
static int drop_events(struct pl_writer *w, int64_t message, int64_t now_us)
{
    const int64_t value[] = {message, now_us};
    struct an_str blob = AN_STR("");
    struct pl_derived note = {.n_identifiers = 0};
    sqlite3_stmt *s = NULL;
    enum an_code code = AN_OK;
    int rc = sqlite3_prepare_v2(
        w->db.sql, "SELECT derived FROM message WHERE id = ?1", -1, &s, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(s, 1, message);
        rc = sqlite3_step(s);
    }
    if (rc == SQLITE_ROW && !an_arena_str(&w->arena, pl_column(s, 0), &blob))
        code = AN_NOMEM;
    sqlite3_finalize(s);
    if (rc != SQLITE_ROW)
        return rc;
    if (code == AN_OK)
        code = pl_derived_get(&w->arena, blob, &note, NULL);
    if (code != AN_OK)
        return code == AN_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT;
    for (size_t i = 0; i < note.n_identifiers; i++) {
        rc = drop_said(w, note.identifier[i], message);
        if (rc != SQLITE_OK)
            return rc;
    }
    return pl_erase_run(w, "UPDATE message SET forgotten_us = ?2 WHERE id = ?1",
                        value, 2, NULL);
}

#define EMPTY_SUGGESTION                                                       \
    "UPDATE suggestion SET statement = x'', detail = x'', detail_bytes = 0,"   \
    " deflated = 0, encounter = '', p = NULL,"                                 \
    " superseded_us = iif(superseded_us, superseded_us, ?2)"
#define EMPTY_OUTBOX                                                           \
    "UPDATE outbox SET payload = x'', done_us ="                               \
    " iif(state IN (0, 1), ?2, done_us),"                                      \
    " state = iif(state IN (0, 1), 4, state)"

/* A card goes with its suggestion, and what was said of it with the card. */
#define DROP_FEEDBACK(of)                                                      \
    "DELETE FROM feedback WHERE card IN"                                       \
    " (SELECT id FROM card WHERE " of " = ?1)"

static int drop_suggestion(struct pl_writer *w, int64_t id, int64_t now_us)
{
    const int64_t value[] = {id, now_us};
    int rc = pl_erase_run(w, EMPTY_SUGGESTION " WHERE id = ?1", value, 2, NULL);

    if (rc == SQLITE_OK)
        rc = pl_erase_run(w, DROP_FEEDBACK("suggestion"), value, 1, NULL);
    if (rc == SQLITE_OK)
        rc = pl_erase_run(w, "DELETE FROM card WHERE suggestion = ?1", value, 1,
                          NULL);
    if (rc == SQLITE_OK)
        rc = pl_erase_run(
            w, EMPTY_OUTBOX " WHERE suggestion = ?1 AND suggestion <> 0", value,
            2, NULL);
    return rc;
}

/* {"what":"events","n":64,"before":"2026-..."}. */
static int audit_purge(struct pl_writer *w, const struct pl_purge *what,
                       int64_t n, int64_t last)
{
    struct pl_audit_entry entry = {.action = PL_AUDIT_PURGED,
                                   .time_us = what->now_us,
                                   .actor = what->actor,
                                   .role = what->role};
    char when[AN_TIME_TEXT_BYTES];
    struct an_json_out out;

    (void)an_time_print_instant(what->before_us, when);
    an_out_init(&out, &w->arena, NOTE_BYTES);
    an_out_object(&out);
    an_out_key_str(&out, "what", an_str_c(pl_purge_text(what->kind)));
    an_out_key(&out, "n");
    an_out_i64(&out, n);
    an_out_key_str(&out, "before", an_str_c(when));
    an_out_end(&out);
    if (an_out_done(&out, &entry.details, NULL) != AN_OK ||
        !pl_subject(&w->arena,
                    what->kind == PL_PURGE_SUGGESTIONS ? "suggestion/"
                                                       : "message/",
                    last, &entry.subject))
        return SQLITE_NOMEM;
    return pl_writer_audit(w, &entry);
}

/* The oldest first; each by an index of what is left (schema.c). */
static const char *const find[PL_N_PURGE_KINDS] = {
    [PL_PURGE_RAW] = "SELECT id FROM message WHERE purged_us = 0"
                     " AND received_us < ?1 ORDER BY received_us LIMIT 64",
    [PL_PURGE_EVENTS] = "SELECT id FROM message WHERE purged_us <> 0"
                        " AND forgotten_us = 0 AND received_us < ?1"
                        " ORDER BY received_us LIMIT 64",
    [PL_PURGE_SUGGESTIONS] =
        "SELECT id FROM suggestion WHERE superseded_us <> 0"
        " AND detail <> x'' AND superseded_us < ?1"
        " ORDER BY superseded_us LIMIT 64"};

static int count_purged(struct pl_writer *w, const struct pl_purge *what,
                        int64_t n)
{
    const int64_t value[] = {what->kind, n, what->now_us};

    return pl_erase_run(
        w,
        "INSERT INTO purge VALUES(?1, ?2, ?3) ON CONFLICT(kind)"
        " DO UPDATE SET n = n + excluded.n, last_us = excluded.last_us",
        value, 3, NULL);
}

static int purge_some(struct pl_writer *w, void *ctx)
{
    static int (*const drop[])(struct pl_writer *, int64_t, int64_t) = {
        pl_erase_raw, drop_events, drop_suggestion};
    struct purging *p = ctx;
    const struct pl_purge *what = p->what;
    int64_t id[STEP];
    size_t n = 0;
    int rc = numbers(w, find[what->kind], what->before_us, id, &n);

    *p->out = (struct pl_purged){.n = 0};
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
        rc = drop[what->kind](w, id[i], what->now_us);
    if (rc != SQLITE_OK || n == 0)
        return rc;
    *p->out = (struct pl_purged){.n = (int64_t)n, .more = n == STEP};
    rc = count_purged(w, what, (int64_t)n);
    return rc == SQLITE_OK ? audit_purge(w, what, (int64_t)n, id[n - 1]) : rc;
}

enum an_code pl_store_purge(struct pl_store *store, const struct pl_purge *what,
                            struct pl_purged *out, struct an_err *err)
{
    struct purging p = {what, out};

    return pl_store_transaction(store, purge_some, &p, err);
}

enum an_code pl_purge_count(struct pl_reader *r, const struct pl_purge *what,
                            int64_t *n, struct an_err *err)
{
    static const char *const which[PL_N_PURGE_KINDS] = {
        [PL_PURGE_RAW] = "message WHERE purged_us = 0 AND received_us",
        /* Of those too whose bytes would go first. */
        [PL_PURGE_EVENTS] = "message WHERE forgotten_us = 0 AND received_us",
        [PL_PURGE_SUGGESTIONS] =
            ("suggestion WHERE superseded_us <> 0 AND detail <> x''"
             " AND superseded_us")};
    char text[256];

    (void)snprintf(text, sizeof(text), "SELECT count(*) FROM %s < %lld",
                   which[what->kind], (long long)what->before_us);
    return pl_db_number(&r->db, text, n, err);
}

enum an_code pl_n_purged(struct pl_reader *r, int64_t *n, struct an_err *err)
{
    return pl_db_number(
        &r->db, "SELECT count(*) FROM message WHERE purged_us <> 0", n, err);
}

/* ---- one patient ----------------------------------------------------------- */

struct erasure {
    const struct ctx_person *person;
    const struct pl_purge *who;
    struct pl_erased *total;
    int64_t now_us;
};

static int note_person(struct pl_writer *w, void *ctx)
{
    const struct erasure *e = ctx;
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < e->person->n_members; i++) {
        int64_t value[2] = {0, e->now_us};

        rc = pl_writer_identifier(w, &e->person->member[i].id, &value[0]);
        if (rc == SQLITE_OK)
            rc = pl_erase_run(w,
                              "INSERT INTO erasing VALUES(?1, ?2)"
                              " ON CONFLICT DO NOTHING",
                              value, 2, NULL);
    }
    return rc;
}

enum an_code pl_store_erase(struct pl_store *store,
                            const struct ctx_person *person, int64_t now_us,
                            struct an_err *err)
{
    struct erasure e = {.person = person, .now_us = now_us};

    return pl_store_transaction(store, note_person, &e, err);
}

/* The messages go first, STEP at a time. */
static int erase_messages(struct pl_writer *w, const struct erasure *e,
                          int64_t identifier, size_t *n)
{
    int64_t id[STEP];
    int rc =
        numbers(w, "SELECT message FROM said WHERE identifier = ?1 LIMIT 64",
                identifier, id, n);

    for (size_t i = 0; rc == SQLITE_OK && i < *n; i++) {
        sqlite3_stmt *drop = w->db.stmt[PL_W_DROP_SAID];

        rc = pl_erase_raw(w, id[i], e->who->now_us);
        if (rc == SQLITE_OK)
            rc = pl_writer_resources_drop(w, identifier, id[i]);
        sqlite3_bind_int64(drop, 1, identifier);
        sqlite3_bind_int64(drop, 2, id[i]);
        if (rc == SQLITE_OK)
            rc = pl_writer_run(w, PL_W_DROP_SAID);
    }
    e->total->n_messages += (int64_t)*n;
    return rc;
}

static int audit_erasure(struct pl_writer *w, const struct erasure *e,
                         int64_t identifier, int64_t n_said)
{
    struct pl_audit_entry entry = {.action = PL_AUDIT_ERASED,
                                   .time_us = e->who->now_us,
                                   .actor = e->who->actor,
                                   .role = e->who->role};
    struct an_json_out out;

    an_out_init(&out, &w->arena, NOTE_BYTES);
    an_out_object(&out);
    an_out_key(&out, "suggestions");
    an_out_i64(&out, n_said);
    an_out_end(&out);
    if (an_out_done(&out, &entry.details, NULL) != AN_OK ||
        !pl_subject(&w->arena, "identifier/", identifier, &entry.subject))
        return SQLITE_NOMEM;
    return pl_writer_audit(w, &entry);
}

/* *changed rows of an identifier, by one of the statements. */
static int change(struct pl_writer *w, const char *text, const int64_t value[2],
                  int64_t *changed)
{
    int rc = pl_erase_run(w, text, value, 2, NULL);

    if (rc == SQLITE_OK && changed)
        *changed += sqlite3_changes(w->db.sql);
    return rc;
}

/* Each finds its rows by an index, so that the store may be of any size.  The
 * number stays, so that no other identifier ever gets it, and so does that of its
 * last closing, so that no later one is counted lower. */
static int erase_rest(struct pl_writer *w, const struct erasure *e, int64_t id)
{
    int64_t n_said = 0;
    const struct {
        const char *text;
        int64_t *changed;
    } step[] = {
        {EMPTY_SUGGESTION " WHERE patient = ?1 AND superseded_us = 0", &n_said},
        {EMPTY_SUGGESTION " WHERE patient = ?1 AND superseded_us <> 0"
                          " AND detail <> x''",
         &n_said},
        {EMPTY_OUTBOX " WHERE patient = ?1 AND state = 0", &e->total->n_outbox},
        {EMPTY_OUTBOX " WHERE patient = ?1 AND state = 1", &e->total->n_outbox},
        {EMPTY_OUTBOX " WHERE patient = ?1 AND state = 3", &e->total->n_outbox},
        {DROP_FEEDBACK("patient"), NULL},
        {"DELETE FROM card WHERE patient = ?1", NULL},
        {"UPDATE due SET state = 1 WHERE identifier = ?1 AND state = 0", NULL},
        {"DELETE FROM filed WHERE patient = ?1", NULL},
        {"DELETE FROM withdrawal WHERE identifier = ?1", NULL},
        {"DELETE FROM sent WHERE patient = ?1", NULL},
        /* A link stands there from either side. */
        {"DELETE FROM link WHERE other = ?1 AND identifier IN"
         " (SELECT other FROM link WHERE identifier = ?1)",
         NULL},
        {"DELETE FROM link WHERE identifier = ?1", NULL},
        {"DELETE FROM moved WHERE prior = ?1", NULL},
        {"DELETE FROM visited WHERE identifier = ?1", NULL},
        {"UPDATE identifier SET value = 'erased ' || id, authority = '',"
         " type = '' WHERE id = ?1",
         NULL},
        {"DELETE FROM erasing WHERE identifier = ?1", NULL}};
    const int64_t value[] = {id, e->who->now_us};
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < sizeof(step) / sizeof(*step); i++)
        rc = change(w, step[i].text, value, step[i].changed);
    e->total->n_suggestions += n_said;
    e->total->n_identifiers++;
    return rc == SQLITE_OK ? audit_erasure(w, e, id, n_said) : rc;
}

static int erase_some(struct pl_writer *w, void *ctx)
{
    const struct erasure *e = ctx;
    int64_t identifier = 0;
    size_t n = 0;
    bool more = false;
    int rc = pl_erase_run(w, "SELECT min(identifier) FROM erasing", NULL, 0,
                          &identifier);

    e->total->more = identifier != 0;
    if (rc != SQLITE_OK || identifier == 0)
        return rc;
    rc = pl_erase_others(w, identifier, e->who->now_us, &n, &more);
    e->total->n_messages += (int64_t)n;
    if (rc != SQLITE_OK || more)
        return rc;
    rc = erase_messages(w, e, identifier, &n);
    return rc == SQLITE_OK && n < STEP ? erase_rest(w, e, identifier) : rc;
}

enum an_code pl_store_erase_step(struct pl_store *store,
                                 const struct pl_purge *who,
                                 struct pl_erased *total, struct an_err *err)
{
    struct erasure e = {.who = who, .total = total};

    return pl_store_transaction(store, erase_some, &e, err);
}

/* ---- the file -------------------------------------------------------------- */

static int vacuum_some(struct pl_writer *w, void *ctx)
{
    static const char count[] = "PRAGMA freelist_count";
    struct pl_purged *out = ctx;
    int64_t before = 0, after = 0;
    int rc = pl_erase_run(w, count, NULL, 0, &before);

    if (rc == SQLITE_OK && before == 0)
        return SQLITE_DONE;
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(w->db.sql, "PRAGMA incremental_vacuum(256)", NULL,
                          NULL, NULL);
    if (rc == SQLITE_OK)
        rc = pl_erase_run(w, count, NULL, 0, &after);
    if (rc != SQLITE_OK)
        return rc;
    /* A file of before this version gives nothing back: it uses pages again. */
    if (after >= before)
        return SQLITE_DONE;
    *out = (struct pl_purged){.n = before - after, .more = after != 0};
    return SQLITE_OK;
}

enum an_code pl_store_reclaim_step(struct pl_store *store,
                                   struct pl_purged *out, struct an_err *err)
{
    *out = (struct pl_purged){.n = 0};
    return pl_store_transaction(store, vacuum_some, out, err);
}

enum an_code pl_store_reclaim(struct pl_store *store, struct an_err *err)
{
    static const struct timespec pause = {0, PAUSE_NS};
    struct pl_purged done = {.more = true};
    enum an_code code = AN_OK;

    while (code == AN_OK && done.more)
        code = pl_store_reclaim_step(store, &done, err);
    if (code == AN_OK)
        code = pl_store_empty_log(store, err);
    for (int i = 0; code == AN_BUSY && i < PATIENCE; i++) {
        (void)nanosleep(&pause, NULL);
        code = pl_store_empty_log(store, err);
    }
    return code;
}
