/* SPDX-License-Identifier: Apache-2.0 */
/* ServiceRequest: the service that the site wants to be thought of at such a
 * risk.  A draft and a proposal: nobody ordered anything, and what is proposed
 * is the site's rule and not the model's. */
#include "fhir/write_int.h"

static struct an_uuid proposal_id(struct fhir_writer *w,
                                  const struct fhir_item *item,
                                  const struct fhir_rule *rule)
{
    char text[AN_UUID_TEXT_BYTES];
    const struct an_str part[] = {AN_STR("proposal"),
                                  {text, AN_UUID_TEXT_BYTES - 1},
                                  rule->code.system,
                                  rule->code.code};
    struct an_uuid id = {{0}};
    struct an_err err;

    an_uuid_print(&item->id, text);
    if (fhir_name(w->arena, part, sizeof(part) / sizeof(part[0]), &id, &err) !=
        AN_OK)
        fhir_writer_fail(w, err.code, err.what);
    return id;
}

static void put_proposal(struct fhir_writer *w, const struct fhir_item *item,
                         const struct fhir_rule *rule)
{
    const struct ctx_suggestion *s = item->s;
    struct an_uuid id = proposal_id(w, item, rule);

    fhir_open_entry(w, "ServiceRequest", &id);
    fhir_put_meta(w, &s->model);
    fhir_put(w, "language", s->language);
    fhir_put_narrative(w, s->language, rule->code.display, s->statement, NULL);
    fhir_put_identifier(w, &id);
    fhir_put_c(w, "status", "draft");
    fhir_put_c(w, "intent", "proposal");
    fhir_put_concept(w, "code", &rule->code, AN_STR(""));
    fhir_put_subject(w);
    fhir_put_encounter(w);
    fhir_put_instant(w, "authoredOn", w->now_us);
    fhir_put_reference(w, "requester", "Device", &item->by->id);
    an_out_key(&w->out, "reasonCode");
    an_out_array(&w->out);
    fhir_put_own_value(w, "/topic", s->topic, s->title);
    an_out_end(&w->out);
    an_out_key(&w->out, "supportingInfo");
    an_out_array(&w->out);
    fhir_put_reference_value(w, item->type, &item->id);
    an_out_end(&w->out);
    fhir_put_notes(w, item);
    fhir_close_entry(w, "ServiceRequest", &id);
}

void fhir_put_proposals(struct fhir_writer *w, const struct fhir_item *item)
{
    for (size_t i = 0; i < w->s->n_proposals; i++)
        if (an_str_eq(w->s->proposal[i].topic, item->s->topic) &&
            item->s->p >= w->s->proposal[i].p_from)
            put_proposal(w, item, &w->s->proposal[i]);
}
