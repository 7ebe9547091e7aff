/* SPDX-License-Identifier: Apache-2.0 */
/* Deletions that name a resource and no patient, as a rest-hook and a bulk export
 * tell them; and the same with the patient, once somebody has found out whose it
 * was, as a message that withdraws what the resource said.
 *
 *     fhir_deletions_read(arena, bytes, &list, &n, err);
 *     fact = fhir_deletion_fact(arena, &settings, &list[i]);
 *     fhir_deletions_write(arena, id, &patient, list, n, &json, err);
 *
 * What is written is a history Bundle: of each resource its deletion, and before
 * it a version that says nothing but whose it was.  fhir/read.h reads it as what
 * it is, today and whenever the store is read again.
 *
 * Thread-safety: immutable once made.  Ownership: the arena and the bytes. */
#ifndef FHIR_DELETION_H
#define FHIR_DELETION_H

#include "fhir/read.h"

struct fhir_deletion {
    struct an_str server; /* "http://h/fhir/"; "" is the settings' own */
    struct an_str type, id;
    struct an_str at; /* an instant; "" when it is not told.  In a history that
                         does not tell, of the version before it */
};

/* "Observation/1", "https://h/fhir/Observation/1/_history/2": false for what
 * names no resource of R4. */
bool fhir_deletion_of(struct an_str reference, struct fhir_deletion *out);

/* Those of a Bundle (entry.request.method is DELETE); none of anything else.
 * Fails as an_json_read. */
enum an_code fhir_deletions_read(struct an_arena *arena, struct an_str bytes,
                                 struct fhir_deletion **out, size_t *n,
                                 struct an_err *err)
    __attribute__((warn_unused_result));

/* The fact of the events that the resource makes (context/event.h); "" of a type
 * that makes none, and without memory. */
struct an_str fhir_deletion_fact(struct an_arena *arena,
                                 const struct fhir_settings *s,
                                 const struct fhir_deletion *d);

/* The other way: what such a fact is called, so that what is written of it and read is
 * this fact.  One whose server has another name by now is called as it was; and as it is
 * now, too, where the old name says which server that was, for what it said is read by
 * the new name when the store is read again.  AN_UNSUPPORTED of one that no id of a
 * resource names; AN_NOMEM. */
enum { FHIR_FACT_NAMES = 2 };
enum an_code fhir_deletion_of_fact(struct an_arena *arena,
                                   const struct fhir_settings *s,
                                   struct an_str fact,
                                   struct fhir_deletion out[FHIR_FACT_NAMES],
                                   size_t *n, struct an_err *err)
    __attribute__((warn_unused_result));

/* All of one patient.  The id, of the Bundle, tells apart what says the same; it may
 * be "".  AN_LIMIT, AN_NOMEM. */
enum an_code fhir_deletions_write(struct an_arena *arena, struct an_str id,
                                  const struct ctx_identifier *patient,
                                  const struct fhir_deletion *one, size_t n,
                                  struct an_str *json, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
