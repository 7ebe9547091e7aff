/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/jose/keyring.h"

#include "plugin/fetch/fetch.h"
#include "plugin/host/file.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
    FRESH_MS = 600000,
    FRESH_MOST_S = 86400,
    SET_BYTES = 1 << 20 /* of an arena */
};

/* One set and its memory. */
struct set {
    struct an_arena arena;
    struct pl_keys keys;
};

struct pl_keyring {
    struct pl_keyring_options options;
    struct pl_fetch *fetch; /* used by whoever has set is_busy */
    pthread_mutex_t lock;   /* for what follows */
    pthread_cond_t is_done;
    struct set *set; /* NULL: none was had so far */
    bool is_busy, was_tried, has_failed;
    int64_t tried_ms, fresh_until_ms;
    struct pl_keyring_counts counts;
};

static void set_free(struct set *set)
{
    if (set == NULL)
        return;
    an_arena_free(&set->arena);
    free(set);
}

enum an_code pl_keyring_open(const struct pl_keyring_options *options,
                             struct pl_keyring **out, struct an_err *err)
{
    struct pl_keyring *ring = calloc(1, sizeof(*ring));
    struct pl_fetch_options fetch = {.base = options->client->jwks.p,
                                     .token_file = "",
                                     .no_token = "",
                                     .timeout_ms = options->timeout_ms};
    pthread_condattr_t attr;
    enum an_code rc = AN_OK;

    *out = NULL;
    if (ring == NULL)
        return an_fail_nomem(err);
    ring->options = *options;
    pthread_mutex_init(&ring->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&ring->is_done, &attr);
    pthread_condattr_destroy(&attr);
    if (options->client->is_url)
        rc = pl_fetch_open(&fetch, &ring->fetch, err);
    if (rc != AN_OK) {
        pl_keyring_close(ring);
        return rc;
    }
    *out = ring;
    return AN_OK;
}

void pl_keyring_close(struct pl_keyring *ring)
{
    if (ring == NULL)
        return;
    pl_fetch_close(ring->fetch);
    set_free(ring->set);
    pthread_cond_destroy(&ring->is_done);
    pthread_mutex_destroy(&ring->lock);
    free(ring);
}

struct pl_keyring_counts pl_keyring_counts(struct pl_keyring *ring)
{
    struct pl_keyring_counts counts;

    pthread_mutex_lock(&ring->lock);
    counts = ring->counts;
    pthread_mutex_unlock(&ring->lock);
    return counts;
}

/* ---- from the source ---------------------------------------------------- */

/* What Cache-Control says, within bounds. */
static int64_t fresh_ms(struct an_str cache_control, int64_t least_ms)
{
    struct an_str part, name;
    int64_t ms = FRESH_MS;
    uint64_t s;

    while (an_str_cut(&cache_control, ',', &part)) {
        part = an_str_trim(part);
        if (an_str_eq_nocase(part, AN_STR("no-store")) ||
            an_str_eq_nocase(part, AN_STR("no-cache")))
            return least_ms;
        if (an_str_cut(&part, '=', &name) &&
            an_str_eq_nocase(name, AN_STR("max-age")) && part.p &&
            an_str_u64(part, &s))
            ms = 1000 * (int64_t)(s < FRESH_MOST_S ? s : FRESH_MOST_S);
    }
    return ms > least_ms ? ms : least_ms;
}

static enum an_code get_bytes(struct pl_keyring *ring, struct an_arena *arena,
                              struct an_str *bytes, int64_t *fresh,
                              long *status)
{
    const struct pl_client_row *client = ring->options.client;
    struct pl_fetch_request q = {
        .method = PL_FETCH_GET,
        .url = client->jwks.p,
        .header = {"Accept: application/jwk-set+json, application/json"},
        .anonymous = true,
        .limit_bytes = PL_KEYS_BYTES};
    struct pl_fetch_answer a;
    enum an_code rc;

    *status = 0;
    *fresh = ring->options.refresh_ms;
    if (!client->is_url)
        return pl_file_read(arena, client->jwks.p, PL_KEYS_BYTES, bytes, NULL);
    rc = pl_fetch_ask(ring->fetch, arena, &q, &a, NULL);
    if (rc != AN_OK)
        return rc;
    *status = a.status;
    *bytes = a.body;
    *fresh = fresh_ms(a.cache_control, ring->options.refresh_ms);
    return a.status == 200 ? AN_OK : AN_IO;
}

/* NULL and a line in the log when there is no good one. */
static struct set *get_set(struct pl_keyring *ring, int64_t *fresh)
{
    struct set *set = calloc(1, sizeof(*set));
    struct an_str bytes = AN_STR("");
    enum an_code rc = AN_NOMEM;
    long status = 0;

    if (set) {
        an_arena_init(&set->arena, SET_BYTES);
        rc = get_bytes(ring, &set->arena, &bytes, fresh, &status);
        if (rc == AN_OK)
            rc = pl_keys_read(&set->arena, bytes, &set->keys, NULL);
    }
    if (rc == AN_OK) {
        an_log(ring->options.log, AN_EVENT_CDS_KEYS_LOADED,
               ring->options.number, set->keys.n, set->keys.n_passed_over);
        return set;
    }
    an_log(ring->options.log, AN_EVENT_CDS_KEYS_FAULT, ring->options.number, rc,
           (uint64_t)status);
    set_free(set);
    return NULL;
}

/* The lock is held before and after, not while the source is asked. */
static void refresh(struct pl_keyring *ring, int64_t now_ms)
{
    struct set *set, *old = NULL;
    int64_t fresh = 0;

    ring->is_busy = true;
    ring->was_tried = true;
    ring->tried_ms = now_ms;
    pthread_mutex_unlock(&ring->lock);
    set = get_set(ring, &fresh);
    pthread_mutex_lock(&ring->lock);
    ring->has_failed = set == NULL;
    if (set) {
        old = ring->set;
        ring->set = set;
        ring->fresh_until_ms = now_ms + fresh;
        ring->counts.n_got++;
    } else {
        ring->counts.n_failed++;
    }
    ring->is_busy = false;
    pthread_cond_broadcast(&ring->is_done);
    set_free(old);
}

/* ---- asking ------------------------------------------------------------- */

static const struct pl_key *find(const struct pl_keyring *ring,
                                 struct an_str kid)
{
    return ring->set ? pl_keys_find(&ring->set->keys, kid) : NULL;
}

static bool is_good(const struct pl_keyring *ring, int64_t now_ms)
{
    return ring->set && now_ms < ring->fresh_until_ms + ring->options.outage_ms;
}

static bool may_try(const struct pl_keyring *ring, int64_t now_ms)
{
    int64_t pause_ms =
        ring->has_failed ? ring->options.retry_ms : ring->options.refresh_ms;

    return !ring->was_tried || now_ms - ring->tried_ms >= pause_ms;
}

/* For another's answer. */
static void wait_done(struct pl_keyring *ring)
{
    struct timespec until;
    int64_t ns;

    clock_gettime(CLOCK_MONOTONIC, &until);
    ns = until.tv_nsec + ring->options.timeout_ms % 1000 * 1000000;
    until.tv_sec += ring->options.timeout_ms / 1000 + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    while (ring->is_busy &&
           pthread_cond_timedwait(&ring->is_done, &ring->lock, &until) == 0)
        continue;
}

enum pl_keyring_fate pl_keyring_find(struct pl_keyring *ring,
                                     struct an_arena *arena, struct an_str kid,
                                     int64_t now_ms, struct pl_key *key)
{
    enum pl_keyring_fate fate = PL_KEYRING_NONE;
    const struct pl_key *found;

    pthread_mutex_lock(&ring->lock);
    if (find(ring, kid) == NULL || now_ms >= ring->fresh_until_ms) {
        if (!ring->is_busy && may_try(ring, now_ms))
            refresh(ring, now_ms);
        else if (ring->is_busy && !(is_good(ring, now_ms) && find(ring, kid)))
            wait_done(ring);
    }
    found = find(ring, kid);
    if (is_good(ring, now_ms))
        fate = found ? PL_KEYRING_FOUND : PL_KEYRING_UNKNOWN;
    if (fate == PL_KEYRING_FOUND) {
        *key = *found;
        if (!an_arena_str(arena, found->kid, &key->kid) ||
            !an_arena_str(arena, found->jwk, &key->jwk))
            fate = PL_KEYRING_NOMEM;
    }
    pthread_mutex_unlock(&ring->lock);
    return fate;
}
