/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/signals.h"

#include "plugin/host/listen.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

static const int caught[PL_N_SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};

/* A handler gets no argument of ours: this is the one way to reach the pipe. */
static atomic_int pipe_fd = -1;

static void note(int number)
{
    int saved = errno;
    char byte = (char)number;

    /* A full pipe says already that a signal came. */
    if (write(atomic_load(&pipe_fd), &byte, 1) < 0)
        byte = 0;
    errno = saved;
}

enum an_code pl_signals_open(struct pl_signals *s, struct an_err *err)
{
    struct sigaction action = {.sa_flags = SA_RESTART};
    int fd[2];

    if (pipe(fd) != 0)
        return an_fail_sys(err, AN_IO, "cannot listen for signals", errno);
    (void)(pl_fd_prepare(fd[0]) && pl_fd_prepare(fd[1]));
    s->fd = fd[0];
    s->write_fd = fd[1];
    atomic_store(&pipe_fd, s->write_fd);
    (void)sigemptyset(&action.sa_mask);
    for (int i = 0; i < PL_N_SIGNALS; i++) {
        action.sa_handler = caught[i] == SIGPIPE ? SIG_IGN : note;
        (void)sigaction(caught[i], &action, &s->before[i]);
    }
    return AN_OK;
}

enum pl_signal pl_signals_wait(struct pl_signals *s, int timeout_ms)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    char number;

    /* The signal itself may interrupt the wait; then the byte is there. */
    (void)poll(&p, 1, timeout_ms);
    if (read(s->fd, &number, 1) != 1)
        return PL_SIGNAL_NONE;
    return number == SIGHUP ? PL_SIGNAL_HANGUP : PL_SIGNAL_STOP;
}

void pl_signals_close(struct pl_signals *s)
{
    for (int i = 0; i < PL_N_SIGNALS; i++)
        (void)sigaction(caught[i], &s->before[i], NULL);
    atomic_store(&pipe_fd, -1);
    (void)close(s->fd);
    (void)close(s->write_fd);
}
