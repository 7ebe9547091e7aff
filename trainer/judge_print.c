/* SPDX-License-Identifier: Apache-2.0 */
/* A judgement as a table and as JSON. */
#include "trainer/judge.h"

#include <math.h>
#include <stdio.h>

enum { TEXT_BYTES = 1 << 20, LINE_BYTES = 512, PLACES = 6 };

static void put_number(struct an_json_out *w, const char *key, double v)
{
    an_out_key(w, key);
    if (isfinite(v))
        an_out_fixed(w, v, PLACES);
    else
        an_out_null(w);
}

static void put_interval(struct an_json_out *w, const char *key,
                         struct tr_interval v)
{
    an_out_key(w, key);
    an_out_object(w);
    put_number(w, "low", v.low);
    put_number(w, "high", v.high);
    an_out_end(w);
}

static void put_score(struct an_json_out *w, const char *key,
                      const struct tr_score_of *s)
{
    an_out_key(w, key);
    an_out_object(w);
    put_number(w, "auroc", s->auroc);
    put_interval(w, "auroc_95", s->auroc_interval);
    put_number(w, "concordance", s->concordance);
    put_number(w, "brier", s->brier);
    put_number(w, "observed_expected", s->observed_expected);
    put_number(w, "calibration_intercept", s->line.intercept);
    put_number(w, "calibration_slope", s->line.slope);
    an_out_end(w);
}

static void put_count(struct an_json_out *w, const char *key, size_t n)
{
    an_out_key(w, key);
    an_out_i64(w, (int64_t)n);
}

static void put_next_event(struct an_json_out *w, const struct tr_judgement *j)
{
    an_out_key(w, "next_event");
    if (!j->compared) {
        an_out_null(w);
        return;
    }
    an_out_object(w);
    put_count(w, "positions", j->n_scores);
    put_number(w, "loss", j->next_event);
    put_number(w, "constant_rates_loss", j->next_event_constant);
    put_interval(w, "difference_95", j->next_event_gain);
    an_out_end(w);
}

static void put_loss(struct an_json_out *w, const struct tr_losses *loss)
{
    an_out_key(w, "loss");
    an_out_object(w);
    put_count(w, "questions", loss->n_questions);
    put_number(w, "outcomes", loss->outcomes);
    put_count(w, "last_positions", loss->n_positions);
    put_number(w, "next_event", loss->next_event);
    an_out_end(w);
}

void tr_judgement_write(const struct tr_data *d, const struct tr_judgement *j,
                        struct an_json_out *w)
{
    an_out_object(w);
    put_count(w, "patients", j->n_patients);
    put_loss(w, &j->loss);
    put_next_event(w, j);
    an_out_key(w, "outcomes");
    an_out_array(w);
    for (size_t i = 0; i < j->n; i++) {
        const struct tr_verdict *v = &j->verdict[i];

        an_out_object(w);
        an_out_key_str(w, "id", d->asked[v->column.outcome].id);
        put_count(w, "horizon_days", v->column.horizon_days);
        put_count(w, "questions", v->n);
        put_count(w, "at_risk", v->n_at_risk);
        put_count(w, "events", v->events);
        put_number(w, "incidence", v->incidence);
        put_count(w, "patients_with_event", v->persons_with_event);
        put_count(w, "tuning_events", v->tune_events);
        put_score(w, "model", &v->model);
        if (v->has_regression) {
            put_score(w, "regression", &v->regression);
            put_number(w, "auroc_difference", v->difference);
            put_interval(w, "auroc_difference_95", v->difference_interval);
        }
        an_out_end(w);
    }
    an_out_end(w);
    an_out_end(w);
}

#define LINE(...)                                                              \
    do {                                                                       \
        (void)snprintf(line, sizeof(line), __VA_ARGS__);                       \
        an_buf_put_c(b, line);                                                 \
    } while (0)

static void put_head(struct an_buf *b, const struct tr_judgement *j)
{
    char line[LINE_BYTES];

    if (!j->compared) {
        LINE("test patients %zu\n\n"
             "not compared: the data set has no patients to train or to tune "
             "constant rates\nand a regression on\n\n",
             j->n_patients);
        return;
    }
    LINE("test patients %zu, positions %zu\n\n", j->n_patients, j->n_scores);
    LINE("loss of the next event: model %.4f, constant rates %.4f, difference "
         "%.4f (95 %%: %.4f to %.4f)\n\n",
         j->next_event, j->next_event_constant,
         j->next_event - j->next_event_constant, j->next_event_gain.low,
         j->next_event_gain.high);
}

/* "0.812 (0.701-0.903)" or "-". */
static const char *auroc(const struct tr_score_of *s, char text[40])
{
    if (!isfinite(s->auroc))
        (void)snprintf(text, 40, "-");
    else if (!isfinite(s->auroc_interval.low))
        (void)snprintf(text, 40, "%.3f", s->auroc);
    else
        (void)snprintf(text, 40, "%.3f (%.3f-%.3f)", s->auroc,
                       s->auroc_interval.low, s->auroc_interval.high);
    return text;
}

static const char *concordance(const struct tr_score_of *s, char text[40])
{
    if (isfinite(s->concordance))
        (void)snprintf(text, 40, "%.3f", s->concordance);
    else
        (void)snprintf(text, 40, "-");
    return text;
}

enum an_code tr_judgement_text(struct an_arena *arena, const struct tr_data *d,
                               const struct tr_judgement *j,
                               struct an_str *text, struct an_err *err)
{
    char line[LINE_BYTES], ours[40], theirs[40];
    struct an_buf buf, *b = &buf;

    an_buf_init(b, arena, TEXT_BYTES);
    put_head(b, j);
    LINE("%-23s %5s %6s %6s %6s  %-20s %-20s %5s %5s %6s %6s %6s %6s %7s\n",
         "outcome", "days", "asked", "events", "people", "AUROC model",
         "AUROC regression", "C", "C reg", "share", "O/E", "slope", "Brier",
         "B. reg.");
    for (size_t i = 0; i < j->n; i++) {
        const struct tr_verdict *v = &j->verdict[i];

        LINE("%-23.*s %5u %6zu %6zu %6zu  %-20s %-20s",
             AN_STR_ARG(d->asked[v->column.outcome].id), v->column.horizon_days,
             v->n, v->events, v->persons_with_event, auroc(&v->model, ours),
             v->has_regression ? auroc(&v->regression, theirs) : "-");
        LINE(" %5s", concordance(&v->model, ours));
        LINE(" %5s",
             v->has_regression ? concordance(&v->regression, theirs) : "-");
        LINE(" %6.4f %6.2f %6.2f %6.4f", v->incidence,
             v->model.observed_expected, v->model.line.slope, v->model.brier);
        if (v->has_regression)
            LINE(" %7.4f\n", v->regression.brier);
        else
            LINE("%8s\n", "-");
    }
    LINE("\nAsked: the answer is known by the horizon.  Share: who have the "
         "outcome by then, of all\nat risk (Aalen and Johansen), also in O/E; "
         "slope and Brier weigh the known answers for\nthose who were lost; C "
         "is Harrell's, over all that was watched.  O/E, slope and Brier "
         "are\nof the calibrated model.  Fewer than %d events say nothing "
         "about who is better.\n",
         TR_JUDGED_EVENTS);
    return an_buf_done(b, text, err);
}
