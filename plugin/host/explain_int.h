/* SPDX-License-Identifier: Apache-2.0 */
/* What `explain-message` knows of one message, and its two ways to say it.
 *
 * What the fields hold, what events say and whom they are about is shown only
 * with `values`: without it nothing is printed that could tell of a patient.
 *
 * Thread-safety: confined.  Ownership: the arena's. */
#ifndef PLUGIN_HOST_EXPLAIN_INT_H
#define PLUGIN_HOST_EXPLAIN_INT_H

#include "base/json.h"
#include "base/json_out.h"
#include "plugin/pipeline.h"
#include "plugin/store/named.h"

struct pl_explained {
    const struct pl_name *name;
    bool values;
    /* Of a message that was kept. */
    struct pl_made made; /* as it stands in the store */
    struct hl7_message hl7;
    const struct an_json *root;
    struct ctx_reading reading; /* by today's tables */
    enum an_code code;          /* whether it could be read by them */
    struct an_err err;
    bool outdated; /* the tables read other fields than they did */
};

/* What field i of a segment holds; "" when it cannot be told. */
struct an_str pl_explained_value(const struct pl_explained *x,
                                 struct an_arena *arena,
                                 const struct ctx_segment *s, size_t segment,
                                 size_t i);
/* "OBX[2]", "Observation[1]". */
size_t pl_explained_place(const struct ctx_segment *s, char *text, size_t n);

/* On standard output. */
void pl_explain_text(const struct pl_explained *x, struct an_arena *arena);
enum an_code pl_explain_json(const struct pl_explained *x,
                             struct an_arena *arena, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
