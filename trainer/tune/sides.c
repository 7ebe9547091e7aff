/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/tune/sides.h"

#include <math.h>
#include <string.h>

const char *tr_side_text(enum tr_side_kind side)
{
    static const char *const text[TR_N_SIDES] = {"as it came", "calibrated",
                                                 "tuned"};

    return text[side];
}

static enum an_code make_maps(struct an_arena *arena, const struct tr_data *d,
                              const struct tr_fitted *fitted,
                              const struct tr_predicted *tune,
                              struct rt_calibration *map, struct an_err *err)
{
    enum an_code code = AN_OK;

    for (size_t i = 0; i < tune->n_columns && code == AN_OK; i++) {
        if (fitted->keeps_calibration)
            map[i] = tr_fitted_calibration(fitted, &tune->column[i]);
        else
            code = tr_calibrate(arena, d, tune, i, &map[i], err);
    }
    return code;
}

enum an_code tr_side_make(struct an_arena *arena, const struct tr_data *d,
                          const struct tr_fitted *fitted, struct tr_side *side,
                          struct an_err *err)
{
    enum an_code code =
        tr_predict(arena, d, &fitted->model, TR_TUNE, &side->tune, err);

    side->there = true;
    side->fitted = fitted;
    side->tuning_loss = (double)NAN;
    if (code == AN_OK)
        code = tr_predict(arena, d, &fitted->model, TR_TEST, &side->test, err);
    if (code != AN_OK)
        return code;
    side->map = an_arena_get(arena, side->tune.n_columns, sizeof(*side->map));
    return side->map ? make_maps(arena, d, fitted, &side->tune, side->map, err)
                     : an_fail_nomem(err);
}

/* ---- the tuning loss ------------------------------------------------------- */

struct scoring {
    struct an_arena *arena;
    const struct tr_data *d;
    struct an_err *err;
    struct tr_life *life;
    double *weight;
    double *loss_n[TR_N_SIDES]; /* of each person */
};

static bool in_fold(const struct tr_predicted *p, size_t question, int fold)
{
    return p->person[question] % TR_SIDE_FOLDS == (uint32_t)fold;
}

/* The questions of the persons who are not in a fold. */
static enum an_code others(struct an_arena *arena, const struct tr_predicted *p,
                           int fold, struct tr_predicted *out,
                           struct an_err *err)
{
    const size_t columns = p->n_columns;

    *out = *p;
    out->n = 0;
    out->row = an_arena_get(arena, p->n, sizeof(*out->row));
    out->person = an_arena_get(arena, p->n, sizeof(*out->person));
    out->p_qc = an_arena_get(arena, p->n * columns, sizeof(*out->p_qc));
    out->answer_qc =
        an_arena_get(arena, p->n * columns, sizeof(*out->answer_qc));
    if (!out->row || !out->person || !out->p_qc || !out->answer_qc)
        return an_fail_nomem(err);
    for (size_t q = 0; q < p->n; q++) {
        if (in_fold(p, q, fold))
            continue;
        out->row[out->n] = p->row[q];
        out->person[out->n] = p->person[q];
        memcpy(out->p_qc + out->n * columns, p->p_qc + q * columns,
               columns * sizeof(*out->p_qc));
        memcpy(out->answer_qc + out->n * columns, p->answer_qc + q * columns,
               columns * sizeof(*out->answer_qc));
        out->n++;
    }
    return AN_OK;
}

static double loss_of(double p, bool y)
{
    const double least = 1e-9;

    return -log(fmin(fmax(y ? p : 1 - p, least), 1));
}

/* Of the persons of a fold, in one column. */
static enum an_code score(struct scoring *s, const struct tr_predicted *p,
                          size_t column, int fold,
                          const struct rt_calibration *map, double *loss_n)
{
    const size_t n = tr_predicted_lives(p, s->d, column, s->life);
    enum an_code code =
        tr_known_weights(s->arena, s->life, n, p->column[column].horizon_days,
                         s->weight, s->err);

    for (size_t i = 0; i < n && code == AN_OK; i++) {
        const size_t q = s->life[i].question;
        const uint8_t answer = p->answer_qc[q * p->n_columns + column];

        if (answer != TR_UNKNOWN && in_fold(p, q, fold))
            loss_n[p->person[q]] +=
                s->weight[i] *
                loss_of(rt_calibrate(map, s->life[i].risk), answer == TR_YES);
    }
    return code;
}

static enum an_code score_fold(struct scoring *s, const struct tr_side *side,
                               int fold, double *loss_n)
{
    struct tr_predicted rest = side->tune;
    struct rt_calibration map;
    enum an_code code = AN_OK;

    if (!side->fitted->keeps_calibration)
        code = others(s->arena, &side->tune, fold, &rest, s->err);
    for (size_t i = 0; i < rest.n_columns && code == AN_OK; i++) {
        map = side->map[i];
        if (!side->fitted->keeps_calibration)
            code = tr_calibrate(s->arena, s->d, &rest, i, &map, s->err);
        if (code == AN_OK)
            code = score(s, &side->tune, i, fold, &map, loss_n);
    }
    return code;
}

static enum an_code score_side(struct scoring *s, struct tr_side *side,
                               double *loss_n)
{
    enum an_code code = AN_OK;
    double sum = 0;

    for (int fold = 0; fold < TR_SIDE_FOLDS && code == AN_OK; fold++) {
        const struct an_mark mark = an_arena_mark(s->arena);

        code = score_fold(s, side, fold, loss_n);
        an_arena_rewind(s->arena, mark);
    }
    for (uint32_t i = 0; i < side->tune.n_persons; i++)
        sum += loss_n[i];
    side->tuning_loss = sum / (double)side->tune.n_persons;
    return code;
}

/* `later` is surely better than `earlier`. */
static bool better(const double *later, const double *earlier, uint32_t n)
{
    double sum = 0, squares = 0, mean;

    for (uint32_t i = 0; i < n; i++)
        sum += earlier[i] - later[i];
    mean = sum / n;
    for (uint32_t i = 0; i < n; i++) {
        const double d = earlier[i] - later[i] - mean;

        squares += d * d;
    }
    return n > 1 && mean > sqrt(squares / (n - 1.) / n);
}

enum an_code tr_sides_choose(struct an_arena *arena, const struct tr_data *d,
                             struct tr_side side[TR_N_SIDES],
                             enum tr_side_kind *taken, struct an_err *err)
{
    struct scoring s = {.arena = arena, .d = d, .err = err};
    const struct tr_predicted *p = &side[TR_AS_IT_CAME].tune;
    enum an_code code = AN_OK;

    *taken = TR_AS_IT_CAME;
    if (p->n == 0)
        return AN_OK;
    s.life = an_arena_get(arena, p->n, sizeof(*s.life));
    s.weight = an_arena_get(arena, p->n, sizeof(*s.weight));
    for (int i = 0; i < TR_N_SIDES; i++) {
        s.loss_n[i] = an_arena_get(arena, p->n_persons, sizeof(double));
        if (s.life == NULL || s.weight == NULL || s.loss_n[i] == NULL)
            return an_fail_nomem(err);
    }
    for (int i = 0; i < TR_N_SIDES && code == AN_OK; i++) {
        if (!side[i].there)
            continue;
        code = score_side(&s, &side[i], s.loss_n[i]);
        if (i != TR_AS_IT_CAME &&
            better(s.loss_n[i], s.loss_n[*taken], p->n_persons))
            *taken = (enum tr_side_kind)i;
    }
    return code;
}
