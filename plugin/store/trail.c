/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail's rows, and what else is told to it alone. */
#include "plugin/store/conclude.h"

#include "base/json_out.h"
#include "base/sort.h"
#include "plugin/host/thread.h"
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

/* Consents of one identifier that are no more as they were. */
struct ended {
    int64_t identifier, n, time_us;
    bool is_read_anew; /* the message says what it said; we take it otherwise */
};

/* {"what":"consent","n":1,"feed":"deletions","message":"<its hash>"}, and
 * "by":"reprocess" of what is read otherwise */
static int audit_ended(struct pl_writer *w, const struct pl_derivation *d,
                       const struct ended *ended)
{
    struct pl_audit_entry entry = {.action = PL_AUDIT_WITHDRAWN,
                                   .time_us = ended->time_us,
                                   .actor = AN_STR("anamnesis"),
                                   .role = AN_STR("system")};
    char message[AN_SHA256_HEX + 1];
    struct an_json_out out;

    an_hex_print(d->in->sha256.b, sizeof(d->in->sha256.b), message);
    an_out_init(&out, &w->arena, NOTE_BYTES);
    an_out_object(&out);
    an_out_key_str(&out, "what", AN_STR("consent"));
    an_out_key(&out, "n");
    an_out_i64(&out, ended->n);
    an_out_key_str(&out, "feed", d->in->feed);
    an_out_key_str(&out, "message", an_str_c(message));
    if (ended->is_read_anew)
        an_out_key_str(&out, "by", AN_STR("reprocess"));
    an_out_end(&out);
    if (an_out_done(&out, &entry.details, NULL) != AN_OK ||
        !pl_subject(&w->arena, "identifier/", ended->identifier,
                    &entry.subject))
        return SQLITE_NOMEM;
    return pl_writer_audit(w, &entry);
}

int pl_writer_ended(struct pl_writer *w, const struct pl_derivation *d)
{
    struct an_mark mark = an_arena_mark(&w->arena);
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_filings; i++) {
        const struct ended ended = {d->filed[i],
                                    (int64_t)d->in->filing[i].n_ended,
                                    d->in->received_us, false};

        if (ended.n)
            rc = audit_ended(w, d, &ended);
        an_arena_rewind(&w->arena, mark); /* a Bundle is of very many */
    }
    return rc;
}

/* ---- consents that are read otherwise ------------------------------------- */

/* What context/consent.h looks at, whenever it was said: that may be read better
 * now, and ends nothing. */
static int by_meaning(const void *x, const void *y)
{
    const struct ctx_event *a = x, *b = y;
    bool a_planned = a->status == CTX_STATUS_PLANNED;
    bool b_planned = b->status == CTX_STATUS_PLANNED;
    int order = an_str_cmp(a->fact, b->fact);

    if (order == 0)
        order = an_str_cmp(a->concept.code, b->concept.code);
    if (order == 0)
        order = an_str_cmp(a->value.text, b->value.text);
    if (order == 0)
        order = a_planned - b_planned;
    if (order == 0)
        order = a->end.precision - b->end.precision;
    return order ? order : (a->end.us > b->end.us) - (a->end.us < b->end.us);
}

/* The consents of a row that are not withdrawn, in that order. */
static int consents_of(struct pl_writer *w, const struct pl_said_row *row,
                       struct ctx_event **out, size_t *n)
{
    const struct ctx_event *e = NULL;
    struct ctx_event *scratch;
    size_t n_all = 0;
    int rc = SQLITE_OK;

    *n = 0;
    if (row && row->n_events)
        rc = pl_writer_events(w, row->events, &e, &n_all);
    *out = an_arena_get(&w->aside, n_all, sizeof(**out));
    scratch = an_arena_get(&w->aside, n_all / 2 + 1, sizeof(*scratch));
    if (rc != SQLITE_OK || *out == NULL || scratch == NULL)
        return rc == SQLITE_OK ? SQLITE_NOMEM : rc;
    for (size_t i = 0; i < n_all; i++)
        if (e[i].kind == CTX_CONSENT && !ctx_event_withdrawn(&e[i]))
            (*out)[(*n)++] = e[i];
    an_sort(*out, *n, sizeof(**out), scratch, by_meaning);
    return SQLITE_OK;
}

/* Of the consents of a row those that the message does not say any more. */
static int count_gone(struct pl_writer *w, const struct pl_said_row *before,
                      const struct pl_said_row *now, int64_t *n)
{
    struct ctx_event *was, *is = NULL;
    size_t n_was, n_is = 0, k = 0;
    int rc = consents_of(w, before, &was, &n_was);

    *n = 0;
    if (rc == SQLITE_OK && n_was)
        rc = consents_of(w, now, &is, &n_is);
    for (size_t i = 0; rc == SQLITE_OK && i < n_was; i++) {
        while (k < n_is && by_meaning(&is[k], &was[i]) < 0)
            k++;
        *n += k == n_is || by_meaning(&is[k], &was[i]) != 0;
    }
    return rc;
}

int pl_writer_ended_anew(struct pl_writer *w,
                         const struct pl_derivation *before,
                         const struct pl_derivation *now)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < before->n_rows; i++) {
        struct an_mark mark = an_arena_mark(&w->arena);
        struct an_mark aside = an_arena_mark(&w->aside);
        const struct pl_said_row *row = &before->row[i];
        /* The message came when it came: that its consents end is of now. */
        struct ended ended = {row->identifier, 0, pl_clock_us(NULL), true};

        rc = count_gone(w, row, pl_row_of(now, row->identifier), &ended.n);
        if (rc == SQLITE_OK && ended.n)
            rc = audit_ended(w, now, &ended);
        an_arena_rewind(&w->aside, aside);
        an_arena_rewind(&w->arena, mark);
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
