/* SPDX-License-Identifier: Apache-2.0 */
/* What a FHIR server tells us unasked, by its Subscriptions: each notification
 * becomes messages for T1, and is acknowledged after that.
 *
 *     pl_subscriptions_open(&source, &all, err);
 *     u = pl_subscription_find(all, name);
 *     if (u && pl_subscription_knows(u, authorization))
 *         pl_subscription_take(u, arena, &in, &out);
 *     pl_subscriptions_close(all);
 *
 * Plain R4: the resource itself, its deletion (HAPI FHIR: DELETE, with its id
 * alone), or nothing at all, which makes us search for what is newer.  R5 backport (fhir/notification.h): the resource in the Bundle,
 * or its name, which is fetched from fhir.url and nowhere else.  Each event has a
 * number; numbers that are missing are counted, logged, and asked for by $events.
 * Where the server has no $events, or not those any more, what is newer is searched
 * for as above, and the gap is closed; with a topic alone there is nothing to search
 * for, and it stays.  What a search closed is counted and logged apart from what has
 * come: a search never returns what was deleted, so such a gap may have held a
 * deletion that is not known here.  A bulk export tells of those (host/gone.h).
 *
 * What is known of the numbers is made again at each start from the messages of
 * feed "subscription/NAME" in the store; a gap that a search had closed is open
 * again then, and searched for once more.
 *
 * Thread-safety: shared, except that open and close are called by one thread.
 * Ownership: the source's parts must outlive it. */
#ifndef PLUGIN_SUBSCRIPTIONS_H
#define PLUGIN_SUBSCRIPTIONS_H

#include "plugin/engine.h"

struct pl_subscriptions;
struct pl_subscription;

struct pl_subscriptions_source {
    struct pl_engine *engine;
    /* A message got its answer; may be NULL. */
    void (*answered)(void *user, struct pl_job *job);
    void *user;
};

/* AN_CONFIG: no server, or a secret that is none; what pl_file_read says of its
 * file, and reading the store. */
enum an_code pl_subscriptions_open(const struct pl_subscriptions_source *source,
                                   struct pl_subscriptions **out,
                                   struct an_err *err)
    __attribute__((warn_unused_result));
/* Requests that run are given up. */
void pl_subscriptions_stop(struct pl_subscriptions *all);
void pl_subscriptions_close(struct pl_subscriptions *all); /* NULL is nothing */

/* By the name in the configuration; NULL when there is none. */
struct pl_subscription *pl_subscription_find(struct pl_subscriptions *all,
                                             struct an_str name);
size_t pl_subscriptions_n(const struct pl_subscriptions *all);
struct pl_subscription *pl_subscription_at(struct pl_subscriptions *all,
                                           size_t i);

/* Is that the Authorization header that was agreed on?  Always, where nothing
 * was.  Takes as long whatever the header is. */
bool pl_subscription_knows(const struct pl_subscription *u,
                           struct an_str authorization);

/* Somebody came without it: counted and logged. */
void pl_subscription_stranger(struct pl_subscription *u);

/* "results=Observation?category=laboratory", or in the backport
 * "results=http://h/topic Observation?category=laboratory". */
struct pl_subscription_terms {
    struct an_str name, criteria, filter; /* filter "" where there is none */
};
struct pl_subscription_terms pl_subscription_terms_of(struct an_str item);

struct pl_notice {
    struct an_str body;
    struct an_str type, id; /* of the address it was PUT to; "" of a POST */
    bool is_deleted;        /* it was DELETE */
};

struct pl_noticed {
    enum pl_verdict verdict;
    struct an_str answer; /* an OperationOutcome, or of a notification that was
                             taken an empty Bundle; "" without memory */
};

/* Store what it says and what it names; the answer is the arena's. */
void pl_subscription_take(struct pl_subscription *u, struct an_arena *arena,
                          const struct pl_notice *in, struct pl_noticed *out);

struct pl_subscription_counts {
    struct an_str name;
    uint64_t n_notices, n_fetched, n_faults, n_strangers;
    uint64_t n_withdrawn, n_not_ours; /* deletions */
    /* Numbers: missed; come after all; searched for in place of that. */
    uint64_t n_missed, n_recovered, n_searched;
    int64_t n_missing; /* now */
};
struct pl_subscription_counts pl_subscription_count(struct pl_subscription *u);

#endif
