/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/signals.h"

#include "plugin/host/thread.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum an_code pl_signals_open(struct pl_signals *s, struct an_err *err)
{
    sigset_t wanted, blocked;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGHUP);
    blocked = wanted;
    sigaddset(&blocked, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &blocked, &s->before);
    s->fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->fd >= 0)
        return AN_OK;
    an_fail_sys(err, AN_IO, "cannot listen for signals", errno);
    pthread_sigmask(SIG_SETMASK, &s->before, NULL);
    return AN_IO;
}

enum pl_signal pl_signals_wait(struct pl_signals *s, int timeout_ms)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    struct signalfd_siginfo info;

    if (poll(&p, 1, timeout_ms) <= 0 ||
        read(s->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return PL_SIGNAL_NONE;
    return info.ssi_signo == SIGHUP ? PL_SIGNAL_RELOAD : PL_SIGNAL_STOP;
}

void pl_signals_close(struct pl_signals *s)
{
    close(s->fd);
    pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}
