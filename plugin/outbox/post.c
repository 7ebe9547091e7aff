/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/outbox/post.h"

#include "plugin/fetch/rules.h"
#include "plugin/host/thread.h"
#include "plugin/host/token.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 1000 };

struct pl_post {
    struct pl_post_options options;
    CURLM *multi;
    CURL *easy;
    atomic_int_fast64_t stop_ms; /* 0: never */
};

static size_t pass_over(char *p, size_t size, size_t n, void *ctx)
{
    (void)p;
    (void)ctx;
    return size * n;
}

static enum an_code read_token(const struct pl_post *p, struct an_arena *arena,
                               struct an_str *header, struct an_err *err)
{
    return pl_token_header(arena, p->options.token_file,
                           "outbox.token_file holds no bearer token", header,
                           err);
}

static bool set_up(struct pl_post *p)
{
    CURL *c = p->easy;

    return curl_easy_setopt(c, CURLOPT_URL, p->options.url) == CURLE_OK &&
           pl_curl_rules(c, (long)p->options.timeout_ms) &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, pass_over) == CURLE_OK;
}

enum an_code pl_post_open(const struct pl_post_options *options,
                          struct pl_post **out, struct an_err *err)
{
    struct pl_post *p;
    struct an_arena arena;
    struct an_str token;
    enum an_code rc;

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
    rc = p->multi && p->easy && set_up(p) ? read_token(p, &arena, &token, err)
                                          : an_fail_nomem(err);
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

static void ask(struct pl_post *p, struct pl_post_result *out)
{
    CURLcode code = CURLE_OK;
    char *type = NULL;
    long status = 0;
    curl_off_t after_s = 0;

    *out = (struct pl_post_result){.fate = PL_FATE_LATER,
                                   .error = CURLE_FAILED_INIT};
    if (curl_multi_add_handle(p->multi, p->easy) != CURLM_OK)
        return;
    if (perform(p, &code)) {
        curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(p->easy, CURLINFO_CONTENT_TYPE, &type);
        curl_easy_getinfo(p->easy, CURLINFO_RETRY_AFTER, &after_s);
        *out = pl_post_judge((int)code, status, type);
        if (after_s > 0 && out->fate == PL_FATE_LATER)
            out->retry_after_ms = after_s < PL_POST_AFTER_MAX_MS / 1000
                                      ? 1000 * (int64_t)after_s
                                      : PL_POST_AFTER_MAX_MS;
    } else if (atomic_load(&p->stop_ms)) {
        out->fate = PL_FATE_STOPPED;
    }
    curl_multi_remove_handle(p->multi, p->easy);
}

enum an_code pl_post_send(struct pl_post *p, struct an_arena *arena,
                          struct an_str bytes, struct pl_post_result *out,
                          struct an_err *err)
{
    static const char *const fixed[] = {"Content-Type: application/fhir+json",
                                        "Accept: application/fhir+json",
                                        "Prefer: return=minimal", "Expect:"};
    struct curl_slist *list = NULL, *more;
    struct an_str token;
    enum an_code rc = read_token(p, arena, &token, err);

    if (rc != AN_OK)
        return rc;
    for (size_t i = 0; i <= sizeof(fixed) / sizeof(fixed[0]); i++) {
        bool last = i == sizeof(fixed) / sizeof(fixed[0]);

        if (last && token.n == 0)
            break;
        more = curl_slist_append(list, last ? token.p : fixed[i]);
        if (more == NULL) {
            curl_slist_free_all(list);
            return an_fail_nomem(err);
        }
        list = more;
    }
    curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(p->easy, CURLOPT_POSTFIELDS, bytes.p);
    curl_easy_setopt(p->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)bytes.n);
    ask(p, out);
    curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(list);
    return AN_OK;
}
