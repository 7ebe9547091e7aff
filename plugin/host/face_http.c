/* SPDX-License-Identifier: Apache-2.0 */
/* What there is over HTTP: the table of routes at the end.  Here are FHIR
 * messages and health; face_hl7.c, face_cds.c, face_feedback.c, face_fhir.c and metrics.c have
 * the rest.
 *
 *     POST /fhir      a FHIR Bundle or resource; an OperationOutcome
 *     POST /hl7v2/$convert    an HL7v2 message; the answer is its Bundle, and
 *                     nothing is stored
 *
 * 200 stored, 400 refused (sending it again is no use), 503 not stored (send
 * it again); the body says why. */
#include "plugin/host/serve.h"

#include "fhir/outcome.h"
#include "plugin/convert.h"
#include "plugin/host/refusal.h"

/* A patient's whole record may be read for an answer. */
enum { ANSWER_BYTES = 256 << 20 };

static const char fhir_type[] = "application/fhir+json; charset=utf-8";

static unsigned status_of(enum pl_verdict verdict)
{
    switch (verdict) {
    case PL_ACCEPTED:
    case PL_DUPLICATE: return 200;
    case PL_REFUSED: return 400;
    case PL_FAILED: break;
    }
    return 503;
}

static enum an_code post_fhir(void *ctx, struct pl_http_request *q,
                              struct pl_http_response *r)
{
    struct pl_server *s = ctx;
    char feed[PL_FEED_BYTES];
    struct pl_job *job =
        pl_engine_job(s->running.engine, PL_FORMAT_FHIR,
                      pl_feed_name("http", q->identity, feed), q->body, false);
    bool kept;

    if (job == NULL)
        return AN_BUSY;
    pl_job_read(job, pl_engine_settings(s->running.engine));
    pl_job_put(job, pl_engine_committer(s->running.engine));
    pl_server_count_job(s, job);
    r->status = status_of(pl_job_verdict(job));
    r->content_type = fhir_type;
    kept = an_arena_str(q->arena, pl_job_answer(job), &r->body);
    pl_job_free(job);
    return kept ? AN_OK : AN_NOMEM;
}

/* ?bundle=transaction and so on; without it a message Bundle. */
static enum an_code post_convert(void *ctx, struct pl_http_request *q,
                                 struct pl_http_response *r)
{
    struct pl_server *s = ctx;
    enum hl7_bundle bundle = HL7_BUNDLE_MESSAGE;
    struct an_str name;
    struct an_err err = {.code = AN_CODE, .what = "no kind of Bundle"};
    enum an_code rc = AN_CODE;

    if (!pl_http_query(q, "bundle", &name) || pl_bundle_of(name, &bundle))
        rc = pl_convert(q->arena, pl_engine_settings(s->running.engine),
                        q->body, bundle, &r->body, &err);
    if (rc == AN_NOMEM || rc == AN_INTERNAL)
        return rc;
    r->content_type = fhir_type;
    if (rc == AN_OK)
        return AN_OK;
    r->status = 400;
    return fhir_outcome(q->arena, &err, NULL, 0, &r->body, NULL);
}

static enum an_code get_live(void *ctx, struct pl_http_request *q,
                             struct pl_http_response *r)
{
    (void)ctx;
    (void)q;
    r->content_type = "text/plain; charset=utf-8";
    r->body = AN_STR("alive\n");
    return AN_OK;
}

static enum an_code get_ready(void *ctx, struct pl_http_request *q,
                              struct pl_http_response *r)
{
    struct pl_server *s = ctx;
    bool ready = !atomic_load(&s->stopping);

    (void)q;
    r->status = ready ? 200 : 503;
    r->content_type = "text/plain; charset=utf-8";
    r->body = ready ? AN_STR("ready\n") : AN_STR("stopping\n");
    return AN_OK;
}

static void refuse(void *ctx, struct pl_http_request *q,
                   struct pl_http_response *r)
{
    (void)ctx;
    pl_refusal(q, r);
}

static unsigned guard(void *ctx, struct pl_http_request *q)
{
    struct pl_server *s = ctx;

    return pl_cds_gate_guard(s->gate, q);
}

static void add_headers(void *ctx, struct pl_http_request *q,
                        struct pl_http_response *r)
{
    struct pl_server *s = ctx;

    pl_cds_gate_answer(s->gate, q, r);
}

enum an_code pl_face_http_open(struct pl_server *s, struct an_err *err)
{
    static const struct pl_http_route routes[] = {
        {PL_POST, "/hl7v2", pl_hl7_post, 0},
        {PL_POST, "/hl7v2/$convert", post_convert, 0},
        {PL_POST, "/fhir", post_fhir, 0},
        {PL_POST, "/fhir/subscription/{}", pl_subscription_post, 0},
        {PL_PUT, "/fhir/subscription/{}/{}/{}", pl_subscription_put, 0},
        {PL_DELETE, "/fhir/subscription/{}/{}/{}", pl_subscription_delete, 0},
        {PL_GET, "/cds-services", pl_cds_discover, 0},
        {PL_POST, "/cds-services/{}", pl_cds_call, 0},
        {PL_POST, "/cds-services/{}/feedback", pl_cds_feedback, 0},
        {PL_GET, "/fhir/metadata", pl_fhir_metadata, 0},
        {PL_GET, "/fhir/{}", pl_fhir_search, 0},
        {PL_GET, "/fhir/{}/{}", pl_fhir_read, 0},
        {PL_GET, "/health/live", get_live, 0},
        {PL_GET, "/health/ready", get_ready, 0},
        {PL_GET, "/metrics", pl_get_metrics, 0},
    };
    const struct cfg_options *o = pl_engine_options(s->running.engine);
    struct pl_http_calls calls = {.ctx = s,
                                  .route = routes,
                                  .n_routes =
                                      sizeof(routes) / sizeof(routes[0]),
                                  .on_refusal = refuse,
                                  .guard = guard,
                                  .on_answer = add_headers};
    struct pl_http_options options = {
        .address = o->http_address,
        .max_body_bytes = (size_t)o->http_max_body_bytes,
        .max_answer_bytes = (size_t)o->http_max_body_bytes + ANSWER_BYTES,
        .max_connections = (uint32_t)o->http_max_connections,
        .timeout_ms = o->http_timeout_ms,
        .tls = o->http_tls ? s->tls : NULL,
        .peers = pl_server_peers(&o->http_peers, s->http_network),
        .max_per_peer = (uint32_t)o->http_max_per_peer,
        .rate = (uint32_t)o->http_rate,
        .burst = (uint32_t)o->http_burst};
    enum an_code rc;

    if (o->http_address.host.n == 0)
        return AN_OK;
    rc = pl_cds_gate_open(o, pl_engine_log(s->running.engine), &s->gate, err);
    if (rc != AN_OK)
        return rc;
    return pl_http_open(&options, &calls, pl_engine_log(s->running.engine),
                        &s->http, err);
}
