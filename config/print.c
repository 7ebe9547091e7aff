/* SPDX-License-Identifier: Apache-2.0 */
/* Options said back: what each takes, and the values as a file. */
#include "config/options.h"

#include <string.h>

enum { COLUMNS = 78, EXPECTED_BYTES = 400 };

static void put_number(struct an_buf *b, enum cfg_type type, int64_t n)
{
    if (type == CFG_DURATION)
        cfg_put_duration(b, n);
    else if (type == CFG_SIZE)
        cfg_put_size(b, n);
    else
        an_buf_put_i64(b, n);
}

static void put_range(struct an_buf *b, const struct cfg_option *option)
{
    put_number(b, option->type, option->min);
    an_buf_put(b, AN_STR(" to "));
    put_number(b, option->type, option->max);
}

static void put_choices(struct an_buf *b, const struct cfg_option *option)
{
    struct an_str rest = an_str_c(option->choices), word;

    an_buf_put(b, AN_STR("one of "));
    while (an_str_cut(&rest, ' ', &word)) {
        an_buf_put(b, word);
        if (rest.p)
            an_buf_put(b, AN_STR(", "));
    }
}

void cfg_option_put_expected(struct an_buf *b, const struct cfg_option *option)
{
    switch (option->type) {
    case CFG_BOOL: an_buf_put(b, AN_STR("true or false")); break;
    case CFG_INT:
        an_buf_put(b, AN_STR("a whole number from "));
        put_range(b, option);
        break;
    case CFG_DURATION:
        an_buf_put(b, AN_STR("a duration from "));
        put_range(b, option);
        an_buf_put(b, AN_STR(", such as 30s"));
        break;
    case CFG_SIZE:
        an_buf_put(b, AN_STR("a size from "));
        put_range(b, option);
        an_buf_put(b, AN_STR(", such as 64KiB"));
        break;
    case CFG_ENUM: put_choices(b, option); break;
    case CFG_TEXT:
        an_buf_put(b, AN_STR("a text of "));
        put_range(b, option);
        an_buf_put(b, AN_STR(" bytes"));
        break;
    case CFG_PATH:
        an_buf_put_c(b, option->min ? "a path" : "a path, or \"\" for none");
        break;
    case CFG_URL:
        an_buf_put(b, AN_STR("an http:// or https:// URL without a password, "
                             "or \"\" for none"));
        break;
    case CFG_ADDRESS:
        an_buf_put(b, AN_STR("HOST:PORT, such as 127.0.0.1:2575 or "
                             "\"[::1]:2575\", or \"\" for none"));
        break;
    case CFG_TEXTS:
        if (option->choices) {
            an_buf_put(b, AN_STR("a list, each "));
            put_choices(b, option);
            break;
        }
        an_buf_put(b, AN_STR("a list of "));
        put_range(b, option);
        an_buf_put(b, AN_STR(" texts, such as [en, de]"));
        break;
    case CFG_PATHS:
        an_buf_put(b, AN_STR("a list of "));
        put_range(b, option);
        an_buf_put(b, AN_STR(" paths, such as [own.tsv, lab.json]"));
        break;
    }
}

static void put_choice(struct an_buf *b, const struct cfg_option *option,
                       int value)
{
    struct an_str rest = an_str_c(option->choices), word = {"", 0};

    for (int i = 0; i <= value; i++)
        if (!an_str_cut(&rest, ' ', &word))
            break;
    an_buf_put(b, word);
}

static void put_list(struct an_buf *b, const struct cfg_texts *list)
{
    an_buf_put_char(b, '[');
    for (size_t i = 0; i < list->n; i++) {
        if (i)
            an_buf_put(b, AN_STR(", "));
        cfg_put_quoted(b, list->item[i]);
    }
    an_buf_put_char(b, ']');
}

static void put_address(struct an_buf *b, const struct cfg_address *address)
{
    an_buf_put_char(b, '"');
    cfg_put_address(b, address);
    an_buf_put_char(b, '"');
}

static void put_value(struct an_buf *b, const struct cfg_options *o,
                      const struct cfg_option *option)
{
    const void *value = (const char *)o + option->offset;

    switch (option->type) {
    case CFG_BOOL:
        an_buf_put_c(b, *(const bool *)value ? "true" : "false");
        break;
    case CFG_INT:
    case CFG_DURATION:
    case CFG_SIZE: put_number(b, option->type, *(const int64_t *)value); break;
    case CFG_ENUM: put_choice(b, option, *(const int *)value); break;
    case CFG_TEXT:
    case CFG_PATH:
    case CFG_URL: cfg_put_quoted(b, *(const struct an_str *)value); break;
    case CFG_ADDRESS: put_address(b, value); break;
    case CFG_TEXTS:
    case CFG_PATHS: put_list(b, value); break;
    }
}

static void put_indent(struct an_buf *b, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        an_buf_put(b, AN_STR("  "));
}

/* A sentence as comment lines, broken at blanks. */
static void put_comment(struct an_buf *b, size_t depth, struct an_str text)
{
    struct an_str word;
    size_t column = 0;

    while (an_str_cut(&text, ' ', &word)) {
        if (column && column + 1 + word.n > COLUMNS) {
            an_buf_put_char(b, '\n');
            column = 0;
        }
        if (column == 0) {
            put_indent(b, depth);
            an_buf_put_char(b, '#');
            column = depth * 2 + 1;
        }
        an_buf_put_char(b, ' ');
        an_buf_put(b, word);
        column += 1 + word.n;
    }
    an_buf_put_char(b, '\n');
}

/* How many words two keys share from the left, the last one excepted. */
static size_t shared_words(struct an_str a, struct an_str b)
{
    size_t n = 0;

    for (size_t i = 0; i < a.n && i < b.n && a.p[i] == b.p[i]; i++)
        n += a.p[i] == '.';
    return n;
}

/* The maps that open between the last key and this one; gives the last word
 * and how deep it stands. */
static struct an_str put_maps(struct an_buf *b, struct an_str last,
                              struct an_str key, size_t *depth)
{
    size_t shared = shared_words(last, key);
    struct an_str rest = key, word = {"", 0};

    *depth = 0;
    while (an_str_cut(&rest, '.', &word) && rest.p) {
        if (*depth >= shared) {
            put_indent(b, *depth);
            an_buf_put(b, word);
            an_buf_put(b, AN_STR(":\n"));
        }
        (*depth)++;
    }
    return word;
}

static void put_help(struct an_buf *b, size_t depth,
                     const struct cfg_option *option)
{
    struct an_buf expected;
    struct an_str text = {"", 0};

    put_comment(b, depth, an_str_c(option->help));
    an_buf_init(&expected, b->arena, EXPECTED_BYTES);
    an_buf_put(&expected, AN_STR("Takes "));
    cfg_option_put_expected(&expected, option);
    an_buf_put_char(&expected, '.');
    if (an_buf_done(&expected, &text, NULL) && b->code == AN_OK)
        b->code = expected.code;
    put_comment(b, depth, text);
}

static void put_origin(struct an_buf *b, uint32_t line)
{
    if (line == 0) {
        an_buf_put(b, AN_STR("  # default"));
        return;
    }
    an_buf_put(b, AN_STR("  # line "));
    an_buf_put_u64(b, line);
}

void cfg_options_put(struct an_buf *b, const struct cfg_options *o,
                     enum cfg_comment comment)
{
    struct an_str last = {"", 0};

    for (int i = 0; i < CFG_N_OPTIONS; i++) {
        const struct cfg_option *option = &cfg_option[i];
        struct an_str key = an_str_c(option->key), word;
        size_t depth;

        if (comment == CFG_WITH_HELP && i)
            an_buf_put_char(b, '\n');
        word = put_maps(b, last, key, &depth);
        if (comment == CFG_WITH_HELP)
            put_help(b, depth, option);
        put_indent(b, depth);
        an_buf_put(b, word);
        an_buf_put(b, AN_STR(": "));
        put_value(b, o, option);
        if (comment == CFG_WITH_ORIGIN)
            put_origin(b, o->line[i]);
        an_buf_put_char(b, '\n');
        last = key;
    }
}
