/* SPDX-License-Identifier: Apache-2.0 */
/* DocumentReference: the summary in plain words, as a text of its own
 * language.  docStatus stays preliminary after a clinician released it: who
 * adopts it makes a version of their own. */
#include "base/base64.h"
#include "base/hash.h"
#include "fhir/write_int.h"

static void put_type(struct fhir_writer *w)
{
    const struct ctx_code type = {
        .system = AN_STR("http://loinc.org"),
        .code = AN_STR("60591-5"),
        .display = AN_STR("Patient summary Document"),
    };

    fhir_put_concept(w, "type", &type, AN_STR(""));
}

static void put_category(struct fhir_writer *w)
{
    fhir_open_list(w, "category");
    an_out_key(&w->out, "coding");
    an_out_array(&w->out);
    fhir_put_coding(w, FHIR_TEXT(w, w->s->own, AN_STR("/topic")),
                    AN_STR("patient-summary"), AN_STR(""));
    an_out_end(&w->out);
    fhir_put_c(w, "text", "Summary for the patient, made by an AI");
    an_out_end(&w->out);
    an_out_object(&w->out);
    an_out_key(&w->out, "coding");
    an_out_array(&w->out);
    fhir_put_coding(w,
                    AN_STR("http://hl7.org/fhir/us/core/CodeSystem/"
                           "us-core-documentreference-category"),
                    AN_STR("clinical-note"), AN_STR("Clinical Note"));
    an_out_end(&w->out);
    fhir_close_list(w);
}

void fhir_put_attachment(struct fhir_writer *w, const char *type,
                         struct an_str language, struct an_str bytes,
                         struct an_str title, const struct an_time *creation)
{
    struct an_str data = AN_STR(""), hash = AN_STR("");
    struct an_sha1 sha;
    struct an_err err;
    struct an_buf b, h;
    enum an_code code = an_sha1(bytes, &sha, &err);

    an_buf_init(&b, w->arena, FHIR_WRITE_BYTES);
    an_buf_put_base64(&b, bytes);
    an_buf_init(&h, w->arena, FHIR_WRITE_BYTES);
    if (code == AN_OK)
        an_buf_put_base64(&h,
                          (struct an_str){(const char *)sha.b, sizeof(sha.b)});
    if (code == AN_OK)
        code = an_buf_done(&b, &data, &err);
    if (code == AN_OK)
        code = an_buf_done(&h, &hash, &err);
    if (code != AN_OK) {
        fhir_writer_fail(w, err.code, err.what);
        return;
    }
    an_out_key(&w->out, "attachment");
    an_out_object(&w->out);
    fhir_put_c(w, "contentType", type);
    fhir_put(w, "language", language);
    an_out_key_str(&w->out, "data", data);
    an_out_key(&w->out, "size");
    an_out_i64(&w->out, (int64_t)bytes.n);
    an_out_key_str(&w->out, "hash", hash);
    fhir_put(w, "title", title);
    if (creation)
        fhir_put_time(w, "creation", *creation);
    an_out_end(&w->out);
}

static void put_content(struct fhir_writer *w, const struct ctx_suggestion *s)
{
    fhir_open_list(w, "content");
    fhir_put_attachment(w, "text/plain; charset=utf-8", s->language,
                        s->statement, s->title, &s->as_of);
    an_out_key(&w->out, "format");
    fhir_put_coding(w, AN_STR("urn:oid:1.3.6.1.4.1.19376.1.2.3"),
                    AN_STR("urn:ihe:iti:xds:2017:mimeTypeSufficient"),
                    AN_STR(""));
    fhir_close_list(w);
}

/* A text in another language than the first says the same as that one, which
 * may wait for its release still. */
static void put_relation(struct fhir_writer *w, const struct ctx_suggestion *s)
{
    struct ctx_suggestion source = *s;
    struct an_uuid id;
    struct an_err err;

    if (w->s->source_language.n == 0 ||
        an_str_eq(w->s->source_language, s->language))
        return;
    source.language = w->s->source_language;
    if (fhir_suggestion_id(w->arena, w->s, w->who, &source, &id, &err) !=
        AN_OK) {
        fhir_writer_fail(w, err.code, err.what);
        return;
    }
    fhir_open_list(w, "relatesTo");
    fhir_put_c(w, "code", "transforms");
    fhir_put_logical(w, "target", "DocumentReference", &id);
    fhir_close_list(w);
}

/* US Core's DocumentReference wants both. */
static void put_context(struct fhir_writer *w, const struct ctx_suggestion *s)
{
    an_out_key(&w->out, "context");
    an_out_object(&w->out);
    fhir_put_encounter_list(w);
    an_out_key(&w->out, "period");
    an_out_object(&w->out);
    fhir_put_time(w, "end", s->as_of);
    an_out_end(&w->out);
    an_out_end(&w->out);
}

void fhir_put_document(struct fhir_writer *w, const struct fhir_item *item)
{
    const struct ctx_suggestion *s = item->s;

    fhir_open_entry(w, "DocumentReference", &item->id);
    fhir_put_meta(w, &s->model);
    fhir_put(w, "language", s->language);
    fhir_put_narrative(w, s->language, s->title, s->statement, NULL);
    fhir_put_identifier(w, &item->id);
    fhir_put_c(w, "status", "current");
    fhir_put_c(w, "docStatus", "preliminary");
    put_type(w);
    put_category(w);
    fhir_put_subject(w);
    fhir_put_instant(w, "date", w->now_us);
    fhir_open_list(w, "author");
    an_out_key_str(&w->out, "reference",
                   fhir_address(w, "Device", &item->by->id));
    fhir_close_list(w);
    put_relation(w, s);
    fhir_put(w, "description", fhir_disclaimer(w));
    put_content(w, s);
    put_context(w, s);
    fhir_close_entry(w, "DocumentReference", &item->id);
}
