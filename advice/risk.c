/* SPDX-License-Identifier: Apache-2.0 */
/* Risks: a natural frequency with its interval, its horizon and its evidence;
 * or an abstention with its reason. */
#include "advice/make_int.h"

static const enum adv_say abstention_say[] = {
#define X(name, text) ADV_SAY_ABSTAIN_##name,
    CTX_ABSTENTIONS(X)
#undef X
};

static void abstain(struct adv_make *m, struct ctx_suggestion *s,
                    unsigned abstention)
{
    struct an_str outcome =
        s->topic.n ? s->title : adv_say(&m->words, ADV_SAY_ANY_OUTCOME, NULL);

    if (abstention >= CTX_N_ABSTENTIONS)
        abstention = CTX_ABSTAIN_NONE; /* its sentence says: no reason given */
    s->abstention = (uint8_t)abstention;
    s->statement = adv_say(&m->words, abstention_say[abstention],
                           &(struct adv_args){.text = {outcome}});
    s->evidence = NULL;
    s->n_evidence = 0;
}

static void state(struct adv_make *m, const struct adv_outcome *o,
                  const struct ctx_risk *risk, struct ctx_suggestion *s)
{
    struct adv_frequency f = adv_frequency(risk->p, risk->p_low, risk->p_high);
    const struct adv_args args = {
        .text = {s->title, f.exact},
        .number = {risk->horizon_days, f.n, f.of, f.low, f.high},
    };
    static const enum adv_say say[ADV_N_STARTS][2] = {
        [ADV_START_NOW] = {ADV_SAY_RISK_FROM_NOW, ADV_SAY_RISK_PATIENT},
        [ADV_START_DISCHARGE] = {ADV_SAY_RISK_FROM_DISCHARGE,
                                 ADV_SAY_RISK_PATIENT_DISCHARGE},
    };

    s->p = risk->p;
    s->p_low = risk->p_low;
    s->p_high = risk->p_high;
    s->statement =
        adv_make_marked(m, adv_say(&m->words, say[o->start][m->plain], &args));
    if (o->citation.title.n) {
        s->citation = &o->citation;
        s->n_citations = 1;
    }
}

static bool is_probability(double p)
{
    return p >= 0 && p <= 1; /* false for NaN */
}

static bool is_interval(const struct ctx_risk *risk)
{
    return is_probability(risk->p) && is_probability(risk->p_low) &&
           is_probability(risk->p_high) && risk->p_low <= risk->p_high;
}

static void make_risk(struct adv_make *m, const struct adv_outcome *o,
                      const struct ctx_risk *risk)
{
    const struct ctx_suggestion *last =
        m->n_suggestions ? &m->suggestion[m->n_suggestions - 1] : NULL;
    struct ctx_suggestion *s;

    /* One abstention an outcome is enough, and none is for a patient. */
    if (risk->abstention &&
        (m->plain || (last && an_str_eq(last->topic, o->id) &&
                      last->abstention == risk->abstention)))
        return;
    s = adv_make_add(m, CTX_SUGGEST_RISK);
    if (s == NULL)
        return;
    s->topic = o->id;
    s->title = adv_outcome_title(o, m->words.language);
    s->horizon_days = risk->horizon_days;
    s->model = m->forecast->model;
    s->never_patient = !o->patient;
    if (risk->abstention) {
        abstain(m, s, risk->abstention);
        return;
    }
    if (!is_interval(risk)) {
        adv_words_fail(&m->words, AN_TYPE,
                       "a probability or its interval is outside 0 to 1");
        return;
    }
    adv_evidence_of_risk(m, risk, s);
    if (s->n_evidence && s->model.name.n)
        state(m, o, risk, s);
    else if (m->plain)
        m->n_suggestions--;
    else
        abstain(m, s, CTX_ABSTAIN_NO_EVIDENCE);
}

void adv_make_risks(struct adv_make *m)
{
    const struct ctx_forecast *f = m->forecast;
    unsigned audience = m->options->audience;
    struct ctx_suggestion *s;

    if (f == NULL)
        return;
    if (f->abstention) {
        if (m->plain)
            return;
        s = adv_make_add(m, CTX_SUGGEST_RISK);
        if (s == NULL)
            return;
        s->title = adv_say(&m->words, ADV_SAY_NO_ESTIMATE, NULL);
        s->model = f->model;
        s->never_patient = true;
        abstain(m, s, f->abstention);
        return;
    }
    for (size_t i = 0; i < f->n_risks; i++) {
        const struct adv_outcome *o =
            adv_knowledge_outcome(m->knowledge, f->risk[i].outcome);

        if (o && (m->plain ? o->patient : (o->audiences >> audience & 1U) != 0))
            make_risk(m, o, &f->risk[i]);
    }
}
