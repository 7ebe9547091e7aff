/* SPDX-License-Identifier: Apache-2.0 */
/* show: one patient's timeline, as known now or as of a moment. */
#include "plugin/host/command.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 30, TEXT_WIDTH = 60, ID_WIDTH = 256 };

struct request {
    struct an_str authority, value;
    int64_t as_of_us;
    bool sources;
};

static bool read_request(const struct pl_invocation *in, struct request *q)
{
    struct an_time t;
    int i = 0;

    *q = (struct request){.as_of_us = CTX_AS_OF_ALL};
    for (; i < in->argc && in->argv[i][0] == '-'; i++) {
        if (strcmp(in->argv[i], "--sources") == 0) {
            q->sources = true;
        } else if (strcmp(in->argv[i], "--as-of") == 0 && i + 1 < in->argc &&
                   an_time_fhir(an_str_c(in->argv[i + 1]), NULL, &t)) {
            q->as_of_us = t.us;
            i++;
        } else {
            return false;
        }
    }
    if (in->argc - i == 2)
        q->authority = an_str_c(in->argv[i++]);
    if (in->argc - i != 1)
        return false;
    q->value = an_str_c(in->argv[i]);
    return q->value.n > 0;
}

/* One line of text, whatever is in it: control bytes become blanks. */
static void print_text(struct an_str s, size_t width)
{
    size_t n = s.n < width ? s.n : width;

    /* Not in the middle of a character. */
    while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++)
        (void)putchar((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F ? ' '
                                                                    : s.p[i]);
    if (n < s.n)
        (void)fputs("...", stdout);
}

static void print_pair(const char *before, struct an_str a, const char *between,
                       struct an_str b, const char *after)
{
    (void)fputs(before, stdout);
    print_text(a, ID_WIDTH);
    (void)fputs(between, stdout);
    print_text(b, ID_WIDTH);
    (void)fputs(after, stdout);
}

static void print_value(const struct ctx_event *e)
{
    const struct ctx_value *v = &e->value;

    if (v->kind == CTX_VALUE_NONE)
        return;
    (void)fputs("  ", stdout);
    if (v->kind == CTX_VALUE_QUANTITY) {
        print_text(v->comparator, TEXT_WIDTH);
        print_text(v->literal, TEXT_WIDTH);
        (void)putchar(' ');
        print_text(v->unit, TEXT_WIDTH);
    } else if (v->kind == CTX_VALUE_CODE) {
        print_text(v->code.display.n ? v->code.display : v->code.code,
                   TEXT_WIDTH);
    } else {
        print_text(v->text, TEXT_WIDTH);
    }
    if (e->low.n + e->high.n)
        print_pair(" (", e->low, "..", e->high, ")");
    if (e->flag.n)
        print_pair(" ", e->flag, "", AN_STR(""), "");
}

static void print_event(const struct ctx_event *e, const struct request *q)
{
    char time[AN_TIME_TEXT_BYTES];

    an_time_print_fhir(e->effective, time);
    (void)printf("%-26s %-17s ", time[0] ? time : "(no time)",
                 ctx_kind_text(e->kind));
    print_text(e->concept.display.n ? e->concept.display : e->concept.code,
               TEXT_WIDTH);
    if (e->concept.display.n && e->concept.code.n)
        print_pair(" [", e->concept.code, "]", AN_STR(""), "");
    print_value(e);
    if (e->status != CTX_STATUS_FINAL)
        (void)printf("  (%s)", ctx_status_text(e->status));
    if (q->sources)
        print_pair("  <- ", e->place, " of message ",
                   an_str_sub(e->message, 0, 12), "");
    (void)putchar('\n');
}

static void print_person(const struct ctx_person *p)
{
    for (size_t i = 0; i < p->n_members; i++) {
        const struct ctx_identifier *id = &p->member[i].id;

        print_pair(i == p->current ? "patient " : "  also ", id->authority, " ",
                   id->value, p->member[i].retired ? " (merged)\n" : "\n");
    }
}

static enum an_code show(struct pl_reader *reader, struct an_arena *arena,
                         const struct request *q, struct an_err *err)
{
    struct pl_history history;
    struct pl_found found;
    enum an_code rc =
        pl_find(reader, arena, q->authority, q->value, &found, err);

    if (rc != AN_OK)
        return rc;
    if (found.n > 1) {
        (void)puts("several patients have this number; name its authority:");
        for (size_t i = 0; i < found.n; i++)
            print_pair("  ", found.id[i].authority, " ", found.id[i].value,
                       "\n");
        return an_fail(err, AN_CONFLICT, "the number alone is not enough", 0);
    }
    rc = pl_history(reader, arena, &found.id[0], q->as_of_us, &history, err);
    if (rc != AN_OK)
        return rc;
    print_person(&history.person);
    (void)printf("%zu events, chosen from %zu that were said\n",
                 history.timeline.n_events, history.n_said);
    for (size_t i = 0; i < history.timeline.n_events; i++)
        print_event(history.timeline.event[i], q);
    return AN_OK;
}

int pl_command_show(const struct pl_invocation *in)
{
    struct pl_reader *reader = NULL;
    struct cfg_problems problems;
    struct cfg_options options;
    struct an_arena arena;
    struct request q;
    struct an_err err;
    enum an_code rc;

    if (!read_request(in, &q))
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = cfg_options_read(&arena, in->config,
                          in->config_file ? in->config_file : "defaults",
                          &options, &problems, &err);
    if (rc == AN_OK)
        rc = pl_reader_open(options.store_path.p, 0, &reader, &err);
    if (rc == AN_OK)
        rc = show(reader, &arena, &q, &err);
    pl_reader_close(reader);
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
