/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/write_request.h"

#include "base/json_out.h"
#include "base/uuid.h"
#include "fhir/write.h"

#include <string.h>

#define OWN_SYSTEM "urn:ietf:rfc:3986"
#define URN "urn:uuid:"

enum { ADDRESS_BYTES = 4096 };

/* ---- reading ---------------------------------------------------------------- */

static struct an_str member(const struct an_json *j, const char *key)
{
    return an_json_text(an_json_get(j, an_str_c(key)));
}

static bool has_identifier(struct an_str type)
{
    return !an_str_eq(type, AN_STR("Provenance")) &&
           !an_str_eq(type, AN_STR("AuditEvent")) &&
           !an_str_eq(type, AN_STR("Composition"));
}

/* The id that a reference of ours ends in: "Type/id", "urn:uuid:id", or an
 * address before those. */
static struct an_str tail(struct an_str reference)
{
    size_t n = reference.n;

    while (n && reference.p[n - 1] != '/' && reference.p[n - 1] != ':')
        n--;
    return an_str_sub(reference, n, reference.n);
}

static bool read_entry(const struct an_json *j, struct fhir_request_entry *e)
{
    const struct an_json *resource = an_json_get(j, AN_STR("resource"));
    struct an_str method = member(an_json_get(j, AN_STR("request")), "method");
    struct an_uuid id;

    *e = (struct fhir_request_entry){.type = member(resource, "resourceType"),
                                     .id = member(resource, "id"),
                                     .full = member(j, "fullUrl"),
                                     .resource = resource};
    e->has_identifier = has_identifier(e->type);
    if (!e->has_identifier)
        e->target =
            tail(member(an_json_at(an_json_get(resource, AN_STR("target")), 0),
                        "reference"));
    return e->type.n && an_uuid_parse(e->id, &id) &&
           an_str_eq(method, AN_STR("PUT"));
}

enum an_code fhir_request_read(struct an_arena *arena, struct an_str bytes,
                               struct fhir_request *out, struct an_err *err)
{
    const struct an_json *root = NULL, *list, *j;
    enum an_code rc =
        an_json_read(arena, &(struct an_json_limits){0}, bytes, &root, NULL);

    *out = (struct fhir_request){.bytes = bytes};
    if (rc == AN_NOMEM)
        return an_fail_nomem(err);
    list = rc == AN_OK ? an_json_get(root, AN_STR("entry")) : NULL;
    if (!an_json_is(list, AN_JSON_ARRAY))
        return AN_OK;
    out->entry = an_arena_get(arena, list->n, sizeof(*out->entry));
    if (out->entry == NULL)
        return an_fail_nomem(err);
    for (j = an_json_first(list); j; j = j->next) {
        if (!read_entry(j, &out->entry[out->n_entries])) {
            out->n_entries = 0;
            return AN_OK;
        }
        out->n_entries++;
    }
    return AN_OK;
}

static bool is_conditional(struct an_str reference)
{
    return an_str_starts(reference, AN_STR("Patient?"));
}

/* Depth is bounded by the reader's. */
static struct an_str find_conditional(const struct an_json *j)
{
    for (const struct an_json *m = an_json_first(j); m; m = m->next) {
        struct an_str found = an_json_text(m);

        if (j->kind == AN_JSON_OBJECT &&
            an_json_key_is(m, AN_STR("reference")) && is_conditional(found))
            return found;
        found = find_conditional(m);
        if (found.n)
            return found;
    }
    return AN_STR("");
}

struct an_str fhir_request_patient(const struct fhir_request *r)
{
    struct an_str found = AN_STR("");

    for (size_t i = 0; found.n == 0 && i < r->n_entries; i++)
        found = find_conditional(r->entry[i].resource);
    return found;
}

/* ---- writing ---------------------------------------------------------------- */

struct asking {
    struct an_arena *arena;
    struct an_json_out out;
    const struct fhir_request *r;
    const struct fhir_request_at *at;
    enum fhir_request_mode mode;
    struct an_str patient; /* in place of a conditional reference */
};

static struct an_str joined(struct asking *a, struct an_str x, struct an_str y,
                            struct an_str z)
{
    struct an_str text = AN_STR("");
    struct an_buf b;

    an_buf_init(&b, a->arena, ADDRESS_BYTES);
    an_buf_put(&b, x);
    an_buf_put(&b, y);
    an_buf_put(&b, z);
    if (an_buf_done(&b, &text, NULL) != AN_OK && a->out.code == AN_OK) {
        a->out.code = b.code;
        a->out.what = "an address is too long";
    }
    return text;
}

static bool is_left_out(const struct asking *a, size_t i)
{
    return a->at && a->at[i].left_out;
}

static struct an_str address_of(const struct asking *a, size_t i)
{
    return a->at ? a->at[i].address : AN_STR("");
}

/* It is asked for by POST. */
static bool creates(const struct asking *a, size_t i)
{
    return a->mode == FHIR_REQUEST_POST && address_of(a, i).n == 0;
}

static struct an_str reference(struct asking *a, struct an_str said)
{
    struct an_str id = tail(said);

    if (is_conditional(said))
        return a->patient.n ? a->patient : said;
    for (size_t i = 0; i < a->r->n_entries; i++) {
        if (!an_str_eq(a->r->entry[i].id, id))
            continue;
        if (address_of(a, i).n)
            return address_of(a, i);
        return creates(a, i) && !is_left_out(a, i)
                   ? joined(a, AN_STR(URN), id, AN_STR(""))
                   : said;
    }
    return said;
}

/* A value with its references turned to where they are kept. */
static void put_value(struct asking *a, const struct an_json *j)
{
    if (j->kind == AN_JSON_OBJECT) {
        an_out_object(&a->out);
        for (const struct an_json *m = an_json_first(j); m; m = m->next) {
            an_out_name(&a->out, an_json_key(m));
            if (an_json_key_is(m, AN_STR("reference")) &&
                m->kind == AN_JSON_STRING)
                an_out_str(&a->out, reference(a, an_json_text(m)));
            else
                put_value(a, m);
        }
        an_out_end(&a->out);
    } else if (j->kind == AN_JSON_ARRAY) {
        an_out_array(&a->out);
        for (const struct an_json *m = an_json_first(j); m; m = m->next)
            put_value(a, m);
        an_out_end(&a->out);
    } else {
        an_out_tree(&a->out, j);
    }
}

static bool is_own_identifier(const struct an_json *list, struct an_str id)
{
    for (const struct an_json *m = an_json_first(list); m; m = m->next)
        if (an_str_eq(member(m, "system"), AN_STR(OWN_SYSTEM)) &&
            an_str_eq(tail(member(m, "value")), id))
            return true;
    return false;
}

static void put_own_identifier(struct asking *a, struct an_str id)
{
    an_out_object(&a->out);
    an_out_key_str(&a->out, "system", AN_STR(OWN_SYSTEM));
    an_out_key_str(&a->out, "value", joined(a, AN_STR(URN), id, AN_STR("")));
    an_out_end(&a->out);
}

/* identifier, ours among those that it has. */
static void put_identifiers(struct asking *a, const struct an_json *list,
                            struct an_str id)
{
    an_out_key(&a->out, "identifier");
    an_out_array(&a->out);
    for (const struct an_json *m = an_json_first(list); m; m = m->next)
        put_value(a, m);
    if (!is_own_identifier(list, id))
        put_own_identifier(a, id);
    an_out_end(&a->out);
}

static void put_resource(struct asking *a, size_t i)
{
    const struct fhir_request_entry *e = &a->r->entry[i];
    const struct an_json *list = an_json_get(e->resource, AN_STR("identifier"));
    bool names = a->mode == FHIR_REQUEST_POST && e->has_identifier;

    an_out_object(&a->out);
    for (const struct an_json *m = an_json_first(e->resource); m; m = m->next) {
        if (an_json_key_is(m, AN_STR("id"))) {
            if (!creates(a, i))
                an_out_key_str(&a->out, "id",
                               address_of(a, i).n ? tail(address_of(a, i))
                                                  : e->id);
            if (names && list == NULL)
                put_identifiers(a, NULL, e->id);
        } else if (names && m == list) {
            put_identifiers(a, list, e->id);
        } else {
            an_out_name(&a->out, an_json_key(m));
            put_value(a, m);
        }
    }
    an_out_end(&a->out);
}

static struct an_str path_of(struct asking *a, size_t i)
{
    const struct fhir_request_entry *e = &a->r->entry[i];

    if (creates(a, i))
        return e->type;
    return address_of(a, i).n ? address_of(a, i)
                              : joined(a, e->type, AN_STR("/"), e->id);
}

static struct an_str if_match(struct asking *a, size_t i)
{
    if (a->at == NULL || a->at[i].version.n == 0 || creates(a, i))
        return AN_STR("");
    return joined(a, AN_STR("W/\""), a->at[i].version, AN_STR("\""));
}

static struct an_str if_none_exist(struct asking *a, size_t i)
{
    if (!creates(a, i) || !a->r->entry[i].has_identifier)
        return AN_STR("");
    return joined(a, AN_STR("identifier=" OWN_SYSTEM "|" URN),
                  a->r->entry[i].id, AN_STR(""));
}

/* The receiver's base before where it is kept. */
static struct an_str full_url(struct asking *a, size_t i)
{
    const struct fhir_request_entry *e = &a->r->entry[i];
    size_t own = e->type.n + 1 + e->id.n;

    if (creates(a, i))
        return joined(a, AN_STR(URN), e->id, AN_STR(""));
    if (address_of(a, i).n == 0 || e->full.n < own ||
        an_str_starts(e->full, AN_STR(URN)))
        return e->full;
    return joined(a, an_str_sub(e->full, 0, e->full.n - own), address_of(a, i),
                  AN_STR(""));
}

static void put_entry(struct asking *a, size_t i)
{
    bool is_new = creates(a, i);

    an_out_object(&a->out);
    an_out_key_str(&a->out, "fullUrl", full_url(a, i));
    an_out_key(&a->out, "resource");
    put_resource(a, i);
    an_out_key(&a->out, "request");
    an_out_object(&a->out);
    an_out_key_str(&a->out, "method", an_str_c(is_new ? "POST" : "PUT"));
    an_out_key_str(&a->out, "url", path_of(a, i));
    an_out_key_str(&a->out, "ifMatch", if_match(a, i));
    an_out_key_str(&a->out, "ifNoneExist", if_none_exist(a, i));
    an_out_end(&a->out);
    an_out_end(&a->out);
}

static bool is_as_read(const struct asking *a)
{
    if (a->mode != FHIR_REQUEST_PUT || a->patient.n)
        return false;
    for (size_t i = 0; a->at && i < a->r->n_entries; i++)
        if (a->at[i].left_out || a->at[i].version.n || a->at[i].address.n)
            return false;
    return true;
}

enum an_code fhir_request_bundle(struct an_arena *arena,
                                 const struct fhir_request *r,
                                 enum fhir_request_mode mode,
                                 const struct fhir_request_at *at,
                                 struct an_str *json, struct an_err *err)
{
    struct asking a = {.arena = arena, .r = r, .at = at, .mode = mode};

    *json = r->bytes;
    if (r->n_entries == 0 || is_as_read(&a))
        return AN_OK;
    an_out_init(&a.out, arena, 2 * FHIR_WRITE_BYTES);
    an_out_object(&a.out);
    an_out_key_str(&a.out, "resourceType", AN_STR("Bundle"));
    an_out_key_str(&a.out, "type", AN_STR("transaction"));
    an_out_key(&a.out, "entry");
    an_out_array(&a.out);
    for (size_t i = 0; i < r->n_entries; i++)
        if (!is_left_out(&a, i))
            put_entry(&a, i);
    an_out_end(&a.out);
    an_out_end(&a.out);
    return an_out_done(&a.out, json, err);
}

enum an_code fhir_request_one(struct an_arena *arena,
                              const struct fhir_request *r, size_t i,
                              enum fhir_request_mode mode,
                              const struct fhir_request_at *at,
                              struct an_str patient,
                              struct fhir_request_one *out, struct an_err *err)
{
    struct asking a = {
        .arena = arena, .r = r, .at = at, .mode = mode, .patient = patient};

    an_out_init(&a.out, arena, 2 * FHIR_WRITE_BYTES);
    put_resource(&a, i);
    *out = (struct fhir_request_one){.creates = creates(&a, i),
                                     .path = path_of(&a, i),
                                     .if_match = if_match(&a, i),
                                     .if_none_exist = if_none_exist(&a, i)};
    return an_out_done(&a.out, &out->body, err);
}
