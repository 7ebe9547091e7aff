/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/client_tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

struct pl_client_tls {
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
};

static const char priorities[] =
    "NORMAL:-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-DTLS-ALL";

/* ---- keys --------------------------------------------------------------- */

static enum an_code wrong_file(struct an_err *err, const char *what,
                               const char *path)
{
    return an_fail_line(err, AN_CONFIG, what, path, 0, 0);
}

static enum an_code load_keys(gnutls_certificate_credentials_t c,
                              const struct pl_client_keys *k,
                              struct an_err *err)
{
    int n = k->ca_file ? gnutls_certificate_set_x509_trust_file(
                             c, k->ca_file, GNUTLS_X509_FMT_PEM)
                       : gnutls_certificate_set_x509_system_trust(c);

    if (n <= 0)
        return wrong_file(err, "no certificates of authorities",
                          k->ca_file ? k->ca_file : "the system");
    if (k->certificate_file == NULL)
        return AN_OK;
    return gnutls_certificate_set_x509_key_file(
               c, k->certificate_file, k->key_file, GNUTLS_X509_FMT_PEM) < 0
               ? wrong_file(err, "no certificate, or not with that key",
                            k->certificate_file)
               : AN_OK;
}

/* ---- the handshake ------------------------------------------------------ */

static const char *why_not(gnutls_session_t session, int rc)
{
    unsigned status = gnutls_session_get_verify_cert_status(session);

    if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_TIMEDOUT)
        return "no answer to the TLS handshake";
    if (rc != GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
        return "no TLS connection: the handshake failed";
    if (status & GNUTLS_CERT_UNEXPECTED_OWNER)
        return "the receiver's certificate is for another name";
    if (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED))
        return "the receiver's certificate is not valid now";
    return "the receiver's certificate is not trusted";
}

static enum an_code shake_hands(struct pl_client_tls *t, struct an_err *err)
{
    int rc;

    do
        rc = gnutls_handshake(t->session);
    while (rc == GNUTLS_E_INTERRUPTED || rc == GNUTLS_E_WARNING_ALERT_RECEIVED);
    if (rc == GNUTLS_E_SUCCESS)
        return AN_OK;
    return an_fail(err, AN_IO, why_not(t->session, rc), 0);
}

/* An address is no name that a server could be told. */
static bool is_name(const char *host)
{
    return strchr(host, ':') == NULL &&
           strspn(host, "0123456789.") != strlen(host);
}

static enum an_code prepare(struct pl_client_tls *t, int fd, const char *host,
                            struct an_err *err)
{
    if (gnutls_init(&t->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) < 0)
        return an_fail_nomem(err);
    if (gnutls_priority_set_direct(t->session, priorities, NULL) < 0 ||
        gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE,
                               t->credentials) < 0 ||
        (is_name(host) && gnutls_server_name_set(t->session, GNUTLS_NAME_DNS,
                                                 host, strlen(host)) < 0))
        return an_fail(err, AN_IO, "TLS cannot be prepared", 0);
    gnutls_session_set_verify_cert(t->session, host, 0);
    /* The socket has a time of its own. */
    gnutls_handshake_set_timeout(t->session, 0);
    gnutls_transport_set_int(t->session, fd);
    return AN_OK;
}

enum an_code pl_client_tls_open(struct pl_client_tls **out, int fd,
                                const char *host,
                                const struct pl_client_keys *keys,
                                struct an_err *err)
{
    struct pl_client_tls *t = calloc(1, sizeof(*t));
    enum an_code rc;

    *out = NULL;
    if (t == NULL ||
        gnutls_certificate_allocate_credentials(&t->credentials) < 0) {
        free(t);
        return an_fail_nomem(err);
    }
    rc = load_keys(t->credentials, keys, err);
    if (rc == AN_OK)
        rc = prepare(t, fd, host, err);
    if (rc == AN_OK)
        rc = shake_hands(t, err);
    if (rc == AN_OK) {
        *out = t;
        return AN_OK;
    }
    if (t->session)
        gnutls_deinit(t->session);
    gnutls_certificate_free_credentials(t->credentials);
    free(t);
    return rc;
}

void pl_client_tls_close(struct pl_client_tls *t)
{
    if (t == NULL)
        return;
    (void)gnutls_bye(t->session, GNUTLS_SHUT_WR);
    gnutls_deinit(t->session);
    gnutls_certificate_free_credentials(t->credentials);
    free(t);
}

/* ---- bytes -------------------------------------------------------------- */

static bool is_about_us(gnutls_alert_description_t alert)
{
    static const gnutls_alert_description_t known[] = {
        GNUTLS_A_BAD_CERTIFICATE,     GNUTLS_A_CERTIFICATE_EXPIRED,
        GNUTLS_A_CERTIFICATE_REVOKED, GNUTLS_A_CERTIFICATE_UNKNOWN,
        GNUTLS_A_UNKNOWN_CA,          GNUTLS_A_UNSUPPORTED_CERTIFICATE,
        GNUTLS_A_ACCESS_DENIED,       GNUTLS_A_CERTIFICATE_REQUIRED};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (alert == known[i])
            return true;
    return false;
}

/* In TLS 1.3 a client hears that its certificate is refused when it reads. */
static ssize_t failed(struct pl_client_tls *t, ssize_t rc, const char **what)
{
    errno = rc == GNUTLS_E_AGAIN ? EAGAIN : EPROTO;
    if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_TIMEDOUT)
        return -1;
    *what = "the receiver ended the TLS connection: does it want another "
            "certificate?";
    if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED &&
        is_about_us(gnutls_alert_get(t->session)))
        *what = "the receiver does not accept our certificate";
    return -1;
}

ssize_t pl_client_tls_recv(struct pl_client_tls *t, void *p, size_t n,
                           const char **what)
{
    ssize_t rc;

    do
        rc = gnutls_record_recv(t->session, p, n);
    while (rc == GNUTLS_E_INTERRUPTED || rc == GNUTLS_E_WARNING_ALERT_RECEIVED);
    if (rc == GNUTLS_E_PREMATURE_TERMINATION)
        return 0;
    return rc >= 0 ? rc : failed(t, rc, what);
}

ssize_t pl_client_tls_send(struct pl_client_tls *t, const void *p, size_t n,
                           const char **what)
{
    char nowhere;
    ssize_t rc;

    do
        rc = gnutls_record_send(t->session, p, n);
    while (rc == GNUTLS_E_INTERRUPTED);
    if (rc > 0)
        return rc;
    /* Closed: it may have said why before that. */
    if (rc != GNUTLS_E_AGAIN)
        rc = gnutls_record_recv(t->session, &nowhere, sizeof(nowhere));
    return failed(t, rc, what);
}
