/* SPDX-License-Identifier: Apache-2.0 */
/* The transaction: devices first, then each suggestion with what stands beside
 * it. */
#include "fhir/write_int.h"

static enum an_code check_who(const struct fhir_write_settings *s,
                              const struct fhir_who *who, struct an_err *err)
{
    if (s->own.n == 0 || s->software.n == 0)
        return an_fail(err, AN_MISSING, "our own name space or name is unset",
                       0);
    if (who->id.value.n == 0)
        return an_fail(err, AN_MISSING, "the patient has no identifier", 0);
    if (who->patient_id.n == 0 && who->system.n == 0 && !s->reading)
        return an_fail(err, AN_MISSING,
                       "the patient's identifier has no system", 0);
    return AN_OK;
}

/* Those beside an item: a Composition or a Flag, a Provenance, a Task and a
 * CommunicationRequest. */
enum { BESIDE = 4 };

static void put_main(struct fhir_writer *w, const struct fhir_item *item)
{
    switch (item->s->kind) {
    case CTX_SUGGEST_SCORE: fhir_put_score(w, item); break;
    case CTX_SUGGEST_SUMMARY: fhir_put_document(w, item); break;
    case CTX_SUGGEST_DOSING: fhir_put_issue(w, item); break;
    case CTX_SUGGEST_DIFFERENTIAL:
        if (fhir_asks(w->s, FHIR_RES_IMPRESSION))
            fhir_put_impression(w, item);
        else
            fhir_put_risk(w, item);
        break;
    default: fhir_put_risk(w, item);
    }
}

/* What asks a human to act, of a text that waits or has been released. */
static void put_asking(struct fhir_writer *w, const struct fhir_item *item,
                       bool released)
{
    if (fhir_asks(w->s, FHIR_RES_TASK))
        fhir_put_task(w, item, released);
    if (fhir_asks(w->s, FHIR_RES_COMMUNICATION))
        fhir_put_communication(w, item, released);
}

static void put_item(struct fhir_writer *w, const struct fhir_item *item)
{
    size_t first = w->n_resources;

    put_main(w, item);
    if (item->s->kind == CTX_SUGGEST_SUMMARY &&
        fhir_asks(w->s, FHIR_RES_COMPOSITION))
        fhir_put_composition(w, item);
    if (item->s->kind == CTX_SUGGEST_RISK && !item->s->patient_facing) {
        fhir_put_flag(w, item);
        fhir_put_proposals(w, item);
    }
    fhir_put_provenance(w, item, first);
    if (item->s->patient_facing)
        put_asking(w, item, true);
}

static enum an_code put_bundle(struct fhir_writer *w, const struct fhir_plan *p,
                               struct an_str *json, struct an_err *err)
{
    size_t room = 2 * p->n_devices +
                  (1 + BESIDE + w->s->n_proposals) * p->n_items +
                  2 * p->n_waiting + 2;

    w->resource = an_arena_get(w->arena, room, sizeof(*w->resource));
    if (w->resource == NULL)
        return an_fail_nomem(err);
    an_out_init(&w->out, w->arena, FHIR_WRITE_BYTES);
    an_out_object(&w->out);
    fhir_put_c(w, "resourceType", "Bundle");
    fhir_put_c(w, "type", "transaction");
    an_out_key(&w->out, "entry");
    an_out_array(&w->out);
    for (size_t i = 0; i < p->n_devices; i++) {
        if (fhir_has_card(w, &p->device[i]))
            fhir_put_card(w, &p->device[i]);
        fhir_put_device(w, &p->device[i]);
    }
    for (size_t i = 0; i < p->n_items; i++)
        put_item(w, &p->item[i]);
    for (size_t i = 0; i < p->n_waiting; i++)
        put_asking(w, &p->item[p->n_items + i], false);
    if (p->guidance)
        fhir_put_guidance(w, p);
    if (fhir_asks(w->s, FHIR_RES_AUDIT) && !w->s->reading)
        fhir_put_audit(w, p);
    an_out_end(&w->out);
    an_out_end(&w->out);
    if (w->code != AN_OK)
        return an_fail(err, w->code, w->what, 0);
    return an_out_done(&w->out, json, err);
}

enum an_code fhir_write(struct an_arena *arena,
                        const struct fhir_write_settings *s,
                        const struct fhir_who *who,
                        const struct fhir_saying *what,
                        struct fhir_written *out, struct an_err *err)
{
    struct fhir_writer w = {
        .arena = arena, .s = s, .who = who, .now_us = what->now_us};
    struct fhir_plan p = {.n_items = 0};
    enum an_code code = check_who(s, who, err);

    *out = (struct fhir_written){.n_suggestions = 0};
    if (code == AN_OK)
        code = fhir_plan_make(&w, what, &p, err);
    if (code != AN_OK ||
        (p.n_items == 0 && p.n_waiting == 0 && p.guidance == NULL))
        return code;
    code = put_bundle(&w, &p, &out->json, err);
    if (code != AN_OK)
        return code;
    out->n_suggestions = p.n_items;
    out->resource = w.resource;
    out->n_resources = w.n_resources;
    return AN_OK;
}
