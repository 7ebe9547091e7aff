/* SPDX-License-Identifier: Apache-2.0 */
/* Which identifiers name the same person, as of a moment.
 *
 *     ctx_person_find(arena, claim, n, &who, as_of_us, &person, err);
 *     for (size_t i = 0; i < person.n_members; i++)
 *         load(person.member[i].id);
 *     answer_about(person.member[person.current].id);
 *
 * Messages make claims (context/reading.h): SAME and MERGE link two
 * identifiers, UNMERGE takes back what was said of the two until then.  Only
 * claims available by the asked moment count, and they count by when they were
 * said (a claim that does not say when: by when it was available), so the
 * order in which they arrived changes nothing.  A link said after the UNMERGE
 * holds again.  At the very same moment UNMERGE is stronger, since showing one
 * patient's record as another's is the worse mistake.  A claim that links an
 * identifier with itself says nothing.
 *
 * A MOVE parts `prior` from everybody with whom it was linked until then or is
 * at that moment, and links it with `current`; of several at one moment the
 * one to the first identifier in order counts.  VISIT links nobody
 * (context/visit.h).
 *
 * An identifier is retired while the last MERGE that names it has it as
 * `prior`.  The current one is the one that the last MERGE of this person
 * kept; without a MERGE, the first in order.
 *
 * Takes n log n comparisons.
 *
 * Thread-safety: confined to the arena.  Ownership: the members are the
 * arena's, their strings the caller's. */
#ifndef CONTEXT_IDENTITY_H
#define CONTEXT_IDENTITY_H

#include "base/arena.h"
#include "base/err.h"
#include "context/reading.h"

struct ctx_member {
    struct ctx_identifier id;
    bool retired;
};

struct ctx_person {
    const struct ctx_member *member; /* by authority, then value */
    size_t n_members;                /* at least 1: who was asked for */
    size_t current;                  /* the member to speak of */
};

/* `claim` must hold the claims about every identifier that any chain of claims
 * leads to from `who`; it may hold more.  Fails with AN_NOMEM alone. */
enum an_code ctx_person_find(struct an_arena *arena,
                             const struct ctx_claim *claim, size_t n,
                             const struct ctx_identifier *who, int64_t as_of_us,
                             struct ctx_person *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* By authority, then value: <0, 0, >0.  The type does not count. */
int ctx_identifier_cmp(const struct ctx_identifier *a,
                       const struct ctx_identifier *b);

#endif
