/* SPDX-License-Identifier: Apache-2.0 */
/* All that is known of one person. */
#include "plugin/store/reader_int.h"

#include "context/codec.h"

#include <string.h>

struct set {
    const struct ctx_event *event;
    size_t n;
};

struct sets {
    struct set *set;
    size_t n, room;
    size_t n_events;
    int64_t last_message;
    int64_t as_of_us;
};

static enum an_code set_take(struct sets *sets, struct an_arena *arena,
                             sqlite3_stmt *s, struct an_err *err)
{
    struct an_str hash = pl_column(s, 1), blob;
    int64_t message = sqlite3_column_int64(s, 0);
    char *id = an_arena_get(arena, AN_SHA256_HEX + 1, 1);
    struct set *set;
    enum an_code code;

    set = pl_grown(arena, sets->set, sets->n, &sets->room, sizeof(*set));
    if (id == NULL || set == NULL || !pl_column_copy(arena, s, 2, &blob))
        return an_fail_nomem(err);
    sets->set = set;
    if (hash.n != AN_SHA256_BYTES)
        return pl_fail_message(err, AN_INTEGRITY,
                               "a stored event names no message", message);
    an_hex_print((const uint8_t *)hash.p, hash.n, id);
    set += sets->n++;
    code = ctx_events_decode(arena, blob, (struct an_str){id, AN_SHA256_HEX},
                             &set->event, &set->n, err);
    if (code == AN_INTEGRITY)
        return pl_fail_message(err, code, "stored events are damaged", message);
    sets->n_events += set->n;
    if (message > sets->last_message &&
        sqlite3_column_int64(s, 3) <= sets->as_of_us)
        sets->last_message = message;
    return code;
}

static enum an_code sets_load(struct pl_reader *r, struct an_arena *arena,
                              int64_t number, struct sets *sets,
                              struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_EVENTS);
    enum an_code code;
    bool more;

    sqlite3_bind_int64(s, 1, number);
    for (;;) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        code = set_take(sets, arena, s, err);
        if (code != AN_OK) {
            sqlite3_reset(s);
            return code;
        }
    }
}

static enum an_code join(struct an_arena *arena, const struct sets *sets,
                         int64_t as_of_us, struct pl_history *out,
                         struct an_err *err)
{
    struct ctx_event *all = an_arena_get(arena, sets->n_events, sizeof(*all));
    size_t n = 0;

    if (all == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < sets->n; i++) {
        if (sets->set[i].n)
            memcpy(all + n, sets->set[i].event, sets->set[i].n * sizeof(*all));
        n += sets->set[i].n;
    }
    for (size_t i = 0; i < n; i++)
        out->n_said += all[i].available_us <= as_of_us;
    out->last_message = sets->last_message;
    return ctx_timeline_build(arena, all, n, as_of_us, &out->timeline, err);
}

static enum an_code closings(struct pl_reader *r, int64_t *n,
                             struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_CLOSINGS);
    enum an_code code;
    bool more;

    code = pl_reader_step(r, s, &more, err);
    if (code != AN_OK)
        return code;
    *n = more ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    return AN_OK;
}

enum an_code pl_history(struct pl_reader *r, struct an_arena *arena,
                        const struct ctx_identifier *who, int64_t as_of_us,
                        struct pl_history *out, struct an_err *err)
{
    struct sets sets = {.as_of_us = as_of_us};
    struct pl_numbered node;
    struct pl_web web;
    enum an_code code = pl_reader_begin(r, err);

    *out = (struct pl_history){.n_said = 0};
    if (code != AN_OK)
        return code;
    code = pl_exact(r, arena, who, &node, err);
    if (code == AN_OK)
        code =
            pl_web_person(r, arena, &node, as_of_us, &web, &out->person, err);
    for (size_t i = 0; code == AN_OK && i < web.n_nodes; i++)
        if (pl_is_member(&out->person, &web.node[i].id))
            code = sets_load(r, arena, web.node[i].number, &sets, err);
    if (code == AN_OK)
        code = closings(r, &out->closings, err);
    code = pl_reader_end(r, code, err);
    return code == AN_OK ? join(arena, &sets, as_of_us, out, err) : code;
}
