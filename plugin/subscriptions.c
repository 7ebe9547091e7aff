/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/subscriptions_int.h"

#include "base/sort.h"
#include "plugin/host/token.h"
#include "plugin/store/arrivals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECRET_BYTES = 4 * PL_TOKEN_BYTES,
    NEWEST = 200,   /* messages that a start looks at */
    NUMBERS = 4096, /* of events in them */
    READ_BYTES = 256 << 20
};

/* ---- numbers ------------------------------------------------------------ */

/* A Subscription that was made anew counts anew. */
static void meet(struct pl_subscription *u, const struct fhir_notification *n)
{
    struct an_str is = fhir_reference_local(n->subscription);

    if (is.n >= sizeof(u->reference) || is.n == 0 ||
        an_str_eq(is, an_str_c(u->reference)))
        return;
    u->events = (struct pl_sequence){.n_missed = u->events.n_missed,
                                     .n_late = u->events.n_late};
    u->cannot_query = false;
    memcpy(u->reference, is.p, is.n);
    u->reference[is.n] = '\0';
}

void pl_subscribed_note(struct pl_subscription *u,
                        const struct fhir_notification *n)
{
    struct an_log *log = pl_engine_log(u->all->source.engine);
    uint64_t missed, late;
    int64_t missing;

    pthread_mutex_lock(&u->lock);
    meet(u, n);
    missed = u->events.n_missed;
    late = u->events.n_late;
    if (!u->events.known)
        u->begun_us = pl_engine_now_us(u->all->source.engine);
    if (n->type == FHIR_NOTICE_HANDSHAKE && n->n_since_start >= 0 &&
        (!u->events.known || n->n_since_start == 0))
        pl_sequence_begin(&u->events, n->n_since_start);
    for (size_t i = 0; i < n->n_events; i++)
        (void)pl_sequence_note(&u->events, n->event[i].number, false);
    /* Events overtake each other; a heartbeat comes when nothing happens. */
    if (n->type == FHIR_NOTICE_HEARTBEAT && n->n_since_start >= 0)
        (void)pl_sequence_up_to(&u->events, n->n_since_start);
    missed = u->events.n_missed - missed;
    late = u->events.n_late - late;
    u->n_recovered += late;
    missing = pl_sequence_missing(&u->events);
    if (missed)
        an_log(log, AN_EVENT_SUBSCRIPTION_GAP, u->number, missed,
               (uint64_t)u->events.last);
    if (late)
        an_log(log, AN_EVENT_SUBSCRIPTION_FILLED, u->number, late,
               (uint64_t)missing);
    pthread_mutex_unlock(&u->lock);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* What the newest messages of a feed say, from the newest backwards. */
struct past {
    struct pl_reader *reader;
    struct an_arena arena; /* of one message */
    struct an_arena kept;
    int64_t *number;
    size_t n;
    int64_t oldest_us; /* when the first of them came */
};

/* False after the last one that counts. */
static bool look_at(struct pl_subscription *u, struct past *p,
                    const struct pl_message *m)
{
    struct fhir_notification n;

    if (fhir_notification_read(&p->arena, m->bytes, &n, NULL) != AN_OK)
        return true;
    if (u->reference[0] == '\0')
        meet(u, &n);
    else if (!an_str_eq(fhir_reference_local(n.subscription),
                        an_str_c(u->reference)))
        return false;
    for (size_t i = 0; i < n.n_events && p->n < NUMBERS; i++) {
        p->number[p->n++] = n.event[i].number;
        p->oldest_us = m->received_us;
    }
    return true;
}

static enum an_code look_back(struct pl_subscription *u, struct past *p,
                              struct an_err *err)
{
    int64_t before = INT64_MAX;
    struct pl_message m;
    enum an_code rc = AN_OK;
    int64_t *scratch = an_arena_get(&p->kept, NUMBERS, sizeof(*scratch));

    p->number = an_arena_get(&p->kept, NUMBERS, sizeof(*p->number));
    if (p->number == NULL || scratch == NULL)
        return an_fail_nomem(err);
    for (int i = 0; i < NEWEST; i++) {
        an_arena_reset(&p->arena);
        rc = pl_message_of_feed(p->reader, &p->arena, an_str_c(u->feed), before,
                                &m, err);
        if (rc != AN_OK)
            break;
        if (u->searched_us == 0)
            u->searched_us = m.received_us;
        before = m.id;
        if (!look_at(u, p, &m))
            break;
    }
    an_sort(p->number, p->n, sizeof(*p->number), scratch, by_number);
    for (size_t i = 0; i < p->n; i++)
        (void)pl_sequence_note(&u->events, p->number[i], false);
    /* What is missing was missed after the first of them. */
    if (u->events.n_gaps)
        u->searched_us = p->oldest_us;
    /* Counted when they were missed, in another life of the program. */
    u->events.n_missed = u->events.n_late = 0;
    return rc == AN_NOTFOUND ? AN_OK : rc;
}

static enum an_code rebuild(struct pl_subscriptions *all, struct an_err *err)
{
    struct past p = {.n = 0};
    enum an_code rc = pl_engine_reader(all->source.engine, &p.reader, err);

    an_arena_init(&p.arena, READ_BYTES);
    an_arena_init(&p.kept, READ_BYTES);
    for (size_t i = 0; rc == AN_OK && i < all->n; i++) {
        p.n = 0;
        rc = look_back(&all->one[i], &p, err);
        an_arena_reset(&p.kept);
    }
    an_arena_free(&p.kept);
    an_arena_free(&p.arena);
    pl_reader_close(p.reader);
    return rc;
}

/* ---- life --------------------------------------------------------------- */

static bool is_address(struct an_str s)
{
    return an_str_starts(s, AN_STR("http:")) ||
           an_str_starts(s, AN_STR("https:")) ||
           an_str_starts(s, AN_STR("urn:"));
}

struct pl_subscription_terms pl_subscription_terms_of(struct an_str item)
{
    struct pl_subscription_terms t = {.filter = {"", 0}};

    (void)an_str_cut(&item, '=', &t.name);
    item = an_str_trim(item);
    if (!is_address(item)) {
        t.criteria = item;
        return t;
    }
    (void)an_str_cut(&item, ' ', &t.criteria);
    t.filter = an_str_trim(item);
    return t;
}

static void prepare(struct pl_subscriptions *all, size_t i, struct an_str item)
{
    struct pl_subscription_terms t = pl_subscription_terms_of(item);
    struct pl_subscription *u = &all->one[i];

    u->all = all;
    u->number = (uint32_t)i + 1;
    u->name = t.name;
    u->search = is_address(t.criteria) ? t.filter : t.criteria;
    (void)snprintf(u->feed, sizeof(u->feed), "subscription/%.*s",
                   AN_STR_ARG(u->name));
    (void)pthread_mutex_init(&u->lock, NULL);
    (void)pthread_mutex_init(&u->searching, NULL);
}

static enum an_code read_secret(struct pl_subscriptions *all,
                                struct an_err *err)
{
    struct an_str path = all->options->subscriptions_secret_file;
    struct an_str header;
    enum an_code rc = pl_token_header(
        &all->arena, path.n ? path.p : "",
        "subscriptions.secret_file holds no bearer token", &header, err);

    if (rc == AN_OK && header.n)
        all->secret = an_str_sub(header, strlen("Authorization: "), header.n);
    return rc;
}

enum an_code pl_subscriptions_open(const struct pl_subscriptions_source *source,
                                   struct pl_subscriptions **out,
                                   struct an_err *err)
{
    const struct cfg_options *o = pl_engine_options(source->engine);
    struct pl_subscriptions *all = calloc(1, sizeof(*all));
    enum an_code rc;

    *out = NULL;
    if (all == NULL)
        return an_fail_nomem(err);
    all->source = *source;
    all->options = o;
    an_arena_init(&all->arena, SECRET_BYTES);
    all->one = calloc(o->subscriptions.n + 1, sizeof(*all->one));
    if (all->one)
        for (; all->n < o->subscriptions.n; all->n++)
            prepare(all, all->n, o->subscriptions.item[all->n]);
    rc = all->one ? read_secret(all, err) : an_fail_nomem(err);
    if (rc == AN_OK && all->n)
        rc = rebuild(all, err);
    if (rc != AN_OK) {
        pl_subscriptions_close(all);
        return rc;
    }
    *out = all;
    return AN_OK;
}

void pl_subscriptions_stop(struct pl_subscriptions *all)
{
    atomic_store(&all->stopping, true);
}

void pl_subscriptions_close(struct pl_subscriptions *all)
{
    if (all == NULL)
        return;
    for (size_t i = 0; i < all->n; i++) {
        (void)pthread_mutex_destroy(&all->one[i].lock);
        (void)pthread_mutex_destroy(&all->one[i].searching);
    }
    free(all->one);
    an_arena_free(&all->arena);
    free(all);
}

/* ---- questions ---------------------------------------------------------- */

size_t pl_subscriptions_n(const struct pl_subscriptions *all)
{
    return all->n;
}

struct pl_subscription *pl_subscription_at(struct pl_subscriptions *all,
                                           size_t i)
{
    return &all->one[i];
}

struct pl_subscription *pl_subscription_find(struct pl_subscriptions *all,
                                             struct an_str name)
{
    for (size_t i = 0; i < all->n; i++)
        if (an_str_eq(all->one[i].name, name))
            return &all->one[i];
    return NULL;
}

/* Every byte of ours is looked at, whatever came. */
bool pl_subscription_knows(const struct pl_subscription *u,
                           struct an_str authorization)
{
    struct an_str secret = u->all->secret;
    volatile unsigned differ = authorization.n != secret.n;

    if (secret.n == 0)
        return true;
    for (size_t i = 0; i < secret.n; i++) {
        unsigned char got =
            i < authorization.n ? (unsigned char)authorization.p[i] : 0;

        differ = differ | (got ^ (unsigned char)secret.p[i]);
    }
    return differ == 0;
}

void pl_subscription_stranger(struct pl_subscription *u)
{
    atomic_fetch_add(&u->n_strangers, 1);
    an_log(pl_engine_log(u->all->source.engine), AN_EVENT_SUBSCRIPTION_STRANGER,
           u->number, 0, 0);
}

struct pl_subscription_counts pl_subscription_count(struct pl_subscription *u)
{
    struct pl_subscription_counts c = {
        .name = u->name,
        .n_notices = atomic_load(&u->n_notices),
        .n_fetched = atomic_load(&u->n_fetched),
        .n_faults = atomic_load(&u->n_faults),
        .n_strangers = atomic_load(&u->n_strangers),
        .n_withdrawn = atomic_load(&u->n_withdrawn),
        .n_not_ours = atomic_load(&u->n_not_ours)};

    pthread_mutex_lock(&u->lock);
    c.n_missed = u->events.n_missed;
    c.n_recovered = u->n_recovered;
    c.n_searched = u->n_searched;
    c.n_missing = pl_sequence_missing(&u->events);
    pthread_mutex_unlock(&u->lock);
    return c;
}
