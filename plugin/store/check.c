/* SPDX-License-Identifier: Apache-2.0 */
/* Whether all of the store still is what was put into it. */
#include "plugin/store/claims_int.h"
#include "plugin/store/reader_int.h"
#include "plugin/store/resources.h"

#include "context/codec.h"

static enum an_code check_file(struct pl_reader *r, struct an_err *err)
{
    int64_t sound = 0;
    enum an_code code = pl_db_number(&r->db,
                                     "SELECT integrity_check = 'ok'"
                                     " FROM pragma_integrity_check(1)",
                                     &sound, err);

    if (code == AN_OK && !sound)
        code = an_fail(err, AN_INTEGRITY, "the store is damaged", 0);
    return code;
}

/* Everything said was said by a message that is there. */
static enum an_code check_stray(struct pl_reader *r, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_STRAY);
    bool more;
    enum an_code code = pl_reader_step(r, s, &more, err);

    if (code == AN_OK && more)
        code =
            pl_fail_message(err, AN_INTEGRITY, "stored events have no message",
                            sqlite3_column_int64(s, 0));
    sqlite3_reset(s);
    return code;
}

static enum an_code check_messages(struct pl_reader *r, struct an_arena *arena,
                                   struct an_err *err)
{
    struct pl_message m = {.id = 0};
    enum an_code code = AN_OK;

    while (code == AN_OK) {
        struct an_mark mark = an_arena_mark(arena);

        code = pl_message_next(r, arena, m.id, &m, err);
        an_arena_rewind(arena, mark);
    }
    return code == AN_NOTFOUND ? AN_OK : code;
}

/* Each resource is found by its key (resources.h). */
static enum an_code check_resources(struct pl_reader *r, struct an_arena *arena,
                                    sqlite3_stmt *s,
                                    const struct ctx_event *event, size_t n,
                                    int64_t *n_resources, struct an_err *err)
{
    sqlite3_stmt *has = pl_reader_stmt(r, PL_R_HAS_RESOURCE);
    const struct pl_resource *list;
    enum an_code code;
    bool more = true;
    size_t n_list;

    if (sqlite3_column_int(s, 6) != PL_FORMAT_FHIR)
        return AN_OK;
    code = pl_resources_of(arena, event, n, &list, &n_list, err);
    for (size_t i = 0; code == AN_OK && more && i < n_list; i++) {
        sqlite3_bind_int64(has, 1, list[i].key);
        sqlite3_bind_int64(has, 2, sqlite3_column_int64(s, 5));
        sqlite3_bind_int64(has, 3, sqlite3_column_int64(s, 0));
        code = pl_reader_step(r, has, &more, err);
        sqlite3_reset(has);
        *n_resources += more;
    }
    if (code == AN_OK && !more)
        code = pl_fail_message(err, AN_INTEGRITY,
                               "a stored resource is not in its index",
                               sqlite3_column_int64(s, 0));
    return code;
}

/* n_resources NULL: not all of them have been indexed. */
static enum an_code check_row(struct pl_reader *r, struct an_arena *arena,
                              sqlite3_stmt *s, int64_t *n_resources,
                              struct an_err *err)
{
    int64_t message = sqlite3_column_int64(s, 0), least_us = INT64_MAX, other;
    struct an_str blob = pl_column(s, 2), rest = blob;
    const struct ctx_event *event = NULL;
    enum an_code code = AN_OK;
    struct ctx_claim claim;
    bool bad = false;
    size_t n = 0;

    while (pl_claims_next(blob, &rest, &claim, &other, &bad))
        if (claim.available_us < least_us)
            least_us = claim.available_us;
    if (bad)
        return pl_fail_message(err, AN_INTEGRITY,
                               "a stored claim about identity is damaged",
                               message);
    if (sqlite3_column_int64(s, 3))
        code = ctx_events_decode(arena, pl_column(s, 4), AN_STR(""), &event, &n,
                                 err);
    if (code == AN_INTEGRITY)
        return pl_fail_message(err, code, "stored events are damaged", message);
    for (size_t i = 0; i < n; i++)
        if (event[i].available_us < least_us)
            least_us = event[i].available_us;
    if (code == AN_OK && (least_us != sqlite3_column_int64(s, 1) ||
                          (int64_t)n != sqlite3_column_int64(s, 3)))
        code = pl_fail_message(err, AN_INTEGRITY,
                               "stored events are not those that were counted",
                               message);
    return code == AN_OK && n_resources
               ? check_resources(r, arena, s, event, n, n_resources, err)
               : code;
}

static enum an_code check_rows(struct pl_reader *r, struct an_arena *arena,
                               int64_t *n_resources, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_ALL_SAID);
    enum an_code code;
    bool more;

    for (;;) {
        struct an_mark mark = an_arena_mark(arena);

        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        code = check_row(r, arena, s, n_resources, err);
        an_arena_rewind(arena, mark);
        if (code != AN_OK) {
            sqlite3_reset(s);
            return code;
        }
    }
}

static enum an_code check_said(struct pl_reader *r, struct an_arena *arena,
                               struct an_err *err)
{
    int64_t is_indexed = 0, found = 0, n = 0;
    enum an_code code = pl_db_number(
        &r->db, "SELECT after >= until FROM indexing", &is_indexed, err);

    if (code == AN_OK)
        code = check_rows(r, arena, is_indexed ? &found : NULL, err);
    if (code == AN_OK)
        code = pl_db_number(&r->db, "SELECT count(*) FROM resource", &n, err);
    if (code == AN_OK && is_indexed && n != found)
        code =
            an_fail(err, AN_INTEGRITY,
                    "the index of resources names some that are not stored", 0);
    return code;
}

/* What was said of cards is of one that is there, and can be opened. */
static enum an_code check_feedback(struct pl_reader *r, struct an_err *err)
{
    int64_t n = 0;
    enum an_code code = pl_db_number(
        &r->db,
        "SELECT count(*) FROM feedback f WHERE unseal(f.detail, 'feedback',"
        " f.card, f.at_us, f.accepted) IS NULL"
        " OR NOT EXISTS (SELECT 1 FROM card c WHERE c.id = f.card)",
        &n, err);

    if (code == AN_OK && n)
        code = an_fail(err, AN_INTEGRITY, "stored feedback is of no card", 0);
    return code;
}

enum an_code pl_check(struct pl_reader *r, struct an_arena *arena,
                      struct an_err *err)
{
    enum an_code code = pl_reader_begin(r, err);

    if (code != AN_OK)
        return code;
    code = check_file(r, err);
    if (code == AN_OK)
        code = check_stray(r, err);
    if (code == AN_OK)
        code = check_messages(r, arena, err);
    if (code == AN_OK)
        code = check_said(r, arena, err);
    if (code == AN_OK)
        code = check_feedback(r, err);
    return pl_reader_end(r, code, err);
}
