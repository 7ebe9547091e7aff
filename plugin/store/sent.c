/* SPDX-License-Identifier: Apache-2.0 */
/* What the receiver has of ours: where, in which version, and whether it is
 * still ours. */
#include "plugin/store/conclude.h"
#include "plugin/store/deliveries.h"

#include "base/json_out.h"
#include "base/time.h"
#include "plugin/store/reader_int.h"
#include "plugin/store/writer_int.h"

enum { NOTE_BYTES = 8192 };

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

int pl_writer_sent(struct pl_writer *w, const struct pl_posted *posted,
                   int64_t patient)
{
    sqlite3_stmt *s = stmt(w, PL_W_PUT_SENT);

    pl_bind_text(s, 1, posted->id);
    pl_bind_text(s, 2, an_str_c(posted->type));
    sqlite3_bind_int64(s, 3, patient);
    pl_bind_text(s, 4, posted->model);
    return pl_writer_run(w, PL_W_PUT_SENT);
}

static int withdrawal(struct pl_writer *w, struct an_str resource,
                      struct an_str type, struct an_str reason, int64_t now_us,
                      struct an_str *json)
{
    char recorded[AN_TIME_TEXT_BYTES];
    struct an_json_out out;

    (void)an_time_print_instant(now_us, recorded);
    an_out_init(&out, &w->arena, NOTE_BYTES);
    an_out_object(&out);
    an_out_key_str(&out, "resource", resource);
    an_out_key_str(&out, "type", type);
    an_out_key_str(&out, "reason", reason);
    an_out_key_str(&out, "recorded", an_str_c(recorded));
    an_out_end(&out);
    return an_out_done(&out, json, NULL) == AN_OK ? SQLITE_OK : SQLITE_NOMEM;
}

static int audit_withdrawal(struct pl_writer *w, struct an_str resource,
                            struct an_str reason, int64_t now_us)
{
    struct pl_audit_entry entry = {.action = PL_AUDIT_WITHDRAWN,
                                   .time_us = now_us,
                                   .actor = AN_STR("anamnesis"),
                                   .role = AN_STR("system")};
    struct an_json_out out;

    an_out_init(&out, &w->arena, NOTE_BYTES);
    an_out_object(&out);
    an_out_key_str(&out, "what", AN_STR("suggestion"));
    an_out_key_str(&out, "resource", resource);
    an_out_key_str(&out, "reason", reason);
    an_out_end(&out);
    if (an_out_done(&out, &entry.details, NULL) != AN_OK ||
        !pl_subject(&w->arena, "outbox/", sqlite3_last_insert_rowid(w->db.sql),
                    &entry.subject))
        return SQLITE_NOMEM;
    return pl_writer_audit(w, &entry);
}

static int put_withdrawal(struct pl_writer *w, struct an_str json,
                          int64_t patient, int64_t now_us)
{
    sqlite3_stmt *s = stmt(w, PL_W_PUT_WITHDRAWAL_ROW);
    struct an_sha256 hash;

    if (an_sha256(json, &hash, NULL) != AN_OK)
        return SQLITE_NOMEM;
    sqlite3_bind_int64(s, 1, patient);
    pl_bind_blob(s, 2, json);
    pl_bind_blob(s, 3, (struct an_str){(const char *)hash.b, sizeof(hash.b)});
    sqlite3_bind_int64(s, 4, now_us);
    return pl_writer_run(w, PL_W_PUT_WITHDRAWAL_ROW);
}

int pl_writer_withdraw(struct pl_writer *w, struct an_str resource,
                       struct an_str reason, int64_t now_us)
{
    sqlite3_stmt *s = stmt(w, PL_W_GET_SENT);
    struct an_str type = AN_STR(""), json;
    int64_t patient = 0;
    int rc;

    pl_bind_text(s, 1, resource);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        patient = sqlite3_column_int64(s, 1);
        if (!pl_column_copy(&w->arena, s, 0, &type))
            rc = SQLITE_NOMEM;
    }
    sqlite3_reset(s);
    if (rc != SQLITE_ROW)
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
    rc = withdrawal(w, resource, type, reason, now_us, &json);
    if (rc == SQLITE_OK)
        rc = put_withdrawal(w, json, patient, now_us);
    if (rc == SQLITE_OK)
        rc = audit_withdrawal(w, resource, reason, now_us);
    if (rc != SQLITE_OK)
        return rc;
    pl_bind_text(stmt(w, PL_W_SET_SENT), 1, resource);
    sqlite3_bind_int64(stmt(w, PL_W_SET_SENT), 2, PL_SENT_WITHDRAWN);
    return pl_writer_run(w, PL_W_SET_SENT);
}

/* Told once, when it happens. */
static int audit_taken(struct pl_writer *w, const struct pl_attempt *a,
                       const struct pl_sent *sent)
{
    struct pl_audit_entry entry = {.action = PL_AUDIT_TAKEN_OVER,
                                   .time_us = a->now_us,
                                   .actor = AN_STR("anamnesis"),
                                   .role = AN_STR("system")};
    sqlite3_stmt *s = stmt(w, PL_W_SENT_STATE);
    struct an_json_out out;
    int64_t before;
    int rc;

    pl_bind_text(s, 1, sent->resource);
    rc = pl_writer_number(w, PL_W_SENT_STATE, &before);
    if (rc != SQLITE_OK || before == PL_SENT_TAKEN_OVER)
        return rc;
    an_out_init(&out, &w->arena, NOTE_BYTES);
    an_out_object(&out);
    an_out_key_str(&out, "resource", sent->resource);
    an_out_key_str(&out, "version", sent->version);
    an_out_end(&out);
    if (an_out_done(&out, &entry.details, NULL) != AN_OK ||
        !pl_subject(&w->arena, "outbox/", a->id, &entry.subject))
        return SQLITE_NOMEM;
    return pl_writer_audit(w, &entry);
}

static int learn(struct pl_writer *w, const struct pl_attempt *a,
                 const struct pl_sent *sent)
{
    bool is_taken = sent->state == PL_SENT_TAKEN_OVER;
    int rc = is_taken ? audit_taken(w, a, sent) : SQLITE_OK;
    sqlite3_stmt *s = stmt(w, PL_W_LEARN_SENT);

    if (rc != SQLITE_OK)
        return rc;
    pl_bind_text(s, 1, sent->resource);
    pl_bind_text(s, 2, sent->address);
    pl_bind_text(s, 3, sent->version);
    sqlite3_bind_int64(s, 4, PL_SENT_OURS);
    rc = pl_writer_run(w, PL_W_LEARN_SENT);
    if (rc != SQLITE_OK || !is_taken)
        return rc;
    pl_bind_text(stmt(w, PL_W_SET_SENT), 1, sent->resource);
    sqlite3_bind_int64(stmt(w, PL_W_SET_SENT), 2, PL_SENT_TAKEN_OVER);
    return pl_writer_run(w, PL_W_SET_SENT);
}

int pl_writer_learn(struct pl_writer *w, const struct pl_attempt *a)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < a->n_sent; i++)
        rc = learn(w, a, &a->sent[i]);
    return rc;
}

enum an_code pl_sent_get(struct pl_reader *r, struct an_arena *arena,
                         struct an_str resource, struct pl_sent *out,
                         struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_SENT);
    enum an_code code;
    bool more;

    *out = (struct pl_sent){.resource = resource};
    pl_bind_text(s, 1, resource);
    code = pl_reader_step(r, s, &more, err);
    if (code != AN_OK)
        return code;
    if (!more)
        return an_fail(err, AN_NOTFOUND, "nothing of that name was sent", 0);
    out->state = (enum pl_sent_state)sqlite3_column_int(s, 4);
    if (!pl_column_copy(arena, s, 0, &out->type) ||
        !pl_column_copy(arena, s, 1, &out->model) ||
        !pl_column_copy(arena, s, 2, &out->address) ||
        !pl_column_copy(arena, s, 3, &out->version))
        code = an_fail_nomem(err);
    sqlite3_reset(s);
    return code;
}
