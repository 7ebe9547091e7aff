/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/outbox/post.h"

#include "base/buf.h"
#include "plugin/fetch/rules.h"
#include "plugin/host/thread.h"
#include "plugin/host/token.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 1000, ADDRESS_BYTES = 1024, HEADERS = 7, URL_BYTES = 8192 };

struct pl_post {
    struct pl_post_options options;
    CURLM *multi;
    CURL *easy;
    atomic_int_fast64_t stop_ms; /* 0: never */
};

/* One request under way. */
struct call {
    struct an_buf body;
    char location[ADDRESS_BYTES], etag[ADDRESS_BYTES];
};

/* What is longer than is taken is read to its end, and thrown away. */
static size_t take_body(char *p, size_t size, size_t n, void *ctx)
{
    struct call *c = ctx;

    an_buf_put(&c->body, (struct an_str){p, size * n});
    return size * n;
}

static void keep(char to[ADDRESS_BYTES], struct an_str value)
{
    to[0] = '\0';
    if (value.n >= ADDRESS_BYTES)
        return;
    if (value.n)
        memcpy(to, value.p, value.n);
    to[value.n] = '\0';
}

static size_t take_header(char *p, size_t size, size_t n, void *ctx)
{
    struct an_str line = {p, size * n}, rest = line, name;
    struct call *c = ctx;

    /* An interim answer goes before the one that counts. */
    if (an_str_starts(line, AN_STR("HTTP/")))
        c->location[0] = c->etag[0] = '\0';
    if (!an_str_cut(&rest, ':', &name))
        return line.n;
    if (an_str_eq_nocase(name, AN_STR("Location")))
        keep(c->location, an_str_trim(rest));
    if (an_str_eq_nocase(name, AN_STR("ETag")))
        keep(c->etag, an_str_trim(rest));
    return line.n;
}

static enum an_code read_token(const struct pl_post *p, struct an_arena *arena,
                               bool renew, struct an_str *header,
                               struct an_err *err)
{
    const struct pl_post_bearer *bearer = p->options.bearer;

    if (bearer)
        return bearer->get(bearer->ctx, arena, renew, header, err);
    return pl_token_header(arena, p->options.token_file,
                           "outbox.token_file holds no bearer token", header,
                           err);
}

static bool set_up(struct pl_post *p)
{
    CURL *c = p->easy;

    return pl_curl_rules(c, (long)p->options.timeout_ms) &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK;
}

enum an_code pl_post_open(const struct pl_post_options *options,
                          struct pl_post **out, struct an_err *err)
{
    struct pl_post *p;
    struct an_arena arena;
    struct an_str token;
    enum an_code rc = AN_OK;

    *out = NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return an_fail_nomem(err);
    p = calloc(1, sizeof(*p));
    if (p == NULL) {
        curl_global_cleanup();
        return an_fail_nomem(err);
    }
    p->options = *options;
    p->multi = curl_multi_init();
    p->easy = curl_easy_init();
    an_arena_init(&arena, 4 * PL_TOKEN_BYTES);
    if (!p->multi || !p->easy || !set_up(p))
        rc = an_fail_nomem(err);
    else if (options->bearer == NULL) /* another may not be there yet */
        rc = read_token(p, &arena, false, &token, err);
    an_arena_free(&arena);
    if (rc != AN_OK) {
        pl_post_close(p);
        return rc;
    }
    *out = p;
    return AN_OK;
}

void pl_post_close(struct pl_post *p)
{
    if (p == NULL)
        return;
    curl_easy_cleanup(p->easy);
    curl_multi_cleanup(p->multi);
    free(p);
    curl_global_cleanup();
}

void pl_post_stop(struct pl_post *p, int64_t at_ms)
{
    atomic_store(&p->stop_ms, at_ms);
    curl_multi_wakeup(p->multi);
}

/* A server that speaks FHIR says so, or says nothing. */
static bool is_fhir(const char *type)
{
    struct an_str t = an_str_c(type);

    t = an_str_trim(an_str_sub(t, 0, t.n ? strcspn(type, ";") : 0));
    return t.n == 0 || an_str_eq_nocase(t, AN_STR("application/fhir+json")) ||
           an_str_eq_nocase(t, AN_STR("application/fhir+xml")) ||
           an_str_eq_nocase(t, AN_STR("application/json"));
}

/* What is not about these bytes: a token or an address that is wrong for now, a
 * patient whom the server does not know yet, too slow, too often; or in conflict
 * with what the server is just writing: our own bytes, if we died or gave up
 * while it took them. */
static bool may_pass(long status)
{
    return status == 401 || status == 403 || status == 404 || status == 408 ||
           status == 409 || status == 429;
}

struct pl_post_result pl_post_judge(int curl_code, long status,
                                    const char *type)
{
    struct pl_post_result r = {.fate = PL_FATE_LATER, .error = (int)status};

    /* A connection that broke after the status line told enough only if all of
     * the answer came. */
    if (curl_code != CURLE_OK)
        r.error = curl_code;
    else if (status >= 200 && status < 300 && !is_fhir(type))
        r.error = PL_POST_FOREIGN;
    else if (status >= 200 && status < 300)
        r.fate = PL_FATE_TAKEN;
    else if (status >= 400 && status < 500 && !may_pass(status))
        r.fate = PL_FATE_REFUSED;
    return r;
}

/* Until it ends or is to be given up; false for the latter. */
static bool perform(struct pl_post *p, CURLcode *code)
{
    int running = 1, left;
    CURLMsg *m;

    while (running) {
        int64_t stop_ms = atomic_load(&p->stop_ms), wait_ms = POLL_MS;

        if (curl_multi_perform(p->multi, &running) != CURLM_OK)
            return false;
        if (!running)
            break;
        if (stop_ms) {
            wait_ms = stop_ms - pl_now_ms();
            if (wait_ms <= 0)
                return false;
            if (wait_ms > POLL_MS)
                wait_ms = POLL_MS;
        }
        if (curl_multi_poll(p->multi, NULL, 0, (int)wait_ms, NULL) != CURLM_OK)
            return false;
    }
    *code = CURLE_RECV_ERROR;
    while ((m = curl_multi_info_read(p->multi, &left)) != NULL)
        if (m->msg == CURLMSG_DONE)
            *code = m->data.result;
    return true;
}

/* ---- what it says of a resource ------------------------------------------------- */

static bool is_part(struct an_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
            !(c >= '0' && c <= '9') && c != '-' && c != '.')
            return false;
    }
    return s.n > 0 && s.n <= 64;
}

/* What is behind the last slash goes from *s to *last. */
static bool cut_last(struct an_str *s, struct an_str *last)
{
    size_t n = s->n;

    while (n && s->p[n - 1] != '/')
        n--;
    *last = an_str_sub(*s, n, s->n);
    *s = an_str_sub(*s, 0, n ? n - 1 : 0);
    return is_part(*last);
}

void pl_post_location(struct an_str said, struct an_str *address,
                      struct an_str *version)
{
    struct an_str rest = said, id, type, before;
    size_t whole;

    *address = *version = AN_STR("");
    if (!cut_last(&rest, &id))
        return;
    before = rest;
    (void)cut_last(&before, &type);
    if (an_str_eq(type, AN_STR("_history"))) {
        *version = id;
        rest = before;
        if (!cut_last(&rest, &id))
            return;
    }
    whole = rest.n + 1 + id.n;
    if (!cut_last(&rest, &type) || type.p[0] < 'A' || type.p[0] > 'Z')
        return;
    *address = (struct an_str){type.p, (size_t)(said.p + whole - type.p)};
}

struct an_str pl_post_etag(struct an_str said)
{
    struct an_str s = said;

    if (an_str_starts(s, AN_STR("W/")))
        s = an_str_sub(s, 2, s.n);
    if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"')
        return AN_STR("");
    s = an_str_sub(s, 1, s.n - 2);
    return is_part(s) ? s : AN_STR("");
}

/* ---- asking --------------------------------------------------------------------- */

static void ask(struct pl_post *p, struct pl_post_answer *out)
{
    struct pl_post_result *r = &out->result;
    CURLcode code = CURLE_OK;
    char *type = NULL;
    curl_off_t after_s = 0;

    *r = (struct pl_post_result){.fate = PL_FATE_LATER,
                                 .error = CURLE_FAILED_INIT};
    if (curl_multi_add_handle(p->multi, p->easy) != CURLM_OK)
        return;
    if (perform(p, &code)) {
        curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &out->status);
        curl_easy_getinfo(p->easy, CURLINFO_CONTENT_TYPE, &type);
        curl_easy_getinfo(p->easy, CURLINFO_RETRY_AFTER, &after_s);
        *r = pl_post_judge((int)code, out->status, type);
        if (after_s > 0 && r->fate == PL_FATE_LATER)
            r->retry_after_ms = after_s < PL_POST_AFTER_MAX_MS / 1000
                                    ? 1000 * (int64_t)after_s
                                    : PL_POST_AFTER_MAX_MS;
        if (code != CURLE_OK)
            out->status = 0;
    } else if (atomic_load(&p->stop_ms)) {
        r->fate = PL_FATE_STOPPED;
    }
    curl_multi_remove_handle(p->multi, p->easy);
}

static enum an_code text_of(struct an_arena *arena, struct an_str a,
                            struct an_str b, struct an_str *out,
                            struct an_err *err)
{
    struct an_buf buf;

    an_buf_init(&buf, arena, PL_TOKEN_BYTES);
    an_buf_put(&buf, a);
    an_buf_put(&buf, b);
    return an_buf_done(&buf, out, err);
}

static enum an_code list_headers(struct an_arena *arena,
                                 const struct pl_post_request *q,
                                 struct an_str token, struct curl_slist **list,
                                 struct an_err *err)
{
    struct an_str line[HEADERS] = {
        AN_STR("Content-Type: application/fhir+json"),
        AN_STR("Accept: application/fhir+json"),
        AN_STR("Prefer: return=minimal"), AN_STR("Expect:"), token};
    enum an_code rc = AN_OK;

    if (q->if_match.n)
        rc = text_of(arena, AN_STR("If-Match: "), q->if_match, &line[5], err);
    if (rc == AN_OK && q->if_none_exist.n)
        rc = text_of(arena, AN_STR("If-None-Exist: "), q->if_none_exist,
                     &line[6], err);
    for (size_t i = 0; rc == AN_OK && i < HEADERS; i++) {
        struct curl_slist *more;

        if (line[i].n == 0)
            continue;
        more = curl_slist_append(*list, line[i].p);
        if (more == NULL)
            return an_fail_nomem(err);
        *list = more;
    }
    return rc;
}

static enum an_code address(const struct pl_post *p, struct an_arena *arena,
                            struct an_str path, struct an_str *url,
                            struct an_err *err)
{
    struct an_str base = an_str_c(p->options.url);

    if (path.n == 0)
        return text_of(arena, base, AN_STR(""), url, err);
    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    {
        struct an_buf b;

        an_buf_init(&b, arena, URL_BYTES);
        an_buf_put(&b, base);
        an_buf_put_char(&b, '/');
        an_buf_put(&b, path);
        return an_buf_done(&b, url, err);
    }
}

static bool set_request(CURL *e, const struct pl_post_request *q,
                        const char *url, struct curl_slist *list,
                        struct call *c)
{
    static const char *const verb[] = {"POST", "PUT", "GET"};
    bool sends = q->method != PL_POST_GET;

    return (sends ? curl_easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK &&
                        curl_easy_setopt(e, CURLOPT_POSTFIELDS,
                                         q->body.n ? q->body.p : "") ==
                            CURLE_OK &&
                        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
                                         (curl_off_t)q->body.n) == CURLE_OK
                  : curl_easy_setopt(e, CURLOPT_HTTPGET, 1L) == CURLE_OK) &&
           curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, verb[q->method]) ==
               CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTPHEADER, list) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, c) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERDATA, c) == CURLE_OK;
}

/* What came, out of the call. */
static enum an_code take_answer(struct an_arena *arena, struct call *c,
                                struct pl_post_answer *out, struct an_err *err)
{
    struct an_str location, version, etag = pl_post_etag(an_str_c(c->etag));

    pl_post_location(an_str_c(c->location), &location, &version);
    if (!an_arena_str(arena, location, &out->location) ||
        !an_arena_str(arena, etag.n ? etag : version, &out->version))
        return an_fail_nomem(err);
    if (c->body.code == AN_NOMEM)
        return an_fail_nomem(err);
    if (out->status == 0 || out->result.error == PL_POST_FOREIGN ||
        c->body.code != AN_OK)
        return AN_OK;
    return an_buf_done(&c->body, &out->body, err);
}

static enum an_code once(struct pl_post *p, struct an_arena *arena,
                         const struct pl_post_request *q, bool renew,
                         struct pl_post_answer *out, struct an_err *err)
{
    struct call *c = an_arena_get(arena, 1, sizeof(*c));
    struct curl_slist *list = NULL;
    struct an_str token = AN_STR(""), url;
    enum an_code rc;

    *out = (struct pl_post_answer){.status = 0};
    if (c == NULL)
        return an_fail_nomem(err);
    an_buf_init(&c->body, arena, PL_POST_BODY_BYTES);
    rc = address(p, arena, q->path, &url, err);
    if (rc == AN_OK)
        rc = read_token(p, arena, renew, &token, err);
    if (rc == AN_OK)
        rc = list_headers(arena, q, token, &list, err);
    if (rc == AN_OK && !set_request(p->easy, q, url.p, list, c))
        rc = an_fail_nomem(err);
    if (rc == AN_OK) {
        ask(p, out);
        rc = take_answer(arena, c, out, err);
    }
    curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(list);
    return rc;
}

enum an_code pl_post_ask(struct pl_post *p, struct an_arena *arena,
                         const struct pl_post_request *q,
                         struct pl_post_answer *out, struct an_err *err)
{
    enum an_code rc = once(p, arena, q, false, out, err);

    if (rc == AN_OK && out->status == 401 && p->options.bearer)
        rc = once(p, arena, q, true, out, err);
    return rc;
}
