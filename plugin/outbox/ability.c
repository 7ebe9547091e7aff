/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/outbox/ability.h"

#include "base/json.h"

static struct an_str member(const struct an_json *j, const char *key)
{
    return an_json_text(an_json_get(j, an_str_c(key)));
}

static bool yes(const struct an_json *j, const char *key)
{
    bool v = false;

    return an_json_bool(an_json_get(j, an_str_c(key)), &v) && v;
}

/* A list has an element whose member says this. */
static bool has(const struct an_json *list, const char *key, const char *value)
{
    for (const struct an_json *e = an_json_first(list); e; e = e->next)
        if (an_str_eq(member(e, key), an_str_c(value)))
            return true;
    return false;
}

/* Types of suggestions; a Device is only ever the same. */
static bool is_ours(struct an_str type)
{
    static const char *const ours[] = {"RiskAssessment",     "Observation",
                                       "DocumentReference",  "Device",
                                       "ClinicalImpression", "DetectedIssue"};

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (an_str_eq(type, an_str_c(ours[i])))
            return true;
    return false;
}

static void take_resource(const struct an_json *j, struct pl_ability *out,
                          bool *any)
{
    struct an_str type = member(j, "type"), versions = member(j, "versioning");

    if (an_str_eq(type, AN_STR("Provenance")))
        out->finds_provenance =
            has(an_json_get(j, AN_STR("searchParam")), "name", "target");
    if (!is_ours(type))
        return;
    if (!*any)
        out->updates = out->creates_once = out->versions = true;
    *any = true;
    out->updates = out->updates && yes(j, "updateCreate");
    out->creates_once = out->creates_once && yes(j, "conditionalCreate");
    /* Who says nothing of versions may well have them. */
    out->versions = out->versions && !an_str_eq(versions, AN_STR("no-version"));
}

enum an_code pl_ability_read(struct an_arena *arena, struct an_str bytes,
                             struct pl_ability *out, struct an_err *err)
{
    const struct an_json *root = NULL, *rest;
    bool any = false;
    enum an_code rc =
        an_json_read(arena, &(struct an_json_limits){0}, bytes, &root, NULL);

    *out = (struct pl_ability){.transaction = false};
    if (rc == AN_NOMEM)
        return an_fail_nomem(err);
    if (rc != AN_OK ||
        !an_str_eq(member(root, "resourceType"), AN_STR("CapabilityStatement")))
        return an_fail(err, AN_TYPE, "no CapabilityStatement", 0);
    rest = an_json_first(an_json_get(root, AN_STR("rest")));
    while (rest && !an_str_eq(member(rest, "mode"), AN_STR("server")))
        rest = rest->next;
    if (rest == NULL)
        return an_fail(err, AN_TYPE, "no server's CapabilityStatement", 0);
    out->transaction =
        has(an_json_get(rest, AN_STR("interaction")), "code", "transaction");
    for (const struct an_json *r =
             an_json_first(an_json_get(rest, AN_STR("resource")));
         r; r = r->next)
        take_resource(r, out, &any);
    return AN_OK;
}
