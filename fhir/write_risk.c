/* SPDX-License-Identifier: Apache-2.0 */
/* RiskAssessment: one outcome with its probability, or the ranked list of what
 * may come next.  No qualitativeRisk: where "high" begins is the hospital's
 * policy, not the model's. */
#include "fhir/write_int.h"

static const int FRACTION_PLACES = 4, PERCENT_PLACES = 2;

static bool is_probability(double p)
{
    return p >= 0 && p <= 1; /* false for NaN */
}

static void put_probability(struct fhir_writer *w, double p, double low,
                            double high)
{
    if (!is_probability(p) || !is_probability(low) || !is_probability(high)) {
        fhir_writer_fail(w, AN_TYPE, "a probability is outside 0 to 1");
        return;
    }
    switch (w->s->probability) {
    case FHIR_P_INTERVAL:
        fhir_put_percents(w, "probabilityRange", low, high);
        break;
    case FHIR_P_PERCENT:
        an_out_key(&w->out, "probabilityDecimal");
        an_out_fixed(&w->out, p * 100, PERCENT_PLACES);
        break;
    default:
        an_out_key(&w->out, "probabilityDecimal");
        an_out_fixed(&w->out, p, FRACTION_PLACES);
    }
}

static void put_when(struct fhir_writer *w, const struct ctx_suggestion *s)
{
    struct an_time end = s->as_of;

    if (s->horizon_days == 0)
        return;
    end.us += (int64_t)s->horizon_days * AN_US_PER_DAY;
    an_out_key(&w->out, "whenPeriod");
    an_out_object(&w->out);
    fhir_put_time(w, "start", s->as_of);
    fhir_put_time(w, "end", end);
    an_out_end(&w->out);
}

/* The statement, then why. */
static void put_rationale(struct fhir_writer *w, const struct ctx_suggestion *s)
{
    struct an_buf b;
    struct an_str text;
    struct an_err err;

    an_buf_init(&b, w->arena, FHIR_WRITE_BYTES);
    an_buf_put(&b, s->statement);
    for (size_t i = 0; i < s->n_evidence; i++) {
        an_buf_put_char(&b, ' ');
        an_buf_put(&b, s->evidence[i].sentence);
    }
    if (an_buf_done(&b, &text, &err) == AN_OK)
        fhir_put(w, "rationale", text);
    else
        fhir_writer_fail(w, err.code, err.what);
}

static void put_predictions(struct fhir_writer *w,
                            const struct ctx_suggestion *s)
{
    an_out_key(&w->out, "prediction");
    an_out_array(&w->out);
    if (s->kind == CTX_SUGGEST_RISK) {
        an_out_object(&w->out);
        /* Where the probability is no interval already. */
        if (w->s->probability != FHIR_P_INTERVAL && !w->s->no_extensions)
            fhir_put_confidence(w, s->p_low, s->p_high);
        fhir_put_own_concept(w, "outcome", "/topic", s->topic, s->title);
        put_probability(w, s->p, s->p_low, s->p_high);
        put_when(w, s);
        put_rationale(w, s);
        an_out_end(&w->out);
    }
    for (size_t i = 0; i < s->n_next; i++) {
        an_out_object(&w->out);
        fhir_put_concept(w, "outcome", &s->next[i].concept, AN_STR(""));
        put_probability(w, s->next[i].p, s->next[i].p, s->next[i].p);
        put_when(w, s);
        if (i == 0)
            put_rationale(w, s);
        an_out_end(&w->out);
    }
    an_out_end(&w->out);
}

void fhir_put_risk(struct fhir_writer *w, const struct fhir_item *item)
{
    const struct ctx_suggestion *s = item->s;

    fhir_open_entry(w, "RiskAssessment", &item->id);
    fhir_put_meta(w, &s->model);
    fhir_put(w, "language", s->language);
    fhir_put_narrative(w, s->language, s->title, s->statement, s);
    fhir_put_identifier(w, &item->id);
    fhir_put_c(w, "status", "preliminary");
    fhir_put_own_concept(
        w, "method", "/model",
        FHIR_TEXT(w, s->model.name, AN_STR("-"), s->model.version),
        fhir_device_name(w, &s->model));
    fhir_put_own_concept(w, "code", "/topic", s->topic, s->title);
    fhir_put_subject(w);
    fhir_put_encounter(w);
    fhir_put_time(w, "occurrenceDateTime", s->as_of);
    fhir_put_reference(w, "performer", "Device", &item->by->id);
    fhir_put_sources(w, "basis", s);
    put_predictions(w, s);
    fhir_put_notes(w, item);
    fhir_close_entry(w, "RiskAssessment", &item->id);
}
