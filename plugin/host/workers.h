/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that take work from a bounded queue, in order.
 *
 *     pl_workers_open(&options, &workers, err);
 *     if (pl_workers_put(workers, handle, message) == AN_BUSY)
 *         hold the sender back
 *     ...
 *     pl_workers_stop(workers);    -- what is queued is still done
 *     pl_workers_close(workers);
 *
 * Thread-safety: shared.  No allocation after open.  Work is taken in the
 * order in which it was put; two threads may finish out of order. */
#ifndef PLUGIN_HOST_WORKERS_H
#define PLUGIN_HOST_WORKERS_H

#include "base/err.h"

struct pl_workers;

struct pl_workers_options {
    const char *name;   /* of the threads; 15 bytes are shown */
    uint32_t n_threads; /* 0: one for each core the process may use */
    uint32_t n_queued;  /* most work that waits, at least 1 */
    bool background;    /* the rest of the process goes first */
};

/* `thread` counts from 0: an index into what each thread has for itself. */
typedef void pl_work(void *arg, uint32_t thread);

enum an_code pl_workers_open(const struct pl_workers_options *options,
                             struct pl_workers **workers, struct an_err *err)
    __attribute__((warn_unused_result));

/* AN_BUSY: the queue is full, or the workers are stopping; nothing was
 * taken. */
enum an_code pl_workers_put(struct pl_workers *w, pl_work *work, void *arg)
    __attribute__((warn_unused_result));

uint32_t pl_workers_n_threads(const struct pl_workers *w);
/* How much waits, not counting what is being done. */
uint32_t pl_workers_waiting(struct pl_workers *w);

/* Return when nothing waits and nothing is being done.  Others may go on
 * putting; not to be called by a worker. */
void pl_workers_drain(struct pl_workers *w);

/* Take no more, do what waits, end the threads. */
void pl_workers_stop(struct pl_workers *w);

/* Stop if that was not done, and free.  NULL is nothing. */
void pl_workers_close(struct pl_workers *w);

#endif
