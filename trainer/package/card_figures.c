/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/refusal.h"
#include "trainer/package/card_int.h"
#include "trainer/put.h"

#include <math.h>
#include <stdio.h>

/* "0.71 (0.54 to 0.83)", or "-" of what is undetermined. */
static void put_figure(struct an_buf *b, double value,
                       const struct tr_interval *i)
{
    if (!isfinite(value))
        tr_put_line(b, "-");
    else if (!isfinite(i->low) || !isfinite(i->high))
        tr_put_line(b, "%.2f", value);
    else
        tr_put_line(b, "%.2f (%.2f to %.2f)", value, i->low, i->high);
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

static struct an_str id_of(const struct tr_card *c, const struct tr_verdict *v)
{
    return c->d->asked[v->column.outcome].id;
}

static bool is_judged(const struct tr_verdict *v)
{
    return v->events >= TR_JUDGED_EVENTS;
}

/* ---- validity -------------------------------------------------------------- */

unsigned tr_fact_headline(const struct tr_card *c, struct an_buf *b)
{
    const struct tr_judgement *j = c->j;
    size_t n = 0;

    if (j->n_patients == 0) {
        tr_put_line(b, "Nobody was left to judge it on.\n\n");
        return TR_FROM_MEASURED;
    }
    tr_put_line(b, "Judged on %zu patients it had not seen, %s.\n\n",
                j->n_patients,
                tr_judgement_passes(j) ? "it passed its evaluation"
                                       : "it did not pass its evaluation");
    for (size_t i = 0; i < j->n; i++) {
        const struct tr_verdict *v = &j->verdict[i];

        if (!is_judged(v))
            continue;
        n++;
        tr_put_line(b, "- %.*s within %u days: AUROC ", AN_STR_ARG(id_of(c, v)),
                    v->column.horizon_days);
        put_figure(b, v->model.auroc, &v->model.auroc_interval);
        tr_put_line(b, ", observed over expected ");
        put_figure(b, v->model.observed_expected,
                   &v->model.observed_expected_interval);
        tr_put_line(b, "\n");
    }
    if (n < j->n)
        tr_put_line(b,
                    "- the other %zu of %zu outcomes and times: fewer than "
                    "%d events, too few to say\n",
                    j->n - n, j->n, TR_JUDGED_EVENTS);
    tr_put_line(b, "\n");
    return TR_FROM_MEASURED;
}

static void put_table(const struct tr_card *c, struct an_buf *b)
{
    tr_put_line(
        b,
        "| outcome | days | asked | events | people with | AUROC | regression "
        "| observed/expected | Brier | calibration |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < c->j->n; i++) {
        const struct tr_verdict *v = &c->j->verdict[i];

        tr_put_line(b, "| %.*s | %u | %zu | %zu | %zu | ",
                    AN_STR_ARG(id_of(c, v)), v->column.horizon_days, v->n,
                    v->events, v->persons_with_event);
        put_figure(b, v->model.auroc, &v->model.auroc_interval);
        tr_put_line(b, " | ");
        if (v->has_regression)
            put_figure(b, v->regression.auroc, &v->regression.auroc_interval);
        else
            tr_put_line(b, "-");
        tr_put_line(b, " | ");
        put_figure(b, v->model.observed_expected,
                   &v->model.observed_expected_interval);
        tr_put_line(b, " | %.4f | %s |\n", v->model.brier,
                    calibration_text(&v->calibration));
    }
    tr_put_line(b, "\n");
}

/* Where there is enough to compare: the model less the regression. */
static void put_comparison(const struct tr_card *c, struct an_buf *b)
{
    size_t n = 0;

    for (size_t i = 0; i < c->j->n; i++) {
        const struct tr_verdict *v = &c->j->verdict[i];

        if (!v->has_regression || !is_judged(v))
            continue;
        if (n++ == 0)
            tr_put_line(
                b,
                "AUROC of the model less that of the regression, where there "
                "are %d events or more:\n\n",
                TR_JUDGED_EVENTS);
        tr_put_line(b, "- %.*s within %u days: %+.3f (%+.3f to %+.3f)\n",
                    AN_STR_ARG(id_of(c, v)), v->column.horizon_days,
                    v->difference, v->difference_interval.low,
                    v->difference_interval.high);
    }
    if (n)
        tr_put_line(b, "\n");
}

static void put_next_event(const struct tr_card *c, struct an_buf *b)
{
    const struct tr_judgement *j = c->j;

    if (j->compared)
        tr_put_line(
            b,
            "Loss of the next event, per moment (waits below %g d count "
            "alike): %.4f; with constant rates\n%.4f (difference %.4f to "
            "%.4f).\n\n",
            c->fitted->t_min_days, j->next_event, j->next_event_constant,
            j->next_event_gain.low, j->next_event_gain.high);
    else
        tr_put_line(
            b, "Its data set had nobody to make something of that it could be "
               "compared with.\n\n");
}

unsigned tr_fact_validity(const struct tr_card *c, struct an_buf *b)
{
    if (c->j->n_patients == 0)
        return 0;
    tr_put_line(
        b,
        "On %zu patients it had not seen. Intervals are 95 %%, by drawing "
        "patients.\n\n",
        c->j->n_patients);
    put_next_event(c, b);
    put_table(c, b);
    put_comparison(c, b);
    tr_put_line(
        b,
        "The regression is logistic, on the same facts as the linear "
        "branch. Where there are fewer\nthan %d events the numbers say "
        "nothing about which is better; a dash is an outcome that did\nnot "
        "happen. AUROC is of the questions whose answer is known by the "
        "horizon; what is observed is\nthe share of all at risk (Aalen and "
        "Johansen), and calibration and Brier weigh the known answers\nfor "
        "those who were lost.\n",
        TR_JUDGED_EVENTS);
    tr_put_line(
        b, "Calibration comes from the tuning patients%s.\n\n",
        tr_fitted_member(c->fitted, AN_STR("privacy"))
            ? ""
            : ", which also decided when training stopped and how\nmuch of "
              "each outcome is left to the linear branch");
    return TR_FROM_MEASURED;
}

unsigned tr_fact_tested(const struct tr_card *c, struct an_buf *b)
{
    tr_put_line(b,
                "%zu patients that were left out of training and tuning, "
                "asked %zu times%s%.*s.\n\n",
                c->j->n_patients, c->j->test.n,
                c->how->site.n ? ": own records of the site " : "",
                AN_STR_ARG(c->how->site));
    return TR_FROM_MEASURED;
}

/* ---- fairness -------------------------------------------------------------- */

unsigned tr_fact_fairness(const struct tr_card *c, struct an_buf *b)
{
    const struct tr_groups *g = &c->groups;

    if (g->n_scored == 0)
        return 0;
    tr_put_line(b, "| outcome | days | of | AUROC | observed/expected |\n"
                   "|---|---|---|---|---|\n");
    for (size_t i = 0; i < g->n_columns; i++)
        for (int k = 0; k < TR_N_GROUPS; k++) {
            const struct tr_group_score *s =
                &g->score[i * TR_N_GROUPS + (size_t)k];
            const struct tr_verdict *v = &c->j->verdict[i];

            if (!s->enough)
                continue;
            tr_put_line(b, "| %.*s | %u | %s | ", AN_STR_ARG(id_of(c, v)),
                        v->column.horizon_days,
                        tr_group_text((enum tr_group)k));
            put_figure(b, s->auroc.value, &s->auroc.interval);
            tr_put_line(b, " | ");
            put_figure(b, s->level.value, &s->level.interval);
            tr_put_line(b, " |\n");
        }
    tr_put_line(b,
                "\nBy sex, and by age at the question, of the patients it "
                "had not seen; only where a group has\n%d questions or more "
                "with the outcome and without, and %d people with it. Of "
                "the other groups\nnothing is known, which is no sign that "
                "it is as good for them.\n\n",
                TR_JUDGED_EVENTS, TR_SMALL_COUNT);
    return TR_FROM_MEASURED;
}

unsigned tr_fact_local_validity(const struct tr_card *c, struct an_buf *b)
{
    if (c->how->site.n == 0 || c->j->n_patients == 0)
        return 0;
    tr_put_line(b, "The data set is the site %.*s's own; there it ",
                AN_STR_ARG(c->how->site));
    tr_put_line(b, "%s its evaluation. The figures:\n\n",
                tr_judgement_passes(c->j) ? "passed" : "did not pass");
    return tr_fact_validity(c, b);
}

unsigned tr_fact_local_fairness(const struct tr_card *c, struct an_buf *b)
{
    return c->how->site.n ? tr_fact_fairness(c, b) : 0;
}

/* ---- what may come next, and of whom nothing is said ----------------------- */

unsigned tr_fact_next(const struct tr_card *c, struct an_buf *b)
{
    const struct tr_differential *d = &c->j->differential;

    if (!isfinite(d->threshold)) {
        tr_put_line(b,
                    "How many conditions have to be named so that the next "
                    "one is among them is not known: fewer\nthan %d "
                    "questions of the tuning patients tell.\n\n",
                    TR_NEXT_MIN_TUNING);
        return TR_FROM_MEASURED;
    }
    tr_put_line(
        b,
        "Named are the conditions whose share of the rates reaches %.6f, so "
        "that the next one recorded\nwithin %d days is among them in %.0f %% "
        "of cases (split conformal prediction, %zu questions of\ntuning "
        "patients).",
        d->threshold, TR_NEXT_HORIZON_DAYS, 100 * TR_NEXT_COVERAGE, d->n_tune);
    if (isfinite(d->covered)) {
        tr_put_line(b,
                    " Of %zu questions of patients it had not seen it was "
                    "in ",
                    d->n_test);
        put_figure(b, d->covered, &d->covered_interval);
        tr_put_line(b,
                    ", with %.1f of %.1f\nconditions named on average. "
                    "Coverage is of questions together, not of each kind "
                    "of patient.",
                    d->mean_size, d->mean_candidates);
    }
    tr_put_line(b, "\n\n");
    return TR_FROM_MEASURED;
}

unsigned tr_fact_refusals(const struct tr_card *c, struct an_buf *b)
{
    const struct tr_refusals *r = c->j->refusals;

    if (r == NULL || r->n == 0)
        return 0;
    tr_put_line(b,
                "Of %zu questions about patients it had not seen it would "
                "not have answered:\n\n",
                r->n);
    for (unsigned i = 1; i < CTX_N_ABSTENTIONS; i++)
        if (r->by[i] >= TR_SMALL_COUNT)
            tr_put_line(b, "- %zu (%.1f %%): %s\n", r->by[i],
                        100 * (double)r->by[i] / (double)r->n,
                        ctx_abstention_text(i));
        else if (r->by[i])
            tr_put_line(b, "- fewer than %d: %s\n", TR_SMALL_COUNT,
                        ctx_abstention_text(i));
    if (r->by[CTX_ABSTAIN_NONE] == r->n)
        tr_put_line(b, "- none\n");
    tr_put_line(b, "\n");
    return TR_FROM_MEASURED;
}
