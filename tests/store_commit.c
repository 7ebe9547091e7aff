/* SPDX-License-Identifier: Apache-2.0 */
/* The group committer: everybody is answered once, after the commit. */
#include "tests/store_help.h"
#include "tests/suite.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

Suite *store_commit_suite(void);

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

static struct pl_committer *committer(struct pl_committer_limits limits)
{
    struct pl_committer *c;

    ck_assert_int_eq(pl_committer_open(t.store, &limits, &c, NULL), AN_OK);
    return c;
}

/* Callbacks are counted in the committer's thread and read after it ended. */
struct answers {
    int n, n_ok, n_busy_now;
    pthread_mutex_t *gate; /* held by the test to keep the committer busy */
};

static void count(struct pl_waiter *w)
{
    struct answers *a = w->user;

    if (a->gate) {
        pthread_mutex_lock(a->gate);
        pthread_mutex_unlock(a->gate);
    }
    a->n++;
    a->n_ok += w->code == AN_OK;
}

enum { THREADS = 8, EACH = 50 };

struct sender {
    struct pl_committer *committer;
    uint64_t from;
    int n_new, n_duplicate;
};

static void *send(void *self)
{
    struct sender *s = self;
    struct test_message *m = malloc(sizeof(*m));
    struct an_arena arena;

    an_arena_init(&arena, 1 << 20);
    for (uint64_t i = 0; m && i < EACH; i++) {
        struct pl_source from = {.feed = AN_STR("lab")};
        struct pl_receipt r;
        struct pl_intake in;

        /* Neighbours send half of their messages both. */
        test_message(m, s->from + i, i % 5);
        from.bytes = m->bytes;
        from.reading = &m->reading;
        if (pl_intake_make(&arena, &from, &in, NULL) == AN_OK &&
            pl_committer_put(s->committer, &in, &r, NULL) == AN_OK) {
            s->n_duplicate += r.duplicate;
            s->n_new += !r.duplicate;
        }
        an_arena_reset(&arena);
    }
    an_arena_free(&arena);
    free(m);
    return NULL;
}

START_TEST(many_threads_store_each_message_once)
{
    struct pl_committer *c =
        committer((struct pl_committer_limits){.group = 7});
    struct sender s[THREADS];
    pthread_t thread[THREADS];
    struct pl_committer_state state;
    int n_new = 0, n_duplicate = 0;

    for (size_t i = 0; i < THREADS; i++) {
        s[i] = (struct sender){c, i * EACH / 2, 0, 0};
        ck_assert_int_eq(pthread_create(&thread[i], NULL, send, &s[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        n_new += s[i].n_new;
        n_duplicate += s[i].n_duplicate;
    }
    pl_committer_state(c, &state);
    pl_committer_close(c);
    ck_assert_int_eq(n_new, (THREADS + 1) * EACH / 2);
    ck_assert_int_eq(n_new + n_duplicate, THREADS * EACH);
    ck_assert_uint_eq(state.n_stored, THREADS * EACH);
    ck_assert_uint_eq(state.n_waiting, 0);
    ck_assert_uint_eq(state.waiting_bytes, 0);
    ck_assert_int_eq(test_status(&t).n_messages, n_new);
    test_store_check(&t);
}
END_TEST

START_TEST(beyond_its_queue_it_is_busy_and_what_it_took_is_answered)
{
    enum { N = 40 };
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct answers a = {.gate = &gate};
    struct pl_committer *c =
        committer((struct pl_committer_limits){.waiting = 10, .group = 4});
    struct pl_waiter *w = an_arena_get(&t.arena, N, sizeof(*w));
    struct pl_intake *in = an_arena_get(&t.arena, N, sizeof(*in));
    struct pl_committer_state state;
    struct an_err err;
    int n_taken = 0;

    pthread_mutex_lock(&gate);
    for (uint64_t i = 0; i < N; i++) {
        enum an_code code;

        in[i] = test_intake(&t, i, i);
        w[i] = (struct pl_waiter){.intake = &in[i], .done = count, .user = &a};
        code = pl_committer_submit(c, &w[i], &err);
        n_taken += code == AN_OK;
        if (code != AN_OK)
            ck_assert_int_eq(code, AN_BUSY);
    }
    pl_committer_state(c, &state);
    pthread_mutex_unlock(&gate);
    pl_committer_close(c);
    /* What waits, and at most a group in the committer's hands. */
    ck_assert_int_ge(n_taken, 10);
    ck_assert_int_le(n_taken, 10 + 4);
    ck_assert_uint_eq(state.n_busy, (uint64_t)(N - n_taken));
    ck_assert_int_eq(a.n, n_taken);
    ck_assert_int_eq(a.n_ok, n_taken);
    ck_assert_int_eq(test_status(&t).n_messages, n_taken);
}
END_TEST

START_TEST(bytes_fill_its_queue_too)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct answers a = {.gate = &gate};
    struct pl_intake in[6];
    struct pl_waiter w[6];
    struct pl_committer *c = committer(
        (struct pl_committer_limits){.waiting_bytes = 1500, .group_bytes = 1});
    int n_taken = 0;

    pthread_mutex_lock(&gate);
    for (uint64_t i = 0; i < 6; i++) {
        in[i] = test_intake(&t, i, i);
        w[i] = (struct pl_waiter){.intake = &in[i], .done = count, .user = &a};
        n_taken += pl_committer_submit(c, &w[i], NULL) == AN_OK;
    }
    pthread_mutex_unlock(&gate);
    pl_committer_close(c);
    /* About 850 bytes each: one in hand, one or two wait. */
    ck_assert_int_ge(n_taken, 1);
    ck_assert_int_le(n_taken, 3);
    ck_assert_int_eq(a.n_ok, n_taken);
}
END_TEST

START_TEST(closing_stores_what_waits)
{
    enum { N = 100 };
    struct answers a = {.gate = NULL};
    struct pl_committer *c =
        committer((struct pl_committer_limits){.group = 9});
    struct pl_intake *in = an_arena_get(&t.arena, N, sizeof(*in));
    struct pl_waiter *w = an_arena_get(&t.arena, N, sizeof(*w));

    for (uint64_t i = 0; i < N; i++) {
        in[i] = test_intake(&t, i, i % 4);
        w[i] = (struct pl_waiter){.intake = &in[i], .done = count, .user = &a};
        ck_assert_int_eq(pl_committer_submit(c, &w[i], NULL), AN_OK);
    }
    pl_committer_close(c);
    ck_assert_int_eq(a.n, N);
    ck_assert_int_eq(a.n_ok, N);
    for (uint64_t i = 0; i < N; i++)
        ck_assert_int_eq(w[i].receipt.message, (int64_t)i + 1);
    ck_assert_int_eq(test_status(&t).n_messages, N);
}
END_TEST

START_TEST(a_full_store_fails_each_of_the_group_and_the_next_may_succeed)
{
    struct pl_store_options options = {.path = t.path};
    struct pl_committer *c;
    struct pl_committer_state state;
    struct pl_intake in;
    struct pl_receipt r;
    struct an_err err = {.what = ""};
    enum an_code code = AN_OK;
    uint64_t n = 0;

    options.limit_bytes = 300000;
    pl_store_close(t.store);
    ck_assert_int_eq(pl_store_open(&options, &t.store, NULL), AN_OK);
    c = committer((struct pl_committer_limits){.group = 0});
    while (code == AN_OK && n < 5000) {
        in = test_intake(&t, n, n % 7);
        code = pl_committer_put(c, &in, &r, &err);
        n += code == AN_OK;
    }
    ck_assert_int_eq(code, AN_IO);
    ck_assert_str_eq(err.what,
                     "the disk is full, or the store is at its size limit");
    /* It still runs: what needs no room is still answered. */
    in = test_intake(&t, 0, 0);
    ck_assert_int_eq(pl_committer_put(c, &in, &r, NULL), AN_OK);
    ck_assert(r.duplicate);
    pl_committer_state(c, &state);
    ck_assert_uint_eq(state.n_failed, 1);
    pl_committer_close(c);
    ck_assert_int_eq(test_status(&t).n_messages, (int64_t)n);
    test_store_check(&t);
}
END_TEST

START_TEST(one_bad_intake_fails_alone)
{
    enum { TOO_LARGE = 600 << 20 };
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct answers a = {.gate = &gate};
    struct pl_committer *c = committer((struct pl_committer_limits){
        .waiting_bytes = (size_t)1 << 31, .group_bytes = (size_t)1 << 31});
    char *large = calloc(1, TOO_LARGE);
    struct pl_intake in[4];
    struct pl_waiter w[4];

    ck_assert_ptr_nonnull(large);
    pthread_mutex_lock(&gate);
    for (uint64_t i = 0; i < 4; i++) {
        in[i] = test_intake(&t, i, i);
        if (i == 2)
            in[i].raw = (struct an_str){large, TOO_LARGE};
        w[i] = (struct pl_waiter){.intake = &in[i], .done = count, .user = &a};
        ck_assert_int_eq(pl_committer_submit(c, &w[i], NULL), AN_OK);
    }
    pthread_mutex_unlock(&gate);
    pl_committer_close(c);
    free(large);
    ck_assert_int_eq(a.n, 4);
    ck_assert_int_eq(a.n_ok, 3);
    ck_assert_int_eq(w[2].code, AN_LIMIT);
    ck_assert_ptr_nonnull(w[2].err.what);
    ck_assert_int_eq(test_status(&t).n_messages, 3);
}
END_TEST

START_TEST(readers_see_whole_groups_while_others_write)
{
    struct pl_committer *c = committer((struct pl_committer_limits){0});
    struct sender s = {c, 0, 0, 0};
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, send, &s), 0);
    for (int i = 0; i < 200; i++) {
        struct pl_status status = test_status(&t);
        size_t n = 0;

        if (status.n_feeds)
            n = (size_t)status.feed[0].n_messages;
        if (n)
            ck_assert_int_eq(status.feed[0].n_events,
                             (int64_t)n * TEST_RESULTS);
        an_arena_reset(&t.arena);
    }
    pthread_join(thread, NULL);
    pl_committer_close(c);
    ck_assert_int_eq(test_status(&t).n_messages, EACH);
}
END_TEST

Suite *store_commit_suite(void)
{
    const TTest *const test[] = {
        many_threads_store_each_message_once,
        beyond_its_queue_it_is_busy_and_what_it_took_is_answered,
        bytes_fill_its_queue_too,
        closing_stores_what_waits,
        a_full_store_fails_each_of_the_group_and_the_next_may_succeed,
        one_bad_intake_fails_alone,
        readers_see_whole_groups_while_others_write};

    return test_suite_around("store/commit", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}
