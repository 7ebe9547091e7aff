/* SPDX-License-Identifier: Apache-2.0 */
/* CDS Hooks 2.0, what became of the cards:
 *
 *     POST /cds-services/{id}/feedback
 *
 * 200 and {} when all of it is kept; the same entry again changes nothing.  Where
 * an entry is of a card that this service did not show, or that is gone, the
 * others are kept and the body is an OperationOutcome with a warning for each,
 * at feedback[i].card: sending it again is no use.  400 for what is no feedback,
 * with its place, and then nothing is kept; 404 for another service; 503: try
 * again. */
#include "plugin/host/face_cds_int.h"

#include "base/json_out.h"
#include "fhir/cards.h"
#include "fhir/cds_feedback.h"
#include "fhir/outcome.h"
#include "plugin/store/feedback.h"

#include <stdio.h>

static const char fhir_type[] = "application/fhir+json; charset=utf-8";
static const char hl7_reasons[] =
    "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes";

enum { DETAIL_BYTES = 64 << 10 };

/* ---- reasons ---------------------------------------------------------------- */

static bool is_ours(struct an_str system, struct an_str own)
{
    static const struct an_str tail = AN_STR_INIT("/override-reason");

    return an_str_starts(system, own) &&
           an_str_eq(an_str_sub(system, own.n, system.n), tail);
}

static bool is_offered(struct an_str code)
{
    for (size_t i = 0; i < FHIR_N_OVERRIDE_REASONS; i++)
        if (an_str_eq(code, fhir_override_reasons[i].code))
            return true;
    return false;
}

/* What a client may write becomes no label. */
static void judge_reason(const struct fhir_feedback *from, struct an_str own,
                         struct pl_feedback *to)
{
    const struct ctx_code *r = &from->reason;
    bool ours = is_ours(r->system, own) && is_offered(r->code);

    to->reason = AN_STR("");
    to->response = PL_RESPONSE_ACCEPTED;
    if (from->accepted)
        return;
    to->response = PL_RESPONSE_OTHER;
    if (ours || an_str_eq(r->system, an_str_c(hl7_reasons)))
        to->response = pl_response_of(r->code);
    if (r->code.n || from->comment.n)
        to->reason = ours ? r->code : AN_STR("other");
}

/* {"reason":{...},"comment":"...","suggestions":["..."]} */
static enum an_code print_detail(struct an_arena *arena,
                                 const struct fhir_feedback *f,
                                 struct an_str *out, struct an_err *err)
{
    struct an_json_out w;

    an_out_init(&w, arena, DETAIL_BYTES);
    an_out_object(&w);
    if (f->reason.code.n) {
        an_out_key(&w, "reason");
        an_out_object(&w);
        an_out_key_str(&w, "system", f->reason.system);
        an_out_key_str(&w, "code", f->reason.code);
        an_out_key_str(&w, "display", f->reason.display);
        an_out_end(&w);
    }
    an_out_key_str(&w, "comment", f->comment);
    if (f->n_suggestions) {
        an_out_key(&w, "suggestions");
        an_out_array(&w);
        for (size_t i = 0; i < f->n_suggestions; i++)
            an_out_str(&w, f->suggestion[i]);
        an_out_end(&w);
    }
    an_out_end(&w);
    return an_out_done(&w, out, err);
}

static enum an_code prepare(struct an_arena *arena,
                            const struct fhir_feedback *list, size_t n,
                            struct an_str own, struct pl_feedback **out,
                            struct an_err *err)
{
    struct pl_feedback *to = an_arena_get(arena, n, sizeof(*to));
    enum an_code rc = to ? AN_OK : an_fail_nomem(err);

    for (size_t i = 0; rc == AN_OK && i < n; i++) {
        to[i] = (struct pl_feedback){.card = list[i].card,
                                     .accepted = list[i].accepted,
                                     .at_us = list[i].at_us};
        judge_reason(&list[i], own, &to[i]);
        rc = print_detail(arena, &list[i], &to[i].detail, err);
    }
    *out = to;
    return rc;
}

/* ---- the answer --------------------------------------------------------------- */

static enum an_code refuse(struct pl_http_request *q,
                           struct pl_http_response *r, unsigned status,
                           const struct an_err *err)
{
    r->status = status;
    r->content_type = fhir_type;
    return fhir_outcome(q->arena, err, NULL, 0, &r->body, NULL);
}

static enum an_code answer(struct pl_http_request *q,
                           struct pl_http_response *r,
                           const struct pl_feedback_receipt *receipt, size_t n)
{
    struct an_err *unknown = an_arena_get(q->arena, n, sizeof(*unknown));
    size_t n_unknown = 0;

    if (unknown == NULL)
        return AN_NOMEM;
    for (size_t i = 0; i < n; i++) {
        struct an_err *e = &unknown[n_unknown];

        if (!receipt[i].unknown)
            continue;
        n_unknown++;
        (void)an_fail(e, AN_NOTFOUND, "no card of this service", 0);
        (void)snprintf(e->where.path, sizeof(e->where.path),
                       "feedback[%zu].card", i);
    }
    if (n_unknown == 0) {
        r->content_type = "application/json; charset=utf-8";
        r->body = AN_STR("{}");
        return AN_OK;
    }
    r->content_type = fhir_type;
    return fhir_outcome(q->arena, NULL, unknown, n_unknown, &r->body, NULL);
}

enum an_code pl_cds_feedback(void *ctx, struct pl_http_request *q,
                             struct pl_http_response *r)
{
    struct pl_server *s = ctx;
    struct pl_engine *e = s->running.engine;
    struct an_err err = {.code = AN_NOTFOUND,
                         .what = "there is no such service"};
    struct an_str own = pl_engine_consult(e).naming->own;
    const struct fhir_feedback *list;
    struct pl_feedback_receipt *receipt;
    struct pl_feedback *kept;
    enum fhir_cds_hook hook;
    enum an_code rc;
    size_t n;

    if (!pl_cds_service(pl_engine_options(e), q->param[0], &hook))
        return refuse(q, r, 404, &err);
    rc = fhir_feedback_read(q->arena, q->body, &list, &n, &err);
    if (rc == AN_NOMEM)
        return rc;
    if (rc != AN_OK)
        return refuse(q, r, 400, &err);
    receipt = an_arena_get(q->arena, n, sizeof(*receipt));
    rc = receipt ? prepare(q->arena, list, n, own, &kept, &err) : AN_NOMEM;
    if (rc == AN_OK && n)
        rc = pl_store_feedback(pl_engine_store(e), q->param[0], kept, n,
                               pl_engine_now_us(e), receipt, &err);
    if (rc == AN_BUSY || rc == AN_IO)
        return refuse(q, r, 503, &err);
    return rc == AN_OK ? answer(q, r, receipt, n) : rc;
}
