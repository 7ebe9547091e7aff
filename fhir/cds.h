/* SPDX-License-Identifier: Apache-2.0 */
/* CDS Hooks 2.0, the service's side of the conversation: what we offer, and
 * what a client asks.
 *
 *     fhir_cds_read(arena, body, &request, err);
 *     fhir_cds_context(arena, &request, FHIR_CDS_ORDER_SIGN, &context, err);
 *     fhir_cds_about(&request, err);
 *     p = fhir_cds_prefetched(&request, AN_STR("patient"));
 *     switch (p.state) ...
 *
 * Thread-safety: confined to the arena.  Ownership: the arena, and the bytes
 * of the request. */
#ifndef FHIR_CDS_H
#define FHIR_CDS_H

#include "base/json.h"
#include "context/event.h"

/* The hooks that we serve; the second is its name in CDS Hooks. */
#define FHIR_CDS_HOOKS(X)                                                      \
    X(PATIENT_VIEW, "patient-view")                                            \
    X(ORDER_SELECT, "order-select")                                            \
    X(ORDER_SIGN, "order-sign")                                                \
    X(ENCOUNTER_START, "encounter-start")                                      \
    X(ENCOUNTER_DISCHARGE, "encounter-discharge")                              \
    X(APPOINTMENT_BOOK, "appointment-book")

enum fhir_cds_hook {
#define X(name, text) FHIR_CDS_##name,
    FHIR_CDS_HOOKS(X)
#undef X
        FHIR_CDS_N_HOOKS
};

/* "" for none of them. */
struct an_str fhir_cds_hook_name(unsigned hook);
/* False for a hook that is none of them. */
bool fhir_cds_hook_of(struct an_str name, enum fhir_cds_hook *hook);

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

/* Some of it had a next page, or was an error in place of an answer: not all
 * was seen. */
bool fhir_cds_is_partial(const struct fhir_cds_request *request);

/* All that was FOUND, as one collection Bundle for fhir/read.h; "" when
 * nothing was.  Of an entry its fullUrl and its resource are taken, and nothing
 * that asks for a change. */
enum an_code fhir_cds_bundle(struct an_arena *arena,
                             const struct fhir_cds_request *request,
                             struct an_str *json, struct an_err *err)
    __attribute__((warn_unused_result));

/* ---- what the hook says ---------------------------------------------------------- */

enum { FHIR_CDS_MAX_ORDERS = 200, FHIR_CDS_ORDER_CODES = 8 };

/* A draft: what somebody is about to order.  It is no fact of the record. */
struct fhir_cds_order {
    struct an_str type, id;      /* "ServiceRequest"; id "" when it has none */
    struct an_str resource;      /* "ServiceRequest/7"; "" without an id */
    const struct an_json *draft; /* as it was sent */
    const struct ctx_code *code; /* of what is ordered, in the sender's order */
    size_t n_codes;
    bool selected; /* order-select: among `selections`; order-sign: each */
};

struct fhir_cds_context {
    enum fhir_cds_hook hook;
    const struct fhir_cds_order *order;
    size_t n_orders, n_appointments;
};

/* The elements that this hook's context must and may have (CDS Hooks 2.0, the
 * hooks' own pages).  AN_MISSING or AN_TYPE with the element's path: no userId
 * as Type/id, a patientId or encounterId that is no bare id, encounters' hooks
 * without the latter, draftOrders or appointments that are no Bundle, selections
 * that are no array of Type/id.  AN_CODE when the request is of another hook,
 * AN_NOTFOUND for a selection that is not among draftOrders, AN_LIMIT for more
 * than FHIR_CDS_MAX_ORDERS. */
enum an_code fhir_cds_context(struct an_arena *arena,
                              const struct fhir_cds_request *request,
                              enum fhir_cds_hook hook,
                              struct fhir_cds_context *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* All that was prefetched, drafted or is to be booked is about the call's
 * patient: a Patient by its id, anything else by the reference in `subject`,
 * `patient`, `for`, `beneficiary` or `individual`, an Appointment by one of its
 * participants.  A reference to something else than a Patient is none.  One that
 * names an identifier, or a contained Patient, counts where the prefetched
 * Patient has the same identifier.  Where fhirServer is said, a resource or
 * reference of another server is of another patient.
 *
 * AN_TYPE with the path where it is another's, or cannot be told. */
enum an_code fhir_cds_about(const struct fhir_cds_request *request,
                            struct an_err *err)
    __attribute__((warn_unused_result));

#endif
