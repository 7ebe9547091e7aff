/* SPDX-License-Identifier: Apache-2.0 */
/* What tls.c (keys), tls_peer.c (who is there) and tls_link.c (one connection)
 * share, and what http.c needs, whose library keeps the sessions itself. */
#ifndef PLUGIN_HOST_TLS_INT_H
#define PLUGIN_HOST_TLS_INT_H

#include "plugin/host/tls.h"

#include "base/arena.h"
#include "base/hash.h"

#include <gnutls/abstract.h>
#include <pthread.h>

enum { TLS_CHAIN = 16, TLS_PRIORITY_BYTES = 512 };

/* The keys of one reading; never changed once in force. */
struct tls_keys {
    struct tls_keys *older;
    struct an_arena arena; /* the files' bytes, wiped at the end */
    struct an_sha256 digest;
    gnutls_certificate_credentials_t credentials;
    gnutls_pcert_st chain[TLS_CHAIN];
    unsigned n_chain;
    gnutls_privkey_t key;
    const char *ca; /* NULL: none */
    int64_t expires_s;
};

struct pl_tls {
    char *file[4]; /* enum tls_file; NULL is none */
    enum pl_tls_client client;
    char priorities[TLS_PRIORITY_BYTES];
    gnutls_priority_t priority;
    pthread_mutex_t lock;
    struct tls_keys *keys; /* under the lock; older ones hang from it */
};

enum tls_file { TLS_CERTIFICATE, TLS_KEY, TLS_CA, TLS_CRL, TLS_N_FILES };

struct tls_keys *pl_tls_keys(struct pl_tls *tls);

/* The peer's certificate against those keys. */
bool pl_tls_verify(const struct pl_tls *tls, const struct tls_keys *keys,
                   gnutls_session_t session);
void pl_tls_name(gnutls_session_t session, char name[PL_TLS_NAME_BYTES]);

/* ---- for http.c ---------------------------------------------------------- */

/* The same for a session of somebody else's: false when it may not go on. */
bool pl_tls_session_check(struct pl_tls *tls, gnutls_session_t session,
                          char name[PL_TLS_NAME_BYTES]);
/* The certificate and key in force; they live as long as the keys. */
void pl_tls_present(struct pl_tls *tls, gnutls_pcert_st **certificate,
                    unsigned *n, gnutls_privkey_t *key);
/* With the least version. */
const char *pl_tls_priorities(const struct pl_tls *tls);
/* Those who sign for clients, PEM with a NUL; NULL when none is asked for. */
const char *pl_tls_ca(struct pl_tls *tls);

#endif
