/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/team.h"

#include "trainer/random.h"

#include <stdlib.h>
#include <string.h>

/* Enough rows for the matrix products to run at full speed, few enough for the
 * activations to stay near. */
enum { PACK_ROWS = 256 };

static void run_pack(struct tr_worker *w, struct tr_grads *g)
{
    const struct tr_team *t = w->team;
    const struct tr_pack *pack = &w->feed.pack;

    tr_pass_run(&w->pass, &t->params->model, pack, &t->terms,
                t->training ? g : NULL, &w->sums.loss);
    w->sums.n_scores += (double)pack->n_scores;
    for (size_t i = 0; i < pack->n_queries; i++)
        w->sums.query_weight += (double)pack->query_weight[i];
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
        run_pack(w, &g);
    }
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
        work(w);
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
    }
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->changed);
    free(t->worker);
    free(t->grad);
    *t = (struct tr_team){0};
}

/* Stretches of patients with about the same number of rows each. */
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
        while (at < n_patients && given < due)
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
    work(&t->worker[t->first]);
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
