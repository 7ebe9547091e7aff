/* SPDX-License-Identifier: Apache-2.0 */
/* The running server: what its faces share.
 *
 * Thread-safety: shared; the counters are atomic, the rest does not change
 * between start and stop. */
#ifndef PLUGIN_HOST_SERVE_H
#define PLUGIN_HOST_SERVE_H

#include "plugin/host/cds_gate.h"
#include "plugin/host/face_socket.h"
#include "plugin/host/folder.h"
#include "plugin/host/http.h"
#include "plugin/host/mllp.h"
#include "plugin/host/workers.h"
#include "plugin/running.h"
#include "plugin/subscriptions.h"

#include <stdatomic.h>

enum { PL_FEED_BYTES = PL_TLS_NAME_BYTES + 16, PL_NETWORKS = 256 };

struct pl_server {
    struct pl_running running;
    struct pl_workers *workers;
    struct pl_workers *visits; /* CDS Hooks calls; NULL when the stage is off */
    struct pl_tls *tls;        /* NULL when nobody listens by it */
    struct pl_mllp *mllp;      /* NULL when it does not listen */
    struct pl_http *http;      /* NULL when it does not listen */
    struct pl_cds_gate *gate;  /* of http */
    struct pl_folder *folder;  /* NULL when none is watched */
    struct pl_face_socket *socket; /* NULL when no host may connect */
    struct pl_holds holds;
    struct pl_subscriptions *subscriptions;
    atomic_uint_fast64_t n_verdict[PL_FAILED + 1];
    atomic_uint_fast64_t n_strangers; /* senders that are not listed */
    atomic_uint_fast64_t n_cds_late;  /* calls that cds.deadline cut off */
    /* MLLP messages between frame and answer. */
    atomic_uint_fast64_t n_flights, flight_bytes;
    atomic_bool stopping;
    int64_t started_us;
    struct cfg_network mllp_network[PL_NETWORKS], http_network[PL_NETWORKS];
    struct an_arena nak_arena; /* of the MLLP listener's thread */
};

/* Which feed a message came by: the face, and the sender where a certificate
 * says who it is. */
struct an_str pl_feed_name(const char *face, struct an_str identity,
                           char buf[PL_FEED_BYTES]);

/* A message got its answer: count it, and think about what it triggers. */
void pl_server_count(struct pl_server *s, enum pl_verdict verdict);
/* The same of a job; tells of a sender that is not listed. */
void pl_server_count_job(struct pl_server *s, struct pl_job *job);

/* The networks of an option, which were checked when it was read. */
struct pl_peers pl_server_peers(const struct cfg_texts *texts,
                                struct cfg_network network[PL_NETWORKS]);

/* What the configured FHIR server tells us of (face_subscription.c). */
enum an_code pl_face_subscription_open(struct pl_server *s, struct an_err *err)
    __attribute__((warn_unused_result));

/* Over MLLP (face_mllp.c). */
enum an_code pl_face_mllp_open(struct pl_server *s, struct an_err *err)
    __attribute__((warn_unused_result));
/* Over HTTP (face_http.c). */
enum an_code pl_face_http_open(struct pl_server *s, struct an_err *err)
    __attribute__((warn_unused_result));

/* From files (face_folder.c). */
enum an_code pl_face_folder_open(struct pl_server *s, struct an_err *err)
    __attribute__((warn_unused_result));

/* The handlers of its routes. */
pl_http_handler pl_hl7_post;                  /* face_hl7.c */
pl_http_handler pl_cds_discover, pl_cds_call; /* face_cds.c */
pl_http_handler pl_cds_feedback;              /* face_feedback.c */
pl_http_handler pl_fhir_metadata, pl_fhir_search, pl_fhir_read;
pl_http_handler pl_get_metrics; /* metrics.c */
pl_http_handler pl_subscription_post, pl_subscription_put,
    pl_subscription_delete;

#endif
