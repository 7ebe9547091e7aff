/* SPDX-License-Identifier: Apache-2.0 */
/* reprocess: every stored message is read again with today's tables, and its
 * events replaced.  Safe to stop and to repeat: each group is a transaction. */
#include "plugin/host/command.h"

#include <stdio.h>

enum { GROUP = 64, GROUP_BYTES = 16 << 20, ARENA_BYTES = 1 << 30 };

struct counts {
    unsigned long long n_read, n_unreadable;
};

/* Read the next group of messages after *after, and put their events in place
 * of the old ones.  AN_NOTFOUND when there were none. */
static enum an_code next_group(struct pl_engine *e, struct pl_reader *reader,
                               struct an_arena *arena, int64_t *after,
                               struct counts *counts, struct an_err *err)
{
    struct pl_job *job[GROUP] = {NULL};
    const struct pl_intake *intake[GROUP];
    struct pl_receipt receipt[GROUP];
    enum an_code rc = AN_OK;
    size_t n = 0, seen = 0, bytes = 0;

    while (rc == AN_OK && seen < GROUP && bytes < GROUP_BYTES) {
        struct pl_message m;
        struct pl_inbound in;

        rc = pl_message_next(reader, arena, *after, &m, err);
        if (rc != AN_OK)
            break;
        *after = m.id;
        seen++;
        bytes += m.bytes.n;
        in = (struct pl_inbound){.format = m.format,
                                 .feed = m.feed,
                                 .received_us = m.received_us,
                                 .historical = true};
        job[n] = pl_job_new(&in, m.bytes, pl_engine_settings(e)->arena_bytes);
        if (job[n] == NULL) {
            rc = an_fail_nomem(err);
            break;
        }
        pl_job_read(job[n], pl_engine_settings(e));
        if (pl_job_verdict(job[n]) == PL_REFUSED) {
            /* It was read once: its old events are better than none. */
            counts->n_unreadable++;
            pl_job_free(job[n]);
            continue;
        }
        intake[n] = pl_job_intake(job[n]);
        n++;
    }
    if (rc == AN_NOTFOUND && seen)
        rc = AN_OK;
    if (rc == AN_OK && n)
        rc = pl_store_replace(pl_engine_store(e), intake, n, receipt, err);
    if (rc == AN_OK)
        counts->n_read += n;
    for (size_t i = 0; i < n; i++)
        pl_job_free(job[i]);
    return rc;
}

int pl_command_reprocess(const struct pl_invocation *in)
{
    struct counts counts = {0, 0};
    struct pl_reader *reader = NULL;
    struct pl_engine *e = NULL;
    struct an_arena arena;
    struct an_err err;
    int64_t after = 0;
    enum an_code rc;

    if (in->argc)
        return pl_usage(in);
    an_arena_init(&arena, ARENA_BYTES);
    rc = pl_invocation_engine(in, false, &e, &err);
    if (rc == AN_OK)
        rc = pl_engine_reader(e, &reader, &err);
    while (rc == AN_OK) {
        rc = next_group(e, reader, &arena, &after, &counts, &err);
        an_arena_reset(&arena);
    }
    pl_reader_close(reader);
    pl_engine_close(e);
    an_arena_free(&arena);
    if (rc != AN_NOTFOUND)
        return pl_complain(&err);
    (void)printf("%llu messages read again, %llu could not be and keep their "
                 "events\n",
                 counts.n_read, counts.n_unreadable);
    return counts.n_unreadable ? PL_EXIT_REFUSED : PL_EXIT_OK;
}
