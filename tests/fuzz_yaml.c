/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a configuration: it is read or refused with a place inside the
 * text, every node lies inside the limits, and options that were read are
 * written as a file that reads back to the same. */
#include "config/options.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static size_t count_nodes(const struct cfg_node *node, int depth)
{
    size_t n_children = 0, n = 1;

    must(depth <= CFG_YAML_DEPTH + 1);
    must(node->line > 0 && node->column > 0);
    must(node->kind == CFG_SCALAR || node->text.p == NULL);
    for (const struct cfg_node *c = node->first; c; c = c->next) {
        if (node->kind == CFG_MAP)
            must(cfg_node_get(node, c->key) == c);
        n += count_nodes(c, depth + 1);
        n_children++;
    }
    must(n_children == node->n_children);
    return n;
}

static struct an_str printed(struct an_arena *arena,
                             const struct cfg_options *o)
{
    struct an_buf b;
    struct an_str text = {"", 0};

    an_buf_init(&b, arena, 1 << 20);
    cfg_options_put(&b, o, CFG_WITH_HELP);
    must(an_buf_done(&b, &text, NULL) == AN_OK);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct an_str bytes = {(const char *)data, n};
    struct an_arena arena;
    struct an_err err = {.code = AN_OK};
    struct cfg_yaml yaml;
    struct cfg_options o, again;
    struct cfg_problems problems;

    if (n > 4096)
        return 0;
    an_arena_init(&arena, 16 << 20);
    if (cfg_yaml_read(&arena, bytes, "fuzz", &yaml, &err) == AN_OK) {
        if (yaml.root)
            must(count_nodes(yaml.root, 1) <= n + 1);
    } else {
        must(err.what && err.where.line <= n + 2);
    }
    if (cfg_options_read(&arena, bytes, "fuzz", &o, &problems, &err) == AN_OK) {
        struct an_str text = printed(&arena, &o);

        must(cfg_options_read(&arena, text, "again", &again, &problems, &err) ==
             AN_OK);
        must(an_str_eq(text, printed(&arena, &again)));
    } else {
        must(problems.n > 0 && err.code != AN_OK);
        for (const struct cfg_problem *p = problems.first; p; p = p->next)
            must(p->text.n > 0 && p->line > 0 && p->column > 0);
    }
    an_arena_free(&arena);
    return 0;
}
