/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_out.h"

#include "base/decimal.h"
#include "base/json.h"

#include <yajl/yajl_gen.h>

static void print(void *ctx, const char *p, size_t n)
{
    an_buf_put(ctx, (struct an_str){p, n});
}

static void fail(struct an_json_out *w, enum an_code code, const char *what)
{
    if (w->code == AN_OK) {
        w->code = code;
        w->what = what;
    }
}

static void misuse(struct an_json_out *w)
{
    fail(w, AN_INTERNAL, "what was written is not one JSON value");
}

static void check(struct an_json_out *w, yajl_gen_status status)
{
    if (status != yajl_gen_status_ok)
        misuse(w);
}

static bool in_array(const struct an_json_out *w)
{
    return w->depth && w->arrays >> (w->depth - 1) & 1;
}

/* May a value stand here?  yajl would take a text without a name for one. */
static bool value_due(struct an_json_out *w)
{
    if (w->depth && !in_array(w) && !w->named)
        misuse(w);
    w->named = false;
    return w->code == AN_OK;
}

/* A text that may stand here, as a name or as a value. */
static void put_text(struct an_json_out *w, struct an_str text)
{
    static const unsigned char none[1] = {0};

    if (an_utf8_valid(text) == text.n)
        check(w, yajl_gen_string(w->yajl,
                                 text.n ? (const unsigned char *)text.p : none,
                                 text.n));
    else
        fail(w, AN_TYPE, "a text to be written is not UTF-8");
}

void an_out_init(struct an_json_out *w, struct an_arena *arena,
                 size_t limit_bytes)
{
    yajl_alloc_funcs funcs = an_yajl_memory_funcs(&w->memory);

    *w = (struct an_json_out){.code = AN_OK};
    an_buf_init(&w->buf, arena, limit_bytes);
    if (!an_yajl_memory_init(&w->memory, arena, NULL)) {
        fail(w, AN_NOMEM, "out of memory");
        return;
    }
    w->yajl = yajl_gen_alloc(&funcs);
    yajl_gen_config(w->yajl, yajl_gen_print_callback, print, &w->buf);
}

static void open_level(struct an_json_out *w, bool array)
{
    uint64_t bit;

    if (!value_due(w))
        return;
    if (w->depth == AN_OUT_DEPTH) {
        fail(w, AN_LIMIT, "nested deeper than the limit");
        return;
    }
    check(w, array ? yajl_gen_array_open(w->yajl) : yajl_gen_map_open(w->yajl));
    bit = UINT64_C(1) << w->depth;
    w->arrays = array ? w->arrays | bit : w->arrays & ~bit;
    w->depth++;
}

void an_out_object(struct an_json_out *w)
{
    open_level(w, false);
}

void an_out_array(struct an_json_out *w)
{
    open_level(w, true);
}

void an_out_end(struct an_json_out *w)
{
    bool array = in_array(w);

    if (w->depth == 0 || w->named)
        misuse(w);
    if (w->code != AN_OK)
        return;
    w->depth--;
    check(w,
          array ? yajl_gen_array_close(w->yajl) : yajl_gen_map_close(w->yajl));
}

void an_out_key(struct an_json_out *w, const char *key)
{
    an_out_name(w, an_str_c(key));
}

void an_out_name(struct an_json_out *w, struct an_str name)
{
    if (w->depth == 0 || in_array(w) || w->named)
        misuse(w);
    if (w->code != AN_OK)
        return;
    put_text(w, name);
    w->named = true;
}

void an_out_str(struct an_json_out *w, struct an_str text)
{
    if (value_due(w))
        put_text(w, text);
}

void an_out_bool(struct an_json_out *w, bool value)
{
    if (value_due(w))
        check(w, yajl_gen_bool(w->yajl, value));
}

void an_out_null(struct an_json_out *w)
{
    if (value_due(w))
        check(w, yajl_gen_null(w->yajl));
}

void an_out_i64(struct an_json_out *w, int64_t value)
{
    if (value_due(w))
        check(w, yajl_gen_integer(w->yajl, value));
}

void an_out_number(struct an_json_out *w, struct an_str literal)
{
    struct an_str json;
    double value;

    if (!value_due(w))
        return;
    if (!an_decimal_parse(literal, &value))
        fail(w, AN_TYPE, "a number to be written is none");
    else if (!an_decimal_json(w->buf.arena, literal, &json))
        fail(w, AN_NOMEM, "out of memory");
    else
        check(w, yajl_gen_number(w->yajl, json.p, json.n));
}

void an_out_fixed(struct an_json_out *w, double value, int places)
{
    char text[AN_DECIMAL_TEXT_BYTES];
    size_t n = an_decimal_print(value, places, text);

    if (!value_due(w))
        return;
    if (n == 0)
        fail(w, AN_TYPE, "a number to be written is none");
    else
        check(w, yajl_gen_number(w->yajl, text, n));
}

/* yajl puts what it takes for a number without a look at it. */
void an_out_json(struct an_json_out *w, struct an_str json)
{
    if (!value_due(w))
        return;
    if (json.n == 0)
        misuse(w);
    else
        check(w, yajl_gen_number(w->yajl, json.p, json.n));
}

/* As deep as the reader let it be. */
void an_out_tree(struct an_json_out *w, const struct an_json *value)
{
    switch ((enum an_json_kind)value->kind) {
    case AN_JSON_OBJECT:
        an_out_object(w);
        for (const struct an_json *m = an_json_first(value); m; m = m->next) {
            an_out_name(w, an_json_key(m));
            an_out_tree(w, m);
        }
        an_out_end(w);
        break;
    case AN_JSON_ARRAY:
        an_out_array(w);
        for (const struct an_json *m = an_json_first(value); m; m = m->next)
            an_out_tree(w, m);
        an_out_end(w);
        break;
    case AN_JSON_NUMBER: an_out_json(w, an_json_literal(value)); break;
    case AN_JSON_STRING: an_out_str(w, an_json_text(value)); break;
    case AN_JSON_BOOL: an_out_bool(w, value->n != 0); break;
    case AN_JSON_NULL: an_out_null(w); break;
    }
}

void an_out_key_str(struct an_json_out *w, const char *key, struct an_str text)
{
    if (text.n == 0)
        return;
    an_out_key(w, key);
    an_out_str(w, text);
}

enum an_code an_out_done(struct an_json_out *w, struct an_str *bytes,
                         struct an_err *err)
{
    if (w->code == AN_OK && w->buf.code == AN_OK && (w->depth || w->buf.n == 0))
        misuse(w);
    if (w->code != AN_OK)
        return an_fail(err, w->code, w->what, w->buf.n);
    return an_buf_done(&w->buf, bytes, err);
}
