/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/fit/fit.h"

#include "trainer/fit/adamw.h"
#include "trainer/fit/start.h"
#include "trainer/privacy/start.h"
#include "trainer/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct rt_shape tr_fit_shape(const struct tr_cohort *c,
                             const struct tr_settings *s)
{
    const struct tr_cohort_sizes *z = &c->sizes;
    struct rt_shape shape = {.vocab = (int32_t)z->vocab,
                             .targets = (int32_t)z->targets,
                             .channels = (int32_t)s->channels,
                             .heads = (int32_t)s->heads,
                             .layers = (int32_t)s->layers,
                             .positions = (int32_t)s->positions,
                             .flags = (int32_t)z->flags,
                             .value_rows = (int32_t)z->value_rows,
                             .value_hidden =
                                 z->value_rows ? (int32_t)s->value_hidden : 0,
                             .times = (int32_t)s->times,
                             .rate_bias = 1,
                             .outcomes = (int32_t)z->outcomes,
                             .bins = z->outcomes ? (int32_t)s->bins : 0,
                             .rank = z->outcomes ? (int32_t)s->rank : 0,
                             .wide = z->outcomes ? (int32_t)z->wide : 0,
                             .death = z->death};

    for (int j = 0; j < shape.bins; j++)
        shape.bin_edge_days[j] = (float)s->bin_edge_days[j];
    return shape;
}

/* Which cohort and settings: a checkpoint of others is refused. */
static enum an_code fingerprint(struct tr_fit *f, struct an_err *err)
{
    struct an_sha256_run run;
    enum an_code code = an_sha256_begin(&run, err);

    if (code != AN_OK)
        return code;
    code = an_sha256_add(
        &run, (struct an_str){(const char *)f->cohort->sha256, TR_DIGEST_BYTES},
        err);
    if (code == AN_OK)
        code = an_sha256_add(
            &run,
            (struct an_str){(const char *)&f->settings, sizeof(f->settings)},
            err);
    an_sha256_end(&run, code == AN_OK ? &f->fingerprint : NULL);
    return code;
}

static enum an_code list_patients(struct tr_fit *f, struct an_err *err)
{
    const struct tr_cohort *c = f->cohort;

    f->order = calloc(c->n_patients + 1, sizeof(*f->order));
    f->tune = calloc(c->n_patients + 1, sizeof(*f->tune));
    if (f->order == NULL || f->tune == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < c->n_patients; i++) {
        if (c->patient[i].split == TR_TUNE)
            f->tune[f->n_tune++] = (uint32_t)i;
        if (c->patient[i].split != TR_TRAIN)
            continue;
        f->order[f->n_order++] = (uint32_t)i;
        f->rows_per_epoch += tr_feed_rows(c, &f->params.model.shape, i);
    }
    if (f->n_order == 0)
        return an_fail(err, AN_MISSING, "the cohort has no training patients",
                       0);
    return AN_OK;
}

/* The order of an epoch is a function of seed and epoch alone. */
void tr_fit_reorder(struct tr_fit *f)
{
    const uint64_t key =
        tr_key(tr_key((uint64_t)f->settings.seed, TR_DRAW_ORDER),
               (uint64_t)f->progress.epoch);
    size_t n = 0;

    for (size_t i = 0; i < f->cohort->n_patients; i++)
        if (f->cohort->patient[i].split == TR_TRAIN)
            f->order[n++] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        size_t k = tr_draw_below(key, i, i);
        uint32_t kept = f->order[i - 1];

        f->order[i - 1] = f->order[k];
        f->order[k] = kept;
    }
}

static enum an_code start(struct tr_fit *f, struct an_err *err)
{
    const struct tr_settings *s = &f->settings;
    enum an_code code;

    if (f->from.value) {
        memcpy(f->params.value, f->from.value,
               f->params.n * sizeof(*f->params.value));
        return AN_OK;
    }
    tr_params_randomize(&f->params, (uint64_t)s->seed);
    if (!s->trunk)
        tr_fit_silence(f);
    if (f->is_private)
        return tr_private_start(&f->params, f->cohort, &f->privacy, err);
    code = tr_start_biases(&f->params, f->cohort, err);
    if (code == AN_OK && s->wide_folds && f->params.model.shape.wide)
        code = tr_start_wide(&f->params, f->cohort, s, err);
    return code;
}

static enum an_code make_private(struct tr_fit *f, const struct tr_ranks *ranks,
                                 struct an_err *err)
{
    enum an_code code;

    if (!tr_private_wanted(&f->settings))
        return AN_OK;
    if (ranks && ranks->n > 1)
        return an_fail(err, AN_UNSUPPORTED,
                       "a private fit is one process: use threads", 0);
    code = tr_private_init(&f->privacy, f->cohort, &f->settings, NULL, err);
    f->is_private = code == AN_OK;
    return code;
}

static enum an_code init(struct tr_fit *f, const struct tr_cohort *cohort,
                         const struct tr_settings *settings,
                         const struct tr_ranks *ranks, struct tr_fit_from from,
                         struct an_err *err)
{
    const struct rt_shape shape = tr_fit_shape(cohort, settings);
    enum an_code code;

    *f = (struct tr_fit){.cohort = cohort, .settings = *settings, .from = from};
    f->progress.best_loss = (double)INFINITY;
    code = tr_params_init(&f->params, &shape, err);
    if (code == AN_OK)
        code = list_patients(f, err);
    if (code == AN_OK) {
        f->course = calloc(1, sizeof(*f->course));
        f->first = calloc(f->params.n, sizeof(*f->first));
        f->second = calloc(f->params.n, sizeof(*f->second));
        f->mean = calloc(f->params.n, sizeof(*f->mean));
        f->best = calloc(f->params.n, sizeof(*f->best));
        if (!f->course || !f->first || !f->second || !f->mean || !f->best)
            code = an_fail_nomem(err);
    }
    if (code == AN_OK)
        code = make_private(f, ranks, err);
    if (code == AN_OK)
        code = start(f, err);
    if (code == AN_OK)
        code = tr_team_init(&f->team, &f->params, cohort,
                            (size_t)settings->threads, ranks, err);
    if (code == AN_OK && f->is_private)
        code = tr_team_clip(&f->team, f->privacy.clip, err);
    if (code == AN_OK)
        code = fingerprint(f, err);
    if (code == AN_OK)
        tr_fit_reorder(f);
    else
        tr_fit_release(f);
    return code;
}

enum an_code tr_fit_init(struct tr_fit *f, const struct tr_cohort *cohort,
                         const struct tr_settings *settings,
                         const struct tr_ranks *ranks, struct an_err *err)
{
    return init(f, cohort, settings, ranks, (struct tr_fit_from){.value = NULL},
                err);
}

enum an_code tr_fit_init_from(struct tr_fit *f, const struct tr_cohort *cohort,
                              const struct tr_settings *settings,
                              const struct tr_fit_from *from,
                              struct an_err *err)
{
    *f = (struct tr_fit){.cohort = NULL};
    return tr_private_wanted(settings)
               ? an_fail(err, AN_UNSUPPORTED, "a private fit begins by itself",
                         0)
               : init(f, cohort, settings, NULL, *from, err);
}

void tr_fit_release(struct tr_fit *f)
{
    if (f->team.worker)
        tr_team_release(&f->team);
    if (f->is_private)
        tr_private_release(&f->privacy);
    tr_params_release(&f->params);
    free(f->course);
    free(f->first);
    free(f->second);
    free(f->mean);
    free(f->best);
    free(f->order);
    free(f->tune);
    *f = (struct tr_fit){0};
}

bool tr_fit_done(const struct tr_fit *f)
{
    return f->is_private ? f->progress.charged >= f->privacy.step.steps
                         : f->progress.epoch >= f->settings.epochs;
}

double tr_fit_progress(const struct tr_fit *f)
{
    const double all = (double)f->rows_per_epoch * (double)f->settings.epochs;

    return f->is_private
               ? (double)f->progress.charged / (double)f->privacy.step.steps
               : (double)f->progress.rows_done / all;
}

/* Up in a straight line, down along a cosine. */
static double learning_rate(const struct tr_fit *f)
{
    const struct tr_settings *s = &f->settings;
    const double all = (double)f->rows_per_epoch * (double)s->epochs;
    const double done =
        f->is_private
            ? ((double)f->progress.charged + 1) / (double)f->privacy.step.steps
            : ((double)f->progress.rows_done + 1) / all;
    double x;

    if (done < s->warmup)
        return s->rate * done / s->warmup;
    x = (done - s->warmup) / (1 - s->warmup);
    x = x > 1 ? 1 : x;
    return s->rate *
           (s->rate_end + (1 - s->rate_end) * 0.5 * (1 + cos(x * 3.14159265)));
}

double tr_fit_loss(const struct tr_fit *f, const struct tr_sums *sums)
{
    const struct tr_settings *s = &f->settings;

    return s->rate_weight * sums->loss.rate / fmax(sums->n_scores, 1) +
           s->hazard_weight * sums->loss.hazard / fmax(sums->query_weight, 1);
}

static struct tr_terms terms_of(const struct tr_settings *s)
{
    return (struct tr_terms){.rate_weight = (float)s->rate_weight,
                             .hazard_weight = (float)s->hazard_weight,
                             .rate_norm = 1,
                             .hazard_norm = 1,
                             .t_min_days = (float)s->t_min};
}

static double query_weight(const struct tr_cohort *c, size_t patient)
{
    const struct tr_patient *p = &c->patient[patient];
    double sum = 0;

    for (size_t q = p->first_query; q < p->first_query + p->n_queries; q++)
        sum += (double)c->query[q].weight;
    return sum;
}

/* The next patients; the loss is averaged over what they could bring. */
static size_t take_batch(struct tr_fit *f, struct tr_terms *terms)
{
    double rows = 0, queries = 0;
    size_t n = 0;

    while (f->progress.at + n < f->n_order &&
           rows < (double)f->settings.batch_rows) {
        const size_t patient = f->order[f->progress.at + n++];

        rows += tr_feed_rows(f->cohort, &f->params.model.shape, patient);
        queries += query_weight(f->cohort, patient);
    }
    f->last_rows = (int64_t)rows;
    *terms = terms_of(&f->settings);
    terms->rate_norm = rows;
    terms->hazard_norm = fmax(queries, 1);
    return n;
}

struct tr_sums tr_fit_score(struct tr_fit *f, const uint32_t *patient, size_t n)
{
    f->team.patient = patient;
    f->team.training = false;
    f->team.key = 0;
    f->team.terms = terms_of(&f->settings);
    return tr_team_run(&f->team, n);
}

void tr_fit_take_best(struct tr_fit *f)
{
    if (f->progress.best_epoch)
        memcpy(f->params.value, f->best, f->params.n * sizeof(*f->best));
}

static void hold(struct tr_fit *f, float *block)
{
    if (f->from.hold)
        f->from.hold(f->from.arg, &f->params, block);
}

/* The mean of the last parameters, the older counting less and less: single
 * steps are noisy, and would be stopped at for their luck. */
static void average(struct tr_fit *f)
{
    const double per_epoch = f->is_private ? 1 / f->privacy.step.rate
                                           : (double)f->rows_per_epoch /
                                                 (double)f->settings.batch_rows;
    const double last = f->settings.average * fmax(per_epoch, 1);
    const float share = (float)(1 / (1 + fmin((double)f->progress.step, last)));

    for (uint64_t i = 0; i < f->params.n; i++)
        f->mean[i] = (1 - share) * f->mean[i] + share * f->params.value[i];
    hold(f, f->mean);
}

static void swap_mean(struct tr_fit *f)
{
    for (uint64_t i = 0; i < f->params.n; i++) {
        const float kept = f->mean[i];

        f->mean[i] = f->params.value[i];
        f->params.value[i] = kept;
    }
}

static void end_epoch(struct tr_fit *f)
{
    struct tr_progress *p = &f->progress;
    const bool tuned = f->n_tune && !f->is_private;
    double loss;

    p->epoch++;
    f->epoch_ended = true;
    f->epoch = (struct tr_epoch){p->sum_loss / fmax(p->sum_rows, 1),
                                 (double)NAN, (double)NAN, (double)NAN};
    if (tuned) {
        struct tr_sums sums;

        swap_mean(f);
        sums = tr_fit_score(f, f->tune, f->n_tune);
        swap_mean(f);
        f->epoch.tune = tr_fit_loss(f, &sums);
        f->epoch.tune_rate = sums.loss.rate / fmax(sums.n_scores, 1);
        f->epoch.tune_hazard = sums.loss.hazard / fmax(sums.query_weight, 1);
    }
    if (!f->is_private)
        tr_course_add(f->course, &(struct tr_course_at){
                                     p->epoch, f->epoch.train, f->epoch.tune,
                                     f->epoch.tune_rate, f->epoch.tune_hazard});
    loss = tuned ? f->epoch.tune : -(double)p->epoch;
    if (loss < p->best_loss) {
        p->best_loss = loss;
        p->best_epoch = p->epoch;
        memcpy(f->best, f->mean, f->params.n * sizeof(*f->best));
    }
    p->at = 0;
    p->sum_loss = p->sum_rows = 0;
    tr_fit_reorder(f);
}

static enum an_code diverged(const struct tr_fit *f, struct an_err *err)
{
    an_fail(err, AN_TYPE,
            "training diverged: the loss is no number at this step; try a "
            "lower rate or a longer warmup",
            0);
    if (err)
        err->where.line = (uint32_t)(f->progress.step + 1);
    return AN_TYPE;
}

/* One step of the optimiser on the gradient that the team has. */
static enum an_code update(struct tr_fit *f, double clip, struct an_err *err)
{
    const struct tr_settings *s = &f->settings;
    const struct tr_adamw adamw = {.rate = learning_rate(f),
                                   .beta1 = s->beta1,
                                   .beta2 = s->beta2,
                                   .epsilon = 1e-8,
                                   .decay = s->decay,
                                   .clip = clip,
                                   .wide_rate = s->wide_rate,
                                   .wide_l2 = s->wide_l2};

    f->last_rate = adamw.rate;
    f->last_norm =
        isfinite(f->last_loss)
            ? tr_adamw_step(&f->params, f->first, f->second, f->team.grad,
                            f->progress.step + 1, &adamw)
            : (double)NAN;
    if (!isfinite(f->last_norm))
        return diverged(f, err);
    if (!s->trunk)
        tr_fit_silence(f);
    hold(f, f->params.value);
    average(f);
    f->progress.step++;
    return AN_OK;
}

static void set_job(struct tr_fit *f, const uint32_t *patient)
{
    const struct tr_settings *s = &f->settings;

    f->epoch_ended = false;
    f->team.terms.drop = (float)s->drop;
    f->team.patient = patient;
    f->team.training = true;
    f->team.hide = (float)s->hide;
    f->team.key = tr_key((uint64_t)s->seed, (uint64_t)f->progress.step + 1000);
}

/* What the people of this step lost is not looked at: it would tell of them. */
static enum an_code private_step(struct tr_fit *f, struct an_err *err)
{
    struct tr_progress *p = &f->progress;
    enum an_code code = tr_private_sample(&f->privacy, err);

    if (code != AN_OK)
        return code;
    f->team.terms = terms_of(&f->settings);
    set_job(f, f->privacy.batch);
    (void)tr_team_run(&f->team, f->privacy.n_batch);
    code = tr_private_blur(&f->privacy, f->team.grad, f->params.n, err);
    f->last_loss = 0;
    if (code == AN_OK)
        code = update(f, 0, err);
    if (code != AN_OK)
        return code;
    p->charged++;
    if ((double)p->step * f->privacy.step.rate >= (double)(p->epoch + 1) ||
        tr_fit_done(f))
        end_epoch(f);
    return AN_OK;
}

enum an_code tr_fit_step(struct tr_fit *f, struct an_err *err)
{
    struct tr_progress *p = &f->progress;
    struct tr_sums sums;
    enum an_code code;
    size_t n;

    if (f->is_private)
        return private_step(f, err);
    n = take_batch(f, &f->team.terms);
    set_job(f, f->order + p->at);
    sums = tr_team_run(&f->team, n);
    f->last_loss = tr_fit_loss(f, &sums);
    code = update(f, f->settings.clip, err);
    if (code != AN_OK)
        return code;
    p->at += n;
    p->rows_done += f->last_rows;
    p->sum_loss += f->last_loss * (double)f->last_rows;
    p->sum_rows += (double)f->last_rows;
    if (p->at >= f->n_order)
        end_epoch(f);
    return AN_OK;
}
