/* SPDX-License-Identifier: Apache-2.0 */
#include "context/system.h"
#include "fhir/reader_int.h"

/* The name of a visit: "urn:fhir:Encounter|123". */
static struct an_str visit_name(struct fhir_reader *r, struct an_str server,
                                struct an_str id)
{
    return FHIR_JOIN(r, server, AN_STR("Encounter|"), id);
}

void fhir_visit(struct fhir_reader *r, const struct an_json *reference,
                struct fhir_subject *subject)
{
    struct fhir_last *last = &r->last_visit;
    struct an_str text =
        an_json_text(an_json_get(reference, AN_STR("reference")));
    struct fhir_target t;

    if (reference == NULL)
        return;
    if (text.n == 0 || !an_str_eq(text, last->reference) ||
        !an_str_eq(subject->entry->server, last->server)) {
        *last = (struct fhir_last){.reference = text,
                                   .server = subject->entry->server};
        if (!fhir_resolve(r, subject->entry, reference, AN_STR("Encounter"),
                          &t))
            return;
        if (t.id.n)
            last->encounter = visit_name(r, t.server, t.id);
        else if (t.logical.value.n)
            last->encounter =
                FHIR_JOIN(r, t.logical.authority, AN_STR("|"), t.logical.value);
        if (t.entry)
            last->visit = t.entry->resource;
    }
    subject->encounter = last->encounter;
    subject->visit = last->visit;
}

/* ADMISSION, TRANSFER and DISCHARGE are about the class of the encounter. */
static struct ctx_event about_class(struct fhir_reader *r,
                                    const struct fhir_subject *subject,
                                    unsigned kind, unsigned status,
                                    struct an_time effective)
{
    struct ctx_event e = {.kind = (uint8_t)kind,
                          .status = (uint8_t)status,
                          .effective = effective,
                          .said_us = subject->entry->said_us};

    if (!fhir_concept(r, an_json_get(subject->entry->resource, AN_STR("class")),
                      &e.concept, &e.alias, &e.n_aliases))
    e.concept.display = AN_STR("encounter");
    fhir_available(&e, effective);
    return e;
}

/* Where the patient was moved to, by the reference to a Location. */
static void location_value(struct fhir_reader *r,
                           const struct fhir_subject *subject,
                           const struct an_json *reference,
                           struct ctx_value *value)
{
    struct fhir_target t;

    if (!fhir_resolve(r, subject->entry, reference, AN_STR("Location"), &t))
        t.id = AN_STR("");
    if (t.id.n)
        value->code = (struct ctx_code){
            .system = FHIR_JOIN(r, t.server, AN_STR("Location")), .code = t.id};
    value->code.display =
        an_json_text(an_json_get(reference, AN_STR("display")));
    if (value->code.code.n || value->code.display.n)
        value->kind = CTX_VALUE_CODE;
}

/* Each place that began after the admission did. */
static void transfers(struct fhir_reader *r, const struct fhir_subject *subject,
                      struct an_time admitted, unsigned status)
{
    const struct an_json *json = subject->entry->resource;
    size_t mark = fhir_step(r, AN_STR("location")), index = 0;

    for (const struct an_json *j =
             an_json_first(an_json_get(json, AN_STR("location")));
         j; j = j->next) {
        size_t inner = fhir_step_index(r, index++);
        struct an_time start, end;
        struct ctx_event e;

        fhir_when(r, an_json_get(j, AN_STR("period")), &start, &end);
        if (start.precision && admitted.precision && start.us > admitted.us) {
            e = about_class(r, subject, CTX_TRANSFER, status, start);
            location_value(r, subject, an_json_get(j, AN_STR("location")),
                           &e.value);
            fhir_event(r, subject, &e);
        }
        r->place.n = inner;
    }
    r->place.n = mark;
}

static void discharge(struct fhir_reader *r, const struct fhir_subject *subject,
                      struct an_time end, unsigned status)
{
    const struct an_json *json = subject->entry->resource;
    size_t mark = r->place.n;
    const struct an_json *to =
        fhir_find(r, json, "hospitalization.dischargeDisposition", true);
    struct ctx_event e = about_class(r, subject, CTX_DISCHARGE, status, end);

    if (to == NULL) {
        r->place.n = mark;
        (void)fhir_find(r, json, "period.end", true);
    }
    fhir_value(r, to, &e.value);
    fhir_event(r, subject, &e);
    r->place.n = mark;
}

void fhir_encounter(struct fhir_reader *r, const struct fhir_entry *entry)
{
    const struct an_json *json = entry->resource;
    struct fhir_subject subject = {
        .entry = entry,
        .person = fhir_person(r, entry, an_json_get(json, AN_STR("subject"))),
        .fact = fhir_fact(r, entry)};
    unsigned status = fhir_status(
        entry->type, fhir_code(an_json_get(json, AN_STR("status"))));
    struct an_time start, end;
    struct ctx_event e;
    size_t mark;

    r->seen.read = subject.person != NULL;
    r->seen.status = status == CTX_STATUS_UNKNOWN ? CTX_FIELD_ODD : 0;
    if (subject.person == NULL)
        return;
    if (entry->id.n)
        subject.encounter = visit_name(r, entry->server, entry->id);
    fhir_when(r, an_json_get(json, AN_STR("period")), &start, &end);
    e = about_class(r, &subject, CTX_ADMISSION, status, start);
    fhir_value(r, an_json_get(json, AN_STR("type")), &e.value);
    r->seen.code =
        (uint8_t)ctx_site_state(r->s->site, &e.concept, e.alias, e.n_aliases);
    r->seen.value = ctx_system_standard(e.value.code.system) ? CTX_FIELD_MAPPED
                                                             : CTX_FIELD_TEXT;
    mark = fhir_step(r, AN_STR("class"));
    fhir_event(r, &subject, &e);
    r->place.n = mark;
    transfers(r, &subject, start, status);
    if (end.precision != AN_TIME_NONE && status != CTX_STATUS_PLANNED)
        discharge(r, &subject, end, status);
}
