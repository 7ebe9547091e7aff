/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: the reader refuses them with a place inside the input, or what it
 * read, written again, reads as the same tree. */
#include "base/json.h"
#include "base/json_out.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The writer refuses exponents that no double has. */
static bool write_tree(struct an_json_out *w, const struct an_json *j)
{
    double number;
    bool ok = true;

    switch ((enum an_json_kind)j->kind) {
    case AN_JSON_NULL: an_out_null(w); break;
    case AN_JSON_BOOL: an_out_bool(w, j->n != 0); break;
    case AN_JSON_NUMBER:
        ok = an_json_double(j, &number);
        an_out_number(w, an_json_literal(j));
        break;
    case AN_JSON_STRING: an_out_str(w, an_json_text(j)); break;
    case AN_JSON_ARRAY:
        an_out_array(w);
        for (const struct an_json *e = an_json_first(j); e; e = e->next)
            ok = write_tree(w, e) && ok;
        an_out_end(w);
        break;
    case AN_JSON_OBJECT:
        an_out_object(w);
        for (const struct an_json *e = an_json_first(j); e; e = e->next) {
            char key[64] = "";
            struct an_str name = an_json_key(e);

            ok = ok && name.n < sizeof(key);
            if (name.n && name.n < sizeof(key))
                memcpy(key, name.p, name.n);
            an_out_key(w, key);
            ok = write_tree(w, e) && ok;
        }
        an_out_end(w);
        break;
    }
    return ok;
}

static void same(const struct an_json *a, const struct an_json *b)
{
    if (a->kind != b->kind || a->n != b->n ||
        !an_str_eq(an_json_text(a), an_json_text(b)))
        abort();
    a = an_json_first(a);
    b = an_json_first(b);
    for (; a && b; a = a->next, b = b->next)
        same(a, b);
    if (a || b)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct an_json_limits limits = {.depth = AN_OUT_DEPTH};
    struct an_str in = {(const char *)data, n}, again;
    struct an_arena arena;
    struct an_json_out w;
    struct an_err err;
    const struct an_json *root = NULL, *second;

    an_arena_init(&arena, 64 << 20);
    if (an_json_read(&arena, &limits, in, &root, &err) != AN_OK) {
        if (root || err.where.byte > n || err.what == NULL)
            abort();
    } else {
        an_out_init(&w, &arena, 16 << 20);
        if (write_tree(&w, root)) {
            if (an_out_done(&w, &again, &err) != AN_OK ||
                an_json_read(&arena, &limits, again, &second, &err) != AN_OK)
                abort();
            same(root, second);
        }
    }
    an_arena_free(&arena);
    return 0;
}
