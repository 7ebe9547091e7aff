/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 signatures (RFC 8032) by GnuTLS: who made these bytes.
 *
 *     if (an_verify(&trusted, bytes, &signature, err) != AN_OK)
 *         return err->code;             -- not a byte of them is used
 *
 * A private key is PEM (PKCS #8, RFC 8410), as `openssl genpkey -algorithm
 * ed25519` makes it; a public key is its 32 bytes, written as hex.  Making keys
 * needs randomness and is not here.
 *
 * Thread-safety: immutable (functions of their arguments). */
#ifndef BASE_SIGN_H
#define BASE_SIGN_H

#include "base/err.h"

enum { AN_KEY_BYTES = 32, AN_SIGNATURE_BYTES = 64 };

struct an_public_key {
    uint8_t b[AN_KEY_BYTES];
};

struct an_signature {
    uint8_t b[AN_SIGNATURE_BYTES];
};

/* AN_INTEGRITY when the signature is not this key's over these bytes. */
enum an_code an_verify(const struct an_public_key *key, struct an_str bytes,
                       const struct an_signature *signature, struct an_err *err)
    __attribute__((warn_unused_result));

/* Both: AN_SYNTAX when the PEM is no Ed25519 private key. */
enum an_code an_sign(struct an_str private_pem, struct an_str bytes,
                     struct an_signature *signature, struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code an_key_public(struct an_str private_pem, struct an_public_key *key,
                           struct an_err *err)
    __attribute__((warn_unused_result));

#endif
