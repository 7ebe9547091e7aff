/* SPDX-License-Identifier: Apache-2.0 */
/* One message being converted: what its resources are, which slot holds which,
 * and what is being read.  walk.c goes through the segments, apply.c through the
 * rows of a map, ask.c answers what rows ask of the message, say.c puts text
 * into FHIR's forms, name.c names what is made, bundle.c prints it.
 *
 * Thread-safety: confined.  Ownership: the arena. */
#ifndef HL7_CONVERT_RUN_INT_H
#define HL7_CONVERT_RUN_INT_H

#include "base/uuid.h"
#include "hl7/convert.h"
#include "hl7/convert/tree_int.h"
#include "hl7/rules.h"

struct cv_resource {
    const char *type;
    struct cv_node root;
    struct an_uuid id;
    bool kept;                /* it says something: it is in the Bundle */
    bool referred;            /* something refers to it */
    int16_t slot;             /* -1: made by a map of types */
    uint32_t n_twins;         /* the last number given to a twin of its name */
    struct cv_resource *next; /* in the order made */
    struct cv_resource *beside; /* in the same list of the names */
};

/* A link whose other end is not there yet. */
struct cv_waiting {
    const struct cv_link *link;
    struct cv_resource *from;
    const struct cv_resource *scope; /* what the slot is within, then */
    struct cv_waiting *next;
};

/* The resources by their id: lists, as many as a power of two. */
struct cv_names {
    struct cv_resource **list;
    size_t n_lists, n;
};

struct cv_run {
    struct an_arena *arena;
    const struct hl7_convert_settings *settings;
    const struct hl7_message *m;
    struct an_err *err;
    enum an_code code; /* AN_OK until something failed */
    struct hl7_scope scope;
    /* What was the latest of each name when the one that is came; or -1. */
    int32_t earlier[HL7_N_SEGMENTS];
    size_t segment;                /* being read */
    enum hl7_segment_id id;        /* its name */
    struct cv_resource *resources; /* newest last */
    struct cv_resource *newest;
    struct cv_resource *slot[CV_MAX_SLOTS];
    uint32_t n_made[CV_MAX_SLOTS];            /* resources of a slot */
    struct cv_waiting *waiting[CV_MAX_SLOTS]; /* for a slot, newest first */
    struct cv_names names;
    struct an_str message_key; /* sender and control id */
    struct an_uuid id_of_message;
};

/* What a row reads. */
struct cv_at {
    struct hl7_node part; /* of a type: what its components are cut from */
    bool in_type;
    uint16_t rep;         /* of the row's field, 1-based */
    uint8_t field;        /* the row's field, when it is of the segment read */
    struct hl7_node here; /* the row's field at that repetition */
    size_t n_reps;        /* of the row's field */
    enum hl7_level level; /* of `part` */
    unsigned depth;       /* of maps within maps */
};

/* ---- ask.c -------------------------------------------------------------- */

/* Does the condition hold? */
bool cv_holds(struct cv_run *run, const struct cv_at *at,
              struct cv_range tests);
/* The place of an operand; an empty node when there is none. */
struct hl7_node cv_place(struct cv_run *run, const struct cv_at *at,
                         const struct cv_operand *o);
/* Its raw bytes, "" for HL7's null. */
struct an_str cv_raw(struct hl7_node node);
/* Is there more than delimiters? */
bool cv_valued(const struct cv_run *run, struct hl7_node node);
/* Decoded text without blanks at its ends; false marks the run. */
bool cv_text(struct cv_run *run, struct an_str raw, struct an_str *text);

/* ---- say.c -------------------------------------------------------------- */

/* Text as a value of the leaf's type, or CV_EMPTY when it cannot be said.
 * False marks the run. */
bool cv_say(struct cv_run *run, enum cv_leaf leaf, struct an_str text,
            struct cv_node *value);
/* A time so much later: "30" and "min" ("" is minutes, HL7 v2.8.2 10.4.1.9). */
bool cv_say_later(struct cv_run *run, enum cv_leaf leaf, struct an_str start,
                  struct an_str number, struct an_str unit,
                  struct cv_node *value);
/* So long in whole minutes; nothing of what is none. */
bool cv_say_minutes(struct cv_run *run, struct an_str number,
                    struct an_str unit, struct cv_node *value);
/* The number or the comparator of "<15"; nothing of what is not all that. */
bool cv_say_part(struct cv_run *run, enum cv_how how, struct an_str text,
                 struct cv_node *value);
/* The bytes of encapsulated data: a node at the level of components. */
bool cv_say_data(struct cv_run *run, struct hl7_node ed, enum hl7_level level,
                 struct cv_node *value);

/* ---- apply.c ------------------------------------------------------------ */

/* Fill a resource by a map of segments: of the one being read, or of the latest
 * above of another name. */
void cv_apply(struct cv_run *run, unsigned map, struct cv_node *object);

/* ---- name.c ------------------------------------------------------------- */

/* A new resource of no place in the Bundle yet; NULL marks the run. */
struct cv_resource *cv_begin(struct cv_run *run, unsigned slot);
/* It gets its place, and is found by its id from now on; false marks the run. */
bool cv_add(struct cv_run *run, struct cv_resource *r);
/* The id of what a slot begins; *twin is the earlier resource that this is
 * again, or NULL. */
bool cv_name_slot(struct cv_run *run, struct cv_resource *r,
                  struct cv_resource **twin);
/* A resource that a map of types made: one that is there already, or a new one.
 * NULL marks the run. */
struct cv_resource *cv_share(struct cv_run *run, const struct cv_map *map,
                             struct cv_node *root);
/* Sender and control id, by which things without a name are named, and the
 * Bundle itself. */
bool cv_name_message(struct cv_run *run);

/* ---- bundle.c ----------------------------------------------------------- */

bool cv_bundle(struct cv_run *run, struct hl7_converted *out);

/* Mark the run; always false. */
bool cv_fail(struct cv_run *run, enum an_code code);

#endif
