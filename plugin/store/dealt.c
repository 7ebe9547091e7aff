/* SPDX-License-Identifier: Apache-2.0 */
/* Cards, and what was said of them: the reader's part. */
#include "plugin/store/feedback.h"

#include "plugin/store/reader_int.h"

static enum an_code take_showing(struct an_arena *arena, sqlite3_stmt *s,
                                 struct pl_shown *out, struct an_err *err)
{
    int64_t response = sqlite3_column_int64(s, 7);

    *out = (struct pl_shown){
        .kind = (unsigned)sqlite3_column_int(s, 0),
        .drivers = sqlite3_column_int64(s, 2),
        .showing = {.shown_us = sqlite3_column_int64(s, 4),
                    .has_p = sqlite3_column_type(s, 3) != SQLITE_NULL,
                    .p = sqlite3_column_double(s, 3),
                    .response_us = sqlite3_column_int64(s, 8)}};
    if (response > PL_RESPONSE_NONE && response < PL_N_RESPONSES)
        out->showing.response = (enum pl_response)response;
    return pl_column_copy(arena, s, 1, &out->topic) &&
                   pl_column_copy(arena, s, 5, &out->service) &&
                   pl_column_copy(arena, s, 6, &out->instance)
               ? AN_OK
               : an_fail_nomem(err);
}

enum an_code pl_showings(struct pl_reader *r, struct an_arena *arena,
                         const struct ctx_member *member, size_t n_members,
                         int64_t since_us, const struct pl_shown **out,
                         size_t *n, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_SHOWINGS);
    struct pl_shown *list = NULL;
    enum an_code code = AN_OK;
    size_t room = 0;
    bool more;

    *out = NULL;
    *n = 0;
    for (size_t i = 0; i < n_members && code == AN_OK; i++) {
        pl_bind_text(s, 1, member[i].id.value);
        pl_bind_text(s, 2, member[i].id.authority);
        sqlite3_bind_int64(s, 3, since_us);
        while ((code = pl_reader_step(r, s, &more, err)) == AN_OK && more) {
            list = pl_grown(arena, list, *n, &room, sizeof(*list));
            code = list ? take_showing(arena, s, &list[*n], err)
                        : an_fail_nomem(err);
            if (code != AN_OK)
                break;
            ++*n;
        }
        sqlite3_reset(s);
    }
    *out = list;
    return code;
}

enum an_code pl_card_counts(struct pl_reader *r, struct an_arena *arena,
                            const struct pl_card_count **out, size_t *n,
                            struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_CARD_COUNTS);
    struct pl_card_count *list = NULL;
    enum an_code code;
    size_t room = 0;
    bool more;

    *n = 0;
    while ((code = pl_reader_step(r, s, &more, err)) == AN_OK && more) {
        int64_t fate = sqlite3_column_int64(s, 2);
        struct pl_card_count *c = list =
            pl_grown(arena, list, *n, &room, sizeof(*list));

        if (c) {
            c += *n;
            *c = (struct pl_card_count){
                .kind = (unsigned)sqlite3_column_int(s, 0),
                .fate = fate >= 0 && fate < PL_N_CARD_FATES
                            ? (enum pl_card_fate)fate
                            : PL_N_CARD_FATES,
                .n = sqlite3_column_int64(s, 4)};
        }
        if (c == NULL || !pl_column_copy(arena, s, 1, &c->topic) ||
            !pl_column_copy(arena, s, 3, &c->why)) {
            code = an_fail_nomem(err);
            break;
        }
        ++*n;
    }
    sqlite3_reset(s);
    *out = list;
    return code;
}

/* ---- the report -------------------------------------------------------------- */

static enum an_code read_rows(struct pl_reader *r, struct an_arena *arena,
                              int64_t since_us, struct pl_dealt_report *out,
                              struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_DEALT);
    struct pl_dealt_row *list = NULL;
    enum an_code code;
    size_t room = 0;
    bool more;

    sqlite3_bind_int64(s, 1, since_us);
    while ((code = pl_reader_step(r, s, &more, err)) == AN_OK && more) {
        struct pl_dealt_row *row = list =
            pl_grown(arena, list, out->n_rows, &room, sizeof(*list));

        if (row) {
            row += out->n_rows;
            *row = (struct pl_dealt_row){
                .kind = (unsigned)sqlite3_column_int(s, 1),
                .quiet = (unsigned)sqlite3_column_int(s, 3),
                .answered = sqlite3_column_type(s, 5) != SQLITE_NULL,
                .accepted = sqlite3_column_int(s, 5) != 0,
                .n = sqlite3_column_int64(s, 4)};
        }
        if (row == NULL || !pl_column_copy(arena, s, 0, &row->service) ||
            !pl_column_copy(arena, s, 2, &row->topic) ||
            !pl_column_copy(arena, s, 6, &row->reason)) {
            code = an_fail_nomem(err);
            break;
        }
        out->n_rows++;
    }
    sqlite3_reset(s);
    out->row = list;
    return code;
}

static enum an_code read_to(struct pl_reader *r, struct an_arena *arena,
                            int64_t since_us, struct pl_dealt_report *out,
                            struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_DEALT_TO);
    struct pl_dealt_to *list = NULL;
    enum an_code code;
    size_t room = 0;
    bool more;

    sqlite3_bind_int64(s, 1, since_us);
    while ((code = pl_reader_step(r, s, &more, err)) == AN_OK && more) {
        struct pl_dealt_to *to = list =
            pl_grown(arena, list, out->n_to, &room, sizeof(*list));

        if (to) {
            to += out->n_to;
            *to = (struct pl_dealt_to){
                .n_patients = sqlite3_column_int64(s, 1),
                .n_encounters = sqlite3_column_int64(s, 2),
                .n_calls = sqlite3_column_int64(s, 3),
                .n_shown = sqlite3_column_int64(s, 4),
                .n_shown_in_encounters = sqlite3_column_int64(s, 5)};
        }
        if (to == NULL || !pl_column_copy(arena, s, 0, &to->service)) {
            code = an_fail_nomem(err);
            break;
        }
        out->n_to++;
    }
    sqlite3_reset(s);
    out->to = list;
    return code;
}

enum an_code pl_dealt_read(struct pl_reader *r, struct an_arena *arena,
                           int64_t since_us, struct pl_dealt_report *out,
                           struct an_err *err)
{
    enum an_code code = pl_reader_begin(r, err);

    *out = (struct pl_dealt_report){.n_rows = 0};
    if (code != AN_OK)
        return code;
    code = read_rows(r, arena, since_us, out, err);
    if (code == AN_OK)
        code = read_to(r, arena, since_us, out, err);
    return pl_reader_end(r, code, err);
}
