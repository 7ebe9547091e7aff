/* SPDX-License-Identifier: Apache-2.0 */
/* DocumentReference: the summary in plain words, as a text of its own
 * language.  docStatus stays preliminary after a clinician released it: who
 * adopts it makes a version of their own. */
#include "base/base64.h"
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
    fhir_close_list(w);
}

static void put_content(struct fhir_writer *w, const struct ctx_suggestion *s)
{
    struct an_str data;
    struct an_err err;
    struct an_buf b;

    an_buf_init(&b, w->arena, FHIR_WRITE_BYTES);
    an_buf_put_base64(&b, s->statement);
    if (an_buf_done(&b, &data, &err) != AN_OK) {
        fhir_writer_fail(w, err.code, err.what);
        return;
    }
    fhir_open_list(w, "content");
    an_out_key(&w->out, "attachment");
    an_out_object(&w->out);
    fhir_put_c(w, "contentType", "text/plain; charset=utf-8");
    fhir_put(w, "language", s->language);
    an_out_key_str(&w->out, "data", data);
    an_out_key(&w->out, "size");
    an_out_i64(&w->out, (int64_t)s->statement.n);
    fhir_put(w, "title", s->title);
    fhir_put_time(w, "creation", s->as_of);
    an_out_end(&w->out);
    fhir_close_list(w);
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
    fhir_put(w, "description",
             w->s->note.n ? w->s->note : AN_STR(FHIR_DISCLAIMER));
    put_content(w, s);
    fhir_close_entry(w, "DocumentReference", &item->id);
}
