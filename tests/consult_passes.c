/* SPDX-License-Identifier: Apache-2.0 */
/* Who shares a pass is told what a pass of one's own says, to the last bit. */
#include "plugin/passes.h"
#include "runtime/product.h"
#include "tests/model_random.h"
#include "tests/suite.h"

#include <math.h>
#include <pthread.h>

Suite *consult_passes_suite(void);

enum {
    ASKERS = 6,
    ROUNDS = 60,
    TRIES = 20,
    LENGTH = 90,
    KJ = 18,
    TARGETS = 20
};

struct said {
    enum an_code rc;
    float log_hazard_kj[KJ], log_rate_v[TARGETS];
};

/* One thread, with questions of its own. */
struct one {
    struct an_arena arena;
    struct rt_workspace ws;
    struct test_random r;
    struct rt_passer passer;
    size_t n_wrong;
};

static struct an_arena arena;
static struct rt_shape shape;
static struct rt_model model;
static pthread_barrier_t together;

static void set_up(void)
{
    struct test_random r = {5};

    an_arena_init(&arena, 16 << 20);
    shape = test_shape();
    test_model(&model, &arena, &shape, &r);
    ck_assert_int_eq(rt_model_pack(&model, &arena, NULL), AN_OK);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static struct said said(const struct rt_workspace *ws, enum an_code rc)
{
    struct said out = {.rc = rc};

    if (rc == AN_OK) {
        memcpy(out.log_hazard_kj, ws->log_hazard_qkj, sizeof(float) * KJ);
        memcpy(out.log_rate_v, ws->log_rate_qv, sizeof(float) * TARGETS);
    }
    return out;
}

/* What follows a past of some length, the same by oneself and by the passes; of
 * some questions a feature is no number. */
static bool answers_alike(struct one *o)
{
    const size_t before = (size_t)test_below(&o->r, 40);
    const size_t n = before + 1 + (size_t)test_below(&o->r, LENGTH - 40);
    struct rt_history h = test_history(&o->arena, &shape, n, &o->r), begun = h;
    float *wide = test_wide(&o->arena, &shape, &o->r);
    const struct rt_query whole = {(uint32_t)n - 1, wide};
    const struct rt_query end = {(uint32_t)(n - before) - 1, wide};
    struct rt_history rest;
    struct rt_past past;
    const struct rt_ask all = {&h, &whole, 1}, first = {&begun, NULL, 0},
                        later = {&rest, &end, 1};
    const unsigned want = RT_WANT_HAZARDS | RT_WANT_RATES;
    struct said mine, shared;
    bool ready;

    if (test_below(&o->r, 5) == 0)
        wide[0] = NAN;
    begun.n_positions = before;
    begun.n_items = h.position[before].first_item;
    ready = rt_past_init(&past, &o->arena, &shape, LENGTH, NULL) == AN_OK &&
            rt_history_from(&o->arena, &h, before, &rest, NULL) == AN_OK &&
            rt_forward_keep(&model, &o->ws, &past, &first, 0, NULL) == AN_OK;
    mine = said(&o->ws, rt_forward(&model, &o->ws, &all, 1, want, NULL));
    (void)pthread_barrier_wait(&together);
    shared = said(
        &o->ws, o->passer.extend(o->passer.self, &o->ws, &past, &later, NULL));
    return ready && mine.rc == (isnan(wide[0]) ? AN_TYPE : AN_OK) &&
           memcmp(&mine, &shared, sizeof(mine)) == 0 &&
           past.n_positions == (int)(mine.rc == AN_OK ? n : before);
}

static void *ask(void *self)
{
    struct one *o = self;

    for (int round = 0; round < ROUNDS; round++) {
        const struct an_mark mark = an_arena_mark(&o->arena);

        o->n_wrong += !answers_alike(o);
        an_arena_rewind(&o->arena, mark);
    }
    return NULL;
}

static struct pl_passes_counts all_ask(uint32_t n_at_once)
{
    static struct one one[ASKERS];
    pthread_t thread[ASKERS];
    struct pl_passes *passes;
    struct pl_passes_counts n;

    ck_assert_int_eq(pl_passes_open(&model, n_at_once, &passes, NULL), AN_OK);
    ck_assert_int_eq(pthread_barrier_init(&together, NULL, ASKERS), 0);
    for (size_t i = 0; i < ASKERS; i++) {
        one[i] =
            (struct one){.r = {100 + i}, .passer = pl_passes_passer(passes)};
        an_arena_init(&one[i].arena, 16 << 20);
        ck_assert_int_eq(rt_workspace_init(&one[i].ws, &one[i].arena, &shape,
                                           LENGTH, 4, NULL),
                         AN_OK);
        ck_assert_int_eq(pthread_create(&thread[i], NULL, ask, &one[i]), 0);
    }
    for (size_t i = 0; i < ASKERS; i++) {
        ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
        ck_assert_uint_eq(one[i].n_wrong, 0);
        an_arena_free(&one[i].arena);
    }
    pl_passes_counts(passes, &n);
    ck_assert_uint_eq(n.n_asks, ASKERS * ROUNDS);
    (void)pthread_barrier_destroy(&together);
    pl_passes_close(passes);
    return n;
}

/* On a busy machine the askers may happen to come one after the other. */
START_TEST(who_waits_shares_a_pass)
{
    struct pl_passes_counts n;
    int tries = 0;

    do
        n = all_ask(1);
    while (n.n_passes == n.n_asks && ++tries < TRIES);
    ck_assert_uint_lt(n.n_passes, n.n_asks);
}
END_TEST

START_TEST(where_cores_are_free_nobody_waits)
{
    const struct pl_passes_counts n = all_ask(ASKERS);

    ck_assert_uint_eq(n.n_passes, n.n_asks);
}
END_TEST

Suite *consult_passes_suite(void)
{
    const TTest *const test[] = {who_waits_shares_a_pass,
                                 where_cores_are_free_nobody_waits};

    return test_suite_around("consult/passes", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}
