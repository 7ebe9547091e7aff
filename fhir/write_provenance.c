/* SPDX-License-Identifier: Apache-2.0 */
/* Provenance: whose words they are, by which program, and every message they
 * rest on (HL7 AI Transparency on FHIR, AIProvenance). */
#include "fhir/write_int.h"

static void put_agent(struct fhir_writer *w, struct an_str part,
                      const struct fhir_device *device)
{
    const struct ctx_code type = {
        .system = AN_STR("http://terminology.hl7.org/CodeSystem/"
                         "provenance-participant-type"),
        .code = part,
    };

    an_out_object(&w->out);
    fhir_put_concept(w, "type", &type, AN_STR(""));
    fhir_open_list(w, "role");
    an_out_key(&w->out, "coding");
    an_out_array(&w->out);
    fhir_put_coding(w,
                    AN_STR("http://hl7.org/fhir/uv/aitransparency/CodeSystem/"
                           "AIdeviceTypeCS"),
                    AN_STR("Artificial-Intelligence"), AN_STR(""));
    an_out_end(&w->out);
    fhir_close_list(w);
    fhir_put_reference(w, "who", "Device", &device->id);
    an_out_end(&w->out);
}

static void put_entities(struct fhir_writer *w, const struct ctx_suggestion *s)
{
    if (s->n_evidence == 0)
        return;
    an_out_key(&w->out, "entity");
    an_out_array(&w->out);
    for (size_t i = 0; i < s->n_evidence; i++) {
        if (!fhir_evidence_is_new(s, i))
            continue;
        an_out_object(&w->out);
        fhir_put_c(w, "role", "source");
        an_out_key(&w->out, "what");
        fhir_put_source(w, s->evidence[i].event, NULL);
        an_out_end(&w->out);
    }
    an_out_end(&w->out);
}

void fhir_put_provenance(struct fhir_writer *w, const struct fhir_item *item)
{
    fhir_open_entry(w, "Provenance", &item->provenance);
    fhir_put_meta(w, &item->s->model);
    fhir_put(w, "language", item->s->language);
    fhir_put_narrative(w, item->s->language, item->s->title,
                       fhir_device_name(w, item->by->model), NULL);
    fhir_open_list(w, "target");
    an_out_key_str(
        &w->out, "reference",
        fhir_address(w, fhir_suggestion_type(item->s->kind), &item->id));
    fhir_close_list(w);
    fhir_put_time(w, "occurredDateTime", item->s->as_of);
    fhir_put_instant(w, "recorded", w->now_us);
    fhir_open_list(w, "reason");
    an_out_key(&w->out, "coding");
    an_out_array(&w->out);
    fhir_put_aiast(w);
    an_out_end(&w->out);
    fhir_close_list(w);
    an_out_key(&w->out, "agent");
    an_out_array(&w->out);
    put_agent(w, AN_STR("author"), item->by);
    if (item->by != w->program)
        put_agent(w, AN_STR("assembler"), w->program);
    an_out_end(&w->out);
    put_entities(w, item->s);
    fhir_close_entry(w, "Provenance", &item->provenance);
}
