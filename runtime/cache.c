/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cache.h"

#include <pthread.h>
#include <string.h>

/* Birth, and the first that was recorded, with the age at which it was. */
enum { FIRST_POSITIONS = 2, SPARE = 32 };

struct rt_cache {
    struct rt_shape shape;
    size_t max_bytes;
    pthread_mutex_t lock; /* of all below */
    struct rt_cached *newest;
    struct rt_cache_counts counts;
};

enum an_code rt_cache_open(struct an_arena *arena, const struct rt_shape *s,
                           size_t max_bytes, struct rt_cache **out,
                           struct an_err *err)
{
    struct rt_cache *c = an_arena_get(arena, 1, sizeof(*c));

    if (c == NULL)
        return an_fail_nomem(err);
    c->shape = *s;
    c->max_bytes = max_bytes;
    pthread_mutex_init(&c->lock, NULL);
    *out = c;
    return AN_OK;
}

static void forget(struct rt_cached *k)
{
    struct an_arena own = k->arena;

    an_arena_free(&own);
}

void rt_cache_close(struct rt_cache *c)
{
    struct rt_cached *next;

    if (c == NULL)
        return;
    for (struct rt_cached *k = c->newest; k; k = next) {
        next = k->next;
        forget(k);
    }
    pthread_mutex_destroy(&c->lock);
}

/* FNV-1a: it says where to look, not whether it is the same. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ b[i]) * UINT64_C(1099511628211);
    return hash;
}

static uint64_t begins(const struct rt_history *h)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i + 1 < h->n_positions && i < FIRST_POSITIONS; i++) {
        const struct rt_position *p = &h->position[i];

        hash = mix(hash, &p->age_days, sizeof(p->age_days));
        hash =
            mix(hash, h->item + p->first_item, p->n_items * sizeof(*h->item));
    }
    return hash;
}

static size_t bytes_of(const struct rt_cached *k)
{
    return k->arena.used_bytes;
}

/* Taken out of the list: the one `at` points to. */
static struct rt_cached *unlink_at(struct rt_cache *c, struct rt_cached **at)
{
    struct rt_cached *k = *at;

    *at = k->next;
    k->next = NULL;
    c->counts.n--;
    c->counts.bytes -= bytes_of(k);
    return k;
}

static struct rt_cached *find(struct rt_cache *c, uint64_t hash)
{
    for (struct rt_cached **at = &c->newest; *at; at = &(*at)->next)
        if ((*at)->begins == hash)
            return unlink_at(c, at);
    return NULL;
}

/* An empty one with room for some positions more than it has to have now. */
static struct rt_cached *make(const struct rt_cache *c, size_t n_positions,
                              uint64_t hash)
{
    const size_t most = (size_t)c->shape.positions;
    const size_t wanted = n_positions + n_positions / 4 + SPARE;
    struct an_arena own;
    struct rt_cached *k;

    an_arena_init(&own, c->max_bytes);
    k = an_arena_get(&own, 1, sizeof(*k));
    if (k == NULL ||
        rt_past_init(&k->past, &own, &c->shape, wanted < most ? wanted : most,
                     NULL) != AN_OK) {
        an_arena_free(&own);
        return NULL;
    }
    k->begins = hash;
    k->mark = an_arena_mark(&own);
    k->arena = own;
    return k;
}

struct rt_cached *rt_cache_take(struct rt_cache *c, const struct rt_history *h)
{
    const uint64_t hash = begins(h);
    struct rt_cached *k;
    size_t n_kept = 0;

    pthread_mutex_lock(&c->lock);
    k = find(c, hash);
    pthread_mutex_unlock(&c->lock);
    if (k && h->n_positions > (size_t)k->past.max_positions) {
        forget(k);
        k = NULL;
    }
    if (k == NULL)
        k = make(c, h->n_positions, hash);
    else
        n_kept = rt_cached_same(k, h) ? h->n_positions : rt_cached_common(k, h);
    pthread_mutex_lock(&c->lock);
    c->counts.n_taken++;
    c->counts.n_positions += h->n_positions;
    c->counts.n_found += k && k->history.n_positions;
    c->counts.n_kept += n_kept;
    pthread_mutex_unlock(&c->lock);
    return k;
}

static bool same_position(const struct rt_history *a,
                          const struct rt_history *b, size_t i)
{
    const struct rt_position *x = &a->position[i], *y = &b->position[i];

    return memcmp(x, y, sizeof(*x)) == 0 &&
           memcmp(a->item + x->first_item, b->item + y->first_item,
                  x->n_items * sizeof(*a->item)) == 0;
}

uint32_t rt_cached_common(const struct rt_cached *k, const struct rt_history *h)
{
    const struct rt_history *old = &k->history;
    uint32_t n = 0;

    while (n + 1 < h->n_positions && n < old->n_positions &&
           n < (uint32_t)k->past.n_positions && same_position(old, h, n))
        n++;
    return n;
}

bool rt_cached_same(const struct rt_cached *k, const struct rt_history *h)
{
    const size_t n = h->n_positions;

    return k->answer.whole_kj && k->history.n_positions == n &&
           rt_cached_common(k, h) + 1 == n &&
           same_position(&k->history, h, n - 1);
}

static bool copy(struct an_arena *arena, const void **at, size_t bytes)
{
    void *to = an_arena_get(arena, bytes, 1);

    if (to)
        memcpy(to, *at, bytes);
    *at = to;
    return to != NULL;
}

static bool copy_floats(struct an_arena *arena, const float **at, size_t n)
{
    const void *bytes = *at;
    const bool done = copy(arena, &bytes, n * sizeof(**at));

    *at = bytes;
    return done;
}

static bool remember_answer(struct rt_cached *k, const struct rt_shape *s,
                            struct rt_answer a)
{
    const size_t kj = (size_t)s->outcomes * (size_t)s->bins;
    uint32_t absent[RT_MAX_ABSENCES];
    const void *concept = a.concept;
    bool done = copy_floats(&k->arena, &a.whole_kj, kj) &&
                copy_floats(&k->arena, &a.log_rate_qv, (size_t)s->targets);

    if (done && a.n) {
        done = copy(&k->arena, &concept, a.n * sizeof(*a.concept)) &&
               copy_floats(&k->arena, &a.without_akj,
                           kj * rt_absences(a.n, absent));
        a.concept = concept;
    }
    k->answer = a;
    return done;
}

/* The copies take the place of the last ones. */
static bool remember(struct rt_cached *k, const struct rt_history *h)
{
    struct rt_position *position;
    struct rt_item *item;

    an_arena_rewind(&k->arena, k->mark);
    k->answer = (struct rt_answer){.n = 0};
    position = an_arena_get(&k->arena, h->n_positions, sizeof(*position));
    item = an_arena_get(&k->arena, h->n_items, sizeof(*item));
    if (position == NULL || item == NULL)
        return false;
    memcpy(position, h->position, h->n_positions * sizeof(*position));
    memcpy(item, h->item, h->n_items * sizeof(*item));
    k->history =
        (struct rt_history){position, h->n_positions, item, h->n_items};
    return true;
}

/* Those used longest ago, until the rest fits; linked by *out. */
static void make_room(struct rt_cache *c, struct rt_cached **out)
{
    while (c->counts.bytes > c->max_bytes && c->newest) {
        struct rt_cached **at = &c->newest, *k;

        while ((*at)->next)
            at = &(*at)->next;
        k = unlink_at(c, at);
        k->next = *out;
        *out = k;
    }
}

static bool keep(struct rt_cached *k, const struct rt_shape *s,
                 const struct rt_history *h, const struct rt_answer *answer)
{
    if (h == NULL || answer == NULL)
        return h != NULL;
    return remember(k, h) &&
           (answer->whole_kj == NULL || remember_answer(k, s, *answer));
}

void rt_cache_give(struct rt_cache *c, struct rt_cached *k,
                   const struct rt_history *h, const struct rt_answer *answer)
{
    struct rt_cached *gone = NULL, *next;

    if (!keep(k, &c->shape, h, answer)) {
        forget(k);
        return;
    }
    pthread_mutex_lock(&c->lock);
    k->next = c->newest;
    c->newest = k;
    c->counts.n++;
    c->counts.bytes += bytes_of(k);
    make_room(c, &gone);
    pthread_mutex_unlock(&c->lock);
    for (; gone; gone = next) {
        next = gone->next;
        forget(gone);
    }
}

void rt_cache_counts(struct rt_cache *c, struct rt_cache_counts *out)
{
    pthread_mutex_lock(&c->lock);
    *out = c->counts;
    pthread_mutex_unlock(&c->lock);
}
