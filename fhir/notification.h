/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions of a FHIR server: what it sends when something changed, and the
 * resource that asks for it.
 *
 *     rc = fhir_notification_read(arena, bytes, &n, err);
 *     if (rc == AN_NOTFOUND)
 *         rest_hook(bytes);          -- R4: the resource itself
 *     else if (rc == AN_OK)
 *         for (i = 0; i < n.n_events; i++)
 *             note(n.event[i].number, n.event[i].focus);
 *
 * R4 says in a rest-hook what changed by the resource, or by nothing at all.  The
 * R5 backport (Subscriptions R5 Backport IG) sends a Bundle whose first entry
 * tells its state and numbers each event: in R4 as Parameters in a Bundle of type
 * history, in R4B and R5 as SubscriptionStatus, in R5 in a Bundle of type
 * subscription-notification.  All three are read.
 *
 * Thread-safety: immutable once made.  Ownership: the arena and the bytes. */
#ifndef FHIR_NOTIFICATION_H
#define FHIR_NOTIFICATION_H

#include "base/arena.h"
#include "base/err.h"

#define FHIR_NOTICES(X)                                                        \
    X(HANDSHAKE, "handshake")                                                  \
    X(HEARTBEAT, "heartbeat")                                                  \
    X(EVENT, "event-notification")                                             \
    X(QUERY_STATUS, "query-status")                                            \
    X(QUERY_EVENT, "query-event")

enum fhir_notice {
#define X(name, text) FHIR_NOTICE_##name,
    FHIR_NOTICES(X)
#undef X
        FHIR_N_NOTICES
};

/* One event: its number, and the resource it is about. */
struct fhir_event_notice {
    int64_t number;      /* from 1 */
    struct an_str focus; /* a reference; "" when nothing is told */
    bool is_here;        /* the resource itself, or its deletion, is in the
                            Bundle */
    bool is_gone;        /* its deletion */
    struct an_str at;    /* an instant: when the last event about that resource
                            was; "" when it is not told */
};

struct fhir_notification {
    enum fhir_notice type;
    struct an_str subscription; /* a reference */
    struct an_str status;       /* "active"; "" when unsaid */
    int64_t n_since_start;      /* events so far; -1 when unsaid */
    struct fhir_event_notice *event;
    size_t n_events;
    size_t n_resources; /* in the Bundle, the state left out */
};

/* AN_NOTFOUND: it is no notification (but may be a resource).  AN_SYNTAX,
 * AN_LIMIT, AN_NOMEM as base/json.h; AN_TYPE and AN_CODE with a place for a
 * notification that is odd in what this needs. */
enum an_code fhir_notification_read(struct an_arena *arena, struct an_str bytes,
                                    struct fhir_notification *out,
                                    struct an_err *err)
    __attribute__((warn_unused_result));

/* "Observation/1" of "https://h/fhir/Observation/1/_history/2". */
struct an_str fhir_reference_local(struct an_str reference);

/* ---- what asks for it ------------------------------------------------------ */

struct fhir_subscription {
    struct an_str id;       /* of one that is renewed; "" */
    struct an_str reason;   /* for a person */
    struct an_str criteria; /* a search; in the backport a topic's address */
    struct an_str filter;   /* backport: a search within the topic; "" */
    struct an_str endpoint;
    struct an_str header;  /* "Authorization: Bearer ..."; "" */
    struct an_str end;     /* an instant; "" is never */
    struct an_str content; /* backport: empty, id-only, full-resource; "" makes
                               it one of plain R4 */
    int64_t heartbeat_s;   /* backport; 0: not asked for */
};

enum an_code fhir_subscription_write(struct an_arena *arena,
                                     const struct fhir_subscription *s,
                                     struct an_str *json, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
