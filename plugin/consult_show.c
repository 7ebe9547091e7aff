/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/choose.h"
#include "plugin/consult_int.h"
#include "plugin/deal.h"
#include "plugin/showing.h"

static bool is_asked_for(const struct pl_consultation *k, size_t i)
{
    return !k->call->is_about_orders ||
           (i >= k->from_orders && i < k->to_orders);
}

/* place[0..*n) are what may leave; of those the caller shows afterwards. */
static enum an_code choose_cards(struct pl_consultation *k, size_t *place,
                                 size_t *n, struct pl_dealt *dealt,
                                 struct an_err *err)
{
    const struct pl_call *call = k->call;
    struct pl_deal d = {.rules = &k->c->quiet,
                        .mind = k->c->from.mind,
                        .said = k->said,
                        .saying = k->saying,
                        .service = call->service,
                        .instance = call->instance,
                        .is_admitted = pl_is_inpatient(
                            &k->view[CTX_FOR_CLINICIAN].timeline, k->now_us),
                        .now_us = call->clock_us,
                        .room = call->max_shown};
    enum an_code rc =
        pl_showings(k->c->reader, k->arena, k->history.person.member,
                    k->history.person.n_members,
                    call->clock_us - pl_quiet_longest_us(&k->c->quiet),
                    &d.shown, &d.n_shown, err);

    *dealt = (struct pl_dealt){.service = call->service,
                               .instance = call->instance,
                               .actor = call->actor};
    return rc == AN_OK ? pl_deal_cards(k->arena, &d, place, n, &dealt->card,
                                       &dealt->n, err)
                       : rc;
}

/* place[0..n): what may leave, by the caller's way. */
static size_t find_shown(struct pl_consultation *k, size_t *place)
{
    size_t n = 0;

    for (size_t i = 0; i < k->n_said; i++)
        if (is_asked_for(k, i) &&
            pl_consult_may_leave(k, &k->said[i], k->call->face,
                                 k->call->to_patient) == PL_MAY)
            place[n++] = i;
    if (n == 0 || !k->call->by_name || pl_naming_reaches(&k->out->who))
        return n;
    k->out->unreachable = true;
    return 0;
}

static enum an_code note_shown(struct pl_consultation *k, const size_t *place,
                               size_t n, struct pl_audit_entry *entry,
                               struct an_err *err)
{
    struct ctx_suggestion *shown = an_arena_get(k->arena, n, sizeof(*shown));
    struct an_str *resource = an_arena_get(k->arena, n, sizeof(*resource));
    struct pl_showing showing = {.face = k->call->face,
                                 .actor = k->call->actor,
                                 .instance = k->call->instance,
                                 .resource = resource,
                                 .n = n,
                                 .now_us = k->call->clock_us};

    if (shown == NULL || resource == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        resource[i] = k->saying[place[i]].resource;
        shown[i] = k->said[place[i]];
    }
    k->out->shown = shown;
    k->out->n_shown = n;
    return n ? pl_showing_note(k->arena, &showing, entry, err) : AN_OK;
}

/* Of what may leave, what the caller has room for. */
enum an_code pl_consult_show(struct pl_consultation *k,
                             struct pl_audit_entry *entry, size_t *n_audits,
                             struct pl_dealt *dealt, struct an_err *err)
{
    size_t *place = an_arena_get(k->arena, k->n_said, sizeof(*place));
    enum an_code rc = AN_OK;
    size_t n;

    *n_audits = 0;
    if (place == NULL)
        return an_fail_nomem(err);
    n = find_shown(k, place);
    if (n && k->call->service.n)
        rc = choose_cards(k, place, &n, dealt, err);
    else if (k->call->max_shown)
        n = pl_choose(k->said, place, n, k->call->max_shown);
    if (rc == AN_OK)
        rc = note_shown(k, place, n, entry, err);
    *n_audits = rc == AN_OK && n;
    return rc;
}
