/* SPDX-License-Identifier: Apache-2.0 */
/* What a model has to beat. */
#include "trainer/evaluate/judge_int.h"

#include "trainer/fit/regress.h"
#include "trainer/fit/start.h"
#include "trainer/fit/team.h"

#include <math.h>
#include <string.h>

enum { MIN_CLASS = 5, RESAMPLE_KEY = 71 };

/* Loss and positions of each test patient. */
static enum an_code score_each(const struct tr_params *params,
                               const struct tr_cohort *c, double t_min_days,
                               uint32_t *patient, size_t n, double *loss,
                               double *scores, struct an_err *err)
{
    struct tr_team team;
    enum an_code code = tr_team_init(&team, params, c, 1, NULL, err);

    if (code != AN_OK)
        return code;
    for (size_t i = 0; i < n; i++) {
        struct tr_sums sums;

        team.patient = &patient[i];
        team.training = false;
        team.key = 0;
        team.terms = (struct tr_terms){.rate_weight = 1,
                                       .rate_norm = 1,
                                       .hazard_weight = 1,
                                       .hazard_norm = 1,
                                       .t_min_days = (float)t_min_days};
        sums = tr_team_run(&team, 1);
        loss[i] = sums.loss.rate;
        scores[i] = sums.n_scores;
    }
    tr_team_release(&team);
    return AN_OK;
}

static double sum(const double *x, size_t n)
{
    double s = 0;

    for (size_t i = 0; i < n; i++)
        s += x[i];
    return s;
}

static enum an_code score_both(const struct tr_data *d,
                               const struct tr_fitted *fitted,
                               uint32_t *patient, size_t n, double *ours,
                               double *constant, double *scores,
                               struct an_err *err)
{
    const double t_min_days = fitted->t_min_days;
    struct tr_params params;
    enum an_code code = tr_params_init(&params, &fitted->model.shape, err);

    if (code != AN_OK)
        return code;
    /* All zero but the biases: rates that never change. */
    code = tr_start_biases(&params, &d->cohort, err);
    if (code == AN_OK)
        code = score_each(&params, &d->cohort, t_min_days, patient, n, constant,
                          scores, err);
    memcpy(params.value, fitted->model.w.embed,
           params.n * sizeof(*params.value));
    if (code == AN_OK)
        code = score_each(&params, &d->cohort, t_min_days, patient, n, ours,
                          scores, err);
    tr_params_release(&params);
    return code;
}

enum an_code tr_judge_rates(struct an_arena *arena, const struct tr_data *d,
                            const struct tr_fitted *fitted,
                            struct tr_judgement *out, struct an_err *err)
{
    const size_t all = d->cohort.n_patients;
    uint32_t *patient = an_arena_get(arena, all, sizeof(*patient));
    double *x = an_arena_get(arena, 3 * all, sizeof(*x));
    double *ours = x, *constant, *scores, *scratch;
    size_t n = 0, kept = 0;
    enum an_code code;

    scratch = an_arena_get(arena, tr_interval_scratch((uint32_t)all),
                           sizeof(*scratch));
    if (patient == NULL || x == NULL || scratch == NULL)
        return an_fail_nomem(err);
    constant = x + all;
    scores = constant + all;
    for (size_t i = 0; i < all; i++)
        if (d->cohort.patient[i].split == TR_TEST)
            patient[n++] = (uint32_t)i;
    code = score_both(d, fitted, patient, n, ours, constant, scores, err);
    if (code != AN_OK)
        return code;
    out->n_scores = (size_t)sum(scores, n);
    out->next_event = sum(ours, n) / sum(scores, n);
    out->next_event_constant = sum(constant, n) / sum(scores, n);
    /* Cases that are asked between events have no scores, so drawing cases is
     * drawing people. */
    for (size_t i = 0; i < n; i++)
        if (scores[i] > 0) {
            ours[kept] = ours[i] - constant[i];
            scores[kept++] = scores[i];
        }
    out->next_event_gain =
        tr_ratio_interval(ours, scores, (uint32_t)kept, scratch, RESAMPLE_KEY);
    return AN_OK;
}

/* ---- regression ------------------------------------------------------------ */

/* The judged rows of a column and their answers. */
static size_t judged(const struct tr_predicted *p, size_t column, uint32_t *row,
                     float *y, size_t *ones)
{
    size_t n = 0;

    *ones = 0;
    for (size_t q = 0; q < p->n; q++) {
        const uint8_t answer = p->answer_qc[q * p->n_columns + column];

        if (answer == TR_UNKNOWN)
            continue;
        row[n] = p->row[q];
        y[n++] = answer == TR_YES ? 1 : 0;
        *ones += answer == TR_YES;
    }
    return n;
}

static void fill(const struct tr_data *d, struct tr_predicted *p, size_t column,
                 const double *weight)
{
    const size_t w = d->cohort.sizes.wide;

    for (size_t q = 0; q < p->n; q++)
        p->p_qc[q * p->n_columns + column] =
            tr_regress_p(d->cohort.wide + p->row[q] * w, w, weight);
}

static double log_loss(const struct tr_predicted *p, size_t column)
{
    double loss = 0;

    for (size_t q = 0; q < p->n; q++) {
        const size_t at = q * p->n_columns + column;

        if (p->answer_qc[at] != TR_UNKNOWN)
            loss -= log(
                fmax(p->answer_qc[at] == TR_YES ? p->p_qc[at] : 1 - p->p_qc[at],
                     1e-12));
    }
    return loss;
}

enum an_code tr_judge_regression(struct an_arena *arena,
                                 const struct tr_data *d,
                                 const struct tr_predicted *train,
                                 struct tr_predicted *tune,
                                 struct tr_predicted *test, size_t column,
                                 bool *made, struct an_err *err)
{
    static const double penalty[] = {3, 10, 30, 100, 300};
    const size_t w = d->cohort.sizes.wide;
    uint32_t *row = an_arena_get(arena, train->n, sizeof(*row));
    float *y = an_arena_get(arena, train->n, sizeof(*y));
    double *weight = an_arena_get(arena, 2 * (w + 1), sizeof(*weight));
    struct tr_regression r = {
        .x_nw = d->cohort.wide, .n_columns = w, .row = row, .y = y};
    double best = (double)INFINITY;
    size_t ones;

    if (row == NULL || y == NULL || weight == NULL)
        return an_fail_nomem(err);
    r.n = judged(train, column, row, y, &ones);
    *made = w && ones >= MIN_CLASS && r.n - ones >= MIN_CLASS;
    for (size_t i = 0; *made && i < sizeof(penalty) / sizeof(penalty[0]); i++) {
        enum an_code code;
        double loss;

        r.l2 = penalty[i];
        code = tr_regress(&r, weight, err);
        if (code != AN_OK)
            return code;
        fill(d, tune, column, weight);
        loss = log_loss(tune, column);
        if (loss < best) {
            best = loss;
            memcpy(weight + w + 1, weight, (w + 1) * sizeof(*weight));
        }
    }
    if (*made) {
        fill(d, tune, column, weight + w + 1);
        fill(d, test, column, weight + w + 1);
    }
    return AN_OK;
}
