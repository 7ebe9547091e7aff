/* SPDX-License-Identifier: Apache-2.0 */
/* Flag: a risk that the site wants to see on each page of the chart.  It always
 * ends, with the time that the risk is about. */
#include "fhir/write_int.h"

static const struct fhir_rule *rule_of(const struct fhir_writer *w,
                                       const struct ctx_suggestion *s)
{
    for (size_t i = 0; i < w->s->n_flags; i++)
        if (an_str_eq(w->s->flag[i].topic, s->topic) &&
            s->p >= w->s->flag[i].p_from)
            return &w->s->flag[i];
    return NULL;
}

void fhir_put_flag(struct fhir_writer *w, const struct fhir_item *item)
{
    const struct ctx_suggestion *s = item->s;
    struct an_time end = s->as_of;
    struct an_uuid id;

    if (rule_of(w, s) == NULL || s->horizon_days == 0)
        return;
    id = fhir_part_id(w, "flag", &item->id);
    end.us += (int64_t)s->horizon_days * AN_US_PER_DAY;
    fhir_open_entry(w, "Flag", &id);
    fhir_put_meta(w, &s->model);
    fhir_put(w, "language", s->language);
    fhir_put_narrative(w, s->language, s->title, s->statement, NULL);
    fhir_put_identifier(w, &id);
    fhir_put_c(w, "status", "active");
    fhir_put_codes(w, "category",
                   "http://terminology.hl7.org/CodeSystem/flag-category",
                   "clinical");
    fhir_put_own_concept(w, "code", "/topic", s->topic, s->statement);
    fhir_put_subject(w);
    an_out_key(&w->out, "period");
    an_out_object(&w->out);
    fhir_put_time(w, "start", s->as_of);
    fhir_put_time(w, "end", end);
    an_out_end(&w->out);
    fhir_put_encounter(w);
    fhir_put_reference(w, "author", "Device", &item->by->id);
    fhir_close_entry(w, "Flag", &id);
}
