/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/narrative_int.h"

#include "base/buf.h"
#include "base/sort.h"
#include "hl7/encapsulated.h"
#include "hl7/value.h"

#include <stdlib.h>
#include <string.h>

/* Text of so many bytes is a section and no result; under the OBR's own code,
 * which "Negative" may stand under too, of so many. */
enum { SECTION_BYTES = 160, OWN_BYTES = 40, MAX_DATA_REPS = 64 };

static const struct {
    const char *key, *heading;
} headings[] = {
#include "config/tables/hl7-narrative.inc"
};

enum line_type {
    LINE_TEXT,   /* TX, FT */
    LINE_STRING, /* ST */
    LINE_DATA,   /* ED, plain text or HTML */
    LINE_NOTE    /* ED, something else: only its note is in the text */
};

/* One OBX that may be a line of the text. */
struct line {
    size_t index;
    struct an_str code, suffix, display, sub_id, moment;
    const char *heading; /* by the table; NULL when it has none */
    uint8_t type;        /* enum line_type */
    bool loinc, narrative;
};

struct report {
    struct hl7_reader *r;
    struct an_str code; /* of the OBR */
    struct line *line;
    size_t n;
    struct an_buf text;
    struct an_str heading; /* owed before the next words */
    bool cut;
};

static bool is(const struct hl7_message *m, size_t i, const char *id)
{
    return memcmp(m->segment[i].id, id, 3) == 0;
}

/* ---- which segments ----------------------------------------------------- */

/* The segment begins something else than results of the OBR above it. */
static bool ends_report(const struct hl7_reader *r, size_t i)
{
    static const char *const ends[] = {"OBR", "PID", "TXA", "FT1",
                                       "PRB", "GOL", "PTH"};
    const struct hl7_message *m = r->m;

    for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++)
        if (is(m, i, ends[k]))
            return true;
    return (is(m, i, "ORC") && !hl7_below_its_obr(m, i)) ||
           (is(m, i, "SPM") && r->scope.by_specimen);
}

size_t hl7_report_end(const struct hl7_reader *r, size_t obr)
{
    size_t end = obr + 1;

    while (end < r->m->n_segments && !ends_report(r, end))
        end++;
    return end;
}

static int heading_cmp(const void *key, const void *row)
{
    const char *const *name = row;

    return an_str_cmp(*(const struct an_str *)key, an_str_c(*name));
}

static const char *heading_of(struct an_str key)
{
    size_t n = sizeof(headings) / sizeof(headings[0]);
    const char *const *found = NULL;

    if (key.n)
        found = bsearch(&key, headings, n, sizeof(headings[0]), heading_cmp);
    return found ? found[1] : NULL;
}

/* False when the OBX can be no line, whatever its code. */
static bool may_be_line(const struct hl7_message *m, size_t i,
                        enum line_type *type)
{
    struct an_str name = an_str_trim(hl7_get(m, i, 2, 1, 1, 0));
    struct hl7_at obx5 = {m, i, 5, 1};
    struct ctx_value number;

    if (an_str_eq(name, AN_STR("ED"))) {
        *type = hl7_encapsulated_is_text(&obx5) ? LINE_DATA : LINE_NOTE;
        return true;
    }
    if (hl7_get(m, i, 6, 1, 1, 0).n || hl7_get(m, i, 7, 1, 0, 0).n)
        return false;
    *type = LINE_TEXT;
    if (an_str_eq(name, AN_STR("TX")) || an_str_eq(name, AN_STR("FT")))
        return true;
    *type = LINE_STRING;
    return an_str_eq(name, AN_STR("ST")) &&
           !hl7_quantity(hl7_get(m, i, 5, 0, 0, 0), &number);
}

/* A part of a coded value, from its alternate where that is all there is. */
static struct an_str coded_at(const struct hl7_message *m, size_t segment,
                              unsigned field, unsigned component)
{
    bool other = hl7_get(m, segment, field, 1, 1, 0).n +
                     hl7_get(m, segment, field, 1, 2, 0).n ==
                 0;

    return hl7_get(m, segment, field, 1, other ? component + 3 : component, 1);
}

static struct line line_at(const struct hl7_message *m, size_t i,
                           enum line_type type)
{
    struct an_str system = coded_at(m, i, 3, 3);
    struct line l = {.index = i,
                     .code = coded_at(m, i, 3, 1),
                     .suffix = hl7_get(m, i, 3, 1, 1, 2),
                     .display = coded_at(m, i, 3, 2),
                     .sub_id = hl7_get(m, i, 4, 1, 0, 0),
                     .moment = hl7_get(m, i, 14, 1, 1, 0),
                     .type = (uint8_t)type};

    l.loinc =
        an_str_eq(system, AN_STR("LN")) || an_str_eq(system, AN_STR("LOINC"));
    l.heading = heading_of(l.suffix);
    if (l.heading == NULL)
        l.heading = heading_of(l.code);
    return l;
}

/* All that may be lines below the OBR. */
static enum an_code find_lines(struct report *t, size_t obr)
{
    const struct hl7_message *m = t->r->m;
    size_t end = hl7_report_end(t->r, obr), n = 0;

    for (size_t i = obr + 1; i < end; i++)
        n += is(m, i, "OBX");
    t->line = an_arena_get(t->r->arena, n + 1, sizeof(*t->line));
    if (t->line == NULL)
        return an_fail_nomem(t->r->err);
    for (size_t i = obr + 1; i < end; i++) {
        enum line_type type;

        if (is(m, i, "OBX") && may_be_line(m, i, &type))
            t->line[t->n++] = line_at(m, i, type);
    }
    return AN_OK;
}

/* ---- which of them are lines -------------------------------------------- */

/* By itself, whatever its likes are; `parted`: the OBR's own code also stands
 * with suffixes below it. */
static bool is_section(const struct report *t, const struct line *l,
                       bool parted)
{
    struct an_str text = hl7_get(t->r->m, l->index, 5, 0, 0, 0);

    if (l->type == LINE_NOTE)
        return false;
    if (l->type == LINE_DATA || l->code.n + l->display.n == 0 || l->heading)
        return true;
    if (l->type != LINE_TEXT)
        return false;
    return an_str_eq(l->code, t->code) ? parted || text.n >= OWN_BYTES
                                       : text.n >= SECTION_BYTES;
}

static bool is_parted(const struct report *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->line[i].suffix.n && an_str_eq(t->line[i].code, t->code))
            return true;
    return false;
}

static int line_cmp(const void *a, const void *b)
{
    const struct line *x = *(struct line *const *)a;
    const struct line *y = *(struct line *const *)b;
    int c = an_str_cmp(x->code, y->code);

    if (c == 0)
        c = an_str_cmp(x->moment, y->moment);
    return c ? c : an_str_cmp(x->sub_id, y->sub_id);
}

/* Lines [from, to) of one code and moment: which repeat one another? */
static void mark_repeats(struct line **by_code, size_t from, size_t to)
{
    size_t n_text = 0;

    for (size_t i = from; i < to; i++)
        n_text += by_code[i]->type == LINE_TEXT;
    for (size_t i = from, next; i < to; i = next) {
        size_t n_same = 0;

        for (next = i;
             next < to && an_str_eq(by_code[next]->sub_id, by_code[i]->sub_id);
             next++)
            n_same +=
                by_code[next]->type == LINE_TEXT ||
                (by_code[next]->type == LINE_STRING && !by_code[next]->loinc);
        for (size_t k = i; k < next; k++) {
            struct line *l = by_code[k];

            if (l->type == LINE_TEXT)
                l->narrative |= (l->loinc ? n_same : n_text) > 1;
            else if (l->type == LINE_STRING && !l->loinc)
                l->narrative |= n_same > 1;
        }
    }
}

static enum an_code find_repeats(struct report *t)
{
    struct an_arena *arena = t->r->arena;
    struct line **by_code = an_arena_get(arena, t->n + 1, sizeof(*by_code));
    void *scratch = an_arena_get(arena, t->n / 2 + 1, sizeof(*by_code));

    if (by_code == NULL || scratch == NULL)
        return an_fail_nomem(t->r->err);
    for (size_t i = 0; i < t->n; i++)
        by_code[i] = &t->line[i];
    an_sort(by_code, t->n, sizeof(*by_code), scratch, line_cmp);
    for (size_t i = 0, next; i < t->n; i = next) {
        next = i;
        while (next < t->n &&
               an_str_eq(by_code[next]->code, by_code[i]->code) &&
               an_str_eq(by_code[next]->moment, by_code[i]->moment))
            next++;
        mark_repeats(by_code, i, next);
    }
    return AN_OK;
}

/* ---- the text ----------------------------------------------------------- */

/* The line, as far as there is room, behind a line end. */
static void append(struct report *t, struct an_str line)
{
    size_t room = HL7_TEXT_BYTES - t->text.n;

    if (t->cut)
        return;
    if (line.n >= room) {
        t->cut = true;
        line.n = room ? room - 1 : 0;
        while (line.n && (line.p[line.n] & 0xC0) == 0x80)
            line.n--;
    }
    if (t->text.n && t->text.n < HL7_TEXT_BYTES)
        an_buf_put_char(&t->text, '\n');
    an_buf_put(&t->text, line);
}

/* A line of a section, whose heading waits for its first words. */
static void put_line(struct report *t, struct an_str line)
{
    if (t->heading.n && line.n == 0)
        return;
    if (t->heading.n)
        append(t, t->heading);
    t->heading = AN_STR("");
    append(t, line);
}

/* An OBX whose words are in a text. */
static void mark_line(struct hl7_reader *r, size_t obx)
{
    hl7_mark(r, obx, 2, HL7_MARK_MAPPED);
    hl7_mark(r, obx, 3, HL7_MARK_TOUCHED);
    hl7_mark(r, obx, 5, HL7_MARK_TEXT);
    hl7_mark(r, obx, 11, HL7_MARK_TOUCHED);
}

static enum an_code put_words(struct report *t, size_t index)
{
    struct hl7_node reps = hl7_field(t->r->m, index, 5), rep;

    while (hl7_cut(&reps, HL7_REPETITION, &rep)) {
        struct an_str words;
        enum an_code rc =
            hl7_raw_text(t->r->m, hl7_raw(rep), &words, t->r->err);

        if (rc != AN_OK)
            return rc;
        put_line(t, words);
    }
    return AN_OK;
}

static enum an_code put_data(struct report *t, size_t index)
{
    struct hl7_at at = {t->r->m, index, 5, 1};
    size_t n = hl7_n_reps(at.m, index, 5);

    for (; at.rep <= n && at.rep <= MAX_DATA_REPS; at.rep++) {
        enum hl7_encapsulated what;
        struct an_str words;
        enum an_code rc =
            hl7_encapsulated(t->r->arena, &at, &what, &words, t->r->err);

        if (rc != AN_OK)
            return rc;
        if (what == HL7_ED_ODD) {
            struct an_where where = hl7_where(at.m, index, 5, at.rep, 0, 0);

            hl7_reader_warn(t->r, AN_TYPE,
                            "encapsulated data that its encoding does not fit",
                            &where);
        }
        if (what != HL7_ED_NONE)
            put_line(t, words);
    }
    return AN_OK;
}

/* "Impression:" where a section begins that is not the report itself. */
static enum an_code put_heading(struct report *t, const struct line *l,
                                const struct line *before)
{
    struct an_str words = an_str_c(l->heading);
    enum an_code rc = AN_OK;
    struct an_buf b;

    if (before && an_str_eq(before->code, l->code) &&
        an_str_eq(before->suffix, l->suffix))
        return AN_OK;
    t->heading = AN_STR("");
    if (!l->narrative || (l->suffix.n == 0 && an_str_eq(l->code, t->code)))
        return AN_OK;
    if (l->heading == NULL)
        rc = hl7_raw_text(t->r->m, l->display, &words, t->r->err);
    if (rc != AN_OK || words.n == 0)
        return rc;
    an_buf_init(&b, t->r->arena, words.n + 2);
    an_buf_put(&b, words);
    an_buf_put_char(&b, ':');
    return an_buf_done(&b, &t->heading, t->r->err);
}

/* Said, and not withdrawn or waited for (HL7 table 0085). */
static bool stands(const struct hl7_message *m, size_t obx)
{
    struct an_str status = an_str_trim(hl7_get(m, obx, 11, 1, 1, 0));

    return status.n != 1 || memchr("DWXNOI", status.p[0], 6) == NULL;
}

static enum an_code end_text(struct report *t, size_t index,
                             struct ctx_value *value)
{
    struct an_where where = hl7_where(t->r->m, index, 0, 0, 0, 0);
    enum an_code rc;

    if (t->cut)
        hl7_reader_warn(t->r, AN_LIMIT, "a long text was cut", &where);
    if (t->text.n == 0)
        return AN_OK;
    rc = an_buf_done(&t->text, &value->text, t->r->err);
    value->text = an_str_trim(value->text);
    if (value->text.n)
        value->kind = CTX_VALUE_TEXT;
    return rc;
}

static enum an_code put_lines(struct report *t, bool *addendum)
{
    const struct line *before = NULL;
    size_t n_other = 0;
    enum an_code rc = AN_OK;

    for (size_t i = 0; rc == AN_OK && i < t->n; i++) {
        const struct line *l = &t->line[i];

        if (!(l->narrative || l->type == LINE_NOTE) ||
            !stands(t->r->m, l->index))
            continue;
        rc = put_heading(t, l, before);
        if (rc == AN_OK)
            rc = l->type >= LINE_DATA ? put_data(t, l->index)
                                      : put_words(t, l->index);
        if (l->narrative)
            mark_line(t->r, l->index);
        n_other += !an_str_eq(l->suffix, AN_STR("ADT"));
        before = l;
    }
    *addendum = before && n_other == 0;
    return rc;
}

/* ---- reports and documents ---------------------------------------------- */

static enum an_code make_marks(struct hl7_reader *r)
{
    if (r->narrative == NULL)
        r->narrative = an_arena_get(r->arena, r->m->n_segments, sizeof(bool));
    return r->narrative ? AN_OK : an_fail_nomem(r->err);
}

enum an_code hl7_report_text(struct hl7_reader *r, size_t obr,
                             struct ctx_value *value, bool *addendum)
{
    struct report t = {.r = r, .code = coded_at(r->m, obr, 4, 1)};
    enum an_code rc;
    bool parted;

    *addendum = false;
    rc = make_marks(r);
    if (rc == AN_OK)
        rc = find_lines(&t, obr);
    if (rc == AN_OK)
        rc = find_repeats(&t);
    if (rc != AN_OK)
        return rc;
    parted = is_parted(&t);
    for (size_t i = 0; i < t.n; i++) {
        t.line[i].narrative |= is_section(&t, &t.line[i], parted);
        r->narrative[t.line[i].index] = t.line[i].narrative;
    }
    an_buf_init(&t.text, r->arena, HL7_TEXT_BYTES);
    rc = put_lines(&t, addendum);
    return rc == AN_OK ? end_text(&t, obr, value) : rc;
}

enum an_code hl7_document_text(struct hl7_reader *r, size_t txa,
                               struct ctx_value *value)
{
    const struct hl7_message *m = r->m;
    struct report t = {.r = r};
    enum an_code rc = make_marks(r);

    an_buf_init(&t.text, r->arena, HL7_TEXT_BYTES);
    for (size_t i = txa + 1; rc == AN_OK && i < m->n_segments; i++) {
        struct an_str type = an_str_trim(hl7_get(m, i, 2, 1, 1, 0));

        if (is(m, i, "TXA") || is(m, i, "PID"))
            break;
        if (!is(m, i, "OBX"))
            continue;
        if (an_str_eq(type, AN_STR("ED")))
            rc = put_data(&t, i);
        else if (an_str_eq(type, AN_STR("TX")) ||
                 an_str_eq(type, AN_STR("FT")) || an_str_eq(type, AN_STR("ST")))
            rc = put_words(&t, i);
        else
            continue;
        mark_line(r, i);
        r->narrative[i] = true;
    }
    return rc == AN_OK ? end_text(&t, txa, value) : rc;
}

bool hl7_is_narrative(const struct hl7_reader *r, size_t obx)
{
    return r->narrative && r->narrative[obx];
}
