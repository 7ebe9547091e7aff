/* SPDX-License-Identifier: Apache-2.0 */
/* One FHIR R4 document, de-identified: a Bundle, or one resource.
 *
 *     tr_deid_fhir(&d, arena, bytes, &out, err);
 *     if (out.n)
 *         write(out);
 *
 * What comes out has what the rows of config/tables/deid-fhir.tsv allow, in the
 * order it came in; an element that nothing is left of is left out, and so is a
 * resource whose type has no row, contained or in a Bundle.
 *
 * A Bundle becomes a collection: what a request asked for (a method, a URL with
 * an identifier in it) is gone.  Its entries keep fullUrls, so that references
 * find them.
 *
 * References.  The id is a pseudonym, the same wherever the id stands, and the
 * server and the version are gone:
 *
 *     Patient/034AB16                     Patient/PSEUDONYM
 *     http://ex.org/fhir/Observation/7/_history/2    Observation/PSEUDONYM
 *     urn:uuid:c757...   #p1              urn:uuid:PSEUDONYM   #PSEUDONYM
 *     urn:oid:1.2.3                       urn:oid:2.25.NUMBER
 *
 * A pseudonym has the form of a UUID.  Every other reference is dropped: one of
 * a type that has no rows, of another form, by identifier, by search.
 *
 * Dates move by the days of the resource's patient: `subject`, `patient` or
 * `beneficiary`, a Patient's own id, of what is contained that of the outer
 * resource.  Where a Bundle has the Patient behind a urn:uuid, its id counts.  A
 * UUID is the same in either case.  What a contained Patient is called (#p1)
 * names nobody: other documents call others so.
 * Without a patient there are no days, and dates that move are dropped.
 *
 * Fails with AN_SYNTAX, AN_LIMIT or AN_TYPE (no object, no resourceType) where
 * the document cannot be read, AN_NOMEM.
 *
 * Thread-safety: confined.  Ownership: the arena's. */
#ifndef TRAINER_DEID_FHIR_H
#define TRAINER_DEID_FHIR_H

#include "base/arena.h"
#include "trainer/deid/deid.h"

/* *out is "" when nothing may stay. */
enum an_code tr_deid_fhir(struct tr_deid *d, struct an_arena *arena,
                          struct an_str document, struct an_str *out,
                          struct an_err *err)
    __attribute__((warn_unused_result));

#endif
