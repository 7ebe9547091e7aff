/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/reader_int.h"

#include "base/buf.h"
#include "base/sort.h"
#include "hl7/narrative_int.h"
#include "hl7/value.h"
#include "hl7/variant_int.h"

#include <string.h>

enum { MAX_REPS = 1024 };

static struct hl7_at at_of(const struct hl7_reader *r,
                           const struct hl7_path *path)
{
    return (struct hl7_at){r->m, (size_t)r->scope.latest[path->segment],
                           path->field, hl7_path_rep(&r->scope, path)};
}

/* Before HL7 v2.4 the coding method was a field of its own: PR1-2, DG1-2. */
static enum an_code read_coded(struct hl7_reader *r,
                               const struct hl7_path *path,
                               const struct hl7_at *at, struct ctx_event *e)
{
    struct hl7_at named = {at->m, at->segment, path->system, 1};
    struct an_str name;
    enum an_code rc =
        hl7_coded(r->arena, at, &e->concept, &e->alias, &e->n_aliases, r->err);

    if (rc != AN_OK || path->system == 0 || e->concept.system.n ||
        e->concept.code.n == 0)
        return rc;
    rc = hl7_at_text(&named, 1, &name, r->err);
    hl7_mark(r, at->segment, path->system, HL7_MARK_TOUCHED);
    return rc != AN_OK ? rc
                       : hl7_system_uri(r->arena, name, e->concept.code,
                                        &e->concept.system, r->err);
}

/* The mark of a concept or an alias of it, by what the site's tables know. */
static enum hl7_mark mark_of_concept(const struct hl7_reader *r,
                                     const struct ctx_event *e)
{
    return hl7_mark_of(
        ctx_site_state(r->settings->site, &e->concept, e->alias, e->n_aliases));
}

/* A bare code of the path's table. */
static enum an_code read_table_code(struct hl7_reader *r,
                                    const struct hl7_path *path,
                                    struct ctx_code *out)
{
    struct hl7_at at = at_of(r, path);
    struct an_str code;
    enum an_code rc = hl7_at_text(&at, 1, &code, r->err);

    if (rc != AN_OK)
        return rc;
    hl7_path_mark(&r->scope, path,
                  hl7_table_has(path->table, code) ? HL7_MARK_MAPPED
                                                   : HL7_MARK_ODD);
    return hl7_table_code(r->arena, path->table, code, out, r->err);
}

static enum an_code read_concept(struct hl7_reader *r,
                                 const struct hl7_path *path,
                                 struct ctx_event *e)
{
    struct hl7_at at;
    enum an_code rc;

    if (path->text.n) {
        e->concept.code = path->text;
        return AN_OK;
    }
    at = at_of(r, path);
    if (an_str_eq(path->table, AN_STR("text"))) {
        hl7_path_mark(&r->scope, path, HL7_MARK_TEXT);
        return hl7_at_text(&at, 0, &e->concept.display, r->err);
    }
    if (path->table.n)
        return read_table_code(r, path, &e->concept);
    rc = read_coded(r, path, &at, e);
    if (rc == AN_OK)
        hl7_path_mark(&r->scope, path, mark_of_concept(r, e));
    return rc;
}

/* A number in one field, its unit in another; text when it is no number. */
static enum an_code read_amount(struct hl7_reader *r,
                                const struct hl7_rule *rule,
                                struct ctx_value *v)
{
    struct hl7_path number, unit;
    struct an_str text;
    struct hl7_at at;
    enum an_code rc;

    if (!hl7_rule_value_at(&r->scope, rule, 0, &number))
        return AN_OK;
    at = at_of(r, &number);
    rc = hl7_at_text(&at, 1, &text, r->err);
    if (rc != AN_OK)
        return rc;
    if (!hl7_quantity(text, v)) {
        hl7_path_mark(&r->scope, &number, HL7_MARK_ODD);
        v->kind = CTX_VALUE_TEXT;
        v->text = text;
        return AN_OK;
    }
    hl7_path_mark(&r->scope, &number, HL7_MARK_MAPPED);
    if (!hl7_rule_value_at(&r->scope, rule, 1, &unit))
        return AN_OK;
    at = at_of(r, &unit);
    rc = hl7_unit_at(&at, &v->unit, r->err);
    if (rc == AN_OK)
        hl7_path_mark(&r->scope, &unit, hl7_mark_of_unit(v->unit));
    return rc;
}

static enum an_code read_fields(struct hl7_reader *r,
                                const struct hl7_rule *rule,
                                struct ctx_value *v)
{
    struct hl7_path path;
    struct hl7_at at;

    if (hl7_rule_n_values(rule) == 2)
        return read_amount(r, rule, v);
    if (!hl7_rule_value_at(&r->scope, rule, 0, &path))
        return AN_OK;
    if (path.table.n) {
        v->kind = CTX_VALUE_CODE;
        return read_table_code(r, &path, &v->code);
    }
    at = at_of(r, &path);
    hl7_path_mark(&r->scope, &path, HL7_MARK_TEXT);
    v->kind = CTX_VALUE_TEXT;
    if (path.component)
        return hl7_at_text(&at, path.component, &v->text, r->err);
    return hl7_lines(r->arena, &at, &v->text, r->err);
}

/* Times: effective never fails to exist once MSH-7 is there. */
static void read_times(struct hl7_reader *r, const struct hl7_rule *rule,
                       struct ctx_event *e)
{
    const struct an_zone *zone = &r->settings->zone;
    struct hl7_path odd = {.field = 0};
    struct an_time available;

    e->effective = hl7_rule_time(&r->scope, rule, HL7_EFFECTIVE, zone, &odd);
    e->end = hl7_rule_time(&r->scope, rule, HL7_END, zone, &odd);
    available = hl7_rule_time(&r->scope, rule, HL7_AVAILABLE, zone, &odd);
    e->said_us = r->out->said_us;
    e->available_us = available.precision ? available.us : r->out->said_us;
    if (odd.field) {
        struct an_where where = hl7_path_where(&r->scope, &odd);

        hl7_reader_warn(r, AN_TYPE, "no readable time: another field was used",
                        &where);
    }
}

/* Authority and number of the visit; the account when there is no visit. */
static enum an_code read_encounter(struct hl7_reader *r, struct ctx_event *e)
{
    int32_t pv1 = r->scope.latest[HL7_PV1], pid = r->scope.latest[HL7_PID];
    struct an_str number = {NULL, 0}, authority = {NULL, 0};
    struct an_buf b;

    if (pv1 >= 0) {
        number = hl7_get(r->m, (size_t)pv1, 19, 1, 1, 0);
        authority = hl7_get(r->m, (size_t)pv1, 19, 1, 4, 1);
        hl7_mark(r, (size_t)pv1, 19, HL7_MARK_TOUCHED);
    }
    if (number.n == 0 && pid >= 0) {
        number = hl7_get(r->m, (size_t)pid, 18, 1, 1, 0);
        authority = hl7_get(r->m, (size_t)pid, 18, 1, 4, 1);
        hl7_mark(r, (size_t)pid, 18, HL7_MARK_TOUCHED);
    }
    if (number.n == 0)
        return AN_OK;
    an_buf_init(&b, r->arena, HL7_NAME_BYTES);
    an_buf_put(&b, authority.n ? authority : r->authority);
    an_buf_put_char(&b, '|');
    an_buf_put(&b, number);
    return an_buf_done(&b, &e->encounter, r->err);
}

/* What all events of a rule share, whatever its value. */
static enum an_code read_common(struct hl7_reader *r,
                                const struct hl7_rule *rule,
                                const struct hl7_path *concept, size_t index,
                                struct ctx_event *e)
{
    enum an_code rc;

    *e = (struct ctx_event){.kind = (uint8_t)hl7_rule_kind(rule)};
    e->status = (uint8_t)hl7_rule_status(&r->scope, rule);
    e->labels = (uint16_t)hl7_labels_here(r, index);
    read_times(r, rule, e);
    rc = read_concept(r, concept, e);
    if (rc == AN_OK)
        rc = read_encounter(r, e);
    if (rc == AN_OK)
        rc = hl7_rule_fact(r->arena, &r->scope, rule, &e->fact, r->err);
    return rc;
}

static enum an_code keep(struct hl7_reader *r, const struct ctx_event *e)
{
    struct ctx_event *room = hl7_push(r, &r->events, sizeof(*room));

    if (room == NULL)
        return AN_NOMEM;
    *room = *e;
    return AN_OK;
}

/* How many repetitions of a field are read: finding one is linear. */
static unsigned reps_to_read(struct hl7_reader *r, size_t segment,
                             unsigned field)
{
    size_t n = hl7_n_reps(r->m, segment, field);
    struct an_where where = hl7_where(r->m, segment, field, 0, 0, 0);

    if (n <= MAX_REPS)
        return (unsigned)n;
    hl7_reader_warn(r, AN_LIMIT, "more repetitions than are read", &where);
    return MAX_REPS;
}

static enum an_code keep_variant(struct hl7_reader *r, size_t obx,
                                 const struct ctx_event *e)
{
    struct ctx_event variant;
    enum an_code rc = hl7_variant(r, obx, e, &variant);

    if (rc != AN_OK || variant.concept.code.n + variant.concept.display.n == 0)
        return rc;
    return keep(r, &variant);
}

/* One event a repetition of OBX-5; one without a value when it is empty. */
static enum an_code read_obx(struct hl7_reader *r, struct ctx_event *e)
{
    size_t index = (size_t)r->scope.latest[HL7_OBX];
    unsigned n = reps_to_read(r, index, 5);
    struct hl7_at obx5 = {r->m, index, 5, 1}, flag = {r->m, index, 8, 1};
    struct hl7_at range = {r->m, index, 7, 1};
    struct an_str text = {0};
    enum an_code rc = hl7_at_text(&flag, 1, &e->flag, r->err);

    if (rc == AN_OK)
        rc = hl7_at_text(&range, 0, &text, r->err);
    if (rc != AN_OK)
        return rc;
    hl7_range(text, &e->low, &e->high);
    hl7_mark(r, index, 8, HL7_MARK_MAPPED);
    hl7_mark(r, index, 7,
             e->low.n + e->high.n ? HL7_MARK_MAPPED : HL7_MARK_ODD);
    do {
        struct an_where where = hl7_where(r->m, index, 5, obx5.rep, 0, 0);
        bool odd;

        if (n <= 1)
            where.rep = 0;
        rc = hl7_obx_value(r->arena, &obx5, &e->value, &odd, r->err);
        if (rc == AN_OK && odd)
            hl7_reader_warn(r, AN_TYPE, "OBX-2 promises a number: kept as text",
                            &where);
        if (rc == AN_OK)
            hl7_account_value(&r->account, index, &e->value, odd);
        if (rc == AN_OK)
            rc = hl7_place(r, &where, &e->place);
        if (rc == AN_OK)
            rc = keep(r, e);
    } while (rc == AN_OK && ++obx5.rep <= n);
    if (rc == AN_OK && hl7_is_variant(r, index))
        rc = keep_variant(r, index, e);
    return rc;
}

/* The text of a report is a fact of its own when all of it is an addendum: it
 * does not replace what it is added to. */
static enum an_code set_apart(struct hl7_reader *r, size_t obr,
                              struct ctx_event *e)
{
    struct an_buf b;

    an_buf_init(&b, r->arena, HL7_NAME_BYTES + e->fact.n);
    an_buf_put(&b, e->fact);
    an_buf_put(&b, AN_STR("|addendum|"));
    an_buf_put(&b, an_str_sub(hl7_get(r->m, obr, 22, 1, 1, 0), 0, 64));
    return an_buf_done(&b, &e->fact, r->err);
}

static enum an_code read_report(struct hl7_reader *r, size_t obr,
                                struct ctx_event *e)
{
    bool addendum;
    enum an_code rc = hl7_report_text(r, obr, &e->value, &addendum);

    if (rc == AN_OK)
        rc = hl7_find_variants(r, obr + 1, hl7_report_end(r, obr));
    return rc == AN_OK && addendum ? set_apart(r, obr, e) : rc;
}

static enum an_code keep_unsaid(struct hl7_reader *r, const struct ctx_event *e)
{
    size_t *at = hl7_push(r, &r->unsaid, sizeof(*at));

    if (at == NULL)
        return AN_NOMEM;
    *at = r->events.n;
    return keep(r, e);
}

static enum an_code read_value(struct hl7_reader *r,
                               const struct hl7_rule *rule, size_t index,
                               struct ctx_event *e)
{
    if (hl7_rule_value(rule) == HL7_VALUE_DOCUMENT)
        return hl7_document_text(r, index, &e->value);
    if (hl7_rule_value(rule) == HL7_VALUE_REPORT)
        return read_report(r, index, e);
    return read_fields(r, rule, &e->value);
}

static enum an_code read_rule(struct hl7_reader *r, const struct hl7_rule *rule,
                              const struct hl7_path *concept,
                              enum hl7_segment_id id, size_t index)
{
    struct ctx_event e;
    struct an_where where =
        hl7_where(r->m, index, concept->segment == id ? concept->field : 0,
                  r->scope.each.rep, 0, 0);
    enum an_code rc = read_common(r, rule, concept, index, &e);

    if (rc != AN_OK)
        return rc;
    if (hl7_rule_value(rule) == HL7_VALUE_OBX)
        return hl7_is_narrative(r, index) ? AN_OK : read_obx(r, &e);
    rc = read_value(r, rule, index, &e);
    if (rc == AN_OK)
        rc = hl7_place(r, &where, &e.place);
    if (rc != AN_OK)
        return rc;
    /* A report that says neither what it is nor anything else. */
    if (hl7_rule_value(rule) == HL7_VALUE_REPORT && concept->text.n &&
        e.value.kind == CTX_VALUE_NONE)
        return AN_OK;
    return hl7_rule_unsaid(rule) ? keep_unsaid(r, &e) : keep(r, &e);
}

/* One event a repetition of the concept's field. */
static enum an_code read_each(struct hl7_reader *r, const struct hl7_rule *rule,
                              const struct hl7_path *first,
                              enum hl7_segment_id id, size_t index)
{
    unsigned n =
        reps_to_read(r, (size_t)r->scope.latest[first->segment], first->field);
    enum an_code rc = AN_OK;

    r->scope.each.segment = first->segment;
    r->scope.each.field = first->field;
    for (unsigned rep = 1; rc == AN_OK && rep <= n; rep++) {
        struct hl7_path concept;

        r->scope.each.rep = (uint16_t)rep;
        if (hl7_rule_concept(&r->scope, rule, &concept))
            rc = read_rule(r, rule, &concept, id, index);
    }
    r->scope.each.rep = 0;
    return rc;
}

enum an_code hl7_segment_events(struct hl7_reader *r, enum hl7_segment_id id,
                                size_t index)
{
    const struct hl7_rule *rule = NULL;
    enum an_code rc = AN_OK;

    while (rc == AN_OK && (rule = hl7_rule_next(&r->scope, id, rule)) != NULL) {
        struct an_where where = hl7_where(r->m, index, 0, 0, 0, 0);
        struct hl7_path concept;

        if (!hl7_rule_concept(&r->scope, rule, &concept))
            hl7_reader_warn(r, AN_MISSING,
                            "the segment names no concept: passed over",
                            &where);
        else if (hl7_rule_each(rule))
            rc = read_each(r, rule, &concept, id, index);
        else
            rc = read_rule(r, rule, &concept, id, index);
    }
    return rc;
}

/* ---- said already ------------------------------------------------------- */

struct said {
    struct an_str fact;
    size_t at; /* in the events */
    bool unsaid;
};

static int said_cmp(const void *a, const void *b)
{
    const struct said *x = a, *y = b;
    int c = an_str_cmp(x->fact, y->fact);

    return c ? c : (int)x->unsaid - (int)y->unsaid;
}

/* Without the events that have no kind any more. */
static void close_gaps(struct hl7_list *events)
{
    struct ctx_event *e = events->item;
    size_t n = 0;

    for (size_t i = 0; i < events->n; i++)
        if (e[i].kind != CTX_N_KINDS)
            e[n++] = e[i];
    events->n = n;
}

enum an_code hl7_drop_said(struct hl7_reader *r)
{
    size_t n = r->events.n;
    struct ctx_event *e = r->events.item;
    const size_t *at = r->unsaid.item;
    struct said *said = an_arena_get(r->arena, n + 1, sizeof(*said));
    void *scratch = an_arena_get(r->arena, n / 2 + 1, sizeof(*said));

    if (said == NULL || scratch == NULL)
        return an_fail_nomem(r->err);
    for (size_t i = 0; i < n; i++)
        said[i] = (struct said){e[i].fact, i, false};
    for (size_t i = 0; i < r->unsaid.n; i++)
        said[at[i]].unsaid = true;
    an_sort(said, n, sizeof(*said), scratch, said_cmp);
    for (size_t i = 1; i < n; i++)
        if (said[i].unsaid && an_str_eq(said[i].fact, said[i - 1].fact))
            e[said[i].at].kind = CTX_N_KINDS;
    close_gaps(&r->events);
    r->unsaid.n = 0;
    return AN_OK;
}
