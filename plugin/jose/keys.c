/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/jose/keys.h"

#include "base/json.h"
#include "base/json_out.h"

#include <gnutls/abstract.h>
#include <rhonabwy.h>

enum {
    JWK_BYTES = 4096,
    RSA_BITS = 2048,
    RSA_BITS_MOST = 8192,
    P384_DIGITS = 64 /* 48 bytes */
};

bool pl_jose_alg_of(struct an_str name, enum pl_jose_alg *alg)
{
    if (an_str_eq(name, AN_STR("RS384")))
        *alg = PL_RS384;
    else if (an_str_eq(name, AN_STR("ES384")))
        *alg = PL_ES384;
    else
        return false;
    return true;
}

const struct pl_key *pl_keys_find(const struct pl_keys *keys, struct an_str kid)
{
    for (size_t i = 0; i < keys->n; i++)
        if (an_str_eq(keys->key[i].kid, kid))
            return &keys->key[i];
    return NULL;
}

static struct an_str text_of(const struct an_json *jwk, const char *name)
{
    return an_json_text(an_json_get(jwk, an_str_c(name)));
}

/* A text that is absent, or says this. */
static bool is_or_absent(const struct an_json *jwk, const char *name,
                         struct an_str want)
{
    const struct an_json *value = an_json_get(jwk, an_str_c(name));

    return value == NULL || an_str_eq(an_json_text(value), want);
}

/* What nobody publishes knowingly. */
static bool is_secret(const struct an_json *jwk)
{
    static const char *const secret[] = {"k",  "d",  "p",  "q",
                                         "dp", "dq", "qi", "oth"};

    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
        if (an_json_get(jwk, an_str_c(secret[i])))
            return true;
    return an_str_eq(text_of(jwk, "kty"), AN_STR("oct"));
}

static bool may_verify(const struct an_json *jwk)
{
    const struct an_json *ops = an_json_get(jwk, AN_STR("key_ops"));

    if (!is_or_absent(jwk, "use", AN_STR("sig")))
        return false;
    if (ops == NULL)
        return true;
    for (const struct an_json *op = an_json_first(ops); op; op = op->next)
        if (an_str_eq(an_json_text(op), AN_STR("verify")))
            return true;
    return false;
}

static bool is_base64url(struct an_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') ||
              (s.p[i] >= 'a' && s.p[i] <= 'z') ||
              (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' ||
              s.p[i] == '_'))
            return false;
    return s.n > 0;
}

/* The members of a public key, and those alone, as JSON. */
static enum an_code put_public(struct an_arena *arena,
                               const struct an_json *jwk,
                               const char *const name[3], struct an_str *json)
{
    struct an_json_out w;

    an_out_init(&w, arena, JWK_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "kty", text_of(jwk, "kty"));
    for (int i = 0; i < 3; i++)
        if (name[i])
            an_out_key_str(&w, name[i], text_of(jwk, name[i]));
    an_out_end(&w);
    return an_out_done(&w, json, NULL);
}

/* The library's word on it: how many bits, and is it on its curve? */
static bool is_sound(struct an_str json, enum pl_jose_alg alg)
{
    unsigned bits = 0;
    gnutls_pubkey_t pub = NULL;
    jwk_t *jwk = NULL;
    bool ok = r_jwk_init(&jwk) == RHN_OK &&
              r_jwk_import_from_json_str(jwk, json.p) == RHN_OK &&
              (r_jwk_key_type(jwk, &bits, R_FLAG_IGNORE_REMOTE) &
               R_KEY_TYPE_PUBLIC) != 0;

    if (ok && alg == PL_RS384)
        ok = bits >= RSA_BITS && bits <= RSA_BITS_MOST;
    if (ok)
        pub = r_jwk_export_to_gnutls_pubkey(jwk, R_FLAG_IGNORE_REMOTE);
    ok = ok && pub && gnutls_pubkey_verify_params(pub) == GNUTLS_E_SUCCESS;
    if (pub)
        gnutls_pubkey_deinit(pub);
    r_jwk_free(jwk);
    return ok;
}

/* False when it cannot be used here. */
static bool shape_of(const struct an_json *jwk, enum pl_jose_alg *alg,
                     const char *name[3])
{
    struct an_str kty = text_of(jwk, "kty");

    if (an_str_eq(kty, AN_STR("RSA"))) {
        *alg = PL_RS384;
        name[0] = "n";
        name[1] = "e";
        name[2] = NULL;
        return is_or_absent(jwk, "alg", AN_STR("RS384")) &&
               is_base64url(text_of(jwk, "n")) &&
               text_of(jwk, "n").n < JWK_BYTES / 2 &&
               an_str_eq(text_of(jwk, "e"), AN_STR("AQAB")) /* 65537 */;
    }
    *alg = PL_ES384;
    name[0] = "crv";
    name[1] = "x";
    name[2] = "y";
    return an_str_eq(kty, AN_STR("EC")) &&
           an_str_eq(text_of(jwk, "crv"), AN_STR("P-384")) &&
           is_or_absent(jwk, "alg", AN_STR("ES384")) &&
           text_of(jwk, "x").n == P384_DIGITS &&
           text_of(jwk, "y").n == P384_DIGITS &&
           is_base64url(text_of(jwk, "x")) && is_base64url(text_of(jwk, "y"));
}

static enum an_code take(struct an_arena *arena, const struct an_json *jwk,
                         struct pl_keys *keys, struct an_err *err)
{
    struct an_str kid = text_of(jwk, "kid");
    const char *name[3] = {NULL, NULL, NULL};
    struct pl_key *key = &keys->key[keys->n];
    enum an_code rc;

    if (!an_json_is(jwk, AN_JSON_OBJECT))
        return an_fail(err, AN_SYNTAX, "a key that is no object", 0);
    if (is_secret(jwk))
        return an_fail(err, AN_INTEGRITY,
                       "a key set that gives away a secret key", 0);
    keys->n_passed_over++;
    if (kid.n == 0 || kid.n > PL_KID_BYTES || !may_verify(jwk) ||
        !shape_of(jwk, &key->alg, name))
        return AN_OK;
    rc = put_public(arena, jwk, name, &key->jwk);
    if (rc == AN_NOMEM)
        return an_fail_nomem(err);
    if (rc != AN_OK || !is_sound(key->jwk, key->alg))
        return AN_OK;
    if (pl_keys_find(keys, kid))
        return an_fail(err, AN_INTEGRITY, "two keys of one kid", 0);
    if (!an_arena_str(arena, kid, &key->kid))
        return an_fail_nomem(err);
    keys->n_passed_over--;
    keys->n++;
    return AN_OK;
}

enum an_code pl_keys_read(struct an_arena *arena, struct an_str bytes,
                          struct pl_keys *keys, struct an_err *err)
{
    static const struct an_json_limits limits = {.bytes = PL_KEYS_BYTES,
                                                 .depth = 8};
    const struct an_json *root, *list;
    enum an_code rc = an_json_read(arena, &limits, bytes, &root, err);

    *keys = (struct pl_keys){.n = 0};
    if (rc != AN_OK)
        return rc;
    list = an_json_get(root, AN_STR("keys"));
    if (!an_json_is(list, AN_JSON_ARRAY))
        return an_fail(err, AN_SYNTAX, "no key set: `keys` is missing", 0);
    if (list->n > PL_KEYS_MOST)
        return an_fail(err, AN_LIMIT, "more keys than are taken", 0);
    keys->key = an_arena_get(arena, PL_KEYS_MOST + 1, sizeof(*keys->key));
    if (keys->key == NULL)
        return an_fail_nomem(err);
    for (const struct an_json *jwk = an_json_first(list); jwk && rc == AN_OK;
         jwk = jwk->next)
        rc = take(arena, jwk, keys, err);
    if (rc == AN_OK && keys->n == 0)
        rc = an_fail(err, AN_MISSING, "a key set without a usable key", 0);
    return rc;
}
