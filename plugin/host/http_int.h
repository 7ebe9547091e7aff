/* SPDX-License-Identifier: Apache-2.0 */
/* What http.c (life of the server) and http_request.c (life of one request)
 * share. */
#ifndef PLUGIN_HOST_HTTP_INT_H
#define PLUGIN_HOST_HTTP_INT_H

#include "plugin/host/rate.h"
#include "plugin/host/route_int.h"
#include "plugin/host/thread.h"

#include "base/buf.h"

#include <microhttpd.h>

#include <stdatomic.h>

struct request {
    struct pl_http *server;
    struct request *next; /* among the spare ones */
    struct an_arena arena;
    struct pl_http_request q;
    struct pl_http_response r;
    const struct pl_http_route *route; /* NULL: it will be refused */
    unsigned refusal;                  /* its status, 0: none so far */
    struct an_buf body;
    size_t body_limit, discarded;
    int64_t began_us;
    bool is_known_method;
    char allow[PL_ALLOW_BYTES];
    char wait[16]; /* seconds, of a refusal for too many */
};

struct pl_http {
    struct pl_http_options options;
    struct pl_http_calls calls;
    struct an_log *log;
    struct MHD_Daemon *daemon;
    int listen_fd; /* MHD's while it listens */
    uint16_t port;
    uint32_t n_threads;
    atomic_bool is_stopping;
    struct pl_rate *rate; /* NULL: as many as come */

    pthread_mutex_t lock; /* for these */
    pthread_cond_t is_idle;
    struct request *spare; /* their arenas keep a block */
    uint32_t n_spare;
    uint64_t running;
    bool is_hurried;

    struct {
        atomic_uint_fast64_t requests, refused, refused_address, refused_rate,
            faults, bytes_in, bytes_out;
    } count;
};

/* MHD's callbacks; see microhttpd.h. */
enum MHD_Result pl_http_access(void *server, struct MHD_Connection *connection,
                               const char *url, const char *method,
                               const char *version, const char *upload,
                               size_t *upload_bytes, void **request);
void pl_http_completed(void *server, struct MHD_Connection *connection,
                       void **request, enum MHD_RequestTerminationCode why);

void pl_request_free(struct request *rq);

#endif
