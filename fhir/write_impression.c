/* SPDX-License-Identifier: Apache-2.0 */
/* ClinicalImpression: the ranked list of what may come next, for a clinician to
 * adopt.  It has no assessor, since R4 lets none be a program: who adopts it
 * becomes that, and sets the status that only a human may. */
#include "base/decimal.h"
#include "fhir/write_int.h"

/* "1/5: 12.30 %": rank and probability, in no language. */
static void put_basis(struct fhir_writer *w, size_t i, size_t n, double p)
{
    enum { BASIS_BYTES = 80, PLACES = 2 };
    char percent[AN_DECIMAL_TEXT_BYTES];
    struct an_str text;
    struct an_err err;
    struct an_buf b;

    if (!(p >= 0 && p <= 1)) {
        fhir_writer_fail(w, AN_TYPE, "a probability is outside 0 to 1");
        return;
    }
    an_buf_init(&b, w->arena, BASIS_BYTES);
    an_buf_put_u64(&b, i + 1);
    an_buf_put_char(&b, '/');
    an_buf_put_u64(&b, n);
    an_buf_put_c(&b, ": ");
    an_buf_put(&b, (struct an_str){percent,
                                   an_decimal_print(p * 100, PLACES, percent)});
    an_buf_put_c(&b, " %");
    if (an_buf_done(&b, &text, &err) == AN_OK)
        fhir_put(w, "basis", text);
    else
        fhir_writer_fail(w, err.code, err.what);
}

void fhir_put_impression(struct fhir_writer *w, const struct fhir_item *item)
{
    const struct ctx_suggestion *s = item->s;

    fhir_open_entry(w, item->type, &item->id);
    fhir_put_meta(w, &s->model);
    fhir_put(w, "language", s->language);
    fhir_put_narrative(w, s->language, s->title, s->statement, s);
    fhir_put_identifier(w, &item->id);
    fhir_put_c(w, "status", "in-progress");
    fhir_put_own_concept(w, "code", "/topic", s->topic, s->title);
    fhir_put(w, "description", s->title);
    fhir_put_subject(w);
    fhir_put_encounter(w);
    fhir_put_time(w, "effectiveDateTime", s->as_of);
    fhir_put_instant(w, "date", w->now_us);
    fhir_put(w, "summary", s->statement);
    an_out_key(&w->out, "finding");
    an_out_array(&w->out);
    for (size_t i = 0; i < s->n_next; i++) {
        an_out_object(&w->out);
        fhir_put_concept(w, "itemCodeableConcept", &s->next[i].concept,
                         AN_STR(""));
        put_basis(w, i, s->n_next, s->next[i].p);
        an_out_end(&w->out);
    }
    an_out_end(&w->out);
    fhir_put_sources(w, "supportingInfo", s);
    fhir_put_notes(w, item);
    fhir_close_entry(w, item->type, &item->id);
}
