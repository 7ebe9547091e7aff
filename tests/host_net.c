/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/host_net.h"

#include "tests/suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int net_connect(uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    const struct timeval limit = {.tv_sec = 5};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_ge(fd, 0);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&in, sizeof(in)), 0);
    return fd;
}

bool net_send(int fd, struct an_str bytes)
{
    while (bytes.n) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        bytes = an_str_sub(bytes, (size_t)n, bytes.n);
    }
    return true;
}

bool net_send_frame(int fd, struct an_str message)
{
    return net_send(fd, AN_STR("\x0B")) && net_send(fd, message) &&
           net_send(fd, AN_STR("\x1C\r"));
}

size_t net_receive(int fd, char *buf, size_t n, const char *until)
{
    size_t got = 0;

    buf[0] = '\0';
    while (got + 1 < n) {
        ssize_t k = recv(fd, buf + got, n - 1 - got, 0);

        if (k <= 0)
            break;
        got += (size_t)k;
        buf[got] = '\0';
        if (until && strstr(buf, until))
            break;
    }
    return got;
}

/* Byte by byte, so that the next frame stays in the socket. */
bool net_expect_frame(int fd, const char *want)
{
    char got[4096];
    size_t n = 0;

    while (n + 1 < sizeof(got) && recv(fd, got + n, 1, 0) == 1) {
        n++;
        if (n >= 2 && got[n - 2] == 0x1C && got[n - 1] == '\r')
            break;
    }
    return n == strlen(want) + 3 && got[0] == 0x0B &&
           memcmp(got + 1, want, strlen(want)) == 0;
}

bool net_is_closed(int fd)
{
    char c;

    return recv(fd, &c, 1, 0) == 0;
}

void net_sleep_ms(int ms)
{
    const struct timespec t = {.tv_sec = ms / 1000,
                               .tv_nsec = (ms % 1000) * 1000000L};

    nanosleep(&t, NULL);
}

bool net_wait(uint64_t (*get)(void), uint64_t n)
{
    for (int i = 0; i < 5000; i++) {
        if (get() >= n)
            return true;
        net_sleep_ms(1);
    }
    return false;
}
