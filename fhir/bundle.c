/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/reader_int.h"

/* ---- types -------------------------------------------------------------- */

struct type_row {
    const char *name;
};

static const struct type_row types[] = {
#include "config/tables/fhir-types.inc"
};

size_t fhir_n_types(void)
{
    return sizeof(types) / sizeof(types[0]);
}

struct an_str fhir_type_name(uint32_t row)
{
    return row < fhir_n_types() ? an_str_c(types[row].name) : AN_STR("?");
}

uint32_t fhir_type_row(struct an_str type)
{
    size_t from = 0, to = fhir_n_types();

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int cmp = an_str_cmp(type, an_str_c(types[middle].name));

        if (cmp == 0)
            return (uint32_t)middle;
        if (cmp < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return (uint32_t)fhir_n_types();
}

/* ---- when it was said --------------------------------------------------- */

static int64_t instant(struct fhir_reader *r, const struct an_json *j)
{
    struct an_time t;

    return an_time_fhir(an_json_text(j), &r->s->zone, &t) ? t.us : 0;
}

/* meta.lastUpdated, else the Bundle's, else when it was recorded. */
static int64_t said(struct fhir_reader *r, const struct fhir_entry *e)
{
    const struct an_json *meta = an_json_get(e->resource, AN_STR("meta"));
    int64_t us = instant(r, an_json_get(meta, AN_STR("lastUpdated")));

    if (us == 0)
        us = r->out->said_us;
    if (us == 0 && e->rule)
        us = instant(r, fhir_find(r, e->resource, e->rule->available, false));
    return us;
}

/* ---- whose id it is ----------------------------------------------------- */

/* The server will choose the id of what it creates; in a history it has. */
static bool is_created(const struct fhir_reader *r,
                       const struct an_json *request)
{
    return !r->history &&
           an_str_eq(an_json_text(an_json_get(request, AN_STR("method"))),
                     AN_STR("POST"));
}

static void identify(struct fhir_reader *r, struct fhir_entry *e,
                     const struct an_json *request)
{
    struct an_str uuid = AN_STR("urn:uuid:"), server, type, id;

    e->server = r->server;
    e->id = an_json_text(an_json_get(e->resource, AN_STR("id")));
    if (an_str_starts(e->full_url, uuid)) {
        if (is_created(r, request) || e->id.n == 0) {
            e->server = uuid;
            e->id = an_str_sub(e->full_url, uuid.n, e->full_url.n);
        }
    } else if (fhir_url_cut(e->full_url, &server, &type, &id)) {
        e->server = fhir_server_of(r, server);
        if (e->id.n == 0)
            e->id = id;
    }
    if (is_created(r, request) && !an_str_eq(e->server, uuid))
        e->id = AN_STR("");
}

/* What a DELETE names: "Observation/123". */
static void deleted(struct fhir_reader *r, struct fhir_entry *e,
                    const struct an_json *entry)
{
    const struct an_json *request = an_json_get(entry, AN_STR("request"));
    const struct an_json *response = an_json_get(entry, AN_STR("response"));
    struct an_str server, home, type, id;

    if (!fhir_url_cut(an_json_text(an_json_get(request, AN_STR("url"))),
                      &server, &e->type, &e->id)) {
        fhir_warn(r, AN_TYPE, "a deletion of no resource");
        e->type = e->id = AN_STR("");
    }
    if (server.n == 0 && fhir_url_cut(e->full_url, &home, &type, &id))
        server = home;
    e->server = fhir_server_of(r, server);
    e->type_row = fhir_type_row(e->type);
    e->rule = fhir_rule_of(e->type);
    e->said_us = instant(r, an_json_get(response, AN_STR("lastModified")));
    if (e->said_us == 0 &&
        !r->history) /* whose time is when it was asked for */
        e->said_us = r->out->said_us;
}

/* ---- entries ------------------------------------------------------------ */

static bool is_deletion(const struct an_json *request)
{
    return an_str_eq(an_json_text(an_json_get(request, AN_STR("method"))),
                     AN_STR("DELETE"));
}

/* What the others need beside those that make events themselves. */
static bool is_special(struct an_str type)
{
    return an_str_eq(type, AN_STR("Patient")) ||
           an_str_eq(type, AN_STR("Encounter")) ||
           an_str_eq(type, AN_STR("Consent")) ||
           an_str_eq(type, AN_STR("Medication")) ||
           an_str_eq(type, AN_STR("MessageHeader"));
}

/* What is known of a resource before it is read.  Of one that is only counted
 * that is its type. */
static void resource_meet(struct fhir_reader *r, struct fhir_entry *e,
                          const struct an_json *request)
{
    const struct fhir_entry *before = r->n_entries ? e - 1 : e;

    e->type = an_json_text(an_json_get(e->resource, AN_STR("resourceType")));
    if (before != e && before->resource && an_str_eq(e->type, before->type)) {
        e->type_row = before->type_row;
        e->rule = before->rule;
        e->is_read = before->is_read;
    } else {
        e->type_row = fhir_type_row(e->type);
        e->rule = fhir_rule_of(e->type);
        e->is_read = e->rule || is_special(e->type);
    }
    if (e->type_row == fhir_n_types())
        fhir_warn(r, AN_UNSUPPORTED, "not a resource type of FHIR R4");
    if (!e->is_read)
        return;
    e->where = fhir_place_copy(r);
    e->said_us = said(r, e);
    identify(r, e, request);
}

/* One entry; false when there is nothing in it to read. */
static bool entry_read(struct fhir_reader *r, const struct an_json *j,
                       struct fhir_entry *e)
{
    const struct an_json *request = an_json_get(j, AN_STR("request"));

    if (!an_json_is(j, AN_JSON_OBJECT))
        fhir_warn(r, AN_TYPE, "an entry that is none");
    *e = (struct fhir_entry){
        .resource = an_json_get(j, AN_STR("resource")),
        .full_url = an_json_text(an_json_get(j, AN_STR("fullUrl")))};
    if (is_deletion(request)) {
        e->resource = NULL;
        deleted(r, e, j);
        e->where = fhir_place_copy(r);
        return e->id.n > 0;
    }
    if (e->resource == NULL)
        return false;
    (void)fhir_step(r, AN_STR("resource"));
    resource_meet(r, e, request);
    return true;
}

void fhir_bundle_entries(struct fhir_reader *r, const struct an_json *bundle)
{
    const struct an_json *list = an_json_get(bundle, AN_STR("entry"));
    size_t mark = fhir_step(r, AN_STR("entry")), index = 0;

    r->history = an_str_eq(an_json_text(an_json_get(bundle, AN_STR("type"))),
                           AN_STR("history"));
    if (list && list->kind != AN_JSON_ARRAY)
        fhir_warn(r, AN_TYPE, "entry is no list");
    if (an_json_is(list, AN_JSON_ARRAY))
        r->entry = fhir_get(r, list->n, sizeof(*r->entry));
    if (r->entry)
        for (const struct an_json *j = an_json_first(list); j; j = j->next) {
            size_t inner = fhir_step_index(r, index++);

            if (entry_read(r, j, &r->entry[r->n_entries]))
                r->n_entries++;
            r->place.n = inner;
        }
    r->place.n = mark;
}

void fhir_single_entry(struct fhir_reader *r, const struct an_json *resource)
{
    r->entry = fhir_get(r, 1, sizeof(*r->entry));
    if (r->entry == NULL)
        return;
    r->entry->resource = resource;
    resource_meet(r, r->entry, NULL);
    r->n_entries = 1;
}
