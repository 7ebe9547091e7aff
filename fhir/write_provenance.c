/* SPDX-License-Identifier: Apache-2.0 */
/* Provenance: whose words they are, by which program, and every message they
 * rest on, down to the field (HL7 AI Transparency on FHIR, AIProvenance). */
#include "base/base64.h"
#include "fhir/signed.h"
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
    fhir_put_codes(w, "role", FHIR_AI "CodeSystem/AIdeviceTypeCS",
                   "Artificial-Intelligence");
    fhir_put_reference(w, "who", "Device", &device->id);
    an_out_end(&w->out);
}

/* What the model's package says, where it is sent. */
static void put_card(struct fhir_writer *w, const struct fhir_device *by)
{
    struct an_uuid card;

    if (!fhir_has_card(w, by))
        return;
    card = fhir_part_id(w, "card", &by->id);
    an_out_object(&w->out);
    fhir_put_c(w, "role", "derivation");
    fhir_put_reference(w, "what", "DocumentReference", &card);
    an_out_end(&w->out);
}

static void put_entities(struct fhir_writer *w, const struct fhir_item *item)
{
    const struct ctx_suggestion *s = item->s;

    if (s->n_evidence == 0 && !fhir_has_card(w, item->by))
        return;
    an_out_key(&w->out, "entity");
    an_out_array(&w->out);
    for (size_t i = 0; i < s->n_evidence; i++) {
        if (!fhir_evidence_is_new(s, i))
            continue;
        an_out_object(&w->out);
        fhir_put_c(w, "role", "source");
        an_out_key(&w->out, "what");
        fhir_put_trace(w, s->evidence[i].event);
        an_out_end(&w->out);
    }
    put_card(w, item->by);
    an_out_end(&w->out);
}

static void put_targets(struct fhir_writer *w, size_t first)
{
    an_out_key(&w->out, "target");
    an_out_array(&w->out);
    for (size_t i = first; i < w->n_resources; i++)
        fhir_put_reference_value(w, w->resource[i].type, &w->resource[i].id);
    an_out_end(&w->out);
}

/* base64 of the detached JWS; "" when something failed. */
static struct an_str sign(struct fhir_writer *w, size_t first)
{
    const struct fhir_signer *signer = w->s->signer;
    size_t n = w->n_resources - first;
    struct an_str *target = an_arena_get(w->arena, n, sizeof(*target));
    struct an_str bytes, jws = AN_STR(""), data = AN_STR("");
    enum an_code code = w->out.code;
    struct an_err err;
    struct an_buf b;

    if (code != AN_OK || w->code != AN_OK)
        return data; /* what is there is not whole */
    if (target == NULL) {
        fhir_writer_fail(w, AN_NOMEM, "out of memory");
        return data;
    }
    for (size_t i = 0; i < n; i++) {
        const struct fhir_resource *r = &w->resource[first + i];

        target[i] = (struct an_str){w->out.buf.p + r->from, r->to - r->from};
    }
    code = fhir_signed_bytes(w->arena, target, n, &bytes, &err);
    if (code == AN_OK)
        code = signer->sign(signer->user, w->arena, bytes, &jws, &err);
    an_buf_init(&b, w->arena, FHIR_WRITE_BYTES);
    an_buf_put_base64(&b, jws);
    if (code == AN_OK)
        code = an_buf_done(&b, &data, &err);
    if (code != AN_OK)
        fhir_writer_fail(w, err.code, err.what);
    return data;
}

/* Source signature: by the program, not by a person (ASTM E1762). */
static void put_signature(struct fhir_writer *w, size_t first)
{
    struct an_str data = sign(w, first);

    fhir_open_list(w, "signature");
    an_out_key(&w->out, "type");
    an_out_array(&w->out);
    fhir_put_coding(w, AN_STR("urn:iso-astm:E1762-95:2013"),
                    AN_STR("1.2.840.10065.1.12.1.14"),
                    AN_STR("Source Signature"));
    an_out_end(&w->out);
    fhir_put_instant(w, "when", w->now_us);
    fhir_put_reference(w, "who", "Device", &w->program->id);
    fhir_put_c(w, "targetFormat", "application/fhir+json");
    fhir_put_c(w, "sigFormat", "application/jose");
    an_out_key_str(&w->out, "data", data);
    fhir_close_list(w);
}

void fhir_put_provenance(struct fhir_writer *w, const struct fhir_item *item,
                         size_t first)
{
    fhir_open_entry(w, "Provenance", &item->provenance);
    fhir_put_meta(w, &item->s->model);
    fhir_put(w, "language", item->s->language);
    fhir_put_narrative(w, item->s->language, item->s->title,
                       fhir_device_name(w, item->by->model), NULL);
    put_targets(w, first);
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
    put_entities(w, item);
    if (w->s->signer && !w->s->reading)
        put_signature(w, first);
    fhir_close_entry(w, "Provenance", &item->provenance);
}
