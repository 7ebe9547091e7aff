/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fhir_shape.h"

#include "tests/golden_folder.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 2400, MAX_ELEMENTS = 80, MESSAGE_BYTES = 400 };

struct row {
    struct an_str parent, name, types;
    bool is_needed, is_list;
};

static struct row row[ROWS];
static size_t n_rows;
static struct an_str text[2];
static char message[MESSAGE_BYTES];

static void load(const char *name, struct an_str *bytes)
{
    const char *root = getenv("top_srcdir");
    char path[1024];
    struct an_str rest, line, cell[5];

    (void)snprintf(path, sizeof(path), "%s/%s", root ? root : ".", name);
    *bytes = golden_load(path);
    ck_assert_ptr_nonnull(bytes->p);
    rest = *bytes;
    while (an_str_cut(&rest, '\n', &line)) {
        if (line.n == 0 || line.p[0] == '#')
            continue;
        for (int i = 0; i < 5; i++)
            ck_assert(an_str_cut(&line, '\t', &cell[i]));
        ck_assert_uint_lt(n_rows, ROWS);
        row[n_rows++] = (struct row){.parent = cell[0],
                                     .name = cell[1],
                                     .types = cell[2],
                                     .is_needed = cell[3].p[0] == '1',
                                     .is_list = cell[4].p[0] == '*'};
    }
}

void shape_load(void)
{
    n_rows = 0;
    load("config/tables/to-fhir/elements.tsv", &text[0]);
    load("tests/fhir-elements.tsv", &text[1]);
}

void shape_unload(void)
{
    free((void *)(uintptr_t)text[0].p);
    free((void *)(uintptr_t)text[1].p);
}

/* ---- what a type has --------------------------------------------------------- */

struct elements {
    const struct row *of[MAX_ELEMENTS];
    size_t n;
};

static void add(struct elements *e, struct an_str parent)
{
    for (size_t i = 0; i < n_rows; i++)
        if (an_str_eq(row[i].parent, parent)) {
            ck_assert_uint_lt(e->n, MAX_ELEMENTS);
            e->of[e->n++] = &row[i];
        }
}

static bool wrong(struct an_str where, struct an_str key, const char *what)
{
    (void)snprintf(message, sizeof(message), "%.*s.%.*s: %s", (int)where.n,
                   where.p, (int)key.n, key.p, what);
    return false;
}

static bool check(struct an_str type, struct an_str path,
                  const struct an_json *value);

static bool check_primitive(struct an_str type, const struct an_json *value)
{
    static const char *const number[] = {"decimal", "integer", "positiveInt",
                                         "unsignedInt"};
    enum an_json_kind want = AN_JSON_STRING;

    for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++)
        if (an_str_eq(type, an_str_c(number[i])))
            want = AN_JSON_NUMBER;
    if (an_str_eq(type, AN_STR("boolean")))
        want = AN_JSON_BOOL;
    return an_json_is(value, want) &&
           (want != AN_JSON_STRING || an_json_text(value).n > 0);
}

static bool check_one(const struct row *r, struct an_str type,
                      const struct an_json *value)
{
    char path[200];

    (void)snprintf(path, sizeof(path), "%.*s.%.*s", (int)r->parent.n,
                   r->parent.p, (int)r->name.n, r->name.p);
    if (type.p[0] == '=')
        return check(AN_STR("BackboneElement"), an_str_sub(type, 1, type.n),
                     value);
    if (type.p[0] >= 'a' && type.p[0] <= 'z')
        return check_primitive(type, value) ||
               wrong(r->parent, r->name, "another type");
    return check(type, an_str_c(path), value);
}

static bool check_member(const struct row *r, struct an_str type,
                         const struct an_json *m)
{
    if (an_json_is(m, AN_JSON_ARRAY) != r->is_list)
        return wrong(r->parent, r->name, "one and not a list, or so");
    if (!r->is_list)
        return check_one(r, type, m);
    if (an_json_first(m) == NULL)
        return wrong(r->parent, r->name, "an empty list");
    for (const struct an_json *e = an_json_first(m); e; e = e->next)
        if (!check_one(r, type, e))
            return false;
    return true;
}

/* Is it this element, alone or as a choice?  Then its type. */
static bool is_element(const struct row *r, struct an_str key,
                       struct an_str *type)
{
    struct an_str rest = r->types, one;

    *type = r->types;
    if (memchr(r->types.p, '|', r->types.n) == NULL)
        return an_str_eq(r->name, key);
    if (!an_str_starts(key, r->name))
        return false;
    key = an_str_sub(key, r->name.n, key.n);
    while (an_str_cut(&rest, '|', &one))
        if (one.n == key.n && (one.p[0] & ~0x20) == key.p[0] &&
            memcmp(one.p + 1, key.p + 1, one.n - 1) == 0) {
            *type = one;
            return true;
        }
    return false;
}

static bool check_object(const struct elements *e, struct an_str path,
                         const struct an_json *value, bool resource)
{
    struct an_str type = {NULL, 0};
    size_t at = 0, n = 0;

    for (const struct an_json *m = an_json_first(value); m; m = m->next, n++) {
        struct an_str key = an_json_key(m);

        if (resource && an_str_eq(key, AN_STR("resourceType")))
            continue;
        while (at < e->n && !is_element(e->of[at], key, &type)) {
            if (e->of[at]->is_needed)
                return wrong(path, e->of[at]->name, "missing, or out of order");
            at++;
        }
        if (at == e->n)
            return wrong(path, key, "no such element here");
        if (!check_member(e->of[at], type, m))
            return false;
        at++;
    }
    for (; at < e->n; at++)
        if (e->of[at]->is_needed)
            return wrong(path, e->of[at]->name, "missing");
    return n > (resource ? 1U : 0U) || wrong(path, AN_STR(""), "empty");
}

static bool check(struct an_str type, struct an_str path,
                  const struct an_json *value)
{
    struct elements e = {.n = 0};

    if (!an_json_is(value, AN_JSON_OBJECT))
        return wrong(path, type, "no object");
    if (an_str_eq(type, AN_STR("Resource"))) {
        (void)snprintf(message, sizeof(message), "%s", shape_of(value));
        return message[0] == '\0';
    }
    add(&e, AN_STR("Element"));
    if (an_str_eq(type, AN_STR("BackboneElement"))) {
        add(&e, type);
        add(&e, path);
    } else if (an_str_eq(type, AN_STR("Element"))) {
        add(&e, path);
    } else {
        add(&e, type);
        path = type;
    }
    return check_object(&e, path, value, false);
}

const char *shape_of(const struct an_json *resource)
{
    struct an_str type =
        an_json_text(an_json_get(resource, AN_STR("resourceType")));
    struct elements e = {.n = 0};
    size_t before;

    message[0] = '\0';
    add(&e, AN_STR("Resource"));
    if (!an_str_eq(type, AN_STR("Bundle")) &&
        !an_str_eq(type, AN_STR("Parameters")))
        add(&e, AN_STR("DomainResource"));
    before = e.n;
    add(&e, type);
    if (type.n == 0 || e.n == before) {
        (void)wrong(type, AN_STR(""), "no such resource");
        return message;
    }
    (void)check_object(&e, type, resource, true);
    return message;
}

size_t shape_find(const struct an_json *from, const char *path,
                  const struct an_json **found, size_t room)
{
    struct an_str rest = an_str_c(path), name;
    const struct an_json *m;
    size_t n = 0;

    if (an_json_is(from, AN_JSON_ARRAY)) {
        for (const struct an_json *e = an_json_first(from); e; e = e->next)
            n += shape_find(e, path, found + n, room - n);
        return n;
    }
    if (path[0] == '\0') {
        ck_assert_uint_gt(room, 0);
        found[0] = from;
        return 1;
    }
    (void)an_str_cut(&rest, '.', &name);
    m = an_json_get(from, name);
    return m ? shape_find(m, rest.p ? rest.p : "", found, room) : 0;
}
