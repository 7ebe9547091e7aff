/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/conceptmap.h"

#include "base/buf.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

enum { NONE = -1, POINTER_BYTES = 4096 };

/* Where the reader stands: names of ours and indices, NONE for not so deep. */
struct place {
    int64_t group, element, target;
};

struct reader {
    const char *file;
    struct an_err *err;
    struct place at;
    struct fhir_conceptmap *out;
};

static const char *const levels[] = {"group", "element", "target"};

static void put_pointer(const struct reader *r, const char *member,
                        struct an_buf *b)
{
    const int64_t at[] = {r->at.group, r->at.element, r->at.target};

    an_buf_put_char(b, '#');
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]) && at[i] != NONE; i++) {
        an_buf_put_char(b, '/');
        an_buf_put_c(b, levels[i]);
        an_buf_put_char(b, '/');
        an_buf_put_u64(b, (uint64_t)at[i]);
    }
    if (member[0]) {
        an_buf_put_char(b, '/');
        an_buf_put_c(b, member);
    }
}

/* "lab.json#/group/0/element/3/code": the pointer whole, of a long name the
 * end. */
static enum an_code fail(const struct reader *r, enum an_code code,
                         const char *what, const char *member)
{
    size_t n_file = strlen(r->file), room;
    struct an_str pointer;
    struct an_arena arena;
    struct an_buf b;

    (void)an_fail_line(r->err, code, what, r->file, 0, 0);
    if (r->err == NULL)
        return code;
    an_arena_init(&arena, POINTER_BYTES);
    an_buf_init(&b, &arena, AN_PATH_BYTES - 1);
    put_pointer(r, member, &b);
    if (an_buf_done(&b, &pointer, NULL) == AN_OK) {
        char *path = r->err->where.path;

        room = AN_PATH_BYTES - 1 - pointer.n;
        n_file = n_file < room ? n_file : room;
        memcpy(path, r->file + strlen(r->file) - n_file, n_file);
        memcpy(path + n_file, pointer.p, pointer.n);
        path[n_file + pointer.n] = '\0';
    }
    an_arena_free(&arena);
    return code;
}

/* JSON that is none: line and column, as of any text file. */
static enum an_code fail_json(const struct reader *r, struct an_str bytes)
{
    uint32_t line = 1, column = 1;

    if (r->err == NULL)
        return AN_SYNTAX;
    for (size_t i = 0; i < bytes.n && i < r->err->where.byte; i++) {
        column++;
        if (bytes.p[i] == '\n') {
            line++;
            column = 1;
        }
    }
    return an_fail_line(r->err, r->err->code, r->err->what, r->file, line,
                        column);
}

/* A text that must be one if it is there. */
static enum an_code text_of(const struct reader *r, const struct an_json *j,
                            struct an_str key, const char *name,
                            struct an_str *text)
{
    const struct an_json *m = an_json_get(j, key);

    *text = an_json_text(m);
    if (m && !an_json_is(m, AN_JSON_STRING))
        return fail(r, AN_TYPE, "want a text", name);
    return AN_OK;
}

/* A list of objects, or nothing. */
static enum an_code list_of(const struct reader *r, const struct an_json *j,
                            struct an_str key, const char *name,
                            const struct an_json **first)
{
    const struct an_json *m = an_json_get(j, key);

    *first = an_json_first(m);
    if (m && !an_json_is(m, AN_JSON_ARRAY))
        return fail(r, AN_TYPE, "want a list", name);
    return AN_OK;
}

/* Whatever it modifies, we do not know it (FHIR R4 2.4.0.1). */
static enum an_code object_check(const struct reader *r,
                                 const struct an_json *j)
{
    if (!an_json_is(j, AN_JSON_OBJECT))
        return fail(r, AN_TYPE, "want an object", "");
    if (an_json_get(j, AN_STR("modifierExtension")))
        return fail(r, AN_UNSUPPORTED, "an extension that modifies the meaning",
                    "modifierExtension");
    return AN_OK;
}

/* ---- targets ------------------------------------------------------------- */

enum right { IGNORED, GENERAL, SAME };

static enum an_code right_of(const struct reader *r, const struct an_json *j,
                             enum right *right)
{
    static const struct {
        const char *code;
        enum right right;
    } known[] = {{"equal", SAME},        {"equivalent", SAME},
                 {"wider", GENERAL},     {"subsumes", GENERAL},
                 {"relatedto", IGNORED}, {"inexact", IGNORED},
                 {"narrower", IGNORED},  {"specializes", IGNORED},
                 {"unmatched", IGNORED}, {"disjoint", IGNORED}};
    struct an_str code;
    enum an_code rc =
        text_of(r, j, AN_STR("equivalence"), "equivalence", &code);

    if (rc != AN_OK)
        return rc;
    if (code.n == 0 && an_json_get(j, AN_STR("relationship")))
        return fail(r, AN_UNSUPPORTED, "a ConceptMap of R5: want R4's",
                    "relationship");
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (an_str_eq(code, an_str_c(known[i].code))) {
            *right = known[i].right;
            if (an_json_first(an_json_get(j, AN_STR("dependsOn"))) ||
                an_json_first(an_json_get(j, AN_STR("product"))))
                *right = IGNORED;
            return AN_OK;
        }
    return fail(r, code.n ? AN_CODE : AN_MISSING,
                "want an equivalence, such as equivalent", "equivalence");
}

/* One target: it becomes *best when it has more right than that has. */
static enum an_code target_read(struct reader *r, const struct an_json *j,
                                enum right *right, struct ctx_code *best)
{
    struct ctx_code code = {.system = best->system};
    enum right mine = IGNORED;
    enum an_code rc = object_check(r, j);

    if (rc == AN_OK)
        rc = right_of(r, j, &mine);
    if (rc == AN_OK)
        rc = text_of(r, j, AN_STR("code"), "code", &code.code);
    if (rc == AN_OK)
        rc = text_of(r, j, AN_STR("display"), "display", &code.display);
    if (rc != AN_OK)
        return rc;
    if (mine != IGNORED && code.code.n == 0)
        return fail(r, AN_MISSING, "want the target's code", "code");
    if (mine != IGNORED && mine == *right && !an_str_eq(code.code, best->code))
        return fail(r, AN_CONFLICT,
                    "two targets of equal right: which one is meant?", "code");
    if (mine <= *right) {
        r->out->n_ignored++;
        return AN_OK;
    }
    r->out->n_ignored += *right != IGNORED;
    *right = mine;
    *best = code;
    return AN_OK;
}

static enum an_code targets_read(struct reader *r, const struct an_json *j,
                                 enum right *right, struct ctx_code *best)
{
    const struct an_json *first;
    enum an_code rc = list_of(r, j, AN_STR("target"), "target", &first);

    r->at.target = 0;
    for (const struct an_json *t = first; rc == AN_OK && t;
         t = t->next, r->at.target++)
        rc = target_read(r, t, right, best);
    r->at.target = rc == AN_OK ? NONE : r->at.target;
    if (rc == AN_OK && first == NULL)
        r->out->n_ignored++;
    return rc;
}

/* ---- groups -------------------------------------------------------------- */

static enum an_code element_read(struct reader *r, const struct an_json *j,
                                 struct an_str source, struct an_str target)
{
    struct ctx_code from = {.system = source}, to = {.system = target};
    enum right right = IGNORED;
    enum an_code rc = object_check(r, j);

    if (rc == AN_OK)
        rc = text_of(r, j, AN_STR("code"), "code", &from.code);
    if (rc == AN_OK && from.code.n == 0)
        rc = fail(r, AN_MISSING, "want the source's code", "code");
    if (rc == AN_OK)
        rc = targets_read(r, j, &right, &to);
    if (rc != AN_OK || right == IGNORED)
        return rc;
    if (target.n == 0) {
        r->at.element = NONE;
        return fail(r, AN_MISSING, "a group that maps names a target system",
                    "target");
    }
    r->out->row[r->out->n_rows++] = (struct ctx_code_row){from, to, 0};
    return AN_OK;
}

static enum an_code group_read(struct reader *r, const struct an_json *j)
{
    struct an_str source = {NULL, 0}, target = {NULL, 0};
    const struct an_json *first = NULL;
    enum an_code rc = object_check(r, j);

    if (rc == AN_OK)
        rc = text_of(r, j, AN_STR("source"), "source", &source);
    if (rc == AN_OK)
        rc = text_of(r, j, AN_STR("target"), "target", &target);
    if (rc == AN_OK)
        rc = list_of(r, j, AN_STR("element"), "element", &first);
    r->at.element = 0;
    for (const struct an_json *e = first; rc == AN_OK && e;
         e = e->next, r->at.element++)
        rc = element_read(r, e, source, target);
    r->at.element = rc == AN_OK ? NONE : r->at.element;
    return rc;
}

static size_t n_elements(const struct an_json *groups)
{
    size_t n = 0;

    for (const struct an_json *g = groups; g; g = g->next) {
        const struct an_json *list = an_json_get(g, AN_STR("element"));

        n += an_json_is(list, AN_JSON_ARRAY) ? list->n : 0;
    }
    return n;
}

/* A code that several groups map must mean the same in all of them. */
static enum an_code drop_repeated(struct reader *r)
{
    struct ctx_code_row *row = r->out->row;
    size_t kept = 0;

    for (size_t i = 0; i < r->out->n_rows; i++) {
        if (kept && ctx_code_row_cmp(&row[kept - 1], &row[i]) == 0) {
            if (!an_str_eq(row[kept - 1].to.system, row[i].to.system) ||
                !an_str_eq(row[kept - 1].to.code, row[i].to.code))
                return fail(r, AN_CONFLICT,
                            "a source code has different targets in two "
                            "elements",
                            "group");
            continue;
        }
        row[kept++] = row[i];
    }
    r->out->n_rows = kept;
    return AN_OK;
}

static int row_cmp(const void *a, const void *b)
{
    const struct ctx_code_row *x = a, *y = b;
    int order = ctx_code_row_cmp(x, y);

    if (order == 0)
        order = an_str_cmp(x->to.system, y->to.system);
    return order ? order : an_str_cmp(x->to.code, y->to.code);
}

static bool knows(struct an_str key)
{
    (void)key;
    return false; /* names in it may be anybody's */
}

enum an_code fhir_conceptmap_read(struct an_arena *arena, struct an_str bytes,
                                  const char *file, struct fhir_conceptmap *out,
                                  struct an_err *err)
{
    const struct an_json_limits limits = {.knows = knows};
    struct reader r = {file, err, {NONE, NONE, NONE}, out};
    const struct an_json *root, *first = NULL;
    struct an_str type = {NULL, 0};
    enum an_code rc = an_json_read(arena, &limits, bytes, &root, err);

    *out = (struct fhir_conceptmap){.n_rows = 0};
    if (rc == AN_NOMEM)
        return rc;
    if (rc != AN_OK)
        return fail_json(&r, bytes);
    rc = object_check(&r, root);
    if (rc == AN_OK)
        rc = text_of(&r, root, AN_STR("resourceType"), "resourceType", &type);
    if (rc == AN_OK && !an_str_eq(type, AN_STR("ConceptMap")))
        rc = fail(&r, AN_TYPE, "want a ConceptMap", "resourceType");
    if (rc == AN_OK)
        rc = list_of(&r, root, AN_STR("group"), "group", &first);
    if (rc != AN_OK)
        return rc;
    out->row = an_arena_get(arena, n_elements(first), sizeof(*out->row));
    if (out->row == NULL)
        return an_fail_nomem(err);
    r.at.group = 0;
    for (const struct an_json *g = first; rc == AN_OK && g;
         g = g->next, r.at.group++)
        rc = group_read(&r, g);
    if (rc != AN_OK)
        return rc;
    r.at.group = NONE;
    if (out->n_rows)
        qsort(out->row, out->n_rows, sizeof(*out->row), row_cmp);
    return drop_repeated(&r);
}
