/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/prefetch_int.h"

#include "base/buf.h"
#include "plugin/host/thread.h"

#include <string.h>

enum { URL_BYTES = 4096, TOKEN_BYTES = 16 << 10, EXPIRES_MOST_S = 86400 };

/* ---- who may be asked, and by which token -------------------------------- */

static struct an_str without_slash(struct an_str url)
{
    while (an_str_ends(url, AN_STR("/")))
        url.n--;
    return url;
}

/* The server of the list; "" when it is none of them. */
static struct an_str listed(const struct pl_prefetch_options *o,
                            struct an_str url)
{
    url = without_slash(url);
    for (size_t i = 0; i < o->n_servers; i++)
        if (an_str_eq(without_slash(o->server[i]), url))
            return url;
    return AN_STR("");
}

/* One word of printable ASCII: nothing that could end a header. */
static bool is_word(struct an_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n > 0 && s.n <= TOKEN_BYTES;
}

/* "Authorization: Bearer ..."; false when the call has no token for this. */
static bool header_of(struct pl_prefetch *f, struct an_str body)
{
    const struct an_json *root, *given;
    struct an_str token, patient, header;
    int64_t expires_s = 0;
    struct an_buf b;

    if (an_json_read(f->arena, &(struct an_json_limits){.depth = 0}, body,
                     &root, NULL) != AN_OK)
        return false;
    given = an_json_get(root, AN_STR("fhirAuthorization"));
    token = an_json_text(an_json_get(given, AN_STR("access_token")));
    patient = an_json_text(an_json_get(given, AN_STR("patient")));
    if (!is_word(token) ||
        !an_str_eq_nocase(
            an_json_text(an_json_get(given, AN_STR("token_type"))),
            AN_STR("Bearer")) ||
        !an_json_i64(an_json_get(given, AN_STR("expires_in")), &expires_s) ||
        expires_s <= 0 ||
        (patient.n && !an_str_eq(patient, f->request->patient_id)))
        return false;
    if (expires_s < EXPIRES_MOST_S &&
        f->until_ms > f->began_ms + expires_s * 1000)
        f->until_ms = f->began_ms + expires_s * 1000;
    an_buf_init(&b, f->arena, TOKEN_BYTES + 64);
    an_buf_put(&b, AN_STR("Authorization: Bearer "));
    an_buf_put(&b, token);
    if (an_buf_done(&b, &header, NULL) != AN_OK)
        return false;
    f->authorization = header.p;
    return true;
}

/* ---- a query ------------------------------------------------------------- */

static bool is_of_id(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') || c == '-' || c == '.';
}

/* An id, or a type and an id: nothing that could climb in a path. */
static bool is_reference(struct an_str s)
{
    struct an_str rest = s, part;
    int parts = 0;

    while (an_str_cut(&rest, '/', &part)) {
        if (part.n == 0 || part.n > 64 || ++parts > 2 ||
            an_str_eq(part, AN_STR(".")) || an_str_eq(part, AN_STR("..")))
            return false;
        for (size_t i = 0; i < part.n; i++)
            if (!is_of_id(part.p[i]))
                return false;
    }
    return parts > 0;
}

/* The template with the context's values; false when one of them is missing. */
static bool expand(struct pl_prefetch *f, struct an_str template,
                   struct an_str *out)
{
    struct an_str open = AN_STR("{{context."), value;
    struct an_buf b;

    an_buf_init(&b, f->arena, URL_BYTES);
    for (size_t i = 0; i < template.n; i++) {
        struct an_str rest = an_str_sub(template, i, template.n), name;

        if (template.p[i] != '{') {
            an_buf_put_char(&b, template.p[i]);
            continue;
        }
        if (!an_str_starts(rest, open))
            return false;
        rest = an_str_sub(rest, open.n, rest.n);
        if (!an_str_cut(&rest, '}', &name) || !an_str_starts(rest, AN_STR("}")))
            return false;
        value = an_json_text(an_json_get(f->request->context, name));
        if (!is_reference(value))
            return false;
        an_buf_put(&b, value);
        i += open.n + name.n + 1;
    }
    return an_buf_done(&b, out, NULL) == AN_OK;
}

/* ---- asking -------------------------------------------------------------- */

enum pl_prefetch_why pl_prefetch_ask(struct pl_prefetch *f, struct an_str url,
                                     const struct an_json **resource)
{
    static const struct an_json_limits limits = {.depth = 0};
    int64_t left_ms = f->until_ms - pl_now_ms();
    struct pl_fetch_request q = {
        .method = PL_FETCH_GET,
        .url = url.p,
        .header = {f->authorization, "Accept: application/fhir+json"},
        .anonymous = true, /* of the token's file; this is the call's own */
        .limit_bytes = f->left_bytes,
        .timeout_ms = left_ms};
    struct pl_fetch_answer a;
    enum an_code rc;

    f->status = 0;
    if (left_ms <= 0)
        return PL_PREFETCH_LATE;
    if (f->left_bytes == 0 || !pl_fetch_is_under(f->fetch, url.p))
        return PL_PREFETCH_ODD;
    rc = pl_fetch_ask(f->fetch, f->arena, &q, &a, NULL);
    if (rc == AN_NOMEM)
        return PL_PREFETCH_NOMEM;
    if (rc != AN_OK)
        return PL_PREFETCH_ODD;
    f->status = a.status;
    if (a.status == 0)
        return PL_PREFETCH_SILENT;
    f->left_bytes -= a.body.n < f->left_bytes ? a.body.n : f->left_bytes;
    if (a.status != 200)
        return PL_PREFETCH_STATUS;
    rc = an_json_read(f->arena, &limits, a.body, resource, NULL);
    if (rc == AN_NOMEM)
        return PL_PREFETCH_NOMEM;
    return rc == AN_OK && pl_prefetch_type(*resource).n ? PL_PREFETCH_OK
                                                        : PL_PREFETCH_ODD;
}

/* A key that is absent. */
static enum pl_prefetch_why ask_key(struct pl_prefetch *f,
                                    struct an_str template,
                                    const struct an_json **value)
{
    struct an_str query, url, rest, what;
    enum pl_prefetch_why why;

    if (!expand(f, template, &query))
        return PL_PREFETCH_SKIP;
    if (pl_fetch_url(f->fetch, f->arena, query, &url, NULL) != AN_OK)
        return PL_PREFETCH_NOMEM;
    why = pl_prefetch_ask(f, url, value);
    if (why != PL_PREFETCH_OK)
        return why;
    rest = query;
    (void)an_str_cut(&rest, '?', &what);
    if (rest.p == NULL) {
        (void)an_str_cut(&what, '/', &rest);
        return pl_prefetch_is_that(*value, rest, what) ? PL_PREFETCH_OK
                                                       : PL_PREFETCH_STRANGER;
    }
    if (!an_str_eq(pl_prefetch_type(*value), AN_STR("Bundle")))
        return PL_PREFETCH_ODD;
    why = pl_prefetch_judge(f, *value, what);
    return why == PL_PREFETCH_OK ? pl_prefetch_follow(f, what, value) : why;
}

/* One that is there, with more behind it: what can be had of that. */
static enum pl_prefetch_why more_of(struct pl_prefetch *f,
                                    struct an_str template,
                                    const struct an_json **value)
{
    struct an_str type;

    if (!an_str_cut(&template, '?', &type) || template.p == NULL)
        return PL_PREFETCH_SKIP;
    return pl_prefetch_follow(f, type, value);
}

static bool log_fault(struct pl_prefetch *f, size_t key,
                      enum pl_prefetch_why why)
{
    if (why == PL_PREFETCH_OK || why == PL_PREFETCH_SKIP)
        return false;
    an_log(f->options->log, AN_EVENT_CDS_PREFETCH_FAULT, key + 1,
           (uint64_t)f->status, (uint64_t)(why - PL_PREFETCH_STATUS));
    return true;
}

/* True when the prefetch has it to be put in, or in its place. */
static bool get_key(struct pl_prefetch *f, const struct fhir_cds_query *query,
                    size_t key, const struct an_json **value, bool *no_memory)
{
    struct fhir_cds_prefetch p = fhir_cds_prefetched(f->request, query->key);
    enum pl_prefetch_why why = PL_PREFETCH_SKIP;

    *value = p.value;
    if (p.state == FHIR_CDS_ABSENT)
        why = ask_key(f, query->query, value);
    else if (p.state == FHIR_CDS_FOUND && p.more)
        why = more_of(f, query->query, value);
    *no_memory = why == PL_PREFETCH_NOMEM;
    if (*no_memory)
        return false;
    if (!log_fault(f, key, why))
        return why == PL_PREFETCH_OK;
    if (p.state != FHIR_CDS_ABSENT || why == PL_PREFETCH_LATE)
        return false;
    *value = pl_prefetch_failed(f->arena);
    *no_memory = *value == NULL;
    return !*no_memory;
}

static bool wants(const struct fhir_cds_request *request,
                  const struct fhir_cds_query *query, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct fhir_cds_prefetch p = fhir_cds_prefetched(request, query[i].key);

        if (p.state == FHIR_CDS_ABSENT || (p.state == FHIR_CDS_FOUND && p.more))
            return true;
    }
    return false;
}

/* Without the patient the rest is about nobody. */
static bool is_patient_failed(const struct pl_prefetch *f, struct an_str key)
{
    return an_str_eq(key, AN_STR("patient")) &&
           fhir_cds_prefetched(f->request, key).state == FHIR_CDS_FAILED;
}

static bool fill(struct pl_prefetch *f, const struct fhir_cds_query *query,
                 size_t n)
{
    const struct an_json *value;
    bool no_memory = false;

    for (size_t i = 0; i < n && !no_memory; i++) {
        if (!get_key(f, &query[i], i, &value, &no_memory))
            continue;
        no_memory = !pl_prefetch_put(f, query[i].key, value);
        if (is_patient_failed(f, query[i].key))
            break;
    }
    return !no_memory;
}

enum an_code pl_prefetch_fill(const struct pl_prefetch_options *options,
                              struct an_arena *arena, struct an_str body,
                              const struct fhir_cds_query *query, size_t n,
                              struct fhir_cds_request *request,
                              struct an_err *err)
{
    struct pl_prefetch f = {.options = options,
                            .arena = arena,
                            .request = request,
                            .left_bytes = options->max_answer_bytes,
                            .began_ms = pl_now_ms()};
    struct an_str server = listed(options, request->fhir_server);
    struct pl_fetch_options fetch = {
        .token_file = "", .no_token = "", .timeout_ms = options->timeout_ms};
    enum an_code rc;

    f.until_ms = f.began_ms + options->timeout_ms;
    if (server.n == 0 || !is_reference(request->patient_id) ||
        !wants(request, query, n) || !header_of(&f, body))
        return AN_OK;
    if (!an_arena_str(arena, server, &f.server))
        return an_fail_nomem(err);
    fetch.base = f.server.p;
    rc = pl_fetch_open(&fetch, &f.fetch, err);
    if (rc != AN_OK)
        return rc == AN_NOMEM ? rc : AN_OK;
    rc = fill(&f, query, n) ? AN_OK : an_fail_nomem(err);
    pl_fetch_close(f.fetch);
    return rc;
}
