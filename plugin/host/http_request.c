/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request: headers, body, handler, response. */
#include "plugin/host/http_int.h"
#include "plugin/host/tls_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPARE_PER_THREAD = 2,
    /* Of a body too long, so that the refusal can be heard. */
    DISCARD_BYTES = 4 << 20,
    ROOM_BYTES = 64 << 10 /* for headers, paths and the like */
};

static void count(atomic_uint_fast64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* ---- requests and their arenas ------------------------------------------ */

static struct request *request_new(struct pl_http *s)
{
    struct request *rq;
    struct an_arena arena;

    pthread_mutex_lock(&s->lock);
    rq = s->spare;
    if (rq) {
        s->spare = rq->next;
        s->n_spare--;
    }
    s->running++;
    pthread_mutex_unlock(&s->lock);
    if (rq) {
        arena = rq->arena;
    } else {
        rq = malloc(sizeof(*rq));
        an_arena_init(&arena, 0);
    }
    if (rq == NULL) {
        pthread_mutex_lock(&s->lock);
        s->running--;
        pthread_mutex_unlock(&s->lock);
        return NULL;
    }
    *rq = (struct request){.server = s, .arena = arena};
    rq->q.arena = &rq->arena;
    rq->began_us = pl_now_us();
    return rq;
}

void pl_request_free(struct request *rq)
{
    an_arena_free(&rq->arena);
    free(rq);
}

static void request_end(struct request *rq)
{
    struct pl_http *s = rq->server;
    bool is_kept;

    an_arena_reset(&rq->arena);
    pthread_mutex_lock(&s->lock);
    is_kept = s->n_spare < s->n_threads * SPARE_PER_THREAD;
    if (is_kept) {
        rq->next = s->spare;
        s->spare = rq;
        s->n_spare++;
    }
    if (--s->running == 0)
        pthread_cond_broadcast(&s->is_idle);
    pthread_mutex_unlock(&s->lock);
    if (!is_kept)
        pl_request_free(rq);
}

/* ---- what the handler asks ---------------------------------------------- */

static bool lookup(const struct pl_http_request *q, enum MHD_ValueKind kind,
                   const char *name, struct an_str *value)
{
    const char *p = NULL;
    size_t n = 0;

    if (MHD_lookup_connection_value_n(q->connection, kind, name, strlen(name),
                                      &p, &n) != MHD_YES)
        return false;
    *value = (struct an_str){p ? p : "", p ? n : 0};
    return true;
}

bool pl_http_header(const struct pl_http_request *q, const char *name,
                    struct an_str *value)
{
    return lookup(q, MHD_HEADER_KIND, name, value);
}

bool pl_http_query(const struct pl_http_request *q, const char *name,
                   struct an_str *value)
{
    return lookup(q, MHD_GET_ARGUMENT_KIND, name, value);
}

void pl_http_add_header(struct pl_http_response *r, const char *name,
                        const char *value)
{
    if (r->n_headers == PL_HTTP_HEADERS)
        return;
    r->header[r->n_headers].name = name;
    r->header[r->n_headers].value = value;
    r->n_headers++;
}

bool pl_http_is_local(const struct pl_http_request *q)
{
    static const struct cfg_network here[] = {
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127}, 104},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128}};
    const union MHD_ConnectionInfo *got = MHD_get_connection_info(
        q->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    uint8_t address[16];

    if (got == NULL || got->client_addr == NULL)
        return false;
    pl_peer_address(got->client_addr, address);
    return cfg_network_has(&here[0], address) ||
           cfg_network_has(&here[1], address);
}

/* ---- the beginning ------------------------------------------------------ */

/* No part may climb: a handler must not meet "..". */
static bool is_plain_path(struct an_str path)
{
    struct an_str part;

    if (path.n == 0 || path.n > PL_HTTP_PATH_BYTES || path.p[0] != '/')
        return false;
    while (an_str_cut(&path, '/', &part))
        if (an_str_eq(part, AN_STR("..")) || an_str_eq(part, AN_STR(".")))
            return false;
    return true;
}

static void route(struct request *rq, const char *url, const char *method)
{
    struct pl_http *s = rq->server;
    struct an_str type = {"", 0};
    unsigned allowed = 0;

    rq->is_known_method =
        pl_route_method(an_str_c(method), &rq->q.method, &rq->q.is_head);
    if (!an_arena_str(&rq->arena, an_str_c(url), &rq->q.path)) {
        rq->refusal = MHD_HTTP_INTERNAL_SERVER_ERROR;
        return;
    }
    if (!is_plain_path(rq->q.path)) {
        rq->refusal = MHD_HTTP_BAD_REQUEST;
        return;
    }
    rq->route = pl_route_find(&s->calls, &rq->q, &allowed);
    if (rq->route == NULL) {
        rq->refusal =
            allowed ? MHD_HTTP_METHOD_NOT_ALLOWED : MHD_HTTP_NOT_FOUND;
        pl_route_allow(allowed, rq->allow);
    } else if (rq->route->max_body_bytes) {
        rq->body_limit = rq->route->max_body_bytes;
    }
    pl_http_header(&rq->q, MHD_HTTP_HEADER_CONTENT_TYPE, &type);
    an_str_cut(&type, ';', &rq->q.content_type);
    rq->q.content_type = an_str_trim(rq->q.content_type);
}

/* Who sends it; false when whoever it is may not. */
static bool identify(struct request *rq)
{
    const union MHD_ConnectionInfo *got;
    char name[PL_TLS_NAME_BYTES];

    rq->q.identity = AN_STR("");
    if (rq->server->options.tls == NULL)
        return true;
    got = MHD_get_connection_info(rq->q.connection,
                                  MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return got &&
           pl_tls_session_check(rq->server->options.tls, got->tls_session,
                                name) &&
           an_arena_str(&rq->arena, an_str_c(name), &rq->q.identity);
}

/* True when the body is announced as longer than it may be. */
static bool is_too_long(struct request *rq)
{
    struct an_str text;
    uint64_t n;

    return pl_http_header(&rq->q, MHD_HTTP_HEADER_CONTENT_LENGTH, &text) &&
           an_str_u64(text, &n) && n > rq->body_limit;
}

/* True when its address has asked too often.  Asked before anything else is done
 * for it. */
static bool is_too_often(struct request *rq)
{
    struct pl_http *s = rq->server;
    const union MHD_ConnectionInfo *got;
    uint8_t address[16];
    uint32_t wait_s;

    if (s->rate == NULL)
        return false;
    got = MHD_get_connection_info(rq->q.connection,
                                  MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (got == NULL)
        return false;
    pl_peer_address(got->client_addr, address);
    wait_s = pl_rate_take(s->rate, address, pl_now_us());
    if (wait_s == 0)
        return false;
    (void)snprintf(rq->wait, sizeof(rq->wait), "%u", (unsigned)wait_s);
    count(&s->count.refused_rate, 1);
    return true;
}

/* A path that is none is refused as such, whoever asks. */
static void guard(struct request *rq)
{
    const struct pl_http_calls *calls = &rq->server->calls;
    unsigned status = 0;

    if (calls->guard &&
        (rq->refusal == 0 || rq->refusal == MHD_HTTP_NOT_FOUND ||
         rq->refusal == MHD_HTTP_METHOD_NOT_ALLOWED))
        status = calls->guard(calls->ctx, &rq->q);
    if (status)
        rq->refusal = status;
}

static struct request *begin(struct pl_http *s, struct MHD_Connection *c,
                             const char *url, const char *method)
{
    struct request *rq = request_new(s);

    if (rq == NULL)
        return NULL;
    count(&s->count.requests, 1);
    rq->q.connection = c;
    rq->q.content_type = AN_STR("");
    rq->body_limit = s->options.max_body_bytes;
    rq->arena.limit_bytes = ROOM_BYTES + s->options.max_answer_bytes;
    route(rq, url, method);
    /* Doubling may take up to four times what arrives. */
    rq->arena.limit_bytes += rq->body_limit * 4;
    an_buf_init(&rq->body, &rq->arena, rq->body_limit);
    return rq;
}

/* ---- the body ----------------------------------------------------------- */

static enum MHD_Result take_body(struct request *rq, struct an_str part)
{
    struct pl_http *s = rq->server;
    int64_t limit_us = s->options.timeout_ms * 1000;

    count(&s->count.bytes_in, part.n);
    /* MHD's own timeout is about silence; this one is about dripping. */
    if (pl_now_us() - rq->began_us > limit_us)
        return MHD_NO;
    if (rq->refusal == 0)
        an_buf_put(&rq->body, part);
    if (rq->refusal == 0 && rq->body.code)
        rq->refusal = rq->body.code == AN_LIMIT
                          ? MHD_HTTP_CONTENT_TOO_LARGE
                          : MHD_HTTP_INTERNAL_SERVER_ERROR;
    if (rq->refusal)
        rq->discarded += part.n;
    return rq->discarded > DISCARD_BYTES ? MHD_NO : MHD_YES;
}

/* ---- the response ------------------------------------------------------- */

static void refuse(struct request *rq, unsigned status)
{
    struct pl_http *s = rq->server;

    rq->r = (struct pl_http_response){.status = status, .body = {"", 0}};
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        pl_http_add_header(&rq->r, MHD_HTTP_HEADER_ALLOW, rq->allow);
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        pl_http_add_header(&rq->r, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    if (status < 400)
        return;
    if (status == MHD_HTTP_UNAUTHORIZED)
        pl_http_add_header(&rq->r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    if (status == MHD_HTTP_TOO_MANY_REQUESTS)
        pl_http_add_header(&rq->r, MHD_HTTP_HEADER_RETRY_AFTER,
                           rq->wait[0] ? rq->wait : "1");
    count(status < 500 ? &s->count.refused : &s->count.faults, 1);
    if (s->calls.on_refusal)
        s->calls.on_refusal(s->calls.ctx, &rq->q, &rq->r);
}

static bool has_header(const struct pl_http_response *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (an_str_eq_nocase(an_str_c(r->header[i].name), an_str_c(name)))
            return true;
    return false;
}

static bool add_headers(struct MHD_Response *response, const struct request *rq)
{
    const struct pl_http_response *r = &rq->r;
    bool ok = MHD_add_response_header(response, "X-Content-Type-Options",
                                      "nosniff") == MHD_YES;

    if (r->content_type)
        ok &= MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                      r->content_type) == MHD_YES;
    /* What is about a patient stays in no cache, unless a page says else. */
    if (!has_header(r, MHD_HTTP_HEADER_CACHE_CONTROL))
        ok &= MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                                      "no-store") == MHD_YES;
    if (atomic_load(&rq->server->is_stopping))
        ok &= MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION,
                                      "close") == MHD_YES;
    for (size_t i = 0; i < r->n_headers; i++)
        ok &= MHD_add_response_header(response, r->header[i].name,
                                      r->header[i].value) == MHD_YES;
    return ok;
}

/* The bytes stay in the arena until MHD says that the request is over. */
static enum MHD_Result reply(struct request *rq)
{
    struct an_str body = rq->r.body;
    struct MHD_Response *response;
    enum MHD_Result rc = MHD_NO;
    const struct pl_http_calls *calls = &rq->server->calls;

    if (calls->on_answer)
        calls->on_answer(calls->ctx, &rq->q, &rq->r);
    response = MHD_create_response_from_buffer(
        body.n, body.n ? (void *)(uintptr_t)body.p : NULL,
        MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    if (add_headers(response, rq))
        rc = MHD_queue_response(rq->q.connection, rq->r.status, response);
    MHD_destroy_response(response);
    return rc;
}

static enum MHD_Result dispatch(struct request *rq)
{
    struct pl_http *s = rq->server;
    enum an_code code;

    if (rq->refusal == 0 && an_buf_done(&rq->body, &rq->q.body, NULL))
        rq->refusal = MHD_HTTP_INTERNAL_SERVER_ERROR;
    if (rq->refusal) {
        refuse(rq, rq->refusal);
        return reply(rq);
    }
    rq->r = (struct pl_http_response){.status = MHD_HTTP_OK, .body = {"", 0}};
    code = rq->route->handle(s->calls.ctx, &rq->q, &rq->r);
    if (code == AN_BUSY) {
        refuse(rq, MHD_HTTP_SERVICE_UNAVAILABLE);
    } else if (code) {
        an_log(s->log, AN_EVENT_HTTP_FAULT,
               (uint64_t)(rq->route - s->calls.route), code, 0);
        refuse(rq, MHD_HTTP_INTERNAL_SERVER_ERROR);
    }
    return reply(rq);
}

enum MHD_Result pl_http_access(void *server, struct MHD_Connection *connection,
                               const char *url, const char *method,
                               const char *version, const char *upload,
                               size_t *upload_bytes, void **request)
{
    struct request *rq = *request;
    size_t n = *upload_bytes;

    (void)version;
    if (rq == NULL) {
        *request = rq = begin(server, connection, url, method);
        if (rq == NULL)
            return MHD_NO;
        if (is_too_often(rq))
            refuse(rq, MHD_HTTP_TOO_MANY_REQUESTS);
        else if (!identify(rq))
            refuse(rq, MHD_HTTP_FORBIDDEN);
        else if (is_too_long(rq))
            refuse(rq, MHD_HTTP_CONTENT_TOO_LARGE);
        else {
            guard(rq);
            return MHD_YES;
        }
        return reply(rq);
    }
    if (n == 0)
        return dispatch(rq);
    *upload_bytes = 0;
    return take_body(rq, (struct an_str){upload, n});
}

void pl_http_completed(void *server, struct MHD_Connection *connection,
                       void **request, enum MHD_RequestTerminationCode why)
{
    struct pl_http *s = server;
    struct request *rq = *request;

    (void)connection;
    if (rq == NULL)
        return;
    if (why == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        count(&s->count.bytes_out, rq->r.body.n);
    an_log(s->log, AN_EVENT_HTTP_REQUEST, rq->r.status,
           (uint64_t)(pl_now_us() - rq->began_us), rq->r.body.n);
    *request = NULL;
    request_end(rq);
}
