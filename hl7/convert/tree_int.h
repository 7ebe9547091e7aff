/* SPDX-License-Identifier: Apache-2.0 */
/* A FHIR resource while it is being filled: objects, arrays and leaves in the
 * arena.  Values of arrays carry a tag, by which rows of the same label find
 * the value that they share.
 *
 * Thread-safety: confined.  Ownership: the arena. */
#ifndef HL7_CONVERT_TREE_INT_H
#define HL7_CONVERT_TREE_INT_H

#include "base/arena.h"
#include "base/json_out.h"
#include "hl7/convert/tables_int.h"

enum cv_kind {
    CV_EMPTY, /* nothing yet */
    CV_OBJECT,
    CV_ARRAY,
    CV_WORDS,   /* a JSON string */
    CV_LITERAL, /* a number, true, false: as it is */
    CV_BYTES,   /* base64 when it is printed */
    CV_REFERS   /* {"reference": "urn:uuid:..."} */
};

struct cv_resource;

struct cv_tag {
    uint16_t label, rep;
    uint32_t segment; /* 1-based; 0 for labels */
};

struct cv_node {
    const char *name; /* of a member; NULL in arrays */
    struct cv_node *first, *last, *next;
    struct an_str text;
    struct cv_resource *to; /* of CV_REFERS */
    struct cv_tag tag;
    uint16_t choice; /* of a member: as in struct cv_step */
    uint16_t needs;  /* of an object: likewise */
    bool required;   /* of a member: likewise */
    uint8_t kind;
};

/* NULL without memory. */
struct cv_node *cv_node(struct an_arena *arena, enum cv_kind kind);
void cv_append(struct cv_node *parent, struct cv_node *child);
struct cv_node *cv_member(const struct cv_node *object, const char *name);
/* The text of a member; "" when it has none. */
struct an_str cv_words_at(const struct cv_node *object, const char *name);
/* The node is a reference now. */
void cv_refer(struct cv_node *node, struct cv_resource *to);
/* No string is longer than R4 allows (2.24.0.1): what is says in its last line
 * how much was sent.  False without memory. */
bool cv_cut(struct an_arena *arena, struct an_str *text);

bool cv_equal(const struct cv_node *a, const struct cv_node *b);
/* Does an array hold an equal value?  NULL holds nothing. */
bool cv_has(const struct cv_node *array, const struct cv_node *value);
/* What `from` says and `to` does not; values of arrays that are equal once. */
void cv_merge(struct cv_node *to, struct cv_node *from);

/* What `from` says of the same thing and `to` does not; where they disagree `to`
 * stays as it is.  A value of an array fills the first that it does not disagree
 * with; else it is one more if it is of another system, use, type or url than the
 * rest: of two family names the first counts, a nickname is another name. */
void cv_fill(struct cv_node *to, struct cv_node *from);

/* The value that a path names, made with all above it; in the last step the
 * value is CV_EMPTY when it is new.  `at` says the repetition and the segment
 * being read.  NULL without memory. */
struct cv_node *cv_reach(struct an_arena *arena, struct cv_node *object,
                         const struct cv_path *path, struct cv_tag at);
/* Does the path lead through a choice that was made otherwise?  valueString,
 * where there is a valueQuantity. */
bool cv_barred(const struct cv_node *object, const struct cv_path *path,
               struct cv_tag at);
/* Is there already a value that the path may not overwrite? */
bool cv_taken(const struct cv_node *object, const struct cv_path *path,
              struct cv_tag at);

/* Members that hold nothing go, objects that hold only such, and objects that
 * lack a reference which they must hold. */
void cv_prune(struct cv_node *node);

void cv_print(struct an_json_out *w, const struct cv_node *node);

#endif
