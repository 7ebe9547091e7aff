/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/watch.h"

#include "plugin/host/thread.h"
#include "plugin/host/workers.h"

#include <stdlib.h>

enum {
    LOOK_MS = 1000,
    BATCH = 64, /* triggers */
    LIST_BYTES = 16 << 20,
    ARENA_BYTES = 1 << 30
};

/* What each worker has for itself. */
struct desk {
    struct pl_consultant *consultant;
    struct an_arena arena;
};

/* All that waits of one identifier, in its order. */
struct group {
    struct pl_watch *w;
    const struct pl_trigger **trigger;
    size_t n;
};

struct pl_watch {
    struct pl_watch_options options;
    struct pl_reader *reader; /* the watch's own thread's */
    struct an_arena arena;    /* of one batch; the same thread's */
    struct pl_workers *workers;
    struct desk *desk;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool woken, stopping;          /* under the lock, as all below */
    uint64_t n_wanted, n_finished; /* sweeps: asked for by drain, done */
    struct pl_watch_counts counts;
};

/* ---- one question ------------------------------------------------------- */

static bool comes_again(enum an_code rc)
{
    return rc == AN_IO || rc == AN_BUSY || rc == AN_NOMEM;
}

static void count(struct pl_watch *w, const struct pl_answer *a)
{
    pthread_mutex_lock(&w->lock);
    w->counts.n_answered++;
    w->counts.n_said += a->n_said;
    w->counts.n_unreachable += a->unreachable;
    w->counts.forecast[a->forecast.abstention]++;
    for (size_t i = 0; i < a->forecast.n_risks; i++)
        w->counts.risk[a->forecast.risk[i].abstention]++;
    pthread_mutex_unlock(&w->lock);
}

/* Take the triggers off the list without an answer. */
static void give_up(struct pl_watch *w, const struct pl_call *call)
{
    struct an_err err;

    if (pl_store_triggers_done(w->options.consult.store, call->trigger,
                               call->n_triggers, &err) != AN_OK)
        an_log(w->options.log, AN_EVENT_CONSULT_FAULT,
               (uint64_t)call->trigger[0], err.code, 0);
}

static void fail(struct pl_watch *w, const struct pl_call *call,
                 enum an_code rc)
{
    bool again = comes_again(rc);

    an_log(w->options.log, AN_EVENT_CONSULT_FAULT, (uint64_t)call->trigger[0],
           rc, !again);
    if (!again)
        give_up(w, call);
    pthread_mutex_lock(&w->lock);
    w->counts.n_given_up += !again;
    w->counts.n_put_off += again;
    pthread_mutex_unlock(&w->lock);
}

static void ask(struct pl_watch *w, struct desk *desk,
                const struct pl_call *call)
{
    struct pl_answer answer;
    struct an_err err;
    enum an_code rc;

    desk->arena.peak_bytes = 0;
    rc = pl_consult(desk->consultant, &desk->arena, call, &answer, &err);
    /* Its record alone fills the room: it would again. */
    if (rc == AN_NOMEM && desk->arena.peak_bytes > ARENA_BYTES / 2)
        rc = AN_LIMIT;
    if (rc != AN_OK) {
        fail(w, call, rc);
    } else if (!answer.duplicate) {
        count(w, &answer);
        if (answer.unreachable)
            an_log(w->options.log, AN_EVENT_CONSULT_UNREACHABLE,
                   (uint64_t)call->trigger[0], 0, 0);
        if (answer.n_deliveries + answer.n_filings && w->options.posted)
            w->options.posted(w->options.user);
    }
    an_arena_reset(&desk->arena);
}

/* The triggers [from, ...) that are one question; *n of them.  By the system's
 * clock it is about the present, which pl_consult knows. */
static struct pl_call question(const struct group *g, size_t from, int64_t *id,
                               size_t *n)
{
    bool each = g->w->options.consult.options->clock == CFG_CLOCK_MESSAGES;
    const struct pl_trigger *first = g->trigger[from];
    size_t k = 0;

    while (from + k < g->n &&
           (!each || g->trigger[from + k]->message == first->message)) {
        id[k] = g->trigger[from + k]->id;
        k++;
    }
    *n = k;
    return (struct pl_call){.patient = first->patient,
                            .now_us = each ? first->said_us : 0,
                            .clock_us = g->w->options.clock(NULL),
                            .trigger = id,
                            .n_triggers = k,
                            .face = PL_N_FACES};
}

static void work(void *arg, uint32_t thread)
{
    const struct group *g = arg;
    int64_t id[BATCH];

    for (size_t i = 0, n; i < g->n; i += n) {
        struct pl_call call = question(g, i, id, &n);

        ask(g->w, &g->w->desk[thread], &call);
    }
}

/* ---- all that waits ----------------------------------------------------- */

/* One group for each identifier.  False without memory. */
static bool gather(struct pl_watch *w, const struct pl_trigger *t, size_t n,
                   struct group **out, size_t *n_groups)
{
    struct group *group = an_arena_get(&w->arena, n, sizeof(*group));
    size_t n_all = 0;

    if (group == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;

        while (k < n_all && ctx_identifier_cmp(&group[k].trigger[0]->patient,
                                               &t[i].patient) != 0)
            k++;
        if (k == n_all) {
            group[k] = (struct group){.w = w};
            group[k].trigger =
                an_arena_get(&w->arena, n, sizeof(*group[k].trigger));
            if (group[k].trigger == NULL)
                return false;
            n_all++;
        }
        group[k].trigger[group[k].n++] = &t[i];
    }
    *out = group;
    *n_groups = n_all;
    return true;
}

static bool is_stopping(struct pl_watch *w)
{
    bool stopping;

    pthread_mutex_lock(&w->lock);
    stopping = w->stopping;
    pthread_mutex_unlock(&w->lock);
    return stopping;
}

/* How many of them nobody holds: triggers are in the order of messages. */
static size_t n_free(struct pl_watch *w, const struct pl_trigger *t, size_t n)
{
    int64_t until = pl_hold_free_until(w->options.holds);
    size_t k = 0;

    while (k < n && t[k].message <= until)
        k++;
    return k;
}

/* The next batch after trigger *after; false when there is none. */
static bool batch(struct pl_watch *w, int64_t *after)
{
    const struct pl_trigger *trigger;
    struct group *group = NULL;
    size_t n, n_groups = 0;
    struct an_err err;
    enum an_code rc =
        pl_triggers(w->reader, &w->arena, *after, BATCH, &trigger, &n, &err);

    n = rc == AN_OK ? n_free(w, trigger, n) : 0;
    if (n && !gather(w, trigger, n, &group, &n_groups))
        rc = AN_NOMEM;
    if (rc != AN_OK)
        an_log(w->options.log, AN_EVENT_CONSULT_FAULT, (uint64_t)*after, rc, 0);
    if (rc != AN_OK || n == 0)
        return false;
    for (size_t i = 0; i < n_groups; i++)
        if (pl_workers_put(w->workers, work, &group[i]) != AN_OK)
            break;
    pl_workers_drain(w->workers);
    *after = trigger[n - 1].id;
    return true;
}

/* Wait for a reason to look; false when it is time to stop. */
static bool wait(struct pl_watch *w, uint64_t *sweep)
{
    int64_t until_ms = pl_now_ms() + LOOK_MS;
    bool go;

    pthread_mutex_lock(&w->lock);
    while (!w->stopping && !w->woken && w->n_wanted == w->n_finished)
        if (!pl_cond_wait(&w->changed, &w->lock, until_ms))
            break;
    w->woken = false;
    *sweep = w->n_wanted;
    go = !w->stopping;
    pthread_mutex_unlock(&w->lock);
    return go;
}

static void *run(void *self)
{
    struct pl_watch *w = self;
    uint64_t sweep;

    pl_thread_name("watch");
    while (wait(w, &sweep)) {
        int64_t after = 0;

        while (!is_stopping(w) && batch(w, &after))
            an_arena_reset(&w->arena);
        an_arena_reset(&w->arena);
        pthread_mutex_lock(&w->lock);
        w->n_finished = sweep;
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

/* ---- life --------------------------------------------------------------- */

static void prepare(struct pl_watch *w)
{
    pl_cond_init(&w->changed);
    pthread_mutex_init(&w->lock, NULL);
    an_arena_init(&w->arena, LIST_BYTES);
}

static enum an_code open_desks(struct pl_watch *w, struct an_err *err)
{
    uint32_t n = pl_workers_n_threads(w->workers);
    enum an_code rc = AN_OK;

    w->desk = calloc(n, sizeof(*w->desk));
    if (w->desk == NULL)
        return an_fail_nomem(err);
    for (uint32_t i = 0; rc == AN_OK && i < n; i++) {
        an_arena_init(&w->desk[i].arena, ARENA_BYTES);
        rc = pl_consultant_open(&w->options.consult, &w->desk[i].consultant,
                                err);
    }
    return rc;
}

static void release(struct pl_watch *w)
{
    uint32_t n = w->desk ? pl_workers_n_threads(w->workers) : 0;

    for (uint32_t i = 0; i < n; i++) {
        pl_consultant_close(w->desk[i].consultant);
        an_arena_free(&w->desk[i].arena);
    }
    free(w->desk);
    pl_workers_close(w->workers);
    pl_reader_close(w->reader);
    an_arena_free(&w->arena);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

enum an_code pl_watch_open(const struct pl_watch_options *options,
                           struct pl_watch **out, struct an_err *err)
{
    struct pl_workers_options workers = {.name = "think",
                                         .n_threads = options->n_threads,
                                         .n_queued = BATCH,
                                         .background = true};
    struct pl_watch *w = calloc(1, sizeof(*w));
    enum an_code rc;

    if (w == NULL)
        return an_fail_nomem(err);
    w->options = *options;
    w->woken = true; /* what a crash left */
    prepare(w);
    rc = pl_reader_of(options->consult.options, &w->reader, err);
    if (rc == AN_OK)
        rc = pl_workers_open(&workers, &w->workers, err);
    if (rc == AN_OK)
        rc = open_desks(w, err);
    if (rc == AN_OK)
        rc = pl_thread_start(&w->thread, run, w, err);
    if (rc != AN_OK) {
        release(w);
        return rc;
    }
    *out = w;
    return AN_OK;
}

void pl_watch_wake(struct pl_watch *w)
{
    pthread_mutex_lock(&w->lock);
    if (!w->woken) {
        w->woken = true;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
}

bool pl_watch_drain(struct pl_watch *w, int64_t timeout_ms)
{
    int64_t until_ms = pl_now_ms() + timeout_ms;
    uint64_t mine;
    bool done, late = false;

    pthread_mutex_lock(&w->lock);
    mine = ++w->n_wanted;
    pthread_cond_broadcast(&w->changed);
    while (w->n_finished < mine && !late) {
        if (timeout_ms < 0)
            pthread_cond_wait(&w->changed, &w->lock);
        else
            late = !pl_cond_wait(&w->changed, &w->lock, until_ms);
    }
    done = w->n_finished >= mine;
    pthread_mutex_unlock(&w->lock);
    return done;
}

void pl_watch_counts(struct pl_watch *w, struct pl_watch_counts *out)
{
    pthread_mutex_lock(&w->lock);
    *out = w->counts;
    pthread_mutex_unlock(&w->lock);
}

void pl_watch_close(struct pl_watch *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    release(w);
}
