/* SPDX-License-Identifier: Apache-2.0 */
/* The segment is written anew, the value replaced, and split again: a segment
 * is short, and so an edited one is like any other. */
#include "hl7/edit.h"
#include "base/buf.h"
#include "hl7/escape.h"
#include "hl7/split_int.h"

enum { MAX_SEGMENT_BYTES = 64 << 20 };

/* The bytes [from, to) of the segment are replaced by `pad` and the value. */
struct cut {
    size_t from, to;
    struct an_buf pad;
    bool possible; /* the delimiters that it needs exist */
};

static void pad(struct cut *c, const struct hl7_delims *d, enum hl7_level level,
                size_t n)
{
    char delimiter = hl7_delims_at(d, level);

    if (n && delimiter == '\0')
        c->possible = false;
    while (n-- && c->possible && c->pad.code == AN_OK)
        an_buf_put_char(&c->pad, delimiter);
}

/* Narrow the cut to the i-th part at this level; what is missing is padded,
 * and the cut is then the empty end. */
static struct hl7_node descend(struct cut *c, const struct hl7_delims *d,
                               struct hl7_node node, enum hl7_level level,
                               size_t i)
{
    struct hl7_node part = node;
    size_t n = 0;

    while (n < i && hl7_cut(&node, level, &part))
        n++;
    if (n == i) {
        struct an_str raw = hl7_raw(part);

        c->from = part.at - part.segment->at;
        c->to = c->from + raw.n;
        return part;
    }
    pad(c, d, level, n ? i - n : i - 1);
    c->from = c->to;
    return (struct hl7_node){.segment = node.segment};
}

static enum an_code rebuild(struct hl7_message *m, size_t segment,
                            struct an_str text, struct an_err *err)
{
    struct hl7_segment *old = &m->segment[segment];
    struct hl7_message one = {.arena = m->arena, .delims = m->delims};
    size_t from = 0, n_header = 0;
    struct hl7_delims unused;
    unsigned char cls[256];
    struct hl7_words w;
    const char *odd;
    enum an_code code;

    hl7_delims_classes(&m->delims, cls);
    code = hl7_split_begin(m->arena, text.n, SIZE_MAX / 16, &w, err);
    if (code == AN_OK && segment == 0) {
        hl7_delims_read(text, &unused, &n_header, &odd);
        code =
            hl7_split_scan(m->arena, text, 0, HL7_ID_BYTES + 1, cls, &w, err);
        from = n_header;
    }
    if (code == AN_OK)
        code = hl7_split_scan(m->arena, text, from, text.n, cls, &w, err);
    if (code != AN_OK)
        return code;
    hl7_split_end(text.n, &w);
    code = hl7_split_build(&one, text, 0, text.n, &w, 1, err);
    if (code != AN_OK)
        return code;
    one.segment[0].eol = old->eol;
    one.segment[0].seq = old->seq;
    *old = one.segment[0];
    return AN_OK;
}

/* Where the part begins and ends, and what must stand before it. */
static void locate(const struct hl7_message *m, size_t segment, size_t field,
                   const size_t number[3], struct cut *c)
{
    static const enum hl7_level level[3] = {HL7_REPETITION, HL7_COMPONENT,
                                            HL7_SUBCOMPONENT};
    const struct hl7_segment *s = &m->segment[segment];
    struct hl7_node node = hl7_field(m, segment, field);
    size_t n_missing = field - s->is_header;
    unsigned depth = 3;

    while (depth && number[depth - 1] == 0)
        depth--;
    an_buf_init(&c->pad, m->arena, MAX_SEGMENT_BYTES);
    c->from = c->to = s->n;
    n_missing -= n_missing < s->n_fields ? n_missing : s->n_fields - 1;
    if (n_missing)
        pad(c, &m->delims, HL7_FIELD, n_missing);
    else
        node = descend(c, &m->delims, node, HL7_FIELD, 1);
    for (unsigned i = 0; i < depth; i++)
        node =
            descend(c, &m->delims, node, level[i], number[i] ? number[i] : 1);
}

enum an_code hl7_set(struct hl7_message *m, size_t segment, size_t field,
                     size_t rep, size_t comp, size_t sub, struct an_str text,
                     struct an_err *err)
{
    const size_t number[3] = {rep, comp, sub};
    struct cut c = {.possible = true};
    struct an_str raw, padding, whole;
    struct hl7_segment *s;
    struct an_buf out;
    enum an_code code;

    if (segment >= m->n_segments)
        return an_fail(err, AN_NOTFOUND, "no such segment", 0);
    s = &m->segment[segment];
    if (field == 0 || (s->is_header && field <= 2))
        return an_fail(err, AN_UNSUPPORTED,
                       "the id and the delimiters cannot be edited", s->at);
    code = hl7_escape(&m->delims, m->arena, text, &raw, err);
    if (code != AN_OK)
        return code;
    locate(m, segment, field, number, &c);
    if (!c.possible)
        return an_fail(err, AN_UNSUPPORTED,
                       "the message has no delimiter for this", s->at);
    code = an_buf_done(&c.pad, &padding, err);
    if (code != AN_OK)
        return code;
    whole = (struct an_str){s->base + s->at, s->n};
    an_buf_init(&out, m->arena, MAX_SEGMENT_BYTES);
    an_buf_put(&out, an_str_sub(whole, 0, c.from));
    an_buf_put(&out, padding);
    an_buf_put(&out, raw);
    an_buf_put(&out, an_str_sub(whole, c.to, whole.n));
    code = an_buf_done(&out, &whole, err);
    return code == AN_OK ? rebuild(m, segment, whole, err) : code;
}
