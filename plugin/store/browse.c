/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, triggers and counts. */
#include "plugin/store/reader_int.h"

#include "plugin/store/arrivals.h"
#include "plugin/store/pack_int.h"
#include "plugin/store/store.h"

#include <string.h>

/* Unpack, and hold against the hash that was taken when it came. */
static enum an_code bytes_take(struct an_arena *arena, sqlite3_stmt *s,
                               struct pl_message *m, struct an_err *err)
{
    struct an_str raw = pl_column(s, 13);
    int64_t n = sqlite3_column_int64(s, 11);
    struct an_sha256 hash;
    enum an_code code = AN_OK;

    m->purged_us = sqlite3_column_int64(s, 14);
    if (m->purged_us)
        return AN_OK;
    if (n < 0 || n > PL_LIMIT_MESSAGE_BYTES)
        code = AN_INTEGRITY;
    else if (sqlite3_column_int(s, 12))
        code = pl_unpack(arena, raw, (size_t)n, &m->bytes, err);
    else if (!an_arena_str(arena, raw, &m->bytes))
        code = an_fail_nomem(err);
    if (code == AN_OK)
        code = an_sha256(m->bytes, &hash, err);
    if (code == AN_OK && memcmp(hash.b, m->sha256.b, sizeof(hash.b)) != 0)
        code = AN_INTEGRITY;
    if (code == AN_INTEGRITY)
        return pl_fail_message(err, code, "a stored message is damaged", m->id);
    return code;
}

static enum an_code message_take(struct an_arena *arena, sqlite3_stmt *s,
                                 struct pl_message *m, struct an_err *err)
{
    struct an_str hash = pl_column(s, 1);

    *m = (struct pl_message){.id = sqlite3_column_int64(s, 0)};
    if (hash.n != sizeof(m->sha256.b))
        return pl_fail_message(err, AN_INTEGRITY,
                               "a stored message has no name", m->id);
    memcpy(m->sha256.b, hash.p, hash.n);
    if (!pl_column_copy(arena, s, 2, &m->feed) ||
        !pl_column_copy(arena, s, 3, &m->sender) ||
        !pl_column_copy(arena, s, 4, &m->control_id) ||
        !pl_column_copy(arena, s, 5, &m->kind))
        return an_fail_nomem(err);
    m->format = sqlite3_column_int(s, 6) == PL_FORMAT_FHIR ? PL_FORMAT_FHIR
                                                           : PL_FORMAT_HL7V2;
    m->received_us = sqlite3_column_int64(s, 7);
    m->said_us = sqlite3_column_int64(s, 8);
    m->n_warnings = (size_t)sqlite3_column_int64(s, 9);
    m->reused = sqlite3_column_int(s, 10) != 0;
    return bytes_take(arena, s, m, err);
}

static enum an_code message_get(struct pl_reader *r, struct an_arena *arena,
                                sqlite3_stmt *s, struct pl_message *out,
                                struct an_err *err)
{
    bool more;
    enum an_code code = pl_reader_step(r, s, &more, err);

    if (code != AN_OK)
        return code;
    if (!more)
        return an_fail(err, AN_NOTFOUND, "there is no such message", 0);
    code = message_take(arena, s, out, err);
    sqlite3_reset(s);
    return code;
}

enum an_code pl_message_next(struct pl_reader *r, struct an_arena *arena,
                             int64_t after, struct pl_message *out,
                             struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_NEXT_MESSAGE);

    sqlite3_bind_int64(s, 1, after);
    return message_get(r, arena, s, out, err);
}

enum an_code pl_message_get(struct pl_reader *r, struct an_arena *arena,
                            struct an_str id, struct pl_message *out,
                            struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_GET_MESSAGE);
    struct an_sha256 hash;

    if (!an_hex_parse(id, hash.b, sizeof(hash.b)))
        return an_fail(err, AN_NOTFOUND, "that is no id of a message", 0);
    pl_bind_blob(s, 1, (struct an_str){(const char *)hash.b, sizeof(hash.b)});
    return message_get(r, arena, s, out, err);
}

enum an_code pl_message_of_feed(struct pl_reader *r, struct an_arena *arena,
                                struct an_str feed, int64_t before,
                                struct pl_message *out, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_OF_FEED);

    pl_bind_text(s, 1, feed);
    sqlite3_bind_int64(s, 2, before);
    sqlite3_bind_int64(s, 3, PL_ARRIVALS);
    return message_get(r, arena, s, out, err);
}

enum an_code pl_arrivals(struct pl_reader *r,
                         void (*take)(void *user, const struct pl_arrival *a),
                         void *user, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_ARRIVALS);
    enum an_code code;
    bool more;

    sqlite3_bind_int64(s, 1, PL_ARRIVALS);
    for (;;) {
        struct pl_arrival a;

        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        a = (struct pl_arrival){.message = sqlite3_column_int64(s, 0),
                                .feed = pl_column(s, 1),
                                .sender = pl_column(s, 2),
                                .received_us = sqlite3_column_int64(s, 3),
                                .said_us = sqlite3_column_int64(s, 4)};
        take(user, &a);
    }
}

enum an_code pl_triggers(struct pl_reader *r, struct an_arena *arena,
                         int64_t after, size_t limit,
                         const struct pl_trigger **out, size_t *n,
                         struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_DUE);
    struct pl_trigger *trigger = NULL;
    enum an_code code;
    size_t room = 0;
    bool more;

    *out = NULL;
    *n = 0;
    sqlite3_bind_int64(s, 1, after);
    sqlite3_bind_int64(s, 2, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
    for (;;) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        trigger = pl_grown(arena, trigger, *n, &room, sizeof(*trigger));
        if (trigger == NULL ||
            !pl_column_identifier(arena, s, 1, &trigger[*n].patient)) {
            sqlite3_reset(s);
            *n = 0;
            return an_fail_nomem(err);
        }
        trigger[*n].id = sqlite3_column_int64(s, 0);
        trigger[*n].message = sqlite3_column_int64(s, 4);
        trigger[*n].said_us = sqlite3_column_int64(s, 6);
        trigger[(*n)++].reason = (unsigned)sqlite3_column_int(s, 5);
        *out = trigger;
    }
}

static enum an_code feeds_take(struct pl_reader *r, struct an_arena *arena,
                               struct pl_feed *feed, size_t n,
                               struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_FEEDS);
    enum an_code code = AN_OK;
    bool more;

    for (size_t i = 0; code == AN_OK && i < n; i++) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK)
            break;
        if (!pl_column_copy(arena, s, 0, &feed[i].name))
            code = an_fail_nomem(err);
        feed[i].n_messages = sqlite3_column_int64(s, 1);
        feed[i].n_warned = sqlite3_column_int64(s, 2);
        feed[i].n_reused = sqlite3_column_int64(s, 3);
        feed[i].n_events = sqlite3_column_int64(s, 4);
        feed[i].raw_bytes = sqlite3_column_int64(s, 5);
        feed[i].stored_bytes = sqlite3_column_int64(s, 6);
        feed[i].last_received_us = sqlite3_column_int64(s, 7);
        feed[i].last_said_us = sqlite3_column_int64(s, 8);
    }
    return code;
}

static enum an_code accounts_take(struct pl_reader *r, struct an_arena *arena,
                                  struct pl_account *account, size_t n,
                                  struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_ACCOUNTS);
    enum an_code code = AN_OK;
    bool more;

    for (size_t i = 0; code == AN_OK && i < n; i++) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK)
            break;
        if (!pl_column_copy(arena, s, 0, &account[i].feed) ||
            !pl_column_copy(arena, s, 1, &account[i].name))
            code = an_fail_nomem(err);
        account[i].n_seen = sqlite3_column_int64(s, 2);
        account[i].n_used = sqlite3_column_int64(s, 3);
        for (int k = CTX_FIELD_UNUSED; k < CTX_N_FIELD_STATES; k++)
            account[i].n_field[k] =
                sqlite3_column_int64(s, 4 + k - CTX_FIELD_UNUSED);
    }
    return code;
}

static enum an_code totals_take(struct pl_reader *r, struct pl_status *out,
                                struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_TOTALS);
    bool more;
    enum an_code code = pl_reader_step(r, s, &more, err);

    if (code != AN_OK)
        return code;
    out->n_feeds = (size_t)sqlite3_column_int64(s, 0);
    out->n_accounts = (size_t)sqlite3_column_int64(s, 1);
    out->n_identifiers = sqlite3_column_int64(s, 2);
    out->n_triggers_waiting = sqlite3_column_int64(s, 3);
    out->file_bytes = sqlite3_column_int64(s, 4);
    sqlite3_reset(s);
    return AN_OK;
}

enum an_code pl_status(struct pl_reader *r, struct an_arena *arena,
                       struct pl_status *out, struct an_err *err)
{
    enum an_code code = pl_reader_begin(r, err);
    struct pl_account *account = NULL;
    struct pl_feed *feed = NULL;

    *out = (struct pl_status){.n_feeds = 0};
    if (code != AN_OK)
        return code;
    code = totals_take(r, out, err);
    if (code == AN_OK) {
        feed = an_arena_get(arena, out->n_feeds, sizeof(*feed));
        account = an_arena_get(arena, out->n_accounts, sizeof(*account));
        if (feed == NULL || account == NULL)
            code = an_fail_nomem(err);
    }
    if (code == AN_OK)
        code = feeds_take(r, arena, feed, out->n_feeds, err);
    if (code == AN_OK)
        code = accounts_take(r, arena, account, out->n_accounts, err);
    for (size_t i = 0; code == AN_OK && i < out->n_feeds; i++)
        out->n_messages += feed[i].n_messages;
    out->feed = feed;
    out->account = account;
    return pl_reader_end(r, code, err);
}

enum an_code pl_progress(struct pl_reader *r, struct pl_progress *out,
                         struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_PROGRESS);
    bool more;
    enum an_code code = pl_reader_step(r, s, &more, err);
    struct an_str maps;

    *out = (struct pl_progress){.after = 0};
    if (code != AN_OK)
        return code;
    if (!more)
        return an_fail(err, AN_NOTFOUND, "nothing was ever read again", 0);
    maps = pl_column(s, 0);
    if (maps.n == sizeof(out->maps.b))
        memcpy(out->maps.b, maps.p, maps.n);
    out->after = sqlite3_column_int64(s, 1);
    out->finished = sqlite3_column_int(s, 2) != 0;
    out->n_read = sqlite3_column_int64(s, 3);
    out->n_changed = sqlite3_column_int64(s, 4);
    out->n_unreadable = sqlite3_column_int64(s, 5);
    out->n_asked = sqlite3_column_int64(s, 6);
    sqlite3_reset(s);
    return AN_OK;
}
