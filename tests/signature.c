/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/jose/signature.h"

#include "tests/folder.h"
#include "tests/signature_keys.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct an_arena arena;
static struct test_folder folder;
static char path[TEST_PATH_BYTES + 16];

static void set_up(void)
{
    an_arena_init(&arena, 64 << 20);
    test_folder_make(&folder);
    (void)snprintf(path, sizeof(path), "%s/key.pem", folder.path);
}

static void tear_down(void)
{
    test_folder_drop(&folder);
    an_arena_free(&arena);
}

static void put_key(const char *pem, unsigned mode)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(pem, f), 0);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static struct an_str signed_by(const char *pem, struct an_str bytes)
{
    struct an_str jws = {NULL, 0};
    struct pl_signer s;
    struct an_err err;

    put_key(pem, 0600);
    ck_assert_msg(pl_signer_open(&s, path, &err) == AN_OK, "%s", err.what);
    ck_assert_msg(s.as.sign(s.as.user, &arena, bytes, &jws, &err) == AN_OK,
                  "%s", err.what);
    pl_signer_close(&s);
    return jws;
}

static enum an_code verify(const char *pem, struct an_str jws,
                           struct an_str bytes)
{
    struct an_err err;

    return pl_signature_verify(&arena, an_str_c(pem), jws, bytes, &err);
}

static const struct {
    const char *private, *public, *other;
} keys[] = {{EC_PRIVATE, EC_PUBLIC, RSA_PUBLIC},
            {RSA_PRIVATE, RSA_PUBLIC, EC_PUBLIC}};

/* Lengths around the three that base64 cares for. */
START_TEST(verifies_what_it_signed)
{
    char text[70];

    memset(text, 0xC3, sizeof(text));
    for (size_t n = 1; n + 1 < sizeof(text); n += n < 8 ? 1 : 30) {
        struct an_str bytes = {text, n};
        struct an_str jws = signed_by(keys[_i].private, bytes);

        ck_assert_int_eq(verify(keys[_i].public, jws, bytes), AN_OK);
        ck_assert_int_eq(verify(keys[_i].other, jws, bytes), AN_INTEGRITY);
        ck_assert_int_eq(
            verify(keys[_i].public, jws, (struct an_str){text, n + 1}),
            AN_INTEGRITY);
    }
}
END_TEST

/* No letter of the signature can be another, but the bits that its last letter
 * does not need. */
START_TEST(no_letter_can_be_another)
{
    struct an_str bytes = AN_STR("{\"resourceType\":\"Flag\"}");
    struct an_str jws = signed_by(keys[_i].private, bytes);
    char *text = an_arena_get(&arena, jws.n, 1);

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i + 1 < jws.n; i += 7) {
        memcpy(text, jws.p, jws.n);
        text[i] = text[i] == 'A' ? 'B' : 'A';
        ck_assert_int_ne(
            verify(keys[_i].public, (struct an_str){text, jws.n}, bytes),
            AN_OK);
    }
}
END_TEST

/* {"alg":"none"}, {"alg":"HS384"}: no way in, whatever stands behind. */
static const struct {
    const char *jws;
    enum an_code code;
} refused[] = {
    {"eyJhbGciOiJub25lIn0..", AN_SYNTAX},
    {"eyJhbGciOiJub25lIn0..AAAA", AN_SYNTAX},
    {"eyJhbGciOiJIUzM4NCJ9..AAAA", AN_INTEGRITY},
    {"", AN_SYNTAX},
    {"..", AN_SYNTAX},
    {"e30..AAAA", AN_SYNTAX},
    {"eyJhbGciOiJFUzM4NCJ9.e30.AAAA", AN_SYNTAX},
    {"eyJhbGciOiJFUzM4NCJ9..AAAA.AAAA", AN_SYNTAX},
    {"eyJhbGciOiJFUzM4NCJ9..AAAA", AN_INTEGRITY},
    {"eyJhbGciOiJSUzM4NCJ9..AAAA", AN_INTEGRITY},
};

START_TEST(refuses_what_is_no_signature_of_ours)
{
    enum an_code got =
        verify(EC_PUBLIC, an_str_c(refused[_i].jws), AN_STR("x"));

    /* Which of the two it is depends on where the library stops. */
    ck_assert(got == refused[_i].code || got == AN_INTEGRITY ||
              got == AN_SYNTAX);
    ck_assert_int_ne(got, AN_OK);
}
END_TEST

static const struct {
    const char *pem;
    unsigned mode;
    enum an_code code;
} files[] = {
    {EC_PRIVATE, 0600, AN_OK},
    {EC_PRIVATE, 0400, AN_OK},
    {RSA_PRIVATE, 0600, AN_OK},
    {EC_PRIVATE, 0640, AN_CONFIG},
    {EC_PRIVATE, 0604, AN_CONFIG},
    {EC_PUBLIC, 0600, AN_CONFIG},
    {P256_PRIVATE, 0600, AN_CONFIG},
    {SHORT_PRIVATE, 0600, AN_CONFIG},
    {"", 0600, AN_CONFIG},
    {"no key\n", 0600, AN_CONFIG},
    {"-----BEGIN PRIVATE KEY-----\n", 0600, AN_CONFIG},
};

START_TEST(takes_a_key_that_is_one_and_nobody_elses)
{
    struct pl_signer s;
    struct an_err err;

    put_key(files[_i].pem, files[_i].mode);
    ck_assert_int_eq(pl_signer_open(&s, path, &err), files[_i].code);
    if (files[_i].code != AN_OK) {
        ck_assert_str_eq(err.where.path, path);
        ck_assert_uint_eq(s.n, 0);
    }
    pl_signer_close(&s);
}
END_TEST

START_TEST(says_which_file_is_not_there)
{
    struct pl_signer s;
    struct an_err err;

    ck_assert_int_eq(pl_signer_open(&s, path, &err), AN_NOTFOUND);
    ck_assert_str_eq(err.where.path, path);
    ck_assert_int_eq(pl_signer_open(&s, folder.path, &err), AN_CONFIG);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct an_str bytes = AN_STR("some bytes");
    struct an_str jws = signed_by(EC_PRIVATE, bytes);
    enum an_code got = AN_NOMEM;
    struct an_arena other;
    long n = 0;

    an_arena_init(&other, 1 << 20);
    for (; got == AN_NOMEM && n < 100; n++) {
        an_arena_reset(&other);
        other.fail_after = n;
        got = pl_signature_verify(&other, AN_STR(EC_PUBLIC), jws, bytes, NULL);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 1);
    other.fail_after = -1;
    an_arena_free(&other);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

static Suite *signature_suite(void)
{
    Suite *s = suite_create("jose/signature");
    TCase *tc = tcase_create("jose/signature");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, verifies_what_it_signed, 0, ROWS(keys));
    tcase_add_loop_test(tc, no_letter_can_be_another, 0, ROWS(keys));
    tcase_add_loop_test(tc, refuses_what_is_no_signature_of_ours, 0,
                        ROWS(refused));
    tcase_add_loop_test(tc, takes_a_key_that_is_one_and_nobody_elses, 0,
                        ROWS(files));
    tcase_add_test(tc, says_which_file_is_not_there);
    tcase_add_test(tc, survives_each_failed_allocation);
    suite_add_tcase(s, tc);
    return s;
}

Suite *(*const test_suites[])(void) = {signature_suite, NULL};
