/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST_BYTES = 256, PLACE_BYTES = 300 };

bool pl_fd_prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static enum an_code fail_at(const struct cfg_address *a, const char *what,
                            int sys, struct an_err *err)
{
    char place[PLACE_BYTES];
    bool is_v6 = a->host.n && memchr(a->host.p, ':', a->host.n);

    snprintf(place, sizeof(place), is_v6 ? "[%.*s]:%u" : "%.*s:%u",
             AN_STR_ARG(a->host), a->port);
    return an_fail_file(err, AN_IO, what, place, sys);
}

static int listen_one(const struct addrinfo *ai, int backlog)
{
    int on = 1, saved;
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);

    if (fd < 0)
        return -1;
    /* A restart must not wait for old connections to be forgotten. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
        listen(fd, backlog) == 0 && pl_fd_prepare(fd))
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    socklen_t n = sizeof(ss);

    if (getsockname(fd, (struct sockaddr *)&ss, &n))
        return 0;
    if (ss.ss_family == AF_INET6) {
        memcpy(&in6, &ss, sizeof(in6));
        return ntohs(in6.sin6_port);
    }
    memcpy(&in4, &ss, sizeof(in4));
    return ntohs(in4.sin_port);
}

enum an_code pl_listen(const struct cfg_address *address, int backlog, int *fd,
                       uint16_t *port, struct an_err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[HOST_BYTES], service[8];
    int sys = 0;

    if (address->host.n == 0 || address->host.n >= sizeof(host))
        return fail_at(address, "no host to listen on", 0, err);
    memcpy(host, address->host.p, address->host.n);
    host[address->host.n] = '\0';
    snprintf(service, sizeof(service), "%u", address->port);
    if (getaddrinfo(host, service, &hints, &found))
        return fail_at(address, "no such host", 0, err);
    *fd = -1;
    for (const struct addrinfo *ai = found; ai && *fd < 0; ai = ai->ai_next) {
        *fd = listen_one(ai, backlog);
        sys = errno;
    }
    freeaddrinfo(found);
    if (*fd < 0)
        return fail_at(address, "cannot listen there", sys, err);
    *port = port_of(*fd);
    return AN_OK;
}

void pl_peer_address(const struct sockaddr *sa, uint8_t address[16])
{
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;

    memset(address, 0, 16);
    if (sa->sa_family == AF_INET6) {
        memcpy(&in6, sa, sizeof(in6));
        memcpy(address, &in6.sin6_addr, 16);
    } else if (sa->sa_family == AF_INET) {
        memcpy(&in4, sa, sizeof(in4));
        address[10] = address[11] = 0xFF;
        memcpy(address + 12, &in4.sin_addr, 4);
    }
}

bool pl_peer_may(const struct pl_peers *peers, const uint8_t address[16])
{
    for (size_t i = 0; i < peers->n; i++)
        if (cfg_network_has(&peers->network[i], address))
            return true;
    return peers->n == 0;
}
