/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bulk_server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { BODY_BYTES = 1 << 20, PIECE_BYTES = 4096, ASKED = 16 };

static struct MHD_Daemon *server;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct bulk_plan plan;
static struct bulk_counts counts;
static unsigned met[BULK_MISHAPS], asked[ASKED];
static char request[1024];
static uint16_t port;

/* ---- bodies ------------------------------------------------------------- */

struct body {
    char *p;
    size_t n, cut; /* it ends with an error after `cut`; 0: it does not */
    unsigned pause_us;
};

void bulk_file(unsigned i, char *text, size_t size)
{
    size_t n = 0;

    text[0] = '\0';
    for (unsigned k = 0; k < plan.n_lines; k++)
        n += (size_t)snprintf(
            text + n, size - n,
            "{\"resourceType\":\"Observation\",\"id\":\"o%u-%u\",\"status\":"
            "\"final\",\"code\":{\"coding\":[{\"system\":\"http://loinc.org\","
            "\"code\":\"2160-0\"}]},\"subject\":{\"reference\":\"Patient/"
            "p%u\"},"
            "\"effectiveDateTime\":\"2026-01-%02uT08:00:00Z\","
            "\"valueQuantity\":{\"value\":1.%u,\"unit\":\"mg/dL\"}}\n",
            i, k, k % 7, k % 28 + 1, k);
}

static void deflate_body(struct body *b)
{
    z_stream z = {.avail_in = (uInt)b->n};
    char *out = malloc(BODY_BYTES);

    z.next_in = (Bytef *)b->p;
    z.next_out = (Bytef *)out;
    z.avail_out = BODY_BYTES;
    if (out == NULL ||
        deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    (void)deflate(&z, Z_FINISH);
    b->n = z.total_out;
    (void)deflateEnd(&z);
    free(b->p);
    b->p = out;
}

static ssize_t read_body(void *ctx, uint64_t at, char *to, size_t max)
{
    const struct body *b = ctx;
    size_t end = b->cut && b->cut < b->n ? b->cut : b->n;
    size_t n = at < end ? end - (size_t)at : 0;

    if (n == 0)
        return b->cut ? MHD_CONTENT_READER_END_WITH_ERROR
                      : MHD_CONTENT_READER_END_OF_STREAM;
    if (b->pause_us)
        nanosleep(&(struct timespec){.tv_nsec = b->pause_us * 1000L}, NULL);
    if (n > max)
        n = max;
    if (n > PIECE_BYTES / 4)
        n = PIECE_BYTES / 4;
    memcpy(to, b->p + at, n);
    return (ssize_t)n;
}

static void free_body(void *ctx)
{
    struct body *b = ctx;

    free(b->p);
    free(b);
}

static struct body *body_of(const char *text)
{
    struct body *b = calloc(1, sizeof(*b));

    if (b == NULL)
        abort();
    b->p = strdup(text);
    b->n = strlen(text);
    return b;
}

/* ---- answers ------------------------------------------------------------ */

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status,
                              const char *type, struct body *b,
                              const char *const *header)
{
    struct MHD_Response *r = MHD_create_response_from_callback(
        b->n, PIECE_BYTES, read_body, b, free_body);
    enum MHD_Result rc;

    if (type)
        MHD_add_response_header(r, "Content-Type", type);
    for (; header && header[0]; header += 2)
        MHD_add_response_header(r, header[0], header[1]);
    rc = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return rc;
}

static enum MHD_Result kick_off(struct MHD_Connection *c)
{
    char at[128];
    const char *const header[] = {"Content-Location", at, NULL};

    counts.kicked++;
    (void)snprintf(at, sizeof(at), "http://127.0.0.1:%u/fhir/job/%u",
                   (unsigned)port, counts.kicked);
    return answer(c, 202, NULL, body_of(""), header);
}

/* Rows from `from` up to `end`. */
static size_t put_rows(char *text, size_t size, size_t n, const char *list,
                       const char *type, unsigned from, unsigned end)
{
    n += (size_t)snprintf(text + n, size - n, ",\"%s\":[", list);
    for (unsigned i = from; i < end; i++) {
        bool empty = plan.empty && i + 1 == plan.n_files;

        n += (size_t)snprintf(
            text + n, size - n,
            "%s{\"type\":\"%s\",\"url\":\"http://%s:%u/fhir/file/%s/%u\"",
            i > from ? "," : "", type,
            plan.elsewhere ? "localhost" : "127.0.0.1", (unsigned)port, list,
            i);
        if (strcmp(list, "output") == 0)
            n +=
                (size_t)snprintf(text + n, size - n, ",\"count\":%d",
                                 empty ? 0 : (int)plan.n_lines + plan.miscount);
        n += (size_t)snprintf(text + n, size - n, "}");
    }
    return n + (size_t)snprintf(text + n, size - n, "]");
}

static size_t put_next(char *text, size_t size, size_t n, unsigned page)
{
    bool last = page + 1 >= plan.n_pages;

    if (last && !plan.turns && !plan.circles)
        return n;
    return n + (size_t)snprintf(
                   text + n, size - n,
                   ",\"link\":[{\"relation\":\"self\",\"url\":\"x\"},{"
                   "\"relation\":\"next\",\"url\":\"http://%s:%u/fhir/page/"
                   "%u\"}]",
                   plan.strays ? "localhost" : "127.0.0.1", (unsigned)port,
                   !last          ? page + 1
                   : plan.circles ? 1
                                  : page);
}

/* Page `page` of the manifest, from 0: its share of the files, and a file of each
 * other kind. */
static enum MHD_Result give_page(struct MHD_Connection *c, unsigned page,
                                 unsigned status)
{
    unsigned pages = plan.n_pages ? plan.n_pages : 1;
    unsigned share = (plan.n_files + pages - 1) / pages, from = page * share;
    unsigned end = from + share < plan.n_files ? from + share : plan.n_files;
    char text[8192];
    size_t n;

    n = (size_t)snprintf(text, sizeof(text),
                         "{\"transactionTime\":\"2026-02-03T04:05:06.789Z\","
                         "\"request\":\"x\",\"requiresAccessToken\":%s",
                         plan.token ? "true" : "false");
    n = put_rows(text, sizeof(text), n, "output", "Observation", from, end);
    n = put_rows(text, sizeof(text), n, "error", "OperationOutcome", page,
                 page + plan.errors);
    n = put_rows(text, sizeof(text), n, "deleted", "Bundle", page,
                 page + plan.deleted);
    n = put_next(text, sizeof(text), n, page);
    (void)snprintf(text + n, sizeof(text) - n, "}");
    return answer(c, status, "application/json", body_of(text), NULL);
}

static enum MHD_Result get_page(struct MHD_Connection *c, const char *url)
{
    counts.paged++;
    return give_page(c, (unsigned)strtoul(strrchr(url, '/') + 1, NULL, 10),
                     200);
}

static enum MHD_Result poll_job(struct MHD_Connection *c)
{
    char after[16];
    const char *const header[] = {"Retry-After", after, "X-Progress", "half",
                                  NULL};

    counts.polled++;
    (void)snprintf(after, sizeof(after), "%u", plan.retry_after_s);
    if (counts.polled <= plan.n_polls && plan.partial &&
        strstr(request, "allowPartialManifests=true;"))
        return give_page(c, 0, 202);
    if (counts.polled <= plan.n_polls)
        return answer(c, 202, NULL, body_of(""),
                      plan.retry_after_s ? header : NULL);
    return give_page(c, 0, 200);
}

static struct body *content(const char *url)
{
    char *text = malloc(BODY_BYTES);
    unsigned i = (unsigned)strtoul(strrchr(url, '/') + 1, NULL, 10);
    struct body *b;

    if (text == NULL)
        abort();
    if (strstr(url, "/error/"))
        (void)snprintf(
            text, BODY_BYTES,
            "{\"resourceType\":\"OperationOutcome\",\"issue\":[]}\n");
    else if (strstr(url, "/deleted/"))
        (void)snprintf(text, BODY_BYTES,
                       "{\"resourceType\":\"Bundle\",\"type\":\"transaction\","
                       "\"entry\":[{\"request\":{\"method\":\"DELETE\",\"url\":"
                       "\"Observation/o0-0\"}}]}\n");
    else if (plan.page)
        (void)snprintf(text, BODY_BYTES, "<html>log in</html>");
    else if (plan.empty && i + 1 == plan.n_files)
        text[0] = '\0';
    else
        bulk_file(i, text, BODY_BYTES);
    b = body_of(text);
    free(text);
    return b;
}

static enum MHD_Result get_file(struct MHD_Connection *c, const char *url,
                                size_t cut)
{
    const char *range =
        MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Range");
    const char *which =
        MHD_lookup_connection_value(c, MHD_HEADER_KIND, "If-Range");
    const char *accept =
        MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept-Encoding");
    const char *header[7] = {NULL};
    char tag[64], of[96];
    struct body *b = content(url);
    size_t i = (size_t)strtoul(strrchr(url, '/') + 1, NULL, 10), at = 0;
    int n = 0;

    asked[i % ASKED]++;
    if (plan.gzip && accept && strstr(accept, "gzip")) {
        deflate_body(b);
        header[n++] = "Content-Encoding";
        header[n++] = "gzip";
    }
    (void)snprintf(tag, sizeof(tag), "\"%s\"", strrchr(url, '/') + 1);
    if (plan.tags) {
        header[n++] = "ETag";
        header[n++] = tag;
    }
    if (plan.ranges && range && which && strcmp(which, tag) == 0)
        at = (size_t)strtoul(range + strlen("bytes="), NULL, 10);
    if (at && at < b->n) {
        (void)snprintf(of, sizeof(of), "bytes %zu-%zu/%zu", at, b->n - 1, b->n);
        memmove(b->p, b->p + at, b->n - at);
        b->n -= at;
        header[n++] = "Content-Range";
        header[n++] = of;
        counts.ranged++;
    } else {
        at = 0;
        counts.whole++;
    }
    b->cut = cut;
    b->pause_us = plan.pause_us;
    return answer(c, at ? 206 : 200,
                  plan.page ? "text/html" : "application/fhir+ndjson", b,
                  header);
}

/* What the plan holds for this request; NULL: nothing. */
static const struct bulk_mishap *mishap(const char *url)
{
    for (unsigned i = 0; i < BULK_MISHAPS; i++)
        if (plan.mishap[i].path && strstr(url, plan.mishap[i].path) &&
            ++met[i] == plan.mishap[i].nth)
            return &plan.mishap[i];
    return NULL;
}

static enum MHD_Result fail(struct MHD_Connection *c,
                            const struct bulk_mishap *m)
{
    char text[256] = "";

    counts.refused++;
    if (m->issue)
        (void)snprintf(text, sizeof(text),
                       "{\"resourceType\":\"OperationOutcome\",\"issue\":[{"
                       "\"severity\":\"error\",\"code\":\"%s\"}]}",
                       m->issue);
    return answer(c, m->status, m->issue ? "application/fhir+json" : NULL,
                  body_of(text), NULL);
}

static bool is_welcome(struct MHD_Connection *c)
{
    const char *is =
        MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
    char want[128];

    (void)snprintf(want, sizeof(want), "Bearer %s",
                   plan.token ? plan.token : "");
    return plan.token ? is && strcmp(is, want) == 0 : is == NULL;
}

static int keep_query(void *ctx, enum MHD_ValueKind kind, const char *key,
                      const char *value)
{
    size_t n = strlen(request);

    (void)ctx;
    (void)kind;
    (void)snprintf(request + n, sizeof(request) - n, "%s=%s;", key,
                   value ? value : "");
    return MHD_YES;
}

static enum MHD_Result respond(struct MHD_Connection *c, const char *url,
                               const char *method)
{
    const struct bulk_mishap *m = mishap(url);
    char job[32];

    if (m && m->status)
        return fail(c, m);
    if (!is_welcome(c))
        return fail(c, &(struct bulk_mishap){.status = 401, .issue = "login"});
    if (strstr(url, "$export")) {
        (void)snprintf(request, sizeof(request), "%s;", url);
        MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND,
                                  (MHD_KeyValueIterator)keep_query, NULL);
        if (plan.strict && strstr(request, "allowPartialManifests"))
            return fail(c, &(struct bulk_mishap){.status = 400,
                                                 .issue = "not-supported"});
        return kick_off(c);
    }
    (void)snprintf(job, sizeof(job), "/fhir/job/%u", counts.kicked);
    if (strstr(url, "/job/") && strcmp(url, job) != 0)
        return fail(c, &(struct bulk_mishap){.status = 404});
    if (strstr(url, "/job/") && strcmp(method, "DELETE") == 0) {
        counts.deleted++;
        return answer(c, 202, NULL, body_of(""), NULL);
    }
    if (strstr(url, "/page/"))
        return get_page(c, url);
    return strstr(url, "/job/") ? poll_job(c)
                                : get_file(c, url, m ? m->cut_bytes : 0);
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c,
                              const char *url, const char *method,
                              const char *version, const char *data, size_t *n,
                              void **state)
{
    static int seen;
    enum MHD_Result rc;

    (void)ctx;
    (void)version;
    (void)data;
    if (*state == NULL) {
        *state = &seen;
        return MHD_YES;
    }
    if (*n) {
        *n = 0;
        return MHD_YES;
    }
    pthread_mutex_lock(&lock);
    rc = respond(c, url, method);
    pthread_mutex_unlock(&lock);
    return rc;
}

uint16_t bulk_start(const struct bulk_plan *p)
{
    const union MHD_DaemonInfo *info;
    struct sockaddr_in in = {.sin_family = AF_INET};

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    plan = *p;
    counts = (struct bulk_counts){.kicked = 0};
    memset(met, 0, sizeof(met));
    memset(asked, 0, sizeof(asked));
    server = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD |
                                  MHD_USE_THREAD_PER_CONNECTION,
                              0, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR,
                              (struct sockaddr *)&in, MHD_OPTION_END);
    if (server == NULL)
        abort();
    info = MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT);
    port = info ? info->port : 0;
    return port;
}

void bulk_stop(void)
{
    MHD_stop_daemon(server);
    server = NULL;
}

struct bulk_counts bulk_count(void)
{
    struct bulk_counts c;

    pthread_mutex_lock(&lock);
    c = counts;
    pthread_mutex_unlock(&lock);
    return c;
}

unsigned bulk_asked(unsigned i)
{
    unsigned n;

    pthread_mutex_lock(&lock);
    n = asked[i % ASKED];
    pthread_mutex_unlock(&lock);
    return n;
}

const char *bulk_request(void)
{
    return request;
}
