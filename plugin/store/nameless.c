/* SPDX-License-Identifier: Apache-2.0 */
/* What is filed under one who is erased, and is another's by moves of visits:
 * kept under a number that names nobody, with the moves that led there and on, so
 * that a reader finds it as before. */
#include "plugin/store/erase_int.h"

#include "context/codec.h"
#include "context/timeline.h"
#include "context/visit.h"
#include "plugin/store/derived_int.h"

#include <stdio.h>

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

/* ---- its number ------------------------------------------------------------ */

/* By the least of hers: a number is erased once.  Of moves of one moment the one to
 * the lesser identifier counts: this is less than those that hospitals give. */
int pl_nameless_find(struct pl_erasing *x)
{
    struct ctx_identifier id = {AN_STR(""), AN_STR(""), AN_STR("")};
    char value[64];
    int rc;

    (void)snprintf(value, sizeof(value), "(erased %lld)", (long long)x->first);
    id.value = an_str_c(value);
    rc = pl_writer_identifier(x->w, &id, &x->nameless);
    return rc == SQLITE_OK ? pl_writer_visits_index(x->w, x->nameless) : rc;
}

int pl_nameless_end(struct pl_erasing *x)
{
    static const char *const drop[] = {
        "DELETE FROM visited WHERE identifier = ?1",
        "DELETE FROM identifier WHERE id = ?1"};
    int64_t found;
    int rc = pl_erase_run(x->w,
                          "SELECT EXISTS (SELECT 1 FROM said"
                          " WHERE identifier = ?1)"
                          " OR EXISTS (SELECT 1 FROM moved WHERE prior = ?1)"
                          " OR EXISTS (SELECT 1 FROM moved WHERE current = ?1)",
                          &x->nameless, 1, &found);

    for (size_t i = 0; rc == SQLITE_OK && !found && i < 2; i++)
        rc = pl_erase_run(x->w, drop[i], &x->nameless, 1, NULL);
    return rc;
}

/* ---- moves of visits ------------------------------------------------------- */

#define MOVED                                                                  \
    "SELECT prior, prior_visit, said_us, current, visit, message,"             \
    " available_us FROM moved WHERE +prior_visit > '' AND "

int pl_moved_get(struct pl_writer *w, const char *which, int64_t identifier,
                 struct pl_moved **out, size_t *n)
{
    sqlite3_stmt *s = NULL;
    size_t room = 0;
    char text[256];
    int rc;

    *out = NULL;
    *n = 0;
    (void)snprintf(text, sizeof(text), MOVED "%s", which);
    rc = sqlite3_prepare_v2(w->db.sql, text, -1, &s, NULL);
    if (rc == SQLITE_OK)
        sqlite3_bind_int64(s, 1, identifier);
    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct pl_moved *m = pl_grown(&w->arena, *out, *n, &room, sizeof(*m));

        rc = SQLITE_NOMEM;
        if (m == NULL)
            break;
        *out = m;
        m += (*n)++;
        *m = (struct pl_moved){.prior = sqlite3_column_int64(s, 0),
                               .said_us = sqlite3_column_int64(s, 2),
                               .current = sqlite3_column_int64(s, 3),
                               .message = sqlite3_column_int64(s, 5),
                               .available_us = sqlite3_column_int64(s, 6)};
        if (!pl_column_copy(&w->arena, s, 1, &m->prior_visit) ||
            !pl_column_copy(&w->arena, s, 4, &m->visit))
            break;
        rc = SQLITE_OK;
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int put_moved(struct pl_writer *w, const struct pl_moved *m)
{
    sqlite3_stmt *s = stmt(w, PL_W_PUT_MOVED);

    sqlite3_bind_int64(s, 1, m->prior);
    pl_bind_text(s, 2, m->prior_visit);
    sqlite3_bind_int64(s, 3, m->said_us);
    sqlite3_bind_int64(s, 4, m->current);
    pl_bind_text(s, 5, m->visit);
    sqlite3_bind_int64(s, 6, m->message);
    sqlite3_bind_int64(s, 7, m->available_us);
    return pl_writer_run(w, PL_W_PUT_MOVED);
}

static int64_t without_name(const struct pl_erasing *x, int64_t number)
{
    size_t person;

    return pl_visits_person(&x->v, number, &person) && person == 0 ? x->nameless
                                                                   : number;
}

static bool stays(const struct ctx_visit_move *m)
{
    return m->prior == m->current &&
           an_str_eq(m->claim->visit, m->claim->prior_visit);
}

/* Of those that left the visit at its moment the one that counts. */
static bool is_first(const struct pl_visits *v, const struct pl_moved *m,
                     const struct ctx_visit *from, size_t current)
{
    const struct ctx_visit_move *first = NULL;

    for (size_t i = 0; i < v->n_moves; i++) {
        const struct ctx_visit_move *other = &v->move[i];
        int r = 1;

        if (other->prior != from->person || stays(other) ||
            other->claim->said_us != m->said_us ||
            !an_str_eq(other->claim->prior_visit, from->encounter))
            continue;
        if (first)
            r = ctx_identifier_cmp(&first->claim->current,
                                   &other->claim->current);
        if (r == 0)
            r = an_str_cmp(first->claim->visit, other->claim->visit);
        if (r > 0)
            first = other;
    }
    return first && first->current == current &&
           an_str_eq(first->claim->visit, m->visit);
}

/* One of a visit that is hers now leads nowhere any more. */
static int move_keep(struct pl_erasing *x, const struct pl_moved *m)
{
    struct ctx_visit at = {.encounter = m->prior_visit};
    struct pl_moved kept = *m;
    size_t current;

    if (!pl_visits_person(&x->v, m->prior, &at.person) ||
        !pl_visits_person(&x->v, m->current, &current) ||
        (current == 0 && !is_first(&x->v, m, &at, 0)))
        return SQLITE_OK;
    (void)ctx_visit_follow(x->v.move, x->v.n_moves, &at);
    if (at.person == 0)
        return SQLITE_OK;
    kept.prior = without_name(x, m->prior);
    kept.current = without_name(x, m->current);
    return put_moved(x->w, &kept);
}

int pl_nameless_moves(struct pl_erasing *x)
{
    static const char *const which[] = {PL_MOVED_FROM, PL_MOVED_TO};
    const struct pl_someone *p = &x->v.person[0];
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < 2 * p->n_members; i++) {
        int64_t number = p->member[i / 2].number;
        struct pl_moved *move;
        size_t n;

        if (number == x->nameless)
            continue;
        rc = pl_moved_get(x->w, which[i % 2], number, &move, &n);
        for (size_t k = 0; rc == SQLITE_OK && k < n; k++)
            rc = move_keep(x, &move[k]);
    }
    return rc;
}

/* ---- rows ------------------------------------------------------------------ */

static bool is_there(const struct ctx_event *event, size_t n,
                     const struct ctx_event *e)
{
    for (size_t i = 0; i < n; i++)
        if (ctx_event_cmp(&event[i], e) == 0)
            return true;
    return false;
}

/* What is there already, and what is not yet; false without news. */
static int merge(struct pl_writer *w, struct pl_said_row *row,
                 const struct ctx_event *event, size_t n, bool *changed)
{
    const struct ctx_event *had = NULL;
    struct ctx_event *all;
    size_t n_had = 0, n_all = 0;
    enum an_code code = AN_OK;

    if (row->n_events)
        code = ctx_events_decode(&w->arena, row->events, AN_STR(""), &had,
                                 &n_had, NULL);
    all = an_arena_get(&w->arena, n_had + n, sizeof(*all));
    if (code != AN_OK || all == NULL)
        return pl_erase_rc(code == AN_OK ? AN_NOMEM : code);
    for (; n_all < n_had; n_all++)
        all[n_all] = had[n_all];
    for (size_t i = 0; i < n; i++) {
        all[n_all] = event[i];
        all[n_all].message = AN_STR("");
        n_all += !is_there(all, n_all, &all[n_all]);
    }
    *changed = n_all > n_had;
    row->n_events = (int64_t)n_all;
    row->min_available_us = INT64_MAX;
    for (size_t i = 0; i < n_all; i++)
        if (all[i].available_us < row->min_available_us)
            row->min_available_us = all[i].available_us;
    return pl_erase_rc(
        ctx_events_encode(&w->arena, all, n_all, &row->events, NULL));
}

static int put_row(struct pl_writer *w, int64_t message,
                   const struct pl_said_row *row)
{
    sqlite3_stmt *s = stmt(w, PL_W_KEEP_NAMELESS);

    sqlite3_bind_int64(s, 1, row->identifier);
    sqlite3_bind_int64(s, 2, message);
    sqlite3_bind_int64(s, 3, row->min_available_us);
    sqlite3_bind_int64(s, 4, row->n_events);
    pl_bind_blob(s, 5, row->events);
    return pl_writer_run(w, PL_W_KEEP_NAMELESS);
}

/* The note of the message names it, too: what is removed by age is found there. */
static int note_add(struct pl_writer *w, int64_t message, int64_t identifier)
{
    sqlite3_stmt *s = stmt(w, PL_W_GET_DERIVED);
    struct an_str blob = AN_STR("");
    struct pl_derived note = {.n_identifiers = 0};
    int64_t *id;
    enum an_code code = AN_OK;

    sqlite3_bind_int64(s, 1, message);
    if (sqlite3_step(s) == SQLITE_ROW &&
        !an_arena_str(&w->arena, pl_column(s, 0), &blob))
        code = AN_NOMEM;
    sqlite3_reset(s);
    if (code == AN_OK)
        code = pl_derived_get(&w->arena, blob, &note, NULL);
    id = an_arena_get(&w->arena, note.n_identifiers + 1, sizeof(*id));
    if (code != AN_OK || id == NULL)
        return pl_erase_rc(code == AN_OK ? AN_NOMEM : code);
    for (size_t i = 0; i < note.n_identifiers; i++) {
        if (note.identifier[i] == identifier)
            return SQLITE_OK;
        id[i] = note.identifier[i];
    }
    id[note.n_identifiers++] = identifier;
    note.identifier = id;
    code = pl_derived_put(&w->arena, &note, &blob, NULL);
    if (code != AN_OK)
        return pl_erase_rc(code);
    s = stmt(w, PL_W_SET_DERIVED);
    sqlite3_bind_int64(s, 1, message);
    pl_bind_blob(s, 2, blob);
    return pl_writer_run(w, PL_W_SET_DERIVED);
}

int pl_nameless_put(struct pl_erasing *x, int64_t message,
                    const struct ctx_event *event, size_t n)
{
    struct pl_writer *w = x->w;
    struct pl_said_row row = {.identifier = x->nameless};
    struct an_mark mark = an_arena_mark(&w->arena);
    bool found, changed = false;
    int rc = pl_writer_said(w, x->nameless, message, &row, &found);

    if (rc == SQLITE_OK)
        rc = merge(w, &row, event, n, &changed);
    if (rc == SQLITE_OK && changed)
        rc = put_row(w, message, &row);
    if (rc == SQLITE_OK && changed)
        rc = pl_writer_visits_of(w, x->nameless, message, row.events);
    if (rc == SQLITE_OK && changed)
        rc = pl_writer_resources_kept(w, x->nameless, message);
    if (rc == SQLITE_OK && changed)
        rc = note_add(w, message, x->nameless);
    if (rc == SQLITE_OK && changed)
        rc = pl_erase_raw(w, message, x->now_us);
    x->n_kept += changed;
    an_arena_rewind(&w->arena, mark);
    return rc;
}

/* ---- what only closes ------------------------------------------------------ */

/* A consent says nothing else. */
struct ctx_event pl_nameless_closed(const struct ctx_event *e)
{
    struct ctx_event closed = {.kind = e->kind,
                               .status = e->status,
                               .labels = e->labels,
                               .said_us = e->said_us,
                               .available_us = e->available_us,
                               .fact = e->fact};

    if (e->kind == CTX_CONSENT)
        closed = *e;
    closed.encounter = AN_STR(PL_VISIT_CLOSED);
    return closed;
}

/* Known from ever, since at no moment it was of whom it is filed under. */
int pl_nameless_take(struct pl_erasing *x, int64_t identifier, int64_t message)
{
    const struct pl_moved m = {.prior = identifier,
                               .prior_visit = AN_STR(PL_VISIT_CLOSED),
                               .said_us = 1,
                               .current = x->nameless,
                               .visit = AN_STR(PL_VISIT_CLOSED),
                               .message = message,
                               .available_us = INT64_MIN};
    int rc = pl_writer_visits_index(x->w, identifier);

    return rc == SQLITE_OK ? put_moved(x->w, &m) : rc;
}
