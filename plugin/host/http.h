/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP listener: libmicrohttpd, a table of routes, one arena a request.
 *
 *     static const struct pl_http_route routes[] = {
 *         {PL_GET, "/health/live", live, 0},
 *         {PL_GET, "/fhir/RiskAssessment/{}", read_one, 0},
 *         {PL_POST, "/fhir/{}", ingest, 0},
 *     };
 *
 *     static enum an_code read_one(void *ctx, struct pl_http_request *q,
 *                                  struct pl_http_response *r)
 *     {
 *         r->status = 200;
 *         r->content_type = "application/fhir+json";
 *         return print_risk(ctx, q->arena, q->param[0], &r->body);
 *     }
 *
 * A handler runs in one of the listener's threads and may wait; as many run at
 * a time as there are threads.  HEAD is answered by the GET route, the body
 * left out.  Every refusal that is made here (400, 403, 404, 405, 413, 429,
 * 500, 503)
 * has its status and headers set and goes through `on_refusal`, which may put an
 * OperationOutcome into it.
 *
 * Keep-alive, chunked bodies and Expect: 100-continue are libmicrohttpd's.  A
 * body that is announced too long is refused before it is read; one that turns
 * out too long is read on for a while, so that the refusal can be heard, then
 * cut off.
 *
 * With TLS a client whose certificate is wrong, or missing where one is
 * required, gets 403 and nothing else.  Each request is asked anew, so that a
 * reload of the keys counts for connections that stay open, too.
 *
 * Thread-safety: shared, except that open, stop and close are called by one
 * thread; handlers must be safe to run in parallel.  Memory: a request's arena
 * is wiped when its response has been sent. */
#ifndef PLUGIN_HOST_HTTP_H
#define PLUGIN_HOST_HTTP_H

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "config/value.h"
#include "plugin/host/listen.h"
#include "plugin/host/tls.h"

enum {
    PL_HTTP_PARAMS = 4,  /* {} in one route */
    PL_HTTP_HEADERS = 8, /* beside Content-Type in a response */
    PL_HTTP_PATH_BYTES = 2048
};

enum pl_http_method {
    PL_GET = 1,
    PL_POST = 2,
    PL_PUT = 4,
    PL_PATCH = 8,
    PL_DELETE = 16,
    PL_OPTIONS = 32
};

struct pl_http_request {
    struct an_arena *arena; /* lives until the response has been sent */
    enum pl_http_method method;
    bool is_head;                        /* method is PL_GET then */
    struct an_str path;                  /* decoded, without the query */
    struct an_str param[PL_HTTP_PARAMS]; /* what stood for {} and * */
    struct an_str content_type;          /* without parameters, "" for none */
    struct an_str body;
    struct an_str identity;            /* by its certificate; "" without one */
    struct MHD_Connection *connection; /* for the functions below */
};

/* Texts live as long as the arena or for ever. */
struct pl_http_response {
    unsigned status; /* 200 if nothing is said */
    const char *content_type;
    struct an_str body;
    struct {
        const char *name, *value;
    } header[PL_HTTP_HEADERS];
    size_t n_headers;
};

/* Fill the response.  A code other than AN_OK is answered with 503 for AN_BUSY
 * and 500 for the rest, through on_refusal. */
typedef enum an_code pl_http_handler(void *ctx, struct pl_http_request *q,
                                     struct pl_http_response *r);

struct pl_http_route {
    enum pl_http_method method;
    const char *path; /* "/a/{}/b": {} is one part that is not empty; a last
                         part "*" is all the rest, which may be empty */
    pl_http_handler *handle;
    size_t max_body_bytes; /* 0: the listener's */
};

struct pl_http_calls {
    void *ctx;
    const struct pl_http_route *route; /* the first that fits is taken */
    size_t n_routes;
    /* May set content type and body; NULL leaves the body empty. */
    void (*on_refusal)(void *ctx, struct pl_http_request *q,
                       struct pl_http_response *r);
    /* Asked of each request before its body is read, whether there is a route
     * or not: 0 lets it pass; any other status is its answer, without a body
     * below 400 and by on_refusal from there.  NULL: all pass. */
    unsigned (*guard)(void *ctx, struct pl_http_request *q);
    /* May add headers to any answer; NULL: adds none. */
    void (*on_answer)(void *ctx, struct pl_http_request *q,
                      struct pl_http_response *r);
};

struct pl_http_options {
    struct cfg_address address;
    size_t max_body_bytes;
    size_t max_answer_bytes; /* what a handler may take of its arena */
    uint32_t max_connections;
    uint32_t n_threads;    /* 0: one for each core */
    int64_t timeout_ms;    /* silence on a connection; time for a body */
    struct pl_tls *tls;    /* NULL: none; it must outlive the server */
    struct pl_peers peers; /* borrowed */
    uint32_t max_per_peer; /* connections of one address; 0: no limit */
    uint32_t rate;         /* requests of one address a second; 0: no limit */
    uint32_t burst;        /* and at once, see rate.h */
};

struct pl_http_counts {
    uint64_t requests, refused, faults; /* refused: 4xx made here */
    uint64_t refused_address;           /* connections that are not allowed */
    uint64_t refused_rate; /* of `refused`: too many of one address */
    uint64_t running;
    uint64_t bytes_in, bytes_out; /* of bodies */
};

struct pl_http;

/* Listen and start the threads; the routes must outlive the server.  AN_IO with
 * the address as place when the port is in use. */
enum an_code pl_http_open(const struct pl_http_options *options,
                          const struct pl_http_calls *calls, struct an_log *log,
                          struct pl_http **server, struct an_err *err)
    __attribute__((warn_unused_result));

uint16_t pl_http_port(const struct pl_http *server);
struct pl_http_counts pl_http_counts(struct pl_http *server);

/* A header of the request, any case; the first of its name.  False if none. */
bool pl_http_header(const struct pl_http_request *q, const char *name,
                    struct an_str *value);
/* A decoded argument of the query; the first of its name.  False if none. */
bool pl_http_query(const struct pl_http_request *q, const char *name,
                   struct an_str *value);
/* It comes from this machine: 127.0.0.0/8, ::1. */
bool pl_http_is_local(const struct pl_http_request *q);
/* One more header in the response; name and value live as long as the arena.
 * Past PL_HTTP_HEADERS it is left out. */
void pl_http_add_header(struct pl_http_response *r, const char *name,
                        const char *value);

/* Accept no more, let running requests end and their responses go out, close
 * all connections; what still runs after grace_ms is cut off as soon as its
 * handler returns. */
void pl_http_stop(struct pl_http *server, int64_t grace_ms);
/* The time is up now; from any thread, also before the stop. */
void pl_http_hurry(struct pl_http *server);

/* Stop if that was not done, and free.  NULL is nothing. */
void pl_http_close(struct pl_http *server);

#endif
