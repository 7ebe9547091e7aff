/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and tokens that a test makes for itself. */
#ifndef TESTS_JOSE_HELP_H
#define TESTS_JOSE_HELP_H

#include "base/arena.h"

#include <rhonabwy.h>

enum test_key {
    KEY_EC,
    KEY_EC_NEXT,
    KEY_RSA,
    KEY_SMALL,
    KEY_P256,
    N_TEST_KEYS
};

/* Once, before Check forks: their kids are "ec", "ec-next", "rsa", ... */
void test_keys_make(void);
jwk_t *test_key_private(enum test_key key);
/* The public part as JSON, and the whole of it; the arena's. */
const char *test_key_json(struct an_arena *arena, enum test_key key);
const char *test_key_secret_json(struct an_arena *arena, enum test_key key);

/* {"keys":[...]} of two JSON texts; the second may be NULL. */
const char *test_set(struct an_arena *arena, const char *one, const char *two);

/* Signed by that key; header and claims are JSON objects. */
struct an_str test_signed(struct an_arena *arena, jwk_t *key, jwa_alg alg,
                          const char *header, const char *claims);
/* header "." claims "." signature, signed by nobody. */
struct an_str test_unsigned(struct an_arena *arena, const char *header,
                            const char *claims, const char *signature);

/* A text by a format, the arena's. */
const char *test_text(struct an_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
