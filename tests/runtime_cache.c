/* SPDX-License-Identifier: Apache-2.0 */
/* With the cache and without it the same comes out, to the last bit, whatever
 * was asked before, by whom, and however little room there is. */
#include "runtime/cache.h"
#include "runtime/product.h"
#include "tests/model_random.h"
#include "tests/suite.h"

#include <pthread.h>
#include <stdlib.h>

Suite *runtime_cache_suite(void);

enum { LONGEST = 60, PATIENTS = 12, KJ = 18, THREADS = 3 };

static struct rt_shape shape;
static struct rt_model m;
static struct an_arena model_arena;
static struct rt_cache *cache;
static const struct rt_answer none;

/* One who asks: a thread with what is its own. */
struct asker {
    struct an_arena arena;
    struct rt_workspace ws;
    struct test_random r;
    bool differs;
};

static void set_up_with(size_t max_bytes)
{
    struct test_random r = {31};

    an_arena_init(&model_arena, 64 << 20);
    shape = test_shape();
    test_model(&m, &model_arena, &shape, &r);
    ck_assert_int_eq(rt_model_pack(&m, &model_arena, NULL), AN_OK);
    ck_assert_int_eq(
        rt_cache_open(&model_arena, &shape, max_bytes, &cache, NULL), AN_OK);
}

static void set_up(void)
{
    set_up_with(64 << 20);
}

static void tear_down(void)
{
    rt_cache_close(cache);
    an_arena_free(&model_arena);
}

static void asker_init(struct asker *a, uint64_t seed)
{
    an_arena_init(&a->arena, 256 << 20);
    a->r = (struct test_random){seed};
    a->differs = false;
    ck_assert_int_eq(
        rt_workspace_init(&a->ws, &a->arena, &shape, LONGEST, 1, NULL), AN_OK);
}

/* What is asked of a patient: the first positions, one of them perhaps told
 * otherwise. */
static struct rt_history version(struct asker *a, int patient, size_t length,
                                 int changed)
{
    struct test_random r = {(uint64_t)patient + 100};
    struct rt_history h = test_history(&a->arena, &shape, LONGEST, &r);
    struct rt_position *p = an_arena_get(&a->arena, length, sizeof(*p));

    ck_assert_ptr_nonnull(p);
    memcpy(p, h.position, length * sizeof(*p));
    if (changed >= 0 && (size_t)changed < length)
        p[changed].since_previous_days += 1;
    if (length < LONGEST)
        h.n_items = h.position[length].first_item;
    return (struct rt_history){p, length, h.item, h.n_items};
}

/* By way of the cache; *kept: positions that were not computed. */
static enum an_code by_cache(struct asker *a, const struct rt_history *h,
                             const float *wide, uint32_t *kept)
{
    struct rt_cached *c = rt_cache_take(cache, h);
    struct rt_past *past = c ? &c->past : NULL;
    struct rt_history rest;
    struct rt_query q = {(uint32_t)h->n_positions - 1, wide};
    struct rt_ask ask = {&rest, &q, 1};
    enum an_code code;

    *kept = 0;
    if (c == NULL) {
        ask.history = h;
        return rt_forward(&m, &a->ws, &ask, 1, RT_WANT_HAZARDS, NULL);
    }
    *kept = rt_cached_common(c, h);
    past->n_positions = (int32_t)*kept;
    q.position -= *kept;
    code = rt_history_from(&a->arena, h, *kept, &rest, NULL);
    if (code == AN_OK)
        code = rt_forward_extend(&m, &a->ws, &past, &ask, 1, RT_WANT_HAZARDS,
                                 NULL);
    rt_cache_give(cache, c, code == AN_OK ? h : NULL, &none);
    return code;
}

/* Is it what the whole gives? */
static bool check_one(struct asker *a, const struct rt_history *h,
                      uint32_t *kept)
{
    const struct an_mark mark = an_arena_mark(&a->arena);
    const float *wide = test_wide(&a->arena, &shape, &a->r);
    struct rt_query q = {(uint32_t)h->n_positions - 1, wide};
    struct rt_ask ask = {h, &q, 1};
    float want[KJ];
    bool same;

    if (rt_forward(&m, &a->ws, &ask, 1, RT_WANT_HAZARDS, NULL) != AN_OK)
        return false;
    memcpy(want, a->ws.log_hazard_qkj, sizeof(want));
    same = by_cache(a, h, wide, kept) == AN_OK &&
           memcmp(want, a->ws.log_hazard_qkj, sizeof(want)) == 0;
    an_arena_rewind(&a->arena, mark);
    return same;
}

/* Anybody, at any length, now and then told otherwise. */
static void ask_about_many(struct asker *a, int rounds)
{
    for (int i = 0; i < rounds && !a->differs; i++) {
        const struct an_mark mark = an_arena_mark(&a->arena);
        const size_t length = 1 + (size_t)test_below(&a->r, LONGEST);
        const int changed =
            test_below(&a->r, 3) ? -1 : test_below(&a->r, LONGEST);
        struct rt_history h =
            version(a, test_below(&a->r, PATIENTS), length, changed);
        uint32_t kept;

        a->differs = !check_one(a, &h, &kept);
        an_arena_rewind(&a->arena, mark);
    }
}

START_TEST(the_same_comes_out_whatever_was_asked_before)
{
    struct rt_cache_counts n;
    struct asker a;

    asker_init(&a, 1);
    ask_about_many(&a, 400);
    ck_assert(!a.differs);
    rt_cache_counts(cache, &n);
    ck_assert_uint_eq(n.n_taken, 400);
    ck_assert_uint_gt(n.n_kept, n.n_positions / 10);
    an_arena_free(&a.arena);
}
END_TEST

START_TEST(a_new_event_costs_itself)
{
    struct asker a;
    uint32_t kept;
    int n_anew = 0;

    asker_init(&a, 2);
    for (size_t length = 1; length <= LONGEST; length++) {
        struct rt_history h = version(&a, 1, length, -1);

        ck_assert(check_one(&a, &h, &kept));
        ck_assert(kept == 0 || kept == length - 1);
        n_anew += kept == 0;
    }
    /* How it begins is not known before two moments are; and its room is
     * outgrown, by a quarter more each time. */
    ck_assert_int_le(n_anew, 3 + 2);
    an_arena_free(&a.arena);
}
END_TEST

START_TEST(what_is_told_otherwise_is_computed_from_there_on)
{
    struct asker a;
    struct rt_history h;
    uint32_t kept;

    asker_init(&a, 3);
    h = version(&a, 1, LONGEST, -1);
    ck_assert(check_one(&a, &h, &kept));
    h = version(&a, 1, LONGEST, 40);
    ck_assert(check_one(&a, &h, &kept));
    ck_assert_uint_eq(kept, 40);
    h = version(&a, 1, 30, 40);
    ck_assert(check_one(&a, &h, &kept));
    ck_assert_uint_eq(kept, 29);
    an_arena_free(&a.arena);
}
END_TEST

START_TEST(keeps_to_its_room_and_forgets_the_oldest)
{
    const size_t most = 3 * LONGEST * rt_past_bytes(&shape) * 2;
    struct rt_cache_counts n;
    struct asker a;
    uint32_t kept;

    tear_down();
    set_up_with(most);
    asker_init(&a, 4);
    ask_about_many(&a, 200);
    ck_assert(!a.differs);
    rt_cache_counts(cache, &n);
    ck_assert_uint_gt(n.n, 0);
    ck_assert_uint_le(n.bytes, most);
    ck_assert_uint_lt(n.n, PATIENTS);
    for (int patient = 0; patient < PATIENTS; patient++) {
        struct rt_history h = version(&a, patient, LONGEST, -1);

        ck_assert(check_one(&a, &h, &kept));
    }
    for (int patient = 0; patient < PATIENTS; patient += PATIENTS - 1) {
        struct rt_history h = version(&a, patient, LONGEST, -1);

        ck_assert(check_one(&a, &h, &kept));
        ck_assert_uint_eq(kept, patient ? LONGEST - 1 : 0);
    }
    an_arena_free(&a.arena);
}
END_TEST

START_TEST(a_history_that_does_not_fit_is_done_without)
{
    struct rt_cache_counts n;
    struct rt_history h;
    struct asker a;
    uint32_t kept;

    tear_down();
    set_up_with(1000);
    asker_init(&a, 5);
    h = version(&a, 1, LONGEST, -1);
    ck_assert(check_one(&a, &h, &kept));
    ck_assert_ptr_null(rt_cache_take(cache, &h));
    rt_cache_counts(cache, &n);
    ck_assert_uint_eq(n.n, 0);
    an_arena_free(&a.arena);
}
END_TEST

START_TEST(what_failed_is_forgotten)
{
    struct rt_cache_counts n;
    struct rt_history h;
    struct rt_cached *c;
    struct asker a;

    asker_init(&a, 6);
    h = version(&a, 1, 20, -1);
    c = rt_cache_take(cache, &h);
    ck_assert_ptr_nonnull(c);
    rt_cache_give(cache, c, NULL, &none);
    c = rt_cache_take(cache, &h);
    ck_assert_ptr_nonnull(c);
    ck_assert_uint_eq(rt_cached_common(c, &h), 0);
    c->arena.fail_after = 0;
    rt_cache_give(cache, c, &h, &none);
    rt_cache_counts(cache, &n);
    ck_assert_uint_eq(n.n, 0);
    ck_assert_uint_eq(n.bytes, 0);
    an_arena_free(&a.arena);
}
END_TEST

static void *asks(void *arg)
{
    ask_about_many(arg, 150);
    return NULL;
}

START_TEST(threads_share_it)
{
    static struct asker a[THREADS];
    pthread_t thread[THREADS];

    tear_down();
    set_up_with(6 * LONGEST * rt_past_bytes(&shape) * 2);
    for (int i = 0; i < THREADS; i++) {
        asker_init(&a[i], (uint64_t)i + 7);
        ck_assert_int_eq(pthread_create(&thread[i], NULL, asks, &a[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
        ck_assert(!a[i].differs);
        an_arena_free(&a[i].arena);
    }
}
END_TEST

Suite *runtime_cache_suite(void)
{
    const TTest *const test[] = {
        the_same_comes_out_whatever_was_asked_before,
        a_new_event_costs_itself,
        what_is_told_otherwise_is_computed_from_there_on,
        keeps_to_its_room_and_forgets_the_oldest,
        a_history_that_does_not_fit_is_done_without,
        what_failed_is_forgotten,
        threads_share_it};

    return test_suite_around("runtime/cache", test,
                             sizeof(test) / sizeof(*test), set_up, tear_down);
}
