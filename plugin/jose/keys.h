/* SPDX-License-Identifier: Apache-2.0 */
/* The public keys of somebody who signs: a JWK Set (RFC 7517) out of bytes that
 * are trusted with nothing.
 *
 *     pl_keys_read(arena, bytes, &keys, err);
 *     key = pl_keys_find(&keys, kid);
 *
 * A set is refused whole (AN_INTEGRITY) when it holds a private or a symmetric
 * key, which should never have been published, or two usable keys of one kid;
 * AN_SYNTAX and AN_LIMIT when it is no JSON object with `keys`, or longer than
 * PL_KEYS_BYTES; AN_MISSING when none of its keys can be used.  A key is passed
 * over when it is of another kind, curve or algorithm, for encryption, without
 * a kid, an RSA modulus under 2048 or over 8192 bits, an exponent other
 * than 65537, or a point that is not on its curve.
 *
 * r_global_init() was called before, by one thread.  Only kty, n, e, crv, x and y reach the JOSE library: no address and no
 * certificate that stands in a key is ever looked at.
 *
 * Thread-safety: immutable once read.  Ownership: the arena's. */
#ifndef PLUGIN_JOSE_KEYS_H
#define PLUGIN_JOSE_KEYS_H

#include "base/arena.h"
#include "base/err.h"

enum {
    PL_KEYS_BYTES = 64 << 10,
    PL_KEYS_MOST = 32, /* in one set */
    PL_KID_BYTES = 256
};

/* The two that CDS Hooks and SMART recommend; no other is taken. */
enum pl_jose_alg { PL_RS384, PL_ES384 };

bool pl_jose_alg_of(struct an_str name, enum pl_jose_alg *alg);

struct pl_key {
    struct an_str kid;
    enum pl_jose_alg alg;
    struct an_str jwk; /* JSON, NUL-terminated: its public part alone */
};

struct pl_keys {
    struct pl_key *key;
    size_t n, n_passed_over;
};

enum an_code pl_keys_read(struct an_arena *arena, struct an_str bytes,
                          struct pl_keys *keys, struct an_err *err)
    __attribute__((warn_unused_result));

/* NULL when there is none of that kid. */
const struct pl_key *pl_keys_find(const struct pl_keys *keys,
                                  struct an_str kid);

#endif
