/* SPDX-License-Identifier: Apache-2.0 */
/* Which suggestions leave, the devices they are by, and what must not happen. */
#include "fhir/write_int.h"

#include <string.h>

bool fhir_leaves(const struct ctx_suggestion *s, bool released)
{
    return s->abstention == CTX_ABSTAIN_NONE &&
           (released || !s->patient_facing);
}

/* ---- what must be there ----------------------------------------------------- */

/* What it rests on. */
static enum an_code check_grounds(const struct ctx_suggestion *s,
                                  struct an_err *err)
{
    if (s->kind == CTX_SUGGEST_COMPARISON)
        return s->model.name.n || s->n_citations
                   ? AN_OK
                   : an_fail(err, AN_MISSING, "a comparison without a source",
                             0);
    if (s->n_evidence == 0 && s->kind != CTX_SUGGEST_SUMMARY &&
        !(s->kind == CTX_SUGGEST_DOSING && s->abstention))
        return an_fail(err, AN_MISSING, "a number without evidence", 0);
    for (size_t i = 0; i < s->n_evidence; i++)
        if (s->evidence[i].event->message.n == 0)
            return an_fail(err, AN_MISSING, "evidence that names no message",
                           0);
    return AN_OK;
}

enum an_code fhir_check_suggestion(const struct ctx_suggestion *s,
                                   struct an_err *err)
{
    if (s->kind >= CTX_N_SUGGESTIONS)
        return an_fail(err, AN_UNSUPPORTED, "no resource is of that kind", 0);
    if (s->as_of.precision == AN_TIME_NONE)
        return an_fail(err, AN_MISSING, "a suggestion without a moment", 0);
    if (s->statement.n == 0)
        return an_fail(err, AN_MISSING, "a suggestion without words", 0);
    if ((s->kind == CTX_SUGGEST_RISK || s->kind == CTX_SUGGEST_DIFFERENTIAL) &&
        s->model.name.n == 0)
        return an_fail(err, AN_MISSING, "a probability without a model", 0);
    if (s->kind == CTX_SUGGEST_DIFFERENTIAL && s->n_next == 0)
        return an_fail(err, AN_MISSING, "an empty differential", 0);
    return check_grounds(s, err);
}

/* ---- the plan ---------------------------------------------------------------- */

static bool same_model(const struct ctx_model_id *a,
                       const struct ctx_model_id *b)
{
    return an_str_eq(a->name, b->name) && an_str_eq(a->version, b->version) &&
           an_str_eq(a->digest, b->digest);
}

static enum an_code plan_device(struct fhir_writer *w, struct fhir_plan *p,
                                struct fhir_item *item, struct an_err *err)
{
    const struct ctx_model_id *model = &item->s->model;
    size_t i = 1;

    item->by = &p->device[0];
    if (model->name.n == 0)
        return AN_OK;
    while (i < p->n_devices && !same_model(p->device[i].model, model))
        i++;
    item->by = &p->device[i];
    if (i < p->n_devices)
        return AN_OK;
    p->n_devices++;
    p->device[i].model = model;
    return fhir_device_id(w->arena, w->s, model, &p->device[i].id, err);
}

static enum an_code plan_item(struct fhir_writer *w, struct fhir_plan *p,
                              const struct ctx_suggestion *s,
                              struct an_err *err)
{
    struct fhir_item *item = &p->item[p->n_items];
    enum an_code code = fhir_check_suggestion(s, err);

    if (code != AN_OK)
        return code;
    item->s = s;
    item->type = fhir_chosen_type(w->s, s->kind);
    code = fhir_suggestion_id(w->arena, w->s, w->who, s, &item->id, err);
    if (code == AN_OK)
        code = fhir_provenance_id(&item->id, &item->provenance, err);
    if (code == AN_OK)
        code = plan_device(w, p, item, err);
    if (code != AN_OK)
        return code;
    for (size_t i = 0; i < p->n_items; i++)
        if (memcmp(&p->item[i].id, &item->id, sizeof(item->id)) == 0)
            return an_fail(err, AN_CONFLICT, "two suggestions are one resource",
                           0);
    p->n_items++;
    return AN_OK;
}

/* A text that waits is named and not said. */
static enum an_code plan_waiting(struct fhir_writer *w, struct fhir_plan *p,
                                 const struct ctx_suggestion *s,
                                 struct an_err *err)
{
    struct fhir_item *item = &p->item[p->n_items + p->n_waiting];

    if (s->as_of.precision == AN_TIME_NONE)
        return an_fail(err, AN_MISSING, "a suggestion without a moment", 0);
    *item = (struct fhir_item){
        .s = s, .by = &p->device[0], .type = fhir_chosen_type(w->s, s->kind)};
    p->n_waiting++;
    return fhir_suggestion_id(w->arena, w->s, w->who, s, &item->id, err);
}

static bool is_asked_about(const struct fhir_writer *w,
                           const struct ctx_suggestion *s)
{
    return s->abstention == CTX_ABSTAIN_NONE && s->patient_facing &&
           fhir_chosen_type(w->s, s->kind) &&
           (fhir_asks(w->s, FHIR_RES_TASK) ||
            fhir_asks(w->s, FHIR_RES_COMMUNICATION));
}

/* Of no kind that there is it is refused, and not left out. */
static bool is_said(const struct fhir_writer *w, const struct ctx_suggestion *s,
                    bool released)
{
    return fhir_leaves(s, released) &&
           (s->kind >= CTX_N_SUGGESTIONS || fhir_chosen_type(w->s, s->kind));
}

bool fhir_asks(const struct fhir_write_settings *s, enum fhir_resources what)
{
    unsigned asked = s->resources ? s->resources : FHIR_RES_USUAL;

    return asked >> what & 1;
}

enum an_code fhir_plan_make(struct fhir_writer *w,
                            const struct fhir_saying *what, struct fhir_plan *p,
                            struct an_err *err)
{
    enum an_code code;

    *p = (struct fhir_plan){.n_devices = 1};
    p->device =
        an_arena_get(w->arena, what->n_suggestions + 1, sizeof(*p->device));
    p->item = an_arena_get(w->arena, what->n_suggestions + what->n_waiting,
                           sizeof(*p->item));
    if (p->device == NULL || p->item == NULL)
        return an_fail_nomem(err);
    w->program = p->device;
    code = fhir_device_id(w->arena, w->s, NULL, &p->device[0].id, err);
    for (size_t i = 0; i < what->n_suggestions && code == AN_OK; i++)
        if (is_said(w, &what->suggestion[i], what->released))
            code = plan_item(w, p, &what->suggestion[i], err);
    for (size_t i = 0; i < what->n_waiting && code == AN_OK; i++)
        if (is_asked_about(w, &what->waiting[i]))
            code = plan_waiting(w, p, &what->waiting[i], err);
    if (what->guidance && fhir_asks(w->s, FHIR_RES_GUIDANCE))
        p->guidance = what->guidance;
    for (size_t i = 0; i < p->n_items + p->n_waiting && code == AN_OK; i++)
        w->test = w->test || p->item[i].s->model.demonstrator;
    return code;
}
