/* SPDX-License-Identifier: Apache-2.0 */
/* Cards, and what is said of them: the writer's part. */
#include "plugin/store/feedback.h"

#include "base/json_out.h"
#include "plugin/store/writer_int.h"

enum { NOTE_BYTES = 4096 };

static int count(struct pl_writer *w, int64_t kind, struct an_str topic,
                 enum pl_card_fate fate, struct an_str why)
{
    sqlite3_stmt *s = w->db.stmt[PL_W_COUNT_CARD];

    sqlite3_bind_int64(s, 1, kind);
    pl_bind_text(s, 2, topic);
    sqlite3_bind_int64(s, 3, fate);
    pl_bind_text(s, 4, why);
    return pl_writer_run(w, PL_W_COUNT_CARD);
}

int pl_writer_card(struct pl_writer *w, const struct pl_conclusion *t,
                   int64_t patient, const struct pl_card *card,
                   int64_t suggestion)
{
    const struct ctx_suggestion *what = t->said[card->of].what;
    bool shown = card->quiet == PL_QUIET_NONE;
    sqlite3_stmt *s = w->db.stmt[PL_W_PUT_CARD];
    int rc;

    pl_bind_text(s, 1, card->id);
    sqlite3_bind_int64(s, 2, patient);
    sqlite3_bind_int64(s, 3, suggestion);
    pl_bind_text(s, 4, t->dealt.service);
    pl_bind_text(s, 5, t->dealt.instance);
    pl_bind_text(s, 6, t->dealt.actor);
    sqlite3_bind_int64(s, 7, what->kind);
    pl_bind_text(s, 8, what->topic);
    sqlite3_bind_int64(s, 9, card->drivers);
    if (what->kind == CTX_SUGGEST_RISK)
        sqlite3_bind_double(s, 10, what->p);
    else
        sqlite3_bind_null(s, 10);
    sqlite3_bind_int64(s, 11, card->quiet);
    sqlite3_bind_int64(s, 12, t->now_us);
    rc = pl_writer_run(w, PL_W_PUT_CARD);
    /* The same call again changes no count. */
    if (rc != SQLITE_OK || sqlite3_changes(w->db.sql) == 0)
        return rc;
    return count(w, what->kind, what->topic,
                 shown ? PL_CARD_SHOWN : PL_CARD_HELD_BACK,
                 shown ? AN_STR("") : an_str_c(pl_quiet_text(card->quiet)));
}

/* ---- feedback -------------------------------------------------------------- */

struct telling {
    struct an_str service;
    const struct pl_feedback *list;
    size_t n;
    int64_t now_us;
    struct pl_feedback_receipt *receipt;
};

/* A card as it was shown. */
struct found {
    int64_t id, suggestion, kind;
    struct an_str actor, topic;
};

/* SQLITE_ROW when there is one. */
static int find_card(struct pl_writer *w, const struct telling *t,
                     struct an_str uuid, struct found *out)
{
    sqlite3_stmt *s = w->db.stmt[PL_W_FIND_CARD];
    bool kept = true;
    int rc;

    pl_bind_text(s, 1, uuid);
    pl_bind_text(s, 2, t->service);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        out->id = sqlite3_column_int64(s, 0);
        out->suggestion = sqlite3_column_int64(s, 1);
        out->kind = sqlite3_column_int64(s, 3);
        kept = an_arena_str(&w->arena, pl_column(s, 2), &out->actor) &&
               an_arena_str(&w->arena, pl_column(s, 4), &out->topic);
    }
    sqlite3_reset(s);
    if (!kept)
        return SQLITE_NOMEM;
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* "Practitioner" of ".../Practitioner/7": the type of who was shown it. */
static struct an_str role_of(struct an_str user)
{
    struct an_str part, type = AN_STR("");

    for (struct an_str rest = user; an_str_cut(&rest, '/', &part);)
        if (rest.n)
            type = part;
    return type.n ? type : AN_STR("client");
}

/* {"card":"...","at":"...","reason":"known"}; never what somebody wrote. */
static int audit_feedback(struct pl_writer *w, const struct telling *t,
                          const struct pl_feedback *f, const struct found *card)
{
    struct pl_audit_entry entry = {.action = f->accepted ? PL_AUDIT_ACCEPTED
                                                         : PL_AUDIT_OVERRIDDEN,
                                   .time_us = t->now_us,
                                   .actor = card->actor,
                                   .role = role_of(card->actor)};
    char when[AN_TIME_TEXT_BYTES];
    struct an_json_out out;

    (void)an_time_print_instant(f->at_us, when);
    an_out_init(&out, &w->arena, NOTE_BYTES);
    an_out_object(&out);
    an_out_key_str(&out, "card", f->card);
    an_out_key_str(&out, "at", an_str_c(when));
    an_out_key_str(&out, "reason", f->reason);
    an_out_end(&out);
    if (an_out_done(&out, &entry.details, NULL) != AN_OK ||
        !pl_subject(&w->arena, "suggestion/", card->suggestion, &entry.subject))
        return SQLITE_NOMEM;
    return pl_writer_audit(w, &entry);
}

static int put_feedback(struct pl_writer *w, const struct telling *t,
                        const struct pl_feedback *f, const struct found *card,
                        bool *again)
{
    sqlite3_stmt *s = w->db.stmt[PL_W_PUT_FEEDBACK];
    int rc;

    sqlite3_bind_int64(s, 1, card->id);
    sqlite3_bind_int64(s, 2, f->at_us);
    sqlite3_bind_int64(s, 3, f->accepted);
    sqlite3_bind_int64(s, 4, t->now_us);
    pl_bind_text(s, 5, card->actor);
    pl_bind_text(s, 6, role_of(card->actor));
    pl_bind_text(s, 7, f->reason);
    sqlite3_bind_int64(s, 8, f->response);
    pl_bind_blob(s, 9, f->detail);
    rc = pl_writer_run(w, PL_W_PUT_FEEDBACK);
    *again = rc == SQLITE_OK && sqlite3_changes(w->db.sql) == 0;
    if (rc != SQLITE_OK || *again)
        return rc;
    rc = count(w, card->kind, card->topic,
               f->accepted ? PL_CARD_ACCEPTED : PL_CARD_OVERRIDDEN, f->reason);
    return rc == SQLITE_OK ? audit_feedback(w, t, f, card) : rc;
}

static int put_all(struct pl_writer *w, void *ctx)
{
    const struct telling *t = ctx;
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < t->n; i++) {
        struct pl_feedback_receipt *r = &t->receipt[i];
        struct found card;

        *r = (struct pl_feedback_receipt){.unknown = false};
        rc = find_card(w, t, t->list[i].card, &card);
        r->unknown = rc == SQLITE_OK;
        if (rc == SQLITE_ROW)
            rc = put_feedback(w, t, &t->list[i], &card, &r->again);
    }
    return rc;
}

enum an_code pl_store_feedback(struct pl_store *store, struct an_str service,
                               const struct pl_feedback *list, size_t n,
                               int64_t now_us,
                               struct pl_feedback_receipt *receipt,
                               struct an_err *err)
{
    struct telling t = {service, list, n, now_us, receipt};

    return pl_store_transaction(store, put_all, &t, err);
}
