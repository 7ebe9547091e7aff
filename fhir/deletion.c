/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/deletion.h"

#include "base/buf.h"
#include "base/json_out.h"
#include "fhir/reader_int.h"

enum { BUNDLE_BYTES = 32 << 20, ADDRESS_BYTES = 8192, ID_BYTES = 64 };

/* FHIR R4 2.24.0.1, without the two that are steps of a path. */
static bool is_id(struct an_str id)
{
    bool other = false;

    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '.')
            return false;
        other = other || c != '.';
    }
    return other && id.n <= ID_BYTES;
}

static bool is_server(struct an_str server)
{
    return server.n == 0 || an_str_starts(server, AN_STR("http://")) ||
           an_str_starts(server, AN_STR("https://"));
}

bool fhir_deletion_of(struct an_str reference, struct fhir_deletion *out)
{
    *out = (struct fhir_deletion){.at = AN_STR("")};
    return fhir_url_cut(reference, &out->server, &out->type, &out->id) &&
           is_id(out->id) && is_server(out->server);
}

/* ---- reading ------------------------------------------------------------ */

static bool entry_read(const struct an_json *entry, struct an_str otherwise,
                       struct fhir_deletion *out)
{
    const struct an_json *request = an_json_get(entry, AN_STR("request"));
    struct an_str at = an_json_text(an_json_get(
        an_json_get(entry, AN_STR("response")), AN_STR("lastModified")));

    if (!an_str_eq(an_json_text(an_json_get(request, AN_STR("method"))),
                   AN_STR("DELETE")) ||
        !fhir_deletion_of(an_json_text(an_json_get(request, AN_STR("url"))),
                          out))
        return false;
    out->at = at.n ? at : otherwise;
    return true;
}

/* In a resource's history the version before a deletion is the next entry. */
static void date_by_version(const struct an_json *entry,
                            struct fhir_deletion *d)
{
    const struct an_json *resource = an_json_get(entry, AN_STR("resource"));
    const struct an_json *meta = an_json_get(resource, AN_STR("meta"));

    if (d->at.n == 0 &&
        an_str_eq(an_json_text(an_json_get(resource, AN_STR("id"))), d->id) &&
        an_str_eq(an_json_text(an_json_get(resource, AN_STR("resourceType"))),
                  d->type))
        d->at = an_json_text(an_json_get(meta, AN_STR("lastUpdated")));
}

enum an_code fhir_deletions_read(struct an_arena *arena, struct an_str bytes,
                                 struct fhir_deletion **out, size_t *n,
                                 struct an_err *err)
{
    const struct an_json *root, *entries;
    struct an_str at = AN_STR("");
    enum an_code rc =
        an_json_read(arena, &(struct an_json_limits){0}, bytes, &root, err);

    *n = 0;
    *out = NULL;
    if (rc != AN_OK)
        return rc;
    entries = an_json_get(root, AN_STR("entry"));
    *out = an_arena_get(arena, (entries ? entries->n : 0) + 1, sizeof(**out));
    if (*out == NULL)
        return an_fail_nomem(err);
    /* Of a history it is when that was asked for. */
    if (!an_str_eq(an_json_text(an_json_get(root, AN_STR("type"))),
                   AN_STR("history")))
        at = an_json_text(an_json_get(root, AN_STR("timestamp")));
    for (const struct an_json *e = an_json_first(entries); e; e = e->next)
        if (entry_read(e, at, &(*out)[*n]))
            date_by_version(e->next, &(*out)[(*n)++]);
    return AN_OK;
}

struct an_str fhir_deletion_fact(struct an_arena *arena,
                                 const struct fhir_settings *s,
                                 const struct fhir_deletion *d)
{
    struct fhir_reader r = {.s = s};
    struct an_str fact = AN_STR("");
    struct an_buf b;

    if (fhir_subject_of(d->type) == NULL)
        return fact;
    r.server = fhir_server_default(s);
    an_buf_init(&b, arena, ADDRESS_BYTES);
    an_buf_put(&b, fhir_server_of(&r, d->server));
    an_buf_put(&b, d->type);
    an_buf_put_char(&b, '/');
    an_buf_put(&b, d->id);
    return an_buf_done(&b, &fact, NULL) == AN_OK ? fact : AN_STR("");
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "urn:fhir:Observation/1", "https://h/fhir/Observation/1" */
static bool fact_cut(struct an_str fact, struct fhir_deletion *out)
{
    size_t id = fact.n, type;

    while (id && fact.p[id - 1] != '/')
        id--;
    if (id == 0)
        return false;
    type = id - 1;
    while (type && is_letter(fact.p[type - 1]))
        type--;
    *out = (struct fhir_deletion){.server = an_str_sub(fact, 0, type),
                                  .type = an_str_sub(fact, type, id - 1 - type),
                                  .id = an_str_sub(fact, id, fact.n - id),
                                  .at = AN_STR("")};
    return is_id(out->id) && fhir_subject_of(out->type) != NULL;
}

/* As a server that says so would be read now. */
static bool is_called(const struct fhir_settings *s, struct an_str server,
                      struct an_str fact_server)
{
    const struct fhir_reader r = {.s = s, .server = fhir_server_default(s)};

    return is_server(server) &&
           an_str_eq(fhir_server_of(&r, server), fact_server);
}

static bool literal(struct an_arena *arena, struct an_str name,
                    struct an_str *server)
{
    struct an_buf b;

    an_buf_init(&b, arena, ADDRESS_BYTES);
    an_buf_put_c(&b, FHIR_LITERAL);
    an_buf_put(&b, name);
    an_buf_put_char(&b, '/');
    return an_buf_done(&b, server, NULL) == AN_OK;
}

enum an_code fhir_deletion_of_fact(struct an_arena *arena,
                                   const struct fhir_settings *s,
                                   struct an_str fact,
                                   struct fhir_deletion out[FHIR_FACT_NAMES],
                                   size_t *n, struct an_err *err)
{
    struct an_str name;

    *n = 0;
    if (!fact_cut(fact, &out[0]))
        return an_fail(err, AN_UNSUPPORTED, "no server has a name for that", 0);
    name = out[0].server;
    *n = 1;
    if (is_called(s, AN_STR(""), name))
        out[0].server = AN_STR("");
    if (is_called(s, out[0].server, name))
        return AN_OK;
    out[1] = out[0];
    *n += is_server(name);
    return literal(arena, name, &out[0].server) ? AN_OK : an_fail_nomem(err);
}

/* ---- writing ------------------------------------------------------------ */

static void put_request(struct an_json_out *w, const char *method,
                        struct an_str url)
{
    an_out_key(w, "request");
    an_out_object(w);
    an_out_key_str(w, "method", an_str_c(method));
    an_out_key_str(w, "url", url);
    an_out_end(w);
}

static void put_deletion(struct an_json_out *w, const struct fhir_deletion *d,
                         struct an_str url)
{
    an_out_object(w);
    an_out_key_str(w, "fullUrl", d->server.n ? url : AN_STR(""));
    put_request(w, "DELETE", url);
    an_out_key(w, "response");
    an_out_object(w);
    an_out_key_str(w, "status", AN_STR("204"));
    an_out_key_str(w, "lastModified", d->at);
    an_out_end(w);
    an_out_end(w);
}

static void put_before(struct an_json_out *w, const struct fhir_deletion *d,
                       struct an_str url, const struct ctx_identifier *patient)
{
    const char *subject = fhir_subject_of(d->type);

    an_out_object(w);
    an_out_key_str(w, "fullUrl", d->server.n ? url : AN_STR(""));
    an_out_key(w, "resource");
    an_out_object(w);
    an_out_key_str(w, "resourceType", d->type);
    an_out_key_str(w, "id", d->id);
    an_out_key(w, subject ? subject : "subject");
    an_out_object(w);
    an_out_key(w, "identifier");
    an_out_object(w);
    an_out_key_str(w, "system", patient->authority);
    an_out_key_str(w, "value", patient->value);
    an_out_end(w);
    an_out_end(w);
    an_out_end(w);
    put_request(w, "PUT", url);
    an_out_end(w);
}

enum an_code fhir_deletions_write(struct an_arena *arena, struct an_str id,
                                  const struct ctx_identifier *patient,
                                  const struct fhir_deletion *one, size_t n,
                                  struct an_str *json, struct an_err *err)
{
    struct an_json_out w;
    enum an_code rc = AN_OK;

    an_out_init(&w, arena, BUNDLE_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "resourceType", AN_STR("Bundle"));
    an_out_key_str(&w, "id", id);
    an_out_key_str(&w, "type", AN_STR("history"));
    an_out_key(&w, "entry");
    an_out_array(&w);
    for (size_t i = 0; i < n && rc == AN_OK; i++) {
        struct an_str url;
        struct an_buf b;

        an_buf_init(&b, arena, ADDRESS_BYTES);
        an_buf_put(&b, one[i].server);
        an_buf_put(&b, one[i].type);
        an_buf_put_char(&b, '/');
        an_buf_put(&b, one[i].id);
        rc = an_buf_done(&b, &url, err);
        if (rc != AN_OK)
            break;
        put_deletion(&w, &one[i], url);
        put_before(&w, &one[i], url, patient);
    }
    an_out_end(&w);
    an_out_end(&w);
    return rc == AN_OK ? an_out_done(&w, json, err) : rc;
}
