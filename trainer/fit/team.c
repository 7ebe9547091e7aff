/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/fit/team.h"

#include "runtime/simd.h"
#include "trainer/fit/adamw.h"
#include "trainer/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Enough rows for the matrix products to run at full speed, few enough for the
 * activations to stay near. */
enum { PACK_ROWS = 256 };

static void run_pack(struct tr_worker *w, const struct tr_terms *terms,
                     struct tr_grads *g)
{
    const struct tr_team *t = w->team;
    const struct tr_pack *pack = &w->feed.pack;

    tr_pass_run(&w->pass, &t->params->model, pack, terms,
                t->training ? g : NULL, &w->sums.loss);
    w->sums.n_scores += (double)pack->n_scores;
    for (size_t i = 0; i < pack->n_queries; i++)
        w->sums.query_weight += (double)pack->query_weight[i];
}

static bool same_person(const struct tr_team *t, size_t a, size_t b)
{
    const struct tr_patient *p = t->cohort->patient;

    return p[t->patient[a]].key == p[t->patient[b]].key;
}

/* Losses are means over what this person could bring. */
static struct tr_terms terms_of(const struct tr_team *t, size_t first, size_t n)
{
    struct tr_terms terms = t->terms;
    double weight = 0;

    terms.rate_norm = 0;
    for (size_t i = first; i < first + n; i++) {
        const struct tr_patient *p = &t->cohort->patient[t->patient[i]];

        terms.rate_norm +=
            tr_feed_rows(t->cohort, &t->params->model.shape, t->patient[i]);
        for (size_t q = p->first_query; q < p->first_query + p->n_queries; q++)
            weight += (double)t->cohort->query[q].weight;
    }
    terms.hazard_norm = weight > 1 ? weight : 1;
    return terms;
}

RT_CLONES
static void add_scaled(float *sum, const float *x, float scale, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        sum[i] += scale * x[i];
}

/* All that the person at `first` brings; returns how many patients that was. */
static size_t add_person(struct tr_worker *w, size_t first, size_t end)
{
    const struct tr_team *t = w->team;
    const struct tr_feed_how how = {t->training, t->hide, t->key};
    const uint64_t key = t->cohort->patient[t->patient[first]].key;
    struct tr_terms terms;
    struct tr_grads g;
    double norm;
    size_t n = 1;

    while (first + n < end && same_person(t, first, first + n))
        n++;
    terms = terms_of(t, first, n);
    memset(w->one, 0, t->params->n * sizeof(*w->one));
    tr_grads_at(t->params, w->one, &g);
    for (size_t i = 0; i < n; i++) {
        tr_feed_begin(&w->feed,
                      tr_key(tr_key(tr_key(t->key, TR_DRAW_UNITS), key), i));
        (void)tr_feed_add(&w->feed, t->patient[first + i],
                          &how); /* an empty pack has room */
        run_pack(w, &terms, &g);
    }
    norm = tr_gradient_length(w->one, t->params->n);
    if (isfinite(norm))
        add_scaled(w->grad, w->one,
                   norm > t->clip ? (float)(t->clip / (norm + 1e-6)) : 1.0F,
                   t->params->n);
    return n;
}

static void work_clipped(struct tr_worker *w)
{
    const size_t end = w->first + w->n;

    w->sums = (struct tr_sums){.n_scores = 0};
    memset(w->grad, 0, w->team->params->n * sizeof(*w->grad));
    for (size_t i = w->first; i < end;)
        i += add_person(w, i, end);
}

static void work(struct tr_worker *w)
{
    const struct tr_team *t = w->team;
    const struct tr_feed_how how = {t->training, t->hide, t->key};
    struct tr_grads g;

    w->sums = (struct tr_sums){.n_scores = 0};
    tr_grads_at(t->params, w->grad, &g);
    if (t->training)
        memset(w->grad, 0, t->params->n * sizeof(*w->grad));
    for (size_t i = 0; i < w->n;) {
        tr_feed_begin(&w->feed, tr_key(tr_key(t->key, TR_DRAW_UNITS),
                                       (uint64_t)(w->first + i)));
        while (i < w->n &&
               tr_feed_add(&w->feed, t->patient[w->first + i], &how))
            i++;
        run_pack(w, &t->terms, &g);
    }
}

static void do_job(struct tr_worker *w)
{
    if (w->team->training && w->team->clip > 0)
        work_clipped(w);
    else
        work(w);
}

static void *worker_main(void *arg)
{
    struct tr_worker *w = arg;
    struct tr_team *t = w->team;
    uint64_t done = 0;

    pthread_mutex_lock(&t->lock);
    for (;;) {
        while (!t->stop && t->n_jobs == done)
            pthread_cond_wait(&t->changed, &t->lock);
        if (t->stop)
            break;
        done = t->n_jobs;
        pthread_mutex_unlock(&t->lock);
        do_job(w);
        pthread_mutex_lock(&t->lock);
        if (--t->n_busy == 0)
            pthread_cond_broadcast(&t->changed);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* Hand the job to the other workers, and wait for them. */
static void begin_job(struct tr_team *t)
{
    pthread_mutex_lock(&t->lock);
    t->n_jobs++;
    t->n_busy = t->n_threads;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

static void end_job(struct tr_team *t)
{
    pthread_mutex_lock(&t->lock);
    while (t->n_busy)
        pthread_cond_wait(&t->changed, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

static enum an_code worker_init(struct tr_worker *w, struct tr_team *t,
                                struct an_err *err)
{
    const struct rt_shape *s = &t->params->model.shape;
    const int32_t rows = s->positions > PACK_ROWS ? s->positions : PACK_ROWS;
    enum an_code code = tr_feed_init(&w->feed, t->cohort, s, rows, err);

    w->team = t;
    if (code == AN_OK)
        code = tr_pass_init(&w->pass, s, rows, s->positions,
                            (int32_t)w->feed.max_queries, err);
    if (code != AN_OK)
        return code;
    w->grad = calloc(t->params->n, sizeof(*w->grad));
    return w->grad ? AN_OK : an_fail_nomem(err);
}

/* The workers are dealt out to the ranks in stretches. */
static size_t first_of(const struct tr_team *t, int rank)
{
    return t->n_workers * (size_t)rank / (size_t)t->ranks.n;
}

enum an_code tr_team_init(struct tr_team *t, const struct tr_params *params,
                          const struct tr_cohort *cohort, size_t n_workers,
                          const struct tr_ranks *ranks, struct an_err *err)
{
    const struct tr_ranks alone = {0, 1};
    enum an_code code = AN_OK;

    *t = (struct tr_team){.params = params,
                          .cohort = cohort,
                          .ranks = ranks ? *ranks : alone,
                          .n_workers = n_workers};
    if (n_workers < (size_t)t->ranks.n)
        return an_fail(err, AN_CONFIG,
                       "more processes than threads: --threads counts those of "
                       "all processes",
                       0);
    t->first = first_of(t, t->ranks.rank);
    t->end = first_of(t, t->ranks.rank + 1);
    t->worker = calloc(n_workers, sizeof(*t->worker));
    t->grad = calloc(params->n, sizeof(*t->grad));
    if (t->worker == NULL || t->grad == NULL) {
        free(t->worker);
        free(t->grad);
        t->worker = NULL;
        return an_fail_nomem(err);
    }
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    for (size_t i = t->first; i < t->end && code == AN_OK; i++)
        code = worker_init(&t->worker[i], t, err);
    for (size_t i = t->first + 1; i < t->end && code == AN_OK; i++) {
        int failed = pthread_create(&t->worker[i].thread, NULL, worker_main,
                                    &t->worker[i]);

        if (failed)
            code =
                an_fail_sys(err, AN_IO, "a thread cannot be started", failed);
        else
            t->n_threads++;
    }
    if (code != AN_OK)
        tr_team_release(t);
    return code;
}

void tr_team_release(struct tr_team *t)
{
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 1; i <= t->n_threads; i++)
        pthread_join(t->worker[t->first + i].thread, NULL);
    for (size_t i = 0; i < t->n_workers; i++) {
        tr_feed_release(&t->worker[i].feed);
        tr_pass_release(&t->worker[i].pass);
        free(t->worker[i].grad);
        free(t->worker[i].one);
    }
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->changed);
    free(t->worker);
    free(t->grad);
    *t = (struct tr_team){0};
}

enum an_code tr_team_clip(struct tr_team *t, double clip, struct an_err *err)
{
    for (size_t i = t->first; i < t->end; i++) {
        struct tr_worker *w = &t->worker[i];

        if (w->one == NULL)
            w->one = calloc(t->params->n, sizeof(*w->one));
        if (w->one == NULL)
            return an_fail_nomem(err);
    }
    t->clip = clip;
    return AN_OK;
}

/* Stretches of patients with about the same number of rows each; a person whose
 * gradient is clipped is in one. */
static void share(struct tr_team *t, size_t n_patients)
{
    const struct rt_shape *s = &t->params->model.shape;
    int64_t rows = 0, given = 0;
    size_t at = 0;

    for (size_t i = 0; i < n_patients; i++)
        rows += tr_feed_rows(t->cohort, s, t->patient[i]);
    for (size_t w = 0; w < t->n_workers; w++) {
        const int64_t due = rows * (int64_t)(w + 1) / (int64_t)t->n_workers;

        t->worker[w].first = at;
        while (at < n_patients && (given < due || (t->training && t->clip > 0 &&
                                                   at > t->worker[w].first &&
                                                   same_person(t, at - 1, at))))
            given += tr_feed_rows(t->cohort, s, t->patient[at++]);
        t->worker[w].n = at - t->worker[w].first;
    }
}

static void add_gradients(void *ctx, size_t first, size_t n, float *sum)
{
    const struct tr_team *t = ctx;

    for (size_t w = t->first; w < t->end; w++)
        for (size_t i = 0; i < n; i++)
            sum[i] += t->worker[w].grad[first + i];
}

static void add_sums(struct tr_sums *all, const struct tr_sums *s)
{
    all->loss.rate += s->loss.rate;
    all->loss.hazard += s->loss.hazard;
    all->loss.log_share += s->loss.log_share;
    for (int k = 0; k < RT_MAX_OUTCOMES; k++)
        all->loss.outcome[k] += s->loss.outcome[k];
    all->n_scores += s->n_scores;
    all->query_weight += s->query_weight;
}

struct tr_sums tr_team_run(struct tr_team *t, size_t n_patients)
{
    struct tr_sums sums = {.n_scores = 0};

    share(t, n_patients);
    begin_job(t);
    do_job(&t->worker[t->first]);
    end_job(t);
    for (int rank = 0; rank < t->ranks.n; rank++)
        for (size_t w = first_of(t, rank); w < first_of(t, rank + 1); w++) {
            tr_ranks_share(&t->ranks, rank, &t->worker[w].sums,
                           sizeof(t->worker[w].sums));
            add_sums(&sums, &t->worker[w].sums);
        }
    if (t->training)
        tr_ranks_sum(&t->ranks, t->grad, t->params->n, add_gradients, t);
    return sums;
}
