/* SPDX-License-Identifier: Apache-2.0 */
/* Who is who: identifiers, and the persons that claims make of them. */
#include "plugin/store/claims_int.h"
#include "plugin/store/reader_int.h"

#include <string.h>

enum an_code pl_exact(struct pl_reader *r, struct an_arena *arena,
                      const struct ctx_identifier *who, struct pl_numbered *out,
                      struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_EXACT);
    enum an_code code;
    bool more;

    pl_bind_text(s, 1, who->value);
    pl_bind_text(s, 2, who->authority);
    code = pl_reader_step(r, s, &more, err);
    if (code != AN_OK)
        return code;
    if (!more)
        return an_fail(err, AN_NOTFOUND, "no message named this patient", 0);
    out->number = sqlite3_column_int64(s, 0);
    if (!pl_column_identifier(arena, s, 1, &out->id))
        code = an_fail_nomem(err);
    sqlite3_reset(s);
    return code;
}

/* The row's identifier, where it stands if it was met before. */
static enum an_code meet(struct pl_web *web, struct an_arena *arena,
                         sqlite3_stmt *s, size_t *at, struct an_err *err)
{
    int64_t number = sqlite3_column_int64(s, 0);
    struct pl_numbered *node = pl_grown(arena, web->node, web->n_nodes,
                                        &web->room_nodes, sizeof(*node));

    if (node == NULL)
        return an_fail_nomem(err);
    web->node = node;
    for (*at = 0; *at < web->n_nodes; (*at)++)
        if (node[*at].number == number)
            return AN_OK;
    if (web->n_nodes == PL_LIMIT_MEMBERS)
        return an_fail(err, AN_LIMIT,
                       "too many identifiers are said to be one person", 0);
    node += web->n_nodes;
    node->number = number;
    if (!pl_column_identifier(arena, s, 1, &node->id))
        return an_fail_nomem(err);
    web->n_nodes++;
    return AN_OK;
}

/* A patient's every message may claim the same; of claims that differ in
 * nothing but when they were said only the last one matters, identity.h. */
static enum an_code keep_last(struct pl_web *web, struct an_arena *arena,
                              const struct ctx_claim *c, struct an_err *err)
{
    struct ctx_claim *kept = pl_grown(arena, web->claim, web->n_claims,
                                      &web->room_claims, sizeof(*kept));

    if (kept == NULL)
        return an_fail_nomem(err);
    web->claim = kept;
    for (size_t i = 0; i < web->n_claims; i++) {
        /* Identifiers of nodes: the same one has the same bytes. */
        if (kept[i].kind != c->kind ||
            kept[i].current.value.p != c->current.value.p ||
            kept[i].prior.value.p != c->prior.value.p)
            continue;
        if (c->said_us > kept[i].said_us)
            kept[i].said_us = c->said_us;
        return AN_OK;
    }
    kept[web->n_claims++] = *c;
    return AN_OK;
}

/* A plain link is a claim by itself: one list that holds both, which nothing has
 * taken back, is all that there is to know. */
static enum an_code link_take(struct pl_web *web, struct an_arena *arena,
                              size_t from, size_t to, bool is_plain,
                              struct an_err *err)
{
    const struct ctx_claim c = {.kind = CTX_CLAIM_SAME,
                                .current = web->node[from].id,
                                .prior = web->node[to].id,
                                .said_us = 1,
                                .available_us = INT64_MIN};

    web->is_plain &= is_plain;
    return web->is_plain ? keep_last(web, arena, &c, err) : AN_OK;
}

static enum an_code follow_links(struct pl_reader *r, struct an_arena *arena,
                                 struct pl_web *web, size_t from,
                                 int64_t as_of_us, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(
        r, as_of_us == CTX_AS_OF_ALL ? PL_R_LINKS_NOW : PL_R_LINKS);
    enum an_code code;
    bool more;
    size_t to = 0;

    sqlite3_bind_int64(s, 1, web->node[from].number);
    sqlite3_bind_int64(s, 2, as_of_us);
    for (;;) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        code = meet(web, arena, s, &to, err);
        if (code == AN_OK)
            code = link_take(web, arena, from, to,
                             sqlite3_column_int(s, 4) != 0, err);
        if (code != AN_OK) {
            sqlite3_reset(s);
            return code;
        }
    }
}

/* Visits link nobody, and moves of identifiers are taken from their own table:
 * they count though whom it went to is no node. */
static bool is_of_persons(const struct ctx_claim *c)
{
    return c->kind != CTX_CLAIM_VISIT && c->kind != CTX_CLAIM_MOVE;
}

static enum an_code claims_take(struct pl_web *web, struct an_arena *arena,
                                size_t from, int64_t as_of_us, sqlite3_stmt *s,
                                struct an_err *err)
{
    struct an_str blob = pl_column(s, 1), rest = blob;
    enum an_code code = AN_OK;
    struct ctx_claim c;
    bool bad = false;
    int64_t other;

    while (code == AN_OK && pl_claims_next(blob, &rest, &c, &other, &bad)) {
        size_t i = 0;

        while (i < web->n_nodes && web->node[i].number != other)
            i++;
        if (i == web->n_nodes || c.available_us > as_of_us ||
            !is_of_persons(&c))
            continue;
        c.current = web->node[from].id;
        c.prior = web->node[i].id;
        if (c.said_us == 0)
            c.said_us = c.available_us;
        c.available_us = as_of_us;
        c.place = AN_STR("");
        code = keep_last(web, arena, &c, err);
    }
    if (bad)
        code = pl_fail_message(err, AN_INTEGRITY,
                               "a stored claim about identity is damaged",
                               sqlite3_column_int64(s, 0));
    return code;
}

static enum an_code load_claims(struct pl_reader *r, struct an_arena *arena,
                                struct pl_web *web, size_t from,
                                int64_t as_of_us, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_CLAIMS);
    enum an_code code;
    bool more;

    sqlite3_bind_int64(s, 1, web->node[from].number);
    sqlite3_bind_int64(s, 2, as_of_us);
    for (;;) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        code = claims_take(web, arena, from, as_of_us, s, err);
        if (code != AN_OK) {
            sqlite3_reset(s);
            return code;
        }
    }
}

/* The moves of a node, each of which parts it from somebody. */
static enum an_code load_moves(struct pl_reader *r, struct an_arena *arena,
                               struct pl_web *web, size_t from,
                               int64_t as_of_us, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_MOVES);
    enum an_code code;
    bool more;

    sqlite3_bind_int64(s, 1, web->node[from].number);
    sqlite3_bind_int64(s, 2, as_of_us);
    for (;;) {
        struct ctx_claim c = {.kind = CTX_CLAIM_MOVE,
                              .prior = web->node[from].id,
                              .available_us = as_of_us};

        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        c.said_us = sqlite3_column_int64(s, 4);
        code = pl_column_identifier(arena, s, 1, &c.current)
                   ? keep_last(web, arena, &c, err)
                   : an_fail_nomem(err);
        if (code != AN_OK) {
            sqlite3_reset(s);
            return code;
        }
    }
}

/* What is said of the nodes.  Of a web that is plain that is known, unless one of
 * them was moved: then it matters when each was said. */
static enum an_code load_all(struct pl_reader *r, struct an_arena *arena,
                             struct pl_web *web, int64_t as_of_us,
                             struct an_err *err)
{
    size_t n_plain = web->n_claims;
    enum an_code code = AN_OK;

    if (!web->is_plain)
        n_plain = web->n_claims = 0;
    for (size_t i = 0; code == AN_OK && i < web->n_nodes; i++)
        code = load_moves(r, arena, web, i, as_of_us, err);
    if (code != AN_OK || (web->is_plain && web->n_claims == n_plain))
        return code;
    /* What a plain link is says nothing of when. */
    web->n_claims -= n_plain;
    if (n_plain)
        memmove(web->claim, web->claim + n_plain,
                web->n_claims * sizeof(*web->claim));
    for (size_t i = 0; code == AN_OK && i < web->n_nodes; i++)
        code = load_claims(r, arena, web, i, as_of_us, err);
    return code;
}

enum an_code pl_numbered_get(struct pl_reader *r, struct an_arena *arena,
                             struct pl_numbered *who, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_NUMBERED);
    enum an_code code;
    bool more;

    sqlite3_bind_int64(s, 1, who->number);
    code = pl_reader_step(r, s, &more, err);
    if (code != AN_OK)
        return code;
    if (!more)
        return an_fail(err, AN_NOTFOUND, "there is no such identifier", 0);
    if (!pl_column_identifier(arena, s, 1, &who->id))
        code = an_fail_nomem(err);
    sqlite3_reset(s);
    return code;
}

enum an_code pl_web_person(struct pl_reader *r, struct an_arena *arena,
                           const struct pl_numbered *who, int64_t as_of_us,
                           struct pl_web *web, struct ctx_person *out,
                           struct an_err *err)
{
    enum an_code code = AN_OK;

    *web = (struct pl_web){.is_plain = true};
    web->node = pl_grown(arena, NULL, 0, &web->room_nodes, sizeof(*web->node));
    if (web->node == NULL)
        return an_fail_nomem(err);
    web->node[web->n_nodes++] = *who;
    for (size_t i = 0; code == AN_OK && i < web->n_nodes; i++)
        code = follow_links(r, arena, web, i, as_of_us, err);
    if (code == AN_OK && web->n_nodes > 1)
        code = load_all(r, arena, web, as_of_us, err);
    if (code != AN_OK)
        return code;
    return ctx_person_find(arena, web->claim, web->n_claims, &who->id, as_of_us,
                           out, err);
}

enum an_code pl_person(struct pl_reader *r, struct an_arena *arena,
                       const struct ctx_identifier *who, int64_t as_of_us,
                       struct ctx_person *out, struct an_err *err)
{
    struct pl_numbered node;
    struct pl_web web;
    enum an_code code = pl_reader_begin(r, err);

    if (code != AN_OK)
        return code;
    code = pl_exact(r, arena, who, &node, err);
    if (code == AN_OK)
        code = pl_web_person(r, arena, &node, as_of_us, &web, out, err);
    return pl_reader_end(r, code, err);
}

bool pl_is_member(const struct ctx_person *p, const struct ctx_identifier *id)
{
    size_t low = 0, high = p->n_members;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int r = ctx_identifier_cmp(&p->member[middle].id, id);

        if (r == 0)
            return true;
        if (r < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static enum an_code find_value(struct pl_reader *r, struct an_arena *arena,
                               struct an_str value, struct pl_numbered *found,
                               bool *spoken, size_t *n, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_VALUE);
    enum an_code code;
    bool more;

    *n = 0;
    pl_bind_text(s, 1, value);
    sqlite3_bind_int64(s, 2, PL_LIMIT_FOUND + 1);
    for (;;) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            break;
        if (*n == PL_LIMIT_FOUND)
            code =
                an_fail(err, AN_LIMIT, "too many patients have this value", 0);
        else if (!pl_column_identifier(arena, s, 1, &found[*n].id))
            code = an_fail_nomem(err);
        if (code != AN_OK) {
            sqlite3_reset(s);
            return code;
        }
        found[*n].number = sqlite3_column_int64(s, 0);
        spoken[(*n)++] = sqlite3_column_int(s, 4) != 0;
    }
    if (code == AN_OK && *n == 0)
        code = an_fail(err, AN_NOTFOUND, "no message named this patient", 0);
    return code;
}

/* Reading again with other tables leaves names behind of which no message
 * speaks any more: they are no choice beside one that is spoken of. */
static size_t without_silent(struct ctx_identifier *id, const bool *silent,
                             size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (!silent[i])
            id[kept++] = id[i];
    return kept ? kept : n;
}

/* Of identifiers of one person the first stays. */
static enum an_code one_each(struct pl_reader *r, struct an_arena *arena,
                             const struct pl_numbered *found,
                             const bool *spoken, size_t n, struct pl_found *out,
                             struct an_err *err)
{
    bool silent[PL_LIMIT_FOUND];
    struct ctx_identifier *kept = an_arena_get(arena, n, sizeof(*kept));
    struct ctx_person *of = an_arena_get(arena, n, sizeof(*of));

    if (kept == NULL || of == NULL)
        return an_fail_nomem(err);
    *out = (struct pl_found){kept, 0};
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        enum an_code code;
        struct pl_web web;

        for (size_t j = 0; j < out->n; j++)
            known |= pl_is_member(&of[j], &found[i].id);
        if (known)
            continue;
        code = pl_web_person(r, arena, &found[i], CTX_AS_OF_ALL, &web,
                             &of[out->n], err);
        if (code != AN_OK)
            return code;
        silent[out->n] = !spoken[i] && of[out->n].n_members == 1;
        kept[out->n++] = found[i].id;
    }
    out->n = without_silent(kept, silent, out->n);
    return AN_OK;
}

enum an_code pl_find(struct pl_reader *r, struct an_arena *arena,
                     struct an_str authority, struct an_str value,
                     struct pl_found *out, struct an_err *err)
{
    struct ctx_identifier who = {authority, value, AN_STR("")};
    struct pl_numbered *found =
        an_arena_get(arena, PL_LIMIT_FOUND, sizeof(*found));
    bool spoken[PL_LIMIT_FOUND] = {true};
    size_t n = 1;
    enum an_code code;

    *out = (struct pl_found){NULL, 0};
    if (found == NULL)
        return an_fail_nomem(err);
    code = pl_reader_begin(r, err);
    if (code != AN_OK)
        return code;
    code = authority.n ? pl_exact(r, arena, &who, &found[0], err)
                       : find_value(r, arena, value, found, spoken, &n, err);
    if (code == AN_OK)
        code = one_each(r, arena, found, spoken, n, out, err);
    return pl_reader_end(r, code, err);
}
