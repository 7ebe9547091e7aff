/* SPDX-License-Identifier: Apache-2.0 */
/* One message explained as JSON: the same facts under names that stay. */
#include "plugin/host/explain_int.h"

#include <stdio.h>

enum { OUT_BYTES = 256 << 20, PLACE_BYTES = 200 };

static void put_time(struct an_json_out *w, const char *key, int64_t us)
{
    char time[AN_TIME_TEXT_BYTES];

    if (us == 0)
        return;
    (void)an_time_print_instant(us, time);
    an_out_key_str(w, key, an_str_c(time));
}

static void put_number(struct an_json_out *w, const char *key, int64_t n)
{
    an_out_key(w, key);
    an_out_i64(w, n);
}

static void put_bool(struct an_json_out *w, const char *key, bool value)
{
    an_out_key(w, key);
    an_out_bool(w, value);
}

static void put_receipt(struct an_json_out *w, const struct pl_name *m)
{
    char hex[AN_SHA256_HEX + 1];

    an_hex_print(m->sha256.b, sizeof(m->sha256.b), hex);
    put_bool(w, "accepted", !m->refused);
    if (!m->refused)
        put_number(w, "number", m->number);
    an_out_key_str(w, "sha256", an_str_c(hex));
    an_out_key_str(w, "format",
                   m->format == PL_FORMAT_FHIR ? AN_STR("FHIR")
                                               : AN_STR("HL7v2"));
    an_out_key_str(w, "type", m->kind);
    an_out_key_str(w, "sender", m->sender);
    an_out_key_str(w, "controlId", m->control_id);
    put_bool(w, "controlIdReused", m->reused);
    an_out_key_str(w, "feed", m->feed);
    put_time(w, "received", m->received_us);
    put_time(w, "said", m->said_us);
    put_number(w, "bytes", m->raw_bytes);
    put_number(w, "repeated", m->n_again);
    if (m->n_again)
        put_time(w, "lastRepeated", m->last_us);
    an_out_key_str(w, "reason", m->what);
    an_out_key_str(w, "place", m->place);
}

static void put_problem(struct an_json_out *w, const struct an_err *e)
{
    char place[PLACE_BYTES];
    size_t n = an_where_print(&e->where, place, sizeof(place));

    an_out_object(w);
    an_out_key_str(w, "place", (struct an_str){place, n});
    an_out_key_str(w, "what",
                   an_str_c(e->what ? e->what : an_code_text(e->code)));
    an_out_end(w);
}

static void put_warnings(struct an_json_out *w, const struct ctx_reading *r)
{
    an_out_key(w, "warnings");
    an_out_array(w);
    for (size_t i = 0; i < r->n_warnings && i < CTX_MAX_WARNINGS; i++)
        put_problem(w, &r->warning[i]);
    an_out_end(w);
}

static void put_segment(struct an_json_out *w, const struct pl_explained *x,
                        struct an_arena *arena, size_t segment)
{
    const struct ctx_segment *s = &x->reading.segment[segment];
    char place[PLACE_BYTES];
    size_t n = pl_explained_place(s, place, sizeof(place));

    an_out_object(w);
    an_out_key_str(w, "name", s->name);
    an_out_key_str(w, "place",
                   s->place.n ? s->place : (struct an_str){place, n});
    put_bool(w, "used", s->used);
    an_out_key(w, "fields");
    an_out_array(w);
    for (size_t i = 0; i < s->n_fields; i++) {
        if (s->state[i] == CTX_FIELD_EMPTY)
            continue;
        an_out_object(w);
        if (s->element)
            an_out_key_str(w, "element", s->element[i]);
        else
            put_number(w, "field", (int64_t)i + 1);
        an_out_key_str(w, "state", an_str_c(ctx_field_label(s->state[i])));
        if (x->values)
            an_out_key_str(w, "value",
                           pl_explained_value(x, arena, s, segment, i));
        an_out_end(w);
    }
    an_out_end(w);
    an_out_end(w);
}

static void put_value(struct an_json_out *w, const struct ctx_value *v)
{
    if (v->kind == CTX_VALUE_QUANTITY) {
        an_out_key_str(w, "comparator", v->comparator);
        an_out_key_str(w, "number", v->literal);
        an_out_key_str(w, "unit", v->unit);
    } else if (v->kind == CTX_VALUE_CODE) {
        an_out_key_str(w, "valueSystem", v->code.system);
        an_out_key_str(w, "valueCode", v->code.code);
        an_out_key_str(w, "valueDisplay", v->code.display);
    } else {
        an_out_key_str(w, "text", v->text);
    }
}

static void put_event(struct an_json_out *w, const struct ctx_event *e,
                      bool values)
{
    char time[AN_TIME_TEXT_BYTES];

    an_out_object(w);
    an_out_key_str(w, "place", e->place);
    an_out_key_str(w, "kind", an_str_c(ctx_kind_text(e->kind)));
    if (ctx_label_needs(e->labels)) {
        an_out_key(w, "confidential"); /* and not why: this is copied about */
        an_out_bool(w, true);
    }
    an_out_key_str(w, "status", an_str_c(ctx_status_text(e->status)));
    an_out_key_str(w, "system", e->concept.system);
    put_bool(w, "coded", e->concept.code.n > 0);
    if (values) {
        (void)an_time_print_fhir(e->effective, time);
        an_out_key_str(w, "effective", an_str_c(time));
        an_out_key_str(w, "code", e->concept.code);
        an_out_key_str(w, "display", e->concept.display);
        put_value(w, &e->value);
        an_out_key_str(w, "flag", e->flag);
    }
    an_out_end(w);
}

static void put_made(struct an_json_out *w, const struct pl_explained *x)
{
    an_out_key(w, "made");
    an_out_array(w);
    for (size_t i = 0; i < x->made.n_parts; i++) {
        const struct pl_made_part *p = &x->made.part[i];

        an_out_object(w);
        if (x->values) {
            an_out_key_str(w, "authority", p->patient.authority);
            an_out_key_str(w, "identifier", p->patient.value);
        }
        put_number(w, "claims", (int64_t)p->n_claims);
        an_out_key(w, "events");
        an_out_array(w);
        for (size_t k = 0; k < p->n_events; k++)
            put_event(w, &p->event[k], x->values);
        an_out_end(w);
        an_out_end(w);
    }
    an_out_end(w);
}

enum an_code pl_explain_json(const struct pl_explained *x,
                             struct an_arena *arena, struct an_err *err)
{
    struct an_json_out w;
    struct an_str text;
    enum an_code rc;

    an_out_init(&w, arena, OUT_BYTES);
    an_out_object(&w);
    put_receipt(&w, x->name);
    if (!x->name->refused) {
        put_bool(&w, "outdated", x->outdated);
        if (x->code != AN_OK) {
            an_out_key(&w, "unreadable");
            put_problem(&w, &x->err);
        } else {
            put_warnings(&w, &x->reading);
            an_out_key(&w, "segments");
            an_out_array(&w);
            for (size_t i = 0; i < x->reading.n_segments; i++)
                put_segment(&w, x, arena, i);
            an_out_end(&w);
        }
        put_made(&w, x);
    }
    an_out_end(&w);
    rc = an_out_done(&w, &text, err);
    if (rc == AN_OK) {
        (void)fwrite(text.p, 1, text.n, stdout);
        (void)putchar('\n');
    }
    return rc;
}
