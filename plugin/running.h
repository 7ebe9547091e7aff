/* SPDX-License-Identifier: Apache-2.0 */
/* An engine that works: messages are taken, what they trigger is thought about,
 * what is said leaves.  What the program's server and a host process have in
 * common, opened and closed in the one order in which nothing is lost.
 *
 *     pl_running_open(&running, &source, NULL, err);   -- engine, consultants
 *     pl_running_start(&running, err);                 -- watch, outbox
 *     ...
 *     pl_running_wake(&running);                       -- after T1
 *     ...
 *     pl_running_close(&running, grace_ms);
 *
 * Thread-safety: wake, posted and count are shared; the others are called by one
 * thread.  Ownership: it owns what it opens; holds and the source's log are
 * borrowed. */
#ifndef PLUGIN_RUNNING_H
#define PLUGIN_RUNNING_H

#include "plugin/consultants.h"
#include "plugin/engine.h"
#include "plugin/filing/filer.h"
#include "plugin/hold.h"
#include "plugin/keeper.h"
#include "plugin/outbox/outbox.h"
#include "plugin/switching.h"
#include "plugin/watch.h"

struct pl_running {
    struct pl_engine *engine;
    struct pl_consultants *consultants; /* NULL when the stage is off */
    struct pl_watch *watch;             /* NULL then, and while it is paused */
    struct pl_outbox *outbox;           /* NULL when nobody receives anything */
    struct pl_filer *filer;             /* the same by HL7 version 2 */
    struct pl_keeper *keeper;
    struct pl_switching *switching; /* from open to close */
    struct pl_holds *holds;         /* NULL: all is left to the watch */
    an_clock *clock;
    pthread_mutex_t lock; /* over those that others wake */
};

/* The engine and who answers callers who wait.  Fails as pl_engine_open does;
 * there is nothing to close then. */
enum an_code pl_running_open(struct pl_running *r,
                             const struct pl_engine_source *from,
                             struct pl_holds *holds, struct an_err *err)
    __attribute__((warn_unused_result));

/* What works in threads of its own.  On failure none of it does. */
enum an_code pl_running_start(struct pl_running *r, struct an_err *err)
    __attribute__((warn_unused_result));
/* The opposite: what is under way is ended, a delivery within grace_ms; what
 * waits stays in the store.  It may be started again. */
void pl_running_pause(struct pl_running *r, int64_t grace_ms);

/* There may be something to think about; to deliver. */
void pl_running_wake(struct pl_running *r);
void pl_running_posted(struct pl_running *r);

struct pl_running_counts {
    bool thinks, delivers,
        files; /* the watch is there; the outbox; the filer */
    struct pl_watch_counts watch;
    struct pl_outbox_counts outbox;
    struct pl_filer_counts filer;
};

/* Since the last start. */
struct pl_running_counts pl_running_count(struct pl_running *r);

/* No more messages; those taken are stored, then all that works pauses. */
void pl_running_stop(struct pl_running *r, int64_t grace_ms);
/* Stop if that was not done, and free.  Nothing for one that is all zero. */
void pl_running_close(struct pl_running *r, int64_t grace_ms);

#endif
