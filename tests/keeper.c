/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/keeper.h"

#include "tests/keeper_int.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER = 1 << 20 };

static struct MHD_Daemon *server;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct keeper_ways ways;
static size_t n_writes, n_tokens;
static char assertion[8192], token_error[64];

/* ---- reading ------------------------------------------------------------------------ */

static void statement(struct answer *a)
{
    const char *u = ways.updates ? "true" : "false";
    const char *c = ways.creates_once ? "true" : "false";

    a->status = 200;
    a->body = malloc(2048);
    (void)snprintf(
        a->body, 2048,
        "{\"resourceType\":\"CapabilityStatement\",\"rest\":[{\"mode\":"
        "\"server\",\"resource\":[{\"type\":\"RiskAssessment\","
        "\"updateCreate\":%s,\"conditionalCreate\":%s},{\"type\":\"Device\","
        "\"updateCreate\":%s,\"conditionalCreate\":%s},{\"type\":"
        "\"Provenance\",\"searchParam\":[{\"name\":\"target\"}]}]%s}]}",
        u, c, u, c,
        ways.transaction ? ",\"interaction\":[{\"code\":\"transaction\"}]"
                         : "");
}

static void search(const struct request *q, struct answer *a)
{
    const struct kept *k = NULL;
    char recorded[128];

    if (strcmp(q->path, "Patient") == 0) {
        a->body =
            strdup("{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":"
                   "{\"resourceType\":\"Patient\",\"id\":\"p1\"}}]}");
    } else if (strcmp(q->path, "Provenance") == 0) {
        const char *at = strstr(q->query, "recorded=");

        (void)snprintf(recorded, sizeof(recorded), "\"recorded\":\"%.60s\"",
                       at ? at + 9 : "");
        for (size_t i = 0; keeper_at(i); i++)
            if (strncmp(keeper_at(i)->address, "Provenance/", 11) == 0 &&
                strstr(keeper_at(i)->body, recorded))
                k = keeper_at(i);
    } else {
        k = keeper_identified(q->path, q->query);
    }
    a->status = 200;
    if (a->body)
        return;
    a->body = malloc(ANSWER);
    if (k)
        (void)snprintf(a->body, ANSWER,
                       "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":"
                       "{\"resourceType\":\"%s\",\"id\":\"%s\"}}]}",
                       q->path, strchr(k->address, '/') + 1);
    else
        (void)snprintf(a->body, ANSWER, "{\"resourceType\":\"Bundle\"}");
}

static void read_one(const struct request *q, struct answer *a)
{
    const struct kept *k = keeper_find(q->path);

    if (strcmp(q->path, "metadata") == 0) {
        statement(a);
    } else if (q->query) {
        search(q, a);
    } else if (k) {
        a->status = 200;
        a->body = strdup(k->body);
        if (!ways.no_version)
            (void)snprintf(a->etag, sizeof(a->etag), "W/\"%d\"", k->version);
    } else {
        a->status = 404;
    }
}

/* ---- tokens ------------------------------------------------------------------------- */

static void give_token(const struct request *q, struct answer *a)
{
    const char *at;

    n_tokens++;
    (void)snprintf(assertion, sizeof(assertion), "%.*s", AN_STR_ARG(q->body));
    at = strstr(assertion, "client_assertion=");
    if (at)
        memmove(assertion, at + 17, strlen(at + 17) + 1);
    a->type = "application/json";
    a->body = malloc(256);
    a->status = token_error[0] ? 400 : 200;
    if (token_error[0])
        (void)snprintf(a->body, 256, "{\"error\":\"%s\"}", token_error);
    else
        (void)snprintf(a->body, 256,
                       "{\"access_token\":\"good-%zu\",\"token_type\":"
                       "\"Bearer\",\"expires_in\":300,\"scope\":\"a\"}",
                       n_tokens);
}

static bool may(const struct request *q)
{
    char want[64];

    (void)snprintf(want, sizeof(want), "Bearer good-%zu", n_tokens);
    return !ways.wants_token || (q->bearer && strcmp(q->bearer, want) == 0);
}

/* ---- the server ---------------------------------------------------------------------- */

static void configuration(struct answer *a)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT);

    a->status = 200;
    a->type = "application/json";
    a->body = malloc(256);
    (void)snprintf(a->body, 256,
                   "{\"token_endpoint\":\"http://127.0.0.1:%u/token\","
                   "\"token_endpoint_auth_methods_supported\":"
                   "[\"private_key_jwt\"]}",
                   (unsigned)info->port);
}

static bool write_one(const struct request *q, struct answer *a)
{
    bool is_silent = ways.silent_once;

    n_writes++;
    if (ways.refuse_next) {
        a->status = ways.refuse_next;
        a->type = ways.body ? "text/html" : a->type;
        a->body = ways.body ? strdup(ways.body) : NULL;
        ways.refuse_next = 0;
        return true;
    }
    keeper_write(q, a);
    ways.silent_once = false;
    if (ways.garbage) {
        ways.garbage = false;
        free(a->body);
        a->body = strdup("{\"resourceType\":");
        a->status = 200;
    }
    return !is_silent;
}

/* False: closed without a word. */
static bool answer(const struct request *q, struct answer *a)
{
    bool is_post = strcmp(q->method, "POST") == 0;

    a->type = "application/fhir+json";
    if (strcmp(q->path, "/token") == 0)
        give_token(q, a);
    else if (strcmp(q->path, ".well-known/smart-configuration") == 0)
        configuration(a);
    else if (!may(q))
        a->status = 401;
    else if (is_post || strcmp(q->method, "PUT") == 0)
        return write_one(q, a);
    else
        read_one(q, a);
    return true;
}

struct pending {
    char *body;
    size_t n;
};

static enum MHD_Result respond(struct MHD_Connection *c, struct answer *a)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(
        a->body ? strlen(a->body) : 0, a->body,
        a->body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    enum MHD_Result rc;

    MHD_add_response_header(r, "Content-Type", a->type);
    if (a->location[0])
        MHD_add_response_header(r, "Location", a->location);
    if (a->etag[0])
        MHD_add_response_header(r, "ETag", a->etag);
    rc = MHD_queue_response(c, a->status, r);
    MHD_destroy_response(r);
    return rc;
}

static const char *header(struct MHD_Connection *c, const char *name)
{
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static enum MHD_Result put_query(void *ctx, enum MHD_ValueKind kind,
                                 const char *key, const char *value)
{
    char *query = ctx;
    size_t n = strlen(query);

    (void)kind;
    (void)snprintf(query + n, 1024 - n, "%s%s=%s", n ? "&" : "", key,
                   value ? value : "");
    return MHD_YES;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c,
                              const char *url, const char *method,
                              const char *version, const char *data, size_t *n,
                              void **state)
{
    struct pending *p = *state;
    struct answer a = {.status = 500};
    char query[1024] = "";
    bool speaks;

    (void)ctx;
    (void)version;
    if (p == NULL) {
        *state = calloc(1, sizeof(*p));
        return *state ? MHD_YES : MHD_NO;
    }
    if (*n) {
        p->body = realloc(p->body, p->n + *n + 1);
        memcpy(p->body + p->n, data, *n);
        p->n += *n;
        p->body[p->n] = '\0';
        *n = 0;
        return MHD_YES;
    }
    MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, put_query, query);
    {
        bool is_fhir = strncmp(url, "/fhir", 5) == 0;
        struct request q = {.method = method,
                            .path = is_fhir ? url + 5 + (url[5] == '/') : url,
                            .query = query[0] ? query : NULL,
                            .if_match = header(c, "If-Match"),
                            .if_none_exist = header(c, "If-None-Exist"),
                            .bearer = header(c, "Authorization"),
                            .body = {p->body, p->n}};

        pthread_mutex_lock(&lock);
        speaks = answer(&q, &a);
        pthread_mutex_unlock(&lock);
    }
    free(p->body);
    free(p);
    *state = NULL;
    if (speaks)
        return respond(c, &a);
    free(a.body);
    return MHD_NO;
}

uint16_t keeper_start(const struct keeper_ways *w, uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    const union MHD_DaemonInfo *info;

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ways = *w;
    n_writes = n_tokens = 0;
    token_error[0] = '\0';
    if (!keeper_open(w))
        return 0;
    server = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0,
        NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&in,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_END);
    if (server == NULL)
        return 0;
    info = MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

void keeper_stop(void)
{
    MHD_stop_daemon(server);
    server = NULL;
    keeper_close();
}

struct keeper_ways *keeper_ways(void)
{
    return &ways;
}

const char *keeper_get(const char *address, int *version)
{
    const struct kept *k = keeper_find(address);

    if (k && version)
        *version = k->version;
    return k ? k->body : NULL;
}

void keeper_put(const char *address, const char *body)
{
    const struct kept *k = keeper_find(address);

    keeper_set(address, k ? k->version + 1 : 1, an_str_c(body));
}

static bool is_of(const struct kept *k, const char *type)
{
    size_t n = strlen(type);

    return strncmp(k->address, type, n) == 0 && k->address[n] == '/';
}

size_t keeper_n(const char *type)
{
    size_t n = 0;

    for (size_t i = 0; keeper_at(i); i++)
        n += is_of(keeper_at(i), type);
    return n;
}

const char *keeper_nth(const char *type, size_t n)
{
    for (size_t i = 0; keeper_at(i); i++)
        if (is_of(keeper_at(i), type) && n-- == 0)
            return keeper_at(i)->address;
    return NULL;
}

size_t keeper_n_writes(void)
{
    return n_writes;
}

size_t keeper_n_tokens(void)
{
    return n_tokens;
}

const char *keeper_assertion(void)
{
    return assertion;
}

void keeper_token_error(const char *error)
{
    (void)snprintf(token_error, sizeof(token_error), "%s", error ? error : "");
}
