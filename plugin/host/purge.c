/* SPDX-License-Identifier: Apache-2.0 */
/* purge: remove what is not to be kept, by age or of one patient. */
#include "plugin/host/command.h"
#include "plugin/keeper.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_BYTES = 64 << 20 };

struct request {
    bool dry_run;
    int64_t before_us;              /* INT64_MIN: as configured */
    struct an_str authority, value; /* value.n 0: nobody */
};

static bool read_request(const struct pl_invocation *in, struct request *q)
{
    struct an_time t;

    *q = (struct request){.before_us = INT64_MIN};
    for (int i = 0; i < in->argc; i++) {
        if (strcmp(in->argv[i], "--dry-run") == 0) {
            q->dry_run = true;
        } else if (strcmp(in->argv[i], "--before") == 0 && i + 1 < in->argc &&
                   an_time_fhir(an_str_c(in->argv[i + 1]), NULL, &t)) {
            q->before_us = t.us;
            i++;
        } else if (strcmp(in->argv[i], "--patient") == 0 && i + 2 < in->argc &&
                   in->argv[i + 2][0]) { /* else it would be all, by age */
            q->authority = an_str_c(in->argv[i + 1]);
            q->value = an_str_c(in->argv[i + 2]);
            i += 2;
        } else {
            return false;
        }
    }
    return q->value.n == 0 || q->before_us == INT64_MIN;
}

/* --before is about the bytes of messages; else what the options say. */
static bool is_due(struct pl_engine *e, const struct request *q,
                   enum pl_purge_kind kind, struct pl_purge *what)
{
    bool due =
        pl_keeper_due(pl_engine_options(e), kind, pl_engine_now_us(e), what);

    if (q->before_us == INT64_MIN)
        return due;
    what->before_us = q->before_us;
    return kind == PL_PURGE_RAW;
}

static enum an_code purge_kind(struct pl_engine *e, struct pl_reader *reader,
                               const struct request *q, struct pl_purge *what,
                               const char *login, struct an_err *err)
{
    struct pl_purged done = {.more = true};
    enum an_code rc = AN_OK;
    int64_t n = 0;

    what->actor = an_str_c(login);
    what->role = AN_STR("operator");
    if (q->dry_run)
        rc = pl_purge_count(reader, what, &n, err);
    while (!q->dry_run && rc == AN_OK && done.more) {
        rc = pl_store_purge(pl_engine_store(e), what, &done, err);
        n += rc == AN_OK ? done.n : 0;
    }
    if (rc == AN_OK)
        (void)printf("%s: %lld %s\n", pl_purge_text(what->kind), (long long)n,
                     q->dry_run ? "would be removed" : "removed");
    return rc;
}

static enum an_code by_age(struct pl_engine *e, struct pl_reader *reader,
                           const struct request *q, const char *login,
                           struct an_err *err)
{
    enum an_code rc = AN_OK;
    bool any = false;

    for (int i = 0; rc == AN_OK && i < PL_N_PURGE_KINDS; i++) {
        struct pl_purge what;

        if (!is_due(e, q, (enum pl_purge_kind)i, &what))
            continue;
        any = true;
        rc = purge_kind(e, reader, q, &what, login, err);
    }
    if (rc == AN_OK && !any)
        (void)puts("store.retention keeps everything");
    return rc;
}

static enum an_code of_patient(struct pl_engine *e, struct pl_reader *reader,
                               struct an_arena *arena, const struct request *q,
                               const char *login, struct an_err *err)
{
    struct ctx_identifier who = {q->authority, q->value, AN_STR("")};
    struct pl_purge by = {.now_us = pl_engine_now_us(e),
                          .actor = an_str_c(login),
                          .role = AN_STR("operator")};
    struct pl_erased total = {.more = true};
    struct ctx_person person;
    enum an_code rc =
        pl_person(reader, arena, &who, CTX_AS_OF_ALL, &person, err);

    if (rc == AN_OK && q->dry_run) {
        (void)printf("%zu identifiers of one person would be erased\n",
                     person.n_members);
        return AN_OK;
    }
    if (rc == AN_OK)
        rc = pl_store_erase(pl_engine_store(e), &person, by.now_us, err);
    while (rc == AN_OK && total.more)
        rc = pl_store_erase_step(pl_engine_store(e), &by, &total, err);
    if (rc == AN_OK)
        (void)printf("erased: %lld identifiers, %lld messages, %lld "
                     "suggestions, %lld outbox rows\n",
                     (long long)total.n_identifiers,
                     (long long)total.n_messages,
                     (long long)total.n_suggestions, (long long)total.n_outbox);
    return rc;
}

int pl_command_purge(const struct pl_invocation *in)
{
    const struct passwd *user = getpwuid(getuid());
    const char *login = user ? user->pw_name : "unknown";
    struct pl_reader *reader = NULL;
    struct pl_engine *e = NULL;
    struct an_arena arena;
    struct request q;
    struct an_err err;
    enum an_code rc;

    if (!read_request(in, &q))
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = pl_invocation_engine(in, false, &e, &err);
    if (rc == AN_OK)
        rc = pl_engine_reader(e, &reader, &err);
    if (rc == AN_OK)
        rc = q.value.n ? of_patient(e, reader, &arena, &q, login, &err)
                       : by_age(e, reader, &q, login, &err);
    pl_reader_close(reader);
    if (rc == AN_OK && !q.dry_run)
        rc = pl_store_reclaim(pl_engine_store(e), &err);
    pl_engine_close(e);
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
