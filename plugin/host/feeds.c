/* SPDX-License-Identifier: Apache-2.0 */
/* feeds: who sends here, when last, and how long each may be silent now; which of
 * them is not waited for any more. */
#include "plugin/host/command.h"

#include "plugin/host/say.h"
#include "plugin/host/thread.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 64 << 20, NAME_WIDTH = 1024 };

static void put_span(int64_t ms, char *text, size_t n)
{
    if (ms < 0)
        (void)snprintf(text, n, "-");
    else if (ms < 120000)
        (void)snprintf(text, n, "%llds", (long long)(ms / 1000));
    else if (ms < INT64_C(2) * 3600000)
        (void)snprintf(text, n, "%lldm", (long long)(ms / 60000));
    else
        (void)snprintf(text, n, "%lldh", (long long)(ms / 3600000));
}

static void print(const struct pl_feed_state *s, int64_t now_us)
{
    char last[AN_TIME_TEXT_BYTES] = "never", ago[32], limit[32];
    int64_t ago_ms = s->last_us ? (now_us - s->last_us) / 1000 : -1;

    if (s->last_us)
        (void)an_time_print_instant(s->last_us, last);
    put_span(ago_ms, ago, sizeof(ago));
    put_span(s->limit_ms ? s->limit_ms : -1, limit, sizeof(limit));
    (void)printf("%016" PRIx64 "  %-24s  %6s ago  may be silent %6s%s  ",
                 s->hash, last, ago, limit,
                 s->limit_ms && ago_ms > s->limit_ms ? "  SILENT" : "");
    pl_say_text(s->name, NAME_WIDTH);
    (void)putchar('\n');
}

/* By its name, or by its hash as it is printed. */
static bool is_called(const struct pl_feed_state *s, const char *what)
{
    char hash[32];

    (void)snprintf(hash, sizeof(hash), "%016" PRIx64, s->hash);
    return an_str_eq(s->name, an_str_c(what)) || strcmp(hash, what) == 0;
}

static enum an_code close_gaps(const struct cfg_options *o,
                               const struct pl_feed_state *s, size_t n,
                               const char *what, struct an_err *err)
{
    for (size_t i = 0; i < n; i++) {
        enum an_code rc;

        if (!is_called(&s[i], what))
            continue;
        rc = pl_feeds_mark(o, s[i].hash, pl_clock_us(NULL), err);
        if (rc == AN_OK)
            pl_say_pair("", s[i].name,
                        ": what is missing of it now is not waited for",
                        AN_STR(""), "\n");
        return rc;
    }
    return an_fail(err, AN_NOTFOUND, "nobody of that name sends here", 0);
}

/* `closing` NULL: only print them. */
static enum an_code list(struct an_arena *arena, const struct cfg_options *o,
                         const struct an_zone *zone, const char *closing,
                         struct an_err *err)
{
    struct pl_feeds_options options = {.options = o, .zone = zone};
    struct pl_feeds_now now = {.us = pl_clock_us(NULL), .ms = pl_now_ms()};
    const struct pl_feed_state *state;
    struct pl_feeds *feeds;
    size_t n = 0;
    enum an_code rc = pl_feeds_open(&options, &feeds, err);

    if (rc == AN_OK)
        rc = pl_feeds_read(feeds, o, err);
    if (rc == AN_OK) {
        state = pl_feeds_list(feeds, arena, &now, &n);
        for (size_t i = 0; state && !closing && i < n; i++)
            print(&state[i], now.us);
        rc = state ? AN_OK : an_fail_nomem(err);
        if (rc == AN_OK && closing)
            rc = close_gaps(o, state, n, closing, err);
    }
    pl_feeds_close(feeds);
    return rc;
}

int pl_command_feeds(const struct pl_invocation *in)
{
    struct pl_settings settings;
    struct cfg_options o;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    if (in->argc && (in->argc != 2 || strcmp(in->argv[0], "--close") != 0))
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = pl_invocation_options(in, &arena, &o, &err);
    if (rc == AN_OK)
        rc = pl_settings_make(&arena, &o, &settings, &err);
    if (rc == AN_OK)
        rc = list(&arena, &o, &settings.hl7.zone, in->argc ? in->argv[1] : NULL,
                  &err);
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
