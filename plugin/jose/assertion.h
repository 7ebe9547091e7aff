/* SPDX-License-Identifier: Apache-2.0 */
/* By what we say who we are to an authorization server: a JWT that our private
 * key signs (RFC 7523; SMART App Launch 2.2, client-confidential-asymmetric),
 * with RS384 or ES384, and the public halves of our keys for it to check them by.
 *
 *     pl_assertion_keys_open("client.pem", &keys, err);
 *     struct pl_assertion a = {.client_id = id, .audience = token_url,
 *                              .now_us = now_us, .algorithms = PL_ALG_BOTH};
 *     pl_assertion_make(keys, arena, &a, &jwt, err);
 *     pl_assertion_keys_close(keys);
 *
 * The file holds PEM private keys, one after the other, unencrypted: RSA of at
 * least 2048 bits, or EC on P-384.  The first that the server takes signs; the
 * others are published beside it, so that a key can be changed: put the new one
 * behind the old, publish, then move it to the front, and take the old one away
 * when its last assertion has expired.  A key's kid is its thumbprint (RFC 7638).
 *
 * Thread-safety: confined.  Ownership: texts are the arena's. */
#ifndef PLUGIN_JOSE_ASSERTION_H
#define PLUGIN_JOSE_ASSERTION_H

#include "base/arena.h"
#include "base/err.h"

struct pl_assertion_keys;

enum pl_assertion_alg {
    PL_ALG_RS384 = 1,
    PL_ALG_ES384 = 2,
    PL_ALG_BOTH = PL_ALG_RS384 | PL_ALG_ES384
};

/* An assertion lives so long; the rule is five minutes at most. */
enum { PL_ASSERTION_S = 240 };

struct pl_assertion {
    struct an_str client_id; /* iss and sub */
    struct an_str audience;  /* the token's address */
    int64_t now_us;
    unsigned algorithms; /* that the server takes: of enum pl_assertion_alg */
};

/* What pl_file_read says; AN_CONFIG: others may read it, it holds no key, one
 * that is none of those, or more than 16. */
enum an_code pl_assertion_keys_open(const char *path,
                                    struct pl_assertion_keys **out,
                                    struct an_err *err)
    __attribute__((warn_unused_result));
/* NULL is nothing to close. */
void pl_assertion_keys_close(struct pl_assertion_keys *k);

/* AN_UNSUPPORTED: the server takes the algorithm of none; AN_INTERNAL: the
 * library fails; AN_IO: no randomness. */
enum an_code pl_assertion_make(const struct pl_assertion_keys *k,
                               struct an_arena *arena,
                               const struct pl_assertion *a, struct an_str *jwt,
                               struct an_err *err)
    __attribute__((warn_unused_result));

/* {"keys": [...]}: the public halves, in the file's order. */
enum an_code pl_assertion_jwks(const struct pl_assertion_keys *k,
                               struct an_arena *arena, struct an_str *json,
                               struct an_err *err)
    __attribute__((warn_unused_result));

#endif
