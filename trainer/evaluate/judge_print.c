/* SPDX-License-Identifier: Apache-2.0 */
/* A judgement as a table and as JSON. */
#include "trainer/evaluate/judge_int.h"
#include "trainer/evaluate/refusal.h"
#include "trainer/put.h"

#include <math.h>
#include <stdio.h>

enum { TEXT_BYTES = 1 << 20 };

static void put_interval(struct an_json_out *w, const char *key,
                         struct tr_interval v)
{
    an_out_key(w, key);
    an_out_object(w);
    tr_put_number(w, "low", v.low);
    tr_put_number(w, "high", v.high);
    an_out_end(w);
}

static void put_benefits(struct an_json_out *w,
                         const struct tr_benefit benefit[TR_THRESHOLDS])
{
    an_out_key(w, "net_benefit");
    an_out_array(w);
    for (int i = 0; i < TR_THRESHOLDS; i++) {
        if (i == TR_CONFIGURED && !isfinite(benefit[i].by_risk))
            continue;
        an_out_object(w);
        tr_put_number(w, "threshold", benefit[i].threshold);
        tr_put_number(w, "by_risk", benefit[i].by_risk);
        tr_put_number(w, "all", benefit[i].all);
        an_out_end(w);
    }
    an_out_end(w);
}

static void put_score(struct an_json_out *w, const char *key,
                      const struct tr_score_of *s)
{
    an_out_key(w, key);
    an_out_object(w);
    tr_put_number(w, "auroc", s->auroc);
    put_interval(w, "auroc_95", s->auroc_interval);
    tr_put_number(w, "concordance", s->concordance);
    tr_put_number(w, "brier", s->brier);
    tr_put_number(w, "observed_expected", s->observed_expected);
    put_interval(w, "observed_expected_95", s->observed_expected_interval);
    tr_put_number(w, "calibration_intercept", s->line.intercept);
    tr_put_number(w, "calibration_slope", s->line.slope);
    put_interval(w, "calibration_slope_95", s->slope_interval);
    tr_put_number(w, "ici", s->ici);
    put_benefits(w, s->benefit);
    an_out_end(w);
}

static void put_next_event(struct an_json_out *w, const struct tr_judgement *j)
{
    an_out_key(w, "next_event");
    if (!j->compared) {
        an_out_null(w);
        return;
    }
    an_out_object(w);
    tr_put_count(w, "positions", j->n_scores);
    tr_put_number(w, "loss", j->next_event);
    tr_put_number(w, "constant_rates_loss", j->next_event_constant);
    put_interval(w, "difference_95", j->next_event_gain);
    an_out_end(w);
}

static void put_differential(struct an_json_out *w,
                             const struct tr_differential *d)
{
    an_out_key(w, "differential");
    if (!isfinite(d->threshold)) {
        an_out_null(w);
        return;
    }
    an_out_object(w);
    tr_put_number(w, "coverage", TR_NEXT_COVERAGE);
    tr_put_number(w, "threshold", d->threshold);
    tr_put_count(w, "tuning_questions", d->n_tune);
    tr_put_count(w, "questions", d->n_test);
    tr_put_number(w, "covered", d->covered);
    put_interval(w, "covered_95", d->covered_interval);
    tr_put_number(w, "mean_size", d->mean_size);
    tr_put_number(w, "mean_candidates", d->mean_candidates);
    an_out_end(w);
}

static void put_loss(struct an_json_out *w, const struct tr_losses *loss)
{
    an_out_key(w, "loss");
    an_out_object(w);
    tr_put_count(w, "questions", loss->n_questions);
    tr_put_number(w, "outcomes", loss->outcomes);
    tr_put_count(w, "last_positions", loss->n_positions);
    tr_put_number(w, "next_event", loss->next_event);
    an_out_end(w);
}

void tr_judgement_write(const struct tr_data *d, const struct tr_judgement *j,
                        struct an_json_out *w)
{
    an_out_object(w);
    tr_put_count(w, "patients", j->n_patients);
    put_loss(w, &j->loss);
    put_next_event(w, j);
    put_differential(w, &j->differential);
    if (j->refusals) {
        an_out_key(w, "refused");
        tr_refusals_write(d, j, j->refusals, w);
    }
    an_out_key(w, "outcomes");
    an_out_array(w);
    for (size_t i = 0; i < j->n; i++) {
        const struct tr_verdict *v = &j->verdict[i];

        an_out_object(w);
        an_out_key_str(w, "id", d->asked[v->column.outcome].id);
        tr_put_count(w, "horizon_days", v->column.horizon_days);
        tr_put_count(w, "questions", v->n);
        tr_put_count(w, "at_risk", v->n_at_risk);
        tr_put_count(w, "events", v->events);
        tr_put_number(w, "incidence", v->incidence);
        tr_put_count(w, "patients_with_event", v->persons_with_event);
        tr_put_count(w, "tuning_events", v->tune_events);
        put_score(w, "model", &v->model);
        if (v->has_regression) {
            put_score(w, "regression", &v->regression);
            tr_put_number(w, "auroc_difference", v->difference);
            put_interval(w, "auroc_difference_95", v->difference_interval);
        }
        an_out_end(w);
    }
    an_out_end(w);
    an_out_end(w);
}

static void put_head(struct an_buf *b, const struct tr_judgement *j)
{
    if (!j->compared) {
        tr_put_line(
            b,
            "test patients %zu\n\n"
            "not compared: the data set has no patients to train or to tune "
            "constant rates\nand a regression on\n\n",
            j->n_patients);
        return;
    }
    tr_put_line(b, "test patients %zu, positions %zu\n\n", j->n_patients,
                j->n_scores);
    tr_put_line(
        b,
        "loss of the next event: model %.4f, constant rates %.4f, difference "
        "%.4f (95 %%: %.4f to %.4f)\n\n",
        j->next_event, j->next_event_constant,
        j->next_event - j->next_event_constant, j->next_event_gain.low,
        j->next_event_gain.high);
}

/* "0.812 (0.701, 0.903)" or "-". */
static const char *with_interval(double x, struct tr_interval i, int places,
                                 char text[40])
{
    if (!isfinite(x))
        (void)snprintf(text, 40, "-");
    else if (!isfinite(i.low))
        (void)snprintf(text, 40, "%.*f", places, x);
    else
        (void)snprintf(text, 40, "%.*f (%.*f, %.*f)", places, x, places, i.low,
                       places, i.high);
    return text;
}

static const char *auroc(const struct tr_score_of *s, char text[40])
{
    return with_interval(s->auroc, s->auroc_interval, 3, text);
}

static const char *number(double x, int places, char text[40])
{
    if (!isfinite(x))
        (void)snprintf(text, 40, "-");
    else /* no -0.0000 */
        (void)snprintf(text, 40, "%.*f", places, fabs(x) < 5e-5 ? 0 : x);
    return text;
}

static void put_benefit(struct an_buf *b, const struct tr_benefit *benefit,
                        const char *mark)
{
    char from[40], by_risk[40], all[40];

    tr_put_line(b, " %6s %8s %8s%s\n", number(benefit->threshold, 4, from),
                number(benefit->by_risk, 4, by_risk),
                number(benefit->all, 4, all), mark);
}

/* Of the calibrated model alone. */
static void put_calibration(struct an_buf *b, const struct tr_data *d,
                            const struct tr_judgement *j)
{
    char level[40], slope[40], ici[40];

    tr_put_line(b, "\n%-23s %5s %-17s %-18s %6s %6s %8s %8s\n", "outcome",
                "days", "O/E", "slope", "ICI", "from", "by risk", "all");
    for (size_t i = 0; i < j->n; i++) {
        const struct tr_verdict *v = &j->verdict[i];
        const struct tr_score_of *s = &v->model;

        tr_put_line(b, "%-23.*s %5u %-17s %-18s %6s",
                    AN_STR_ARG(d->asked[v->column.outcome].id),
                    v->column.horizon_days,
                    with_interval(s->observed_expected,
                                  s->observed_expected_interval, 2, level),
                    with_interval(s->line.slope, s->slope_interval, 2, slope),
                    number(s->ici, 4, ici));
        put_benefit(b, &s->benefit[0], "");
        for (int k = 1; k < TR_THRESHOLDS; k++) {
            if (k == TR_CONFIGURED && !isfinite(s->benefit[k].by_risk))
                continue;
            tr_put_line(b, "%73s", "");
            put_benefit(b, &s->benefit[k], k == TR_CONFIGURED ? " *" : "");
        }
    }
    tr_put_line(
        b,
        "\nO/E, the share over the mean risk, and slope with 95 %%.  ICI: the "
        "mean distance of a risk\nfrom what is observed near it (loess).  By "
        "risk, all: net benefit per person of treating\nfrom that risk on, "
        "and of treating all; of treating nobody it is 0.  From: the share, "
        "and\ntwice that; * is the outcome's own threshold.  The known "
        "answers weigh for those who were "
        "lost.\n");
}

static void put_named(struct an_buf *b, const struct tr_differential *d)
{
    char covered[40];

    if (!isfinite(d->threshold))
        return;
    tr_put_line(
        b,
        "conditions whose share is %.4f or more hold the next one: %s of %zu "
        "(%.0f %% meant);\n%.1f of %.1f are named\n\n",
        d->threshold,
        with_interval(d->covered, d->covered_interval, 3, covered), d->n_test,
        100 * TR_NEXT_COVERAGE, d->mean_size, d->mean_candidates);
}

/* Who is better. */
static void put_comparison(struct an_buf *b, const struct tr_data *d,
                           const struct tr_judgement *j)
{
    char ours[40], theirs[40];

    tr_put_line(b, "%-23s %5s %6s %6s %6s  %-20s %-20s %5s %5s %6s %6s %7s\n",
                "outcome", "days", "asked", "events", "people", "AUROC model",
                "AUROC regression", "C", "C reg", "share", "Brier", "B. reg.");
    for (size_t i = 0; i < j->n; i++) {
        const struct tr_verdict *v = &j->verdict[i];
        const bool both = v->has_regression;

        tr_put_line(b, "%-23.*s %5u %6zu %6zu %6zu  %-20s %-20s",
                    AN_STR_ARG(d->asked[v->column.outcome].id),
                    v->column.horizon_days, v->n, v->events,
                    v->persons_with_event, auroc(&v->model, ours),
                    both ? auroc(&v->regression, theirs) : "-");
        tr_put_line(b, " %5s %5s", number(v->model.concordance, 3, ours),
                    both ? number(v->regression.concordance, 3, theirs) : "-");
        tr_put_line(b, " %6s", number(v->incidence, 4, ours));
        tr_put_line(b, " %6s %7s\n", number(v->model.brier, 4, ours),
                    both ? number(v->regression.brier, 4, theirs) : "-");
    }
    tr_put_line(
        b,
        "\nAsked: the answer is known by the horizon.  Share: who have the "
        "outcome by then, of all\nat risk (Aalen and Johansen).  C is "
        "Harrell's, over all that was watched.  Brier, of the\ncalibrated "
        "model, weighs the known answers for those who were lost.  Fewer than "
        "%d events\nsay nothing about who is better.\n",
        TR_JUDGED_EVENTS);
}

enum an_code tr_judgement_text(struct an_arena *arena, const struct tr_data *d,
                               const struct tr_judgement *j,
                               struct an_str *text, struct an_err *err)
{
    struct an_buf buf, *b = &buf;

    an_buf_init(b, arena, TEXT_BYTES);
    put_head(b, j);
    put_named(b, &j->differential);
    put_comparison(b, d, j);
    put_calibration(b, d, j);
    if (j->refusals)
        tr_refusals_put(b, d, j, j->refusals);
    return an_buf_done(b, text, err);
}
