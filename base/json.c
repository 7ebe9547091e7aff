/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/decimal.h"
#include "base/json_int.h"
#include "base/sort.h"

#include <stdio.h>
#include <yajl/yajl_parse.h>

enum {
    DEFAULT_BYTES = 256 << 20,
    FIRST_CHUNK = 32,
    LARGEST_CHUNK = 1024,
    FEW_MEMBERS = 16 /* below, names are compared pair by pair */
};

/* An array or object that is still open. */
struct level {
    struct an_json *node, *last; /* last: its youngest child */
    uint64_t seen;               /* a bit for each name, see name_bit */
    bool again;                  /* a bit came twice among many names */
};

struct reader {
    struct an_arena *arena;
    const struct an_json_limits *limits;
    struct an_str in;
    yajl_handle yajl;
    struct an_err *err;
    enum an_code code; /* AN_OK until a callback refused */
    struct an_json *root;
    struct an_json *chunk; /* nodes got ahead */
    size_t n_chunk, chunk_size, n_nodes, max_nodes;
    struct an_str key; /* of the member whose value comes next */
    unsigned depth, max_depth;
    struct level open[AN_JSON_MAX_DEPTH];
};

/* ---- where -------------------------------------------------------------- */

/* Add "[3]" or ".code"; false once it does not fit. */
static bool path_add(const struct reader *r, char path[AN_PATH_BYTES],
                     size_t *used, const struct an_json *in, bool child_is_open)
{
    char part[AN_PATH_BYTES];
    struct an_str key = AN_STR("?");
    int n;

    if (in->kind == AN_JSON_ARRAY) {
        n = snprintf(part, sizeof(part), "[%u]",
                     in->n - (child_is_open ? 1U : 0U));
    } else {
        if (r->limits->knows && r->limits->knows(r->key))
            key = r->key;
        n = snprintf(part, sizeof(part), "%s%.*s", *used ? "." : "",
                     AN_STR_ARG(key));
    }
    if (n < 0 || *used + (size_t)n >= AN_PATH_BYTES)
        return false;
    memcpy(path + *used, part, (size_t)n + 1);
    *used += (size_t)n;
    return true;
}

/* Where the reader stands, cut after the last part that fits. */
static void path_print(struct reader *r, char path[AN_PATH_BYTES])
{
    size_t used = 0;
    struct an_str last = r->key;

    for (unsigned i = 0; i < r->depth; i++) {
        bool inner = i + 1 < r->depth;

        r->key = inner && r->open[i].last ? an_json_key(r->open[i].last) : last;
        if (!inner && r->open[i].node->kind == AN_JSON_OBJECT &&
            r->key.p == NULL)
            break;
        if (!path_add(r, path, &used, r->open[i].node, inner))
            break;
    }
    r->key = last;
}

static enum an_code fail(struct reader *r, enum an_code code, const char *what,
                         size_t byte)
{
    r->code = an_fail(r->err, code, what, byte);
    if (r->err)
        path_print(r, r->err->where.path);
    return code;
}

/* The same from a callback, whose 0 stops yajl. */
static int stop(struct reader *r, enum an_code code, const char *what)
{
    fail(r, code, what, yajl_get_bytes_consumed(r->yajl));
    return 0;
}

/* ---- the tree ----------------------------------------------------------- */

static struct an_json *node_get(struct reader *r)
{
    if (r->n_chunk == 0) {
        if (r->chunk_size < LARGEST_CHUNK)
            r->chunk_size *= 2;
        r->chunk = an_arena_get(r->arena, r->chunk_size, sizeof(*r->chunk));
        if (r->chunk == NULL)
            return NULL;
        r->n_chunk = r->chunk_size;
    }
    r->n_chunk--;
    return r->chunk++;
}

/* The next value of the innermost array or object. */
static struct an_json *add(struct reader *r, enum an_json_kind kind)
{
    struct an_json *node;

    if (r->n_nodes == r->max_nodes) {
        stop(r, AN_LIMIT, "more values than the limit");
        return NULL;
    }
    node = node_get(r);
    if (node == NULL) {
        stop(r, AN_NOMEM, "out of memory");
        return NULL;
    }
    r->n_nodes++;
    node->kind = (uint8_t)kind;
    if (r->depth == 0) {
        r->root = node;
    } else {
        struct level *in = &r->open[r->depth - 1];

        node->key_p = r->key.p;
        node->key_n = (uint16_t)r->key.n;
        r->key = (struct an_str){NULL, 0};
        if (in->last)
            in->last->next = node;
        else
            in->node->as.first = node;
        in->last = node;
        in->node->n++;
    }
    return node;
}

/* What yajl hands over is a view of the input, or its own buffer; NULL without
 * memory.  A pointer and not an an_str: one that goes through memory in two parts
 * and comes back whole costs a tenth of all reading. */
static const char *keep(struct reader *r, const unsigned char *p, size_t n)
{
    const char *text = (const char *)p;
    struct an_str copy;

    if (n == 0)
        return "";
    if ((uintptr_t)p >= (uintptr_t)r->in.p &&
        (uintptr_t)p < (uintptr_t)r->in.p + r->in.n)
        return text;
    if (an_arena_str(r->arena, (struct an_str){text, n}, &copy))
        return copy.p;
    stop(r, AN_NOMEM, "out of memory");
    return NULL;
}

static int add_text(struct reader *r, enum an_json_kind kind,
                    const unsigned char *p, size_t n)
{
    const char *text = keep(r, p, n);
    struct an_json *node;

    if (text == NULL)
        return 0;
    node = add(r, kind);
    if (node == NULL)
        return 0;
    node->as.text = text;
    node->n = (uint32_t)n;
    return 1;
}

static int open_level(struct reader *r, enum an_json_kind kind)
{
    struct an_json *node;

    if (r->depth == r->max_depth)
        return stop(r, AN_LIMIT, "nested deeper than the limit");
    node = add(r, kind);
    if (node == NULL)
        return 0;
    r->open[r->depth++] = (struct level){.node = node};
    return 1;
}

/* ---- names -------------------------------------------------------------- */

static int twice(struct reader *r, struct an_str key)
{
    r->key = key;
    return stop(r, AN_SYNTAX, "a name stands twice in one object");
}

/* Two names with different bits are different names. */
static uint64_t name_bit(struct an_str key)
{
    unsigned first = key.n ? (unsigned char)key.p[0] : 0;
    unsigned last = key.n ? (unsigned char)key.p[key.n - 1] : 0;

    return UINT64_C(1) << ((first * 7 + last * 17 + (unsigned)key.n * 3) & 63);
}

static int by_key(const void *a, const void *b)
{
    const struct an_json *const *x = a, *const *y = b;

    return an_str_cmp(an_json_key(*x), an_json_key(*y));
}

/* Many members: sort them, so that a hostile object costs n log n. */
static int check_many(struct reader *r, const struct an_json *object)
{
    struct an_mark mark = an_arena_mark(r->arena);
    size_t n = object->n, i = 0;
    const struct an_json **member =
        an_arena_get(r->arena, n + n / 2 + 1, sizeof(void *));
    int ok = 1;

    if (member == NULL)
        return stop(r, AN_NOMEM, "out of memory");
    for (const struct an_json *m = object->as.first; m; m = m->next)
        member[i++] = m;
    an_sort(member, n, sizeof(void *), member + n, by_key);
    for (i = 1; i < n && ok; i++)
        if (by_key(&member[i - 1], &member[i]) == 0)
            ok = twice(r, an_json_key(member[i]));
    an_arena_rewind(r->arena, mark);
    return ok;
}

/* ---- yajl's callbacks --------------------------------------------------- */

static int on_null(void *ctx)
{
    return add(ctx, AN_JSON_NULL) != NULL;
}

static int on_bool(void *ctx, int value)
{
    struct an_json *node = add(ctx, AN_JSON_BOOL);

    if (node)
        node->n = value != 0;
    return node != NULL;
}

static int on_number(void *ctx, const char *p, size_t n)
{
    return add_text(ctx, AN_JSON_NUMBER, (const unsigned char *)p, n);
}

static int on_string(void *ctx, const unsigned char *p, size_t n)
{
    return add_text(ctx, AN_JSON_STRING, p, n);
}

static int on_key(void *ctx, const unsigned char *p, size_t n)
{
    struct reader *r = ctx;
    struct level *in = &r->open[r->depth - 1];
    const char *name;
    struct an_str key;
    uint64_t bit;

    if (n > AN_JSON_MAX_KEY_BYTES)
        return stop(r, AN_LIMIT, "a name is longer than the limit");
    name = keep(r, p, n);
    if (name == NULL)
        return 0;
    key = (struct an_str){name, n};
    r->key = key;
    bit = name_bit(key);
    if ((in->seen & bit) == 0) {
        in->seen |= bit;
        return 1;
    }
    if (in->node->n >= FEW_MEMBERS) {
        in->again = true;
        return 1;
    }
    for (const struct an_json *m = in->node->as.first; m; m = m->next)
        if (an_json_key_is(m, key))
            return twice(r, key);
    return 1;
}

static int on_start_object(void *ctx)
{
    return open_level(ctx, AN_JSON_OBJECT);
}

static int on_start_array(void *ctx)
{
    return open_level(ctx, AN_JSON_ARRAY);
}

static int on_end_array(void *ctx)
{
    struct reader *r = ctx;

    r->depth--;
    return 1;
}

static int on_end_object(void *ctx)
{
    struct reader *r = ctx;
    const struct level *in = &r->open[r->depth - 1];

    if (in->again && !check_many(r, in->node))
        return 0;
    r->depth--;
    return 1;
}

/* ---- reading ------------------------------------------------------------ */

/* yajl says why in English, without a byte of the input when not verbose; its
 * words are matched so that ours stay literals. */
static const char *yajl_why(yajl_handle h)
{
    static const char *const why[][2] = {
        {"trailing garbage", "there is something after the JSON value"},
        {"unallowed token",
         "a bracket, comma or colon that may not stand here"},
        {"object key", "a name in quotes is wanted here"},
        {"separated by a colon", "a colon is wanted here"},
        {"inside map", "a comma or a closing brace is wanted here"},
        {"in array", "a comma or a closing bracket is wanted here"},
        {"before a character", "an escape that JSON has not"},
        {"non-hex", "an escape without its four hex digits"},
        {"inside string", "a raw control character in a string"},
        {"malformed number", "a number that is not well formed"}};
    unsigned char *said = yajl_get_error(h, 0, NULL, 0);
    const char *found = "this is not JSON";

    if (said == NULL)
        return found;
    for (size_t i = 0; i < sizeof(why) / sizeof(why[0]); i++)
        if (strstr((const char *)said, why[i][0]))
            found = why[i][1];
    yajl_free_error(h, said);
    return found;
}

static enum an_code run(struct reader *r)
{
    yajl_status status =
        yajl_parse(r->yajl, (const unsigned char *)r->in.p, r->in.n);
    size_t at = yajl_get_bytes_consumed(r->yajl);

    if (status == yajl_status_ok) {
        status = yajl_complete_parse(r->yajl);
        if (status == yajl_status_error)
            return fail(r, AN_SYNTAX, "the JSON text ends too early", r->in.n);
    }
    if (r->code != AN_OK)
        return r->code;
    if (status != yajl_status_ok)
        return fail(r, AN_SYNTAX, yajl_why(r->yajl), at);
    return AN_OK;
}

enum an_code an_json_read(struct an_arena *arena,
                          const struct an_json_limits *limits,
                          struct an_str bytes, const struct an_json **root,
                          struct an_err *err)
{
    static const yajl_callbacks callbacks = {
        .yajl_null = on_null,
        .yajl_boolean = on_bool,
        .yajl_number = on_number,
        .yajl_string = on_string,
        .yajl_start_map = on_start_object,
        .yajl_map_key = on_key,
        .yajl_end_map = on_end_object,
        .yajl_start_array = on_start_array,
        .yajl_end_array = on_end_array,
    };
    struct reader r = {.arena = arena, .limits = limits, .in = bytes};
    size_t max_bytes = limits->bytes ? limits->bytes : DEFAULT_BYTES;
    struct an_json_scan scan;
    struct an_yajl_memory memory;
    yajl_alloc_funcs funcs = an_yajl_memory_funcs(&memory);
    enum an_code code;

    if (bytes.n > max_bytes || bytes.n >= UINT32_MAX)
        return an_fail(err, AN_LIMIT, "more JSON than the limit", max_bytes);
    code = an_json_scan(bytes, &scan, err);
    if (code != AN_OK)
        return code;
    if (!an_yajl_memory_init(&memory, arena, &scan))
        return an_fail_nomem(err);
    r.err = err;
    r.max_nodes = limits->nodes ? limits->nodes : SIZE_MAX;
    r.max_depth = limits->depth ? limits->depth : AN_JSON_DEPTH;
    if (r.max_depth > AN_JSON_MAX_DEPTH)
        r.max_depth = AN_JSON_MAX_DEPTH;
    r.chunk_size = FIRST_CHUNK;
    r.yajl = yajl_alloc(&callbacks, &funcs, &r);
    /* The scan was stricter, so yajl need not look again. */
    yajl_config(r.yajl, yajl_dont_validate_strings, 1);
    code = run(&r);
    if (code == AN_OK)
        *root = r.root;
    return code;
}

/* ---- values ------------------------------------------------------------- */

const struct an_json *an_json_at(const struct an_json *array, size_t index)
{
    const struct an_json *e = NULL;

    if (an_json_is(array, AN_JSON_ARRAY))
        e = array->as.first;
    while (e && index--)
        e = e->next;
    return e;
}

bool an_json_double(const struct an_json *j, double *value)
{
    return an_json_is(j, AN_JSON_NUMBER) &&
           an_decimal_parse(an_json_literal(j), value);
}

bool an_json_i64(const struct an_json *j, int64_t *value)
{
    struct an_str digits = an_json_literal(j);
    bool negative = digits.n && digits.p[0] == '-';
    uint64_t v;

    if (negative)
        digits = an_str_sub(digits, 1, digits.n);
    if (!an_str_u64(digits, &v) || v > (uint64_t)INT64_MAX + negative)
        return false;
    *value = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}
