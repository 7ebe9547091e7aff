/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail's rows, and what else is told to it alone. */
#include "plugin/store/conclude.h"

#include "base/json_out.h"
#include "plugin/store/writer_int.h"

#include <string.h>

enum { NOTE_BYTES = 4096 };

static struct an_str hash_str(const struct an_sha256 *h)
{
    return (struct an_str){(const char *)h->b, sizeof(h->b)};
}

bool pl_subject(struct an_arena *arena, const char *what, int64_t id,
                struct an_str *out)
{
    struct an_buf b;

    an_buf_init(&b, arena, 64);
    an_buf_put_c(&b, what);
    an_buf_put_i64(&b, id);
    return an_buf_done(&b, out, NULL) == AN_OK;
}

/* The row before the one to come. */
static int take_head(struct pl_writer *w, struct pl_audit_row *row)
{
    sqlite3_stmt *s = w->db.stmt[PL_W_AUDIT_HEAD];
    int rc = sqlite3_step(s);
    struct an_str hash;

    if (rc != SQLITE_ROW) {
        sqlite3_reset(s);
        return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
    }
    row->seq = sqlite3_column_int64(s, 0) + 1;
    hash = pl_column(s, 1);
    rc = hash.n == sizeof(row->prev_hash.b) ? SQLITE_OK : SQLITE_CORRUPT;
    if (rc == SQLITE_OK)
        memcpy(row->prev_hash.b, hash.p, hash.n);
    sqlite3_reset(s);
    return rc;
}

int pl_writer_audit(struct pl_writer *w, const struct pl_audit_entry *entry)
{
    struct pl_audit_row row = {.time_us = entry->time_us,
                               .actor = entry->actor,
                               .role = entry->role,
                               .action = an_str_c(pl_audit_text(entry->action)),
                               .subject = entry->subject,
                               .details = entry->details};
    sqlite3_stmt *s = w->db.stmt[PL_W_PUT_AUDIT];
    int rc = take_head(w, &row);

    if (rc != SQLITE_OK)
        return rc;
    if (pl_audit_seal(&row, NULL) != AN_OK)
        return SQLITE_NOMEM;
    sqlite3_bind_int64(s, 1, row.seq);
    sqlite3_bind_int64(s, 2, row.time_us);
    pl_bind_text(s, 3, row.actor);
    pl_bind_text(s, 4, row.role);
    pl_bind_text(s, 5, row.action);
    pl_bind_text(s, 6, row.subject);
    pl_bind_text(s, 7, row.details);
    pl_bind_blob(s, 8, hash_str(&row.prev_hash));
    pl_bind_blob(s, 9, hash_str(&row.hash));
    rc = pl_writer_run(w, PL_W_PUT_AUDIT);
    if (rc != SQLITE_OK)
        return rc;
    s = w->db.stmt[PL_W_SET_HEAD];
    sqlite3_bind_int64(s, 1, row.seq);
    pl_bind_blob(s, 2, hash_str(&row.hash));
    return pl_writer_run(w, PL_W_SET_HEAD);
}

/* {"what":"consent","n":1,"feed":"deletions","message":"<its hash>"} */
static int audit_ended(struct pl_writer *w, const struct pl_derivation *d,
                       size_t filing)
{
    struct pl_audit_entry entry = {.action = PL_AUDIT_WITHDRAWN,
                                   .time_us = d->in->received_us,
                                   .actor = AN_STR("anamnesis"),
                                   .role = AN_STR("system")};
    char message[AN_SHA256_HEX + 1];
    struct an_json_out out;

    an_hex_print(d->in->sha256.b, sizeof(d->in->sha256.b), message);
    an_out_init(&out, &w->arena, NOTE_BYTES);
    an_out_object(&out);
    an_out_key_str(&out, "what", AN_STR("consent"));
    an_out_key(&out, "n");
    an_out_i64(&out, (int64_t)d->in->filing[filing].n_ended);
    an_out_key_str(&out, "feed", d->in->feed);
    an_out_key_str(&out, "message", an_str_c(message));
    an_out_end(&out);
    if (an_out_done(&out, &entry.details, NULL) != AN_OK ||
        !pl_subject(&w->arena, "identifier/", d->filed[filing], &entry.subject))
        return SQLITE_NOMEM;
    return pl_writer_audit(w, &entry);
}

int pl_writer_ended(struct pl_writer *w, const struct pl_derivation *d)
{
    struct an_mark mark = an_arena_mark(&w->arena);
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_filings; i++) {
        if (d->in->filing[i].n_ended)
            rc = audit_ended(w, d, i);
        an_arena_rewind(&w->arena, mark); /* a Bundle is of very many */
    }
    return rc;
}

struct entries {
    const struct pl_audit_entry *entry;
    size_t n;
};

static int put_entries(struct pl_writer *w, void *ctx)
{
    const struct entries *e = ctx;
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < e->n; i++)
        rc = pl_writer_audit(w, &e->entry[i]);
    return rc;
}

enum an_code pl_store_audit(struct pl_store *store,
                            const struct pl_audit_entry *entry, size_t n,
                            struct an_err *err)
{
    struct entries entries = {entry, n};

    return pl_store_transaction(store, put_entries, &entries, err);
}
