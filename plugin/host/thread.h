/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a thread the way every thread here is started: named, so that top
 * and a debugger show what it does, with the floating point modes that C begins
 * with, and with all signals blocked, so that they
 * arrive where the program (or the host process that loaded us) wants them.
 *
 * Thread-safety: shared. */
#ifndef PLUGIN_HOST_THREAD_H
#define PLUGIN_HOST_THREAD_H

#include "base/err.h"

#include <pthread.h>

/* AN_IO with the error number when no thread can be had; AN_NOMEM. */
enum an_code pl_thread_start(pthread_t *thread, void *(*run)(void *), void *arg,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* Name the calling thread; at most 15 bytes are kept. */
void pl_thread_name(const char *name);

/* Let the calling thread run behind the others: answering a message goes
 * before thinking about it. */
void pl_thread_yield_to_others(void);

/* A condition that is waited for by CLOCK_MONOTONIC. */
void pl_cond_init(pthread_cond_t *c);
/* Wait until a moment of pl_now_ms at the latest; false when it is over. */
bool pl_cond_wait(pthread_cond_t *c, pthread_mutex_t *lock, int64_t until_ms);

/* CLOCK_MONOTONIC, for timeouts. */
int64_t pl_now_ms(void);
int64_t pl_now_us(void);
/* CLOCK_REALTIME as base wants it (an_clock); ctx is not used. */
int64_t pl_clock_us(void *ctx);

#endif
