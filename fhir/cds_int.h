/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read a CDS Hooks call share.
 *
 * Thread-safety: immutable. */
#ifndef FHIR_CDS_INT_H
#define FHIR_CDS_INT_H

#include "fhir/cds.h"

/* With the element's path, cut to fit; returns `code`. */
enum an_code fhir_cds_fail(struct an_err *err, enum an_code code,
                           const char *what, const char *path);

bool fhir_cds_is_type(const struct an_json *resource, struct an_str type);

/* An id of FHIR's grammar: 1 to 64 letters, digits, "-" and ".". */
bool fhir_cds_is_id(struct an_str id);
/* "Type/id", of these two grammars. */
bool fhir_cds_is_reference(struct an_str text, struct an_str *type,
                           struct an_str *id);

/* The drafts of a Bundle (cds_orders.c); `selections` NULL selects each. */
enum an_code fhir_cds_orders(struct an_arena *arena,
                             const struct an_json *drafts,
                             const struct an_json *selections,
                             struct fhir_cds_context *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
