/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/writer_int.h"

static int flush_feed(struct pl_writer *w, const struct pl_feed_tally *t)
{
    sqlite3_stmt *s = w->db.stmt[PL_W_ADD_FEED];

    sqlite3_bind_int64(s, 1, t->feed);
    sqlite3_bind_int64(s, 2, t->n_messages);
    sqlite3_bind_int64(s, 3, t->n_warned);
    sqlite3_bind_int64(s, 4, t->n_reused);
    sqlite3_bind_int64(s, 5, t->n_events);
    sqlite3_bind_int64(s, 6, t->raw_bytes);
    sqlite3_bind_int64(s, 7, t->stored_bytes);
    sqlite3_bind_int64(s, 8, t->received_us);
    sqlite3_bind_int64(s, 9, t->said_us);
    return pl_writer_run(w, PL_W_ADD_FEED);
}

static int flush_account(struct pl_writer *w, const struct pl_account_tally *t)
{
    sqlite3_stmt *s = w->db.stmt[PL_W_ADD_ACCOUNT];

    sqlite3_bind_int64(s, 1, t->feed);
    pl_bind_text(s, 2, t->name);
    sqlite3_bind_int64(s, 3, t->n_seen);
    sqlite3_bind_int64(s, 4, t->n_used);
    sqlite3_bind_int64(s, 5, t->n_field[CTX_FIELD_UNUSED]);
    sqlite3_bind_int64(s, 6, t->n_field[CTX_FIELD_TEXT]);
    sqlite3_bind_int64(s, 7, t->n_field[CTX_FIELD_MAPPED]);
    sqlite3_bind_int64(s, 8, t->n_field[CTX_FIELD_ODD]);
    return pl_writer_run(w, PL_W_ADD_ACCOUNT);
}

int pl_tally_flush(struct pl_writer *w)
{
    struct pl_tally *t = &w->tally;
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < t->n_feeds; i++)
        rc = flush_feed(w, &t->feed[i]);
    for (size_t i = 0; rc == SQLITE_OK && i < t->n_accounts; i++)
        rc = flush_account(w, &t->account[i]);
    t->n_feeds = t->n_accounts = 0;
    return rc;
}

int pl_tally_feed(struct pl_writer *w, const struct pl_feed_tally *more)
{
    struct pl_tally *t = &w->tally;
    struct pl_feed_tally *f = t->feed;
    int rc = SQLITE_OK;

    while (f < t->feed + t->n_feeds && f->feed != more->feed)
        f++;
    if (f == t->feed + PL_TALLY_FEEDS) {
        rc = pl_tally_flush(w);
        f = t->feed;
    }
    if (f == t->feed + t->n_feeds) {
        *f = *more;
        t->n_feeds++;
        return rc;
    }
    f->n_messages += more->n_messages;
    f->n_warned += more->n_warned;
    f->n_reused += more->n_reused;
    f->n_events += more->n_events;
    f->raw_bytes += more->raw_bytes;
    f->stored_bytes += more->stored_bytes;
    if (more->received_us > f->received_us)
        f->received_us = more->received_us;
    if (more->said_us > f->said_us)
        f->said_us = more->said_us;
    return rc;
}

static int tally_account(struct pl_writer *w, int64_t feed,
                         const struct ctx_account *account, int sign)
{
    struct pl_tally *t = &w->tally;
    struct pl_account_tally *a = t->account;
    int rc = SQLITE_OK;

    while (a < t->account + t->n_accounts &&
           (a->feed != feed || !an_str_eq(a->name, account->name)))
        a++;
    if (a == t->account + PL_TALLY_ACCOUNTS) {
        rc = pl_tally_flush(w);
        a = t->account;
    }
    if (a == t->account + t->n_accounts) {
        *a = (struct pl_account_tally){.feed = feed, .name = account->name};
        t->n_accounts++;
    }
    a->n_seen += (int64_t)account->n_seen * sign;
    a->n_used += (int64_t)account->n_used * sign;
    for (size_t i = 0; i < account->n_fields; i++)
        for (unsigned k = CTX_FIELD_UNUSED; k < CTX_N_FIELD_STATES; k++)
            a->n_field[k] += (int64_t)account->field[i].n[k] * sign;
    return rc;
}

int pl_tally_accounts(struct pl_writer *w, int64_t feed,
                      const struct ctx_account *account, size_t n, int sign)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
        rc = tally_account(w, feed, &account[i], sign);
    return rc;
}
