/* SPDX-License-Identifier: Apache-2.0 */
/* The transaction: which suggestions leave, the devices they are by, and what
 * must not happen. */
#include "fhir/write_int.h"

#include <string.h>

struct plan {
    struct fhir_device *device; /* the program first */
    struct fhir_item *item;
    size_t n_devices, n_items;
};

/* What answers a draft order is no fact, and no resource. */
static bool is_of_a_draft(const struct ctx_suggestion *s)
{
    return s->kind == CTX_SUGGEST_COMPARISON || s->kind == CTX_SUGGEST_DOSING;
}

bool fhir_leaves(const struct ctx_suggestion *s, bool released)
{
    return s->abstention == CTX_ABSTAIN_NONE &&
           (released || !s->patient_facing);
}

/* ---- what must be there ----------------------------------------------------- */

static enum an_code check_who(const struct fhir_write_settings *s,
                              const struct fhir_who *who, struct an_err *err)
{
    if (s->own.n == 0 || s->software.n == 0)
        return an_fail(err, AN_MISSING, "our own name space or name is unset",
                       0);
    if (who->id.value.n == 0)
        return an_fail(err, AN_MISSING, "the patient has no identifier", 0);
    if (who->patient_id.n == 0 && who->system.n == 0 && !s->reading)
        return an_fail(err, AN_MISSING,
                       "the patient's identifier has no system", 0);
    return AN_OK;
}

/* What it rests on. */
static enum an_code check_grounds(const struct ctx_suggestion *s,
                                  struct an_err *err)
{
    if (s->kind == CTX_SUGGEST_COMPARISON)
        return s->model.name.n || s->n_citations
                   ? AN_OK
                   : an_fail(err, AN_MISSING, "a comparison without a source",
                             0);
    if (s->kind != CTX_SUGGEST_SUMMARY && s->n_evidence == 0)
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

static enum an_code plan_device(struct fhir_writer *w, struct plan *p,
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

static enum an_code plan_item(struct fhir_writer *w, struct plan *p,
                              const struct ctx_suggestion *s,
                              struct an_err *err)
{
    struct fhir_item *item = &p->item[p->n_items];
    enum an_code code = fhir_check_suggestion(s, err);

    if (code != AN_OK)
        return code;
    item->s = s;
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

static enum an_code plan_all(struct fhir_writer *w, struct plan *p,
                             const struct fhir_saying *what, struct an_err *err)
{
    enum an_code code;

    p->device =
        an_arena_get(w->arena, what->n_suggestions + 1, sizeof(*p->device));
    p->item = an_arena_get(w->arena, what->n_suggestions, sizeof(*p->item));
    if (p->device == NULL || p->item == NULL)
        return an_fail_nomem(err);
    p->n_devices = 1;
    w->program = p->device;
    code = fhir_device_id(w->arena, w->s, NULL, &p->device[0].id, err);
    for (size_t i = 0; i < what->n_suggestions && code == AN_OK; i++)
        if (!is_of_a_draft(&what->suggestion[i]) &&
            fhir_leaves(&what->suggestion[i], what->released))
            code = plan_item(w, p, &what->suggestion[i], err);
    return code;
}

/* ---- the bytes --------------------------------------------------------------- */

static void put_item(struct fhir_writer *w, const struct fhir_item *item)
{
    static void (*const put[CTX_N_SUGGESTIONS])(struct fhir_writer *,
                                                const struct fhir_item *) = {
        [CTX_SUGGEST_RISK] = fhir_put_risk,
        [CTX_SUGGEST_DIFFERENTIAL] = fhir_put_risk,
        [CTX_SUGGEST_SCORE] = fhir_put_score,
        [CTX_SUGGEST_SUMMARY] = fhir_put_document,
    };

    put[item->s->kind](w, item);
    fhir_put_provenance(w, item);
}

static enum an_code put_bundle(struct fhir_writer *w, const struct plan *p,
                               struct an_str *json, struct an_err *err)
{
    w->resource = an_arena_get(w->arena, p->n_devices + 2 * p->n_items,
                               sizeof(*w->resource));
    if (w->resource == NULL)
        return an_fail_nomem(err);
    an_out_init(&w->out, w->arena, FHIR_WRITE_BYTES);
    an_out_object(&w->out);
    fhir_put_c(w, "resourceType", "Bundle");
    fhir_put_c(w, "type", "transaction");
    an_out_key(&w->out, "entry");
    an_out_array(&w->out);
    for (size_t i = 0; i < p->n_devices; i++)
        fhir_put_device(w, &p->device[i]);
    for (size_t i = 0; i < p->n_items; i++)
        put_item(w, &p->item[i]);
    an_out_end(&w->out);
    an_out_end(&w->out);
    if (w->code != AN_OK)
        return an_fail(err, w->code, w->what, 0);
    return an_out_done(&w->out, json, err);
}

enum an_code fhir_write(struct an_arena *arena,
                        const struct fhir_write_settings *s,
                        const struct fhir_who *who,
                        const struct fhir_saying *what,
                        struct fhir_written *out, struct an_err *err)
{
    struct fhir_writer w = {
        .arena = arena, .s = s, .who = who, .now_us = what->now_us};
    struct plan p = {NULL, NULL, 0, 0};
    enum an_code code = check_who(s, who, err);

    *out = (struct fhir_written){.n_suggestions = 0};
    if (code == AN_OK)
        code = plan_all(&w, &p, what, err);
    if (code != AN_OK || p.n_items == 0)
        return code;
    code = put_bundle(&w, &p, &out->json, err);
    if (code != AN_OK)
        return code;
    out->n_suggestions = p.n_items;
    out->resource = w.resource;
    out->n_resources = w.n_resources;
    return AN_OK;
}
