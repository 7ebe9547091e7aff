/* SPDX-License-Identifier: Apache-2.0 */
/* card.md: what a person needs to know before believing a number, the summary
 * first, then under the headings of the Applied Model Card. */
#include "trainer/package/card_int.h"
#include "trainer/put.h"

typedef unsigned put_fact(const struct tr_card *c, struct an_buf *b);

/* "**Users.** ..." */
static void put_said(const struct tr_card *c, struct an_buf *b,
                     const char *heading, enum tr_card_key key)
{
    const struct an_str said = tr_card_said(c, key);

    tr_put_line(b, "**%s.** ", heading);
    an_buf_put(b, said.n ? said : AN_STR(TR_NOT_AVAILABLE));
    tr_put_line(b, "\n\n");
}

/* Facts under a heading of their own, and what people say beside. */
static void put_part(const struct tr_card *c, struct an_buf *b,
                     const char *heading, put_fact *fact, enum tr_card_key key)
{
    const struct an_str said =
        key == TR_N_CARD_KEYS ? AN_STR("") : tr_card_said(c, key);

    tr_put_line(b, "### %s\n\n", heading);
    if (fact(c, b) == 0 && said.n == 0)
        tr_put_line(b, TR_NOT_AVAILABLE "\n\n");
    if (said.n) {
        an_buf_put(b, said);
        tr_put_line(b, "\n\n");
    }
}

static void put_summary(const struct tr_card *c, struct an_buf *b)
{
    tr_put_line(b, "# ");
    an_buf_put(b, c->how->name);
    tr_put_line(b, " ");
    an_buf_put(b, c->how->version);
    tr_put_line(b, "\n\n");
    if (c->how->demonstrator)
        tr_put_line(
            b,
            "**A demonstrator. It was trained on invented patients and is not "
            "for care.**\nIt shows that the machinery works; what it says "
            "about a real person means nothing.\n\n");
    tr_put_line(b, "## Summary\n\n");
    if (tr_card_said(c, TR_SAID_summary).n) {
        an_buf_put(b, tr_card_said(c, TR_SAID_summary));
        tr_put_line(b, "\n\n");
    }
    (void)tr_fact_output(c, b);
    if (c->how->site.n)
        tr_put_line(
            b,
            "Its data are the own records of the site %.*s, where the model "
            "%s.\n\n",
            AN_STR_ARG(c->how->site),
            tr_judgement_passes(c->j)
                ? "passed its evaluation and may be heard"
                : "did not pass its evaluation and may not be heard");
    (void)tr_fact_headline(c, b);
    tr_put_line(b, "It must not be used for:\n\n");
    (void)tr_fact_misuse(c, b);
}

static void put_release(const struct tr_card *c, struct an_buf *b)
{
    tr_put_line(b, "## Basic info\n\n**Model.** ");
    an_buf_put(b, c->how->name);
    tr_put_line(b, "\n\n");
    put_said(c, b, "Developer", TR_SAID_developer);
    put_said(c, b, "Contact", TR_SAID_contact);
    tr_put_line(b, "## Release\n\n**Version.** ");
    an_buf_put(b, c->how->version);
    tr_put_line(b, "\n\n");
    put_said(c, b, "Stage", TR_SAID_release_stage);
    put_said(c, b, "Date", TR_SAID_release_date);
    put_said(c, b, "Availability", TR_SAID_availability);
    put_said(c, b, "Regulators", TR_SAID_regulatory);
}

static void put_uses(const struct tr_card *c, struct an_buf *b)
{
    tr_put_line(b, "## Uses and directions\n\n");
    put_said(c, b, "Intended use", TR_SAID_intended_use);
    put_said(c, b, "Users", TR_SAID_users);
    put_said(c, b, "Role in decisions", TR_SAID_role);
    put_said(c, b, "How to use it", TR_SAID_how_to_use);
    put_said(c, b, "Patients", TR_SAID_patients);
    put_part(c, b, "What it must not be used for", tr_fact_misuse,
             TR_SAID_out_of_scope);
    tr_put_line(b, "## Warnings\n\n");
    put_part(c, b, "Of whom it says nothing", tr_fact_limits, TR_SAID_risks);
    put_said(c, b, "Biases and ethics", TR_SAID_biases);
    put_said(c, b, "Clinical risk", TR_SAID_clinical_risk);
}

static void put_ingredients(const struct tr_card *c, struct an_buf *b)
{
    tr_put_line(b, "## Trust ingredients\n\n");
    put_part(c, b, "What it is", tr_fact_shape, TR_N_CARD_KEYS);
    tr_put_line(b, "### What it was trained on\n\n");
    an_buf_put(b, c->how->source);
    tr_put_line(b, "\n\n");
    (void)tr_fact_data(c, b);
    put_said(c, b, "Who was taken", TR_SAID_data_criteria);
    put_said(c, b, "Why they are like those it is used for", TR_SAID_relevance);
    put_part(c, b, "Who they are", tr_fact_people, TR_N_CARD_KEYS);
    put_part(c, b, "What it reads of a person", tr_fact_inputs, TR_N_CARD_KEYS);
    put_part(c, b, "What may come next", tr_fact_named, TR_N_CARD_KEYS);
    (void)tr_fact_next(c, b);
    put_part(c, b, "Comparison of procedures", tr_fact_comparison,
             TR_N_CARD_KEYS);
    put_part(c, b, "Reasons", tr_fact_reasons, TR_N_CARD_KEYS);
    put_part(c, b, "What it may say of those it was trained on",
             tr_fact_privacy, TR_SAID_security);
    put_said(c, b, "Approach to fairness", TR_SAID_fairness_approach);
    put_said(c, b, "Against bias", TR_SAID_bias_mitigation);
    put_part(c, b, "Maintenance", tr_fact_updates, TR_SAID_updates);
    put_said(c, b, "Validity is watched", TR_SAID_monitoring);
    put_said(c, b, "Fairness is watched", TR_SAID_fairness_monitoring);
    put_said(c, b, "Corrections", TR_SAID_corrections);
    put_said(c, b, "Funding", TR_SAID_funding);
    put_said(c, b, "Parts that others made", TR_SAID_third_parties);
    put_said(c, b, "Who was asked", TR_SAID_stakeholders);
}

static void put_metrics(const struct tr_card *c, struct an_buf *b)
{
    tr_put_line(b, "## Key metrics\n\n");
    put_part(c, b, "How good it is", tr_fact_validity, TR_SAID_usefulness_goal);
    put_part(c, b, "By sex and age", tr_fact_fairness, TR_SAID_fairness_goal);
    put_part(c, b, "What it would not answer", tr_fact_refusals,
             TR_SAID_safety_goal);
    tr_put_line(b, "### On other data\n\n");
    put_said(c, b, "Source", TR_SAID_external_source);
    put_said(c, b, "Tested by", TR_SAID_external_party);
    put_said(c, b, "Whom they stand for", TR_SAID_external_people);
    put_said(c, b, "Process", TR_SAID_external_process);
    put_said(c, b, "Validity", TR_SAID_external_validity);
    put_said(c, b, "Fairness", TR_SAID_external_fairness);
}

static void put_resources(const struct tr_card *c, struct an_buf *b)
{
    tr_put_line(b, "## Resources\n\n");
    put_said(c, b, "Evaluations of its use", TR_SAID_references);
    put_said(c, b, "Publications", TR_SAID_publications);
    put_said(c, b, "What patients are told", TR_SAID_consent);
    tr_put_line(b, "The same for programs: `source-attributes.json` (45 CFR "
                   "170.315(b)(11)), `card.xml` (CHAI Applied\nModel Card "
                   "0.2), `manifest.json`.\n");
}

enum an_code tr_card_text(const struct tr_card *card, struct an_str *md,
                          struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, card->arena, TR_CARD_BYTES);
    put_summary(card, &b);
    put_release(card, &b);
    put_uses(card, &b);
    put_ingredients(card, &b);
    put_metrics(card, &b);
    put_resources(card, &b);
    return an_buf_done(&b, md, err);
}
