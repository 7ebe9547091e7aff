/* SPDX-License-Identifier: Apache-2.0 */
/* One connection, on the server's side. */
#include "plugin/host/tls_int.h"

#include <errno.h>
#include <stdlib.h>

struct pl_tls_link {
    struct pl_tls *tls;
    const struct tls_keys *keys; /* those in force when it came */
    gnutls_session_t session;
    bool is_blocked; /* a send must be taken up again */
    int fault;
};

/* Called inside of the handshake, so that the peer hears why by an alert. */
static int verify(gnutls_session_t session)
{
    const struct pl_tls_link *link = gnutls_session_get_ptr(session);

    return pl_tls_verify(link->tls, link->keys, session)
               ? 0
               : GNUTLS_E_CERTIFICATE_ERROR;
}

static gnutls_certificate_request_t request_of(enum pl_tls_client client)
{
    switch (client) {
    case PL_TLS_CLIENT_NONE: return GNUTLS_CERT_IGNORE;
    case PL_TLS_CLIENT_OPTIONAL: return GNUTLS_CERT_REQUEST;
    case PL_TLS_CLIENT_REQUIRED: break;
    }
    return GNUTLS_CERT_REQUIRE;
}

struct pl_tls_link *pl_tls_accept(struct pl_tls *tls, int fd)
{
    struct pl_tls_link *link = calloc(1, sizeof(*link));

    if (link == NULL)
        return NULL;
    link->tls = tls;
    link->keys = pl_tls_keys(tls);
    if (gnutls_init(&link->session, GNUTLS_SERVER | GNUTLS_NONBLOCK |
                                        GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS) <
        0) {
        free(link);
        return NULL;
    }
    gnutls_session_set_ptr(link->session, link);
    if (gnutls_priority_set(link->session, tls->priority) < 0 ||
        gnutls_credentials_set(link->session, GNUTLS_CRD_CERTIFICATE,
                               link->keys->credentials) < 0) {
        gnutls_deinit(link->session);
        free(link);
        return NULL;
    }
    gnutls_certificate_server_set_request(link->session,
                                          request_of(tls->client));
    if (tls->client != PL_TLS_CLIENT_NONE)
        gnutls_session_set_verify_function(link->session, verify);
    /* The listener has a clock of its own. */
    gnutls_handshake_set_timeout(link->session, 0);
    gnutls_transport_set_int(link->session, fd);
    return link;
}

enum pl_tls_got pl_tls_handshake(struct pl_tls_link *link)
{
    int rc;

    do
        rc = gnutls_handshake(link->session);
    while (rc == GNUTLS_E_INTERRUPTED || rc == GNUTLS_E_WARNING_ALERT_RECEIVED);
    if (rc == GNUTLS_E_SUCCESS)
        return PL_TLS_OK;
    if (rc == GNUTLS_E_AGAIN)
        return PL_TLS_AGAIN;
    link->fault = rc;
    (void)gnutls_alert_send_appropriate(link->session, rc);
    return PL_TLS_FAILED;
}

bool pl_tls_wants_write(const struct pl_tls_link *link)
{
    return gnutls_record_get_direction(link->session) == 1;
}

unsigned pl_tls_fault(const struct pl_tls_link *link)
{
    return (unsigned)-link->fault;
}

/* No word of a peer after the handshake may start another. */
static ssize_t failed(struct pl_tls_link *link, ssize_t rc)
{
    if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED ||
        rc == GNUTLS_E_WARNING_ALERT_RECEIVED) {
        errno = EAGAIN;
        return -1;
    }
    link->fault = (int)rc;
    errno = EPROTO;
    return -1;
}

ssize_t pl_tls_recv(struct pl_tls_link *link, void *p, size_t n)
{
    ssize_t rc = gnutls_record_recv(link->session, p, n);

    if (rc == GNUTLS_E_PREMATURE_TERMINATION)
        return 0;
    return rc >= 0 ? rc : failed(link, rc);
}

ssize_t pl_tls_send(struct pl_tls_link *link, const void *p, size_t n)
{
    ssize_t rc = link->is_blocked ? gnutls_record_send(link->session, NULL, 0)
                                  : gnutls_record_send(link->session, p, n);

    link->is_blocked = rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED;
    return rc >= 0 ? rc : failed(link, rc);
}

bool pl_tls_has_pending(const struct pl_tls_link *link)
{
    return gnutls_record_check_pending(link->session) > 0;
}

void pl_tls_goodbye(struct pl_tls_link *link)
{
    if (link->fault == 0 && !link->is_blocked)
        (void)gnutls_bye(link->session, GNUTLS_SHUT_WR);
}

void pl_tls_link_close(struct pl_tls_link *link)
{
    if (link == NULL)
        return;
    gnutls_deinit(link->session);
    free(link);
}

void pl_tls_link_name(const struct pl_tls_link *link,
                      char name[PL_TLS_NAME_BYTES])
{
    name[0] = '\0';
    if (link->tls->client != PL_TLS_CLIENT_NONE)
        pl_tls_name(link->session, name);
}
