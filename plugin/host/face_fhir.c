/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what we say, as FHIR R4:
 *
 *     GET /fhir/metadata
 *     GET /fhir/TYPE?patient=ID            an identifier's value, if no other
 *     GET /fhir/TYPE?patient.identifier=SYSTEM|VALUE     patient has that one
 *     GET /fhir/TYPE/ID
 *
 * TYPE is RiskAssessment, Observation (scores), DocumentReference (summaries),
 * what outbox.resources puts in their place or beside them, and, for searching,
 * Provenance and Device.  Resources are made from what the
 * store keeps, each time, so that what may no longer leave does not; of what
 * was shown the audit trail has a row before the answer leaves. */
#include "plugin/host/serve.h"

#include "base/json_out.h"
#include "fhir/outcome.h"
#include "fhir/searchset.h"
#include "plugin/showing.h"
#include "plugin/store/outgoing.h"
#include "plugin/store/switches.h"

#include <string.h>

enum { ROWS = 1000, CAPABILITY_BYTES = 1 << 16 };

static const char fhir_type[] = "application/fhir+json; charset=utf-8";

static const struct {
    const char *type;
    bool is_read; /* by its id, too */
} served[] = {{"RiskAssessment", true},
              {"Observation", true},
              {"DocumentReference", true},
              {"ClinicalImpression", true},
              {"DetectedIssue", true},
              {"Composition", true},
              {"Flag", true},
              {"ServiceRequest", true},
              {"Provenance", false},
              {"Device", false}};

enum { N_SERVED = sizeof(served) / sizeof(served[0]) };

/* One question under way. */
struct look {
    struct pl_server *s;
    struct pl_http_request *q;
    struct pl_http_response *r;
    struct pl_reader *reader;
    struct fhir_write_settings naming;
    const char *type;
    struct an_str asked;     /* the id of the only one that is; "" any */
    struct an_str *resource; /* JSON texts, those that answer */
    struct an_uuid *id;      /* of them */
    struct an_str *name;     /* the ids as text */
    size_t n, room;
    struct an_err err;
};

static enum an_code refuse(struct look *l, unsigned status)
{
    l->r->status = status;
    l->r->content_type = fhir_type;
    return fhir_outcome(l->q->arena, &l->err, NULL, 0, &l->r->body, NULL);
}

static enum an_code fault(struct look *l, enum an_code rc)
{
    return refuse(l, rc == AN_BUSY || rc == AN_IO ? 503 : 500);
}

/* ---- from a row of the store to resources ------------------------------- */

static bool add(struct look *l, const struct fhir_resource *res,
                struct an_str json)
{
    char text[AN_UUID_TEXT_BYTES];

    for (size_t i = 0; i < l->n; i++)
        if (memcmp(&l->id[i], &res->id, sizeof(res->id)) == 0)
            return true; /* a device that several are by */
    if (l->n == l->room)
        return true;
    an_uuid_print(&res->id, text);
    if (l->asked.n && !an_str_eq(l->asked, an_str_c(text)))
        return true;
    l->id[l->n] = res->id;
    l->resource[l->n] = an_str_sub(json, res->from, res->to - res->from);
    return an_arena_str(l->q->arena, an_str_c(text), &l->name[l->n++]);
}

/* The policy is that of the model in force: what another one said, before it,
 * has nobody's word for it. */
static bool is_of_now(const struct look *l, const struct pl_suggestion *row)
{
    const struct pl_mind *mind = pl_engine_consult(l->s->running.engine).mind;

    return row->model.n == 0 ||
           (mind && an_str_eq(row->model, pl_mind_model(mind).digest));
}

/* The row's resources of the asked type, if it may leave. */
static enum an_code tell(struct look *l, const struct pl_suggestion *row)
{
    struct pl_item item = pl_suggestion_item(row, false);
    struct ctx_member member = {.id = row->patient};
    struct ctx_person person = {.member = &member, .n_members = 1};
    struct fhir_saying what = {
        .n_suggestions = 1, .released = true, .now_us = row->created_us};
    struct ctx_suggestion said;
    struct fhir_written written;
    struct fhir_who who;
    enum an_code rc;

    if (pl_may_leave(pl_engine_policy(l->s->running.engine), &item,
                     PL_FACE_FHIR_READ, false) != PL_MAY ||
        !is_of_now(l, row))
        return AN_OK;
    rc = pl_suggestion_recall(l->q->arena, row, &said, &l->err);
    if (rc == AN_OK)
        rc = pl_naming_who(l->q->arena, &l->naming, &person, row->encounter,
                           &who, &l->err);
    what.suggestion = &said;
    if (rc == AN_OK)
        rc =
            fhir_write(l->q->arena, &l->naming, &who, &what, &written, &l->err);
    for (size_t i = 0; rc == AN_OK && i < written.n_resources; i++)
        if (strcmp(written.resource[i].type, l->type) == 0 &&
            !add(l, &written.resource[i], written.json))
            rc = an_fail_nomem(&l->err);
    return rc;
}

static enum an_code tell_all(struct look *l, const struct pl_suggestion *row,
                             size_t n)
{
    enum an_code rc = AN_OK;

    for (size_t i = 0; rc == AN_OK && i < n; i++)
        rc = tell(l, &row[i]);
    return rc;
}

/* ---- asking ------------------------------------------------------------- */

/* What is stopped by a switch as of now. */
static enum an_code open_reader(struct look *l)
{
    struct pl_engine *e = l->s->running.engine;
    enum an_code rc = pl_engine_reader(e, &l->reader, &l->err);

    return rc == AN_OK ? pl_switches_refresh(pl_engine_policy(e)->switches,
                                             l->reader, NULL, &l->err)
                       : rc;
}

static enum an_code open_look(struct look *l, struct an_str type)
{
    struct an_arena *arena = l->q->arena;
    struct an_str host;
    struct an_buf b;

    for (size_t i = 0; i < N_SERVED; i++)
        if (an_str_eq(type, an_str_c(served[i].type)) &&
            (served[i].is_read || l->asked.n == 0))
            l->type = served[i].type;
    if (l->type == NULL)
        return AN_NOTFOUND;
    if (!pl_http_header(l->q, "Host", &host))
        host = AN_STR("localhost");
    l->naming = *pl_engine_consult(l->s->running.engine).naming;
    l->naming.reading = true;
    l->naming.source = AN_STR("");
    an_buf_init(&b, arena, PL_HTTP_PATH_BYTES);
    an_buf_put_c(&b, "http://");
    an_buf_put(&b, host);
    an_buf_put_c(&b, "/fhir");
    l->room = ROWS;
    l->resource = an_arena_get(arena, l->room, sizeof(*l->resource));
    l->name = an_arena_get(arena, l->room, sizeof(*l->name));
    l->id = an_arena_get(arena, l->room, sizeof(*l->id));
    if (l->resource == NULL || l->name == NULL || l->id == NULL ||
        an_buf_done(&b, &l->naming.base, NULL) != AN_OK)
        return AN_NOMEM;
    return open_reader(l);
}

/* Tell the trail, before the answer leaves. */
static enum an_code note(struct look *l)
{
    struct pl_showing showing = {.face = PL_FACE_FHIR_READ,
                                 .actor = AN_STR("http"),
                                 .instance = l->q->path,
                                 .resource = l->name,
                                 .n = l->n,
                                 .now_us =
                                     pl_engine_now_us(l->s->running.engine)};
    struct pl_audit_entry entry;
    enum an_code rc;

    if (l->n == 0)
        return AN_OK;
    rc = pl_showing_note(l->q->arena, &showing, &entry, &l->err);
    return rc == AN_OK ? pl_store_audit(pl_engine_store(l->s->running.engine),
                                        &entry, 1, &l->err)
                       : rc;
}

/* Whom the query means.  AN_MISSING: nobody is named. */
static enum an_code find(struct look *l, struct ctx_person *person)
{
    struct an_str value, authority = AN_STR("");
    struct pl_found found;
    enum an_code rc;

    if (pl_http_query(l->q, "patient.identifier", &value)) {
        struct an_str system, rest = value;

        /* Without a "|" any system will do (FHIR R4 3.1.1.4.10). */
        if (an_str_cut(&rest, '|', &system) && rest.p) {
            authority = system;
            value = rest;
        }
    } else if (!pl_http_query(l->q, "patient", &value) &&
               !pl_http_query(l->q, "subject", &value)) {
        return an_fail(&l->err, AN_MISSING,
                       "patient or patient.identifier is needed", 0);
    }
    if (an_str_starts(value, AN_STR("Patient/")))
        value = an_str_sub(value, 8, value.n);
    rc = pl_find(l->reader, l->q->arena, authority, value, &found, &l->err);
    if (rc == AN_OK && found.n > 1)
        rc = an_fail(&l->err, AN_CONFLICT,
                     "several patients have this number: name its system with "
                     "patient.identifier",
                     0);
    return rc == AN_OK ? pl_person(l->reader, l->q->arena, &found.id[0],
                                   INT64_MAX, person, &l->err)
                       : rc;
}

/* Nothing is kept of who has opted out: that is not "nothing found". */
static enum an_code look_for_consent(struct look *l,
                                     const struct ctx_person *person,
                                     const char **told)
{
    int64_t now_us = pl_engine_now_us(l->s->running.engine);
    struct ctx_consent consent;
    struct pl_history h;
    enum an_code rc;

    if (l->n || person->n_members == 0 ||
        !pl_face_is_open(pl_engine_policy(l->s->running.engine),
                         PL_FACE_FHIR_READ))
        return AN_OK;
    rc = pl_history(l->reader, l->q->arena, &person->member[0].id,
                    CTX_AS_OF_ALL, &h, &l->err);
    if (rc != AN_OK)
        return rc;
    ctx_consent_of(&h.timeline, &h.consents, now_us, &consent);
    if (consent.all)
        *told = PL_OPTED_OUT;
    return AN_OK;
}

static enum an_code search(struct look *l)
{
    struct fhir_page page = {.base = l->naming.base};
    const struct pl_suggestion *row;
    struct ctx_person person;
    struct an_buf b;
    size_t n;
    enum an_code rc = find(l, &person);

    if (rc == AN_MISSING || rc == AN_CONFLICT)
        return refuse(l, 400);
    if (rc != AN_OK && rc != AN_NOTFOUND)
        return fault(l, rc);
    if (rc == AN_NOTFOUND)
        person.n_members = 0;
    rc = AN_OK;
    for (size_t i = 0; rc == AN_OK && i < person.n_members; i++) {
        rc = pl_suggestions(l->reader, l->q->arena, &person.member[i].id, 0,
                            ROWS, &row, &n, &l->err);
        if (rc == AN_OK)
            rc = tell_all(l, row, n);
    }
    if (rc == AN_OK)
        rc = note(l);
    if (rc == AN_OK)
        rc = look_for_consent(l, &person, &page.told);
    if (rc != AN_OK)
        return fault(l, rc);
    an_buf_init(&b, l->q->arena, PL_HTTP_PATH_BYTES);
    an_buf_put(&b, l->naming.base);
    an_buf_put_char(&b, '/');
    an_buf_put_c(&b, l->type);
    if (an_buf_done(&b, &page.self, NULL) != AN_OK)
        return AN_NOMEM;
    page.total = l->n;
    page.resource = l->resource;
    page.n_resources = l->n;
    return fhir_searchset(l->q->arena, &page, &l->r->body, NULL);
}

static enum an_code missing(struct look *l)
{
    l->err = (struct an_err){.code = AN_NOTFOUND,
                             .what = "there is no such resource to read"};
    return refuse(l, 404);
}

/* ---- one resource ------------------------------------------------------- */

static enum an_code read_one(struct look *l)
{
    const struct pl_suggestion *row;
    size_t n;
    enum an_code rc = pl_suggestions_of(l->reader, l->q->arena, l->asked, 0,
                                        ROWS, &row, &n, &l->err);

    if (rc == AN_OK)
        rc = tell_all(l, row, n);
    if (rc == AN_OK)
        rc = note(l);
    if (rc != AN_OK)
        return fault(l, rc);
    if (l->n == 0)
        return missing(l);
    l->r->body = l->resource[0];
    return AN_OK;
}

static enum an_code look(struct pl_server *s, struct pl_http_request *q,
                         struct pl_http_response *r,
                         enum an_code (*how)(struct look *l))
{
    struct look l = {.s = s, .q = q, .r = r, .asked = q->param[1]};
    enum an_code rc = open_look(&l, q->param[0]);

    r->content_type = fhir_type;
    if (rc == AN_NOTFOUND)
        rc = missing(&l);
    else
        rc = rc == AN_OK ? how(&l) : fault(&l, rc);
    pl_reader_close(l.reader);
    return rc;
}

enum an_code pl_fhir_search(void *ctx, struct pl_http_request *q,
                            struct pl_http_response *r)
{
    return look(ctx, q, r, search);
}

enum an_code pl_fhir_read(void *ctx, struct pl_http_request *q,
                          struct pl_http_response *r)
{
    return look(ctx, q, r, read_one);
}

/* ---- what can be asked -------------------------------------------------- */

static void put_list(struct an_json_out *w, const char *name, const char *key,
                     const char *const *text, size_t n)
{
    an_out_key(w, name);
    an_out_array(w);
    for (size_t i = 0; i < n; i++) {
        an_out_object(w);
        an_out_key_str(w, key, an_str_c(text[i]));
        if (strcmp(key, "name") == 0)
            an_out_key_str(w, "type", AN_STR("reference"));
        an_out_end(w);
    }
    an_out_end(w);
}

static void put_type(struct an_json_out *w, const char *type, bool is_read)
{
    static const char *const interaction[] = {"search-type", "read"};
    static const char *const parameter[] = {"patient"};

    an_out_object(w);
    an_out_key_str(w, "type", an_str_c(type));
    put_list(w, "interaction", "code", interaction, is_read ? 2 : 1);
    put_list(w, "searchParam", "name", parameter, 1);
    an_out_end(w);
}

enum an_code pl_fhir_metadata(void *ctx, struct pl_http_request *q,
                              struct pl_http_response *r)
{
    const struct fhir_write_settings *s =
        pl_engine_consult(((struct pl_server *)ctx)->running.engine).naming;
    char date[AN_TIME_TEXT_BYTES];
    struct an_json_out w;

    an_time_print_instant(((struct pl_server *)ctx)->started_us, date);
    an_out_init(&w, q->arena, CAPABILITY_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "resourceType", AN_STR("CapabilityStatement"));
    an_out_key_str(&w, "status", AN_STR("active"));
    an_out_key_str(&w, "date", an_str_c(date));
    an_out_key_str(&w, "kind", AN_STR("instance"));
    an_out_key(&w, "software");
    an_out_object(&w);
    an_out_key_str(&w, "name", s->software);
    an_out_key_str(&w, "version", s->software_version);
    an_out_end(&w);
    an_out_key(&w, "implementation");
    an_out_object(&w);
    an_out_key_str(&w, "description",
                   AN_STR("Suggestions of this installation, to be read"));
    an_out_end(&w);
    an_out_key_str(&w, "fhirVersion", AN_STR("4.0.1"));
    an_out_key(&w, "format");
    an_out_array(&w);
    an_out_str(&w, AN_STR("json"));
    an_out_end(&w);
    an_out_key(&w, "rest");
    an_out_array(&w);
    an_out_object(&w);
    an_out_key_str(&w, "mode", AN_STR("server"));
    an_out_key(&w, "resource");
    an_out_array(&w);
    for (size_t i = 0; i < N_SERVED; i++)
        put_type(&w, served[i].type, served[i].is_read);
    an_out_end(&w);
    an_out_end(&w);
    an_out_end(&w);
    an_out_end(&w);
    r->content_type = fhir_type;
    return an_out_done(&w, &r->body, NULL);
}
