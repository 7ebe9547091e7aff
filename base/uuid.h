/* SPDX-License-Identifier: Apache-2.0 */
/* Names that are always the same: UUID version 5 (RFC 4122 4.3) over a
 * namespace and a name.  The same suggestion gets the same id on every machine
 * and after every restart, so a receiver can tell an update from a new one.
 *
 * SHA-1 by GnuTLS; here it makes names, it protects nothing.
 *
 * Thread-safety: immutable. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/err.h"

enum { AN_UUID_BYTES = 16, AN_UUID_TEXT_BYTES = 37 };

struct an_uuid {
    uint8_t b[AN_UUID_BYTES];
};

/* RFC 4122 appendix C: names that are domain names, URLs, object ids. */
extern const struct an_uuid an_uuid_dns, an_uuid_url, an_uuid_oid;

/* AN_INTERNAL when the library has no SHA-1. */
enum an_code an_uuid5(const struct an_uuid *space, struct an_str name,
                      struct an_uuid *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* "2ed6657d-e927-568b-95e1-2665a8aea6a2" and a NUL. */
void an_uuid_print(const struct an_uuid *u, char text[AN_UUID_TEXT_BYTES]);
/* All of s is an object identifier: "2.16.840.1.113883", three arcs or more,
 * without zeros before them (what may stand after urn:oid:). */
bool an_oid_valid(struct an_str s);
/* All of s in that form, in either case; false (and *u untouched) else. */
bool an_uuid_parse(struct an_str s, struct an_uuid *u);

#endif
