/* SPDX-License-Identifier: Apache-2.0 */
/* An ER7 message ("pipes and hats") as a tree of views into its bytes.
 *
 *     struct hl7_message m;
 *     if (hl7_parse(&arena, bytes, NULL, &m, &err) != AN_OK)
 *         return err.code;
 *     size_t pid = hl7_find(&m, "PID", 0);
 *     if (pid != HL7_NONE)
 *         family = hl7_get(&m, pid, 5, 1, 1, 1);
 *
 * What is odd but readable is accepted with a warning: short MSH-2, bad segment
 * ids, mixed line ends, blanks or framing before MSH.  What cannot be read is
 * an error with its place.  hl7/print.h gives back every accepted message byte
 * for byte; hl7/edit.h changes one field.
 *
 * The tree is flat.  Each delimiter ends one leaf; one 32-bit word a leaf holds
 * where it ends and which level ended it, one 32-bit word a field holds its
 * first leaf:
 *
 *     P I D | | 1 2 ^ A ~ 3 4 | F CR        word = end << 3 | level
 *           4 4     3   2     4    5        (4 field ... 5 segment)
 *     field:  0 1 2             3
 *
 * Line ends (HL7 v2.5.1 ch. 2.5.4 says CR; files say otherwise).  If a CR
 * stands before what looks like a segment (id and separator), CR ends segments,
 * CRLF does too, and a lone LF is data unless it, too, stands before what looks
 * like a segment.  Otherwise LF and CRLF end segments, and a lone CR is data.
 * Blank lines belong to the end of the segment above.
 *
 * Characters: bytes are not interpreted here.  Read messages in other charsets
 * than ASCII, ISO 8859 and UTF-8 through hl7/read.h, which converts first.
 *
 * Thread-safety: immutable after parsing; confined while hl7_set changes it.
 * Ownership: views point into the parsed bytes; the tree is the arena's.
 * Limits: struct hl7_limits. */
#ifndef HL7_MESSAGE_H
#define HL7_MESSAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "hl7/charset.h"
#include "hl7/delims.h"

enum { HL7_MAX_WARNINGS = 16, HL7_LEVEL_BITS = 3, HL7_LEVEL_MASK = 7 };
#define HL7_NONE SIZE_MAX

struct hl7_limits {
    size_t message_bytes; /* at most 2^29 - 1 */
    size_t n_segments;
    size_t n_nodes; /* leaves and fields */
};

/* 64 MiB, a million segments, sixteen million nodes. */
extern const struct hl7_limits hl7_limits_default;

struct hl7_segment {
    const char *base;      /* where `at` and the leaves count from */
    const uint32_t *leaf;  /* end << 3 | level, see above */
    const uint32_t *field; /* first leaf of each field; one more ends it */
    struct an_str eol;     /* its line end, blank lines included */
    uint32_t at, n;        /* the segment without its line end */
    uint32_t n_fields;     /* stored fields, the id included */
    uint32_t seq;          /* 1-based among segments of this id */
    char id[4];            /* "???" when it is no segment id */
    bool is_header;        /* MSH, FHS, BHS: field 1 is the separator */
};

struct hl7_message {
    struct an_arena *arena;
    struct an_str bytes;
    struct an_str prelude; /* blanks, BOM or framing before MSH */
    struct hl7_delims delims;
    struct hl7_segment *segment; /* segment[0] is MSH */
    size_t n_segments;
    const struct hl7_charset *charset; /* set by hl7_read; NULL: not asked */
    struct an_err *warning; /* the first HL7_MAX_WARNINGS of n_warnings */
    size_t n_warnings;
};

/* limits may be NULL.  Fails with AN_SYNTAX (no MSH, no separator),
 * AN_UNSUPPORTED (a batch; UTF-16), AN_LIMIT, AN_NOMEM. */
enum an_code hl7_parse(struct an_arena *arena, struct an_str bytes,
                       const struct hl7_limits *limits, struct hl7_message *m,
                       struct an_err *err) __attribute__((warn_unused_result));

/* Add a warning.  False when the arena is at its limit. */
bool hl7_warn(struct hl7_message *m, enum an_code code, const char *what,
              const struct an_where *where) __attribute__((warn_unused_result));

/* How many warnings are kept. */
static inline size_t hl7_n_kept_warnings(const struct hl7_message *m)
{
    return m->n_warnings < HL7_MAX_WARNINGS ? m->n_warnings : HL7_MAX_WARNINGS;
}

/* ---- reading by number -------------------------------------------------
 *
 * Numbers are HL7's: 1-based, MSH-1 is the separator, MSH-2 the encoding
 * characters.  Raw views, still escaped: hl7/escape.h makes text of them.
 * What is not there is the empty view. */

/* The first segment of this id at or after `from`; HL7_NONE if none. */
size_t hl7_find(const struct hl7_message *m, const char *id, size_t from);

/* The number of the last field; 0 if there is only the id. */
size_t hl7_n_fields(const struct hl7_message *m, size_t segment);
/* 0 for a field that is absent or empty. */
size_t hl7_n_reps(const struct hl7_message *m, size_t segment, size_t field);

/* 0 means "the whole"; a 0 above a number is 1.  So (5,0,0,0) is the field with
 * all repetitions, (5,1,0,0) its first, (5,0,1,0) and (5,1,1,0) the first
 * component of the first.  Field 0 is the id.  Linear in the field's leaves:
 * walk long fields with hl7_cut. */
struct an_str hl7_get(const struct hl7_message *m, size_t segment, size_t field,
                      size_t rep, size_t comp, size_t sub);

/* The place of the same numbers, for errors and events. */
struct an_where hl7_where(const struct hl7_message *m, size_t segment,
                          size_t field, size_t rep, size_t comp, size_t sub);

/* ---- walking ------------------------------------------------------------
 *
 *     struct hl7_node reps = hl7_field(&m, i, 3), rep, comp;
 *     while (hl7_cut(&reps, HL7_REPETITION, &rep))
 *         while (hl7_cut(&rep, HL7_COMPONENT, &comp))
 *             use(hl7_raw(comp)); */

/* A run of leaves of one segment: a field, a repetition, a component ... */
struct hl7_node {
    const struct hl7_segment *segment;
    uint32_t at;          /* where it begins, from segment->base */
    uint32_t first, last; /* leaves [first, last); equal when nothing is left */
};

/* A field with all its repetitions.  An empty field gives one empty part, as
 * an_str_cut does; an absent one, and MSH-1, which is no leaf, give none. */
struct hl7_node hl7_field(const struct hl7_message *m, size_t segment,
                          size_t field);

/* Cut the first part of *rest that ends at `level` or above, and advance *rest
 * past it.  False once nothing is left.  Inline, as it runs for each leaf. */
static inline bool hl7_cut(struct hl7_node *rest, enum hl7_level level,
                           struct hl7_node *part)
{
    const uint32_t *leaf;
    uint32_t i = rest->first;

    if (i == rest->last)
        return false;
    leaf = rest->segment->leaf;
    while (i + 1 < rest->last && (leaf[i] & HL7_LEVEL_MASK) < level)
        i++;
    *part = *rest;
    part->last = rest->first = i + 1;
    rest->at = (leaf[i] >> HL7_LEVEL_BITS) + 1;
    return true;
}

/* The i-th part (1-based) at this level; an empty node if there is none. */
struct hl7_node hl7_child(struct hl7_node node, enum hl7_level level, size_t i);

/* Its bytes. */
static inline struct an_str hl7_raw(struct hl7_node node)
{
    if (node.first == node.last)
        return (struct an_str){NULL, 0};
    return (struct an_str){
        node.segment->base + node.at,
        (node.segment->leaf[node.last - 1] >> HL7_LEVEL_BITS) - node.at};
}

#endif
