/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/running.h"

enum { ORIGIN_BYTES = 1 << 16 };

enum an_code pl_running_open(struct pl_running *r,
                             const struct pl_engine_source *from,
                             struct pl_holds *holds, struct an_err *err)
{
    struct pl_consult_source consult;
    enum an_code rc;

    *r = (struct pl_running){.holds = holds, .clock = from->clock};
    rc = pl_engine_open(from, &r->engine, err);
    if (rc != AN_OK)
        return rc;
    (void)pthread_mutex_init(&r->lock, NULL);
    consult = pl_engine_consult(r->engine);
    if (consult.policy->switches)
        rc = pl_switching_open(r->engine, &r->switching, err);
    if (rc == AN_OK && consult.mind)
        rc = pl_consultants_open(&consult, (uint32_t)consult.options->workers,
                                 &r->consultants, err);
    if (rc != AN_OK)
        pl_running_close(r, 0);
    return rc;
}

/* What another model or a demonstration left in the outbox stays here. */
static enum an_code keep_own(struct pl_running *r, struct an_err *err)
{
    struct pl_consult_source consult = pl_engine_consult(r->engine);
    struct ctx_model_id model;
    struct an_arena arena;
    struct an_str origin;
    enum an_code rc;

    if (consult.mind == NULL)
        return AN_OK;
    model = pl_mind_model(consult.mind);
    an_arena_init(&arena, ORIGIN_BYTES);
    rc = pl_naming_origin(&arena, consult.policy, &model, &origin, err);
    if (rc == AN_OK)
        rc = pl_store_outbox_keep(consult.store, origin, r->clock(NULL), err);
    an_arena_free(&arena);
    return rc;
}

static enum an_code open_outbox(struct pl_running *r, struct pl_outbox **out,
                                struct an_err *err)
{
    const struct cfg_options *o = pl_engine_options(r->engine);
    struct pl_outbox_options options = pl_outbox_options_of(o);
    enum an_code rc = keep_own(r, err);

    *out = NULL;
    if (rc != AN_OK || o->outbox_url.n == 0)
        return rc;
    options.store = pl_engine_store(r->engine);
    options.store_path = o->store_path.p;
    options.key_file = o->store_key_file.p;
    options.policy = pl_engine_policy(r->engine);
    options.log = pl_engine_log(r->engine);
    options.clock = r->clock;
    return pl_outbox_open(&options, out, err);
}

static enum an_code open_filer(struct pl_running *r, struct an_err *err)
{
    const struct cfg_options *o = pl_engine_options(r->engine);
    struct pl_filer_options options = {.options = o,
                                       .store = pl_engine_store(r->engine),
                                       .policy = pl_engine_policy(r->engine),
                                       .log = pl_engine_log(r->engine),
                                       .clock = r->clock};
    struct pl_filer *filer = NULL;
    enum an_code rc = o->hl7_out_address.host.n
                          ? pl_filer_open(&options, &filer, err)
                          : AN_OK;

    (void)pthread_mutex_lock(&r->lock);
    r->filer = filer;
    (void)pthread_mutex_unlock(&r->lock);
    return rc;
}

static void posted(void *user)
{
    pl_running_posted(user);
}

static enum an_code open_watch(struct pl_running *r, struct pl_watch **out,
                               struct an_err *err)
{
    struct pl_watch_options options = {.consult = pl_engine_consult(r->engine),
                                       .holds = r->holds,
                                       .log = pl_engine_log(r->engine),
                                       .clock = r->clock,
                                       .posted = posted,
                                       .user = r};

    *out = NULL;
    if (options.consult.mind == NULL)
        return AN_OK;
    options.n_threads = (uint32_t)options.consult.options->workers;
    return pl_watch_open(&options, out, err);
}

enum an_code pl_running_start(struct pl_running *r, struct an_err *err)
{
    struct pl_feeds *feeds = pl_engine_feeds(r->engine);
    struct pl_outbox *outbox;
    struct pl_watch *watch = NULL;
    enum an_code rc = open_outbox(r, &outbox, err);

    if (rc != AN_OK)
        return rc;
    if (feeds)
        rc = pl_feeds_start(feeds, pl_engine_options(r->engine), r->clock, err);
    if (rc != AN_OK) {
        pl_outbox_close(outbox, 0);
        return rc;
    }
    (void)pthread_mutex_lock(&r->lock);
    r->outbox = outbox;
    (void)pthread_mutex_unlock(&r->lock);
    rc = open_filer(r, err);
    if (rc == AN_OK)
        rc = open_watch(r, &watch, err);
    if (rc != AN_OK) {
        pl_running_pause(r, 0);
        return rc;
    }
    (void)pthread_mutex_lock(&r->lock);
    r->watch = watch;
    (void)pthread_mutex_unlock(&r->lock);
    rc = pl_keeper_open(r->engine, &r->keeper, err);
    if (rc != AN_OK)
        pl_running_pause(r, 0);
    return rc;
}

/* The watch wakes those who send, so it goes first. */
void pl_running_pause(struct pl_running *r, int64_t grace_ms)
{
    struct pl_outbox *outbox;
    struct pl_filer *filer;
    struct pl_watch *watch;

    pl_keeper_close(r->keeper);
    r->keeper = NULL;
    (void)pthread_mutex_lock(&r->lock);
    watch = r->watch;
    r->watch = NULL;
    (void)pthread_mutex_unlock(&r->lock);
    pl_watch_close(watch);
    (void)pthread_mutex_lock(&r->lock);
    outbox = r->outbox;
    filer = r->filer;
    r->outbox = NULL;
    r->filer = NULL;
    (void)pthread_mutex_unlock(&r->lock);
    pl_outbox_close(outbox, grace_ms);
    pl_filer_close(filer, grace_ms);
    if (pl_engine_feeds(r->engine))
        pl_feeds_stop(pl_engine_feeds(r->engine));
}

void pl_running_wake(struct pl_running *r)
{
    (void)pthread_mutex_lock(&r->lock);
    if (r->watch)
        pl_watch_wake(r->watch);
    (void)pthread_mutex_unlock(&r->lock);
}

void pl_running_posted(struct pl_running *r)
{
    (void)pthread_mutex_lock(&r->lock);
    if (r->outbox)
        pl_outbox_wake(r->outbox);
    if (r->filer)
        pl_filer_wake(r->filer);
    (void)pthread_mutex_unlock(&r->lock);
}

struct pl_running_counts pl_running_count(struct pl_running *r)
{
    struct pl_running_counts c = {.thinks = false};

    (void)pthread_mutex_lock(&r->lock);
    if (r->watch) {
        c.thinks = true;
        pl_watch_counts(r->watch, &c.watch);
    }
    if (r->outbox) {
        c.delivers = true;
        pl_outbox_counts(r->outbox, &c.outbox);
    }
    if (r->filer) {
        c.files = true;
        pl_filer_counts(r->filer, &c.filer);
    }
    (void)pthread_mutex_unlock(&r->lock);
    return c;
}

void pl_running_stop(struct pl_running *r, int64_t grace_ms)
{
    /* Callbacks of the committer wake the watch, which writes to the store and
     * wakes the outbox. */
    pl_engine_stop(r->engine);
    pl_running_pause(r, grace_ms);
    pl_consultants_close(r->consultants);
    r->consultants = NULL;
}

void pl_running_close(struct pl_running *r, int64_t grace_ms)
{
    if (r->engine == NULL)
        return;
    pl_running_stop(r, grace_ms);
    pl_switching_close(r->switching);
    r->switching = NULL;
    pl_engine_close(r->engine);
    r->engine = NULL;
    (void)pthread_mutex_destroy(&r->lock);
}
