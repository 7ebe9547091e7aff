/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/events.h"

#include "base/buf.h"
#include "hl7/narrative_int.h"
#include "hl7/reader_int.h"

#include <string.h>

void *hl7_push(struct hl7_reader *r, struct hl7_list *l, size_t item_bytes)
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

void hl7_reader_warn(struct hl7_reader *r, enum an_code code, const char *what,
                     const struct an_where *where)
{
    struct an_err w = {.code = code, .what = what, .where = *where};

    ctx_reading_warn(r->out, &w);
}

enum an_code hl7_place(struct hl7_reader *r, const struct an_where *where,
                       struct an_str *place)
{
    char text[32];
    size_t n = an_where_print(where, text, sizeof(text));

    return an_arena_str(r->arena, (struct an_str){text, n}, place)
               ? AN_OK
               : an_fail_nomem(r->err);
}

/* ---- patients ------------------------------------------------------------ */

/* The field that should have named the patient. */
static const struct an_where no_patient = {
    .segment = "PID", .segment_seq = 1, .field = 3};

/* The segments above that are about each patient below them. */
static enum an_code read_waiting(struct hl7_reader *r)
{
    enum an_code rc = AN_OK;

    for (unsigned id = 0; rc == AN_OK && id < HL7_N_SEGMENTS; id++)
        if (hl7_segment_waits((enum hl7_segment_id)id) &&
            r->scope.latest[id] >= 0)
            rc = hl7_segment_events(r, (enum hl7_segment_id)id,
                                    (size_t)r->scope.latest[id]);
    return rc;
}

/* Close the part of the patient before, if there is one. */
static enum an_code close_part(struct hl7_reader *r)
{
    struct ctx_part *part;
    enum an_code rc;

    if (r->patient.n == 0) {
        if (r->events.n == 0)
            return AN_OK;
        an_fail(r->err, AN_MISSING, "data about nobody: no patient identifier",
                0);
        if (r->err)
            r->err->where = no_patient;
        return AN_MISSING;
    }
    rc = read_waiting(r);
    hl7_labels_close(r);
    if (rc == AN_OK && r->unsaid.n)
        rc = hl7_drop_said(r);
    if (rc != AN_OK)
        return rc;
    part = hl7_push(r, &r->parts, sizeof(*part));
    if (part == NULL)
        return AN_NOMEM;
    *part = (struct ctx_part){r->patient.id[0], r->events.item, r->events.n};
    r->events = (struct hl7_list){NULL, 0, 0};
    return AN_OK;
}

static enum an_code enter_pid(struct hl7_reader *r, size_t index)
{
    bool second = r->patient.n > 0;
    enum an_code rc = AN_OK;

    if (second || r->events.n)
        rc = close_part(r);
    r->first = r->patient;
    if (rc == AN_OK)
        rc = hl7_identify(r->m, index, r->authority, &r->patient, r->err);
    if (rc == AN_OK)
        rc = hl7_without_mother(r, index);
    if (rc == AN_OK && r->patient.n)
        hl7_mark(r, index, r->patient.field, HL7_MARK_MAPPED);
    return rc == AN_OK ? hl7_pid_claims(r, index, second) : rc;
}

/* ---- the message -------------------------------------------------------- */

/* Segments that only give context to others are used by being there. */
static bool gives_context(enum hl7_segment_id id)
{
    return id == HL7_MSH || id == HL7_EVN || id == HL7_PID || id == HL7_PV1 ||
           id == HL7_ORC || id == HL7_MRG || id == HL7_SPM || id == HL7_TQ1 ||
           hl7_segment_waits(id);
}

static enum an_code read_segment(struct hl7_reader *r, size_t index)
{
    struct an_str name = an_str_c(r->m->segment[index].id);
    enum hl7_segment_id id = hl7_segment_id(name);
    size_t n_before = r->events.n;
    enum an_code rc = AN_OK;

    if (id == HL7_N_SEGMENTS)
        return an_str_eq(name, AN_STR("CON")) ? hl7_consent(r, index) : AN_OK;
    if (id == HL7_PID) {
        rc = enter_pid(r, index);
        n_before = 0;
    }
    hl7_scope_enter(&r->scope, id, (int32_t)index);
    hl7_labels_enter(r, id, index);
    if (rc == AN_OK && id == HL7_MRG)
        rc = hl7_mrg_claims(r, index);
    if (rc == AN_OK && !hl7_segment_waits(id))
        rc = hl7_segment_events(r, id, index);
    r->account.segment[index].used = r->events.n > n_before ||
                                     gives_context(id) ||
                                     hl7_is_narrative(r, index);
    return rc;
}

static enum an_code read_header(struct hl7_reader *r)
{
    const struct hl7_message *m = r->m;
    struct an_str app = hl7_get(m, 0, 3, 1, 1, 1);
    struct an_str facility = hl7_get(m, 0, 4, 1, 1, 1);
    struct an_time said;
    struct an_buf b;
    enum an_code rc;

    rc = hl7_scope_trigger(&r->scope, r->arena, r->err);
    if (rc != AN_OK)
        return rc;
    if (r->scope.event.n > HL7_NAME_BYTES)
        return an_fail(r->err, AN_LIMIT, "the message type is too long",
                       hl7_where(m, 0, 9, 0, 0, 0).byte);
    r->out->kind = r->scope.event;
    r->out->control_id = hl7_get(m, 0, 10, 1, 0, 0);
    an_buf_init(&b, r->arena, HL7_NAME_BYTES);
    an_buf_put(&b, app);
    an_buf_put_char(&b, '|');
    an_buf_put(&b, facility);
    rc = an_buf_done(&b, &r->out->sender, r->err);
    if (an_time_hl7(hl7_get(m, 0, 7, 1, 1, 0), &r->settings->zone, &said)) {
        r->out->said_us = said.us;
    } else {
        struct an_where where = hl7_where(m, 0, 7, 0, 0, 0);

        hl7_reader_warn(r, AN_MISSING,
                        "no readable message time: its facts have no order",
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
    struct hl7_reader r = {
        .arena = arena, .settings = s, .m = m, .out = out, .err = err};
    struct hl7_turns turns = {0};
    size_t index;
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
    while (rc == AN_OK && hl7_turn(m, &turns, &index)) {
        r.scope.above_order = turns.above_order;
        rc = read_segment(&r, index);
    }
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
