/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/fetch/fetch.h"

#include "base/buf.h"
#include "plugin/fetch/rules.h"
#include "plugin/host/token.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 4, LONGEST_S = 86400 };

/* The headers that are kept, in this order. */
static const char *const kept[] = {
    "Content-Type",     "Content-Location", "Location",     "ETag",
    "Content-Encoding", "Content-Range",    "Cache-Control"};
enum { N_KEPT = sizeof(kept) / sizeof(kept[0]) };

struct origin {
    char scheme[8], host[256], port[8], path[PL_FETCH_VALUE_BYTES];
};

struct pl_fetch {
    struct pl_fetch_options options;
    struct origin base;
    CURL *easy;
    atomic_bool stopped;
};

/* One request under way. */
struct call {
    struct pl_fetch *f;
    struct an_arena *arena;
    const struct pl_fetch_request *q;
    struct pl_fetch_answer answer;
    char value[N_KEPT][PL_FETCH_VALUE_BYTES];
    size_t value_n[N_KEPT];
    struct an_buf body;
    bool begun;
    enum an_code code; /* of the sink or the arena */
    struct an_err err;
};

/* ---- addresses ---------------------------------------------------------- */

static bool part(CURLU *u, CURLUPart which, unsigned flags, char *to, size_t n)
{
    char *text = NULL;
    bool fits =
        curl_url_get(u, which, &text, flags) == CURLUE_OK && strlen(text) < n;

    if (fits)
        memcpy(to, text, strlen(text) + 1);
    curl_free(text);
    return fits;
}

static bool cut(const char *url, struct origin *out)
{
    CURLU *u = curl_url();
    bool ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
              part(u, CURLUPART_SCHEME, 0, out->scheme, sizeof(out->scheme)) &&
              part(u, CURLUPART_HOST, 0, out->host, sizeof(out->host)) &&
              part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, out->port,
                   sizeof(out->port)) &&
              part(u, CURLUPART_PATH, 0, out->path, sizeof(out->path));

    curl_url_cleanup(u);
    return ok && (strcmp(out->scheme, "http") == 0 ||
                  strcmp(out->scheme, "https") == 0);
}

static bool same_origin(const struct origin *a, const struct origin *b)
{
    return strcmp(a->scheme, b->scheme) == 0 &&
           an_str_eq_nocase(an_str_c(a->host), an_str_c(b->host)) &&
           strcmp(a->port, b->port) == 0;
}

bool pl_fetch_is_origin(const struct pl_fetch *f, const char *url)
{
    struct origin o;

    return cut(url, &o) && same_origin(&o, &f->base);
}

bool pl_fetch_is_under(const struct pl_fetch *f, const char *url)
{
    struct an_str base = an_str_c(f->base.path), path;
    struct origin o;

    if (!cut(url, &o) || !same_origin(&o, &f->base))
        return false;
    path = an_str_c(o.path);
    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    return an_str_starts(path, base) &&
           (path.n == base.n || path.p[base.n] == '/');
}

enum an_code pl_fetch_url(const struct pl_fetch *f, struct an_arena *arena,
                          struct an_str path, struct an_str *url,
                          struct an_err *err)
{
    struct an_str base = an_str_c(f->options.base);
    struct an_buf b;

    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    an_buf_init(&b, arena, base.n + path.n + 2);
    an_buf_put(&b, base);
    an_buf_put_char(&b, '/');
    an_buf_put(&b, path);
    return an_buf_done(&b, url, err);
}

/* ---- life --------------------------------------------------------------- */

enum an_code pl_fetch_open(const struct pl_fetch_options *options,
                           struct pl_fetch **out, struct an_err *err)
{
    struct an_str token = AN_STR("");
    struct an_arena arena;
    struct pl_fetch *f;
    enum an_code rc;

    *out = NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return an_fail_nomem(err);
    f = calloc(1, sizeof(*f));
    if (f == NULL) {
        curl_global_cleanup();
        return an_fail_nomem(err);
    }
    f->options = *options;
    f->easy = curl_easy_init();
    an_arena_init(&arena, 4 * PL_TOKEN_BYTES);
    if (f->easy == NULL)
        rc = an_fail_nomem(err);
    else if (!cut(options->base, &f->base))
        rc = an_fail(err, AN_CONFIG,
                     "not an address of a FHIR server: http or https", 0);
    else
        rc = pl_token_header(&arena, options->token_file, options->no_token,
                             &token, err);
    an_arena_free(&arena);
    if (rc != AN_OK) {
        pl_fetch_close(f);
        return rc;
    }
    *out = f;
    return AN_OK;
}

void pl_fetch_close(struct pl_fetch *f)
{
    if (f == NULL)
        return;
    curl_easy_cleanup(f->easy);
    free(f);
    curl_global_cleanup();
}

void pl_fetch_stop(struct pl_fetch *f)
{
    atomic_store(&f->stopped, true);
}

/* ---- one request -------------------------------------------------------- */

static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c,
                       curl_off_t d)
{
    const struct pl_fetch *f = user;

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return atomic_load(&f->stopped);
}

static size_t on_header(char *p, size_t size, size_t n, void *user)
{
    struct call *c = user;
    struct an_str line = {p, size * n}, rest = line, name;

    /* An interim answer (100 Continue) goes before the one that counts. */
    if (an_str_starts(line, AN_STR("HTTP/")))
        memset(c->value_n, 0, sizeof(c->value_n));
    if (!an_str_cut(&rest, ':', &name))
        return line.n;
    rest = an_str_trim(rest);
    for (size_t i = 0; i < N_KEPT; i++) {
        if (!an_str_eq_nocase(name, an_str_c(kept[i])) ||
            rest.n >= PL_FETCH_VALUE_BYTES)
            continue;
        if (rest.n)
            memcpy(c->value[i], rest.p, rest.n);
        c->value[i][rest.n] = '\0';
        c->value_n[i] = rest.n;
    }
    return line.n;
}

static void take_header(struct call *c)
{
    struct an_str v[N_KEPT], type;
    struct pl_fetch_answer *a = &c->answer;

    for (size_t i = 0; i < N_KEPT; i++)
        v[i] = (struct an_str){c->value[i], c->value_n[i]};
    (void)an_str_cut(&v[0], ';', &type);
    curl_easy_getinfo(c->f->easy, CURLINFO_RESPONSE_CODE, &a->status);
    a->type = an_str_trim(type);
    a->content_location = v[1];
    a->location = v[2];
    a->etag = v[3];
    a->encoding = v[4];
    a->content_range = v[5];
    a->cache_control = v[6];
}

static size_t on_body(char *p, size_t size, size_t n, void *user)
{
    struct call *c = user;
    struct an_str bytes = {p, size * n};
    const struct pl_fetch_sink *sink = c->q->sink;

    if (!c->begun) {
        take_header(c);
        c->begun = true;
        if (c->answer.status != 200 && c->answer.status != 206)
            sink = NULL;
        if (sink)
            c->code = sink->begin(sink->ctx, &c->answer, &c->err);
    }
    if (c->code != AN_OK)
        return 0;
    if (sink && (c->answer.status == 200 || c->answer.status == 206)) {
        c->code = sink->put(sink->ctx, bytes, &c->err);
        return c->code == AN_OK ? bytes.n : 0;
    }
    an_buf_put(&c->body, bytes);
    if (c->body.code == AN_OK)
        return bytes.n;
    c->code = an_fail(&c->err, c->body.code,
                      "the server's answer is longer than is taken", 0);
    return 0;
}

/* A body for a sink may take as long as it moves. */
static bool set_times(CURL *e, long timeout_ms, bool endless)
{
    return (!endless ||
            curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 0L) == CURLE_OK) &&
           curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME,
                            (timeout_ms + 999) / 1000) == CURLE_OK;
}

static bool set_calls(CURL *e, struct call *c)
{
    return curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERDATA, c) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, c) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress) ==
               CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_XFERINFODATA, (void *)c->f) == CURLE_OK;
}

static bool set_up(struct call *c, struct curl_slist *headers)
{
    static const char *const verb[] = {"GET", "POST", "PUT", "DELETE"};
    const struct pl_fetch_request *q = c->q;
    long timeout_ms =
        (long)(q->timeout_ms ? q->timeout_ms : c->f->options.timeout_ms);
    CURL *e = c->f->easy;
    bool sends = q->method == PL_FETCH_POST || q->method == PL_FETCH_PUT;

    curl_easy_reset(e);
    if (sends && (curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
                                   (curl_off_t)q->body.n) != CURLE_OK ||
                  curl_easy_setopt(e, CURLOPT_POSTFIELDS,
                                   q->body.n ? q->body.p : "") != CURLE_OK))
        return false;
    return curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, verb[q->method]) ==
               CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_URL, q->url) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           pl_curl_rules(e, timeout_ms) &&
           set_times(e, timeout_ms, q->sink != NULL) && set_calls(e, c);
}

/* All of the request's and the token. */
static enum an_code list_headers(struct call *c, struct curl_slist **list,
                                 struct an_err *err)
{
    const char *line[PL_FETCH_HEADERS + PARTS] = {"Expect:"};
    struct an_str token = AN_STR("");
    size_t n = 1;
    enum an_code rc = AN_OK;

    if (!c->q->anonymous)
        rc = pl_token_header(c->arena, c->f->options.token_file,
                             c->f->options.no_token, &token, err);
    if (rc != AN_OK)
        return rc;
    for (size_t i = 0; i < PL_FETCH_HEADERS && c->q->header[i]; i++)
        line[n++] = c->q->header[i];
    if (token.n)
        line[n++] = token.p;
    for (size_t i = 0; i < n; i++) {
        struct curl_slist *more = curl_slist_append(*list, line[i]);

        if (more == NULL)
            return an_fail_nomem(err);
        *list = more;
    }
    return AN_OK;
}

/* The header's texts live in the call: into the arena with them. */
static bool keep_header(struct call *c)
{
    struct pl_fetch_answer *a = &c->answer;
    struct an_str *text[] = {
        &a->type,     &a->content_location, &a->location,     &a->etag,
        &a->encoding, &a->content_range,    &a->cache_control};

    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
        if (!an_arena_str(c->arena, *text[i], text[i]))
            return false;
    return true;
}

/* A sink hears of an answer without a body, too. */
static enum an_code begin_empty(struct call *c, struct an_err *err)
{
    const struct pl_fetch_sink *sink = c->q->sink;
    long status = c->answer.status;

    return sink && !c->begun && (status == 200 || status == 206)
               ? sink->begin(sink->ctx, &c->answer, err)
               : AN_OK;
}

static int64_t retry_after_ms(struct call *c)
{
    curl_off_t after_s = 0;

    if (c->answer.status == 200 ||
        curl_easy_getinfo(c->f->easy, CURLINFO_RETRY_AFTER, &after_s) !=
            CURLE_OK ||
        after_s <= 0)
        return -1;
    return 1000 * (int64_t)(after_s < LONGEST_S ? after_s : LONGEST_S);
}

static enum an_code perform(struct call *c, struct pl_fetch_answer *out,
                            struct an_err *err)
{
    CURLcode code = curl_easy_perform(c->f->easy);
    enum an_code rc = AN_OK;

    if (c->code != AN_OK) {
        if (err)
            *err = c->err;
        return c->code;
    }
    if (atomic_load(&c->f->stopped))
        return an_fail(err, AN_BUSY, "stopped", 0);
    take_header(c);
    c->answer.retry_after_ms = -1;
    if (code == CURLE_OK) {
        rc = begin_empty(c, err);
        c->answer.retry_after_ms = retry_after_ms(c);
    } else {
        c->answer.status = 0;
        c->answer.error = (int)code;
    }
    if (rc != AN_OK)
        return rc;
    if (an_buf_done(&c->body, &c->answer.body, err) != AN_OK || !keep_header(c))
        return an_fail_nomem(err);
    *out = c->answer;
    return AN_OK;
}

enum an_code pl_fetch_ask(struct pl_fetch *f, struct an_arena *arena,
                          const struct pl_fetch_request *q,
                          struct pl_fetch_answer *out, struct an_err *err)
{
    struct call *c = an_arena_get(arena, 1, sizeof(*c));
    struct curl_slist *headers = NULL;
    struct origin o;
    enum an_code rc;

    *out = (struct pl_fetch_answer){.status = 0};
    if (c == NULL)
        return an_fail_nomem(err);
    c->f = f;
    c->arena = arena;
    c->q = q;
    if (!cut(q->url, &o) || (!q->anonymous && !same_origin(&o, &f->base)))
        return an_fail(err, AN_TYPE,
                       "not an address at the server that was asked", 0);
    an_buf_init(&c->body, arena, q->limit_bytes);
    rc = list_headers(c, &headers, err);
    if (rc == AN_OK && !set_up(c, headers))
        rc = an_fail_nomem(err);
    if (rc == AN_OK)
        rc = perform(c, out, err);
    curl_slist_free_all(headers);
    return rc;
}

enum pl_fetch_fate pl_fetch_fate(const struct pl_fetch_answer *a)
{
    if (a->status >= 200 && a->status < 300)
        return PL_FETCH_GOT;
    if (a->status == 0 || a->status == 408 || a->status == 429 ||
        (a->status > 500 && a->status != 501))
        return PL_FETCH_LATER;
    if (a->status == 500 &&
        !an_str_eq(a->type, AN_STR("application/fhir+json")))
        return PL_FETCH_LATER;
    return PL_FETCH_REFUSED;
}
