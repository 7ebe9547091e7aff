/* SPDX-License-Identifier: Apache-2.0 */
/* release: texts for patients that wait for a clinician's word; release or
 * withhold one of them.  Who did it is the login, and --by where one login
 * serves several people; both stand in the audit trail. */
#include "plugin/host/command.h"

#include "base/json_out.h"
#include "plugin/host/say.h"
#include "plugin/store/outgoing.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_BYTES = 64 << 20, PAGE = 100, DETAIL_BYTES = 4096 };

struct request {
    bool list;
    enum pl_release to;
    int64_t id;
    struct an_str by, reason;
};

static bool read_request(const struct pl_invocation *in, struct request *q)
{
    uint64_t id;
    int i = 0;

    *q = (struct request){.to = PL_RELEASE_RELEASED};
    for (; i < in->argc && in->argv[i][0] == '-'; i++) {
        if (strcmp(in->argv[i], "--withhold") == 0)
            q->to = PL_RELEASE_WITHHELD;
        else if (strcmp(in->argv[i], "--by") == 0 && i + 1 < in->argc)
            q->by = an_str_c(in->argv[++i]);
        else if (strcmp(in->argv[i], "--reason") == 0 && i + 1 < in->argc)
            q->reason = an_str_c(in->argv[++i]);
        else
            return false;
    }
    q->list = i == in->argc || strcmp(in->argv[i], "list") == 0;
    if (q->list)
        return i == 0 && in->argc <= 1;
    if (in->argc - i != 1 || !an_str_u64(an_str_c(in->argv[i]), &id) ||
        id > INT64_MAX)
        return false;
    q->id = (int64_t)id;
    return true;
}

/* A statement may have line ends of its own; control bytes do nothing here. */
static void print_statement(struct an_str s)
{
    (void)fputs("    ", stdout);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\n')
            (void)fputs("\n    ", stdout);
        else
            (void)putchar(
                (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F ? ' ' : s.p[i]);
    }
    (void)putchar('\n');
}

static void print_waiting(const struct pl_suggestion *s)
{
    char time[AN_TIME_TEXT_BYTES];

    an_time_print_instant(s->created_us, time);
    (void)printf("%lld  %s", (long long)s->id, time);
    pl_say_pair("  ", s->patient.authority, " ", s->patient.value, "  ");
    (void)fputs(ctx_suggestion_text(s->kind), stdout);
    pl_say_pair(s->topic.n ? " " : "", s->topic, "  ", s->language, "\n");
    print_statement(s->statement);
}

/* 1 when the site still permits what it was made of to its reader. */
static size_t print_allowed(struct pl_engine *e, const struct pl_suggestion *s)
{
    const struct pl_policy p = pl_policy_of(pl_engine_options(e), false, false);

    if (s->audience >= CTX_N_AUDIENCES ||
        !ctx_label_allows(p.permitted[s->audience], s->needs))
        return 0;
    print_waiting(s);
    return 1;
}

static enum an_code list_waiting(struct pl_engine *e, struct an_arena *arena,
                                 struct an_err *err)
{
    const struct pl_suggestion *list;
    struct pl_reader *reader = NULL;
    size_t n = 0, n_all = 0;
    int64_t after = 0;
    enum an_code rc = pl_engine_reader(e, &reader, err);

    while (rc == AN_OK) {
        struct an_mark mark = an_arena_mark(arena);

        rc = pl_unreleased(reader, arena, after, PAGE, &list, &n, err);
        for (size_t i = 0; rc == AN_OK && i < n; i++)
            n_all += print_allowed(e, &list[i]);
        if (rc != AN_OK || n == 0)
            break;
        after = list[n - 1].id;
        an_arena_rewind(arena, mark);
    }
    pl_reader_close(reader);
    if (rc == AN_OK)
        (void)printf("%zu texts wait for a release\n", n_all);
    return rc;
}

static enum an_code settle(struct pl_engine *e, struct an_arena *arena,
                           const struct request *q, struct an_err *err)
{
    const struct passwd *user = getpwuid(getuid());
    struct pl_audit_entry who = {.time_us = pl_engine_now_us(e),
                                 .role = AN_STR("clinician")};
    struct an_json_out w;
    enum an_code rc;

    if (user == NULL)
        return an_fail(err, AN_NOTFOUND, "the login has no name", 0);
    who.actor = q->by.n ? q->by : an_str_c(user->pw_name);
    an_out_init(&w, arena, DETAIL_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "via", AN_STR("command line"));
    an_out_key_str(&w, "login", an_str_c(user->pw_name));
    if (q->reason.n)
        an_out_key_str(&w, "reason", q->reason);
    an_out_end(&w);
    rc = an_out_done(&w, &who.details, err);
    if (rc == AN_OK)
        rc = pl_store_release(pl_engine_store(e), q->id, q->to, &who, err);
    if (rc == AN_OK)
        (void)printf("%lld is %s\n", (long long)q->id, pl_release_text(q->to));
    return rc;
}

int pl_command_release(const struct pl_invocation *in)
{
    struct pl_engine *e = NULL;
    struct an_arena arena;
    struct an_err err;
    struct request q;
    enum an_code rc;

    if (!read_request(in, &q))
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = pl_invocation_engine(in, false, &e, &err);
    if (rc == AN_OK)
        rc = q.list ? list_waiting(e, &arena, &err)
                    : settle(e, &arena, &q, &err);
    pl_engine_close(e);
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
