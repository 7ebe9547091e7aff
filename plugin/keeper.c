/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/keeper.h"

#include "plugin/deletions.h"
#include "plugin/host/thread.h"
#include "plugin/store/rekey.h"
#include "plugin/store/resources.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { EVERY_MS = 60 * 1000, SOON_MS = 1000, PAUSE_MS = 20 };

struct pl_keeper {
    struct pl_engine *engine;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t told;
    bool stopping;
    atomic_uint_fast64_t n_faults[PL_N_KEEPER_JOBS];
    /* The thread's own: pages may be free, or old bytes in the log.  So it is
     * at first: what freed them may have died before it gave them back. */
    bool freed;
    bool is_read;             /* the log, so that it could not be emptied */
    bool is_indexed;          /* an older store has all rows of resources.h */
    struct pl_reader *reader; /* NULL until there is one */
};

bool pl_keeper_due(const struct cfg_options *o, enum pl_purge_kind kind,
                   int64_t now_us, struct pl_purge *out)
{
    const int64_t keep_ms[PL_N_PURGE_KINDS] = {
        [PL_PURGE_RAW] = o->store_keep_raw_ms,
        [PL_PURGE_EVENTS] = o->store_keep_events_ms,
        [PL_PURGE_SUGGESTIONS] = o->store_keep_said_ms};

    *out = (struct pl_purge){.kind = kind,
                             .before_us = now_us - keep_ms[kind] * 1000,
                             .now_us = now_us,
                             .actor = AN_STR("anamnesis"),
                             .role = AN_STR("system")};
    return keep_ms[kind] > 0;
}

/* False when it is told to stop. */
static bool wait_ms(struct pl_keeper *k, int64_t ms)
{
    int64_t until_ms = pl_now_ms() + ms;
    bool goes_on;

    (void)pthread_mutex_lock(&k->lock);
    while (!k->stopping && pl_cond_wait(&k->told, &k->lock, until_ms))
        continue;
    goes_on = !k->stopping;
    (void)pthread_mutex_unlock(&k->lock);
    return goes_on;
}

static void note(struct pl_keeper *k, enum pl_keeper_job job, enum an_code code,
                 const struct an_err *err)
{
    if (code == AN_OK)
        return;
    an_log(pl_engine_log(k->engine), AN_EVENT_KEEPER_FAULT, job, code,
           (uint64_t)err->sys);
    atomic_fetch_add(&k->n_faults[job], 1);
}

static bool seal_all(struct pl_keeper *k)
{
    struct pl_rekey p = {.finished = false};
    struct an_err err = {.code = AN_OK};
    enum an_code rc = AN_OK;
    bool goes_on = true;

    if (pl_engine_options(k->engine)->store_key_file.n == 0)
        return true;
    while (goes_on && rc == AN_OK && !p.finished) {
        rc = pl_store_rekey(pl_engine_store(k->engine), &p, &err);
        goes_on = rc != AN_OK || p.finished || wait_ms(k, PAUSE_MS);
    }
    k->freed = k->freed || p.n_sealed;
    note(k, PL_KEEPER_SEAL, rc, &err);
    return goes_on;
}

static bool purge_kind(struct pl_keeper *k, const struct pl_purge *what,
                       int64_t *n)
{
    struct pl_purged done = {.more = true};
    struct an_err err = {.code = AN_OK};
    enum an_code rc = AN_OK;
    bool goes_on = true;

    while (goes_on && rc == AN_OK && done.more) {
        rc = pl_store_purge(pl_engine_store(k->engine), what, &done, &err);
        *n += rc == AN_OK ? done.n : 0;
        goes_on = rc != AN_OK || !done.more || wait_ms(k, PAUSE_MS);
    }
    note(k, PL_KEEPER_PURGE, rc, &err);
    return goes_on;
}

static bool erase_all(struct pl_keeper *k)
{
    struct pl_purge who = {.now_us = pl_engine_now_us(k->engine),
                           .actor = AN_STR("anamnesis"),
                           .role = AN_STR("system")};
    struct pl_erased total = {.more = true};
    struct an_err err = {.code = AN_OK};
    enum an_code rc = AN_OK;
    bool goes_on = true;

    while (goes_on && rc == AN_OK && total.more) {
        rc =
            pl_store_erase_step(pl_engine_store(k->engine), &who, &total, &err);
        goes_on = rc != AN_OK || !total.more || wait_ms(k, PAUSE_MS);
    }
    k->freed = k->freed || total.n_messages || total.n_identifiers;
    note(k, PL_KEEPER_ERASE, rc, &err);
    return goes_on;
}

static bool purge_all(struct pl_keeper *k)
{
    const struct cfg_options *o = pl_engine_options(k->engine);
    int64_t n[PL_N_PURGE_KINDS] = {0}, now_us = pl_engine_now_us(k->engine);
    struct pl_purge what;
    bool goes_on = true;

    for (int i = 0; goes_on && i < PL_N_PURGE_KINDS; i++)
        if (pl_keeper_due(o, (enum pl_purge_kind)i, now_us, &what))
            goes_on = purge_kind(k, &what, &n[i]);
    if (n[PL_PURGE_RAW] || n[PL_PURGE_EVENTS] || n[PL_PURGE_SUGGESTIONS]) {
        an_log(pl_engine_log(k->engine), AN_EVENT_STORE_PURGED,
               (uint64_t)n[PL_PURGE_RAW], (uint64_t)n[PL_PURGE_EVENTS],
               (uint64_t)n[PL_PURGE_SUGGESTIONS]);
        k->freed = true;
    }
    return goes_on;
}

static bool reclaim(struct pl_keeper *k)
{
    struct pl_purged done = {.more = k->freed};
    struct an_err err = {.code = AN_OK};
    enum an_code rc = AN_OK;
    bool goes_on = true;

    k->is_read = false;
    if (!k->freed)
        return true;
    while (goes_on && rc == AN_OK && done.more) {
        rc = pl_store_reclaim_step(pl_engine_store(k->engine), &done, &err);
        goes_on = rc != AN_OK || !done.more || wait_ms(k, PAUSE_MS);
    }
    if (goes_on && rc == AN_OK) {
        rc = pl_store_empty_log(pl_engine_store(k->engine), &err);
        k->is_read = rc == AN_BUSY;
        k->freed = rc != AN_OK;
    }
    if (!k->is_read)
        note(k, PL_KEEPER_RECLAIM, rc, &err);
    return goes_on;
}

/* True while there is more of it. */
static bool index_step(struct pl_keeper *k)
{
    struct an_err err = {.code = AN_OK};
    bool more = false;
    enum an_code rc =
        pl_store_index_step(pl_engine_store(k->engine), &more, &err);

    k->is_indexed = rc == AN_OK && !more;
    note(k, PL_KEEPER_INDEX, rc, &err);
    return rc == AN_OK && more;
}

/* False when it failed. */
static bool withdraw(struct pl_keeper *k)
{
    struct pl_settling by = {.engine = k->engine, .feed = AN_STR("deletions")};
    struct an_err err = {.code = AN_OK};
    enum an_code rc = AN_OK;

    if (k->reader == NULL)
        rc = pl_engine_reader(k->engine, &k->reader, &err);
    if (rc == AN_OK)
        rc = pl_deletions_settle(&by, k->reader, &err);
    note(k, PL_KEEPER_WITHDRAW, rc, &err);
    return rc == AN_OK;
}

/* What fails is tried again in a minute; the rest is done. */
static bool keep(struct pl_keeper *k)
{
    return seal_all(k) && erase_all(k) && purge_all(k) && reclaim(k);
}

/* What was deleted before it came is not shown for a minute; an index that takes
 * hours lets the others have their turns. */
static bool rest(struct pl_keeper *k)
{
    int64_t until_ms = pl_now_ms() + (k->is_read ? SOON_MS : EVERY_MS);
    bool goes_on = true, withdraws = true, indexes = !k->is_indexed;

    while (goes_on && pl_now_ms() < until_ms) {
        indexes = indexes && index_step(k);
        withdraws = withdraws && withdraw(k);
        goes_on = wait_ms(k, indexes ? PAUSE_MS : SOON_MS);
    }
    return goes_on;
}

static void *run(void *arg)
{
    struct pl_keeper *k = arg;

    pl_thread_name("keeper");
    pl_thread_yield_to_others();
    while (keep(k) && rest(k))
        continue;
    pl_reader_close(k->reader);
    return NULL;
}

static void keeper_free(struct pl_keeper *k)
{
    (void)pthread_cond_destroy(&k->told);
    (void)pthread_mutex_destroy(&k->lock);
    free(k);
}

enum an_code pl_keeper_open(struct pl_engine *engine, struct pl_keeper **out,
                            struct an_err *err)
{
    struct pl_keeper *k = calloc(1, sizeof(*k));
    enum an_code rc;

    *out = NULL;
    if (k == NULL)
        return an_fail_nomem(err);
    k->engine = engine;
    k->freed = true;
    (void)pthread_mutex_init(&k->lock, NULL);
    pl_cond_init(&k->told);
    rc = pl_thread_start(&k->thread, run, k, err);
    if (rc != AN_OK) {
        keeper_free(k);
        return rc;
    }
    *out = k;
    return AN_OK;
}

uint64_t pl_keeper_faults(const struct pl_keeper *k, enum pl_keeper_job job)
{
    return atomic_load(&k->n_faults[job]);
}

void pl_keeper_close(struct pl_keeper *k)
{
    if (k == NULL)
        return;
    (void)pthread_mutex_lock(&k->lock);
    k->stopping = true;
    (void)pthread_cond_broadcast(&k->told);
    (void)pthread_mutex_unlock(&k->lock);
    (void)pthread_join(k->thread, NULL);
    keeper_free(k);
}
