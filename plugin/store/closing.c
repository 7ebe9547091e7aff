/* SPDX-License-Identifier: Apache-2.0 */
/* What a message closes, in T1: from the commit on nothing leaves of what was
 * said before on what is confidential now or is another's, and whoever is
 * thinking about the patient learns that the record has changed under him. */
#include "base/sort.h"
#include "plugin/store/claims_int.h"
#include "plugin/store/reader_int.h"
#include "plugin/store/writer_int.h"

#include <string.h>

static sqlite3_stmt *stmt(struct pl_writer *w, enum pl_write which)
{
    return w->db.stmt[which];
}

/* Those whose webs are closed: they may be one. */
struct whom {
    int64_t current, prior;
};

static sqlite3_stmt *of_both(struct pl_writer *w, enum pl_write which,
                             struct whom whom)
{
    sqlite3_bind_int64(stmt(w, which), 1, whom.current);
    sqlite3_bind_int64(stmt(w, which), 9, whom.prior);
    return stmt(w, which);
}

/* Everybody in their webs, now number `n` of all closings. */
static int note(struct pl_writer *w, struct whom whom)
{
    int64_t n;
    int rc = pl_writer_number(w, PL_W_CLOSE_NEXT, &n);

    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(of_both(w, PL_W_CLOSE_NOTE, whom), 2, n);
    return pl_writer_run(w, PL_W_CLOSE_NOTE);
}

static int drop(struct pl_writer *w, struct whom whom, int64_t now_us)
{
    static const enum pl_write which[] = {PL_W_CLOSE_DROP,
                                          PL_W_CLOSE_DROP_HELD};
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < 2; i++) {
        sqlite3_bind_int64(of_both(w, which[i], whom), 2, now_us);
        rc = pl_writer_run(w, which[i]);
    }
    return rc;
}

/* Each under whose number something is said that is current. */
static int ask(struct pl_writer *w, struct whom whom, int64_t message,
               struct pl_receipt *r)
{
    sqlite3_stmt *s = of_both(w, PL_W_CLOSE_ASK, whom);
    int rc;

    sqlite3_bind_int64(s, 2, message);
    sqlite3_bind_int64(s, 3, PL_REASON_CLOSING);
    rc = pl_writer_run(w, PL_W_CLOSE_ASK);
    if (rc == SQLITE_OK)
        r->n_triggers += (size_t)sqlite3_changes(w->db.sql);
    return rc;
}

/* What stands needs what was closed too, until the question has been asked
 * again: those who may see that still see it, and a word that was given about
 * a text is not lost. */
static int raise_needs(struct pl_writer *w, struct whom whom, unsigned needs)
{
    sqlite3_bind_int64(of_both(w, PL_W_CLOSE_RAISE, whom), 2, needs);
    return pl_writer_run(w, PL_W_CLOSE_RAISE);
}

/* Nothing that was said of them stays current. */
static int supersede(struct pl_writer *w, struct whom whom, int64_t now_us)
{
    sqlite3_bind_int64(of_both(w, PL_W_CLOSE_SUPERSEDE, whom), 2, now_us);
    return pl_writer_run(w, PL_W_CLOSE_SUPERSEDE);
}

/* ---- how confidential ---------------------------------------------------- */

static int close_labelled(struct pl_writer *w, int64_t identifier,
                          unsigned needs, const struct pl_derivation *d,
                          struct pl_receipt *r)
{
    struct whom whom = {identifier, identifier};
    int rc;

    if ((rc = note(w, whom)) != SQLITE_OK ||
        (rc = drop(w, whom, d->in->received_us)) != SQLITE_OK ||
        (rc = raise_needs(w, whom, needs)) != SQLITE_OK)
        return rc;
    return ask(w, whom, d->message, r);
}

/* Who has a visit now hears of it too, where it is still filed under another. */
static int close_filed(struct pl_writer *w, const struct pl_derivation *d,
                       size_t filing, struct pl_receipt *r)
{
    const struct pl_filing *f = &d->in->filing[filing];
    struct pl_led led = {.n = 0};
    int rc = close_labelled(w, d->filed[filing], f->closes, d, r);

    if (rc == SQLITE_OK && d->moves[filing])
        rc = pl_writer_led_by(w, d->filed[filing], f->blob, &led);
    for (size_t i = 0; rc == SQLITE_OK && i < led.n; i++)
        rc = close_labelled(w, led.identifier[i], f->closes, d, r);
    return rc;
}

/* ---- who is who ---------------------------------------------------------- */

static struct whom whom_of(const struct pl_derivation *d, size_t claim)
{
    return (struct whom){d->current[claim], d->prior[claim]};
}

/* Both whom a claim is about, and whoever hangs together with them. */
static int ask_both(struct pl_writer *w, const struct pl_derivation *d,
                    size_t claim, struct pl_receipt *r)
{
    struct whom whom = whom_of(d, claim);
    struct whom turned = {whom.prior, whom.current};
    int rc = ask(w, whom, d->message, r);

    for (size_t i = 0; rc == SQLITE_OK && i < 2; i++) {
        sqlite3_stmt *s = of_both(w, PL_W_CLOSE_ASK_ONE, i ? turned : whom);

        if (i && whom.current == whom.prior)
            break;
        sqlite3_bind_int64(s, 2, d->message);
        sqlite3_bind_int64(s, 3, PL_REASON_CLOSING);
        rc = pl_writer_run(w, PL_W_CLOSE_ASK_ONE);
        if (rc == SQLITE_OK)
            r->n_triggers += (size_t)sqlite3_changes(w->db.sql);
    }
    return rc;
}

static int part(struct pl_writer *w, enum pl_write which, int64_t identifier,
                int64_t us)
{
    sqlite3_bind_int64(stmt(w, which), 1, identifier);
    sqlite3_bind_int64(stmt(w, which), 2, us);
    return pl_writer_run(w, which);
}

/* Two who were parted may be joined again, by a link that is no news. */
static int note_parted(struct pl_writer *w, const struct pl_derivation *d,
                       size_t claim)
{
    const struct ctx_claim *c = &d->in->claim[claim];
    int64_t prior = d->prior[claim];
    int rc;

    if (c->kind == CTX_CLAIM_MOVE) {
        rc = part(w, PL_W_PART_FROM, prior, pl_claim_us(c));
        return rc == SQLITE_OK ? part(w, PL_W_PART_TO, prior, pl_claim_us(c))
                               : rc;
    }
    sqlite3_bind_int64(stmt(w, PL_W_PART), 3, d->current[claim]);
    return part(w, PL_W_PART, prior, pl_claim_us(c));
}

/* Whether a claim that joins two is the first to do so since they were strangers
 * to each other.  One that was said before they were parted joins nobody, but
 * what came meanwhile is not told apart: it is news each time. */
static int find_news(struct pl_writer *w, const struct pl_derivation *d,
                     size_t claim, bool *news)
{
    sqlite3_stmt *s = stmt(w, PL_W_FIND_PARTED);
    int64_t found = 0;
    int rc;

    *news = d->joined[claim];
    sqlite3_bind_int64(s, 1, d->current[claim]);
    sqlite3_bind_int64(s, 2, d->prior[claim]);
    rc = pl_writer_number(w, PL_W_FIND_PARTED, &found);
    if (rc != SQLITE_OK || found == 0)
        return rc;
    *news = true;
    s = stmt(w, PL_W_JOIN);
    sqlite3_bind_int64(s, 1, d->current[claim]);
    sqlite3_bind_int64(s, 2, d->prior[claim]);
    sqlite3_bind_int64(s, 3, pl_claim_us(&d->in->claim[claim]));
    return pl_writer_run(w, PL_W_JOIN);
}

/* What was said of them is not all any more, and one may have forbidden what
 * stands of the other: as when something is denied, nobody hears it until the
 * question has been asked again. */
static int raise_all(struct pl_writer *w, struct whom whom, int64_t now_us)
{
    int rc = drop(w, whom, now_us);

    return rc == SQLITE_OK ? raise_needs(w, whom, CTX_LABEL_VERY_RESTRICTED)
                           : rc;
}

/* Nobody can be thinking yet about those of whom this message is the first, and
 * there is nothing to close where nothing was said: so it is with most who come
 * with several numbers. */
static int close_all(struct pl_writer *w, const struct pl_derivation *d,
                     size_t claim, struct pl_receipt *r)
{
    enum { KNOWN = 1, SPOKEN_OF = 2 };
    struct whom whom = whom_of(d, claim);
    int64_t what;
    int rc;

    sqlite3_bind_int64(of_both(w, PL_W_FIND_KNOWN, whom), 2, d->message);
    rc = pl_writer_number(w, PL_W_FIND_KNOWN, &what);
    if (rc == SQLITE_OK && what & KNOWN)
        rc = note(w, whom);
    if (rc != SQLITE_OK || !(what & SPOKEN_OF))
        return rc;
    rc = raise_all(w, whom, d->in->received_us);
    return rc == SQLITE_OK ? ask_both(w, d, claim, r) : rc;
}

/* Of one to whom a visit went: nothing that was said stays, or all of it needs
 * more. */
static int close_one(struct pl_writer *w, int64_t identifier, bool stays,
                     const struct pl_derivation *d, struct pl_receipt *r)
{
    struct whom whom = {identifier, identifier};
    int64_t now_us = d->in->received_us;
    int rc = note(w, whom);

    if (rc == SQLITE_OK)
        rc = stays ? raise_all(w, whom, now_us) : drop(w, whom, now_us);
    if (rc == SQLITE_OK)
        rc = ask(w, whom, d->message, r);
    return rc == SQLITE_OK && !stays ? supersede(w, whom, now_us) : rc;
}

static int close_each(struct pl_writer *w, const struct pl_led *led, bool stays,
                      const struct pl_derivation *d, struct pl_receipt *r)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < led->n; i++)
        rc = close_one(w, led->identifier[i], stays, d, r);
    return rc;
}

/* Those who have visits now of which one of the two has something that goes with
 * what the other has. */
static int close_shared(struct pl_writer *w, const struct pl_derivation *d,
                        size_t claim, bool stays, struct pl_receipt *r)
{
    const struct pl_sides sides = {d->current[claim], d->prior[claim],
                                   d->in->claim[claim].kind == CTX_CLAIM_MOVE};
    struct pl_led led = {.n = 0};
    int rc = pl_writer_led_by_sides(w, &sides, &led);

    return rc == SQLITE_OK ? close_each(w, &led, stays, d, r) : rc;
}

/* Two records become one, unless they are: then a merge asks all the same, for
 * another number speaks for both. */
static int close_joined(struct pl_writer *w, const struct pl_derivation *d,
                        size_t claim, struct pl_receipt *r)
{
    bool news;
    int rc = find_news(w, d, claim, &news);

    if (rc == SQLITE_OK && news) {
        rc = close_all(w, d, claim, r);
        return rc == SQLITE_OK ? close_shared(w, d, claim, true, r) : rc;
    }
    if (rc == SQLITE_OK && d->in->claim[claim].kind == CTX_CLAIM_MERGE)
        rc = ask_both(w, d, claim, r);
    return rc;
}

/* One record becomes two, or a visit another's: what was said of it rests on
 * that, too. */
static int close_left(struct pl_writer *w, const struct pl_derivation *d,
                      size_t claim, struct pl_receipt *r)
{
    struct whom whom = whom_of(d, claim);
    int64_t now_us = d->in->received_us;
    int rc;

    if ((rc = note(w, whom)) != SQLITE_OK ||
        (rc = drop(w, whom, now_us)) != SQLITE_OK ||
        (rc = ask_both(w, d, claim, r)) != SQLITE_OK)
        return rc;
    return supersede(w, whom, now_us);
}

/* And those to whom later moves, which were heard of before, lead the visit on, or
 * to whom others had led it, of which this takes the place. */
static int close_led(struct pl_writer *w, const struct pl_derivation *d,
                     size_t claim, struct pl_receipt *r)
{
    const struct ctx_claim *c = &d->in->claim[claim];
    int64_t current = d->current[claim], prior = d->prior[claim];
    struct pl_led led = {.n = 0};
    int rc =
        pl_writer_led_to(w, current, prior, c->visit, pl_claim_us(c), &led);

    if (rc == SQLITE_OK && c->prior_visit.n)
        rc = pl_writer_led_to(w, prior, current, c->prior_visit, INT64_MIN,
                              &led);
    return rc == SQLITE_OK ? close_each(w, &led, false, d, r) : rc;
}

/* A visit that gets another name within one record takes the label of that one:
 * what stands may rest on what is confidential now. */
static int close_visit(struct pl_writer *w, const struct pl_derivation *d,
                       size_t claim, struct pl_receipt *r)
{
    int rc = d->current[claim] == d->prior[claim] ? close_all(w, d, claim, r)
                                                  : close_left(w, d, claim, r);

    return rc == SQLITE_OK ? close_led(w, d, claim, r) : rc;
}

static int close_claim(struct pl_writer *w, const struct pl_derivation *d,
                       size_t claim, struct pl_receipt *r)
{
    unsigned kind = d->in->claim[claim].kind;
    int rc;

    if (kind == CTX_CLAIM_VISIT)
        return close_visit(w, d, claim, r);
    if (d->current[claim] == d->prior[claim])
        return SQLITE_OK;
    if (kind == CTX_CLAIM_SAME || kind == CTX_CLAIM_MERGE)
        return close_joined(w, d, claim, r);
    if ((rc = note_parted(w, d, claim)) != SQLITE_OK ||
        (rc = close_left(w, d, claim, r)) != SQLITE_OK)
        return rc;
    return close_shared(w, d, claim, false, r);
}

/* A fact that is said to be of a visit now takes along what was filed of it
 * without one. */
static int close_turned(struct pl_writer *w, const struct pl_derivation *d,
                        size_t filing, struct pl_receipt *r)
{
    int64_t filed = d->filed[filing];
    struct pl_led led = {.with_linked = true};
    int rc = pl_writer_leaves(w, filed, d->message, d->in->filing[filing].blob,
                              &led);

    if (rc == SQLITE_OK && led.n)
        rc = close_one(w, filed, false, d, r);
    return rc == SQLITE_OK ? close_each(w, &led, false, d, r) : rc;
}

/* About the newest message: this one may be old. */
static int ask_newest(struct pl_writer *w, int64_t identifier, int64_t message,
                      struct pl_receipt *r)
{
    struct whom whom = {identifier, identifier};
    int64_t newest;
    int rc;

    sqlite3_bind_int64(stmt(w, PL_W_FIND_NEWEST), 1, identifier);
    rc = pl_writer_number(w, PL_W_FIND_NEWEST, &newest);
    return rc == SQLITE_OK ? ask(w, whom, newest ? newest : message, r) : rc;
}

static bool claims_stay(const struct pl_said_row *before,
                        const struct pl_derivation *now)
{
    const struct pl_said_row *row = pl_row_of(now, before->identifier);

    return an_str_eq(row ? row->claims : AN_STR(""), before->claims);
}

static int close_again(struct pl_writer *w, int64_t identifier,
                       const struct pl_derivation *now, struct pl_receipt *r)
{
    const struct pl_intake *in = now->in;
    struct whom whom = {identifier, identifier};
    int rc;

    if ((rc = note(w, whom)) != SQLITE_OK ||
        (rc = part(w, PL_W_PART_FROM, identifier, in->said_us)) != SQLITE_OK ||
        (rc = part(w, PL_W_PART_TO, identifier, in->said_us)) != SQLITE_OK ||
        (rc = drop(w, whom, in->received_us)) != SQLITE_OK)
        return rc;
    rc = raise_needs(w, whom, CTX_LABEL_VERY_RESTRICTED);
    return rc == SQLITE_OK ? ask_newest(w, identifier, now->message, r) : rc;
}

/* Whose a visit is that is not moved any more: its former patient, and those to
 * whom it went on. */
static int close_stayed(struct pl_writer *w, const struct pl_said_row *before,
                        const struct pl_derivation *now, struct pl_receipt *r)
{
    struct an_str rest = before->claims;
    struct pl_led led = {.n = 0};
    struct ctx_claim c;
    bool bad = false;
    int rc = SQLITE_OK;
    int64_t prior;

    while (rc == SQLITE_OK &&
           pl_claims_next(before->claims, &rest, &c, &prior, &bad)) {
        if (c.kind != CTX_CLAIM_VISIT)
            continue;
        if (prior != before->identifier)
            rc = close_again(w, prior, now, r);
        if (rc == SQLITE_OK)
            rc = pl_writer_led_to(w, before->identifier, prior, c.visit,
                                  pl_claim_us(&c), &led);
    }
    for (size_t i = 0; rc == SQLITE_OK && i < led.n; i++)
        rc = close_again(w, led.identifier[i], now, r);
    return bad ? SQLITE_CORRUPT : rc;
}

/* A claim that is read otherwise now may have joined those who are two: what
 * stands rests on both, until the question has been asked again. */
int pl_writer_close_changed(struct pl_writer *w,
                            const struct pl_derivation *before,
                            const struct pl_derivation *now,
                            struct pl_receipt *r)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < before->n_rows; i++) {
        const struct pl_said_row *row = &before->row[i];

        if (claims_stay(row, now))
            continue;
        rc = close_again(w, row->identifier, now, r);
        if (rc == SQLITE_OK)
            rc = close_stayed(w, row, now, r);
    }
    return rc;
}

static int by_visit_and_fact(const void *x, const void *y)
{
    const struct ctx_event *a = x, *b = y;
    int order = an_str_cmp(a->encounter, b->encounter);

    return order ? order : an_str_cmp(a->fact, b->fact);
}

/* What a row says, in that order. */
static int sorted(struct pl_writer *w, const struct pl_said_row *row,
                  struct ctx_event **out, size_t *n)
{
    const struct ctx_event *e = NULL;
    struct ctx_event *scratch;
    int rc = SQLITE_OK;

    *n = 0;
    if (row && row->events.n)
        rc = pl_writer_events(w, row->events, &e, n);
    if (rc != SQLITE_OK)
        return rc;
    *out = an_arena_get(&w->aside, *n, sizeof(**out));
    scratch = an_arena_get(&w->aside, *n / 2 + 1, sizeof(*scratch));
    if (*out == NULL || scratch == NULL)
        return SQLITE_NOMEM;
    if (*n)
        memcpy(*out, e, *n * sizeof(**out));
    an_sort(*out, *n, sizeof(**out), scratch, by_visit_and_fact);
    return SQLITE_OK;
}

/* By what is said of visits there, of a fact or of none, and not, or less often, in
 * the other. */
static int led_by_more(struct pl_writer *w, const struct pl_said_row *row,
                       const struct pl_said_row *other, struct pl_led *out)
{
    struct an_mark mark = an_arena_mark(&w->aside);
    struct ctx_event *e = NULL, *o = NULL;
    size_t n = 0, n_other = 0, kept = 0, k = 0;
    int rc = sorted(w, row, &e, &n);

    if (rc == SQLITE_OK)
        rc = sorted(w, other, &o, &n_other);
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
        while (k < n_other && by_visit_and_fact(&o[k], &e[i]) < 0)
            k++;
        if (k < n_other && by_visit_and_fact(&o[k], &e[i]) == 0)
            k++;
        else
            e[kept++] = e[i];
    }
    if (rc == SQLITE_OK)
        rc = pl_writer_led_by_events(w, row->identifier, e, kept, out);
    an_arena_rewind(&w->aside, mark);
    return rc;
}

/* As close_one does, but what is said since is not answered by an old message. */
static int close_gone(struct pl_writer *w, int64_t identifier,
                      const struct pl_derivation *now, struct pl_receipt *r)
{
    struct whom whom = {identifier, identifier};
    int64_t now_us = now->in->received_us;
    int rc;

    if ((rc = note(w, whom)) != SQLITE_OK ||
        (rc = drop(w, whom, now_us)) != SQLITE_OK ||
        (rc = ask_newest(w, identifier, now->message, r)) != SQLITE_OK)
        return rc;
    return supersede(w, whom, now_us);
}

int pl_writer_close_taken(struct pl_writer *w,
                          const struct pl_derivation *before,
                          const struct pl_derivation *now, bool is_done,
                          struct pl_receipt *r)
{
    const struct pl_derivation *of = is_done ? now : before;
    const struct pl_derivation *other = is_done ? before : now;
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < of->n_rows; i++) {
        const struct pl_said_row *row = &of->row[i];
        struct pl_led led = {.with_linked = true};
        bool has = false;

        if (row->events.n)
            rc = pl_writer_has_moves(w, row->identifier, &has);
        if (rc == SQLITE_OK && has)
            rc = led_by_more(w, row, pl_row_of(other, row->identifier), &led);
        if (rc == SQLITE_OK && is_done && led.n)
            rc = close_gone(w, row->identifier, now, r);
        for (size_t k = 0; rc == SQLITE_OK && !is_done && k < led.n; k++)
            rc = close_gone(w, led.identifier[k], now, r);
    }
    return rc;
}

int pl_writer_close(struct pl_writer *w, const struct pl_derivation *d,
                    struct pl_receipt *r)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_filings; i++)
        if (d->in->filing[i].closes)
            rc = close_filed(w, d, i, r);
    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_filings; i++)
        if (d->moves[i])
            rc = close_turned(w, d, i, r);
    for (size_t i = 0; rc == SQLITE_OK && i < d->in->n_claims; i++)
        rc = close_claim(w, d, i, r);
    return rc;
}
