/* SPDX-License-Identifier: Apache-2.0 */
/* What a message closes, in T1: from the commit on nothing leaves of what was
 * said before on what is confidential now or is another's, and whoever is
 * thinking about the patient learns that the record has changed under him. */
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

/* ---- how confidential ---------------------------------------------------- */

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

/* ---- who is who ---------------------------------------------------------- */

/* Both whom a claim is about, and whoever hangs together with them. */
static int ask_both(struct pl_writer *w, const struct pl_derivation *d,
                    size_t claim, struct pl_receipt *r, bool *asked)
{
    const int64_t each[] = {d->current[claim], d->prior[claim]};
    sqlite3_stmt *s = stmt(w, PL_W_CLOSE_ASK_ONE);
    size_t before = r->n_triggers;
    int rc = ask(w, each[0], d->message, r);

    for (size_t i = 0; rc == SQLITE_OK && i < 2; i++) {
        sqlite3_bind_int64(s, 1, each[i]);
        sqlite3_bind_int64(s, 2, d->message);
        sqlite3_bind_int64(s, 3, PL_REASON_CLOSING);
        rc = pl_writer_run(w, PL_W_CLOSE_ASK_ONE);
        if (rc == SQLITE_OK)
            r->n_triggers += (size_t)sqlite3_changes(w->db.sql);
    }
    *asked = r->n_triggers > before;
    return rc;
}

/* Two records become one: what was said of each is not all any more. */
static int close_joined(struct pl_writer *w, const struct pl_derivation *d,
                        size_t claim, struct pl_receipt *r)
{
    bool asked;
    int rc = ask_both(w, d, claim, r, &asked);

    if (rc != SQLITE_OK || !asked || !d->joined[claim])
        return rc;
    rc = note(w, d->current[claim]);
    return rc == SQLITE_OK ? drop(w, d->current[claim], d->in->received_us)
                           : rc;
}

/* One record becomes two: what was said of it rests on another's. */
static int close_parted(struct pl_writer *w, const struct pl_derivation *d,
                        size_t claim, struct pl_receipt *r)
{
    int64_t identifier = d->current[claim], now_us = d->in->received_us;
    bool asked;
    int rc;

    if ((rc = note(w, identifier)) != SQLITE_OK ||
        (rc = drop(w, identifier, now_us)) != SQLITE_OK ||
        (rc = ask_both(w, d, claim, r, &asked)) != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(stmt(w, PL_W_CLOSE_SUPERSEDE), 1, identifier);
    sqlite3_bind_int64(stmt(w, PL_W_CLOSE_SUPERSEDE), 2, now_us);
    return pl_writer_run(w, PL_W_CLOSE_SUPERSEDE);
}

static int close_claim(struct pl_writer *w, const struct pl_derivation *d,
                       size_t claim, struct pl_receipt *r)
{
    if (d->current[claim] == d->prior[claim])
        return SQLITE_OK;
    switch (d->in->claim[claim].kind) {
    case CTX_CLAIM_SAME:
        return d->joined[claim] ? close_joined(w, d, claim, r) : SQLITE_OK;
    case CTX_CLAIM_MERGE: return close_joined(w, d, claim, r);
    default: return close_parted(w, d, claim, r);
    }
}

int pl_writer_close(struct pl_writer *w, const struct pl_derivation *d,
                    struct pl_receipt *r)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_filings; i++)
        if (d->in->filing[i].closes)
            rc = close_labelled(w, d->filed[i], d->in->filing[i].closes, d, r);
    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_claims; i++)
        rc = close_claim(w, d, i, r);
    return rc;
}
