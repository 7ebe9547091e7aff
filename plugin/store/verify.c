/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail, read and walked. */
#include "plugin/store/outgoing.h"

#include "base/json.h"
#include "plugin/store/reader_int.h"

#include <string.h>

static bool take_hash(sqlite3_stmt *s, int at, struct an_sha256 *out)
{
    struct an_str hash = pl_column(s, at);

    if (hash.n != sizeof(out->b))
        return false;
    memcpy(out->b, hash.p, hash.n);
    return true;
}

enum an_code pl_audit_next(struct pl_reader *r, struct an_arena *arena,
                           int64_t after, struct pl_audit_row *out,
                           struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_AUDIT);
    enum an_code code;
    bool more;

    sqlite3_bind_int64(s, 1, after);
    code = pl_reader_step(r, s, &more, err);
    if (code != AN_OK)
        return code;
    if (!more)
        return an_fail(err, AN_NOTFOUND, "the audit trail ends here", 0);
    *out = (struct pl_audit_row){.seq = sqlite3_column_int64(s, 0),
                                 .time_us = sqlite3_column_int64(s, 1)};
    if (!pl_column_copy(arena, s, 2, &out->actor) ||
        !pl_column_copy(arena, s, 3, &out->role) ||
        !pl_column_copy(arena, s, 4, &out->action) ||
        !pl_column_copy(arena, s, 5, &out->subject) ||
        !pl_column_copy(arena, s, 6, &out->details))
        code = an_fail_nomem(err);
    else if (!take_hash(s, 7, &out->prev_hash) || !take_hash(s, 8, &out->hash))
        code = pl_audit_broken(out->seq, "the row has no hash", err);
    sqlite3_reset(s);
    return code;
}

/* The head that the store keeps, and the row that was noted elsewhere. */
static enum an_code compare_head(struct pl_reader *r,
                                 const struct pl_audit_chain *chain,
                                 struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_AUDIT_HEAD);
    struct pl_audit_chain head = {.n = 0};
    bool more, same;
    enum an_code code = pl_reader_step(r, s, &more, err);

    if (code != AN_OK)
        return code;
    same = more && take_hash(s, 1, &head.last);
    if (same)
        head.n = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    if (!same)
        return pl_audit_broken(chain->n, "the trail has no head", err);
    if (head.n > chain->n)
        return pl_audit_broken(chain->n + 1, "the row is missing", err);
    if (head.n < chain->n)
        return pl_audit_broken(head.n + 1, "the row came from elsewhere", err);
    if (memcmp(head.last.b, chain->last.b, sizeof(head.last.b)) != 0)
        return pl_audit_broken(chain->n,
                               "the row is not the one that was "
                               "written last",
                               err);
    return AN_OK;
}

/* The suggestion that a row tells of is still the one that was said. */
static enum an_code compare_suggestion(struct pl_reader *r,
                                       struct an_arena *arena,
                                       const struct pl_audit_row *row,
                                       struct an_err *err)
{
    struct an_str prefix = AN_STR("suggestion/"), want;
    char hex[AN_SHA256_HEX + 1];
    const struct an_json *details;
    struct pl_suggestion said;
    struct an_sha256 hash;
    uint64_t id;
    enum an_code code;

    if (!an_str_eq(row->action, an_str_c(pl_audit_text(PL_AUDIT_SUGGESTED))))
        return AN_OK;
    if (!an_str_starts(row->subject, prefix) ||
        !an_str_u64(an_str_sub(row->subject, prefix.n, row->subject.n), &id) ||
        id > INT64_MAX ||
        an_json_read(arena, &(struct an_json_limits){0}, row->details, &details,
                     NULL) != AN_OK)
        return pl_audit_broken(row->seq, "the row names no suggestion", err);
    code = pl_suggestion_get(r, arena, (int64_t)id, &said, err);
    if (code == AN_NOTFOUND)
        return pl_audit_broken(row->seq, "its suggestion is missing", err);
    if (code == AN_INTEGRITY)
        return pl_audit_broken(row->seq, "its suggestion was changed", err);
    if (code != AN_OK || an_sha256(said.detail, &hash, err) != AN_OK)
        return code == AN_OK ? AN_INTERNAL : code;
    /* Purged: it is not current, and what it said is gone. */
    if (said.detail.n == 0 && said.superseded_us)
        return AN_OK;
    an_hex_print(hash.b, sizeof(hash.b), hex);
    want = an_json_text(an_json_get(details, AN_STR("sha256")));
    return an_str_eq(want, an_str_c(hex))
               ? AN_OK
               : pl_audit_broken(row->seq, "its suggestion was changed", err);
}

static enum an_code walk(struct pl_reader *r, struct an_arena *arena,
                         const struct pl_audit_chain *noted,
                         struct pl_audit_chain *chain, struct an_err *err)
{
    enum an_code code = AN_OK;

    while (code == AN_OK) {
        struct an_mark mark = an_arena_mark(arena);
        struct pl_audit_row row;

        code = pl_audit_next(r, arena, chain->n, &row, err);
        if (code == AN_OK)
            code = pl_audit_follow(chain, &row, err);
        if (code == AN_OK)
            code = compare_suggestion(r, arena, &row, err);
        if (code == AN_OK && noted && noted->n == row.seq &&
            memcmp(noted->last.b, row.hash.b, sizeof(row.hash.b)) != 0)
            code = pl_audit_broken(row.seq,
                                   "the row is not the one that was "
                                   "noted",
                                   err);
        an_arena_rewind(arena, mark);
    }
    return code == AN_NOTFOUND ? AN_OK : code;
}

enum an_code pl_audit_verify(struct pl_reader *r, struct an_arena *arena,
                             const struct pl_audit_chain *noted,
                             struct pl_audit_chain *chain, struct an_err *err)
{
    enum an_code code = pl_reader_begin(r, err);

    *chain = (struct pl_audit_chain){.n = 0};
    if (code != AN_OK)
        return code;
    code = walk(r, arena, noted, chain, err);
    if (code == AN_OK)
        code = compare_head(r, chain, err);
    if (code == AN_OK && noted && noted->n > chain->n)
        code = pl_audit_broken(chain->n + 1, "the row is missing", err);
    return pl_reader_end(r, code, err);
}
