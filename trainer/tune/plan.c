/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/tune/plan.h"

#include "base/decimal.h"
#include "config/yaml.h"
#include "trainer/file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PLACES = 9 };

const struct tr_bound_row tr_bound_row[TR_N_BOUNDS] = {
#define X(group, name, sense, low, high) {#group, #name, TR_##sense, low, high},
    TR_BOUNDS(X)
#undef X
};

static const char *const wanted[TR_N_BOUNDS] = {
#define X(group, name, sense, low, high)                                       \
#    group "." #    name ": expected a number from " #    low " to " #    high \
           " (calibration: yes or no)",
    TR_BOUNDS(X)
#undef X
};

static const char *const wider[TR_N_BOUNDS] = {
#define X(group, name, sense, low, high)                                       \
#    group "." #    name ": wider than the plan of the package",
    TR_BOUNDS(X)
#undef X
};

/*        name, as file and manifest have it */
#define TEXTS(X) X(id) X(version) X(modification) X(update) X(impact)

/* The groups, in the order of the bounds. */
static const char *const groups[] = {"parts", "data", "gates", "groups"};
enum { N_GROUPS = sizeof(groups) / sizeof(groups[0]) };

struct reading {
    struct an_arena *arena;
    const struct cfg_yaml *yaml;
    struct an_err *err;
};

static bool in_group(int bound, const char *group)
{
    return strcmp(tr_bound_row[bound].group, group) == 0;
}

/* ---- a file ---------------------------------------------------------------- */

static bool known_at_top(struct an_str key)
{
    for (int g = 0; g < N_GROUPS; g++)
        if (an_str_eq(key, an_str_c(groups[g])))
            return true;
#define X(name)                                                                \
    if (an_str_eq(key, AN_STR(#name)))                                         \
        return true;
    TEXTS(X)
#undef X
    return false;
}

static bool known_in(struct an_str key, const char *group)
{
    for (int i = 0; i < TR_N_BOUNDS; i++)
        if (in_group(i, group) &&
            an_str_eq(key, an_str_c(tr_bound_row[i].name)))
            return true;
    return false;
}

/* Every member is one that is read; `group` NULL: of the file. */
static enum an_code check_keys(const struct reading *r,
                               const struct cfg_node *map, const char *group)
{
    if (map == NULL || map->kind != CFG_MAP)
        return cfg_node_fail(r->yaml, map ? map : r->yaml->root, AN_TYPE,
                             "expected id, version, modification, update, "
                             "impact, and maps: parts, data, gates, groups",
                             r->err);
    for (const struct cfg_node *m = map->first; m; m = m->next)
        if (group ? !known_in(m->key, group) : !known_at_top(m->key))
            return an_fail_line(r->err, AN_CODE,
                                "no plan of change control has this key",
                                r->yaml->file, m->key_line, m->key_column);
    return AN_OK;
}

static bool number_of(int bound, struct an_str text, double *value)
{
    const struct tr_bound_row *row = &tr_bound_row[bound];

    if (row->sense == TR_MAY) {
        *value = an_str_eq(text, AN_STR("yes"));
        return *value > 0 || an_str_eq(text, AN_STR("no"));
    }
    return an_decimal_parse(text, value) && *value >= row->low &&
           *value <= row->high;
}

static enum an_code read_group(const struct reading *r, const char *group,
                               struct tr_plan *p)
{
    const struct cfg_node *map = cfg_node_get(r->yaml->root, an_str_c(group));
    enum an_code code = check_keys(r, map, group);

    for (int i = 0; i < TR_N_BOUNDS && code == AN_OK; i++) {
        const struct cfg_node *n;

        if (!in_group(i, group))
            continue;
        n = cfg_node_get(map, an_str_c(tr_bound_row[i].name));
        if (n == NULL)
            code = cfg_node_fail(r->yaml, map, AN_MISSING, wanted[i], r->err);
        else if (n->kind != CFG_SCALAR || !number_of(i, n->text, &p->bound[i]))
            code = cfg_node_fail(r->yaml, n, AN_TYPE, wanted[i], r->err);
        else {
            p->line[i] = n->line;
            p->column[i] = n->column;
        }
    }
    return code;
}

static enum an_code read_text(const struct reading *r, const char *key,
                              struct an_str *out)
{
    const struct cfg_node *n = cfg_node_get(r->yaml->root, an_str_c(key));

    if (n == NULL)
        return cfg_node_fail(r->yaml, r->yaml->root, AN_MISSING,
                             "expected id, version, modification, update and "
                             "impact, each a text",
                             r->err);
    if (n->kind != CFG_SCALAR || n->text.n == 0)
        return cfg_node_fail(r->yaml, n, AN_TYPE, "expected a text", r->err);
    *out = n->text;
    return AN_OK;
}

enum an_code tr_plan_read(struct an_arena *arena, struct an_str bytes,
                          const char *file, struct tr_plan *p,
                          struct an_err *err)
{
    struct cfg_yaml yaml;
    const struct reading r = {arena, &yaml, err};
    enum an_code code = cfg_yaml_read(arena, bytes, file, &yaml, err);

    *p = (struct tr_plan){.id = {NULL, 0}};
    if (code == AN_OK && yaml.root == NULL)
        return an_fail_line(err, AN_MISSING, "the plan is empty", file, 1, 1);
    if (code == AN_OK)
        code = check_keys(&r, yaml.root, NULL);
#define X(name)                                                                \
    if (code == AN_OK)                                                         \
        code = read_text(&r, #name, &p->name);
    TEXTS(X)
#undef X
    for (int g = 0; g < N_GROUPS && code == AN_OK; g++)
        code = read_group(&r, groups[g], p);
    return code;
}

enum an_code tr_plan_open(struct an_arena *arena, const char *file,
                          struct tr_plan *p, struct an_err *err)
{
    struct an_str bytes;
    enum an_code code = tr_file_map(file, &bytes, err);

    if (code != AN_OK)
        return an_fail_file(err, code, "the plan cannot be read", file,
                            err ? err->sys : 0);
    code = tr_plan_read(arena, bytes, file, p, err);
    tr_file_unmap(bytes);
    return code;
}

/* ---- a manifest ------------------------------------------------------------ */

void tr_plan_write(const struct tr_plan *p, struct an_json_out *w)
{
    an_out_object(w);
#define X(name) an_out_key_str(w, #name, p->name);
    TEXTS(X)
#undef X
    for (int g = 0; g < N_GROUPS; g++) {
        an_out_key(w, groups[g]);
        an_out_object(w);
        for (int i = 0; i < TR_N_BOUNDS; i++) {
            if (!in_group(i, groups[g]))
                continue;
            an_out_key(w, tr_bound_row[i].name);
            if (tr_bound_row[i].sense == TR_MAY)
                an_out_bool(w, p->bound[i] > 0);
            else
                an_out_fixed(w, p->bound[i], PLACES);
        }
        an_out_end(w);
    }
    an_out_end(w);
}

static enum an_code refuse(struct an_err *err, enum an_code code,
                           const char *what, const char *path)
{
    an_fail(err, code, what, 0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path), "%s", path);
    return code;
}

static bool bound_of(const struct an_json *json, int bound, double *value)
{
    const struct tr_bound_row *row = &tr_bound_row[bound];
    const struct an_json *j = an_json_get(
        an_json_get(json, an_str_c(row->group)), an_str_c(row->name));
    bool may = false;

    if (row->sense == TR_MAY) {
        if (!an_json_bool(j, &may))
            return false;
        *value = may;
        return true;
    }
    return an_json_double(j, value) && *value >= row->low &&
           *value <= row->high;
}

enum an_code tr_plan_of(struct an_arena *arena, const struct an_json *json,
                        struct tr_plan *p, struct an_err *err)
{
    *p = (struct tr_plan){.id = {NULL, 0}};
    if (json == NULL)
        return refuse(err, AN_MISSING, "there is no plan", "change_control");
#define X(name)                                                                \
    if (!an_arena_str(arena, an_json_text(an_json_get(json, AN_STR(#name))),   \
                      &p->name))                                               \
        return an_fail_nomem(err);                                             \
    if (p->name.n == 0)                                                        \
        return refuse(err, AN_TYPE, "a text of the plan is not there",         \
                      "change_control.plan." #name);
    TEXTS(X)
#undef X
    for (int i = 0; i < TR_N_BOUNDS; i++)
        if (!bound_of(json, i, &p->bound[i]))
            return refuse(err, AN_TYPE, wanted[i], "change_control.plan");
    return AN_OK;
}

/* ---- narrower -------------------------------------------------------------- */

enum an_code tr_plan_narrows(const struct tr_plan *site,
                             const struct tr_plan *package, const char *file,
                             struct an_err *err)
{
    if (!an_str_eq(site->id, package->id) ||
        !an_str_eq(site->version, package->version))
        return an_fail_line(err, AN_CONFLICT,
                            "its id or version are not those of the plan of "
                            "the package",
                            file, 1, 1);
    for (int i = 0; i < TR_N_BOUNDS; i++) {
        const bool least = tr_bound_row[i].sense == TR_LEAST;

        if (least ? site->bound[i] < package->bound[i]
                  : site->bound[i] > package->bound[i])
            return an_fail_line(err, AN_CONFLICT, wider[i], file, site->line[i],
                                site->column[i]);
    }
    return AN_OK;
}
