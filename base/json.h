/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text in, a tree out (RFC 8259, read by yajl).
 *
 *     const struct an_json *root;
 *     enum an_code c = an_json_read(arena, &(struct an_json_limits){0},
 *                                   bytes, &root, err);
 *     struct an_str id = an_json_text(an_json_get(root, AN_STR("id")));
 *     for (const struct an_json *e = an_json_first(list); e; e = e->next)
 *         use(e);
 *
 * Numbers stay the literals they were ("0.010").  A string without an escape
 * is a view into `bytes`, which must live as long as the tree; one with an
 * escape is a copy in the arena.
 *
 * Refused, each with its place: nothing but blanks, a byte order mark, text
 * after the value, a control character (RFC 8259 blanks apart, so NUL, form
 * feed and vertical tab too), invalid UTF-8, a lone surrogate or \u0000 in a
 * string, a name twice in one object, and more than the limits.  yajl alone
 * would let most of these pass.
 *
 * The path of an error is made of indices and of names that the caller knows
 * only, since a sender can put a patient's name into a key: "entry[3].?.code".
 *
 * Thread-safety: immutable once read.  Ownership: the arena, and the bytes. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "base/err.h"

#include <string.h>

enum an_json_kind {
    AN_JSON_NULL,
    AN_JSON_BOOL,
    AN_JSON_NUMBER,
    AN_JSON_STRING,
    AN_JSON_ARRAY,
    AN_JSON_OBJECT
};

/* One value.  Read it through the functions below; `next` is for loops. */
struct an_json {
    const struct an_json *next; /* the next member or element, or NULL */
    const char *key_p;          /* its name, in an object */
    union {
        const char *text;            /* string, number */
        const struct an_json *first; /* array, object */
    } as;
    uint32_t n; /* bytes of text; members or elements; a bool's value */
    uint16_t key_n;
    uint8_t kind; /* enum an_json_kind */
};

enum {
    AN_JSON_DEPTH = 64,      /* the limit unless another is asked */
    AN_JSON_MAX_DEPTH = 126, /* yajl's stack of states never grows below it */
    AN_JSON_MAX_KEY_BYTES = 65535
};

/* 0 stands for the default of each. */
struct an_json_limits {
    size_t bytes;   /* of input; 256 MiB, never over 4 GiB - 1 */
    size_t nodes;   /* values; the arena's limit alone */
    unsigned depth; /* AN_JSON_DEPTH */
    bool (*knows)(struct an_str key); /* a path may show it; NULL: none */
};

/* All of `bytes` is one value.  AN_SYNTAX, AN_LIMIT or AN_NOMEM otherwise;
 * *root is then untouched and the arena may hold rubbish until its reset. */
enum an_code an_json_read(struct an_arena *arena,
                          const struct an_json_limits *limits,
                          struct an_str bytes, const struct an_json **root,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* Reading is forgiving: NULL, or a value of another kind than the asked one,
 * gives NULL, "" or false, so that a chain needs one check at its end. */

static inline bool an_json_is(const struct an_json *j, enum an_json_kind kind)
{
    return j && j->kind == (uint8_t)kind;
}

static inline struct an_str an_json_key(const struct an_json *j)
{
    return (struct an_str){j->key_p, j->key_n};
}

static inline bool an_json_key_is(const struct an_json *j, struct an_str key)
{
    return j->key_n == key.n &&
           (key.n == 0 ||
            (j->key_p[0] == key.p[0] && memcmp(j->key_p, key.p, key.n) == 0));
}

/* The first element or member; NULL when there is none. */
static inline const struct an_json *an_json_first(const struct an_json *j)
{
    return j && j->kind >= AN_JSON_ARRAY ? j->as.first : NULL;
}

/* The member of that name; NULL when there is none. */
static inline const struct an_json *an_json_get(const struct an_json *object,
                                                struct an_str key)
{
    const struct an_json *m = NULL;

    if (an_json_is(object, AN_JSON_OBJECT))
        m = object->as.first;
    while (m && !an_json_key_is(m, key))
        m = m->next;
    return m;
}

/* The element at `index`, from 0; NULL past the end. */
const struct an_json *an_json_at(const struct an_json *array, size_t index);

/* A string's bytes. */
static inline struct an_str an_json_text(const struct an_json *j)
{
    return an_json_is(j, AN_JSON_STRING) ? (struct an_str){j->as.text, j->n}
                                         : (struct an_str){NULL, 0};
}

/* A number's literal, in JSON's grammar. */
static inline struct an_str an_json_literal(const struct an_json *j)
{
    return an_json_is(j, AN_JSON_NUMBER) ? (struct an_str){j->as.text, j->n}
                                         : (struct an_str){NULL, 0};
}

static inline bool an_json_bool(const struct an_json *j, bool *value)
{
    if (!an_json_is(j, AN_JSON_BOOL))
        return false;
    *value = j->n != 0;
    return true;
}

/* A number as the nearest double; false if it is none or not finite. */
bool an_json_double(const struct an_json *j, double *value);
/* A number without fraction or exponent that fits. */
bool an_json_i64(const struct an_json *j, int64_t *value);

#endif
