/* SPDX-License-Identifier: Apache-2.0 */
/* CDS Hooks 2.0: what we offer, and what we say when a chart is opened.
 *
 *     GET  /cds-services
 *     POST /cds-services/anamnesis-patient-view
 *
 * What the client prefetched is stored like any message, before it is thought
 * about, so that evidence from it can be traced; it triggers nothing.  The
 * patient is the client's id at its server, or any identifier that the prefetch
 * or an earlier message says is the same.  A carer is who calls as Practitioner
 * or PractitionerRole; anybody else is shown what the patient would be.
 *
 * 200 with cards, possibly none; 400 for what is no call; 412 when we know
 * nothing of the patient and the client sent nothing; 503: ask again.  Errors
 * have an OperationOutcome. */
#include "plugin/host/serve.h"

#include "fhir/cards.h"
#include "fhir/cds.h"
#include "fhir/outcome.h"

static const char json_type[] = "application/json; charset=utf-8";
static const char fhir_type[] = "application/fhir+json; charset=utf-8";

static const struct fhir_cds_service service = {
    .id = AN_STR_INIT("anamnesis-patient-view"),
    .hook = AN_STR_INIT("patient-view"),
    .title = AN_STR_INIT("Anamnesis"),
    .description =
        AN_STR_INIT("Risks, what may come next, and published scores, each "
                    "with the data that it rests on."),
    .usage_requirements =
        AN_STR_INIT("Made by an AI, to be reviewed by a clinician."),
    .prefetch = fhir_cds_history,
    .n_prefetch = FHIR_CDS_N_HISTORY};

/* One call under way. */
struct visit {
    struct pl_server *s;
    struct pl_http_request *q;
    struct pl_http_response *r;
    struct fhir_cds_request request;
    struct ctx_identifier patient;
    struct an_err err;
};

static enum an_code refuse(struct visit *v, unsigned status)
{
    v->r->status = status;
    v->r->content_type = fhir_type;
    return fhir_outcome(v->q->arena, &v->err, NULL, 0, &v->r->body, NULL);
}

enum an_code pl_cds_discover(void *ctx, struct pl_http_request *q,
                             struct pl_http_response *r)
{
    (void)ctx;
    r->content_type = json_type;
    return fhir_cds_discovery(q->arena, &service, 1, &r->body, NULL);
}

/* The server's name as fhir/read.h writes it, with its last slash. */
static bool server_of(struct visit *v, struct an_str *server)
{
    struct an_str url = v->request.fhir_server;
    struct an_buf b;

    /* A client that does not say which server its ids are of: not that of
     * messages that do not say it either. */
    if (url.n == 0)
        url = AN_STR("urn:cds-hooks:");
    if (an_str_ends(url, AN_STR("/")) || an_str_ends(url, AN_STR(":"))) {
        *server = url;
        return true;
    }
    an_buf_init(&b, v->q->arena, url.n + 2);
    an_buf_put(&b, url);
    an_buf_put_char(&b, '/');
    return an_buf_done(&b, server, NULL) == AN_OK;
}

/* The id of the call's patient, as readings name it. */
static bool name_patient(struct visit *v, const struct pl_settings *settings)
{
    struct an_str server = settings->fhir.server;
    struct an_buf b;

    an_buf_init(&b, v->q->arena, server.n + 16);
    an_buf_put(&b, server);
    an_buf_put_c(&b, "Patient");
    v->patient = (struct ctx_identifier){.value = v->request.patient_id};
    if (an_buf_done(&b, &v->patient.authority, NULL) != AN_OK)
        return false;
    ctx_localise_identifier(&settings->site, &v->patient);
    return true;
}

/* T1 for what was prefetched.  PL_ACCEPTED when there was nothing. */
static enum pl_verdict keep(struct visit *v, const struct pl_settings *settings)
{
    enum pl_verdict verdict;
    struct an_str bundle;
    struct pl_job *job;

    if (fhir_cds_bundle(v->q->arena, &v->request, &bundle, &v->err) != AN_OK)
        return PL_FAILED;
    if (bundle.n == 0)
        return PL_ACCEPTED;
    job = pl_engine_job(v->s->running.engine, PL_FORMAT_FHIR,
                        AN_STR("cds-hooks"), bundle, true);
    if (job == NULL) {
        (void)an_fail_nomem(&v->err);
        return PL_FAILED;
    }
    pl_job_read(job, settings);
    pl_job_put(job, pl_engine_committer(v->s->running.engine));
    verdict = pl_job_verdict(job);
    pl_server_count(v->s, verdict);
    if (verdict == PL_REFUSED || verdict == PL_FAILED)
        v->err = *pl_job_err(job);
    pl_job_free(job);
    return verdict;
}

/* "Practitioner/7", or the same as a URL.  Anybody else, named or not, gets what
 * a patient gets. */
static bool is_carer(struct an_str user)
{
    struct an_str part, type = AN_STR("");

    for (struct an_str rest = user; an_str_cut(&rest, '/', &part);)
        if (rest.n)
            type = part;
    return an_str_eq(type, AN_STR("Practitioner")) ||
           an_str_eq(type, AN_STR("PractitionerRole"));
}

/* Nobody has heard of the patient: did the client look? */
static enum an_code unknown(struct visit *v)
{
    struct fhir_cds_prefetch p =
        fhir_cds_prefetched(&v->request, AN_STR("patient"));

    if (p.state == FHIR_CDS_NULL || p.state == FHIR_CDS_EMPTY) {
        v->r->body = AN_STR("{\"cards\":[]}");
        return AN_OK;
    }
    v->err = (struct an_err){.code = AN_MISSING,
                             .what = "the patient is unknown here and was not "
                                     "prefetched"};
    return refuse(v, 412);
}

/* For carers: silence would be taken for "nothing found". */
#define opted_out_card                                                         \
    "{\"cards\":[{\"summary\":\"" PL_OPTED_OUT                                 \
    "\",\"indicator\":\"info\",\"source\":{\"label\":\"Anamnesis\"}}]"         \
    "}"

static enum an_code answer(struct visit *v)
{
    const struct cfg_options *o = pl_engine_options(v->s->running.engine);
    struct pl_call call = {.patient = v->patient,
                           .clock_us = pl_engine_now_us(v->s->running.engine),
                           .face = PL_FACE_CDS,
                           .to_patient = !is_carer(v->request.user_id),
                           .max_shown = (size_t)o->cds_max_cards,
                           .actor = v->request.user_id,
                           .instance = v->request.hook_instance};
    struct fhir_card_call cards = {.hook_instance = v->request.hook_instance};
    struct fhir_card_settings look = {.p_warning = 0};
    struct fhir_saying what = {.released = false};
    struct pl_answer a;
    enum an_code rc;

    rc = pl_consultants_ask(v->s->running.consultants, v->q->arena, &call, &a,
                            &v->err);
    if (rc == AN_NOTFOUND)
        return unknown(v);
    if (rc != AN_OK)
        return refuse(v, rc == AN_BUSY || rc == AN_IO ? 503 : 500);
    if (a.n_deliveries + a.n_filings)
        pl_running_posted(&v->s->running);
    if (a.opted_out && !call.to_patient &&
        pl_face_is_open(pl_engine_policy(v->s->running.engine), PL_FACE_CDS)) {
        v->r->body = AN_STR(opted_out_card);
        return AN_OK;
    }
    what.suggestion = a.shown;
    what.n_suggestions = a.n_shown;
    what.now_us = call.clock_us;
    rc = fhir_cards(v->q->arena, pl_engine_consult(v->s->running.engine).naming,
                    &look, &cards, &a.who, &what, &v->r->body, &v->err);
    return rc == AN_OK ? AN_OK : refuse(v, 500);
}

enum an_code pl_cds_patient_view(void *ctx, struct pl_http_request *q,
                                 struct pl_http_response *r)
{
    struct visit v = {.s = ctx, .q = q, .r = r};
    struct pl_settings settings = *pl_engine_settings(v.s->running.engine);

    r->content_type = json_type;
    if (fhir_cds_read(q->arena, q->body, &v.request, &v.err) != AN_OK)
        return refuse(&v, 400);
    if (!an_str_eq(v.request.hook, service.hook)) {
        v.err = (struct an_err){.code = AN_CODE,
                                .what = "this service is of patient-view",
                                .where = {.path = "hook"}};
        return refuse(&v, 400);
    }
    if (v.s->running.consultants == NULL) { /* the stage is off */
        r->body = AN_STR("{\"cards\":[]}");
        return AN_OK;
    }
    if (!server_of(&v, &settings.fhir.server) || !name_patient(&v, &settings))
        return AN_NOMEM;
    switch (keep(&v, &settings)) {
    case PL_REFUSED: return refuse(&v, 400);
    case PL_FAILED: return refuse(&v, 503);
    case PL_ACCEPTED:
    case PL_DUPLICATE: break;
    }
    return answer(&v);
}
