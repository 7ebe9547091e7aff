/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_out.h"
#include "fhir/cds_int.h"

#include <stdio.h>
#include <string.h>

enum { BUNDLE_BYTES = 64 << 20 };

/* ---- reading ------------------------------------------------------------------- */

/* The names of ours that the path of an error may show. */
static bool knows(struct an_str key)
{
    static const char *const known[] = {
        "hook",        "hookInstance", "context",     "prefetch",
        "patientId",   "userId",       "fhirServer",  "encounterId",
        "draftOrders", "selections",   "appointments"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (an_str_eq(key, an_str_c(known[i])))
            return true;
    return false;
}

enum an_code fhir_cds_fail(struct an_err *err, enum an_code code,
                           const char *what, const char *path)
{
    (void)an_fail(err, code, what, 0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path), "%s", path);
    return code;
}

/* A text of `object`; `path` ends in its name. */
static enum an_code text_of(const struct an_json *object, const char *path,
                            bool required, struct an_str *out,
                            struct an_err *err)
{
    const char *dot = strrchr(path, '.');
    const struct an_json *j =
        an_json_get(object, an_str_c(dot ? dot + 1 : path));

    *out = an_json_text(j);
    if (j == NULL && !required)
        return AN_OK;
    if (j == NULL)
        return fhir_cds_fail(err, AN_MISSING, "a required element is missing",
                             path);
    if (!an_json_is(j, AN_JSON_STRING) || (required && out->n == 0))
        return fhir_cds_fail(err, AN_TYPE, "an element is no text", path);
    return AN_OK;
}

static enum an_code read_context(const struct an_json *root,
                                 struct fhir_cds_request *r, struct an_err *err)
{
    enum an_code code;

    r->context = an_json_get(root, AN_STR("context"));
    if (r->context == NULL)
        return fhir_cds_fail(err, AN_MISSING, "a required element is missing",
                             "context");
    if (!an_json_is(r->context, AN_JSON_OBJECT))
        return fhir_cds_fail(err, AN_TYPE, "an element is no object",
                             "context");
    code = text_of(r->context, "context.patientId", true, &r->patient_id, err);
    if (code == AN_OK)
        code = text_of(r->context, "context.userId", false, &r->user_id, err);
    if (code == AN_OK)
        code = text_of(r->context, "context.encounterId", false,
                       &r->encounter_id, err);
    return code;
}

static enum an_code read_prefetch(const struct an_json *root,
                                  struct fhir_cds_request *r,
                                  struct an_err *err)
{
    const struct an_json *prefetch = an_json_get(root, AN_STR("prefetch"));

    if (prefetch == NULL || an_json_is(prefetch, AN_JSON_NULL))
        return AN_OK;
    if (!an_json_is(prefetch, AN_JSON_OBJECT))
        return fhir_cds_fail(err, AN_TYPE, "an element is no object",
                             "prefetch");
    r->prefetch = prefetch;
    return AN_OK;
}

enum an_code fhir_cds_read(struct an_arena *arena, struct an_str bytes,
                           struct fhir_cds_request *out, struct an_err *err)
{
    static const struct an_json_limits limits = {.knows = knows};
    struct fhir_cds_request r = {.prefetch = NULL};
    const struct an_json *root;
    enum an_code code = an_json_read(arena, &limits, bytes, &root, err);

    *out = r;
    if (code != AN_OK)
        return code;
    if (!an_json_is(root, AN_JSON_OBJECT))
        return an_fail(err, AN_TYPE, "the request is no object", 0);
    code = text_of(root, "hook", true, &r.hook, err);
    if (code == AN_OK)
        code = text_of(root, "hookInstance", true, &r.hook_instance, err);
    if (code == AN_OK)
        code = text_of(root, "fhirServer", false, &r.fhir_server, err);
    if (code == AN_OK)
        code = read_context(root, &r, err);
    if (code == AN_OK)
        code = read_prefetch(root, &r, err);
    if (code == AN_OK)
        *out = r;
    return code;
}

/* ---- prefetch ------------------------------------------------------------------- */

bool fhir_cds_is_type(const struct an_json *resource, struct an_str type)
{
    return an_str_eq(
        an_json_text(an_json_get(resource, AN_STR("resourceType"))), type);
}

static uint8_t bundle_state(const struct an_json *bundle)
{
    const struct an_json *entry =
        an_json_first(an_json_get(bundle, AN_STR("entry")));

    if (entry == NULL)
        return FHIR_CDS_EMPTY;
    for (; entry; entry = entry->next)
        if (!fhir_cds_is_type(an_json_get(entry, AN_STR("resource")),
                              AN_STR("OperationOutcome")))
            return FHIR_CDS_FOUND;
    return FHIR_CDS_FAILED;
}

static bool has_next(const struct an_json *bundle)
{
    const struct an_json *link =
        an_json_first(an_json_get(bundle, AN_STR("link")));

    while (link &&
           !an_str_eq(an_json_text(an_json_get(link, AN_STR("relation"))),
                      AN_STR("next")))
        link = link->next;
    return link != NULL;
}

static struct fhir_cds_prefetch state_of(const struct an_json *value)
{
    struct fhir_cds_prefetch p = {.state = FHIR_CDS_FOUND, .value = value};

    if (an_json_is(value, AN_JSON_NULL)) {
        p.state = FHIR_CDS_NULL;
    } else if (fhir_cds_is_type(value, AN_STR("Bundle"))) {
        p.state = bundle_state(value);
        p.more = has_next(value);
    } else if (fhir_cds_is_type(value, AN_STR("OperationOutcome")) ||
               an_json_text(an_json_get(value, AN_STR("resourceType"))).n ==
                   0) {
        p.state = FHIR_CDS_FAILED;
    }
    return p;
}

struct fhir_cds_prefetch fhir_cds_prefetched(
    const struct fhir_cds_request *request, struct an_str key)
{
    const struct an_json *value = an_json_get(request->prefetch, key);

    if (value == NULL)
        return (struct fhir_cds_prefetch){.state = FHIR_CDS_ABSENT};
    return state_of(value);
}

bool fhir_cds_is_partial(const struct fhir_cds_request *request)
{
    struct fhir_cds_prefetch is = {.more = false};

    for (const struct an_json *p = an_json_first(request->prefetch); p;
         p = p->next) {
        is = state_of(p);
        if (is.more || is.state == FHIR_CDS_FAILED)
            return true;
    }
    return false;
}

/* ---- what was found, as one Bundle ------------------------------------------------ */

/* Whether there was a resource. */
static bool put_entry(struct an_json_out *w, struct an_str full_url,
                      const struct an_json *resource)
{
    if (!an_json_is(resource, AN_JSON_OBJECT))
        return false;
    an_out_object(w);
    an_out_key_str(w, "fullUrl", full_url);
    an_out_key(w, "resource");
    an_out_tree(w, resource);
    an_out_end(w);
    return true;
}

enum an_code fhir_cds_bundle(struct an_arena *arena,
                             const struct fhir_cds_request *request,
                             struct an_str *json, struct an_err *err)
{
    struct an_json_out w;
    size_t n = 0;

    *json = AN_STR("");
    an_out_init(&w, arena, BUNDLE_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "resourceType", AN_STR("Bundle"));
    an_out_key_str(&w, "type", AN_STR("collection"));
    an_out_key(&w, "entry");
    an_out_array(&w);
    for (const struct an_json *p = an_json_first(request->prefetch); p;
         p = p->next) {
        if (state_of(p).state != FHIR_CDS_FOUND)
            continue;
        if (!fhir_cds_is_type(p, AN_STR("Bundle"))) {
            n += put_entry(&w, AN_STR(""), p);
            continue;
        }
        for (const struct an_json *e =
                 an_json_first(an_json_get(p, AN_STR("entry")));
             e; e = e->next)
            n += put_entry(&w, an_json_text(an_json_get(e, AN_STR("fullUrl"))),
                           an_json_get(e, AN_STR("resource")));
    }
    an_out_end(&w);
    an_out_end(&w);
    return n || w.code != AN_OK ? an_out_done(&w, json, err) : AN_OK;
}
