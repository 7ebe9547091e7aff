/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/pseudonym.h"

#include "base/hash.h"

#include <gnutls/crypto.h>
#include <string.h>

enum { KEY_BYTES = 32 };

enum an_code tr_pseudonym_random(struct tr_pseudonym *p, struct an_err *err)
{
    if (gnutls_rnd(GNUTLS_RND_KEY, p->key, KEY_BYTES) != 0)
        return an_fail(err, AN_INTERNAL, "there is no random source", 0);
    return AN_OK;
}

enum an_code tr_pseudonym_seed(struct tr_pseudonym *p, uint64_t seed,
                               struct an_err *err)
{
    struct an_sha256 hash;
    char bytes[8];
    enum an_code code;

    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(seed >> (8 * i));
    code = an_sha256((struct an_str){bytes, sizeof(bytes)}, &hash, err);
    memcpy(p->key, hash.b, KEY_BYTES);
    return code;
}

void tr_pseudonym_wipe(struct tr_pseudonym *p)
{
    explicit_bzero(p, sizeof(*p));
}

enum an_code tr_pseudonym_digest(const struct tr_pseudonym *p,
                                 const char *purpose, struct an_str value,
                                 uint8_t digest[32], struct an_err *err)
{
    gnutls_hmac_hd_t hmac;

    if (gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, p->key, KEY_BYTES) != 0)
        return an_fail(err, AN_INTERNAL, "hashing failed", 0);
    (void)gnutls_hmac(hmac, purpose, strlen(purpose));
    if (value.n)
        (void)gnutls_hmac(hmac, value.p, value.n);
    gnutls_hmac_deinit(hmac, digest);
    return AN_OK;
}

enum an_code tr_pseudonym_of(const struct tr_pseudonym *p,
                             const struct ctx_identifier *id, uint64_t *out,
                             struct an_err *err)
{
    gnutls_hmac_hd_t hmac;
    uint8_t digest[32];

    if (gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, p->key, KEY_BYTES) != 0)
        return an_fail(err, AN_INTERNAL, "hashing failed", 0);
    if (id->authority.n)
        (void)gnutls_hmac(hmac, id->authority.p, id->authority.n);
    (void)gnutls_hmac(hmac, "|", 1);
    if (id->value.n)
        (void)gnutls_hmac(hmac, id->value.p, id->value.n);
    gnutls_hmac_deinit(hmac, digest);
    *out = 0;
    for (int i = 0; i < 8; i++)
        *out = *out << 8 | digest[i];
    return AN_OK;
}
