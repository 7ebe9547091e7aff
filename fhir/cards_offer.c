/* SPDX-License-Identifier: Apache-2.0 */
/* What a card offers beside words: drafts to accept, and links. */
#include "fhir/cards_int.h"

/* {"reference": "Patient/p1"} as a member. */
static void put_reference(struct fhir_writer *w, const char *key,
                          struct an_str type, struct an_str id)
{
    if (id.n == 0)
        return;
    an_out_key(&w->out, key);
    an_out_object(&w->out);
    fhir_put(w, "reference", FHIR_TEXT(w, type, AN_STR("/"), id));
    an_out_end(&w->out);
}

/* A draft that asks for nothing until somebody signs it. */
static void put_draft(struct fhir_writer *w, const struct fhir_card_call *call,
                      const struct ctx_suggestion *s,
                      const struct ctx_proposal *p)
{
    an_out_key(&w->out, "resource");
    an_out_object(&w->out);
    fhir_put_c(w, "resourceType", "ServiceRequest");
    fhir_put_meta(w, &s->model);
    fhir_put_c(w, "status", "draft");
    fhir_put_c(w, "intent", "proposal");
    fhir_put_concept(w, "code", &p->code, p->code.display);
    put_reference(w, "subject", AN_STR("Patient"), call->patient_id);
    put_reference(w, "encounter", AN_STR("Encounter"), call->encounter_id);
    an_out_end(&w->out);
}

static void put_offer(struct fhir_writer *w, const struct fhir_card_call *call,
                      struct an_str card, const struct ctx_suggestion *s,
                      const struct ctx_proposal *p)
{
    const struct an_str part[] = {AN_STR("proposal"), card, p->code.system,
                                  p->code.code};
    char text[AN_UUID_TEXT_BYTES];
    struct an_uuid id = {{0}};
    struct an_err err;
    enum an_code code =
        fhir_name(w->arena, part, sizeof(part) / sizeof(part[0]), &id, &err);

    if (code != AN_OK) {
        fhir_writer_fail(w, code, err.what);
        return;
    }
    an_uuid_print(&id, text);
    an_out_object(&w->out);
    fhir_put(w, "label", p->label);
    fhir_put_c(w, "uuid", text);
    an_out_key(&w->out, "actions");
    an_out_array(&w->out);
    an_out_object(&w->out);
    fhir_put_c(w, "type", "create");
    fhir_put(w, "description", p->label);
    put_draft(w, call, s, p);
    an_out_end(&w->out);
    an_out_end(&w->out);
    an_out_end(&w->out);
}

void fhir_card_put_offers(struct fhir_writer *w,
                          const struct fhir_card_call *call, struct an_str card,
                          const struct ctx_suggestion *s)
{
    if (s->n_proposals == 0 || call->patient_id.n == 0)
        return;
    an_out_key(&w->out, "suggestions");
    an_out_array(&w->out);
    for (size_t i = 0; i < s->n_proposals; i++)
        put_offer(w, call, card, s, &s->proposal[i]);
    an_out_end(&w->out);
    fhir_put_c(w, "selectionBehavior", "any");
}

static void put_link(struct fhir_writer *w, const char *label,
                     struct an_str url, const char *type, struct an_str context)
{
    an_out_object(&w->out);
    fhir_put_c(w, "label", label);
    fhir_put(w, "url", url);
    fhir_put_c(w, "type", type);
    fhir_put(w, "appContext", context);
    an_out_end(&w->out);
}

void fhir_card_put_links(struct fhir_writer *w,
                         const struct fhir_card_settings *settings,
                         struct an_str card, const struct ctx_suggestion *s)
{
    if (settings->url.n + settings->smart_url.n == 0)
        return;
    an_out_key(&w->out, "links");
    an_out_array(&w->out);
    if (settings->url.n)
        put_link(w, "About this",
                 s->topic.n ? FHIR_TEXT(w, settings->url, AN_STR("#"),
                                        fhir_search_value(w, s->topic))
                            : settings->url,
                 "absolute", AN_STR(""));
    if (settings->smart_url.n)
        put_link(w, "Open the app", settings->smart_url, "smart", card);
    an_out_end(&w->out);
}
