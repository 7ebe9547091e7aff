/* SPDX-License-Identifier: Apache-2.0 */
/* Deriving a message again: what it says now in place of what it said. */
#include "plugin/store/writer_int.h"

#include "base/sort.h"
#include "plugin/store/derived_int.h"

#include <string.h>

_Static_assert(PL_REASON_TABLES == 4, "as ASK_AGAIN and due_again have it");

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

/* ---- what stands there --------------------------------------------------- */

static int number_cmp(const void *x, const void *y)
{
    const int64_t *a = x, *b = y;

    return (*a > *b) - (*a < *b);
}

/* Of a note, each identifier once, in order. */
static int identifiers(struct pl_writer *w, const struct pl_derived *d,
                       int64_t **out, size_t *n)
{
    int64_t *id = an_arena_get(&w->arena, d->n_identifiers, sizeof(*id));
    int64_t *scratch =
        an_arena_get(&w->arena, d->n_identifiers / 2 + 1, sizeof(*scratch));

    *out = id;
    *n = 0;
    if (id == NULL || scratch == NULL)
        return SQLITE_NOMEM;
    if (d->n_identifiers)
        memcpy(id, d->identifier, d->n_identifiers * sizeof(*id));
    an_sort(id, d->n_identifiers, sizeof(*id), scratch, number_cmp);
    for (size_t i = 0; i < d->n_identifiers; i++)
        if (i == 0 || id[i] != id[i - 1])
            id[(*n)++] = id[i];
    return SQLITE_OK;
}

/* The rows of a message as they stand, and their number of events. */
static int rows_get(struct pl_writer *w, int64_t message, const int64_t *id,
                    size_t n, struct pl_derivation *old, int64_t *n_events)
{
    int rc = SQLITE_OK;

    *n_events = 0;
    old->n_rows = 0;
    old->row = an_arena_get(&w->arena, n, sizeof(*old->row));
    if (old->row == NULL)
        return SQLITE_NOMEM;
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
        struct pl_said_row *row = &old->row[old->n_rows];
        bool found = false;

        rc = pl_writer_said(w, id[i], message, row, &found);
        if (rc == SQLITE_OK && found) {
            *n_events += row->n_events;
            old->n_rows++;
        }
    }
    return rc;
}

static bool same_rows(const struct pl_derivation *a,
                      const struct pl_derivation *b)
{
    if (a->n_rows != b->n_rows)
        return false;
    for (size_t i = 0; i < a->n_rows; i++)
        if (a->row[i].identifier != b->row[i].identifier ||
            !an_str_eq(a->row[i].claims, b->row[i].claims) ||
            !an_str_eq(a->row[i].events, b->row[i].events))
            return false;
    return true;
}

/* ---- in its place -------------------------------------------------------- */

static int rows_drop(struct pl_writer *w, int64_t message, const int64_t *id,
                     size_t n)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
        sqlite3_bind_int64(stmt(w, PL_W_DROP_SAID), 1, id[i]);
        sqlite3_bind_int64(stmt(w, PL_W_DROP_SAID), 2, message);
        rc = pl_writer_run(w, PL_W_DROP_SAID);
    }
    return rc;
}

static int redo_message(struct pl_writer *w, const struct pl_derivation *d)
{
    sqlite3_stmt *s = stmt(w, PL_W_REDO_MESSAGE);

    sqlite3_bind_int64(s, 1, d->message);
    pl_bind_text(s, 2, d->in->kind);
    sqlite3_bind_int64(s, 3, d->in->said_us);
    sqlite3_bind_int64(s, 4, (int64_t)d->in->n_warnings);
    pl_bind_blob(s, 5, d->derived);
    return pl_writer_run(w, PL_W_REDO_MESSAGE);
}

/* Of whom something is said that rests on other events now, the question is
 * asked again: about the newest message, so that no old answer takes the place
 * of a newer one.  Once each, however many of the messages changed. */
static int ask_again(struct pl_writer *w, int64_t identifier, int64_t message,
                     struct pl_receipt *r)
{
    sqlite3_stmt *s = stmt(w, PL_W_ASK_AGAIN);
    int rc;

    sqlite3_bind_int64(s, 1, identifier);
    sqlite3_bind_int64(s, 2, message);
    sqlite3_bind_int64(s, 3, PL_REASON_TABLES);
    rc = pl_writer_run(w, PL_W_ASK_AGAIN);
    if (rc == SQLITE_OK)
        r->n_triggers += (size_t)sqlite3_changes(w->db.sql);
    return rc;
}

/* Of those too to whom a visit went that is filed there. */
static int ask_all_again(struct pl_writer *w, const struct pl_derivation *rows,
                         int64_t message, struct pl_receipt *r)
{
    struct pl_led led = {.n = 0};
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < rows->n_rows; i++) {
        const struct pl_said_row *row = &rows->row[i];
        bool has = false;

        rc = ask_again(w, row->identifier, message, r);
        if (rc == SQLITE_OK && row->events.n)
            rc = pl_writer_has_moves(w, row->identifier, &has);
        if (rc == SQLITE_OK && has)
            rc = pl_writer_led_by(w, row->identifier, row->events, &led);
    }
    for (size_t i = 0; rc == SQLITE_OK && i < led.n; i++)
        rc = ask_again(w, led.identifier[i], message, r);
    return rc;
}

static int put_again(struct pl_writer *w, const struct pl_derivation *d,
                     const struct pl_derived *old, const int64_t *id, size_t n)
{
    const struct pl_intake *in = d->in;
    int rc;

    if ((rc = rows_drop(w, d->message, id, n)) != SQLITE_OK ||
        (rc = pl_writer_put_rows(w, d)) != SQLITE_OK ||
        (rc = pl_writer_links(w, d)) != SQLITE_OK ||
        (rc = pl_writer_visited(w, d)) != SQLITE_OK ||
        (rc = pl_tally_accounts(w, d->feed, old->account, old->n_accounts,
                                -1)) != SQLITE_OK ||
        (rc = pl_tally_accounts(w, d->feed, in->account, in->n_accounts, 1)) !=
            SQLITE_OK)
        return rc;
    return redo_message(w, d);
}

/* One message before and after. */
struct redo {
    struct pl_derivation before, now;
    struct pl_derived old; /* the note of before */
    struct an_str blob;    /* its bytes */
    int64_t *id;           /* its identifiers, each once */
    size_t n_ids;
    int64_t n_events; /* before */
};

/* Both states of the message; SQLITE_NOTFOUND when it is not stored.  Of one
 * that was purged, perhaps since its bytes were read, only r is filled: what is
 * gone must not come back. */
static int redo_begin(struct pl_writer *w, const struct pl_intake *in,
                      struct pl_receipt *r, struct redo *x)
{
    enum an_code code;
    int rc;

    *x = (struct redo){.before = {.in = in}, .now = {.in = in}};
    rc = pl_writer_same(w, in, r, &x->now.feed, &x->blob);
    if (rc != SQLITE_OK)
        return rc;
    if (!r->duplicate)
        return SQLITE_NOTFOUND;
    if (r->gone)
        return SQLITE_OK;
    x->now.message = x->before.message = r->message;
    code = pl_derived_get(&w->arena, x->blob, &x->old, NULL);
    if (code != AN_OK)
        return code == AN_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT;
    if ((rc = pl_writer_derive(w, in, &x->now)) != SQLITE_OK ||
        (rc = pl_writer_rows(w, &x->now)) != SQLITE_OK ||
        (rc = identifiers(w, &x->old, &x->id, &x->n_ids)) != SQLITE_OK)
        return rc;
    return rows_get(w, r->message, x->id, x->n_ids, &x->before, &x->n_events);
}

/* What it claimed: before what hung on that is closed, for what it had moved comes
 * together again. */
static int claims_drop(struct pl_writer *w, const struct pl_derivation *before)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < before->n_rows; i++)
        rc = pl_writer_claims_drop(w, before->message, &before->row[i]);
    return rc;
}

/* The rows and what hangs on them, with what that closes before and after. */
static int redo_all(struct pl_writer *w, struct redo *x, struct pl_receipt *r)
{
    int rc = SQLITE_OK;

    if (r->changed &&
        ((rc = pl_writer_close_taken(w, &x->before, &x->now, false, r)) !=
             SQLITE_OK ||
         (rc = claims_drop(w, &x->before)) != SQLITE_OK ||
         (rc = pl_writer_close_changed(w, &x->before, &x->now, r)) !=
             SQLITE_OK))
        return rc;
    rc = put_again(w, &x->now, &x->old, x->id, x->n_ids);
    if (rc != SQLITE_OK || !r->changed)
        return rc;
    if ((rc = pl_writer_resources_changed(w, &x->before, &x->now)) !=
            SQLITE_OK ||
        (rc = ask_all_again(w, &x->before, r->message, r)) != SQLITE_OK ||
        (rc = ask_all_again(w, &x->now, r->message, r)) != SQLITE_OK ||
        (rc = pl_writer_ended_anew(w, &x->before, &x->now)) != SQLITE_OK ||
        (rc = pl_writer_close(w, &x->now, r)) != SQLITE_OK ||
        (rc = pl_writer_moves(w, &x->now)) != SQLITE_OK)
        return rc;
    return pl_writer_close_taken(w, &x->before, &x->now, true, r);
}

/* A store of before version 5 knows of no moves but by this.  What was said since
 * then rests on whom they left. */
static int moves_find(struct pl_writer *w, const struct pl_derivation *d,
                      struct pl_receipt *r)
{
    bool known;
    int rc = pl_writer_moves_known(w, d, &known);

    if (rc != SQLITE_OK || known)
        return rc;
    if ((rc = pl_writer_visited(w, d)) != SQLITE_OK ||
        (rc = pl_writer_close(w, d, r)) != SQLITE_OK)
        return rc;
    return pl_writer_moves(w, d);
}

int pl_writer_replace(struct pl_writer *w, const struct pl_intake *in,
                      struct pl_receipt *r)
{
    struct pl_feed_tally more;
    struct redo x;
    int rc;

    if (pl_writer_too_big(in))
        return SQLITE_TOOBIG;
    *r = (struct pl_receipt){.code = AN_OK};
    rc = redo_begin(w, in, r, &x);
    if (rc != SQLITE_OK || r->gone)
        return rc;
    r->changed = !same_rows(&x.before, &x.now);
    /* Most messages say what they said: their pages stay as they are. */
    if (!r->changed && (rc = moves_find(w, &x.now, r)) != SQLITE_OK)
        return rc;
    if (!r->changed && an_str_eq(x.blob, x.now.derived) &&
        r->n_warnings == in->n_warnings)
        return pl_writer_resources(w, &x.now);
    rc = redo_all(w, &x, r);
    if (rc != SQLITE_OK)
        return rc;
    more = (struct pl_feed_tally){
        .feed = x.now.feed,
        .n_warned = (in->n_warnings != 0) - (r->n_warnings != 0),
        .n_events = pl_writer_n_events(in) - x.n_events};
    r->n_warnings = in->n_warnings;
    return pl_tally_feed(w, &more);
}

/* ---- how far ------------------------------------------------------------- */

int pl_writer_progress(struct pl_writer *w, const struct pl_progress *p)
{
    sqlite3_stmt *s = stmt(w, PL_W_PROGRESS);

    pl_bind_blob(s, 1,
                 (struct an_str){(const char *)p->maps.b, sizeof(p->maps.b)});
    sqlite3_bind_int64(s, 2, p->after);
    sqlite3_bind_int64(s, 3, p->finished);
    sqlite3_bind_int64(s, 4, p->n_read);
    sqlite3_bind_int64(s, 5, p->n_changed);
    sqlite3_bind_int64(s, 6, p->n_unreadable);
    sqlite3_bind_int64(s, 7, p->n_asked);
    return pl_writer_run(w, PL_W_PROGRESS);
}
