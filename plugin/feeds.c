/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/feeds.h"

#include "config/value.h"
#include "plugin/feeds_int.h"
#include "plugin/sequence.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    AGES = 16,
    JUMP_MS = 5000,     /* of the wall clock against the other */
    USUAL_FORGETS = 64, /* messages' groups in which a usual age is forgotten */
    STALE_MOST = 3      /* named in one suggestion */
};

struct feed {
    char name[PL_FEED_NAME_BYTES];
    size_t name_n;
    uint64_t hash;
    bool heard;                  /* a message, ever */
    int64_t message;             /* the newest in the store */
    int64_t last_us, through_us; /* of the newest: received; said */
    int64_t last_ms;             /* received, by the other clock */
    struct pl_usual usual;
    struct pl_sequence sequence;
    int64_t age_ms[AGES]; /* of the last ones when they came */
    size_t n_ages;
    int64_t usual_age_ms; /* -1: unknown */
    int64_t late_ms;
    int64_t longest_ms; /* as configured; 0: as learnt */
    bool off, is_silent, is_late;
    uint64_t n_messages;
};

struct pl_feeds {
    struct pl_feeds_options options;
    pthread_mutex_t lock;
    struct feed *feed[PL_FEEDS_MOST]; /* by name */
    size_t n;
    bool begun;
    struct pl_feeds_now now; /* the last that was seen */
    struct pl_feeds_thread thread;
};

struct pl_feeds_thread *pl_feeds_own_thread(struct pl_feeds *f)
{
    return &f->thread;
}

/* ---- life --------------------------------------------------------------- */

static struct feed *find(struct pl_feeds *f, struct an_str name, size_t *at)
{
    size_t low = 0, high = f->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct feed *m = f->feed[middle];
        int cmp = an_str_cmp(name, (struct an_str){m->name, m->name_n});

        if (cmp == 0)
            return m;
        if (cmp < 0)
            high = middle;
        else
            low = middle + 1;
    }
    *at = low;
    return NULL;
}

/* NULL when there are too many, or no memory: it is not watched then. */
static struct feed *find_or_add(struct pl_feeds *f, struct an_str name)
{
    struct feed *one;
    size_t at;

    if (name.n > PL_FEED_NAME_BYTES)
        name.n = PL_FEED_NAME_BYTES;
    one = find(f, name, &at);
    if (one || f->n == PL_FEEDS_MOST)
        return one;
    one = calloc(1, sizeof(*one));
    if (one == NULL)
        return NULL;
    if (name.n)
        memcpy(one->name, name.p, name.n);
    one->name_n = name.n;
    one->hash = an_str_hash(name);
    one->usual_age_ms = -1;
    one->last_ms = f->now.ms;
    memmove(&f->feed[at + 1], &f->feed[at], (f->n - at) * sizeof(f->feed[0]));
    f->feed[at] = one;
    f->n++;
    return one;
}

/* "EHR|HOSP=15m", "http=off". */
static void configure(struct pl_feeds *f, struct an_str item)
{
    size_t i = item.n;
    struct feed *one;
    struct an_str value;

    while (i && item.p[i - 1] != '=')
        i--;
    if (i == 0)
        return;
    value = an_str_trim(an_str_sub(item, i, item.n));
    one = find_or_add(f, an_str_trim(an_str_sub(item, 0, i - 1)));
    if (one == NULL)
        return;
    one->off = an_str_eq(value, AN_STR("off"));
    if (!one->off && !cfg_value_duration(value, &one->longest_ms))
        one->longest_ms = 0;
}

enum an_code pl_feeds_open(const struct pl_feeds_options *options,
                           struct pl_feeds **out, struct an_err *err)
{
    const struct cfg_texts *list = &options->options->feeds_silence;
    struct pl_feeds *f = calloc(1, sizeof(*f));

    *out = NULL;
    if (f == NULL)
        return an_fail_nomem(err);
    f->options = *options;
    (void)pthread_mutex_init(&f->lock, NULL);
    for (size_t i = 0; i < list->n; i++)
        configure(f, list->item[i]);
    *out = f;
    return AN_OK;
}

void pl_feeds_close(struct pl_feeds *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n; i++)
        free(f->feed[i]);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

/* ---- how silent is too silent -------------------------------------------- */

static int64_t limit_ms(const struct pl_feeds *f, const struct feed *one,
                        int64_t at_us)
{
    double usual_s;

    if (one->off || one->longest_ms)
        return one->longest_ms;
    usual_s = pl_usual_silence_s(&one->usual, f->options.zone, at_us);
    if (usual_s <= 0)
        return 0;
    usual_s *= (double)f->options.options->feeds_factor;
    return (int64_t)(usual_s > PL_USUAL_LEAST_S ? usual_s * 1000
                                                : PL_USUAL_LEAST_S * 1000.0);
}

/* From its last message to this one; an outage is learnt up to its limit. */
static void learn(struct pl_feeds *f, struct feed *one, int64_t now_us,
                  int64_t silence_us)
{
    int64_t limit_us = 0;

    /* A limit that was learnt is never below that; to find it takes a while. */
    if (one->longest_ms || one->off ||
        silence_us > PL_USUAL_LEAST_S * 1000000LL)
        limit_us = limit_ms(f, one, now_us) * 1000;
    if (limit_us && silence_us > limit_us) {
        now_us -= silence_us - limit_us;
        silence_us = limit_us;
    }
    pl_usual_add(&one->usual, f->options.zone, now_us, silence_us);
}

void pl_feeds_learn(struct pl_feeds *f, struct an_str name, int64_t received_us,
                    int64_t said_us, int64_t message)
{
    struct feed *one;

    pthread_mutex_lock(&f->lock);
    one = find_or_add(f, name);
    if (one) {
        if (one->heard)
            learn(f, one, received_us, received_us - one->last_us);
        if (!one->heard || received_us > one->last_us)
            one->last_us = received_us;
        if (said_us > one->through_us)
            one->through_us = said_us;
        one->heard = true;
        one->message = message;
    }
    pthread_mutex_unlock(&f->lock);
}

bool pl_feeds_newest(struct pl_feeds *f, size_t i, int64_t *message)
{
    if (i >= f->n)
        return false;
    *message = f->feed[i]->message;
    return true;
}

void pl_feeds_go_on(struct pl_feeds *f, size_t i, int64_t sequence)
{
    if (sequence >= 0)
        pl_sequence_begin(&f->feed[i]->sequence, sequence);
}

void pl_feeds_begin(struct pl_feeds *f, const struct pl_feeds_now *now)
{
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->n; i++)
        f->feed[i]->last_ms = now->ms;
    f->now = *now;
    f->begun = true;
    pthread_mutex_unlock(&f->lock);
}

/* ---- late ----------------------------------------------------------------- */

static int by_age(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* After each full group of ages: the middle one against the usual. */
static void judge_ages(struct pl_feeds *f, struct feed *one)
{
    int64_t backlog_ms = f->options.options->feeds_backlog_ms, middle_ms;
    int64_t ages[AGES];
    bool was_late = one->is_late;

    memcpy(ages, one->age_ms, sizeof(ages));
    qsort(ages, AGES, sizeof(ages[0]), by_age);
    middle_ms = ages[AGES / 2];
    one->n_ages = 0;
    if (one->usual_age_ms < 0 || middle_ms < one->usual_age_ms)
        one->usual_age_ms = middle_ms;
    one->late_ms = middle_ms - one->usual_age_ms;
    one->is_late = backlog_ms && one->late_ms > backlog_ms && !one->off;
    /* A lasting change becomes usual, slowly; a backlog does not. */
    if (!one->is_late)
        one->usual_age_ms += one->late_ms / USUAL_FORGETS;
    if (one->is_late != was_late)
        an_log(f->options.log,
               one->is_late ? AN_EVENT_FEED_LATE : AN_EVENT_FEED_BACK,
               one->hash, (uint64_t)(one->late_ms / 1000), 0);
}

/* A wall clock that jumped says nothing about ages. */
static void meet(struct pl_feeds *f, const struct pl_feeds_now *now)
{
    int64_t jump_ms = (now->us - f->now.us) / 1000 - (now->ms - f->now.ms);

    if (f->begun && (jump_ms > JUMP_MS || jump_ms < -JUMP_MS)) {
        an_log(f->options.log, AN_EVENT_CLOCK_JUMP,
               (uint64_t)(jump_ms < 0 ? -jump_ms : jump_ms), jump_ms < 0, 0);
        for (size_t i = 0; i < f->n; i++) {
            f->feed[i]->n_ages = 0;
            f->feed[i]->usual_age_ms = -1;
            f->feed[i]->is_late = false;
            f->feed[i]->late_ms = 0;
        }
    }
    f->now = *now;
}

/* ---- a message --------------------------------------------------------------- */

static void note_sequence(struct pl_feeds *f, struct feed *one,
                          const struct pl_feed_seen *seen)
{
    int64_t missing = pl_sequence_missing(&one->sequence);
    enum pl_sequence_news news;

    if (seen->sequence < 0)
        return;
    news = pl_sequence_note(&one->sequence, seen->sequence, !seen->is_again);
    if (news == PL_SEQUENCE_GAP)
        an_log(f->options.log, AN_EVENT_FEED_GAP, one->hash,
               (uint64_t)pl_sequence_missing(&one->sequence),
               (uint64_t)seen->sequence);
    else if (news == PL_SEQUENCE_RESTART)
        an_log(f->options.log, AN_EVENT_FEED_RESTART, one->hash,
               (uint64_t)seen->sequence, (uint64_t)missing);
}

void pl_feeds_forgive(struct pl_feeds *f, uint64_t hash)
{
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->n; i++) {
        struct feed *one = f->feed[i];
        int64_t n = one->hash == hash
                        ? pl_sequence_close(&one->sequence, one->sequence.last)
                        : 0;

        if (n)
            an_log(f->options.log, AN_EVENT_FEED_CLOSED, hash, (uint64_t)n, 0);
    }
    pthread_mutex_unlock(&f->lock);
}

void pl_feeds_saw(struct pl_feeds *f, const struct pl_feed_seen *seen)
{
    struct feed *one;

    pthread_mutex_lock(&f->lock);
    meet(f, &seen->now);
    one = find_or_add(f, seen->name);
    if (one) {
        int64_t silence_ms = seen->now.ms - one->last_ms;

        if (one->n_messages)
            learn(f, one, seen->now.us, silence_ms * 1000);
        if (one->is_silent)
            an_log(f->options.log, AN_EVENT_FEED_BACK, one->hash,
                   (uint64_t)(silence_ms / 1000), 0);
        one->is_silent = false;
        one->heard = true;
        one->last_us = seen->now.us;
        one->last_ms = seen->now.ms;
        one->n_messages++;
        if (seen->said_us > one->through_us)
            one->through_us = seen->said_us;
        note_sequence(f, one, seen);
        if (seen->said_us) {
            one->age_ms[one->n_ages++] = (seen->now.us - seen->said_us) / 1000;
            if (one->n_ages == AGES)
                judge_ages(f, one);
        }
    }
    pthread_mutex_unlock(&f->lock);
}

void pl_feeds_tick(struct pl_feeds *f, const struct pl_feeds_now *now)
{
    pthread_mutex_lock(&f->lock);
    meet(f, now);
    for (size_t i = 0; i < f->n; i++) {
        struct feed *one = f->feed[i];
        int64_t silent_ms = now->ms - one->last_ms;
        int64_t limit = limit_ms(f, one, now->us);

        if (limit && silent_ms > limit && !one->is_silent) {
            one->is_silent = true;
            an_log(f->options.log, AN_EVENT_FEED_SILENT, one->hash,
                   (uint64_t)(silent_ms / 1000), (uint64_t)(limit / 1000));
        }
    }
    pthread_mutex_unlock(&f->lock);
}

/* ---- questions ----------------------------------------------------------- */

static bool state_of(struct pl_feeds *f, const struct feed *one,
                     struct an_arena *arena, const struct pl_feeds_now *now,
                     struct pl_feed_state *s)
{
    *s = (struct pl_feed_state){
        .hash = one->hash,
        .last_us = one->last_us,
        .through_us = one->through_us ? one->through_us : one->last_us,
        .silent_ms = now->ms - one->last_ms,
        .limit_ms = limit_ms(f, one, now->us),
        .late_ms = one->late_ms,
        .n_missing = pl_sequence_missing(&one->sequence),
        .n_messages = one->n_messages,
        .n_missed = one->sequence.n_missed,
        .is_silent = one->is_silent,
        .is_late = one->is_late};
    return an_arena_str(arena, (struct an_str){one->name, one->name_n},
                        &s->name);
}

const struct pl_feed_state *pl_feeds_list(struct pl_feeds *f,
                                          struct an_arena *arena,
                                          const struct pl_feeds_now *now,
                                          size_t *n)
{
    struct pl_feed_state *list;
    bool ok = true;

    pthread_mutex_lock(&f->lock);
    *n = f->n;
    list = an_arena_get(arena, f->n, sizeof(*list));
    for (size_t i = 0; list && ok && i < f->n; i++)
        ok = state_of(f, f->feed[i], arena, now, &list[i]);
    pthread_mutex_unlock(&f->lock);
    return ok ? list : NULL;
}

static bool is_stale(const struct feed *one)
{
    return one->is_silent || one->is_late ||
           pl_sequence_missing(&one->sequence) != 0;
}

static bool stale_of(const struct pl_feeds *f, const struct feed *one,
                     struct an_arena *arena, struct ctx_feed *out)
{
    int64_t through_us = one->through_us ? one->through_us : one->last_us;

    out->through = through_us ? an_time_us(through_us) : (struct an_time){0};
    out->through.offset_min = an_zone_offset(f->options.zone, through_us);
    out->why = one->is_silent ? CTX_FEED_SILENT
               : one->is_late ? CTX_FEED_LATE
                              : CTX_FEED_GAP;
    return an_arena_str(arena, (struct an_str){one->name, one->name_n},
                        &out->name);
}

const struct ctx_feed *pl_feeds_stale(struct pl_feeds *f,
                                      struct an_arena *arena, size_t *n)
{
    struct ctx_feed *stale = an_arena_get(arena, STALE_MOST, sizeof(*stale));
    bool ok = stale != NULL;

    *n = 0;
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; ok && i < f->n && *n < STALE_MOST; i++)
        if (is_stale(f->feed[i]))
            ok = stale_of(f, f->feed[i], arena, &stale[(*n)++]);
    pthread_mutex_unlock(&f->lock);
    return ok ? stale : NULL;
}

int64_t pl_feed_sequence(struct an_str hl7)
{
    struct an_str field = AN_STR(""), rest;
    size_t end = 0;
    uint64_t n;
    char separator;

    while (end < hl7.n && hl7.p[end] != '\r' && hl7.p[end] != '\n')
        end++;
    if (end < 4 || !an_str_starts(hl7, AN_STR("MSH")))
        return -1;
    separator = hl7.p[3];
    rest = an_str_sub(hl7, 4, end - 4);
    /* What follows the first separator is MSH-2. */
    for (int i = 2; i <= 13; i++)
        if (!an_str_cut(&rest, separator, &field))
            return -1;
    return an_str_u64(an_str_trim(field), &n) && n <= INT64_MAX ? (int64_t)n
                                                                : -1;
}
