/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/jose/bearer.h"

#include "base/base64.h"

#include <rhonabwy.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
                             "xyz0123456789-_";

const char *pl_bearer_text(enum pl_bearer_reason reason)
{
    static const char *const text[] = {
#define X(name, text_) text_,
        PL_BEARER_REASONS(X)
#undef X
    };

    return reason < PL_N_BEARER_REASONS ? text[reason] : "";
}

bool pl_bearer_of(struct an_str authorization, struct an_str *token)
{
    struct an_str rest = authorization, scheme;

    if (!an_str_cut(&rest, ' ', &scheme) ||
        !an_str_eq_nocase(scheme, AN_STR("Bearer")))
        return false;
    *token = an_str_trim(rest);
    return token->n > 0;
}

/* ---- base64url ---------------------------------------------------------- */

static int digit_of(char c)
{
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Of the alphabet, without padding, and no bit set that says nothing: so that no
 * other text means the same. */
static bool is_canonical(struct an_str s)
{
    int spare = s.n % 4 == 2 ? 0x0F : s.n % 4 == 3 ? 0x03 : 0;

    if (s.n == 0 || s.n % 4 == 1)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (digit_of(s.p[i]) < 0)
            return false;
    return (digit_of(s.p[s.n - 1]) & spare) == 0;
}

/* One part as the JSON object that it is. */
static const struct an_json *part_of(struct an_arena *arena, struct an_str s)
{
    static const struct an_json_limits limits = {.bytes = PL_BEARER_BYTES,
                                                 .depth = 8};
    struct an_str usual, json;
    const struct an_json *root;
    struct an_buf text, b;

    an_buf_init(&text, arena, PL_BEARER_BYTES + 1);
    for (size_t i = 0; i < s.n; i++)
        an_buf_put_char(&text, s.p[i] == '-'   ? '+'
                               : s.p[i] == '_' ? '/'
                                               : s.p[i]);
    an_buf_init(&b, arena, PL_BEARER_BYTES);
    if (an_buf_done(&text, &usual, NULL) != AN_OK ||
        !an_buf_put_unbase64(&b, usual) || an_buf_done(&b, &json, NULL) ||
        an_json_read(arena, &limits, json, &root, NULL) != AN_OK ||
        !an_json_is(root, AN_JSON_OBJECT))
        return NULL;
    return root;
}

/* ---- reading ------------------------------------------------------------ */

static bool short_text(const struct an_json *object, const char *name,
                       bool required, struct an_str *out)
{
    const struct an_json *value = an_json_get(object, an_str_c(name));

    *out = AN_STR("");
    if (value == NULL)
        return !required;
    *out = an_json_text(value);
    return an_json_is(value, AN_JSON_STRING) && out->n > 0 &&
           out->n <= PL_CLAIM_BYTES;
}

static enum pl_bearer_reason read_header(const struct an_json *header,
                                         struct pl_bearer *b)
{
    struct an_str alg = an_json_text(an_json_get(header, AN_STR("alg")));
    struct an_str typ = an_json_text(an_json_get(header, AN_STR("typ")));

    if (!pl_jose_alg_of(alg, &b->alg))
        return PL_BEARER_ALGORITHM;
    if (!an_str_eq_nocase(typ, AN_STR("JWT")) ||
        an_json_get(header, AN_STR("crit")) ||
        an_json_get(header, AN_STR("b64")) ||
        an_json_get(header, AN_STR("zip")) ||
        an_json_get(header, AN_STR("enc")))
        return PL_BEARER_HEADER;
    if (!short_text(header, "kid", true, &b->kid) || b->kid.n > PL_KID_BYTES)
        return PL_BEARER_KID;
    return short_text(header, "jku", false, &b->jku) ? PL_BEARER_OK
                                                     : PL_BEARER_JKU;
}

/* A NumericDate may have a fraction, which counts for nothing here. */
static bool date_of(const struct an_json *claims, const char *name,
                    bool required, int64_t *s)
{
    const struct an_json *value = an_json_get(claims, an_str_c(name));
    double d = 0;

    if (value == NULL)
        return !required;
    if (an_json_i64(value, s))
        return *s > 0 && *s < INT64_C(1) << 40;
    if (!an_json_double(value, &d) || !(d > 0 && d < 1e12))
        return false;
    *s = (int64_t)d;
    return true;
}

static bool is_audience(const struct an_json *aud)
{
    if (an_json_is(aud, AN_JSON_STRING))
        return true;
    for (const struct an_json *one = an_json_first(aud); one; one = one->next)
        if (!an_json_is(one, AN_JSON_STRING))
            return false;
    return an_json_is(aud, AN_JSON_ARRAY) && aud->n > 0;
}

static enum pl_bearer_reason read_claims(const struct an_json *claims,
                                         struct pl_bearer *b)
{
    b->from_s = INT64_MIN;
    b->audience = an_json_get(claims, AN_STR("aud"));
    return short_text(claims, "iss", true, &b->issuer) &&
                   short_text(claims, "jti", true, &b->jti) &&
                   short_text(claims, "sub", false, &b->subject) &&
                   short_text(claims, "tenant", false, &b->tenant) &&
                   date_of(claims, "exp", true, &b->expires_s) &&
                   date_of(claims, "iat", true, &b->issued_s) &&
                   date_of(claims, "nbf", false, &b->from_s) &&
                   is_audience(b->audience)
               ? PL_BEARER_OK
               : PL_BEARER_CLAIMS;
}

enum pl_bearer_reason pl_bearer_read(struct an_arena *arena,
                                     struct an_str token, struct pl_bearer *out)
{
    struct an_str rest = token, part[3] = {{NULL, 0}};
    const struct an_json *header, *claims;
    enum pl_bearer_reason why;

    *out = (struct pl_bearer){.token = token};
    if (token.n > PL_BEARER_BYTES)
        return PL_BEARER_FORM;
    for (int i = 0; i < 3; i++)
        if (!an_str_cut(&rest, '.', &part[i]))
            return PL_BEARER_FORM;
    /* The signature of `none` is empty, and the reason shall say why. */
    if (rest.p != NULL || !is_canonical(part[0]) || !is_canonical(part[1]) ||
        (part[2].n && !is_canonical(part[2])))
        return PL_BEARER_FORM;
    header = part_of(arena, part[0]);
    if (header == NULL)
        return PL_BEARER_FORM;
    why = read_header(header, out);
    if (why != PL_BEARER_OK)
        return why;
    claims = part[2].n ? part_of(arena, part[1]) : NULL;
    return claims ? read_claims(claims, out) : PL_BEARER_FORM;
}

/* ---- judging ------------------------------------------------------------ */

static bool is_for(const struct an_json *aud, struct an_str endpoint)
{
    if (an_json_is(aud, AN_JSON_STRING))
        return an_str_eq(an_json_text(aud), endpoint);
    for (const struct an_json *one = an_json_first(aud); one; one = one->next)
        if (an_str_eq(an_json_text(one), endpoint))
            return true;
    return false;
}

static bool is_listed(const struct pl_bearer_rules *r, struct an_str tenant)
{
    for (size_t i = 0; i < r->n_tenants; i++)
        if (an_str_eq(r->tenant[i], tenant))
            return true;
    return r->n_tenants == 0;
}

enum pl_bearer_reason pl_bearer_judge(const struct pl_bearer *b,
                                      const struct pl_bearer_rules *rules)
{
    int64_t now_s = rules->now_s, soon_s = now_s + PL_BEARER_LEEWAY_S;

    if (!is_for(b->audience, rules->endpoint))
        return PL_BEARER_AUDIENCE;
    if (b->expires_s + PL_BEARER_LEEWAY_S <= now_s)
        return PL_BEARER_EXPIRED;
    if (b->issued_s > soon_s || b->from_s > soon_s)
        return PL_BEARER_EARLY;
    if (b->expires_s > soon_s + PL_BEARER_LIFE_S)
        return PL_BEARER_LONG;
    if (b->issued_s < rules->started_s)
        return PL_BEARER_RESTART;
    return is_listed(rules, b->tenant) ? PL_BEARER_OK : PL_BEARER_TENANT;
}

/* ---- the signature ------------------------------------------------------ */

enum pl_bearer_reason pl_bearer_verify(struct an_arena *arena,
                                       const struct pl_bearer *b,
                                       const struct pl_key *key)
{
    enum pl_bearer_reason why = PL_BEARER_SIGNATURE;
    struct an_str token;
    jwt_t *jwt = NULL;
    jwk_t *jwk = NULL;

    if (key->alg != b->alg)
        return PL_BEARER_KEY;
    if (!an_arena_str(arena, b->token, &token) || r_jwt_init(&jwt) != RHN_OK ||
        r_jwk_init(&jwk) != RHN_OK ||
        r_jwk_import_from_json_str(jwk, key->jwk.p) != RHN_OK)
        why = PL_BEARER_FAULT;
    /* No key and no address out of the header; nothing is fetched. */
    else if (r_jwt_advanced_parsen(jwt, token.p, token.n, R_PARSE_NONE,
                                   R_FLAG_IGNORE_REMOTE) == RHN_OK &&
             r_jwt_get_type(jwt) == R_JWT_TYPE_SIGN &&
             r_jwt_get_sign_alg(jwt) ==
                 (b->alg == PL_RS384 ? R_JWA_ALG_RS384 : R_JWA_ALG_ES384) &&
             r_jwt_verify_signature(jwt, jwk, R_FLAG_IGNORE_REMOTE) == RHN_OK)
        why = PL_BEARER_OK;
    r_jwk_free(jwk);
    r_jwt_free(jwt);
    return why;
}
