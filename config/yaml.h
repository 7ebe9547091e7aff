/* SPDX-License-Identifier: Apache-2.0 */
/* A small tree of a YAML text in which every node knows where it stood.
 *
 * The subset is what a person edits by hand: one document of maps, lists and
 * scalars in UTF-8.  Refused, each with its place: a second document, aliases
 * and anchors (no alias bombs), tags, keys that are not scalars, a key said
 * twice, and what goes over the limits below.
 *
 *     struct cfg_yaml yaml;
 *     if (cfg_yaml_read(arena, bytes, "outcomes/sepsis.yaml", &yaml, err))
 *         return err->code;                  -- "…/sepsis.yaml:3:7: …"
 *     const struct cfg_node *id = cfg_node_get(yaml.root, AN_STR("id"));
 *     if (id == NULL)
 *         return cfg_node_fail(&yaml, yaml.root, AN_MISSING, "no id", err);
 *
 * Thread-safety: immutable once read.  Ownership: nodes and texts are the
 * arena's; `file` and `bytes` are borrowed by the call only, but the file name
 * must outlive the tree.  Nothing is opened or read here. */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include "base/arena.h"
#include "base/err.h"

enum {
    CFG_YAML_BYTES = 4 << 20, /* of text */
    CFG_YAML_DEPTH = 16,      /* maps and lists in each other */
    CFG_YAML_NODES = 200000
};

enum cfg_kind { CFG_SCALAR, CFG_LIST, CFG_MAP };

struct cfg_node {
    enum cfg_kind kind;
    bool is_plain;          /* a scalar without quotes */
    uint32_t line, column;  /* where it begins, 1-based, in characters */
    struct an_str text;     /* of a scalar; NUL-terminated too */
    struct cfg_node *first; /* member of a map, item of a list, in order */
    struct cfg_node *next;  /* beside this one */
    size_t n_children;
    struct an_str key; /* of a member of a map, else empty */
    uint32_t key_line, key_column;
};

struct cfg_yaml {
    const char *file;
    struct cfg_node *root; /* NULL: an empty document */
};

/* AN_SYNTAX for what libyaml refuses, AN_UNSUPPORTED for what lies outside the
 * subset, AN_CONFLICT for a key said twice, AN_LIMIT and AN_NOMEM.  err->where
 * has file, line and column. */
enum an_code cfg_yaml_read(struct an_arena *arena, struct an_str bytes,
                           const char *file, struct cfg_yaml *yaml,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* The member of that name; NULL when there is none or `map` is NULL or no map.
 * Compares one by one. */
const struct cfg_node *cfg_node_get(const struct cfg_node *map,
                                    struct an_str key);

/* A plain scalar that says nothing: "", "~" or "null". */
bool cfg_node_is_null(const struct cfg_node *node);

/* Fail at a node (NULL: the file).  `what` is a literal. */
enum an_code cfg_node_fail(const struct cfg_yaml *yaml,
                           const struct cfg_node *node, enum an_code code,
                           const char *what, struct an_err *err);

#endif
