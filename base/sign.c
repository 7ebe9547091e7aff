/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sign.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <string.h>

/* GnuTLS takes its inputs through pointers that are not const, and reads. */
static gnutls_datum_t datum(const void *p, size_t n)
{
    union {
        const void *given;
        unsigned char *taken;
    } u = {p};

    return (gnutls_datum_t){u.taken, (unsigned)n};
}

enum an_code an_verify(const struct an_public_key *key, struct an_str bytes,
                       const struct an_signature *signature, struct an_err *err)
{
    const gnutls_datum_t x = datum(key->b, sizeof(key->b));
    const gnutls_datum_t said = datum(signature->b, sizeof(signature->b));
    const gnutls_datum_t data = datum(bytes.n ? bytes.p : "", bytes.n);
    gnutls_pubkey_t public;
    int r;

    if (bytes.n > UINT32_MAX)
        return an_fail(err, AN_LIMIT, "too long to be signed", 0);
    if (gnutls_pubkey_init(&public) < 0)
        return an_fail_nomem(err);
    r = gnutls_pubkey_import_ecc_raw(public, GNUTLS_ECC_CURVE_ED25519, &x,
                                     NULL);
    if (r >= 0)
        r = gnutls_pubkey_verify_data2(public, GNUTLS_SIGN_EDDSA_ED25519, 0,
                                       &data, &said);
    gnutls_pubkey_deinit(public);
    if (r < 0)
        return an_fail_sys(err, AN_INTEGRITY, "the signature does not match",
                           r);
    return AN_OK;
}

static int export_public(gnutls_privkey_t private, struct an_public_key *key)
{
    gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
    gnutls_datum_t x = {NULL, 0}, y = {NULL, 0};
    gnutls_pubkey_t public;
    int r = gnutls_pubkey_init(&public);

    if (r < 0)
        return r;
    r = gnutls_pubkey_import_privkey(public, private, 0, 0);
    if (r >= 0)
        r = gnutls_pubkey_export_ecc_raw(public, &curve, &x, &y);
    if (r >= 0 &&
        (curve != GNUTLS_ECC_CURVE_ED25519 || x.size != sizeof(key->b)))
        r = GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
    if (r >= 0)
        memcpy(key->b, x.data, sizeof(key->b));
    gnutls_free(x.data);
    gnutls_free(y.data);
    gnutls_pubkey_deinit(public);
    return r;
}

static const char not_a_key[] = "this is no Ed25519 private key in PEM";

static int import_private(gnutls_privkey_t *private, struct an_str pem)
{
    const gnutls_datum_t text = datum(pem.p, pem.n);
    int r;

    if (pem.n > UINT16_MAX)
        return GNUTLS_E_INVALID_REQUEST;
    r = gnutls_privkey_init(private);
    if (r < 0)
        return r;
    r = gnutls_privkey_import_x509_raw(*private, &text, GNUTLS_X509_FMT_PEM,
                                       NULL, 0);
    if (r < 0)
        gnutls_privkey_deinit(*private);
    return r;
}

enum an_code an_sign(struct an_str private_pem, struct an_str bytes,
                     struct an_signature *signature, struct an_err *err)
{
    const gnutls_datum_t data = datum(bytes.n ? bytes.p : "", bytes.n);
    gnutls_datum_t made = {NULL, 0};
    gnutls_privkey_t private;
    int r;

    if (bytes.n > UINT32_MAX)
        return an_fail(err, AN_LIMIT, "too long to be signed", 0);
    r = import_private(&private, private_pem);
    if (r < 0)
        return an_fail_sys(err, AN_SYNTAX, not_a_key, r);
    r = gnutls_privkey_sign_data2(private, GNUTLS_SIGN_EDDSA_ED25519, 0, &data,
                                  &made);
    if (r >= 0 && made.size != sizeof(signature->b))
        r = GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
    if (r >= 0)
        memcpy(signature->b, made.data, sizeof(signature->b));
    gnutls_free(made.data);
    gnutls_privkey_deinit(private);
    return r < 0 ? an_fail_sys(err, AN_SYNTAX, not_a_key, r) : AN_OK;
}

enum an_code an_key_public(struct an_str private_pem, struct an_public_key *key,
                           struct an_err *err)
{
    gnutls_privkey_t private;
    int r = import_private(&private, private_pem);

    if (r >= 0) {
        r = export_public(private, key);
        gnutls_privkey_deinit(private);
    }
    return r < 0 ? an_fail_sys(err, AN_SYNTAX, not_a_key, r) : AN_OK;
}
