/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/switching.h"

#include "plugin/host/thread.h"
#include "plugin/store/switches.h"

#include <stdlib.h>

enum { LOOK_MS = 250 };

struct pl_switching {
    struct pl_switches *switches;
    struct pl_reader *reader;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_stopping;
};

static void *look(void *arg)
{
    struct pl_switching *s = arg;

    pl_thread_name("switches");
    (void)pthread_mutex_lock(&s->lock);
    while (!s->is_stopping) {
        enum an_code rc;

        (void)pl_cond_wait(&s->changed, &s->lock, pl_now_ms() + LOOK_MS);
        if (s->is_stopping)
            break;
        (void)pthread_mutex_unlock(&s->lock);
        rc = pl_switches_refresh(s->switches, s->reader, NULL, NULL);
        (void)rc; /* it is tried again */
        (void)pthread_mutex_lock(&s->lock);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void release(struct pl_switching *s)
{
    pl_reader_close(s->reader);
    (void)pthread_cond_destroy(&s->changed);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

enum an_code pl_switching_open(struct pl_engine *e, struct pl_switching **out,
                               struct an_err *err)
{
    struct pl_switching *s = calloc(1, sizeof(*s));
    enum an_code rc;

    *out = NULL;
    if (s == NULL)
        return an_fail_nomem(err);
    s->switches = pl_engine_policy(e)->switches;
    (void)pthread_mutex_init(&s->lock, NULL);
    pl_cond_init(&s->changed);
    rc = pl_engine_reader(e, &s->reader, err);
    if (rc == AN_OK)
        rc = pl_thread_start(&s->thread, look, s, err);
    if (rc != AN_OK) {
        release(s);
        return rc;
    }
    *out = s;
    return AN_OK;
}

void pl_switching_close(struct pl_switching *s)
{
    if (s == NULL)
        return;
    (void)pthread_mutex_lock(&s->lock);
    s->is_stopping = true;
    (void)pthread_cond_signal(&s->changed);
    (void)pthread_mutex_unlock(&s->lock);
    (void)pthread_join(s->thread, NULL);
    release(s);
}
