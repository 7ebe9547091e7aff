/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/tune/bench.h"

#include "trainer/evaluate/calibration.h"
#include "trainer/random.h"

#include <math.h>
#include <string.h>

enum { RESAMPLE_KEY = 73 };

/* One candidate in one column and group. */
struct lane {
    struct tr_point *point; /* known answers, sorted; weight as known */
    struct tr_point *drawn; /* the same with the weights of a draw */
    double *expected_n;     /* of each person */
    double (*value)[TR_RESAMPLES], (*less)[TR_RESAMPLES]; /* [measure] */
    size_t n_value[TR_N_MEASURES], n_less[TR_N_MEASURES];
};

struct bench {
    struct an_arena *arena;
    const struct tr_data *d;
    const struct tr_side *side;
    struct an_err *err;
    uint8_t *in; /* groups of each question */
    struct tr_life *life;
    double *weight, *scratch, *times, *observed_n;
    struct lane lane[TR_N_SIDES];
    size_t n_point; /* the same for all candidates */
};

static enum an_code make_room(struct bench *b)
{
    const struct tr_predicted *p = &b->side[TR_AS_IT_CAME].test;
    const size_t persons = p->n_persons;
    bool good;

    b->life = an_arena_get(b->arena, p->n, sizeof(*b->life));
    b->weight = an_arena_get(b->arena, p->n, sizeof(double));
    b->scratch =
        an_arena_get(b->arena, 2 * persons + tr_interval_scratch(p->n_persons),
                     sizeof(double));
    b->times = an_arena_get(b->arena, persons, sizeof(double));
    b->observed_n = an_arena_get(b->arena, persons, sizeof(double));
    good = b->life && b->weight && b->scratch && b->times && b->observed_n;
    for (int i = 0; i < TR_N_SIDES && good; i++) {
        struct lane *l = &b->lane[i];

        l->point = an_arena_get(b->arena, p->n, sizeof(*l->point));
        l->drawn = an_arena_get(b->arena, p->n, sizeof(*l->drawn));
        l->expected_n = an_arena_get(b->arena, persons, sizeof(double));
        l->value = an_arena_get(b->arena, TR_N_MEASURES, sizeof(*l->value));
        l->less = an_arena_get(b->arena, TR_N_MEASURES, sizeof(*l->less));
        good = l->point && l->drawn && l->expected_n && l->value && l->less;
    }
    return good ? AN_OK : an_fail_nomem(b->err);
}

/* ---- what is measured ------------------------------------------------------ */

static double log_loss(const struct tr_point *point, size_t n)
{
    const double least = 1e-9;
    double sum = 0, weight = 0;

    for (size_t i = 0; i < n; i++) {
        const double p = point[i].y ? point[i].p : 1 - point[i].p;

        sum -= point[i].weight * log(fmin(fmax(p, least), 1));
        weight += point[i].weight;
    }
    return sum / weight;
}

/* times NULL: everybody once. */
static double level(const struct bench *b, const struct lane *l,
                    const double *times)
{
    double observed = 0, expected = 0;

    for (uint32_t i = 0; i < b->side[TR_AS_IT_CAME].test.n_persons; i++) {
        observed += (times ? times[i] : 1) * b->observed_n[i];
        expected += (times ? times[i] : 1) * l->expected_n[i];
    }
    return observed / expected;
}

static void measure(const struct bench *b, struct lane *l, const double *times,
                    double threshold, double value[TR_N_MEASURES])
{
    for (size_t i = 0; i < b->n_point; i++) {
        l->drawn[i] = l->point[i];
        l->drawn[i].weight = times ? times[l->point[i].person] : 1;
    }
    value[TR_M_AUROC] = tr_auroc(l->drawn, b->n_point);
    for (size_t i = 0; i < b->n_point; i++)
        l->drawn[i].weight *= l->point[i].weight;
    value[TR_M_LEVEL] = level(b, l, times);
    value[TR_M_BENEFIT] = tr_net_benefit(l->drawn, b->n_point, threshold);
    value[TR_M_LOSS] = log_loss(l->drawn, b->n_point);
}

/* ---- draws ----------------------------------------------------------------- */

static void keep(double value[TR_RESAMPLES], size_t *n, double x)
{
    if (isfinite(x))
        value[(*n)++] = x;
}

static void draw(struct bench *b, uint64_t r, double threshold)
{
    double first[TR_N_MEASURES], value[TR_N_MEASURES];

    tr_draw_persons(b->times, b->side[TR_AS_IT_CAME].test.n_persons,
                    tr_key(RESAMPLE_KEY, r));
    for (int i = 0; i < TR_N_SIDES; i++) {
        struct lane *l = &b->lane[i];

        if (!b->side[i].there)
            continue;
        measure(b, l, b->times, threshold, i ? value : first);
        for (int m = 0; m < TR_N_MEASURES; m++) {
            keep(l->value[m], &l->n_value[m], i ? value[m] : first[m]);
            keep(l->less[m], &l->n_less[m], i ? value[m] - first[m] : 0);
        }
    }
}

static void put_figures(struct bench *b, struct tr_bench *row)
{
    const struct tr_figures *first = &row->of[TR_AS_IT_CAME];

    for (int i = 0; i < TR_N_SIDES; i++) {
        struct lane *l = &b->lane[i];
        struct tr_figures *to = &row->of[i];
        double value[TR_N_MEASURES];
        struct tr_line line;

        if (!b->side[i].there)
            continue;
        measure(b, l, NULL, row->threshold, value);
        for (int m = 0; m < TR_N_MEASURES; m++) {
            to->of[m] = (struct tr_figure){
                value[m], tr_middle(l->value[m], l->n_value[m])};
            to->less[m] =
                (struct tr_figure){value[m] - first->of[m].value,
                                   tr_middle(l->less[m], l->n_less[m])};
        }
        if (!tr_line_fit(l->point, b->n_point, false, true, &line))
            line = (struct tr_line){(double)NAN, (double)NAN};
        to->slope = (struct tr_figure){
            line.slope,
            tr_slope_interval(l->point, b->n_point, &line,
                              b->side[i].test.n_persons, b->scratch)};
        to->ici = tr_ici(l->point, b->n_point);
    }
}

static void measure_all(struct bench *b, struct tr_bench *row)
{
    for (int i = 0; i < TR_N_SIDES; i++) {
        memset(b->lane[i].n_value, 0, sizeof(b->lane[i].n_value));
        memset(b->lane[i].n_less, 0, sizeof(b->lane[i].n_less));
    }
    for (uint64_t r = 0; r < TR_RESAMPLES; r++)
        draw(b, r, row->threshold);
    put_figures(b, row);
}

/* ---- who ------------------------------------------------------------------- */

/* The points and expectations of a candidate, of those in the group. */
static enum an_code fill(struct bench *b, int side, size_t column, int group,
                         struct lane *l)
{
    const struct tr_side *s = &b->side[side];
    const struct tr_predicted *p = &s->test;
    const size_t n = tr_predicted_lives(p, b->d, column, b->life);
    const enum an_code code =
        tr_known_weights(b->arena, b->life, n, p->column[column].horizon_days,
                         b->weight, b->err);

    memset(l->expected_n, 0, p->n_persons * sizeof(double));
    memset(b->observed_n, 0, p->n_persons * sizeof(double));
    b->n_point = 0;
    for (size_t i = 0; i < n && code == AN_OK; i++) {
        const size_t q = b->life[i].question;
        const uint8_t answer = p->answer_qc[q * p->n_columns + column];
        const double risk = rt_calibrate(&s->map[column], b->life[i].risk);

        if (group >= 0 && !(b->in[q] & (1U << group)))
            continue;
        l->expected_n[p->person[q]] += risk;
        if (answer == TR_YES)
            b->observed_n[p->person[q]] += b->weight[i];
        if (answer != TR_UNKNOWN)
            l->point[b->n_point++] = (struct tr_point){
                risk, b->weight[i], p->person[q], answer == TR_YES};
    }
    tr_points_sort(l->point, b->n_point);
    return code;
}

/* Persons who had the outcome, and those who were asked and had it never. */
static void count(struct bench *b, struct tr_bench *row)
{
    const struct lane *l = &b->lane[TR_AS_IT_CAME];
    const uint32_t persons = b->side[TR_AS_IT_CAME].test.n_persons;
    double with = 0, all = 0;

    memset(b->times, 0, persons * sizeof(double));
    for (size_t i = 0; i < b->n_point; i++) {
        const double is = 1 + l->point[i].y;

        b->times[l->point[i].person] = fmax(b->times[l->point[i].person], is);
        with += l->point[i].weight * l->point[i].y;
        all += l->point[i].weight;
    }
    row->questions = b->n_point;
    row->share = with / all;
    for (uint32_t i = 0; i < persons; i++) {
        row->with += b->times[i] > 1;
        row->without += b->times[i] > 0 && b->times[i] < 2;
    }
}

static enum an_code look(struct bench *b, size_t column, int group,
                         double events, struct tr_bench *row)
{
    const double own = b->d->asked[row->column.outcome].p_threshold;
    enum an_code code = AN_OK;

    row->group = group;
    for (int i = TR_N_SIDES - 1; i >= 0 && code == AN_OK; i--)
        if (b->side[i].there)
            code = fill(b, i, column, group, &b->lane[i]);
    if (code != AN_OK)
        return code;
    count(b, row);
    row->threshold = own > 0 ? own : row->share;
    row->measured = row->with >= events && row->without >= events;
    if (row->measured)
        measure_all(b, row);
    return AN_OK;
}

enum an_code tr_bench(struct an_arena *arena, const struct tr_data *d,
                      const struct tr_side side[TR_N_SIDES], double events,
                      double group_events, struct tr_benches *out,
                      struct an_err *err)
{
    struct bench b = {.arena = arena, .d = d, .side = side, .err = err};
    const struct tr_predicted *p = &side[TR_AS_IT_CAME].test;
    enum an_code code = make_room(&b);

    out->n = 0;
    out->row = an_arena_get(arena, p->n_columns * (1 + TR_N_GROUPS),
                            sizeof(*out->row));
    if (code == AN_OK && out->row == NULL)
        code = an_fail_nomem(err);
    if (code == AN_OK)
        code = tr_site_groups(arena, d, p, &b.in, err);
    for (int group = -1; group < TR_N_GROUPS && code == AN_OK; group++)
        for (size_t i = 0; i < p->n_columns && code == AN_OK; i++) {
            struct tr_bench *row = &out->row[out->n];

            *row = (struct tr_bench){.column = p->column[i]};
            code = look(&b, i, group, group < 0 ? events : group_events, row);
            out->n += group < 0 || row->measured;
        }
    return code;
}
