/* SPDX-License-Identifier: Apache-2.0 */
/* card.md: what a person needs to know before believing a number. */
#include "trainer/dataset/whom.h"
#include "trainer/package/package.h"
#include "trainer/report.h"

#include <math.h>
#include <stdio.h>

enum { CARD_BYTES = 1 << 20 };

static void put_head(struct an_buf *b, const struct tr_data *d,
                     const struct tr_fitted *fitted,
                     const struct tr_judgement *j,
                     const struct tr_package_how *how)
{
    size_t n[TR_N_SPLITS] = {0};

    for (size_t i = 0; i < d->cohort.n_patients; i++)
        n[d->cohort.patient[i].split] +=
            i == 0 || d->cohort.patient[i - 1].key != d->cohort.patient[i].key;
    tr_put_line(b, "# %.*s %.*s\n\n", AN_STR_ARG(how->name),
                AN_STR_ARG(how->version));
    if (how->demonstrator)
        tr_put_line(
            b,
            "**A demonstrator. It was trained on invented patients and is not "
            "for care.**\nIt shows that the machinery works; what it says "
            "about a real person means nothing.\n\n");
    tr_put_line(b, "## What it was trained on\n\n");
    tr_put_line(b, "%.*s\n\n", AN_STR_ARG(how->source));
    if (how->site.n)
        tr_put_line(
            b,
            "They are the own records of the site %.*s, where the model "
            "%s.\n\n",
            AN_STR_ARG(how->site),
            tr_judgement_passes(j)
                ? "passed its evaluation and may be heard"
                : "did not pass its evaluation and may not be heard");
    tr_put_line(
        b,
        "Patients: %zu to train, %zu to tune (when to stop, calibration), %zu "
        "to judge. No patient\nis in two of these. Concepts: %d, of which %d "
        "are predicted.\n\n",
        n[TR_TRAIN], n[TR_TUNE], n[TR_TEST], fitted->model.shape.vocab,
        fitted->model.shape.targets);
    tr_put_line(b, "## What it is\n\n");
    tr_put_line(
        b,
        "A causal transformer over moments of a record (%d layers, %d "
        "channels, %d heads, the last\n%d moments), with rates of what comes "
        "next, hazards of %d outcomes with death competing,\nand a linear "
        "branch on %d facts of the moment.\n\n",
        fitted->model.shape.layers, fitted->model.shape.channels,
        fitted->model.shape.heads, fitted->model.shape.positions,
        fitted->model.shape.outcomes, fitted->model.shape.wide);
    tr_put_line(
        b,
        "It says nothing about people younger than %.0f or older than %.0f "
        "years, with fewer than %u\nmoments on record, or of whose events it "
        "knows less than %.0f %%.\n\n",
        how->limits.min_age_years, how->limits.max_age_years,
        how->limits.min_positions, 100 * (1 - how->limits.max_unknown_share));
    if (how->limits.max_distance > 0)
        tr_put_line(
            b,
            "Nor about people whose facts are farther from the mean of those "
            "it was trained on than %.1f %%\nof the tuning patients' are "
            "(Mahalanobis distance above %.2f).\n\n",
            100 * TR_POPULATION_SHARE, how->limits.max_distance);
}

static void put_auroc(struct an_buf *b, const struct tr_score_of *s)
{
    if (!isfinite(s->auroc))
        tr_put_line(b, " - |");
    else if (!isfinite(s->auroc_interval.low))
        tr_put_line(b, " %.2f |", s->auroc);
    else
        tr_put_line(b, " %.2f (%.2f to %.2f) |", s->auroc,
                    s->auroc_interval.low, s->auroc_interval.high);
}

static const char *calibration_text(const struct rt_calibration *c)
{
    switch (c->kind) {
    case RT_CALIBRATION_LOGISTIC: return c->slope == 1 ? "shift" : "line";
    case RT_CALIBRATION_KNOTS: return "isotonic";
    case RT_CALIBRATION_NONE: break;
    }
    return "none";
}

static void put_table(struct an_buf *b, const struct tr_data *d,
                      const struct tr_judgement *j)
{
    tr_put_line(
        b,
        "| outcome | days | asked | events | people with | AUROC | regression "
        "| observed/expected | Brier | calibration |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < j->n; i++) {
        const struct tr_verdict *v = &j->verdict[i];

        tr_put_line(b, "| %.*s | %u | %zu | %zu | %zu |",
                    AN_STR_ARG(d->asked[v->column.outcome].id),
                    v->column.horizon_days, v->n, v->events,
                    v->persons_with_event);
        put_auroc(b, &v->model);
        if (v->has_regression)
            put_auroc(b, &v->regression);
        else
            tr_put_line(b, " - |");
        tr_put_line(b, " %.2f | %.4f | %s |\n", v->model.observed_expected,
                    v->model.brier, calibration_text(&v->calibration));
    }
}

/* Conditions that are predicted, and those of them that may be named. */
static void put_named(struct an_buf *b, const struct tr_data *d)
{
    const struct an_json *concept = an_json_first(an_json_get(
        an_json_get(d->root, AN_STR("vocabulary")), AN_STR("concepts")));
    size_t all = 0, named = 0;

    for (uint32_t i = 0; concept && i < d->cohort.sizes.targets;
         i++, concept = concept->next) {
        const struct an_json *kind =
            an_json_first(an_json_get(concept, AN_STR("parents")));
        struct rt_whom whom;

        if (!an_str_eq(an_json_text(kind), AN_STR("kind|condition")))
            continue;
        all++;
        named += rt_whom_read(concept, &whom) && whom.age_to > 0;
    }
    tr_put_line(
        b,
        "It predicts %zu conditions. As what may come next it names the %zu "
        "of them that %d or more\ntraining patients had; each only for people "
        "of an age and sex at which they had it (give or\ntake %d years), and "
        "not for who has it already where hardly any of them had it again.\n"
        "Another condition is not thereby excluded.\n\n",
        all, named, TR_WHOM_PEOPLE, TR_WHOM_STEP);
}

/* Where there is enough to compare: the model less the regression. */
static void put_comparison(struct an_buf *b, const struct tr_data *d,
                           const struct tr_judgement *j)
{
    size_t n = 0;

    for (size_t i = 0; i < j->n; i++) {
        const struct tr_verdict *v = &j->verdict[i];

        if (!v->has_regression || v->events < TR_JUDGED_EVENTS)
            continue;
        if (n++ == 0)
            tr_put_line(
                b,
                "\nAUROC of the model less that of the regression, where "
                "there are %d events or more:\n\n",
                TR_JUDGED_EVENTS);
        tr_put_line(b, "- %.*s within %u days: %+.3f (%+.3f to %+.3f)\n",
                    AN_STR_ARG(d->asked[v->column.outcome].id),
                    v->column.horizon_days, v->difference,
                    v->difference_interval.low, v->difference_interval.high);
    }
}

static double real_of(const struct an_json *of, struct an_str name)
{
    double value = (double)NAN;

    (void)an_json_double(an_json_get(of, name), &value);
    return value;
}

/* What it may say of any one person whom it was trained on. */
static void put_privacy(struct an_buf *b, const struct tr_fitted *fitted)
{
    const struct an_json *p = tr_fitted_member(fitted, AN_STR("privacy"));

    tr_put_line(b, "## What it may say of those it was trained on\n\n");
    if (p == NULL) {
        tr_put_line(
            b,
            "It was trained without differential privacy: nothing bounds what "
            "whoever has the weights may\nlearn of one of them "
            "(`anamnesis-train audit` measures some of it).\n\n");
        return;
    }
    tr_put_line(
        b,
        "It was trained with differential privacy: epsilon %.3f at delta "
        "%.2g.\n\n",
        real_of(p, AN_STR("epsilon")), real_of(p, AN_STR("delta")));
    tr_put_line(
        b,
        "- Unit: a person with all their records, added or taken away.\n"
        "- %.0f steps, of which %.0f made the model; each took each of %.0f "
        "people with the chance %.4g.\n",
        real_of(p, AN_STR("steps")), real_of(p, AN_STR("steps_taken")),
        real_of(p, AN_STR("people")), real_of(p, AN_STR("sampling_rate")));
    tr_put_line(b, "- Noise: %.4g times the clip of %.4g.\n",
                real_of(p, AN_STR("noise")), real_of(p, AN_STR("clip")));
    tr_put_line(b, "- Accountant: %.*s, orders %.*s; least at %.3g.\n",
                AN_STR_ARG(an_json_text(an_json_get(p, AN_STR("accountant")))),
                AN_STR_ARG(an_json_text(an_json_get(p, AN_STR("orders")))),
                real_of(p, AN_STR("order")));
    tr_put_line(b, "\nNot counted in that:\n\n");
    for (const struct an_json *e =
             an_json_first(an_json_get(p, AN_STR("not_counted")));
         e; e = e->next)
        tr_put_line(b, "- %.*s\n", AN_STR_ARG(an_json_text(e)));
    tr_put_line(b, "\n");
}

enum an_code tr_package_card(struct an_arena *arena, const struct tr_data *d,
                             const struct tr_fitted *fitted,
                             const struct tr_judgement *j,
                             const struct tr_package_how *how,
                             struct an_str *card, struct an_err *err)
{
    struct an_buf buf, *b = &buf;

    an_buf_init(b, arena, CARD_BYTES);
    put_head(b, d, fitted, j, how);
    put_named(b, d);
    tr_put_line(b, "## How good it is\n\n");
    tr_put_line(
        b,
        "On %zu patients it had not seen. Intervals are 95 %%, by drawing "
        "patients.\n\n",
        j->n_patients);
    if (j->compared)
        tr_put_line(
            b,
            "Loss of the next event, per moment (waits below %g d count "
            "alike): %.4f; with constant rates\n%.4f (difference %.4f to "
            "%.4f).\n\n",
            fitted->t_min_days, j->next_event, j->next_event_constant,
            j->next_event_gain.low, j->next_event_gain.high);
    else
        tr_put_line(
            b, "Its data set had nobody to make something of that it could be "
               "compared with.\n\n");
    put_table(b, d, j);
    put_comparison(b, d, j);
    tr_put_line(
        b,
        "\nThe regression is logistic, on the same facts as the linear "
        "branch. Where there are fewer\nthan %d events the numbers say "
        "nothing about which is better; a dash is an outcome that did\nnot "
        "happen. AUROC is of the questions whose answer is known by the "
        "horizon; what is observed is\nthe share of all at risk (Aalen and "
        "Johansen), and calibration and Brier weigh the known answers\nfor "
        "those who were lost.\n",
        TR_JUDGED_EVENTS);
    if (tr_fitted_member(fitted, AN_STR("privacy")))
        tr_put_line(b, "Calibration comes from the tuning patients.\n\n");
    else
        tr_put_line(
            b, "Calibration comes from the tuning patients, which also decided "
               "when training stopped and how\nmuch of each outcome is left to "
               "the linear branch.\n\n");
    put_privacy(b, fitted);
    if (how->tuned_from.n)
        tr_put_line(b, "That is of the package it was tuned from. Nothing "
                       "bounds what it may say of those it was\ntuned on.\n\n");
    tr_put_line(b, "## What it must not be used for\n\n");
    tr_put_line(
        b,
        "- Care, triage or payment of anybody, unless a site has judged it on "
        "its own patients.\n"
        "- Reasons: an influence is an association, never an effect.\n"
        "- People unlike those it was trained on.\n");
    return an_buf_done(b, card, err);
}
