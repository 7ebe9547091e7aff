/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/consult_int.h"

static enum cfg_stage stage_of(const struct pl_consultation *k,
                               const struct ctx_suggestion *s)
{
    return pl_stage_lower(k->c->from.policy->stage,
                          pl_mind_stage(k->c->from.mind, s->topic));
}

enum an_code pl_consult_name(struct pl_consultation *k, size_t i,
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

enum pl_leave pl_consult_may_leave(const struct pl_consultation *k,
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
static bool is_answered(const struct pl_consultation *k, size_t n_now)
{
    const struct pl_view *view = &k->view[CTX_FOR_CLINICIAN];

    if (k->call->face != PL_FACE_CDS || k->call->instance.n == 0 ||
        (k->c->from.naming->resources & FHIR_BIT(GUIDANCE)) == 0)
        return false;
    return n_now || (k->n_said == 0 && !k->out->opted_out && view->needs == 0 &&
                     view->n_withheld == 0);
}

static const struct ctx_suggestion *said_as(const struct pl_consultation *k,
                                            struct an_str resource)
{
    for (size_t i = 0; i < k->n_said; i++)
        if (an_str_eq(k->saying[i].resource, resource))
            return &k->said[i];
    return NULL;
}

/* The suggestions among the resources of a Bundle. */
static enum an_code name_posted(struct pl_consultation *k,
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
static enum an_code post(struct pl_consultation *k,
                         const struct ctx_suggestion *s, size_t n, size_t of,
                         struct an_err *err)
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
enum an_code pl_consult_deliver(struct pl_consultation *k, struct an_err *err)
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
        enum pl_leave v =
            pl_consult_may_leave(k, &k->said[i], PL_FACE_OUTBOX, false);

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
        if (pl_consult_may_leave(k, &k->said[i], PL_FACE_OUTBOX, false) ==
            PL_UNRELEASED)
            rc = post(k, &k->said[i], 1, i + 1, err);
    k->out->n_deliveries = k->n_deliveries;
    return rc;
}

/* By HL7 version 2: what may leave now, and texts that wait for a release. */
enum an_code pl_consult_file(struct pl_consultation *k, struct an_err *err)
{
    k->filing = an_arena_get(k->arena, k->n_said, sizeof(*k->filing));
    if (k->filing == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < k->n_said; i++) {
        enum pl_leave v =
            pl_consult_may_leave(k, &k->said[i], PL_FACE_HL7, false);

        if (v == PL_MAY || v == PL_UNRELEASED)
            k->filing[k->n_filings++] = i;
    }
    k->out->n_filings = k->n_filings;
    return AN_OK;
}
