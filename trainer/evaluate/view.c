/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/view.h"

#include "runtime/rollout.h"
#include "trainer/random.h"

#include <math.h>
#include <string.h>

enum { VIEW_KEY = 73 };

enum an_code tr_view_init(struct tr_view *v, struct an_arena *arena,
                          const struct tr_data *d, const struct tr_judgement *j,
                          struct an_err *err)
{
    const size_t n = j->test.n, persons = j->test.n_persons;

    *v = (struct tr_view){
        .arena = arena,
        .d = d,
        .j = j,
        .n_persons = j->test.n_persons,
        .life = an_arena_get(arena, n, sizeof(*v->life)),
        .weight = an_arena_get(arena, n, sizeof(double)),
        .point = an_arena_get(arena, n, sizeof(*v->point)),
        .plain = an_arena_get(arena, n, sizeof(*v->plain)),
        .numerator = an_arena_get(arena, persons, sizeof(double)),
        .denominator = an_arena_get(arena, persons, sizeof(double)),
        .scratch = an_arena_get(arena, tr_interval_scratch(j->test.n_persons),
                                sizeof(double))};
    return v->life && v->weight && v->point && v->plain && v->numerator &&
                   v->denominator && v->scratch
               ? AN_OK
               : an_fail_nomem(err);
}

enum an_code tr_view_look(struct tr_view *v, size_t column, const uint8_t *in,
                          struct an_err *err)
{
    const struct tr_predicted *p = &v->j->test;
    const size_t n = tr_predicted_lives(p, v->d, column, v->life);
    enum an_code code;

    v->column = column;
    v->verdict = &v->j->verdict[column];
    v->n_at_risk = 0;
    for (size_t i = 0; i < n; i++)
        if (in == NULL || in[v->life[i].question]) {
            struct tr_life *l = &v->life[v->n_at_risk++];

            *l = v->life[i];
            l->risk = rt_calibrate(&v->verdict->calibration, l->risk);
        }
    code = tr_known_weights(v->arena, v->life, v->n_at_risk,
                            p->column[column].horizon_days, v->weight, err);
    if (code != AN_OK)
        return code;
    v->n = tr_predicted_points(p, column, v->life, v->weight, v->n_at_risk,
                               v->point);
    memcpy(v->plain, v->point, v->n * sizeof(*v->plain));
    for (size_t i = 0; i < v->n; i++)
        v->plain[i].weight = 1;
    return AN_OK;
}

struct tr_ratio tr_view_share(struct tr_view *v)
{
    const double none = (double)NAN;
    struct tr_ratio r = {none, {none, none}};
    double sum = 0, of = 0;
    size_t with = 0, n = 0;

    for (uint32_t i = 0; i < v->n_persons; i++) {
        sum += v->numerator[i];
        of += v->denominator[i];
        n += v->denominator[i] > 0;
        with += v->denominator[i] > 0 && v->numerator[i] > 0;
    }
    if (!(of > 0))
        return r;
    r.value = sum / of;
    if (sum <= 0 || sum >= of)
        rt_wilson(with, n, &r.interval.low, &r.interval.high);
    else
        r.interval = tr_ratio_interval(v->numerator, v->denominator,
                                       v->n_persons, v->scratch, VIEW_KEY);
    return r;
}

enum an_code tr_view_level(struct tr_view *v, struct tr_ratio *level,
                           struct an_err *err)
{
    const struct tr_predicted *p = &v->j->test;
    double incidence, sum = 0;
    enum an_code code =
        tr_incidence(v->arena, v->life, v->n_at_risk,
                     p->column[v->column].horizon_days, &incidence, err);

    *level = (struct tr_ratio){(double)NAN, {(double)NAN, (double)NAN}};
    if (code != AN_OK || v->n_at_risk == 0)
        return code;
    memset(v->numerator, 0, v->n_persons * sizeof(double));
    memset(v->denominator, 0, v->n_persons * sizeof(double));
    for (size_t i = 0; i < v->n_at_risk; i++) {
        const size_t q = v->life[i].question;

        if (p->answer_qc[q * p->n_columns + v->column] == TR_YES)
            v->numerator[p->person[q]] += v->weight[i];
        v->denominator[p->person[q]] += v->life[i].risk;
        sum += v->life[i].risk;
    }
    level->value = incidence / (sum / (double)v->n_at_risk);
    if (isfinite(level->value))
        level->interval = tr_ratio_interval(v->numerator, v->denominator,
                                            v->n_persons, v->scratch, VIEW_KEY);
    return AN_OK;
}

/* Each life as often as its person is drawn. */
static size_t redraw(const struct tr_view *v, const double *times,
                     struct tr_life *drawn)
{
    size_t n = 0;

    for (size_t i = 0; i < v->n_at_risk; i++)
        for (double k = times[v->j->test.person[v->life[i].question]]; k > 0;
             k--)
            drawn[n++] = v->life[i];
    return n;
}

/* How many lives that can make at most. */
static size_t most_lives(const struct tr_view *v, uint64_t key, double *times)
{
    size_t most = 0;

    for (uint64_t r = 0; r < TR_RESAMPLES; r++) {
        double n = 0;

        tr_draw_persons(times, v->n_persons, tr_key(key, r));
        for (size_t i = 0; i < v->n_at_risk; i++)
            n += times[v->j->test.person[v->life[i].question]];
        most = (size_t)n > most ? (size_t)n : most;
    }
    return most;
}

enum an_code tr_view_concordance(struct tr_view *v, struct tr_ratio *c,
                                 struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(v->arena);
    double *value = v->scratch + v->n_persons;
    struct tr_life *drawn = an_arena_get(
        v->arena, most_lives(v, VIEW_KEY, v->scratch), sizeof(*drawn));
    size_t n = 0;
    enum an_code code =
        drawn ? tr_concordance(v->arena, v->life, v->n_at_risk, &c->value, err)
              : an_fail_nomem(err);

    for (uint64_t r = 0; r < TR_RESAMPLES && code == AN_OK; r++) {
        double x = (double)NAN;

        tr_draw_persons(v->scratch, v->n_persons, tr_key(VIEW_KEY, r));
        code = tr_concordance(v->arena, drawn, redraw(v, v->scratch, drawn), &x,
                              err);
        if (isfinite(x))
            value[n++] = x;
    }
    c->interval = tr_middle(value, n);
    an_arena_rewind(v->arena, mark);
    return code;
}

struct tr_counted tr_view_count(struct tr_view *v)
{
    struct tr_counted c = {.questions = v->n};

    memset(v->numerator, 0, v->n_persons * sizeof(double));
    for (size_t i = 0; i < v->n; i++) {
        double *seen = &v->numerator[v->point[i].person];

        c.events += v->point[i].y;
        *seen = fmax(*seen, 1 + v->point[i].y);
    }
    for (uint32_t i = 0; i < v->n_persons; i++) {
        c.people += v->numerator[i] > 0;
        c.people_with += v->numerator[i] > 1;
    }
    return c;
}

bool tr_counted_enough(const struct tr_counted *c)
{
    return c->events >= TR_JUDGED_EVENTS &&
           c->questions - c->events >= TR_JUDGED_EVENTS;
}
