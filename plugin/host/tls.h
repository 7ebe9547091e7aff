/* SPDX-License-Identifier: Apache-2.0 */
/* TLS for what listens: the server's keys, and one connection over a
 * non-blocking socket.  All cryptography is GnuTLS's.
 *
 *     pl_tls_open(&options, &tls, err);
 *     link = pl_tls_accept(tls, fd);
 *     while (pl_tls_handshake(link) == PL_TLS_AGAIN)
 *         wait for pl_tls_wants_write(link) ? output : input;
 *     n = pl_tls_recv(link, p, room);        -- as recv(2)
 *     n = pl_tls_send(link, p, size);        -- as send(2)
 *     pl_tls_link_close(link);               -- before close(fd)
 *     pl_tls_close(tls);
 *
 * TLS 1.2 is the least, whatever the priorities say.  There is no resumption
 * and no renegotiation: each connection proves anew who it is, so that a
 * revoked certificate is refused from the reload on that revokes it.
 *
 * A client's certificate is verified against ca_file and crl_file, for the use
 * of a TLS client, and by its dates.  A revocation list past its own next
 * update refuses everybody: a stale list says nothing.
 *
 * Thread-safety: struct pl_tls is shared; a link is confined.  Ownership: a
 * link borrows the descriptor and must end before its keys are closed. */
#ifndef PLUGIN_HOST_TLS_H
#define PLUGIN_HOST_TLS_H

#include "base/err.h"

#include <sys/types.h>

enum {
    PL_TLS_FILE_BYTES = 4 << 20, /* of one file */
    PL_TLS_NAME_BYTES = 96
};

enum pl_tls_client {
    PL_TLS_CLIENT_NONE,     /* is not asked for a certificate */
    PL_TLS_CLIENT_OPTIONAL, /* may show none, but not a wrong one */
    PL_TLS_CLIENT_REQUIRED
};

/* Files in PEM; "" or NULL is none.  Copied. */
struct pl_tls_options {
    const char *certificate_file; /* its own first, then the chain */
    const char *key_file;         /* without a password */
    const char *ca_file;          /* who signs for clients */
    const char *crl_file;
    enum pl_tls_client client;
    const char *priorities; /* as gnutls_priority_init(3) takes them */
};

struct pl_tls;

/* AN_IO, AN_NOTFOUND, AN_LIMIT for a file that cannot be read; AN_CONFIG for
 * what is in it, with the file as the place, and for the priorities. */
enum an_code pl_tls_open(const struct pl_tls_options *options,
                         struct pl_tls **tls, struct an_err *err)
    __attribute__((warn_unused_result));

/* Read the files again.  What is connected stays; who connects from now on
 * meets the new ones.  On failure the old ones stay in force. */
enum an_code pl_tls_reload(struct pl_tls *tls, struct an_err *err)
    __attribute__((warn_unused_result));

/* When the server's certificate ends, seconds since 1970. */
int64_t pl_tls_expires_s(struct pl_tls *tls);

/* NULL is nothing.  No link may be open. */
void pl_tls_close(struct pl_tls *tls);

/* ---- one connection ------------------------------------------------------ */

struct pl_tls_link;

enum pl_tls_got { PL_TLS_OK, PL_TLS_AGAIN, PL_TLS_FAILED };

/* NULL without memory. */
struct pl_tls_link *pl_tls_accept(struct pl_tls *tls, int fd);

/* Go on as far as the socket lets it.  FAILED: the peer was told why, if it
 * could be; pl_tls_fault says it. */
enum pl_tls_got pl_tls_handshake(struct pl_tls_link *link);
bool pl_tls_wants_write(const struct pl_tls_link *link);
/* GnuTLS's error number, positive. */
unsigned pl_tls_fault(const struct pl_tls_link *link);

/* As recv and send on a non-blocking socket: -1 with EAGAIN, or EPROTO.  The
 * end of a peer that does not say goodbye is an end, too: a frame tells by
 * itself whether it is whole.  What a blocked send was given must come again. */
ssize_t pl_tls_recv(struct pl_tls_link *link, void *p, size_t n);
ssize_t pl_tls_send(struct pl_tls_link *link, const void *p, size_t n);
/* Is something here that epoll does not know of? */
bool pl_tls_has_pending(const struct pl_tls_link *link);

/* Say that nothing more will be sent, if the socket takes it. */
void pl_tls_goodbye(struct pl_tls_link *link);
void pl_tls_link_close(struct pl_tls_link *link);

/* Who the verified certificate says is there: its first DNS, URI or e-mail
 * name, else its common name; "" without a certificate.  What is not a letter,
 * a digit or one of .-_@:/+ is written as _. */
void pl_tls_link_name(const struct pl_tls_link *link,
                      char name[PL_TLS_NAME_BYTES]);

#endif
