/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/jose/keys.h"
#include "tests/jose_help.h"
#include "tests/suite.h"

Suite *jose_keys_suite(void);

static struct an_arena arena;
static struct pl_keys keys;

static void set_up(void)
{
    an_arena_init(&arena, 64 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static enum an_code read_set(const char *text)
{
    struct an_err err;

    return pl_keys_read(&arena, an_str_c(text), &keys, &err);
}

static const char *json(enum test_key key)
{
    return test_key_json(&arena, key);
}

/* The public key with one more member, or another value of one. */
static const char *with(enum test_key key, const char *member)
{
    return test_text(&arena, "{%s,%s", member, json(key) + 1);
}

START_TEST(takes_both_kinds)
{
    ck_assert_int_eq(read_set(test_set(&arena, json(KEY_EC), json(KEY_RSA))),
                     AN_OK);
    ck_assert_uint_eq(keys.n, 2);
    ck_assert_uint_eq(keys.n_passed_over, 0);
    ck_assert_int_eq(pl_keys_find(&keys, AN_STR("ec"))->alg, PL_ES384);
    ck_assert_int_eq(pl_keys_find(&keys, AN_STR("rsa"))->alg, PL_RS384);
    ck_assert_ptr_null(pl_keys_find(&keys, AN_STR("EC")));
    ck_assert_ptr_null(pl_keys_find(&keys, AN_STR("")));
}
END_TEST

START_TEST(keeps_nothing_but_the_public_numbers)
{
    ck_assert_int_eq(
        read_set(test_set(&arena,
                          with(KEY_EC, "\"x5u\":\"http://127.0.0.1:1/\","
                                       "\"x5c\":[\"AAAA\"],\"use\":\"sig\","
                                       "\"key_ops\":[\"verify\"],"
                                       "\"jku\":\"http://127.0.0.1:1/\""),
                          NULL)),
        AN_OK);
    ck_assert_ptr_null(strstr(keys.key[0].jwk.p, "x5"));
    ck_assert_ptr_null(strstr(keys.key[0].jwk.p, "http"));
    ck_assert_ptr_nonnull(strstr(keys.key[0].jwk.p, "\"P-384\""));
}
END_TEST

START_TEST(refuses_sets_that_are_none)
{
    static const struct {
        const char *text;
        enum an_code code;
    } bad[] = {{"", AN_SYNTAX},
               {"<html>log in</html>", AN_SYNTAX},
               {"[]", AN_SYNTAX},
               {"{}", AN_SYNTAX},
               {"{\"keys\":{}}", AN_SYNTAX},
               {"{\"keys\":[1]}", AN_SYNTAX},
               {"{\"keys\":[],\"keys\":[]}", AN_SYNTAX},
               {"{\"keys\":[]}", AN_MISSING},
               {"{\"keys\":[{}]}", AN_MISSING},
               {"{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\"}]}", AN_INTEGRITY},
               {"{\"keys\":[{\"kty\":\"RSA\",\"k\":\"AA\"}]}", AN_INTEGRITY}};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(read_set(bad[i].text) == bad[i].code, "case %zu", i);
}
END_TEST

START_TEST(refuses_a_set_that_gives_a_secret_away)
{
    const char *good = json(KEY_EC);

    ck_assert_int_eq(
        read_set(test_set(&arena, good, test_key_secret_json(&arena, KEY_RSA))),
        AN_INTEGRITY);
    ck_assert_int_eq(
        read_set(
            test_set(&arena, good, test_key_secret_json(&arena, KEY_EC_NEXT))),
        AN_INTEGRITY);
    ck_assert_int_eq(
        read_set(test_set(&arena, good,
                          "{\"kty\":\"oct\",\"kid\":\"s\",\"k\":\"AAAA\"}")),
        AN_INTEGRITY);
    ck_assert_int_eq(read_set(test_set(&arena, good, good)), AN_INTEGRITY);
}
END_TEST

START_TEST(passes_over_what_it_cannot_use)
{
    const char *other[] = {
        json(KEY_SMALL),
        json(KEY_P256),
        with(KEY_EC_NEXT, "\"use\":\"enc\""),
        with(KEY_EC_NEXT, "\"alg\":\"ES256\""),
        with(KEY_EC_NEXT, "\"alg\":\"none\""),
        with(KEY_EC_NEXT, "\"alg\":384"),
        with(KEY_EC_NEXT, "\"key_ops\":[\"sign\"]"),
        with(KEY_EC_NEXT, "\"key_ops\":\"verify\""),
        with(KEY_RSA, "\"alg\":\"RS256\""),
        with(KEY_RSA, "\"alg\":\"HS384\""),
        "{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"AQAB\",\"e\":\"AQ\"}",
        "{\"kty\":\"EC\",\"kid\":\"e\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":"
        "\"AA\"}",
        "{\"kty\":\"OKP\",\"kid\":\"o\",\"crv\":\"Ed25519\",\"x\":\"AA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\"}"};

    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        ck_assert_msg(read_set(test_set(&arena, json(KEY_EC), other[i])) ==
                          AN_OK,
                      "case %zu", i);
        ck_assert_msg(keys.n == 1 && keys.n_passed_over == 1, "case %zu", i);
        ck_assert_msg(read_set(test_set(&arena, other[i], NULL)) == AN_MISSING,
                      "alone, case %zu", i);
    }
}
END_TEST

/* A point that is on no curve, made of one that is. */
START_TEST(passes_over_a_point_beside_the_curve)
{
    char *text = (char *)(uintptr_t)test_text(&arena, "%s", json(KEY_EC));
    char *x = strstr(text, "\"x\":\"");

    ck_assert_ptr_nonnull(x);
    x[20] = x[20] == 'A' ? 'B' : 'A';
    ck_assert_int_eq(read_set(test_set(&arena, text, NULL)), AN_MISSING);
}
END_TEST

START_TEST(refuses_what_is_too_much)
{
    char *many = an_arena_get(&arena, PL_KEYS_BYTES + 100, 1);
    size_t n;

    ck_assert_ptr_nonnull(many);
    memset(many, ' ', PL_KEYS_BYTES + 1);
    memcpy(many, "{\"keys\":[]", 10);
    many[PL_KEYS_BYTES + 1] = '}';
    ck_assert_int_eq(read_set(many), AN_LIMIT);
    memcpy(many, "{\"keys\":[{}", 12);
    n = 11;
    for (int i = 0; i < PL_KEYS_MOST; i++) {
        memcpy(many + n, ",{}", 3);
        n += 3;
    }
    memcpy(many + n, "]}", 3);
    ck_assert_int_eq(read_set(many), AN_LIMIT);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    const char *set = test_set(&arena, json(KEY_EC), json(KEY_RSA));
    enum an_code got = AN_NOMEM;
    struct an_arena small;
    struct an_err err;
    long n = 0;

    an_arena_init(&small, 1 << 20);
    for (; got == AN_NOMEM && n < 200; n++) {
        an_arena_reset(&small);
        small.fail_after = n;
        got = pl_keys_read(&small, an_str_c(set), &keys, &err);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 1);
    an_arena_free(&small);
}
END_TEST

Suite *jose_keys_suite(void)
{
    const TTest *const test[] = {takes_both_kinds,
                                 keeps_nothing_but_the_public_numbers,
                                 refuses_sets_that_are_none,
                                 refuses_a_set_that_gives_a_secret_away,
                                 passes_over_what_it_cannot_use,
                                 passes_over_a_point_beside_the_curve,
                                 refuses_what_is_too_much,
                                 survives_each_failed_allocation};

    test_keys_make();
    return test_suite_around("jose/keys", test, sizeof(test) / sizeof(test[0]),
                             set_up, tear_down);
}
