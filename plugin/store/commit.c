/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/commit.h"

#include "plugin/host/thread.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    WAITING = 4096,
    WAITING_BYTES = 64 << 20,
    GROUP = 256,
    GROUP_BYTES = 8 << 20
};

struct pl_committer {
    struct pl_store *store;
    struct pl_committer_limits limits;
    pthread_t thread;

    pthread_mutex_t lock; /* over all that follows but the group */
    pthread_cond_t some;  /* something waits, or closing */
    struct pl_waiter *first, **end;
    struct pl_committer_state state;
    bool closing;

    /* The thread's own: the group being written. */
    struct pl_waiter *group, **group_end;
    size_t group_bytes;
    const struct pl_intake **intake;
    struct pl_receipt *receipt;
};

/* What an intake weighs in the queue. */
static size_t weight(const struct pl_waiter *w)
{
    size_t bytes = w->intake->raw.n;

    for (size_t i = 0; i < w->intake->n_filings; i++)
        bytes += w->intake->filing[i].blob.n;
    return bytes;
}

/* Move from the queue to the group what it has room for, at least one waiter
 * to an empty group.  Holds the lock. */
static void gather(struct pl_committer *c, size_t *n)
{
    while (c->first && *n < c->limits.group) {
        struct pl_waiter *w = c->first;
        size_t bytes = weight(w);

        if (*n && c->group_bytes + bytes > c->limits.group_bytes)
            return;
        c->first = w->next;
        if (c->first == NULL)
            c->end = &c->first;
        w->next = NULL;
        *c->group_end = w;
        c->group_end = &w->next;
        c->group_bytes += bytes;
        c->intake[(*n)++] = w->intake;
        c->state.n_waiting--;
        c->state.waiting_bytes -= bytes;
    }
}

/* Who came while the group was written need not wait for two flushes: of 8 who
 * wait for each other's, 4 would share one, and 8 do. */
static bool gather_more(struct pl_batch *batch)
{
    struct pl_committer *c = batch->user;
    size_t n = batch->n;

    pthread_mutex_lock(&c->lock);
    gather(c, &batch->n);
    pthread_mutex_unlock(&c->lock);
    return batch->n > n;
}

/* False when there is nothing to store any more. */
static bool next_group(struct pl_committer *c, size_t *n)
{
    *n = 0;
    c->group = NULL;
    c->group_end = &c->group;
    c->group_bytes = 0;
    pthread_mutex_lock(&c->lock);
    while (c->first == NULL && !c->closing)
        pthread_cond_wait(&c->some, &c->lock);
    gather(c, n);
    pthread_mutex_unlock(&c->lock);
    return *n > 0;
}

/* The callback may free the waiter, so the next one is read before. */
static void answer_all(struct pl_waiter *group,
                       const struct pl_receipt *receipt, enum an_code code,
                       const struct an_err *err)
{
    for (struct pl_waiter *next; group; group = next, receipt++) {
        next = group->next;
        if (code != AN_OK) {
            group->code = code;
            group->err = *err;
        } else {
            group->code = receipt->code;
            group->receipt = *receipt;
            group->err = receipt->err;
        }
        group->done(group);
    }
}

static void count(struct pl_committer *c, enum an_code code, size_t n)
{
    size_t n_stored = 0;

    for (size_t i = 0; code == AN_OK && i < n; i++)
        n_stored += c->receipt[i].code == AN_OK;
    pthread_mutex_lock(&c->lock);
    c->state.n_groups++;
    c->state.n_stored += n_stored;
    c->state.n_failed += n - n_stored;
    pthread_mutex_unlock(&c->lock);
}

static void *commit(void *self)
{
    struct pl_committer *c = self;
    struct pl_batch batch = {.intake = c->intake,
                             .receipt = c->receipt,
                             .more = gather_more,
                             .user = c};

    while (next_group(c, &batch.n)) {
        struct an_err err = {.code = AN_OK};
        enum an_code code = pl_store_put_batch(c->store, &batch, &err);

        count(c, code, batch.n);
        answer_all(c->group, c->receipt, code, &err);
    }
    return NULL;
}

static void limits_fill(struct pl_committer_limits *l)
{
    l->waiting = l->waiting ? l->waiting : WAITING;
    l->waiting_bytes = l->waiting_bytes ? l->waiting_bytes : WAITING_BYTES;
    l->group = l->group ? l->group : GROUP;
    l->group_bytes = l->group_bytes ? l->group_bytes : GROUP_BYTES;
}

static void committer_free(struct pl_committer *c)
{
    pthread_cond_destroy(&c->some);
    pthread_mutex_destroy(&c->lock);
    free(c->intake);
    free(c->receipt);
    free(c);
}

enum an_code pl_committer_open(struct pl_store *store,
                               const struct pl_committer_limits *limits,
                               struct pl_committer **out, struct an_err *err)
{
    struct pl_committer *c = calloc(1, sizeof(*c));
    enum an_code code;

    *out = NULL;
    if (c == NULL)
        return an_fail_nomem(err);
    c->store = store;
    if (limits)
        c->limits = *limits;
    limits_fill(&c->limits);
    c->end = &c->first;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->some, NULL);
    c->intake = calloc(c->limits.group, sizeof(*c->intake));
    c->receipt = calloc(c->limits.group, sizeof(*c->receipt));
    if (c->intake == NULL || c->receipt == NULL) {
        committer_free(c);
        return an_fail_nomem(err);
    }
    code = pl_thread_start(&c->thread, commit, c, err);
    if (code != AN_OK) {
        committer_free(c);
        return code;
    }
    *out = c;
    return AN_OK;
}

enum an_code pl_committer_submit(struct pl_committer *c, struct pl_waiter *w,
                                 struct an_err *err)
{
    size_t bytes = weight(w);
    enum an_code code = AN_OK;

    w->next = NULL;
    w->code = AN_OK;
    pthread_mutex_lock(&c->lock);
    if (c->closing) {
        code = an_fail(err, AN_BUSY, "the store is closing", 0);
    } else if (c->state.n_waiting &&
               (c->state.n_waiting >= c->limits.waiting ||
                bytes > c->limits.waiting_bytes ||
                c->state.waiting_bytes > c->limits.waiting_bytes - bytes)) {
        c->state.n_busy++;
        code = an_fail(err, AN_BUSY, "too many messages wait to be stored", 0);
    } else {
        *c->end = w;
        c->end = &w->next;
        c->state.n_waiting++;
        c->state.waiting_bytes += bytes;
        if (c->state.n_waiting == 1)
            pthread_cond_signal(&c->some);
    }
    pthread_mutex_unlock(&c->lock);
    return code;
}

/* Somebody who waits for one callback. */
struct sleeper {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool done;
};

static void wake(struct pl_waiter *w)
{
    struct sleeper *s = w->user;

    pthread_mutex_lock(&s->lock);
    s->done = true;
    pthread_cond_signal(&s->woken);
    pthread_mutex_unlock(&s->lock);
}

enum an_code pl_committer_put(struct pl_committer *c,
                              const struct pl_intake *intake,
                              struct pl_receipt *receipt, struct an_err *err)
{
    struct sleeper s = {.done = false};
    struct pl_waiter w = {.intake = intake, .done = wake, .user = &s};
    enum an_code code;

    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.woken, NULL);
    code = pl_committer_submit(c, &w, err);
    if (code == AN_OK) {
        pthread_mutex_lock(&s.lock);
        while (!s.done)
            pthread_cond_wait(&s.woken, &s.lock);
        pthread_mutex_unlock(&s.lock);
        code = w.code;
        *receipt = w.receipt;
        if (code != AN_OK && err)
            *err = w.err;
    }
    pthread_cond_destroy(&s.woken);
    pthread_mutex_destroy(&s.lock);
    return code;
}

void pl_committer_state(struct pl_committer *c, struct pl_committer_state *out)
{
    pthread_mutex_lock(&c->lock);
    *out = c->state;
    pthread_mutex_unlock(&c->lock);
}

void pl_committer_close(struct pl_committer *c)
{
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    c->closing = true;
    pthread_cond_signal(&c->some);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    committer_free(c);
}
