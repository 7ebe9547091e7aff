/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/jose/bearer.h"
#include "tests/jose_help.h"
#include "tests/suite.h"

Suite *jose_bearer_suite(void);

#define ENDPOINT "https://cds.example/cds-services/a"
#define NOW 1900000000
#define HEADER(alg, kid)                                                       \
    "{\"alg\":\"" alg "\",\"typ\":\"JWT\",\"kid\":\"" kid "\"}"
#define CLAIMS                                                                 \
    "\"iss\":\"https://ehr.example\",\"aud\":\"" ENDPOINT                      \
    "\",\"exp\":1900000300,\"iat\":1900000000,\"jti\":\"j\""

static struct an_arena arena;
static struct pl_keys keys;

static void set_up(void)
{
    struct an_err err;

    an_arena_init(&arena, 256 << 20);
    ck_assert_int_eq(
        pl_keys_read(&arena,
                     an_str_c(test_set(&arena, test_key_json(&arena, KEY_EC),
                                       test_key_json(&arena, KEY_RSA))),
                     &keys, &err),
        AN_OK);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

/* What becomes of a token from its bytes to the end. */
static enum pl_bearer_reason fate_of(struct an_str token)
{
    const struct pl_bearer_rules rules = {
        .endpoint = AN_STR(ENDPOINT), .now_s = NOW, .started_s = NOW - 60};
    const struct pl_key *key;
    struct pl_bearer b;
    enum pl_bearer_reason why = pl_bearer_read(&arena, token, &b);

    if (why == PL_BEARER_OK)
        why = pl_bearer_judge(&b, &rules);
    if (why != PL_BEARER_OK)
        return why;
    key = pl_keys_find(&keys, b.kid);
    return key ? pl_bearer_verify(&arena, &b, key) : PL_BEARER_KEY;
}

static struct an_str by_ec(const char *header, const char *claims)
{
    return test_signed(&arena, test_key_private(KEY_EC), R_JWA_ALG_ES384,
                       header, claims);
}

START_TEST(takes_what_a_client_signs)
{
    ck_assert_int_eq(fate_of(by_ec(HEADER("ES384", "ec"), "{" CLAIMS "}")),
                     PL_BEARER_OK);
    ck_assert_int_eq(
        fate_of(test_signed(&arena, test_key_private(KEY_RSA), R_JWA_ALG_RS384,
                            HEADER("RS384", "rsa"), "{" CLAIMS "}")),
        PL_BEARER_OK);
}
END_TEST

START_TEST(reads_the_header_of_the_request)
{
    struct an_str token;

    ck_assert(pl_bearer_of(AN_STR("Bearer a.b.c"), &token));
    ck_assert_an_str_eq(token, "a.b.c");
    ck_assert(pl_bearer_of(AN_STR("bearer  a.b.c "), &token));
    ck_assert_an_str_eq(token, "a.b.c");
    ck_assert(!pl_bearer_of(AN_STR("Bearer"), &token));
    ck_assert(!pl_bearer_of(AN_STR("Bearer "), &token));
    ck_assert(!pl_bearer_of(AN_STR("Basic a.b.c"), &token));
    ck_assert(!pl_bearer_of(AN_STR("a.b.c"), &token));
    ck_assert(!pl_bearer_of(AN_STR(""), &token));
}
END_TEST

/* Each is signed by the right key. */
static const struct {
    const char *claims;
    enum pl_bearer_reason why;
} claims_of[] = {
    {"{\"aud\":\"" ENDPOINT "\",\"exp\":1900000300,\"iat\":1900000000,"
     "\"jti\":\"j\"}",
     PL_BEARER_CLAIMS},
    {"{\"iss\":\"i\",\"exp\":1900000300,\"iat\":1900000000,\"jti\":\"j\"}",
     PL_BEARER_CLAIMS},
    {"{\"iss\":\"i\",\"aud\":\"" ENDPOINT "\",\"iat\":1900000000,\"jti\":"
     "\"j\"}",
     PL_BEARER_CLAIMS},
    {"{\"iss\":\"i\",\"aud\":\"" ENDPOINT "\",\"exp\":1900000300,\"jti\":"
     "\"j\"}",
     PL_BEARER_CLAIMS},
    {"{\"iss\":\"i\",\"aud\":\"" ENDPOINT "\",\"exp\":1900000300,\"iat\":"
     "1900000000}",
     PL_BEARER_CLAIMS},
    {"{" CLAIMS ",\"jti\":\"k\"}", PL_BEARER_FORM}, /* said twice */
    {"{" CLAIMS ",\"sub\":7}", PL_BEARER_CLAIMS},
    {"{" CLAIMS ",\"tenant\":\"\"}", PL_BEARER_CLAIMS},
    {"{" CLAIMS ",\"nbf\":\"soon\"}", PL_BEARER_CLAIMS},
    {"{" CLAIMS ",\"nbf\":1900000031}", PL_BEARER_EARLY},
    {"{" CLAIMS ",\"nbf\":1900000030}", PL_BEARER_OK},
    {"[]", PL_BEARER_FORM},
    {"7", PL_BEARER_FORM},
    {"{}", PL_BEARER_CLAIMS},
};

START_TEST(asks_for_every_claim)
{
    for (size_t i = 0; i < sizeof(claims_of) / sizeof(claims_of[0]); i++)
        ck_assert_msg(fate_of(by_ec(HEADER("ES384", "ec"),
                                    claims_of[i].claims)) == claims_of[i].why,
                      "case %zu", i);
}
END_TEST

static const struct {
    const char *aud;
    enum pl_bearer_reason why;
} audiences[] = {
    {"\"" ENDPOINT "\"", PL_BEARER_OK},
    {"[\"" ENDPOINT "\"]", PL_BEARER_OK},
    {"[\"https://other.example\",\"" ENDPOINT "\"]", PL_BEARER_OK},
    {"\"" ENDPOINT "/\"", PL_BEARER_AUDIENCE},
    {"\"" ENDPOINT "/feedback\"", PL_BEARER_AUDIENCE},
    {"\"https://cds.example/cds-services\"", PL_BEARER_AUDIENCE},
    {"\"https://CDS.example/cds-services/a\"", PL_BEARER_AUDIENCE},
    {"\"http://cds.example/cds-services/a\"", PL_BEARER_AUDIENCE},
    {"\"\"", PL_BEARER_AUDIENCE},
    {"[]", PL_BEARER_CLAIMS},
    {"[7]", PL_BEARER_CLAIMS},
    {"{\"a\":\"" ENDPOINT "\"}", PL_BEARER_CLAIMS},
    {"null", PL_BEARER_CLAIMS},
};

START_TEST(is_for_the_address_that_was_called)
{
    for (size_t i = 0; i < sizeof(audiences) / sizeof(audiences[0]); i++)
        ck_assert_msg(
            fate_of(by_ec(HEADER("ES384", "ec"),
                          test_text(&arena,
                                    "{\"iss\":\"i\",\"jti\":\"j\",\"exp\":"
                                    "1900000300,\"iat\":1900000000,\"aud\":"
                                    "%s}",
                                    audiences[i].aud))) == audiences[i].why,
            "case %zu", i);
}
END_TEST

static const struct {
    int64_t expires, issued;
    enum pl_bearer_reason why;
} times[] = {
    {300, 0, PL_BEARER_OK},
    {-29, -50, PL_BEARER_OK},
    {-30, -50, PL_BEARER_EXPIRED},
    {-3600, -4000, PL_BEARER_EXPIRED},
    {300, 30, PL_BEARER_OK},
    {300, 31, PL_BEARER_EARLY},
    {3630, 0, PL_BEARER_OK},
    {3631, 0, PL_BEARER_LONG},
    {300, -60, PL_BEARER_OK},
    {300, -61, PL_BEARER_RESTART},
    {INT64_C(1) << 42, 0, PL_BEARER_CLAIMS},
};

START_TEST(counts_only_in_its_time)
{
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        ck_assert_msg(
            fate_of(by_ec(HEADER("ES384", "ec"),
                          test_text(&arena,
                                    "{\"iss\":\"i\",\"jti\":\"j\",\"aud\":"
                                    "\"" ENDPOINT "\",\"exp\":%lld,"
                                    "\"iat\":%lld}",
                                    (long long)(NOW + times[i].expires),
                                    (long long)(NOW + times[i].issued)))) ==
                times[i].why,
            "case %zu", i);
}
END_TEST

/* Headers that nobody shall get through with, whatever they sign. */
static const struct {
    const char *header;
    enum pl_bearer_reason why;
} headers[] = {
    {"{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"ec\"}", PL_BEARER_ALGORITHM},
    {"{\"alg\":\"None\",\"typ\":\"JWT\",\"kid\":\"ec\"}", PL_BEARER_ALGORITHM},
    {"{\"alg\":\"\",\"typ\":\"JWT\",\"kid\":\"ec\"}", PL_BEARER_ALGORITHM},
    {"{\"typ\":\"JWT\",\"kid\":\"ec\"}", PL_BEARER_ALGORITHM},
    {"{\"alg\":[\"ES384\"],\"typ\":\"JWT\",\"kid\":\"ec\"}",
     PL_BEARER_ALGORITHM},
    {HEADER("HS256", "ec"), PL_BEARER_ALGORITHM},
    {HEADER("HS384", "ec"), PL_BEARER_ALGORITHM},
    {HEADER("ES256", "ec"), PL_BEARER_ALGORITHM},
    {HEADER("RS256", "rsa"), PL_BEARER_ALGORITHM},
    {HEADER("PS384", "rsa"), PL_BEARER_ALGORITHM},
    {HEADER("EdDSA", "ec"), PL_BEARER_ALGORITHM},
    {HEADER("RSA-OAEP", "rsa"), PL_BEARER_ALGORITHM},
    {"{\"alg\":\"ES384\",\"kid\":\"ec\"}", PL_BEARER_HEADER},
    {"{\"alg\":\"ES384\",\"typ\":\"at+jwt\",\"kid\":\"ec\"}", PL_BEARER_HEADER},
    {"{\"alg\":\"ES384\",\"typ\":\"JWT\",\"kid\":\"ec\",\"crit\":[\"x\"]}",
     PL_BEARER_HEADER},
    {"{\"alg\":\"ES384\",\"typ\":\"JWT\",\"kid\":\"ec\",\"b64\":false}",
     PL_BEARER_HEADER},
    {"{\"alg\":\"ES384\",\"typ\":\"JWT\"}", PL_BEARER_KID},
    {"{\"alg\":\"ES384\",\"typ\":\"JWT\",\"kid\":\"\"}", PL_BEARER_KID},
    {"{\"alg\":\"ES384\",\"typ\":\"JWT\",\"kid\":7}", PL_BEARER_KID},
    {"{\"alg\":\"ES384\",\"typ\":\"JWT\",\"kid\":\"ec\",\"jku\":[]}",
     PL_BEARER_JKU},
    {"{\"alg\":\"ES384\",\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"ec\"}",
     PL_BEARER_FORM},
    {HEADER("ES384", "nobody"), PL_BEARER_KEY},
    {HEADER("ES384", "rsa"), PL_BEARER_KEY},
    {HEADER("RS384", "ec"), PL_BEARER_KEY},
    {HEADER("ES384", "ec"), PL_BEARER_SIGNATURE},
    {HEADER("RS384", "rsa"), PL_BEARER_SIGNATURE},
};

START_TEST(refuses_a_header_before_its_key)
{
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        ck_assert_msg(fate_of(test_unsigned(&arena, headers[i].header,
                                            "{" CLAIMS "}", "AAAA")) ==
                          headers[i].why,
                      "case %zu: %d", i,
                      (int)fate_of(test_unsigned(&arena, headers[i].header,
                                                 "{" CLAIMS "}", "AAAA")));
    ck_assert_int_eq(
        fate_of(test_unsigned(&arena, headers[0].header, "{" CLAIMS "}", "")),
        PL_BEARER_ALGORITHM);
    ck_assert_int_eq(fate_of(test_unsigned(&arena, HEADER("ES384", "ec"),
                                           "{" CLAIMS "}", "")),
                     PL_BEARER_FORM);
}
END_TEST

/* What is public as the secret of HS256, in each form that it has. */
START_TEST(refuses_a_public_key_as_a_secret)
{
    const char *secret[] = {test_key_json(&arena, KEY_RSA),
                            test_key_json(&arena, KEY_EC), keys.key[0].jwk.p,
                            keys.key[1].jwk.p};
    static const jwa_alg alg[] = {R_JWA_ALG_HS256, R_JWA_ALG_HS384,
                                  R_JWA_ALG_HS512};

    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 3; k++) {
            jwk_t *oct = NULL;

            ck_assert_int_eq(r_jwk_init(&oct), RHN_OK);
            ck_assert_int_eq(
                r_jwk_import_from_symmetric_key(
                    oct, (const unsigned char *)secret[i], strlen(secret[i])),
                RHN_OK);
            ck_assert_int_eq(
                fate_of(test_signed(&arena, oct, alg[k],
                                    "{\"typ\":\"JWT\",\"kid\":\"rsa\"}",
                                    "{" CLAIMS "}")),
                PL_BEARER_ALGORITHM);
            r_jwk_free(oct);
        }
    }
}
END_TEST

/* An attacker's own key, offered in the header. */
START_TEST(takes_no_key_out_of_the_token)
{
    const char *header =
        test_text(&arena,
                  "{\"alg\":\"ES384\",\"typ\":\"JWT\",\"kid\":\"ec\",\"jwk\":"
                  "%s,\"x5u\":\"http://127.0.0.1:1/\",\"x5c\":[\"AAAA\"]}",
                  test_key_json(&arena, KEY_EC_NEXT));

    ck_assert_int_eq(
        fate_of(test_signed(&arena, test_key_private(KEY_EC_NEXT),
                            R_JWA_ALG_ES384, header, "{" CLAIMS "}")),
        PL_BEARER_SIGNATURE);
    ck_assert_int_eq(fate_of(test_signed(&arena, test_key_private(KEY_EC_NEXT),
                                         R_JWA_ALG_ES384, HEADER("ES384", "ec"),
                                         "{" CLAIMS "}")),
                     PL_BEARER_SIGNATURE);
}
END_TEST

START_TEST(holds_a_tenant_to_the_list)
{
    static const struct an_str list[] = {AN_STR_INIT("north"),
                                         AN_STR_INIT("south")};
    struct pl_bearer_rules rules = {.endpoint = AN_STR(ENDPOINT),
                                    .tenant = list,
                                    .n_tenants = 2,
                                    .now_s = NOW};
    static const struct {
        const char *more;
        enum pl_bearer_reason listed, open;
    } cases[] = {{"", PL_BEARER_TENANT, PL_BEARER_OK},
                 {",\"tenant\":\"east\"", PL_BEARER_TENANT, PL_BEARER_OK},
                 {",\"tenant\":\"south\"", PL_BEARER_OK, PL_BEARER_OK}};

    for (size_t i = 0; i < 3; i++) {
        struct an_str token =
            by_ec(HEADER("ES384", "ec"),
                  test_text(&arena, "{" CLAIMS "%s}", cases[i].more));
        struct pl_bearer b;

        ck_assert_int_eq(pl_bearer_read(&arena, token, &b), PL_BEARER_OK);
        rules.n_tenants = 2;
        ck_assert_int_eq(pl_bearer_judge(&b, &rules), cases[i].listed);
        rules.n_tenants = 0;
        ck_assert_int_eq(pl_bearer_judge(&b, &rules), cases[i].open);
    }
}
END_TEST

START_TEST(bounds_every_text)
{
    char *long_one = an_arena_get(&arena, PL_BEARER_BYTES + 2, 1);
    const char *names[] = {"sub", "tenant"};

    ck_assert_ptr_nonnull(long_one);
    memset(long_one, 'a', PL_CLAIM_BYTES + 1);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(
            fate_of(by_ec(HEADER("ES384", "ec"),
                          test_text(&arena, "{" CLAIMS ",\"%s\":\"%s\"}",
                                    names[i], long_one))),
            PL_BEARER_CLAIMS);
    memset(long_one, 'a', PL_BEARER_BYTES + 1);
    ck_assert_int_eq(fate_of(an_str_c(long_one)), PL_BEARER_FORM);
    ck_assert_int_eq(fate_of(AN_STR("")), PL_BEARER_FORM);
    ck_assert_int_eq(fate_of(AN_STR("..")), PL_BEARER_FORM);
    ck_assert_int_eq(fate_of(AN_STR("a.b.c.d.e")), PL_BEARER_FORM);
}
END_TEST

/* Property: of a valid token every other spelling is refused: each byte turned
 * into each letter of the alphabet and some beside it, taken out, put in twice,
 * and whatever is hung on. */
static void refuses_changes(struct an_str token)
{
    static const char put[] = "AQgw_-+/=. \n{a9";
    char *text = an_arena_get(&arena, token.n + 3, 1);

    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(fate_of(token), PL_BEARER_OK);
    for (size_t i = 0; i < token.n; i++) {
        struct an_mark mark = an_arena_mark(&arena);
        struct an_str changed = {text, token.n};

        for (const char *c = put; *c; c++) {
            memcpy(text, token.p, token.n);
            if (text[i] == *c)
                continue;
            text[i] = *c;
            ck_assert_msg(fate_of(changed) != PL_BEARER_OK, "byte %zu, %d", i,
                          *c);
        }
        memcpy(text, token.p, i);
        memcpy(text + i, token.p + i + 1, token.n - i - 1);
        changed.n = token.n - 1;
        ck_assert_msg(fate_of(changed) != PL_BEARER_OK, "without %zu", i);
        memcpy(text, token.p, i + 1);
        memcpy(text + i + 1, token.p + i, token.n - i);
        changed.n = token.n + 1;
        ck_assert_msg(fate_of(changed) != PL_BEARER_OK, "twice %zu", i);
        an_arena_rewind(&arena, mark);
    }
    for (const char *c = put; *c; c++) {
        memcpy(text, token.p, token.n);
        text[token.n] = *c;
        ck_assert_msg(fate_of((struct an_str){text, token.n + 1}) !=
                          PL_BEARER_OK,
                      "behind it, %d", *c);
    }
}

START_TEST(refuses_each_change_of_an_ec_token)
{
    refuses_changes(by_ec(HEADER("ES384", "ec"), "{" CLAIMS "}"));
}
END_TEST

START_TEST(refuses_each_change_of_an_rsa_token)
{
    refuses_changes(test_signed(&arena, test_key_private(KEY_RSA),
                                R_JWA_ALG_RS384, HEADER("RS384", "rsa"),
                                "{" CLAIMS "}"));
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct an_str token = by_ec(HEADER("ES384", "ec"), "{" CLAIMS "}");
    enum pl_bearer_reason why = PL_BEARER_FORM;
    struct an_arena small;
    struct pl_bearer b;
    long n = 0;

    an_arena_init(&small, 1 << 20);
    for (; why != PL_BEARER_OK && n < 200; n++) {
        an_arena_reset(&small);
        small.fail_after = n;
        why = pl_bearer_read(&small, token, &b);
        if (why == PL_BEARER_OK)
            why = pl_bearer_verify(&small, &b, &keys.key[0]);
    }
    ck_assert_int_eq(why, PL_BEARER_OK);
    ck_assert_int_gt(n, 1);
    an_arena_free(&small);
}
END_TEST

Suite *jose_bearer_suite(void)
{
    const TTest *const test[] = {takes_what_a_client_signs,
                                 reads_the_header_of_the_request,
                                 asks_for_every_claim,
                                 is_for_the_address_that_was_called,
                                 counts_only_in_its_time,
                                 refuses_a_header_before_its_key,
                                 refuses_a_public_key_as_a_secret,
                                 takes_no_key_out_of_the_token,
                                 holds_a_tenant_to_the_list,
                                 bounds_every_text,
                                 refuses_each_change_of_an_ec_token,
                                 refuses_each_change_of_an_rsa_token,
                                 survives_each_failed_allocation};

    test_keys_make();
    return test_suite_around("jose/bearer", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}
