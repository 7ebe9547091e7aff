/* SPDX-License-Identifier: Apache-2.0 */
/* Many messages of one piece: each is stored by itself (T1), many share a
 * commit, and what became of them is told in their order.
 *
 *     pl_many_init(&many, engine, feed, told, user);
 *     for (each message)
 *         pl_many_add(&many, &item);       -- may call told() for earlier ones
 *     pl_many_flush(&many);                -- told() was called for all
 *
 * Thread-safety: confined; told() is called in the caller's thread.  Memory: at
 * most PL_MANY_JOBS messages or PL_MANY_BYTES of them at a time.  Ownership: the
 * bytes of an item are copied, its headers are views that must live until it is
 * told. */
#ifndef PLUGIN_HOST_MANY_H
#define PLUGIN_HOST_MANY_H

#include "plugin/engine.h"

#include <pthread.h>

enum { PL_MANY_JOBS = 128, PL_MANY_BYTES = 4 << 20 };

struct pl_many_item {
    struct an_str bytes;
    enum pl_format format;
    struct an_str file_header, batch_header; /* FHS, BHS in force */
    uint64_t number;                         /* in the piece, from 1 */
    size_t offset;                           /* of bytes, in the piece */
};

/* `job` is NULL when there was no memory for one. */
typedef void pl_many_told(void *user, const struct pl_many_item *item,
                          struct pl_job *job);

struct pl_many {
    struct pl_engine *engine;
    struct an_str feed;
    pl_many_told *told;
    void *user;
    struct pl_many_item item[PL_MANY_JOBS];
    struct pl_job *job[PL_MANY_JOBS];
    size_t n, bytes;
    pthread_mutex_t lock;
    pthread_cond_t landed;
    size_t n_flying; /* under the lock */
};

void pl_many_init(struct pl_many *m, struct pl_engine *engine,
                  struct an_str feed, pl_many_told *told, void *user);
void pl_many_add(struct pl_many *m, const struct pl_many_item *item);
/* Wait for all that were added, tell, and end. */
void pl_many_flush(struct pl_many *m);
void pl_many_free(struct pl_many *m);

#endif
