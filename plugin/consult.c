/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/consult.h"

#include "context/agree.h"
#include "plugin/choose.h"
#include "plugin/deal.h"
#include "plugin/lapse.h"
#include "plugin/receiver.h"
#include "plugin/showing.h"
#include "plugin/store/switches.h"
#include "plugin/trust/discreet.h"

#include <stdlib.h>
#include <string.h>

/* Of a question under which the record is closed each time. */
enum { TRIES = 3, MAX_NEEDS = 8 };

struct pl_consultant {
    struct pl_consult_source from;
    struct pl_reader *reader;
    struct pl_thinker *thinker; /* NULL without a mind */
    struct pl_quiet_rules quiet;
};

/* One consultation under way. */
struct consultation {
    struct pl_consultant *c;
    struct an_arena *arena;
    const struct pl_call *call;
    struct pl_answer *out;
    struct pl_history history;
    bool closed; /* something of it was closed before it could be kept */
    struct pl_view view[CTX_N_AUDIENCES]; /* of those that are spoken to */
    unsigned disputed;                    /* of enum ctx_dispute */
    int64_t now_us;                       /* the moment asked about */
    int64_t switches;                     /* their generation */
    struct an_str encounter;
    struct ctx_suggestion *said; /* what does not abstain, of all readers */
    size_t n_said, room;
    size_t from_orders, to_orders; /* places of what is said of the orders */
    struct pl_saying *saying;
    struct pl_delivery *delivery;
    size_t n_deliveries;
    struct ctx_suggestion *held; /* what waits for a release */
    size_t n_held;
    struct fhir_need need[MAX_NEEDS]; /* that a score lacked */
    size_t n_needs;
    const struct an_str *lapsed; /* resources, see lapse.h */
    size_t n_lapsed;
    const struct ctx_feed *stale; /* what no forecast of this can rest on */
    size_t n_stale;
};

enum an_code pl_consultant_open(const struct pl_consult_source *from,
                                struct pl_consultant **out, struct an_err *err)
{
    struct pl_consultant *c = calloc(1, sizeof(*c));
    enum an_code rc;

    if (c == NULL)
        return an_fail_nomem(err);
    c->from = *from;
    rc = pl_quiet_rules_of(from->options, NULL, &c->quiet, err);
    if (rc == AN_OK)
        rc = pl_reader_of(from->options, &c->reader, err);
    if (rc == AN_OK && from->mind)
        rc = pl_thinker_open(from->mind, &c->thinker, err);
    if (rc != AN_OK) {
        pl_consultant_close(c);
        return rc;
    }
    *out = c;
    return AN_OK;
}

void pl_consultant_close(struct pl_consultant *c)
{
    if (c == NULL)
        return;
    pl_thinker_close(c->thinker);
    pl_reader_close(c->reader);
    free(c);
}

/* Does the caller still wait? */
static enum an_code go_on(const struct consultation *k, struct an_err *err)
{
    if (k->call->is_wanted == NULL || k->call->is_wanted(k->call->user))
        return AN_OK;
    return an_fail(err, AN_BUSY, "nobody waits for the answer any more", 0);
}

/* ---- what is said ------------------------------------------------------- */

static bool keep(struct consultation *k, const struct ctx_suggestion *s)
{
    if (k->n_said == k->room) {
        size_t room = k->room ? 2 * k->room : 64;
        struct ctx_suggestion *more =
            an_arena_get(k->arena, room, sizeof(*more));

        if (more == NULL)
            return false;
        for (size_t i = 0; i < k->n_said; i++)
            more[i] = k->said[i];
        k->said = more;
        k->room = room;
    }
    k->said[k->n_said++] = *s;
    return true;
}

/* Each text for a patient waits for somebody to read and release it: of those
 * only the summary is made unasked. */
static bool is_kept(const struct ctx_suggestion *s)
{
    return s->abstention == CTX_ABSTAIN_NONE &&
           (s->audience != CTX_FOR_PATIENT || s->kind == CTX_SUGGEST_SUMMARY);
}

/* What is missing for a score is said where somebody could order it. */
static bool is_offered(const struct consultation *k,
                       const struct ctx_suggestion *s)
{
    return s->abstention == CTX_ABSTAIN_MISSING_INPUT && s->n_proposals &&
           k->call->face == PL_FACE_CDS && !k->call->to_patient;
}

/* Two scores may lack the same. */
static void note_needs(struct consultation *k, struct an_str score)
{
    size_t n, i;
    const struct fhir_need *need = pl_receiver_needs(score, &n);

    for (; n && k->n_needs < MAX_NEEDS; n--, need++) {
        for (i = 0; i < k->n_needs; i++)
            if (k->need[i].element == need->element &&
                an_str_eq(k->need[i].code.code, need->code.code))
                break;
        if (i == k->n_needs)
            k->need[k->n_needs++] = *need;
    }
}

static enum an_code tell(struct consultation *k,
                         const struct ctx_forecast *forecast,
                         struct an_str language, uint8_t audience,
                         struct an_err *err)
{
    struct adv_options reader = {.language = language,
                                 .audience = audience,
                                 .now = forecast->now,
                                 .restricted = forecast->restricted};
    const struct ctx_suggestion *s;
    size_t n = 0;
    enum an_code rc =
        pl_words(k->c->from.mind, k->arena, &k->view[audience].timeline,
                 forecast, &reader, &s, &n, err);

    for (size_t i = 0; rc == AN_OK && i < n; i++) {
        if ((is_kept(&s[i]) || is_offered(k, &s[i])) && !keep(k, &s[i]))
            rc = an_fail_nomem(err);
        if (s[i].abstention == CTX_ABSTAIN_MISSING_INPUT)
            note_needs(k, s[i].topic);
    }
    return rc;
}

static enum an_code tell_of_orders(struct consultation *k,
                                   const struct ctx_forecast *forecast,
                                   struct an_err *err)
{
    struct adv_options reader = {.language =
                                     k->c->from.options->languages.item[0],
                                 .audience = CTX_FOR_CLINICIAN,
                                 .now = forecast->now,
                                 .restricted = forecast->restricted};
    struct pl_orders_ask ask = {.mind = k->c->from.mind,
                                .thinker = k->c->thinker,
                                .timeline =
                                    &k->view[CTX_FOR_CLINICIAN].timeline,
                                .reader = &reader,
                                .abstention = forecast->abstention,
                                .order = k->call->order,
                                .n_orders = k->call->n_orders};
    const struct ctx_suggestion *s;
    size_t n = 0;
    enum an_code rc = pl_orders_say(&ask, k->arena, &s, &n, err);

    k->from_orders = k->n_said;
    for (size_t i = 0; rc == AN_OK && i < n; i++)
        if (!keep(k, &s[i]))
            rc = an_fail_nomem(err);
    k->to_orders = k->n_said;
    return rc;
}

static bool is_repeated(const struct cfg_texts *list, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (an_str_eq(list->item[k], list->item[i]))
            return true;
    return false;
}

/* Of a question about the present: who looks back sees what was there then.
 * Asked once, so that all that is said at once rests on the same. */
static enum an_code look_at_feeds(struct consultation *k, struct an_err *err)
{
    const struct pl_consult_source *from = &k->c->from;

    if (from->feeds == NULL || k->call->now_us ||
        from->options->clock != CFG_CLOCK_SYSTEM)
        return AN_OK;
    k->stale = pl_feeds_stale(from->feeds, k->arena, &k->n_stale);
    return k->stale ? AN_OK : an_fail_nomem(err);
}

static void rest_on_feeds(const struct consultation *k, struct ctx_forecast *f)
{
    f->stale = k->stale;
    f->n_stale = k->n_stale;
    if (k->n_stale &&
        k->c->from.options->feeds_when_stale == CFG_STALE_ABSTAIN &&
        f->abstention == CTX_ABSTAIN_NONE) {
        f->abstention = CTX_ABSTAIN_STALE;
        f->n_risks = f->n_next = 0;
    }
}

static enum an_code forecast_for(struct consultation *k, uint8_t audience,
                                 struct ctx_forecast *out, struct an_err *err)
{
    const struct pl_view *view = &k->view[audience];
    struct an_time now = an_time_us(k->now_us);
    enum an_code rc;

    now.offset_min = an_zone_offset(k->c->from.zone, k->now_us);
    rc = pl_forecast(k->c->thinker, k->arena, &view->timeline, now, out, err);
    if (rc != AN_OK)
        return rc;
    out->restricted = view->n_withheld > 0;
    rest_on_feeds(k, out);
    /* Without these the model finds nobody it was trained on. */
    if (k->disputed && (out->abstention == CTX_ABSTAIN_NONE ||
                        out->abstention == CTX_ABSTAIN_OUT_OF_POPULATION ||
                        out->abstention == CTX_ABSTAIN_UNLIKE_TRAINING)) {
        out->abstention = CTX_ABSTAIN_DISPUTED;
        out->n_risks = out->n_next = 0;
    }
    return AN_OK;
}

/* Of readers who may be told of the same, one forecast serves all. */
static bool sees_the_same(const struct consultation *k, uint8_t a, uint8_t b)
{
    const unsigned *permitted = k->c->from.policy->permitted;

    return permitted[a] == permitted[b] ||
           k->view[a].n_withheld + k->view[b].n_withheld == 0;
}

static enum an_code think(struct consultation *k, struct an_err *err)
{
    const struct cfg_options *o = k->c->from.options;
    struct ctx_forecast own = {0}, *forecast = &k->out->forecast;
    enum an_code rc = look_at_feeds(k, err);

    if (rc == AN_OK)
        rc = forecast_for(k, CTX_FOR_CLINICIAN, forecast, err);
    if (rc == AN_OK)
        rc = go_on(k, err);
    if (rc == AN_OK)
        rc = tell(k, forecast, o->languages.item[0], CTX_FOR_CLINICIAN, err);
    if (rc == AN_OK && k->call->n_orders)
        rc = tell_of_orders(k, forecast, err);
    if (rc == AN_OK && !sees_the_same(k, CTX_FOR_CLINICIAN, CTX_FOR_PATIENT)) {
        forecast = &own;
        rc = forecast_for(k, CTX_FOR_PATIENT, forecast, err);
    }
    for (size_t i = 0; rc == AN_OK && i < o->languages.n; i++) {
        if (is_repeated(&o->languages, i))
            continue;
        rc = go_on(k, err);
        if (rc == AN_OK)
            rc = tell(k, forecast, o->languages.item[i], CTX_FOR_PATIENT, err);
    }
    return rc;
}

/* ---- what is kept ------------------------------------------------------- */

static enum cfg_stage stage_of(const struct consultation *k,
                               const struct ctx_suggestion *s)
{
    return pl_stage_lower(k->c->from.policy->stage,
                          pl_mind_stage(k->c->from.mind, s->topic));
}

static enum an_code name_one(struct consultation *k, size_t i,
                             struct an_err *err)
{
    struct pl_saying *saying = &k->saying[i];
    char text[AN_UUID_TEXT_BYTES];
    struct an_uuid id;
    enum an_code rc;

    *saying = (struct pl_saying){.what = &k->said[i],
                                 .encounter = k->encounter,
                                 .needs = k->view[k->said[i].audience].needs,
                                 .stage = stage_of(k, &k->said[i])};
    rc = fhir_suggestion_id(k->arena, k->c->from.naming, &k->out->who,
                            &k->said[i], &id, err);
    if (rc != AN_OK)
        return rc;
    an_uuid_print(&id, text);
    if (!an_arena_str(k->arena, an_str_c(text), &saying->resource))
        return an_fail_nomem(err);
    return pl_suggestion_detail(k->arena, &k->said[i], &saying->detail, err);
}

static enum pl_leave may_leave(const struct consultation *k,
                               const struct ctx_suggestion *s,
                               enum pl_face face, bool to_patient)
{
    struct pl_item item = pl_item_of(s, pl_release_first(s), false);

    item.stage = stage_of(k, s);
    item.needs = k->view[s->audience].needs;
    return pl_may_leave(k->c->from.policy, &item, face, to_patient);
}

/* A call of decision support is answered to the receiver too, if it asks for
 * that; one about which nothing could be said leaves no trace of the patient
 * where something is withheld. */
static bool is_answered(const struct consultation *k, size_t n_now)
{
    const struct pl_view *view = &k->view[CTX_FOR_CLINICIAN];

    if (k->call->face != PL_FACE_CDS || k->call->instance.n == 0 ||
        (k->c->from.naming->resources & FHIR_BIT(GUIDANCE)) == 0)
        return false;
    return n_now || (k->n_said == 0 && !k->out->opted_out && view->needs == 0 &&
                     view->n_withheld == 0);
}

static const struct ctx_suggestion *said_as(const struct consultation *k,
                                            struct an_str resource)
{
    for (size_t i = 0; i < k->n_said; i++)
        if (an_str_eq(k->saying[i].resource, resource))
            return &k->said[i];
    return NULL;
}

/* The suggestions among the resources of a Bundle. */
static enum an_code name_posted(struct consultation *k,
                                const struct fhir_written *w,
                                struct pl_delivery *d, struct an_err *err)
{
    struct pl_posted *posted =
        an_arena_get(k->arena, w->n_resources, sizeof(*posted));

    if (posted == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < w->n_resources; i++) {
        char text[AN_UUID_TEXT_BYTES];
        struct pl_posted *p = &posted[d->n_posted];
        const struct ctx_suggestion *s;

        an_uuid_print(&w->resource[i].id, text);
        s = said_as(k, an_str_c(text));
        if (s == NULL)
            continue;
        *p = (struct pl_posted){.type = w->resource[i].type,
                                .model = s->model.digest};
        if (!an_arena_str(k->arena, an_str_c(text), &p->id))
            return an_fail_nomem(err);
        d->n_posted++;
    }
    d->posted = posted;
    return AN_OK;
}

/* One row of the outbox: `n` suggestions, `of` as in struct pl_delivery. */
static enum an_code post(struct consultation *k, const struct ctx_suggestion *s,
                         size_t n, size_t of, struct an_err *err)
{
    const struct fhir_guidance guidance = {.request = k->call->instance,
                                           .module = k->c->from.naming->own,
                                           .need = k->need,
                                           .n_needs = k->n_needs};
    struct fhir_saying what = {.suggestion = s,
                               .n_suggestions = n,
                               .released = of != 0,
                               .now_us = k->call->clock_us};
    struct fhir_written written;
    enum an_code rc;

    if (of == 0) {
        what.waiting = k->held;
        what.n_waiting = k->n_held;
        what.guidance = is_answered(k, n) ? &guidance : NULL;
    }
    rc = fhir_write(k->arena, k->c->from.naming, &k->out->who, &what, &written,
                    err);
    if (rc == AN_OK && written.json.n) {
        struct pl_delivery *d = &k->delivery[k->n_deliveries++];

        *d = (struct pl_delivery){.payload = written.json, .of = of};
        rc = name_posted(k, &written, d, err);
    }
    return rc;
}

/* What may leave now goes in one Bundle; each text that waits for a release in
 * one of its own, which moves when the word is given. */
static enum an_code address_deliveries(struct consultation *k,
                                       struct an_err *err)
{
    struct ctx_suggestion *now =
        an_arena_get(k->arena, k->n_said, sizeof(*now));
    enum an_code rc = AN_OK;
    size_t n = 0;

    k->delivery = an_arena_get(k->arena, k->n_said + 1, sizeof(*k->delivery));
    k->held = an_arena_get(k->arena, k->n_said, sizeof(*k->held));
    if (now == NULL || k->delivery == NULL || k->held == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < k->n_said; i++) {
        enum pl_leave v = may_leave(k, &k->said[i], PL_FACE_OUTBOX, false);

        if (v == PL_MAY)
            now[n++] = k->said[i];
        if (v == PL_UNRELEASED)
            k->held[k->n_held++] = k->said[i];
    }
    if (!pl_naming_reaches(&k->out->who)) {
        k->out->unreachable = n + k->n_held > 0;
        return AN_OK;
    }
    rc = post(k, now, n, 0, err);
    for (size_t i = 0; rc == AN_OK && k->n_held && i < k->n_said; i++)
        if (may_leave(k, &k->said[i], PL_FACE_OUTBOX, false) == PL_UNRELEASED)
            rc = post(k, &k->said[i], 1, i + 1, err);
    k->out->n_deliveries = k->n_deliveries;
    return rc;
}

/* ---- what is shown ------------------------------------------------------ */

static bool is_asked_for(const struct consultation *k, size_t i)
{
    return !k->call->is_about_orders ||
           (i >= k->from_orders && i < k->to_orders);
}

/* place[0..*n) are what may leave; of those the caller shows afterwards. */
static enum an_code choose_cards(struct consultation *k, size_t *place,
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

/* Of what may leave, what the caller has room for. */
static enum an_code choose_shown(struct consultation *k,
                                 struct pl_audit_entry *entry, size_t *n_audits,
                                 struct pl_dealt *dealt, struct an_err *err)
{
    struct ctx_suggestion *shown =
        an_arena_get(k->arena, k->n_said, sizeof(*shown));
    struct an_str *resource =
        an_arena_get(k->arena, k->n_said, sizeof(*resource));
    size_t *place = an_arena_get(k->arena, k->n_said, sizeof(*place));
    size_t n = 0;

    *n_audits = 0;
    if (shown == NULL || resource == NULL || place == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < k->n_said; i++)
        if (is_asked_for(k, i) && may_leave(k, &k->said[i], k->call->face,
                                            k->call->to_patient) == PL_MAY)
            place[n++] = i;
    if (n && k->call->by_name && !pl_naming_reaches(&k->out->who)) {
        k->out->unreachable = true;
        n = 0;
    }
    if (n && k->call->service.n) {
        enum an_code rc = choose_cards(k, place, &n, dealt, err);

        if (rc != AN_OK)
            return rc;
    } else if (k->call->max_shown) {
        n = pl_choose(k->said, place, n, k->call->max_shown);
    }
    for (size_t i = 0; i < n; i++) {
        resource[i] = k->saying[place[i]].resource;
        shown[i] = k->said[place[i]];
    }
    k->out->shown = shown;
    k->out->n_shown = n;
    if (n == 0)
        return AN_OK;
    *n_audits = 1;
    {
        struct pl_showing showing = {.face = k->call->face,
                                     .actor = k->call->actor,
                                     .instance = k->call->instance,
                                     .resource = resource,
                                     .n = n,
                                     .now_us = k->call->clock_us};

        return pl_showing_note(k->arena, &showing, entry, err);
    }
}

/* ---- all of it ---------------------------------------------------------- */

static void take_receipt(struct consultation *k,
                         const struct pl_conclude_receipt *receipt)
{
    k->out->duplicate = receipt->duplicate;
    if (receipt->late || receipt->recalled)
        k->out->n_deliveries = 0;
    if (receipt->recalled)
        k->out->n_said = k->out->n_shown = 0;
}

static enum an_code conclude(struct consultation *k, struct an_err *err)
{
    struct pl_conclude_receipt receipt;
    struct pl_audit_entry entry;
    struct pl_conclusion all = {
        .patient = k->out->who.id,
        .now_us = k->call->clock_us,
        .trigger = k->call->trigger,
        .n_triggers = k->call->n_triggers,
        .complete = true,
        /* By the messages' clock moments come in the messages' order. */
        .as_of_us =
            k->c->from.options->clock == CFG_CLOCK_SYSTEM ? k->now_us : 0,
        .closings = k->history.closings,
        .switches = k->switches,
        .member = k->history.person.member,
        .n_members = k->history.person.n_members,
        .audit = &entry,
    };
    enum an_code rc = AN_OK;

    if (k->n_deliveries) {
        struct ctx_model_id model = pl_mind_model(k->c->from.mind);

        rc = pl_naming_origin(k->arena, k->c->from.policy, &model, &all.origin,
                              err);
    }
    if (rc == AN_OK && k->call->face < PL_N_FACES &&
        (k->call->is_awaited == NULL || k->call->is_awaited(k->call->user)))
        rc = choose_shown(k, &entry, &all.n_audits, &all.dealt, err);
    if (rc != AN_OK)
        return rc;
    all.drop_open = k->out->opted_out ||
                    k->view[CTX_FOR_CLINICIAN].n_withheld ||
                    k->view[CTX_FOR_PATIENT].n_withheld;
    all.said = k->saying;
    all.n_said = k->n_said;
    all.lapsed = k->lapsed;
    all.n_lapsed = k->n_lapsed;
    all.delivery = k->delivery;
    all.n_deliveries = k->n_deliveries;
    rc = pl_store_conclude(k->c->from.store, &all, 1, &receipt, err);
    k->closed = rc == AN_OK && receipt.unseen;
    if (k->closed)
        return an_fail(err, AN_BUSY, "the record was closed meanwhile", 0);
    if (rc == AN_OK)
        take_receipt(k, &receipt);
    return rc;
}

static enum an_code consult(struct consultation *k, struct an_err *err)
{
    const struct pl_consult_source *from = &k->c->from;
    enum an_code rc = AN_OK;

    if (k->out->opted_out)
        k->out->forecast.abstention = CTX_ABSTAIN_OPTED_OUT;
    else if (k->c->thinker)
        rc = think(k, err);
    k->saying = an_arena_get(k->arena, k->n_said, sizeof(*k->saying));
    if (rc == AN_OK && k->saying == NULL)
        rc = an_fail_nomem(err);
    for (size_t i = 0; rc == AN_OK && i < k->n_said; i++)
        rc = name_one(k, i, err);
    if (rc == AN_OK && from->policy->has_target &&
        pl_face_is_open(from->policy, PL_FACE_OUTBOX))
        rc = address_deliveries(k, err);
    /* Who looks back looks at another record. */
    if (rc == AN_OK && from->policy->has_target && k->call->now_us == 0)
        rc = pl_lapses(k->c->reader, k->arena, &k->history, k->saying,
                       k->n_said, &k->lapsed, &k->n_lapsed, err);
    k->out->said = k->said;
    k->out->n_said = k->n_said;
    if (rc == AN_OK)
        rc = go_on(k, err);
    return rc == AN_OK ? conclude(k, err) : rc;
}

/* What all that is said rests on: one birth date, one sex, or neither. */
static enum an_code settle(struct consultation *k, struct pl_view *view,
                           struct an_err *err)
{
    const struct cfg_texts *trusted = &k->c->from.options->trusted_senders;
    struct ctx_agreed agreed;
    enum an_code rc = ctx_agree(k->arena, &view->timeline, trusted->item,
                                trusted->n, &agreed, err);

    if (rc != AN_OK)
        return rc;
    view->timeline = agreed.timeline;
    k->disputed |= agreed.disputed;
    return AN_OK;
}

/* What each reader that we speak to may be told of, and the visit that all may know of. */
static enum an_code look(struct consultation *k, struct an_err *err)
{
    static const uint8_t spoken_to[] = {CTX_FOR_CLINICIAN, CTX_FOR_PATIENT};
    const struct pl_policy *policy = k->c->from.policy;
    const struct ctx_timeline *all = &k->history.timeline;
    unsigned shared = CTX_LABEL_ALL;
    struct ctx_consent consent;
    struct pl_view open;
    enum an_code rc = AN_OK;

    ctx_consent_of(all, &k->history.consents, k->now_us, &consent);
    k->out->opted_out = consent.all;
    for (size_t i = 0; i < CTX_N_AUDIENCES; i++)
        shared &= policy->permitted[i];
    for (size_t i = 0; rc == AN_OK && i < sizeof(spoken_to); i++) {
        rc = pl_discreet(k->arena, all, policy->permitted[spoken_to[i]],
                         &consent, &k->view[spoken_to[i]], err);
        if (rc == AN_OK)
            rc = settle(k, &k->view[spoken_to[i]], err);
    }
    if (rc == AN_OK)
        rc = pl_discreet(k->arena, all, shared, &consent, &open, err);
    if (rc == AN_OK)
        k->encounter = pl_naming_encounter(&open.timeline, k->now_us);
    return rc;
}

/* The present: when the newest thing said of this patient could be known; by
 * the system's clock now, unless a sender's clock is ahead of it. */
static int64_t present_us(const struct consultation *k)
{
    const struct ctx_timeline *t = &k->history.timeline;
    bool by_messages =
        k->c->from.options->clock == CFG_CLOCK_MESSAGES && t->n_events;
    int64_t present_us = by_messages ? INT64_MIN : k->call->clock_us;

    for (size_t i = 0; i < t->n_events; i++)
        if (t->event[i]->available_us > present_us)
            present_us = t->event[i]->available_us;
    return present_us;
}

static enum an_code try(struct pl_consultant *c, struct an_arena *arena,
                        const struct pl_call *call, struct pl_answer *out,
                        bool *closed, struct an_err *err)
{
    struct consultation k = {.c = c, .arena = arena, .call = call, .out = out};
    enum an_code rc;

    *out = (struct pl_answer){.duplicate = false};
    *closed = false;
    rc = pl_switches_refresh(c->from.policy->switches, c->reader, &k.switches,
                             err);
    if (rc == AN_OK)
        rc = pl_history(c->reader, arena, &call->patient,
                        call->now_us ? call->now_us
                                     : call->clock_us + PL_AHEAD_US,
                        &k.history, err);
    if (rc == AN_OK)
        rc = go_on(&k, err);
    if (rc != AN_OK)
        return rc;
    k.now_us = call->now_us ? call->now_us : present_us(&k);
    rc = look(&k, err);
    if (rc != AN_OK)
        return rc;
    out->person = k.history.person;
    rc = pl_naming_who(arena, c->from.naming, &out->person, k.encounter,
                       &out->who, err);
    if (rc == AN_OK)
        rc = consult(&k, err);
    *closed = k.closed;
    return rc;
}

enum an_code pl_consult(struct pl_consultant *c, struct an_arena *arena,
                        const struct pl_call *call, struct pl_answer *out,
                        struct an_err *err)
{
    enum an_code rc = AN_OK;
    bool closed = true;

    for (unsigned i = 0; closed && i < TRIES; i++)
        rc = try(c, arena, call, out, &closed, err);
    return rc;
}
