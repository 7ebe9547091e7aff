/* SPDX-License-Identifier: Apache-2.0 */
/* Observation: a published score, computed.  What it was derived from stands in
 * derivedFrom where it was an observation (R4 allows no diagnosis there), and
 * all of it in the Provenance. */
#include "fhir/write_int.h"

static void put_category(struct fhir_writer *w)
{
    fhir_open_list(w, "category");
    an_out_key(&w->out, "coding");
    an_out_array(&w->out);
    fhir_put_coding(
        w, AN_STR("http://terminology.hl7.org/CodeSystem/observation-category"),
        AN_STR("survey"), AN_STR("Survey"));
    an_out_end(&w->out);
    fhir_close_list(w);
}

static void put_value(struct fhir_writer *w, const struct ctx_suggestion *s)
{
    an_out_key(&w->out, "valueQuantity");
    an_out_object(&w->out);
    an_out_key(&w->out, "value");
    an_out_number(&w->out, s->value);
    if (s->unit.n) {
        fhir_put(w, "unit", s->unit);
        fhir_put_c(w, "system", "http://unitsofmeasure.org");
        fhir_put(w, "code", s->unit);
    }
    an_out_end(&w->out);
}

static bool is_input(const struct ctx_suggestion *s, size_t i)
{
    return s->evidence[i].event->kind == CTX_OBSERVATION &&
           fhir_evidence_is_new(s, i);
}

static void put_derived_from(struct fhir_writer *w,
                             const struct ctx_suggestion *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_evidence; i++)
        n += is_input(s, i);
    if (n == 0)
        return;
    an_out_key(&w->out, "derivedFrom");
    an_out_array(&w->out);
    for (size_t i = 0; i < s->n_evidence; i++)
        if (is_input(s, i))
            fhir_put_source(w, s->evidence[i].event, "Observation");
    an_out_end(&w->out);
}

void fhir_put_score(struct fhir_writer *w, const struct fhir_item *item)
{
    const struct ctx_suggestion *s = item->s;

    fhir_open_entry(w, "Observation", &item->id);
    fhir_put_meta(w, &s->model);
    fhir_put(w, "language", s->language);
    fhir_put_narrative(w, s->language, s->title, s->statement, s);
    fhir_put_identifier(w, &item->id);
    fhir_put_c(w, "status", "preliminary");
    put_category(w);
    fhir_put_own_concept(w, "code", "/topic", s->topic, s->title);
    fhir_put_subject(w);
    fhir_put_encounter(w);
    fhir_put_time(w, "effectiveDateTime", s->as_of);
    put_value(w, s);
    fhir_put_notes(w, item);
    fhir_put_reference(w, "device", "Device", &item->by->id);
    put_derived_from(w, s);
    fhir_close_entry(w, "Observation", &item->id);
}
