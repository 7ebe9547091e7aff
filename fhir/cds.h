/* SPDX-License-Identifier: Apache-2.0 */
/* CDS Hooks 2.0, the service's side of the conversation: what we offer, and
 * what a client asks.
 *
 *     fhir_cds_read(arena, body, &request, err);
 *     p = fhir_cds_prefetched(&request, AN_STR("patient"));
 *     switch (p.state) ...
 *
 * Thread-safety: confined to the arena.  Ownership: the arena, and the bytes
 * of the request. */
#ifndef FHIR_CDS_H
#define FHIR_CDS_H

#include "base/json.h"

/* ---- discovery ----------------------------------------------------------------- */

struct fhir_cds_query {
    struct an_str key, query; /* "Patient/{{context.patientId}}" */
};

struct fhir_cds_service {
    struct an_str id, hook, title, description;
    struct an_str usage_requirements;
    const struct fhir_cds_query *prefetch;
    size_t n_prefetch;
};

/* What our reading of a history asks for, in the query subset that 2.0 calls
 * safe. */
enum { FHIR_CDS_N_HISTORY = 9 };
extern const struct fhir_cds_query fhir_cds_history[FHIR_CDS_N_HISTORY];

/* {"services": [...]}.  AN_MISSING when a service lacks id, hook or
 * description. */
enum an_code fhir_cds_discovery(struct an_arena *arena,
                                const struct fhir_cds_service *service,
                                size_t n, struct an_str *json,
                                struct an_err *err)
    __attribute__((warn_unused_result));

/* ---- a call -------------------------------------------------------------------- */

/* Each asks for another answer: what is absent may be asked from the client's
 * FHIR server; what was looked for and not found must not be; what failed is
 * neither. */
enum fhir_cds_state {
    FHIR_CDS_ABSENT, /* no such key */
    FHIR_CDS_NULL,   /* null: looked for, nothing found */
    FHIR_CDS_EMPTY,  /* a Bundle without entries: the same, said otherwise */
    FHIR_CDS_FAILED, /* an OperationOutcome, alone or as all of a Bundle */
    FHIR_CDS_FOUND
};

struct fhir_cds_prefetch {
    uint8_t state;               /* enum fhir_cds_state */
    bool more;                   /* a Bundle with a next page: not all of it */
    const struct an_json *value; /* the resource or Bundle; NULL when absent */
};

struct fhir_cds_request {
    struct an_str hook, hook_instance;
    struct an_str fhir_server;                       /* "" when unsaid */
    struct an_str patient_id, user_id, encounter_id; /* of the context */
    const struct an_json *context, *prefetch;        /* prefetch may be NULL */
};

/* AN_SYNTAX or AN_LIMIT when it is no JSON, AN_MISSING or AN_TYPE, with the
 * element's path, without hook, hookInstance, context or its patientId (which
 * each hook that we serve has).  fhirAuthorization is not kept: a token is
 * taken from the request by who uses it, and by nobody else. */
enum an_code fhir_cds_read(struct an_arena *arena, struct an_str bytes,
                           struct fhir_cds_request *out, struct an_err *err)
    __attribute__((warn_unused_result));

struct fhir_cds_prefetch fhir_cds_prefetched(
    const struct fhir_cds_request *request, struct an_str key);

/* All that was FOUND, as one collection Bundle for fhir/read.h; "" when
 * nothing was. */
enum an_code fhir_cds_bundle(struct an_arena *arena,
                             const struct fhir_cds_request *request,
                             struct an_str *json, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
