/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of the host's side: one map with two keys, as YAML writes
 * it, in one line or in several.  No more of YAML is read, and what is not read
 * is an error. */
#include "plugin/abi/calls.h"
#include "plugin/helper/client_int.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_BYTES = 256, MS_MAX = 600000, MS_DEFAULT = 10000 };

struct scan {
    const char *p, *end, *line_start;
    unsigned line;
    const char *what; /* NULL: all is well */
    unsigned at_line, at_column;
};

static bool fail(struct scan *s, const char *at, const char *what)
{
    if (s->what == NULL) {
        s->what = what;
        s->at_line = s->line;
        s->at_column = (unsigned)(at - s->line_start) + 1;
    }
    return false;
}

static bool is_at(const struct scan *s, char c)
{
    return s->p < s->end && *s->p == c;
}

static void skip_blanks(struct scan *s)
{
    while (is_at(s, ' '))
        s->p++;
}

/* Blanks, comments, line ends; where the next thing is in its line. */
static unsigned skip_lines(struct scan *s)
{
    for (;;) {
        skip_blanks(s);
        if (is_at(s, '#'))
            while (s->p < s->end && *s->p != '\n')
                s->p++;
        if (is_at(s, '\r'))
            s->p++;
        if (!is_at(s, '\n'))
            return (unsigned)(s->p - s->line_start);
        s->p++;
        s->line++;
        s->line_start = s->p;
    }
}

static bool take_key(struct scan *s, char key[VALUE_BYTES])
{
    const char *from = s->p;
    size_t n;

    while (s->p < s->end && ((*s->p >= 'a' && *s->p <= 'z') || *s->p == '_'))
        s->p++;
    n = (size_t)(s->p - from);
    if (n == 0 || n >= VALUE_BYTES || !is_at(s, ':'))
        return fail(s, from, "a key and a colon are expected");
    memcpy(key, from, n);
    key[n] = '\0';
    s->p++;
    if (s->p < s->end && *s->p != ' ' && *s->p != '\n' && *s->p != '\r')
        return fail(s, s->p, "a blank is expected after the colon");
    skip_blanks(s);
    return true;
}

/* 'it''s', or "a \"b\" \\". */
static bool take_quoted(struct scan *s, char value[VALUE_BYTES])
{
    const char *from = s->p;
    char quote = *s->p++;
    size_t n = 0;

    while (s->p < s->end && *s->p != '\n' && n + 1 < VALUE_BYTES) {
        char c = *s->p++;

        if (c == quote) {
            if (quote == '"' || !is_at(s, '\'')) {
                value[n] = '\0';
                return true;
            }
            s->p++;
        } else if (c == '\\' && quote == '"') {
            if (!is_at(s, '"') && !is_at(s, '\\'))
                return fail(s, s->p, "only \\\" and \\\\ are read here");
            c = *s->p++;
        }
        value[n++] = c;
    }
    return fail(s, from, "a quoted text does not end, or is too long");
}

/* Of a value without quotes, up to the end of its line. */
static bool ends_plain(const struct scan *s, const char *from, bool in_flow)
{
    if (s->p == s->end || *s->p == '\n' || *s->p == '\r')
        return true;
    if (in_flow && (*s->p == ',' || *s->p == '}'))
        return true;
    return *s->p == '#' && s->p > from && s->p[-1] == ' ';
}

static bool take_value(struct scan *s, bool in_flow, char value[VALUE_BYTES])
{
    const char *from = s->p;
    size_t n;

    if (is_at(s, '"') || is_at(s, '\''))
        return take_quoted(s, value);
    while (!ends_plain(s, from, in_flow))
        s->p++;
    n = (size_t)(s->p - from);
    while (n && from[n - 1] == ' ')
        n--;
    if (n == 0 || strchr("{}[]&*!|>%@`,#?", *from))
        return fail(s, from, "a value is expected");
    if (n >= VALUE_BYTES)
        return fail(s, from, "the value is too long");
    memcpy(value, from, n);
    value[n] = '\0';
    return true;
}

static bool set_timeout(struct scan *s, const char *at, const char *value,
                        struct client_config *config)
{
    int64_t ms = 0;

    for (; *value >= '0' && *value <= '9' && ms <= MS_MAX; value++)
        ms = ms * 10 + (*value - '0');
    if (strcmp(value, "s") == 0)
        ms *= 1000;
    else if (strcmp(value, "m") == 0)
        ms *= 60000;
    else if (strcmp(value, "ms") != 0)
        ms = 0;
    if (ms < 100 || ms > MS_MAX)
        return fail(s, at,
                    "helper.timeout wants a duration from 100ms to 10m, such "
                    "as 10s");
    config->timeout_ms = ms;
    return true;
}

static bool set(struct scan *s, const char *at, const char *key,
                const char *value, struct client_config *config)
{
    size_t n = strlen(value);

    if (strcmp(key, "timeout") == 0) {
        if (config->timeout_ms)
            return fail(s, at, "helper.timeout is there twice");
        return set_timeout(s, at, value, config);
    }
    if (strcmp(key, "socket") != 0)
        return fail(s, at, "helper has socket and timeout only");
    if (config->socket[0])
        return fail(s, at, "helper.socket is there twice");
    if (n == 0 || value[0] != '/' || n >= sizeof(config->socket))
        return fail(s, at,
                    "helper.socket wants a path from / on of at most 107 "
                    "bytes");
    memcpy(config->socket, value, n + 1);
    return true;
}

static bool take_pair(struct scan *s, bool in_flow,
                      struct client_config *config)
{
    char key[VALUE_BYTES], value[VALUE_BYTES];
    const char *at = s->p;

    return take_key(s, key) && take_value(s, in_flow, value) &&
           set(s, at, key, value, config);
}

/* {socket: ..., timeout: ...} */
static bool take_flow(struct scan *s, struct client_config *config)
{
    s->p++;
    for (;;) {
        (void)skip_lines(s);
        if (!take_pair(s, true, config))
            return false;
        (void)skip_lines(s);
        if (is_at(s, '}'))
            break;
        if (!is_at(s, ','))
            return fail(s, s->p, "a comma or a closing brace is expected");
        s->p++;
    }
    s->p++;
    return true;
}

/* A pair a line, all as far to the right as the first. */
static bool take_block(struct scan *s, struct client_config *config)
{
    unsigned line = s->line, column = skip_lines(s);
    const unsigned first = column;

    if (column == 0 || s->line == line)
        return fail(s, s->p, "helper.socket is expected, further to the right");
    while (s->p < s->end && column == first) {
        line = s->line;
        if (!take_pair(s, false, config))
            return false;
        column = skip_lines(s);
        if (s->p < s->end && s->line == line)
            return fail(s, s->p, "the end of the line is expected");
    }
    return true;
}

static bool take_all(struct scan *s, struct client_config *config)
{
    static const char other[] =
        "this library reads helper: only; the rest is the configuration of "
        "anamnesis serve";
    const char *at;
    char key[VALUE_BYTES];

    (void)skip_lines(s);
    at = s->p;
    if (s->p == s->end)
        return fail(s, at, "helper.socket is missing");
    if (!take_key(s, key))
        return false;
    if (strcmp(key, "helper") != 0)
        return fail(s, at, other);
    if (is_at(s, '{') ? !take_flow(s, config) : !take_block(s, config))
        return false;
    (void)skip_lines(s);
    if (s->p < s->end)
        return fail(s, s->p, other);
    if (config->socket[0] == '\0')
        return fail(s, at, "helper.socket is missing");
    return true;
}

anamnesis_status client_config_read(const char *text, size_t n,
                                    struct client_config *config,
                                    struct anamnesis_error *error)
{
    struct scan s = {.p = text, .line_start = text, .line = 1};
    char why[VALUE_BYTES];

    *config = (struct client_config){.timeout_ms = 0};
    if (n == 0)
        return abi_fail(error, ANAMNESIS_E_CONFIG,
                        "configuration: helper.socket is missing");
    s.end = text + n;
    if (memchr(text, '\0', n) || !take_all(&s, config)) {
        if (s.what == NULL)
            (void)fail(&s, s.p, "it holds a NUL");
        (void)snprintf(why, sizeof(why), "configuration:%u:%u: %s", s.at_line,
                       s.at_column, s.what);
        return abi_fail(error, ANAMNESIS_E_CONFIG, why);
    }
    if (config->timeout_ms == 0)
        config->timeout_ms = MS_DEFAULT;
    return ANAMNESIS_OK;
}
