/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "base/sign.h"
#include "tests/suite.h"

Suite *base_sign_suite(void);

/* The secret of RFC 8032 7.1, test 2, in the frame of RFC 8410. */
static const char pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";

START_TEST(signs_as_the_standard_says)
{
    struct an_signature s;
    struct an_public_key key;
    char hex[2 * AN_SIGNATURE_BYTES + 1];

    ck_assert_int_eq(an_sign(an_str_c(pem), AN_STR("r"), &s, NULL), AN_OK);
    ck_assert_int_eq(an_key_public(an_str_c(pem), &key, NULL), AN_OK);
    an_hex_print(key.b, sizeof(key.b), hex);
    ck_assert_str_eq(hex, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd"
                          "55f12af4660c");
    an_hex_print(s.b, sizeof(s.b), hex);
    ck_assert_str_eq(hex, "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb376"
                          "2223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eae"
                          "b4302aeeb00d291612bb0c00");
}
END_TEST

START_TEST(one_flipped_bit_anywhere_is_refused)
{
    struct an_signature s;
    struct an_public_key key;
    char said[] = "what was said";
    const struct an_str bytes = {said, sizeof(said) - 1};
    struct an_err err;

    ck_assert_int_eq(an_sign(an_str_c(pem), bytes, &s, NULL), AN_OK);
    ck_assert_int_eq(an_key_public(an_str_c(pem), &key, NULL), AN_OK);
    ck_assert_int_eq(an_verify(&key, bytes, &s, &err), AN_OK);
    for (size_t i = 0; i < bytes.n; i++) {
        said[i] ^= 1;
        ck_assert_int_eq(an_verify(&key, bytes, &s, &err), AN_INTEGRITY);
        said[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof(s.b); i++) {
        s.b[i] ^= 0x10;
        ck_assert_int_eq(an_verify(&key, bytes, &s, &err), AN_INTEGRITY);
        s.b[i] ^= 0x10;
    }
    for (size_t i = 0; i < sizeof(key.b); i++) {
        key.b[i] ^= 0x04;
        ck_assert_int_eq(an_verify(&key, bytes, &s, &err), AN_INTEGRITY);
        key.b[i] ^= 0x04;
    }
    ck_assert_int_eq(an_verify(&key, an_str_sub(bytes, 0, 5), &s, &err),
                     AN_INTEGRITY);
    ck_assert_int_eq(an_verify(&key, bytes, &s, &err), AN_OK);
}
END_TEST

START_TEST(a_key_of_another_kind_is_refused)
{
    static const char *const bad[] = {
        "", "no key", "-----BEGIN PRIVATE KEY-----\nMC4C\n",
        /* X25519, which cannot sign */
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VuBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
        "-----END PRIVATE KEY-----\n"};
    struct an_signature s;
    struct an_public_key key;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const struct an_str text = an_str_c(bad[i]);

        ck_assert_int_eq(an_sign(text, AN_STR("r"), &s, NULL), AN_SYNTAX);
        if (i < 3)
            ck_assert_int_eq(an_key_public(text, &key, NULL), AN_SYNTAX);
    }
}
END_TEST

Suite *base_sign_suite(void)
{
    const TTest *const test[] = {signs_as_the_standard_says,
                                 one_flipped_bit_anywhere_is_refused,
                                 a_key_of_another_kind_is_refused};

    return TEST_SUITE("base/sign", test);
}
