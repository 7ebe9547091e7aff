/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/jose_help.h"

#include "base/base64.h"
#include "tests/suite.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_BYTES = 16384 };

static jwk_t *private_key[N_TEST_KEYS], *public_key[N_TEST_KEYS];

/* Check's assertions are for a test that runs. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

void test_keys_make(void)
{
    static const struct {
        const char *kid;
        int type;
        unsigned bits;
    } make[N_TEST_KEYS] = {{"ec", R_KEY_TYPE_EC, 384},
                           {"ec-next", R_KEY_TYPE_EC, 384},
                           {"rsa", R_KEY_TYPE_RSA, 2048},
                           {"small", R_KEY_TYPE_RSA, 1024},
                           {"p256", R_KEY_TYPE_EC, 256}};

    if (private_key[0])
        return;
    must(r_global_init() == RHN_OK);
    for (int i = 0; i < N_TEST_KEYS; i++) {
        must(r_jwk_init(&private_key[i]) == RHN_OK);
        must(r_jwk_init(&public_key[i]) == RHN_OK);
        must(r_jwk_generate_key_pair(private_key[i], public_key[i],
                                     make[i].type, make[i].bits,
                                     make[i].kid) == RHN_OK);
    }
}

jwk_t *test_key_private(enum test_key key)
{
    return private_key[key];
}

static const char *keep(struct an_arena *arena, char *text)
{
    struct an_str copy;

    ck_assert_ptr_nonnull(text);
    ck_assert(an_arena_str(arena, an_str_c(text), &copy));
    r_free(text);
    return copy.p;
}

const char *test_key_json(struct an_arena *arena, enum test_key key)
{
    return keep(arena, r_jwk_export_to_json_str(public_key[key], 0));
}

const char *test_key_secret_json(struct an_arena *arena, enum test_key key)
{
    return keep(arena, r_jwk_export_to_json_str(private_key[key], 0));
}

const char *test_text(struct an_arena *arena, const char *format, ...)
{
    char *text = an_arena_get(arena, TEXT_BYTES, 1);
    va_list args;
    int n;

    ck_assert_ptr_nonnull(text);
    va_start(args, format);
    n = vsnprintf(text, TEXT_BYTES, format, args);
    va_end(args);
    ck_assert_int_gt(n, 0);
    ck_assert_int_lt(n, TEXT_BYTES);
    return text;
}

const char *test_set(struct an_arena *arena, const char *one, const char *two)
{
    return test_text(arena, "{\"keys\":[%s%s%s]}", one, two ? "," : "",
                     two ? two : "");
}

struct an_str test_signed(struct an_arena *arena, jwk_t *key, jwa_alg alg,
                          const char *header, const char *claims)
{
    jws_t *jws = NULL;
    const char *text;

    ck_assert_int_eq(r_jws_init(&jws), RHN_OK);
    ck_assert_int_eq(r_jws_set_full_header_json_str(jws, header), RHN_OK);
    ck_assert_int_eq(r_jws_set_alg(jws, alg), RHN_OK);
    ck_assert_int_eq(
        r_jws_set_payload(jws, (const unsigned char *)claims, strlen(claims)),
        RHN_OK);
    text = keep(arena, r_jws_serialize(jws, key, R_FLAG_IGNORE_REMOTE));
    r_jws_free(jws);
    return an_str_c(text);
}

static void put(struct an_buf *b, struct an_arena *arena, const char *text)
{
    struct an_str usual;
    struct an_buf as64;

    an_buf_init(&as64, arena, TEXT_BYTES);
    an_buf_put_base64(&as64, an_str_c(text));
    ck_assert_int_eq(an_buf_done(&as64, &usual, NULL), AN_OK);
    for (size_t i = 0; i < usual.n && usual.p[i] != '='; i++)
        an_buf_put_char(b, usual.p[i] == '+'   ? '-'
                           : usual.p[i] == '/' ? '_'
                                               : usual.p[i]);
}

struct an_str test_unsigned(struct an_arena *arena, const char *header,
                            const char *claims, const char *signature)
{
    struct an_str token;
    struct an_buf b;

    an_buf_init(&b, arena, TEXT_BYTES);
    put(&b, arena, header);
    an_buf_put_char(&b, '.');
    put(&b, arena, claims);
    an_buf_put_char(&b, '.');
    an_buf_put_c(&b, signature);
    ck_assert_int_eq(an_buf_done(&b, &token, NULL), AN_OK);
    return token;
}
