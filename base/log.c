/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 512, NAME_BYTES = 48 };

_Static_assert((int)NAME_BYTES >= (int)AN_TIME_TEXT_BYTES, "a time fits too");

static const struct an_event_row rows[AN_N_EVENTS] = {
#define X(name, level, k1, n1, k2, n2, k3, n3, meaning)                        \
    {#name,                                                                    \
     AN_##level,                                                               \
     {{AN_FIELD_##k1, n1}, {AN_FIELD_##k2, n2}, {AN_FIELD_##k3, n3}},          \
     meaning},
    AN_EVENTS(X)
#undef X
};

static const char *const code_names[] = {
#define X(name, hl7, fhir, text) #name,
    AN_CODES(X)
#undef X
};

enum { N_CODES = sizeof(code_names) / sizeof(code_names[0]) };

static const char *lower(const char *upper, char *buf, size_t n)
{
    size_t i = 0;

    for (; upper[i] && i + 1 < n; i++) {
        char c = upper[i];

        buf[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    if (n)
        buf[i] = '\0';
    return buf;
}

const char *an_level_text(enum an_level level)
{
    switch (level) {
    case AN_DEBUG: return "debug";
    case AN_INFO: return "info";
    case AN_WARN: return "warn";
    case AN_ERROR: break;
    }
    return "error";
}

struct an_event_row an_log_row(enum an_event event, char *buf, size_t n)
{
    struct an_event_row row = rows[event];

    row.name = lower(row.name, buf, n);
    return row;
}

void an_log_init(struct an_log *log, int fd, enum an_log_format format,
                 enum an_level level, an_clock *now_us, void *clock_ctx)
{
    log->fd = fd;
    log->sink = NULL;
    log->sink_ctx = NULL;
    log->format = format;
    log->now_us = now_us;
    log->clock_ctx = clock_ctx;
    log->per_second = AN_LOG_PER_SECOND;
    atomic_init(&log->level, (int)level);
    atomic_init(&log->lost, 0);
    for (int i = 0; i < AN_N_EVENTS; i++) {
        atomic_init(&log->event[i].second, 0);
        atomic_init(&log->event[i].lines, 0);
        atomic_init(&log->event[i].suppressed, 0);
    }
}

struct line {
    enum an_log_format format;
    char p[LINE_BYTES];
    size_t n;
};

static void add(struct line *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The widest row is far below LINE_BYTES; a cut one would be lost, not torn. */
static void add(struct line *l, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(l->p + l->n, sizeof(l->p) - l->n, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < sizeof(l->p) - l->n)
        l->n += (size_t)n;
}

static void add_text(struct line *l, const char *name, const char *text)
{
    const char *sep = l->n > 1 ? (l->format == AN_LOG_JSON ? "," : " ") : "";

    if (l->format == AN_LOG_JSON)
        add(l, "%s\"%s\":\"%s\"", sep, name, text);
    else
        add(l, "%s%s=%s", sep, name, text);
}

static void add_number(struct line *l, const char *name, uint64_t value)
{
    if (l->format == AN_LOG_JSON)
        add(l, ",\"%s\":%" PRIu64, name, value);
    else
        add(l, " %s=%" PRIu64, name, value);
}

static void add_field(struct line *l, enum an_field kind, const char *name,
                      uint64_t value)
{
    char text[NAME_BYTES];

    switch (kind) {
    case AN_FIELD_NONE: break;
    case AN_FIELD_NUM: add_number(l, name, value); break;
    case AN_FIELD_CODE:
        add_text(l, name,
                 value < N_CODES ? lower(code_names[value], text, sizeof(text))
                                 : "unknown");
        break;
    case AN_FIELD_HASH:
        snprintf(text, sizeof(text), "%016" PRIx64, value);
        add_text(l, name, text);
        break;
    }
}

static void line_write(struct an_log *log, enum an_level level, struct line *l)
{
    ssize_t n;

    if (log->sink)
        log->sink(log->sink_ctx, level, l->p, l->n - 1);
    if (log->sink || log->fd < 0)
        return;
    do
        n = write(log->fd, l->p, l->n);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)l->n)
        atomic_fetch_add(&log->lost, 1);
}

static void event_write(struct an_log *log, enum an_event event, int64_t now_us,
                        const uint64_t value[3], uint64_t suppressed)
{
    const struct an_event_row *row = &rows[event];
    struct line l = {.format = log->format};
    char text[NAME_BYTES];

    if (l.format == AN_LOG_JSON)
        add(&l, "{");
    an_time_print_instant(now_us, text);
    add_text(&l, "time", text);
    add_text(&l, "level", an_level_text(row->level));
    add_text(&l, "event", lower(row->name, text, sizeof(text)));
    for (int i = 0; i < 3; i++)
        add_field(&l, row->field[i].kind, row->field[i].name, value[i]);
    if (suppressed)
        add_number(&l, "suppressed", suppressed);
    add(&l, l.format == AN_LOG_JSON ? "}\n" : "\n");
    line_write(log, row->level, &l);
}

/* Two threads that meet at the turn of a second may let a line more or less
 * through; no line is counted twice. */
static bool is_flood(struct an_log *log, enum an_event event, int64_t now_us)
{
    int_fast64_t second = now_us / 1000000;
    int_fast64_t last = atomic_load(&log->event[event].second);

    if (log->per_second == 0)
        return false;
    if (last != second && atomic_compare_exchange_strong(
                              &log->event[event].second, &last, second))
        atomic_store(&log->event[event].lines, 0);
    if (atomic_fetch_add(&log->event[event].lines, 1) < log->per_second)
        return false;
    atomic_fetch_add(&log->event[event].suppressed, 1);
    return true;
}

void an_log(struct an_log *log, enum an_event event, uint64_t a, uint64_t b,
            uint64_t c)
{
    const uint64_t value[3] = {a, b, c};
    int64_t now_us;

    if (log == NULL || (int)rows[event].level < atomic_load(&log->level))
        return;
    now_us = log->now_us(log->clock_ctx);
    if (is_flood(log, event, now_us))
        return;
    event_write(log, event, now_us, value,
                atomic_exchange(&log->event[event].suppressed, 0));
}

void an_log_flush(struct an_log *log)
{
    for (int i = 0; i < AN_N_EVENTS; i++) {
        uint64_t n = atomic_exchange(&log->event[i].suppressed, 0);
        const uint64_t value[3] = {(uint64_t)i, n, 0};

        if (n)
            event_write(log, AN_EVENT_LOG_SUPPRESSED,
                        log->now_us(log->clock_ctx), value, 0);
    }
}
