/* SPDX-License-Identifier: Apache-2.0 */
#include "config/options.h"

#include "config/nearest_int.h"
#include "config/options_int.h"

#include <string.h>

enum { KEY_BYTES = 96, PROBLEM_BYTES = 400 };

const struct cfg_option cfg_option[CFG_N_OPTIONS] = {
#define X(member_, key_, type_, range_, def_, help_)                           \
    {.key = (key_),                                                            \
     .type = CFG_##type_,                                                      \
     range_,                                                                   \
     .def = (def_),                                                            \
     .help = (help_),                                                          \
     .offset = offsetof(struct cfg_options, member_)},
    CFG_OPTIONS(X)
#undef X
};

static void *member(struct cfg_options *o, const struct cfg_option *option)
{
    return (char *)o + option->offset;
}

static bool is_list(const struct cfg_option *option)
{
    return option->type == CFG_TEXTS || option->type == CFG_PATHS;
}

static bool is_within(const struct cfg_option *option, int64_t n)
{
    return n >= option->min && n <= option->max;
}

static bool parse_choice(const struct cfg_option *option, struct an_str text,
                         int *value)
{
    struct an_str rest = an_str_c(option->choices), word;

    for (int i = 0; an_str_cut(&rest, ' ', &word); i++) {
        if (an_str_eq(word, text)) {
            *value = i;
            return true;
        }
    }
    return false;
}

static bool parse_number(const struct cfg_option *option, struct an_str text,
                         int64_t *value)
{
    int64_t n;
    bool ok;

    if (option->type == CFG_INT)
        ok = cfg_value_int(text, &n);
    else if (option->type == CFG_DURATION)
        ok = cfg_value_duration(text, &n);
    else
        ok = cfg_value_size(text, &n);
    if (!ok || !is_within(option, n))
        return false;
    *value = n;
    return true;
}

/* No control byte belongs into a path or a name. */
static bool parse_text(const struct cfg_option *option, struct an_str text,
                       struct an_str *value)
{
    if (!is_within(option, (int64_t)text.n))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7F)
            return false;
    *value = text;
    return true;
}

/* One scalar, from the file or from the column of defaults.  The text must
 * live as long as the values. */
static bool parse_scalar(const struct cfg_option *option, struct an_str text,
                         struct cfg_options *o)
{
    void *value = member(o, option);

    switch (option->type) {
    case CFG_BOOL: return cfg_value_bool(text, value);
    case CFG_INT:
    case CFG_DURATION:
    case CFG_SIZE: return parse_number(option, text, value);
    case CFG_ENUM: return parse_choice(option, text, value);
    case CFG_TEXT:
    case CFG_PATH: return parse_text(option, text, value);
    case CFG_URL:
        if (text.n && !cfg_value_url(text))
            return false;
        *(struct an_str *)value = text;
        return true;
    case CFG_ADDRESS: return cfg_value_address(text, value);
    case CFG_TEXTS:
    case CFG_PATHS: break;
    }
    return false;
}

static enum an_code list_new(struct an_arena *arena, size_t n,
                             struct cfg_texts *list, struct an_err *err)
{
    list->n = 0;
    list->item = an_arena_get(arena, n, sizeof(*list->item));
    return list->item ? AN_OK : an_fail_nomem(err);
}

static enum an_code default_list(struct an_arena *arena,
                                 const struct cfg_option *option,
                                 struct cfg_options *o, struct an_err *err)
{
    struct cfg_texts *list = member(o, option);
    struct an_str rest = an_str_c(option->def), word;
    enum an_code code = list_new(arena, (size_t)option->max, list, err);

    while (code == AN_OK && an_str_cut(&rest, ' ', &word))
        if (word.n)
            list->item[list->n++] = word;
    return code;
}

enum an_code cfg_options_default(struct an_arena *arena, struct cfg_options *o,
                                 struct an_err *err)
{
    *o = (struct cfg_options){.environment = CFG_PRODUCTION};
    for (int i = 0; i < CFG_N_OPTIONS; i++) {
        const struct cfg_option *option = &cfg_option[i];
        enum an_code code = AN_OK;

        if (is_list(option))
            code = default_list(arena, option, o, err);
        else if (!parse_scalar(option, an_str_c(option->def), o))
            code = an_fail(err, AN_INTERNAL, "a default breaks its own rule",
                           (size_t)i);
        if (code)
            return code;
    }
    return AN_OK;
}

/* ---- problems ----------------------------------------------------------- */

/* The list has the whole sentence, *err the first one's literal `what`. */
static enum an_code problem_add(struct cfg_reader *r, enum an_code code,
                                const char *what, uint32_t line,
                                uint32_t column, struct an_buf *sentence)
{
    struct cfg_problem *p;

    if (r->problems->n == CFG_PROBLEMS)
        return AN_OK;
    p = an_arena_get(r->arena, 1, sizeof(*p));
    if (p == NULL || an_buf_done(sentence, &p->text, NULL))
        return an_fail_line(r->err, AN_NOMEM, "out of memory", r->file, 0, 0);
    p->line = line;
    p->column = column;
    if (r->problems->last)
        r->problems->last->next = p;
    else
        r->problems->first = p;
    r->problems->last = p;
    if (r->problems->n++ == 0)
        an_fail_line(r->err, code, what, r->file, line, column);
    return AN_OK;
}

static void sentence_start(struct cfg_reader *r, struct an_buf *b)
{
    an_buf_init(b, r->arena, PROBLEM_BYTES);
}

static enum an_code problem_value(struct cfg_reader *r,
                                  const struct cfg_option *option,
                                  const struct cfg_node *node)
{
    struct an_buf b;

    sentence_start(r, &b);
    an_buf_put_c(&b, option->key);
    an_buf_put(&b, AN_STR(": expected "));
    cfg_option_put_expected(&b, option);
    return problem_add(r, AN_CONFIG, "a value is not what its option takes",
                       node->line, node->column, &b);
}

static enum an_code problem_unknown(struct cfg_reader *r, struct an_str prefix,
                                    const struct cfg_node *node)
{
    char near[KEY_BYTES];
    struct an_buf b;

    sentence_start(r, &b);
    an_buf_put(&b, AN_STR("unknown key"));
    if (cfg_nearest_key(prefix, node->key, near, sizeof(near))) {
        an_buf_put(&b, AN_STR("; did you mean \""));
        an_buf_put_c(&b, near);
        an_buf_put(&b, AN_STR("\"?"));
    }
    return problem_add(r, AN_CONFIG, "unknown key", node->key_line,
                       node->key_column, &b);
}

static enum an_code problem_map(struct cfg_reader *r, struct an_str key,
                                const struct cfg_node *node)
{
    struct an_buf b;

    sentence_start(r, &b);
    if (key.n) {
        an_buf_put(&b, key);
        an_buf_put(&b, AN_STR(": "));
    }
    an_buf_put(&b, AN_STR("expected keys and values"));
    return problem_add(r, AN_CONFIG, "expected keys and values", node->line,
                       node->column, &b);
}

/* ---- reading ------------------------------------------------------------ */

static enum an_code read_list(struct cfg_reader *r,
                              const struct cfg_option *option,
                              const struct cfg_node *node)
{
    struct cfg_texts *list = member(r->o, option);
    const struct cfg_option item = {
        .min = 1, .max = option->type == CFG_PATHS ? 4095 : 1000};
    enum an_code code;
    int choice;

    if (node->kind != CFG_LIST || !is_within(option, (int64_t)node->n_children))
        return problem_value(r, option, node);
    code = list_new(r->arena, node->n_children, list, r->err);
    for (const struct cfg_node *c = node->first; c && code == AN_OK;
         c = c->next) {
        if (c->kind == CFG_SCALAR && !cfg_node_is_null(c) &&
            (option->choices == NULL ||
             parse_choice(option, c->text, &choice)) &&
            parse_text(&item, c->text, &list->item[list->n]))
            list->n++;
        else
            code = problem_value(r, option, c);
    }
    return code;
}

/* A number in quotes is still a number: nobody is helped by refusing it.  A
 * key with nothing behind it was left unfinished. */
static enum an_code read_value(struct cfg_reader *r,
                               const struct cfg_option *option,
                               const struct cfg_node *node)
{
    r->o->line[option - cfg_option] = node->line;
    if (is_list(option))
        return read_list(r, option, node);
    if (node->kind != CFG_SCALAR || cfg_node_is_null(node) ||
        !parse_scalar(option, node->text, r->o))
        return problem_value(r, option, node);
    return AN_OK;
}

enum match { NOTHING, A_MAP, AN_OPTION };

static enum match find(struct an_str key, const struct cfg_option **option)
{
    for (int i = 0; i < CFG_N_OPTIONS; i++) {
        struct an_str known = an_str_c(cfg_option[i].key);

        if (!an_str_starts(known, key))
            continue;
        *option = &cfg_option[i];
        if (known.n == key.n)
            return AN_OPTION;
        if (known.p[key.n] == '.')
            return A_MAP;
    }
    return NOTHING;
}

/* `prefix` is "" or ends in a point; the key is put behind it. */
static bool join(struct an_str prefix, struct an_str key, char buf[KEY_BYTES],
                 struct an_str *joined)
{
    if (key.n == 0 || memchr(key.p, '.', key.n) ||
        key.n >= KEY_BYTES - 1 - prefix.n)
        return false;
    memcpy(buf, prefix.p, prefix.n);
    memcpy(buf + prefix.n, key.p, key.n);
    *joined = (struct an_str){buf, prefix.n + key.n};
    return true;
}

/* Recursion ends with the table: a map goes on only while its key is the
 * beginning of an option's. */
static enum an_code read_map(struct cfg_reader *r, struct an_str prefix,
                             const struct cfg_node *map)
{
    char buf[KEY_BYTES];
    struct an_str key;
    enum an_code code = AN_OK;

    if (cfg_node_is_null(map))
        return AN_OK;
    if (map->kind != CFG_MAP)
        return problem_map(r, an_str_sub(prefix, 0, prefix.n - !!prefix.n),
                           map);
    for (const struct cfg_node *c = map->first; c && code == AN_OK;
         c = c->next) {
        const struct cfg_option *option = NULL;
        enum match match = NOTHING;

        if (join(prefix, c->key, buf, &key))
            match = find(key, &option);
        if (match == AN_OPTION) {
            code = read_value(r, option, c);
        } else if (match == A_MAP) {
            buf[key.n++] = '.';
            code = read_map(r, key, c);
        } else {
            code = problem_unknown(r, prefix, c);
        }
    }
    return code;
}

enum an_code cfg_problem_pair(struct cfg_reader *r, enum cfg_option_id id,
                              const char *what)
{
    struct an_buf b;

    sentence_start(r, &b);
    an_buf_put_c(&b, what);
    return problem_add(r, AN_CONFIG, what, r->o->line[id], r->o->line[id] != 0,
                       &b);
}
enum an_code cfg_options_read(struct an_arena *arena, struct an_str bytes,
                              const char *file, struct cfg_options *o,
                              struct cfg_problems *problems, struct an_err *err)
{
    struct an_err local;
    struct cfg_reader r = {arena, file, o, problems, err ? err : &local};
    struct cfg_yaml yaml;
    struct an_buf b;
    enum an_code code;

    *problems = (struct cfg_problems){.n = 0};
    code = cfg_options_default(arena, o, r.err);
    if (code)
        return code;
    code = cfg_yaml_read(arena, bytes, file, &yaml, r.err);
    if (code && code != AN_NOMEM) {
        struct an_err found = *r.err;

        sentence_start(&r, &b);
        an_buf_put_c(&b, found.what);
        if (problem_add(&r, found.code, found.what, found.where.line,
                        found.where.column, &b))
            return AN_NOMEM;
    }
    if (code)
        return code;
    if (yaml.root)
        code = read_map(&r, AN_STR(""), yaml.root);
    if (code == AN_OK && problems->n == 0)
        code = cfg_options_together(&r);
    if (code)
        return code;
    return problems->n ? r.err->code : AN_OK;
}
