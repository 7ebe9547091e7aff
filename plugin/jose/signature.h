/* SPDX-License-Identifier: Apache-2.0 */
/* Detached JSON Web Signatures (RFC 7515, appendix F) of what we say: by a key
 * of the site, for whoever has its public half.
 *
 *     struct pl_signer signer;
 *     pl_signer_open(&signer, "signing.pem", err);
 *     settings.signer = &signer.as;          -- fhir/write.h
 *     ...
 *     pl_signer_close(&signer);
 *
 *     pl_signature_verify(arena, public_pem, jws, bytes, err);
 *
 * Keys are PEM: a private EC key on P-384 signs by ES384, an RSA key of 2048
 * bits or more by RS384; nothing else is taken, and of a signature its `alg`
 * must be that of the key that verifies.  Of no bytes there is no signature.  `kid` is the key's thumbprint (RFC
 * 7638, SHA-256).  An EC signature is another one each time.
 *
 * Thread-safety: a signer is shared, each call reads the key anew.  Ownership:
 * the signer holds the key's text and wipes it. */
#ifndef PLUGIN_JOSE_SIGNATURE_H
#define PLUGIN_JOSE_SIGNATURE_H

#include "base/arena.h"
#include "base/err.h"
#include "fhir/write.h"

enum { PL_SIGNING_KEY_BYTES = 8 << 10 };

struct pl_signer {
    struct fhir_signer as;
    char pem[PL_SIGNING_KEY_BYTES + 1];
    size_t n;
};

/* AN_NOTFOUND, AN_IO with the path; AN_CONFIG for a file that others may use
 * (its mode has to be 0600 or 0400), and for what is no such key. */
enum an_code pl_signer_open(struct pl_signer *s, const char *path,
                            struct an_err *err)
    __attribute__((warn_unused_result));
void pl_signer_close(struct pl_signer *s);

/* AN_INTEGRITY when the signature is not of this key over these bytes, AN_SYNTAX
 * when it is none, AN_CONFIG when the key is none. */
enum an_code pl_signature_verify(struct an_arena *arena,
                                 struct an_str public_pem, struct an_str jws,
                                 struct an_str bytes, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
