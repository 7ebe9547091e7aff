/* SPDX-License-Identifier: Apache-2.0 */
/* kill and revive: stop an outcome, a score or a kind of text at once, and let
 * it be heard again. */
#include "plugin/host/command.h"

#include "plugin/host/say.h"
#include "plugin/host/switch_name.h"
#include "plugin/store/switches.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 64 << 20, JSON_BYTES = 4096 };

struct request {
    bool list, json;
    struct an_str name, reason, by;
};

static bool read_request(const struct pl_invocation *in, struct request *q)
{
    *q = (struct request){.json = false};
    for (int i = 0; i < in->argc; i++) {
        const char *arg = in->argv[i];
        bool has_more = i + 1 < in->argc && in->argv[i + 1][0];

        if (strcmp(arg, "--list") == 0)
            q->list = true;
        else if (strcmp(arg, "--json") == 0)
            q->json = true;
        else if (strcmp(arg, "--reason") == 0 && has_more)
            q->reason = an_str_c(in->argv[++i]);
        else if (strcmp(arg, "--by") == 0 && has_more)
            q->by = an_str_c(in->argv[++i]);
        else if (arg[0] == '-' || q->name.n)
            return false;
        else
            q->name = an_str_c(arg);
    }
    return q->list ? q->name.n + q->reason.n + q->by.n == 0
                   : q->name.n && !q->json;
}

static enum an_code print_json(struct an_arena *arena,
                               const struct pl_switch *s, struct an_err *err)
{
    char since[AN_TIME_TEXT_BYTES];
    struct an_json_out w;
    struct an_str text;
    enum an_code rc;

    an_time_print_instant(s->since_us, since);
    an_out_init(&w, arena, JSON_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "stopped", s->name);
    an_out_key_str(&w, "since", an_str_c(since));
    an_out_key_str(&w, "by", s->actor);
    an_out_key_str(&w, "role", s->role);
    an_out_key_str(&w, "reason", s->reason);
    an_out_end(&w);
    rc = an_out_done(&w, &text, err);
    if (rc == AN_OK)
        (void)printf("%.*s\n", AN_STR_ARG(text));
    return rc;
}

static void print_line(const struct pl_switch *s)
{
    char since[AN_TIME_TEXT_BYTES];

    an_time_print_instant(s->since_us, since);
    pl_say_pair("", s->name, "  ", an_str_c(since), "  ");
    pl_say_pair("", s->actor, "  ", s->reason, "\n");
}

static enum an_code list(const struct pl_invocation *in, struct an_arena *arena,
                         bool json, struct an_err *err)
{
    const struct pl_switch *all = NULL;
    struct pl_settings settings;
    struct pl_reader *reader;
    size_t n = 0;
    enum an_code rc = pl_invocation_reader(in, arena, &settings, &reader, err);

    if (rc == AN_OK)
        rc = pl_switch_list(reader, arena, &all, &n, err);
    for (size_t i = 0; rc == AN_OK && i < n; i++) {
        if (json)
            rc = print_json(arena, &all[i], err);
        else
            print_line(&all[i]);
    }
    pl_reader_close(reader);
    if (rc == AN_OK && !json)
        (void)printf("%zu are stopped\n", n);
    return rc;
}

static enum an_code turn(const struct pl_invocation *in, struct pl_engine *e,
                         struct an_arena *arena, const struct request *q,
                         struct an_err *err)
{
    struct pl_audit_entry who = {.time_us = pl_engine_now_us(e),
                                 .role = AN_STR("operator")};
    bool kills = strcmp(in->command, "kill") == 0;
    int64_t n_dropped = 0;
    enum an_code rc = pl_operator_for(arena, q->by, q->reason, &who, err);

    if (rc == AN_OK)
        rc = kills ? pl_store_kill(pl_engine_store(e), q->name, q->reason, &who,
                                   &n_dropped, err)
                   : pl_store_revive(pl_engine_store(e), q->name, &who, err);
    if (rc != AN_OK)
        return rc;
    pl_say_pair("", q->name, kills ? " is stopped" : " is heard again",
                AN_STR(""), "");
    if (kills)
        (void)printf(", %lld deliveries dropped", (long long)n_dropped);
    (void)putchar('\n');
    return AN_OK;
}

static int run(const struct pl_invocation *in, const struct request *q)
{
    bool kills = strcmp(in->command, "kill") == 0;
    struct pl_engine *e = NULL;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc = AN_OK;

    an_arena_init(&arena, ARENA_BYTES);
    if (q->list) {
        rc = list(in, &arena, q->json, &err);
    } else {
        rc = pl_invocation_engine(in, false, &e, &err);
        /* What is not known any more may still be stopped. */
        if (rc == AN_OK && kills)
            rc = pl_switch_name_check(&arena, pl_engine_options(e), q->name,
                                      &err);
        if (rc == AN_OK)
            rc = turn(in, e, &arena, q, &err);
        pl_engine_close(e);
    }
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}

int pl_command_kill(const struct pl_invocation *in)
{
    struct request q;

    return read_request(in, &q) ? run(in, &q) : pl_usage(in);
}

int pl_command_revive(const struct pl_invocation *in)
{
    struct request q;

    return read_request(in, &q) && !q.list ? run(in, &q) : pl_usage(in);
}
