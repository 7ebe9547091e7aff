/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/abi/handles_int.h"

#include <pthread.h>

struct place {
    struct anamnesis_engine *engine; /* NULL: free */
    uint32_t generation;
    uint32_t n_users;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t given;
    struct place place[ABI_HANDLES];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .given = PTHREAD_COND_INITIALIZER};

enum { PLACE_BITS = 16, GENERATION_MASK = 0x7FFFFFFF };

/* 1 and up, so that neither 0 nor an error code is ever a handle. */
static int64_t handle_of(size_t i)
{
    return (int64_t)table.place[i].generation << PLACE_BITS | (int64_t)(i + 1);
}

/* Its place, if it is valid. */
static struct place *find(int64_t handle)
{
    size_t i = (size_t)(handle & ((1 << PLACE_BITS) - 1)) - 1;

    return handle > 0 && i < ABI_HANDLES && table.place[i].engine &&
                   handle_of(i) == handle
               ? &table.place[i]
               : NULL;
}

int64_t abi_handle_new(struct anamnesis_engine *engine)
{
    int64_t handle = 0;

    (void)pthread_mutex_lock(&table.lock);
    for (size_t i = 0; i < ABI_HANDLES && handle == 0; i++) {
        struct place *p = &table.place[i];

        /* One that was dropped may still be in use. */
        if (p->engine || p->n_users)
            continue;
        p->generation = (p->generation + 1) & GENERATION_MASK;
        p->engine = engine;
        handle = handle_of(i);
    }
    (void)pthread_mutex_unlock(&table.lock);
    return handle;
}

struct anamnesis_engine *abi_handle_take(int64_t handle)
{
    struct anamnesis_engine *engine = NULL;
    struct place *p;

    (void)pthread_mutex_lock(&table.lock);
    p = find(handle);
    if (p) {
        engine = p->engine;
        p->n_users++;
    }
    (void)pthread_mutex_unlock(&table.lock);
    return engine;
}

void abi_handle_give(int64_t handle)
{
    size_t i = (size_t)(handle & ((1 << PLACE_BITS) - 1)) - 1;

    (void)pthread_mutex_lock(&table.lock);
    if (--table.place[i].n_users == 0)
        (void)pthread_cond_broadcast(&table.given);
    (void)pthread_mutex_unlock(&table.lock);
}

struct anamnesis_engine *abi_handle_drop(int64_t handle)
{
    struct anamnesis_engine *engine = NULL;
    struct place *p;

    (void)pthread_mutex_lock(&table.lock);
    p = find(handle);
    if (p) {
        engine = p->engine;
        p->engine = NULL;
        while (p->n_users)
            (void)pthread_cond_wait(&table.given, &table.lock);
    }
    (void)pthread_mutex_unlock(&table.lock);
    return engine;
}
