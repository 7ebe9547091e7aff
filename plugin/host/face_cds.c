/* SPDX-License-Identifier: Apache-2.0 */
/* CDS Hooks 2.0: what we offer, and what we say when a chart is opened,
 * an order drafted, an encounter begun.
 *
 *     GET  /cds-services
 *     POST /cds-services/anamnesis-patient-view, and so on: face_cds_services.c
 *
 * What becomes of the cards is face_feedback.c's.
 *
 * What is about another patient than the call's is refused as a whole, before
 * anything of it is stored; drafts and appointments are never stored.
 * What the client prefetched is stored like any message, before it is thought
 * about, so that evidence from it can be traced; it triggers nothing.  The
 * patient is the client's id at its server, or any identifier that the prefetch
 * or an earlier message says is the same.  A carer is who calls as Practitioner
 * or PractitionerRole; anybody else is shown what the patient would be.
 *
 * 200 with cards, possibly none; 400 for what is no call; 404 for a service that
 * there is not; 412 when we know nothing of the patient and the client sent
 * nothing; 503: ask again.  Errors have an OperationOutcome.  After cds.deadline
 * there are no cards; the work goes on, and what comes of it is kept and told to
 * nobody. */
#include "plugin/host/face_cds_int.h"

#include "plugin/host/thread.h"

#include <stdlib.h>

enum { VISIT_BYTES = 256 << 20 };

static const char json_type[] = "application/json; charset=utf-8";
static const char fhir_type[] = "application/fhir+json; charset=utf-8";

enum an_code pl_cds_discover(void *ctx, struct pl_http_request *q,
                             struct pl_http_response *r)
{
    const struct pl_server *s = ctx;
    struct fhir_cds_service service[FHIR_CDS_N_HOOKS];
    size_t n = pl_cds_services(pl_engine_options(s->running.engine), service);

    r->content_type = json_type;
    return fhir_cds_discovery(q->arena, service, n, &r->body, NULL);
}

/* ---- a visit's life --------------------------------------------------------- */

static struct pl_visit *open_visit(struct pl_server *s, size_t body_bytes)
{
    struct pl_visit *v = calloc(1, sizeof(*v));

    if (v == NULL)
        return NULL;
    v->s = s;
    an_arena_init(&v->arena, VISIT_BYTES + body_bytes);
    (void)pthread_mutex_init(&v->lock, NULL);
    pl_cond_init(&v->changed);
    return v;
}

static void close_visit(struct pl_visit *v)
{
    (void)pthread_cond_destroy(&v->changed);
    (void)pthread_mutex_destroy(&v->lock);
    an_arena_free(&v->arena);
    free(v);
}

bool pl_visit_promise(void *visit)
{
    struct pl_visit *v = visit;
    bool awaited;

    (void)pthread_mutex_lock(&v->lock);
    awaited = v->state != PL_VISIT_LEFT;
    if (awaited)
        v->state = PL_VISIT_PROMISED;
    (void)pthread_mutex_unlock(&v->lock);
    return awaited;
}

static void work(void *arg, uint32_t thread)
{
    struct pl_visit *v = arg;
    bool left;

    (void)thread;
    if (pl_visit_work(v) != AN_OK) {
        v->status = 500;
        v->body = AN_STR("");
    }
    (void)pthread_mutex_lock(&v->lock);
    left = v->state == PL_VISIT_LEFT;
    if (!left) {
        v->state = PL_VISIT_DONE;
        (void)pthread_cond_signal(&v->changed);
    }
    (void)pthread_mutex_unlock(&v->lock);
    if (left)
        close_visit(v);
}

/* False: the time is over, and the visit is its worker's. */
static bool wait_for(struct pl_visit *v, int64_t until_ms)
{
    bool is_done;

    (void)pthread_mutex_lock(&v->lock);
    while (v->state == PL_VISIT_AWAITED &&
           pl_cond_wait(&v->changed, &v->lock, until_ms))
        continue;
    while (v->state == PL_VISIT_PROMISED)
        (void)pthread_cond_wait(&v->changed, &v->lock);
    is_done = v->state == PL_VISIT_DONE;
    if (!is_done)
        v->state = PL_VISIT_LEFT;
    (void)pthread_mutex_unlock(&v->lock);
    return is_done;
}

/* ---- a call ----------------------------------------------------------------- */

static enum an_code take_body(struct pl_visit *v, struct pl_http_request *q,
                              struct pl_http_response *r)
{
    if (v->status)
        r->status = v->status;
    if (v->is_fhir)
        r->content_type = fhir_type;
    if (v->status == 500 && v->body.n == 0)
        return AN_INTERNAL;
    return an_arena_str(q->arena, v->body, &r->body) ? AN_OK : AN_NOMEM;
}

/* Refusals are made here: they depend on the request alone. */
static enum an_code read_call(struct pl_visit *v,
                              const struct pl_http_request *q)
{
    enum fhir_cds_hook hook;
    enum an_code rc;

    if (!pl_cds_service(pl_engine_options(v->s->running.engine), q->param[0],
                        &hook)) {
        v->err = (struct an_err){.code = AN_NOTFOUND,
                                 .what = "there is no such service"};
        return pl_visit_refuse(v, 404);
    }
    if (!an_arena_str(&v->arena, q->body, &v->bytes))
        return AN_NOMEM;
    rc = fhir_cds_read(&v->arena, v->bytes, &v->request, &v->err);
    if (rc == AN_OK)
        rc = fhir_cds_context(&v->arena, &v->request, hook, &v->context,
                              &v->err);
    if (rc == AN_OK)
        rc = fhir_cds_about(&v->request, &v->err);
    if (rc == AN_NOMEM)
        return rc;
    if (rc != AN_OK)
        return pl_visit_refuse(v, 400);
    if (v->s->visits == NULL) /* the stage is off */
        v->body = AN_STR(PL_NO_CARDS);
    return AN_OK;
}

enum an_code pl_cds_call(void *ctx, struct pl_http_request *q,
                         struct pl_http_response *r)
{
    struct pl_server *s = ctx;
    int64_t until_ms =
        pl_now_ms() + pl_engine_options(s->running.engine)->cds_deadline_ms;
    struct pl_visit *v = open_visit(s, q->body.n);
    enum an_code rc;

    r->content_type = json_type;
    if (v == NULL)
        return AN_NOMEM;
    rc = read_call(v, q);
    if (rc == AN_OK && v->body.n == 0) {
        rc = pl_workers_put(s->visits, work, v);
        if (rc == AN_OK && !wait_for(v, until_ms)) {
            atomic_fetch_add(&s->n_cds_late, 1);
            r->body = AN_STR(PL_NO_CARDS);
            return AN_OK;
        }
    }
    if (rc == AN_OK)
        rc = take_body(v, q, r);
    close_visit(v);
    return rc;
}
