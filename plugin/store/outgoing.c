/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/outgoing.h"

#include "plugin/store/pack_int.h"
#include "plugin/store/reader_int.h"

#include <string.h>

enum { DETAIL_BYTES = 4 << 20 };

static enum an_code take_detail(struct an_arena *arena, sqlite3_stmt *s,
                                struct an_str *out, struct an_err *err)
{
    int64_t n = sqlite3_column_int64(s, 22);

    if (sqlite3_column_int(s, 23)) {
        if (n < 0 || n > DETAIL_BYTES)
            return an_fail(err, AN_INTEGRITY, "what was said is damaged", 0);
        return pl_unpack(arena, pl_column(s, 19), (size_t)n, out, err);
    }
    return pl_column_copy(arena, s, 19, out) ? AN_OK : an_fail_nomem(err);
}

/* The columns of PL_SUGGESTION_COLUMNS. */
static enum an_code take_suggestion(struct an_arena *arena, sqlite3_stmt *s,
                                    struct pl_suggestion *out,
                                    struct an_err *err)
{
    *out = (struct pl_suggestion){
        .id = sqlite3_column_int64(s, 0),
        .kind = (unsigned)sqlite3_column_int(s, 7),
        .audience = (unsigned)sqlite3_column_int(s, 8),
        .horizon_days = (uint32_t)sqlite3_column_int64(s, 10),
        .stage = (enum cfg_stage)sqlite3_column_int(s, 12),
        .release = (enum pl_release)sqlite3_column_int(s, 13),
        .patient_facing = sqlite3_column_int(s, 14) != 0,
        .never_patient = sqlite3_column_int(s, 15) != 0,
        .as_of_us = sqlite3_column_int64(s, 16),
        .has_p = sqlite3_column_type(s, 17) != SQLITE_NULL,
        .p = sqlite3_column_double(s, 17),
        .created_us = sqlite3_column_int64(s, 20),
        .superseded_us = sqlite3_column_int64(s, 21),
        .needs = (unsigned)sqlite3_column_int(s, 24)};
    return pl_column_copy(arena, s, 1, &out->resource) &&
                   pl_column_identifier(arena, s, 2, &out->patient) &&
                   pl_column_copy(arena, s, 5, &out->encounter) &&
                   pl_column_copy(arena, s, 6, &out->topic) &&
                   pl_column_copy(arena, s, 9, &out->language) &&
                   pl_column_copy(arena, s, 11, &out->model) &&
                   pl_column_copy(arena, s, 18, &out->statement)
               ? take_detail(arena, s, &out->detail, err)
               : an_fail_nomem(err);
}

enum an_code pl_suggestion_get(struct pl_reader *r, struct an_arena *arena,
                               int64_t id, struct pl_suggestion *out,
                               struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_SUGGESTION);
    enum an_code code;
    bool more;

    sqlite3_bind_int64(s, 1, id);
    code = pl_reader_step(r, s, &more, err);
    if (code != AN_OK)
        return code;
    if (!more)
        return an_fail(err, AN_NOTFOUND, "there is no such suggestion", 0);
    code = take_suggestion(arena, s, out, err);
    sqlite3_reset(s);
    return code;
}

/* All rows of a statement whose ?1 and ?2 are `after` and `limit`. */
static enum an_code list(struct pl_reader *r, struct an_arena *arena,
                         sqlite3_stmt *s, int64_t after, size_t limit,
                         const struct pl_suggestion **out, size_t *n,
                         struct an_err *err)
{
    struct pl_suggestion *row = NULL;
    size_t room = 0;
    enum an_code code;
    bool more;

    *out = NULL;
    *n = 0;
    sqlite3_bind_int64(s, 1, after);
    sqlite3_bind_int64(s, 2, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
    for (;;) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        row = pl_grown(arena, row, *n, &room, sizeof(*row));
        code =
            row ? take_suggestion(arena, s, &row[*n], err) : an_fail_nomem(err);
        if (code != AN_OK) {
            sqlite3_reset(s);
            *n = 0;
            return code;
        }
        (*n)++;
        *out = row;
    }
}

enum an_code pl_suggestions(struct pl_reader *r, struct an_arena *arena,
                            const struct ctx_identifier *patient, int64_t after,
                            size_t limit, const struct pl_suggestion **out,
                            size_t *n, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_OF_PATIENT);

    pl_bind_text(s, 3, patient->value);
    pl_bind_text(s, 4, patient->authority);
    return list(r, arena, s, after, limit, out, n, err);
}

enum an_code pl_suggestions_of(struct pl_reader *r, struct an_arena *arena,
                               struct an_str resource, int64_t after,
                               size_t limit, const struct pl_suggestion **out,
                               size_t *n, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_OF_RESOURCE);

    pl_bind_text(s, 3, resource);
    return list(r, arena, s, after, limit, out, n, err);
}

enum an_code pl_unreleased(struct pl_reader *r, struct an_arena *arena,
                           int64_t after, size_t limit,
                           const struct pl_suggestion **out, size_t *n,
                           struct an_err *err)
{
    return list(r, arena, pl_reader_stmt(r, PL_R_UNRELEASED), after, limit, out,
                n, err);
}

struct pl_item pl_suggestion_item(const struct pl_suggestion *s,
                                  bool in_trial_arm)
{
    return (struct pl_item){.kind = s->kind,
                            .audience = s->audience,
                            .patient_facing = s->patient_facing,
                            .never_patient = s->never_patient,
                            .release = s->release,
                            .needs = s->needs,
                            .in_trial_arm = in_trial_arm,
                            .stage = s->stage,
                            .topic = s->topic};
}

/* When anything will be due. */
static enum an_code next_due(struct pl_reader *r, int64_t *next_us,
                             struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_OUTBOX_NEXT);
    enum an_code code;
    bool more;

    *next_us = INT64_MAX;
    code = pl_reader_step(r, s, &more, err);
    if (code == AN_OK && more && sqlite3_column_type(s, 0) != SQLITE_NULL)
        *next_us = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return code;
}

static enum an_code take_outbox(struct an_arena *arena, sqlite3_stmt *s,
                                struct pl_outbox_row *out, struct an_err *err)
{
    struct an_str want = pl_column(s, 4);
    struct an_sha256 hash;
    enum an_code code;

    *out = (struct pl_outbox_row){
        .id = sqlite3_column_int64(s, 0),
        .attempts = sqlite3_column_int(s, 1),
        .created_us = sqlite3_column_int64(s, 2),
        .suggestion = sqlite3_column_int64(s, 5),
        .kind = (enum pl_outbox_kind)sqlite3_column_int(s, 6)};
    if (!pl_column_copy(arena, s, 3, &out->payload) ||
        !pl_column_copy(arena, s, 7, &out->done))
        return an_fail_nomem(err);
    code = an_sha256(out->payload, &hash, err);
    if (code == AN_OK && (want.n != sizeof(hash.b) ||
                          memcmp(want.p, hash.b, sizeof(hash.b)) != 0))
        code =
            an_fail(err, AN_INTEGRITY, "what is to be delivered is damaged", 0);
    return code;
}

enum an_code pl_outbox_due(struct pl_reader *r, struct an_arena *arena,
                           int64_t now_us, struct pl_outbox_row *out,
                           int64_t *next_us, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_OUTBOX_DUE);
    enum an_code code;
    bool more;

    *out = (struct pl_outbox_row){.id = 0};
    *next_us = now_us;
    sqlite3_bind_int64(s, 1, now_us);
    code = pl_reader_step(r, s, &more, err);
    if (code != AN_OK)
        return code;
    if (more) {
        code = take_outbox(arena, s, out, err);
        sqlite3_reset(s);
        return code;
    }
    code = next_due(r, next_us, err);
    return code == AN_OK ? an_fail(err, AN_NOTFOUND, "nothing is due", 0)
                         : code;
}

enum an_code pl_outgoing(struct pl_reader *r, struct pl_outgoing *out,
                         struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_OUTGOING);
    enum an_code code = pl_reader_begin(r, err);
    bool more;

    *out = (struct pl_outgoing){.n_audit = 0};
    if (code != AN_OK)
        return code;
    code = pl_reader_step(r, s, &more, err);
    if (code == AN_OK && more) {
        out->n_audit = sqlite3_column_int64(s, 0);
        out->n_outbox_waiting = sqlite3_column_int64(s, 1);
        out->n_outbox_held = sqlite3_column_int64(s, 2);
        out->n_outbox_dead = sqlite3_column_int64(s, 3);
        out->oldest_waiting_us = sqlite3_column_int64(s, 4);
        out->n_unreleased = sqlite3_column_int64(s, 5);
        out->n_filing_waiting = sqlite3_column_int64(s, 6);
        out->n_filing_held = sqlite3_column_int64(s, 7);
        out->n_filing_dead = sqlite3_column_int64(s, 8);
        out->oldest_filing_us = sqlite3_column_int64(s, 9);
    }
    s = pl_reader_stmt(r, PL_R_STAGES);
    while (code == AN_OK) {
        int64_t stage;

        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            break;
        stage = sqlite3_column_int64(s, 0);
        if (stage >= 0 && stage < PL_N_STAGES)
            out->n_suggestions[stage] = sqlite3_column_int64(s, 1);
    }
    return pl_reader_end(r, code, err);
}
