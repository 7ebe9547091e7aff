/* SPDX-License-Identifier: Apache-2.0 */
/* serve: open the engine and its faces, wait for a signal, close them in the
 * order in which messages come in, so that what was taken is answered. */
#include "plugin/host/serve.h"

#include "plugin/host/command.h"
#include "plugin/host/signals.h"
#include "plugin/host/thread.h"

#include <stdio.h>

enum { QUEUED = 1024, GRACE_MS = 10000, LOG_FLUSH_MS = 1000 };

void pl_server_count(struct pl_server *s, enum pl_verdict verdict)
{
    atomic_fetch_add(&s->n_verdict[verdict], 1);
    if (verdict == PL_ACCEPTED)
        pl_running_wake(&s->running);
}

static enum an_code open_parts(struct pl_server *s,
                               const struct pl_invocation *in,
                               struct an_err *err)
{
    struct pl_workers_options workers = {.name = "worker", .n_queued = QUEUED};
    struct pl_engine_source from = pl_invocation_source(in, true);
    enum an_code rc = pl_running_open(&s->running, &from, NULL, err);

    if (rc == AN_OK)
        rc = pl_running_start(&s->running, err);
    if (rc != AN_OK)
        return rc;
    workers.n_threads = (uint32_t)pl_engine_options(s->running.engine)->workers;
    rc = pl_workers_open(&workers, &s->workers, err);
    if (rc == AN_OK)
        rc = pl_face_subscription_open(s, err);
    if (rc == AN_OK)
        rc = pl_face_mllp_open(s, err);
    if (rc == AN_OK)
        rc = pl_face_http_open(s, err);
    return rc;
}

static void close_parts(struct pl_server *s)
{
    atomic_store(&s->stopping, true);
    if (s->subscriptions)
        pl_subscriptions_stop(s->subscriptions);
    if (s->mllp)
        pl_mllp_stop(s->mllp, GRACE_MS);
    if (s->http)
        pl_http_stop(s->http, GRACE_MS);
    pl_workers_close(s->workers);
    /* Callbacks of the committer answer over MLLP, so it closes later. */
    if (s->running.engine)
        pl_running_stop(&s->running, GRACE_MS);
    pl_mllp_close(s->mllp);
    pl_http_close(s->http);
    pl_subscriptions_close(s->subscriptions);
    pl_running_close(&s->running, GRACE_MS);
    an_arena_free(&s->nak_arena);
}

static void wait_for_stop(struct pl_signals *signals, struct an_log *log)
{
    for (;;) {
        enum pl_signal got = pl_signals_wait(signals, LOG_FLUSH_MS);

        if (got == PL_SIGNAL_STOP)
            return;
        an_log_flush(log);
    }
}

int pl_command_serve(const struct pl_invocation *in)
{
    struct pl_server s = {.started_us = pl_clock_us(NULL)};
    struct pl_signals signals;
    struct an_err err;
    enum an_code rc;

    if (in->argc)
        return pl_usage(in);
    if (pl_signals_open(&signals, &err) != AN_OK)
        return pl_complain(&err);
    rc = open_parts(&s, in, &err);
    if (rc == AN_OK) {
        (void)printf("anamnesis serves MLLP on port %u, HTTP on port %u\n",
                     s.mllp ? pl_mllp_port(s.mllp) : 0U,
                     s.http ? pl_http_port(s.http) : 0U);
        (void)fflush(stdout);
        wait_for_stop(&signals, in->log);
    }
    close_parts(&s);
    an_log_flush(in->log);
    pl_signals_close(&signals);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
