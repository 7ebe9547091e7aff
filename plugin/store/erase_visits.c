/* SPDX-License-Identifier: Apache-2.0 */
/* Of one who is erased, the events of visits that were moved: hers that are filed
 * under others, and those of others that are filed under her.  The versions of a
 * fact that name no visit go along (sets_int.h). */
#include "plugin/store/erase_int.h"

#include "context/codec.h"
#include "context/visit.h"
#include "plugin/store/claims_int.h"
#include "plugin/store/sets_int.h"

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

/* Of a person's visit. */
static bool is_hers(const struct pl_erasing *x, size_t person,
                    struct an_str visit)
{
    struct ctx_visit at = {person, visit};

    (void)ctx_visit_follow(x->v.move, x->v.n_moves, &at);
    return at.person == 0;
}

/* Whether it is not of whom it is filed under: hers at another, or another's at
 * her. */
static bool is_away(const struct pl_erasing *x, size_t person,
                    struct an_str visit)
{
    return is_hers(x, person, visit) != (person == 0);
}

/* ---- a fact ---------------------------------------------------------------- */

/* Its versions that are filed under one person. */
struct fact {
    size_t person;
    struct an_str name;
    struct pl_sets sets;
    struct pl_homes homes;
    bool is_others; /* one of them is not hers */
    bool is_hers; /* by visits that passed: what names none and is of no home */
    bool is_along; /* and there is such */
};

/* What goes along with others' is theirs as well. */
static int fact_along(struct pl_erasing *x, struct fact *f)
{
    struct pl_along along = {f->person == 0, false};
    int rc =
        f->person ? pl_erase_along(x, f->person, f->name, &along) : SQLITE_OK;

    f->is_hers = along.is_hers && !along.is_others;
    f->is_others |= !f->is_hers;
    return rc;
}

static int fact_load(struct pl_erasing *x, size_t person, struct an_str name,
                     struct fact *out)
{
    static const struct pl_sets none = {.as_of_us = CTX_AS_OF_ALL};
    const struct pl_sets *sets = &out->sets;
    enum an_code code;

    *out = (struct fact){
        .person = person, .name = name, .sets.as_of_us = CTX_AS_OF_ALL};
    code = pl_fact_load(&x->reader, &x->w->arena, &x->v, person, name,
                        &out->sets, NULL);
    if (code == AN_OK &&
        !pl_homes_find(&x->w->arena, &x->v, person ? &none : sets,
                       person ? sets : &none, &out->homes))
        code = AN_NOMEM;
    for (size_t i = 0; code == AN_OK && i < sets->n; i++)
        for (size_t k = 0; k < sets->set[i].n; k++) {
            const struct ctx_event *e = &sets->set[i].event[k];

            if (pl_goes_along(&out->homes, person, e))
                out->is_along = true;
            else
                out->is_others |=
                    !is_hers(x, person, pl_home_of(&out->homes, person, e));
        }
    return code == AN_OK && out->is_along ? fact_along(x, out)
                                          : pl_erase_rc(code);
}

/* What of an event under her is kept without a name: of hers what closes, where the
 * fact is another's as well. */
static int event_keep(struct pl_erasing *x, const struct fact *f, bool passed,
                      int64_t message, const struct ctx_event *e)
{
    struct ctx_event closed;

    if (!is_hers(x, 0, pl_home_of(&f->homes, 0, e)) ||
        (passed && pl_goes_along(&f->homes, 0, e)))
        return pl_nameless_put(x, message, e, 1);
    if (!pl_closes(e) || (!passed && !f->is_others))
        return SQLITE_OK;
    closed = pl_nameless_closed(e);
    return pl_nameless_put(x, message, &closed, 1);
}

/* All of it at once, since some say with which visit the others go. */
static int fact_keep(struct pl_erasing *x, const struct fact *f, bool passed)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; i < f->sets.n; i++) {
        const struct pl_set *set = &f->sets.set[i];

        for (size_t k = 0; set->number != x->nameless && k < set->n; k++)
            if (rc == SQLITE_OK)
                rc = event_keep(x, f, passed, set->message, &set->event[k]);
    }
    return rc;
}

/* ---- a row ----------------------------------------------------------------- */

/* Which events of it: those of a visit, or without one those of a fact. */
struct only {
    struct an_str visit, fact;
};

static bool is_of(const struct only *only, const struct ctx_event *e)
{
    return an_str_eq(e->encounter, only->visit) &&
           (only->visit.n ||
            (e->kind != CTX_CONSENT && an_str_eq(e->fact, only->fact)));
}

/* What becomes of the events of a row. */
struct sorted {
    struct ctx_event *kept, *away;
    size_t n_kept, n_away;
    bool is_closed; /* of the kept, one that only closes */
};

/* Of hers at another, what closes a fact that is not only hers. */
static int keeps_closed(struct pl_erasing *x, size_t person,
                        const struct ctx_event *e, bool *keeps)
{
    struct pl_along along = {false, false};
    struct fact f;
    int rc = SQLITE_OK;

    *keeps = false;
    if (person == 0 || e->fact.n == 0 || !pl_closes(e))
        return SQLITE_OK;
    rc = fact_load(x, person, e->fact, &f);
    if (rc == SQLITE_OK && !f.is_others)
        rc = pl_erase_along(x, person, e->fact, &along);
    *keeps = f.is_others || along.is_others;
    return rc;
}

static int row_sort(struct pl_erasing *x, size_t person,
                    const struct pl_said_row *row, const struct only *only,
                    struct sorted *out)
{
    struct an_arena *arena = &x->w->arena;
    const struct ctx_event *e = NULL;
    size_t n = 0;
    enum an_code code = AN_OK;
    int rc = SQLITE_OK;

    if (row->n_events)
        code = ctx_events_decode(arena, row->events, AN_STR(""), &e, &n, NULL);
    *out = (struct sorted){.kept = an_arena_get(arena, n, sizeof(*out->kept)),
                           .away = an_arena_get(arena, n, sizeof(*out->away))};
    if (code == AN_OK && (out->kept == NULL || out->away == NULL))
        code = AN_NOMEM;
    if (code != AN_OK)
        return pl_erase_rc(code);
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
        bool closes = false;

        if (!is_of(only, &e[i])) {
            out->kept[out->n_kept++] = e[i];
            continue;
        }
        out->away[out->n_away++] = e[i];
        rc = keeps_closed(x, person, &e[i], &closes);
        if (closes)
            out->kept[out->n_kept++] = pl_nameless_closed(&e[i]);
        out->is_closed |= closes;
    }
    return rc;
}

int pl_erase_write(struct pl_writer *w, int64_t message,
                   struct pl_said_row *row)
{
    const struct ctx_event *e = NULL;
    enum pl_write which = PL_W_DROP_SAID;
    struct an_str rest = row->claims;
    struct ctx_claim claim;
    enum an_code code = AN_OK;
    size_t n = 0;
    bool bad = false;
    int64_t other;

    row->min_available_us = INT64_MAX;
    while (pl_claims_next(row->claims, &rest, &claim, &other, &bad))
        if (claim.available_us < row->min_available_us)
            row->min_available_us = claim.available_us;
    if (bad)
        return SQLITE_CORRUPT;
    if (row->n_events)
        code =
            ctx_events_decode(&w->arena, row->events, AN_STR(""), &e, &n, NULL);
    if (code != AN_OK)
        return pl_erase_rc(code);
    for (size_t i = 0; i < n; i++)
        if (e[i].available_us < row->min_available_us)
            row->min_available_us = e[i].available_us;
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

/* What is left under the identifier. */
static int row_left(struct pl_erasing *x, int64_t message,
                    struct pl_said_row *row, const struct sorted *s)
{
    int64_t identifier = row->identifier;
    enum an_code code = AN_OK;
    int rc = pl_writer_resources_drop(x->w, identifier, message);

    row->n_events = (int64_t)s->n_kept;
    row->events = AN_STR("");
    if (rc == SQLITE_OK && s->n_kept)
        code = ctx_events_encode(&x->w->arena, s->kept, s->n_kept, &row->events,
                                 NULL);
    if (rc == SQLITE_OK)
        rc = pl_erase_rc(code);
    if (rc == SQLITE_OK)
        rc = pl_erase_write(x->w, message, row);
    if (rc == SQLITE_OK)
        rc = pl_writer_resources_kept(x->w, identifier, message);
    if (rc == SQLITE_OK && s->is_closed)
        rc = pl_nameless_take(x, identifier, message);
    if (rc == SQLITE_OK && s->is_closed)
        rc = pl_writer_visits_of(x->w, identifier, message, row->events);
    return rc;
}

/* The message, having spoken of her, loses its bytes, too. */
static int row_take(struct pl_erasing *x, size_t person, int64_t identifier,
                    int64_t message, const struct only *only)
{
    struct pl_writer *w = x->w;
    struct an_mark mark = an_arena_mark(&w->arena);
    struct sorted s = {.n_away = 0};
    struct pl_said_row row;
    bool found;
    int rc = pl_writer_said(w, identifier, message, &row, &found);

    if (rc == SQLITE_OK && found)
        rc = row_sort(x, person, &row, only, &s);
    if (rc == SQLITE_OK && s.n_away && person == 0)
        rc = pl_nameless_put(x, message, s.away, s.n_away);
    if (rc == SQLITE_OK && s.n_away)
        rc = row_left(x, message, &row, &s);
    if (rc == SQLITE_OK && s.n_away) {
        rc = pl_erase_raw(w, message, x->now_us);
        x->n_rows++;
    }
    an_arena_rewind(&w->arena, mark);
    return rc;
}

/* ---- a visit --------------------------------------------------------------- */

static bool has_away(const struct pl_erasing *x, const struct fact *f,
                     const struct pl_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct ctx_event *e = &set->event[i];

        if (e->encounter.n == 0 && e->kind != CTX_CONSENT)
            return pl_goes_along(&f->homes, f->person, e)
                       ? f->person && f->is_hers
                       : is_away(x, f->person,
                                 pl_home_of(&f->homes, f->person, e));
    }
    return false;
}

/* While all of its versions are there that say with which visit the others go. */
static int fact_take(struct pl_erasing *x, size_t person, struct an_str name)
{
    const struct only only = {AN_STR(""), name};
    struct an_mark mark = an_arena_mark(&x->w->arena);
    struct fact f;
    int rc = fact_load(x, person, name, &f);

    if (rc == SQLITE_OK && person == 0 && f.is_others)
        rc = fact_keep(x, &f, false);
    for (size_t i = 0; rc == SQLITE_OK && i < f.sets.n; i++) {
        const struct pl_set *set = &f.sets.set[i];

        if (set->number != x->nameless && has_away(x, &f, set))
            rc = row_take(x, person, set->number, set->message, &only);
    }
    an_arena_rewind(&x->w->arena, mark);
    return rc;
}

/* ---- along the way of a visit of hers ------------------------------------- */

struct along {
    struct pl_erasing *x;
    const struct ctx_event *event;
    int rc;
};

static void along_at(void *ctx, const struct ctx_visit *at)
{
    struct along *a = ctx;
    struct an_str name;

    if (at->person == 0 || a->rc != SQLITE_OK)
        return;
    a->rc = ctx_visit_fact(&a->x->w->arena, a->event, at->encounter, &name)
                ? fact_take(a->x, at->person, name)
                : SQLITE_NOMEM;
}

/* What is filed at its stops, while this is there that says so. */
static int along_take(struct pl_erasing *x, size_t person,
                      const struct ctx_event *e)
{
    struct ctx_visit at = {person, e->encounter}, last = at;
    struct along a = {x, e, SQLITE_OK};

    (void)ctx_visit_follow(x->v.move, x->v.n_moves, &last);
    if (last.person == 0)
        (void)ctx_visit_walk(x->v.move, x->v.n_moves, &at, along_at, &a);
    return a.rc;
}

static int facts_take(struct pl_erasing *x, size_t person, int64_t identifier,
                      int64_t message, const struct only *only)
{
    struct pl_writer *w = x->w;
    struct an_mark mark = an_arena_mark(&w->arena);
    const struct ctx_event *e = NULL;
    struct pl_said_row row = {.n_events = 0};
    size_t n = 0;
    bool found;
    int rc = pl_writer_said(w, identifier, message, &row, &found);

    if (rc == SQLITE_OK && row.n_events)
        rc = pl_erase_rc(
            ctx_events_decode(&w->arena, row.events, AN_STR(""), &e, &n, NULL));
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
        if (e[i].fact.n && is_of(only, &e[i])) {
            rc = fact_take(x, person, e[i].fact);
            if (rc == SQLITE_OK)
                rc = along_take(x, person, &e[i]);
        }
    an_arena_rewind(&w->arena, mark);
    return rc;
}

static int drop_visited(struct pl_writer *w, int64_t identifier,
                        struct an_str visit, int64_t message)
{
    sqlite3_stmt *s = stmt(w, PL_W_DROP_VISITED);

    sqlite3_bind_int64(s, 1, identifier);
    pl_bind_text(s, 2, visit);
    sqlite3_bind_int64(s, 3, message);
    return pl_writer_run(w, PL_W_DROP_VISITED);
}

/* What is filed under one identifier about it, up to a step's rows. */
static int visit_take_of(struct pl_erasing *x, size_t person,
                         int64_t identifier, struct an_str visit)
{
    const struct only only = {visit, AN_STR("")};
    sqlite3_stmt *s = stmt(x->w, PL_W_SPEAKS_OF);
    int64_t message = 1;
    int rc = pl_writer_visits_index(x->w, identifier);

    while (rc == SQLITE_OK && message && x->n_rows < PL_ERASE_STEP) {
        sqlite3_bind_int64(s, 1, identifier);
        pl_bind_text(s, 2, visit);
        rc = pl_writer_number(x->w, PL_W_SPEAKS_OF, &message);
        if (rc == SQLITE_OK && message)
            rc = facts_take(x, person, identifier, message, &only);
        if (rc == SQLITE_OK && message)
            rc = row_take(x, person, identifier, message, &only);
        if (rc == SQLITE_OK && message)
            rc = drop_visited(x->w, identifier, visit, message);
    }
    return rc;
}

static int visit_take(struct pl_erasing *x, size_t person, struct an_str visit)
{
    const struct pl_someone *p = &x->v.person[person];
    int rc = SQLITE_OK;

    if ((person && an_str_eq(visit, AN_STR(PL_VISIT_CLOSED))) ||
        !is_away(x, person, visit))
        return SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < p->n_members; i++)
        if (p->member[i].number != x->nameless)
            rc = visit_take_of(x, person, p->member[i].number, visit);
    return rc;
}

/* One of hers that is filed under her and has been others' goes with the rest. */
static int visit_back(struct pl_erasing *x, struct an_str visit)
{
    const struct pl_visit from = {.person = 0, .visit = visit};
    struct an_mark mark = an_arena_mark(&x->w->arena);
    struct pl_sets sets = {.as_of_us = CTX_AS_OF_ALL};
    int rc = SQLITE_OK;

    if (is_hers(x, 0, visit))
        rc = pl_erase_rc(
            pl_visit_load(&x->reader, &x->w->arena, &x->v, &from, &sets, NULL));
    for (size_t i = 0; i < sets.n; i++)
        for (size_t k = 0; rc == SQLITE_OK && k < sets.set[i].n; k++)
            if (sets.set[i].event[k].fact.n)
                rc = along_take(x, 0, &sets.set[i].event[k]);
    an_arena_rewind(&x->w->arena, mark);
    return rc;
}

int pl_erase_visits(struct pl_erasing *x)
{
    const struct pl_visits *v = &x->v;
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < v->n_visits; i++)
        if (v->visit[i].is_source && v->visit[i].person != 0)
            rc = visit_take(x, v->visit[i].person, v->visit[i].visit);
    for (size_t i = 0; rc == SQLITE_OK && i < v->n_moves; i++)
        if (v->move[i].prior == 0)
            rc = visit_take(x, 0, v->move[i].claim->prior_visit);
    for (size_t i = 0; rc == SQLITE_OK && i < v->n_moves; i++)
        if (v->move[i].prior == 0 && x->n_rows < PL_ERASE_STEP)
            rc = visit_back(x, v->move[i].claim->prior_visit);
    return rc;
}

/* ---- a visit that passed --------------------------------------------------- */

static int fact_pass(struct pl_erasing *x, struct an_str name)
{
    struct an_mark mark = an_arena_mark(&x->w->arena);
    struct fact f;
    int rc = fact_load(x, 0, name, &f);

    if (rc == SQLITE_OK)
        rc = fact_keep(x, &f, true);
    an_arena_rewind(&x->w->arena, mark);
    return rc;
}

int pl_erase_passed(struct pl_erasing *x)
{
    const struct pl_ways *ways = NULL;
    const struct pl_way *last = NULL;
    int rc = pl_erase_ways(x, 0, &ways);

    for (size_t i = 0;
         rc == SQLITE_OK && x->n_kept < PL_ERASE_STEP && i < ways->n; i++) {
        const struct pl_way *way = &ways->way[i];

        if (way->is_hers || (last && an_str_eq(last->fact, way->fact)))
            continue;
        rc = fact_pass(x, way->fact);
        last = way;
    }
    return rc;
}
