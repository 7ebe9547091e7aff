/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/writer_int.h"

#include "base/sort.h"
#include "context/codec.h"
#include "plugin/store/claims_int.h"
#include "plugin/store/derived_int.h"

const char *const pl_write_text[PL_N_WRITES] = {
#define X(name, text) text,
    PL_WRITES(X)
#undef X
};

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

int pl_writer_run(struct pl_writer *w, enum pl_write which)
{
    int rc = sqlite3_step(stmt(w, which)), reset;

    reset = sqlite3_reset(stmt(w, which));
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return reset;
    return rc;
}

int pl_writer_end(sqlite3_stmt *s, int rc)
{
    int reset = sqlite3_reset(s);

    return rc == SQLITE_DONE ? reset : rc;
}

int pl_writer_events(struct pl_writer *w, struct an_str blob,
                     const struct ctx_event **e, size_t *n)
{
    enum an_code code =
        ctx_events_decode(&w->aside, blob, AN_STR(""), e, n, NULL);

    if (code == AN_OK)
        return SQLITE_OK;
    return code == AN_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT;
}

int pl_writer_number(struct pl_writer *w, enum pl_write which, int64_t *out)
{
    int rc = sqlite3_step(stmt(w, which)), reset;

    *out = rc == SQLITE_ROW ? sqlite3_column_int64(stmt(w, which), 0) : 0;
    reset = sqlite3_reset(stmt(w, which));
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? reset : rc;
}

struct an_str pl_writer_hash(const struct pl_intake *in)
{
    return (struct an_str){(const char *)in->sha256.b, AN_SHA256_BYTES};
}

/* Fills r when the same bytes are there; else r->message is 0.  feed and
 * derived may be NULL. */
int pl_writer_same(struct pl_writer *w, const struct pl_intake *in,
                   struct pl_receipt *r, int64_t *feed, struct an_str *derived)
{
    sqlite3_stmt *s = stmt(w, PL_W_FIND_SAME);
    int rc, reset;

    pl_bind_blob(s, 1, pl_writer_hash(in));
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        r->duplicate = true;
        r->message = sqlite3_column_int64(s, 0);
        r->received_us = sqlite3_column_int64(s, 1);
        r->n_warnings = (size_t)sqlite3_column_int64(s, 2);
        r->reused = sqlite3_column_int(s, 3) != 0;
        if (feed)
            *feed = sqlite3_column_int64(s, 4);
        if (derived && !an_arena_str(&w->arena, pl_column(s, 5), derived))
            rc = SQLITE_NOMEM;
        r->gone = sqlite3_column_int(s, 6) != 0;
    }
    reset = sqlite3_reset(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? reset : rc;
}

static int find_control(struct pl_writer *w, const struct pl_intake *in,
                        bool *reused)
{
    sqlite3_stmt *s = stmt(w, PL_W_FIND_CONTROL);
    int64_t found;
    int rc;

    *reused = false;
    if (in->control_id.n == 0)
        return SQLITE_OK;
    pl_bind_text(s, 1, in->sender);
    pl_bind_text(s, 2, in->control_id);
    rc = pl_writer_number(w, PL_W_FIND_CONTROL, &found);
    *reused = found != 0;
    return rc;
}

static int feed_number(struct pl_writer *w, struct an_str name, int64_t *feed)
{
    int rc;

    pl_bind_text(stmt(w, PL_W_FIND_FEED), 1, name);
    rc = pl_writer_number(w, PL_W_FIND_FEED, feed);
    if (rc != SQLITE_OK || *feed)
        return rc;
    pl_bind_text(stmt(w, PL_W_PUT_FEED), 1, name);
    rc = pl_writer_run(w, PL_W_PUT_FEED);
    *feed = sqlite3_last_insert_rowid(w->db.sql);
    return rc;
}

/* Of several types that messages say, the first in byte order stays, so that
 * the order of arrival does not show. */
static int retype(struct pl_writer *w, int64_t number, struct an_str type)
{
    sqlite3_bind_int64(stmt(w, PL_W_TYPE_ID), 1, number);
    pl_bind_text(stmt(w, PL_W_TYPE_ID), 2, type);
    return pl_writer_run(w, PL_W_TYPE_ID);
}

int pl_writer_identifier(struct pl_writer *w, const struct ctx_identifier *id,
                         int64_t *number)
{
    sqlite3_stmt *s = stmt(w, PL_W_FIND_ID);
    bool better = false;
    int rc;

    pl_bind_text(s, 1, id->value);
    pl_bind_text(s, 2, id->authority);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        struct an_str type = pl_column(s, 1);

        *number = sqlite3_column_int64(s, 0);
        better = id->type.n && (type.n == 0 || an_str_cmp(id->type, type) < 0);
        rc = sqlite3_reset(s);
        return rc == SQLITE_OK && better ? retype(w, *number, id->type) : rc;
    }
    sqlite3_reset(s);
    if (rc != SQLITE_DONE)
        return rc;
    s = stmt(w, PL_W_PUT_ID);
    pl_bind_text(s, 1, id->value);
    pl_bind_text(s, 2, id->authority);
    pl_bind_text(s, 3, id->type);
    rc = pl_writer_run(w, PL_W_PUT_ID);
    *number = sqlite3_last_insert_rowid(w->db.sql);
    return rc;
}

/* A message is mostly about one person: who is named like the first is that
 * one, and not looked up again. */
static int number_of(struct pl_writer *w, const struct pl_derivation *d,
                     const struct ctx_identifier *id, int64_t *number)
{
    const struct ctx_identifier *first =
        d->in->n_filings ? &d->in->filing[0].patient : NULL;

    if (first == NULL || number == d->filed ||
        !an_str_eq(id->value, first->value) ||
        !an_str_eq(id->authority, first->authority) ||
        !an_str_eq(id->type, first->type))
        return pl_writer_identifier(w, id, number);
    *number = d->filed[0];
    return SQLITE_OK;
}

/* Numbers for all identifiers of the intake, and the note of what it made. */
int pl_writer_derive(struct pl_writer *w, const struct pl_intake *in,
                     struct pl_derivation *d)
{
    size_t n = in->n_filings + 2 * in->n_claims;
    int64_t *number = an_arena_get(&w->arena, n, sizeof(*number));
    struct pl_derived note = {number, n, in->account, in->n_accounts};
    int rc = SQLITE_OK;

    d->joined = an_arena_get(&w->arena, in->n_claims, sizeof(*d->joined));
    d->moves = an_arena_get(&w->arena, in->n_filings, sizeof(*d->moves));
    if (number == NULL || d->joined == NULL || d->moves == NULL)
        return SQLITE_NOMEM;
    d->in = in;
    d->filed = number;
    d->current = number + in->n_filings;
    d->prior = d->current + in->n_claims;
    for (size_t i = 0; rc == SQLITE_OK && i < in->n_filings; i++)
        rc = number_of(w, d, &in->filing[i].patient, &d->filed[i]);
    for (size_t i = 0; rc == SQLITE_OK && i < in->n_claims; i++)
        rc = number_of(w, d, &in->claim[i].current, &d->current[i]);
    for (size_t i = 0; rc == SQLITE_OK && i < in->n_claims; i++)
        rc = number_of(w, d, &in->claim[i].prior, &d->prior[i]);
    if (rc == SQLITE_OK &&
        pl_derived_put(&w->arena, &note, &d->derived, NULL) != AN_OK)
        rc = SQLITE_NOMEM;
    return rc;
}

/* One filing, or one claim by its `current`. */
struct entry {
    int64_t number;
    const struct pl_filing *filing;
    size_t claim;
};

static int by_number(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;

    return (a->number > b->number) - (a->number < b->number);
}

/* An identifier with itself is no news, unless it is about a visit. */
static bool claims_something(const struct pl_derivation *d, size_t claim)
{
    return d->current[claim] != d->prior[claim] ||
           d->in->claim[claim].kind == CTX_CLAIM_VISIT;
}

static size_t entries(const struct pl_derivation *d, struct entry *e)
{
    size_t n = 0;

    for (size_t i = 0; i < d->in->n_filings; i++)
        e[n++] = (struct entry){d->filed[i], &d->in->filing[i], 0};
    for (size_t i = 0; i < d->in->n_claims; i++)
        if (claims_something(d, i))
            e[n++] = (struct entry){d->current[i], NULL, i};
    return n;
}

/* The row of one identifier: n entries with its number.  One that says nothing
 * is no row: its claims and events are empty. */
static int make_row(struct pl_writer *w, const struct pl_derivation *d,
                    const struct entry *e, size_t n, struct pl_said_row *row)
{
    struct an_buf b;

    *row = (struct pl_said_row){.identifier = e->number,
                                .events = AN_STR(""),
                                .min_available_us = INT64_MAX};
    an_buf_init(&b, &w->arena, PL_LIMIT_MESSAGE_BYTES);
    for (size_t i = 0; i < n; i++) {
        const struct ctx_claim *c;

        if (e[i].filing) {
            row->n_events = (int64_t)e[i].filing->n_events;
            row->min_available_us = e[i].filing->min_available_us;
            if (row->n_events)
                row->events = e[i].filing->blob;
            continue;
        }
        c = &d->in->claim[e[i].claim];
        pl_claims_put(&b, c, d->prior[e[i].claim]);
        if (c->available_us < row->min_available_us)
            row->min_available_us = c->available_us;
    }
    return an_buf_done(&b, &row->claims, NULL) == AN_OK ? SQLITE_OK
                                                        : SQLITE_NOMEM;
}

int pl_writer_rows(struct pl_writer *w, struct pl_derivation *d)
{
    size_t n = d->in->n_filings + d->in->n_claims;
    struct entry *e = an_arena_get(&w->arena, n, sizeof(*e));
    struct entry *scratch = an_arena_get(&w->arena, n / 2 + 1, sizeof(*e));
    int rc = SQLITE_OK;

    d->row = an_arena_get(&w->arena, n, sizeof(*d->row));
    d->n_rows = 0;
    if (e == NULL || scratch == NULL || d->row == NULL)
        return SQLITE_NOMEM;
    n = entries(d, e);
    /* Stable: a filing comes before the claims of its identifier. */
    an_sort(e, n, sizeof(*e), scratch, by_number);
    for (size_t i = 0, end; rc == SQLITE_OK && i < n; i = end) {
        struct pl_said_row *row = &d->row[d->n_rows];

        for (end = i + 1; end < n && e[end].number == e[i].number;)
            end++;
        rc = make_row(w, d, e + i, end - i, row);
        d->n_rows += row->n_events || row->claims.n;
    }
    return rc;
}

int pl_writer_put_rows(struct pl_writer *w, const struct pl_derivation *d)
{
    sqlite3_stmt *s = stmt(w, PL_W_PUT_SAID);
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < d->n_rows; i++) {
        const struct pl_said_row *row = &d->row[i];

        sqlite3_bind_int64(s, 1, row->identifier);
        sqlite3_bind_int64(s, 2, d->message);
        pl_bind_blob(s, 3, pl_writer_hash(d->in));
        sqlite3_bind_int64(s, 4, row->min_available_us);
        pl_bind_blob(s, 5, row->claims);
        sqlite3_bind_int64(s, 6, row->n_events);
        pl_bind_blob(s, 7, row->events);
        rc = pl_writer_run(w, PL_W_PUT_SAID);
    }
    return rc;
}

int pl_writer_said(struct pl_writer *w, int64_t identifier, int64_t message,
                   struct pl_said_row *row, bool *found)
{
    sqlite3_stmt *s = stmt(w, PL_W_GET_SAID);
    int rc;

    sqlite3_bind_int64(s, 1, identifier);
    sqlite3_bind_int64(s, 2, message);
    rc = sqlite3_step(s);
    *found = rc == SQLITE_ROW;
    if (*found) {
        row->identifier = identifier;
        row->n_events = sqlite3_column_int64(s, 2);
        if (!an_arena_str(&w->arena, pl_column(s, 0), &row->claims) ||
            !an_arena_str(&w->arena, pl_column(s, 1), &row->events))
            rc = SQLITE_NOMEM;
    }
    sqlite3_reset(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* One that parts does not say that they are one. */
static int64_t joins_us(const struct ctx_claim *c)
{
    return c->kind == CTX_CLAIM_UNMERGE ? INT64_MIN : pl_claim_us(c);
}

/* From `identifier` to `other`, unless it is there; or what another claim changes
 * of it. */
static int put_link(struct pl_writer *w, const struct pl_derivation *d,
                    size_t claim, int64_t identifier, int64_t other,
                    enum pl_write which, bool *changed)
{
    const struct ctx_claim *c = &d->in->claim[claim];
    bool parts = c->kind == CTX_CLAIM_UNMERGE;
    sqlite3_stmt *s = stmt(w, which);
    int rc;

    sqlite3_bind_int64(s, 1, identifier);
    sqlite3_bind_int64(s, 2, other);
    sqlite3_bind_int64(s, 3, d->message);
    sqlite3_bind_int64(s, 4, parts ? INT64_MAX : c->available_us);
    if (which == PL_W_WIDEN_LINK)
        sqlite3_bind_int64(s, 5, joins_us(c));
    sqlite3_bind_int64(s, 6, c->kind == CTX_CLAIM_SAME);
    rc = pl_writer_run(w, which);
    *changed = rc == SQLITE_OK && sqlite3_changes(w->db.sql) > 0;
    return rc;
}

/* A link that is new, of two of whom one may have been moved before: that parted
 * whoever was linked until then, and so this one too, if it came late. */
static int date_link(struct pl_writer *w, const struct ctx_claim *c, int64_t a,
                     int64_t b)
{
    sqlite3_stmt *s = stmt(w, PL_W_DATE_LINK);
    int rc = SQLITE_OK;

    for (int turn = 0; rc == SQLITE_OK && turn < 2; turn++) {
        sqlite3_bind_int64(s, 1, turn ? b : a);
        sqlite3_bind_int64(s, 2, turn ? a : b);
        sqlite3_bind_int64(s, 3, joins_us(c));
        rc = pl_writer_run(w, PL_W_DATE_LINK);
    }
    return rc;
}

/* A link stands there from either side. */
static int put_links(struct pl_writer *w, const struct pl_derivation *d,
                     size_t claim)
{
    int64_t a = d->current[claim], b = d->prior[claim];
    bool *first = &d->joined[claim], changed = false, have;
    enum pl_write which;
    int rc = put_link(w, d, claim, a, b, PL_W_PUT_LINK, first);

    which = *first ? PL_W_PUT_LINK : PL_W_WIDEN_LINK;
    if (rc == SQLITE_OK)
        rc = put_link(w, d, claim, b, a, which, &changed);
    if (rc != SQLITE_OK || !changed)
        return rc;
    rc = *first ? date_link(w, &d->in->claim[claim], a, b)
                : put_link(w, d, claim, a, b, which, &changed);
    if (rc == SQLITE_OK)
        rc = pl_writer_judge_link(w, a, b);
    return rc == SQLITE_OK ? pl_writer_share_moves(w, a, b, &have) : rc;
}

/* A visit links nobody. */
int pl_writer_links(struct pl_writer *w, const struct pl_derivation *d)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_claims; i++)
        if (d->current[i] != d->prior[i] &&
            d->in->claim[i].kind != CTX_CLAIM_VISIT)
            rc = put_links(w, d, i);
    return rc;
}

static int put_due(struct pl_writer *w, int64_t identifier, int64_t message,
                   unsigned reasons, struct pl_receipt *r)
{
    sqlite3_stmt *s = stmt(w, PL_W_PUT_DUE);
    int rc = SQLITE_OK;

    for (unsigned reason = 0; reason < PL_N_REASONS; reason++) {
        if (rc != SQLITE_OK || !(reasons >> reason & 1))
            continue;
        sqlite3_bind_int64(s, 1, identifier);
        sqlite3_bind_int64(s, 2, message);
        sqlite3_bind_int64(s, 3, reason);
        rc = pl_writer_run(w, PL_W_PUT_DUE);
        if (r->n_triggers++ == 0)
            r->trigger = sqlite3_last_insert_rowid(w->db.sql);
    }
    return rc;
}

/* It is news for who has a visit now, too, of which it is filed. */
static int put_due_led(struct pl_writer *w, const struct pl_derivation *d,
                       size_t filing, struct pl_receipt *r)
{
    const struct pl_filing *f = &d->in->filing[filing];
    struct pl_led led = {.with_linked = true};
    int rc = pl_writer_led_by(w, d->filed[filing], f->blob, &led);

    for (size_t i = 0; rc == SQLITE_OK && i < led.n; i++)
        if (led.identifier[i] != d->filed[filing])
            rc = put_due(w, led.identifier[i], d->message, f->reasons, r);
    return rc;
}

static int put_dues(struct pl_writer *w, const struct pl_derivation *d,
                    struct pl_receipt *r)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_filings; i++)
        rc = put_due(w, d->filed[i], d->message, d->in->filing[i].reasons, r);
    /* Behind them: the receipt's follow each other (store.h). */
    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_filings; i++)
        if (d->in->filing[i].reasons && d->moves[i])
            rc = put_due_led(w, d, i, r);
    return rc;
}

static int put_message(struct pl_writer *w, struct pl_derivation *d,
                       bool reused)
{
    sqlite3_stmt *s = stmt(w, PL_W_PUT_MESSAGE);
    const struct pl_intake *in = d->in;
    int rc;

    pl_bind_blob(s, 1, pl_writer_hash(in));
    sqlite3_bind_int64(s, 2, d->feed);
    pl_bind_text(s, 3, in->sender);
    pl_bind_text(s, 4, in->control_id);
    pl_bind_text(s, 5, in->kind);
    sqlite3_bind_int64(s, 6, in->format);
    sqlite3_bind_int64(s, 7, in->received_us);
    sqlite3_bind_int64(s, 8, in->said_us);
    sqlite3_bind_int64(s, 9, (int64_t)in->n_warnings);
    sqlite3_bind_int64(s, 10, reused);
    pl_bind_blob(s, 11, d->derived);
    sqlite3_bind_int64(s, 12, (int64_t)in->raw_bytes);
    sqlite3_bind_int64(s, 13, in->deflated);
    pl_bind_blob(s, 14, in->raw);
    rc = pl_writer_run(w, PL_W_PUT_MESSAGE);
    d->message = sqlite3_last_insert_rowid(w->db.sql);
    return rc;
}

int64_t pl_writer_n_events(const struct pl_intake *in)
{
    int64_t n = 0;

    for (size_t i = 0; i < in->n_filings; i++)
        n += (int64_t)in->filing[i].n_events;
    return n;
}

static int tally(struct pl_writer *w, const struct pl_derivation *d,
                 bool reused)
{
    const struct pl_intake *in = d->in;
    struct pl_feed_tally more = {
        .feed = d->feed,
        .n_messages = 1,
        .n_warned = in->n_warnings != 0,
        .n_reused = reused,
        .n_events = pl_writer_n_events(in),
        .raw_bytes = (int64_t)in->raw_bytes,
        .stored_bytes = (int64_t)in->raw.n,
        .received_us = in->received_us,
        .said_us = in->said_us,
    };
    int rc = pl_tally_feed(w, &more);

    if (rc != SQLITE_OK)
        return rc;
    return pl_tally_accounts(w, d->feed, in->account, in->n_accounts, 1);
}

/* SQLite would say so too, but only after binding nothing in its place. */
bool pl_writer_too_big(const struct pl_intake *in)
{
    bool too_big = in->raw.n > PL_LIMIT_VALUE_BYTES;

    for (size_t i = 0; i < in->n_filings; i++)
        too_big |= in->filing[i].blob.n > PL_LIMIT_VALUE_BYTES;
    return too_big;
}

static int put_new(struct pl_writer *w, const struct pl_intake *in,
                   struct pl_receipt *r)
{
    struct pl_derivation d;
    int rc;

    if ((rc = find_control(w, in, &r->reused)) != SQLITE_OK ||
        (rc = feed_number(w, in->feed, &d.feed)) != SQLITE_OK ||
        (rc = pl_writer_derive(w, in, &d)) != SQLITE_OK ||
        (rc = put_message(w, &d, r->reused)) != SQLITE_OK ||
        (rc = pl_writer_rows(w, &d)) != SQLITE_OK ||
        (rc = pl_writer_put_rows(w, &d)) != SQLITE_OK ||
        (rc = pl_writer_resources(w, &d)) != SQLITE_OK ||
        (rc = pl_writer_links(w, &d)) != SQLITE_OK ||
        (rc = pl_writer_visited(w, &d)) != SQLITE_OK ||
        (rc = put_dues(w, &d, r)) != SQLITE_OK ||
        (rc = pl_writer_ended(w, &d)) != SQLITE_OK ||
        (rc = pl_writer_close(w, &d, r)) != SQLITE_OK ||
        (rc = pl_writer_moves(w, &d)) != SQLITE_OK ||
        (rc = tally(w, &d, r->reused)) != SQLITE_OK)
        return rc;
    r->message = d.message;
    return SQLITE_OK;
}

int pl_writer_put(struct pl_writer *w, const struct pl_intake *in,
                  struct pl_receipt *r)
{
    int64_t feed;
    int rc;

    if (pl_writer_too_big(in))
        return SQLITE_TOOBIG;
    *r = (struct pl_receipt){.received_us = in->received_us,
                             .n_warnings = in->n_warnings};
    if (in->refused) {
        rc = feed_number(w, in->feed, &feed);
        return rc == SQLITE_OK ? pl_writer_refuse(w, in, feed) : rc;
    }
    rc = pl_writer_same(w, in, r, NULL, NULL);
    if (rc != SQLITE_OK)
        return rc;
    return r->duplicate ? pl_writer_again(w, r->message, in->received_us)
                        : put_new(w, in, r);
}
