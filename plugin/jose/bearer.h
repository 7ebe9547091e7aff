/* SPDX-License-Identifier: Apache-2.0 */
/* A bearer JWT (RFC 7519) as CDS Hooks 2.0 has it: read, judged by its claims,
 * then by its signature.
 *
 *     why = pl_bearer_read(arena, token, &b);            -- believes nothing
 *     if (why == PL_BEARER_OK)
 *         why = pl_bearer_judge(&b, &rules);             -- the claims
 *     if (why == PL_BEARER_OK)
 *         why = pl_bearer_verify(arena, &b, key);        -- now it is true
 *
 * RS384 and ES384 are taken and nothing else, before any key is looked for:
 * `none` and what a shared secret signs have no way in.  The header's jwk, x5c
 * and x5u count for nothing; jku is compared by the caller and never fetched.
 * All of it is in canonical form: one token has one spelling.
 *
 * A reason is all that is ever told: no byte of a token reaches an error or a
 * log.  Thread-safety: immutable.  Ownership: the arena, and the token's bytes. */
#ifndef PLUGIN_JOSE_BEARER_H
#define PLUGIN_JOSE_BEARER_H

#include "base/json.h"
#include "plugin/jose/keys.h"

enum {
    PL_BEARER_BYTES = 8192, /* of a token */
    PL_CLAIM_BYTES = 512,   /* iss, sub, jti, tenant, kid, each */
    PL_BEARER_LEEWAY_S = 30,
    PL_BEARER_LIFE_S = 3600 /* exp lies no further ahead */
};

/* The numbers are logged, and explained in anamnesis(1): append only. */
#define PL_BEARER_REASONS(X)                                                   \
    X(OK, "accepted")                                                          \
    X(CLOSED, "no client is configured, and the caller is not local")          \
    X(ABSENT, "no bearer token")                                               \
    X(FORM, "no JWT in canonical form")                                        \
    X(ALGORITHM, "an algorithm other than RS384 and ES384")                    \
    X(HEADER, "typ is not JWT, or crit asks for something")                    \
    X(KID, "no kid")                                                           \
    X(CLAIMS, "a claim is missing, of a wrong type or too long")               \
    X(ISSUER, "an issuer that is not listed")                                  \
    X(AUDIENCE, "for another address")                                         \
    X(EXPIRED, "expired")                                                      \
    X(EARLY, "not valid yet, or issued in the future")                         \
    X(LONG, "valid for more than an hour")                                     \
    X(RESTART, "issued before this server started")                            \
    X(TENANT, "a tenant that is not listed, or none")                          \
    X(JKU, "keys at an address that is not the client's")                      \
    X(KEYS, "the client's keys cannot be had")                                 \
    X(KEY, "no such key")                                                      \
    X(SIGNATURE, "the signature is wrong")                                     \
    X(REPLAYED, "a jti that was used before")                                  \
    X(FULL, "more tokens than can be remembered")                              \
    X(FAULT, "no memory")

enum pl_bearer_reason {
#define X(name, text) PL_BEARER_##name,
    PL_BEARER_REASONS(X)
#undef X
        PL_N_BEARER_REASONS
};

const char *pl_bearer_text(enum pl_bearer_reason reason);

struct pl_bearer {
    struct an_str token;
    enum pl_jose_alg alg;
    struct an_str kid, jku; /* jku "" where there is none */
    struct an_str issuer, subject, jti, tenant;
    const struct an_json *audience; /* a text, or a list of them */
    int64_t expires_s, issued_s;
    int64_t from_s; /* nbf, or INT64_MIN */
};

/* The token out of "Bearer ..."; false when the header says something else. */
bool pl_bearer_of(struct an_str authorization, struct an_str *token);

enum pl_bearer_reason pl_bearer_read(struct an_arena *arena,
                                     struct an_str token,
                                     struct pl_bearer *out);

struct pl_bearer_rules {
    struct an_str endpoint;      /* the whole address that was called */
    const struct an_str *tenant; /* those allowed; none listed: any */
    size_t n_tenants;
    int64_t now_s;
    int64_t started_s; /* what was issued before may have been used before */
};

/* What the claims say, but for the issuer, whom the caller looks up. */
enum pl_bearer_reason pl_bearer_judge(const struct pl_bearer *b,
                                      const struct pl_bearer_rules *rules);

/* SIGNATURE, KEY (of another algorithm) or FAULT when it does not hold. */
enum pl_bearer_reason pl_bearer_verify(struct an_arena *arena,
                                       const struct pl_bearer *b,
                                       const struct pl_key *key);

#endif
