/* SPDX-License-Identifier: Apache-2.0 */
/* TLS for a sender, over a blocking socket that has its times.
 *
 * The receiver's certificate is verified: by whom it was signed, its dates, its use
 * and that it is for the name that was asked for.  TLS 1.2 is the least.
 *
 * Thread-safety: confined.  Ownership: it borrows the descriptor. */
#ifndef PLUGIN_HOST_CLIENT_TLS_H
#define PLUGIN_HOST_CLIENT_TLS_H

#include "base/err.h"

#include <sys/types.h>

/* Files in PEM; NULL is none. */
struct pl_client_keys {
    const char *ca_file;          /* who signs for receivers; NULL: those whom
                                     the system trusts */
    const char *certificate_file; /* ours, then its chain; with key_file */
    const char *key_file;         /* without a password */
};

struct pl_client_tls;

/* Shake hands with `host`, a name or an address.  AN_CONFIG for a file, with its
 * name as the place; AN_IO when there is no connection that is trusted, with why. */
enum an_code pl_client_tls_open(struct pl_client_tls **out, int fd,
                                const char *host,
                                const struct pl_client_keys *keys,
                                struct an_err *err)
    __attribute__((warn_unused_result));

/* As recv(2) and send(2); *what is why it failed, if that is known. */
ssize_t pl_client_tls_recv(struct pl_client_tls *t, void *p, size_t n,
                           const char **what);
ssize_t pl_client_tls_send(struct pl_client_tls *t, const void *p, size_t n,
                           const char **what);

/* Says goodbye; NULL is nothing. */
void pl_client_tls_close(struct pl_client_tls *t);

#endif
