/* SPDX-License-Identifier: Apache-2.0 */
/* What others have of one who is erased.  Whose a visit is the reader's part
 * finds (visits.c), so that what goes is what was shown as hers. */
#include "plugin/store/erase_int.h"

#include "context/codec.h"
#include "context/visit.h"
#include "plugin/store/claims_int.h"
#include "plugin/store/reader_int.h"

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

static int rc_of(enum an_code code)
{
    if (code == AN_OK)
        return SQLITE_OK;
    if (code == AN_NOMEM)
        return SQLITE_NOMEM;
    return code == AN_INTEGRITY || code == AN_UNSUPPORTED ? SQLITE_CORRUPT
                                                          : SQLITE_ERROR;
}

/* ---- a part of a row ------------------------------------------------------ */

/* What goes: events of a visit, "" for none; claims that name this one, 0 for
 * none. */
struct cut {
    struct an_str visit;
    int64_t other;
};

static int cut_events(struct pl_writer *w, const struct cut *cut,
                      struct pl_said_row *row, bool *changed)
{
    const struct ctx_event *event = NULL;
    struct ctx_event *kept;
    size_t n = 0, n_kept = 0;
    enum an_code code = AN_OK;

    if (row->n_events)
        code = ctx_events_decode(&w->arena, row->events, AN_STR(""), &event, &n,
                                 NULL);
    kept = an_arena_get(&w->arena, n, sizeof(*kept));
    if (code != AN_OK || kept == NULL)
        return rc_of(code == AN_OK ? AN_NOMEM : code);
    for (size_t i = 0; i < n; i++) {
        if (cut->visit.n && an_str_eq(event[i].encounter, cut->visit))
            continue;
        kept[n_kept++] = event[i];
        if (event[i].available_us < row->min_available_us)
            row->min_available_us = event[i].available_us;
    }
    *changed = n_kept < n;
    if (*changed) {
        row->events = AN_STR("");
        row->n_events = (int64_t)n_kept;
    }
    if (*changed && n_kept)
        code = ctx_events_encode(&w->arena, kept, n_kept, &row->events, NULL);
    return rc_of(code);
}

static int cut_claims(struct pl_writer *w, const struct cut *cut,
                      struct pl_said_row *row, bool *changed)
{
    struct an_str all = row->claims, rest = all;
    struct ctx_claim claim;
    struct an_buf kept;
    int64_t other;
    bool bad = false;

    *changed = false;
    an_buf_init(&kept, &w->arena, PL_LIMIT_MESSAGE_BYTES);
    while (pl_claims_next(all, &rest, &claim, &other, &bad)) {
        if (other == cut->other) {
            *changed = true;
            continue;
        }
        pl_claims_put(&kept, &claim, other);
        if (claim.available_us < row->min_available_us)
            row->min_available_us = claim.available_us;
    }
    if (bad)
        return SQLITE_CORRUPT;
    return *changed ? rc_of(an_buf_done(&kept, &row->claims, NULL)) : SQLITE_OK;
}

static int row_write(struct pl_writer *w, int64_t message,
                     const struct pl_said_row *row)
{
    enum pl_write which = PL_W_DROP_SAID;

    if (row->n_events || row->claims.n) {
        which = PL_W_CUT_SAID;
        sqlite3_bind_int64(stmt(w, which), 3, row->min_available_us);
        sqlite3_bind_int64(stmt(w, which), 4, row->n_events);
        pl_bind_blob(stmt(w, which), 5, row->events);
        pl_bind_blob(stmt(w, which), 6, row->claims);
    }
    sqlite3_bind_int64(stmt(w, which), 1, row->identifier);
    sqlite3_bind_int64(stmt(w, which), 2, message);
    return pl_writer_run(w, which);
}

/* The message, having spoken of her, loses its bytes, too. */
static int row_cut(struct pl_writer *w, int64_t identifier, int64_t message,
                   const struct cut *cut, int64_t now_us, size_t *n_rows)
{
    struct an_mark mark = an_arena_mark(&w->arena);
    struct pl_said_row row = {.min_available_us = INT64_MAX};
    bool found, events = false, claims = false;
    int rc = pl_writer_said(w, identifier, message, &row, &found);

    if (rc == SQLITE_OK && found)
        rc = cut_events(w, cut, &row, &events);
    if (rc == SQLITE_OK && found)
        rc = cut_claims(w, cut, &row, &claims);
    if (rc == SQLITE_OK && events)
        rc = pl_writer_resources_drop(w, identifier, message);
    if (rc == SQLITE_OK && (events || claims))
        rc = row_write(w, message, &row);
    if (rc == SQLITE_OK && events)
        rc = pl_writer_resources_kept(w, identifier, message);
    if (rc == SQLITE_OK && (events || claims)) {
        rc = pl_erase_raw(w, message, now_us);
        ++*n_rows;
    }
    an_arena_rewind(&w->arena, mark);
    return rc;
}

/* ---- moves of visits ------------------------------------------------------ */

/* A row of `moved`. */
struct moved {
    int64_t prior, said_us, current, message, available_us;
    struct an_str prior_visit, visit;
};

#define MOVED                                                                  \
    "SELECT prior, prior_visit, said_us, current, visit, message,"             \
    " available_us FROM moved WHERE +prior_visit > ''"

/* At most PL_ERASE_STEP rows, or all. */
static int moved_get(struct pl_writer *w, const char *text, int64_t identifier,
                     struct moved **out, size_t *n)
{
    sqlite3_stmt *s = NULL;
    size_t room = 0;
    int rc = sqlite3_prepare_v2(w->db.sql, text, -1, &s, NULL);

    *out = NULL;
    *n = 0;
    if (rc == SQLITE_OK)
        sqlite3_bind_int64(s, 1, identifier);
    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct moved *m = pl_grown(&w->arena, *out, *n, &room, sizeof(*m));

        rc = SQLITE_NOMEM;
        if (m == NULL)
            break;
        *out = m;
        m += (*n)++;
        *m = (struct moved){.prior = sqlite3_column_int64(s, 0),
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

static int moved_write(struct pl_writer *w, enum pl_write which,
                       const struct moved *m)
{
    sqlite3_stmt *s = stmt(w, which);

    sqlite3_bind_int64(s, 1, m->prior);
    pl_bind_text(s, 2, m->prior_visit);
    sqlite3_bind_int64(s, 3, m->said_us);
    sqlite3_bind_int64(s, 4, m->current);
    pl_bind_text(s, 5, m->visit);
    sqlite3_bind_int64(s, 6, m->message);
    if (which == PL_W_PUT_MOVED)
        sqlite3_bind_int64(s, 7, m->available_us);
    return pl_writer_run(w, which);
}

/* ---- whose visits are whose ----------------------------------------------- */

struct search {
    struct pl_writer *w;
    int64_t now_us;
    struct pl_reader reader; /* of the writer's own state */
    struct pl_visits v;      /* she is the first person */
    size_t n_rows;
};

static int is_erasing(struct pl_writer *w, int64_t identifier, bool *is)
{
    int64_t found;
    int rc = pl_erase_run(w, "SELECT 1 FROM erasing WHERE identifier = ?1",
                          &identifier, 1, &found);

    *is = found != 0;
    return rc;
}

/* Of the person those who are to be erased: more may have joined since. */
static int person_cut(struct pl_writer *w, const struct pl_web *web,
                      struct ctx_person *p)
{
    struct ctx_member *kept =
        an_arena_get(&w->arena, p->n_members, sizeof(*kept));
    size_t n = 0;
    int rc = kept ? SQLITE_OK : SQLITE_NOMEM;

    for (size_t i = 0; rc == SQLITE_OK && i < p->n_members; i++)
        for (size_t k = 0; k < web->n_nodes; k++) {
            bool is = false;

            if (ctx_identifier_cmp(&p->member[i].id, &web->node[k].id) != 0)
                continue;
            rc = is_erasing(w, web->node[k].number, &is);
            if (is)
                kept[n++] = p->member[i];
            break;
        }
    *p = (struct ctx_person){.member = kept, .n_members = n};
    return rc;
}

static int search_begin(struct search *x, int64_t identifier)
{
    struct pl_numbered who = {.number = identifier};
    struct an_arena *arena = &x->w->arena;
    struct ctx_person person;
    struct pl_web web;
    enum an_code code = pl_numbered_get(&x->reader, arena, &who, NULL);
    int rc;

    if (code == AN_OK)
        code = pl_web_person(&x->reader, arena, &who, CTX_AS_OF_ALL, &web,
                             &person, NULL);
    if (code != AN_OK)
        return rc_of(code);
    rc = person_cut(x->w, &web, &person);
    if (rc != SQLITE_OK)
        return rc;
    return rc_of(pl_visits_find(&x->reader, arena, &web, &person, CTX_AS_OF_ALL,
                                &x->v, NULL));
}

/* ---- visits that are hers ------------------------------------------------- */

/* Of a statement that is bound, and gives no more than a step's. */
static int messages(sqlite3_stmt *s, int64_t *message, size_t *n)
{
    int rc = SQLITE_ROW, reset;

    *n = 0;
    while (*n < PL_ERASE_STEP && (rc = sqlite3_step(s)) == SQLITE_ROW)
        message[(*n)++] = sqlite3_column_int64(s, 0);
    reset = sqlite3_reset(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : reset;
}

static int drop_visited(struct search *x, int64_t identifier,
                        struct an_str visit, int64_t message)
{
    sqlite3_stmt *s = stmt(x->w, PL_W_DROP_VISITED);

    sqlite3_bind_int64(s, 1, identifier);
    pl_bind_text(s, 2, visit);
    sqlite3_bind_int64(s, 3, message);
    return pl_writer_run(x->w, PL_W_DROP_VISITED);
}

/* What is filed under one identifier about a visit, up to a step's rows. */
static int visit_erase_of(struct search *x, int64_t identifier,
                          struct an_str visit)
{
    const struct cut cut = {.visit = visit};
    sqlite3_stmt *s = stmt(x->w, PL_W_SPEAKS_OF);
    int64_t message[PL_ERASE_STEP];
    size_t n = 0;
    int rc = pl_writer_visits_index(x->w, identifier);

    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(s, 1, identifier);
    pl_bind_text(s, 2, visit);
    sqlite3_bind_int64(s, 3, PL_ERASE_STEP - (int64_t)x->n_rows);
    rc = messages(s, message, &n);
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
        rc = row_cut(x->w, identifier, message[i], &cut, x->now_us, &x->n_rows);
        if (rc == SQLITE_OK)
            rc = drop_visited(x, identifier, visit, message[i]);
    }
    return rc;
}

static int visits_erase(struct search *x)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < x->v.n_visits; i++) {
        const struct pl_visit *visit = &x->v.visit[i];
        const struct pl_someone *p = &x->v.person[visit->person];
        struct ctx_visit at = {visit->person, visit->visit};

        if (!visit->is_source)
            continue;
        (void)ctx_visit_follow(x->v.move, x->v.n_moves, &at);
        for (size_t k = 0; at.person == 0 && rc == SQLITE_OK &&
                           x->n_rows < PL_ERASE_STEP && k < p->n_members;
             k++)
            rc = visit_erase_of(x, p->member[k].number, visit->visit);
    }
    return rc;
}

/* ---- visits that went on -------------------------------------------------- */

static int number_get(struct pl_writer *w, const struct ctx_identifier *id,
                      int64_t *number)
{
    sqlite3_stmt *s = stmt(w, PL_W_FIND_ID);

    pl_bind_text(s, 1, id->value);
    pl_bind_text(s, 2, id->authority);
    return pl_writer_number(w, PL_W_FIND_ID, number);
}

/* Where it led on, and since when that is known: of all moves on the way. */
static int lead_on(struct search *x, const struct ctx_claim *c,
                   struct moved *out)
{
    sqlite3_stmt *s = stmt(x->w, PL_W_FIRST_MOVED);
    int64_t prior = 0;
    int rc = number_get(x->w, &c->prior, &prior);

    if (rc == SQLITE_OK)
        rc = number_get(x->w, &c->current, &out->current);
    if (rc != SQLITE_OK)
        return rc;
    out->said_us = c->said_us;
    out->visit = c->visit;
    sqlite3_bind_int64(s, 1, prior);
    pl_bind_text(s, 2, c->prior_visit);
    sqlite3_bind_int64(s, 3, c->said_us);
    sqlite3_bind_int64(s, 4, out->current);
    pl_bind_text(s, 5, c->visit);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        out->message = sqlite3_column_int64(s, 0);
        if (sqlite3_column_int64(s, 1) > out->available_us)
            out->available_us = sqlite3_column_int64(s, 1);
    }
    sqlite3_reset(s);
    return rc == SQLITE_ROW ? SQLITE_OK : SQLITE_CORRUPT;
}

/* Something came there behind the one move and no later than the other, that
 * is not to be led on. */
static bool comes_between(const struct pl_visits *v, const struct ctx_visit *at,
                          int64_t after_us, int64_t until_us)
{
    for (size_t i = 0; i < v->n_moves; i++) {
        const struct ctx_visit_move *m = &v->move[i];

        if (m->current == at->person && m->claim->said_us > after_us &&
            m->claim->said_us <= until_us &&
            an_str_eq(m->claim->visit, at->encounter))
            return true;
    }
    return false;
}

/* The move to her that is `in`, if it counts where it came from; else NULL. */
static const struct ctx_visit_move *move_of(const struct pl_visits *v,
                                            const struct moved *in,
                                            const struct ctx_visit *from)
{
    const struct ctx_visit_move *m =
        ctx_visit_next(v->move, v->n_moves, from, NULL);

    return m && m->current == 0 && m->claim->said_us == in->said_us &&
                   an_str_eq(m->claim->visit, in->visit)
               ? m
               : NULL;
}

/* Of a move to her, if it is the one that counts, the one that takes its place:
 * to where the visit left her.  One move has one moment, and two had two: where
 * the number was used again of others, here and there, in between, what is filed
 * there then may be taken for the same visit. */
static int shortcut(struct search *x, const struct moved *in)
{
    const struct pl_visits *v = &x->v;
    struct ctx_visit from = {.encounter = in->prior_visit}, at;
    const struct ctx_visit_move *m;
    struct moved out = *in;
    int rc = SQLITE_OK;

    if (!pl_visits_person(v, in->prior, &from.person) || from.person == 0)
        return SQLITE_OK;
    m = move_of(v, in, &from);
    /* In a circle it would never leave. */
    for (size_t i = 0; m && m->current == 0 && i <= v->n_moves; i++) {
        at = (struct ctx_visit){0, m->claim->visit};
        m = ctx_visit_next(v->move, v->n_moves, &at, m);
        if (m)
            rc = lead_on(x, m->claim, &out);
        if (rc != SQLITE_OK)
            return rc;
    }
    if (m == NULL || m->current == 0)
        return SQLITE_OK;
    if (comes_between(v, &from, in->said_us, out.said_us))
        out.said_us = in->said_us;
    return moved_write(x->w, PL_W_PUT_MOVED, &out);
}

/* All in one transaction: which of them count depends on the others. */
static int shortcuts(struct search *x)
{
    const struct pl_someone *p = &x->v.person[0];
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < p->n_members; i++) {
        struct moved *in;
        size_t n;

        rc = moved_get(x->w, MOVED " AND current = ?1", p->member[i].number,
                       &in, &n);
        for (size_t k = 0; rc == SQLITE_OK && k < n; k++) {
            struct an_mark mark = an_arena_mark(&x->w->arena);

            rc = shortcut(x, &in[k]);
            if (rc == SQLITE_OK)
                rc = moved_write(x->w, PL_W_DROP_MOVED, &in[k]);
            an_arena_rewind(&x->w->arena, mark);
        }
    }
    return rc;
}

/* What went on from her, and who says so. */
static int moves_erase(struct search *x)
{
    const struct pl_someone *p = &x->v.person[0];
    int rc = SQLITE_OK;

    for (size_t i = 0;
         rc == SQLITE_OK && x->n_rows < PL_ERASE_STEP && i < p->n_members;
         i++) {
        const struct cut cut = {.other = p->member[i].number};
        struct moved *from;
        size_t n;

        rc = moved_get(x->w, MOVED " AND prior = ?1 LIMIT 64",
                       p->member[i].number, &from, &n);
        for (size_t k = 0; rc == SQLITE_OK && k < n; k++) {
            rc = row_cut(x->w, from[k].current, from[k].message, &cut,
                         x->now_us, &x->n_rows);
            if (rc == SQLITE_OK)
                rc = moved_write(x->w, PL_W_DROP_MOVED, &from[k]);
        }
    }
    return rc;
}

/* One step; the events go before the moves that say whose they are. */
static int erase_moved(struct search *x, int64_t identifier)
{
    enum an_code code = pl_reader_within(&x->reader, &x->w->db, NULL);
    int rc = rc_of(code);

    if (rc == SQLITE_OK)
        rc = search_begin(x, identifier);
    if (rc == SQLITE_OK)
        rc = visits_erase(x);
    if (rc == SQLITE_OK && x->n_rows < PL_ERASE_STEP)
        rc = shortcuts(x);
    if (rc == SQLITE_OK && x->n_rows < PL_ERASE_STEP)
        rc = moves_erase(x);
    pl_reader_leave(&x->reader);
    return rc;
}

/* ---- links ---------------------------------------------------------------- */

/* What is filed under `other` of claims that name the identifier. */
static int claims_erase(struct search *x, int64_t identifier, int64_t other,
                        int64_t since)
{
    const struct cut cut = {.other = identifier};
    sqlite3_stmt *s = stmt(x->w, PL_W_CLAIMING_SINCE);
    int64_t message[PL_ERASE_STEP];
    size_t n = PL_ERASE_STEP;
    int rc = SQLITE_OK;

    while (rc == SQLITE_OK && n == PL_ERASE_STEP) {
        sqlite3_bind_int64(s, 1, other);
        sqlite3_bind_int64(s, 2, since);
        sqlite3_bind_int64(s, 3, PL_ERASE_STEP);
        rc = messages(s, message, &n);
        for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
            rc = row_cut(x->w, other, message[i], &cut, x->now_us, &x->n_rows);
        if (n)
            since = message[n - 1] + 1;
    }
    return rc;
}

/* One link to somebody who stays; *other is 0 when there is none. */
static int erase_link(struct search *x, int64_t identifier, int64_t *other)
{
    int64_t value[2] = {identifier, 0}, since = 0;
    int rc = pl_erase_run(x->w,
                          "SELECT other FROM link WHERE identifier = ?1 AND"
                          " other NOT IN (SELECT identifier FROM erasing)"
                          " LIMIT 1",
                          value, 1, other);

    value[1] = *other;
    if (rc != SQLITE_OK || *other == 0)
        return rc;
    rc = pl_erase_run(x->w,
                      "SELECT message FROM link WHERE identifier = ?1"
                      " AND other = ?2",
                      value, 2, &since);
    if (rc == SQLITE_OK)
        rc = claims_erase(x, identifier, *other, since);
    if (rc == SQLITE_OK)
        rc = pl_erase_run(x->w,
                          "DELETE FROM link WHERE identifier IN (?1, ?2)"
                          " AND other IN (?1, ?2)",
                          value, 2, NULL);
    return rc;
}

int pl_erase_others(struct pl_writer *w, int64_t identifier, int64_t now_us,
                    size_t *n_rows, bool *more)
{
    struct search x = {.w = w, .now_us = now_us};
    int64_t moved = 0, other = 1;
    int rc = pl_erase_run(
        w,
        "SELECT identifier FROM erasing e WHERE EXISTS"
        " (SELECT 1 FROM moved WHERE prior = e.identifier"
        " AND prior_visit > '') OR EXISTS (SELECT 1 FROM moved"
        " WHERE current = e.identifier AND +prior_visit > '') LIMIT 1",
        NULL, 0, &moved);

    *more = moved != 0;
    if (rc == SQLITE_OK && moved)
        rc = erase_moved(&x, moved);
    while (rc == SQLITE_OK && !moved && other && x.n_rows < PL_ERASE_STEP)
        rc = erase_link(&x, identifier, &other);
    *more = *more || other != 0;
    *n_rows = x.n_rows;
    return rc;
}
