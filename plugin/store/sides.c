/* SPDX-License-Identifier: Apache-2.0 */
/* Whom it concerns that two are joined, or parted: those who have a visit now of
 * which either has what the other's moves, or other versions, take along. */
#include "plugin/store/led_int.h"

#include "base/sort.h"
#include "context/visit.h"
#include "plugin/store/reader_int.h"
#include "plugin/store/writer_int.h"

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

/* ---- what both know -------------------------------------------------------- */

/* The statements of both sides; `other` takes the second for the first. */
static sqlite3_stmt *of_sides(struct pl_writer *w, enum pl_write which,
                              const struct pl_sides *sides, bool other)
{
    sqlite3_stmt *s = stmt(w, which);

    sqlite3_bind_int64(s, 1, sides->current);
    sqlite3_bind_int64(s, 9, sides->prior);
    sqlite3_bind_int64(s, 3, !sides->is_alone);
    sqlite3_bind_int64(s, 4, other);
    return s;
}

/* Whether two versions of one fact stand on either side. */
static bool is_of_both(const struct pl_versions *of, const struct pl_version *v)
{
    for (size_t i = 0; i < of->n; i++)
        if (of->version[i].is_near != v->is_near &&
            an_str_eq(of->version[i].event->fact, v->event->fact))
            return true;
    return false;
}

/* Whether it goes along with a visit that came, unless another of its side says of
 * which it is; the first of those. */
static bool goes_along(const struct pl_versions *of, const struct pl_version *v)
{
    if (v->event->encounter.n || v->event->kind == CTX_CONSENT)
        return false;
    for (const struct pl_version *o = of->version; o < of->version + of->n; o++)
        if (o->is_near == v->is_near && (o->event->encounter.n || o < v) &&
            an_str_eq(o->event->fact, v->event->fact))
            return false;
    return true;
}

/* With those that came to the other side, or where that knows the fact, to its
 * own. */
static int led_by_along(struct pl_writer *w, const struct pl_sides *sides,
                        bool other, const struct pl_versions *of,
                        const struct pl_version *v, struct pl_led *out)
{
    const struct pl_but but = {sides->current, sides->prior};
    bool far = other != v->is_near;
    int rc = pl_led_by_came(w, of_sides(w, PL_W_CAME_TO, sides, far), but,
                            v->event, out);

    if (rc == SQLITE_OK && is_of_both(of, v))
        rc = pl_led_by_came(w, of_sides(w, PL_W_CAME_TO, sides, !far), but,
                            v->event, out);
    return rc;
}

/* Those of that name: a report tells of many more. */
static int keep_named(struct pl_versions *of, struct an_str name)
{
    char own[PL_FACT_NAME];
    size_t kept = 0;

    for (size_t i = 0; i < of->n; i++) {
        if (pl_fact_name(of->version[i].event->fact, own, NULL) != AN_OK)
            return SQLITE_NOMEM;
        if (an_str_eq(an_str_c(own), name))
            of->version[kept++] = of->version[i];
    }
    of->n = kept;
    return SQLITE_OK;
}

static int led_by_both(struct pl_writer *w, const struct pl_sides *sides,
                       bool other, bool all, struct an_str name,
                       struct pl_led *out)
{
    sqlite3_stmt *s = of_sides(w, PL_W_NAMED_BOTH, sides, other);
    struct an_mark mark = an_arena_mark(&w->aside);
    struct pl_versions versions = {NULL, 0, 0};
    struct pl_rows rows = {.n = 0};
    int rc;

    pl_bind_text(s, 2, name);
    sqlite3_bind_int64(s, 5, all);
    rc = pl_versions_take(w, s, AN_STR(""), &rows, &versions);
    if (rc == SQLITE_OK)
        rc = keep_named(&versions, name);
    for (size_t i = 0; rc == SQLITE_OK && i < versions.n; i++) {
        const struct pl_version *v = &versions.version[i];

        if (goes_along(&versions, v))
            rc = led_by_along(w, sides, other, &versions, v, out);
        else if (v->event->encounter.n && is_of_both(&versions, v))
            rc = pl_writer_led_to(w, sides->current, sides->prior,
                                  v->event->encounter, INT64_MIN, out);
    }
    an_arena_rewind(&w->aside, mark);
    return rc;
}

/* Visits, and names of facts, that both sides know. */
static int led_by_shared(struct pl_writer *w, const struct pl_sides *sides,
                         bool other, struct pl_led *out)
{
    sqlite3_stmt *s = of_sides(w, PL_W_SHARED, sides, other);
    int rc;

    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct an_mark mark = an_arena_mark(&w->aside);
        struct an_str name;

        if (!pl_column_copy(&w->aside, s, 0, &name)) {
            rc = SQLITE_NOMEM;
            break;
        }
        rc = pl_is_fact_name(name)
                 ? led_by_both(w, sides, other, true, name, out)
                 : pl_writer_led_to(w, sides->current, sides->prior, name,
                                    INT64_MIN, out);
        an_arena_rewind(&w->aside, mark);
        if (rc != SQLITE_OK)
            break;
    }
    return pl_writer_end(s, rc);
}

/* ---- what goes along ------------------------------------------------------ */

struct facts {
    struct an_str *fact;
    size_t n, room;
};

static int fact_add(struct pl_writer *w, struct an_str fact, struct facts *out)
{
    struct an_str *f;

    if (fact.n == 0 || (out->n && an_str_eq(out->fact[out->n - 1], fact)))
        return SQLITE_OK;
    f = pl_grown(&w->arena, out->fact, out->n, &out->room, sizeof(*f));
    if (f == NULL || !an_arena_str(&w->arena, fact, &f[out->n]))
        return SQLITE_NOMEM;
    out->fact = f;
    out->n++;
    return SQLITE_OK;
}

/* Of a row what names no visit; or what is of one that came, as it is called
 * here. */
static int facts_add(struct pl_writer *w, const struct pl_row *row,
                     const struct pl_came *came, struct facts *out)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < row->n_events; i++) {
        const struct ctx_event *e = &row->event[i];
        struct an_str fact = e->fact;

        if (!an_str_eq(e->encounter, came ? came->visit : AN_STR("")) ||
            e->kind == CTX_CONSENT)
            continue;
        if (came && !ctx_visit_fact(&w->aside, e, came->here, &fact))
            return SQLITE_NOMEM;
        rc = fact_add(w, fact, out);
    }
    return rc;
}

/* Of the rows of a statement that is bound. */
static int facts_take(struct pl_writer *w, sqlite3_stmt *s,
                      const struct pl_came *came, struct facts *out)
{
    int rc;

    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct an_mark mark = an_arena_mark(&w->aside);
        struct pl_row row = {.identifier = sqlite3_column_int64(s, 0),
                             .message = sqlite3_column_int64(s, 1)};

        rc = pl_row_read(w, &row);
        if (rc == SQLITE_OK)
            rc = facts_add(w, &row, came, out);
        an_arena_rewind(&w->aside, mark);
        if (rc != SQLITE_OK)
            break;
    }
    return pl_writer_end(s, rc);
}

static int by_text(const void *x, const void *y)
{
    const struct an_str *a = x, *b = y;

    return an_str_cmp(*a, *b);
}

/* Each once; `all`: also where only the first side knows it. */
static int led_by_facts(struct pl_writer *w, const struct pl_sides *sides,
                        bool other, bool all, struct facts *of,
                        struct pl_led *out)
{
    void *scratch = an_arena_get(&w->arena, of->n / 2 + 1, sizeof(*of->fact));
    int rc = SQLITE_OK;

    if (scratch == NULL)
        return SQLITE_NOMEM;
    if (of->n)
        an_sort(of->fact, of->n, sizeof(*of->fact), scratch, by_text);
    for (size_t i = 0; rc == SQLITE_OK && i < of->n; i++) {
        char name[PL_FACT_NAME];

        if (i && an_str_eq(of->fact[i], of->fact[i - 1]))
            continue;
        if (pl_fact_name(of->fact[i], name, NULL) != AN_OK)
            return SQLITE_NOMEM;
        rc = led_by_both(w, sides, other, all, an_str_c(name), out);
    }
    return rc;
}

/* What the first side has without a visit, and the other of what came to it. */
static int led_by_stops(struct pl_writer *w, const struct pl_sides *sides,
                        bool other, struct pl_led *out)
{
    struct an_mark mark = an_arena_mark(&w->aside);
    struct facts own = {.n = 0}, passed = {.n = 0};
    struct pl_came *came = NULL;
    size_t n = 0;
    sqlite3_stmt *s = of_sides(w, PL_W_NEAR_CAME, sides, other);
    int rc = facts_take(w, s, NULL, &own);

    if (rc == SQLITE_OK)
        rc = led_by_facts(w, sides, other, true, &own, out);
    s = of_sides(w, PL_W_CAME_TO, sides, other);
    if (rc == SQLITE_OK)
        rc = pl_came_take(w, s, NULL, &came, &n);
    s = stmt(w, PL_W_NAMED_BY);
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
        sqlite3_bind_int64(s, 1, came[i].identifier);
        pl_bind_text(s, 2, came[i].visit);
        rc = facts_take(w, s, &came[i], &passed);
    }
    if (rc == SQLITE_OK)
        rc = led_by_facts(w, sides, other, false, &passed, out);
    an_arena_rewind(&w->aside, mark);
    return rc;
}

/* From the side of which little is known, so that a dummy record costs nobody
 * what it has. */
int pl_writer_led_by_sides(struct pl_writer *w, const struct pl_sides *sides,
                           struct pl_led *out)
{
    int64_t other;
    bool moves;
    int rc = pl_writer_share_moves(w, sides->current, sides->prior, &moves);

    if (rc != SQLITE_OK || !moves)
        return rc;
    (void)of_sides(w, PL_W_IS_CROWDED, sides, false);
    rc = pl_writer_number(w, PL_W_IS_CROWDED, &other);
    if (rc == SQLITE_OK)
        rc = led_by_shared(w, sides, other != 0, out);
    return rc == SQLITE_OK ? led_by_stops(w, sides, other != 0, out) : rc;
}
