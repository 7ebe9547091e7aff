/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of calls in, JSON text out: compact, in the order of the calls, with
 * yajl's escaping.
 *
 *     struct an_json_out w;
 *     an_out_init(&w, arena, limit_bytes);
 *     an_out_object(&w);
 *     an_out_key_str(&w, "resourceType", AN_STR("Basic"));
 *     an_out_key(&w, "value");
 *     an_out_number(&w, AN_STR("0.010"));       -- exactly so
 *     an_out_end(&w);
 *     return an_out_done(&w, &bytes, err);
 *
 * The first call that fails marks the writer and later ones do nothing, so one
 * check at the end is enough.  It fails over the byte limit, without memory,
 * nested deeper than AN_OUT_DEPTH, when text is not UTF-8, when a number is
 * none, and when the calls are no JSON value.  NaN cannot be said.
 *
 * Thread-safety: confined; the struct stays where it was initialised.
 * Ownership: the bytes are the arena's. */
#ifndef BASE_JSON_OUT_H
#define BASE_JSON_OUT_H

#include "base/buf.h"
#include "base/json_int.h"

enum { AN_OUT_DEPTH = 64 };

struct an_json_out {
    struct an_buf buf;
    struct an_yajl_memory memory;
    struct yajl_gen_t *yajl;
    uint64_t arrays; /* bit d: level d is an array */
    unsigned depth;
    bool named;        /* a member's name was written, its value is due */
    enum an_code code; /* AN_OK until a call failed */
    const char *what;
};

void an_out_init(struct an_json_out *w, struct an_arena *arena,
                 size_t limit_bytes);

void an_out_object(struct an_json_out *w);
void an_out_array(struct an_json_out *w);
/* The innermost of the two. */
void an_out_end(struct an_json_out *w);

/* The name of the next member: a literal of ours. */
void an_out_key(struct an_json_out *w, const char *key);
/* The same for a name that is data. */
void an_out_name(struct an_json_out *w, struct an_str name);
void an_out_str(struct an_json_out *w, struct an_str text);
void an_out_bool(struct an_json_out *w, bool value);
void an_out_null(struct an_json_out *w);
void an_out_i64(struct an_json_out *w, int64_t value);
/* A number as it was said; any form that base/decimal.h reads. */
void an_out_number(struct an_json_out *w, struct an_str literal);
/* Rounded to `places` decimals, all of them printed: an_decimal_print. */
void an_out_fixed(struct an_json_out *w, double value, int places);

/* A value that is JSON text already, put as it is: the caller has read it. */
void an_out_json(struct an_json_out *w, struct an_str json);
/* A value that was read, with all that is in it; numbers as they were said. */
struct an_json;
void an_out_tree(struct an_json_out *w, const struct an_json *value);

/* A name and its text; nothing at all when the text is empty, as FHIR has no
 * empty strings. */
void an_out_key_str(struct an_json_out *w, const char *key, struct an_str text);

/* The text, followed by a NUL that is not counted. */
enum an_code an_out_done(struct an_json_out *w, struct an_str *bytes,
                         struct an_err *err)
    __attribute__((warn_unused_result));

#endif
