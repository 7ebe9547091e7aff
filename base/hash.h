/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) by GnuTLS: the name of a message, of a file, of a leaf;
 * and SHA-1, where a standard asks for it.
 *
 *     struct an_sha256 name;
 *     if (an_sha256(bytes, &name, err) != AN_OK)
 *         return err->code;
 *
 * or in pieces:
 *
 *     struct an_sha256_run run;
 *     an_sha256_begin(&run, err), an_sha256_add(&run, part, err) ...,
 *     an_sha256_end(&run, &name);
 *
 * Failure is AN_INTERNAL, and comes from the library alone (no memory, or its
 * self-tests failed).
 *
 * Thread-safety: an_sha256 is immutable, a run is confined.
 * Ownership: a run that has begun must be ended, after a failed add too. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/err.h"

enum {
    AN_SHA256_BYTES = 32,
    AN_SHA256_HEX = 2 * AN_SHA256_BYTES,
    AN_SHA1_BYTES = 20
};

struct an_sha256 {
    uint8_t b[AN_SHA256_BYTES];
};

struct an_sha256_run {
    void *handle;
};

enum an_code an_sha256(struct an_str bytes, struct an_sha256 *out,
                       struct an_err *err) __attribute__((warn_unused_result));

enum an_code an_sha256_begin(struct an_sha256_run *run, struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code an_sha256_add(struct an_sha256_run *run, struct an_str bytes,
                           struct an_err *err)
    __attribute__((warn_unused_result));
/* The hash of all that was added; out may be NULL to give up. */
void an_sha256_end(struct an_sha256_run *run, struct an_sha256 *out);

/* Says that bytes came whole and proves nothing: FHIR R4 Attachment.hash. */
struct an_sha1 {
    uint8_t b[AN_SHA1_BYTES];
};

enum an_code an_sha1(struct an_str bytes, struct an_sha1 *out,
                     struct an_err *err) __attribute__((warn_unused_result));

/* Lower-case hex of n bytes: 2 n characters and a NUL. */
void an_hex_print(const uint8_t *bytes, size_t n, char *text);
/* The n bytes that s names in hex of either case; false when s has another
 * length or another character. */
bool an_hex_parse(struct an_str s, uint8_t *bytes, size_t n);

#endif
