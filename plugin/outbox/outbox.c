/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/outbox/outbox.h"

#include "plugin/host/thread.h"
#include "plugin/outbox/deliver.h"
#include "plugin/outbox/smart.h"
#include "plugin/store/outgoing.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

#include "config.h"

enum {
    LOOK_MS = 1000,
    LEAST_MS = 5,
    ARENA_BYTES = 256 << 20,
    BREAK_AFTER = 3, /* failures in a row */
    SHIFT_MAX = 30,
    DAMAGED = 998 /* the row's bytes are not those that were put there */
};

struct pl_outbox {
    struct pl_outbox_options options;
    struct pl_reader *reader; /* the thread's */
    struct pl_post *post;     /* NULL without a url */
    struct pl_deliverer deliverer;
    struct pl_smart *smart; /* NULL unless tokens come from it */
    struct pl_post_bearer bearer;
    int64_t due_us, mono_us; /* see due_now_us */
    struct an_arena arena;   /* the thread's, of one delivery */
    unsigned n_failures;     /* in a row; the thread's */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool woken, stopping; /* under the lock */
    atomic_uint_fast64_t n_delivered, n_refused, n_retried, n_left;
    atomic_bool is_broken; /* nobody is asked for a while */
};

struct pl_outbox_options pl_outbox_options_of(const struct cfg_options *o)
{
    return (struct pl_outbox_options){
        .url = o->outbox_url.n ? o->outbox_url.p : "",
        .token_file =
            o->outbox_auth == CFG_AUTH_TOKEN_FILE && o->outbox_token_file.n
                ? o->outbox_token_file.p
                : "",
        .smart = {.token_url =
                      o->outbox_token_url.n ? o->outbox_token_url.p : "",
                  .client_id = o->outbox_auth == CFG_AUTH_SMART
                                   ? o->outbox_client_id.p
                                   : NULL,
                  .key_file = o->outbox_client_key.p,
                  .scope = o->outbox_scope.p},
        .mode = (enum cfg_delivery)o->outbox_mode,
        .versions = o->outbox_versions,
        .timeout_ms = o->outbox_timeout_ms,
        .retry_first_ms = o->outbox_retry_first_ms,
        .retry_max_ms = o->outbox_retry_max_ms};
}

/* Wait, at most so long; false when it is time to stop.  With `deaf` only that
 * ends the wait early. */
static bool wait(struct pl_outbox *o, int64_t ms, bool deaf)
{
    int64_t until_ms = pl_now_ms() + ms;
    bool stopping;

    pthread_mutex_lock(&o->lock);
    while (!o->stopping && (deaf || !o->woken))
        if (!pl_cond_wait(&o->changed, &o->lock, until_ms))
            break;
    if (!deaf)
        o->woken = false;
    stopping = o->stopping;
    pthread_mutex_unlock(&o->lock);
    return !stopping;
}

static bool is_stopping(struct pl_outbox *o)
{
    bool stopping;

    pthread_mutex_lock(&o->lock);
    stopping = o->stopping;
    pthread_mutex_unlock(&o->lock);
    return stopping;
}

/* The pause after so many failures, from its upper half. */
static int64_t pause_ms(const struct pl_outbox *o, unsigned n_failures)
{
    int64_t most = o->options.retry_max_ms, ms = o->options.retry_first_ms;
    uint64_t random = 0;

    for (unsigned i = 1; i < n_failures && i < SHIFT_MAX && ms < most; i++)
        ms *= 2;
    if (ms > most)
        ms = most;
    /* Without randomness the pause is merely the shortest of its range. */
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) !=
        (ssize_t)sizeof(random))
        random = 0;
    return ms - ms / 2 + (int64_t)(random % (uint64_t)(ms / 2 + 1));
}

/* The wall clock, but never set back: what was put off for a minute is not put
 * off for a day when the clock is. */
static int64_t due_now_us(struct pl_outbox *o)
{
    int64_t wall_us = o->options.clock(NULL), mono_us = pl_now_us();
    int64_t due_us = o->due_us + (mono_us - o->mono_us);

    o->due_us = wall_us > due_us ? wall_us : due_us;
    o->mono_us = mono_us;
    return o->due_us;
}

/* Longer than anything is put off, so a clock was wrong, perhaps that of an
 * earlier process. */
static bool is_beyond_reason(const struct pl_outbox *o, int64_t ahead_us)
{
    int64_t most_ms = o->options.retry_max_ms;

    if (most_ms < PL_POST_AFTER_MAX_MS)
        most_ms = PL_POST_AFTER_MAX_MS;
    return ahead_us / 1000 > most_ms + LOOK_MS;
}

/* Note what became of the row; a store that cannot take it now is asked again,
 * since sending again what was delivered is the worse. */
static void note(struct pl_outbox *o, struct pl_attempt *a)
{
    struct an_err err;

    while (pl_store_attempt(o->options.store, a, &err) != AN_OK) {
        an_log(o->options.log, AN_EVENT_OUTBOX_FAULT, err.code, 0, 0);
        if (!wait(o, LOOK_MS, true))
            return;
    }
}

static void note_result(struct pl_outbox *o, const struct pl_outbox_row *row,
                        const struct pl_delivered *d, int64_t took_ms)
{
    const struct pl_post_result *r = &d->result;
    struct pl_attempt a = {.id = row->id,
                           .error = r->error,
                           .now_us = o->options.clock(NULL),
                           .sent = d->sent,
                           .n_sent = d->n_sent,
                           .done = d->done};
    uint64_t id = (uint64_t)row->id, error = (uint64_t)r->error;
    int64_t ms;

    if (r->fate == PL_FATE_TAKEN) {
        a.state = PL_OUTBOX_DELIVERED;
        atomic_fetch_add(&o->n_delivered, 1);
        an_log(o->options.log, AN_EVENT_OUTBOX_DELIVERED, id, error,
               (uint64_t)took_ms);
    } else if (r->fate == PL_FATE_LEFT) {
        a.state = PL_OUTBOX_TAKEN_OVER;
        atomic_fetch_add(&o->n_left, 1);
        an_log(o->options.log, AN_EVENT_OUTBOX_TAKEN_OVER, id, 0, 0);
    } else if (r->fate == PL_FATE_REFUSED) {
        a.state = PL_OUTBOX_DEAD;
        atomic_fetch_add(&o->n_refused, 1);
        an_log(o->options.log, AN_EVENT_OUTBOX_DEAD, id, error, 0);
    } else {
        ms = pause_ms(o, (unsigned)row->attempts + 1);
        if (r->retry_after_ms > ms)
            ms = r->retry_after_ms;
        a.state = PL_OUTBOX_WAITING;
        a.next_us = due_now_us(o) + ms * 1000;
        atomic_fetch_add(&o->n_retried, 1);
        an_log(o->options.log, AN_EVENT_OUTBOX_RETRY, id, error, (uint64_t)ms);
    }
    note(o, &a);
}

/* The server as a whole; a patient whom it does not know yet, or a conflict,
 * holds up nobody else. */
static bool is_down(const struct pl_post_result *r)
{
    return r->fate == PL_FATE_LATER && r->error != 404 && r->error != 409;
}

/* One attempt.  False when it is time to stop. */
static bool deliver(struct pl_outbox *o, const struct pl_outbox_row *row)
{
    int64_t began_ms = pl_now_ms();
    struct pl_delivered d;
    struct an_err err;
    bool go;

    if (pl_deliver(&o->deliverer, &o->arena, row, &d, &err) != AN_OK) {
        an_log(o->options.log, AN_EVENT_OUTBOX_FAULT, err.code, 0, 0);
        return wait(o, LOOK_MS, true);
    }
    /* What was learnt before it was stopped would be learnt again. */
    if (d.result.fate == PL_FATE_STOPPED)
        return false;
    note_result(o, row, &d, pl_now_ms() - began_ms);
    o->n_failures = is_down(&d.result) ? o->n_failures + 1 : 0;
    if (o->n_failures < BREAK_AFTER)
        return !is_stopping(o);
    atomic_store(&o->is_broken, true);
    go = wait(o, pause_ms(o, o->n_failures - BREAK_AFTER + 1), true);
    atomic_store(&o->is_broken, false);
    return go;
}

/* Deliver what is due, or wait until something is.  False at the end. */
static bool turn(struct pl_outbox *o)
{
    int64_t now_us = due_now_us(o), next_us, ms;
    struct pl_outbox_row row;
    struct an_err err;
    enum an_code rc =
        pl_outbox_due(o->reader, &o->arena, now_us, &row, &next_us, &err);

    if (rc == AN_NOTFOUND && next_us != INT64_MAX &&
        is_beyond_reason(o, next_us - now_us))
        rc = pl_outbox_due(o->reader, &o->arena, next_us, &row, &next_us, &err);
    if (rc == AN_OK)
        return deliver(o, &row);
    if (rc == AN_INTEGRITY && row.id) {
        struct pl_attempt a = {.id = row.id,
                               .state = PL_OUTBOX_DEAD,
                               .error = DAMAGED,
                               .now_us = o->options.clock(NULL)};

        an_log(o->options.log, AN_EVENT_OUTBOX_DEAD, (uint64_t)row.id, DAMAGED,
               0);
        note(o, &a);
        return !is_stopping(o);
    }
    if (rc != AN_NOTFOUND) {
        an_log(o->options.log, AN_EVENT_OUTBOX_FAULT, rc, 0, 0);
        return wait(o, LOOK_MS, true);
    }
    ms = next_us == INT64_MAX ? LOOK_MS : (next_us - now_us) / 1000 + 1;
    if (ms < LEAST_MS)
        ms = LEAST_MS;
    return wait(o, ms < LOOK_MS ? ms : LOOK_MS, false);
}

static void *run(void *self)
{
    struct pl_outbox *o = self;
    bool go = true;

    pl_thread_name("outbox");
    while (go) {
        if (o->post && pl_face_is_open(o->options.policy, PL_FACE_OUTBOX))
            go = turn(o);
        else
            go = wait(o, LOOK_MS, false);
        an_arena_reset(&o->arena);
    }
    return NULL;
}

static void release(struct pl_outbox *o)
{
    pl_post_close(o->post);
    pl_smart_close(o->smart);
    pl_reader_close(o->reader);
    an_arena_free(&o->arena);
    pthread_cond_destroy(&o->changed);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

static void prepare(struct pl_outbox *o)
{
    pl_cond_init(&o->changed);
    pthread_mutex_init(&o->lock, NULL);
    an_arena_init(&o->arena, ARENA_BYTES);
}

static enum an_code open_smart(struct pl_outbox *o,
                               struct pl_post_options *post, struct an_err *err)
{
    struct pl_smart_options smart = o->options.smart;
    enum an_code rc;

    if (smart.client_id == NULL)
        return AN_OK;
    smart.base = o->options.url;
    smart.timeout_ms = o->options.timeout_ms;
    smart.log = o->options.log;
    smart.clock = o->options.clock;
    rc = pl_smart_open(&smart, &o->smart, err);
    if (rc != AN_OK)
        return rc;
    o->bearer = pl_smart_bearer(o->smart);
    post->bearer = &o->bearer;
    return AN_OK;
}

enum an_code pl_outbox_open(const struct pl_outbox_options *options,
                            struct pl_outbox **out, struct an_err *err)
{
    struct pl_post_options post = {.url = options->url,
                                   .token_file = options->token_file,
                                   .bearer = NULL,
                                   .timeout_ms = options->timeout_ms};
    struct pl_outbox *o = calloc(1, sizeof(*o));
    enum an_code rc;

    *out = NULL;
    if (o == NULL)
        return an_fail_nomem(err);
    o->options = *options;
    prepare(o);
    rc = pl_reader_open_keys(options->store_path, options->key_file, 0,
                             &o->reader, err);
    if (rc == AN_OK && options->url[0])
        rc = open_smart(o, &post, err);
    if (rc == AN_OK && options->url[0])
        rc = pl_post_open(&post, &o->post, err);
    if (rc == AN_OK) {
        struct pl_deliverer_options deliverer = {
            .post = o->post,
            .reader = o->reader,
            .mode = options->mode,
            .versions = options->versions,
            .software = AN_STR(PACKAGE_NAME " " PACKAGE_VERSION)};

        pl_deliverer_init(&o->deliverer, &deliverer);
        rc = pl_thread_start(&o->thread, run, o, err);
    }
    if (rc != AN_OK) {
        release(o);
        return rc;
    }
    *out = o;
    return AN_OK;
}

void pl_outbox_wake(struct pl_outbox *o)
{
    pthread_mutex_lock(&o->lock);
    o->woken = true;
    pthread_cond_signal(&o->changed);
    pthread_mutex_unlock(&o->lock);
}

void pl_outbox_counts(struct pl_outbox *o, struct pl_outbox_counts *out)
{
    *out =
        (struct pl_outbox_counts){.n_delivered = atomic_load(&o->n_delivered),
                                  .n_refused = atomic_load(&o->n_refused),
                                  .n_retried = atomic_load(&o->n_retried),
                                  .n_left = atomic_load(&o->n_left),
                                  .is_broken = atomic_load(&o->is_broken)};
}

void pl_outbox_close(struct pl_outbox *o, int64_t grace_ms)
{
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->lock);
    o->stopping = true;
    pthread_cond_signal(&o->changed);
    pthread_mutex_unlock(&o->lock);
    if (o->smart)
        pl_smart_stop(o->smart);
    if (o->post)
        pl_post_stop(o->post, pl_now_ms() + (grace_ms > 0 ? grace_ms : 0));
    pthread_join(o->thread, NULL);
    release(o);
}
