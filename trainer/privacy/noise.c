/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/privacy/noise.h"

#include <gnutls/crypto.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TWO_PI 6.28318530717958647693

enum an_code tr_secret_init(struct tr_secret *s,
                            const uint8_t key[TR_SECRET_BYTES],
                            struct an_err *err)
{
    uint8_t drawn[TR_SECRET_BYTES], zero[16] = {0};
    gnutls_datum_t k = {drawn, sizeof(drawn)}, iv = {zero, sizeof(zero)};
    gnutls_cipher_hd_t cipher = NULL;
    int rc = 0;

    *s = (struct tr_secret){.cipher = NULL};
    s->word = calloc(TR_SECRET_WORDS, sizeof(*s->word));
    if (s->word == NULL)
        return an_fail_nomem(err);
    if (key)
        memcpy(drawn, key, sizeof(drawn));
    else
        rc = gnutls_rnd(GNUTLS_RND_KEY, drawn, sizeof(drawn));
    if (rc == 0)
        rc = gnutls_cipher_init(&cipher, GNUTLS_CIPHER_CHACHA20_64, &k, &iv);
    explicit_bzero(drawn, sizeof(drawn));
    s->cipher = rc == 0 ? cipher : NULL;
    if (rc != 0) {
        tr_secret_release(s);
        return an_fail(err, AN_INTERNAL, "there is no random source", 0);
    }
    return AN_OK;
}

void tr_secret_release(struct tr_secret *s)
{
    if (s->cipher)
        gnutls_cipher_deinit(s->cipher);
    if (s->word)
        explicit_bzero(s->word, TR_SECRET_WORDS * sizeof(*s->word));
    free(s->word);
    *s = (struct tr_secret){.cipher = NULL};
}

static enum an_code next(struct tr_secret *s, uint64_t *word,
                         struct an_err *err)
{
    const size_t bytes = TR_SECRET_WORDS * sizeof(*s->word);

    if (s->n == 0) {
        memset(s->word, 0, bytes);
        if (gnutls_cipher_encrypt2(s->cipher, s->word, bytes, s->word, bytes) !=
            0)
            return an_fail(err, AN_INTERNAL, "the random source failed", 0);
        s->n = TR_SECRET_WORDS;
    }
    *word = s->word[TR_SECRET_WORDS - s->n];
    s->word[TR_SECRET_WORDS - s->n--] = 0;
    return AN_OK;
}

enum an_code tr_secret_uniform(struct tr_secret *s, double *u,
                               struct an_err *err)
{
    uint64_t word = 0;
    enum an_code code = next(s, &word, err);

    *u = (double)(word >> 11) * 0x1p-53;
    return code;
}

enum an_code tr_secret_normals(struct tr_secret *s, double z[2],
                               struct an_err *err)
{
    double u = 0, v = 0, length;
    enum an_code code = tr_secret_uniform(s, &u, err);

    if (code == AN_OK)
        code = tr_secret_uniform(s, &v, err);
    length = sqrt(-2 * log(1 - u));
    z[0] = length * cos(TWO_PI * v);
    z[1] = length * sin(TWO_PI * v);
    return code;
}

enum an_code tr_secret_blur(struct tr_secret *s, float *x, uint64_t n,
                            double deviation, double scale, struct an_err *err)
{
    enum an_code code = AN_OK;
    double z[2] = {0, 0};

    for (uint64_t i = 0; i < n && code == AN_OK; i++) {
        if (i % 2 == 0)
            code = tr_secret_normals(s, z, err);
        x[i] = (float)(((double)x[i] + deviation * z[i % 2]) * scale);
    }
    return code;
}
