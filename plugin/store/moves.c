/* SPDX-License-Identifier: Apache-2.0 */
/* What was moved: visits, and identifiers with all they have.  And what a
 * reader needs so that he does not read all of those who once had it. */
#include "plugin/store/writer_int.h"

#include "context/codec.h"
#include "plugin/store/claims_int.h"
#include "plugin/store/reader_int.h"

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

/* ---- links that a move ends ----------------------------------------------- */

struct link {
    int64_t other, message, last_us;
    bool known;
};

/* All of one identifier. */
struct links {
    int64_t moved;
    struct link *link; /* by other */
    size_t n;
    int64_t since; /* the first message that matters */
};

static int links_get(struct pl_writer *w, int64_t moved, struct links *out)
{
    sqlite3_stmt *s = stmt(w, PL_W_LINKS_OF);
    size_t room = 0;
    int rc;

    *out = (struct links){.moved = moved, .since = INT64_MAX};
    sqlite3_bind_int64(s, 1, moved);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct link *link =
            pl_grown(&w->arena, out->link, out->n, &room, sizeof(*link));

        if (link == NULL) {
            sqlite3_reset(s);
            return SQLITE_NOMEM;
        }
        out->link = link;
        link += out->n++;
        *link = (struct link){sqlite3_column_int64(s, 0),
                              sqlite3_column_int64(s, 1), INT64_MIN,
                              sqlite3_column_int64(s, 2) != INT64_MAX};
        if (!link->known && link->message < out->since)
            out->since = link->message;
    }
    return pl_writer_end(s, rc);
}

static struct link *link_to(const struct links *l, int64_t other)
{
    size_t low = 0, high = l->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (l->link[middle].other < other)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->n && l->link[low].other == other ? &l->link[low] : NULL;
}

static bool joins(const struct ctx_claim *c)
{
    return c->kind == CTX_CLAIM_SAME || c->kind == CTX_CLAIM_MERGE ||
           c->kind == CTX_CLAIM_MOVE;
}

/* What the rows of an identifier claim about the links. */
static int links_date(struct pl_writer *w, int64_t identifier, int64_t since,
                      struct links *l)
{
    sqlite3_stmt *s = stmt(w, PL_W_CLAIMS_SINCE);
    bool bad = false;
    int rc = SQLITE_DONE;

    sqlite3_bind_int64(s, 1, identifier);
    sqlite3_bind_int64(s, 2, since);
    while (!bad && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct an_str blob = pl_column(s, 0), rest = blob;
        struct ctx_claim c;
        int64_t other;

        while (pl_claims_next(blob, &rest, &c, &other, &bad)) {
            struct link *link = identifier == l->moved ? link_to(l, other)
                                : other == l->moved    ? link_to(l, identifier)
                                                       : NULL;

            if (link && joins(&c) && pl_claim_us(&c) > link->last_us)
                link->last_us = pl_claim_us(&c);
        }
    }
    if (bad) {
        sqlite3_reset(s);
        return SQLITE_CORRUPT;
    }
    return pl_writer_end(s, rc);
}

/* A link stands there from either side. */
int pl_writer_judge_link(struct pl_writer *w, int64_t a, int64_t b)
{
    sqlite3_stmt *s = stmt(w, PL_W_JUDGE_LINK);
    int rc;

    sqlite3_bind_int64(s, 1, a);
    sqlite3_bind_int64(s, 2, b);
    rc = pl_writer_run(w, PL_W_JUDGE_LINK);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(s, 1, b);
    sqlite3_bind_int64(s, 2, a);
    return pl_writer_run(w, PL_W_JUDGE_LINK);
}

/* When one was last said to be the other, if that was not kept. */
static int link_date(struct pl_writer *w, const struct link *link,
                     struct links *l)
{
    sqlite3_stmt *s = stmt(w, PL_W_END_LINK);
    int rc;

    if (link->known)
        return SQLITE_OK;
    rc = links_date(w, link->other, link->message, l);
    sqlite3_bind_int64(s, 1, l->moved);
    sqlite3_bind_int64(s, 2, link->other);
    sqlite3_bind_int64(s, 3, link->last_us);
    return rc == SQLITE_OK ? pl_writer_run(w, PL_W_END_LINK) : rc;
}

/* Until when it was linked with whom, once its moves have changed: a dummy
 * record, through which patients pass, must not make one of all of them. */
static int links_end(struct pl_writer *w, int64_t moved)
{
    struct links l;
    int rc = links_get(w, moved, &l);

    if (rc == SQLITE_OK && l.since != INT64_MAX)
        rc = links_date(w, moved, l.since, &l);
    for (size_t i = 0; rc == SQLITE_OK && i < l.n; i++) {
        rc = link_date(w, &l.link[i], &l);
        if (rc == SQLITE_OK)
            rc = pl_writer_judge_link(w, moved, l.link[i].other);
    }
    return rc;
}

/* ---- which messages speak of a visit -------------------------------------- */

static int put_visited(struct pl_writer *w, int64_t identifier,
                       struct an_str visit, int64_t message)
{
    sqlite3_stmt *s = stmt(w, PL_W_PUT_VISITED);

    sqlite3_bind_int64(s, 1, identifier);
    pl_bind_text(s, 2, visit);
    sqlite3_bind_int64(s, 3, message);
    return pl_writer_run(w, PL_W_PUT_VISITED);
}

static int put_fact(struct pl_writer *w, int64_t identifier, struct an_str fact,
                    int64_t message)
{
    char name[PL_FACT_NAME];

    if (pl_fact_name(fact, name, NULL) != AN_OK)
        return SQLITE_NOMEM;
    return put_visited(w, identifier, an_str_c(name), message);
}

/* By the visits that it is about and by its facts (reader_int.h): other versions
 * of them may name no visit, or these. */
int pl_writer_visits_of(struct pl_writer *w, int64_t identifier,
                        int64_t message, struct an_str blob)
{
    struct an_mark mark = an_arena_mark(&w->aside);
    const struct ctx_event *e;
    size_t n = 0;
    int rc = pl_writer_events(w, blob, &e, &n);

    for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
        if (pl_is_first_of_visit(e, i))
            rc = put_visited(w, identifier, e[i].encounter, message);
        if (rc == SQLITE_OK && pl_is_first_of_fact(e, i))
            rc = put_fact(w, identifier, e[i].fact, message);
    }
    an_arena_rewind(&w->aside, mark);
    return rc;
}

/* From then on pl_writer_visited goes on. */
int pl_writer_visits_index(struct pl_writer *w, int64_t identifier)
{
    sqlite3_stmt *s = stmt(w, PL_W_EVENTS_OF);
    int64_t found;
    int rc;

    sqlite3_bind_int64(stmt(w, PL_W_FIND_VISITED), 1, identifier);
    rc = pl_writer_number(w, PL_W_FIND_VISITED, &found);
    if (rc != SQLITE_OK || found)
        return rc;
    sqlite3_bind_int64(s, 1, identifier);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        rc = pl_writer_visits_of(w, identifier, sqlite3_column_int64(s, 0),
                                 pl_column(s, 1));
        if (rc != SQLITE_OK)
            break;
    }
    rc = pl_writer_end(s, rc);
    return rc == SQLITE_OK ? put_visited(w, identifier, AN_STR(""), 0) : rc;
}

/* Of both persons, all identifiers under which the visit may be filed.  More
 * than a reader takes are none. */
int pl_writer_visits_index_both(struct pl_writer *w, int64_t current,
                                int64_t prior)
{
    sqlite3_stmt *s = stmt(w, PL_W_NOT_VISITED);
    int64_t *id = an_arena_get(&w->arena, PL_LIMIT_MEMBERS, sizeof(*id));
    size_t n = 0;
    int rc;

    if (id == NULL)
        return SQLITE_NOMEM;
    sqlite3_bind_int64(s, 1, current);
    sqlite3_bind_int64(s, 9, prior);
    sqlite3_bind_int64(s, 2, PL_LIMIT_MEMBERS);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW && n < PL_LIMIT_MEMBERS)
        id[n++] = sqlite3_column_int64(s, 0);
    rc = pl_writer_end(s, rc);
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
        rc = pl_writer_visits_index(w, id[i]);
    return rc;
}

int pl_writer_visited(struct pl_writer *w, const struct pl_derivation *d)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_filings; i++) {
        const struct pl_filing *f = &d->in->filing[i];

        if (f->n_events)
            rc = pl_writer_has_moves(w, d->filed[i], &d->moves[i]);
        if (rc == SQLITE_OK && d->moves[i])
            rc = pl_writer_visits_of(w, d->filed[i], d->message, f->blob);
    }
    return rc;
}

/* ---- moves ---------------------------------------------------------------- */

static bool is_move(const struct ctx_claim *c, int64_t current, int64_t prior)
{
    if (c->kind == CTX_CLAIM_VISIT)
        return c->prior_visit.n != 0;
    return c->kind == CTX_CLAIM_MOVE && current != prior;
}

/* Binds the row of a claim; the times may be equal in several. */
static void bind_moved(sqlite3_stmt *s, const struct ctx_claim *c,
                       int64_t current, int64_t prior, int64_t message)
{
    bool is_visit = c->kind == CTX_CLAIM_VISIT;

    sqlite3_bind_int64(s, 1, prior);
    pl_bind_text(s, 2, is_visit ? c->prior_visit : AN_STR(""));
    sqlite3_bind_int64(s, 3, pl_claim_us(c));
    sqlite3_bind_int64(s, 4, current);
    pl_bind_text(s, 5, is_visit ? c->visit : AN_STR(""));
    sqlite3_bind_int64(s, 6, message);
}

int pl_writer_moves_known(struct pl_writer *w, const struct pl_derivation *d,
                          bool *known)
{
    int rc = SQLITE_OK;

    *known = true;
    for (size_t i = 0; rc == SQLITE_OK && *known && i < d->in->n_claims; i++) {
        const struct ctx_claim *c = &d->in->claim[i];
        int64_t found;

        if (!is_move(c, d->current[i], d->prior[i]))
            continue;
        bind_moved(stmt(w, PL_W_FIND_MOVED), c, d->current[i], d->prior[i],
                   d->message);
        rc = pl_writer_number(w, PL_W_FIND_MOVED, &found);
        *known = found != 0;
    }
    return rc;
}

int pl_writer_moves(struct pl_writer *w, const struct pl_derivation *d)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_claims; i++) {
        const struct ctx_claim *c = &d->in->claim[i];

        if (!is_move(c, d->current[i], d->prior[i]))
            continue;
        bind_moved(stmt(w, PL_W_PUT_MOVED), c, d->current[i], d->prior[i],
                   d->message);
        sqlite3_bind_int64(stmt(w, PL_W_PUT_MOVED), 7, c->available_us);
        rc = pl_writer_run(w, PL_W_PUT_MOVED);
        if (rc == SQLITE_OK)
            rc =
                c->kind == CTX_CLAIM_VISIT
                    ? pl_writer_visits_index_both(w, d->current[i], d->prior[i])
                    : links_end(w, d->prior[i]);
    }
    return rc;
}

/* Another claim may still say the same, but that is to be looked up now. */
static int link_doubt(struct pl_writer *w, int64_t a, int64_t b)
{
    sqlite3_bind_int64(stmt(w, PL_W_DOUBT_LINK), 1, a);
    sqlite3_bind_int64(stmt(w, PL_W_DOUBT_LINK), 2, b);
    return pl_writer_run(w, PL_W_DOUBT_LINK);
}

/* Those whom it had parted hang together again. */
static int links_come_back(struct pl_writer *w, int64_t current, int64_t prior)
{
    int rc = links_end(w, prior);
    bool have;

    return rc == SQLITE_OK ? pl_writer_share_moves(w, current, prior, &have)
                           : rc;
}

int pl_writer_claims_drop(struct pl_writer *w, int64_t message,
                          const struct pl_said_row *row)
{
    struct an_str rest = row->claims;
    struct ctx_claim c;
    bool bad = false;
    int rc = SQLITE_OK;
    int64_t prior;

    while (rc == SQLITE_OK &&
           pl_claims_next(row->claims, &rest, &c, &prior, &bad)) {
        if (c.kind == CTX_CLAIM_SAME)
            rc = link_doubt(w, row->identifier, prior);
        if (!is_move(&c, row->identifier, prior))
            continue;
        bind_moved(stmt(w, PL_W_DROP_MOVED), &c, row->identifier, prior,
                   message);
        rc = pl_writer_run(w, PL_W_DROP_MOVED);
        if (rc == SQLITE_OK && c.kind == CTX_CLAIM_MOVE)
            rc = links_come_back(w, row->identifier, prior);
    }
    return bad ? SQLITE_CORRUPT : rc;
}
