/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/many.h"

void pl_many_init(struct pl_many *m, struct pl_engine *engine,
                  struct an_str feed, pl_many_told *told, void *user)
{
    m->engine = engine;
    m->feed = feed;
    m->told = told;
    m->user = user;
    m->n = m->bytes = m->n_flying = 0;
    (void)pthread_mutex_init(&m->lock, NULL);
    (void)pthread_cond_init(&m->landed, NULL);
}

static void landed(struct pl_job *job, void *user)
{
    struct pl_many *m = user;

    (void)job;
    (void)pthread_mutex_lock(&m->lock);
    if (--m->n_flying == 0)
        (void)pthread_cond_signal(&m->landed);
    (void)pthread_mutex_unlock(&m->lock);
}

void pl_many_flush(struct pl_many *m)
{
    (void)pthread_mutex_lock(&m->lock);
    while (m->n_flying)
        (void)pthread_cond_wait(&m->landed, &m->lock);
    (void)pthread_mutex_unlock(&m->lock);
    for (size_t i = 0; i < m->n; i++) {
        m->told(m->user, &m->item[i], m->job[i]);
        pl_job_free(m->job[i]);
    }
    m->n = m->bytes = 0;
}

void pl_many_add(struct pl_many *m, const struct pl_many_item *item)
{
    struct pl_job *job;

    if (m->n == PL_MANY_JOBS ||
        (m->n && m->bytes + item->bytes.n > PL_MANY_BYTES))
        pl_many_flush(m);
    job = pl_engine_job(m->engine, item->format, m->feed, item->bytes, false);
    m->item[m->n] = *item;
    m->job[m->n++] = job;
    m->bytes += item->bytes.n;
    if (job == NULL)
        return;
    pl_job_ask_sender(job);
    pl_job_read(job, pl_engine_settings(m->engine));
    (void)pthread_mutex_lock(&m->lock);
    m->n_flying++;
    (void)pthread_mutex_unlock(&m->lock);
    pl_job_store(job, pl_engine_committer(m->engine), landed, m);
}

void pl_many_free(struct pl_many *m)
{
    (void)pthread_cond_destroy(&m->landed);
    (void)pthread_mutex_destroy(&m->lock);
}
