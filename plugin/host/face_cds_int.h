/* SPDX-License-Identifier: Apache-2.0 */
/* One CDS Hooks call, in three files:
 *
 *   face_cds.c           the request: read, checked, refused
 *   face_cds_visit.c     the work: kept, thought about, made into cards
 *   face_cds_services.c  which services there are
 *
 * A visit has its own memory, since it may outlive the request: who asks waits
 * until cds.deadline, and the work goes on behind that.
 *
 * Thread-safety: confined to the request's thread until it is handed over; then
 * `lock` is over `state`, and the rest is the worker's until the state is DONE. */
#ifndef PLUGIN_HOST_FACE_CDS_INT_H
#define PLUGIN_HOST_FACE_CDS_INT_H

#include "fhir/cards.h"
#include "fhir/cds.h"
#include "plugin/host/serve.h"

#include <pthread.h>

#define PL_NO_CARDS "{\"cards\":[]}"

enum pl_visit_state {
    PL_VISIT_AWAITED,
    PL_VISIT_PROMISED, /* what is said will be shown: it is waited for */
    PL_VISIT_DONE,
    PL_VISIT_LEFT /* nobody waits any more */
};

struct pl_visit {
    struct pl_server *s;
    struct an_arena arena;
    struct an_str bytes; /* of the call */
    struct fhir_cds_request request;
    struct fhir_cds_context context;
    struct ctx_identifier patient;
    struct an_err err;
    unsigned status; /* 0: 200 */
    bool is_fhir;    /* the body is an OperationOutcome */
    struct an_str body;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum pl_visit_state state;
};

/* Those that are switched on, in the order of the hooks; how many. */
size_t pl_cds_services(const struct cfg_options *o,
                       struct fhir_cds_service out[FHIR_CDS_N_HOOKS]);
/* False when there is no such service, or it is switched off. */
bool pl_cds_service(const struct cfg_options *o, struct an_str id,
                    enum fhir_cds_hook *hook);

/* It outlives every visit. */
struct an_str pl_cds_service_id(enum fhir_cds_hook hook);

/* status and body become an OperationOutcome of v->err.  AN_NOMEM. */
enum an_code pl_visit_refuse(struct pl_visit *v, unsigned status);
/* The work on a visit whose request was read and checked: fills status and
 * body.  AN_NOMEM and the like are a fault, 500. */
enum an_code pl_visit_work(struct pl_visit *v);
/* Somebody waits; after true they wait until the end. */
bool pl_visit_promise(void *visit);

#endif
