/* SPDX-License-Identifier: Apache-2.0 */
/* Messages over HTTP, and what operators ask: health and metrics.
 *
 *     POST /hl7v2     an HL7v2 message; the answer is its acknowledgement
 *     POST /fhir      a FHIR Bundle or resource; an OperationOutcome
 *     GET /health/live, /health/ready, /metrics
 *
 * 200 stored, 400 refused (sending it again is no use), 503 not stored (send
 * it again); the body says why. */
#include "plugin/host/serve.h"

#include "base/buf.h"
#include "fhir/outcome.h"

#include <string.h>

enum { METRICS_BYTES = 1 << 20 };

static const char hl7_type[] = "x-application/hl7-v2+er7; charset=utf-8";
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

static enum an_code take(struct pl_server *s, struct pl_http_request *q,
                         struct pl_http_response *r, enum pl_format format)
{
    struct pl_job *job =
        pl_engine_job(s->engine, format, AN_STR("http"), q->body, false);
    bool kept;

    if (job == NULL)
        return AN_BUSY;
    pl_job_read(job, pl_engine_settings(s->engine));
    pl_job_put(job, pl_engine_committer(s->engine));
    pl_server_count(s, pl_job_verdict(job));
    r->status = status_of(pl_job_verdict(job));
    r->content_type = format == PL_FORMAT_HL7V2 ? hl7_type : fhir_type;
    kept = an_arena_str(q->arena, pl_job_answer(job), &r->body);
    pl_job_free(job);
    return kept ? AN_OK : AN_NOMEM;
}

static enum an_code post_hl7(void *ctx, struct pl_http_request *q,
                             struct pl_http_response *r)
{
    return take(ctx, q, r, PL_FORMAT_HL7V2);
}

static enum an_code post_fhir(void *ctx, struct pl_http_request *q,
                              struct pl_http_response *r)
{
    return take(ctx, q, r, PL_FORMAT_FHIR);
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

static void metric(struct an_buf *b, const char *name, const char *type,
                   const char *help)
{
    an_buf_put_c(b, "# HELP anamnesis_");
    an_buf_put_c(b, name);
    an_buf_put_char(b, ' ');
    an_buf_put_c(b, help);
    an_buf_put_c(b, "\n# TYPE anamnesis_");
    an_buf_put_c(b, name);
    an_buf_put_char(b, ' ');
    an_buf_put_c(b, type);
    an_buf_put_char(b, '\n');
}

static void sample(struct an_buf *b, const char *name, const char *label,
                   uint64_t value)
{
    an_buf_put_c(b, "anamnesis_");
    an_buf_put_c(b, name);
    an_buf_put_c(b, label);
    an_buf_put_char(b, ' ');
    an_buf_put_u64(b, value);
    an_buf_put_char(b, '\n');
}

static void put_verdicts(struct an_buf *b, struct pl_server *s)
{
    static const char *const label[] = {
        "{verdict=\"accepted\"}", "{verdict=\"duplicate\"}",
        "{verdict=\"refused\"}", "{verdict=\"failed\"}"};

    metric(b, "messages_total", "counter", "Messages by what became of them.");
    for (size_t i = 0; i <= PL_FAILED; i++)
        sample(b, "messages_total", label[i], atomic_load(&s->n_verdict[i]));
}

static void put_store(struct an_buf *b, struct pl_server *s)
{
    struct pl_committer_state state;

    pl_committer_state(pl_engine_committer(s->engine), &state);
    metric(b, "store_waiting", "gauge", "Messages that wait for their commit.");
    sample(b, "store_waiting", "", state.n_waiting);
    metric(b, "store_commits_total", "counter", "Transactions of messages.");
    sample(b, "store_commits_total", "", state.n_groups);
    metric(b, "store_failed_total", "counter",
           "Messages that could not be stored.");
    sample(b, "store_failed_total", "", state.n_failed);
}

static void put_mllp(struct an_buf *b, struct pl_server *s)
{
    struct pl_mllp_counts c;

    if (s->mllp == NULL)
        return;
    c = pl_mllp_counts(s->mllp);
    metric(b, "mllp_connections", "gauge", "Senders connected now.");
    sample(b, "mllp_connections", "", c.open);
    metric(b, "mllp_connections_total", "counter", "Senders that connected.");
    sample(b, "mllp_connections_total", "", c.accepted);
    metric(b, "mllp_bad_frames_total", "counter", "Bytes that are no frame.");
    sample(b, "mllp_bad_frames_total", "", c.bad_frames);
    metric(b, "mllp_timeouts_total", "counter",
           "Connections closed for want of progress.");
    sample(b, "mllp_timeouts_total", "{state=\"frame\"}", c.frame_timeouts);
    sample(b, "mllp_timeouts_total", "{state=\"answer\"}", c.answer_timeouts);
    sample(b, "mllp_timeouts_total", "{state=\"write\"}", c.write_timeouts);
}

static enum an_code get_metrics(void *ctx, struct pl_http_request *q,
                                struct pl_http_response *r)
{
    struct pl_server *s = ctx;
    struct an_buf b;

    an_buf_init(&b, q->arena, METRICS_BYTES);
    put_verdicts(&b, s);
    put_store(&b, s);
    put_mllp(&b, s);
    metric(&b, "start_time_seconds", "gauge", "When the server was started.");
    sample(&b, "start_time_seconds", "", (uint64_t)s->started_us / 1000000);
    r->content_type = "text/plain; version=0.0.4; charset=utf-8";
    return an_buf_done(&b, &r->body, NULL);
}

/* What the listener itself refuses, in the words of FHIR. */
static void refuse(void *ctx, struct pl_http_request *q,
                   struct pl_http_response *r)
{
    static const struct {
        unsigned status;
        enum an_code code;
        const char *what;
    } known[] = {{404, AN_NOTFOUND, "there is nothing at this path"},
                 {405, AN_UNSUPPORTED, "not by this method"},
                 {413, AN_LIMIT, "longer than listen.http.max_body"},
                 {503, AN_BUSY, "not now: try again"}};
    struct an_err err = {.code = AN_SYNTAX, .what = "the request is malformed"};

    (void)ctx;
    if (r->status >= 500)
        err = (struct an_err){.code = AN_INTERNAL, .what = "a fault of ours"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].status == r->status)
            err = (struct an_err){.code = known[i].code, .what = known[i].what};
    if (fhir_outcome(q->arena, &err, NULL, 0, &r->body, NULL) == AN_OK)
        r->content_type = fhir_type;
}

enum an_code pl_face_http_open(struct pl_server *s, struct an_err *err)
{
    static const struct pl_http_route routes[] = {
        {PL_POST, "/hl7v2", post_hl7, 0},
        {PL_POST, "/fhir", post_fhir, 0},
        {PL_GET, "/health/live", get_live, 0},
        {PL_GET, "/health/ready", get_ready, 0},
        {PL_GET, "/metrics", get_metrics, 0},
    };
    const struct cfg_options *o = pl_engine_options(s->engine);
    struct pl_http_calls calls = {.ctx = s,
                                  .route = routes,
                                  .n_routes =
                                      sizeof(routes) / sizeof(routes[0]),
                                  .on_refusal = refuse};
    struct pl_http_options options = {
        .address = o->http_address,
        .max_body_bytes = (size_t)o->http_max_body_bytes,
        .max_answer_bytes = (size_t)o->http_max_body_bytes,
        .max_connections = (uint32_t)o->http_max_connections,
        .timeout_ms = o->http_timeout_ms};

    if (o->http_address.host.n == 0)
        return AN_OK;
    return pl_http_open(&options, &calls, pl_engine_log(s->engine), &s->http,
                        err);
}
