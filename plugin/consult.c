/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/consult_int.h"

#include "context/agree.h"
#include "plugin/lapse.h"
#include "plugin/store/switches.h"

#include <stdlib.h>

/* Of a question under which the record is closed each time. */
enum { TRIES = 3 };

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
enum an_code pl_consult_go_on(const struct pl_consultation *k,
                              struct an_err *err)
{
    if (k->call->is_wanted == NULL || k->call->is_wanted(k->call->user))
        return AN_OK;
    return an_fail(err, AN_BUSY, "nobody waits for the answer any more", 0);
}
static void take_receipt(struct pl_consultation *k,
                         const struct pl_conclude_receipt *receipt)
{
    k->out->duplicate = receipt->duplicate;
    if (receipt->late || receipt->recalled)
        k->out->n_deliveries = k->out->n_filings = 0;
    if (receipt->recalled)
        k->out->n_said = k->out->n_shown = 0;
}

static enum an_code conclude(struct pl_consultation *k, struct an_err *err)
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

    if (k->n_deliveries + k->n_filings) {
        struct ctx_model_id model = pl_mind_model(k->c->from.mind);

        rc = pl_naming_origin(k->arena, k->c->from.policy, &model, &all.origin,
                              err);
    }
    if (rc == AN_OK && k->call->face < PL_N_FACES &&
        (k->call->is_awaited == NULL || k->call->is_awaited(k->call->user)))
        rc = pl_consult_show(k, &entry, &all.n_audits, &all.dealt, err);
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
    all.filing = k->filing;
    all.n_filings = k->n_filings;
    rc = pl_store_conclude(k->c->from.store, &all, 1, &receipt, err);
    k->closed = rc == AN_OK && receipt.unseen;
    if (k->closed)
        return an_fail(err, AN_BUSY, "the record was closed meanwhile", 0);
    if (rc == AN_OK)
        take_receipt(k, &receipt);
    return rc;
}

/* What goes to those who do not ask, and what is taken back there. */
static enum an_code address(struct pl_consultation *k, struct an_err *err)
{
    const struct pl_policy *policy = k->c->from.policy;
    enum an_code rc = AN_OK;

    if (policy->has_target && pl_face_is_open(policy, PL_FACE_OUTBOX))
        rc = pl_consult_deliver(k, err);
    /* Who looks back looks at another record. */
    if (rc == AN_OK && policy->has_target && k->call->now_us == 0)
        rc = pl_lapses(k->c->reader, k->arena, &k->history, k->saying,
                       k->n_said, &k->lapsed, &k->n_lapsed, err);
    if (rc == AN_OK && policy->has_receiver &&
        pl_face_is_open(policy, PL_FACE_HL7))
        rc = pl_consult_file(k, err);
    return rc;
}

static enum an_code consult(struct pl_consultation *k, struct an_err *err)
{
    enum an_code rc = AN_OK;

    if (k->out->opted_out)
        k->out->forecast.abstention = CTX_ABSTAIN_OPTED_OUT;
    else if (k->c->thinker)
        rc = pl_consult_think(k, err);
    k->saying = an_arena_get(k->arena, k->n_said, sizeof(*k->saying));
    if (rc == AN_OK && k->saying == NULL)
        rc = an_fail_nomem(err);
    for (size_t i = 0; rc == AN_OK && i < k->n_said; i++)
        rc = pl_consult_name(k, i, err);
    if (rc == AN_OK)
        rc = address(k, err);
    k->out->said = k->said;
    k->out->n_said = k->n_said;
    if (rc == AN_OK)
        rc = pl_consult_go_on(k, err);
    return rc == AN_OK ? conclude(k, err) : rc;
}

/* What all that is said rests on: one birth date, one sex, or neither. */
static enum an_code settle(struct pl_consultation *k, struct pl_view *view,
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
static enum an_code look(struct pl_consultation *k, struct an_err *err)
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
static int64_t present_us(const struct pl_consultation *k)
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
    struct pl_consultation k = {
        .c = c, .arena = arena, .call = call, .out = out};
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
        rc = pl_consult_go_on(&k, err);
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
