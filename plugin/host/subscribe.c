/* SPDX-License-Identifier: Apache-2.0 */
/* subscribe: asks the configured FHIR server to tell us, by a Subscription for
 * each row of subscriptions.of; renews the one that is there, or takes it away. */
#include "plugin/host/command.h"

#include "base/buf.h"
#include "base/json.h"
#include "fhir/notification.h"
#include "plugin/fetch/fetch.h"
#include "plugin/host/say.h"
#include "plugin/host/thread.h"
#include "plugin/host/token.h"
#include "plugin/subscriptions.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    ARENA_BYTES = 64 << 20,
    ANSWER_BYTES = 4 << 20,
    URL_BYTES = 4000,
    LOOK_MS = 500
};

struct asked {
    bool backport, take_away;
    const char *content, *end, *url;
    char *const *name;
    int n_names;
};

/* One Subscription under way. */
struct subscribing {
    const struct asked *asked;
    const struct cfg_options *o;
    struct pl_fetch *fetch;
    struct an_arena *arena;
    struct pl_subscription_terms terms;
    struct an_str endpoint, id;
};

static bool one_of(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

/* Of those that the options need. */
static bool is_right(const struct asked *a)
{
    static const char *const contents[] = {"empty", "id-only", "full-resource"};
    static const struct an_zone utc = {0};
    struct an_time t;

    if (a->content && (!a->backport || !one_of(a->content, contents, 3)))
        return false;
    return a->end == NULL || (an_time_fhir(an_str_c(a->end), &utc, &t) &&
                              t.precision >= AN_TIME_SECOND && !t.assumed);
}

static bool read_arguments(const struct pl_invocation *in, struct asked *a)
{
    int i = 0;

    for (; i < in->argc && in->argv[i][0] == '-'; i++) {
        const char **value = strcmp(in->argv[i], "--content") == 0 ? &a->content
                             : strcmp(in->argv[i], "--end") == 0   ? &a->end
                                                                   : NULL;

        if (strcmp(in->argv[i], "--backport") == 0)
            a->backport = true;
        else if (strcmp(in->argv[i], "--delete") == 0)
            a->take_away = true;
        else if (value && i + 1 < in->argc)
            *value = in->argv[++i];
        else
            return false;
    }
    if (i == in->argc || !is_right(a))
        return false;
    a->url = in->argv[i];
    a->name = in->argv + i + 1;
    a->n_names = in->argc - i - 1;
    return true;
}

/* ---- one request -------------------------------------------------------- */

static enum an_code place(struct an_err *err, enum an_code code,
                          const char *what, struct an_str name, long status)
{
    char where[AN_PATH_BYTES];

    (void)snprintf(where, sizeof(where), "%.*s (HTTP %ld)", AN_STR_ARG(name),
                   status);
    return an_fail_line(err, code, what, where, 0, 0);
}

static enum an_code ask(struct subscribing *k, enum pl_fetch_method method,
                        struct an_str path, struct an_str body,
                        struct pl_fetch_answer *answer, struct an_err *err)
{
    struct an_str url;
    struct pl_fetch_request q = {
        .method = method,
        .body = body,
        .header = {"Accept: application/fhir+json", "Cache-Control: no-cache",
                   body.n ? "Content-Type: application/fhir+json" : NULL},
        .limit_bytes = ANSWER_BYTES};
    enum an_code rc = pl_fetch_url(k->fetch, k->arena, path, &url, err);

    q.url = url.p;
    if (rc == AN_OK)
        rc = pl_fetch_ask(k->fetch, k->arena, &q, answer, err);
    if (rc != AN_OK || pl_fetch_fate(answer) == PL_FETCH_GOT)
        return rc;
    if (method == PL_FETCH_DELETE && answer->status == 410)
        return AN_OK;
    return place(err,
                 pl_fetch_fate(answer) == PL_FETCH_LATER ? AN_IO : AN_CONFIG,
                 "the server does not take it", k->terms.name, answer->status);
}

static enum an_code path_of(struct subscribing *k, const char *before,
                            struct an_str after, struct an_str *path,
                            struct an_err *err)
{
    struct an_buf b;

    /* Steps of a path, however they are written. */
    if (an_str_eq(after, AN_STR(".")) || an_str_eq(after, AN_STR("..")))
        return an_fail(err, AN_CONFIG,
                       "the server's Subscription has no id that could be "
                       "asked for",
                       0);
    an_buf_init(&b, k->arena, URL_BYTES);
    an_buf_put_c(&b, before);
    an_buf_put_escaped(&b, after, "");
    return an_buf_done(&b, path, err);
}

/* ---- what there is ------------------------------------------------------ */

/* The id of the one that has our endpoint; "" when there is none. */
static enum an_code find(struct subscribing *k, struct an_err *err)
{
    struct pl_fetch_answer answer;
    const struct an_json *root;
    struct an_str path;
    enum an_code rc = path_of(k, "Subscription?url=", k->endpoint, &path, err);

    k->id = AN_STR("");
    if (rc == AN_OK)
        rc = ask(k, PL_FETCH_GET, path, AN_STR(""), &answer, err);
    if (rc == AN_OK)
        rc = an_json_read(k->arena, &(struct an_json_limits){0}, answer.body,
                          &root, err);
    if (rc != AN_OK)
        return rc;
    for (const struct an_json *e =
             an_json_first(an_json_get(root, AN_STR("entry")));
         e; e = e->next) {
        const struct an_json *r = an_json_get(e, AN_STR("resource"));
        const struct an_json *c = an_json_get(r, AN_STR("channel"));

        if (an_str_eq(an_json_text(an_json_get(c, AN_STR("endpoint"))),
                      k->endpoint))
            k->id = an_json_text(an_json_get(r, AN_STR("id")));
    }
    return AN_OK;
}

/* ---- asking ------------------------------------------------------------- */

static enum an_code write_it(struct subscribing *k, struct an_str *json,
                             struct an_err *err)
{
    struct an_str path = k->o->subscriptions_secret_file;
    struct fhir_subscription s = {.id = k->id,
                                  .reason = AN_STR("Anamnesis reads along"),
                                  .criteria = k->terms.criteria,
                                  .filter = k->terms.filter,
                                  .endpoint = k->endpoint,
                                  .end = an_str_c(k->asked->end)};
    enum an_code rc = pl_token_header(
        k->arena, path.n ? path.p : "",
        "subscriptions.secret_file holds no bearer token", &s.header, err);

    if (k->asked->backport) {
        s.content = an_str_c(k->asked->content ? k->asked->content : "id-only");
        s.heartbeat_s = 300;
    }
    return rc == AN_OK ? fhir_subscription_write(k->arena, &s, json, err) : rc;
}

static struct an_str member_of(struct subscribing *k, struct an_str body,
                               struct an_str name)
{
    const struct an_json *root;

    return an_json_read(k->arena, &(struct an_json_limits){0}, body, &root,
                        NULL) == AN_OK
               ? an_json_text(an_json_get(root, name))
               : AN_STR("");
}

/* The server tries the endpoint before it says active. */
static enum an_code wait_until_active(struct subscribing *k,
                                      struct an_str *status, struct an_err *err)
{
    int64_t until_ms = pl_now_ms() + k->o->fhir_timeout_ms;
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    struct pl_fetch_answer answer;
    struct an_str path;
    enum an_code rc = path_of(k, "Subscription/", k->id, &path, err);

    *status = AN_STR("requested");
    while (rc == AN_OK && an_str_eq(*status, AN_STR("requested"))) {
        rc = ask(k, PL_FETCH_GET, path, AN_STR(""), &answer, err);
        if (rc == AN_OK)
            *status = member_of(k, answer.body, AN_STR("status"));
        if (pl_now_ms() > until_ms)
            break;
        if (an_str_eq(*status, AN_STR("requested")))
            nanosleep(&pause, NULL);
    }
    return rc;
}

static enum an_code put_it(struct subscribing *k, bool *renewed,
                           struct an_err *err)
{
    struct pl_fetch_answer answer;
    struct an_str json, path = AN_STR("Subscription");
    enum an_code rc = write_it(k, &json, err);

    *renewed = k->id.n != 0;
    if (rc == AN_OK && k->id.n)
        rc = path_of(k, "Subscription/", k->id, &path, err);
    if (rc == AN_OK)
        rc = ask(k, k->id.n ? PL_FETCH_PUT : PL_FETCH_POST, path, json, &answer,
                 err);
    if (rc != AN_OK || k->id.n)
        return rc;
    k->id = member_of(k, answer.body, AN_STR("id"));
    /* A server that answers with nothing says it in a header or not at all. */
    return k->id.n ? AN_OK : find(k, err);
}

static int say(const struct subscribing *k, const char *what,
               struct an_str status)
{
    bool good = an_str_eq(status, AN_STR("active")) ||
                an_str_eq(status, AN_STR("deleted"));

    pl_say_pair("", k->terms.name, ": Subscription/", k->id, " ");
    (void)printf("%s, %s\n", what,
                 good                                     ? "in force"
                 : an_str_eq(status, AN_STR("requested")) ? "not active yet"
                 : an_str_eq(status, AN_STR("error"))
                     ? "in error: the server does not reach the endpoint"
                     : "not active");
    return good ? PL_EXIT_OK : PL_EXIT_REFUSED;
}

static int subscribe_one(struct subscribing *k, struct an_err *err)
{
    struct pl_fetch_answer answer;
    struct an_str path, status = AN_STR("");
    bool renewed = false;
    enum an_code rc = find(k, err);

    if (rc == AN_OK && k->asked->take_away) {
        if (k->id.n == 0) {
            pl_say_pair("", k->terms.name, ": there is none", AN_STR(""), "\n");
            return PL_EXIT_OK;
        }
        rc = path_of(k, "Subscription/", k->id, &path, err);
        if (rc == AN_OK)
            rc = ask(k, PL_FETCH_DELETE, path, AN_STR(""), &answer, err);
        return rc == AN_OK ? say(k, "deleted", AN_STR("deleted"))
                           : pl_complain(err);
    }
    if (rc == AN_OK)
        rc = put_it(k, &renewed, err);
    if (rc == AN_OK)
        rc = wait_until_active(k, &status, err);
    return rc == AN_OK ? say(k, renewed ? "renewed" : "made", status)
                       : pl_complain(err);
}

/* ---- all of them -------------------------------------------------------- */

static bool is_wanted(const struct asked *a, struct an_str name)
{
    for (int i = 0; i < a->n_names; i++)
        if (an_str_eq(an_str_c(a->name[i]), name))
            return true;
    return a->n_names == 0;
}

static int subscribe(struct subscribing *k, struct an_err *err)
{
    struct an_str url = an_str_c(k->asked->url);
    int status = PL_EXIT_OK, n = 0;

    while (url.n && url.p[url.n - 1] == '/')
        url.n--;
    for (size_t i = 0; i < k->o->subscriptions.n; i++) {
        struct an_buf b;
        int one;

        k->terms = pl_subscription_terms_of(k->o->subscriptions.item[i]);
        if (!is_wanted(k->asked, k->terms.name))
            continue;
        n++;
        an_buf_init(&b, k->arena, URL_BYTES);
        an_buf_put(&b, url);
        an_buf_put_c(&b, "/fhir/subscription/");
        an_buf_put(&b, k->terms.name);
        if (an_buf_done(&b, &k->endpoint, err) != AN_OK)
            return pl_complain(err);
        one = subscribe_one(k, err);
        status = one > status ? one : status;
    }
    if (n)
        return status;
    (void)an_fail(err, AN_NOTFOUND, "subscriptions.of has none of that name",
                  0);
    return pl_complain(err);
}

int pl_command_subscribe(const struct pl_invocation *in)
{
    struct asked a = {.backport = false};
    struct subscribing k = {.asked = &a};
    struct pl_fetch_options options;
    struct cfg_options o;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;
    int status;

    if (!read_arguments(in, &a))
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    k.arena = &arena;
    k.o = &o;
    rc = pl_invocation_options(in, &arena, &o, &err);
    if (rc == AN_OK) {
        options = (struct pl_fetch_options){
            .base = o.fhir_url.n ? o.fhir_url.p : "",
            .token_file = o.fhir_token_file.n ? o.fhir_token_file.p : "",
            .no_token = "fhir.token_file holds no bearer token",
            .timeout_ms = o.fhir_timeout_ms};
        rc = pl_fetch_open(&options, &k.fetch, &err);
    }
    status = rc == AN_OK ? subscribe(&k, &err) : pl_complain(&err);
    pl_fetch_close(k.fetch);
    an_arena_free(&arena);
    return status;
}
