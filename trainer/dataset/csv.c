/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/csv.h"

#include "base/decimal.h"
#include "trainer/file.h"

#include <stdio.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

/* ---- places ---------------------------------------------------------------- */

static enum an_code fail_at(const struct tr_csv *t, const char *column,
                            uint32_t line, uint32_t at, enum an_code code,
                            const char *what, struct an_err *err)
{
    char path[PATH_BYTES];
    int n =
        snprintf(path, sizeof(path), column ? "%s[%s]" : "%s", t->file, column);

    return an_fail_line(err, code, what,
                        n > 0 && (size_t)n < sizeof(path) ? path : t->file,
                        line, at);
}

enum an_code tr_csv_fail(const struct tr_csv *t,
                         const struct tr_csv_column *column, enum an_code code,
                         const char *what, struct an_err *err)
{
    const struct tr_csv_field *f = &t->field[column->at];

    return fail_at(t, column->name, f->line, f->column, code, what, err);
}

/* ---- rows ------------------------------------------------------------------ */

/* Where in the file we are. */
struct cursor {
    struct an_str in;
    size_t at, line_at; /* line_at: where the line begins */
    uint32_t line;
};

static enum an_code fail_here(const struct tr_csv *t, const struct cursor *c,
                              enum an_code code, const char *what,
                              struct an_err *err)
{
    return fail_at(t, NULL, c->line, (uint32_t)(c->at - c->line_at) + 1, code,
                   what, err);
}

static bool is_line_end(const struct cursor *c)
{
    const char *p = c->in.p + c->at;

    return *p == '\n' || (*p == '\r' && c->at + 1 < c->in.n && p[1] == '\n');
}

static bool is_field_end(const struct cursor *c)
{
    return c->at == c->in.n || c->in.p[c->at] == ',' || is_line_end(c);
}

static void line_begins(struct cursor *c)
{
    c->line++;
    c->line_at = c->at;
}

static enum an_code read_plain(const struct tr_csv *t, struct cursor *c,
                               struct an_str *text, struct an_err *err)
{
    const size_t from = c->at;

    for (; !is_field_end(c); c->at++) {
        switch (c->in.p[c->at]) {
        case '"':
            return fail_here(t, c, AN_SYNTAX,
                             "a quote in a field that begins with none", err);
        case '\r':
            return fail_here(t, c, AN_SYNTAX,
                             "a carriage return that ends no line", err);
        case '\0': return fail_here(t, c, AN_SYNTAX, "a NUL in a table", err);
        default: break;
        }
    }
    *text = an_str_sub(c->in, from, c->at - from);
    return AN_OK;
}

/* Each two quotes are one. */
static bool undouble(struct an_arena *arena, struct an_str *text)
{
    char *p = an_arena_get(arena, text->n, 1);
    size_t n = 0;

    if (p == NULL)
        return false;
    for (size_t i = 0; i < text->n; i++) {
        p[n++] = text->p[i];
        i += text->p[i] == '"';
    }
    *text = (struct an_str){p, n};
    return true;
}

/* To behind the quote that closes the field. */
static enum an_code skip_quoted(const struct tr_csv *t, struct cursor *c,
                                bool *doubled, struct an_err *err)
{
    const struct cursor open = *c;

    for (c->at++; c->at < c->in.n;) {
        const char is = c->in.p[c->at];

        if (is == '\0')
            return fail_here(t, c, AN_SYNTAX, "a NUL in a table", err);
        c->at++;
        if (is == '\n')
            line_begins(c);
        if (is != '"')
            continue;
        if (c->at == c->in.n || c->in.p[c->at] != '"')
            return AN_OK;
        c->at++;
        *doubled = true;
    }
    return fail_here(t, &open, AN_SYNTAX, "a quote that is never closed", err);
}

static enum an_code read_quoted(const struct tr_csv *t, struct cursor *c,
                                struct an_str *text, struct an_err *err)
{
    const size_t from = c->at + 1;
    bool doubled = false;
    enum an_code code = skip_quoted(t, c, &doubled, err);

    if (code != AN_OK)
        return code;
    if (!is_field_end(c))
        return fail_here(t, c, AN_SYNTAX, "text behind a closing quote", err);
    *text = an_str_sub(c->in, from, c->at - 1 - from);
    return doubled && !undouble(t->arena, text) ? an_fail_nomem(err) : AN_OK;
}

static enum an_code read_field(const struct tr_csv *t, struct cursor *c,
                               struct tr_csv_field *f, struct an_err *err)
{
    const struct cursor from = *c;
    const bool quoted = c->at < c->in.n && c->in.p[c->at] == '"';
    enum an_code code = quoted ? read_quoted(t, c, &f->text, err)
                               : read_plain(t, c, &f->text, err);

    f->line = from.line;
    f->column = (uint32_t)(from.at - from.line_at) + 1;
    if (code == AN_OK && f->text.n > TR_CSV_FIELD_BYTES)
        return fail_here(t, &from, AN_LIMIT, "a field is too long", err);
    return code;
}

/* The row at t->next, of at most `most` fields. */
static enum an_code read_row(struct tr_csv *t, size_t most, enum an_code more,
                             const char *what, size_t *n, struct an_err *err)
{
    struct cursor c = {t->bytes, t->next.byte, t->next.byte, t->next.line};

    t->row = t->next;
    for (*n = 0;; c.at++) {
        enum an_code code;

        if (*n == most)
            return fail_here(t, &c, more, what, err);
        code = read_field(t, &c, &t->field[*n], err);
        if (code != AN_OK)
            return code;
        ++*n;
        if (c.at == c.in.n || c.in.p[c.at] != ',')
            break;
    }
    if (c.at < c.in.n) {
        c.at += c.in.p[c.at] == '\r' ? 2 : 1;
        line_begins(&c);
    }
    t->next = (struct tr_csv_place){c.at, c.line};
    return AN_OK;
}

static const char wrong_number[] =
    "a row has another number of fields than the first line";

enum an_code tr_csv_next(struct tr_csv *t, bool *any, struct an_err *err)
{
    size_t n;
    enum an_code code;

    *any = t->next.byte < t->bytes.n;
    if (!*any)
        return AN_OK;
    code = read_row(t, t->n_columns, AN_SYNTAX, wrong_number, &n, err);
    if (code == AN_OK && n < t->n_columns)
        return fail_at(t, NULL, t->row.line, 0, AN_SYNTAX, wrong_number, err);
    return code;
}

void tr_csv_seek(struct tr_csv *t, struct tr_csv_place row)
{
    t->next = row;
}

size_t tr_csv_most_rows(const struct tr_csv *t)
{
    size_t n = 1;

    for (const char *p = t->bytes.p, *end = p + t->bytes.n;
         (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        n++;
    return n;
}

/* ---- opening --------------------------------------------------------------- */

static enum an_code read_names(struct tr_csv *t, struct an_err *err)
{
    enum an_code code;

    if (an_str_starts(t->bytes, AN_STR("\xEF\xBB\xBF")))
        t->bytes = an_str_sub(t->bytes, 3, t->bytes.n);
    if (t->bytes.n == 0)
        return fail_at(t, NULL, 1, 0, AN_SYNTAX,
                       "a table without a line that names its columns", err);
    if (t->bytes.n > TR_CSV_BYTES)
        return fail_at(t, NULL, 0, 0, AN_LIMIT, "a table is too large", err);
    t->field = an_arena_get(t->arena, TR_CSV_COLUMNS, sizeof(*t->field));
    if (t->field == NULL)
        return an_fail_nomem(err);
    code = read_row(t, TR_CSV_COLUMNS, AN_LIMIT, "too many columns",
                    &t->n_columns, err);
    if (code != AN_OK)
        return code;
    t->name = an_arena_get(t->arena, t->n_columns, sizeof(*t->name));
    if (t->name == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < t->n_columns; i++)
        t->name[i] = t->field[i].text;
    return AN_OK;
}

enum an_code tr_csv_read(struct tr_csv *t, struct an_arena *arena,
                         struct an_str bytes, const char *file,
                         struct an_err *err)
{
    *t = (struct tr_csv){
        .arena = arena, .file = file, .bytes = bytes, .next = {0, 1}};
    return read_names(t, err);
}

static bool is_packed_there(const char *path)
{
    char packed[PATH_BYTES];
    int n = snprintf(packed, sizeof(packed), "%s.zst", path);

    return n > 0 && (size_t)n < sizeof(packed) && access(packed, F_OK) == 0;
}

static enum an_code fail_open(const char *path, const struct an_err *why,
                              struct an_err *err)
{
    if (why->code == AN_NOTFOUND && is_packed_there(path))
        return an_fail_file(err, AN_NOTFOUND,
                            "only its .zst is there: unpack it with zstd -d",
                            path, 0);
    return an_fail_file(err, why->code, why->what, path, why->sys);
}

enum an_code tr_csv_open(struct tr_csv *t, struct an_arena *arena,
                         const char *path, struct an_err *err)
{
    struct an_err why = {0};
    struct an_str bytes;

    *t = (struct tr_csv){.arena = arena, .file = path, .next = {0, 1}};
    if (an_str_ends(an_str_c(path), AN_STR(".zst")))
        return an_fail_file(err, AN_UNSUPPORTED,
                            "a packed table: unpack it with zstd -d", path, 0);
    if (tr_file_map(path, &bytes, &why) != AN_OK)
        return fail_open(path, &why, err);
    t->bytes = bytes;
    t->map = bytes;
    return read_names(t, err);
}

void tr_csv_close(struct tr_csv *t)
{
    tr_file_unmap(t->map);
    t->map = t->bytes = (struct an_str){NULL, 0};
}

/* ---- columns --------------------------------------------------------------- */

static enum an_code find_one(const struct tr_csv *t,
                             struct tr_csv_column *column, struct an_err *err)
{
    const struct an_str name = an_str_c(column->name);
    size_t n = 0;

    for (size_t i = 0; i < t->n_columns; i++) {
        if (!an_str_eq(t->name[i], name))
            continue;
        column->at = i;
        n++;
    }
    if (n == 1)
        return AN_OK;
    return fail_at(t, column->name, 1, 0, n ? AN_CONFLICT : AN_MISSING,
                   n ? "a column is there twice" : "a column is not there",
                   err);
}

enum an_code tr_csv_find(const struct tr_csv *t, struct tr_csv_column *column,
                         size_t n, struct an_err *err)
{
    enum an_code code = AN_OK;

    for (size_t i = 0; i < n && code == AN_OK; i++)
        code = find_one(t, &column[i], err);
    return code;
}

struct an_str tr_csv_text(const struct tr_csv *t,
                          const struct tr_csv_column *column)
{
    return t->field[column->at].text;
}

enum an_code tr_csv_int(const struct tr_csv *t,
                        const struct tr_csv_column *column, int64_t min,
                        int64_t max, int64_t *out, struct an_err *err)
{
    struct an_str text = tr_csv_text(t, column);
    const bool minus = text.n && text.p[0] == '-';
    uint64_t size;

    if (!an_str_u64(minus ? an_str_sub(text, 1, text.n) : text, &size))
        return tr_csv_fail(t, column, AN_TYPE, "not a whole number", err);
    if (size > INT64_MAX)
        return tr_csv_fail(t, column, AN_TYPE, "a number out of range", err);
    *out = minus ? -(int64_t)size : (int64_t)size;
    if (*out < min || *out > max)
        return tr_csv_fail(t, column, AN_TYPE, "a number out of range", err);
    return AN_OK;
}

enum an_code tr_csv_number(const struct tr_csv *t,
                           const struct tr_csv_column *column,
                           struct an_str *literal, double *out,
                           struct an_err *err)
{
    const struct an_str text = tr_csv_text(t, column);

    if (!an_decimal_parse(text, out))
        return tr_csv_fail(t, column, AN_TYPE, "not a number", err);
    return an_decimal_json(t->arena, text, literal) ? AN_OK
                                                    : an_fail_nomem(err);
}
