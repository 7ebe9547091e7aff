/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

#include "base/hash.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#define RFC_4122_SPACE(last)                                                   \
    {                                                                          \
        {                                                                      \
            0x6b, 0xa7, 0xb8, last, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00,  \
                0xc0, 0x4f, 0xd4, 0x30, 0xc8                                   \
        }                                                                      \
    }

const struct an_uuid an_uuid_dns = RFC_4122_SPACE(0x10);
const struct an_uuid an_uuid_url = RFC_4122_SPACE(0x11);
const struct an_uuid an_uuid_oid = RFC_4122_SPACE(0x12);

enum { SHA1_BYTES = 20 };

enum an_code an_uuid5(const struct an_uuid *space, struct an_str name,
                      struct an_uuid *out, struct an_err *err)
{
    uint8_t digest[SHA1_BYTES];
    gnutls_hash_hd_t h;
    int bad;

    if (gnutls_hash_init(&h, GNUTLS_DIG_SHA1) < 0)
        return an_fail(err, AN_INTERNAL, "SHA-1 is not available", 0);
    bad = gnutls_hash(h, space->b, sizeof(space->b));
    if (bad >= 0 && name.n)
        bad = gnutls_hash(h, name.p, name.n);
    gnutls_hash_deinit(h, digest);
    if (bad < 0)
        return an_fail(err, AN_INTERNAL, "SHA-1 failed", 0);
    memcpy(out->b, digest, sizeof(out->b));
    out->b[6] = (uint8_t)((out->b[6] & 0x0F) | 0x50); /* version 5 */
    out->b[8] = (uint8_t)((out->b[8] & 0x3F) | 0x80); /* RFC 4122 variant */
    return AN_OK;
}

/* Where the dashes stand: before these bytes. */
static bool dash_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void an_uuid_print(const struct an_uuid *u, char text[AN_UUID_TEXT_BYTES])
{
    char *p = text;

    for (size_t i = 0; i < AN_UUID_BYTES; i++) {
        if (dash_before(i))
            *p++ = '-';
        an_hex_print(&u->b[i], 1, p);
        p += 2;
    }
}

bool an_uuid_parse(struct an_str s, struct an_uuid *u)
{
    struct an_uuid got = {0};
    size_t at = 0;

    if (s.n != AN_UUID_TEXT_BYTES - 1)
        return false;
    for (size_t i = 0; i < AN_UUID_BYTES; i++) {
        if (dash_before(i) && s.p[at++] != '-')
            return false;
        if (!an_hex_parse(an_str_sub(s, at, 2), &got.b[i], 1))
            return false;
        at += 2;
    }
    *u = got;
    return true;
}

bool an_oid_valid(struct an_str s)
{
    struct an_str arc;
    unsigned n = 0;

    for (; an_str_cut(&s, '.', &arc); n++) {
        if (arc.n == 0 || (arc.n > 1 && arc.p[0] == '0') ||
            (n == 0 && (arc.n != 1 || arc.p[0] > '2')))
            return false;
        for (size_t i = 0; i < arc.n; i++)
            if (arc.p[i] < '0' || arc.p[i] > '9')
                return false;
    }
    return n > 2;
}
