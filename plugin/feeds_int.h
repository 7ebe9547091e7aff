/* SPDX-License-Identifier: Apache-2.0 */
/* How silent a feed usually is (feeds_usual.c), apart from what is made of it
 * (feeds.c), from who reads and ticks (feeds_thread.c) and from marks that say what
 * will not come (feeds_mark.c).  Thread-safety:
 * confined; below pl_feeds, before it begins. */
#ifndef PLUGIN_FEEDS_INT_H
#define PLUGIN_FEEDS_INT_H

#include "plugin/feeds.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    PL_USUAL_CELLS = 48,   /* hours of working days, then of weekends */
    PL_USUAL_BUCKETS = 44, /* ages: two an octave, from one second */
    PL_USUAL_HOURS_S = 3 * 3600,
    PL_USUAL_KNOWN_S = 7 * 86400,
    PL_USUAL_LONGEST_S = 14 * 86400,
    PL_USUAL_LEAST_S = 300
};

/* Seconds that a feed spent at each age. */
struct pl_usual {
    float spent_s[PL_USUAL_CELLS][PL_USUAL_BUCKETS];
    double all_s;
};

/* The time from one message to the next; `until_us` is a moment of the wall
 * clock, silence_us how long it was. */
void pl_usual_add(struct pl_usual *u, const struct an_zone *zone,
                  int64_t until_us, int64_t silence_us);
/* The longest silence that is usual at that hour, in seconds; 0: unknown yet. */
double pl_usual_silence_s(const struct pl_usual *u, const struct an_zone *zone,
                          int64_t at_us);

/* One after the other, from 0: the number of the newest message in the store; 0:
 * none.  False after the last. */
bool pl_feeds_newest(struct pl_feeds *f, size_t i, int64_t *message);
/* Its MSH-13. */
void pl_feeds_go_on(struct pl_feeds *f, size_t i, int64_t sequence);

/* Numbers that are missing now are so no longer. */
void pl_feeds_forgive(struct pl_feeds *f, uint64_t hash);

/* Marks made since the last look, or since the first. */
struct pl_feeds_marks {
    char path[1024]; /* "": there is no store, and there are none */
    int64_t seen_us; /* the newest that was acted on */
};
void pl_feeds_marks_begin(struct pl_feeds_marks *m,
                          const struct cfg_options *options, int64_t now_us);
void pl_feeds_marks_look(struct pl_feeds_marks *m, struct pl_feeds *f);

struct pl_feeds_thread {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool known; /* the past was read */
    bool runs, stopping;
    struct pl_feeds_marks marks;
    an_clock *clock;
};
struct pl_feeds_thread *pl_feeds_own_thread(struct pl_feeds *f);

#endif
