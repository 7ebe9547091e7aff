/* SPDX-License-Identifier: Apache-2.0 */
/* What several of the resources hold. */
#include "fhir/write_int.h"

#include <string.h>

/* ---- entries --------------------------------------------------------------- */

static struct an_str id_text(const struct an_uuid *id,
                             char text[AN_UUID_TEXT_BYTES])
{
    an_uuid_print(id, text);
    return (struct an_str){text, AN_UUID_TEXT_BYTES - 1};
}

struct an_str fhir_address(struct fhir_writer *w, const char *type,
                           const struct an_uuid *id)
{
    char text[AN_UUID_TEXT_BYTES];
    struct an_str name = id_text(id, text);

    if (w->s->base.n == 0)
        return FHIR_TEXT(w, AN_STR("urn:uuid:"), name);
    return FHIR_TEXT(w, an_str_c(type), AN_STR("/"), name);
}

void fhir_open_entry(struct fhir_writer *w, const char *type,
                     const struct an_uuid *id)
{
    struct an_str base = w->s->base, full = fhir_address(w, type, id);
    char text[AN_UUID_TEXT_BYTES];

    if (base.n)
        full = an_str_ends(base, AN_STR("/"))
                   ? FHIR_TEXT(w, base, full)
                   : FHIR_TEXT(w, base, AN_STR("/"), full);
    an_out_object(&w->out);
    an_out_key_str(&w->out, "fullUrl", full);
    an_out_key(&w->out, "resource");
    w->began = w->out.buf.n + 1; /* after the colon */
    an_out_object(&w->out);
    fhir_put_c(w, "resourceType", type);
    an_out_key_str(&w->out, "id", id_text(id, text));
}

void fhir_close_entry(struct fhir_writer *w, const char *type,
                      const struct an_uuid *id)
{
    char text[AN_UUID_TEXT_BYTES];

    an_out_end(&w->out);
    w->resource[w->n_resources++] = (struct fhir_resource){
        .type = type, .id = *id, .from = w->began, .to = w->out.buf.n};
    an_out_key(&w->out, "request");
    an_out_object(&w->out);
    fhir_put_c(w, "method", "PUT");
    an_out_key_str(
        &w->out, "url",
        FHIR_TEXT(w, an_str_c(type), AN_STR("/"), id_text(id, text)));
    an_out_end(&w->out);
    an_out_end(&w->out);
}

void fhir_put_reference_value(struct fhir_writer *w, const char *type,
                              const struct an_uuid *id)
{
    an_out_object(&w->out);
    an_out_key_str(&w->out, "reference", fhir_address(w, type, id));
    an_out_end(&w->out);
}

void fhir_put_reference(struct fhir_writer *w, const char *key,
                        const char *type, const struct an_uuid *id)
{
    an_out_key(&w->out, key);
    fhir_put_reference_value(w, type, id);
}

/* ---- labels ---------------------------------------------------------------- */

void fhir_put_aiast(struct fhir_writer *w)
{
    fhir_put_coding(
        w, AN_STR("http://terminology.hl7.org/CodeSystem/v3-ObservationValue"),
        AN_STR("AIAST"), AN_STR("Artificial Intelligence asserted"));
}

void fhir_put_code(struct fhir_writer *w, const char *key, const char *system,
                   const char *code)
{
    an_out_key(&w->out, key);
    an_out_object(&w->out);
    an_out_key(&w->out, "coding");
    an_out_array(&w->out);
    fhir_put_coding(w, an_str_c(system), an_str_c(code), AN_STR(""));
    an_out_end(&w->out);
    an_out_end(&w->out);
}

void fhir_put_codes(struct fhir_writer *w, const char *key, const char *system,
                    const char *code)
{
    fhir_open_list(w, key);
    an_out_key(&w->out, "coding");
    an_out_array(&w->out);
    fhir_put_coding(w, an_str_c(system), an_str_c(code), AN_STR(""));
    an_out_end(&w->out);
    fhir_close_list(w);
}

void fhir_put_meta(struct fhir_writer *w, const struct ctx_model_id *model)
{
    an_out_key(&w->out, "meta");
    an_out_object(&w->out);
    an_out_key(&w->out, "security");
    an_out_array(&w->out);
    fhir_put_aiast(w);
    an_out_end(&w->out);
    if (w->s->demo || (model ? model->demonstrator : w->test)) {
        an_out_key(&w->out, "tag");
        an_out_array(&w->out);
        fhir_put_coding(
            w, AN_STR("http://terminology.hl7.org/CodeSystem/v3-ActReason"),
            AN_STR("HTEST"), AN_STR("test health data"));
        an_out_end(&w->out);
    }
    an_out_end(&w->out);
}

void fhir_put_urn(struct fhir_writer *w, const struct an_uuid *id)
{
    char text[AN_UUID_TEXT_BYTES];

    an_out_object(&w->out);
    fhir_put_c(w, "system", "urn:ietf:rfc:3986");
    an_out_key_str(&w->out, "value",
                   FHIR_TEXT(w, AN_STR("urn:uuid:"), id_text(id, text)));
    an_out_end(&w->out);
}

void fhir_put_identifier(struct fhir_writer *w, const struct an_uuid *id)
{
    an_out_key(&w->out, "identifier");
    an_out_array(&w->out);
    fhir_put_urn(w, id);
    an_out_end(&w->out);
}

void fhir_put_logical_value(struct fhir_writer *w, const char *type,
                            const struct an_uuid *id)
{
    an_out_object(&w->out);
    fhir_put_c(w, "type", type);
    an_out_key(&w->out, "identifier");
    fhir_put_urn(w, id);
    an_out_end(&w->out);
}

void fhir_put_logical(struct fhir_writer *w, const char *key, const char *type,
                      const struct an_uuid *id)
{
    an_out_key(&w->out, key);
    fhir_put_logical_value(w, type, id);
}

/* ---- who and when ----------------------------------------------------------- */

static void put_patient_identifier(struct fhir_writer *w)
{
    an_out_key(&w->out, "identifier");
    an_out_object(&w->out);
    fhir_put(w, "system", w->who->system);
    fhir_put(w, "value", w->who->id.value);
    an_out_end(&w->out);
}

void fhir_put_subject(struct fhir_writer *w)
{
    fhir_put_patient(w, "subject");
}

void fhir_put_patient(struct fhir_writer *w, const char *key)
{
    const struct fhir_who *who = w->who;

    an_out_key(&w->out, key);
    an_out_object(&w->out);
    if (w->s->reading) {
        fhir_put_c(w, "type", "Patient");
        put_patient_identifier(w);
    } else if (who->patient_id.n)
        an_out_key_str(&w->out, "reference",
                       FHIR_TEXT(w, AN_STR("Patient/"), who->patient_id));
    else
        an_out_key_str(&w->out, "reference",
                       FHIR_TEXT(w, AN_STR("Patient?identifier="),
                                 fhir_search_value(w, who->system), AN_STR("|"),
                                 fhir_search_value(w, who->id.value)));
    /* What a signature holds on to: a receiver puts its own id in the place of
     * a search. */
    if (w->s->signer && !w->s->reading && who->system.n)
        put_patient_identifier(w);
    an_out_end(&w->out);
}

static bool has_encounter(const struct fhir_who *who)
{
    return who->encounter_id.n ||
           (who->encounter_system.n && who->encounter_number.n);
}

static void put_encounter(struct fhir_writer *w)
{
    const struct fhir_who *who = w->who;

    an_out_object(&w->out);
    if (who->encounter_id.n) {
        an_out_key_str(&w->out, "reference",
                       FHIR_TEXT(w, AN_STR("Encounter/"), who->encounter_id));
    } else {
        /* Not a conditional reference: a receiver that lacks the encounter
         * would refuse the whole transaction. */
        fhir_put_c(w, "type", "Encounter");
        an_out_key(&w->out, "identifier");
        an_out_object(&w->out);
        fhir_put(w, "system", who->encounter_system);
        fhir_put(w, "value", who->encounter_number);
        an_out_end(&w->out);
    }
    an_out_end(&w->out);
}

void fhir_put_encounter(struct fhir_writer *w)
{
    if (!has_encounter(w->who))
        return;
    an_out_key(&w->out, "encounter");
    put_encounter(w);
}

void fhir_put_encounter_list(struct fhir_writer *w)
{
    if (!has_encounter(w->who))
        return;
    an_out_key(&w->out, "encounter");
    an_out_array(&w->out);
    put_encounter(w);
    an_out_end(&w->out);
}

static void put_note(struct fhir_writer *w, struct an_str text)
{
    an_out_object(&w->out);
    fhir_put(w, "text", text);
    an_out_end(&w->out);
}

static void put_citation(struct fhir_writer *w, const struct ctx_citation *c)
{
    struct an_buf b;
    struct an_str text;
    struct an_err err;

    an_buf_init(&b, w->arena, FHIR_WRITE_BYTES);
    an_buf_put(&b, c->title);
    if (c->source.n) {
        an_buf_put_c(&b, ". ");
        an_buf_put(&b, c->source);
    }
    if (c->year) {
        an_buf_put_c(&b, ", ");
        an_buf_put_u64(&b, c->year);
    }
    if (c->doi.n) {
        an_buf_put_c(&b, ". doi:");
        an_buf_put(&b, c->doi);
    }
    if (an_buf_done(&b, &text, &err) != AN_OK)
        fhir_writer_fail(w, err.code, err.what);
    else if (text.n)
        put_note(w, text);
}

struct an_str fhir_disclaimer(const struct fhir_writer *w)
{
    return w->s->note.n ? w->s->note : AN_STR(FHIR_DISCLAIMER);
}

void fhir_put_notes(struct fhir_writer *w, const struct fhir_item *item)
{
    an_out_key(&w->out, "note");
    an_out_array(&w->out);
    put_note(w, fhir_disclaimer(w));
    if (w->s->demo || item->s->model.demonstrator)
        put_note(w, AN_STR(FHIR_DEMONSTRATION));
    for (size_t i = 0; i < item->s->n_citations; i++)
        put_citation(w, &item->s->citation[i]);
    an_out_end(&w->out);
}

/* ---- evidence --------------------------------------------------------------- */

bool fhir_evidence_is_new(const struct ctx_suggestion *s, size_t i)
{
    const struct ctx_event *e = s->evidence[i].event;

    for (size_t k = 0; k < i; k++)
        if (an_str_eq(s->evidence[k].event->message, e->message) &&
            an_str_eq(s->evidence[k].event->place, e->place))
            return false;
    return true;
}

/* FHIR R4 2.24.0.1, id. */
static bool is_id(struct an_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
            !(c >= '0' && c <= '9') && c != '-' && c != '.')
            return false;
    }
    return s.n > 0 && s.n <= 64;
}

/* fhir/read.h names a fact by server, type and id: is it one of the
 * receiver's resources, then "Type/id". */
static struct an_str at_receiver(const struct fhir_writer *w,
                                 const struct ctx_event *e, const char *type)
{
    struct an_str none = {NULL, 0}, name = e->fact, rest, kind;

    if (w->s->source.n == 0 || !an_str_starts(name, w->s->source))
        return none;
    name = an_str_sub(name, w->s->source.n, name.n);
    rest = name;
    if (!an_str_cut(&rest, '/', &kind) || !is_id(rest) || kind.n < 2 ||
        kind.p[0] < 'A' || kind.p[0] > 'Z')
        return none;
    for (size_t i = 0; i < kind.n; i++)
        if (!((kind.p[i] | 0x20) >= 'a' && (kind.p[i] | 0x20) <= 'z'))
            return none;
    return type == NULL || an_str_eq(kind, an_str_c(type)) ? name : none;
}

static void put_message(struct fhir_writer *w, const struct ctx_event *e)
{
    an_out_key(&w->out, "identifier");
    an_out_object(&w->out);
    an_out_key_str(&w->out, "system",
                   FHIR_TEXT(w, w->s->own, AN_STR("/message")));
    an_out_key_str(&w->out, "value", e->message);
    an_out_end(&w->out);
    fhir_put(w, "display", e->place);
}

void fhir_put_source(struct fhir_writer *w, const struct ctx_event *e,
                     const char *type)
{
    struct an_str name = at_receiver(w, e, type);

    an_out_object(&w->out);
    if (name.n) {
        an_out_key_str(&w->out, "reference", name);
    } else {
        fhir_put_c(w, "type", type);
        put_message(w, e);
    }
    an_out_end(&w->out);
}

void fhir_put_trace(struct fhir_writer *w, const struct ctx_event *e)
{
    an_out_object(&w->out);
    an_out_key_str(&w->out, "reference", at_receiver(w, e, NULL));
    put_message(w, e);
    an_out_end(&w->out);
}

void fhir_put_sources(struct fhir_writer *w, const char *key,
                      const struct ctx_suggestion *s)
{
    if (s->n_evidence == 0)
        return;
    an_out_key(&w->out, key);
    an_out_array(&w->out);
    for (size_t i = 0; i < s->n_evidence; i++)
        if (fhir_evidence_is_new(s, i))
            fhir_put_source(w, s->evidence[i].event, NULL);
    an_out_end(&w->out);
}
