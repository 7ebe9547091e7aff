/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a bearer token and as a key set: a token is refused, or has all
 * that is asked of one and was not signed by a key that nobody has; a set is
 * refused, or holds public keys alone. */
#include "plugin/jose/bearer.h"

#include <rhonabwy.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Its private half was thrown away. */
static struct pl_key key = {
    .kid = AN_STR_INIT("fixed"),
    .jwk = AN_STR_INIT("{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\""
                       "O4zv2UJQyi3xNx9jl3T9JYHnpodrOQHOTm20DrSlicJ177lxY1NIOnw"
                       "zeBqCnlo8\",\"y\":"
                       "\"VivliIZtZUBgZoKNQr7vEJRw1HXzd-nDo260_EM-4O_"
                       "7gtxBZ0VWPGbozjs0ZKHo\"}")};

static void check_token(struct an_arena *arena, struct an_str bytes)
{
    struct pl_bearer b;

    if (pl_bearer_read(arena, bytes, &b) != PL_BEARER_OK)
        return;
    must(b.kid.n > 0 && b.kid.n <= PL_KID_BYTES);
    must(b.issuer.n > 0 && b.issuer.n <= PL_CLAIM_BYTES);
    must(b.jti.n > 0 && b.jti.n <= PL_CLAIM_BYTES);
    must(b.expires_s > 0 && b.issued_s > 0 && b.audience != NULL);
    key.alg = b.alg;
    must(pl_bearer_verify(arena, &b, &key) != PL_BEARER_OK);
}

static void check_keys(struct an_arena *arena, struct an_str bytes)
{
    struct pl_keys keys;
    struct an_err err;

    if (pl_keys_read(arena, bytes, &keys, &err) != AN_OK) {
        must(err.code != AN_OK && err.code != AN_INTERNAL);
        return;
    }
    must(keys.n > 0 && keys.n <= PL_KEYS_MOST);
    for (size_t i = 0; i < keys.n; i++) {
        must(pl_keys_find(&keys, keys.key[i].kid) == &keys.key[i]);
        must(strstr(keys.key[i].jwk.p, "\"d\"") == NULL);
        must(strstr(keys.key[i].jwk.p, "\"k\"") == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static bool begun;
    struct an_str bytes = {(const char *)data, n};
    struct an_arena arena;

    if (!begun)
        must(r_global_init() == RHN_OK);
    begun = true;
    an_arena_init(&arena, 16 << 20);
    check_token(&arena, bytes);
    check_keys(&arena, bytes);
    an_arena_free(&arena);
    return 0;
}
