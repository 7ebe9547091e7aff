/* SPDX-License-Identifier: Apache-2.0 */
/* The watch over feeds: who sends as usual, who has fallen silent, whose messages
 * are missing or come late.
 *
 *     pl_feeds_open(&options, &feeds, err);
 *     pl_feeds_start(feeds, &options, clock, err);  -- learns, then watches
 *     ...
 *     pl_feeds_saw(feeds, &seen);                     -- each message
 *     stale = pl_feeds_stale(feeds, arena, &n);
 *     pl_feeds_stop(feeds);
 *
 * A feed is a sender ("EHR|HOSP") where messages name one, else the way they come
 * by ("http", "subscription/results").
 *
 * How silent is usual.  At each moment a feed has an age: the time since its last
 * message.  For each hour of the day, working days and weekends apart, we keep
 * how long it had which age.  The silence that it exceeds in one hundredth of the
 * time of such an hour, times feeds.factor, is too long (never less than five
 * minutes); the hour before counts, too.  So a night that is always quiet is no
 * alarm, nor the first hour of a morning.  An hour of less than three hours' experience borrows that of all
 * hours; a feed of less than a week's is not judged, unless feeds.silence says
 * its longest silence.  A silence that was too long is learnt up to that limit
 * only: an outage does not become usual.
 *
 * Missing: MSH-13 (plugin/sequence.h), until the numbers come, the sender counts
 * anew, or somebody says that they will not come (pl_feeds_mark).  Late: the middle age of the last sixteen
 * messages when they came (receipt less MSH-7), less what it usually is, is over
 * feeds.backlog.
 *
 * Clocks.  Silence is measured by CLOCK_MONOTONIC, within this life of the
 * program: a wall clock that jumps, a machine that slept, a restart make no
 * alarm.  When the wall clock jumps against it, ages are forgotten.
 *
 * Thread-safety: shared.  Ownership: the options' parts must outlive it. */
#ifndef PLUGIN_FEEDS_H
#define PLUGIN_FEEDS_H

#include "base/log.h"
#include "base/time.h"
#include "config/options.h"
#include "context/forecast.h"

struct pl_feeds;

enum { PL_FEEDS_MOST = 256, PL_FEED_NAME_BYTES = 128 };

struct pl_feeds_options {
    const struct cfg_options *options; /* feeds.* */
    const struct an_zone *zone;        /* whose hours they are */
    struct an_log *log;                /* may be NULL */
};

struct pl_feeds_now {
    int64_t us; /* wall clock, UTC */
    int64_t ms; /* CLOCK_MONOTONIC */
};

struct pl_feed_seen {
    struct an_str name;
    struct pl_feeds_now now;
    int64_t said_us;  /* MSH-7; 0: unsaid */
    int64_t sequence; /* MSH-13; -1: unsaid */
    bool is_again;    /* the same bytes came before: nobody counts anew */
};

enum an_code pl_feeds_open(const struct pl_feeds_options *options,
                           struct pl_feeds **out, struct an_err *err)
    __attribute__((warn_unused_result));
void pl_feeds_close(struct pl_feeds *f); /* NULL is nothing */

/* Learn from the newest messages of the options' store (loads of history and replays left
 * out), go on with their MSH-13, and look after the feeds once a second in a
 * thread of its own.  Fails as reading a store does, and pl_thread_start. */
enum an_code pl_feeds_start(struct pl_feeds *f,
                            const struct cfg_options *options, an_clock *clock,
                            struct an_err *err)
    __attribute__((warn_unused_result));
void pl_feeds_stop(struct pl_feeds *f); /* of one that was started, or not */
/* The first half of it: for whoever only wants to know. */
enum an_code pl_feeds_read(struct pl_feeds *f,
                           const struct cfg_options *options,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* Numbers of this feed that are missing at that moment will not come: a mark beside
 * the store (store.path.feeds), for a server that runs over it now; it looks once a
 * second.  AN_IO, AN_NOMEM. */
enum an_code pl_feeds_mark(const struct cfg_options *options, uint64_t hash,
                           int64_t at_us, struct an_err *err)
    __attribute__((warn_unused_result));

/* What the thread and the reading are made of.  Learn the past, oldest first,
 * then begin, then tick.  A feed beyond PL_FEEDS_MOST is not watched. */
void pl_feeds_learn(struct pl_feeds *f, struct an_str name, int64_t received_us,
                    int64_t said_us, int64_t message);
void pl_feeds_begin(struct pl_feeds *f, const struct pl_feeds_now *now);

void pl_feeds_saw(struct pl_feeds *f, const struct pl_feed_seen *seen);
void pl_feeds_tick(struct pl_feeds *f, const struct pl_feeds_now *now);

struct pl_feed_state {
    struct an_str name;
    uint64_t hash;               /* stands for the name in logs and metrics */
    int64_t last_us, through_us; /* of the newest: received; said */
    int64_t silent_ms, limit_ms; /* limit 0: it is not judged */
    int64_t late_ms;             /* 0: no more than usual */
    int64_t n_missing;
    uint64_t n_messages, n_missed; /* since the start */
    bool is_silent, is_late;
};

/* All feeds by name; copies in the arena.  NULL without memory. */
const struct pl_feed_state *pl_feeds_list(struct pl_feeds *f,
                                          struct an_arena *arena,
                                          const struct pl_feeds_now *now,
                                          size_t *n);

/* Those that suggestions must speak of, as they were at the last message or
 * tick: silent, late or with gaps; the first few by name.  NULL without
 * memory. */
const struct ctx_feed *pl_feeds_stale(struct pl_feeds *f,
                                      struct an_arena *arena, size_t *n);

/* MSH-13 of a message; -1 when it is unsaid. */
int64_t pl_feed_sequence(struct an_str hl7);

#endif
