/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host_peer.h"

#include "plugin/host/workers.h"
#include "tests/host_net.h"
#include "tests/suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kept {
    struct pl_conn_ref ref;
    char text[64], identity[PL_TLS_NAME_BYTES];
};

static struct {
    struct pl_mllp *server;
    struct pl_workers *workers;
    atomic_int mode;
    atomic_uint_fast64_t n_kept;
    struct kept kept[PEER_KEPT];
    pthread_mutex_t lock; /* for bad */
    struct pl_mllp_bad bad;
} peer = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct pl_mllp_options peer_options(void)
{
    return (struct pl_mllp_options){
        .address = {AN_STR("127.0.0.1"), 0},
        .max_frame_bytes = 10000,
        .max_connections = 40,
        .idle_ms = 300,
        .frame_ms = 200,
        .answer_ms = 300,
        .write_ms = 300,
    };
}

static void echo(void *arg, uint32_t thread)
{
    struct kept *k = arg;
    char text[80];

    (void)thread;
    snprintf(text, sizeof(text), "ACK:%s", k->text);
    pl_mllp_answer(peer.server, k->ref, an_str_c(text));
    free(k);
}

static enum an_code on_message(void *ctx, const struct pl_mllp_message *m)
{
    uint64_t n = atomic_load(&peer.n_kept);
    struct kept *k = &peer.kept[n % PEER_KEPT];

    (void)ctx;
    if (atomic_load(&peer.mode) == PEER_BUSY)
        return AN_BUSY;
    if (atomic_load(&peer.mode) == PEER_BREAK)
        return AN_INTERNAL;
    k->ref = m->ref;
    snprintf(k->identity, sizeof(k->identity), "%.*s", AN_STR_ARG(m->identity));
    snprintf(k->text, sizeof(k->text), "%.*s",
             (int)(m->bytes.n < 60 ? m->bytes.n : 60), m->bytes.p);
    if (atomic_load(&peer.mode) == PEER_ECHO) {
        struct kept *copy = malloc(sizeof(*copy));

        if (copy == NULL)
            return AN_NOMEM;
        *copy = *k;
        if (pl_workers_put(peer.workers, echo, copy)) {
            free(copy);
            return AN_BUSY;
        }
    }
    atomic_store(&peer.n_kept, n + 1);
    return AN_OK;
}

static struct an_str on_bad_frame(void *ctx, const struct pl_mllp_bad *bad)
{
    (void)ctx;
    pthread_mutex_lock(&peer.lock);
    peer.bad = *bad;
    pthread_mutex_unlock(&peer.lock);
    return AN_STR("NAK");
}

void peer_open(const struct pl_mllp_options *options, enum peer_mode mode)
{
    const struct pl_workers_options two = {"an-echo", 2, 16, false};
    const struct pl_mllp_calls calls = {NULL, on_message, on_bad_frame};

    atomic_store(&peer.n_kept, 0);
    atomic_store(&peer.mode, (int)mode);
    ck_assert_int_eq(pl_workers_open(&two, &peer.workers, NULL), AN_OK);
    ck_assert_int_eq(pl_mllp_open(options, &calls, NULL, &peer.server, NULL),
                     AN_OK);
}

void peer_mode_set(enum peer_mode mode)
{
    atomic_store(&peer.mode, (int)mode);
}

void peer_close(int64_t grace_ms)
{
    pl_mllp_stop(peer.server, grace_ms);
    pl_workers_close(peer.workers);
    pl_mllp_close(peer.server);
    peer.server = NULL;
}

struct pl_mllp *peer_server(void)
{
    return peer.server;
}

int peer_connect(void)
{
    return net_connect(pl_mllp_port(peer.server));
}

const char *peer_message(uint64_t n)
{
    ck_assert_uint_lt(n, atomic_load(&peer.n_kept));
    return peer.kept[n % PEER_KEPT].text;
}

const char *peer_identity(uint64_t n)
{
    ck_assert_uint_lt(n, atomic_load(&peer.n_kept));
    return peer.kept[n % PEER_KEPT].identity;
}

void peer_answer(uint64_t n, const char *text)
{
    ck_assert_uint_lt(n, atomic_load(&peer.n_kept));
    ck_assert(pl_mllp_answer(peer.server, peer.kept[n % PEER_KEPT].ref,
                             an_str_c(text)));
}

struct pl_mllp_bad peer_bad(void)
{
    struct pl_mllp_bad bad;

    pthread_mutex_lock(&peer.lock);
    bad = peer.bad;
    pthread_mutex_unlock(&peer.lock);
    return bad;
}

uint64_t peer_n_messages(void)
{
    return atomic_load(&peer.n_kept);
}

uint64_t peer_n_open(void)
{
    return pl_mllp_counts(peer.server).open;
}

uint64_t peer_n_bad(void)
{
    return pl_mllp_counts(peer.server).bad_frames;
}

uint64_t peer_n_dropped(void)
{
    return pl_mllp_counts(peer.server).answers_dropped;
}

uint64_t peer_n_lost(void)
{
    return pl_mllp_counts(peer.server).lost;
}

uint64_t peer_n_refused(void)
{
    return pl_mllp_counts(peer.server).refused;
}

uint64_t peer_n_accepted(void)
{
    return pl_mllp_counts(peer.server).accepted;
}
