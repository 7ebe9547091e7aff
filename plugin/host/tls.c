/* SPDX-License-Identifier: Apache-2.0 */
/* The keys: reading them, and reading them again. */
#include "plugin/host/tls_int.h"

#include "plugin/host/file.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind what the configuration says, so that no word of it brings them back. */
static const char least_version[] =
    ":-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-DTLS-ALL";

static enum an_code fail_in(const struct pl_tls *tls, enum tls_file file,
                            const char *what, struct an_err *err)
{
    return an_fail_line(err, AN_CONFIG, what, tls->file[file], 0, 0);
}

/* ---- one reading of the files -------------------------------------------- */

static void keys_free(struct tls_keys *k)
{
    if (k == NULL)
        return;
    for (unsigned i = 0; i < k->n_chain; i++)
        gnutls_pcert_deinit(&k->chain[i]);
    if (k->key)
        gnutls_privkey_deinit(k->key);
    if (k->credentials)
        gnutls_certificate_free_credentials(k->credentials);
    an_arena_free(&k->arena);
    free(k);
}

static gnutls_datum_t datum(struct an_str s)
{
    gnutls_datum_t d = {.size = (unsigned)s.n};

    /* GnuTLS reads only; its struct is older than const. */
    memcpy(&d.data, &s.p, sizeof(d.data));
    return d;
}

static enum an_code read_files(const struct pl_tls *tls, struct tls_keys *k,
                               gnutls_datum_t file[TLS_N_FILES],
                               struct an_err *err)
{
    struct an_sha256_run run;
    enum an_code rc = an_sha256_begin(&run, err);

    if (rc != AN_OK)
        return rc;
    for (int i = 0; rc == AN_OK && i < TLS_N_FILES; i++) {
        struct an_str bytes = {"", 0};

        if (tls->file[i])
            rc = pl_file_read(&k->arena, tls->file[i], PL_TLS_FILE_BYTES,
                              &bytes, err);
        file[i] = datum(bytes);
        if (rc == AN_OK)
            rc = an_sha256_add(&run, bytes, err);
        /* So that no byte can wander from one file into the next. */
        if (rc == AN_OK)
            rc = an_sha256_add(&run, (struct an_str){"|", 1}, err);
    }
    an_sha256_end(&run, &k->digest);
    return rc;
}

static enum an_code take_own(const struct pl_tls *tls, struct tls_keys *k,
                             const gnutls_datum_t file[TLS_N_FILES],
                             struct an_err *err)
{
    gnutls_x509_crt_t own = NULL;
    int rc;

    k->n_chain = TLS_CHAIN;
    rc = gnutls_pcert_list_import_x509_raw(
        k->chain, &k->n_chain, &file[TLS_CERTIFICATE], GNUTLS_X509_FMT_PEM, 0);
    if (rc < 0) {
        k->n_chain = 0;
        return fail_in(tls, TLS_CERTIFICATE, "no certificates in PEM", err);
    }
    if (gnutls_privkey_init(&k->key) < 0)
        return an_fail_nomem(err);
    if (gnutls_privkey_import_x509_raw(k->key, &file[TLS_KEY],
                                       GNUTLS_X509_FMT_PEM, NULL, 0) < 0)
        return fail_in(tls, TLS_KEY,
                       "no private key in PEM, or one with a "
                       "password",
                       err);
    rc = gnutls_certificate_set_x509_key_mem2(
        k->credentials, &file[TLS_CERTIFICATE], &file[TLS_KEY],
        GNUTLS_X509_FMT_PEM, NULL, 0);
    if (rc == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return fail_in(tls, TLS_KEY, "not the key of the certificate", err);
    if (rc < 0)
        return fail_in(tls, TLS_CERTIFICATE, "a certificate that cannot serve",
                       err);
    if (gnutls_pcert_export_x509(&k->chain[0], &own) < 0)
        return an_fail_nomem(err);
    k->expires_s = (int64_t)gnutls_x509_crt_get_expiration_time(own);
    gnutls_x509_crt_deinit(own);
    return AN_OK;
}

static enum an_code take_clients(const struct pl_tls *tls, struct tls_keys *k,
                                 const gnutls_datum_t file[TLS_N_FILES],
                                 struct an_err *err)
{
    if (tls->client == PL_TLS_CLIENT_NONE)
        return AN_OK;
    if (gnutls_certificate_set_x509_trust_mem(k->credentials, &file[TLS_CA],
                                              GNUTLS_X509_FMT_PEM) <= 0)
        return fail_in(tls, TLS_CA, "no certificates in PEM", err);
    k->ca = (const char *)file[TLS_CA].data;
    if (tls->file[TLS_CRL] &&
        gnutls_certificate_set_x509_crl_mem(k->credentials, &file[TLS_CRL],
                                            GNUTLS_X509_FMT_PEM) <= 0)
        return fail_in(tls, TLS_CRL, "no revocation list in PEM", err);
    return AN_OK;
}

static enum an_code keys_read(const struct pl_tls *tls, struct tls_keys **out,
                              struct an_err *err)
{
    struct tls_keys *k = calloc(1, sizeof(*k));
    gnutls_datum_t file[TLS_N_FILES];
    enum an_code rc;

    *out = k;
    if (k == NULL)
        return an_fail_nomem(err);
    an_arena_init(&k->arena,
                  (size_t)TLS_N_FILES * (PL_TLS_FILE_BYTES + 65536) * 2);
    if (gnutls_certificate_allocate_credentials(&k->credentials) < 0)
        return an_fail_nomem(err);
    rc = read_files(tls, k, file, err);
    if (rc == AN_OK)
        rc = take_own(tls, k, file, err);
    return rc == AN_OK ? take_clients(tls, k, file, err) : rc;
}

/* ---- life ---------------------------------------------------------------- */

static bool copy(const char *text, char **to)
{
    *to = NULL;
    if (text == NULL || text[0] == '\0')
        return true;
    *to = strdup(text);
    return *to != NULL;
}

static enum an_code set_priorities(struct pl_tls *tls, const char *said,
                                   struct an_err *err)
{
    const unsigned *version;
    int n = snprintf(tls->priorities, sizeof(tls->priorities), "%s%s", said,
                     least_version);

    if (n < 0 || n >= (int)sizeof(tls->priorities))
        return an_fail(err, AN_CONFIG, "listen.tls.priorities: too long", 0);
    if (gnutls_priority_init(&tls->priority, tls->priorities, NULL) < 0) {
        tls->priority = NULL;
        return an_fail(err, AN_CONFIG,
                       "listen.tls.priorities: GnuTLS does not understand them",
                       0);
    }
    if (gnutls_priority_protocol_list(tls->priority, &version) <= 0)
        return an_fail(err, AN_CONFIG,
                       "listen.tls.priorities: neither TLS 1.2 nor 1.3 is left",
                       0);
    return AN_OK;
}

enum an_code pl_tls_open(const struct pl_tls_options *o, struct pl_tls **out,
                         struct an_err *err)
{
    struct pl_tls *tls = calloc(1, sizeof(*tls));
    enum an_code rc = AN_OK;

    *out = NULL;
    if (tls == NULL)
        return an_fail_nomem(err);
    pthread_mutex_init(&tls->lock, NULL);
    tls->client = o->client;
    if (!copy(o->certificate_file, &tls->file[TLS_CERTIFICATE]) ||
        !copy(o->key_file, &tls->file[TLS_KEY]) ||
        !copy(o->ca_file, &tls->file[TLS_CA]) ||
        !copy(o->crl_file, &tls->file[TLS_CRL]))
        rc = an_fail_nomem(err);
    else if (tls->file[TLS_CERTIFICATE] == NULL || tls->file[TLS_KEY] == NULL ||
             (o->client != PL_TLS_CLIENT_NONE && tls->file[TLS_CA] == NULL))
        rc = an_fail(err, AN_CONFIG, "TLS without a certificate, key or CA", 0);
    if (rc == AN_OK)
        rc = set_priorities(tls, o->priorities ? o->priorities : "NORMAL", err);
    if (rc == AN_OK)
        rc = keys_read(tls, &tls->keys, err);
    if (rc != AN_OK) {
        pl_tls_close(tls);
        return rc;
    }
    *out = tls;
    return AN_OK;
}

enum an_code pl_tls_reload(struct pl_tls *tls, struct an_err *err)
{
    struct tls_keys *fresh;
    enum an_code rc = keys_read(tls, &fresh, err);
    bool is_same;

    if (rc != AN_OK) {
        keys_free(fresh);
        return rc;
    }
    pthread_mutex_lock(&tls->lock);
    is_same =
        memcmp(&fresh->digest, &tls->keys->digest, sizeof(fresh->digest)) == 0;
    if (!is_same) {
        /* Sessions may still use the older ones; there are few. */
        fresh->older = tls->keys;
        tls->keys = fresh;
    }
    pthread_mutex_unlock(&tls->lock);
    if (is_same)
        keys_free(fresh);
    return AN_OK;
}

void pl_tls_close(struct pl_tls *tls)
{
    struct tls_keys *older;

    if (tls == NULL)
        return;
    for (struct tls_keys *k = tls->keys; k; k = older) {
        older = k->older;
        keys_free(k);
    }
    if (tls->priority)
        gnutls_priority_deinit(tls->priority);
    for (int i = 0; i < TLS_N_FILES; i++)
        free(tls->file[i]);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

/* ---- questions ------------------------------------------------------------ */

struct tls_keys *pl_tls_keys(struct pl_tls *tls)
{
    struct tls_keys *k;

    pthread_mutex_lock(&tls->lock);
    k = tls->keys;
    pthread_mutex_unlock(&tls->lock);
    return k;
}

int64_t pl_tls_expires_s(struct pl_tls *tls)
{
    return pl_tls_keys(tls)->expires_s;
}

const char *pl_tls_priorities(const struct pl_tls *tls)
{
    return tls->priorities;
}

const char *pl_tls_ca(struct pl_tls *tls)
{
    return pl_tls_keys(tls)->ca;
}

void pl_tls_present(struct pl_tls *tls, gnutls_pcert_st **certificate,
                    unsigned *n, gnutls_privkey_t *key)
{
    struct tls_keys *k = pl_tls_keys(tls);

    *certificate = k->chain;
    *n = k->n_chain;
    *key = k->key;
}
