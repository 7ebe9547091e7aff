/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/reader_int.h"

#include "base/buf.h"
#include "hl7/value.h"

#include <string.h>

enum { DOCUMENT_BYTES = 4 << 20, SENDER_BYTES = 4096 };

static struct hl7_at at_of(const struct hl7_reader *r,
                           const struct hl7_path *path)
{
    return (struct hl7_at){r->m, (size_t)r->scope.latest[path->segment],
                           path->field, 1};
}

static enum an_code read_concept(struct hl7_reader *r,
                                 const struct hl7_path *path,
                                 struct ctx_event *e)
{
    struct hl7_at at;

    if (path->text.n) {
        e->concept.code = path->text;
        return AN_OK;
    }
    at = at_of(r, path);
    if (an_str_eq(path->table, AN_STR("text")))
        return hl7_at_text(&at, 0, &e->concept.display, r->err);
    if (path->table.n) {
        struct an_str code;
        enum an_code rc = hl7_at_text(&at, 1, &code, r->err);

        return rc != AN_OK ? rc
                           : hl7_table_code(r->arena, path->table, code,
                                            &e->concept, r->err);
    }
    return hl7_coded(r->arena, &at, &e->concept, &e->alias, &e->n_aliases,
                     r->err);
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
        v->kind = CTX_VALUE_TEXT;
        v->text = text;
        return AN_OK;
    }
    if (!hl7_rule_value_at(&r->scope, rule, 1, &unit))
        return AN_OK;
    at = at_of(r, &unit);
    return hl7_unit_at(&at, &v->unit, r->err);
}

static enum an_code read_fields(struct hl7_reader *r,
                                const struct hl7_rule *rule,
                                struct ctx_value *v)
{
    struct hl7_path path;
    struct hl7_at at;
    struct an_str code;
    enum an_code rc;

    if (hl7_rule_n_values(rule) == 2)
        return read_amount(r, rule, v);
    if (!hl7_rule_value_at(&r->scope, rule, 0, &path))
        return AN_OK;
    at = at_of(r, &path);
    if (path.table.n) {
        v->kind = CTX_VALUE_CODE;
        rc = hl7_at_text(&at, 1, &code, r->err);
        return rc != AN_OK ? rc
                           : hl7_table_code(r->arena, path.table, code,
                                            &v->code, r->err);
    }
    v->kind = CTX_VALUE_TEXT;
    return hl7_lines(r->arena, &at, &v->text, r->err);
}

/* The text of the OBX segments that follow a TXA, one a line. */
static enum an_code read_document(struct hl7_reader *r, size_t txa,
                                  struct ctx_value *v)
{
    struct an_buf b;
    bool any = false;

    an_buf_init(&b, r->arena, DOCUMENT_BYTES);
    for (size_t i = txa + 1; i < r->m->n_segments; i++) {
        struct hl7_at at = {r->m, i, 5, 1};
        struct an_str type = hl7_get(r->m, i, 2, 1, 0, 0), text;
        enum an_code rc;

        if (memcmp(r->m->segment[i].id, "TXA", 3) == 0)
            break;
        if (memcmp(r->m->segment[i].id, "OBX", 3) != 0 ||
            (!an_str_eq(type, AN_STR("TX")) && !an_str_eq(type, AN_STR("FT")) &&
             !an_str_eq(type, AN_STR("ST"))))
            continue;
        rc = hl7_lines(r->arena, &at, &text, r->err);
        if (rc != AN_OK)
            return rc;
        if (any)
            an_buf_put_char(&b, '\n');
        an_buf_put(&b, text);
        any = true;
    }
    if (!any)
        return AN_OK;
    v->kind = CTX_VALUE_TEXT;
    return an_buf_done(&b, &v->text, r->err);
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
    }
    if (number.n == 0 && pid >= 0) {
        number = hl7_get(r->m, (size_t)pid, 18, 1, 1, 0);
        authority = hl7_get(r->m, (size_t)pid, 18, 1, 4, 1);
    }
    if (number.n == 0)
        return AN_OK;
    an_buf_init(&b, r->arena, SENDER_BYTES);
    an_buf_put(&b, authority.n ? authority : r->authority);
    an_buf_put_char(&b, '|');
    an_buf_put(&b, number);
    return an_buf_done(&b, &e->encounter, r->err);
}

/* What all events of a rule share, whatever its value. */
static enum an_code read_common(struct hl7_reader *r,
                                const struct hl7_rule *rule,
                                const struct hl7_path *concept,
                                struct ctx_event *e)
{
    enum an_code rc;

    *e = (struct ctx_event){.kind = (uint8_t)hl7_rule_kind(rule)};
    e->status = (uint8_t)hl7_rule_status(&r->scope, rule);
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

/* One event a repetition of OBX-5; one without a value when it is empty. */
static enum an_code read_obx(struct hl7_reader *r, struct ctx_event *e)
{
    size_t index = (size_t)r->scope.latest[HL7_OBX];
    size_t n = hl7_n_reps(r->m, index, 5);
    struct hl7_at obx5 = {r->m, index, 5, 1}, flag = {r->m, index, 8, 1};
    struct hl7_at range = {r->m, index, 7, 1};
    struct an_str text = {0};
    enum an_code rc = hl7_at_text(&flag, 1, &e->flag, r->err);

    if (rc == AN_OK)
        rc = hl7_at_text(&range, 0, &text, r->err);
    if (rc != AN_OK)
        return rc;
    hl7_range(text, &e->low, &e->high);
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
            rc = hl7_place(r, &where, &e->place);
        if (rc == AN_OK)
            rc = keep(r, e);
    } while (rc == AN_OK && ++obx5.rep <= n);
    return rc;
}

static enum an_code read_rule(struct hl7_reader *r, const struct hl7_rule *rule,
                              enum hl7_segment_id id, size_t index)
{
    struct hl7_path concept;
    struct ctx_event e;
    struct an_where where;
    enum an_code rc;

    if (!hl7_rule_concept(&r->scope, rule, &concept)) {
        where = hl7_where(r->m, index, 0, 0, 0, 0);
        hl7_reader_warn(r, AN_MISSING,
                        "the segment names no concept: passed over", &where);
        return AN_OK;
    }
    rc = read_common(r, rule, &concept, &e);
    if (rc != AN_OK)
        return rc;
    if (hl7_rule_value(rule) == HL7_VALUE_OBX)
        return read_obx(r, &e);
    if (hl7_rule_value(rule) == HL7_VALUE_DOCUMENT)
        rc = read_document(r, index, &e.value);
    else
        rc = read_fields(r, rule, &e.value);
    where = hl7_where(r->m, index, concept.segment == id ? concept.field : 0, 0,
                      0, 0);
    if (rc == AN_OK)
        rc = hl7_place(r, &where, &e.place);
    return rc == AN_OK ? keep(r, &e) : rc;
}

enum an_code hl7_segment_events(struct hl7_reader *r, enum hl7_segment_id id,
                                size_t index)
{
    const struct hl7_rule *rule = NULL;
    enum an_code rc = AN_OK;

    while (rc == AN_OK && (rule = hl7_rule_next(&r->scope, id, rule)) != NULL)
        rc = read_rule(r, rule, id, index);
    return rc;
}
