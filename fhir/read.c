/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/read.h"

#include "base/sort.h"
#include "context/identity.h"
#include "fhir/reader_int.h"

#include <stdio.h>

/* ---- names that an error may show ---------------------------------------- */

struct name_row {
    const char *name;
};

bool fhir_knows(struct an_str key)
{
    static const struct name_row row[] = {
#include "config/tables/fhir-elements.inc"
    };
    size_t from = 0, to = sizeof(row) / sizeof(row[0]);

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int cmp = an_str_cmp(key, an_str_c(row[middle].name));

        if (cmp == 0)
            return true;
        if (cmp < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return false;
}

/* ---- the message -------------------------------------------------------- */

static void header_read(struct fhir_reader *r, const struct an_json *root)
{
    struct ctx_reading *out = r->out;
    const struct an_json *source = an_json_get(root, AN_STR("meta"));
    struct an_time t;

    out->kind = r->root_type;
    out->sender = an_json_text(an_json_get(source, AN_STR("source")));
    if (!an_str_eq(r->root_type, AN_STR("Bundle")))
        return;
    out->control_id = an_json_text(
        an_json_get(an_json_get(root, AN_STR("identifier")), AN_STR("value")));
    if (an_time_fhir(an_json_text(an_json_get(root, AN_STR("timestamp"))),
                     &r->s->zone, &t))
        out->said_us = t.us;
}

/* A message's sender stands in its MessageHeader. */
static void sender_read(struct fhir_reader *r, const struct fhir_entry *e)
{
    const struct an_json *source = an_json_get(e->resource, AN_STR("source"));
    struct an_str name = an_json_text(an_json_get(source, AN_STR("name")));
    struct an_str endpoint =
        an_json_text(an_json_get(source, AN_STR("endpoint")));

    r->out->sender = FHIR_JOIN(r, name, AN_STR("|"), endpoint);
}

/* ---- versions in one Bundle --------------------------------------------- */

static bool same_resource(const struct fhir_entry *a,
                          const struct fhir_entry *b)
{
    return a->id.n && an_str_eq(a->id, b->id) && an_str_eq(a->type, b->type) &&
           an_str_eq(a->server, b->server);
}

/* A server need not say when it deleted something (HAPI FHIR does not).  It was not
 * before the version that follows in the history, which has the newest first. */
static void date_deletions(struct fhir_reader *r, size_t from, size_t end)
{
    int64_t said_us = 0;

    for (size_t i = end; i-- > from;) {
        struct fhir_entry *e = &r->entry[r->by_id[i] - r->entry];

        e->undated = e->resource == NULL && e->said_us == 0;
        if (e->undated)
            e->said_us = said_us;
        said_us = e->said_us;
    }
}

/* Of the entries for one resource, by_id[from..end), the one said last counts;
 * of those said at the same time the first, as a history Bundle has the newest
 * there (FHIR R4 3.1.0.15.2). */
static void versions_of_one(struct fhir_reader *r, size_t from, size_t end)
{
    const struct fhir_entry *body = NULL, *first = r->by_id[from];
    size_t newest = from;

    date_deletions(r, from, end);
    for (size_t i = from; i < end; i++) {
        if (r->by_id[i]->said_us > r->by_id[newest]->said_us)
            newest = i;
        if (body == NULL && r->by_id[i]->resource)
            body = r->by_id[i];
    }
    for (size_t i = from; i < end; i++) {
        struct fhir_entry *e = &r->entry[r->by_id[i] - r->entry];

        e->older = i != newest;
        e->body = body;
    }
    r->by_id[from] = r->by_id[newest];
    r->by_id[newest] = first;
}

static void versions_mark(struct fhir_reader *r)
{
    for (size_t i = 0, end; i < r->n_indexed; i = end) {
        end = i + 1;
        while (end < r->n_indexed && same_resource(r->by_id[i], r->by_id[end]))
            end++;
        versions_of_one(r, i, end);
    }
}

/* ---- deletions ---------------------------------------------------------- */

/* Whose it was, if an older version in the Bundle says so. */
static struct fhir_person *body_whose(struct fhir_reader *r,
                                      const struct fhir_entry *deleted)
{
    const char *subject = fhir_subject_of(deleted->type);
    const struct fhir_entry *body = deleted->body;

    if (body == NULL || subject == NULL)
        return NULL;
    return fhir_person(r, body, fhir_find(r, body->resource, subject, false));
}

/* The one that all entries are about; NULL when there are several. */
static struct fhir_person *only_person(struct fhir_reader *r)
{
    for (size_t i = 0; i < r->n_entries; i++)
        if (r->entry[i].resource == NULL)
            (void)body_whose(r, &r->entry[i]);
    for (size_t i = 1; i < r->n_persons; i++)
        if (ctx_identifier_cmp(&r->person[0]->id, &r->person[i]->id))
            return NULL;
    return r->n_persons ? r->person[0] : NULL;
}

static void deletion_read(struct fhir_reader *r, const struct fhir_entry *e)
{
    bool consent = an_str_eq(e->type, AN_STR("Consent"));
    struct fhir_subject subject = {.entry = e};
    struct ctx_event event = {
        .kind = (uint8_t)(e->rule   ? e->rule->kind
                          : consent ? CTX_CONSENT
                                    : CTX_ADMISSION),
        .status = CTX_STATUS_ENTERED_IN_ERROR,
        .concept = {AN_STR_INIT("http://hl7.org/fhir/http-verb"),
                    AN_STR_INIT("DELETE"), AN_STR_INIT("")},
        .available_us = e->undated ? 0 : e->said_us};

    if (fhir_subject_of(e->type) == NULL)
        return;
    subject.person = e->body ? body_whose(r, e) : r->only;
    if (subject.person == NULL) {
        fhir_warn(r, AN_MISSING, "a deletion that names no patient");
        return;
    }
    subject.fact = fhir_fact(r, e);
    fhir_event(r, &subject, &event);
}

/* ---- entries ------------------------------------------------------------ */

/* Made by an AI (HL7 v3 ObservationValue AIAST): perhaps by us. */
static bool is_ours(const struct an_json *resource)
{
    const struct an_json *meta = an_json_get(resource, AN_STR("meta"));

    return fhir_has_code(an_json_get(meta, AN_STR("security")),
                         AN_STR("AIAST"));
}

static void entry_read(struct fhir_reader *r, struct fhir_entry *e)
{
    r->seen.read = e->rule == NULL;
    if (e->rule)
        fhir_resource(r, e);
    else if (an_str_eq(e->type, AN_STR("Patient")))
        fhir_patient(r, e);
    else if (an_str_eq(e->type, AN_STR("Encounter")))
        fhir_encounter(r, e);
    else if (an_str_eq(e->type, AN_STR("Consent")))
        fhir_consent(r, e);
    else if (an_str_eq(e->type, AN_STR("MessageHeader")))
        sender_read(r, e);
}

static void place_set(struct fhir_reader *r, struct an_str where)
{
    if (where.n)
        memcpy(r->place.p, where.p, where.n);
    r->place.n = where.n;
}

/* Deletions last, since they need to know who the others are about. */
static void entries_read(struct fhir_reader *r)
{
    for (int deletions = 0; deletions < 2; deletions++) {
        if (deletions)
            r->only = only_person(r);
        for (size_t i = 0; i < r->n_entries && r->code == AN_OK; i++) {
            struct fhir_entry *e = &r->entry[i];
            size_t before = r->n_events + r->out->n_claims;
            size_t n_warnings = r->out->n_warnings;

            if ((e->resource == NULL) != deletions)
                continue;
            r->seen = (struct fhir_seen){.read = false};
            place_set(r, e->where);
            if (e->older)
                ; /* counted, and not read */
            else if (deletions)
                deletion_read(r, e);
            else if (e->is_read && !is_ours(e->resource))
                entry_read(r, e);
            r->seen.warned = r->out->n_warnings > n_warnings;
            fhir_account(r, e, r->n_events + r->out->n_claims > before);
        }
    }
    r->place.n = 0;
}

/* ---- parts -------------------------------------------------------------- */

static int person_cmp(const void *a, const void *b)
{
    const struct fhir_person *const *x = a, *const *y = b;

    return ctx_identifier_cmp(&(*x)->id, &(*y)->id);
}

/* People by identifier; those that are equal are one part, those of whom
 * nothing was said are none. */
static void parts_number(struct fhir_reader *r)
{
    struct ctx_reading *out = r->out;
    struct fhir_person **scratch =
        fhir_get(r, r->n_persons / 2 + 1, sizeof(struct fhir_person *));
    size_t n = 0;

    out->part = fhir_get(r, r->n_persons, sizeof(*out->part));
    if (scratch == NULL || out->part == NULL)
        return;
    for (size_t i = 0; i < r->n_events; i++)
        r->owner[i]->has_events = true;
    for (size_t i = 0; i < r->n_persons; i++)
        if (r->person[i]->has_events)
            r->person[n++] = r->person[i];
    r->n_persons = n;
    an_sort(r->person, n, sizeof(struct fhir_person *), scratch, person_cmp);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || person_cmp(&r->person[i - 1], &r->person[i]))
            out->part[out->n_parts++].patient = r->person[i]->id;
        r->person[i]->part = out->n_parts - 1;
    }
}

/* The events of each part together, in the order of the message. */
static void parts_fill(struct fhir_reader *r)
{
    struct ctx_reading *out = r->out;
    struct ctx_event *sorted = r->event;

    for (size_t i = 0; i < r->n_events; i++)
        out->part[r->owner[i]->part].n_events++;
    if (out->n_parts > 1)
        sorted = fhir_get(r, r->n_events, sizeof(*sorted));
    if (sorted == NULL)
        return;
    for (size_t i = 0, at = 0; i < out->n_parts; i++) {
        out->part[i].event = sorted + at;
        at += out->part[i].n_events;
        out->part[i].n_events = 0;
    }
    for (size_t i = 0; i < r->n_events; i++) {
        struct ctx_part *part = &out->part[r->owner[i]->part];

        if (sorted != r->event)
            part->event[part->n_events] = r->event[i];
        part->n_events++;
    }
}

/* ---- reading ------------------------------------------------------------ */

static enum an_code refuse(struct an_err *err, enum an_code code,
                           const char *what, const char *path)
{
    (void)an_fail(err, code, what, 0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path), "%s", path);
    return code;
}

static enum an_code root_check(const struct an_json *root, struct an_str *type,
                               struct an_err *err)
{
    if (!an_json_is(root, AN_JSON_OBJECT))
        return refuse(err, AN_TYPE, "a FHIR resource is a JSON object", "");
    *type = an_json_text(an_json_get(root, AN_STR("resourceType")));
    if (type->n == 0)
        return refuse(err, AN_TYPE, "a FHIR resource names its type",
                      "resourceType");
    if (fhir_type_row(*type) == fhir_n_types())
        return refuse(err, AN_UNSUPPORTED, "not a resource type of FHIR R4",
                      "resourceType");
    return AN_OK;
}

static void everything(struct fhir_reader *r, const struct an_json *root)
{
    header_read(r, root);
    if (an_str_eq(r->root_type, AN_STR("Bundle"))) {
        r->labels = fhir_labels(root);
        fhir_bundle_entries(r, root);
    } else {
        fhir_single_entry(r, root);
    }
    ctx_ledger_init(&r->ledger, r->arena);
    r->segment = fhir_get(r, r->n_entries, sizeof(*r->segment));
    if (r->code == AN_OK)
        fhir_index(r);
    if (r->code == AN_OK && r->history)
        versions_mark(r);
    if (r->code == AN_OK)
        entries_read(r);
    if (r->code == AN_OK)
        parts_number(r);
    if (r->code == AN_OK)
        parts_fill(r);
    if (r->code == AN_OK)
        fhir_accounts_close(r);
}

enum an_code fhir_read(struct an_arena *arena, const struct fhir_settings *s,
                       struct an_str bytes, struct ctx_reading *out,
                       struct an_err *err)
{
    const struct an_json_limits limits = {.bytes = s->max_bytes,
                                          .nodes = s->max_values,
                                          .depth = s->max_depth,
                                          .knows = fhir_knows};
    struct fhir_reader r = {.arena = arena, .s = s, .out = out};
    const struct an_json *root;
    enum an_code code = an_json_read(arena, &limits, bytes, &root, err);

    memset(out, 0, sizeof(*out));
    if (code == AN_OK)
        code = root_check(root, &r.root_type, err);
    if (code != AN_OK)
        return code;
    r.server = fhir_server_default(s);
    everything(&r, root);
    return r.code == AN_OK ? AN_OK : an_fail_nomem(err);
}
