/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the tree: the second half of hl7/message.h. */
#include "hl7/split_int.h"

#include <string.h>

size_t hl7_find(const struct hl7_message *m, const char *id, size_t from)
{
    for (size_t i = from; i < m->n_segments; i++)
        if (strcmp(m->segment[i].id, id) == 0)
            return i;
    return HL7_NONE;
}

size_t hl7_n_fields(const struct hl7_message *m, size_t segment)
{
    const struct hl7_segment *s;

    if (segment >= m->n_segments)
        return 0;
    s = &m->segment[segment];
    return s->n_fields - 1 + (s->is_header && s->n > HL7_ID_BYTES);
}

struct hl7_node hl7_field(const struct hl7_message *m, size_t segment,
                          size_t field)
{
    const struct hl7_segment *s;
    struct hl7_node node = {0};
    size_t stored = field;

    if (segment >= m->n_segments)
        return node;
    s = &m->segment[segment];
    node.segment = s;
    if (s->is_header && field > 0)
        stored = field - 1; /* MSH-1 is the separator itself */
    if (stored >= s->n_fields || (s->is_header && field == 1))
        return node;
    node.first = s->field[stored];
    node.last = s->field[stored + 1];
    node.at = node.first ? hl7_word_end(s->leaf[node.first - 1]) + 1 : s->at;
    return node;
}

struct hl7_node hl7_child(struct hl7_node node, enum hl7_level level, size_t i)
{
    struct hl7_node part;

    while (i > 0 && hl7_cut(&node, level, &part))
        if (--i == 0)
            return part;
    return (struct hl7_node){.segment = node.segment};
}

size_t hl7_n_reps(const struct hl7_message *m, size_t segment, size_t field)
{
    struct hl7_node node = hl7_field(m, segment, field);
    size_t n = 0;

    if (hl7_raw(node).n == 0)
        return 0;
    for (struct hl7_node rep; hl7_cut(&node, HL7_REPETITION, &rep);)
        n++;
    return n;
}

/* MSH-1: the byte after the id. */
static struct an_str separator(const struct hl7_segment *s)
{
    if (s->n <= HL7_ID_BYTES)
        return (struct an_str){NULL, 0};
    return (struct an_str){s->base + s->at + HL7_ID_BYTES, 1};
}

struct an_str hl7_get(const struct hl7_message *m, size_t segment, size_t field,
                      size_t rep, size_t comp, size_t sub)
{
    struct hl7_node node = hl7_field(m, segment, field);

    if (field == 1 && node.segment && node.segment->is_header)
        return separator(node.segment);
    if (rep || comp || sub)
        node = hl7_child(node, HL7_REPETITION, rep ? rep : 1);
    if (comp || sub)
        node = hl7_child(node, HL7_COMPONENT, comp ? comp : 1);
    if (sub)
        node = hl7_child(node, HL7_SUBCOMPONENT, sub);
    return hl7_raw(node);
}

static uint16_t narrow(size_t n)
{
    return n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
}

struct an_where hl7_where(const struct hl7_message *m, size_t segment,
                          size_t field, size_t rep, size_t comp, size_t sub)
{
    struct an_where where = {.field = narrow(field),
                             .rep = narrow(rep),
                             .component = narrow(comp),
                             .subcomponent = narrow(sub)};

    if (segment >= m->n_segments)
        return where;
    memcpy(where.segment, m->segment[segment].id, sizeof(where.segment));
    where.segment_seq = narrow(m->segment[segment].seq);
    where.byte = m->segment[segment].at;
    if (field) {
        struct an_str raw = hl7_get(m, segment, field, rep, comp, sub);

        if (raw.p)
            where.byte = (size_t)(raw.p - m->segment[segment].base);
    }
    return where;
}
