/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/abi/house_int.h"

#include "plugin/host/thread.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The one thing that the process has of us besides the table of handles. */
static struct {
    pthread_mutex_t lock;
    struct abi_house *first;
} houses = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the process ends --------------------------------------------------- */

enum { QUIT_MS = 2000 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool quitting;
static pid_t born;

bool abi_is_quitting(void)
{
    return atomic_load(&quitting);
}

static bool lock_for_a_while(pthread_mutex_t *lock)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += QUIT_MS / 1000;
    return pthread_mutex_timedlock(lock, &until) == 0;
}

/* A host that ends without destroy: what works in threads of its own has ended
 * before the libraries under it are torn down.  Not a destructor, since that of
 * the BLAS would run first.  A child of fork has none of these threads. */
static void quit(void)
{
    if (getpid() != born)
        return;
    atomic_store(&quitting, true);
    if (!lock_for_a_while(&houses.lock))
        return;
    for (struct abi_house *h = houses.first; h; h = h->next) {
        (void)abi_house_quiet(h, QUIT_MS);
        if (lock_for_a_while(&h->change)) {
            pl_running_pause(h->core->running, 0);
            (void)pthread_mutex_unlock(&h->change);
        }
    }
    (void)pthread_mutex_unlock(&houses.lock);
}

static void expect_the_end(void)
{
    (void)atexit(quit);
}

/* ---- calls under way ---------------------------------------------------- */

struct abi_core *abi_core_take(struct abi_house *h)
{
    struct abi_core *c;

    (void)pthread_mutex_lock(&h->lock);
    c = h->core;
    c->n_calls++;
    (void)pthread_mutex_unlock(&h->lock);
    return c;
}

void abi_core_give(struct abi_core *c)
{
    struct abi_house *h = c->house;

    (void)pthread_mutex_lock(&h->lock);
    if (--c->n_calls == 0)
        (void)pthread_cond_broadcast(&h->left);
    (void)pthread_mutex_unlock(&h->lock);
}

bool abi_house_quiet(struct abi_house *h, int64_t timeout_ms)
{
    int64_t until_ms = pl_now_ms() + timeout_ms;
    bool quiet, late = false;

    (void)pthread_mutex_lock(&h->lock);
    while (h->core->n_calls && !late)
        late = !pl_cond_wait(&h->left, &h->lock, until_ms);
    quiet = h->core->n_calls == 0;
    (void)pthread_mutex_unlock(&h->lock);
    return quiet;
}

/* Nobody takes it any more: wait for those who have. */
static void retire(struct abi_core *c)
{
    struct abi_house *h = c->house;

    (void)pthread_mutex_lock(&h->lock);
    while (c->n_calls)
        (void)pthread_cond_wait(&h->left, &h->lock);
    (void)pthread_mutex_unlock(&h->lock);
    abi_core_close(c);
}

/* ---- a house ------------------------------------------------------------ */

void abi_house_free(struct abi_house *h)
{
    if (h->core)
        retire(h->core);
    pl_holds_release(&h->holds);
    (void)pthread_mutex_destroy(&h->log_lock);
    (void)pthread_mutex_destroy(&h->change);
    (void)pthread_cond_destroy(&h->left);
    (void)pthread_mutex_destroy(&h->lock);
    free(h);
}

struct abi_house *abi_house_new(void)
{
    struct abi_house *h = calloc(1, sizeof(*h));

    if (h == NULL)
        return NULL;
    (void)pthread_mutex_init(&h->lock, NULL);
    pl_cond_init(&h->left);
    (void)pthread_mutex_init(&h->change, NULL);
    (void)pthread_mutex_init(&h->log_lock, NULL);
    pl_holds_init(&h->holds);
    return h;
}

static void listen(struct abi_house *h, struct anamnesis_engine *e)
{
    struct anamnesis_engine **end = &h->engine;

    (void)pthread_mutex_lock(&h->log_lock);
    while (*end)
        end = &(*end)->next;
    *end = e;
    (void)pthread_mutex_unlock(&h->log_lock);
}

static void unlisten(struct abi_house *h, const struct anamnesis_engine *e)
{
    struct anamnesis_engine **at = &h->engine;

    (void)pthread_mutex_lock(&h->log_lock);
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    (void)pthread_mutex_unlock(&h->log_lock);
}

/* Open under the list's lock, with one who listens to what goes wrong. */
static enum an_code open_house(struct anamnesis_engine *e, struct an_str config,
                               const struct an_sha256 *key, struct an_err *err)
{
    struct abi_house *h = abi_house_new();
    enum an_code rc;

    if (h == NULL)
        return an_fail_nomem(err);
    h->key = *key;
    listen(h, e);
    rc = abi_core_open(h, config, NULL, &h->core, err);
    if (rc == AN_OK)
        rc = pl_running_start(h->core->running, err);
    if (rc != AN_OK) {
        abi_house_free(h);
        return rc;
    }
    h->next = houses.first;
    houses.first = h;
    e->house = h;
    return AN_OK;
}

static enum an_code enter(struct anamnesis_engine *e, struct an_str config,
                          struct an_err *err)
{
    struct an_sha256 key;
    struct abi_house *h;
    enum an_code rc = an_sha256(config, &key, err);

    if (rc != AN_OK)
        return rc;
    (void)pthread_once(&once, expect_the_end);
    (void)pthread_mutex_lock(&houses.lock);
    born = getpid();
    for (h = houses.first; h; h = h->next)
        if (memcmp(h->key.b, key.b, sizeof(key.b)) == 0)
            break;
    if (h) {
        e->house = h;
        listen(h, e);
    } else {
        rc = open_house(e, config, &key, err);
    }
    if (rc == AN_OK)
        e->house->n_engines++;
    (void)pthread_mutex_unlock(&houses.lock);
    return rc;
}

enum an_code abi_house_enter(const struct anamnesis_host *host,
                             struct an_str config,
                             struct anamnesis_engine **out, struct an_err *err)
{
    struct anamnesis_engine *e = calloc(1, sizeof(*e));
    enum an_code rc;

    if (e == NULL)
        return an_fail_nomem(err);
    e->host = *host;
    rc = enter(e, config, err);
    if (rc != AN_OK) {
        free(e);
        return rc;
    }
    *out = e;
    return AN_OK;
}

void abi_house_leave(struct anamnesis_engine *e)
{
    struct abi_house *h = e->house, **at = &houses.first;

    (void)pthread_mutex_lock(&houses.lock);
    if (--h->n_engines == 0) {
        while (*at != h)
            at = &(*at)->next;
        *at = h->next;
        /* Its host hears the last lines too. */
        retire(h->core);
        h->core = NULL;
        unlisten(h, e);
        abi_house_free(h);
    } else {
        unlisten(h, e);
    }
    (void)pthread_mutex_unlock(&houses.lock);
    free(e);
}

/* ---- reload ------------------------------------------------------------- */

/* Never both watches nor both outboxes at once: one patient's Bundles leave in
 * order.  When the new one does not start the old one goes on; where even that
 * fails it takes messages, and what they trigger waits for the next reload. */
static enum an_code exchange(struct abi_house *h, struct abi_core *old,
                             struct abi_core *new, struct an_err *err)
{
    enum an_code rc;

    (void)pthread_mutex_lock(&h->change);
    pl_running_pause(old->running, ABI_GRACE_MS);
    rc = pl_running_start(new->running, err);
    if (rc == AN_OK) {
        (void)pthread_mutex_lock(&h->lock);
        h->core = new;
        (void)pthread_mutex_unlock(&h->lock);
    } else if (pl_running_start(old->running, NULL) != AN_OK) {
        an_log(&old->log, AN_EVENT_HOST_RELOAD_FAULT, rc, 0, 0);
    }
    (void)pthread_mutex_unlock(&h->change);
    return rc;
}

enum an_code abi_house_reload(struct abi_house *h, struct an_str config,
                              struct an_err *err)
{
    struct abi_core *old, *new;
    struct an_sha256 key;
    enum an_code rc = an_sha256(config, &key, err);

    if (rc != AN_OK)
        return rc;
    (void)pthread_mutex_lock(&houses.lock);
    old = h->core;
    rc = abi_core_open(h, config, old, &new, err);
    if (rc == AN_OK) {
        rc = exchange(h, old, new, err);
        if (rc == AN_OK) {
            h->key = key;
            retire(old);
        } else {
            abi_core_close(new);
        }
    }
    (void)pthread_mutex_unlock(&houses.lock);
    return rc;
}
