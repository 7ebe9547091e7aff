/* SPDX-License-Identifier: Apache-2.0 */
/* Is it all about the patient of the call?  What is not must neither be filed
 * nor answered from. */
#include "fhir/cds_int.h"
#include "fhir/reader_int.h"

#include <stdio.h>

enum whom { NOBODY, OURS, OTHERS, UNTOLD };

struct search {
    const struct fhir_cds_request *r;
    const struct an_json *patient; /* the call's, where it was sent; or NULL */
    /* Where the resource under way stands. */
    const struct an_json *bundle; /* or NULL */
    const struct an_json *resource;
    struct an_str server; /* "" where nothing says which */
    char place[AN_PATH_BYTES];
};

static struct an_str text_at(const struct an_json *j, struct an_str key)
{
    return an_json_text(an_json_get(j, key));
}

static struct an_str without_slash(struct an_str url)
{
    return an_str_ends(url, AN_STR("/")) ? an_str_sub(url, 0, url.n - 1) : url;
}

/* Nothing is said against its being the client's own server. */
static bool is_of_client(const struct search *s, struct an_str server)
{
    return server.n == 0 || s->r->fhir_server.n == 0 ||
           an_str_eq(without_slash(server), without_slash(s->r->fhir_server));
}

static enum whom of_id(const struct search *s, struct an_str server,
                       struct an_str id)
{
    return an_str_eq(id, s->r->patient_id) && is_of_client(s, server) ? OURS
                                                                      : OTHERS;
}

/* ---- identifiers ----------------------------------------------------------------- */

static bool same_identifier(const struct an_json *a, const struct an_json *b)
{
    return text_at(a, AN_STR("value")).n &&
           an_str_eq(text_at(a, AN_STR("value")),
                     text_at(b, AN_STR("value"))) &&
           an_str_eq(text_at(a, AN_STR("system")),
                     text_at(b, AN_STR("system")));
}

static bool patient_has(const struct search *s,
                        const struct an_json *identifier)
{
    const struct an_json *own =
        an_json_first(an_json_get(s->patient, AN_STR("identifier")));

    while (own && !same_identifier(own, identifier))
        own = own->next;
    return own != NULL;
}

static enum whom of_contained(const struct search *s, struct an_str id)
{
    const struct an_json *c =
        an_json_first(an_json_get(s->resource, AN_STR("contained")));
    const struct an_json *identifier;

    while (c && !an_str_eq(text_at(c, AN_STR("id")), id))
        c = c->next;
    if (c && !fhir_cds_is_type(c, AN_STR("Patient")))
        return NOBODY;
    identifier = an_json_first(an_json_get(c, AN_STR("identifier")));
    while (identifier && !patient_has(s, identifier))
        identifier = identifier->next;
    return identifier ? OURS : UNTOLD;
}

/* ---- references ------------------------------------------------------------------ */

static enum whom of_entry(const struct search *s, struct an_str full_url)
{
    const struct an_json *e =
        an_json_first(an_json_get(s->bundle, AN_STR("entry")));
    const struct an_json *r;

    while (e && !an_str_eq(text_at(e, AN_STR("fullUrl")), full_url))
        e = e->next;
    if (e == NULL)
        return UNTOLD;
    r = an_json_get(e, AN_STR("resource"));
    return fhir_cds_is_type(r, AN_STR("Patient"))
               ? of_id(s, AN_STR(""), text_at(r, AN_STR("id")))
               : NOBODY;
}

static enum whom of_reference(const struct search *s,
                              const struct an_json *reference)
{
    struct an_str url = text_at(reference, AN_STR("reference"));
    struct an_str named = text_at(reference, AN_STR("type"));
    const struct an_json *identifier =
        an_json_get(reference, AN_STR("identifier"));
    struct an_str server, type, id;

    if (url.n == 0 && named.n && !an_str_eq(named, AN_STR("Patient")))
        return NOBODY;
    if (url.n == 0 && identifier == NULL)
        return NOBODY;
    if (url.n == 0)
        return patient_has(s, identifier) ? OURS : UNTOLD;
    if (an_str_starts(url, AN_STR("#")))
        return of_contained(s, an_str_sub(url, 1, url.n));
    if (an_str_starts(url, AN_STR("urn:")))
        return of_entry(s, url);
    if (!fhir_url_cut(url, &server, &type, &id))
        return UNTOLD;
    if (!an_str_eq(type, AN_STR("Patient")))
        return NOBODY;
    return of_id(s, server.n ? server : s->server, id);
}

/* ---- resources ------------------------------------------------------------------- */

static enum an_code refuse(const struct search *s, enum whom whom,
                           const char *element, struct an_err *err)
{
    char path[AN_PATH_BYTES + 32];

    (void)snprintf(path, sizeof(path), "%s%s", s->place, element);
    return fhir_cds_fail(err, AN_TYPE,
                         whom == OTHERS
                             ? "it is about another patient than the call"
                             : "whom it is about cannot be told",
                         path);
}

/* All must be ours: a repeating element names several. */
static enum an_code check_element(const struct search *s, const char *key,
                                  struct an_err *err)
{
    const struct an_json *j = an_json_get(s->resource, an_str_c(key));
    bool list = an_json_is(j, AN_JSON_ARRAY);
    char element[32];

    for (j = list ? an_json_first(j) : j; j; j = list ? j->next : NULL) {
        enum whom whom = of_reference(s, j);

        if (whom == NOBODY || whom == OURS)
            continue;
        (void)snprintf(element, sizeof(element), ".%s", key);
        return refuse(s, whom, element, err);
    }
    return AN_OK;
}

/* One of the patients who take part is ours. */
static enum an_code check_participants(const struct search *s,
                                       struct an_err *err)
{
    const struct an_json *p =
        an_json_first(an_json_get(s->resource, AN_STR("participant")));
    enum whom worst = NOBODY;

    for (; p; p = p->next) {
        enum whom whom = of_reference(s, an_json_get(p, AN_STR("actor")));

        if (whom == OURS)
            return AN_OK;
        if (whom != NOBODY)
            worst = whom;
    }
    return worst == NOBODY ? AN_OK : refuse(s, worst, ".participant", err);
}

static enum an_code check_resource(struct search *s, struct an_err *err)
{
    static const char *const about[] = {"subject", "patient", "for",
                                        "beneficiary", "individual"};
    struct an_str id = text_at(s->resource, AN_STR("id"));
    enum an_code code = AN_OK;

    if (fhir_cds_is_type(s->resource, AN_STR("Patient"))) {
        enum whom whom = id.n ? of_id(s, s->server, id) : UNTOLD;

        return whom == OURS ? AN_OK : refuse(s, whom, ".id", err);
    }
    if (fhir_cds_is_type(s->resource, AN_STR("Appointment")))
        return check_participants(s, err);
    for (size_t i = 0; code == AN_OK && i < sizeof(about) / sizeof(about[0]);
         i++)
        code = check_element(s, about[i], err);
    return code;
}

/* A resource, or each in a Bundle; `place` is the path to it. */
static enum an_code check_value(struct search *s, const struct an_json *value,
                                const char *place, struct an_err *err)
{
    const struct an_json *e;
    enum an_code code = AN_OK;
    struct an_str type, id;
    size_t i = 0;

    s->bundle = NULL;
    s->resource = value;
    s->server = AN_STR("");
    (void)snprintf(s->place, sizeof(s->place), "%s", place);
    if (!fhir_cds_is_type(value, AN_STR("Bundle")))
        return check_resource(s, err);
    s->bundle = value;
    e = an_json_first(an_json_get(value, AN_STR("entry")));
    for (; code == AN_OK && e; e = e->next, i++) {
        struct an_str url = text_at(e, AN_STR("fullUrl"));

        s->resource = an_json_get(e, AN_STR("resource"));
        if (!fhir_url_cut(url, &s->server, &type, &id))
            s->server = AN_STR("");
        (void)snprintf(s->place, sizeof(s->place), "%s.entry[%zu].resource",
                       place, i);
        code = check_resource(s, err);
    }
    return code;
}

/* The call's Patient among what was prefetched; NULL when it was not. */
static const struct an_json *find_patient(const struct fhir_cds_request *r)
{
    const struct an_json *p = an_json_first(r->prefetch);

    for (; p; p = p->next) {
        const struct an_json *e =
            an_json_first(an_json_get(p, AN_STR("entry")));

        if (fhir_cds_is_type(p, AN_STR("Patient")) &&
            an_str_eq(text_at(p, AN_STR("id")), r->patient_id))
            return p;
        for (; e; e = e->next) {
            const struct an_json *one = an_json_get(e, AN_STR("resource"));

            if (fhir_cds_is_type(one, AN_STR("Patient")) &&
                an_str_eq(text_at(one, AN_STR("id")), r->patient_id))
                return one;
        }
    }
    return NULL;
}

/* Its name if it is one that we ask for: others are the client's own words. */
static const char *name_of(struct an_str key)
{
    for (size_t i = 0; i < FHIR_CDS_N_HISTORY; i++)
        if (an_str_eq(key, fhir_cds_history[i].key))
            return fhir_cds_history[i].key.p;
    return "?";
}

enum an_code fhir_cds_about(const struct fhir_cds_request *request,
                            struct an_err *err)
{
    static const char *const element[] = {"draftOrders", "appointments"};
    struct search s = {.r = request, .patient = find_patient(request)};
    const struct an_json *p = an_json_first(request->prefetch);
    enum an_code code = AN_OK;
    char place[AN_PATH_BYTES];

    for (; code == AN_OK && p; p = p->next) {
        (void)snprintf(place, sizeof(place), "prefetch.%s",
                       name_of(an_json_key(p)));
        code = check_value(&s, p, place, err);
    }
    for (size_t i = 0; code == AN_OK && i < 2; i++) {
        const struct an_json *value =
            an_json_get(request->context, an_str_c(element[i]));

        (void)snprintf(place, sizeof(place), "context.%s", element[i]);
        if (value)
            code = check_value(&s, value, place, err);
    }
    return code;
}
