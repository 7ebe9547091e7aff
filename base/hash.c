/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

enum an_code an_sha256(struct an_str bytes, struct an_sha256 *out,
                       struct an_err *err)
{
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes.n ? bytes.p : "", bytes.n,
                         out->b) < 0)
        return an_fail(err, AN_INTERNAL, "SHA-256 is not available", 0);
    return AN_OK;
}

enum an_code an_sha256_begin(struct an_sha256_run *run, struct an_err *err)
{
    gnutls_hash_hd_t handle;

    run->handle = NULL;
    if (gnutls_hash_init(&handle, GNUTLS_DIG_SHA256) < 0)
        return an_fail(err, AN_INTERNAL, "SHA-256 is not available", 0);
    run->handle = handle;
    return AN_OK;
}

enum an_code an_sha256_add(struct an_sha256_run *run, struct an_str bytes,
                           struct an_err *err)
{
    if (bytes.n && gnutls_hash(run->handle, bytes.p, bytes.n) < 0)
        return an_fail(err, AN_INTERNAL, "SHA-256 failed", 0);
    return AN_OK;
}

void an_sha256_end(struct an_sha256_run *run, struct an_sha256 *out)
{
    gnutls_hash_deinit(run->handle, out ? out->b : NULL);
    run->handle = NULL;
}

enum an_code an_sha1(struct an_str bytes, struct an_sha1 *out,
                     struct an_err *err)
{
    if (gnutls_hash_fast(GNUTLS_DIG_SHA1, bytes.n ? bytes.p : "", bytes.n,
                         out->b) < 0)
        return an_fail(err, AN_INTERNAL, "SHA-1 is not available", 0);
    return AN_OK;
}

void an_hex_print(const uint8_t *bytes, size_t n, char *text)
{
    static const char digit[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digit[bytes[i] >> 4];
        text[2 * i + 1] = digit[bytes[i] & 15];
    }
    text[2 * n] = '\0';
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool an_hex_parse(struct an_str s, uint8_t *bytes, size_t n)
{
    if (s.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = nibble(s.p[2 * i]), low = nibble(s.p[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
