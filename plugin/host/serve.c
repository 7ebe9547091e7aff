/* SPDX-License-Identifier: Apache-2.0 */
/* serve: open the engine and its faces, wait for a signal, close them in the
 * order in which messages come in, so that what was taken is answered. */
#include "plugin/host/serve.h"

#include "plugin/host/clear.h"
#include "plugin/host/command.h"
#include "plugin/host/face_tls.h"
#include "plugin/host/signals.h"
#include "plugin/host/thread.h"
#include "plugin/store/rekey.h"

#include <stdio.h>
#include <unistd.h>

enum {
    QUEUED = 1024,
    LOG_FLUSH_MS = 1000,
    NO_HURRY_MS = 50,
    AT_ONCE_MS = 2000
};

void pl_server_count(struct pl_server *s, enum pl_verdict verdict)
{
    atomic_fetch_add(&s->n_verdict[verdict], 1);
    if (verdict == PL_ACCEPTED)
        pl_running_wake(&s->running);
}

void pl_server_count_job(struct pl_server *s, struct pl_job *job)
{
    pl_server_count(s, pl_job_verdict(job));
    if (!pl_job_is_stranger(job))
        return;
    an_log(pl_engine_log(s->running.engine), AN_EVENT_SENDER_REFUSED,
           atomic_fetch_add(&s->n_strangers, 1) + 1, 0, 0);
}

struct pl_peers pl_server_peers(const struct cfg_texts *texts,
                                struct cfg_network network[PL_NETWORKS])
{
    struct pl_peers peers = {.network = network};

    for (size_t i = 0; i < texts->n && peers.n < PL_NETWORKS; i++)
        peers.n += cfg_value_network(texts->item[i], &network[peers.n]);
    return peers;
}

struct an_str pl_feed_name(const char *face, struct an_str identity,
                           char buf[PL_FEED_BYTES])
{
    int n = identity.n ? snprintf(buf, PL_FEED_BYTES, "%s/%.*s", face,
                                  AN_STR_ARG(identity))
                       : snprintf(buf, PL_FEED_BYTES, "%s", face);

    return (struct an_str){buf, n > 0 && n < PL_FEED_BYTES ? (size_t)n : 0};
}

static void log_clear(const struct cfg_options *options, struct an_log *log)
{
    struct pl_clear clear[PL_N_CLEAR];
    size_t n = pl_clear_list(options, clear), n_in = 0;

    for (size_t i = 0; i < n; i++)
        n_in += clear[i].comes_in;
    if (n)
        an_log(log, AN_EVENT_TLS_OFF, n_in, n - n_in, 0);
}

static enum an_code open_parts(struct pl_server *s,
                               const struct pl_invocation *in,
                               struct an_err *err)
{
    struct pl_workers_options workers = {.name = "worker", .n_queued = QUEUED};
    struct pl_engine_source from = pl_invocation_source(in, true);
    enum an_code rc = pl_running_open(&s->running, &from, &s->holds, err);

    /* What killed the last server is set aside before anybody thinks of it. */
    if (rc == AN_OK)
        rc = pl_face_socket_open(s, err);
    if (rc == AN_OK)
        rc = pl_running_start(&s->running, err);
    if (rc != AN_OK)
        return rc;
    workers.n_threads = (uint32_t)pl_engine_options(s->running.engine)->workers;
    rc = pl_workers_open(&workers, &s->workers, err);
    workers.name = "cds";
    if (rc == AN_OK && s->running.consultants)
        rc = pl_workers_open(&workers, &s->visits, err);
    if (rc == AN_OK)
        rc = pl_face_subscription_open(s, err);
    if (rc == AN_OK)
        rc = pl_face_tls_open(pl_engine_options(s->running.engine), &s->tls,
                              err);
    if (rc == AN_OK)
        pl_face_tls_loaded(s->tls, in->log);
    if (rc == AN_OK)
        log_clear(pl_engine_options(s->running.engine), in->log);
    if (rc == AN_OK)
        rc = pl_face_mllp_open(s, err);
    if (rc == AN_OK)
        rc = pl_face_folder_open(s, err);
    if (rc == AN_OK)
        rc = pl_face_socket_start(s, err);
    /* Last: its metrics look at the others. */
    if (rc == AN_OK)
        rc = pl_face_http_open(s, err);
    return rc;
}

/* ---- stopping -------------------------------------------------------------- */

/* All parts share one time; a second signal ends it. */
struct stopping {
    struct pl_server *server;
    struct pl_signals *signals;
    struct an_log *log;
    int64_t until_ms;
    atomic_bool is_hurried, is_done;
};

static int64_t left_ms(struct stopping *stop)
{
    int64_t left = stop->until_ms - pl_now_ms();

    return left > 0 && !atomic_load(&stop->is_hurried) ? left : 0;
}

static void hurry(struct stopping *stop)
{
    atomic_store(&stop->is_hurried, true);
    if (stop->server->mllp)
        pl_mllp_hurry(stop->server->mllp);
    if (stop->server->http)
        pl_http_hurry(stop->server->http);
}

/* A store that hangs holds nobody who has signalled twice: what was acknowledged
 * is on the disk, and a restart goes on from there. */
static void *listen_for_hurry(void *arg)
{
    struct stopping *stop = arg;
    int64_t end_ms = INT64_MAX;

    while (!atomic_load(&stop->is_done)) {
        if (pl_signals_wait(stop->signals, NO_HURRY_MS) == PL_SIGNAL_STOP) {
            hurry(stop);
            if (end_ms == INT64_MAX) /* more signals put nothing off */
                end_ms = pl_now_ms() + AT_ONCE_MS;
        }
        if (pl_now_ms() < end_ms)
            continue;
        an_log(stop->log, AN_EVENT_SERVE_CUT_OFF,
               atomic_load(&stop->server->n_flights), 0, 0);
        _exit(PL_EXIT_MACHINE);
    }
    return NULL;
}

static void *stop_http(void *arg)
{
    struct stopping *stop = arg;

    pl_http_stop(stop->server->http, left_ms(stop));
    return NULL;
}

static void close_in_order(struct pl_server *s, struct stopping *stop)
{
    pthread_t thread = pthread_self();
    bool has_thread =
        s->http && pl_thread_start(&thread, stop_http, stop, NULL) == AN_OK;

    atomic_store(&s->stopping, true);
    if (s->subscriptions)
        pl_subscriptions_stop(s->subscriptions);
    /* It leaves off between two messages. */
    if (s->folder)
        pl_folder_stop(s->folder);
    pl_face_socket_stop(s->socket, left_ms(stop));
    /* Both at once: neither shall take requests while the other drains. */
    if (s->mllp)
        pl_mllp_stop(s->mllp, left_ms(stop));
    if (has_thread)
        (void)pthread_join(thread, NULL);
    else if (s->http)
        pl_http_stop(s->http, left_ms(stop));
    pl_workers_close(s->workers);
    pl_workers_close(s->visits); /* what a deadline cut off is still kept */
    /* Callbacks of the committer answer over MLLP, so it closes later. */
    if (s->running.engine)
        pl_running_stop(&s->running, left_ms(stop));
}

static void close_parts(struct pl_server *s, struct pl_signals *signals,
                        struct an_log *log, int64_t grace_ms)
{
    struct stopping stop = {.server = s,
                            .signals = signals,
                            .log = log,
                            .until_ms = pl_now_ms() + grace_ms};
    pthread_t thread;
    bool has_thread =
        pl_thread_start(&thread, listen_for_hurry, &stop, NULL) == AN_OK;

    close_in_order(s, &stop);
    atomic_store(&stop.is_done, true);
    if (has_thread)
        (void)pthread_join(thread, NULL);
    pl_mllp_close(s->mllp);
    pl_http_close(s->http);
    pl_cds_gate_close(s->gate);
    pl_subscriptions_close(s->subscriptions);
    pl_folder_close(s->folder);
    pl_face_socket_close(s->socket);
    pl_tls_close(s->tls);
    pl_running_close(&s->running, left_ms(&stop));
    pl_holds_release(&s->holds);
    an_arena_free(&s->nak_arena);
}

/* What is under older keys the keeper seals anew when it next comes. */
static void reload_keys(struct pl_server *s, struct an_log *log)
{
    struct pl_engine *e = s->running.engine;
    struct an_err err = {.code = AN_OK};
    enum an_code rc;
    size_t n;

    if (pl_engine_options(e)->store_key_file.n == 0)
        return;
    rc = pl_store_reload_keys(pl_engine_store(e), &n, &err);
    if (rc == AN_OK)
        an_log(log, AN_EVENT_STORE_KEYS_LOADED, n, 0, 0);
    else
        an_log(log, AN_EVENT_STORE_KEYS_FAULT, rc, (uint64_t)err.sys, 0);
}

static void wait_for_stop(struct pl_server *s, struct pl_signals *signals,
                          struct an_log *log)
{
    for (;;) {
        enum pl_signal got = pl_signals_wait(signals, LOG_FLUSH_MS);

        if (got == PL_SIGNAL_STOP)
            return;
        if (got == PL_SIGNAL_HANGUP) {
            pl_face_tls_reload(s->tls, log);
            reload_keys(s, log);
        }
        an_log_flush(log);
    }
}

static int64_t grace_of(const struct pl_server *s)
{
    return s->running.engine ? pl_engine_options(s->running.engine)->grace_ms
                             : 0;
}

int pl_command_serve(const struct pl_invocation *in)
{
    struct pl_server s = {.started_us = pl_clock_us(NULL)};
    struct pl_signals signals;
    struct an_err err;
    enum an_code rc;

    if (in->argc)
        return pl_usage(in);
    pl_holds_init(&s.holds);
    if (pl_signals_open(&signals, &err) != AN_OK)
        return pl_complain(&err);
    rc = open_parts(&s, in, &err);
    if (rc == AN_OK) {
        (void)printf("anamnesis serves MLLP on port %u, HTTP on port %u\n",
                     s.mllp ? pl_mllp_port(s.mllp) : 0U,
                     s.http ? pl_http_port(s.http) : 0U);
        (void)fflush(stdout);
        wait_for_stop(&s, &signals, in->log);
    }
    close_parts(&s, &signals, in->log, grace_of(&s));
    an_log_flush(in->log);
    pl_signals_close(&signals);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
