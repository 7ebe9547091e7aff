/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/signals.h"
#include "plugin/host/thread.h"
#include "plugin/host/workers.h"
#include "tests/host_net.h"
#include "tests/suite.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

Suite *host_workers_suite(void);

static atomic_uint_fast64_t n_done, n_started;
static atomic_bool is_held;
static char thread_name[16];

static struct pl_workers *open_workers(uint32_t n_threads, uint32_t n_queued)
{
    const struct pl_workers_options options = {"an-test", n_threads, n_queued,
                                               false};
    struct pl_workers *w;

    atomic_store(&n_done, 0);
    atomic_store(&n_started, 0);
    atomic_store(&is_held, false);
    ck_assert_int_eq(pl_workers_open(&options, &w, NULL), AN_OK);
    return w;
}

static uint64_t started(void)
{
    return atomic_load(&n_started);
}

static void work(void *arg, uint32_t thread)
{
    (void)arg;
    (void)thread;
    atomic_fetch_add(&n_started, 1);
    while (atomic_load(&is_held))
        net_sleep_ms(1);
    atomic_fetch_add(&n_done, 1);
}

START_TEST(does_all_that_was_put_before_it_stops)
{
    struct pl_workers *w = open_workers(3, 1000);

    ck_assert_uint_eq(pl_workers_n_threads(w), 3);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(pl_workers_put(w, work, NULL), AN_OK);
    pl_workers_stop(w);
    ck_assert_uint_eq(atomic_load(&n_done), 1000);
    ck_assert_int_eq(pl_workers_put(w, work, NULL), AN_BUSY);
    pl_workers_close(w);
}
END_TEST

START_TEST(says_busy_when_its_queue_is_full)
{
    struct pl_workers *w = open_workers(1, 2);

    atomic_store(&is_held, true);
    ck_assert_int_eq(pl_workers_put(w, work, NULL), AN_OK);
    ck_assert(net_wait(started, 1));
    ck_assert_int_eq(pl_workers_put(w, work, NULL), AN_OK);
    ck_assert_int_eq(pl_workers_put(w, work, NULL), AN_OK);
    ck_assert_uint_eq(pl_workers_waiting(w), 2);
    ck_assert_int_eq(pl_workers_put(w, work, NULL), AN_BUSY);
    atomic_store(&is_held, false);
    pl_workers_drain(w);
    ck_assert_uint_eq(atomic_load(&n_done), 3);
    ck_assert_uint_eq(pl_workers_waiting(w), 0);
    ck_assert_int_eq(pl_workers_put(w, work, NULL), AN_OK);
    pl_workers_close(w);
    ck_assert_uint_eq(atomic_load(&n_done), 4);
}
END_TEST

struct order {
    uint32_t seen[100];
    uint32_t n;
};

static struct order order;

static void note(void *arg, uint32_t thread)
{
    (void)thread;
    order.seen[order.n++] = *(const uint32_t *)arg;
    prctl(PR_GET_NAME, thread_name);
}

START_TEST(takes_work_in_order_under_its_name)
{
    struct pl_workers *w = open_workers(1, 7);
    uint32_t number[100];

    order.n = 0;
    for (uint32_t i = 0; i < 100; i++) {
        number[i] = i;
        while (pl_workers_put(w, note, &number[i]) == AN_BUSY)
            net_sleep_ms(1);
    }
    pl_workers_close(w);
    ck_assert_uint_eq(order.n, 100);
    for (uint32_t i = 0; i < 100; i++)
        ck_assert_uint_eq(order.seen[i], i);
    ck_assert_str_eq(thread_name, "an-test");
}
END_TEST

START_TEST(has_a_thread_for_each_core_when_none_is_said)
{
    struct pl_workers *w = open_workers(0, 1);

    ck_assert_int_eq(pl_workers_n_threads(w), sysconf(_SC_NPROCESSORS_ONLN));
    pl_workers_drain(w);
    pl_workers_close(w);
    pl_workers_close(NULL);
}
END_TEST

static void look_at_niceness(void *arg, uint32_t thread)
{
    (void)thread;
    *(int *)arg = getpriority(PRIO_PROCESS, 0);
}

static int niceness_of(bool background)
{
    const struct pl_workers_options options = {.name = "an-test",
                                               .n_threads = 1,
                                               .n_queued = 1,
                                               .background = background};
    struct pl_workers *w;
    int niceness = -1;

    ck_assert_int_eq(pl_workers_open(&options, &w, NULL), AN_OK);
    ck_assert_int_eq(pl_workers_put(w, look_at_niceness, &niceness), AN_OK);
    pl_workers_close(w);
    return niceness;
}

START_TEST(those_in_the_background_let_the_others_go_first)
{
    int ours = getpriority(PRIO_PROCESS, 0);

    ck_assert_int_eq(niceness_of(false), ours);
    if (ours < 19)
        ck_assert_int_gt(niceness_of(true), ours);
    /* It is the thread's alone. */
    ck_assert_int_eq(getpriority(PRIO_PROCESS, 0), ours);
    ck_assert_int_eq(niceness_of(false), ours);
}
END_TEST

static void *nap(void *unused)
{
    const struct timespec a_while = {0, 100000000};

    (void)nanosleep(&a_while, NULL);
    return unused;
}

START_TEST(reads_signals_whatever_thread_they_come_to)
{
    struct pl_signals s;
    pthread_t early;

    /* A thread that was there first, as a library's may be. */
    ck_assert_int_eq(pthread_create(&early, NULL, nap, NULL), 0);
    ck_assert_int_eq(pl_signals_open(&s, NULL), AN_OK);
    ck_assert_int_eq(pthread_kill(early, SIGHUP), 0);
    ck_assert_int_eq(pl_signals_wait(&s, 1000), PL_SIGNAL_HANGUP);
    ck_assert_int_eq(pl_signals_wait(&s, 0), PL_SIGNAL_NONE);
    kill(getpid(), SIGHUP);
    ck_assert_int_eq(pl_signals_wait(&s, 1000), PL_SIGNAL_HANGUP);
    kill(getpid(), SIGTERM);
    ck_assert_int_eq(pl_signals_wait(&s, 1000), PL_SIGNAL_STOP);
    kill(getpid(), SIGINT);
    ck_assert_int_eq(pl_signals_wait(&s, -1), PL_SIGNAL_STOP);
    ck_assert_int_eq(pl_signals_wait(&s, 1), PL_SIGNAL_NONE);
    pl_signals_close(&s);
    ck_assert_int_eq(pthread_join(early, NULL), 0);
}
END_TEST

Suite *host_workers_suite(void)
{
    const TTest *const test[] = {
        does_all_that_was_put_before_it_stops,
        says_busy_when_its_queue_is_full,
        takes_work_in_order_under_its_name,
        has_a_thread_for_each_core_when_none_is_said,
        those_in_the_background_let_the_others_go_first,
        reads_signals_whatever_thread_they_come_to};

    return TEST_SUITE("host/workers", test);
}
