/* SPDX-License-Identifier: Apache-2.0 */
/* Each hook's context: what must be there, and of which form. */
#include "fhir/cds_int.h"

#include <stdio.h>

enum { ID_BYTES = 64, TYPE_BYTES = 64 };

static const char *const hook_names[] = {
#define X(name, text) text,
    FHIR_CDS_HOOKS(X)
#undef X
};

struct an_str fhir_cds_hook_name(unsigned hook)
{
    return hook < FHIR_CDS_N_HOOKS ? an_str_c(hook_names[hook]) : AN_STR("");
}

bool fhir_cds_hook_of(struct an_str name, enum fhir_cds_hook *hook)
{
    for (unsigned i = 0; i < FHIR_CDS_N_HOOKS; i++)
        if (an_str_eq(name, an_str_c(hook_names[i]))) {
            *hook = (enum fhir_cds_hook)i;
            return true;
        }
    return false;
}

/* ---- forms ---------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool fhir_cds_is_id(struct an_str id)
{
    for (size_t i = 0; i < id.n; i++)
        if (!is_letter(id.p[i]) && !is_digit(id.p[i]) && id.p[i] != '-' &&
            id.p[i] != '.')
            return false;
    return id.n > 0 && id.n <= ID_BYTES;
}

bool fhir_cds_is_reference(struct an_str text, struct an_str *type,
                           struct an_str *id)
{
    struct an_str rest = text;

    if (!an_str_cut(&rest, '/', type) || type->n == 0 || type->n > TYPE_BYTES ||
        type->p[0] < 'A' || type->p[0] > 'Z')
        return false;
    for (size_t i = 0; i < type->n; i++)
        if (!is_letter(type->p[i]))
            return false;
    *id = rest;
    return fhir_cds_is_id(*id);
}

/* Some clients say who it is by an absolute URL: its last two parts count. */
static bool is_user(struct an_str text)
{
    struct an_str type, id;
    size_t at = text.n, n_slashes = 0;

    while (at > 0 && n_slashes < 2)
        n_slashes += text.p[--at] == '/';
    if (n_slashes == 2)
        text = an_str_sub(text, at + 1, text.n);
    return fhir_cds_is_reference(text, &type, &id);
}

/* ---- elements ------------------------------------------------------------------- */

static enum an_code check_who(const struct fhir_cds_request *r,
                              bool needs_encounter, struct an_err *err)
{
    if (r->user_id.n == 0)
        return fhir_cds_fail(err, AN_MISSING, "a required element is missing",
                             "context.userId");
    if (!is_user(r->user_id))
        return fhir_cds_fail(err, AN_TYPE, "an element is no Type/id",
                             "context.userId");
    if (!fhir_cds_is_id(r->patient_id))
        return fhir_cds_fail(err, AN_TYPE, "an element is no bare id",
                             "context.patientId");
    if (r->encounter_id.n == 0 && needs_encounter)
        return fhir_cds_fail(err, AN_MISSING, "a required element is missing",
                             "context.encounterId");
    if (r->encounter_id.n && !fhir_cds_is_id(r->encounter_id))
        return fhir_cds_fail(err, AN_TYPE, "an element is no bare id",
                             "context.encounterId");
    return AN_OK;
}

/* A Bundle of the context, each of whose entries has a resource. */
static enum an_code get_bundle(const struct fhir_cds_request *r,
                               const char *key, const struct an_json **bundle,
                               struct an_err *err)
{
    const struct an_json *entry, *list;
    char path[AN_PATH_BYTES];
    size_t i = 0;

    *bundle = an_json_get(r->context, an_str_c(key));
    (void)snprintf(path, sizeof(path), "context.%s", key);
    if (*bundle == NULL)
        return fhir_cds_fail(err, AN_MISSING, "a required element is missing",
                             path);
    if (!fhir_cds_is_type(*bundle, AN_STR("Bundle")))
        return fhir_cds_fail(err, AN_TYPE, "an element is no Bundle", path);
    list = an_json_get(*bundle, AN_STR("entry"));
    (void)snprintf(path, sizeof(path), "context.%s.entry", key);
    if (list && !an_json_is(list, AN_JSON_ARRAY))
        return fhir_cds_fail(err, AN_TYPE, "an element is no array", path);
    for (entry = an_json_first(list); entry; entry = entry->next, i++) {
        const struct an_json *resource = an_json_get(entry, AN_STR("resource"));

        if (an_json_text(an_json_get(resource, AN_STR("resourceType"))).n)
            continue;
        (void)snprintf(path, sizeof(path), "context.%s.entry[%zu].resource",
                       key, i);
        return fhir_cds_fail(err, resource ? AN_TYPE : AN_MISSING,
                             "an entry without a resource", path);
    }
    return AN_OK;
}

static enum an_code read_orders(struct an_arena *arena,
                                const struct fhir_cds_request *r,
                                struct fhir_cds_context *out,
                                struct an_err *err)
{
    const struct an_json *drafts, *selections = NULL;
    enum an_code code = get_bundle(r, "draftOrders", &drafts, err);

    if (code != AN_OK)
        return code;
    if (out->hook == FHIR_CDS_ORDER_SELECT) {
        selections = an_json_get(r->context, AN_STR("selections"));
        if (selections == NULL)
            return fhir_cds_fail(err, AN_MISSING,
                                 "a required element is missing",
                                 "context.selections");
        if (!an_json_is(selections, AN_JSON_ARRAY))
            return fhir_cds_fail(err, AN_TYPE, "an element is no array",
                                 "context.selections");
    }
    return fhir_cds_orders(arena, drafts, selections, out, err);
}

static enum an_code read_appointments(const struct fhir_cds_request *r,
                                      struct fhir_cds_context *out,
                                      struct an_err *err)
{
    const struct an_json *bundle, *e;
    enum an_code code = get_bundle(r, "appointments", &bundle, err);
    char path[AN_PATH_BYTES];

    if (code != AN_OK)
        return code;
    for (e = an_json_first(an_json_get(bundle, AN_STR("entry"))); e;
         e = e->next) {
        if (!fhir_cds_is_type(an_json_get(e, AN_STR("resource")),
                              AN_STR("Appointment"))) {
            (void)snprintf(path, sizeof(path),
                           "context.appointments.entry[%zu].resource",
                           out->n_appointments);
            return fhir_cds_fail(err, AN_TYPE, "a resource is no Appointment",
                                 path);
        }
        out->n_appointments++;
    }
    return AN_OK;
}

enum an_code fhir_cds_context(struct an_arena *arena,
                              const struct fhir_cds_request *request,
                              enum fhir_cds_hook hook,
                              struct fhir_cds_context *out, struct an_err *err)
{
    bool of_encounter = hook == FHIR_CDS_ENCOUNTER_START ||
                        hook == FHIR_CDS_ENCOUNTER_DISCHARGE;
    enum an_code code;

    *out = (struct fhir_cds_context){.hook = hook};
    if (!an_str_eq(request->hook, fhir_cds_hook_name(hook)))
        return fhir_cds_fail(err, AN_CODE, "this service is of another hook",
                             "hook");
    code = check_who(request, of_encounter, err);
    if (code != AN_OK)
        return code;
    if (hook == FHIR_CDS_ORDER_SELECT || hook == FHIR_CDS_ORDER_SIGN)
        return read_orders(arena, request, out, err);
    if (hook == FHIR_CDS_APPOINTMENT_BOOK)
        return read_appointments(request, out, err);
    return AN_OK;
}
