/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end: the client's certificate. */
#include "plugin/host/tls_int.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

static void free_all(gnutls_x509_crt_t crt[TLS_CHAIN], unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        gnutls_x509_crt_deinit(crt[i]);
}

static bool import_all(const gnutls_datum_t *der, unsigned n,
                       gnutls_x509_crt_t crt[TLS_CHAIN])
{
    for (unsigned i = 0; i < n; i++) {
        if (gnutls_x509_crt_init(&crt[i]) < 0) {
            free_all(crt, i);
            return false;
        }
        if (gnutls_x509_crt_import(crt[i], &der[i], GNUTLS_X509_FMT_DER) < 0) {
            free_all(crt, i + 1);
            return false;
        }
    }
    return true;
}

bool pl_tls_verify(const struct pl_tls *tls, const struct tls_keys *keys,
                   gnutls_session_t session)
{
    static const char client_use[] = GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st use = {.type = GNUTLS_DT_KEY_PURPOSE_OID};
    gnutls_x509_trust_list_t trusted;
    gnutls_x509_crt_t crt[TLS_CHAIN];
    unsigned n = 0, status = ~0U;
    const gnutls_datum_t *der;
    int rc;

    if (tls->client == PL_TLS_CLIENT_NONE)
        return true;
    der = gnutls_certificate_get_peers(session, &n);
    if (der == NULL || n == 0)
        return tls->client == PL_TLS_CLIENT_OPTIONAL;
    if (gnutls_certificate_type_get(session) != GNUTLS_CRT_X509 ||
        n > TLS_CHAIN || !import_all(der, n, crt))
        return false;
    memcpy(&use.data, &(const char *){client_use}, sizeof(use.data));
    gnutls_certificate_get_trust_list(keys->credentials, &trusted);
    rc = gnutls_x509_trust_list_verify_crt2(trusted, crt, n, &use, 1, 0,
                                            &status, NULL);
    free_all(crt, n);
    return rc >= 0 && status == 0;
}

/* ---- the name -------------------------------------------------------------- */

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c && strchr(".-_@:/+", c) != NULL);
}

/* A name that does not fit is none: cut, it might be another's. */
static bool take(const char *text, size_t n, char name[PL_TLS_NAME_BYTES])
{
    if (n == 0 || n >= PL_TLS_NAME_BYTES)
        return false;
    for (size_t i = 0; i < n; i++)
        name[i] = '_';
    for (size_t i = 0; i < n; i++)
        if (is_plain(text[i]))
            name[i] = text[i];
    name[n] = '\0';
    return true;
}

static bool alternative(gnutls_x509_crt_t crt, int wanted,
                        char name[PL_TLS_NAME_BYTES])
{
    for (unsigned i = 0; i < 64; i++) {
        char text[256];
        size_t n = sizeof(text);
        int type = gnutls_x509_crt_get_subject_alt_name(crt, i, text, &n, NULL);

        if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
            continue;
        if (type < 0)
            return false;
        if (type == wanted && take(text, n, name))
            return true;
    }
    return false;
}

static bool common(gnutls_x509_crt_t crt, char name[PL_TLS_NAME_BYTES])
{
    char text[256];
    size_t n = sizeof(text);

    return gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0,
                                         text, &n) >= 0 &&
           take(text, n, name);
}

void pl_tls_name(gnutls_session_t session, char name[PL_TLS_NAME_BYTES])
{
    unsigned n = 0;
    const gnutls_datum_t *der = gnutls_certificate_get_peers(session, &n);
    gnutls_x509_crt_t crt[TLS_CHAIN];

    name[0] = '\0';
    if (der == NULL || n == 0 || !import_all(der, 1, crt))
        return;
    if (!alternative(crt[0], GNUTLS_SAN_DNSNAME, name) &&
        !alternative(crt[0], GNUTLS_SAN_URI, name) &&
        !alternative(crt[0], GNUTLS_SAN_RFC822NAME, name) &&
        !common(crt[0], name))
        snprintf(name, PL_TLS_NAME_BYTES, "unnamed");
    free_all(crt, 1);
}

bool pl_tls_session_check(struct pl_tls *tls, gnutls_session_t session,
                          char name[PL_TLS_NAME_BYTES])
{
    name[0] = '\0';
    if (!pl_tls_verify(tls, pl_tls_keys(tls), session))
        return false;
    if (tls->client != PL_TLS_CLIENT_NONE)
        pl_tls_name(session, name);
    return true;
}
