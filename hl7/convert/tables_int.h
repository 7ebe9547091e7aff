/* SPDX-License-Identifier: Apache-2.0 */
/* What tools/mkmaps.awk makes of config/tables/to-fhir/: rows that refer to one
 * another by number.  Text 0, path 0 and vocabulary 0 are "none".
 *
 * Thread-safety: immutable. */
#ifndef HL7_CONVERT_TABLES_INT_H
#define HL7_CONVERT_TABLES_INT_H

#include "base/str.h"

/* What stands at the end of a path. */
enum cv_leaf {
    CV_STRING, /* markdown too */
    CV_CODE,
    CV_URI,
    CV_DATE,
    CV_DATETIME,
    CV_INSTANT,
    CV_TIME,
    CV_DECIMAL,
    CV_INTEGER,
    CV_POSITIVEINT,
    CV_UNSIGNEDINT,
    CV_BOOLEAN,
    CV_BASE64BINARY,
    CV_REFERENCE,
    CV_COMPLEX
};

/* Which value of an element that repeats a step means. */
enum cv_step_mode {
    CV_FIRST, /* in the middle the first, at the end a new one */
    CV_LABEL, /* the one with this label, and repetition */
    CV_EACH   /* the one of this label and segment */
};

struct cv_step {
    const char *name;
    uint8_t mode; /* enum cv_step_mode */
    bool repeats;
    bool required;       /* a reference that must be there */
    uint16_t label, url; /* texts */
    uint16_t choice; /* text: "value" of valueQuantity; of them one is said */
    uint16_t needs;  /* of the value: a place among cv_needs */
};

struct cv_path {
    uint16_t first, n; /* steps; none is "." */
    uint8_t leaf;      /* enum cv_leaf */
};

enum cv_where {
    CV_SELF,  /* the segment or type itself */
    CV_FIELD, /* a field of a segment */
    CV_PART   /* a component of the type being read */
};

struct cv_operand {
    uint8_t where, segment, field, rep, component, sub; /* 0: the whole */
};

enum cv_op {
    CV_VALUED,
    CV_ABSENT,
    CV_IN,
    CV_NOT_IN,
    CV_CONTAINS, /* wants.first: a place */
    CV_NOT_CONTAINS,
    CV_BELOW, /* a segment of that name follows, before the next of ours */
    CV_NOT_BELOW,
    CV_ABOVE, /* another segment of that name stands above and still applies */
    CV_NOT_ABOVE,
    CV_COUNT_IS,
    CV_COUNT_BELOW,
    CV_COUNT_ABOVE,
    CV_LENGTH_IS,
    CV_LENGTH_BELOW,
    CV_LENGTH_ABOVE
};

struct cv_range {
    uint16_t first, n;
};

struct cv_test {
    struct cv_operand operand;
    uint8_t op; /* enum cv_op */
    struct cv_range wants;
    uint16_t number;
    bool alternative; /* an "or" stands before it */
};

enum cv_how {
    CV_TEXT,
    CV_CONSTANT, /* arg: text */
    CV_MAP,      /* arg: map */
    CV_CODED,    /* by the vocabulary */
    CV_SLOT,     /* arg: slot */
    CV_JOIN,     /* arg: first part * 16 + n */
    CV_LINES,
    CV_APPEND,
    CV_PLUS,       /* arg: as CV_JOIN: a time, a number, a unit of time */
    CV_MINUTES,    /* arg: as CV_JOIN: a number and a unit of time */
    CV_NUMBER,     /* of "<15": 15 */
    CV_COMPARATOR, /* of "<15": < */
    CV_DATA
};

/* Vocabularies of their own: names of coding systems to URIs, units to UCUM, and
 * the system of a unit that is there. */
enum {
    CV_CODING_SYSTEM = UINT16_MAX,
    CV_UNIT = UINT16_MAX - 1,
    CV_UNIT_SYSTEM = UINT16_MAX - 2
};

struct cv_row {
    struct cv_operand from;
    struct cv_range tests;
    uint16_t path;
    uint8_t leaf, how;
    uint16_t arg;
    uint16_t vocabulary; /* index + 1 */
    uint16_t of;         /* place + 1: what CV_MAP reads instead of `from` */
};

struct cv_part {
    struct cv_operand operand;
    uint16_t text; /* instead, when the operand is CV_SELF */
};

struct cv_map {
    uint16_t first, n; /* rows */
    uint8_t segment;   /* HL7_N_SEGMENTS: of a data type */
    uint8_t leaf;
    bool resource;
    const char *type;
    uint16_t needs;
};

struct cv_link {
    uint16_t slot, path;
    bool back; /* the path is the slot's */
};

enum cv_slot_mode { CV_BEGIN, CV_GO_ON, CV_ONLY_IF };

struct cv_rule {
    struct cv_range triggers;
    uint8_t segment;
    struct cv_range tests;
    uint8_t slot, mode;
    int16_t map; /* -1: none */
    struct cv_range links;
};

enum cv_key_kind { CV_KEY_FIELD, CV_KEY_TEXT, CV_KEY_SLOT };

struct cv_key {
    uint8_t kind;
    bool optional;
    uint16_t first, n; /* places; or a text, or a slot */
};

struct cv_slot {
    struct an_str name;
    const char *type;
    int16_t within; /* -1: nothing */
    struct cv_range key;
    bool shared; /* the same key is the same resource */
    uint16_t needs;
};

struct cv_code {
    struct an_str code, to;
    uint16_t system;
    struct an_str display;
};

struct cv_vocabulary {
    uint16_t first, n;
};

enum { CV_MAX_SLOTS = 128 };

extern const struct cv_step *const cv_steps;
extern const struct cv_path *const cv_paths;
extern const uint16_t *const cv_wants;
extern const struct cv_test *const cv_tests;
extern const struct cv_part *const cv_parts;
extern const struct cv_row *const cv_rows;
extern const struct cv_map *const cv_maps;
/* Names of references that a value must hold, to the next NULL. */
extern const char *const *const cv_needs;
extern const struct cv_link *const cv_links;
extern const struct an_str *const cv_triggers;
extern const struct cv_rule *const cv_rules;
extern const struct cv_operand *const cv_places;
extern const struct cv_key *const cv_keys;
extern const struct cv_slot *const cv_slots;
extern const struct an_str *const cv_texts;
extern const unsigned cv_n_slots;

/* The rules of one segment: [*first, *end). */
void cv_rules_of(unsigned segment, unsigned *first, unsigned *end);

/* The row of a code; NULL if the vocabulary has none. */
const struct cv_code *cv_code_find(unsigned vocabulary, struct an_str code);

#endif
