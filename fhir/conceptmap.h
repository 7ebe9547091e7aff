/* SPDX-License-Identifier: Apache-2.0 */
/* A site's FHIR R4 ConceptMap as rows of context/localise.h: what its codes
 * mean in standard terms.
 *
 *     fhir_conceptmap_read(arena, bytes, "lab.json", &map, err);
 *     counts = (struct ctx_map){.file = "lab.json",
 *                               .n_ignored = map.n_ignored};
 *     ctx_site_add_codes(arena, &counts, map.row, map.n_rows, &site, err);
 *
 * Of each element the target is taken that says as much as the source
 * (equivalence equal or equivalent), else one that says more in general (wider,
 * subsumes): what holds of the target then holds of the source.  All other
 * targets are ignored and counted: relatedto, inexact, narrower, specializes,
 * unmatched, disjoint, and those that hold under conditions only (dependsOn,
 * product).  group.unmapped is not read: a guess is no mapping.
 *
 * group.source is written as events carry it: the URI of a FHIR system, and
 * "urn:id:NAME" for the system that HL7v2 senders call NAME; none is "".
 *
 * Fails with AN_SYNTAX or AN_LIMIT at FILE:LINE:COLUMN when it is no JSON, and
 * at a JSON pointer, "FILE#/group/0/element/3/target/0/code", with
 *     AN_TYPE         something is of another type than R4 says
 *     AN_MISSING      a code or the target's system is not there
 *     AN_CODE         an equivalence that is none of R4's
 *     AN_CONFLICT     one source code has two targets of equal right
 *     AN_UNSUPPORTED  a modifierExtension, or R5's "relationship"
 * and with AN_NOMEM.
 *
 * Thread-safety: immutable.  Ownership: the arena, and the bytes. */
#ifndef FHIR_CONCEPTMAP_H
#define FHIR_CONCEPTMAP_H

#include "context/localise.h"

struct fhir_conceptmap {
    struct ctx_code_row *row; /* by system, then code: each code once */
    size_t n_rows;
    size_t n_ignored; /* targets, and elements without one */
};

enum an_code fhir_conceptmap_read(struct an_arena *arena, struct an_str bytes,
                                  const char *file, struct fhir_conceptmap *out,
                                  struct an_err *err)
    __attribute__((warn_unused_result));

#endif
