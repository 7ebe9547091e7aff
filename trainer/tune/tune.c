/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/tune/tune.h"

#include "runtime/safetensors.h"

#include <math.h>
#include <string.h>

struct tuning {
    struct an_arena *arena;
    const struct tr_data *d;
    const struct tr_fitted *package;
    const struct tr_tune_how *how;
    struct tr_tuned *out;
    struct an_err *err;
    struct tr_parts parts;
};

static void take(const struct tr_fitted *package, struct an_str name,
                 double *value)
{
    (void)an_json_double(
        an_json_get(tr_fitted_member(package, AN_STR("settings")), name),
        value);
}

void tr_tune_settings(struct tr_settings *s, const struct tr_fitted *package)
{
    const struct rt_shape *shape = &package->model.shape;

    tr_settings_init(s);
    s->channels = shape->channels;
    s->heads = shape->heads;
    s->layers = shape->layers;
    s->positions = shape->positions;
    if (shape->value_rows)
        s->value_hidden = shape->value_hidden;
    s->times = shape->times;
    s->rank = shape->rank;
    s->bins = shape->bins;
    for (int j = 0; j < shape->bins; j++)
        s->bin_edge_days[j] = (int64_t)shape->bin_edge_days[j];
    take(package, AN_STR("rate_weight"), &s->rate_weight);
    take(package, AN_STR("hazard_weight"), &s->hazard_weight);
    take(package, AN_STR("t_min"), &s->t_min);
    /* The usage of `tune` names these. */
    s->epochs = 10;
    s->batch_rows = 512;
    s->rate = 5e-4;
    s->wide_rate = 1;
    s->decay = 0; /* would pull to nothing, not to the start */
    s->wide_l2 = 0;
}

static enum an_code check(const struct tuning *t)
{
    const struct rt_shape shape =
        tr_fit_shape(&t->d->cohort, &t->how->settings);

    if (an_json_get(t->package->root, AN_STR("tuned_from")))
        return an_fail(t->err, AN_UNSUPPORTED,
                       "this package was tuned before: start from the one that "
                       "it was tuned from, or small changes would add up",
                       0);
    if (memcmp(&shape, &t->package->model.shape, sizeof(shape)) != 0)
        return an_fail(t->err, AN_CONFLICT,
                       "the data set is of another shape than the model", 0);
    return AN_OK;
}

/* ---- training -------------------------------------------------------------- */

static enum an_code keep(struct tuning *t, const float *block)
{
    struct tr_fitted *to = &t->out->fitted[TR_TUNED];
    const struct rt_shape *s = &t->package->model.shape;
    enum an_code code =
        rt_safetensors_write(t->arena, s, block, &to->weights, t->err);

    if (code == AN_OK)
        code =
            rt_safetensors_read(t->arena, to->weights, s, &to->model.w, t->err);
    tr_parts_change(&t->parts, s, block, t->out->change);
    return code;
}

static enum an_code steps(struct tuning *t, struct tr_fit *f)
{
    struct tr_sums sums = tr_fit_score(f, f->tune, f->n_tune);
    enum an_code code = AN_OK;

    t->out->start_loss = tr_fit_loss(f, &sums);
    while (code == AN_OK && !tr_fit_done(f)) {
        code = tr_fit_step(f, t->err);
        if (code == AN_OK && f->epoch_ended && t->how->say)
            t->how->say(f);
    }
    if (code != AN_OK)
        return code;
    tr_fit_take_best(f);
    t->out->best_loss = f->progress.best_loss;
    t->out->best_epoch = f->progress.best_epoch;
    t->out->trained = true;
    return keep(t, f->params.value);
}

static enum an_code train(struct tuning *t)
{
    const struct tr_fit_from from = {t->package->model.w.embed, tr_parts_hold,
                                     &t->parts};
    struct tr_fit f;
    enum an_code code;

    if (!tr_parts_move(&t->parts))
        return AN_OK;
    code =
        tr_fit_init_from(&f, &t->d->cohort, &t->how->settings, &from, t->err);
    if (code != AN_OK)
        return code;
    code = steps(t, &f);
    tr_fit_release(&f);
    return code;
}

/* ---- candidates ------------------------------------------------------------ */

static enum an_code make_sides(struct tuning *t)
{
    const bool may = t->out->plan->bound[TR_B_parts_calibration] > 0;
    struct tr_tuned *o = t->out;
    enum an_code code = AN_OK;

    o->fitted[TR_AS_IT_CAME].keeps_calibration = true;
    o->fitted[TR_TUNED].keeps_calibration = !may;
    for (int i = 0; i < TR_N_SIDES && code == AN_OK; i++)
        if (i == TR_AS_IT_CAME || (i == TR_CALIBRATED && may) ||
            (i == TR_TUNED && o->trained && o->best_loss < o->start_loss))
            code = tr_side_make(t->arena, t->d, &o->fitted[i], &o->side[i],
                                t->err);
    return code == AN_OK
               ? tr_sides_choose(t->arena, t->d, o->side, &o->taken, t->err)
               : code;
}

static enum an_code judge(struct tuning *t)
{
    static const double still[TR_N_PARTS] = {0};
    struct tr_tuned *o = t->out;
    const struct tr_plan *p = o->plan;
    enum an_code code =
        tr_bench(t->arena, t->d, o->side, p->bound[TR_B_gates_events],
                 p->bound[TR_B_groups_events], &o->bench, t->err);

    if (code == AN_OK)
        code = tr_gates_init(&o->gates, t->arena, TR_GATES_AT_MOST(o->bench.n),
                             t->err);
    if (code != AN_OK)
        return code;
    tr_gates_patients(&o->gates, p, o->patients);
    tr_gates_events(&o->gates, p, &o->bench);
    tr_gates_parts(&o->gates, p, o->taken == TR_TUNED ? o->change : still);
    tr_gates_measures(&o->gates, p, &o->bench, o->taken);
    return AN_OK;
}

enum an_code tr_tune(struct an_arena *arena, const struct tr_data *d,
                     const struct tr_fitted *package,
                     const struct tr_plan *plan, const struct tr_tune_how *how,
                     struct tr_tuned *out, struct an_err *err)
{
    struct tuning t = {
        arena, d, package, how, out, err, .parts = {.start = NULL}};
    enum an_code code = check(&t);

    *out = (struct tr_tuned){.plan = plan,
                             .plan_is_site = how->plan_is_site,
                             .settings = how->settings,
                             .cohort_sha256 = d->cohort.sha256,
                             .fitted = {*package, *package, *package}};
    if (code == AN_OK)
        code = tr_cohort_persons(&d->cohort, out->patients, err);
    if (code == AN_OK)
        code = tr_gates_init(&out->gates, arena, TR_N_SPLITS, err);
    if (code != AN_OK)
        return code;
    tr_gates_patients(&out->gates, plan, out->patients);
    if (!tr_gates_held(&out->gates))
        return AN_OK;
    tr_parts_init(&t.parts, &package->model.shape, package->model.w.embed,
                  plan);
    code = train(&t);
    if (code == AN_OK)
        code = make_sides(&t);
    return code == AN_OK ? judge(&t) : code;
}

const struct tr_fitted *tr_tuned_fitted(const struct tr_tuned *t)
{
    return &t->fitted[t->taken];
}
