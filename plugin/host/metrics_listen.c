/* SPDX-License-Identifier: Apache-2.0 */
/* What the listeners count. */
#include "plugin/host/metrics_int.h"

#include <stdio.h>

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
    metric(b, "mllp_refused_total", "counter",
           "Connections turned away, by why.");
    sample(b, "mllp_refused_total", "{why=\"full\"}", c.refused);
    sample(b, "mllp_refused_total", "{why=\"address\"}", c.refused_address);
    sample(b, "mllp_refused_total", "{why=\"per_peer\"}", c.refused_many);
    sample(b, "mllp_refused_total", "{why=\"pending\"}", c.refused_pending);
    metric(b, "mllp_pending_bytes", "gauge",
           "Memory of messages that are still arriving.");
    sample(b, "mllp_pending_bytes", "", c.pending);
    metric(b, "mllp_held_back_total", "counter",
           "Messages whose sender had to wait for room.");
    sample(b, "mllp_held_back_total", "", c.held_back);
    metric(b, "mllp_in_flight", "gauge", "Messages between frame and answer.");
    sample(b, "mllp_in_flight", "", atomic_load(&s->n_flights));
    metric(b, "mllp_bad_frames_total", "counter", "Bytes that are no frame.");
    sample(b, "mllp_bad_frames_total", "", c.bad_frames);
    metric(b, "mllp_timeouts_total", "counter",
           "Connections closed for want of progress.");
    sample(b, "mllp_timeouts_total", "{state=\"handshake\"}",
           c.handshake_timeouts);
    sample(b, "mllp_timeouts_total", "{state=\"frame\"}", c.frame_timeouts);
    sample(b, "mllp_timeouts_total", "{state=\"answer\"}", c.answer_timeouts);
    sample(b, "mllp_timeouts_total", "{state=\"write\"}", c.write_timeouts);
    metric(b, "mllp_handshakes_total", "counter",
           "TLS handshakes by what became of them.");
    sample(b, "mllp_handshakes_total", "{fate=\"done\"}", c.handshakes);
    sample(b, "mllp_handshakes_total", "{fate=\"failed\"}", c.handshake_faults);
}

static void put_tls(struct an_buf *b, struct pl_server *s)
{
    if (s->tls == NULL)
        return;
    metric(b, "tls_certificate_end_seconds", "gauge",
           "When the server's certificate ends.");
    sample(b, "tls_certificate_end_seconds", "",
           (uint64_t)pl_tls_expires_s(s->tls));
}

static void put_http(struct an_buf *b, struct pl_server *s)
{
    struct pl_http_counts c = pl_http_counts(s->http);

    metric(b, "http_requests_total", "counter", "HTTP requests.");
    sample(b, "http_requests_total", "", c.requests);
    metric(b, "http_refused_total", "counter",
           "Requests that the listener refused, and connections by address.");
    sample(b, "http_refused_total", "{why=\"request\"}",
           c.refused - c.refused_rate);
    sample(b, "http_refused_total", "{why=\"rate\"}", c.refused_rate);
    sample(b, "http_refused_total", "{why=\"address\"}", c.refused_address);
}

/* By the number of the reason, see anamnesis(1). */
static void put_gate(struct an_buf *b, struct pl_server *s)
{
    struct pl_trust_counts c = pl_cds_gate_counts(s->gate);
    char label[32];

    metric(b, "cds_refused_total", "counter",
           "Calls of the CDS services that were refused, by reason.");
    for (int i = PL_BEARER_OK + 1; i < PL_N_BEARER_REASONS; i++) {
        if (c.n_told[i] == 0)
            continue;
        (void)snprintf(label, sizeof(label), "{reason=\"%d\"}", i);
        sample(b, "cds_refused_total", label, c.n_told[i]);
    }
    metric(b, "cds_keys_total", "counter",
           "Key sets of CDS clients by what became of them.");
    sample(b, "cds_keys_total", "{fate=\"got\"}", c.n_keys_got);
    sample(b, "cds_keys_total", "{fate=\"failed\"}", c.n_keys_failed);
}

static void put_socket(struct an_buf *b, struct pl_server *s)
{
    struct pl_face_socket_counts c = pl_face_socket_count(s->socket);

    metric(b, "socket_connections", "gauge",
           "Connections of hosts over the Unix socket.");
    sample(b, "socket_connections", "", c.n_open);
    metric(b, "socket_refused_total", "counter",
           "Hosts that were turned away from it.");
    sample(b, "socket_refused_total", "", c.n_refused);
    metric(b, "socket_calls_total", "counter", "Calls of hosts over it.");
    sample(b, "socket_calls_total", "", c.n_asked);
}

static void put_folder(struct an_buf *b, struct pl_server *s)
{
    struct pl_folder_counts c = pl_folder_counts(s->folder);

    metric(b, "folder_files_total", "counter",
           "Files of the watched folder by what became of them.");
    sample(b, "folder_files_total", "{fate=\"done\"}", c.done);
    sample(b, "folder_files_total", "{fate=\"failed\"}", c.failed);
    sample(b, "folder_files_total", "{fate=\"again\"}", c.again);
    sample(b, "folder_files_total", "{fate=\"stuck\"}", c.faults);
}

void pl_put_listeners(struct an_buf *b, struct pl_server *s)
{
    metric(b, "senders_refused_total", "counter",
           "Messages of senders that are not in listen.senders.");
    sample(b, "senders_refused_total", "", atomic_load(&s->n_strangers));
    put_mllp(b, s);
    if (s->http)
        put_http(b, s);
    if (s->gate)
        put_gate(b, s);
    put_tls(b, s);
    if (s->folder)
        put_folder(b, s);
    if (s->socket)
        put_socket(b, s);
}
