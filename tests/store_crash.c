/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 in the middle of a stream of commits, again and again: everything
 * that was reported stored is there exactly once, and nothing is half there.
 *
 * A child stores with several threads and writes the number of each message to
 * a pipe from the committer's callback, which is where an acknowledgement would
 * leave.  (A killed process leaves the kernel's cache alone; that the bytes
 * would survive a power cut rests on synchronous FULL, see store_open.c.) */
#include "tests/store_help.h"
#include "tests/suite.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *store_crash_suite(void);

enum { ROUNDS = 6, THREADS = 4, MOST = 200000, PATIENTS = 50 };

struct child {
    struct pl_committer *committer;
    uint64_t from;
    int pipe;
};

struct message {
    struct pl_waiter waiter;
    uint64_t n;
    int pipe;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool done;
};

static void report(struct pl_waiter *w)
{
    struct message *m = w->user;

    if (w->code != AN_OK ||
        write(m->pipe, &m->n, sizeof(m->n)) != (ssize_t)sizeof(m->n))
        _exit(2);
    pthread_mutex_lock(&m->lock);
    m->done = true;
    pthread_cond_signal(&m->woken);
    pthread_mutex_unlock(&m->lock);
}

/* Until it is killed. */
static void *stream(void *self)
{
    const struct child *c = self;
    struct test_message *text = malloc(sizeof(*text));
    struct message m = {.pipe = c->pipe,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .woken = PTHREAD_COND_INITIALIZER};
    struct an_arena arena;

    if (text == NULL)
        _exit(6);
    an_arena_init(&arena, 1 << 20);
    for (m.n = c->from;; m.n += THREADS) {
        struct pl_source from = {.feed = AN_STR("lab")};
        struct pl_intake in;

        test_message(text, m.n, m.n % PATIENTS);
        from.bytes = text->bytes;
        from.reading = &text->reading;
        m.done = false;
        m.waiter =
            (struct pl_waiter){.intake = &in, .done = report, .user = &m};
        if (pl_intake_make(&arena, &from, &in, NULL) != AN_OK ||
            pl_committer_submit(c->committer, &m.waiter, NULL) != AN_OK)
            _exit(3);
        pthread_mutex_lock(&m.lock);
        while (!m.done)
            pthread_cond_wait(&m.woken, &m.lock);
        pthread_mutex_unlock(&m.lock);
        an_arena_reset(&arena);
    }
}

static void child(const char *path, uint64_t from, int pipe)
{
    struct pl_store_options options = {.path = path};
    struct child c[THREADS];
    pthread_t thread[THREADS];
    struct pl_store *store;

    if (pl_store_open(&options, &store, NULL) != AN_OK ||
        pl_committer_open(store, NULL, &c[0].committer, NULL) != AN_OK)
        _exit(4);
    for (uint64_t i = 0; i < THREADS; i++) {
        c[i] = (struct child){c[0].committer, from + i, pipe};
        if (pthread_create(&thread[i], NULL, stream, &c[i]) != 0)
            _exit(5);
    }
    for (;;)
        pause();
}

static bool read_number(int fd, uint64_t *n)
{
    char *p = (char *)n;
    size_t got = 0;

    while (got < sizeof(*n)) {
        ssize_t more = read(fd, p + got, sizeof(*n) - got);

        if (more < 0 && errno == EINTR)
            continue;
        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    return true;
}

/* Let it report `reports` messages, kill it, and note all that it reported. */
static uint64_t run_and_kill(const char *path, uint64_t from, unsigned reports,
                             uint8_t *promised)
{
    uint64_t n, highest = from;
    int ends[2], status;
    pid_t pid;

    ck_assert_int_eq(pipe(ends), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)close(ends[0]);
        child(path, from, ends[1]);
    }
    (void)close(ends[1]);
    for (unsigned i = 0; read_number(ends[0], &n); i++) {
        if (i == reports)
            ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_uint_lt(n, MOST);
        promised[n]++;
        if (n > highest)
            highest = n;
    }
    (void)close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return highest + 1;
}

START_TEST(what_was_reported_is_there_once_after_kill_9)
{
    static uint8_t promised[MOST];
    uint64_t next = 0, n_promised = 0;
    struct test_store t = {.key_file = NULL};
    size_t n_said = 0;

    test_store_open(&t);
    memset(promised, 0, sizeof(promised));
    for (unsigned round = 0; round < ROUNDS; round++) {
        pl_reader_close(t.reader);
        pl_store_close(t.store);
        next = run_and_kill(t.path, next, 37 + 211 * round, promised);
        t.store = NULL;
        t.reader = NULL;
        test_store_reopen(&t);
        test_store_check(&t);
    }
    for (uint64_t n = 0; n < next + THREADS; n++) {
        struct pl_intake in = test_intake(&t, n, n % PATIENTS);
        struct pl_receipt r = test_put(&t, &in);

        ck_assert_uint_le(promised[n], 1);
        n_promised += promised[n];
        if (promised[n])
            ck_assert(r.duplicate);
        an_arena_reset(&t.arena);
    }
    ck_assert_uint_gt(n_promised, 1000);
    /* Whole messages only: each is there with all its events and its count. */
    ck_assert_int_eq(test_status(&t).n_messages, (int64_t)(next + THREADS));
    ck_assert_int_eq(test_status(&t).feed[0].n_events,
                     (int64_t)(next + THREADS) * TEST_RESULTS);
    for (uint64_t patient = 0; patient < PATIENTS; patient++)
        n_said += test_history(&t, patient, CTX_AS_OF_ALL).n_said;
    ck_assert_uint_eq(n_said, (next + THREADS) * TEST_RESULTS);
    test_store_check(&t);
    test_store_close(&t);
}
END_TEST

Suite *store_crash_suite(void)
{
    const TTest *const test[] = {what_was_reported_is_there_once_after_kill_9};

    return TEST_SUITE("store/crash", test);
}
