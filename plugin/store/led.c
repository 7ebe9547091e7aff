/* SPDX-License-Identifier: Apache-2.0 */
/* Whom else it concerns what is filed of one: those to whom moves led a visit on
 * that it is about. */
#include "plugin/store/led_int.h"

#include "context/codec.h"
#include "context/timeline.h"
#include "context/visit.h"
#include "plugin/store/reader_int.h"
#include "plugin/store/writer_int.h"

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

/* Most have nothing to do with any move of a visit, and few links: but a dummy
 * record may have very many.  So nobody's web is walked for that: who is linked is
 * indexed with him who has moves (pl_writer_share_moves). */
int pl_writer_has_moves(struct pl_writer *w, int64_t identifier, bool *has)
{
    int64_t is, found;
    int rc;

    sqlite3_bind_int64(stmt(w, PL_W_FIND_VISITS_OF), 1, identifier);
    rc = pl_writer_number(w, PL_W_FIND_VISITS_OF, &is);
    *has = is != 0;
    if (rc != SQLITE_OK || !is)
        return rc;
    sqlite3_bind_int64(stmt(w, PL_W_FIND_VISITED), 1, identifier);
    rc = pl_writer_number(w, PL_W_FIND_VISITED, &found);
    return rc == SQLITE_OK && !found
               ? pl_writer_visits_index_both(w, identifier, identifier)
               : rc;
}

int pl_writer_share_moves(struct pl_writer *w, int64_t a, int64_t b, bool *have)
{
    int rc = pl_writer_has_moves(w, a, have);

    if (rc == SQLITE_OK && !*have)
        rc = pl_writer_has_moves(w, b, have);
    return rc == SQLITE_OK && *have ? pl_writer_visits_index_both(w, a, b) : rc;
}

/* ---- where a visit went on ------------------------------------------------ */

static bool is_new(const struct pl_led *led, int64_t identifier)
{
    for (size_t i = 0; i < led->n; i++)
        if (led->identifier[i] == identifier)
            return false;
    return true;
}

static int led_add(struct pl_writer *w, int64_t identifier, struct pl_led *out)
{
    int64_t *id;

    if (!is_new(out, identifier))
        return SQLITE_OK;
    id = pl_grown(&w->arena, out->identifier, out->n, &out->room, sizeof(*id));
    if (id == NULL)
        return SQLITE_NOMEM;
    out->identifier = id;
    id[out->n++] = identifier;
    return SQLITE_OK;
}

static int led_on(struct pl_writer *w, int64_t identifier, struct pl_but but,
                  struct an_str visit, int64_t us, struct pl_led *out)
{
    sqlite3_stmt *s = stmt(w, PL_W_LED_TO);
    int rc;

    sqlite3_bind_int64(s, 1, identifier);
    pl_bind_text(s, 2, visit);
    sqlite3_bind_int64(s, 3, us);
    sqlite3_bind_int64(s, 4, out->with_linked);
    sqlite3_bind_int64(s, 5, but.current);
    sqlite3_bind_int64(s, 9, but.prior);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        rc = led_add(w, sqlite3_column_int64(s, 0), out);
        if (rc != SQLITE_OK)
            break;
    }
    return pl_writer_end(s, rc);
}

int pl_writer_led_to(struct pl_writer *w, int64_t current, int64_t prior,
                     struct an_str visit, int64_t us, struct pl_led *out)
{
    return led_on(w, current, (struct pl_but){current, prior}, visit, us, out);
}

static int led_from(struct pl_writer *w, int64_t identifier,
                    struct an_str visit, struct pl_led *out)
{
    return pl_writer_led_to(w, identifier, identifier, visit, INT64_MIN, out);
}

/* ---- the versions of a fact ----------------------------------------------- */

/* Of so many facts nothing else is read of a row that need not be: as many others
 * may be in it. */
enum { FEW = 16 };

static bool is_few(const struct ctx_event *e, size_t n)
{
    size_t n_facts = 0;

    for (size_t i = 0; i < n && n_facts <= FEW; i++)
        n_facts += pl_is_first_of_fact(e, i);
    return n_facts <= FEW;
}

static int row_events(struct pl_writer *w, struct an_str blob,
                      struct pl_row *row)
{
    enum an_code code;

    if (row->key == 0)
        return pl_writer_events(w, blob, &row->event, &row->n_events);
    code = ctx_events_find(&w->aside, blob, AN_STR(""), row->key, &row->event,
                           &row->n_events, NULL);
    if (code == AN_OK)
        return SQLITE_OK;
    return code == AN_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT;
}

int pl_row_read(struct pl_writer *w, struct pl_row *row)
{
    sqlite3_stmt *s = stmt(w, PL_W_GET_SAID);
    struct an_str blob;
    int rc;

    sqlite3_bind_int64(s, 1, row->identifier);
    sqlite3_bind_int64(s, 2, row->message);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        rc = pl_column_copy(&w->aside, s, 1, &blob) ? row_events(w, blob, row)
                                                    : SQLITE_NOMEM;
    return pl_writer_end(s, rc);
}

/* Until the next call. */
static int row_get(struct pl_writer *w, struct pl_rows *rows,
                   int64_t identifier, int64_t message, int64_t key,
                   const struct pl_row **out)
{
    struct pl_row *row;
    int rc;

    for (size_t i = 0; i < rows->n; i++) {
        row = &rows->row[(rows->next + i) % rows->n];
        if (row->identifier == identifier && row->message == message &&
            row->key == key) {
            rows->next += i + 1;
            *out = row;
            return SQLITE_OK;
        }
    }
    row = pl_grown(&w->aside, rows->row, rows->n, &rows->room, sizeof(*row));
    if (row == NULL)
        return SQLITE_NOMEM;
    rows->row = row;
    row += rows->n;
    *row = (struct pl_row){
        .identifier = identifier, .message = message, .key = key};
    rc = pl_row_read(w, row);
    rows->n += rc == SQLITE_OK;
    *out = row;
    return rc;
}

static int version_add(struct pl_writer *w, const struct pl_version *version,
                       struct pl_versions *out)
{
    struct pl_version *v =
        pl_grown(&w->aside, out->version, out->n, &out->room, sizeof(*v));

    if (v == NULL)
        return SQLITE_NOMEM;
    out->version = v;
    v[out->n++] = *version;
    return SQLITE_OK;
}

int pl_versions_take(struct pl_writer *w, sqlite3_stmt *s, struct an_str fact,
                     struct pl_rows *rows, struct pl_versions *out)
{
    int64_t key = 0;
    int rc;

    if (rows->is_of_few && fact.n && ctx_fact_key(fact, &key, NULL) != AN_OK)
        return SQLITE_NOMEM;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct pl_version v = {NULL, sqlite3_column_int64(s, 1),
                               sqlite3_column_int(s, 2) != 0};
        const struct pl_row *row;

        rc = row_get(w, rows, sqlite3_column_int64(s, 0), v.message, key, &row);
        for (size_t i = 0; rc == SQLITE_OK && i < row->n_events; i++) {
            v.event = &row->event[i];
            if (v.event->fact.n && (!fact.n || an_str_eq(v.event->fact, fact)))
                rc = version_add(w, &v, out);
        }
        if (rc != SQLITE_OK)
            break;
    }
    return pl_writer_end(s, rc);
}

int pl_versions_of(struct pl_writer *w, int64_t identifier, struct an_str fact,
                   struct pl_rows *rows, struct pl_versions *out)
{
    sqlite3_stmt *s = stmt(w, PL_W_NAMED_BY);
    char name[PL_FACT_NAME];

    *out = (struct pl_versions){NULL, 0, 0};
    if (pl_fact_name(fact, name, NULL) != AN_OK)
        return SQLITE_NOMEM;
    sqlite3_bind_int64(s, 1, identifier);
    pl_bind_text(s, 2, an_str_c(name));
    return pl_versions_take(w, s, fact, rows, out);
}

/* Those to whom the visits went that they name, or only the one visit. */
static int led_by_versions(struct pl_writer *w, int64_t identifier,
                           struct pl_but but, const struct pl_versions *of,
                           struct an_str only, struct pl_led *out)
{
    struct an_str last = AN_STR("");
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < of->n; i++) {
        struct an_str visit = of->version[i].event->encounter;

        if (visit.n == 0 || an_str_eq(visit, last) ||
            (only.n && !an_str_eq(visit, only)))
            continue;
        last = visit;
        rc = led_on(w, identifier, but, visit, INT64_MIN, out);
    }
    return rc;
}

static bool any_named(const struct pl_versions *of)
{
    for (size_t i = 0; i < of->n; i++)
        if (of->version[i].event->encounter.n)
            return true;
    return false;
}

/* ---- where a visit only was ----------------------------------------------- */

int pl_came_take(struct pl_writer *w, sqlite3_stmt *s,
                 const struct ctx_event *e, struct pl_came **out, size_t *n)
{
    char name[PL_FACT_NAME] = "";
    size_t room = 0;
    int rc;

    *out = NULL;
    *n = 0;
    if (e && pl_fact_name(e->fact, name, NULL) != AN_OK)
        return SQLITE_NOMEM;
    pl_bind_text(s, 2, an_str_c(name));
    /* Where it came from others are called otherwise. */
    sqlite3_bind_int64(s, 5, e == NULL || e->kind != CTX_OBSERVATION);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct pl_came *c = pl_grown(&w->aside, *out, *n, &room, sizeof(*c));

        if (c == NULL)
            rc = SQLITE_NOMEM;
        else
            *out = c;
        if (c == NULL || !pl_column_copy(&w->aside, s, 1, &c[*n].visit) ||
            !pl_column_copy(&w->aside, s, 2, &c[*n].here)) {
            rc = SQLITE_NOMEM;
            break;
        }
        c[(*n)++].identifier = sqlite3_column_int64(s, 0);
    }
    return pl_writer_end(s, rc);
}

static int led_by_one(struct pl_writer *w, const struct pl_came *came,
                      struct pl_but but, const struct ctx_event *e,
                      struct pl_led *out)
{
    struct an_mark mark = an_arena_mark(&w->aside);
    struct pl_rows rows = {.is_of_few = true};
    struct ctx_event here = *e;
    struct pl_versions versions;
    struct an_str there;
    int rc;

    here.encounter = came->here;
    rc = ctx_visit_fact(&w->aside, &here, came->visit, &there)
             ? pl_versions_of(w, came->identifier, there, &rows, &versions)
             : SQLITE_NOMEM;
    if (rc == SQLITE_OK)
        rc = led_by_versions(w, came->identifier, but, &versions, came->visit,
                             out);
    an_arena_rewind(&w->aside, mark);
    return rc;
}

int pl_led_by_came(struct pl_writer *w, sqlite3_stmt *s, struct pl_but but,
                   const struct ctx_event *e, struct pl_led *out)
{
    struct an_mark mark = an_arena_mark(&w->aside);
    struct pl_came *came = NULL;
    size_t n = 0;
    int rc = pl_came_take(w, s, e, &came, &n);

    for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
        rc = led_by_one(w, &came[i], but, e, out);
    an_arena_rewind(&w->aside, mark);
    return rc;
}

/* ---- by what is filed ----------------------------------------------------- */

static int led_by_fact(struct pl_writer *w, int64_t identifier,
                       const struct ctx_event *e, struct pl_rows *rows,
                       struct pl_led *out)
{
    const struct pl_but but = {identifier, identifier};
    sqlite3_stmt *s = stmt(w, PL_W_CAME_BY);
    struct pl_versions versions;
    int rc = pl_versions_of(w, identifier, e->fact, rows, &versions);

    if (rc == SQLITE_OK)
        rc = led_by_versions(w, identifier, but, &versions, AN_STR(""), out);
    if (rc != SQLITE_OK || e->encounter.n || e->kind == CTX_CONSENT ||
        any_named(&versions))
        return rc;
    sqlite3_bind_int64(s, 1, identifier);
    return pl_led_by_came(w, s, but, e, out);
}

int pl_writer_led_by_events(struct pl_writer *w, int64_t identifier,
                            const struct ctx_event *e, size_t n,
                            struct pl_led *out)
{
    struct pl_rows rows = {.n = 0};
    int rc = SQLITE_OK;

    rows.is_of_few = rc == SQLITE_OK && is_few(e, n);
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
        if (pl_is_first_of_visit(e, i))
            rc = led_from(w, identifier, e[i].encounter, out);
        if (rc == SQLITE_OK && pl_is_first_of_fact(e, i))
            rc = led_by_fact(w, identifier, &e[i], &rows, out);
    }
    return rc;
}

int pl_writer_led_by(struct pl_writer *w, int64_t identifier,
                     struct an_str events, struct pl_led *out)
{
    struct an_mark mark = an_arena_mark(&w->aside);
    const struct ctx_event *e;
    size_t n = 0;
    int rc = pl_writer_events(w, events, &e, &n);

    if (rc == SQLITE_OK)
        rc = pl_writer_led_by_events(w, identifier, e, n, out);
    an_arena_rewind(&w->aside, mark);
    return rc;
}

/* ---- a fact that turns out to be another's -------------------------------- */

/* Of the versions filed under one person: by which a message says of which visit
 * the fact is, by which that was said before, and whether any goes with it. */
struct turn {
    const struct ctx_event *now, *before;
    bool any;
};

static void last_of(const struct ctx_event **last, const struct ctx_event *e)
{
    if (*last == NULL || ctx_version_cmp(e, *last) > 0)
        *last = e;
}

/* Before: under the same identifier.  Those of others may be another person's. */
static struct turn turn_of(const struct pl_versions *of, int64_t message)
{
    struct turn t = {NULL, NULL, false};

    for (size_t i = 0; i < of->n; i++) {
        const struct pl_version *v = &of->version[i];
        bool is_now = v->message == message;

        if (v->event->encounter.n == 0)
            t.any |= !is_now && v->event->kind != CTX_CONSENT;
        else if (is_now || v->is_near)
            last_of(is_now ? &t.now : &t.before, v->event);
    }
    return t;
}

/* Of two said at one moment either may count. */
static bool turns(const struct turn *t)
{
    if (t->now == NULL)
        return false;
    return t->before == NULL ||
           (!an_str_eq(t->before->encounter, t->now->encounter) &&
            ctx_version_cmp(t->now, t->before) >= 0);
}

/* Whether those have a version that names no visit, filed before. */
static int any_at(struct pl_writer *w, const struct pl_led *led,
                  struct an_str fact, int64_t message, struct pl_rows *rows,
                  bool *any)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && !*any && i < led->n; i++) {
        struct pl_versions versions;

        rc = pl_versions_of(w, led->identifier[i], fact, rows, &versions);
        if (rc == SQLITE_OK)
            *any = turn_of(&versions, message).any && !any_named(&versions);
    }
    return rc;
}

static int fact_leaves(struct pl_writer *w, int64_t identifier, int64_t message,
                       struct an_str fact, struct pl_rows *rows,
                       struct pl_led *out)
{
    struct pl_led led = {.with_linked = out->with_linked};
    struct pl_versions versions;
    struct turn t;
    int rc = pl_versions_of(w, identifier, fact, rows, &versions);

    if (rc != SQLITE_OK)
        return rc;
    t = turn_of(&versions, message);
    if (!turns(&t))
        return SQLITE_OK;
    rc = led_by_versions(w, identifier, (struct pl_but){identifier, identifier},
                         &versions, AN_STR(""), &led);
    if (rc == SQLITE_OK && !t.any)
        rc = any_at(w, &led, fact, message, rows, &t.any);
    for (size_t i = 0; rc == SQLITE_OK && t.any && i < led.n; i++)
        rc = led_add(w, led.identifier[i], out);
    return rc;
}

int pl_writer_leaves(struct pl_writer *w, int64_t identifier, int64_t message,
                     struct an_str events, struct pl_led *out)
{
    struct an_mark mark = an_arena_mark(&w->aside);
    struct pl_rows rows = {.n = 0};
    const struct ctx_event *e;
    size_t n = 0;
    int rc = pl_writer_events(w, events, &e, &n);

    rows.is_of_few = rc == SQLITE_OK && is_few(e, n);
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
        if (pl_is_first_of_fact(e, i))
            rc = fact_leaves(w, identifier, message, e[i].fact, &rows, out);
    an_arena_rewind(&w->aside, mark);
    return rc;
}
