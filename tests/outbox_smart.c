/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens by SMART Backend Services, and what a server says that it can do. */
#include "fhir/write_request.h"
#include "plugin/host/thread.h"
#include "plugin/jose/assertion.h"
#include "plugin/outbox/ability.h"
#include "plugin/outbox/post.h"
#include "plugin/outbox/smart.h"
#include "tests/folder.h"
#include "tests/keeper.h"
#include "tests/suite.h"

#include <gnutls/x509.h>
#include <rhonabwy.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

Suite *outbox_smart_suite(void);

static struct test_folder folder;
static char path[TEST_PATH_BYTES], url[64];
static struct an_arena arena;
static struct pl_smart *smart;

/* A private key of that many bits, or on that curve, behind what is there. */
static void add_key(gnutls_pk_algorithm_t alg, unsigned bits)
{
    static unsigned char pem[16384];
    size_t n = sizeof(pem);
    gnutls_x509_privkey_t key;
    FILE *f = fopen(path, "a");

    ck_assert_int_eq(gnutls_x509_privkey_init(&key), 0);
    ck_assert_int_eq(gnutls_x509_privkey_generate(key, alg, bits, 0), 0);
    ck_assert_int_eq(
        gnutls_x509_privkey_export(key, GNUTLS_X509_FMT_PEM, pem, &n), 0);
    gnutls_x509_privkey_deinit(key);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(pem, 1, n, f), n);
    (void)fclose(f);
    ck_assert_int_eq(chmod(path, 0600), 0);
}

static void add_rsa(void)
{
    add_key(GNUTLS_PK_RSA, 2048);
}

static void add_ec(void)
{
    add_key(GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1));
}

static void set_up(void)
{
    test_folder_make(&folder);
    test_folder_file(&folder, "keys", path);
    an_arena_init(&arena, 64 << 20);
    smart = NULL;
}

static void tear_down(void)
{
    pl_smart_close(smart);
    an_arena_free(&arena);
    test_folder_drop(&folder);
}

/* ---- the assertion --------------------------------------------------------------- */

/* By a stranger who has our published keys and nothing else. */
static void check_assertion(struct pl_assertion_keys *keys, const char *text,
                            const char *alg, const char *audience)
{
    struct an_str jwks;
    jwks_t *set = NULL;
    jwt_t *jwt = NULL;
    const char *jti;

    ck_assert_int_eq(pl_assertion_jwks(keys, &arena, &jwks, NULL), AN_OK);
    ck_assert_ptr_null(strstr(jwks.p, "\"d\""));
    ck_assert_int_eq(r_jwks_init(&set), RHN_OK);
    ck_assert_int_eq(r_jwks_import_from_json_str(set, jwks.p), RHN_OK);
    ck_assert_int_eq(r_jwt_init(&jwt), RHN_OK);
    ck_assert_int_eq(r_jwt_add_sign_jwks(jwt, NULL, set), RHN_OK);
    ck_assert_int_eq(r_jwt_parse(jwt, text, R_FLAG_IGNORE_REMOTE), RHN_OK);
    ck_assert_int_eq(r_jwt_verify_signature(jwt, NULL, R_FLAG_IGNORE_REMOTE),
                     RHN_OK);
    ck_assert_str_eq(r_jwt_get_header_str_value(jwt, "alg"), alg);
    ck_assert_str_eq(r_jwt_get_claim_str_value(jwt, "iss"), "us");
    ck_assert_str_eq(r_jwt_get_claim_str_value(jwt, "sub"), "us");
    ck_assert_str_eq(r_jwt_get_claim_str_value(jwt, "aud"), audience);
    jti = r_jwt_get_claim_str_value(jwt, "jti");
    ck_assert_uint_eq(strlen(jti), 32);
    ck_assert_int_le(r_jwt_get_claim_int_value(jwt, "exp") -
                         r_jwt_get_claim_int_value(jwt, "iat"),
                     300);
    r_jwt_free(jwt);
    r_jwks_free(set);
}

START_TEST(an_assertion_is_checked_by_what_is_published)
{
    struct pl_assertion a = {.client_id = AN_STR("us"),
                             .audience = AN_STR("https://h/token"),
                             .now_us = 1750000000000000};
    struct pl_assertion_keys *keys;
    struct an_str first, second;

    add_rsa();
    add_ec();
    ck_assert_int_eq(pl_assertion_keys_open(path, &keys, NULL), AN_OK);
    a.algorithms = PL_ALG_BOTH;
    ck_assert_int_eq(pl_assertion_make(keys, &arena, &a, &first, NULL), AN_OK);
    check_assertion(keys, first.p, "RS384", "https://h/token");
    ck_assert_int_eq(pl_assertion_make(keys, &arena, &a, &second, NULL), AN_OK);
    ck_assert(!an_str_eq(first, second)); /* another jti */
    a.algorithms = PL_ALG_ES384;
    ck_assert_int_eq(pl_assertion_make(keys, &arena, &a, &first, NULL), AN_OK);
    check_assertion(keys, first.p, "ES384", "https://h/token");
    a.algorithms = 0;
    ck_assert_int_eq(pl_assertion_make(keys, &arena, &a, &first, NULL),
                     AN_UNSUPPORTED);
    pl_assertion_keys_close(keys);
}
END_TEST

START_TEST(keys_that_do_not_do_are_refused)
{
    struct pl_assertion_keys *keys;
    FILE *f;

    ck_assert_int_eq(pl_assertion_keys_open(path, &keys, NULL), AN_NOTFOUND);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    (void)fputs("no key\n", f);
    (void)fclose(f);
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert_int_eq(pl_assertion_keys_open(path, &keys, NULL), AN_CONFIG);
    add_key(GNUTLS_PK_RSA, 1024);
    ck_assert_int_eq(pl_assertion_keys_open(path, &keys, NULL), AN_CONFIG);
    ck_assert_int_eq(remove(path), 0);
    add_key(GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1));
    ck_assert_int_eq(pl_assertion_keys_open(path, &keys, NULL), AN_CONFIG);
    ck_assert_int_eq(remove(path), 0);
    add_ec();
    ck_assert_int_eq(pl_assertion_keys_open(path, &keys, NULL), AN_OK);
    pl_assertion_keys_close(keys);
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert_int_eq(pl_assertion_keys_open(path, &keys, NULL), AN_CONFIG);
}
END_TEST

/* ---- the token -------------------------------------------------------------------- */

static struct pl_post_bearer open_smart(void)
{
    static const struct keeper_ways ways = {.transaction = true,
                                            .wants_token = true};
    struct pl_smart_options options = {.base = url,
                                       .token_url = "",
                                       .client_id = "us",
                                       .key_file = path,
                                       .scope = "a b",
                                       .timeout_ms = 2000,
                                       .clock = pl_clock_us};

    add_ec();
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/fhir",
                   (unsigned)keeper_start(&ways, 0));
    ck_assert_int_eq(pl_smart_open(&options, &smart, NULL), AN_OK);
    return pl_smart_bearer(smart);
}

START_TEST(a_token_is_kept_and_asked_for_anew_after_401)
{
    struct pl_post_bearer bearer = open_smart();
    struct pl_post_options options = {
        .url = url, .bearer = &bearer, .timeout_ms = 2000};
    struct pl_post_request q = {.method = PL_POST_GET,
                                .path = AN_STR("metadata")};
    struct pl_assertion_keys *keys;
    struct pl_post_answer answer;
    struct pl_post *post;
    struct an_str stale;

    ck_assert_int_eq(pl_post_open(&options, &post, NULL), AN_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(pl_post_ask(post, &arena, &q, &answer, NULL), AN_OK);
        ck_assert_int_eq(answer.status, 200);
    }
    ck_assert_uint_eq(keeper_n_tokens(), 1);
    /* Somebody else gets one, which ends ours. */
    ck_assert_int_eq(bearer.get(bearer.ctx, &arena, true, &stale, NULL), AN_OK);
    ck_assert_str_eq(stale.p, "Authorization: Bearer good-2");
    ck_assert_int_eq(pl_post_ask(post, &arena, &q, &answer, NULL), AN_OK);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_int_eq(pl_assertion_keys_open(path, &keys, NULL), AN_OK);
    {
        char audience[80];

        (void)snprintf(audience, sizeof(audience), "%.*s/token",
                       (int)(strlen(url) - 5), url);
        check_assertion(keys, keeper_assertion(), "ES384", audience);
    }
    pl_assertion_keys_close(keys);
    pl_post_close(post);
    keeper_stop();
}
END_TEST

START_TEST(a_refusal_says_which_and_nobody_is_asked_for_a_while)
{
    struct pl_post_bearer bearer = open_smart();
    struct an_str header;
    struct an_err err;

    keeper_token_error("invalid_client");
    ck_assert_int_eq(bearer.get(bearer.ctx, &arena, false, &header, &err),
                     AN_BUSY);
    ck_assert_int_eq(pl_smart_last(smart), PL_SMART_INVALID_CLIENT);
    ck_assert(an_str_starts(an_str_c(err.what), AN_STR("invalid_client")));
    keeper_token_error(NULL);
    ck_assert_int_eq(bearer.get(bearer.ctx, &arena, false, &header, &err),
                     AN_BUSY);
    ck_assert_uint_eq(keeper_n_tokens(), 1);
    keeper_stop();
}
END_TEST

/* ---- what a server says ----------------------------------------------------------- */

START_TEST(a_statement_is_read_for_the_types_that_we_send)
{
    static const char text[] =
        "{\"resourceType\":\"CapabilityStatement\",\"rest\":[{\"mode\":"
        "\"server\",\"interaction\":[{\"code\":\"batch\"},{\"code\":"
        "\"transaction\"}],\"resource\":[{\"type\":\"Patient\"},{\"type\":"
        "\"RiskAssessment\",\"updateCreate\":true,\"conditionalCreate\":true,"
        "\"versioning\":\"no-version\"},{\"type\":\"Device\",\"updateCreate\":"
        "false,\"conditionalCreate\":true}]}]}";
    struct pl_ability a;

    ck_assert_int_eq(pl_ability_read(&arena, an_str_c(text), &a, NULL), AN_OK);
    ck_assert(a.transaction && a.creates_once);
    ck_assert(!a.updates && !a.versions && !a.finds_provenance);
    ck_assert_int_eq(pl_ability_read(&arena, AN_STR("<html>"), &a, NULL),
                     AN_TYPE);
    ck_assert_int_eq(pl_ability_read(&arena,
                                     AN_STR("{\"resourceType\":\"Bundle\"}"),
                                     &a, NULL),
                     AN_TYPE);
    ck_assert(!a.transaction);
}
END_TEST

static const struct {
    const char *said, *address, *version;
} places[] = {
    {"http://h/fhir/Device/17/_history/3", "Device/17", "3"},
    {"Device/17/_history/3", "Device/17", "3"},
    {"Device/17", "Device/17", ""},
    {"/Device/17", "Device/17", ""},
    {"http://h/fhir/Device/1%2F7", "", ""},
    {"17", "", ""},
    {"/17", "", ""},
    {"fhir/17", "", ""},
    {"", "", ""},
};

START_TEST(a_location_names_a_resource_and_its_version)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct an_str address, version;

        pl_post_location(an_str_c(places[i].said), &address, &version);
        ck_assert_msg(an_str_eq(address, an_str_c(places[i].address)) &&
                          an_str_eq(version, an_str_c(places[i].version)),
                      "%s", places[i].said);
    }
    ck_assert(an_str_eq(pl_post_etag(AN_STR("W/\"3\"")), AN_STR("3")));
    ck_assert(an_str_eq(pl_post_etag(AN_STR("\"a.b\"")), AN_STR("a.b")));
    ck_assert_uint_eq(pl_post_etag(AN_STR("W/\"a\r\nb\"")).n, 0);
    ck_assert_uint_eq(pl_post_etag(AN_STR("3")).n, 0);
    ck_assert_uint_eq(pl_post_etag(AN_STR("\"")).n, 0);
}
END_TEST

/* ---- without memory ---------------------------------------------------------------- */

static const char one_entry[] =
    "{\"resourceType\":\"Bundle\",\"entry\":[{\"fullUrl\":\"http://h/Device/"
    "0d1c0d7e-1111-5222-8333-444455556666\",\"resource\":{\"resourceType\":"
    "\"Device\",\"id\":\"0d1c0d7e-1111-5222-8333-444455556666\",\"status\":"
    "\"active\"},\"request\":{\"method\":\"PUT\",\"url\":\"Device/"
    "0d1c0d7e-1111-5222-8333-444455556666\"}}]}";

static enum an_code rewrite(struct an_arena *a, struct an_str *json)
{
    struct fhir_request r;
    enum an_code rc = fhir_request_read(a, an_str_c(one_entry), &r, NULL);

    if (rc != AN_OK)
        return rc;
    ck_assert_uint_eq(r.n_entries, 1);
    return fhir_request_bundle(a, &r, FHIR_REQUEST_POST, NULL, json, NULL);
}

START_TEST(out_of_memory_is_said_at_every_place)
{
    struct an_str json;
    long n = 0;

    for (;; n++) {
        struct an_arena a;
        enum an_code rc;

        an_arena_init(&a, 64 << 20);
        a.fail_after = n;
        rc = rewrite(&a, &json);
        if (rc == AN_OK) {
            ck_assert_ptr_nonnull(
                strstr(json.p, "\"ifNoneExist\":\"identifier=urn:ietf:rfc:3986|"
                               "urn:uuid:0d1c0d7e-"));
            an_arena_free(&a);
            break;
        }
        ck_assert_int_eq(rc, AN_NOMEM);
        an_arena_free(&a);
    }
    ck_assert_int_gt(n, 5);
}
END_TEST

Suite *outbox_smart_suite(void)
{
    const TTest *const test[] = {
        an_assertion_is_checked_by_what_is_published,
        keys_that_do_not_do_are_refused,
        a_token_is_kept_and_asked_for_anew_after_401,
        a_refusal_says_which_and_nobody_is_asked_for_a_while,
        a_statement_is_read_for_the_types_that_we_send,
        a_location_names_a_resource_and_its_version,
        out_of_memory_is_said_at_every_place};

    return test_suite_around("outbox/smart", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}
