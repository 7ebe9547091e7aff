/* SPDX-License-Identifier: Apache-2.0 */
/* What Provenance.signature signs, to the byte, and how a stranger finds it.
 *
 * The signature's data is base64 of a detached JWS (RFC 7515 appendix F):
 * "header..signature".  Between the two points belongs the base64url, without
 * padding, of these bytes: for each of Provenance.target, in its order, the
 * resource in canonical form; one after the other, a line feed (0x0A) between
 * two.
 *
 * The canonical form is JSON in UTF-8
 *   - without `text` and `meta` of the resource (what servers write anew), as in
 *     http://hl7.org/fhir/canonicalization/json#static
 *   - without `reference` in an object that has `identifier` too: a receiver
 *     puts its own id in the place of a search, so what names a patient there
 *     is the identifier
 *   - with the members of each object sorted by the bytes of their names
 *   - without blanks outside of strings
 *   - numbers as they were said
 *   - in strings `"` and `\` behind a `\`, U+0008, 9, A, C and D as \b \t \n \f
 *     \r, other controls as \u00XX, and all else as it is.
 *
 * Contents and targets of a Provenance that was read back from a server give
 * the same bytes, unless somebody has changed them since: that is the proof.
 *
 *     fhir_signatures_read(arena, bundle, &found, &n, err);
 *     for (i = 0; i < n; i++)
 *         verify(found[i].jws, found[i].bytes);
 *
 * Thread-safety: confined to the arena.  Ownership: the arena, and the input. */
#ifndef FHIR_SIGNED_H
#define FHIR_SIGNED_H

#include "base/arena.h"
#include "base/err.h"

enum { FHIR_SIGNED_BYTES = 8 << 20 };

/* Of resources, as JSON texts.  AN_SYNTAX when one is none; AN_LIMIT,
 * AN_NOMEM. */
enum an_code fhir_signed_bytes(struct an_arena *arena,
                               const struct an_str *resource, size_t n,
                               struct an_str *bytes, struct an_err *err)
    __attribute__((warn_unused_result));

/* One signature of one Provenance. */
struct fhir_signature {
    struct an_str provenance; /* its id */
    size_t n_targets;
    struct an_str jws;   /* "header..signature" */
    struct an_str bytes; /* that it should be over */
};

/* Those of all that are in a Bundle of any type, whose entries hold the targets
 * as well; by fullUrl, or by type and id.  AN_MISSING when a target is not
 * there, AN_SYNTAX for what is no Bundle or whose data is no base64, AN_LIMIT,
 * AN_NOMEM. */
enum an_code fhir_signatures_read(struct an_arena *arena, struct an_str bundle,
                                  const struct fhir_signature **out, size_t *n,
                                  struct an_err *err)
    __attribute__((warn_unused_result));

#endif
