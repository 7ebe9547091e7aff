/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/account.h"

#include "context/system.h"
#include "context/unit.h"

/* Does a field hold more than delimiters? */
static bool holds(const struct hl7_message *m, size_t segment, size_t field)
{
    struct hl7_node node = hl7_field(m, segment, field);

    if (field == 1 && m->segment[segment].is_header)
        return true; /* the separator itself, which is no leaf */
    return node.last > node.first &&
           hl7_raw(node).n > (size_t)(node.last - node.first) - 1;
}

/* What lies beyond the last counts as the last. */
static size_t place_of(size_t field)
{
    return (field < CTX_LAST_FIELD ? field : CTX_LAST_FIELD) - 1;
}

static uint32_t n_counted(const struct hl7_message *m, size_t segment)
{
    size_t n = hl7_n_fields(m, segment);

    return (uint32_t)(n < CTX_LAST_FIELD ? n : CTX_LAST_FIELD);
}

enum an_code hl7_account_init(struct hl7_account *a, struct an_arena *arena,
                              const struct hl7_message *m, struct an_err *err)
{
    size_t n_fields = 0;
    uint8_t *state;

    *a = (struct hl7_account){.m = m};
    ctx_ledger_init(&a->ledger, arena);
    for (size_t i = 0; i < m->n_segments; i++)
        n_fields += n_counted(m, i);
    state = an_arena_get(arena, n_fields, 1);
    a->state = an_arena_get(arena, m->n_segments, sizeof(uint8_t *));
    a->segment = an_arena_get(arena, m->n_segments, sizeof(*a->segment));
    if (state == NULL || a->state == NULL || a->segment == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < m->n_segments; i++) {
        a->segment[i] = (struct ctx_segment){
            .name = an_str_c(m->segment[i].id),
            .seq = m->segment[i].seq,
            .state = state,
            .n_fields = n_counted(m, i),
        };
        a->state[i] = state;
        state += a->segment[i].n_fields;
        for (size_t k = 1; k <= hl7_n_fields(m, i); k++)
            if (holds(m, i, k))
                a->state[i][place_of(k)] = HL7_MARK_UNUSED;
    }
    return AN_OK;
}

void hl7_account_mark(struct hl7_account *a, size_t segment, unsigned field,
                      enum hl7_mark mark)
{
    uint8_t *state;

    if (a == NULL || segment >= a->m->n_segments || field == 0 ||
        field > hl7_n_fields(a->m, segment))
        return;
    state = &a->state[segment][place_of(field)];
    if (*state != HL7_MARK_EMPTY && *state < mark)
        *state = (uint8_t)mark;
}

enum hl7_mark hl7_mark_of(enum ctx_field_state state)
{
    switch (state) {
    case CTX_FIELD_ODD: return HL7_MARK_ODD;
    case CTX_FIELD_MAPPED: return HL7_MARK_MAPPED;
    case CTX_FIELD_TEXT: return HL7_MARK_TEXT;
    case CTX_FIELD_UNUSED:
    case CTX_FIELD_EMPTY:
    case CTX_N_FIELD_STATES: break;
    }
    return HL7_MARK_UNUSED;
}

enum hl7_mark hl7_mark_of_unit(struct an_str unit)
{
    return ctx_unit_known(unit).p ? HL7_MARK_MAPPED : HL7_MARK_TEXT;
}

void hl7_account_header(struct hl7_account *a, bool has_time)
{
    static const uint8_t read[] = {1, 2, 3, 4, 9, 10};

    for (size_t i = 0; i < sizeof(read); i++)
        hl7_account_mark(a, 0, read[i], HL7_MARK_MAPPED);
    hl7_account_mark(a, 0, 7, has_time ? HL7_MARK_MAPPED : HL7_MARK_ODD);
    if (a->m->charset)
        hl7_account_mark(a, 0, 18, HL7_MARK_MAPPED);
}

void hl7_account_value(struct hl7_account *a, size_t obx,
                       const struct ctx_value *value, bool odd)
{
    enum hl7_mark mark = HL7_MARK_TEXT;

    if (value->kind == CTX_VALUE_NONE)
        return;
    if (odd)
        mark = HL7_MARK_ODD;
    else if (value->kind == CTX_VALUE_QUANTITY ||
             (value->kind == CTX_VALUE_CODE &&
              ctx_system_standard(value->code.system)))
        mark = HL7_MARK_MAPPED;
    hl7_account_mark(a, obx, 5, mark);
    hl7_account_mark(a, obx, 2, HL7_MARK_MAPPED);
    if (value->kind == CTX_VALUE_QUANTITY)
        hl7_account_mark(a, obx, 6, hl7_mark_of_unit(value->unit));
}

enum an_code hl7_account_close(struct hl7_account *a,
                               struct ctx_reading *reading, struct an_err *err)
{
    static const uint8_t meaning[] = {
        [HL7_MARK_EMPTY] = CTX_FIELD_EMPTY,
        [HL7_MARK_UNUSED] = CTX_FIELD_UNUSED,
        [HL7_MARK_TOUCHED] = CTX_FIELD_MAPPED,
        [HL7_MARK_TEXT] = CTX_FIELD_TEXT,
        [HL7_MARK_MAPPED] = CTX_FIELD_MAPPED,
        [HL7_MARK_ODD] = CTX_FIELD_ODD,
    };

    for (size_t i = 0; i < a->m->n_segments; i++) {
        struct ctx_segment *s = &a->segment[i];
        size_t at = ctx_ledger_find(&a->ledger, s->name);

        for (size_t k = 0; k < s->n_fields; k++)
            a->state[i][k] = meaning[a->state[i][k]];
        if (at == CTX_LEDGER_NONE || !ctx_ledger_segment(&a->ledger, at, s))
            return an_fail_nomem(err);
    }
    reading->segment = a->segment;
    reading->n_segments = a->m->n_segments;
    return ctx_ledger_done(&a->ledger, reading) ? AN_OK : an_fail_nomem(err);
}
