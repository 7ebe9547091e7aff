/* SPDX-License-Identifier: Apache-2.0 */
/* outbox: what is not delivered, and what is to become of it. */
#include "plugin/host/command.h"

#include "base/json_out.h"
#include "plugin/host/thread.h"
#include "plugin/store/outgoing.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_BYTES = 16 << 20, PAGE = 100, DETAIL_BYTES = 4096 };
enum { US_PER_S = 1000000 };

struct request {
    enum { LIST, RETRY, DROP } what;
    bool json;
    int64_t id; /* 0: all */
    struct an_str reason;
};

static bool read_id(const char *text, int64_t *id)
{
    uint64_t v;

    if (!an_str_u64(an_str_c(text), &v) || v == 0 || v > INT64_MAX)
        return false;
    *id = (int64_t)v;
    return true;
}

static bool read_request(const struct pl_invocation *in, struct request *q)
{
    const char *what = in->argc ? in->argv[0] : "list";
    int n = in->argc;
    char **v = in->argv;

    *q = (struct request){.what = LIST};
    if (strcmp(what, "list") == 0) {
        q->json = n == 2 && strcmp(v[1], "--json") == 0;
        return n < 2 || q->json;
    }
    if (strcmp(what, "retry") == 0) {
        q->what = RETRY;
        return n == 2 && (strcmp(v[1], "--all") == 0 || read_id(v[1], &q->id));
    }
    q->what = DROP;
    if (strcmp(what, "drop") != 0 || n != 4 || strcmp(v[1], "--reason") != 0 ||
        v[2][0] == '\0')
        return false;
    q->reason = an_str_c(v[2]);
    return read_id(v[3], &q->id);
}

static void print_line(const struct pl_unsettled *row, int64_t now_us)
{
    (void)printf("%lld  patient %lld  %s  %s  %lld s old  %d attempts",
                 (long long)row->id, (long long)row->patient,
                 pl_outbox_kind_text(row->kind), pl_outbox_text(row->state),
                 (long long)((now_us - row->created_us) / US_PER_S),
                 row->attempts);
    if (row->error)
        (void)printf("  error %d", row->error);
    (void)putchar('\n');
}

static enum an_code print_json(struct an_arena *arena,
                               const struct pl_unsettled *row, int64_t now_us,
                               struct an_err *err)
{
    struct an_json_out out;
    struct an_str text;
    enum an_code rc;

    an_out_init(&out, arena, DETAIL_BYTES);
    an_out_object(&out);
    an_out_key(&out, "id");
    an_out_i64(&out, row->id);
    an_out_key(&out, "patient");
    an_out_i64(&out, row->patient);
    an_out_key_str(&out, "kind", an_str_c(pl_outbox_kind_text(row->kind)));
    an_out_key_str(&out, "state", an_str_c(pl_outbox_text(row->state)));
    an_out_key(&out, "ageSeconds");
    an_out_i64(&out, (now_us - row->created_us) / US_PER_S);
    an_out_key(&out, "attempts");
    an_out_i64(&out, row->attempts);
    an_out_key(&out, "error");
    an_out_i64(&out, row->error);
    an_out_end(&out);
    rc = an_out_done(&out, &text, err);
    if (rc == AN_OK)
        (void)printf("%.*s\n", AN_STR_ARG(text));
    return rc;
}

static enum an_code list(const struct pl_invocation *in, struct an_arena *arena,
                         const struct request *q, struct an_err *err)
{
    struct pl_unsettled row[PAGE];
    struct pl_settings settings;
    struct pl_reader *reader;
    int64_t after = 0, now_us = pl_clock_us(NULL);
    size_t n = 0, n_all = 0;
    enum an_code rc = pl_invocation_reader(in, arena, &settings, &reader, err);

    while (rc == AN_OK) {
        struct an_mark mark = an_arena_mark(arena);

        rc = pl_outbox_list(reader, after, PAGE, row, &n, err);
        for (size_t i = 0; rc == AN_OK && i < n; i++) {
            if (q->json)
                rc = print_json(arena, &row[i], now_us, err);
            else
                print_line(&row[i], now_us);
        }
        n_all += n;
        if (rc != AN_OK || n < PAGE)
            break;
        after = row[n - 1].id;
        an_arena_rewind(arena, mark);
    }
    pl_reader_close(reader);
    if (rc == AN_OK && !q->json)
        (void)printf("%zu rows are not settled\n", n_all);
    return rc;
}

static enum an_code operate(struct pl_engine *e, struct an_arena *arena,
                            const struct request *q, struct an_err *err)
{
    struct pl_audit_entry who = {.time_us = pl_engine_now_us(e),
                                 .role = AN_STR("operator")};
    int64_t n = 0;
    enum an_code rc = pl_operator(arena, q->reason, &who, err);

    if (rc != AN_OK)
        return rc;
    if (q->what == DROP) {
        rc = pl_store_outbox_drop(pl_engine_store(e), q->id, &who, err);
        if (rc == AN_OK)
            (void)printf("%lld is dropped\n", (long long)q->id);
        return rc;
    }
    rc = pl_store_outbox_retry(pl_engine_store(e), q->id, &who, &n, err);
    if (rc == AN_OK)
        (void)printf("%lld rows are tried again\n", (long long)n);
    return rc;
}

enum an_code pl_operator(struct an_arena *arena, struct an_str reason,
                         struct pl_audit_entry *who, struct an_err *err)
{
    return pl_operator_for(arena, AN_STR(""), reason, who, err);
}

enum an_code pl_operator_for(struct an_arena *arena, struct an_str by,
                             struct an_str reason, struct pl_audit_entry *who,
                             struct an_err *err)
{
    const struct passwd *user = getpwuid(getuid());
    struct an_json_out w;

    if (user == NULL)
        return an_fail(err, AN_NOTFOUND, "the login has no name", 0);
    if (!an_arena_str(arena, by.n ? by : an_str_c(user->pw_name), &who->actor))
        return an_fail_nomem(err);
    an_out_init(&w, arena, DETAIL_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "via", AN_STR("command line"));
    if (by.n)
        an_out_key_str(&w, "login", an_str_c(user->pw_name));
    an_out_key_str(&w, "reason", reason);
    an_out_end(&w);
    return an_out_done(&w, &who->details, err);
}

int pl_command_outbox(const struct pl_invocation *in)
{
    struct pl_engine *e = NULL;
    struct an_arena arena;
    struct an_err err;
    struct request q;
    enum an_code rc;

    if (!read_request(in, &q))
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    if (q.what == LIST) {
        rc = list(in, &arena, &q, &err);
    } else {
        rc = pl_invocation_engine(in, false, &e, &err);
        if (rc == AN_OK)
            rc = operate(e, &arena, &q, &err);
        pl_engine_close(e);
    }
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
