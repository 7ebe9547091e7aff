/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/jose/assertion.h"

#include "base/hash.h"
#include "plugin/host/file.h"

#include <rhonabwy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

enum { FILE_BYTES = 256 << 10, MOST = 16, RSA_BITS = 2048, EC_BITS = 384 };
enum { JTI_BYTES = 16, US_PER_S = 1000000 };

struct pl_assertion_keys {
    jwk_t *key[MOST]; /* private, with kid, alg and use */
    unsigned alg[MOST];
    size_t n;
};

static enum an_code fail_library(struct an_err *err)
{
    return an_fail(err, AN_INTERNAL, "the library for JOSE fails", 0);
}

static jwa_alg rhn_alg(unsigned alg)
{
    return alg == PL_ALG_RS384 ? R_JWA_ALG_RS384 : R_JWA_ALG_ES384;
}

static const char *alg_text(unsigned alg)
{
    return alg == PL_ALG_RS384 ? "RS384" : "ES384";
}

/* 0: neither of the two. */
static unsigned alg_of(jwk_t *key)
{
    unsigned bits = 0;
    int type = r_jwk_key_type(key, &bits, R_FLAG_IGNORE_REMOTE);
    const char *curve;

    if (!(type & R_KEY_TYPE_PRIVATE))
        return 0;
    if (type & R_KEY_TYPE_RSA)
        return bits >= RSA_BITS ? PL_ALG_RS384 : 0;
    curve = r_jwk_get_property_str(key, "crv");
    return (type & R_KEY_TYPE_EC) && bits == EC_BITS && curve &&
                   strcmp(curve, "P-384") == 0
               ? PL_ALG_ES384
               : 0;
}

/* Name, algorithm and use: of a private key and of its public half. */
static bool mark(jwk_t *key, const char *kid, unsigned alg)
{
    return r_jwk_set_property_str(key, "kid", kid) == RHN_OK &&
           r_jwk_set_property_str(key, "alg", alg_text(alg)) == RHN_OK &&
           r_jwk_set_property_str(key, "use", "sig") == RHN_OK;
}

static bool name(jwk_t *key, unsigned alg)
{
    char *kid = r_jwk_thumbprint(key, R_JWK_THUMB_SHA256, R_FLAG_IGNORE_REMOTE);
    bool ok = kid && mark(key, kid, alg);

    r_free(kid);
    return ok;
}

static enum an_code add(struct pl_assertion_keys *k, struct an_str pem,
                        struct an_err *err)
{
    jwk_t *key = NULL;

    if (k->n == MOST)
        return an_fail(err, AN_CONFIG, "more than 16 keys in one file", 0);
    if (r_jwk_init(&key) != RHN_OK)
        return an_fail_nomem(err);
    k->key[k->n++] = key;
    if (r_jwk_import_from_pem_der(key, R_X509_TYPE_PRIVKEY, R_FORMAT_PEM,
                                  (const unsigned char *)pem.p,
                                  pem.n) != RHN_OK ||
        (k->alg[k->n - 1] = alg_of(key)) == 0)
        return an_fail(err, AN_CONFIG,
                       "a key is none that can be used: RSA from 2048 bits or "
                       "EC on P-384, as PEM without a password",
                       0);
    return name(key, k->alg[k->n - 1]) ? AN_OK : fail_library(err);
}

static enum an_code add_all(struct pl_assertion_keys *k, struct an_str text,
                            struct an_err *err)
{
    static const char begin[] = "-----BEGIN ", end[] = "-----END ";
    const char *at = text.p;
    enum an_code rc = AN_OK;

    while (rc == AN_OK && (at = strstr(at, begin)) != NULL) {
        const char *to = strstr(at, end);

        to = to ? strchr(to, '\n') : NULL;
        if (to == NULL)
            to = text.p + text.n - 1;
        rc = add(k, (struct an_str){at, (size_t)(to - at) + 1}, err);
        at = to;
    }
    return rc == AN_OK && k->n == 0
               ? an_fail(err, AN_CONFIG, "the file holds no private key", 0)
               : rc;
}

enum an_code pl_assertion_keys_open(const char *path,
                                    struct pl_assertion_keys **out,
                                    struct an_err *err)
{
    struct pl_assertion_keys *k;
    struct an_arena arena;
    struct an_str text;
    struct stat st;
    enum an_code rc;

    *out = NULL;
    if (r_global_init() != RHN_OK)
        return fail_library(err);
    k = calloc(1, sizeof(*k));
    if (k == NULL) {
        r_global_close();
        return an_fail_nomem(err);
    }
    an_arena_init(&arena, 4 * FILE_BYTES);
    rc = pl_file_read(&arena, path, FILE_BYTES, &text, err);
    if (rc == AN_OK && (stat(path, &st) != 0 || (st.st_mode & 077)))
        rc = an_fail(err, AN_CONFIG,
                     "the file of private keys may be used by others: its mode "
                     "has to be 0600 or 0400",
                     0);
    if (rc == AN_OK)
        rc = add_all(k, text, err);
    an_arena_free(&arena);
    if (rc != AN_OK) {
        pl_assertion_keys_close(k);
        return rc;
    }
    *out = k;
    return AN_OK;
}

void pl_assertion_keys_close(struct pl_assertion_keys *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; i < k->n; i++)
        r_jwk_free(k->key[i]);
    free(k);
    r_global_close();
}

/* ---- the assertion ------------------------------------------------------------- */

static bool put_claim(jwt_t *jwt, struct an_arena *arena, const char *key,
                      struct an_str value)
{
    struct an_str text;

    return an_arena_str(arena, value, &text) &&
           r_jwt_set_claim_str_value(jwt, key, text.p) == RHN_OK;
}

static bool fill(jwt_t *jwt, struct an_arena *arena,
                 const struct pl_assertion *a, const char *jti, const char *kid,
                 unsigned alg)
{
    return r_jwt_set_sign_alg(jwt, rhn_alg(alg)) == RHN_OK &&
           r_jwt_set_header_str_value(jwt, "typ", "JWT") == RHN_OK &&
           r_jwt_set_header_str_value(jwt, "kid", kid) == RHN_OK &&
           put_claim(jwt, arena, "iss", a->client_id) &&
           put_claim(jwt, arena, "sub", a->client_id) &&
           put_claim(jwt, arena, "aud", a->audience) &&
           put_claim(jwt, arena, "jti", an_str_c(jti)) &&
           r_jwt_set_claim_int_value(jwt, "iat", a->now_us / US_PER_S) ==
               RHN_OK &&
           r_jwt_set_claim_int_value(
               jwt, "exp", a->now_us / US_PER_S + PL_ASSERTION_S) == RHN_OK;
}

enum an_code pl_assertion_make(const struct pl_assertion_keys *k,
                               struct an_arena *arena,
                               const struct pl_assertion *a, struct an_str *jwt,
                               struct an_err *err)
{
    uint8_t random[JTI_BYTES];
    char jti[2 * JTI_BYTES + 1], *text = NULL;
    jwt_t *t = NULL;
    size_t i = 0;
    enum an_code rc = AN_OK;

    while (i < k->n && !(k->alg[i] & a->algorithms))
        i++;
    if (i == k->n)
        return an_fail(err, AN_UNSUPPORTED,
                       "the server takes signatures of none of our keys", 0);
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return an_fail(err, AN_IO, "no randomness for a token's name", 0);
    an_hex_print(random, sizeof(random), jti);
    if (r_jwt_init(&t) != RHN_OK)
        return an_fail_nomem(err);
    if (fill(t, arena, a, jti, r_jwk_get_property_str(k->key[i], "kid"),
             k->alg[i]))
        text = r_jwt_serialize_signed(t, k->key[i], R_FLAG_IGNORE_REMOTE);
    if (text == NULL)
        rc = fail_library(err);
    else if (!an_arena_str(arena, an_str_c(text), jwt))
        rc = an_fail_nomem(err);
    r_free(text);
    r_jwt_free(t);
    return rc;
}

/* ---- what is published ----------------------------------------------------------- */

static bool append(jwks_t *set, jwk_t *key, unsigned alg)
{
    jwk_t *half = NULL;
    bool ok = r_jwk_init(&half) == RHN_OK &&
              r_jwk_extract_pubkey(key, half, R_FLAG_IGNORE_REMOTE) == RHN_OK &&
              mark(half, r_jwk_get_property_str(key, "kid"), alg) &&
              r_jwks_append_jwk(set, half) == RHN_OK;

    r_jwk_free(half);
    return ok;
}

enum an_code pl_assertion_jwks(const struct pl_assertion_keys *k,
                               struct an_arena *arena, struct an_str *json,
                               struct an_err *err)
{
    jwks_t *set = NULL;
    char *text = NULL;
    enum an_code rc = AN_OK;
    bool ok;

    if (r_jwks_init(&set) != RHN_OK)
        return an_fail_nomem(err);
    ok = true;
    for (size_t i = 0; ok && i < k->n; i++)
        ok = append(set, k->key[i], k->alg[i]);
    if (ok)
        text = r_jwks_export_to_json_str(set, 0);
    if (text == NULL)
        rc = fail_library(err);
    else if (!an_arena_str(arena, an_str_c(text), json))
        rc = an_fail_nomem(err);
    r_free(text);
    r_jwks_free(set);
    return rc;
}
