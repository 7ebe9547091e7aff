/* SPDX-License-Identifier: Apache-2.0 */
/* What a message closes, in T1: from the commit on nothing leaves of what was
 * said before on what is confidential now, and whoever is thinking about the
 * patient learns that the record has changed under him. */
#include "plugin/store/writer_int.h"

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

/* Everybody in the web of `identifier`, now number `n` of all closings. */
static int note(struct pl_writer *w, int64_t identifier)
{
    int64_t n;
    int rc = pl_writer_number(w, PL_W_CLOSE_NEXT, &n);

    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(stmt(w, PL_W_CLOSE_NOTE), 1, identifier);
    sqlite3_bind_int64(stmt(w, PL_W_CLOSE_NOTE), 2, n);
    return pl_writer_run(w, PL_W_CLOSE_NOTE);
}

static int drop(struct pl_writer *w, int64_t identifier, int64_t now_us)
{
    static const enum pl_write which[] = {PL_W_CLOSE_DROP,
                                          PL_W_CLOSE_DROP_HELD};
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < 2; i++) {
        sqlite3_bind_int64(stmt(w, which[i]), 1, identifier);
        sqlite3_bind_int64(stmt(w, which[i]), 2, now_us);
        rc = pl_writer_run(w, which[i]);
    }
    return rc;
}

/* Each under whose number something is said that is current. */
static int ask(struct pl_writer *w, int64_t identifier, int64_t message,
               struct pl_receipt *r)
{
    sqlite3_stmt *s = stmt(w, PL_W_CLOSE_ASK);
    int rc;

    sqlite3_bind_int64(s, 1, identifier);
    sqlite3_bind_int64(s, 2, message);
    sqlite3_bind_int64(s, 3, PL_REASON_CLOSING);
    rc = pl_writer_run(w, PL_W_CLOSE_ASK);
    if (rc == SQLITE_OK)
        r->n_triggers += (size_t)sqlite3_changes(w->db.sql);
    return rc;
}

/* What stands needs what was closed too, until the question has been asked
 * again: those who may see that still see it, and a word that was given about
 * a text is not lost. */
static int raise_needs(struct pl_writer *w, int64_t identifier, unsigned needs)
{
    sqlite3_bind_int64(stmt(w, PL_W_CLOSE_RAISE), 1, identifier);
    sqlite3_bind_int64(stmt(w, PL_W_CLOSE_RAISE), 2, needs);
    return pl_writer_run(w, PL_W_CLOSE_RAISE);
}

static int close_labelled(struct pl_writer *w, int64_t identifier,
                          unsigned needs, const struct pl_derivation *d,
                          struct pl_receipt *r)
{
    int rc;

    if ((rc = note(w, identifier)) != SQLITE_OK ||
        (rc = drop(w, identifier, d->in->received_us)) != SQLITE_OK ||
        (rc = raise_needs(w, identifier, needs)) != SQLITE_OK)
        return rc;
    return ask(w, identifier, d->message, r);
}

int pl_writer_close(struct pl_writer *w, const struct pl_derivation *d,
                    struct pl_receipt *r)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_filings; i++)
        if (d->in->filing[i].closes)
            rc = close_labelled(w, d->filed[i], d->in->filing[i].closes, d, r);
    return rc;
}
