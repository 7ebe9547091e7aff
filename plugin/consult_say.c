/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/consult_int.h"
#include "plugin/orders.h"
#include "plugin/receiver.h"

static bool keep(struct pl_consultation *k, const struct ctx_suggestion *s)
{
    if (k->n_said == k->room) {
        size_t room = k->room ? 2 * k->room : 64;
        struct ctx_suggestion *more =
            an_arena_get(k->arena, room, sizeof(*more));

        if (more == NULL)
            return false;
        for (size_t i = 0; i < k->n_said; i++)
            more[i] = k->said[i];
        k->said = more;
        k->room = room;
    }
    k->said[k->n_said++] = *s;
    return true;
}

/* Each text for a patient waits for somebody to read and release it: of those
 * only the summary is made unasked. */
static bool is_kept(const struct ctx_suggestion *s)
{
    return s->abstention == CTX_ABSTAIN_NONE &&
           (s->audience != CTX_FOR_PATIENT || s->kind == CTX_SUGGEST_SUMMARY);
}

/* What is missing for a score is said where somebody could order it. */
static bool is_offered(const struct pl_consultation *k,
                       const struct ctx_suggestion *s)
{
    return s->abstention == CTX_ABSTAIN_MISSING_INPUT && s->n_proposals &&
           k->call->face == PL_FACE_CDS && !k->call->to_patient;
}

/* Two scores may lack the same. */
static void note_needs(struct pl_consultation *k, struct an_str score)
{
    size_t n, i;
    const struct fhir_need *need = pl_receiver_needs(score, &n);

    for (; n && k->n_needs < PL_CONSULT_NEEDS; n--, need++) {
        for (i = 0; i < k->n_needs; i++)
            if (k->need[i].element == need->element &&
                an_str_eq(k->need[i].code.code, need->code.code))
                break;
        if (i == k->n_needs)
            k->need[k->n_needs++] = *need;
    }
}

static enum an_code tell(struct pl_consultation *k,
                         const struct ctx_forecast *forecast,
                         struct an_str language, uint8_t audience,
                         struct an_err *err)
{
    struct adv_options reader = {.language = language,
                                 .audience = audience,
                                 .now = forecast->now,
                                 .restricted = forecast->restricted};
    const struct ctx_suggestion *s;
    size_t n = 0;
    enum an_code rc =
        pl_words(k->c->from.mind, k->arena, &k->view[audience].timeline,
                 forecast, &reader, &s, &n, err);

    for (size_t i = 0; rc == AN_OK && i < n; i++) {
        if ((is_kept(&s[i]) || is_offered(k, &s[i])) && !keep(k, &s[i]))
            rc = an_fail_nomem(err);
        if (s[i].abstention == CTX_ABSTAIN_MISSING_INPUT)
            note_needs(k, s[i].topic);
    }
    return rc;
}

static enum an_code tell_of_orders(struct pl_consultation *k,
                                   const struct ctx_forecast *forecast,
                                   struct an_err *err)
{
    struct adv_options reader = {.language =
                                     k->c->from.options->languages.item[0],
                                 .audience = CTX_FOR_CLINICIAN,
                                 .now = forecast->now,
                                 .restricted = forecast->restricted};
    struct pl_orders_ask ask = {.mind = k->c->from.mind,
                                .thinker = k->c->thinker,
                                .timeline =
                                    &k->view[CTX_FOR_CLINICIAN].timeline,
                                .reader = &reader,
                                .abstention = forecast->abstention,
                                .order = k->call->order,
                                .n_orders = k->call->n_orders};
    const struct ctx_suggestion *s;
    size_t n = 0;
    enum an_code rc = pl_orders_say(&ask, k->arena, &s, &n, err);

    k->from_orders = k->n_said;
    for (size_t i = 0; rc == AN_OK && i < n; i++)
        if (!keep(k, &s[i]))
            rc = an_fail_nomem(err);
    k->to_orders = k->n_said;
    return rc;
}

static bool is_repeated(const struct cfg_texts *list, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (an_str_eq(list->item[k], list->item[i]))
            return true;
    return false;
}

/* Of a question about the present: who looks back sees what was there then.
 * Asked once, so that all that is said at once rests on the same. */
static enum an_code look_at_feeds(struct pl_consultation *k, struct an_err *err)
{
    const struct pl_consult_source *from = &k->c->from;

    if (from->feeds == NULL || k->call->now_us ||
        from->options->clock != CFG_CLOCK_SYSTEM)
        return AN_OK;
    k->stale = pl_feeds_stale(from->feeds, k->arena, &k->n_stale);
    return k->stale ? AN_OK : an_fail_nomem(err);
}

static void rest_on_feeds(const struct pl_consultation *k,
                          struct ctx_forecast *f)
{
    f->stale = k->stale;
    f->n_stale = k->n_stale;
    if (k->n_stale &&
        k->c->from.options->feeds_when_stale == CFG_STALE_ABSTAIN &&
        f->abstention == CTX_ABSTAIN_NONE) {
        f->abstention = CTX_ABSTAIN_STALE;
        f->n_risks = f->n_next = 0;
    }
}

static enum an_code forecast_for(struct pl_consultation *k, uint8_t audience,
                                 struct ctx_forecast *out, struct an_err *err)
{
    const struct pl_view *view = &k->view[audience];
    struct an_time now = an_time_us(k->now_us);
    enum an_code rc;

    now.offset_min = an_zone_offset(k->c->from.zone, k->now_us);
    rc = pl_forecast(k->c->thinker, k->arena, &view->timeline, now, out, err);
    if (rc != AN_OK)
        return rc;
    out->restricted = view->n_withheld > 0;
    rest_on_feeds(k, out);
    /* Without these the model finds nobody it was trained on. */
    if (k->disputed && (out->abstention == CTX_ABSTAIN_NONE ||
                        out->abstention == CTX_ABSTAIN_OUT_OF_POPULATION ||
                        out->abstention == CTX_ABSTAIN_UNLIKE_TRAINING)) {
        out->abstention = CTX_ABSTAIN_DISPUTED;
        out->n_risks = out->n_next = 0;
    }
    return AN_OK;
}

/* Of readers who may be told of the same, one forecast serves all. */
static bool sees_the_same(const struct pl_consultation *k, uint8_t a, uint8_t b)
{
    const unsigned *permitted = k->c->from.policy->permitted;

    return permitted[a] == permitted[b] ||
           k->view[a].n_withheld + k->view[b].n_withheld == 0;
}

enum an_code pl_consult_think(struct pl_consultation *k, struct an_err *err)
{
    const struct cfg_options *o = k->c->from.options;
    struct ctx_forecast own = {0}, *forecast = &k->out->forecast;
    enum an_code rc = look_at_feeds(k, err);

    if (rc == AN_OK)
        rc = forecast_for(k, CTX_FOR_CLINICIAN, forecast, err);
    if (rc == AN_OK)
        rc = pl_consult_go_on(k, err);
    if (rc == AN_OK)
        rc = tell(k, forecast, o->languages.item[0], CTX_FOR_CLINICIAN, err);
    if (rc == AN_OK && k->call->n_orders)
        rc = tell_of_orders(k, forecast, err);
    if (rc == AN_OK && !sees_the_same(k, CTX_FOR_CLINICIAN, CTX_FOR_PATIENT)) {
        forecast = &own;
        rc = forecast_for(k, CTX_FOR_PATIENT, forecast, err);
    }
    for (size_t i = 0; rc == AN_OK && i < o->languages.n; i++) {
        if (is_repeated(&o->languages, i))
            continue;
        rc = pl_consult_go_on(k, err);
        if (rc == AN_OK)
            rc = tell(k, forecast, o->languages.item[i], CTX_FOR_PATIENT, err);
    }
    return rc;
}
