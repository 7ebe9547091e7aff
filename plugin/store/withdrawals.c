/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's part: what is here of a resource, and what is to be withdrawn. */
#include "plugin/store/resources.h"

#include "plugin/store/reader_int.h"

#include <string.h>

enum { EACH_BYTES = 256 << 20 /* of the messages about one resource */ };

/* What one message said about one identifier. */
struct set {
    int64_t identifier;
    const struct ctx_event *event;
    size_t n;
};

/* The messages that have a key, by identifier. */
struct sets {
    struct set *set;
    size_t n, room;
};

static enum an_code set_take(struct an_arena *arena, sqlite3_stmt *s,
                             struct sets *sets, struct an_err *err)
{
    struct set *set =
        pl_grown(arena, sets->set, sets->n, &sets->room, sizeof(*set));

    if (set == NULL)
        return an_fail_nomem(err);
    sets->set = set;
    set += sets->n++;
    set->identifier = sqlite3_column_int64(s, 0);
    return pl_column_events(arena, s, 1, &set->event, &set->n, err);
}

/* Of one identifier; of all with 0. */
static enum an_code sets_load(struct pl_reader *r, struct an_arena *arena,
                              int64_t key, int64_t identifier,
                              struct sets *sets, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_VERSIONS);
    enum an_code code;
    bool more;

    *sets = (struct sets){.n = 0};
    sqlite3_bind_int64(s, 1, key);
    sqlite3_bind_int64(s, 2, identifier);
    for (;;) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        code = set_take(arena, s, sets, err);
        if (code != AN_OK) {
            sqlite3_reset(s);
            return code;
        }
    }
}

static bool is_asked_for(const struct ctx_event *e, struct an_str fact,
                         int64_t until_us)
{
    return e->said_us <= until_us && an_str_eq(e->fact, fact);
}

/* Does what was said of the fact until then stand?  By the sets of one
 * identifier. */
static enum an_code stands(struct an_arena *arena, const struct set *set,
                           size_t n, struct an_str fact, int64_t until_us,
                           bool *is_live, int64_t *said_us, struct an_err *err)
{
    struct ctx_timeline timeline;
    struct ctx_event *all;
    size_t n_all = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < set[i].n; k++)
            n_all += is_asked_for(&set[i].event[k], fact, until_us);
    all = an_arena_get(arena, n_all, sizeof(*all));
    if (all == NULL)
        return an_fail_nomem(err);
    n_all = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < set[i].n; k++)
            if (is_asked_for(&set[i].event[k], fact, until_us))
                all[n_all++] = set[i].event[k];
    if (ctx_timeline_build(arena, all, n_all, CTX_AS_OF_ALL, &timeline, err) !=
        AN_OK)
        return AN_NOMEM;
    *is_live = timeline.n_events > 0;
    *said_us = 0;
    for (size_t i = 0; i < timeline.n_events; i++)
        if (timeline.event[i]->said_us > *said_us)
            *said_us = timeline.event[i]->said_us;
    return AN_OK;
}

/* ---- one resource ----------------------------------------------------------- */

static enum an_code look_at_all(struct an_arena *arena, const struct sets *sets,
                                struct an_str fact, int64_t until_us,
                                struct pl_resource_there *out,
                                struct an_err *err)
{
    enum an_code code = AN_OK;

    for (size_t i = 0, end; code == AN_OK && i < sets->n; i = end) {
        bool was_live = false, is_live = false;
        int64_t said_us = 0;

        for (end = i + 1; end < sets->n &&
                          sets->set[end].identifier == sets->set[i].identifier;)
            end++;
        code = stands(arena, sets->set + i, end - i, fact, until_us, &was_live,
                      &said_us, err);
        if (code == AN_OK)
            code = stands(arena, sets->set + i, end - i, fact, INT64_MAX,
                          &is_live, &said_us, err);
        out->n_live += was_live;
        if (is_live && said_us > out->said_us)
            out->said_us = said_us;
    }
    return code;
}

enum an_code pl_resource_find(struct pl_reader *r, struct an_arena *arena,
                              struct an_str fact, int64_t until_us,
                              struct pl_resource_there *out, struct an_err *err)
{
    struct an_mark mark = an_arena_mark(arena);
    struct sets sets = {.n = 0};
    int64_t key;
    enum an_code code = pl_resource_key(fact, &key, err);

    *out = (struct pl_resource_there){.n_live = 0};
    if (code == AN_OK)
        code = pl_reader_begin(r, err);
    if (code != AN_OK)
        return code;
    code = sets_load(r, arena, key, 0, &sets, err);
    code = pl_reader_end(r, code, err);
    if (code == AN_OK)
        code = look_at_all(arena, &sets, fact, until_us, out, err);
    an_arena_rewind(arena, mark);
    return code;
}

/* ---- what waits -------------------------------------------------------------- */

struct note {
    int64_t id, key;
    bool is_settled;
};

struct waiting {
    struct pl_reader *reader;
    struct an_arena *arena; /* the caller's */
    struct an_arena each;
    int64_t identifier;
    struct note note[PL_LIMIT_WITHDRAWN];
    size_t n_notes;
    struct pl_deleted *deleted;
    size_t n, room;
};

static enum an_code notes_load(struct waiting *w, int64_t after,
                               struct pl_withdrawal *out, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(w->reader, PL_R_WITHDRAWALS);
    enum an_code code;
    bool more;

    sqlite3_bind_int64(s, 1, PL_LIMIT_WITHDRAWN);
    sqlite3_bind_int64(s, 2, after);
    for (;;) {
        code = pl_reader_step(w->reader, s, &more, err);
        if (code != AN_OK || !more)
            break;
        if (w->n_notes == 0 &&
            !pl_column_identifier(w->arena, s, 3, &out->patient)) {
            sqlite3_reset(s);
            return an_fail_nomem(err);
        }
        w->identifier = sqlite3_column_int64(s, 1);
        out->first = sqlite3_column_int64(s, 6);
        w->note[w->n_notes++] = (struct note){sqlite3_column_int64(s, 0),
                                              sqlite3_column_int64(s, 2), true};
    }
    if (code == AN_OK && w->n_notes == 0)
        code = an_fail(err, AN_NOTFOUND, "nothing is to be withdrawn", 0);
    return code;
}

/* Deletions that have a key, by moment. */
struct gone {
    struct an_sha256 hash;
    struct an_str fact; /* "" of none that is here */
    int64_t at_us;
    bool is_followed; /* another has the same fact */
};

static enum an_code gone_load(struct waiting *w, int64_t key, struct gone **out,
                              size_t *n, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(w->reader, PL_R_DELETED);
    struct gone *list = NULL;
    enum an_code code;
    size_t room = 0;
    bool more;

    *n = 0;
    sqlite3_bind_int64(s, 1, key);
    for (;;) {
        struct an_str hash;

        code = pl_reader_step(w->reader, s, &more, err);
        if (code != AN_OK || !more)
            break;
        hash = pl_column(s, 0);
        list = pl_grown(&w->each, list, *n, &room, sizeof(*list));
        if (list == NULL || hash.n != AN_SHA256_BYTES) {
            sqlite3_reset(s);
            return list ? an_fail(err, AN_INTEGRITY, "a deletion is damaged", 0)
                        : an_fail_nomem(err);
        }
        list[*n] = (struct gone){.fact = AN_STR(""),
                                 .at_us = sqlite3_column_int64(s, 1)};
        memcpy(list[*n].hash.b, hash.p, hash.n);
        for (size_t i = 0; i < *n; i++)
            list[i].is_followed |=
                memcmp(&list[i].hash, &list[*n].hash, sizeof(list->hash)) == 0;
        ++*n;
    }
    *out = list;
    return code;
}

/* Which of those is this fact's? */
static enum an_code name_gone(struct an_str fact, int64_t key,
                              struct gone *gone, size_t n, struct an_err *err)
{
    struct an_sha256 hash;
    int64_t is;
    enum an_code code = pl_resource_key(fact, &is, err);

    if (code != AN_OK || is != key)
        return code;
    code = an_sha256(fact, &hash, err);
    for (size_t i = 0; code == AN_OK && i < n; i++)
        if (memcmp(hash.b, gone[i].hash.b, sizeof(hash.b)) == 0)
            gone[i].fact = fact;
    return code;
}

static enum an_code name_all(const struct sets *sets, int64_t key,
                             struct gone *gone, size_t n, struct an_err *err)
{
    enum an_code code = AN_OK;

    for (size_t i = 0; i < sets->n; i++)
        for (size_t k = 0; code == AN_OK && k < sets->set[i].n; k++) {
            const struct ctx_event *e = &sets->set[i].event[k];

            if (k == 0 || !an_str_eq(e->fact, e[-1].fact))
                code = name_gone(e->fact, key, gone, n, err);
        }
    return code;
}

static enum an_code keep(struct waiting *w, const struct gone *g,
                         struct an_err *err)
{
    w->deleted =
        pl_grown(w->arena, w->deleted, w->n, &w->room, sizeof(*w->deleted));
    if (w->deleted == NULL ||
        !an_arena_str(w->arena, g->fact, &w->deleted[w->n].fact))
        return an_fail_nomem(err);
    w->deleted[w->n++].at_us = g->at_us;
    return AN_OK;
}

/* What is to be withdrawn of the resources of a key.  Of a fact that was deleted
 * several times the first that is not yet withdrawn, since each is looked at by
 * what the one before has left; the note stays for the others. */
static enum an_code look_at(struct waiting *w, int64_t key, bool *is_settled,
                            struct an_err *err)
{
    struct sets sets = {.n = 0};
    struct gone *gone = NULL;
    struct an_str last = AN_STR("");
    size_t n = 0;
    enum an_code code;

    an_arena_reset(&w->each);
    code = gone_load(w, key, &gone, &n, err);
    if (code == AN_OK)
        code = sets_load(w->reader, &w->each, key, w->identifier, &sets, err);
    if (code == AN_OK)
        code = name_all(&sets, key, gone, n, err);
    for (size_t i = 0; code == AN_OK && i < n; i++) {
        bool is_live = false;
        int64_t said_us;

        if (gone[i].fact.n == 0 || an_str_eq(gone[i].fact, last))
            continue;
        code = stands(&w->each, sets.set, sets.n, gone[i].fact, gone[i].at_us,
                      &is_live, &said_us, err);
        if (code != AN_OK || !is_live)
            continue;
        code = keep(w, &gone[i], err);
        last = gone[i].fact;
        *is_settled &= !gone[i].is_followed;
    }
    return code;
}

static enum an_code look_at_notes(struct waiting *w, struct an_err *err)
{
    enum an_code code = AN_OK;

    for (size_t i = 0; code == AN_OK && i < w->n_notes; i++) {
        size_t first = 0;

        while (w->note[first].key != w->note[i].key)
            first++;
        if (first < i)
            w->note[i].is_settled = w->note[first].is_settled;
        else
            code = look_at(w, w->note[i].key, &w->note[i].is_settled, err);
    }
    return code;
}

static enum an_code hand_over(const struct waiting *w,
                              struct pl_withdrawal *out, struct an_err *err)
{
    int64_t *id = an_arena_get(w->arena, w->n_notes, sizeof(*id));

    if (id == NULL)
        return an_fail_nomem(err);
    for (int settled = 1; settled >= 0; settled--)
        for (size_t i = 0; i < w->n_notes; i++)
            if (w->note[i].is_settled == settled) {
                id[out->n_ids++] = w->note[i].id;
                out->n_settled += w->note[i].is_settled;
            }
    out->id = id;
    out->deleted = w->deleted;
    out->n = w->n;
    return AN_OK;
}

enum an_code pl_withdrawal_next(struct pl_reader *r, struct an_arena *arena,
                                int64_t after, struct pl_withdrawal *out,
                                struct an_err *err)
{
    struct waiting *w = an_arena_get(arena, 1, sizeof(*w));
    enum an_code code;

    *out = (struct pl_withdrawal){.n = 0};
    if (w == NULL)
        return an_fail_nomem(err);
    *w = (struct waiting){.reader = r, .arena = arena};
    code = pl_reader_begin(r, err);
    if (code != AN_OK)
        return code;
    an_arena_init(&w->each, EACH_BYTES);
    code = notes_load(w, after, out, err);
    if (code == AN_OK)
        code = look_at_notes(w, err);
    code = pl_reader_end(r, code, err);
    if (code == AN_OK)
        code = hand_over(w, out, err);
    an_arena_free(&w->each);
    return code;
}
