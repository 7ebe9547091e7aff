/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one connection: its buffers, and its socket with or without TLS
 * over it. */
#include "plugin/host/mllp_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    FIRST_BUFFER_BYTES = 4096,
    KEPT_BUFFER_BYTES = 256 << 10, /* of answers */
    READ_BYTES = 64 << 10 /* at a time, so that no sender starves others */
};

/* ---- buffers ------------------------------------------------------------ */

/* As a whole: behind those in use lie bytes of earlier answers. */
void pl_bytes_free(struct bytes *b)
{
    if (b->p)
        explicit_bzero(b->p, b->size);
    free(b->p);
    *b = (struct bytes){NULL, 0, 0};
}

/* Not realloc: the old block would go back unwiped. */
static bool bytes_reserve(struct bytes *b, size_t more)
{
    size_t size = b->size ? b->size : FIRST_BUFFER_BYTES;
    char *p;

    if (b->size - b->n >= more)
        return true;
    while (size - b->n < more)
        size *= 2;
    p = malloc(size);
    if (p == NULL)
        return false;
    if (b->n)
        memcpy(p, b->p, b->n);
    if (b->p)
        explicit_bzero(b->p, b->size);
    free(b->p);
    b->p = p;
    b->size = size;
    return true;
}

/* What a buffer counts for.  Small ones are as many as there are connections; what
 * is read ahead of a message in flight always fits one. */
static uint64_t counted(size_t size)
{
    return size > PL_MLLP_SMALL_BYTES ? size : 0;
}

static bool may_grow(struct pl_mllp *s, const struct conn *c, size_t size)
{
    uint64_t most = s->options.max_pending_bytes
                        ? s->options.max_pending_bytes
                        : 4 * (uint64_t)s->options.max_frame_bytes;

    /* A longest frame fits with what frames it. */
    return counted(size) == 0 || atomic_load(&s->count.pending) -
                                         counted(c->in.size) + counted(size) <=
                                     most + HL7_MLLP_FRAMING_BYTES + 1;
}

/* The deframer's buffer; it is wiped as a whole, for old bytes lie behind
 * those in use. */
bool pl_in_resize(struct pl_mllp *s, struct conn *c, size_t size)
{
    char *old = c->in.buf, *p = NULL;

    if (size) {
        p = malloc(size);
        if (p == NULL)
            return false;
        if (c->in.used)
            memcpy(p, old, c->in.used);
    }
    if (old)
        explicit_bzero(old, c->in.size);
    free(old);
    pl_count(&s->count.pending, counted(size) - counted(c->in.size));
    hl7_mllp_resize(&c->in, p, size);
    return true;
}

void pl_in_forget(struct pl_mllp *s, struct conn *c)
{
    uint64_t offset = c->in.offset + c->in.used;

    c->in.used = 0;
    (void)pl_in_resize(s, c, 0);
    hl7_mllp_init(&c->in, c->in.max_frame_bytes);
    c->in.offset = offset;
}

void pl_in_trim(struct pl_mllp *s, struct conn *c)
{
    char *unused;

    /* What counts is given back: an idle connection has a share of nothing. */
    if (counted(c->in.size) == 0 || pl_in_waiting(c))
        return;
    (void)hl7_mllp_space(&c->in, &unused);
    (void)pl_in_resize(s, c, 0);
}

/* ---- writing ------------------------------------------------------------ */

bool pl_out_frame(struct conn *c, struct an_str bytes)
{
    static const char end[2] = {HL7_MLLP_END, HL7_MLLP_CR};

    if (!bytes_reserve(&c->out, bytes.n + 3))
        return false;
    c->out.p[c->out.n++] = HL7_MLLP_START;
    memcpy(c->out.p + c->out.n, bytes.p, bytes.n);
    c->out.n += bytes.n;
    memcpy(c->out.p + c->out.n, end, sizeof(end));
    c->out.n += sizeof(end);
    return true;
}

bool pl_write_out(struct pl_mllp *s, struct conn *c)
{
    while (c->sent < c->out.n) {
        const char *p = c->out.p + c->sent;
        size_t left = c->out.n - c->sent;
        ssize_t n = c->link ? pl_tls_send(c->link, p, left)
                            : send(c->fd, p, left, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        c->sent += (size_t)n;
        pl_count(&s->count.bytes_out, (uint64_t)n);
    }
    if (c->out.size > KEPT_BUFFER_BYTES)
        pl_bytes_free(&c->out);
    c->out.n = c->sent = 0;
    return true;
}

/* ---- reading ------------------------------------------------------------ */

/* A record of a handshake, of any version (RFC 8446 5.1): no message begins so,
 * and waiting for the rest of it would be for ever. */
static bool is_tls_hello(const char *p, size_t n)
{
    return n >= 3 && p[0] == 0x16 && p[1] == 0x03 && (unsigned char)p[2] <= 4;
}

bool pl_read_in(struct pl_mllp *s, struct conn *c)
{
    size_t room;
    ssize_t n;
    char *p;

    while ((room = hl7_mllp_space(&c->in, &p)) == 0) {
        size_t wanted = hl7_mllp_wanted(&c->in);

        c->has_no_room = !may_grow(s, c, wanted);
        if (c->has_no_room)
            return true;
        if (wanted <= c->in.size || !pl_in_resize(s, c, wanted)) {
            an_log(s->log, AN_EVENT_MLLP_DESCRIPTORS, ENOMEM,
                   atomic_load(&s->count.open), 0);
            return false;
        }
    }
    if (room > READ_BYTES)
        room = READ_BYTES;
    do
        n = c->link ? pl_tls_recv(c->link, p, room) : recv(c->fd, p, room, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN;
    if (n == 0)
        c->is_eof = true;
    else if (c->link == NULL && c->in.offset + c->in.used == 0)
        c->is_tls_hello = is_tls_hello(p, (size_t)n);
    hl7_mllp_filled(&c->in, (size_t)n);
    pl_count(&s->count.bytes_in, (uint64_t)n);
    return true;
}

bool pl_drain(const struct conn *c)
{
    char nowhere[4096];
    ssize_t n = recv(c->fd, nowhere, sizeof(nowhere), 0);

    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}
