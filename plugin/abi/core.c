/* SPDX-License-Identifier: Apache-2.0 */
/* What one configuration comes to: a running engine, its log, its journal. */
#include "plugin/abi/house_int.h"

#include "plugin/host/thread.h"

#include <cblas.h>
#include <stdlib.h>

enum { CONFIG_BYTES = 4 << 20 };

static const char config_name[] = "configuration";

/* To the first of those who share the house and listen. */
static void sink(void *ctx, enum an_level level, const char *line, size_t n)
{
    struct abi_house *h = ctx;
    const struct anamnesis_engine *e;

    (void)pthread_mutex_lock(&h->log_lock);
    for (e = h->engine; e && e->host.log == NULL; e = e->next)
        continue;
    if (e)
        e->host.log(e->host.host_data, (int32_t)level, line, n);
    (void)pthread_mutex_unlock(&h->log_lock);
}

enum an_code abi_core_take_desk(struct abi_core *c, const char *path,
                                struct an_err *err)
{
    c->desk = calloc(1, sizeof(*c->desk));
    if (c->desk == NULL)
        return an_fail_nomem(err);
    c->desk->n_cores = 1;
    return abi_journal_open(path, &c->desk->journal, err);
}

/* The journal of the store that the configuration names: the old core's where
 * that is the same. */
static enum an_code open_desk(struct abi_core *c, const struct cfg_options *o,
                              struct abi_core *old, struct an_err *err)
{
    if (old && an_str_eq(pl_engine_options(old->running->engine)->store_path,
                         o->store_path)) {
        c->desk = old->desk;
        c->desk->n_cores++;
        return AN_OK;
    }
    return abi_core_take_desk(c, o->store_path.p, err);
}

static void close_desk(struct abi_desk *desk)
{
    if (desk == NULL || --desk->n_cores)
        return;
    abi_journal_close(desk->journal);
    free(desk);
}

enum an_code abi_core_disarm(struct abi_core *c, struct an_err *err)
{
    struct pl_store *store = pl_engine_store(c->running->engine);
    struct an_sha256 hash;
    enum an_code rc = AN_OK;
    size_t n = 0;

    while (rc == AN_OK && abi_journal_found(c->desk->journal, n, &hash)) {
        rc = pl_store_give_up(store, &hash, err);
        n++;
    }
    if (rc == AN_OK && n) {
        abi_journal_settle(c->desk->journal);
        an_log(&c->log, AN_EVENT_HOST_QUARANTINE, n, 0, 0);
    }
    return rc;
}

static enum an_code open_parts(struct abi_core *c, struct an_str config,
                               struct abi_core *old, struct an_arena *arena,
                               struct an_err *err)
{
    struct pl_engine_source from = {.config = config,
                                    .file = config_name,
                                    .log = &c->log,
                                    .clock = pl_clock_us,
                                    .thinks = true};
    struct cfg_problems problems;
    struct cfg_options options;
    enum an_code rc =
        cfg_options_read(arena, config, config_name, &options, &problems, err);

    if (rc != AN_OK)
        return rc;
    an_log_init(&c->log, -1,
                options.log_format == 1 ? AN_LOG_LOGFMT : AN_LOG_JSON,
                (enum an_level)options.log_level, pl_clock_us, NULL);
    c->log.sink = sink;
    c->log.sink_ctx = c->house;
    rc = open_desk(c, &options, old, err);
    if (rc == AN_OK)
        rc = pl_running_open(c->running, &from, &c->house->holds, err);
    if (rc == AN_OK && c->desk->n_cores == 1) /* just opened */
        rc = abi_core_disarm(c, err);
    return rc;
}

enum an_code abi_core_open(struct abi_house *h, struct an_str config,
                           struct abi_core *old, struct abi_core **out,
                           struct an_err *err)
{
    struct abi_core *c = calloc(1, sizeof(*c));
    struct an_arena arena;
    enum an_code rc;

    if (c == NULL)
        return an_fail_nomem(err);
    /* Callers are the parallelism.  Of a serial BLAS this says nothing new. */
    openblas_set_num_threads(1);
    c->house = h;
    c->running = &c->own;
    an_arena_init(&arena, CONFIG_BYTES);
    rc = open_parts(c, config, old, &arena, err);
    an_arena_free(&arena);
    if (rc != AN_OK) {
        abi_core_close(c);
        return rc;
    }
    *out = c;
    return AN_OK;
}

void abi_core_close(struct abi_core *c)
{
    if (c == NULL)
        return;
    if (c->running == &c->own)
        pl_running_close(c->running, ABI_GRACE_MS);
    close_desk(c->desk);
    free(c);
}
