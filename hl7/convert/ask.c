/* SPDX-License-Identifier: Apache-2.0 */
/* What rows ask of the message. */
#include "hl7/coded.h"
#include "hl7/convert/run_int.h"

#include <string.h>

bool cv_fail(struct cv_run *run, enum an_code code)
{
    if (run->code == AN_OK)
        run->code = code == AN_NOMEM ? an_fail_nomem(run->err) : code;
    return false;
}

bool cv_text(struct cv_run *run, struct an_str raw, struct an_str *text)
{
    enum an_code code = hl7_raw_text(run->m, raw, text, run->err);

    return code == AN_OK || cv_fail(run, code);
}

struct an_str cv_raw(struct hl7_node node)
{
    struct an_str raw = an_str_trim(hl7_raw(node));

    return an_str_eq(raw, AN_STR("\"\"")) ? AN_STR("") : raw;
}

bool cv_valued(const struct cv_run *run, struct hl7_node node)
{
    const struct hl7_delims *d = &run->m->delims;
    struct an_str raw = cv_raw(node);

    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];

        if (c != ' ' && c != d->component && c != d->subcomponent &&
            c != d->repetition)
            return true;
    }
    return false;
}

static struct hl7_node inside(struct hl7_node node, enum hl7_level level,
                              unsigned component, unsigned sub)
{
    static const struct hl7_node nothing;

    if (component == 0)
        return node;
    if (level == HL7_REPETITION) {
        node = hl7_child(node, HL7_COMPONENT, component);
        return sub ? hl7_child(node, HL7_SUBCOMPONENT, sub) : node;
    }
    if (sub > 1)
        return nothing;
    if (level == HL7_COMPONENT)
        return hl7_child(node, HL7_SUBCOMPONENT, component);
    return component == 1 ? node : nothing;
}

/* Is the operand the field that the row is used for, repetition by
 * repetition? */
static bool is_of_row(const struct cv_run *run, const struct cv_at *at,
                      const struct cv_operand *o)
{
    return at->field && o->field == at->field &&
           run->scope.latest[o->segment] == (int32_t)run->segment;
}

struct hl7_node cv_place(struct cv_run *run, const struct cv_at *at,
                         const struct cv_operand *o)
{
    static const struct hl7_node nothing;
    int32_t segment;

    if (o->where == CV_SELF)
        return at->in_type ? at->part : nothing;
    if (o->where == CV_PART)
        return inside(at->part, at->level, o->component, o->sub);
    segment = run->scope.latest[o->segment];
    if (segment < 0)
        return nothing;
    if (o->rep == 0 && is_of_row(run, at, o))
        return inside(at->here, HL7_REPETITION, o->component, o->sub);
    return inside(hl7_child(hl7_field(run->m, (size_t)segment, o->field),
                            HL7_REPETITION, o->rep ? o->rep : 1),
                  HL7_REPETITION, o->component, o->sub);
}

static size_t count_of(const struct cv_run *run, const struct cv_at *at,
                       const struct cv_operand *o)
{
    int32_t segment = run->scope.latest[o->segment];

    if (is_of_row(run, at, o))
        return at->n_reps;
    return segment < 0 ? 0 : hl7_n_reps(run->m, (size_t)segment, o->field);
}

/* Does a segment of this name follow, before the next one of the name read? */
static bool is_below(const struct cv_run *run, unsigned id)
{
    for (size_t i = run->segment + 1; i < run->m->n_segments; i++) {
        enum hl7_segment_id other =
            hl7_segment_id(an_str_c(run->m->segment[i].id));

        if (other == id)
            return true;
        if (other == run->id)
            break;
    }
    return false;
}

/* Does a segment of this name that stands above still apply?  The order of a note
 * or a participant above it is read before them (hl7_turn). */
static bool is_above(const struct cv_run *run, unsigned id)
{
    int32_t at = (id == run->id ? run->earlier : run->scope.latest)[id];

    return at >= 0 && (size_t)at < run->segment;
}

static bool one_of(struct an_str raw, struct cv_range wants)
{
    for (unsigned i = 0; i < wants.n; i++)
        if (an_str_eq(raw, cv_texts[cv_wants[wants.first + i]]))
            return true;
    return false;
}

static bool contains(struct cv_run *run, const struct cv_at *at,
                     const struct cv_test *t, struct an_str raw)
{
    struct an_str part = cv_raw(cv_place(run, at, &cv_places[t->wants.first]));

    for (size_t i = 0; part.n && i + part.n <= raw.n; i++)
        if (memcmp(raw.p + i, part.p, part.n) == 0)
            return true;
    return false;
}

static bool test_holds(struct cv_run *run, const struct cv_at *at,
                       const struct cv_test *t)
{
    struct hl7_node node = cv_place(run, at, &t->operand);
    struct an_str raw = cv_raw(node);

    switch ((enum cv_op)t->op) {
    case CV_VALUED: return cv_valued(run, node);
    case CV_ABSENT: return !cv_valued(run, node);
    case CV_IN: return one_of(raw, t->wants);
    case CV_NOT_IN: return !one_of(raw, t->wants);
    case CV_CONTAINS: return contains(run, at, t, raw);
    case CV_NOT_CONTAINS: return !contains(run, at, t, raw);
    case CV_BELOW: return is_below(run, t->operand.segment);
    case CV_NOT_BELOW: return !is_below(run, t->operand.segment);
    case CV_ABOVE: return is_above(run, t->operand.segment);
    case CV_NOT_ABOVE: return !is_above(run, t->operand.segment);
    case CV_COUNT_IS: return count_of(run, at, &t->operand) == t->number;
    case CV_COUNT_BELOW: return count_of(run, at, &t->operand) < t->number;
    case CV_COUNT_ABOVE: return count_of(run, at, &t->operand) > t->number;
    case CV_LENGTH_IS: return raw.n == t->number;
    case CV_LENGTH_BELOW: return raw.n < t->number;
    case CV_LENGTH_ABOVE: return raw.n > t->number;
    }
    return false;
}

bool cv_holds(struct cv_run *run, const struct cv_at *at, struct cv_range tests)
{
    bool holds = true;

    for (unsigned i = 0; i < tests.n; i++) {
        const struct cv_test *t = &cv_tests[tests.first + i];

        if (t->alternative) {
            if (holds)
                return true;
            holds = true;
        }
        holds = holds && test_holds(run, at, t);
    }
    return holds;
}
