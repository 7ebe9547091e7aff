/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/feeds_int.h"

#include "plugin/host/thread.h"
#include "plugin/store/arrivals.h"

enum { LOOK_MS = 1000, MESSAGE_BYTES = 256 << 20 };

/* ---- the past ----------------------------------------------------------- */

/* What comes by these says nothing about when it came. */
static bool is_load(struct an_str feed)
{
    static const char *const loads[] = {"backload", "replay", "cds-hooks"};

    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
        if (an_str_eq(feed, an_str_c(loads[i])))
            return true;
    return false;
}

static void learn(void *user, const struct pl_arrival *a)
{
    if (!is_load(a->feed))
        pl_feeds_learn(user, a->sender.n ? a->sender : a->feed, a->received_us,
                       a->said_us, a->message);
}

/* Where each one's MSH-13 stood. */
static enum an_code read_numbers(struct pl_feeds *f, struct pl_reader *reader,
                                 struct an_err *err)
{
    struct pl_message message;
    struct an_arena arena;
    enum an_code rc = AN_OK;
    int64_t number;

    an_arena_init(&arena, MESSAGE_BYTES);
    for (size_t i = 0; rc == AN_OK && pl_feeds_newest(f, i, &number); i++) {
        an_arena_reset(&arena);
        if (number == 0)
            continue;
        rc = pl_message_next(reader, &arena, number - 1, &message, err);
        if (rc == AN_OK && message.format == PL_FORMAT_HL7V2)
            pl_feeds_go_on(f, i, pl_feed_sequence(message.bytes));
    }
    an_arena_free(&arena);
    return rc;
}

enum an_code pl_feeds_read(struct pl_feeds *f,
                           const struct cfg_options *options,
                           struct an_err *err)
{
    struct pl_reader *reader;
    enum an_code rc = pl_reader_of(options, &reader, err);

    if (rc != AN_OK)
        return rc;
    rc = pl_arrivals(reader, learn, f, err);
    if (rc == AN_OK)
        rc = read_numbers(f, reader, err);
    pl_reader_close(reader);
    return rc;
}

/* ---- the present -------------------------------------------------------- */

static void *run(void *self)
{
    struct pl_feeds *f = self;
    struct pl_feeds_thread *t = pl_feeds_own_thread(f);
    bool go = true;

    pl_thread_name("feeds");
    while (go) {
        struct pl_feeds_now now = {.us = t->clock(NULL), .ms = pl_now_ms()};

        pl_feeds_tick(f, &now);
        pl_feeds_marks_look(&t->marks, f);
        pthread_mutex_lock(&t->lock);
        while (!t->stopping &&
               pl_cond_wait(&t->changed, &t->lock, now.ms + LOOK_MS))
            continue;
        go = !t->stopping;
        pthread_mutex_unlock(&t->lock);
    }
    return NULL;
}

enum an_code pl_feeds_start(struct pl_feeds *f,
                            const struct cfg_options *options, an_clock *clock,
                            struct an_err *err)
{
    struct pl_feeds_thread *t = pl_feeds_own_thread(f);
    struct pl_feeds_now now = {.us = clock(NULL), .ms = pl_now_ms()};
    enum an_code rc = AN_OK;

    if (!t->known) {
        rc = pl_feeds_read(f, options, err);
        if (rc != AN_OK)
            return rc;
        t->known = true;
    }
    pl_feeds_begin(f, &now);
    pl_feeds_marks_begin(&t->marks, options, now.us);
    pl_cond_init(&t->changed);
    (void)pthread_mutex_init(&t->lock, NULL);
    t->clock = clock;
    t->stopping = false;
    rc = pl_thread_start(&t->thread, run, f, err);
    t->runs = rc == AN_OK;
    if (rc != AN_OK) {
        (void)pthread_cond_destroy(&t->changed);
        (void)pthread_mutex_destroy(&t->lock);
    }
    return rc;
}

void pl_feeds_stop(struct pl_feeds *f)
{
    struct pl_feeds_thread *t = pl_feeds_own_thread(f);

    if (!t->runs)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
    (void)pthread_join(t->thread, NULL);
    (void)pthread_cond_destroy(&t->changed);
    (void)pthread_mutex_destroy(&t->lock);
    t->runs = false;
}
