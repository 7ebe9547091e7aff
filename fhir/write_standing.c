/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a resource of ours at the receiver, and how it is taken back. */
#include "fhir/write_request.h"

#include "base/json_out.h"
#include "base/uuid.h"
#include "fhir/write.h"

#include <string.h>

#define ENTERED_IN_ERROR "entered-in-error"

static struct an_str member(const struct an_json *j, const char *key)
{
    return an_json_text(an_json_get(j, an_str_c(key)));
}

/* ---- has somebody changed it? -------------------------------------------------- */

/* A server makes these as it likes. */
static bool is_the_servers(const struct an_json *m)
{
    return an_json_key_is(m, AN_STR("id")) ||
           an_json_key_is(m, AN_STR("meta")) ||
           an_json_key_is(m, AN_STR("text")) ||
           an_json_key_is(m, AN_STR("implicitRules"));
}

/* A reference that was conditional, or named an entry of the transaction, has
 * been resolved: it is held against nothing but its type. */
static bool same_reference(struct an_str ours, struct an_str theirs)
{
    size_t n = 0;

    if (an_str_eq(ours, theirs) || an_str_starts(ours, AN_STR("urn:uuid:")))
        return true;
    while (n < ours.n && ours.p[n] != '?' && ours.p[n] != '/')
        n++;
    return n < ours.n && ours.p[n] == '?' &&
           an_str_starts(theirs, an_str_sub(ours, 0, n));
}

static bool holds(const struct an_json *ours, const struct an_json *theirs);

static bool holds_members(const struct an_json *ours,
                          const struct an_json *theirs)
{
    for (const struct an_json *m = an_json_first(ours); m; m = m->next) {
        const struct an_json *t = an_json_get(theirs, an_json_key(m));

        if (an_json_key_is(m, AN_STR("reference")) &&
            m->kind == AN_JSON_STRING) {
            if (!same_reference(an_json_text(m), an_json_text(t)))
                return false;
        } else if (t == NULL || !holds(m, t)) {
            return false;
        }
    }
    return true;
}

/* Numbers of another spelling are the same when their doubles are. */
static bool same_number(const struct an_json *a, const struct an_json *b)
{
    double x = 0, y = 0;

    return an_str_eq(an_json_literal(a), an_json_literal(b)) ||
           (an_json_double(a, &x) && an_json_double(b, &y) && !(x < y) &&
            !(x > y));
}

/* Depth is bounded by the reader's. */
static bool holds(const struct an_json *ours, const struct an_json *theirs)
{
    const struct an_json *a, *b;

    if (ours->kind != theirs->kind)
        return false;
    switch ((enum an_json_kind)ours->kind) {
    case AN_JSON_OBJECT: return holds_members(ours, theirs);
    case AN_JSON_ARRAY:
        if (ours->n != theirs->n)
            return false;
        for (a = an_json_first(ours), b = an_json_first(theirs); a && b;
             a = a->next, b = b->next)
            if (!holds(a, b))
                return false;
        return true;
    case AN_JSON_NUMBER: return same_number(ours, theirs);
    case AN_JSON_STRING:
        return an_str_eq(an_json_text(ours), an_json_text(theirs));
    case AN_JSON_BOOL: return ours->n == theirs->n;
    case AN_JSON_NULL: return true;
    }
    return false;
}

bool fhir_request_stands(const struct an_json *ours,
                         const struct an_json *theirs)
{
    if (!an_json_is(ours, AN_JSON_OBJECT) ||
        !an_json_is(theirs, AN_JSON_OBJECT))
        return false;
    for (const struct an_json *m = an_json_first(theirs); m; m = m->next)
        if (!is_the_servers(m) && an_json_get(ours, an_json_key(m)) == NULL &&
            !an_json_key_is(m, AN_STR("identifier")))
            return false;
    for (const struct an_json *m = an_json_first(ours); m; m = m->next) {
        const struct an_json *t = an_json_get(theirs, an_json_key(m));

        if (!is_the_servers(m) && !an_json_key_is(m, AN_STR("identifier")) &&
            (t == NULL || !holds(m, t)))
            return false;
    }
    return true;
}

bool fhir_request_is_draft(const struct an_json *resource)
{
    static const char *const ours[] = {"preliminary", "registered",  "draft",
                                       "requested",   "in-progress", "active"};
    struct an_str status = member(resource, "status");
    struct an_str doc = member(resource, "docStatus");

    if (an_str_eq(member(resource, "resourceType"),
                  AN_STR("DocumentReference")))
        return an_str_eq(status, AN_STR("current")) &&
               (doc.n == 0 || an_str_eq(doc, AN_STR("preliminary")));
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (an_str_eq(status, an_str_c(ours[i])))
            return true;
    return false;
}

/* ---- taking back --------------------------------------------------------------- */

enum an_code fhir_request_withdraw(struct an_arena *arena,
                                   const struct an_json *resource,
                                   struct an_str *json, bool *is_new,
                                   struct an_err *err)
{
    struct an_json_out out;

    *is_new = !an_str_eq(member(resource, "status"), AN_STR(ENTERED_IN_ERROR));
    an_out_init(&out, arena, 2 * FHIR_WRITE_BYTES);
    an_out_object(&out);
    for (const struct an_json *m = an_json_first(resource); m; m = m->next) {
        an_out_name(&out, an_json_key(m));
        if (an_json_key_is(m, AN_STR("status")) ||
            an_json_key_is(m, AN_STR("docStatus")))
            an_out_str(&out, AN_STR(ENTERED_IN_ERROR));
        else
            an_out_tree(&out, m);
    }
    an_out_end(&out);
    return an_out_done(&out, json, err);
}

static enum an_code nullified_id(struct an_arena *arena, struct an_str resource,
                                 struct an_str *id, struct an_err *err)
{
    char text[AN_UUID_TEXT_BYTES];
    struct an_uuid uuid;
    struct an_buf b;
    struct an_str name;
    enum an_code rc;

    an_buf_init(&b, arena, 128);
    an_buf_put_c(&b, "withdrawal|");
    an_buf_put(&b, resource);
    rc = an_buf_done(&b, &name, err);
    if (rc == AN_OK)
        rc = an_uuid5(&fhir_space, name, &uuid, err);
    if (rc != AN_OK)
        return rc;
    an_uuid_print(&uuid, text);
    return an_arena_str(arena, an_str_c(text), id) ? AN_OK : an_fail_nomem(err);
}

static void put_coding(struct an_json_out *out, const char *system,
                       const char *code)
{
    an_out_object(out);
    an_out_key_str(out, "system", an_str_c(system));
    an_out_key_str(out, "code", an_str_c(code));
    an_out_end(out);
}

static void put_concept(struct an_json_out *out, const char *key,
                        const char *system, const char *code)
{
    an_out_key(out, key);
    an_out_object(out);
    an_out_key(out, "coding");
    an_out_array(out);
    put_coding(out, system, code);
    an_out_end(out);
    an_out_end(out);
}

static void put_agent(struct an_json_out *out, struct an_str software)
{
    an_out_key(out, "agent");
    an_out_array(out);
    an_out_object(out);
    put_concept(out, "type",
                "http://terminology.hl7.org/CodeSystem/"
                "provenance-participant-type",
                "author");
    an_out_key(out, "who");
    an_out_object(out);
    an_out_key_str(out, "type", AN_STR("Device"));
    an_out_key_str(out, "display", software);
    an_out_end(out);
    an_out_end(out);
    an_out_end(out);
}

enum an_code fhir_request_nullified(struct an_arena *arena,
                                    const struct fhir_withdrawal *w,
                                    struct an_str *id, struct an_str *json,
                                    struct an_err *err)
{
    struct an_json_out out;
    enum an_code rc = nullified_id(arena, w->resource, id, err);

    if (rc != AN_OK)
        return rc;
    an_out_init(&out, arena, FHIR_WRITE_BYTES);
    an_out_object(&out);
    an_out_key_str(&out, "resourceType", AN_STR("Provenance"));
    an_out_key_str(&out, "id", *id);
    an_out_key(&out, "target");
    an_out_array(&out);
    an_out_object(&out);
    an_out_key_str(&out, "reference", w->target);
    an_out_end(&out);
    an_out_end(&out);
    an_out_key_str(&out, "recorded", w->recorded);
    an_out_key(&out, "reason");
    an_out_array(&out);
    an_out_object(&out);
    an_out_key_str(&out, "text", w->reason);
    an_out_end(&out);
    an_out_end(&out);
    put_concept(&out, "activity",
                "http://terminology.hl7.org/CodeSystem/v3-DataOperation",
                "NULLIFY");
    put_agent(&out, w->software);
    an_out_end(&out);
    return an_out_done(&out, json, err);
}
