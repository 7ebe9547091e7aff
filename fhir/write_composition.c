/* SPDX-License-Identifier: Apache-2.0 */
/* Composition: the summary as a document to be edited, beside its text.  Nobody
 * attests it before a human does. */
#include "fhir/write_int.h"

void fhir_put_composition(struct fhir_writer *w, const struct fhir_item *item)
{
    const struct ctx_suggestion *s = item->s;
    struct an_uuid id = fhir_part_id(w, "composition", &item->id);
    const struct ctx_code type = {.system = AN_STR("http://loinc.org"),
                                  .code = AN_STR("60591-5"),
                                  .display =
                                      AN_STR("Patient summary Document")};

    fhir_open_entry(w, "Composition", &id);
    fhir_put_meta(w, &s->model);
    fhir_put(w, "language", s->language);
    fhir_put_narrative(w, s->language, s->title, fhir_disclaimer(w), NULL);
    an_out_key(&w->out, "identifier");
    fhir_put_urn(w, &id);
    fhir_put_c(w, "status", "preliminary");
    fhir_put_concept(w, "type", &type, AN_STR(""));
    fhir_put_subject(w);
    fhir_put_encounter(w);
    fhir_put_instant(w, "date", w->now_us);
    an_out_key(&w->out, "author");
    an_out_array(&w->out);
    fhir_put_reference_value(w, "Device", &item->by->id);
    an_out_end(&w->out);
    fhir_put(w, "title", s->title);
    fhir_open_list(w, "section");
    fhir_put(w, "title", s->title);
    fhir_put_narrative(w, s->language, AN_STR(""), s->statement, NULL);
    an_out_key(&w->out, "entry");
    an_out_array(&w->out);
    fhir_put_reference_value(w, item->type, &item->id);
    an_out_end(&w->out);
    fhir_close_list(w);
    fhir_close_entry(w, "Composition", &id);
}
