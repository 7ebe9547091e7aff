/* SPDX-License-Identifier: Apache-2.0 */
#include "config/yaml.h"

#include <yaml.h>

#include <string.h>

/* The tree under construction: the open maps and lists from the root down. */
struct level {
    struct cfg_node *node;
    struct cfg_node *last; /* child */
    struct cfg_node *key;  /* the key whose value comes next, in a map */
};

struct reader {
    struct an_arena *arena;
    const char *file;
    struct an_err *err;
    struct cfg_node *root;
    struct level level[CFG_YAML_DEPTH];
    size_t depth, n_nodes, n_documents;
};

static uint32_t place(size_t zero_based)
{
    return zero_based < UINT32_MAX ? (uint32_t)zero_based + 1 : UINT32_MAX;
}

static enum an_code fail_mark(const struct reader *r, enum an_code code,
                              const char *what, yaml_mark_t mark)
{
    return an_fail_line(r->err, code, what, r->file, place(mark.line),
                        place(mark.column));
}

static enum an_code fail_nomem(const struct reader *r)
{
    return an_fail_line(r->err, AN_NOMEM, "out of memory", r->file, 0, 0);
}

/* libyaml's problems are literals and hold no byte of the text.  The scanner's
 * place is where it gave up; a reader error (not UTF-8) has only an offset. */
static enum an_code fail_parser(const struct reader *r, const yaml_parser_t *p)
{
    yaml_mark_t mark = p->problem_mark;

    if (p->error == YAML_MEMORY_ERROR)
        return fail_nomem(r);
    if (p->error == YAML_READER_ERROR)
        mark = p->mark;
    return fail_mark(r, AN_SYNTAX, p->problem ? p->problem : "not YAML", mark);
}

/* An open-addressed table of the keys seen, so that a map of n keys costs n. */
static enum an_code check_keys(struct reader *r, const struct cfg_node *map)
{
    struct an_mark mark = an_arena_mark(r->arena);
    enum an_code code = AN_OK;
    const struct cfg_node **slot;
    size_t size = 8;

    while (size < map->n_children * 2)
        size *= 2;
    slot = an_arena_get(r->arena, size, sizeof(struct cfg_node *));
    if (slot == NULL)
        return fail_nomem(r);
    for (const struct cfg_node *c = map->first; c && !code; c = c->next) {
        size_t i = an_str_hash(c->key) & (size - 1);

        while (slot[i] && !an_str_eq(slot[i]->key, c->key))
            i = (i + 1) & (size - 1);
        if (slot[i])
            code = an_fail_line(r->err, AN_CONFLICT, "this key was said before",
                                r->file, c->key_line, c->key_column);
        slot[i] = c;
    }
    an_arena_rewind(r->arena, mark);
    return code;
}

static enum an_code node_new(struct reader *r, enum cfg_kind kind,
                             yaml_mark_t mark, struct cfg_node **made)
{
    struct cfg_node *node;

    if (++r->n_nodes > CFG_YAML_NODES)
        return fail_mark(r, AN_LIMIT, "too many values in one file", mark);
    node = an_arena_get(r->arena, 1, sizeof(*node));
    if (node == NULL)
        return fail_nomem(r);
    node->kind = kind;
    node->line = place(mark.line);
    node->column = place(mark.column);
    *made = node;
    return AN_OK;
}

/* Hang a finished scalar or a map or list that just began onto the tree. */
static enum an_code node_add(struct reader *r, struct cfg_node *node,
                             yaml_mark_t mark)
{
    struct level *top;

    if (r->depth == 0) {
        r->root = node;
        return AN_OK;
    }
    top = &r->level[r->depth - 1];
    if (top->node->kind == CFG_MAP && top->key == NULL) {
        if (node->kind != CFG_SCALAR)
            return fail_mark(r, AN_UNSUPPORTED, "a key must be a plain word",
                             mark);
        top->key = node;
        return AN_OK;
    }
    if (top->key) {
        node->key = top->key->text;
        node->key_line = top->key->line;
        node->key_column = top->key->column;
        top->key = NULL;
    }
    if (top->last)
        top->last->next = node;
    else
        top->node->first = node;
    top->last = node;
    top->node->n_children++;
    return AN_OK;
}

static enum an_code take_scalar(struct reader *r, const yaml_event_t *e)
{
    struct an_str text = {(const char *)e->data.scalar.value,
                          e->data.scalar.length};
    struct cfg_node *node;
    enum an_code code = node_new(r, CFG_SCALAR, e->start_mark, &node);

    if (code)
        return code;
    if (memchr(text.p, '\0', text.n))
        return fail_mark(r, AN_SYNTAX, "a value holds a NUL", e->start_mark);
    if (!an_arena_str(r->arena, text, &node->text))
        return fail_nomem(r);
    node->is_plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return node_add(r, node, e->start_mark);
}

static enum an_code take_start(struct reader *r, enum cfg_kind kind,
                               yaml_mark_t mark)
{
    struct cfg_node *node;
    enum an_code code;

    if (r->depth == CFG_YAML_DEPTH)
        return fail_mark(r, AN_LIMIT, "nested too deeply", mark);
    code = node_new(r, kind, mark, &node);
    if (code == AN_OK)
        code = node_add(r, node, mark);
    if (code)
        return code;
    r->level[r->depth++] = (struct level){.node = node};
    return AN_OK;
}

static enum an_code take_end(struct reader *r)
{
    struct cfg_node *node = r->level[--r->depth].node;

    return node->kind == CFG_MAP ? check_keys(r, node) : AN_OK;
}

static enum an_code refuse_extras(const struct reader *r,
                                  const yaml_char_t *anchor,
                                  const yaml_char_t *tag, yaml_mark_t mark)
{
    if (anchor)
        return fail_mark(r, AN_UNSUPPORTED, "anchors are not supported", mark);
    if (tag)
        return fail_mark(r, AN_UNSUPPORTED, "tags are not supported", mark);
    return AN_OK;
}

static enum an_code take(struct reader *r, const yaml_event_t *e)
{
    enum an_code code;

    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++r->n_documents > 1)
            return fail_mark(r, AN_UNSUPPORTED,
                             "one document a file is supported", e->start_mark);
        return AN_OK;
    case YAML_ALIAS_EVENT:
        return fail_mark(r, AN_UNSUPPORTED, "aliases are not supported",
                         e->start_mark);
    case YAML_SCALAR_EVENT:
        code = refuse_extras(r, e->data.scalar.anchor, e->data.scalar.tag,
                             e->start_mark);
        return code ? code : take_scalar(r, e);
    case YAML_SEQUENCE_START_EVENT:
        code = refuse_extras(r, e->data.sequence_start.anchor,
                             e->data.sequence_start.tag, e->start_mark);
        return code ? code : take_start(r, CFG_LIST, e->start_mark);
    case YAML_MAPPING_START_EVENT:
        code = refuse_extras(r, e->data.mapping_start.anchor,
                             e->data.mapping_start.tag, e->start_mark);
        return code ? code : take_start(r, CFG_MAP, e->start_mark);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return take_end(r);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT: break;
    }
    return AN_OK;
}

static enum an_code read_events(struct reader *r, yaml_parser_t *parser)
{
    enum an_code code = AN_OK;
    bool is_end = false;

    while (!is_end && code == AN_OK) {
        yaml_event_t event;

        if (!yaml_parser_parse(parser, &event))
            return fail_parser(r, parser);
        is_end = event.type == YAML_STREAM_END_EVENT;
        code = take(r, &event);
        yaml_event_delete(&event);
    }
    return code;
}

enum an_code cfg_yaml_read(struct an_arena *arena, struct an_str bytes,
                           const char *file, struct cfg_yaml *yaml,
                           struct an_err *err)
{
    struct reader r = {.arena = arena, .file = file, .err = err};
    yaml_parser_t parser;
    enum an_code code;

    *yaml = (struct cfg_yaml){.file = file};
    /* What Windows editors put before UTF-8. */
    if (an_str_starts(bytes, AN_STR("\xEF\xBB\xBF")))
        bytes = an_str_sub(bytes, 3, bytes.n);
    if (bytes.n > CFG_YAML_BYTES)
        return an_fail_line(err, AN_LIMIT, "the file is too big", file, 0, 0);
    if (!yaml_parser_initialize(&parser))
        return fail_nomem(&r);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(
        &parser, (const unsigned char *)(bytes.n ? bytes.p : ""), bytes.n);
    code = read_events(&r, &parser);
    yaml_parser_delete(&parser);
    if (code == AN_OK)
        yaml->root = r.root;
    return code;
}

const struct cfg_node *cfg_node_get(const struct cfg_node *map,
                                    struct an_str key)
{
    if (map == NULL || map->kind != CFG_MAP)
        return NULL;
    for (const struct cfg_node *c = map->first; c; c = c->next)
        if (an_str_eq(c->key, key))
            return c;
    return NULL;
}

bool cfg_node_is_null(const struct cfg_node *node)
{
    return node->kind == CFG_SCALAR && node->is_plain &&
           (node->text.n == 0 || an_str_eq(node->text, AN_STR("~")) ||
            an_str_eq(node->text, AN_STR("null")));
}

enum an_code cfg_node_fail(const struct cfg_yaml *yaml,
                           const struct cfg_node *node, enum an_code code,
                           const char *what, struct an_err *err)
{
    return an_fail_line(err, code, what, yaml->file, node ? node->line : 0,
                        node ? node->column : 0);
}
