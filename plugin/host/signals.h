/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as something to read, for the program only: a library inside a
 * hospital's engine leaves signals alone.
 *
 *     pl_signals_open(&signals, err);     -- before any thread is started
 *     for (;;)
 *         switch (pl_signals_wait(&signals, 1000)) { ... }
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_HOST_SIGNALS_H
#define PLUGIN_HOST_SIGNALS_H

#include "base/err.h"

#include <signal.h>

struct pl_signals {
    int fd;
    sigset_t before; /* the mask to go back to */
};

enum pl_signal {
    PL_SIGNAL_NONE,  /* the time is up */
    PL_SIGNAL_STOP,  /* SIGTERM, SIGINT: finish and end */
    PL_SIGNAL_RELOAD /* SIGHUP: read the configuration again */
};

/* Block SIGTERM, SIGINT, SIGHUP and SIGPIPE in this thread, and so in those it
 * starts. */
enum an_code pl_signals_open(struct pl_signals *s, struct an_err *err)
    __attribute__((warn_unused_result));

/* The next signal; -1 waits for ever. */
enum pl_signal pl_signals_wait(struct pl_signals *s, int timeout_ms);

void pl_signals_close(struct pl_signals *s);

#endif
