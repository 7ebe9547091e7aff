/* SPDX-License-Identifier: Apache-2.0 */
/* What the listeners count. */
#include "plugin/host/metrics_int.h"

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

void pl_put_listeners(struct an_buf *b, struct pl_server *s)
{
    put_mllp(b, s);
    put_tls(b, s);
}
