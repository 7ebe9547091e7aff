/* SPDX-License-Identifier: Apache-2.0 */
#include "context/dump.h"

static void put_text(struct an_buf *b, struct an_str s)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c >= 0x20 && c != 0x7F && c != '\\') {
            an_buf_put_char(b, s.p[i]);
            continue;
        }
        an_buf_put_c(b, "\\x");
        an_buf_put_char(b, hex[c >> 4]);
        an_buf_put_char(b, hex[c & 15]);
    }
}

static void put_or_dash(struct an_buf *b, struct an_str s)
{
    if (s.n)
        put_text(b, s);
    else
        an_buf_put_char(b, '-');
}

static void put_time(struct an_buf *b, struct an_time t)
{
    char text[AN_TIME_TEXT_BYTES];

    put_or_dash(b, (struct an_str){text, an_time_print_fhir(t, text)});
}

static void put_us(struct an_buf *b, int64_t us)
{
    char text[AN_TIME_TEXT_BYTES];

    if (us)
        put_text(b, (struct an_str){text, an_time_print_instant(us, text)});
    else
        an_buf_put_char(b, '-');
}

static void put_code(struct an_buf *b, const struct ctx_code *c)
{
    if (c->system.n || c->code.n) {
        put_text(b, c->system);
        an_buf_put_char(b, '|');
        put_text(b, c->code);
    }
    if (c->display.n) {
        if (c->system.n || c->code.n)
            an_buf_put_char(b, ' ');
        an_buf_put_char(b, '"');
        put_text(b, c->display);
        an_buf_put_char(b, '"');
    }
    if (c->system.n + c->code.n + c->display.n == 0)
        an_buf_put_char(b, '-');
}

static void put_value(struct an_buf *b, const struct ctx_value *v)
{
    switch ((enum ctx_value_kind)v->kind) {
    case CTX_VALUE_NONE: an_buf_put_char(b, '-'); break;
    case CTX_VALUE_QUANTITY:
        put_text(b, v->comparator);
        put_text(b, v->literal);
        if (v->unit.n) {
            an_buf_put_char(b, ' ');
            put_text(b, v->unit);
        }
        break;
    case CTX_VALUE_CODE: put_code(b, &v->code); break;
    case CTX_VALUE_TEXT:
        an_buf_put_char(b, '"');
        put_text(b, v->text);
        an_buf_put_char(b, '"');
        break;
    }
}

/* A column that is there only when it says something. */
static void put_named(struct an_buf *b, const char *name, struct an_str s)
{
    if (s.n == 0)
        return;
    an_buf_put_char(b, '\t');
    an_buf_put_c(b, name);
    put_text(b, s);
}

static void put_labels(struct an_buf *b, unsigned labels)
{
    const char *before = "\tlabels=";

    for (unsigned i = CTX_LABEL_AT_RESTRICTED; i < CTX_N_LABELS; i++) {
        if ((labels >> i & 1) == 0)
            continue;
        an_buf_put_c(b, before);
        an_buf_put_c(b, ctx_label_text(i));
        before = ",";
    }
}

static void put_rest(struct an_buf *b, const struct ctx_event *e)
{
    if (e->end.precision != AN_TIME_NONE) {
        an_buf_put_c(b, "\tend=");
        put_time(b, e->end);
    }
    if (e->low.n || e->high.n) {
        an_buf_put_c(b, "\trange=");
        put_text(b, e->low);
        an_buf_put_c(b, "..");
        put_text(b, e->high);
    }
    put_named(b, "encounter=", e->encounter);
    for (size_t i = 0; i < e->n_aliases; i++) {
        an_buf_put_c(b, "\talias=");
        put_code(b, &e->alias[i]);
    }
    if (e->labels & ~(unsigned)CTX_LABEL_STATED)
        put_labels(b, e->labels);
    if (e->said_us) {
        an_buf_put_c(b, "\tsaid=");
        put_us(b, e->said_us);
    }
}

void ctx_dump_event(struct an_buf *b, const struct ctx_event *e)
{
    put_time(b, e->effective);
    an_buf_put_char(b, '\t');
    an_buf_put_c(b, ctx_kind_text(e->kind));
    an_buf_put_char(b, '\t');
    an_buf_put_c(b, ctx_status_text(e->status));
    an_buf_put_char(b, '\t');
    put_code(b, &e->concept);
    an_buf_put_char(b, '\t');
    put_value(b, &e->value);
    an_buf_put_char(b, '\t');
    put_or_dash(b, e->flag);
    an_buf_put_char(b, '\t');
    put_or_dash(b, e->fact);
    an_buf_put_char(b, '\t');
    put_or_dash(b, e->place);
    an_buf_put_char(b, '\t');
    put_us(b, e->available_us);
    put_rest(b, e);
    an_buf_put_char(b, '\n');
}

static void put_identifier(struct an_buf *b, const struct ctx_identifier *id)
{
    put_text(b, id->authority);
    an_buf_put_char(b, '|');
    put_text(b, id->value);
    if (id->type.n) {
        an_buf_put_char(b, '^');
        put_text(b, id->type);
    }
}

static void put_claim(struct an_buf *b, const struct ctx_claim *c)
{
    static const char *const name[CTX_N_CLAIMS] = {"same", "merge", "unmerge",
                                                   "move", "visit"};

    an_buf_put_c(b, "claim\t");
    an_buf_put_c(b, c->kind < CTX_N_CLAIMS ? name[c->kind] : "unknown");
    an_buf_put_char(b, '\t');
    put_identifier(b, &c->current);
    an_buf_put_char(b, '\t');
    put_identifier(b, &c->prior);
    an_buf_put_char(b, '\t');
    if (c->kind == CTX_CLAIM_VISIT) {
        put_or_dash(b, c->visit);
        an_buf_put_char(b, '\t');
        put_or_dash(b, c->prior_visit);
        an_buf_put_char(b, '\t');
    }
    put_us(b, c->said_us);
    an_buf_put_char(b, '\t');
    put_or_dash(b, c->place);
    an_buf_put_char(b, '\n');
}

static void put_warnings(struct an_buf *b, const struct ctx_reading *reading)
{
    char text[512];

    for (size_t i = 0; i < reading->n_warnings && i < CTX_MAX_WARNINGS; i++) {
        size_t n = an_err_print(&reading->warning[i], text, sizeof(text));

        an_buf_put_c(b, "warning\t");
        put_text(b, (struct an_str){text, n});
        an_buf_put_char(b, '\n');
    }
    if (reading->n_warnings > CTX_MAX_WARNINGS) {
        an_buf_put_c(b, "warnings\t");
        an_buf_put_u64(b, reading->n_warnings);
        an_buf_put_char(b, '\n');
    }
}

void ctx_dump_reading(struct an_buf *b, const struct ctx_reading *reading)
{
    an_buf_put_c(b, "reading\t");
    put_or_dash(b, reading->kind);
    an_buf_put_char(b, '\t');
    put_or_dash(b, reading->sender);
    an_buf_put_char(b, '\t');
    put_or_dash(b, reading->control_id);
    an_buf_put_char(b, '\t');
    put_us(b, reading->said_us);
    an_buf_put_char(b, '\n');
    for (size_t i = 0; i < reading->n_parts; i++) {
        const struct ctx_part *part = &reading->part[i];

        an_buf_put_c(b, "patient\t");
        put_identifier(b, &part->patient);
        an_buf_put_char(b, '\n');
        for (size_t k = 0; k < part->n_events; k++)
            ctx_dump_event(b, &part->event[k]);
    }
    for (size_t i = 0; i < reading->n_claims; i++)
        put_claim(b, &reading->claim[i]);
    for (size_t i = 0; i < reading->n_accounts; i++) {
        an_buf_put_c(b, "account\t");
        put_text(b, reading->account[i].name);
        an_buf_put_char(b, '\t');
        an_buf_put_u64(b, reading->account[i].n_seen);
        an_buf_put_char(b, '\t');
        an_buf_put_u64(b, reading->account[i].n_used);
        an_buf_put_char(b, '\n');
    }
    put_warnings(b, reading);
}
