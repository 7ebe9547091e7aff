/* SPDX-License-Identifier: Apache-2.0 */
#include "context/localise.h"

#include "context/system.h"

#include <stdlib.h>
#include <string.h>

/* From what is said to what is meant: more is nobody's intent. */
enum { MAX_COLUMNS = 5, CTX_STEPS = 8 };

static bool same_code(const struct ctx_code *a, const struct ctx_code *b)
{
    return an_str_eq(a->system, b->system) && an_str_eq(a->code, b->code);
}

int ctx_code_row_cmp(const struct ctx_code_row *a, const struct ctx_code_row *b)
{
    int order = an_str_cmp(a->from.system, b->from.system);

    return order ? order : an_str_cmp(a->from.code, b->from.code);
}

static int code_cmp(const void *a, const void *b)
{
    return ctx_code_row_cmp(a, b);
}

/* Of equal keys the one that stands first. */
static int code_line_cmp(const void *a, const void *b)
{
    const struct ctx_code_row *x = a, *y = b;
    int order = ctx_code_row_cmp(x, y);

    return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int name_cmp(const void *a, const void *b)
{
    const struct ctx_name_row *x = a, *y = b;

    return an_str_cmp(x->from, y->from);
}

static int name_line_cmp(const void *a, const void *b)
{
    const struct ctx_name_row *x = a, *y = b;
    int order = name_cmp(a, b);

    return order ? order : (x->line > y->line) - (x->line < y->line);
}

static const struct ctx_code_row *code_row(const struct ctx_code_row *row,
                                           size_t n,
                                           const struct ctx_code *code)
{
    const struct ctx_code_row key = {.from = *code};

    return n ? bsearch(&key, row, n, sizeof(*row), code_cmp) : NULL;
}

static const struct ctx_name_row *name_row(const struct ctx_name_row *row,
                                           size_t n, struct an_str name)
{
    const struct ctx_name_row key = {.from = name};

    return n ? bsearch(&key, row, n, sizeof(*row), name_cmp) : NULL;
}

/* The rows of a table, one at a time. */
struct rows {
    struct an_str rest;
    const char *file;
    uint32_t line;
};

/* The next row's columns; *n is 0 at the end. */
static enum an_code next_row(struct rows *rows, size_t want,
                             struct an_str column[MAX_COLUMNS], size_t *n,
                             struct an_err *err)
{
    struct an_str line;

    *n = 0;
    while (an_str_cut(&rows->rest, '\n', &line)) {
        rows->line++;
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        while (*n < MAX_COLUMNS && an_str_cut(&line, '\t', &column[*n]))
            ++*n;
        if (*n != want || line.p != NULL)
            return an_fail_line(err, AN_SYNTAX,
                                want == 2 ? "want 2 columns, parted by tabs"
                                          : "want 5 columns, parted by tabs",
                                rows->file, rows->line, 1);
        return AN_OK;
    }
    return AN_OK;
}

/* Lines bound the rows. */
static size_t count_lines(struct an_str bytes)
{
    size_t n = 1;

    for (size_t i = 0; i < bytes.n; i++)
        n += bytes.p[i] == '\n';
    return n;
}

/* Both are sorted; of a key that both have, the row of `a` stays. */
static enum an_code merge(struct an_arena *arena, const struct ctx_code_row *a,
                          size_t n_a, const struct ctx_code_row *b, size_t n_b,
                          struct ctx_site *site, size_t *n_covered,
                          struct an_err *err)
{
    struct ctx_code_row *all = an_arena_get(arena, n_a + n_b, sizeof(*all));
    size_t i = 0, k = 0, n = 0;

    if (all == NULL)
        return an_fail_nomem(err);
    *n_covered = 0;
    while (i < n_a || k < n_b) {
        int order = i == n_a   ? 1
                    : k == n_b ? -1
                               : ctx_code_row_cmp(&a[i], &b[k]);

        if (order == 0) {
            ++*n_covered;
            k++;
            continue;
        }
        all[n++] = order < 0 ? a[i++] : b[k++];
    }
    site->code = all;
    site->n_codes = n;
    return AN_OK;
}

static enum an_code add_map(struct an_arena *arena, const struct ctx_map *map,
                            struct ctx_site *site, struct an_err *err)
{
    struct ctx_map *all = an_arena_get(arena, site->n_maps + 1, sizeof(*all));

    if (all == NULL)
        return an_fail_nomem(err);
    if (site->n_maps)
        memcpy(all, site->map, site->n_maps * sizeof(*all));
    all[site->n_maps] = *map;
    site->map = all;
    site->n_maps++;
    return AN_OK;
}

/* ---- what leads on ------------------------------------------------------------ */

static bool code_has_end(const struct ctx_site *site,
                         const struct ctx_code_row *row)
{
    size_t n = 0;

    while (row && !same_code(&row->from, &row->to) && n++ < CTX_STEPS)
        row = code_row(site->code, site->n_codes, &row->to);
    return n <= CTX_STEPS;
}

/* The row of a file on the way from another that leads nowhere; NULL when the way is
 * of other files' rows. */
static const struct ctx_code_row *row_on_way(const struct ctx_site *site,
                                             const struct ctx_code_row *row,
                                             const struct ctx_code_row *own,
                                             size_t n_own)
{
    for (size_t n = 0; row && n <= CTX_STEPS; n++) {
        const struct ctx_code_row *it = code_row(own, n_own, &row->from);

        if (it && same_code(&it->to, &row->to))
            return it;
        row = code_row(site->code, site->n_codes, &row->to);
    }
    return NULL;
}

/* All was well without this file, so it is to blame. */
static enum an_code check_ends(const struct ctx_site *site,
                               const struct ctx_map *map,
                               const struct ctx_code_row *own, size_t n_own,
                               struct an_err *err)
{
    for (size_t i = 0; i < site->n_codes; i++) {
        const struct ctx_code_row *it;

        if (code_has_end(site, &site->code[i]))
            continue;
        it = row_on_way(site, &site->code[i], own, n_own);
        return an_fail_line(err, AN_CONFLICT,
                            "this code leads back to itself, or on and on",
                            map->file, it ? it->line : 0, it && it->line);
    }
    return AN_OK;
}

enum an_code ctx_site_add_codes(struct an_arena *arena,
                                const struct ctx_map *map,
                                struct ctx_code_row *row, size_t n,
                                struct ctx_site *site, struct an_err *err)
{
    struct ctx_site more = *site;
    struct ctx_map counted = *map;
    enum an_code rc;

    if (n)
        qsort(row, n, sizeof(*row), code_line_cmp);
    counted.n_rows = n;
    rc = merge(arena, site->code, site->n_codes, row, n, &more,
               &counted.n_covered, err);
    if (rc == AN_OK)
        rc = check_ends(&more, map, row, n, err);
    if (rc == AN_OK)
        rc = add_map(arena, &counted, &more, err);
    if (rc == AN_OK)
        *site = more;
    return rc;
}

static enum an_code read_code_row(const struct an_str c[MAX_COLUMNS],
                                  const struct rows *rows,
                                  struct ctx_code_row *row, bool *filled,
                                  struct an_err *err)
{
    *filled = c[2].n + c[3].n > 0;
    *row = (struct ctx_code_row){
        {c[0], c[1], AN_STR("")}, {c[2], c[3], c[4]}, rows->line};
    if (c[1].n == 0)
        return an_fail_line(err, AN_MISSING, "want a code in column 2",
                            rows->file, rows->line, 1);
    if (*filled && (c[2].n == 0 || c[3].n == 0))
        return an_fail_line(err, AN_MISSING,
                            "want a target's system and its code, or neither",
                            rows->file, rows->line, 1);
    return AN_OK;
}

enum an_code ctx_site_read_codes(struct an_arena *arena, struct an_str bytes,
                                 const char *file, struct ctx_site *site,
                                 struct an_err *err)
{
    struct ctx_code_row *row =
        an_arena_get(arena, count_lines(bytes), sizeof(*row));
    struct rows rows = {bytes, file, 0};
    struct ctx_map map = {.file = file};
    struct an_str c[MAX_COLUMNS];
    size_t n = 0, n_columns;
    enum an_code rc;

    if (row == NULL)
        return an_fail_nomem(err);
    while ((rc = next_row(&rows, 5, c, &n_columns, err)) == AN_OK &&
           n_columns) {
        bool filled;

        rc = read_code_row(c, &rows, &row[n], &filled, err);
        if (rc != AN_OK)
            return rc;
        n += filled;
        map.n_unfilled += !filled;
    }
    if (rc != AN_OK)
        return rc;
    if (n)
        qsort(row, n, sizeof(*row), code_line_cmp);
    for (size_t i = 1; i < n; i++)
        if (ctx_code_row_cmp(&row[i - 1], &row[i]) == 0)
            return an_fail_line(err, AN_CONFLICT,
                                "this code stands in the file twice", file,
                                row[i].line, 1);
    return ctx_site_add_codes(arena, &map, row, n, site, err);
}

static bool name_has_end(const struct ctx_name_row *all, size_t n_all,
                         const struct ctx_name_row *row)
{
    size_t n = 0;

    while (row && !an_str_eq(row->from, row->to) && n++ < CTX_STEPS)
        row = name_row(all, n_all, row->to);
    return n <= CTX_STEPS;
}

enum an_code ctx_site_read_authorities(struct an_arena *arena,
                                       struct an_str bytes, const char *file,
                                       struct ctx_site *site,
                                       struct an_err *err)
{
    struct ctx_name_row *row =
        an_arena_get(arena, count_lines(bytes), sizeof(*row));
    struct rows rows = {bytes, file, 0};
    struct an_str c[MAX_COLUMNS];
    size_t n = 0, n_columns;
    enum an_code rc;

    if (row == NULL)
        return an_fail_nomem(err);
    while ((rc = next_row(&rows, 2, c, &n_columns, err)) == AN_OK && n_columns)
        row[n++] = (struct ctx_name_row){c[0], c[1], rows.line};
    if (rc == AN_OK && n)
        qsort(row, n, sizeof(*row), name_line_cmp);
    for (size_t i = 1; rc == AN_OK && i < n; i++)
        if (name_cmp(&row[i - 1], &row[i]) == 0)
            rc = an_fail_line(err, AN_CONFLICT,
                              "this name stands in the file twice", file,
                              row[i].line, 1);
    for (size_t i = 0; rc == AN_OK && i < n; i++)
        if (!name_has_end(row, n, &row[i]))
            rc = an_fail_line(err, AN_CONFLICT,
                              "this name leads back to itself, or on and on",
                              file, row[i].line, 1);
    if (rc == AN_OK) {
        site->authority = row;
        site->n_authorities = n;
    }
    return rc;
}

const struct ctx_code *ctx_site_code(const struct ctx_site *site,
                                     const struct ctx_code *code)
{
    const struct ctx_code_row *row = code_row(site->code, site->n_codes, code);

    return row ? &row->to : NULL;
}

static bool understands(const struct ctx_site *site, const struct ctx_code *c)
{
    return c->code.n &&
           (ctx_system_standard(c->system) || (site && ctx_site_code(site, c)));
}

enum ctx_field_state ctx_site_state(const struct ctx_site *site,
                                    const struct ctx_code *concept,
                                    const struct ctx_code *alias,
                                    size_t n_aliases)
{
    bool coded = concept->code.n > 0;

    if (understands(site, concept))
        return CTX_FIELD_MAPPED;
    for (size_t i = 0; i < n_aliases; i++) {
        if (understands(site, &alias[i]))
            return CTX_FIELD_MAPPED;
        coded = coded || alias[i].code.n;
    }
    return coded ? CTX_FIELD_ODD : CTX_FIELD_TEXT;
}

/* What it means, and what that means; a code that means itself is at its end, and
 * gets its name. */
static const struct ctx_code *meaning(const struct ctx_site *site,
                                      const struct ctx_code *code,
                                      const struct ctx_code *step[CTX_STEPS],
                                      size_t *n)
{
    const struct ctx_code *to = ctx_site_code(site, code);

    *n = 0;
    while (to && !same_code(to, code) && *n < CTX_STEPS) {
        step[(*n)++] = to;
        code = to;
        to = ctx_site_code(site, code);
    }
    return to && same_code(to, code) ? to : *n ? code : NULL;
}

static void add_alias(struct ctx_event *e, struct ctx_code *alias,
                      const struct ctx_code *code)
{
    if (same_code(code, &e->concept))
        return;
    for (size_t i = 0; i < e->n_aliases; i++)
        if (same_code(code, &alias[i]))
            return;
    alias[e->n_aliases++] = *code;
}

/* A name that the table does not know better stays. */
static struct an_str name_of(const struct ctx_code *to,
                             const struct ctx_code *const *step, size_t n,
                             struct an_str otherwise)
{
    struct an_str name = to->display;

    while (name.n == 0 && n)
        name = step[--n]->display;
    return name.n ? name : otherwise;
}

/* The concept or, failing that, the first alias that the table knows becomes what it
 * means; what was the concept becomes an alias, and so does each code on the way. */
static enum an_code localise_event(struct an_arena *arena,
                                   const struct ctx_site *site,
                                   struct ctx_event *e, struct an_err *err)
{
    const struct ctx_code *step[CTX_STEPS];
    size_t n = 0;
    const struct ctx_code *to = meaning(site, &e->concept, step, &n);
    struct ctx_code *alias, said = e->concept;

    for (size_t i = 0; to == NULL && i < e->n_aliases; i++)
        to = meaning(site, &e->alias[i], step, &n);
    if (to == NULL)
        return AN_OK;
    alias = an_arena_get(arena, e->n_aliases + 1 + n, sizeof(*alias));
    if (alias == NULL)
        return an_fail_nomem(err);
    if (e->n_aliases)
        memcpy(alias, e->alias, e->n_aliases * sizeof(*alias));
    e->concept = *to;
    e->concept.display = name_of(to, step, n, said.display);
    add_alias(e, alias, &said);
    for (size_t i = 0; i < n; i++)
        add_alias(e, alias, step[i]);
    e->alias = alias;
    return AN_OK;
}

void ctx_localise_identifier(const struct ctx_site *site,
                             struct ctx_identifier *id)
{
    const struct ctx_name_row *row =
        name_row(site->authority, site->n_authorities, id->authority);

    for (size_t n = 0; row && n < CTX_STEPS; n++) {
        id->authority = row->to;
        row = name_row(site->authority, site->n_authorities, row->to);
    }
}

enum an_code ctx_localise(struct an_arena *arena, const struct ctx_site *site,
                          struct ctx_reading *reading, struct an_err *err)
{
    for (size_t i = 0; i < reading->n_parts; i++) {
        struct ctx_part *part = &reading->part[i];

        ctx_localise_identifier(site, &part->patient);
        for (size_t k = 0; k < part->n_events && site->n_codes; k++) {
            enum an_code rc = localise_event(arena, site, &part->event[k], err);

            if (rc != AN_OK)
                return rc;
        }
    }
    for (size_t i = 0; i < reading->n_claims; i++) {
        ctx_localise_identifier(site, &reading->claim[i].current);
        ctx_localise_identifier(site, &reading->claim[i].prior);
    }
    return AN_OK;
}
