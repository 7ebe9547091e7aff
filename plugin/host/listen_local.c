/* SPDX-License-Identifier: Apache-2.0 */
/* Struct ucred and SO_PEERGROUPS are Linux's. */
#define _GNU_SOURCE
#include "plugin/host/listen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PEERGROUPS
#    define SO_PEERGROUPS 59
#endif

enum { ALONE = 0600, WITH_GROUP = 0660 };

static enum an_code fail_local(const char *path, enum an_code code,
                               const char *what, int sys, struct an_err *err)
{
    return an_fail_file(err, code, what, path, sys);
}

/* Room for a new one: nothing there, or a socket on which nobody listens. */
static enum an_code clear(const char *path, const struct sockaddr_un *at,
                          struct an_err *err)
{
    struct stat st;
    int fd, sys;

    if (lstat(path, &st) != 0)
        return errno == ENOENT
                   ? AN_OK
                   : fail_local(path, AN_IO, "cannot be looked at", errno, err);
    if (!S_ISSOCK(st.st_mode))
        return fail_local(path, AN_CONFLICT, "is there and is no socket", 0,
                          err);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail_local(path, AN_IO, "cannot be tried", errno, err);
    sys = connect(fd, (const struct sockaddr *)at, sizeof(*at)) ? errno : 0;
    (void)close(fd);
    if (sys != ECONNREFUSED)
        return fail_local(path, AN_CONFLICT, "another server listens there", 0,
                          err);
    if (unlink(path) != 0 && errno != ENOENT)
        return fail_local(path, AN_IO, "is left over and cannot be removed",
                          errno, err);
    return AN_OK;
}

/* Nobody else may connect between bind and chown: the socket has its mode before
 * it has its name. */
static bool bind_closed(int fd, const char *path, const struct sockaddr_un *at,
                        const gid_t *group)
{
    return fchmod(fd, ALONE) == 0 &&
           bind(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 &&
           (group == NULL || (chown(path, (uid_t)-1, *group) == 0 &&
                              chmod(path, WITH_GROUP) == 0));
}

enum an_code pl_listen_local(const char *path, const gid_t *group, int backlog,
                             int *fd, struct an_err *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    enum an_code rc;

    if (n >= sizeof(at.sun_path))
        return fail_local(path, AN_CONFIG, "is too long for a socket", 0, err);
    memcpy(at.sun_path, path, n);
    rc = clear(path, &at, err);
    if (rc != AN_OK)
        return rc;
    *fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (*fd >= 0 && bind_closed(*fd, path, &at, group) &&
        listen(*fd, backlog) == 0 && pl_fd_prepare(*fd))
        return AN_OK;
    rc = fail_local(path, AN_IO, "cannot listen there", errno, err);
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    return rc;
}

/* The groups that the peer had when it connected. */
static bool has_group(int fd, gid_t group)
{
    socklen_t n = 0;
    bool found = false;
    gid_t *of;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &n) == 0 ||
        errno != ERANGE)
        return false; /* it has none, or cannot be asked */
    of = malloc(n);
    if (of && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, of, &n) == 0)
        for (size_t i = 0; i < n / sizeof(*of); i++)
            found |= of[i] == group;
    free(of);
    return found;
}

bool pl_peer_is_ours(int fd, const gid_t *group, uid_t *uid)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t n = sizeof(peer);

    *uid = peer.uid;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
        return false;
    *uid = peer.uid;
    return peer.uid == geteuid() ||
           (group && (peer.gid == *group || has_group(fd, *group)));
}
