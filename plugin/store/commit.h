/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit: one thread that stores everything that waits in one
 * transaction, so that 64 connections share one flush of the disk.
 *
 *     pl_committer_open(store, &limits, &committer, err);
 *     waiter = (struct pl_waiter){.intake = &intake, .done = answer};
 *     if (pl_committer_submit(committer, &waiter, err) != AN_OK)
 *         refuse();                     -- AN_BUSY: answer "try again"
 *     ...                               -- answer(waiter) comes by itself
 *     pl_committer_close(committer);    -- after all that waits is stored
 *
 * Who comes while a group is being written joins it, as long as it has room;
 * who comes while it is flushed is of the next.  Each waiter is called back
 * exactly once, after its group is on the disk or has failed: an accept
 * acknowledgement may leave from the callback and not before.  An intake that
 * fails by itself fails alone; when the store fails (a full disk) the whole
 * group gets the same error, nothing of it is kept, and the next group tries
 * again.
 *
 * Thread-safety: shared; submit and put may be called from any thread, and
 * from callbacks.  Callbacks run in the committer's thread and hold up the next
 * group: wake somebody and return.  Ownership: the waiter and its intake are
 * the submitter's and must live until the callback, which may free them. */
#ifndef PLUGIN_STORE_COMMIT_H
#define PLUGIN_STORE_COMMIT_H

#include "plugin/store/store.h"

struct pl_committer;

struct pl_committer_limits {
    size_t waiting, waiting_bytes; /* beyond: AN_BUSY; 0: 4,096 and 64 MiB */
    size_t group, group_bytes;     /* of one transaction; 0: 256 and 8 MiB */
};

struct pl_waiter {
    const struct pl_intake *intake;
    void (*done)(struct pl_waiter *w);
    void *user; /* the callback's business */

    /* Set before the callback: the receipt, or why there is none. */
    enum an_code code;
    struct pl_receipt receipt;
    struct an_err err;

    struct pl_waiter *next; /* the committer's business */
};

struct pl_committer_state {
    size_t n_waiting, waiting_bytes; /* now */
    uint64_t n_groups, n_stored;     /* so far; duplicates count as stored */
    uint64_t n_failed, n_busy;
};

enum an_code pl_committer_open(struct pl_store *store,
                               const struct pl_committer_limits *limits,
                               struct pl_committer **out, struct an_err *err)
    __attribute__((warn_unused_result));

/* AN_BUSY (the queue is full, or closing): there will be no callback.  A
 * message larger than all limits is taken when nothing else waits. */
enum an_code pl_committer_submit(struct pl_committer *c, struct pl_waiter *w,
                                 struct an_err *err)
    __attribute__((warn_unused_result));

/* Submit and wait; not from a callback. */
enum an_code pl_committer_put(struct pl_committer *c,
                              const struct pl_intake *intake,
                              struct pl_receipt *receipt, struct an_err *err)
    __attribute__((warn_unused_result));

void pl_committer_state(struct pl_committer *c, struct pl_committer_state *out);

/* Take no more, store what waits, end the thread.  The store stays open.
 * NULL is nothing to close; not from a callback. */
void pl_committer_close(struct pl_committer *c);

#endif
