/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server's life; http_request.c has a request's. */
#include "plugin/host/http_int.h"
#include "plugin/host/listen.h"
#include "plugin/host/tls_int.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 512 };

static uint32_t cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n > 0 ? (uint32_t)n : 1;
}

/* Asked before a connection is looked at. */
static enum MHD_Result may_connect(void *cls, const struct sockaddr *sa,
                                   socklen_t n)
{
    struct pl_http *s = cls;
    uint8_t address[16];

    (void)n;
    pl_peer_address(sa, address);
    if (pl_peer_may(&s->options.peers, address))
        return MHD_YES;
    an_log(s->log, AN_EVENT_HTTP_ADDRESS,
           atomic_fetch_add(&s->count.refused_address, 1) + 1, 0, 0);
    return MHD_NO;
}

/* So that a connection leads to its server. */
static void connected(void *cls, struct MHD_Connection *connection,
                      void **socket_context,
                      enum MHD_ConnectionNotificationCode what)
{
    (void)connection;
    *socket_context = what == MHD_CONNECTION_NOTIFY_STARTED ? cls : NULL;
}

/* MHD makes the connection the pointer of its session. */
static int present(gnutls_session_t session,
                   const struct gnutls_cert_retr_st *info,
                   gnutls_pcert_st **certificate, unsigned *n,
                   gnutls_ocsp_data_st **ocsp, unsigned *n_ocsp,
                   gnutls_privkey_t *key, unsigned *flags)
{
    const union MHD_ConnectionInfo *got = MHD_get_connection_info(
        gnutls_session_get_ptr(session), MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct pl_http *s = got ? got->socket_context : NULL;

    (void)info;
    *ocsp = NULL;
    *n_ocsp = *flags = 0;
    if (s == NULL)
        return -1;
    pl_tls_present(s->options.tls, certificate, n, key);
    return 0;
}

enum { OPTIONS = 8 };

/* Those that depend; ends the list. */
static void put_options(const struct pl_http *s,
                        struct MHD_OptionItem option[OPTIONS])
{
    struct pl_tls *tls = s->options.tls;
    size_t n = 0;

    if (s->n_threads > 1)
        option[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE,
                                              (intptr_t)s->n_threads, NULL};
    if (s->options.max_per_peer)
        option[n++] =
            (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                    (intptr_t)s->options.max_per_peer, NULL};
    if (tls) {
        /* MHD writes into none of them. */
        option[n++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
                                    (void *)(uintptr_t)pl_tls_priorities(tls)};
        option[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK2,
                                              0, (void *)(uintptr_t)present};
    }
    if (tls && pl_tls_ca(tls))
        option[n++] = (struct MHD_OptionItem){
            MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)(uintptr_t)pl_tls_ca(tls)};
    option[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

/* MHD gives each thread its share of the connections.  By poll: MHD 0.9.75 with
 * epoll, when a multiple of 128 connections are ready at once, waits for one more
 * before it looks at any. */
static struct MHD_Daemon *daemon_start(struct pl_http *s)
{
    unsigned limit = s->options.max_connections;
    unsigned timeout_s = (unsigned)((s->options.timeout_ms + 999) / 1000);
    unsigned flags =
        MHD_USE_POLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC;
    struct MHD_OptionItem option[OPTIONS];
    sigset_t all, before;
    struct MHD_Daemon *d;

    if (limit < s->n_threads)
        limit = s->n_threads;
    if (s->options.tls)
        flags |= MHD_USE_TLS;
    put_options(s, option);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    d = MHD_start_daemon(
        flags, 0, may_connect, s, pl_http_access, s, MHD_OPTION_LISTEN_SOCKET,
        s->listen_fd, MHD_OPTION_NOTIFY_COMPLETED, pl_http_completed, s,
        MHD_OPTION_NOTIFY_CONNECTION, connected, s, MHD_OPTION_CONNECTION_LIMIT,
        limit, MHD_OPTION_CONNECTION_TIMEOUT, timeout_s,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, option,
        MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return d;
}

/* Scattered by a key of this run, so that nobody can choose addresses that share
 * a row. */
static enum an_code open_rate(struct pl_http *s, struct an_err *err)
{
    struct pl_rate_options o = {.per_s = s->options.rate,
                                .burst =
                                    s->options.burst ? s->options.burst : 1};

    if (o.per_s == 0)
        return AN_OK;
    if (gnutls_rnd(GNUTLS_RND_NONCE, &o.key, sizeof(o.key)) != 0)
        return an_fail(err, AN_INTERNAL, "no random numbers", 0);
    return pl_rate_open(&o, &s->rate, err);
}

enum an_code pl_http_open(const struct pl_http_options *options,
                          const struct pl_http_calls *calls, struct an_log *log,
                          struct pl_http **server, struct an_err *err)
{
    struct pl_http *s = calloc(1, sizeof(*s));
    pthread_condattr_t attr;
    enum an_code code;

    *server = NULL;
    if (s == NULL)
        return an_fail_nomem(err);
    s->options = *options;
    s->calls = *calls;
    s->log = log;
    s->listen_fd = -1;
    s->n_threads = options->n_threads ? options->n_threads : cores();
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->is_idle, &attr);
    pthread_condattr_destroy(&attr);
    code = open_rate(s, err);
    if (code == AN_OK)
        code =
            pl_listen(&options->address, BACKLOG, &s->listen_fd, &s->port, err);
    /* Before the threads, whose handlers may look at it. */
    *server = s;
    if (code == AN_OK) {
        s->daemon = daemon_start(s);
        if (s->daemon == NULL)
            code = an_fail_sys(err, AN_IO, "cannot start the HTTP listener",
                               errno);
    }
    if (code) {
        *server = NULL;
        pl_http_close(s);
        return code;
    }
    an_log(log, AN_EVENT_HTTP_LISTENING, s->port, s->n_threads, 0);
    return AN_OK;
}

uint16_t pl_http_port(const struct pl_http *s)
{
    return s->port;
}

struct pl_http_counts pl_http_counts(struct pl_http *s)
{
    struct pl_http_counts n = {
        .requests = atomic_load(&s->count.requests),
        .refused = atomic_load(&s->count.refused),
        .refused_address = atomic_load(&s->count.refused_address),
        .refused_rate = atomic_load(&s->count.refused_rate),
        .faults = atomic_load(&s->count.faults),
        .bytes_in = atomic_load(&s->count.bytes_in),
        .bytes_out = atomic_load(&s->count.bytes_out),
    };

    pthread_mutex_lock(&s->lock);
    n.running = s->running;
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* Returns how many requests still run when the time is up. */
static uint64_t wait_idle(struct pl_http *s, int64_t grace_ms)
{
    int64_t until_us = pl_now_us() + grace_ms * 1000;
    struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                             .tv_nsec = (long)(until_us % 1000000) * 1000};
    uint64_t running;
    int rc = 0;

    pthread_mutex_lock(&s->lock);
    while (s->running && !s->is_hurried && rc == 0)
        rc = pthread_cond_timedwait(&s->is_idle, &s->lock, &until);
    running = s->running;
    pthread_mutex_unlock(&s->lock);
    return running;
}

void pl_http_stop(struct pl_http *s, int64_t grace_ms)
{
    uint64_t cut_off;

    if (s->daemon == NULL)
        return;
    atomic_store(&s->is_stopping, true);
    MHD_quiesce_daemon(s->daemon);
    cut_off = wait_idle(s, grace_ms);
    MHD_stop_daemon(s->daemon);
    s->daemon = NULL;
    an_log(s->log, AN_EVENT_HTTP_STOPPED, s->port,
           atomic_load(&s->count.requests), cut_off);
}

void pl_http_hurry(struct pl_http *s)
{
    pthread_mutex_lock(&s->lock);
    s->is_hurried = true;
    pthread_cond_broadcast(&s->is_idle);
    pthread_mutex_unlock(&s->lock);
}

void pl_http_close(struct pl_http *s)
{
    struct request *next;

    if (s == NULL)
        return;
    pl_http_stop(s, 0);
    if (s->listen_fd >= 0)
        close(s->listen_fd);
    for (struct request *rq = s->spare; rq; rq = next) {
        next = rq->next;
        pl_request_free(rq);
    }
    pl_rate_close(s->rate);
    pthread_cond_destroy(&s->is_idle);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
