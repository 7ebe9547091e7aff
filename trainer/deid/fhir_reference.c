/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/deid/fhir_int.h"

#include "base/uuid.h"

#include <stdio.h>

enum { MAX_ID_BYTES = 64, MAX_TEXT_BYTES = 160 };

bool deid_id_valid(struct an_str id)
{
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '-' || c == '.'))
            return false;
    }
    return id.n > 0 && id.n <= MAX_ID_BYTES;
}

/* What follows `prefix`, if the text begins so. */
static bool after(struct an_str text, struct an_str prefix, struct an_str *rest)
{
    if (!an_str_starts(text, prefix))
        return false;
    *rest = an_str_sub(text, prefix.n, text.n);
    return true;
}

/* "[http://server/path/]Type/id[/_history/version]" */
static bool literal(struct an_str text, struct deid_reference *out)
{
    struct an_str part, type = {NULL, 0}, id = {NULL, 0};
    bool absolute = an_str_starts(text, AN_STR("http://")) ||
                    an_str_starts(text, AN_STR("https://"));
    size_t n = 0;

    while (an_str_cut(&text, '/', &part)) {
        if (an_str_eq(part, AN_STR("_history")))
            break;
        n++;
        type = id;
        id = part;
    }
    out->before = tr_deid_type(TR_DEID_FHIR, type);
    out->id = id;
    out->is_type = true;
    return out->before && deid_id_valid(id) && (absolute ? n >= 5 : n == 2);
}

bool deid_reference(struct an_str text, struct deid_reference *out)
{
    struct an_uuid uuid;

    *out = (struct deid_reference){.before = "#"};
    if (after(text, AN_STR("#"), &out->id))
        return deid_id_valid(out->id);
    out->before = "urn:uuid:";
    if (after(text, AN_STR("urn:uuid:"), &out->id))
        return an_uuid_parse(out->id, &uuid);
    out->before = "urn:oid:";
    out->is_oid = true;
    if (after(text, AN_STR("urn:oid:"), &out->id))
        return an_oid_valid(out->id);
    out->is_oid = false;
    return literal(text, out);
}

static bool name(struct deid_walk *w, struct an_str id,
                 uint8_t name[TR_DEID_NAME_BYTES])
{
    if (w->code == AN_OK)
        w->code = tr_deid_name(&w->d->names, (struct an_str){NULL, 0}, id, name,
                               w->err);
    return w->code == AN_OK;
}

/* The form of a random UUID (RFC 4122 version 4). */
static bool uuid(struct deid_walk *w, struct an_str id,
                 char text[AN_UUID_TEXT_BYTES])
{
    struct an_uuid u;

    if (!name(w, id, u.b))
        return false;
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x40);
    u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
    an_uuid_print(&u, text);
    return true;
}

const struct an_json *deid_id(struct deid_walk *w, struct an_str id)
{
    char text[AN_UUID_TEXT_BYTES];

    return uuid(w, id, text) ? deid_text(w, an_str_c(text)) : NULL;
}

const struct an_json *deid_uid(struct deid_walk *w, struct an_str uid,
                               const char *before)
{
    char oid[TR_DEID_OID_BYTES], text[MAX_TEXT_BYTES];
    uint8_t bytes[TR_DEID_NAME_BYTES];

    if (!name(w, uid, bytes))
        return NULL;
    tr_deid_oid(bytes, oid);
    snprintf(text, sizeof(text), "%s%s", before, oid);
    return deid_text(w, an_str_c(text));
}

const struct an_json *deid_points(struct deid_walk *w, struct an_str text,
                                  bool is_url)
{
    char id[AN_UUID_TEXT_BYTES], whole[MAX_TEXT_BYTES];
    struct deid_reference r;

    if (!deid_reference(text, &r))
        return NULL;
    if (r.is_oid)
        return deid_uid(w, r.id, r.before);
    if (!uuid(w, r.id, id))
        return NULL;
    snprintf(whole, sizeof(whole), "%s%s%s", is_url ? "urn:uuid:" : r.before,
             r.is_type && !is_url ? "/" : "", id);
    return deid_text(w, an_str_c(whole));
}

static struct an_str real_id(const struct deid_walk *w, struct an_str id)
{
    for (size_t i = 0; i < w->n_aliases; i++)
        if (an_str_eq_nocase(w->alias[i].url_id, id))
            return w->alias[i].id;
    return id;
}

/* Whose resource this is: "" where nobody outside its document knows. */
static struct an_str whose(const struct deid_walk *w, const char *type,
                           const struct an_json *resource)
{
    static const char *const keys[] = {"subject", "patient", "beneficiary"};
    struct deid_reference r;

    if (strcmp(type, "Patient") == 0)
        return w->is_contained
                   ? (struct an_str){NULL, 0}
                   : an_json_text(an_json_get(resource, AN_STR("id")));
    for (size_t i = 0; i < 3; i++) {
        const struct an_json *of = an_json_get(resource, an_str_c(keys[i]));

        if (deid_reference(an_json_text(an_json_get(of, AN_STR("reference"))),
                           &r) &&
            r.before[0] != '#' &&
            (!r.is_type || strcmp(r.before, "Patient") == 0))
            return real_id(w, r.id);
    }
    return (struct an_str){NULL, 0};
}

void deid_patient(struct deid_walk *w, const char *type,
                  const struct an_json *resource)
{
    struct an_str id = whose(w, type, resource);
    int days = 0;

    if (id.n && w->code == AN_OK)
        w->code = tr_deid_days(&w->d->names, id, &days, w->err);
    w->dates.as_of = w->d->as_of;
    w->dates.zero_time = w->d->zero_time;
    if (id.n) {
        w->dates.shift_days = days;
        w->has_patient = true;
    }
}

void deid_aliases(struct deid_walk *w, const struct an_json *bundle)
{
    const struct an_json *entries = an_json_get(bundle, AN_STR("entry"));
    struct deid_alias *alias = NULL;

    if (!an_json_is(entries, AN_JSON_ARRAY) || entries->n == 0)
        return;
    for (const struct an_json *e = entries->as.first; e; e = e->next) {
        const struct an_json *r = an_json_get(e, AN_STR("resource"));
        struct an_str id = an_json_text(an_json_get(r, AN_STR("id")));
        struct deid_reference url;

        if (!an_str_eq(an_json_text(an_json_get(r, AN_STR("resourceType"))),
                       AN_STR("Patient")) ||
            id.n == 0 ||
            !deid_reference(an_json_text(an_json_get(e, AN_STR("fullUrl"))),
                            &url) ||
            an_str_eq_nocase(url.id, id))
            continue;
        if (alias == NULL)
            alias = an_arena_get(w->arena, entries->n, sizeof(*alias));
        if (alias == NULL) {
            w->code = an_fail_nomem(w->err);
            return;
        }
        alias[w->n_aliases++] = (struct deid_alias){url.id, id};
    }
    w->alias = alias;
}
