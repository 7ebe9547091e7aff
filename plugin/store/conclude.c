/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/conclude.h"

#include "base/json_out.h"
#include "plugin/store/filing_int.h"
#include "plugin/store/pack_int.h"
#include "plugin/store/writer_int.h"

enum { NOTE_BYTES = 4096, PACKED_BYTES = 256 << 20 };

/* A detail as it is kept. */
struct packed {
    struct an_str bytes;
    bool deflated;
};

/* What becomes of a saying. */
struct fate {
    int64_t id;
    enum pl_release release;
};

struct concluding {
    const struct pl_conclusion *conclusion;
    size_t n;
    struct pl_conclude_receipt *receipt;
    const struct packed *packed; /* of every saying, in order */
};

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

/* The triggers of a conclusion: *fresh when one of them still waited. */
static int take_triggers(struct pl_writer *w, const struct pl_conclusion *t,
                         bool *fresh)
{
    int rc = SQLITE_OK;

    *fresh = t->n_triggers == 0;
    for (size_t i = 0; rc == SQLITE_OK && i < t->n_triggers; i++) {
        sqlite3_bind_int64(stmt(w, PL_W_DUE_DONE), 1, t->trigger[i]);
        rc = pl_writer_run(w, PL_W_DUE_DONE);
        if (rc == SQLITE_OK && sqlite3_changes(w->db.sql))
            *fresh = true;
    }
    return rc;
}

/* Do it for the patient's identifiers: this one alone, or all of a conclusion
 * that is complete. */
static int of_each(struct pl_writer *w, const struct pl_conclusion *t,
                   int64_t patient,
                   int (*what)(struct pl_writer *, const struct pl_conclusion *,
                               int64_t))
{
    int rc = what(w, t, patient);
    int64_t other;

    for (size_t i = 0; rc == SQLITE_OK && t->complete && i < t->n_members;
         i++) {
        rc = pl_writer_identifier(w, &t->member[i].id, &other);
        if (rc == SQLITE_OK && other != patient)
            rc = what(w, t, other);
    }
    return rc;
}

/* SQLITE_ROW when something was closed since the record was read. */
static int find_closed(struct pl_writer *w, const struct pl_conclusion *t,
                       int64_t patient)
{
    sqlite3_stmt *s = stmt(w, PL_W_FIND_CLOSED);
    int64_t found;
    int rc;

    sqlite3_bind_int64(s, 1, patient);
    sqlite3_bind_int64(s, 2, t->closings);
    rc = pl_writer_number(w, PL_W_FIND_CLOSED, &found);
    return rc == SQLITE_OK && found ? SQLITE_ROW : rc;
}

/* SQLITE_ROW when a kill switch has changed since it was asked. */
static int find_switched(struct pl_writer *w, const struct pl_conclusion *t)
{
    int64_t now;
    int rc = pl_writer_number(w, PL_W_SWITCH_GENERATION, &now);

    return rc == SQLITE_OK && now != t->switches ? SQLITE_ROW : rc;
}

/* SQLITE_ROW when something about a later moment is current. */
static int find_later(struct pl_writer *w, const struct pl_conclusion *t,
                      int64_t patient)
{
    sqlite3_stmt *s = stmt(w, PL_W_FIND_LATER);
    int64_t found;
    int rc;

    sqlite3_bind_int64(s, 1, patient);
    sqlite3_bind_int64(s, 2, t->as_of_us);
    sqlite3_bind_int64(s, 3, t->now_us);
    rc = pl_writer_number(w, PL_W_FIND_LATER, &found);
    return rc == SQLITE_OK && found ? SQLITE_ROW : rc;
}

static int supersede_all(struct pl_writer *w, const struct pl_conclusion *t,
                         int64_t patient)
{
    sqlite3_bind_int64(stmt(w, PL_W_SUPERSEDE_ALL), 1, t->now_us);
    sqlite3_bind_int64(stmt(w, PL_W_SUPERSEDE_ALL), 2, patient);
    return pl_writer_run(w, PL_W_SUPERSEDE_ALL);
}

static int supersede(struct pl_writer *w, const struct pl_conclusion *t,
                     const struct pl_saying *said)
{
    sqlite3_stmt *s = stmt(w, PL_W_SUPERSEDE);

    sqlite3_bind_int64(s, 1, t->now_us);
    pl_bind_text(s, 2, said->resource);
    sqlite3_bind_int64(s, 3, said->what->audience);
    pl_bind_text(s, 4, said->what->language);
    return pl_writer_run(w, PL_W_SUPERSEDE);
}

static int put_row(struct pl_writer *w, const struct pl_conclusion *t,
                   const struct pl_saying *said, const struct packed *packed,
                   int64_t patient, bool late, enum pl_release release)
{
    const struct ctx_suggestion *what = said->what;
    sqlite3_stmt *s = stmt(w, PL_W_PUT_SUGGESTION);

    pl_bind_text(s, 1, said->resource);
    sqlite3_bind_int64(s, 2, patient);
    pl_bind_text(s, 3, said->encounter);
    pl_bind_text(s, 4, what->topic);
    sqlite3_bind_int64(s, 5, what->kind);
    sqlite3_bind_int64(s, 6, what->audience);
    pl_bind_text(s, 7, what->language);
    sqlite3_bind_int64(s, 8, what->horizon_days);
    pl_bind_text(s, 9, what->model.digest);
    sqlite3_bind_int64(s, 10, said->stage);
    sqlite3_bind_int64(s, 11, release);
    sqlite3_bind_int64(s, 12, what->patient_facing);
    sqlite3_bind_int64(s, 13, what->never_patient);
    sqlite3_bind_int64(s, 14, what->as_of.us);
    if (what->kind == CTX_SUGGEST_RISK && what->abstention == CTX_ABSTAIN_NONE)
        sqlite3_bind_double(s, 15, what->p);
    else
        sqlite3_bind_null(s, 15);
    pl_bind_text(s, 16, what->statement);
    pl_bind_blob(s, 17, packed->bytes);
    sqlite3_bind_int64(s, 18, t->now_us);
    sqlite3_bind_int64(s, 19, (int64_t)said->detail.n);
    sqlite3_bind_int64(s, 20, packed->deflated);
    sqlite3_bind_int64(s, 21, late ? t->now_us : 0);
    sqlite3_bind_int64(s, 22, said->needs);
    return pl_writer_run(w, PL_W_PUT_SUGGESTION);
}

/* {"resource":"...","model":"...","stage":1,"sha256":"..."}, of a model its
 * "arithmetic", and what was decided about the same words before. */
static int audit_saying(struct pl_writer *w, const struct pl_conclusion *t,
                        const struct pl_saying *said, const struct fate *fate)
{
    struct pl_audit_entry entry = {.action = PL_AUDIT_SUGGESTED,
                                   .time_us = t->now_us,
                                   .actor = AN_STR("anamnesis"),
                                   .role = AN_STR("system")};
    char hex[AN_SHA256_HEX + 1];
    struct an_json_out out;
    struct an_sha256 hash;

    if (an_sha256(said->detail, &hash, NULL) != AN_OK)
        return SQLITE_NOMEM;
    an_hex_print(hash.b, sizeof(hash.b), hex);
    an_out_init(&out, &w->arena, NOTE_BYTES);
    an_out_object(&out);
    an_out_key_str(&out, "resource", said->resource);
    an_out_key_str(&out, "model", said->what->model.digest);
    if (said->what->model.arithmetic.n)
        an_out_key_str(&out, "arithmetic", said->what->model.arithmetic);
    an_out_key(&out, "stage");
    an_out_i64(&out, said->stage);
    an_out_key_str(&out, "sha256", an_str_c(hex));
    if (fate->release != pl_release_first(said->what))
        an_out_key_str(&out, "release",
                       an_str_c(pl_release_text(fate->release)));
    an_out_end(&out);
    if (an_out_done(&out, &entry.details, NULL) != AN_OK ||
        !pl_subject(&w->arena, "suggestion/", fate->id, &entry.subject))
        return SQLITE_NOMEM;
    return pl_writer_audit(w, &entry);
}

/* The word that was given about a text holds for the same text said again: to
 * read it once more would tell the clinician nothing. */
static int find_release(struct pl_writer *w, const struct pl_saying *said,
                        struct fate *fate)
{
    sqlite3_stmt *s = stmt(w, PL_W_FIND_RELEASE);
    int64_t found;
    int rc;

    fate->release = pl_release_first(said->what);
    if (fate->release != PL_RELEASE_WAITING)
        return SQLITE_OK;
    pl_bind_text(s, 1, said->resource);
    sqlite3_bind_int64(s, 2, said->what->audience);
    pl_bind_text(s, 3, said->what->language);
    pl_bind_text(s, 4, said->what->statement);
    pl_bind_text(s, 5, said->what->model.digest);
    rc = pl_writer_number(w, PL_W_FIND_RELEASE, &found);
    if (rc == SQLITE_OK &&
        (found == PL_RELEASE_RELEASED || found == PL_RELEASE_WITHHELD))
        fate->release = (enum pl_release)found;
    return rc;
}

static int put_saying(struct pl_writer *w, const struct pl_conclusion *t,
                      const struct pl_saying *said, const struct packed *packed,
                      int64_t patient, bool late, struct fate *fate)
{
    int rc = late ? SQLITE_OK : supersede(w, t, said);

    if (rc == SQLITE_OK)
        rc = put_row(w, t, said, packed, patient, late, fate->release);
    fate->id = sqlite3_last_insert_rowid(w->db.sql);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(stmt(w, PL_W_COUNT_STAGE), 1, said->stage);
        rc = pl_writer_run(w, PL_W_COUNT_STAGE);
    }
    return rc == SQLITE_OK ? audit_saying(w, t, said, fate) : rc;
}

static int put_delivery(struct pl_writer *w, const struct pl_conclusion *t,
                        const struct pl_delivery *d, int64_t patient,
                        const struct fate *fate)
{
    enum pl_release release = d->of ? fate[d->of - 1].release : PL_RELEASE_NONE;
    bool held = release == PL_RELEASE_WAITING || release == PL_RELEASE_WITHHELD;
    sqlite3_stmt *s = stmt(w, PL_W_PUT_OUTBOX);
    struct an_sha256 hash;

    if (an_sha256(d->payload, &hash, NULL) != AN_OK)
        return SQLITE_NOMEM;
    sqlite3_bind_int64(s, 1, patient);
    sqlite3_bind_int64(s, 2, d->of ? fate[d->of - 1].id : 0);
    pl_bind_blob(s, 3, d->payload);
    pl_bind_blob(s, 4, (struct an_str){(const char *)hash.b, sizeof(hash.b)});
    sqlite3_bind_int64(s, 5, held ? PL_OUTBOX_HELD : PL_OUTBOX_WAITING);
    sqlite3_bind_int64(s, 6, t->now_us);
    pl_bind_text(s, 7, t->origin);
    return pl_writer_run(w, PL_W_PUT_OUTBOX);
}

static int put_posted(struct pl_writer *w, const struct pl_delivery *d,
                      int64_t patient)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < d->n_posted; i++)
        rc = pl_writer_sent(w, &d->posted[i], patient);
    return rc;
}

/* Texts of what nobody says any more, held or released; or all that waits, when
 * some of it may not be said any more. */
static int drop_texts(struct pl_writer *w, const struct pl_conclusion *t,
                      int64_t patient)
{
    static const enum pl_write texts[] = {PL_W_DROP_HELD, PL_W_DROP_RELEASED};
    static const enum pl_write all[] = {PL_W_DROP_ALL_HELD, PL_W_DROP_WAITING};
    const enum pl_write *which = t->drop_open ? all : texts;
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < 2; i++) {
        sqlite3_bind_int64(stmt(w, which[i]), 1, t->now_us);
        sqlite3_bind_int64(stmt(w, which[i]), 2, patient);
        rc = pl_writer_run(w, which[i]);
    }
    return rc;
}

static int withdraw_past(struct pl_writer *w, const struct pl_conclusion *t,
                         int64_t patient)
{
    return pl_filing_withdraw_past(w, patient, t->now_us);
}

/* By HL7 version 2: what was said before and is not any more is withdrawn. */
static int put_filings(struct pl_writer *w, const struct pl_conclusion *t,
                       int64_t patient, const struct fate *fate)
{
    int rc = t->complete ? of_each(w, t, patient, withdraw_past) : SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < t->n_filings; i++) {
        const struct fate *f = &fate[t->filing[i]];
        bool held = f->release == PL_RELEASE_WAITING ||
                    f->release == PL_RELEASE_WITHHELD;

        rc = pl_filing_put(w, patient, f->id, held, t->now_us, t->origin);
    }
    return rc;
}

/* In place of texts that were to be delivered and are not said any more. */
static int put_deliveries(struct pl_writer *w, const struct pl_conclusion *t,
                          int64_t patient, const struct fate *fate)
{
    int rc = of_each(w, t, patient, drop_texts);

    for (size_t i = 0; rc == SQLITE_OK && i < t->n_deliveries; i++) {
        rc = put_delivery(w, t, &t->delivery[i], patient, fate);
        if (rc == SQLITE_OK)
            rc = put_posted(w, &t->delivery[i], patient);
    }
    for (size_t i = 0; rc == SQLITE_OK && i < t->n_lapsed; i++)
        rc =
            pl_writer_withdraw(w, t->lapsed[i], AN_STR("corrected"), t->now_us);
    return rc;
}

/* Supersede what a complete conclusion replaces, unless it comes too late. */
static int replace(struct pl_writer *w, const struct pl_conclusion *t,
                   int64_t patient, bool *late)
{
    int rc = t->as_of_us ? of_each(w, t, patient, find_later) : SQLITE_OK;

    *late = rc == SQLITE_ROW;
    if (*late)
        return SQLITE_OK;
    return rc == SQLITE_OK ? of_each(w, t, patient, supersede_all) : rc;
}

/* Whether it is to be written at all: what it was made of stands as it was, and
 * a trigger of it still waits. */
static int admit(struct pl_writer *w, const struct pl_conclusion *t,
                 int64_t patient, bool *fresh, struct pl_conclude_receipt *r)
{
    int rc = find_switched(w, t);

    if (rc == SQLITE_OK)
        rc = of_each(w, t, patient, find_closed);
    *fresh = false;
    r->unseen = rc == SQLITE_ROW;
    if (r->unseen)
        return SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = take_triggers(w, t, fresh);
    r->duplicate = rc == SQLITE_OK && !*fresh;
    return rc;
}

static int write_one(struct pl_writer *w, const struct pl_conclusion *t,
                     const struct packed *packed, int64_t patient,
                     struct fate *fate, struct pl_conclude_receipt *r)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < t->n_said; i++)
        rc = find_release(w, &t->said[i], &fate[i]);
    if (rc == SQLITE_OK && t->complete)
        rc = replace(w, t, patient, &r->late);
    for (size_t i = 0; rc == SQLITE_OK && i < t->n_said; i++)
        rc = put_saying(w, t, &t->said[i], &packed[i], patient, r->late,
                        &fate[i]);
    if (rc == SQLITE_OK && !r->late)
        rc = put_deliveries(w, t, patient, fate);
    for (size_t i = 0; rc == SQLITE_OK && i < t->dealt.n; i++)
        rc = pl_writer_card(w, t, patient, &t->dealt.card[i],
                            fate[t->dealt.card[i].of].id);
    if (rc == SQLITE_OK && !r->late)
        rc = put_filings(w, t, patient, fate);
    for (size_t i = 0; rc == SQLITE_OK && i < t->n_audits; i++)
        rc = pl_writer_audit(w, &t->audit[i]);
    return rc;
}

/* Whoever says it was read from the disk before that was recalled. */
static int find_recalled(struct pl_writer *w, const struct pl_conclusion *t,
                         bool *recalled)
{
    int rc = SQLITE_OK;
    int64_t found = 0;

    for (size_t i = 0; rc == SQLITE_OK && !found && i < t->n_said; i++) {
        struct an_str digest = t->said[i].what->model.digest;

        if (digest.n == 0)
            continue;
        pl_bind_text(stmt(w, PL_W_FIND_RECALLED), 1, digest);
        rc = pl_writer_number(w, PL_W_FIND_RECALLED, &found);
    }
    *recalled = found != 0;
    return rc;
}

static int conclude_one(struct pl_writer *w, const struct pl_conclusion *t,
                        const struct packed *packed,
                        struct pl_conclude_receipt *r)
{
    struct fate *fate = an_arena_get(&w->arena, t->n_said, sizeof(*fate));
    struct pl_conclusion silent = *t;
    bool fresh = false;
    int64_t patient = 0;
    int rc;

    if (fate == NULL)
        return SQLITE_NOMEM;
    rc = find_recalled(w, t, &r->recalled);
    if (rc == SQLITE_OK && r->recalled) {
        silent.n_said = silent.n_deliveries = silent.n_audits = 0;
        silent.n_filings = silent.dealt.n = 0;
        t = &silent;
    }
    if (rc == SQLITE_OK)
        rc = pl_writer_identifier(w, &t->patient, &patient);
    if (rc == SQLITE_OK)
        rc = admit(w, t, patient, &fresh, r);
    return rc == SQLITE_OK && fresh ? write_one(w, t, packed, patient, fate, r)
                                    : rc;
}

static int conclude_all(struct pl_writer *w, void *ctx)
{
    struct concluding *t = ctx;
    const struct packed *packed = t->packed;
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < t->n; i++) {
        rc = conclude_one(w, &t->conclusion[i], packed, &t->receipt[i]);
        packed += t->conclusion[i].n_said;
    }
    return rc;
}

/* Before the writer's turn: others need not wait for it. */
static enum an_code pack_all(struct an_arena *arena, struct concluding *t,
                             struct an_err *err)
{
    enum an_code code = AN_OK;
    struct packed *packed;
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++)
        n += t->conclusion[i].n_said;
    packed = an_arena_get(arena, n, sizeof(*packed));
    if (packed == NULL)
        return an_fail_nomem(err);
    t->packed = packed;
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; code == AN_OK && k < t->conclusion[i].n_said; k++) {
            code = pl_pack(arena, t->conclusion[i].said[k].detail,
                           &packed->bytes, &packed->deflated, err);
            packed++;
        }
    return code;
}

static bool is_beyond_shadow(const struct pl_saying *said)
{
    return said->stage == CFG_TRIAL || said->stage == CFG_LIVE;
}

/* What is put into the outbox stays there when the stage changes: what was
 * said in shadow may not be there when the site goes live. */
static enum an_code check_deliveries(const struct pl_conclusion *t,
                                     struct an_err *err)
{
    bool any = false;

    for (size_t i = 0; i < t->dealt.n; i++)
        if (t->dealt.card[i].of >= t->n_said)
            return an_fail(err, AN_TYPE,
                           "a card names no suggestion of its conclusion", 0);
    for (size_t i = 0; i < t->n_said; i++)
        any = any || is_beyond_shadow(&t->said[i]);
    for (size_t i = 0; i < t->n_filings; i++) {
        if (t->filing[i] >= t->n_said)
            return an_fail(err, AN_TYPE,
                           "a filing names no suggestion of its conclusion", 0);
        if (!is_beyond_shadow(&t->said[t->filing[i]]))
            return an_fail(err, AN_CONFLICT,
                           "what is said in shadow is not for the outbox", 0);
    }
    for (size_t i = 0; i < t->n_deliveries; i++) {
        size_t of = t->delivery[i].of;

        if (of > t->n_said)
            return an_fail(err, AN_TYPE,
                           "a delivery names no suggestion of its conclusion",
                           0);
        if (of ? !is_beyond_shadow(&t->said[of - 1]) : t->n_said && !any)
            return an_fail(err, AN_CONFLICT,
                           "what is said in shadow is not for the outbox", 0);
    }
    return AN_OK;
}

enum an_code pl_store_conclude(struct pl_store *store,
                               const struct pl_conclusion *conclusion, size_t n,
                               struct pl_conclude_receipt *receipt,
                               struct an_err *err)
{
    struct concluding t = {
        .conclusion = conclusion, .n = n, .receipt = receipt};
    struct an_arena arena;
    enum an_code code;

    for (size_t i = 0; i < n; i++) {
        code = check_deliveries(&conclusion[i], err);
        if (code != AN_OK)
            return code;
        receipt[i] = (struct pl_conclude_receipt){.duplicate = false};
    }
    an_arena_init(&arena, PACKED_BYTES);
    code = pack_all(&arena, &t, err);
    if (code == AN_OK)
        code = pl_store_transaction(store, conclude_all, &t, err);
    an_arena_free(&arena);
    return code;
}
