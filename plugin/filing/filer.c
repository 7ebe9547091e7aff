/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/filing/filer.h"

#include "plugin/filing/make.h"
#include "plugin/filing/send.h"
#include "plugin/host/thread.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
    LOOK_MS = 1000,
    LEAST_MS = 5,
    ARENA_BYTES = 256 << 20,
    FIELDS_BYTES = 64 << 20,
    BREAK_AFTER = 3, /* failures in a row */
    SHIFT_MAX = 30
};

struct pl_filer {
    struct pl_filer_options options;
    struct pl_fields fields;
    struct an_arena kept;     /* the fields' */
    struct pl_reader *reader; /* the thread's */
    struct pl_send *sender;
    struct an_arena arena;   /* the thread's, of one message */
    unsigned n_failures;     /* of the connection, in a row; the thread's */
    int64_t due_us, mono_us; /* see due_now_us */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool woken, stopping, ended; /* under the lock */
    atomic_uint_fast64_t n_delivered, n_refused, n_retried;
};

/* Wait, at most so long; false when it is time to stop.  With `deaf` only that
 * ends the wait early. */
static bool wait(struct pl_filer *f, int64_t ms, bool deaf)
{
    int64_t until_ms = pl_now_ms() + ms;
    bool stopping;

    (void)pthread_mutex_lock(&f->lock);
    while (!f->stopping && (deaf || !f->woken))
        if (!pl_cond_wait(&f->changed, &f->lock, until_ms))
            break;
    if (!deaf)
        f->woken = false;
    stopping = f->stopping;
    (void)pthread_mutex_unlock(&f->lock);
    return !stopping;
}

/* The pause after so many failures, from its upper half. */
static int64_t pause_ms(const struct pl_filer *f, unsigned n_failures)
{
    const struct cfg_options *o = f->options.options;
    int64_t most = o->hl7_out_retry_max_ms, ms = o->hl7_out_retry_first_ms;
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
static int64_t due_now_us(struct pl_filer *f)
{
    int64_t wall_us = f->options.clock(NULL), mono_us = pl_now_us();
    int64_t due_us = f->due_us + (mono_us - f->mono_us);

    f->due_us = wall_us > due_us ? wall_us : due_us;
    f->mono_us = mono_us;
    return f->due_us;
}

/* Note what became of the row; a store that cannot take it now is asked again,
 * since sending again what was delivered is the worse. */
static bool note(struct pl_filer *f, const struct pl_attempt *a)
{
    struct an_err err;

    while (pl_store_attempt(f->options.store, a, &err) != AN_OK) {
        an_log(f->options.log, AN_EVENT_FILING_FAULT, err.code, 0, 0);
        if (!wait(f, LOOK_MS, true))
            return false;
    }
    return wait(f, 0, true);
}

static bool is_dead(const struct pl_filer *f, const struct pl_filing_row *row,
                    enum pl_filing_error error)
{
    if (error == PL_FILING_AE || error == PL_FILING_CE)
        return row->n_errors + 1 >= f->options.options->hl7_out_errors;
    return error == PL_FILING_AR || error == PL_FILING_CR ||
           error == PL_FILING_UNSAYABLE || error == PL_FILING_KEPT ||
           error == PL_FILING_DAMAGED;
}

/* False when it is time to stop. */
static bool settle(struct pl_filer *f, const struct pl_filing_row *row,
                   enum pl_filing_error error, int64_t took_ms)
{
    struct pl_attempt a = {.id = row->id,
                           .state = PL_OUTBOX_DELIVERED,
                           .error = (int)error,
                           .now_us = f->options.clock(NULL)};
    uint64_t id = (uint64_t)row->id;
    int64_t ms;

    if (error == PL_FILING_NONE) {
        atomic_fetch_add(&f->n_delivered, 1);
        an_log(f->options.log, AN_EVENT_FILING_DELIVERED, id, (uint64_t)took_ms,
               0);
    } else if (is_dead(f, row, error)) {
        a.state = PL_OUTBOX_DEAD;
        atomic_fetch_add(&f->n_refused, 1);
        an_log(f->options.log, AN_EVENT_FILING_DEAD, id, error, 0);
    } else {
        ms = pause_ms(f, (unsigned)row->attempts + 1);
        a.state = PL_OUTBOX_WAITING;
        a.next_us = due_now_us(f) + ms * 1000;
        atomic_fetch_add(&f->n_retried, 1);
        an_log(f->options.log, AN_EVENT_FILING_RETRY, id, error, (uint64_t)ms);
    }
    return note(f, &a);
}

static bool is_down(enum pl_filing_error error)
{
    return error >= PL_FILING_NO_CONNECTION && error <= PL_FILING_OTHER;
}

/* One attempt.  False when it is time to stop. */
static bool deliver(struct pl_filer *f, const struct pl_filing_row *row,
                    struct an_str message)
{
    int64_t began_ms = pl_now_ms();
    enum pl_filing_error error = pl_send(f->sender, message);

    if (is_down(error) && pl_send_is_stopped(f->sender))
        return false;
    if (!settle(f, row, error, pl_now_ms() - began_ms))
        return false;
    f->n_failures = is_down(error) ? f->n_failures + 1 : 0;
    return f->n_failures < BREAK_AFTER ||
           wait(f, pause_ms(f, f->n_failures - BREAK_AFTER + 1), true);
}

static bool take(struct pl_filer *f, const struct pl_filing_row *row)
{
    const struct pl_making making = {.reader = f->reader,
                                     .store = f->options.store,
                                     .fields = &f->fields,
                                     .policy = f->options.policy,
                                     .now_us = f->options.clock(NULL)};
    struct an_str message = row->payload;
    enum pl_filing_error error = PL_FILING_NONE;
    enum an_code rc = AN_OK;
    struct an_err err;

    if (!row->is_ready)
        rc = pl_filing_make(&making, &f->arena, row, &message, &error, &err);
    if (rc != AN_OK) {
        an_log(f->options.log, AN_EVENT_FILING_FAULT, rc, 0, 0);
        return wait(f, LOOK_MS, true);
    }
    if (error != PL_FILING_NONE)
        return settle(f, row, error, 0);
    return message.n ? deliver(f, row, message) : wait(f, 0, true);
}

/* Send what is due, or wait until something is.  False at the end. */
static bool turn(struct pl_filer *f)
{
    int64_t now_us = due_now_us(f), next_us, ms;
    struct pl_filing_row row;
    struct an_err err;
    enum an_code rc =
        pl_filing_due(f->reader, &f->arena, now_us, &row, &next_us, &err);

    /* Longer than anything is put off, so a clock was wrong. */
    if (rc == AN_NOTFOUND && next_us != INT64_MAX &&
        (next_us - now_us) / 1000 >
            f->options.options->hl7_out_retry_max_ms + LOOK_MS)
        rc = pl_filing_due(f->reader, &f->arena, next_us, &row, &next_us, &err);
    if (rc == AN_OK)
        return take(f, &row);
    if (rc == AN_INTEGRITY && row.id)
        return settle(f, &row, PL_FILING_DAMAGED, 0);
    if (rc != AN_NOTFOUND) {
        an_log(f->options.log, AN_EVENT_FILING_FAULT, rc, 0, 0);
        return wait(f, LOOK_MS, true);
    }
    ms = next_us == INT64_MAX ? LOOK_MS : (next_us - now_us) / 1000 + 1;
    if (ms < LEAST_MS)
        ms = LEAST_MS;
    return wait(f, ms < LOOK_MS ? ms : LOOK_MS, false);
}

static void *run(void *self)
{
    struct pl_filer *f = self;
    bool go = true;

    pl_thread_name("filer");
    while (go) {
        if (pl_face_is_open(f->options.policy, PL_FACE_HL7))
            go = turn(f);
        else
            go = wait(f, LOOK_MS, false);
        an_arena_reset(&f->arena);
    }
    (void)pthread_mutex_lock(&f->lock);
    f->ended = true;
    (void)pthread_cond_broadcast(&f->changed);
    (void)pthread_mutex_unlock(&f->lock);
    return NULL;
}

static void release(struct pl_filer *f)
{
    pl_send_close(f->sender);
    pl_reader_close(f->reader);
    an_arena_free(&f->arena);
    an_arena_free(&f->kept);
    (void)pthread_cond_destroy(&f->changed);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

enum an_code pl_filer_open(const struct pl_filer_options *options,
                           struct pl_filer **out, struct an_err *err)
{
    struct pl_filer *f = calloc(1, sizeof(*f));
    enum an_code rc;

    *out = NULL;
    if (f == NULL)
        return an_fail_nomem(err);
    f->options = *options;
    pl_cond_init(&f->changed);
    (void)pthread_mutex_init(&f->lock, NULL);
    an_arena_init(&f->arena, ARENA_BYTES);
    an_arena_init(&f->kept, FIELDS_BYTES);
    rc = pl_fields_read(&f->kept, options->options,
                        pl_must_mark(options->policy), &f->fields, err);
    if (rc == AN_OK)
        rc = pl_reader_of(options->options, &f->reader, err);
    if (rc == AN_OK)
        rc = pl_send_open(options->options, &f->sender, err);
    if (rc == AN_OK)
        rc = pl_thread_start(&f->thread, run, f, err);
    if (rc != AN_OK) {
        release(f);
        return rc;
    }
    *out = f;
    return AN_OK;
}

void pl_filer_wake(struct pl_filer *f)
{
    (void)pthread_mutex_lock(&f->lock);
    f->woken = true;
    (void)pthread_cond_broadcast(&f->changed);
    (void)pthread_mutex_unlock(&f->lock);
}

void pl_filer_counts(struct pl_filer *f, struct pl_filer_counts *out)
{
    *out = (struct pl_filer_counts){.n_delivered = atomic_load(&f->n_delivered),
                                    .n_refused = atomic_load(&f->n_refused),
                                    .n_retried = atomic_load(&f->n_retried)};
}

void pl_filer_close(struct pl_filer *f, int64_t grace_ms)
{
    int64_t until_ms = pl_now_ms() + (grace_ms > 0 ? grace_ms : 0);

    if (f == NULL)
        return;
    (void)pthread_mutex_lock(&f->lock);
    f->stopping = true;
    (void)pthread_cond_broadcast(&f->changed);
    while (!f->ended && pl_cond_wait(&f->changed, &f->lock, until_ms))
        ;
    (void)pthread_mutex_unlock(&f->lock);
    pl_send_stop(f->sender);
    (void)pthread_join(f->thread, NULL);
    release(f);
}
