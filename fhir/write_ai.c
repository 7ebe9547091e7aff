/* SPDX-License-Identifier: Apache-2.0 */
/* What HL7's AI Transparency on FHIR adds to R4, all of it extensions: a
 * receiver that refuses what it does not know gets none (no_extensions). */
#include "fhir/write_int.h"

static const int PERCENT_PLACES = 2;

void fhir_open_extension(struct fhir_writer *w, const char *url)
{
    an_out_object(&w->out);
    fhir_put_c(w, "url", url);
}

static void put_kind(struct fhir_writer *w, const char *code)
{
    fhir_open_extension(w, FHIR_AI "StructureDefinition/aitransparency.AIKind");
    fhir_put_code(w, "valueCodeableConcept",
                  FHIR_AI "CodeSystem/AIdeviceTypeCS", code);
    an_out_end(&w->out);
}

void fhir_put_ai_kind(struct fhir_writer *w, const struct fhir_device *device)
{
    static const char *const model[] = {"Deep-Learning-Models",
                                        "Deterministic-AI",
                                        "Clinical-Monitoring-and-Early-Warning",
                                        "AI-for-Structured-Clinical-Data"};
    static const char *const program[] = {"Rule-Based-Systems",
                                          "Deterministic-AI"};

    if (w->s->no_extensions)
        return;
    an_out_key(&w->out, "extension");
    an_out_array(&w->out);
    for (size_t i = 0; device->model && i < sizeof(model) / sizeof(model[0]);
         i++)
        put_kind(w, model[i]);
    for (size_t i = 0;
         device->model == NULL && i < sizeof(program) / sizeof(program[0]); i++)
        put_kind(w, program[i]);
    if (fhir_has_card(w, device)) {
        struct an_uuid card = fhir_part_id(w, "card", &device->id);

        fhir_open_extension(
            w,
            FHIR_AI "StructureDefinition/aitransparency.modelCardDescription");
        fhir_put_reference(w, "valueReference", "DocumentReference", &card);
        an_out_end(&w->out);
    }
    an_out_end(&w->out);
}

static void put_percent(struct fhir_writer *w, const char *key, double p)
{
    an_out_key(&w->out, key);
    an_out_object(&w->out);
    an_out_key(&w->out, "value");
    an_out_fixed(&w->out, p * 100, PERCENT_PLACES);
    fhir_put_c(w, "unit", "%");
    fhir_put_c(w, "system", "http://unitsofmeasure.org");
    fhir_put_c(w, "code", "%");
    an_out_end(&w->out);
}

void fhir_put_percents(struct fhir_writer *w, const char *key, double low,
                       double high)
{
    an_out_key(&w->out, key);
    an_out_object(&w->out);
    put_percent(w, "low", low);
    put_percent(w, "high", high);
    an_out_end(&w->out);
}

void fhir_put_confidence(struct fhir_writer *w, double low, double high)
{
    an_out_key(&w->out, "extension");
    an_out_array(&w->out);
    fhir_open_extension(w, FHIR_AI "StructureDefinition/AIconfidence");
    fhir_put_percents(w, "valueRange", low, high);
    an_out_end(&w->out);
    an_out_end(&w->out);
}
