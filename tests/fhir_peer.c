/* SPDX-License-Identifier: Apache-2.0 */
/* A FHIR server as the drills of subscriptions need one: it has Observations by
 * the number, keeps Subscriptions, and answers $events.
 *
 *     fhir_peer FILE [no-events | old-events | BEFORE]
 *                      prints its port; appends a line for each request to FILE;
 *                      ends with SIGTERM; BEFORE stands before each new id
 *
 * no-events: there is no $events; old-events: it fails once, and then knows of none
 * any more.
 *
 * Observation N is patient 4711's creatinine of N tenths; 404 is one that is not
 * there, 410 one that is no more, 503 one that fails once and then is there.  The
 * history of each below 100 says that it was deleted, but for 90 to 99, where it
 * says only that it was made; it knows of no others. */
#include "base/buf.h"
#include "base/json.h"
#include "plugin/host/http.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_BYTES = 1 << 20, KEPT = 8, PAD_LINES = 5000 };

struct peer {
    pthread_mutex_t lock;
    FILE *log;
    bool no_events, old_events, failed_events;
    const char *before_id;
    unsigned failed_once;
    char *kept[KEPT]; /* Subscriptions, by their id less one */
    uint16_t port;
};

static void note(struct peer *p, const struct pl_http_request *q)
{
    static const char *const name[] = {[PL_GET] = "GET",
                                       [PL_POST] = "POST",
                                       [PL_PUT] = "PUT",
                                       [PL_DELETE] = "DELETE"};
    struct an_str v = AN_STR(""), w = AN_STR("");

    (void)(pl_http_query(q, "_lastUpdated", &v) ||
           pl_http_query(q, "eventsSinceNumber", &v));
    (void)(pl_http_query(q, "eventsUntilNumber", &w) ||
           pl_http_header(q, "Authorization", &w));
    pthread_mutex_lock(&p->lock);
    (void)fprintf(p->log, "%s %.*s %.*s %.*s\n", name[q->method],
                  AN_STR_ARG(q->path), AN_STR_ARG(v), AN_STR_ARG(w));
    (void)fflush(p->log);
    pthread_mutex_unlock(&p->lock);
}

static void put_observation(struct an_buf *b, unsigned long n)
{
    char text[512];

    (void)snprintf(
        text, sizeof(text),
        "{\"resourceType\":\"Observation\",\"id\":\"%lu\",\"status\":\"final\","
        "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
        "\"2160-0\",\"display\":\"Creatinine\"}]},\"subject\":{\"reference\":"
        "\"Patient/4711\"},\"effectiveDateTime\":\"2026-03-01T08:%02lu:00Z\","
        "\"valueQuantity\":{\"value\":%lu.%lu,\"unit\":\"mg/dL\",\"system\":"
        "\"http://unitsofmeasure.org\",\"code\":\"mg/dL\"}}",
        n, n % 60, n / 10, n % 10);
    an_buf_put_c(b, text);
}

static unsigned long number(struct an_str s)
{
    uint64_t n = 0;

    return an_str_u64(s, &n) ? (unsigned long)n : 0;
}

static enum an_code get_observation(void *ctx, struct pl_http_request *q,
                                    struct pl_http_response *r)
{
    struct peer *p = ctx;
    unsigned long n = number(q->param[0]);
    struct an_buf b;

    note(p, q);
    r->content_type = "application/fhir+json";
    if (n == 0 || n == 404)
        r->status = 404;
    else if (n == 410)
        r->status = 410;
    else if (n == 503 && p->failed_once++ == 0)
        r->status = 503;
    if (r->status >= 400)
        return AN_OK;
    an_buf_init(&b, q->arena, BODY_BYTES);
    put_observation(&b, n);
    return an_buf_done(&b, &r->body, NULL);
}

static void put_url(const struct peer *p, struct an_buf *b, unsigned long n)
{
    an_buf_put_c(b, "http://127.0.0.1:");
    an_buf_put_u64(b, p->port);
    an_buf_put_c(b, "/fhir/Observation/");
    an_buf_put_u64(b, n);
}

static enum an_code get_history(void *ctx, struct pl_http_request *q,
                                struct pl_http_response *r)
{
    struct peer *p = ctx;
    unsigned long n = number(q->param[0]);
    struct an_buf b;

    note(p, q);
    r->content_type = "application/fhir+json";
    if (n == 0 || n >= 100) {
        r->status = 501;
        return AN_OK;
    }
    an_buf_init(&b, q->arena, BODY_BYTES);
    an_buf_put_c(&b, "{\"resourceType\":\"Bundle\",\"type\":\"history\","
                     "\"entry\":[{\"fullUrl\":\"");
    if (n < 90) {
        put_url(p, &b, n);
        an_buf_put_c(&b, "\",\"request\":{\"method\":\"DELETE\",\"url\":"
                         "\"Observation/");
        an_buf_put_u64(&b, n);
        an_buf_put_c(&b,
                     "\"},\"response\":{\"status\":\"204\",\"lastModified\":"
                     "\"2026-03-02T08:00:00Z\"}},{\"fullUrl\":\"");
    }
    put_url(p, &b, n);
    an_buf_put_c(&b, "\",\"resource\":");
    put_observation(&b, n);
    an_buf_put_c(&b, "}]}");
    return an_buf_done(&b, &r->body, NULL);
}

/* A page that says only where the next one is: of code "elsewhere" at another
 * server, of any other at this one, again and again, and each is long. */
static enum an_code lead_on(const struct peer *p, struct an_str code,
                            struct an_buf *b, struct pl_http_response *r)
{
    bool elsewhere = an_str_eq(code, AN_STR("elsewhere"));

    an_buf_put_c(b, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\","
                    "\"link\":[{\"relation\":\"next\",\"url\":\"http://");
    an_buf_put_c(b, elsewhere ? "h.example" : "127.0.0.1");
    an_buf_put_char(b, ':');
    an_buf_put_u64(b, p->port);
    an_buf_put_c(b, "/fhir/Observation?code=endless\"}]");
    for (int i = 0; !elsewhere && i < PAD_LINES; i++)
        an_buf_put_c(b,
                     "                                                    \n");
    an_buf_put_c(b, "}");
    return an_buf_done(b, &r->body, NULL);
}

/* Two pages, of one Observation each. */
static enum an_code search_observation(void *ctx, struct pl_http_request *q,
                                       struct pl_http_response *r)
{
    struct peer *p = ctx;
    struct an_str page, code;
    bool second = pl_http_query(q, "page", &page);
    struct an_buf b;

    note(p, q);
    r->content_type = "application/fhir+json";
    an_buf_init(&b, q->arena, BODY_BYTES);
    if (pl_http_query(q, "code", &code))
        return lead_on(p, code, &b, r);
    an_buf_put_c(&b, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\"");
    if (!second) {
        an_buf_put_c(&b, ",\"link\":[{\"relation\":\"next\",\"url\":\""
                         "http://127.0.0.1:");
        an_buf_put_u64(&b, p->port);
        an_buf_put_c(&b, "/fhir/Observation?page=2\"}]");
    }
    an_buf_put_c(&b, ",\"entry\":[{\"resource\":");
    put_observation(&b, second ? 72 : 71);
    an_buf_put_c(&b, "}]}");
    return an_buf_done(&b, &r->body, NULL);
}

/* What was asked for, with the resources. */
static enum an_code get_events(void *ctx, struct pl_http_request *q,
                               struct pl_http_response *r)
{
    struct peer *p = ctx;
    struct an_str from = AN_STR(""), until = AN_STR("");
    struct an_buf b;

    note(p, q);
    r->content_type = "application/fhir+json";
    if (p->no_events) {
        r->status = 501;
        return AN_OK;
    }
    if (p->old_events && !p->failed_events) {
        p->failed_events = true;
        r->status = 503;
        return AN_OK;
    }
    if (!p->old_events) {
        (void)pl_http_query(q, "eventsSinceNumber", &from);
        (void)pl_http_query(q, "eventsUntilNumber", &until);
    }
    an_buf_init(&b, q->arena, BODY_BYTES);
    an_buf_put_c(&b, "{\"resourceType\":\"Bundle\",\"type\":\"history\","
                     "\"entry\":[{\"resource\":{\"resourceType\":"
                     "\"SubscriptionStatus\",\"type\":\"query-event\","
                     "\"subscription\":{\"reference\":\"Subscription/s\"},"
                     "\"notificationEvent\":[");
    for (unsigned long n = number(from); n && n <= number(until); n++) {
        char text[160];

        (void)snprintf(text, sizeof(text),
                       "%s{\"eventNumber\":\"%lu\",\"focus\":{\"reference\":"
                       "\"Observation/%lu\"}}",
                       n > number(from) ? "," : "", n, n);
        an_buf_put_c(&b, text);
    }
    an_buf_put_c(&b, "]}}");
    for (unsigned long n = number(from); n && n <= number(until); n++) {
        an_buf_put_c(&b, ",{\"fullUrl\":\"");
        put_url(p, &b, n);
        an_buf_put_c(&b, "\",\"resource\":");
        put_observation(&b, n);
        an_buf_put_c(&b, "}");
    }
    an_buf_put_c(&b, "]}");
    return an_buf_done(&b, &r->body, NULL);
}

/* ---- Subscriptions ------------------------------------------------------- */

/* As it came, with an id and active. */
static enum an_code keep(struct peer *p, unsigned long id,
                         struct pl_http_request *q, struct pl_http_response *r)
{
    static const char status[] = "\"status\":\"requested\"";
    size_t at = 0;
    struct an_buf b;

    while (at < q->body.n &&
           !an_str_starts(an_str_sub(q->body, at, q->body.n), an_str_c(status)))
        at++;
    if (id == 0 || id > KEPT || at == q->body.n) {
        r->status = 400;
        return AN_OK;
    }
    an_buf_init(&b, q->arena, BODY_BYTES);
    an_buf_put(&b, an_str_sub(q->body, 0, at));
    if (q->method == PL_POST) {
        an_buf_put_c(&b, "\"id\":\"");
        an_buf_put_c(&b, p->before_id);
        an_buf_put_u64(&b, id);
        an_buf_put_c(&b, "\",");
    }
    an_buf_put_c(&b, "\"status\":\"active\"");
    an_buf_put(&b, an_str_sub(q->body, at + sizeof(status) - 1, q->body.n));
    if (an_buf_done(&b, &r->body, NULL) != AN_OK)
        return AN_NOMEM;
    pthread_mutex_lock(&p->lock);
    free(p->kept[id - 1]);
    p->kept[id - 1] = strdup(r->body.p);
    pthread_mutex_unlock(&p->lock);
    (void)fprintf(p->log, "kept %s\n", r->body.p);
    (void)fflush(p->log);
    return AN_OK;
}

static enum an_code post_subscription(void *ctx, struct pl_http_request *q,
                                      struct pl_http_response *r)
{
    struct peer *p = ctx;
    unsigned long id = 0;

    note(p, q);
    r->content_type = "application/fhir+json";
    r->status = 201;
    while (id < KEPT && p->kept[id])
        id++;
    return keep(p, id + 1, q, r);
}

static enum an_code on_subscription(void *ctx, struct pl_http_request *q,
                                    struct pl_http_response *r)
{
    struct peer *p = ctx;
    unsigned long id = number(q->param[0]);

    note(p, q);
    r->content_type = "application/fhir+json";
    if (q->method == PL_PUT)
        return keep(p, id, q, r);
    if (id == 0 || id > KEPT || p->kept[id - 1] == NULL) {
        r->status = 404;
        return AN_OK;
    }
    if (q->method == PL_GET)
        return an_arena_str(q->arena, an_str_c(p->kept[id - 1]), &r->body)
                   ? AN_OK
                   : AN_NOMEM;
    pthread_mutex_lock(&p->lock);
    free(p->kept[id - 1]);
    p->kept[id - 1] = NULL;
    pthread_mutex_unlock(&p->lock);
    return AN_OK;
}

static enum an_code search_subscription(void *ctx, struct pl_http_request *q,
                                        struct pl_http_response *r)
{
    struct peer *p = ctx;
    struct an_buf b;
    bool first = true;

    note(p, q);
    r->content_type = "application/fhir+json";
    an_buf_init(&b, q->arena, BODY_BYTES);
    an_buf_put_c(&b, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\","
                     "\"entry\":[");
    for (int i = 0; i < KEPT; i++)
        if (p->kept[i]) {
            an_buf_put_c(&b, first ? "{\"resource\":" : ",{\"resource\":");
            an_buf_put_c(&b, p->kept[i]);
            an_buf_put_c(&b, "}");
            first = false;
        }
    an_buf_put_c(&b, "]}");
    return an_buf_done(&b, &r->body, NULL);
}

int main(int argc, char **argv)
{
    static const struct pl_http_route route[] = {
        {PL_GET, "/fhir/Observation", search_observation, 0},
        {PL_GET, "/fhir/Observation/{}", get_observation, 0},
        {PL_GET, "/fhir/Observation/{}/_history", get_history, 0},
        {PL_GET, "/fhir/Patient/{}", get_observation, 0},
        {PL_GET, "/fhir/Subscription", search_subscription, 0},
        {PL_POST, "/fhir/Subscription", post_subscription, 0},
        {PL_GET, "/fhir/Subscription/{}", on_subscription, 0},
        {PL_PUT, "/fhir/Subscription/{}", on_subscription, 0},
        {PL_DELETE, "/fhir/Subscription/{}", on_subscription, 0},
        {PL_GET, "/fhir/Subscription/{}/$events", get_events, 0}};
    struct pl_http_options options = {.address = {.host = AN_STR("127.0.0.1")},
                                      .max_body_bytes = BODY_BYTES,
                                      .max_answer_bytes = 4 * BODY_BYTES,
                                      .max_connections = 16,
                                      .n_threads = 2,
                                      .timeout_ms = 30000};
    struct pl_http_calls calls = {.route = route,
                                  .n_routes = sizeof(route) / sizeof(route[0])};
    struct peer peer = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct pl_http *server;
    sigset_t stop;
    int got;

    if (argc < 2)
        return 2;
    peer.log = fopen(argv[1], "a");
    peer.no_events = argc > 2 && strcmp(argv[2], "no-events") == 0;
    peer.old_events = argc > 2 && strcmp(argv[2], "old-events") == 0;
    peer.before_id =
        argc > 2 && !peer.no_events && !peer.old_events ? argv[2] : "";
    calls.ctx = &peer;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    if (peer.log == NULL ||
        pl_http_open(&options, &calls, NULL, &server, NULL) != AN_OK)
        return 1;
    peer.port = pl_http_port(server);
    (void)printf("%u\n", (unsigned)peer.port);
    (void)fflush(stdout);
    (void)sigwait(&stop, &got);
    pl_http_close(server);
    for (int i = 0; i < KEPT; i++)
        free(peer.kept[i]);
    (void)fclose(peer.log);
    return 0;
}
