/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum an_code an_fail(struct an_err *err, enum an_code code, const char *what,
                     size_t byte)
{
    if (err) {
        *err = (struct an_err){.code = code, .what = what};
        err->where.byte = byte;
    }
    return code;
}

enum an_code an_fail_nomem(struct an_err *err)
{
    return an_fail(err, AN_NOMEM, "out of memory", 0);
}

enum an_code an_fail_sys(struct an_err *err, enum an_code code,
                         const char *what, int sys)
{
    an_fail(err, code, what, 0);
    if (err)
        err->sys = sys;
    return code;
}

enum an_code an_fail_line(struct an_err *err, enum an_code code,
                          const char *what, const char *file, uint32_t line,
                          uint32_t column)
{
    struct an_str name = an_str_c(file);

    an_fail(err, code, what, 0);
    if (err == NULL)
        return code;
    if (name.n >= AN_PATH_BYTES)
        name = an_str_sub(name, name.n - (AN_PATH_BYTES - 1), AN_PATH_BYTES);
    if (name.n)
        memcpy(err->where.path, name.p, name.n);
    err->where.line = line;
    err->where.column = column;
    return code;
}

enum an_code an_fail_file(struct an_err *err, enum an_code code,
                          const char *what, const char *path, int sys)
{
    an_fail_line(err, code, what, path, 0, 0);
    if (err)
        err->sys = sys;
    return code;
}

const char *an_code_text(enum an_code code)
{
    switch (code) {
#define X(name, hl7, fhir, text)                                               \
    case AN_##name: return text;
        AN_CODES(X)
#undef X
    }
    return "unknown";
}

int an_code_hl7(enum an_code code)
{
    switch (code) {
#define X(name, hl7, fhir, text)                                               \
    case AN_##name: return hl7;
        AN_CODES(X)
#undef X
    }
    return 207;
}

const char *an_code_fhir(enum an_code code)
{
    switch (code) {
#define X(name, hl7, fhir, text)                                               \
    case AN_##name: return fhir;
        AN_CODES(X)
#undef X
    }
    return "exception";
}

/* A line being built in a fixed buffer; what does not fit is cut. */
struct line {
    char *p;
    size_t size, used;
};

static void add(struct line *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct line *l, const char *format, ...)
{
    va_list args;
    int n;

    if (l->used + 1 >= l->size)
        return;
    va_start(args, format);
    n = vsnprintf(l->p + l->used, l->size - l->used, format, args);
    va_end(args);
    if (n > 0)
        l->used += (size_t)n;
    if (l->used >= l->size)
        l->used = l->size - 1;
}

static void add_where(struct line *l, const struct an_where *w)
{
    if (w->segment[0]) {
        add(l, "%.3s[%u]", w->segment, w->segment_seq ? w->segment_seq : 1U);
        if (w->field)
            add(l, "-%u", w->field);
        if (w->field && w->rep)
            add(l, "[%u]", w->rep);
        if (w->component)
            add(l, ".%u", w->component);
        if (w->subcomponent)
            add(l, ".%u", w->subcomponent);
    } else if (w->path[0]) {
        add(l, "%s", w->path);
        if (w->line)
            add(l, ":%u", w->line);
        if (w->column)
            add(l, ":%u", w->column);
    } else {
        add(l, "byte %zu", w->byte);
    }
}

size_t an_where_print(const struct an_where *where, char *buf, size_t n)
{
    struct line l = {buf, n, 0};

    if (n)
        buf[0] = '\0';
    add_where(&l, where);
    return l.used;
}

size_t an_err_print(const struct an_err *err, char *buf, size_t n)
{
    struct line l = {buf, n, 0};

    if (n)
        buf[0] = '\0';
    add_where(&l, &err->where);
    add(&l, ": %s", err->what ? err->what : an_code_text(err->code));
    if (err->sys)
        add(&l, " (%s)", strerror(err->sys));
    return l.used;
}
