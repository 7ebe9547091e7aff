/* SPDX-License-Identifier: Apache-2.0 */
/* What a call sets going: what was prefetched is kept, the patient thought
 * about, and what may be shown becomes cards. */
#include "plugin/host/face_cds_int.h"

#include "fhir/outcome.h"
#include "plugin/host/prefetch.h"

enum an_code pl_visit_refuse(struct pl_visit *v, unsigned status)
{
    v->status = status;
    v->is_fhir = true;
    return fhir_outcome(&v->arena, &v->err, NULL, 0, &v->body, NULL);
}

/* ---- who, and what is known ------------------------------------------------- */

/* The server's name as fhir/read.h writes it, with its last slash. */
static bool server_of(struct pl_visit *v, struct an_str *server)
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
    an_buf_init(&b, &v->arena, url.n + 2);
    an_buf_put(&b, url);
    an_buf_put_char(&b, '/');
    return an_buf_done(&b, server, NULL) == AN_OK;
}

/* The id of the call's patient, as readings name it. */
static bool name_patient(struct pl_visit *v, const struct pl_settings *settings)
{
    struct an_str server = settings->fhir.server;
    struct an_buf b;

    an_buf_init(&b, &v->arena, server.n + 16);
    an_buf_put(&b, server);
    an_buf_put_c(&b, "Patient");
    v->patient = (struct ctx_identifier){.value = v->request.patient_id};
    if (an_buf_done(&b, &v->patient.authority, NULL) != AN_OK)
        return false;
    ctx_localise_identifier(&settings->site, &v->patient);
    return true;
}

/* What was not prefetched, where the client's server is one that we may read. */
static enum an_code fill(struct pl_visit *v)
{
    const struct cfg_options *o = pl_engine_options(v->s->running.engine);
    struct pl_prefetch_options from = {
        .server = o->cds_fhir_servers.item,
        .n_servers = o->cds_fhir_servers.n,
        .timeout_ms = o->cds_fetch_timeout_ms,
        .max_answer_bytes = (size_t)o->fhir_max_answer_bytes,
        .log = pl_engine_log(v->s->running.engine)};

    return pl_prefetch_fill(&from, &v->arena, v->bytes, fhir_cds_history,
                            FHIR_CDS_N_HISTORY, &v->request, &v->err);
}

/* T1 for what was prefetched.  PL_ACCEPTED when there was nothing. */
static enum pl_verdict keep(struct pl_visit *v,
                            const struct pl_settings *settings)
{
    enum pl_verdict verdict;
    struct an_str bundle;
    struct pl_job *job;

    if (fhir_cds_bundle(&v->arena, &v->request, &bundle, &v->err) != AN_OK)
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
static enum an_code unknown(struct pl_visit *v)
{
    struct fhir_cds_prefetch p =
        fhir_cds_prefetched(&v->request, AN_STR("patient"));

    if (p.state == FHIR_CDS_NULL || p.state == FHIR_CDS_EMPTY) {
        v->body = AN_STR(PL_NO_CARDS);
        return AN_OK;
    }
    v->err = (struct an_err){.code = AN_MISSING,
                             .what = "the patient is unknown here and was not "
                                     "prefetched"};
    return pl_visit_refuse(v, 412);
}

/* ---- orders ----------------------------------------------------------------- */

static uint8_t kind_of(struct an_str type)
{
    if (an_str_eq(type, AN_STR("ServiceRequest")))
        return PL_ORDER_SERVICE;
    return an_str_eq(type, AN_STR("MedicationRequest")) ? PL_ORDER_MEDICATION
                                                        : PL_ORDER_OTHER;
}

static bool is_of_orders(const struct pl_visit *v)
{
    return v->context.hook == FHIR_CDS_ORDER_SELECT ||
           v->context.hook == FHIR_CDS_ORDER_SIGN;
}

static enum an_code take_orders(struct pl_visit *v, struct pl_call *call)
{
    const struct fhir_cds_context *c = &v->context;
    struct pl_order *order =
        an_arena_get(&v->arena, c->n_orders, sizeof(*order));

    if (order == NULL)
        return AN_NOMEM;
    for (size_t i = 0; i < c->n_orders; i++) {
        const struct fhir_cds_order *from = &c->order[i];

        order[i] = (struct pl_order){.kind = kind_of(from->type),
                                     .code = from->code,
                                     .n_codes = from->n_codes,
                                     .resource = from->resource,
                                     .draft = from->draft,
                                     .selected = from->selected};
    }
    call->is_about_orders = is_of_orders(v);
    call->order = order;
    call->n_orders = c->n_orders;
    return AN_OK;
}

/* ---- the answer ------------------------------------------------------------- */

/* For carers: silence would be taken for "nothing found". */
#define opted_out_card                                                         \
    "{\"cards\":[{\"summary\":\"" PL_OPTED_OUT                                 \
    "\",\"indicator\":\"info\",\"source\":{\"label\":\"Anamnesis\"}}]"         \
    "}"

static enum an_code print_cards(struct pl_visit *v, const struct pl_answer *a,
                                int64_t now_us)
{
    const struct pl_engine *e = v->s->running.engine;
    const struct cfg_options *o = pl_engine_options(e);
    const struct fhir_card_call call = {
        .hook_instance = v->request.hook_instance,
        .patient_id = v->request.patient_id,
        .encounter_id = v->request.encounter_id,
        .partial = fhir_cds_is_partial(&v->request)};
    const struct fhir_card_settings look = {.url = o->cds_page_url,
                                            .icon = o->cds_icon_url,
                                            .smart_url = o->cds_smart_url};
    const struct fhir_saying what = {
        .suggestion = a->shown, .n_suggestions = a->n_shown, .now_us = now_us};

    return fhir_cards(&v->arena, pl_engine_consult(e).naming, &look, &call,
                      &a->who, &what, &v->body, &v->err);
}

static enum an_code answer(struct pl_visit *v)
{
    const struct pl_engine *e = v->s->running.engine;
    const struct cfg_options *o = pl_engine_options(e);
    struct an_str service = pl_cds_service_id(v->context.hook);
    struct pl_call call = {.patient = v->patient,
                           .clock_us = pl_engine_now_us(e),
                           .face = PL_FACE_CDS,
                           .to_patient = !is_carer(v->request.user_id),
                           .max_shown = pl_quiet_room(o, service),
                           .actor = v->request.user_id,
                           .instance = v->request.hook_instance,
                           .service = service,
                           .is_awaited = pl_visit_promise,
                           .user = v};
    struct pl_answer a;
    enum an_code rc = take_orders(v, &call);

    if (rc != AN_OK)
        return rc;
    rc = pl_consultants_ask(v->s->running.consultants, &v->arena, &call, &a,
                            &v->err);
    if (rc == AN_NOTFOUND)
        return unknown(v);
    if (rc != AN_OK)
        return pl_visit_refuse(v, rc == AN_BUSY || rc == AN_IO ? 503 : 500);
    if (a.n_deliveries + a.n_filings)
        pl_running_posted(&v->s->running);
    if (a.opted_out && !call.to_patient &&
        pl_face_is_open(pl_engine_policy(e), PL_FACE_CDS)) {
        v->body = AN_STR(opted_out_card);
        return AN_OK;
    }
    rc = print_cards(v, &a, call.clock_us);
    return rc == AN_OK ? AN_OK : pl_visit_refuse(v, 500);
}

enum an_code pl_visit_work(struct pl_visit *v)
{
    struct pl_settings settings = *pl_engine_settings(v->s->running.engine);

    if (!server_of(v, &settings.fhir.server) || !name_patient(v, &settings))
        return AN_NOMEM;
    if (fill(v) != AN_OK)
        return AN_NOMEM;
    if (fhir_cds_about(&v->request, &v->err) != AN_OK)
        return pl_visit_refuse(v, 412);
    switch (keep(v, &settings)) {
    case PL_REFUSED: return pl_visit_refuse(v, 400);
    case PL_FAILED: return pl_visit_refuse(v, 503);
    case PL_ACCEPTED:
    case PL_DUPLICATE: break;
    }
    return answer(v);
}
