/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong and what was odd, as an OperationOutcome: the body of a FHIR
 * error, and of the answer to an accepted message.
 *
 * An error is an issue of severity "error", a warning of severity "warning";
 * with neither there is one issue "information" that says all is well.  code
 * is FHIR's issue-type, diagnostics are our own words, expression is a
 * FHIRPath where the place is one.  No byte of a message is in it.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena. */
#ifndef FHIR_OUTCOME_H
#define FHIR_OUTCOME_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json_out.h"

/* `error` may be NULL, n_warnings 0. */
enum an_code fhir_outcome(struct an_arena *arena, const struct an_err *error,
                          const struct an_err *warning, size_t n_warnings,
                          struct an_str *json, struct an_err *err)
    __attribute__((warn_unused_result));

/* Why there is nothing, where that is no error: one issue "information" of code
 * "suppressed".  The other writes it within something larger. */
enum an_code fhir_outcome_told(struct an_arena *arena, const char *told,
                               struct an_str *json, struct an_err *err)
    __attribute__((warn_unused_result));
void fhir_outcome_put_told(struct an_json_out *w, const char *told);

#endif
