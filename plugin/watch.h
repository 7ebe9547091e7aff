/* SPDX-License-Identifier: Apache-2.0 */
/* The watch: acts on what messages have triggered, in threads of its own and
 * behind those that answer messages.
 *
 *     pl_watch_open(&options, &watch, err);   -- what a crash left comes first
 *     ...
 *     pl_watch_wake(watch);                   -- after T1
 *     pl_watch_drain(watch, -1);              -- until nothing waits
 *     pl_watch_close(watch);                  -- ends what is being done
 *
 * By the system's clock all that waits of one patient is one question, asked
 * about now.  By the messages' clock (a replay of old messages) each message
 * is a question of its own, asked about the moment that it speaks of.
 *
 * A question that fails for want of disk, lock or memory is asked again, after
 * the others; one that would fail again is given up, counted and logged.
 *
 * Thread-safety: shared, except that open and close are called by one thread.
 * Ownership: the options' parts must outlive the watch. */
#ifndef PLUGIN_WATCH_H
#define PLUGIN_WATCH_H

#include "base/log.h"
#include "plugin/consult.h"
#include "plugin/hold.h"

struct pl_watch;

struct pl_watch_options {
    struct pl_consult_source consult;
    uint32_t n_threads;         /* 0: one for each core */
    struct pl_holds *holds;     /* whose triggers others answer; may be NULL */
    struct an_log *log;         /* may be NULL */
    an_clock *clock;            /* UTC microseconds */
    void (*posted)(void *user); /* the outbox got something; may be NULL */
    void *user;
};

struct pl_watch_counts {
    uint64_t n_answered, n_given_up, n_put_off;
    uint64_t n_said;                      /* suggestions */
    uint64_t n_unreachable;               /* patients, each time */
    uint64_t forecast[CTX_N_ABSTENTIONS]; /* [0]: did not abstain */
    uint64_t risk[CTX_N_ABSTENTIONS];
};

enum an_code pl_watch_open(const struct pl_watch_options *options,
                           struct pl_watch **out, struct an_err *err)
    __attribute__((warn_unused_result));

/* There may be something new.  It looks by itself once a second too. */
void pl_watch_wake(struct pl_watch *w);

/* Return when every trigger that nobody holds has been answered, given up or
 * put off once: true.  False when timeout_ms went by first; -1 waits for it. */
bool pl_watch_drain(struct pl_watch *w, int64_t timeout_ms);

void pl_watch_counts(struct pl_watch *w, struct pl_watch_counts *out);

/* What is being done is finished; what waits stays in the store.  NULL is
 * nothing to close. */
void pl_watch_close(struct pl_watch *w);

#endif
