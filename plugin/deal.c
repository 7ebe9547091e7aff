/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/deal.h"

#include "fhir/cards.h"
#include "plugin/choose.h"

/* ---- the moment ------------------------------------------------------------- */

/* Of the classes of v3 ActCode, and of HL7 table 0004. */
static bool is_inpatient_class(struct an_str code)
{
    static const char *const known[] = {"IMP", "ACUTE", "NONAC", "I"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (an_str_eq(code, an_str_c(known[i])))
            return true;
    return false;
}

bool pl_is_inpatient(const struct ctx_timeline *t, int64_t now_us)
{
    const struct ctx_event *in = NULL;

    for (size_t i = 0; i < t->n_events; i++) {
        const struct ctx_event *e = t->event[i];

        if (e->effective.precision == AN_TIME_NONE ||
            e->effective.us > now_us || ctx_event_withdrawn(e))
            continue;
        if (e->kind == CTX_ADMISSION && is_inpatient_class(e->concept.code) &&
            (e->end.precision == AN_TIME_NONE || e->end.us > now_us))
            in = e;
        else if (e->kind == CTX_DEATH ||
                 (e->kind == CTX_DISCHARGE && in &&
                  an_str_eq(e->encounter, in->encounter)))
            in = NULL;
    }
    return in != NULL;
}

/* ---- one suggestion ----------------------------------------------------------- */

static bool is_of_this_call(const struct pl_deal *d, const struct pl_shown *s)
{
    return d->instance.n && an_str_eq(s->instance, d->instance) &&
           an_str_eq(s->service, d->service);
}

/* The earlier showings of the same. */
static const struct pl_quiet_showing *showings_of(
    struct an_arena *arena, const struct pl_deal *d,
    const struct ctx_suggestion *s, int64_t drivers, size_t *n)
{
    struct pl_quiet_showing *list =
        an_arena_get(arena, d->n_shown, sizeof(*list));

    *n = 0;
    for (size_t i = 0; list && i < d->n_shown; i++) {
        const struct pl_shown *other = &d->shown[i];

        if (other->kind == s->kind && other->drivers == drivers &&
            an_str_eq(other->topic, s->topic) && !is_of_this_call(d, other))
            list[(*n)++] = other->showing;
    }
    return list;
}

static enum an_code judge(struct an_arena *arena, const struct pl_deal *d,
                          struct pl_card *card, struct an_err *err)
{
    const struct ctx_suggestion *s = &d->said[card->of];
    struct pl_quiet_case c = {.is_admitted = d->is_admitted,
                              .has_p = s->kind == CTX_SUGGEST_RISK,
                              .p = s->p,
                              .now_us = d->now_us};
    enum an_code rc = pl_quiet_drivers(arena, s, &card->drivers, err);

    if (rc != AN_OK)
        return rc;
    c.has_threshold =
        c.has_p && pl_mind_threshold(d->mind, s->topic, &c.p_threshold);
    c.shown = showings_of(arena, d, s, card->drivers, &c.n_shown);
    if (c.shown == NULL)
        return an_fail_nomem(err);
    /* Of the order at hand: where it is silent, the dose seems right. */
    if (s->kind != CTX_SUGGEST_DOSING)
        card->quiet = pl_quiet_judge(d->rules, &c);
    return AN_OK;
}

static enum an_code name_card(struct an_arena *arena, const struct pl_deal *d,
                              struct pl_card *card, struct an_err *err)
{
    struct an_uuid suggestion, id;
    char text[AN_UUID_TEXT_BYTES];
    enum an_code rc = AN_OK;

    if (!an_uuid_parse(d->saying[card->of].resource, &suggestion))
        return an_fail(err, AN_TYPE, "a suggestion is named by no UUID", 0);
    rc = fhir_card_id(arena, d->instance, &suggestion, &id, err);
    if (rc != AN_OK)
        return rc;
    an_uuid_print(&id, text);
    return an_arena_str(arena, an_str_c(text), &card->id) ? AN_OK
                                                          : an_fail_nomem(err);
}

/* ---- all of them --------------------------------------------------------------- */

static bool is_among(const size_t *place, size_t n, size_t what)
{
    for (size_t i = 0; i < n; i++)
        if (place[i] == what)
            return true;
    return false;
}

/* What there is no room for. */
static size_t cut(const struct pl_deal *d, size_t *place, size_t n,
                  struct pl_card *card, size_t n_cards)
{
    size_t kept = d->room ? pl_choose(d->said, place, n, d->room) : n;

    for (size_t i = 0; i < n_cards; i++)
        if (card[i].quiet == PL_QUIET_NONE &&
            !is_among(place, kept, card[i].of))
            card[i].quiet = PL_QUIET_BUDGET;
    return kept;
}

enum an_code pl_deal_cards(struct an_arena *arena, const struct pl_deal *d,
                           size_t *place, size_t *n,
                           const struct pl_card **card, size_t *n_cards,
                           struct an_err *err)
{
    size_t n_all = pl_choose(d->said, place, *n, *n), kept = 0;
    struct pl_card *all = an_arena_get(arena, n_all, sizeof(*all));
    enum an_code rc = all ? AN_OK : an_fail_nomem(err);

    for (size_t i = 0; rc == AN_OK && i < n_all; i++) {
        all[i].of = place[i];
        rc = judge(arena, d, &all[i], err);
        if (rc == AN_OK)
            rc = name_card(arena, d, &all[i], err);
        if (rc == AN_OK && all[i].quiet == PL_QUIET_NONE)
            place[kept++] = place[i];
    }
    if (rc != AN_OK)
        return rc;
    *n = cut(d, place, kept, all, n_all);
    *card = all;
    *n_cards = n_all;
    return AN_OK;
}
