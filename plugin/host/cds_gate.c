/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/cds_gate.h"

#include "plugin/host/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { GATE_BYTES = 16 << 20, REFRESH_MS = 60000, RETRY_MS = 10000 };

struct pl_cds_gate {
    const struct cfg_options *options;
    struct an_log *log;
    struct an_arena arena; /* of the clients */
    struct pl_clients clients;
    struct pl_trust *trust; /* NULL: no client is configured */
    atomic_uint_fast64_t n_closed;
};

enum an_code pl_cds_gate_open(const struct cfg_options *options,
                              struct an_log *log, struct pl_cds_gate **out,
                              struct an_err *err)
{
    struct pl_cds_gate *gate = calloc(1, sizeof(*gate));
    struct pl_trust_options trust = {.timeout_ms =
                                         options->cds_fetch_timeout_ms,
                                     .refresh_ms = REFRESH_MS,
                                     .retry_ms = RETRY_MS,
                                     .outage_ms = options->cds_keys_outage_ms,
                                     .started_s = pl_clock_us(NULL) / 1000000,
                                     .n_replays = PL_REPLAYS,
                                     .log = log};
    enum an_code rc = AN_OK;

    *out = NULL;
    if (gate == NULL)
        return an_fail_nomem(err);
    gate->options = options;
    gate->log = log;
    an_arena_init(&gate->arena, GATE_BYTES);
    trust.clients = &gate->clients;
    if (options->cds_clients_path.n)
        rc = pl_clients_read(&gate->arena, options->cds_clients_path.p,
                             &gate->clients, err);
    if (rc == AN_OK && gate->clients.n)
        rc = pl_trust_open(&trust, &gate->trust, err);
    if (rc != AN_OK) {
        pl_cds_gate_close(gate);
        return rc;
    }
    *out = gate;
    return AN_OK;
}

void pl_cds_gate_close(struct pl_cds_gate *gate)
{
    if (gate == NULL)
        return;
    pl_trust_close(gate->trust);
    an_arena_free(&gate->arena);
    free(gate);
}

struct pl_trust_counts pl_cds_gate_counts(struct pl_cds_gate *gate)
{
    struct pl_trust_counts counts = {.n_keys_got = 0};

    if (gate->trust)
        counts = pl_trust_counts(gate->trust);
    counts.n_told[PL_BEARER_CLOSED] = atomic_load(&gate->n_closed);
    return counts;
}

/* ---- who calls ---------------------------------------------------------- */

static bool is_ours(struct an_str path)
{
    struct an_str root = AN_STR("/cds-services");

    return an_str_starts(path, root) &&
           (path.n == root.n || path.p[root.n] == '/');
}

/* cds.url and the path. */
static bool endpoint_of(const struct pl_cds_gate *gate,
                        struct pl_http_request *q, struct an_str *endpoint)
{
    struct an_str base = gate->options->cds_url;
    struct an_buf b;

    while (an_str_ends(base, AN_STR("/")))
        base.n--;
    an_buf_init(&b, q->arena, base.n + q->path.n + 1);
    an_buf_put(&b, base);
    an_buf_put(&b, q->path);
    return an_buf_done(&b, endpoint, NULL) == AN_OK;
}

static enum pl_bearer_reason ask(struct pl_cds_gate *gate,
                                 struct pl_http_request *q)
{
    struct pl_trust_question question = {.authorization = AN_STR(""),
                                         .clock_s = pl_clock_us(NULL) / 1000000,
                                         .now_ms = pl_now_ms()};
    uint64_t n;

    if (gate->trust) {
        if (!endpoint_of(gate, q, &question.endpoint))
            return PL_BEARER_FAULT;
        (void)pl_http_header(q, "Authorization", &question.authorization);
        return pl_trust_ask(gate->trust, q->arena, &question);
    }
    if (gate->options->cds_open || pl_http_is_local(q))
        return PL_BEARER_OK;
    n = atomic_fetch_add(&gate->n_closed, 1) + 1;
    an_log(gate->log, AN_EVENT_CDS_REFUSED, PL_BEARER_CLOSED, 0, n);
    return PL_BEARER_CLOSED;
}

unsigned pl_cds_gate_guard(struct pl_cds_gate *gate, struct pl_http_request *q)
{
    if (!is_ours(q->path))
        return 0;
    if (q->method == PL_OPTIONS)
        return 204;
    switch ((int)ask(gate, q)) {
    case PL_BEARER_OK: return 0;
    case PL_BEARER_FULL: return 429;
    case PL_BEARER_FAULT: return 500;
    default: return 401;
    }
}

/* ---- which pages may read it -------------------------------------------- */

/* NULL: this origin, or none, may not. */
static const char *allowed(const struct pl_cds_gate *gate,
                           struct pl_http_request *q)
{
    const struct cfg_texts *list = &gate->options->cds_origins;
    struct an_str origin = AN_STR(""), copy;

    if (!pl_http_header(q, "Origin", &origin))
        return NULL;
    for (size_t i = 0; i < list->n; i++) {
        if (an_str_eq(list->item[i], AN_STR("*")))
            return "*";
        if (an_str_eq(list->item[i], origin))
            return an_arena_str(q->arena, origin, &copy) ? copy.p : NULL;
    }
    return NULL;
}

void pl_cds_gate_answer(const struct pl_cds_gate *gate,
                        struct pl_http_request *q, struct pl_http_response *r)
{
    const char *origin;

    if (!is_ours(q->path) || gate->options->cds_origins.n == 0)
        return;
    pl_http_add_header(r, "Vary", "Origin");
    origin = allowed(gate, q);
    if (origin == NULL)
        return;
    pl_http_add_header(r, "Access-Control-Allow-Origin", origin);
    if (q->method != PL_OPTIONS)
        return;
    pl_http_add_header(r, "Access-Control-Allow-Methods", "GET, POST, OPTIONS");
    pl_http_add_header(r, "Access-Control-Allow-Headers",
                       "Content-Type, Authorization, Accept");
    pl_http_add_header(r, "Access-Control-Max-Age", "600");
}
