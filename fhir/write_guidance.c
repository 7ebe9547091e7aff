/* SPDX-License-Identifier: Apache-2.0 */
/* GuidanceResponse: a call of ours was answered, with what and without what.
 * What it gave stands in contained Parameters, since R4 knows as `result` only
 * plans and groups of requests. */
#include "fhir/write_int.h"

static void put_given(struct fhir_writer *w, const struct fhir_plan *p)
{
    fhir_open_list(w, "contained");
    fhir_put_c(w, "resourceType", "Parameters");
    fhir_put_c(w, "id", "given");
    an_out_key(&w->out, "parameter");
    an_out_array(&w->out);
    for (size_t i = 0; i < p->n_items; i++) {
        an_out_object(&w->out);
        fhir_put_c(w, "name", "suggestion");
        fhir_put_reference(w, "valueReference", p->item[i].type,
                           &p->item[i].id);
        an_out_end(&w->out);
    }
    an_out_end(&w->out);
    fhir_close_list(w);
}

static void put_need(struct fhir_writer *w, const struct fhir_need *need)
{
    an_out_object(&w->out);
    fhir_put_c(w, "type", need->type);
    if (need->element) {
        an_out_key(&w->out, "mustSupport");
        an_out_array(&w->out);
        an_out_str(&w->out, an_str_c(need->element));
        an_out_end(&w->out);
    }
    if (need->code.code.n) {
        fhir_open_list(w, "codeFilter");
        fhir_put_c(w, "path", "code");
        an_out_key(&w->out, "code");
        an_out_array(&w->out);
        fhir_put_coding(w, need->code.system, need->code.code,
                        need->code.display);
        an_out_end(&w->out);
        fhir_close_list(w);
    }
    an_out_end(&w->out);
}

void fhir_put_guidance(struct fhir_writer *w, const struct fhir_plan *p)
{
    const struct fhir_guidance *g = p->guidance;
    const struct an_str part[] = {AN_STR("guidance"), w->s->tenant, g->module,
                                  g->request};
    struct an_uuid id = {{0}};
    struct an_err err;

    if (fhir_name(w->arena, part, sizeof(part) / sizeof(part[0]), &id, &err) !=
        AN_OK)
        fhir_writer_fail(w, err.code, err.what);
    fhir_open_entry(w, "GuidanceResponse", &id);
    fhir_put_meta(w, NULL);
    fhir_put_c(w, "language", "en");
    fhir_put_narrative(w, AN_STR("en"), AN_STR(""),
                       AN_STR("A call of decision support was answered"), NULL);
    if (p->n_items)
        put_given(w, p);
    an_out_key(&w->out, "requestIdentifier");
    an_out_object(&w->out);
    an_out_key_str(&w->out, "system",
                   FHIR_TEXT(w, w->s->own, AN_STR("/hook-instance")));
    fhir_put(w, "value", g->request);
    an_out_end(&w->out);
    fhir_put_identifier(w, &id);
    fhir_put(w, "moduleUri", g->module);
    fhir_put_c(w, "status", g->n_needs ? "data-requested" : "success");
    fhir_put_subject(w);
    fhir_put_encounter(w);
    fhir_put_instant(w, "occurrenceDateTime", w->now_us);
    fhir_put_reference(w, "performer", "Device", &w->program->id);
    fhir_open_list(w, "note");
    fhir_put(w, "text", fhir_disclaimer(w));
    fhir_close_list(w);
    if (p->n_items) {
        an_out_key(&w->out, "outputParameters");
        an_out_object(&w->out);
        fhir_put_c(w, "reference", "#given");
        an_out_end(&w->out);
    }
    if (g->n_needs) {
        an_out_key(&w->out, "dataRequirement");
        an_out_array(&w->out);
        for (size_t i = 0; i < g->n_needs; i++)
            put_need(w, &g->need[i]);
        an_out_end(&w->out);
    }
    fhir_close_entry(w, "GuidanceResponse", &id);
}
