/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/workers.h"

#include "plugin/host/thread.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct item {
    pl_work *work;
    void *arg;
};

struct worker {
    struct pl_workers *all;
    pthread_t thread;
    uint32_t index;
};

struct pl_workers {
    char name[16];
    uint32_t n_threads, n_started, n_queued;
    bool background;
    struct worker *worker;

    pthread_mutex_t lock; /* for all below */
    pthread_cond_t has_work, is_idle;
    struct item *queue; /* a ring */
    uint32_t first, n_waiting, n_busy;
    bool is_stopping;
};

static void *run(void *arg)
{
    const struct worker *me = arg;
    struct pl_workers *w = me->all;

    pl_thread_name(w->name);
    if (w->background)
        pl_thread_yield_to_others();
    pthread_mutex_lock(&w->lock);
    for (;;) {
        struct item item;

        while (w->n_waiting == 0 && !w->is_stopping)
            pthread_cond_wait(&w->has_work, &w->lock);
        if (w->n_waiting == 0)
            break;
        item = w->queue[w->first];
        w->first = (w->first + 1) % w->n_queued;
        w->n_waiting--;
        w->n_busy++;
        pthread_mutex_unlock(&w->lock);
        item.work(item.arg, me->index);
        pthread_mutex_lock(&w->lock);
        w->n_busy--;
        if (w->n_busy == 0 && w->n_waiting == 0)
            pthread_cond_broadcast(&w->is_idle);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

enum an_code pl_workers_put(struct pl_workers *w, pl_work *work, void *arg)
{
    enum an_code code = AN_BUSY;

    pthread_mutex_lock(&w->lock);
    if (w->n_waiting < w->n_queued && !w->is_stopping) {
        w->queue[(w->first + w->n_waiting) % w->n_queued] =
            (struct item){work, arg};
        w->n_waiting++;
        code = AN_OK;
        pthread_cond_signal(&w->has_work);
    }
    pthread_mutex_unlock(&w->lock);
    return code;
}

uint32_t pl_workers_n_threads(const struct pl_workers *w)
{
    return w->n_threads;
}

uint32_t pl_workers_waiting(struct pl_workers *w)
{
    uint32_t n;

    pthread_mutex_lock(&w->lock);
    n = w->n_waiting;
    pthread_mutex_unlock(&w->lock);
    return n;
}

void pl_workers_drain(struct pl_workers *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->n_waiting || w->n_busy)
        pthread_cond_wait(&w->is_idle, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

void pl_workers_stop(struct pl_workers *w)
{
    pthread_mutex_lock(&w->lock);
    w->is_stopping = true;
    pthread_cond_broadcast(&w->has_work);
    pthread_mutex_unlock(&w->lock);
    for (uint32_t i = 0; i < w->n_started; i++)
        pthread_join(w->worker[i].thread, NULL);
    w->n_started = 0;
}

static uint32_t cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n > 0 ? (uint32_t)n : 1;
}

enum an_code pl_workers_open(const struct pl_workers_options *options,
                             struct pl_workers **workers, struct an_err *err)
{
    struct pl_workers *w = calloc(1, sizeof(*w));
    enum an_code code = AN_OK;

    *workers = NULL;
    if (w == NULL)
        return an_fail_nomem(err);
    w->n_threads = options->n_threads ? options->n_threads : cores();
    w->n_queued = options->n_queued;
    w->background = options->background;
    strncpy(w->name, options->name, sizeof(w->name) - 1);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->has_work, NULL);
    pthread_cond_init(&w->is_idle, NULL);
    w->queue = calloc(w->n_queued, sizeof(*w->queue));
    w->worker = calloc(w->n_threads, sizeof(*w->worker));
    if (w->queue == NULL || w->worker == NULL)
        code = an_fail_nomem(err);
    for (uint32_t i = 0; code == AN_OK && i < w->n_threads; i++) {
        w->worker[i].all = w;
        w->worker[i].index = i;
        code = pl_thread_start(&w->worker[i].thread, run, &w->worker[i], err);
        w->n_started += code == AN_OK;
    }
    if (code)
        pl_workers_close(w);
    else
        *workers = w;
    return code;
}

void pl_workers_close(struct pl_workers *w)
{
    if (w == NULL)
        return;
    pl_workers_stop(w);
    pthread_cond_destroy(&w->is_idle);
    pthread_cond_destroy(&w->has_work);
    pthread_mutex_destroy(&w->lock);
    free(w->worker);
    free(w->queue);
    free(w);
}
