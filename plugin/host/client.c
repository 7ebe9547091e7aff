/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/client.h"

#include "hl7/read.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 1 << 20, ARENA_BYTES = 256 << 20, HOST_BYTES = 256 };

static enum an_code fail(struct an_err *err, const char *what,
                         const struct cfg_address *address, int sys)
{
    an_fail_sys(err, AN_IO, what, sys);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path), "%.*s:%u",
                       AN_STR_ARG(address->host), address->port);
    return AN_IO;
}

static int connect_any(const struct addrinfo *list, int timeout_ms)
{
    struct timeval patience = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    int one = 1, sys = 0;

    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);

        if (fd < 0)
            continue;
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
                         sizeof(patience));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
                         sizeof(patience));
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
            return fd;
        sys = errno;
        (void)close(fd);
    }
    errno = sys;
    return -1;
}

static enum an_code host_of(const struct cfg_address *address,
                            char host[HOST_BYTES], struct an_err *err)
{
    if (address->host.n >= HOST_BYTES)
        return fail(err, "the host name is too long", address, 0);
    memcpy(host, address->host.p, address->host.n);
    host[address->host.n] = '\0';
    return AN_OK;
}

enum an_code pl_client_open(struct pl_client *c,
                            const struct cfg_address *address, int timeout_ms,
                            struct an_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    char host[HOST_BYTES], port[8];

    *c = (struct pl_client){.fd = -1};
    if (host_of(address, host, err) != AN_OK)
        return AN_IO;
    (void)snprintf(port, sizeof(port), "%u", address->port);
    if (getaddrinfo(host, port, &hints, &list) != 0)
        return fail(err, "no such host", address, 0);
    c->fd = connect_any(list, timeout_ms);
    freeaddrinfo(list);
    if (c->fd < 0)
        return fail(err, "cannot connect", address, errno);
    hl7_mllp_init(&c->deframer, ANSWER_BYTES);
    an_arena_init(&c->arena, ARENA_BYTES);
    return AN_OK;
}

enum an_code pl_client_open_tls(struct pl_client *c,
                                const struct cfg_address *address,
                                const struct pl_client_keys *keys,
                                int timeout_ms, struct an_err *err)
{
    char host[HOST_BYTES];
    enum an_code rc = pl_client_open(c, address, timeout_ms, err);

    if (rc != AN_OK)
        return rc;
    rc = host_of(address, host, err);
    if (rc == AN_OK)
        rc = pl_client_tls_open(&c->tls, c->fd, host, keys, err);
    if (rc != AN_OK)
        pl_client_close(c);
    return rc == AN_IO ? fail(err, err ? err->what : "", address, 0) : rc;
}

void pl_client_close(struct pl_client *c)
{
    if (c->fd < 0)
        return;
    pl_client_tls_close(c->tls);
    c->tls = NULL;
    (void)close(c->fd);
    free(c->deframer.buf);
    an_arena_free(&c->arena);
    c->fd = -1;
}

static enum an_code send_all(struct pl_client *c, struct an_str bytes,
                             struct an_err *err)
{
    c->is_broken = true; /* until all is out */
    while (bytes.n) {
        const char *what = NULL;
        ssize_t n = c->tls ? pl_client_tls_send(c->tls, bytes.p, bytes.n, &what)
                           : send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL);

        if (n <= 0 && what)
            return an_fail(err, AN_IO, what, 0);
        if (n <= 0)
            return an_fail_sys(err, AN_IO, "the message was not sent whole",
                               errno);
        bytes = an_str_sub(bytes, (size_t)n, bytes.n);
    }
    c->is_broken = false;
    return AN_OK;
}

static enum an_code receive(struct pl_client *c, struct an_str *answer,
                            struct an_err *err)
{
    struct hl7_mllp *d = &c->deframer;
    struct hl7_mllp_frame frame;

    c->is_broken = true; /* until an answer is here */
    for (;;) {
        enum hl7_mllp_got got = hl7_mllp_next(d, &frame);
        const char *what = NULL;
        size_t room;
        ssize_t n;
        char *p;

        if (got == HL7_MLLP_FRAME) {
            *answer = frame.bytes;
            c->is_broken = false;
            return AN_OK;
        }
        if (got == HL7_MLLP_TOO_LONG)
            return an_fail(err, AN_LIMIT, "the answer is too long", 0);
        room = hl7_mllp_space(d, &p);
        if (room == 0) {
            size_t size = hl7_mllp_wanted(d);
            char *grown = realloc(d->buf, size);

            if (grown == NULL)
                return an_fail_nomem(err);
            hl7_mllp_resize(d, grown, size);
            continue;
        }
        n = c->tls ? pl_client_tls_recv(c->tls, p, room, &what)
                   : recv(c->fd, p, room, 0);
        if (n < 0 && what)
            return an_fail(err, AN_IO, what, 0);
        if (n <= 0 && d->n_junk_bytes)
            return an_fail(err, AN_IO, "what came as answer is no MLLP frame",
                           0);
        if (n == 0)
            return an_fail(err, AN_IO, "closed by the receiver, no answer", 0);
        if (n < 0)
            return an_fail_sys(err, AN_IO, "no answer", errno);
        hl7_mllp_filled(d, (size_t)n);
    }
}

/* The next answer to this message.  One that names another message came late
 * and is passed over: taken for this one's it would make all that follow wrong,
 * too.  Receivers that name none are believed. */
static enum an_code receive_its(struct pl_client *c, struct an_str control_id,
                                struct hl7_message *m,
                                struct hl7_answer *answer, struct an_err *err)
{
    struct an_str bytes = {0};
    enum an_code rc;

    do {
        rc = receive(c, &bytes, err);
        if (rc == AN_OK)
            rc = hl7_read(&c->arena, bytes, NULL, NULL, m, err);
        if (rc == AN_OK)
            rc = hl7_ack_read(m, answer, err);
    } while (rc == AN_OK && answer->control_id.n && control_id.n &&
             !an_str_eq(answer->control_id, control_id));
    return rc;
}

enum an_code pl_client_send(struct pl_client *c, struct an_str message,
                            struct hl7_answer *answer, struct an_err *err)
{
    struct hl7_ack_plan plan;
    struct hl7_message *m;
    struct an_str framed = {0};
    enum an_code rc;

    *answer = (struct hl7_answer){.code = HL7_ACK_AA};
    if (c->is_broken)
        return an_fail(err, AN_IO, "the connection has failed before", 0);
    an_arena_reset(&c->arena);
    m = an_arena_get(&c->arena, 1, sizeof(*m));
    if (m == NULL)
        return an_fail_nomem(err);
    rc = hl7_ack_decide(message, HL7_ACK_AA, &c->arena, &plan, err);
    if (rc == AN_OK)
        rc = hl7_mllp_frame(&c->arena, message, &framed, err);
    if (rc == AN_OK)
        rc = send_all(c, framed, err);
    if (rc == AN_OK && plan.n > 0)
        rc = receive_its(c, plan.control_id, m, answer, err);
    if (rc == AN_OK && plan.n == 2 && answer->code == HL7_ACK_CA)
        rc = receive_its(c, plan.control_id, m, answer, err);
    return rc;
}
