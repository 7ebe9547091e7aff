/* SPDX-License-Identifier: Apache-2.0 */
/* card.xml: every element that the schema of the Applied Model Card 0.2 wants,
 * in its order; of those that it leaves free only the ones that say something.
 */
#include "trainer/package/card_int.h"
#include "trainer/package/xml.h"
#include "trainer/put.h"

#include <math.h>

#define NAME_SPACE "https://mc.chai.org/v0.2/schema.xsd"

enum { XML_BYTES = 4 << 20, LABEL_BYTES = 256, VALUE_BYTES = 1024 };

typedef unsigned put_fact(const struct tr_card *c, struct an_buf *b);

struct writer {
    const struct tr_card *c;
    struct tr_xml xml;
    enum an_code code;
    size_t n_results; /* of the metric that is being written */
};

/* ---- leaves ---------------------------------------------------------------- */

/* What the facts and people say; "" when neither does. */
static struct an_str text_of(struct writer *w, put_fact *const *fact, size_t n,
                             enum tr_card_key key)
{
    struct an_str text = {"", 0};
    struct an_buf b;

    an_buf_init(&b, w->c->arena, TR_CARD_BYTES);
    for (size_t i = 0; i < n; i++)
        (void)fact[i](w->c, &b);
    if (key != TR_N_CARD_KEYS)
        an_buf_put(&b, tr_card_said(w->c, key));
    if (an_buf_done(&b, &text, NULL) != AN_OK)
        w->code = b.code;
    return an_str_trim(text);
}

static void put_leaf(struct writer *w, const char *name, struct an_str text)
{
    tr_xml_leaf(&w->xml, name, text.n ? text : AN_STR(TR_NOT_AVAILABLE));
}

static void put_said(struct writer *w, const char *name, enum tr_card_key key)
{
    put_leaf(w, name, tr_card_said(w->c, key));
}

/* Of an element that may be left out. */
static void put_said_if(struct writer *w, const char *name,
                        enum tr_card_key key)
{
    if (tr_card_said(w->c, key).n)
        put_said(w, name, key);
}

static void put_fact_and(struct writer *w, const char *name, put_fact *fact,
                         enum tr_card_key key)
{
    put_leaf(w, name, text_of(w, &fact, 1, key));
}

/* ---- the sections before the metrics --------------------------------------- */

static void put_release(struct writer *w)
{
    struct tr_xml *x = &w->xml;

    tr_xml_open(x, "BasicInfo");
    put_leaf(w, "ModelName", w->c->how->name);
    put_said(w, "ModelDeveloper", TR_SAID_developer);
    put_said(w, "DeveloperContact", TR_SAID_contact);
    tr_xml_close(x);
    tr_xml_open(x, "ReleaseInfo");
    put_said(w, "ReleaseStage", TR_SAID_release_stage);
    put_said(w, "ReleaseDate", TR_SAID_release_date);
    put_leaf(w, "ReleaseVersion", w->c->how->version);
    put_said(w, "GlobalAvailability", TR_SAID_availability);
    put_said_if(w, "RegulatoryApproval", TR_SAID_regulatory);
    tr_xml_close(x);
}

static unsigned put_banner(const struct tr_card *c, struct an_buf *b)
{
    if (!c->how->demonstrator)
        return 0;
    tr_put_line(b, "**A demonstrator. It was trained on invented patients and "
                   "is not for care.**\n\n");
    return TR_FROM_MEASURED;
}

static unsigned put_source(const struct tr_card *c, struct an_buf *b)
{
    an_buf_put(b, c->how->source);
    tr_put_line(b, "\n\n");
    return TR_FROM_CONFIGURED;
}

static void put_summary(struct writer *w)
{
    static put_fact *const facts[] = {put_banner, tr_fact_output,
                                      tr_fact_headline};
    struct an_str rest = tr_card_said(w->c, TR_SAID_keywords), word;

    tr_xml_open(&w->xml, "ModelSummary");
    put_leaf(w, "Summary", text_of(w, facts, 3, TR_SAID_summary));
    tr_xml_open(&w->xml, "Keywords");
    while (rest.n && an_str_cut(&rest, ',', &word))
        if (an_str_trim(word).n)
            tr_xml_leaf(&w->xml, "Keyword", an_str_trim(word));
    tr_xml_close(&w->xml);
    tr_xml_close(&w->xml);
}

static void put_uses(struct writer *w)
{
    tr_xml_open(&w->xml, "UsesAndDirections");
    put_said(w, "IntendedUseAndWorkflow", TR_SAID_intended_use);
    put_said(w, "PrimaryIntendedUsers", TR_SAID_users);
    put_said(w, "HowToUse", TR_SAID_how_to_use);
    put_said(w, "TargetedPatientPopulation", TR_SAID_patients);
    put_fact_and(w, "CautionedOutOfScopeSettings", tr_fact_misuse,
                 TR_SAID_out_of_scope);
    tr_xml_close(&w->xml);
    tr_xml_open(&w->xml, "Warnings");
    put_fact_and(w, "KnownRisksAndLimitations", tr_fact_limits, TR_SAID_risks);
    put_said(w, "KnownBiasesOrEthicalConsiderations", TR_SAID_biases);
    put_said(w, "ClinicalRiskLevel", TR_SAID_clinical_risk);
    tr_xml_close(&w->xml);
}

static unsigned put_types(const struct tr_card *c, struct an_buf *b)
{
    (void)c;
    tr_put_line(b, "In: codes, values and times of a record (HL7v2, FHIR R4), "
                   "age and sex. Out: probabilities, a set of conditions, and "
                   "the entries that moved them.\n\n");
    return TR_FROM_FIXED;
}

static void put_ingredients(struct writer *w)
{
    static put_fact *const outputs[] = {tr_fact_output, tr_fact_named,
                                        tr_fact_next, tr_fact_comparison};
    static put_fact *const types[] = {put_types, tr_fact_inputs};
    static put_fact *const data[] = {tr_fact_data, tr_fact_people};
    struct tr_xml *x = &w->xml;

    tr_xml_open(x, "TrustIngredients");
    tr_xml_open(x, "AISystemFacts");
    put_leaf(w, "OutcomesAndOutputs", text_of(w, outputs, 4, TR_N_CARD_KEYS));
    put_fact_and(w, "ModelType", tr_fact_shape, TR_N_CARD_KEYS);
    put_fact_and(w, "InputDataSource", put_source, TR_N_CARD_KEYS);
    put_leaf(w, "OutputAndInputDataTypes",
             text_of(w, types, 2, TR_N_CARD_KEYS));
    put_leaf(w, "DevelopmentDataCharacterization",
             text_of(w, data, 2, TR_SAID_data_criteria));
    put_said(w, "BiasMitigationApproaches", TR_SAID_bias_mitigation);
    put_fact_and(w, "OngoingMaintenance", tr_fact_updates, TR_SAID_updates);
    put_fact_and(w, "Security", tr_fact_privacy, TR_SAID_security);
    put_fact_and(w, "Transparency", tr_fact_reasons, TR_N_CARD_KEYS);
    tr_xml_close(x);
    tr_xml_open(x, "TransparencyInformation");
    put_said(w, "FundingSource", TR_SAID_funding);
    put_said_if(w, "ThirdPartyInformation", TR_SAID_third_parties);
    put_said(w, "StakeholdersConsulted", TR_SAID_stakeholders);
    tr_xml_close(x);
    tr_xml_close(x);
}

/* ---- metrics --------------------------------------------------------------- */

static void put_json_interval(struct an_json_out *o, const char *key, double v,
                              const struct tr_interval *i)
{
    an_out_key(o, key);
    an_out_object(o);
    tr_put_number(o, "value", v);
    tr_put_number(o, "low", i->low);
    tr_put_number(o, "high", i->high);
    an_out_end(o);
}

static void begin_value(struct writer *w, struct an_json_out *o)
{
    an_out_init(o, w->c->arena, VALUE_BYTES);
    an_out_object(o);
}

/* One result, of an outcome and horizon, perhaps of a group. */
static void put_result(struct writer *w, const char *what,
                       const struct tr_verdict *v, const char *of,
                       struct an_json_out *o)
{
    struct an_str label = {"", 0}, json = {"", 0};
    struct an_buf b;

    an_buf_init(&b, w->c->arena, LABEL_BYTES);
    an_buf_put_c(&b, what);
    if (v)
        tr_put_line(&b, "%.*s within %u days",
                    AN_STR_ARG(w->c->d->asked[v->column.outcome].id),
                    v->column.horizon_days);
    if (of)
        tr_put_line(&b, ", %s", of);
    an_out_end(o);
    if (an_buf_done(&b, &label, NULL) != AN_OK ||
        an_out_done(o, &json, NULL) != AN_OK)
        w->code = b.code != AN_OK ? b.code : o->code;
    tr_xml_open(&w->xml, "MetricResult");
    tr_xml_leaf(&w->xml, "Label", label);
    tr_xml_leaf(&w->xml, "ValueJson", json);
    tr_xml_close(&w->xml);
    w->n_results++;
}

static void put_usefulness(struct writer *w)
{
    for (size_t i = 0; i < w->c->j->n; i++) {
        const struct tr_verdict *v = &w->c->j->verdict[i];
        struct an_json_out o;

        if (v->events < TR_JUDGED_EVENTS)
            continue;
        begin_value(w, &o);
        put_json_interval(&o, "auroc", v->model.auroc,
                          &v->model.auroc_interval);
        if (v->has_regression)
            put_json_interval(&o, "auroc_of_regression", v->regression.auroc,
                              &v->regression.auroc_interval);
        put_result(w, "", v, NULL, &o);
    }
}

static void put_equity(struct writer *w)
{
    const struct tr_groups *g = &w->c->groups;

    for (size_t i = 0; i < g->n_columns * TR_N_GROUPS; i++) {
        const struct tr_group_score *s = &g->score[i];
        struct an_json_out o;

        if (!s->enough)
            continue;
        begin_value(w, &o);
        put_json_interval(&o, "auroc", s->auroc.value, &s->auroc.interval);
        put_json_interval(&o, "observed_expected", s->level.value,
                          &s->level.interval);
        put_result(w, "", &w->c->j->verdict[i / TR_N_GROUPS],
                   tr_group_text((enum tr_group)(i % TR_N_GROUPS)), &o);
    }
}

static void put_safety(struct writer *w)
{
    const struct tr_differential *d = &w->c->j->differential;
    struct an_json_out o;

    for (size_t i = 0; i < w->c->j->n; i++) {
        const struct tr_verdict *v = &w->c->j->verdict[i];

        if (v->events < TR_JUDGED_EVENTS)
            continue;
        begin_value(w, &o);
        put_json_interval(&o, "observed_expected", v->model.observed_expected,
                          &v->model.observed_expected_interval);
        tr_put_number(&o, "brier", v->model.brier);
        put_result(w, "calibration: ", v, NULL, &o);
    }
    if (!isfinite(d->threshold) || !isfinite(d->covered))
        return;
    begin_value(w, &o);
    tr_put_number(&o, "threshold", d->threshold);
    tr_put_number(&o, "wanted", TR_NEXT_COVERAGE);
    put_json_interval(&o, "covered", d->covered, &d->covered_interval);
    put_result(w, "coverage of the set of next conditions", NULL, NULL, &o);
}

static const struct metric {
    const char *name;
    void (*results)(struct writer *w);
    put_fact *interpretation;
    enum tr_card_key goal;
} metrics[] = {
    {"UsefulnessUsabilityEfficacy", put_usefulness, tr_fact_headline,
     TR_SAID_usefulness_goal},
    {"FairnessEquity", put_equity, tr_fact_fairness, TR_SAID_fairness_goal},
    {"SafetyReliability", put_safety, tr_fact_refusals, TR_SAID_safety_goal},
};

static void put_metric(struct writer *w, const struct metric *m)
{
    struct tr_xml *x = &w->xml;

    tr_xml_open(x, m->name);
    put_said(w, "MetricGoal", m->goal);
    tr_xml_open(x, "Results");
    w->n_results = 0;
    m->results(w);
    if (w->n_results == 0) {
        tr_xml_open(x, "MetricResult");
        put_leaf(w, "Label", AN_STR(""));
        tr_xml_leaf(x, "ValueJson", AN_STR("null"));
        tr_xml_close(x);
    }
    tr_xml_close(x);
    put_fact_and(w, "Interpretation", m->interpretation, TR_N_CARD_KEYS);
    tr_xml_leaf(x, "TestType",
                w->c->how->site.n ? AN_STR("Internal, on the site's own data")
                                  : AN_STR("Internal, on the same source"));
    put_fact_and(w, "TestingDataDescription", tr_fact_tested, TR_N_CARD_KEYS);
    tr_xml_leaf(x, "ValidationProcessAndJustification",
                AN_STR("Patients drawn by lot and left out of training and "
                       "tuning; intervals of 95 % by drawing patients; "
                       "nothing is said of fewer than 20 events."));
    tr_xml_close(x);
}

static void put_metrics(struct writer *w)
{
    tr_xml_open(&w->xml, "KeyMetrics");
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
        put_metric(w, &metrics[i]);
    tr_xml_close(&w->xml);
    tr_xml_open(&w->xml, "Resources");
    put_said_if(w, "EvaluationReferences", TR_SAID_references);
    put_said(w, "PeerReviewedPublications", TR_SAID_publications);
    put_said(w, "PatientConsentOrDisclosure", TR_SAID_consent);
    tr_xml_close(&w->xml);
    /* BibTeX: where there is none it is empty. */
    tr_xml_leaf(&w->xml, "Bibliography",
                tr_card_said(w->c, TR_SAID_bibliography));
}

enum an_code tr_card_xml(const struct tr_card *card, struct an_str *xml,
                         struct an_err *err)
{
    struct writer w = {.c = card, .code = AN_OK};

    tr_xml_begin(&w.xml, card->arena, "AppliedModelCard", NAME_SPACE,
                 XML_BYTES);
    put_release(&w);
    put_summary(&w);
    put_uses(&w);
    put_ingredients(&w);
    put_metrics(&w);
    return w.code == AN_OK
               ? tr_xml_done(&w.xml, xml, err)
               : an_fail(err, w.code, "the card could not be written", 0);
}
