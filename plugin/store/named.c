/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/named.h"

#include "context/codec.h"
#include "plugin/store/claims_int.h"
#include "plugin/store/derived_int.h"
#include "plugin/store/reader_int.h"

#include <string.h>

/* ---- by name ------------------------------------------------------------- */

/* The hashes that begin with these digits; false when they are none. */
static bool hash_range(struct an_str id, struct an_sha256 *from,
                       struct an_sha256 *to)
{
    char digits[AN_SHA256_HEX];

    if (id.n < PL_NAMED_HEX_LEAST || id.n > AN_SHA256_HEX)
        return false;
    memset(digits, '0', sizeof(digits));
    memcpy(digits, id.p, id.n);
    if (!an_hex_parse((struct an_str){digits, sizeof(digits)}, from->b,
                      sizeof(from->b)))
        return false;
    memset(digits + id.n, 'f', sizeof(digits) - id.n);
    return an_hex_parse((struct an_str){digits, sizeof(digits)}, to->b,
                        sizeof(to->b));
}

struct range {
    struct an_sha256 from, to;
};

/* ?1 the text, ?2 and ?3 the range of hashes, ?4 the number.  The range must
 * live as long as the statement runs. */
static void bind(sqlite3_stmt *s, struct an_str id, struct range *hash)
{
    uint64_t number = 0;

    pl_bind_text(s, 1, id);
    if (hash_range(id, &hash->from, &hash->to)) {
        pl_bind_blob(
            s, 2, (struct an_str){(char *)hash->from.b, sizeof(hash->from.b)});
        pl_bind_blob(s, 3,
                     (struct an_str){(char *)hash->to.b, sizeof(hash->to.b)});
    } else {
        sqlite3_bind_null(s, 2);
        sqlite3_bind_null(s, 3);
    }
    if (an_str_u64(id, &number) && number <= INT64_MAX)
        sqlite3_bind_int64(s, 4, (int64_t)number);
    else
        sqlite3_bind_null(s, 4);
    sqlite3_bind_int64(s, 5, PL_LIMIT_NAMED);
}

static enum an_code name_take(struct an_arena *arena, sqlite3_stmt *s,
                              bool refused, struct pl_name *n,
                              struct an_err *err)
{
    struct an_str hash = pl_column(s, 1);

    *n = (struct pl_name){.refused = refused,
                          .number = sqlite3_column_int64(s, 0),
                          .format = sqlite3_column_int(s, 6) == PL_FORMAT_FHIR
                                        ? PL_FORMAT_FHIR
                                        : PL_FORMAT_HL7V2,
                          .received_us = sqlite3_column_int64(s, 7),
                          .raw_bytes = sqlite3_column_int64(s, 8),
                          .n_again = sqlite3_column_int64(s, 9),
                          .last_us = sqlite3_column_int64(s, 10)};
    if (hash.n != sizeof(n->sha256.b))
        return pl_fail_message(err, AN_INTEGRITY,
                               "a stored message has no name", n->number);
    memcpy(n->sha256.b, hash.p, hash.n);
    if (!pl_column_copy(arena, s, 2, &n->feed) ||
        !pl_column_copy(arena, s, 3, &n->sender) ||
        !pl_column_copy(arena, s, 4, &n->control_id) ||
        !pl_column_copy(arena, s, 5, &n->kind))
        return an_fail_nomem(err);
    if (!refused) {
        n->said_us = sqlite3_column_int64(s, 11);
        n->n_warnings = sqlite3_column_int64(s, 12);
        n->reused = sqlite3_column_int(s, 13) != 0;
        return AN_OK;
    }
    return pl_column_copy(arena, s, 11, &n->what) &&
                   pl_column_copy(arena, s, 12, &n->place)
               ? AN_OK
               : an_fail_nomem(err);
}

static enum an_code names_take(struct pl_reader *r, struct an_arena *arena,
                               enum pl_read which, struct an_str id,
                               struct pl_name *item, size_t *n,
                               struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, which);
    struct range hash;
    enum an_code code;
    bool more;

    bind(s, id, &hash);
    for (;;) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        code =
            name_take(arena, s, which == PL_R_NAMED_REFUSALS, &item[*n], err);
        if (code != AN_OK)
            return code;
        ++*n;
    }
}

enum an_code pl_named(struct pl_reader *r, struct an_arena *arena,
                      struct an_str id, struct pl_named *out,
                      struct an_err *err)
{
    size_t room = (size_t)2 * PL_LIMIT_NAMED;
    struct pl_name *item = an_arena_get(arena, room, sizeof(*item));
    enum an_code code = pl_reader_begin(r, err);

    *out = (struct pl_named){item, 0};
    if (code != AN_OK)
        return code;
    if (item == NULL)
        code = an_fail_nomem(err);
    if (code == AN_OK)
        code = names_take(r, arena, PL_R_NAMED, id, item, &out->n, err);
    if (code == AN_OK)
        code =
            names_take(r, arena, PL_R_NAMED_REFUSALS, id, item, &out->n, err);
    code = pl_reader_end(r, code, err);
    if (code == AN_OK && out->n == 0)
        code = an_fail(err, AN_NOTFOUND,
                       "no message has this control id, number or SHA-256", 0);
    return code;
}

/* ---- what was made of it ------------------------------------------------- */

static size_t n_claims(struct an_str blob)
{
    struct an_str rest = blob;
    struct ctx_claim claim;
    bool bad = false;
    int64_t other;
    size_t n = 0;

    while (pl_claims_next(blob, &rest, &claim, &other, &bad))
        n++;
    return n;
}

static enum an_code part_take(struct an_arena *arena, sqlite3_stmt *s,
                              int64_t number, struct pl_made_part *part,
                              struct an_err *err)
{
    struct an_str blob;
    enum an_code code;

    *part = (struct pl_made_part){.n_claims = n_claims(pl_column(s, 3))};
    if (!pl_column_identifier(arena, s, 0, &part->patient) ||
        !pl_column_copy(arena, s, 5, &blob))
        return an_fail_nomem(err);
    if (sqlite3_column_int64(s, 4) == 0)
        return AN_OK;
    code = ctx_events_decode(arena, blob, AN_STR(""), &part->event,
                             &part->n_events, err);
    return code == AN_INTEGRITY
               ? pl_fail_message(err, code, "stored events are damaged", number)
               : code;
}

/* An identifier may stand in the note several times. */
static bool is_repeated(const struct pl_derived *d, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (d->identifier[k] == d->identifier[i])
            return true;
    return false;
}

static enum an_code parts_take(struct pl_reader *r, struct an_arena *arena,
                               int64_t number, const struct pl_derived *d,
                               struct pl_made_part *part, size_t *n,
                               struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_SAID_OF);
    enum an_code code = AN_OK;
    bool more;

    for (size_t i = 0; code == AN_OK && i < d->n_identifiers; i++) {
        if (is_repeated(d, i))
            continue;
        sqlite3_bind_int64(s, 1, d->identifier[i]);
        sqlite3_bind_int64(s, 2, number);
        code = pl_reader_step(r, s, &more, err);
        if (code == AN_OK && more)
            code = part_take(arena, s, number, &part[(*n)++], err);
        sqlite3_reset(s);
    }
    return code;
}

static enum an_code derived_take(struct pl_reader *r, struct an_arena *arena,
                                 int64_t number, struct pl_derived *d,
                                 struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_DERIVED);
    struct an_str blob;
    enum an_code code;
    bool more;

    sqlite3_bind_int64(s, 1, number);
    code = pl_reader_step(r, s, &more, err);
    if (code != AN_OK)
        return code;
    if (!more)
        return an_fail(err, AN_NOTFOUND, "there is no such message", 0);
    code = pl_column_copy(arena, s, 0, &blob) ? AN_OK : an_fail_nomem(err);
    sqlite3_reset(s);
    return code == AN_OK ? pl_derived_get(arena, blob, d, err) : code;
}

enum an_code pl_made(struct pl_reader *r, struct an_arena *arena,
                     int64_t number, struct pl_made *out, struct an_err *err)
{
    enum an_code code = pl_reader_begin(r, err);
    struct pl_made_part *part = NULL;
    struct pl_derived d;

    *out = (struct pl_made){.n_parts = 0};
    if (code != AN_OK)
        return code;
    code = derived_take(r, arena, number, &d, err);
    if (code == AN_OK) {
        part = an_arena_get(arena, d.n_identifiers, sizeof(*part));
        if (part == NULL)
            code = an_fail_nomem(err);
    }
    if (code == AN_OK) {
        out->account = d.account;
        out->n_accounts = d.n_accounts;
        out->part = part;
        code = parts_take(r, arena, number, &d, part, &out->n_parts, err);
    }
    return pl_reader_end(r, code, err);
}
