/* SPDX-License-Identifier: Apache-2.0 */
/* recall: all that one version of a model has said is taken back. */
#include "plugin/host/command.h"

#include "plugin/store/outgoing.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 64 << 20 };

struct request {
    bool dry_run;
    struct an_str name, version, digest, reason; /* a digest, or the others */
};

static bool is_digest(struct an_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') ||
              (s.p[i] >= 'a' && s.p[i] <= 'f')))
            return false;
    return s.n == AN_SHA256_HEX;
}

static bool read_request(const struct pl_invocation *in, struct request *q)
{
    int n = in->argc, i = 0;
    char **v = in->argv;

    *q = (struct request){.reason = AN_STR("the model was recalled")};
    for (; i < n; i++) {
        if (strcmp(v[i], "--dry-run") == 0) {
            q->dry_run = true;
        } else if (strcmp(v[i], "--reason") == 0 && i + 1 < n && v[i + 1][0]) {
            q->reason = an_str_c(v[++i]);
        } else if (strcmp(v[i], "--model") == 0 && i + 1 < n && !q->name.n &&
                   !q->digest.n) {
            struct an_str first = an_str_c(v[++i]);

            if (is_digest(first)) {
                q->digest = first;
                continue;
            }
            if (i + 1 == n)
                return false;
            q->name = first;
            q->version = an_str_c(v[++i]);
        } else {
            return false;
        }
    }
    return q->digest.n || (q->name.n && q->version.n);
}

/* Whether a model is the one that is meant, by the latest that it said. */
static enum an_code is_meant(struct pl_reader *r, struct an_arena *arena,
                             const struct request *q, int64_t id, bool *meant,
                             struct an_err *err)
{
    struct ctx_suggestion said;
    struct pl_suggestion row;
    enum an_code rc = pl_suggestion_get(r, arena, id, &row, err);

    *meant = false;
    if (rc == AN_OK)
        rc = pl_suggestion_recall(arena, &row, &said, err);
    if (rc == AN_INTEGRITY) /* its words were removed by age */
        return AN_OK;
    *meant = rc == AN_OK && an_str_eq(said.model.name, q->name) &&
             an_str_eq(said.model.version, q->version);
    return rc;
}

/* Two packages of one name and version: nobody can tell which is meant. */
static enum an_code find_digest(struct pl_reader *r, struct an_arena *arena,
                                const struct request *q, struct an_str *digest,
                                struct an_err *err)
{
    struct an_str after = AN_STR("");
    int64_t suggestion;
    enum an_code rc;
    bool meant = false;

    *digest = q->digest;
    if (digest->n)
        return AN_OK;
    for (;;) {
        rc = pl_models_next(r, arena, after, &after, &suggestion, err);
        if (rc == AN_OK)
            rc = is_meant(r, arena, q, suggestion, &meant, err);
        if (rc != AN_OK)
            break;
        if (meant && digest->n)
            return an_fail(err, AN_CONFLICT,
                           "two models have that name and version: say the "
                           "digest",
                           0);
        if (meant)
            *digest = after;
    }
    if (rc != AN_NOTFOUND)
        return rc;
    return digest->n ? AN_OK
                     : an_fail(err, AN_NOTFOUND,
                               "no model of that name and version has said "
                               "anything that is known still: say the digest",
                               0);
}

static void print(const struct pl_recall_count *c, const char *what)
{
    (void)printf("%s%lld current suggestions, %lld resources at the receiver "
                 "to be withdrawn, %lld deliveries dropped\n",
                 what, (long long)c->n_suggestions, (long long)c->n_sent,
                 (long long)c->n_waiting);
}

static enum an_code recall(struct pl_engine *e, struct an_arena *arena,
                           const struct request *q, struct an_str digest,
                           struct an_err *err)
{
    struct pl_audit_entry who = {.time_us = pl_engine_now_us(e),
                                 .role = AN_STR("operator")};
    struct pl_recall what = {
        .digest = digest, .reason = q->reason, .who = &who};
    struct pl_recall_progress p = {.more = true};
    enum an_code rc = pl_operator(arena, q->reason, &who, err);

    while (rc == AN_OK && p.more)
        rc = pl_store_recall(pl_engine_store(e), &what, &p, err);
    if (rc == AN_OK)
        print(&p.done, "recalled: ");
    return rc;
}

int pl_command_recall(const struct pl_invocation *in)
{
    struct pl_recall_count count;
    struct pl_settings settings;
    struct pl_reader *reader = NULL;
    struct pl_engine *e = NULL;
    struct an_arena arena;
    struct an_str digest = {NULL, 0};
    struct request q;
    struct an_err err;
    enum an_code rc;

    if (!read_request(in, &q))
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = pl_invocation_reader(in, &arena, &settings, &reader, &err);
    if (rc == AN_OK)
        rc = find_digest(reader, &arena, &q, &digest, &err);
    if (rc == AN_OK && q.dry_run) {
        rc = pl_recall_count(reader, digest, &count, &err);
        if (rc == AN_OK)
            print(&count, "would be recalled: ");
    }
    pl_reader_close(reader);
    if (rc == AN_OK && !q.dry_run)
        rc = pl_invocation_engine(in, false, &e, &err);
    if (rc == AN_OK && !q.dry_run)
        rc = recall(e, &arena, &q, digest, &err);
    pl_engine_close(e);
    an_arena_free(&arena);
    return rc == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}
