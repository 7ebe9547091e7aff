/* SPDX-License-Identifier: Apache-2.0 */
/* Where a FHIR server's Subscriptions arrive.
 *
 *     POST /fhir/subscription/NAME            a notification, a resource or
 *                                             nothing
 *     PUT  /fhir/subscription/NAME/TYPE/ID    a resource (R4 rest-hook with a
 *                                             payload, as HAPI FHIR sends it)
 *     DELETE the same                         it is no more
 *
 * 200 stored, and all that it names; 400 refused; 401 without the secret that
 * was agreed on; 404 no such subscription here; 503 not now: send it again. */
#include "plugin/host/serve.h"

#include "fhir/outcome.h"

static const char fhir_type[] = "application/fhir+json; charset=utf-8";

static void answered(void *user, struct pl_job *job)
{
    pl_server_count(user, pl_job_verdict(job));
}

enum an_code pl_face_subscription_open(struct pl_server *s, struct an_err *err)
{
    struct pl_subscriptions_source source = {
        .engine = s->running.engine, .answered = answered, .user = s};

    return pl_subscriptions_open(&source, &s->subscriptions, err);
}

static enum an_code refuse(struct pl_http_request *q,
                           struct pl_http_response *r, unsigned status,
                           enum an_code code, const char *what)
{
    struct an_err err = {.code = code, .what = what};

    r->status = status;
    r->content_type = fhir_type;
    return fhir_outcome(q->arena, &err, NULL, 0, &r->body, NULL);
}

static enum an_code take(struct pl_server *s, struct pl_http_request *q,
                         struct pl_http_response *r,
                         const struct pl_notice *notice)
{
    struct pl_subscription *u =
        pl_subscription_find(s->subscriptions, q->param[0]);
    struct an_str authorization = AN_STR("");
    struct pl_noticed noticed;

    if (u == NULL)
        return refuse(q, r, 404, AN_NOTFOUND, "no subscription of that name");
    (void)pl_http_header(q, "Authorization", &authorization);
    if (!pl_subscription_knows(u, authorization)) {
        pl_subscription_stranger(u);
        pl_http_add_header(r, "WWW-Authenticate", "Bearer");
        return refuse(q, r, 401, AN_INTEGRITY,
                      "the token that was agreed on is missing");
    }
    pl_subscription_take(u, q->arena, notice, &noticed);
    r->content_type = fhir_type;
    r->body = noticed.answer;
    switch (noticed.verdict) {
    case PL_ACCEPTED:
    case PL_DUPLICATE: r->status = 200; break;
    case PL_REFUSED: r->status = 400; break;
    case PL_FAILED: r->status = 503; break;
    }
    return AN_OK;
}

enum an_code pl_subscription_post(void *ctx, struct pl_http_request *q,
                                  struct pl_http_response *r)
{
    struct pl_notice notice = {.body = q->body};

    return take(ctx, q, r, &notice);
}

enum an_code pl_subscription_put(void *ctx, struct pl_http_request *q,
                                 struct pl_http_response *r)
{
    struct pl_notice notice = {
        .body = q->body, .type = q->param[1], .id = q->param[2]};

    return take(ctx, q, r, &notice);
}

enum an_code pl_subscription_delete(void *ctx, struct pl_http_request *q,
                                    struct pl_http_response *r)
{
    struct pl_notice notice = {
        .type = q->param[1], .id = q->param[2], .is_deleted = true};

    return take(ctx, q, r, &notice);
}
