/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/thread.h"

#include <fenv.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

struct start {
    void *(*run)(void *);
    void *arg;
};

/* A thread inherits the floating point modes of whoever started it, and a host
 * may have its own: the same question must get the same number. */
static void *begin(void *start)
{
    struct start s = *(struct start *)start;

    free(start);
    (void)fesetenv(FE_DFL_ENV);
    return s.run(s.arg);
}

enum an_code pl_thread_start(pthread_t *thread, void *(*run)(void *), void *arg,
                             struct an_err *err)
{
    struct start *start = malloc(sizeof(*start));
    sigset_t all, before;
    int rc;

    if (start == NULL)
        return an_fail_nomem(err);
    *start = (struct start){run, arg};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(thread, NULL, begin, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        return AN_OK;
    free(start);
    return an_fail_sys(err, AN_IO, "cannot start a thread", rc);
}

void pl_thread_name(const char *name)
{
    prctl(PR_SET_NAME, name);
}

/* On Linux "process 0" is the calling thread, whose niceness is its own.  Where
 * it is refused the thread runs as it is. */
void pl_thread_yield_to_others(void)
{
    enum { NICER = 5 };
    int ours = getpriority(PRIO_PROCESS, 0); /* -1 is one, too */

    (void)setpriority(PRIO_PROCESS, 0, ours + NICER);
}

void pl_cond_init(pthread_cond_t *c)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(c, &attr);
    pthread_condattr_destroy(&attr);
}

bool pl_cond_wait(pthread_cond_t *c, pthread_mutex_t *lock, int64_t until_ms)
{
    struct timespec until = {.tv_sec = until_ms / 1000,
                             .tv_nsec = until_ms % 1000 * 1000000L};

    return pthread_cond_timedwait(c, lock, &until) == 0;
}

static int64_t now_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t pl_now_us(void)
{
    return now_us(CLOCK_MONOTONIC);
}

int64_t pl_now_ms(void)
{
    return pl_now_us() / 1000;
}

int64_t pl_clock_us(void *ctx)
{
    (void)ctx;
    return now_us(CLOCK_REALTIME);
}
