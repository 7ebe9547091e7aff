/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/events.h"

#include "base/buf.h"
#include "hl7/account.h"
#include "hl7/identify.h"
#include "hl7/rules.h"
#include "hl7/value.h"

#include <string.h>

enum { DOCUMENT_BYTES = 4 << 20, SENDER_BYTES = 4096 };

/* A list that grows in the arena. */
struct list {
    void *item;
    size_t n, size;
};

/* What is being read: the message from top to bottom, one part a patient. */
struct reader {
    struct an_arena *arena;
    const struct hl7_settings *settings;
    const struct hl7_message *m;
    struct ctx_reading *out;
    struct an_err *err;
    struct hl7_scope scope;
    struct an_str authority;
    struct list parts, events, claims;
    struct hl7_account account;
    struct hl7_identity patient; /* of the latest PID; n is 0 before it */
    struct hl7_identity first;   /* of the PID before that, for A24 and A37 */
};

/* Room for one more; NULL without memory. */
static void *push(struct reader *r, struct list *l, size_t item_bytes)
{
    if (l->n == l->size) {
        size_t size = l->size ? l->size * 2 : 8;
        void *item = an_arena_get(r->arena, size, item_bytes);

        if (item == NULL) {
            an_fail_nomem(r->err);
            return NULL;
        }
        if (l->n)
            memcpy(item, l->item, l->n * item_bytes);
        l->item = item;
        l->size = size;
    }
    return (char *)l->item + l->n++ * item_bytes;
}

static void warn(struct reader *r, enum an_code code, const char *what,
                 const struct an_where *where)
{
    struct an_err w = {.code = code, .what = what, .where = *where};

    ctx_reading_warn(r->out, &w);
}

static void mark(struct reader *r, size_t segment, unsigned field,
                 enum hl7_mark mark)
{
    hl7_account_mark(&r->account, segment, field, mark);
}

/* The mark of a concept or an alias of it, by what the site's tables know. */
static enum hl7_mark mark_of_concept(const struct reader *r,
                                     const struct ctx_event *e)
{
    return hl7_mark_of(
        ctx_site_state(r->settings->site, &e->concept, e->alias, e->n_aliases));
}

/* ---- one event ---------------------------------------------------------- */

static struct hl7_at at_of(const struct reader *r, const struct hl7_path *path)
{
    return (struct hl7_at){r->m, (size_t)r->scope.latest[path->segment],
                           path->field, 1};
}

/* A bare code of the path's table. */
static enum an_code read_table_code(struct reader *r,
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

static enum an_code read_concept(struct reader *r, const struct hl7_path *path,
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
    rc =
        hl7_coded(r->arena, &at, &e->concept, &e->alias, &e->n_aliases, r->err);
    if (rc == AN_OK)
        hl7_path_mark(&r->scope, path, mark_of_concept(r, e));
    return rc;
}

/* A number in one field, its unit in another; text when it is no number. */
static enum an_code read_amount(struct reader *r, const struct hl7_rule *rule,
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

static enum an_code read_fields(struct reader *r, const struct hl7_rule *rule,
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
    return hl7_lines(r->arena, &at, &v->text, r->err);
}

/* The text of the OBX segments that follow a TXA, one a line. */
static enum an_code read_document(struct reader *r, size_t txa,
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
        mark(r, i, 2, HL7_MARK_MAPPED);
        mark(r, i, 5, HL7_MARK_TEXT);
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
static void read_times(struct reader *r, const struct hl7_rule *rule,
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

        warn(r, AN_TYPE, "no readable time: another field was used", &where);
    }
}

/* Where an event comes from: "OBX[3]-5[2]". */
static enum an_code read_place(struct reader *r, const struct an_where *where,
                               struct ctx_event *e)
{
    char text[32];
    size_t n = an_where_print(where, text, sizeof(text));

    return an_arena_str(r->arena, (struct an_str){text, n}, &e->place)
               ? AN_OK
               : an_fail_nomem(r->err);
}

/* Authority and number of the visit; the account when there is no visit. */
static enum an_code read_encounter(struct reader *r, struct ctx_event *e)
{
    int32_t pv1 = r->scope.latest[HL7_PV1], pid = r->scope.latest[HL7_PID];
    struct an_str number = {NULL, 0}, authority = {NULL, 0};
    struct an_buf b;

    if (pv1 >= 0) {
        number = hl7_get(r->m, (size_t)pv1, 19, 1, 1, 0);
        authority = hl7_get(r->m, (size_t)pv1, 19, 1, 4, 1);
        mark(r, (size_t)pv1, 19, HL7_MARK_TOUCHED);
    }
    if (number.n == 0 && pid >= 0) {
        number = hl7_get(r->m, (size_t)pid, 18, 1, 1, 0);
        authority = hl7_get(r->m, (size_t)pid, 18, 1, 4, 1);
        mark(r, (size_t)pid, 18, HL7_MARK_TOUCHED);
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
static enum an_code read_common(struct reader *r, const struct hl7_rule *rule,
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

static enum an_code keep(struct reader *r, const struct ctx_event *e)
{
    struct ctx_event *room = push(r, &r->events, sizeof(*room));

    if (room == NULL)
        return AN_NOMEM;
    *room = *e;
    return AN_OK;
}

/* One event a repetition of OBX-5; one without a value when it is empty. */
static enum an_code read_obx(struct reader *r, struct ctx_event *e)
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
    mark(r, index, 8, HL7_MARK_MAPPED);
    mark(r, index, 7, e->low.n + e->high.n ? HL7_MARK_MAPPED : HL7_MARK_ODD);
    do {
        struct an_where where = hl7_where(r->m, index, 5, obx5.rep, 0, 0);
        bool odd;

        if (n <= 1)
            where.rep = 0;
        rc = hl7_obx_value(r->arena, &obx5, &e->value, &odd, r->err);
        if (rc == AN_OK && odd)
            warn(r, AN_TYPE, "OBX-2 promises a number: kept as text", &where);
        if (rc == AN_OK)
            hl7_account_value(&r->account, index, &e->value, odd);
        if (rc == AN_OK)
            rc = read_place(r, &where, e);
        if (rc == AN_OK)
            rc = keep(r, e);
    } while (rc == AN_OK && ++obx5.rep <= n);
    return rc;
}

static enum an_code read_rule(struct reader *r, const struct hl7_rule *rule,
                              enum hl7_segment_id id, size_t index)
{
    struct hl7_path concept;
    struct ctx_event e;
    struct an_where where;
    enum an_code rc;

    if (!hl7_rule_concept(&r->scope, rule, &concept)) {
        where = hl7_where(r->m, index, 0, 0, 0, 0);
        warn(r, AN_MISSING, "the segment names no concept: passed over",
             &where);
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
        rc = read_place(r, &where, &e);
    return rc == AN_OK ? keep(r, &e) : rc;
}

/* ---- patients and claims ------------------------------------------------ */

static enum an_code claim(struct reader *r, enum ctx_claim_kind kind,
                          const struct ctx_identifier *current,
                          const struct ctx_identifier *prior, size_t segment,
                          unsigned field)
{
    struct an_where where = hl7_where(r->m, segment, field, 0, 0, 0);
    struct ctx_claim *c;
    struct ctx_event place;
    enum an_code rc = read_place(r, &where, &place);

    if (rc != AN_OK)
        return rc;
    c = push(r, &r->claims, sizeof(*c));
    if (c == NULL)
        return AN_NOMEM;
    *c = (struct ctx_claim){.kind = (uint8_t)kind,
                            .current = *current,
                            .prior = *prior,
                            .said_us = r->out->said_us,
                            .available_us = r->out->said_us,
                            .place = place.place};
    return AN_OK;
}

/* The field that should have named the patient. */
static const struct an_where no_patient = {
    .segment = "PID", .segment_seq = 1, .field = 3};

/* Close the part of the patient before, if there is one. */
static enum an_code close_part(struct reader *r)
{
    struct ctx_part *part;

    if (r->patient.n == 0) {
        if (r->events.n == 0)
            return AN_OK;
        an_fail(r->err, AN_MISSING, "data about nobody: no patient identifier",
                0);
        if (r->err)
            r->err->where = no_patient;
        return AN_MISSING;
    }
    part = push(r, &r->parts, sizeof(*part));
    if (part == NULL)
        return AN_NOMEM;
    *part = (struct ctx_part){r->patient.id[0], r->events.item, r->events.n};
    r->events = (struct list){NULL, 0, 0};
    return AN_OK;
}

static enum an_code enter_pid(struct reader *r, size_t index)
{
    enum ctx_claim_kind kind;
    bool second = r->patient.n > 0;
    enum an_code rc = AN_OK;

    if (second || r->events.n)
        rc = close_part(r);
    r->first = r->patient;
    if (rc == AN_OK)
        rc = hl7_identify(r->m, index, r->authority, &r->patient, r->err);
    if (rc == AN_OK && r->patient.n)
        mark(r, index, r->patient.field, HL7_MARK_MAPPED);
    for (unsigned i = 1; rc == AN_OK && i < r->patient.n; i++)
        rc = claim(r, CTX_CLAIM_SAME, &r->patient.id[0], &r->patient.id[i],
                   index, r->patient.field);
    if (rc == AN_OK && second && r->patient.n &&
        hl7_claim_of(r->scope.event, &kind) && kind != CTX_CLAIM_MERGE)
        rc = claim(r, kind, &r->first.id[0], &r->patient.id[0], index,
                   r->patient.field);
    return rc;
}

static enum an_code enter_mrg(struct reader *r, size_t index)
{
    struct hl7_identity prior;
    enum ctx_claim_kind kind;
    enum an_code rc;

    if (!hl7_claim_of(r->scope.event, &kind) || kind != CTX_CLAIM_MERGE)
        return AN_OK;
    rc = hl7_identify(r->m, index, r->authority, &prior, r->err);
    if (rc != AN_OK)
        return rc;
    if (prior.n == 0 || r->patient.n == 0) {
        an_fail(r->err, AN_MISSING, "a merge that does not name both patients",
                0);
        if (r->err)
            r->err->where =
                prior.n ? no_patient : hl7_where(r->m, index, 1, 0, 0, 0);
        return AN_MISSING;
    }
    mark(r, index, prior.field, HL7_MARK_MAPPED);
    return claim(r, kind, &r->patient.id[0], &prior.id[0], index, prior.field);
}

/* ---- the message -------------------------------------------------------- */

/* Segments that only give context to others are used by being there. */
static bool gives_context(enum hl7_segment_id id)
{
    return id == HL7_MSH || id == HL7_EVN || id == HL7_PID || id == HL7_PV1 ||
           id == HL7_ORC || id == HL7_MRG || id == HL7_SPM || id == HL7_TQ1;
}

static enum an_code read_segment(struct reader *r, size_t index)
{
    struct an_str name = an_str_c(r->m->segment[index].id);
    enum hl7_segment_id id = hl7_segment_id(name);
    size_t n_before = r->events.n;
    const struct hl7_rule *rule = NULL;
    enum an_code rc = AN_OK;

    if (id == HL7_N_SEGMENTS)
        return AN_OK;
    if (id == HL7_PID) {
        rc = enter_pid(r, index);
        n_before = 0;
    }
    hl7_scope_enter(&r->scope, id, (int32_t)index);
    if (rc == AN_OK && id == HL7_MRG)
        rc = enter_mrg(r, index);
    while (rc == AN_OK && (rule = hl7_rule_next(&r->scope, id, rule)) != NULL)
        rc = read_rule(r, rule, id, index);
    r->account.segment[index].used =
        r->events.n > n_before || gives_context(id);
    return rc;
}

static enum an_code read_header(struct reader *r)
{
    const struct hl7_message *m = r->m;
    struct an_str app = hl7_get(m, 0, 3, 1, 1, 1);
    struct an_str facility = hl7_get(m, 0, 4, 1, 1, 1);
    struct an_time said;
    struct an_buf b;
    enum an_code rc;

    r->scope.type = hl7_get(m, 0, 9, 1, 1, 0);
    an_buf_init(&b, r->arena, SENDER_BYTES);
    an_buf_put(&b, r->scope.type);
    if (hl7_get(m, 0, 9, 1, 2, 0).n) {
        an_buf_put_char(&b, '^');
        an_buf_put(&b, hl7_get(m, 0, 9, 1, 2, 0));
    }
    rc = an_buf_done(&b, &r->scope.event, r->err);
    if (rc != AN_OK)
        return rc;
    r->out->kind = r->scope.event;
    r->out->control_id = hl7_get(m, 0, 10, 1, 0, 0);
    an_buf_init(&b, r->arena, SENDER_BYTES);
    an_buf_put(&b, app);
    an_buf_put_char(&b, '|');
    an_buf_put(&b, facility);
    rc = an_buf_done(&b, &r->out->sender, r->err);
    if (an_time_hl7(hl7_get(m, 0, 7, 1, 1, 0), &r->settings->zone, &said)) {
        r->out->said_us = said.us;
    } else {
        struct an_where where = hl7_where(m, 0, 7, 0, 0, 0);

        warn(r, AN_MISSING, "no readable message time: its facts have no order",
             &where);
    }
    r->authority = r->settings->authority.n ? r->settings->authority : facility;
    hl7_account_header(&r->account, r->out->said_us != 0);
    return rc;
}

enum an_code hl7_events(struct an_arena *arena, const struct hl7_settings *s,
                        const struct hl7_message *m, struct ctx_reading *out,
                        struct an_err *err)
{
    struct reader r = {
        .arena = arena, .settings = s, .m = m, .out = out, .err = err};
    enum an_code rc;

    *out = (struct ctx_reading){.n_warnings = 0};
    rc = hl7_account_init(&r.account, arena, m, err);
    if (rc != AN_OK)
        return rc;
    hl7_scope_init(&r.scope, m);
    r.scope.account = &r.account;
    for (size_t i = 0; i < hl7_n_kept_warnings(m); i++)
        ctx_reading_warn(out, &m->warning[i]);
    rc = read_header(&r);
    for (size_t i = 0; rc == AN_OK && i < m->n_segments; i++)
        rc = read_segment(&r, i);
    if (rc == AN_OK)
        rc = close_part(&r);
    if (rc != AN_OK)
        return rc;
    out->part = r.parts.item;
    out->n_parts = r.parts.n;
    out->claim = r.claims.item;
    out->n_claims = r.claims.n;
    return hl7_account_close(&r.account, out, err);
}
