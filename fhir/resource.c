/* SPDX-License-Identifier: Apache-2.0 */
#include "context/system.h"
#include "fhir/reader_int.h"

/* ---- rules and facts ---------------------------------------------------- */

const struct fhir_rule *fhir_rule_of(struct an_str type)
{
    static const struct fhir_rule rule[] = {
#include "config/tables/fhir-resources.inc"
    };

    size_t from = 0, to = sizeof(rule) / sizeof(rule[0]);

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int cmp = an_str_cmp(type, an_str_c(rule[middle].type));

        if (cmp == 0)
            return &rule[middle];
        if (cmp < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

const char *fhir_subject_of(struct an_str type)
{
    const struct fhir_rule *rule = fhir_rule_of(type);

    if (rule)
        return rule->subject;
    if (an_str_eq(type, AN_STR("Consent")))
        return "patient";
    return an_str_eq(type, AN_STR("Encounter")) ? "subject" : NULL;
}

struct an_str fhir_fact(struct fhir_reader *r, const struct fhir_entry *entry)
{
    const struct an_json *id =
        an_json_at(an_json_get(entry->resource, AN_STR("identifier")), 0);
    struct an_str value = an_json_text(an_json_get(id, AN_STR("value")));

    if (entry->id.n)
        return FHIR_JOIN(r, entry->server, entry->type, AN_STR("/"), entry->id);
    if (value.n)
        return FHIR_JOIN(r, entry->type, AN_STR("?identifier="),
                         an_json_text(an_json_get(id, AN_STR("system"))),
                         AN_STR("|"), value);
    fhir_warn(r, AN_MISSING, "no id: no later version can replace it");
    return AN_STR("");
}

/* ---- events ------------------------------------------------------------- */

static bool events_grow(struct fhir_reader *r)
{
    size_t size = r->events_size ? 2 * r->events_size : r->n_entries + 8;
    struct ctx_event *event = fhir_get(r, size, sizeof(*event));
    struct fhir_person **owner =
        fhir_get(r, size, sizeof(struct fhir_person *));

    if (event == NULL || owner == NULL)
        return false;
    if (r->n_events) {
        memcpy(event, r->event, r->n_events * sizeof(*event));
        memcpy(owner, r->owner, r->n_events * sizeof(void *));
    }
    r->event = event;
    r->owner = owner;
    r->events_size = size;
    return true;
}

static unsigned labels_of(struct fhir_reader *r,
                          const struct fhir_subject *subject)
{
    const struct an_json *resource = subject->entry->resource;
    struct fhir_labelled *last = &r->labelled;

    if (last->resource != resource || last->visit != subject->visit)
        *last = (struct fhir_labelled){resource, subject->visit,
                                       fhir_labels(resource) |
                                           fhir_labels(subject->visit)};
    return last->labels;
}

void fhir_event(struct fhir_reader *r, const struct fhir_subject *subject,
                const struct ctx_event *made)
{
    struct ctx_event *e;

    if (r->n_events == r->events_size && !events_grow(r))
        return;
    e = &r->event[r->n_events];
    *e = *made;
    /* A resource says all of what it says anew with each version. */
    e->labels =
        (uint16_t)(CTX_LABEL_STATED | r->labels | labels_of(r, subject));
    e->said_us = subject->entry->said_us;
    e->encounter = subject->encounter;
    e->fact = subject->fact;
    e->place = fhir_place_copy(r);
    r->owner[r->n_events++] = subject->person;
}

void fhir_available(struct ctx_event *e, struct an_time available)
{
    if (available.precision == AN_TIME_NONE)
        available = e->end;
    if (available.precision == AN_TIME_NONE)
        available = e->effective;
    e->available_us =
        available.precision != AN_TIME_NONE ? available.us : e->said_us;
}

/* ---- what it is about --------------------------------------------------- */

/* A Medication at hand is its code; one that is elsewhere is its id, which a
 * site's table may know. */
static bool medication(struct fhir_reader *r, const struct fhir_entry *from,
                       const struct an_json *reference, struct ctx_event *e)
{
    struct an_str display =
        an_json_text(an_json_get(reference, AN_STR("display")));
    const struct an_json *found = NULL;
    struct fhir_target t;

    if (!fhir_resolve(r, from, reference, AN_STR("Medication"), &t)) {
        e->concept.display = display;
        return display.n > 0;
    }
    if (t.contained)
        found = t.contained;
    else if (t.entry)
        found = t.entry->resource;
    if (found && fhir_concept(r, an_json_get(found, AN_STR("code")),
                              &e->concept, &e->alias, &e->n_aliases))
        return true;
    e->concept = (struct ctx_code){.display = display};
    if (t.logical.value.n) {
        e->concept.system = t.logical.authority;
        e->concept.code = t.logical.value;
    } else if (t.id.n) {
        e->concept.system = FHIR_JOIN(r, t.server, AN_STR("Medication"));
        e->concept.code = t.id;
    }
    return e->concept.code.n || display.n;
}

static bool concept_of(struct fhir_reader *r, const struct fhir_entry *from,
                       const struct an_json *code, struct ctx_event *e)
{
    if (an_json_get(code, AN_STR("reference")) ||
        an_json_get(code, AN_STR("identifier")))
        return medication(r, from, code, e);
    return fhir_concept(r, code, &e->concept, &e->alias, &e->n_aliases);
}

/* ---- when --------------------------------------------------------------- */

/* The first of what the row names; else when the visit was, since a diagnosis
 * without a date belongs to its visit and was known when that ended. */
static struct an_time when(struct fhir_reader *r, const struct fhir_rule *rule,
                           const struct fhir_subject *subject,
                           struct ctx_event *e)
{
    const struct an_json *json = subject->entry->resource;
    struct an_time unused, left = {0};

    fhir_when(r, fhir_find(r, json, rule->effective, false), &e->effective,
              &e->end);
    /* onsetPeriod is how long it took to begin, not how long it lasted. */
    if (rule->kind == CTX_CONDITION || rule->kind == CTX_ALLERGY)
        e->end = (struct an_time){0};
    if (e->effective.precision == AN_TIME_NONE)
        fhir_when(r, fhir_find(r, json, rule->otherwise, false), &e->effective,
                  &e->end);
    if (e->effective.precision == AN_TIME_NONE && subject->visit) {
        fhir_when(r, an_json_get(subject->visit, AN_STR("period")),
                  &e->effective, &left);
        return left;
    }
    fhir_when(r, fhir_find(r, json, rule->available, false), &left, &unused);
    return left;
}

/* ---- for the account ---------------------------------------------------- */

static enum ctx_field_state state_of_code(const struct fhir_reader *r,
                                          const struct ctx_event *e)
{
    return ctx_site_state(r->s->site, &e->concept, e->alias, e->n_aliases);
}

static enum ctx_field_state state_of_value(const struct ctx_value *v)
{
    if (v->kind == CTX_VALUE_NONE)
        return CTX_FIELD_ODD; /* it was there, and nothing came of it */
    if (v->kind == CTX_VALUE_QUANTITY ||
        (v->kind == CTX_VALUE_CODE && ctx_system_standard(v->code.system)))
        return CTX_FIELD_MAPPED;
    return CTX_FIELD_TEXT;
}

/* ---- Observation -------------------------------------------------------- */

/* What stands beside the value of an Observation and of each component. */
static void finding_read(const struct an_json *j, struct ctx_event *e)
{
    const struct an_json *range =
        an_json_at(an_json_get(j, AN_STR("referenceRange")), 0);

    e->low = an_json_literal(
        an_json_get(an_json_get(range, AN_STR("low")), AN_STR("value")));
    e->high = an_json_literal(
        an_json_get(an_json_get(range, AN_STR("high")), AN_STR("value")));
    e->flag =
        fhir_code(an_json_at(an_json_get(j, AN_STR("interpretation")), 0));
}

/* A component is an event of its own that shares the fact and the times. */
static void component_read(struct fhir_reader *r,
                           const struct fhir_subject *subject,
                           const struct ctx_event *whole,
                           const struct an_json *j)
{
    size_t mark = r->place.n;
    const struct an_json *value = fhir_find(r, j, "value[x]", true);
    struct ctx_event e = {.kind = whole->kind,
                          .status = whole->status,
                          .effective = whole->effective,
                          .end = whole->end,
                          .available_us = whole->available_us};

    if (fhir_concept(r, an_json_get(j, AN_STR("code")), &e.concept, &e.alias,
                     &e.n_aliases)) {
        enum ctx_field_state state = state_of_code(r, &e);

        if (state > r->seen.component)
            r->seen.component = (uint8_t)state;
        fhir_value(r, value, &e.value);
        finding_read(j, &e);
        fhir_event(r, subject, &e);
    } else {
        fhir_warn(r, AN_MISSING, "a component without a code");
        r->seen.component = CTX_FIELD_ODD;
    }
    r->place.n = mark;
}

static void components_read(struct fhir_reader *r,
                            const struct fhir_subject *subject,
                            const struct ctx_event *whole)
{
    const struct an_json *list =
        an_json_get(subject->entry->resource, AN_STR("component"));
    size_t mark = fhir_step(r, AN_STR("component")), index = 0;

    for (const struct an_json *j = an_json_first(list); j; j = j->next) {
        size_t inner = fhir_step_index(r, index++);

        component_read(r, subject, whole, j);
        r->place.n = inner;
    }
    r->place.n = mark;
}

/* ---- any resource ------------------------------------------------------- */

static bool is_order(const struct fhir_rule *rule)
{
    return rule->kind == CTX_ORDER || rule->kind == CTX_MEDICATION_ORDER;
}

/* An order that says "not": its opposite would be read. */
static bool is_negated(const struct fhir_rule *rule, const struct an_json *json)
{
    bool no = false;

    return is_order(rule) &&
           an_json_bool(an_json_get(json, AN_STR("doNotPerform")), &no) && no;
}

/* An order that is only an idea is planned, however active the idea. */
static bool is_idea(const struct an_json *json)
{
    struct an_str intent = an_json_text(an_json_get(json, AN_STR("intent")));

    return an_str_eq(intent, AN_STR("proposal")) ||
           an_str_eq(intent, AN_STR("plan")) ||
           an_str_eq(intent, AN_STR("option"));
}

static unsigned status_of(struct fhir_reader *r, const struct fhir_rule *rule,
                          const struct an_json *json, struct an_str type)
{
    struct an_str code = fhir_code(fhir_find(r, json, rule->status, false));
    unsigned status = fhir_status(type, code);

    r->seen.status =
        status == CTX_STATUS_UNKNOWN && !an_str_eq(code, AN_STR("unknown"))
            ? CTX_FIELD_ODD
            : CTX_FIELD_MAPPED;
    if (is_order(rule) && status == CTX_STATUS_FINAL && is_idea(json))
        status = CTX_STATUS_PLANNED;
    return status;
}

/* Of a problem's clinicalStatus "active" goes without saying, and once it is
 * over, its end says when. */
static void problem_value(const struct fhir_rule *rule, struct ctx_event *e)
{
    if (an_str_eq(an_str_c(rule->value), AN_STR("clinicalStatus")) &&
        (e->end.precision != AN_TIME_NONE ||
         an_str_eq(e->value.code.code, AN_STR("active"))))
        e->value = (struct ctx_value){.kind = CTX_VALUE_NONE};
}

/* Everything but the place, and what it was found in. */
static bool event_read(struct fhir_reader *r, const struct fhir_rule *rule,
                       const struct fhir_subject *subject, struct ctx_event *e)
{
    const struct an_json *json = subject->entry->resource;
    struct an_time available, unused;

    e->kind = (uint8_t)rule->kind;
    e->status = (uint8_t)status_of(r, rule, json, subject->entry->type);
    if (!concept_of(r, subject->entry, fhir_find(r, json, rule->code, false),
                    e)) {
        fhir_warn(r, AN_MISSING, "it does not say what it is about");
        r->seen.code = CTX_FIELD_ODD;
        /* What is taken back need not say again what it was. */
        if (!ctx_event_withdrawn(e))
            return false;
        e->concept.display = AN_STR("withdrawn");
    } else {
        r->seen.code = (uint8_t)state_of_code(r, e);
    }
    fhir_value(r, fhir_find(r, json, rule->value, false), &e->value);
    r->seen.value = (uint8_t)state_of_value(&e->value);
    if (rule->kind == CTX_OBSERVATION)
        finding_read(json, e);
    available = when(r, rule, subject, e);
    fhir_available(e, available);
    if (e->end.precision == AN_TIME_NONE)
        fhir_when(r, fhir_find(r, json, rule->end, false), &e->end, &unused);
    problem_value(rule, e);
    return true;
}

/* An event stands where its value does, else where its code does. */
static void event_add(struct fhir_reader *r, const struct fhir_rule *rule,
                      const struct fhir_subject *subject,
                      const struct ctx_event *e)
{
    size_t mark = r->place.n;

    (void)fhir_find(r, subject->entry->resource,
                    e->value.kind != CTX_VALUE_NONE ? rule->value : rule->code,
                    true);
    fhir_event(r, subject, e);
    r->place.n = mark;
}

void fhir_resource(struct fhir_reader *r, const struct fhir_entry *entry)
{
    const struct fhir_rule *rule = entry->rule;
    const struct an_json *json = entry->resource, *components = NULL;
    struct fhir_subject subject = {.entry = entry};
    struct ctx_event e = {.kind = 0};

    if (is_negated(rule, json)) {
        fhir_warn(r, AN_UNSUPPORTED, "an order not to do something");
        return;
    }
    subject.person =
        fhir_person(r, entry, fhir_find(r, json, rule->subject, false));
    if (subject.person == NULL)
        return;
    subject.fact = fhir_fact(r, entry);
    fhir_visit(r, fhir_find(r, json, rule->encounter, false), &subject);
    r->seen.read = event_read(r, rule, &subject, &e);
    if (!r->seen.read)
        return;
    if (rule->kind == CTX_OBSERVATION)
        components = an_json_first(an_json_get(json, AN_STR("component")));
    /* A panel whose components say everything is no event beside them. */
    if (components == NULL || e.value.kind != CTX_VALUE_NONE)
        event_add(r, rule, &subject, &e);
    if (components)
        components_read(r, &subject, &e);
}
