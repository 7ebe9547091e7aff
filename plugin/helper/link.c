/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/helper/link.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

int64_t helper_now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until the socket is ready. */
static enum helper_went wait_for(int fd, short events, int64_t until_ms)
{
    struct pollfd p = {.fd = fd, .events = events};

    for (;;) {
        int64_t left = until_ms - helper_now_ms();
        int n;

        if (left < 0)
            left = 0;
        n = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
        if (n > 0)
            return HELPER_WENT_WELL;
        if (n == 0)
            return HELPER_TOOK_TOO_LONG;
        if (errno != EINTR)
            return HELPER_HUNG_UP;
    }
}

static void use_up(struct iovec **part, size_t *n, size_t sent)
{
    while (*n && sent >= (*part)->iov_len) {
        sent -= (*part)->iov_len;
        (*part)++;
        (*n)--;
    }
    if (*n) {
        (*part)->iov_base = (uint8_t *)(*part)->iov_base + sent;
        (*part)->iov_len -= sent;
    }
}

enum helper_went helper_link_send(int fd, struct iovec *part, size_t n,
                                  int64_t until_ms)
{
    use_up(&part, &n, 0);
    while (n) {
        struct msghdr m = {.msg_iov = part, .msg_iovlen = n};
        ssize_t sent = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent >= 0) {
            use_up(&part, &n, (size_t)sent);
        } else if (errno == EAGAIN) {
            enum helper_went went = wait_for(fd, POLLOUT, until_ms);

            if (went != HELPER_WENT_WELL)
                return went;
        } else if (errno != EINTR) {
            return HELPER_HUNG_UP;
        }
    }
    return HELPER_WENT_WELL;
}

enum helper_went helper_link_put(int fd, struct helper_out *out,
                                 int64_t until_ms)
{
    struct iovec part = {.iov_base = out->bytes, .iov_len = out->n};

    if (!helper_out_end(out, 0))
        return HELPER_NO_MEMORY;
    return helper_link_send(fd, &part, 1, until_ms);
}

enum helper_went helper_link_receive(int fd, struct helper_reader *r,
                                     int64_t until_ms)
{
    enum helper_went went = HELPER_WENT_WELL;
    uint8_t *p;
    size_t room;

    while (went == HELPER_WENT_WELL) {
        ssize_t n;

        switch (helper_reader_room(r, &p, &room)) {
        case HELPER_FRAME: return HELPER_WENT_WELL;
        case HELPER_BAD: return HELPER_SPOKE_OTHERWISE;
        case HELPER_NOMEM: return HELPER_NO_MEMORY;
        case HELPER_MORE: break;
        }
        n = recv(fd, p, room, MSG_DONTWAIT);
        if (n > 0)
            helper_reader_fed(r, (size_t)n);
        else if (n < 0 && (errno == EAGAIN))
            went = wait_for(fd, POLLIN, until_ms);
        else if (n == 0 || errno != EINTR)
            went = HELPER_HUNG_UP;
    }
    return went;
}

bool helper_link_stirs(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) != 0;
}
