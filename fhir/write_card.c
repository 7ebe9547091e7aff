/* SPDX-License-Identifier: Apache-2.0 */
/* DocumentReference: what the model's package says about the model, for people
 * and for programs (AI Transparency on FHIR, AIModelCard).  The same bytes in
 * every transaction, or it would gain a version with each. */
#include "fhir/write_int.h"

bool fhir_has_card(const struct fhir_writer *w,
                   const struct fhir_device *device)
{
    const struct fhir_model_card *card = w->s->card;

    return card && fhir_asks(w->s, FHIR_RES_CARD) && device->model &&
           device->model->digest.n &&
           an_str_eq(device->model->digest, card->digest) &&
           card->markdown.n + card->xml.n > 0;
}

static void put_category(struct fhir_writer *w, const char *code)
{
    an_out_object(&w->out);
    an_out_key(&w->out, "coding");
    an_out_array(&w->out);
    fhir_put_coding(w, AN_STR(FHIR_AI "CodeSystem/AIinputsCS"), an_str_c(code),
                    AN_STR(""));
    an_out_end(&w->out);
    an_out_end(&w->out);
}

static void put_content(struct fhir_writer *w, const char *type,
                        struct an_str bytes, const char *title)
{
    if (bytes.n == 0)
        return;
    an_out_object(&w->out);
    fhir_put_attachment(w, type, AN_STR("en"), bytes, an_str_c(title), NULL);
    an_out_end(&w->out);
}

void fhir_put_card(struct fhir_writer *w, const struct fhir_device *device)
{
    const struct fhir_model_card *card = w->s->card;
    struct an_uuid id = fhir_part_id(w, "card", &device->id);

    fhir_open_entry(w, "DocumentReference", &id);
    fhir_put_c(w, "language", "en");
    fhir_put_narrative(w, AN_STR("en"), fhir_device_name(w, device->model),
                       AN_STR("Model card"), NULL);
    fhir_put_identifier(w, &id);
    fhir_put_c(w, "status", "current");
    fhir_put_c(w, "docStatus", "final");
    fhir_put_code(w, "type", FHIR_AI "CodeSystem/AIinputsCS", "AIModelCard");
    an_out_key(&w->out, "category");
    an_out_array(&w->out);
    if (card->markdown.n)
        put_category(w, "AIModelCardMarkdownFormat");
    if (card->xml.n)
        put_category(w, "AImodelCardCHAIformat");
    an_out_end(&w->out);
    an_out_key(&w->out, "content");
    an_out_array(&w->out);
    put_content(w, "text/markdown; charset=utf-8", card->markdown,
                "Model card");
    put_content(w, "application/xml", card->xml,
                "Applied Model Card of the Coalition for Health AI");
    an_out_end(&w->out);
    fhir_close_entry(w, "DocumentReference", &id);
}
