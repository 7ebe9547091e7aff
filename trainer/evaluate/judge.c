/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/calibration.h"
#include "trainer/evaluate/judge_int.h"
#include "trainer/evaluate/refusal.h"

#include <math.h>
#include <string.h>

enum { RESAMPLE_KEY = 72 };

/* ---- calibration ----------------------------------------------------------- */

/* The persons of a split and room for some numbers of each. */
struct persons {
    uint32_t n;
    double *scratch;
};

/* Nobody is told a risk of 0 or 1, of which there is no interval: half of one
 * of those who were asked may always have had it, or not. */
static enum an_code knots(struct an_arena *arena, const struct tr_point *point,
                          size_t n, const struct persons *persons,
                          struct rt_calibration *c, struct an_err *err)
{
    const double least = 0.5 / (double)n;
    double *from = an_arena_get(arena, n, sizeof(*from));
    double *to = an_arena_get(arena, n, sizeof(*to));
    enum an_code code;

    if (from == NULL || to == NULL)
        return an_fail_nomem(err);
    c->kind = RT_CALIBRATION_KNOTS;
    c->n = tr_isotonic(point, n, from, to);
    c->from = from;
    c->to = to;
    for (size_t i = 0; i < c->n; i++)
        to[i] = fmin(fmax(to[i], least), 1 - least);
    code = tr_knots_spread(arena, point, n, c, least, persons->n, RESAMPLE_KEY,
                           &c->spread, err);
    return code == AN_OK ? rt_calibration_check(c, err) : code;
}

/* Half a 95 % interval of the log-odds of the tuning patients' own share: how
 * well the level can be known from so many people.  Questions of one patient
 * do not count as many.  Half a person is added to each side (Haldane's
 * correction), so that where nobody had the outcome the interval is wide and
 * not absent. */
static double level_spread(const struct tr_point *point, size_t n,
                           const struct persons *persons)
{
    double *scratch = persons->scratch;
    double with = 0, asked = 0;

    memset(scratch, 0, persons->n * sizeof(*scratch));
    for (size_t i = 0; i < n; i++)
        if (scratch[point[i].person] < 1 + point[i].y)
            scratch[point[i].person] = 1 + point[i].y;
    for (uint32_t i = 0; i < persons->n; i++) {
        asked += scratch[i] > 0;
        with += scratch[i] > 1;
    }
    return TR_NORMAL_95 * sqrt(1 / (with + 0.5) + 1 / (asked - with + 0.5));
}

/* By how much data there is; sorted points of the tuning split. */
static enum an_code calibrate(struct an_arena *arena,
                              const struct tr_point *point, size_t n,
                              const struct persons *persons,
                              struct rt_calibration *c, size_t *events,
                              struct an_err *err)
{
    const double least_slope = 0.1;
    struct tr_line line;
    bool slope;

    *c = (struct rt_calibration){.kind = RT_CALIBRATION_NONE};
    *events = 0;
    for (size_t i = 0; i < n; i++)
        *events += point[i].y;
    if (*events >= TR_ISOTONIC_EVENTS && n - *events >= TR_ISOTONIC_EVENTS)
        return knots(arena, point, n, persons, c, err);
    c->spread = level_spread(point, n, persons);
    slope = *events >= TR_LINE_EVENTS && n - *events >= TR_LINE_EVENTS;
    if (slope &&
        (!tr_line_fit(point, n, true, true, &line) || line.slope < least_slope))
        slope = false;
    if (!slope && (*events < TR_SHIFT_EVENTS || n - *events < TR_SHIFT_EVENTS ||
                   !tr_line_fit(point, n, true, false, &line)))
        return AN_OK;
    c->kind = RT_CALIBRATION_LOGISTIC;
    c->intercept = line.intercept;
    c->slope = line.slope;
    c->spread = fmax(c->spread, tr_line_spread(point, n, &line, slope,
                                               persons->n, persons->scratch));
    return rt_calibration_check(c, err);
}

/* ---- one column ------------------------------------------------------------ */

struct judge {
    struct an_arena *arena;
    const struct tr_data *d;
    const struct tr_fitted *fitted;
    struct tr_predicted ours[TR_N_SPLITS], theirs[TR_N_SPLITS];
    struct tr_point *a, *b, *tune;
    struct tr_life *life; /* of the column and split that is looked at */
    double *weight;
    double *scratch;
};

/* The model or what it is compared with, on one column. */
struct side {
    const struct tr_predicted *tune, *test;
    struct tr_point *point; /* known answers, calibrated */
    size_t n, n_at_risk, tune_events;
    bool kept; /* its calibration is that of the package */
    double incidence;
    struct rt_calibration map;
    struct tr_score_of score;
};

/* Observed over expected, and how far it is sure: what is observed is each
 * person's weighted answers then. */
static void score_level(struct judge *j, size_t column, struct side *s)
{
    const struct tr_predicted *p = s->test;
    double *observed = j->scratch, *expected = observed + p->n_persons;
    double sum = 0;

    memset(observed, 0, 2 * (size_t)p->n_persons * sizeof(*observed));
    for (size_t i = 0; i < s->n_at_risk; i++) {
        const size_t q = j->life[i].question;

        if (p->answer_qc[q * p->n_columns + column] == TR_YES)
            observed[p->person[q]] += j->weight[i];
        expected[p->person[q]] += j->life[i].risk;
        sum += j->life[i].risk;
    }
    s->score.observed_expected = s->incidence / (sum / (double)s->n_at_risk);
    s->score.observed_expected_interval =
        isfinite(s->score.observed_expected)
            ? tr_ratio_interval(observed, expected, p->n_persons,
                                expected + p->n_persons, RESAMPLE_KEY)
            : (struct tr_interval){(double)NAN, (double)NAN};
}

static void score_calibration(struct judge *j, size_t column, struct side *s)
{
    struct tr_score_of *to = &s->score;

    if (!tr_line_fit(s->point, s->n, false, true, &to->line))
        to->line = (struct tr_line){(double)NAN, (double)NAN};
    to->slope_interval = tr_slope_interval(s->point, s->n, &to->line,
                                           s->test->n_persons, j->scratch);
    to->ici = tr_ici(s->point, s->n);
    for (int i = 0; i < TR_THRESHOLDS; i++) {
        const double t =
            i < TR_CONFIGURED
                ? (1 + i) * s->incidence
                : j->d->asked[s->test->column[column].outcome].p_threshold;

        to->benefit[i] =
            (struct tr_benefit){t, tr_net_benefit(s->point, s->n, t),
                                tr_net_benefit_all(s->point, s->n, t)};
    }
}

static enum an_code score(struct judge *j, size_t column, struct side *s,
                          struct an_err *err)
{
    struct tr_score_of *to = &s->score;

    score_level(j, column, s);
    score_calibration(j, column, s);
    to->brier = tr_brier(s->point, s->n);
    for (size_t i = 0; i < s->n; i++)
        s->point[i].weight = 1;
    to->auroc = tr_auroc(s->point, s->n);
    return tr_concordance(j->arena, j->life, s->n_at_risk, &to->concordance,
                          err);
}

/* The questions of a column: who is at risk, and how the known answers weigh. */
static enum an_code look(struct judge *j, const struct tr_predicted *p,
                         size_t column, size_t *n_at_risk, struct an_err *err)
{
    *n_at_risk = tr_predicted_lives(p, j->d, column, j->life);
    return tr_known_weights(j->arena, j->life, *n_at_risk,
                            p->column[column].horizon_days, j->weight, err);
}

static enum an_code find_map(struct judge *j, size_t column, struct side *s,
                             struct an_err *err)
{
    size_t n, n_at_risk;
    enum an_code code;

    if (s->tune->n == 0 || s->kept) {
        s->map = tr_fitted_calibration(j->fitted, &s->tune->column[column]);
        return AN_OK;
    }
    code = look(j, s->tune, column, &n_at_risk, err);
    if (code != AN_OK)
        return code;
    n = tr_predicted_points(s->tune, column, j->life, j->weight, n_at_risk,
                            j->tune);
    return calibrate(j->arena, j->tune, n,
                     &(struct persons){s->tune->n_persons, j->scratch}, &s->map,
                     &s->tune_events, err);
}

static enum an_code judge_side(struct judge *j, size_t column, struct side *s,
                               struct an_err *err)
{
    enum an_code code = find_map(j, column, s, err);

    if (code == AN_OK)
        code = look(j, s->test, column, &s->n_at_risk, err);
    if (code == AN_OK)
        code = tr_incidence(j->arena, j->life, s->n_at_risk,
                            s->test->column[column].horizon_days, &s->incidence,
                            err);
    if (code != AN_OK)
        return code;
    for (size_t i = 0; i < s->n_at_risk; i++)
        j->life[i].risk = rt_calibrate(&s->map, j->life[i].risk);
    s->n = tr_predicted_points(s->test, column, j->life, j->weight,
                               s->n_at_risk, s->point);
    return score(j, column, s, err);
}

static void count_events(const struct tr_point *point, size_t n,
                         uint32_t n_persons, double *scratch,
                         struct tr_verdict *v)
{
    memset(scratch, 0, n_persons * sizeof(*scratch));
    v->n = n;
    for (size_t i = 0; i < n; i++) {
        v->events += point[i].y;
        if (point[i].y)
            scratch[point[i].person] = 1;
    }
    for (uint32_t i = 0; i < n_persons; i++)
        v->persons_with_event += scratch[i] > 0;
}

static enum an_code column(struct judge *j, size_t at, bool compared,
                           struct tr_verdict *v, struct an_err *err)
{
    const uint32_t n_persons = j->ours[TR_TEST].n_persons;
    struct side ours = {&j->ours[TR_TUNE], &j->ours[TR_TEST], .point = j->a,
                        .kept = j->fitted->keeps_calibration};
    struct side theirs = {&j->theirs[TR_TUNE], &j->theirs[TR_TEST],
                          .point = j->b};
    enum an_code code = judge_side(j, at, &ours, err);

    if (code != AN_OK)
        return code;
    v->column = j->ours[TR_TEST].column[at];
    v->model = ours.score;
    v->calibration = ours.map;
    v->tune_events = ours.tune_events;
    v->n_at_risk = ours.n_at_risk;
    v->incidence = ours.incidence;
    count_events(j->a, ours.n, n_persons, j->scratch, v);
    v->model.auroc_interval = tr_auroc_interval(
        j->a, ours.n, NULL, 0, n_persons, j->scratch, RESAMPLE_KEY);
    if (!compared)
        return AN_OK;
    code = tr_judge_regression(j->arena, j->d, &j->theirs[TR_TRAIN],
                               &j->theirs[TR_TUNE], &j->theirs[TR_TEST], at,
                               &v->has_regression, err);
    if (code == AN_OK && v->has_regression)
        code = judge_side(j, at, &theirs, err);
    if (code != AN_OK || !v->has_regression)
        return code;
    v->regression = theirs.score;
    v->regression.auroc_interval = tr_auroc_interval(
        j->b, theirs.n, NULL, 0, n_persons, j->scratch, RESAMPLE_KEY);
    v->difference = v->model.auroc - v->regression.auroc;
    v->difference_interval = tr_auroc_interval(
        j->a, ours.n, j->b, theirs.n, n_persons, j->scratch, RESAMPLE_KEY);
    return code;
}

static enum an_code make_room(struct judge *j, struct an_err *err)
{
    size_t most = 0;
    uint32_t persons = 0;

    for (int s = 0; s < TR_N_SPLITS; s++) {
        most = j->ours[s].n > most ? j->ours[s].n : most;
        persons =
            j->ours[s].n_persons > persons ? j->ours[s].n_persons : persons;
    }
    j->a = an_arena_get(j->arena, most, sizeof(*j->a));
    j->b = an_arena_get(j->arena, most, sizeof(*j->b));
    j->tune = an_arena_get(j->arena, most, sizeof(*j->tune));
    j->life = an_arena_get(j->arena, most, sizeof(*j->life));
    j->weight = an_arena_get(j->arena, most, sizeof(*j->weight));
    j->scratch = an_arena_get(
        j->arena, 2 * (size_t)persons + tr_interval_scratch(persons),
        sizeof(*j->scratch));
    return j->a && j->b && j->tune && j->life && j->weight && j->scratch
               ? AN_OK
               : an_fail_nomem(err);
}

enum an_code tr_judge_refusals(struct an_arena *arena, const struct tr_data *d,
                               const struct rt_limits *limits,
                               const struct rt_population *population,
                               struct tr_judgement *j, struct an_err *err)
{
    struct tr_refusals *r = an_arena_get(arena, 1, sizeof(*r));

    if (r == NULL)
        return an_fail_nomem(err);
    j->refusals = r;
    return tr_refusals(arena, d, limits, population, j, r, err);
}

static enum an_code verdicts(struct judge *j, struct tr_judgement *out,
                             struct an_err *err)
{
    const struct rt_manifest *m = &j->fitted->manifest;
    enum an_code code = AN_OK;

    out->test = j->ours[TR_TEST];
    out->n_patients = j->ours[TR_TEST].n_persons;
    out->n = j->ours[TR_TEST].n_columns;
    out->verdict = an_arena_get(j->arena, out->n, sizeof(*out->verdict));
    if (out->verdict == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < out->n && code == AN_OK; i++)
        code = column(j, i, out->compared, &out->verdict[i], err);
    if (code == AN_OK && j->fitted->is_package)
        code = tr_judge_refusals(j->arena, j->d, &m->limits, &m->population,
                                 out, err);
    return code;
}

enum an_code tr_judge(struct an_arena *arena, const struct tr_data *d,
                      const struct tr_fitted *fitted, struct tr_judgement *out,
                      struct an_err *err)
{
    struct judge j = {.arena = arena, .d = d, .fitted = fitted};
    enum an_code code = AN_OK;

    *out = (struct tr_judgement){.n = 0};
    for (int s = 0; s < TR_N_SPLITS && code == AN_OK; s++) {
        code = tr_predict(arena, d, s == TR_TRAIN ? NULL : &fitted->model,
                          (enum tr_split)s, &j.ours[s], err);
        if (code == AN_OK)
            code =
                tr_predict(arena, d, NULL, (enum tr_split)s, &j.theirs[s], err);
    }
    if (code == AN_OK)
        code = make_room(&j, err);
    out->compared = j.ours[TR_TRAIN].n && j.ours[TR_TUNE].n;
    if (code == AN_OK && out->compared)
        code = tr_judge_rates(arena, d, fitted, out, err);
    if (code == AN_OK)
        code = tr_losses_of(arena, d, fitted, TR_TEST, &out->loss, err);
    if (code == AN_OK)
        code =
            tr_differential(arena, d, &fitted->model, &out->differential, err);
    return code == AN_OK ? verdicts(&j, out, err) : code;
}

enum an_code tr_calibrate(struct an_arena *arena, const struct tr_data *d,
                          const struct tr_predicted *p, size_t column,
                          struct rt_calibration *map, struct an_err *err)
{
    struct judge j = {.arena = arena, .d = d};
    struct side s = {.tune = p};
    enum an_code code;

    j.ours[TR_TUNE] = *p;
    code = make_room(&j, err);
    if (code == AN_OK && p->n)
        code = find_map(&j, column, &s, err);
    *map = s.map;
    return code;
}

bool tr_judgement_passes(const struct tr_judgement *j)
{
    bool passes = j->compared && j->next_event_gain.high < 0;

    for (size_t i = 0; i < j->n; i++) {
        const struct tr_verdict *v = &j->verdict[i];

        if (v->has_regression && v->events >= TR_JUDGED_EVENTS &&
            !(v->difference >= -TR_MARGIN))
            passes = false;
    }
    return passes;
}
