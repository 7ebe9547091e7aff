/* SPDX-License-Identifier: Apache-2.0 */
/* One subscription, and which file does what: subscriptions.c is their life and
 * what is known of numbers, notice_int.h what one notification leads to.
 *
 * Thread-safety: as in subscriptions.h; what stands under the lock, under it. */
#ifndef PLUGIN_SUBSCRIPTIONS_INT_H
#define PLUGIN_SUBSCRIPTIONS_INT_H

#include "fhir/notification.h"
#include "plugin/fetch/fetch.h"
#include "plugin/sequence.h"
#include "plugin/subscriptions.h"

#include <pthread.h>
#include <stdatomic.h>

enum { PL_SUBSCRIPTION_NAME_BYTES = 64, PL_REFERENCE_BYTES = 256 };

struct pl_subscription {
    struct pl_subscriptions *all;
    struct an_str name;   /* the options' */
    struct an_str search; /* what finds the same; "" of a topic alone */
    uint32_t number;      /* its place, from 1 */
    char feed[PL_SUBSCRIPTION_NAME_BYTES + 16];
    pthread_mutex_t lock;
    /* Under the lock. */
    char reference[PL_REFERENCE_BYTES]; /* "Subscription/17" there; "" */
    struct pl_sequence events;
    bool cannot_query, filling; /* $events: refused; gaps: somebody is at it */
    int64_t begun_us;           /* numbers are known since; 0: they are not */
    int64_t searched_us;        /* all up to here was searched for; 0: never */
    uint64_t n_recovered, n_searched;
    /* One search at a time. */
    pthread_mutex_t searching;
    atomic_uint_fast64_t n_notices, n_fetched, n_faults, n_strangers;
    atomic_uint_fast64_t n_withdrawn, n_not_ours; /* deletions */
};

struct pl_subscriptions {
    struct pl_subscriptions_source source;
    const struct cfg_options *options;
    struct an_arena arena; /* the secret */
    struct an_str secret;  /* "Bearer ..."; "" asks for none */
    struct pl_subscription *one;
    size_t n;
    atomic_bool stopping;
};

/* It is of this subscription: numbers of another one mean nothing here. */
void pl_subscribed_note(struct pl_subscription *u,
                        const struct fhir_notification *n);

#endif
