/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/filing/send.h"

#include "plugin/host/client.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Connecting cannot be cut short. */
enum { CONNECT_MS = 5000 };

struct pl_send {
    const struct cfg_options *options;
    struct pl_client client;
    bool is_open;
    pthread_mutex_t lock; /* over the two below, and the client's descriptor
                             while it is open */
    int fd;               /* -1: none */
    bool stopped;
};

enum an_code pl_send_open(const struct cfg_options *options,
                          struct pl_send **out, struct an_err *err)
{
    struct pl_send *s = calloc(1, sizeof(*s));

    *out = s;
    if (s == NULL)
        return an_fail_nomem(err);
    s->options = options;
    s->fd = -1;
    (void)pthread_mutex_init(&s->lock, NULL);
    return AN_OK;
}

static void hang_up(struct pl_send *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->fd = -1;
    (void)pthread_mutex_unlock(&s->lock);
    if (s->is_open)
        pl_client_close(&s->client);
    s->is_open = false;
}

void pl_send_close(struct pl_send *s)
{
    if (s == NULL)
        return;
    hang_up(s);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

static const char *path_of(struct an_str path)
{
    return path.n ? path.p : NULL;
}

static bool call(struct pl_send *s)
{
    const struct cfg_options *o = s->options;
    struct pl_client_keys keys = {.ca_file = path_of(o->hl7_out_ca_file),
                                  .certificate_file =
                                      path_of(o->hl7_out_certificate_file),
                                  .key_file = path_of(o->hl7_out_key_file)};
    int64_t ms = o->hl7_out_timeout_ms;
    struct timeval patience = {ms / 1000, ms % 1000 * 1000};
    int connect_ms = ms < CONNECT_MS ? (int)ms : CONNECT_MS;
    struct an_err err;
    enum an_code rc =
        o->hl7_out_tls
            ? pl_client_open_tls(&s->client, &o->hl7_out_address, &keys,
                                 connect_ms, &err)
            : pl_client_open(&s->client, &o->hl7_out_address, connect_ms, &err);

    s->is_open = rc == AN_OK;
    if (!s->is_open)
        return false;
    (void)setsockopt(s->client.fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
                     sizeof(patience));
    (void)pthread_mutex_lock(&s->lock);
    s->fd = s->client.fd;
    (void)pthread_mutex_unlock(&s->lock);
    return true;
}

static enum pl_filing_error judge(const struct hl7_answer *answer)
{
    switch (answer->code) {
    case HL7_ACK_AA:
    case HL7_ACK_CA: return PL_FILING_NONE;
    case HL7_ACK_AE: return PL_FILING_AE;
    case HL7_ACK_CE: return PL_FILING_CE;
    case HL7_ACK_AR: return PL_FILING_AR;
    case HL7_ACK_CR:
    default: return PL_FILING_CR;
    }
}

static enum pl_filing_error exchange(struct pl_send *s, struct an_str message)
{
    struct hl7_ack_plan plan;
    struct hl7_answer answer;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc = pl_client_send(&s->client, message, &answer, &err);
    bool names_it;

    if (rc == AN_IO)
        return PL_FILING_NO_ANSWER;
    if (rc != AN_OK)
        return PL_FILING_NO_ACK;
    an_arena_init(&arena, 1 << 20);
    rc = hl7_ack_decide(message, HL7_ACK_AA, &arena, &plan, &err);
    /* Where no acknowledgement is asked for, none says anything. */
    names_it = rc == AN_OK &&
               (plan.n == 0 || an_str_eq(answer.control_id, plan.control_id));
    an_arena_free(&arena);
    return names_it ? judge(&answer) : PL_FILING_OTHER;
}

enum pl_filing_error pl_send(struct pl_send *s, struct an_str message)
{
    enum pl_filing_error error;
    bool was_open = s->is_open;

    if (pl_send_is_stopped(s) || (!s->is_open && !call(s)))
        return PL_FILING_NO_CONNECTION;
    error = exchange(s, message);
    if (error == PL_FILING_NONE || error >= PL_FILING_AE)
        return error;
    hang_up(s);
    /* A receiver may close what is idle. */
    if (!was_open || error != PL_FILING_NO_ANSWER || pl_send_is_stopped(s))
        return error;
    if (!call(s))
        return PL_FILING_NO_CONNECTION;
    error = exchange(s, message);
    if (error != PL_FILING_NONE && error < PL_FILING_AE)
        hang_up(s);
    return error;
}

void pl_send_stop(struct pl_send *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->stopped = true;
    if (s->fd >= 0)
        (void)shutdown(s->fd, SHUT_RDWR);
    (void)pthread_mutex_unlock(&s->lock);
}

bool pl_send_is_stopped(struct pl_send *s)
{
    bool stopped;

    (void)pthread_mutex_lock(&s->lock);
    stopped = s->stopped;
    (void)pthread_mutex_unlock(&s->lock);
    return stopped;
}
