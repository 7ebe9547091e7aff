/* SPDX-License-Identifier: Apache-2.0 */
/* What a FHIR server says it can do (CapabilityStatement, R4 5.1), as far as
 * deliveries depend on it.
 *
 *     if (pl_ability_read(arena, answer.body, &ability, err) == AN_OK)
 *         mode = ability.updates ? FHIR_REQUEST_PUT : FHIR_REQUEST_POST;
 *
 * Thread-safety: immutable. */
#ifndef PLUGIN_OUTBOX_ABILITY_H
#define PLUGIN_OUTBOX_ABILITY_H

#include "base/arena.h"
#include "base/err.h"

/* Each holds for all of the types that we send and that the server names. */
struct pl_ability {
    bool transaction;      /* takes a Bundle as one */
    bool updates;          /* PUT to an id that is not there makes it */
    bool creates_once;     /* If-None-Exist */
    bool versions;         /* keeps versions, so that If-Match can be asked */
    bool finds_provenance; /* Provenance?target= */
};

/* AN_TYPE when the bytes are no CapabilityStatement of a server; AN_NOMEM. */
enum an_code pl_ability_read(struct an_arena *arena, struct an_str bytes,
                             struct pl_ability *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
