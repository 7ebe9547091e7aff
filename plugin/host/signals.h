/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as something to read, for the program only: a library inside a
 * hospital's engine leaves signals alone.
 *
 *     pl_signals_open(&signals, err);
 *     for (;;)
 *         switch (pl_signals_wait(&signals, 1000)) { ... }
 *
 * A handler writes to a pipe.  Blocking the signals and reading a signalfd is
 * not enough: a library may have started threads before main began (OpenBLAS
 * does), and a signal that such a thread does not block would end the program.
 *
 * Thread-safety: confined; one at a time in a process. */
#ifndef PLUGIN_HOST_SIGNALS_H
#define PLUGIN_HOST_SIGNALS_H

#include "base/err.h"

#include <signal.h>

enum { PL_N_SIGNALS = 4 };

struct pl_signals {
    int fd, write_fd;
    struct sigaction before[PL_N_SIGNALS]; /* what to go back to */
};

enum pl_signal {
    PL_SIGNAL_NONE,  /* the time is up */
    PL_SIGNAL_STOP,  /* SIGTERM, SIGINT: finish and end */
    PL_SIGNAL_HANGUP /* SIGHUP: read again what can be; it stops nobody */
};

/* Catch SIGTERM, SIGINT and SIGHUP, and ignore SIGPIPE. */
enum an_code pl_signals_open(struct pl_signals *s, struct an_err *err)
    __attribute__((warn_unused_result));

/* The next signal; -1 waits for ever. */
enum pl_signal pl_signals_wait(struct pl_signals *s, int timeout_ms);

void pl_signals_close(struct pl_signals *s);

#endif
