/* SPDX-License-Identifier: Apache-2.0 */
/* What others have of one who is erased, and she of others.  Whose a visit is the
 * reader's part finds (visits.c), so that what goes is what was shown as hers. */
#include "plugin/store/erase_int.h"

#include "plugin/store/claims_int.h"

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

int pl_erase_rc(enum an_code code)
{
    if (code == AN_OK)
        return SQLITE_OK;
    if (code == AN_NOMEM)
        return SQLITE_NOMEM;
    return code == AN_INTEGRITY || code == AN_UNSUPPORTED ? SQLITE_CORRUPT
                                                          : SQLITE_ERROR;
}

/* ---- claims ---------------------------------------------------------------- */

/* What a row claims of `other`. */
static int cut_claims(struct pl_writer *w, int64_t other,
                      struct pl_said_row *row, bool *changed)
{
    struct an_str all = row->claims, rest = all;
    struct ctx_claim claim;
    struct an_buf kept;
    int64_t prior;
    bool bad = false;

    *changed = false;
    an_buf_init(&kept, &w->arena, PL_LIMIT_MESSAGE_BYTES);
    while (pl_claims_next(all, &rest, &claim, &prior, &bad)) {
        if (prior == other)
            *changed = true;
        else
            pl_claims_put(&kept, &claim, prior);
    }
    if (bad)
        return SQLITE_CORRUPT;
    return *changed ? pl_erase_rc(an_buf_done(&kept, &row->claims, NULL))
                    : SQLITE_OK;
}

/* The message, having spoken of her, loses its bytes, too. */
static int row_cut(struct pl_erasing *x, int64_t identifier, int64_t message,
                   int64_t other)
{
    struct pl_writer *w = x->w;
    struct an_mark mark = an_arena_mark(&w->arena);
    struct pl_said_row row;
    bool found, changed = false;
    int rc = pl_writer_said(w, identifier, message, &row, &found);

    if (rc == SQLITE_OK && found)
        rc = cut_claims(w, other, &row, &changed);
    if (rc == SQLITE_OK && changed)
        rc = pl_erase_write(w, message, &row);
    if (rc == SQLITE_OK && changed) {
        rc = pl_erase_raw(w, message, x->now_us);
        x->n_rows++;
    }
    an_arena_rewind(&w->arena, mark);
    return rc;
}

/* ---- whose visits are whose ------------------------------------------------ */

static int is_erasing(struct pl_writer *w, int64_t identifier, bool *is)
{
    int64_t found;
    int rc = pl_erase_run(w, "SELECT 1 FROM erasing WHERE identifier = ?1",
                          &identifier, 1, &found);

    *is = found != 0;
    return rc;
}

static int64_t number_in(const struct pl_web *web,
                         const struct ctx_identifier *id)
{
    for (size_t i = 0; i < web->n_nodes; i++)
        if (ctx_identifier_cmp(id, &web->node[i].id) == 0)
            return web->node[i].number;
    return 0;
}

/* What is kept without a name is of the same person until all is done, so that it
 * is led on as the rest.  `member` has room for it, and is sorted. */
static int nameless_join(struct pl_erasing *x, struct pl_web *web,
                         struct ctx_member *member, size_t *n)
{
    struct pl_numbered *node, s = {.number = x->nameless};
    enum an_code code = pl_numbered_get(&x->reader, &x->w->arena, &s, NULL);
    size_t at = *n;

    if (code != AN_OK)
        return pl_erase_rc(code);
    node = pl_grown(&x->w->arena, web->node, web->n_nodes, &web->room_nodes,
                    sizeof(*node));
    if (node == NULL)
        return SQLITE_NOMEM;
    web->node = node;
    node[web->n_nodes++] = s;
    for (; at && ctx_identifier_cmp(&member[at - 1].id, &s.id) > 0; at--)
        member[at] = member[at - 1];
    member[at] = (struct ctx_member){.id = s.id};
    ++*n;
    return SQLITE_OK;
}

/* Of the person those who are to be erased: more may have joined since. */
static int person_cut(struct pl_erasing *x, struct pl_web *web,
                      struct ctx_person *p)
{
    struct ctx_member *kept =
        an_arena_get(&x->w->arena, p->n_members + 1, sizeof(*kept));
    size_t n = 0;
    int rc = kept ? SQLITE_OK : SQLITE_NOMEM;

    for (size_t i = 0; rc == SQLITE_OK && i < p->n_members; i++) {
        int64_t number = number_in(web, &p->member[i].id);
        bool is = false;

        rc = is_erasing(x->w, number, &is);
        if (!is)
            continue;
        kept[n++] = p->member[i];
        if (x->first == 0 || number < x->first)
            x->first = number;
    }
    if (rc == SQLITE_OK)
        rc = pl_nameless_find(x);
    if (rc == SQLITE_OK)
        rc = nameless_join(x, web, kept, &n);
    *p = (struct ctx_person){.member = kept, .n_members = n};
    return rc;
}

static int search_begin(struct pl_erasing *x, int64_t identifier)
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
    rc = pl_erase_rc(code);
    if (rc == SQLITE_OK)
        rc = person_cut(x, &web, &person);
    if (rc != SQLITE_OK)
        return rc;
    return pl_erase_rc(pl_visits_find(&x->reader, arena, &web, &person,
                                      CTX_AS_OF_ALL, &x->v, NULL));
}

/* Who says that something went on from her. */
static int moves_unsay(struct pl_erasing *x)
{
    const struct pl_someone *p = &x->v.person[0];
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < p->n_members; i++) {
        struct pl_moved *from;
        size_t n;

        if (p->member[i].number == x->nameless)
            continue;
        rc = pl_moved_get(x->w, PL_MOVED_FROM, p->member[i].number, &from, &n);
        for (size_t k = 0;
             rc == SQLITE_OK && x->n_rows < PL_ERASE_STEP && k < n; k++)
            rc = row_cut(x, from[k].current, from[k].message,
                         p->member[i].number);
    }
    return rc;
}

/* All in one transaction: which of them count depends on the others. */
static int moves_drop(struct pl_erasing *x)
{
    const struct pl_someone *p = &x->v.person[0];
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < p->n_members; i++) {
        const int64_t number = p->member[i].number;

        if (number == x->nameless)
            continue;
        rc = pl_erase_run(x->w,
                          "DELETE FROM moved WHERE prior = ?1"
                          " AND prior_visit > ''",
                          &number, 1, NULL);
        if (rc == SQLITE_OK)
            rc = pl_erase_run(x->w,
                              "DELETE FROM moved WHERE current = ?1"
                              " AND +prior_visit > ''",
                              &number, 1, NULL);
    }
    return rc;
}

/* What others have of hers goes, then what she has of others is kept without her
 * name, and both before the moves that say whose it is. */
static int moved_erase(struct pl_erasing *x)
{
    int rc = pl_nameless_moves(x);

    if (rc == SQLITE_OK)
        rc = pl_erase_visits(x);
    if (rc == SQLITE_OK && x->n_rows < PL_ERASE_STEP)
        rc = moves_unsay(x);
    if (rc == SQLITE_OK && x->n_rows < PL_ERASE_STEP)
        rc = moves_drop(x);
    if (rc == SQLITE_OK && x->n_rows < PL_ERASE_STEP)
        rc = pl_nameless_end(x);
    return rc;
}

/* One step. */
static int erase_moved(struct pl_erasing *x, int64_t identifier)
{
    enum an_code code = pl_reader_within(&x->reader, &x->w->db, NULL);
    int rc = pl_erase_rc(code);

    an_arena_init(&x->ways, x->w->arena.limit_bytes);
    if (rc == SQLITE_OK)
        rc = search_begin(x, identifier);
    if (rc == SQLITE_OK)
        rc = pl_erase_passed(x);
    if (rc == SQLITE_OK && x->n_kept < PL_ERASE_STEP)
        rc = moved_erase(x);
    an_arena_free(&x->ways);
    pl_reader_leave(&x->reader);
    return rc;
}

/* ---- links ---------------------------------------------------------------- */

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

/* What is filed under `other` of claims that name the identifier. */
static int claims_erase(struct pl_erasing *x, int64_t identifier, int64_t other,
                        int64_t since)
{
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
            rc = row_cut(x, other, message[i], identifier);
        if (n)
            since = message[n - 1] + 1;
    }
    return rc;
}

/* One link to somebody who stays; *other is 0 when there is none. */
static int erase_link(struct pl_erasing *x, int64_t identifier, int64_t *other)
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
    struct pl_erasing x = {.w = w, .now_us = now_us};
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
