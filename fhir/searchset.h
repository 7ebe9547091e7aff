/* SPDX-License-Identifier: Apache-2.0 */
/* What we keep, as the answer to a search on our own reading face: a Bundle
 * of type searchset around resources that are JSON text already.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena. */
#ifndef FHIR_SEARCHSET_H
#define FHIR_SEARCHSET_H

#include "base/arena.h"
#include "base/err.h"

enum { FHIR_SEARCHSET_BYTES = 32 << 20 };

struct fhir_page {
    struct an_str base; /* "https://h/fhir", of the full URLs */
    struct an_str self; /* the URL that was asked for */
    struct an_str next; /* of the next page; "" on the last */
    uint64_t total;     /* that match, on this page or not */
    const struct an_str *resource;
    size_t n_resources;
    const char *told; /* beside what matches (FHIR R4 3.1.1.7): an information,
                         in our own words; NULL is none */
};

/* Each resource is read first: AN_SYNTAX when one is no JSON, AN_TYPE when it
 * is none with a resourceType and an id; then AN_LIMIT, AN_NOMEM.  The bytes
 * of a resource are kept as they are. */
enum an_code fhir_searchset(struct an_arena *arena,
                            const struct fhir_page *page, struct an_str *json,
                            struct an_err *err)
    __attribute__((warn_unused_result));

#endif
