/* SPDX-License-Identifier: Apache-2.0 */
/* DetectedIssue: what stands against something that is done or about to be.  It
 * has no note, so the disclaimer ends its words; and no severity, which is the
 * judgement of whoever reads it. */
#include "fhir/write_int.h"

/* The first citation, by its DOI. */
static void put_literature(struct fhir_writer *w,
                           const struct ctx_suggestion *s)
{
    for (size_t i = 0; i < s->n_citations; i++)
        if (s->citation[i].doi.n) {
            fhir_put(
                w, "reference",
                FHIR_TEXT(w, AN_STR("https://doi.org/"), s->citation[i].doi));
            return;
        }
}

void fhir_put_issue(struct fhir_writer *w, const struct fhir_item *item)
{
    const struct ctx_suggestion *s = item->s;

    fhir_open_entry(w, item->type, &item->id);
    fhir_put_meta(w, &s->model);
    fhir_put(w, "language", s->language);
    fhir_put_narrative(w, s->language, s->title, s->statement, s);
    fhir_put_identifier(w, &item->id);
    fhir_put_c(w, "status", "preliminary");
    fhir_put_own_concept(w, "code", "/topic", s->topic, s->title);
    fhir_put_patient(w, "patient");
    fhir_put_time(w, "identifiedDateTime", s->as_of);
    fhir_put_reference(w, "author", "Device", &item->by->id);
    fhir_open_list(w, "evidence");
    fhir_put_sources(w, "detail", s);
    fhir_close_list(w);
    fhir_put(w, "detail",
             FHIR_TEXT(w, s->statement, AN_STR(" "), fhir_disclaimer(w)));
    put_literature(w, s);
    fhir_close_entry(w, item->type, &item->id);
}
