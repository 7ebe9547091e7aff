/* SPDX-License-Identifier: Apache-2.0 */
/* reprocess: every stored message is read again with today's tables, and what
 * it says now takes the place of what it said.  Each group of messages is a
 * transaction that says how far it came: killed, it goes on from there, unless
 * tables or program are others by then. */
#include "plugin/deletions.h"
#include "plugin/host/command.h"
#include "plugin/host/file.h"
#include "plugin/store/purge.h"
#include "plugin/store/resources.h"

#include <stdio.h>
#include <string.h>

enum {
    GROUP = 64,
    GROUP_BYTES = 16 << 20,
    ARENA_BYTES = 1 << 30,
    PROGRAM_BYTES = 1 << 28
};

/* ---- what it is read with ------------------------------------------------ */

static enum an_code add_code(struct an_sha256_run *run,
                             const struct ctx_code *c, struct an_err *err)
{
    const struct an_str part[] = {c->system,    AN_STR("\t"), c->code,
                                  AN_STR("\t"), c->display,   AN_STR("\n")};
    enum an_code rc = AN_OK;

    for (size_t i = 0; rc == AN_OK && i < sizeof(part) / sizeof(part[0]); i++)
        rc = an_sha256_add(run, part[i], err);
    return rc;
}

static enum an_code add_site(struct an_sha256_run *run,
                             const struct ctx_site *site, struct an_err *err)
{
    enum an_code rc = AN_OK;

    for (size_t i = 0; rc == AN_OK && i < site->n_codes; i++) {
        rc = add_code(run, &site->code[i].from, err);
        if (rc == AN_OK)
            rc = add_code(run, &site->code[i].to, err);
    }
    for (size_t i = 0; rc == AN_OK && i < site->n_authorities; i++) {
        const struct ctx_code both = {site->authority[i].from,
                                      site->authority[i].to, AN_STR("")};

        rc = add_code(run, &both, err);
    }
    return rc;
}

/* The site's tables and options, and the program with those in it. */
static enum an_code name_maps(struct pl_engine *e, struct an_arena *arena,
                              struct an_sha256 *out, struct an_err *err)
{
    const struct pl_settings *s = pl_engine_settings(e);
    const char *charset = s->charset ? s->charset->name : "";
    struct an_str program = AN_STR("");
    struct an_sha256_run run;
    struct ctx_code said;
    enum an_code rc;

    if (pl_file_read(arena, "/proc/self/exe", PROGRAM_BYTES, &program, NULL) !=
        AN_OK)
        program = AN_STR("unknown");
    said = (struct ctx_code){pl_engine_options(e)->zone, an_str_c(charset),
                             s->hl7.authority};
    rc = an_sha256_begin(&run, err);
    if (rc != AN_OK)
        return rc;
    rc = an_sha256_add(&run, program, err);
    if (rc == AN_OK)
        rc = add_code(&run, &said, err); /* three with tabs between them */
    if (rc == AN_OK)
        rc = add_site(&run, &s->site, err);
    an_sha256_end(&run, rc == AN_OK ? out : NULL);
    return rc;
}

/* Where to begin: behind what a run with the same tables has done. */
static enum an_code begin(struct pl_engine *e, struct pl_reader *reader,
                          struct an_arena *arena, struct pl_progress *p,
                          struct an_err *err)
{
    struct pl_progress last;
    struct an_sha256 maps;
    enum an_code rc = name_maps(e, arena, &maps, err);

    an_arena_reset(arena);
    if (rc != AN_OK)
        return rc;
    *p = (struct pl_progress){.maps = maps};
    rc = pl_progress(reader, &last, err);
    if (rc != AN_OK)
        return rc == AN_NOTFOUND ? AN_OK : rc;
    if (last.finished || memcmp(last.maps.b, maps.b, sizeof(maps.b)) != 0)
        return AN_OK;
    *p = last;
    (void)printf("goes on after message %lld\n", (long long)p->after);
    return AN_OK;
}

/* ---- the messages -------------------------------------------------------- */

struct group {
    struct pl_job *job[GROUP];
    const struct pl_intake *intake[GROUP];
    size_t n;
};

static enum an_code read_one(struct pl_engine *e, const struct pl_message *m,
                             struct group *g, struct pl_progress *p,
                             struct an_err *err)
{
    struct pl_inbound in = {.format = m->format,
                            .feed = m->feed,
                            .received_us = m->received_us,
                            .historical = true};
    struct pl_job *job =
        pl_job_new(&in, m->bytes, pl_engine_settings(e)->arena_bytes);

    if (job == NULL)
        return an_fail_nomem(err);
    pl_job_read(job, pl_engine_settings(e));
    if (pl_job_verdict(job) != PL_ACCEPTED) {
        /* It was read once: its old events are better than none. */
        p->n_unreadable++;
        pl_job_free(job);
        return AN_OK;
    }
    g->job[g->n] = job;
    g->intake[g->n++] = pl_job_intake(job);
    return AN_OK;
}

/* The next group after p->after.  AN_NOTFOUND when there were none. */
static enum an_code next_group(struct pl_engine *e, struct pl_reader *reader,
                               struct an_arena *arena, struct pl_progress *p,
                               struct an_err *err)
{
    struct pl_receipt *receipt = an_arena_get(arena, GROUP, sizeof(*receipt));
    struct group *g = an_arena_get(arena, 1, sizeof(*g));
    struct pl_progress next = *p;
    enum an_code rc = AN_OK;
    size_t seen = 0, bytes = 0;

    if (g == NULL || receipt == NULL)
        return an_fail_nomem(err);
    while (rc == AN_OK && seen < GROUP && bytes < GROUP_BYTES) {
        struct pl_message m;

        rc = pl_message_next(reader, arena, next.after, &m, err);
        if (rc != AN_OK)
            break;
        next.after = m.id;
        seen++;
        if (m.purged_us)
            continue;
        bytes += m.bytes.n;
        rc = read_one(e, &m, g, &next, err);
    }
    if (rc == AN_NOTFOUND && seen)
        rc = AN_OK;
    if (rc == AN_NOTFOUND) {
        next.finished = true;
        rc = pl_store_replace(pl_engine_store(e), NULL, 0, receipt, &next, err);
        rc = rc == AN_OK ? AN_NOTFOUND : rc;
    } else if (rc == AN_OK) {
        rc = pl_store_replace(pl_engine_store(e), g->intake, g->n, receipt,
                              &next, err);
    }
    if (rc == AN_OK)
        *p = next;
    for (size_t i = 0; i < g->n; i++)
        pl_job_free(g->job[i]);
    return rc;
}

/* Messages of before the index of resources get their rows; what one of them said
 * may have been deleted since. */
static enum an_code withdraw(struct pl_engine *e, struct pl_reader *reader,
                             struct an_err *err)
{
    struct pl_settling by = {.engine = e, .feed = AN_STR("deletions")};
    enum an_code rc = AN_OK;
    bool more = true;

    while (rc == AN_OK && more)
        rc = pl_store_index_step(pl_engine_store(e), &more, err);
    return rc == AN_OK ? pl_deletions_settle(&by, reader, err) : rc;
}

int pl_command_reprocess(const struct pl_invocation *in)
{
    struct pl_progress p = {.after = 0};
    int64_t n_purged = 0;
    struct pl_reader *reader = NULL;
    struct pl_engine *e = NULL;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    if (in->argc)
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = pl_invocation_engine(in, false, &e, &err);
    if (rc == AN_OK)
        rc = pl_engine_reader(e, &reader, &err);
    if (rc == AN_OK)
        rc = begin(e, reader, &arena, &p, &err);
    while (rc == AN_OK) {
        rc = next_group(e, reader, &arena, &p, &err);
        an_arena_reset(&arena);
    }
    if (rc == AN_NOTFOUND && withdraw(e, reader, &err) != AN_OK)
        rc = err.code;
    if (rc == AN_NOTFOUND && pl_n_purged(reader, &n_purged, &err) != AN_OK)
        rc = err.code;
    pl_reader_close(reader);
    pl_engine_close(e);
    an_arena_free(&arena);
    if (rc != AN_NOTFOUND)
        return pl_complain(&err);
    (void)printf("%lld messages read again, %lld of them say something else "
                 "now, %lld could not be and keep their events; %lld patients "
                 "are asked about again\n",
                 (long long)p.n_read, (long long)p.n_changed,
                 (long long)p.n_unreadable, (long long)p.n_asked);
    if (n_purged)
        (void)printf(
            "%lld messages have been purged: they keep the events that "
            "they have\n",
            (long long)n_purged);
    return p.n_unreadable ? PL_EXIT_REFUSED : PL_EXIT_OK;
}
