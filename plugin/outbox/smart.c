/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/outbox/smart.h"

#include "base/buf.h"
#include "base/json.h"
#include "plugin/fetch/fetch.h"
#include "plugin/host/thread.h"
#include "plugin/host/token.h"
#include "plugin/jose/assertion.h"

#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_BYTES = 256 << 10,
    FORM_BYTES = 64 << 10,
    PAUSE_MS = 1000,
    PAUSE_MAX_MS = 300000,
    EARLY_MS = 30000, /* before it expires */
    LIFE_S = 300,     /* of a token that says nothing of it */
    LIFE_MAX_S = 86400
};

struct pl_smart {
    struct pl_smart_options options;
    struct pl_fetch *fetch;
    char token[PL_TOKEN_BYTES];
    size_t token_n;
    int64_t until_ms;           /* the token is good until then */
    int64_t again_ms, pause_ms; /* nobody is asked before */
    unsigned algorithms;
    enum pl_smart_fault fault;
};

const char *pl_smart_text(unsigned fault)
{
    static const char *const text[] = {
#define X(name, text) text,
        PL_SMART_FAULTS(X)
#undef X
    };

    return fault < PL_N_SMART_FAULTS ? text[fault] : "unknown";
}

enum an_code pl_smart_open(const struct pl_smart_options *options,
                           struct pl_smart **out, struct an_err *err)
{
    struct pl_fetch_options fetch = {.base = options->base,
                                     .token_file = "",
                                     .no_token = "",
                                     .timeout_ms = options->timeout_ms};
    struct pl_assertion_keys *keys = NULL;
    struct pl_smart *s = calloc(1, sizeof(*s));
    enum an_code rc;

    *out = NULL;
    if (s == NULL)
        return an_fail_nomem(err);
    s->options = *options;
    rc = pl_assertion_keys_open(options->key_file, &keys, err);
    pl_assertion_keys_close(keys);
    if (rc == AN_OK)
        rc = pl_fetch_open(&fetch, &s->fetch, err);
    if (rc != AN_OK) {
        pl_smart_close(s);
        return rc;
    }
    *out = s;
    return AN_OK;
}

void pl_smart_close(struct pl_smart *s)
{
    if (s == NULL)
        return;
    pl_fetch_close(s->fetch);
    explicit_bzero(s->token, sizeof(s->token));
    free(s);
}

void pl_smart_stop(struct pl_smart *s)
{
    pl_fetch_stop(s->fetch);
}

enum pl_smart_fault pl_smart_last(const struct pl_smart *s)
{
    return s->fault;
}

static struct an_str member(const struct an_json *j, const char *key)
{
    return an_json_text(an_json_get(j, an_str_c(key)));
}

/* ---- where and how ---------------------------------------------------------------- */

static bool names(const struct an_json *list, const char *text)
{
    for (const struct an_json *e = an_json_first(list); e; e = e->next)
        if (an_str_eq(an_json_text(e), an_str_c(text)))
            return true;
    return false;
}

/* What it says nothing of it takes. */
static unsigned algorithms(const struct an_json *root)
{
    const struct an_json *list = an_json_get(
        root, AN_STR("token_endpoint_auth_signing_alg_values_supported"));

    if (list == NULL)
        return PL_ALG_BOTH;
    return (names(list, "RS384") ? PL_ALG_RS384 : 0U) |
           (names(list, "ES384") ? PL_ALG_ES384 : 0U);
}

static enum an_code ask(struct pl_smart *s, struct an_arena *arena,
                        const struct pl_fetch_request *q,
                        struct pl_fetch_answer *answer,
                        const struct an_json **root, struct an_err *err)
{
    enum an_code rc = pl_fetch_ask(s->fetch, arena, q, answer, err);

    *root = NULL;
    if (rc == AN_OK && an_json_read(arena, &(struct an_json_limits){0},
                                    answer->body, root, NULL) == AN_NOMEM)
        rc = an_fail_nomem(err);
    return rc;
}

/* The token's address; "" and a fault where there is none. */
static enum an_code discover(struct pl_smart *s, struct an_arena *arena,
                             struct an_str *url, struct an_err *err)
{
    struct pl_fetch_request q = {.header = {"Accept: application/json"},
                                 .anonymous = true,
                                 .limit_bytes = ANSWER_BYTES};
    const struct an_json *root, *methods;
    struct pl_fetch_answer answer;
    struct an_str where;
    enum an_code rc;

    s->algorithms = PL_ALG_BOTH;
    *url = an_str_c(s->options.token_url);
    if (url->n)
        return AN_OK;
    rc = pl_fetch_url(s->fetch, arena,
                      AN_STR(".well-known/smart-configuration"), &where, err);
    if (rc != AN_OK)
        return rc;
    q.url = where.p;
    rc = ask(s, arena, &q, &answer, &root, err);
    if (rc != AN_OK)
        return rc;
    s->fault = answer.status == 0 ? PL_SMART_UNREACHED : PL_SMART_DISCOVERY;
    if (pl_fetch_fate(&answer) != PL_FETCH_GOT ||
        !an_arena_str(arena, member(root, "token_endpoint"), url))
        return AN_OK;
    methods =
        an_json_get(root, AN_STR("token_endpoint_auth_methods_supported"));
    s->algorithms = algorithms(root);
    if ((methods && !names(methods, "private_key_jwt")) ||
        (!an_str_starts(*url, AN_STR("https://")) &&
         !pl_fetch_is_origin(s->fetch, url->p)))
        *url = AN_STR("");
    if (url->n)
        s->fault = PL_SMART_NONE;
    return AN_OK;
}

/* ---- the token -------------------------------------------------------------------- */

static enum pl_smart_fault fault_of(struct an_str error)
{
    static const struct {
        const char *said;
        enum pl_smart_fault fault;
    } known[] = {{"invalid_client", PL_SMART_INVALID_CLIENT},
                 {"invalid_grant", PL_SMART_INVALID_GRANT},
                 {"unauthorized_client", PL_SMART_UNAUTHORIZED},
                 {"invalid_scope", PL_SMART_INVALID_SCOPE},
                 {"invalid_request", PL_SMART_INVALID_REQUEST},
                 {"unsupported_grant_type", PL_SMART_UNSUPPORTED}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (an_str_eq(error, an_str_c(known[i].said)))
            return known[i].fault;
    return PL_SMART_OTHER;
}

/* Words of what was asked for that are not among what was given. */
static size_t n_missing(struct an_str asked, struct an_str given)
{
    size_t n = 0;

    while (asked.n) {
        struct an_str word, rest = given, have;
        bool found = false;

        (void)an_str_cut(&asked, ' ', &word);
        while (!found && rest.n) {
            (void)an_str_cut(&rest, ' ', &have);
            found = an_str_eq(word, have);
        }
        n += word.n && !found;
    }
    return n;
}

static bool is_word(struct an_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n > 0 && s.n < PL_TOKEN_BYTES - 64;
}

static void take(struct pl_smart *s, const struct pl_fetch_answer *answer,
                 const struct an_json *root)
{
    struct an_str token = member(root, "access_token");
    struct an_str scope = member(root, "scope");
    int64_t life_s = LIFE_S;
    size_t missing;

    s->fault = answer->status == 0 || root == NULL ? PL_SMART_UNREACHED
                                                   : PL_SMART_TOKEN;
    if (root && answer->status != 200)
        s->fault = fault_of(member(root, "error"));
    if (answer->status != 200 || !is_word(token) ||
        !an_str_eq_nocase(member(root, "token_type"), AN_STR("bearer")))
        return;
    s->fault = PL_SMART_NONE;
    (void)an_json_i64(an_json_get(root, AN_STR("expires_in")), &life_s);
    life_s = life_s < 0 ? 0 : life_s > LIFE_MAX_S ? LIFE_MAX_S : life_s;
    memcpy(s->token, token.p, token.n);
    s->token_n = token.n;
    s->until_ms = pl_now_ms() + life_s * 1000 -
                  (life_s * 500 < EARLY_MS ? life_s * 500 : EARLY_MS);
    missing = scope.n ? n_missing(an_str_c(s->options.scope), scope) : 0;
    if (missing)
        an_log(s->options.log, AN_EVENT_OUTBOX_SCOPE, missing, 0, 0);
}

static enum an_code form(struct pl_smart *s, struct an_arena *arena,
                         struct an_str jwt, struct an_str *out,
                         struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, arena, FORM_BYTES);
    an_buf_put_c(&b, "grant_type=client_credentials&scope=");
    an_buf_put_escaped(&b, an_str_c(s->options.scope), "");
    an_buf_put_c(&b, "&client_assertion_type="
                     "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A"
                     "jwt-bearer&client_assertion=");
    an_buf_put_escaped(&b, jwt, "");
    return an_buf_done(&b, out, err);
}

static enum an_code assert_us(struct pl_smart *s, struct an_arena *arena,
                              struct an_str url, struct an_str *jwt,
                              struct an_err *err)
{
    struct pl_assertion a = {.client_id = an_str_c(s->options.client_id),
                             .audience = url,
                             .now_us = s->options.clock(NULL),
                             .algorithms = s->algorithms};
    struct pl_assertion_keys *keys = NULL;
    enum an_code rc = pl_assertion_keys_open(s->options.key_file, &keys, err);

    if (rc == AN_OK)
        rc = pl_assertion_make(keys, arena, &a, jwt, err);
    pl_assertion_keys_close(keys);
    if (rc == AN_OK || rc == AN_NOMEM)
        return rc;
    s->fault = PL_SMART_KEYS;
    *jwt = AN_STR("");
    return AN_OK;
}

/* AN_OK with a fault where it is the server, or our keys, that gives none. */
static enum an_code obtain(struct pl_smart *s, struct an_arena *arena,
                           struct an_err *err)
{
    struct pl_fetch_request q = {
        .method = PL_FETCH_POST,
        .header = {"Content-Type: application/x-www-form-urlencoded",
                   "Accept: application/json"},
        .anonymous = true,
        .limit_bytes = ANSWER_BYTES};
    struct an_str url, jwt = AN_STR("");
    const struct an_json *root;
    struct pl_fetch_answer answer;
    enum an_code rc;

    s->fault = PL_SMART_NONE;
    s->token_n = 0;
    rc = discover(s, arena, &url, err);
    if (rc == AN_OK && s->fault == PL_SMART_NONE)
        rc = assert_us(s, arena, url, &jwt, err);
    if (rc != AN_OK || s->fault != PL_SMART_NONE)
        return rc;
    rc = form(s, arena, jwt, &q.body, err);
    q.url = url.p;
    if (rc == AN_OK)
        rc = ask(s, arena, &q, &answer, &root, err);
    if (rc == AN_OK)
        take(s, &answer, root);
    return rc;
}

static enum an_code give(struct pl_smart *s, struct an_arena *arena,
                         struct an_str *header, struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, arena, PL_TOKEN_BYTES + 64);
    an_buf_put_c(&b, "Authorization: Bearer ");
    an_buf_put(&b, (struct an_str){s->token, s->token_n});
    return an_buf_done(&b, header, err);
}

static enum an_code get(void *ctx, struct an_arena *arena, bool renew,
                        struct an_str *header, struct an_err *err)
{
    struct pl_smart *s = ctx;
    enum an_code rc = AN_OK;

    if (!renew && s->token_n && pl_now_ms() < s->until_ms)
        return give(s, arena, header, err);
    if (pl_now_ms() < s->again_ms)
        return an_fail(err, AN_BUSY, pl_smart_text(s->fault), 0);
    rc = obtain(s, arena, err);
    if (rc == AN_OK && s->fault == PL_SMART_NONE) {
        s->pause_ms = 0;
        return give(s, arena, header, err);
    }
    s->pause_ms = s->pause_ms ? 2 * s->pause_ms : PAUSE_MS;
    if (s->pause_ms > PAUSE_MAX_MS)
        s->pause_ms = PAUSE_MAX_MS;
    s->again_ms = pl_now_ms() + s->pause_ms;
    if (rc != AN_OK)
        return rc;
    an_log(s->options.log, AN_EVENT_OUTBOX_TOKEN_FAULT, s->fault,
           (uint64_t)s->pause_ms, 0);
    return an_fail(err, AN_BUSY, pl_smart_text(s->fault), 0);
}

struct pl_post_bearer pl_smart_bearer(struct pl_smart *s)
{
    return (struct pl_post_bearer){.get = get, .ctx = s};
}
