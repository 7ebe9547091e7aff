/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/consultants.h"

#include "plugin/host/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOOK_MS = 5 };

struct pl_consultants {
    pthread_mutex_t lock;
    pthread_cond_t given;
    uint32_t n, n_free;
    struct pl_consultant **consultant; /* the first n_free are free */
};

enum an_code pl_consultants_open(const struct pl_consult_source *from,
                                 uint32_t n, struct pl_consultants **out,
                                 struct an_err *err)
{
    struct pl_consultants *c = calloc(1, sizeof(*c));
    long n_cores = sysconf(_SC_NPROCESSORS_ONLN);
    enum an_code rc = AN_OK;

    if (c == NULL)
        return an_fail_nomem(err);
    (void)pthread_mutex_init(&c->lock, NULL);
    pl_cond_init(&c->given);
    if (n == 0)
        n = n_cores > 0 ? (uint32_t)n_cores : 1;
    c->consultant = calloc(n, sizeof(struct pl_consultant *));
    if (c->consultant == NULL)
        rc = an_fail_nomem(err);
    for (; rc == AN_OK && c->n < n; c->n += rc == AN_OK)
        rc = pl_consultant_open(from, &c->consultant[c->n], err);
    c->n_free = c->n;
    if (rc != AN_OK) {
        pl_consultants_close(c);
        return rc;
    }
    *out = c;
    return AN_OK;
}

void pl_consultants_close(struct pl_consultants *c)
{
    if (c == NULL)
        return;
    for (uint32_t i = 0; i < c->n; i++)
        pl_consultant_close(c->consultant[i]);
    free(c->consultant);
    (void)pthread_cond_destroy(&c->given);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}

/* One that is free; NULL when the caller no longer waits. */
static struct pl_consultant *take(struct pl_consultants *c,
                                  const struct pl_call *call)
{
    struct pl_consultant *mine = NULL;
    bool wanted = true;

    (void)pthread_mutex_lock(&c->lock);
    while (c->n_free == 0 && wanted) {
        (void)pl_cond_wait(&c->given, &c->lock, pl_now_ms() + LOOK_MS);
        if (c->n_free == 0 && call->is_wanted) {
            (void)pthread_mutex_unlock(&c->lock);
            wanted = call->is_wanted(call->user);
            (void)pthread_mutex_lock(&c->lock);
        }
    }
    if (wanted && c->n_free)
        mine = c->consultant[--c->n_free];
    (void)pthread_mutex_unlock(&c->lock);
    return mine;
}

enum an_code pl_consultants_ask(struct pl_consultants *c,
                                struct an_arena *arena,
                                const struct pl_call *call,
                                struct pl_answer *out, struct an_err *err)
{
    struct pl_consultant *mine = take(c, call);
    enum an_code rc;

    if (mine == NULL)
        return an_fail(err, AN_BUSY, "nobody waits for the answer any more", 0);

    rc = pl_consult(mine, arena, call, out, err);

    (void)pthread_mutex_lock(&c->lock);
    c->consultant[c->n_free++] = mine;
    (void)pthread_cond_signal(&c->given);
    (void)pthread_mutex_unlock(&c->lock);
    return rc;
}
