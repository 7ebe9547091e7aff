/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/ack.h"
#include "base/buf.h"
#include "hl7/escape.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ANSWER_BYTES = 1 << 20, MAX_MSH_BYTES = 8192 };

/* The version from which ERR has a segment for each error. */
enum { ERR_MAJOR = 2, ERR_MINOR = 5 };

/* The component of ERR-1 that holds the condition. */
enum { ELD_CONDITION = 4 };

struct error_text {
    const char *code, *text;
};

static const struct error_text error_text[] = {
#include "config/tables/hl7-errors.inc"
};

static const char code_text[][3] = {"AA", "AE", "AR", "CA", "CE", "CR"};

/* An answer being written. */
struct answer {
    const struct hl7_message *inbound; /* its MSH alone */
    struct hl7_delims d;
    struct an_arena *arena;
    struct an_buf out;
};

static void put_sep(struct answer *a, enum hl7_level level)
{
    char c = hl7_delims_at(&a->d, level);

    if (c)
        an_buf_put_char(&a->out, c);
}

/* Our own text; what a message without an escape character cannot carry is left
 * out. */
static void put_text(struct answer *a, struct an_str text)
{
    struct an_str raw;
    enum an_code code = hl7_escape(&a->d, a->arena, text, &raw, NULL);

    if (code == AN_OK)
        an_buf_put(&a->out, raw);
    else if (code != AN_UNSUPPORTED)
        a->out.code = code;
}

static struct an_str msh(const struct answer *a, size_t field)
{
    return hl7_get(a->inbound, 0, field, 0, 0, 0);
}

/* The sender's own value, which is escaped already, or ours if it said none. */
static void put_theirs(struct answer *a, size_t field, const char *otherwise)
{
    struct an_str s = msh(a, field);

    an_buf_put_char(&a->out, a->d.field);
    an_buf_put(&a->out, s.n ? s : an_str_c(otherwise));
}

static void put_type(struct answer *a)
{
    struct an_str event = hl7_get(a->inbound, 0, 9, 1, 2, 0);

    an_buf_put_char(&a->out, a->d.field);
    an_buf_put(&a->out, AN_STR("ACK"));
    if (event.n == 0)
        return;
    put_sep(a, HL7_COMPONENT);
    an_buf_put(&a->out, event);
    put_sep(a, HL7_COMPONENT);
    an_buf_put(&a->out, AN_STR("ACK"));
}

static void put_msh(struct answer *a, const struct hl7_ack *ack)
{
    static const size_t swapped[] = {5, 6, 3, 4};
    char now[AN_TIME_TEXT_BYTES];
    struct an_str charset = msh(a, 18);
    int last = ack->is_enhanced ? 16 : 12;

    if (charset.n)
        last = 18;
    an_buf_put(&a->out, AN_STR("MSH"));
    an_buf_put_char(&a->out, a->d.field);
    an_buf_put(&a->out, msh(a, 2));
    for (size_t i = 0; i < sizeof(swapped) / sizeof(swapped[0]); i++)
        put_theirs(a, swapped[i], "");
    an_time_print_hl7(ack->now, now);
    an_buf_put_char(&a->out, a->d.field);
    an_buf_put_c(&a->out, now);
    an_buf_put_char(&a->out, a->d.field);
    put_type(a);
    an_buf_put_char(&a->out, a->d.field);
    put_text(a, ack->control_id);
    put_theirs(a, 11, "P");
    put_theirs(a, 12, "2.5.1");
    for (int field = 13; field <= last; field++) {
        an_buf_put_char(&a->out, a->d.field);
        if (ack->is_enhanced && (field == 15 || field == 16))
            an_buf_put(&a->out, AN_STR("NE"));
        if (field == 18)
            an_buf_put(&a->out, charset);
    }
    an_buf_put_char(&a->out, '\r');
}

/* One number of a version: "2.5.1" -> 2, then 5. */
static unsigned cut_number(struct an_str *s)
{
    unsigned n = 0;

    while (s->n && s->p[0] >= '0' && s->p[0] <= '9') {
        n = n < 1000 ? n * 10 + (unsigned)(s->p[0] - '0') : n;
        *s = an_str_sub(*s, 1, s->n);
    }
    *s = an_str_sub(*s, 1, s->n);
    return n;
}

/* A version that cannot be read counts as new. */
static bool is_old(const struct answer *a)
{
    struct an_str s = hl7_get(a->inbound, 0, 12, 1, 1, 0);
    unsigned major = cut_number(&s), minor = cut_number(&s);

    return major &&
           (major < ERR_MAJOR || (major == ERR_MAJOR && minor < ERR_MINOR));
}

/* segment, sequence, field [, repetition, component, subcomponent]: ERL, or
 * the first parts of ELD.  Returns how many separators were written; a segment
 * without an id has no place to name. */
static size_t put_place(struct answer *a, const struct an_where *where,
                        size_t n_parts)
{
    const uint16_t part[] = {where->segment_seq, where->field, where->rep,
                             where->component, where->subcomponent};
    size_t n = 0;

    if (where->segment[0] == '\0' || where->segment[0] == '?')
        return 0;
    an_buf_put_c(&a->out, where->segment);
    for (size_t i = 0; i < n_parts && a->d.component; i++)
        if (part[i])
            n = i + 1;
    for (size_t i = 0; i < n; i++) {
        put_sep(a, HL7_COMPONENT);
        if (part[i])
            an_buf_put_u64(&a->out, part[i]);
    }
    return n;
}

static const struct error_text *find_error(int code)
{
    for (size_t i = 0; i < sizeof(error_text) / sizeof(error_text[0]); i++)
        if (strtol(error_text[i].code, NULL, 10) == code)
            return &error_text[i];
    return &error_text[sizeof(error_text) / sizeof(error_text[0]) - 1];
}

/* code, text and table, separated at this level if it exists. */
static void put_condition(struct answer *a, const struct an_err *e,
                          enum hl7_level level)
{
    const struct error_text *row = find_error(an_code_hl7(e->code));

    an_buf_put_c(&a->out, row->code);
    if (hl7_delims_at(&a->d, level) == '\0')
        return;
    put_sep(a, level);
    an_buf_put_c(&a->out, row->text);
    put_sep(a, level);
    an_buf_put(&a->out, AN_STR("HL70357"));
}

static void put_fields(struct answer *a, int n)
{
    while (n--)
        an_buf_put_char(&a->out, a->d.field);
}

/* ERR-2 place, ERR-3 condition, ERR-4 severity, ERR-8 text. */
static void put_err(struct answer *a, const struct an_err *e, char severity)
{
    an_buf_put(&a->out, AN_STR("ERR"));
    put_fields(a, 2);
    put_place(a, &e->where, 5);
    put_fields(a, 1);
    put_condition(a, e, HL7_COMPONENT);
    put_fields(a, 1);
    an_buf_put_char(&a->out, severity);
    put_fields(a, 4);
    put_text(a, an_str_c(e->what));
    an_buf_put_char(&a->out, '\r');
}

/* ERR-1: place and condition, one repetition an error. */
static void put_old_err(struct answer *a, const struct an_err *e, size_t n)
{
    if (a->d.repetition == '\0' && n > 1)
        n = 1;
    an_buf_put(&a->out, AN_STR("ERR"));
    an_buf_put_char(&a->out, a->d.field);
    for (size_t i = 0; i < n; i++) {
        size_t n_seps;

        if (i)
            put_sep(a, HL7_REPETITION);
        n_seps = put_place(a, &e[i].where, 2);
        if (a->d.component == '\0')
            continue;
        for (; n_seps < ELD_CONDITION - 1; n_seps++)
            put_sep(a, HL7_COMPONENT);
        put_condition(a, &e[i], HL7_SUBCOMPONENT);
    }
    an_buf_put_char(&a->out, '\r');
}

static void put_msa(struct answer *a, const struct hl7_ack *ack, bool old)
{
    an_buf_put(&a->out, AN_STR("MSA"));
    an_buf_put_char(&a->out, a->d.field);
    an_buf_put_c(&a->out, code_text[ack->code]);
    put_theirs(a, 10, "");
    if (old && ack->n_errors) {
        an_buf_put_char(&a->out, a->d.field);
        put_text(a, an_str_c(ack->error[0].what));
    }
    an_buf_put_char(&a->out, '\r');
}

/* MSH alone, parsed; a generic one if there is none. */
static enum an_code read_msh(struct an_str inbound, struct an_arena *arena,
                             struct hl7_message *m, struct an_err *err)
{
    struct an_str head = an_str_sub(inbound, 0, MAX_MSH_BYTES);
    size_t n = 0;
    enum an_code code;

    while (n < head.n && (unsigned char)head.p[n] != 'M')
        n++;
    while (n < head.n && head.p[n] != '\r' && head.p[n] != '\n')
        n++;
    code = hl7_parse(arena, an_str_sub(head, 0, n), NULL, m, err);
    if (code != AN_OK && code != AN_NOMEM)
        code = hl7_parse(arena, AN_STR("MSH|^~\\&|"), NULL, m, err);
    return code;
}

/* ---- which of them ------------------------------------------------------- */

/* Does a word of table 0155 ask for an acknowledgement of this outcome? */
static bool asks(struct an_str when, bool is_success)
{
    if (when.n == 0 || an_str_eq_nocase(when, AN_STR("NE")))
        return false;
    if (an_str_eq_nocase(when, AN_STR("ER")))
        return !is_success;
    if (an_str_eq_nocase(when, AN_STR("SU")))
        return is_success;
    return true;
}

/* MSH-15 or MSH-16; two quotes are a field that was emptied. */
static struct an_str wish(const struct hl7_message *m, size_t field)
{
    struct an_str s = an_str_trim(hl7_get(m, 0, field, 1, 1, 1));

    return an_str_eq(s, AN_STR("\"\"")) ? AN_STR("") : s;
}

static enum hl7_ack_code accept_code(enum hl7_ack_code said)
{
    if (said == HL7_ACK_AA)
        return HL7_ACK_CA;
    return said == HL7_ACK_AE ? HL7_ACK_CE : HL7_ACK_CR;
}

enum an_code hl7_ack_decide(struct an_str inbound, enum hl7_ack_code said,
                            struct an_arena *arena, struct hl7_ack_plan *plan,
                            struct an_err *err)
{
    bool is_success = said == HL7_ACK_AA;
    struct an_str type, accept, application;
    struct hl7_message m;
    enum an_code code = read_msh(inbound, arena, &m, err);

    *plan = (struct hl7_ack_plan){.n = 0};
    if (code != AN_OK)
        return code;
    plan->control_id = hl7_get(&m, 0, 10, 1, 0, 0);
    type = hl7_get(&m, 0, 9, 1, 1, 1);
    accept = wish(&m, 15);
    application = wish(&m, 16);
    plan->is_enhanced = accept.n || application.n;
    if (an_str_eq(type, AN_STR("ACK")) || an_str_eq(type, AN_STR("MCF")))
        return AN_OK;
    if (!plan->is_enhanced) {
        plan->code[plan->n++] = said;
        return AN_OK;
    }
    if (asks(accept, is_success))
        plan->code[plan->n++] = accept_code(said);
    if (asks(application, is_success) && (is_success || plan->n == 0))
        plan->code[plan->n++] = said;
    return AN_OK;
}

enum an_code hl7_ack_print(const struct hl7_ack *ack, struct an_str inbound,
                           struct an_arena *arena, struct an_str *answer,
                           struct an_err *err)
{
    struct hl7_message m;
    struct answer a = {.inbound = &m, .arena = arena};
    enum an_code code = read_msh(inbound, arena, &m, err);
    bool old;

    if (code != AN_OK)
        return code;
    a.d = m.delims;
    an_buf_init(&a.out, arena, MAX_ANSWER_BYTES);
    old = is_old(&a);
    put_msh(&a, ack);
    put_msa(&a, ack, old);
    if (old && ack->n_errors)
        put_old_err(&a, ack->error, ack->n_errors);
    for (size_t i = 0; i < ack->n_errors && !old; i++)
        put_err(&a, &ack->error[i], 'E');
    for (size_t i = 0; i < ack->n_warnings && !old; i++)
        put_err(&a, &ack->warning[i], 'W');
    return an_buf_done(&a.out, answer, err);
}

enum an_code hl7_ack_read(const struct hl7_message *m,
                          struct hl7_answer *answer, struct an_err *err)
{
    size_t msa = hl7_find(m, "MSA", 0), e = hl7_find(m, "ERR", 0);
    struct an_str said = hl7_get(m, msa, 1, 1, 1, 1);

    *answer = (struct hl7_answer){0};
    if (msa == HL7_NONE)
        return an_fail(err, AN_MISSING, "an answer without MSA", m->bytes.n);
    answer->control_id = hl7_get(m, msa, 2, 1, 0, 0);
    answer->error = hl7_get(m, e, 3, 1, 1, 0);
    if (answer->error.n == 0)
        answer->error = hl7_get(m, e, 1, 1, 4, 1);
    for (size_t i = 0; i < sizeof(code_text) / sizeof(code_text[0]); i++)
        if (an_str_eq(said, an_str_c(code_text[i]))) {
            answer->code = (enum hl7_ack_code)i;
            return AN_OK;
        }
    an_fail(err, AN_CODE, "MSA-1 is no acknowledgement code", 0);
    if (err)
        err->where = hl7_where(m, msa, 1, 0, 0, 0);
    return AN_CODE;
}
